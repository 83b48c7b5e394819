"""A whole Caravan on the local platform. A person says something, the bot replies; time passes, a message arrives."""

from __future__ import annotations

import asyncio
import itertools
import pickle
import random
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

from bot import catalogue, features
from bot.app import App
from bot.clock import SteppedClock
from bot.config import Settings
from bot.message import Answers
from bot.platforms.base import Outcome
from bot.platforms.local.chat import Chat, ChatMessage
from bot.platforms.local.client import Client
from bot.platforms.local.draw import text_of
from bot.platforms.local.send import LocalPlatform
from bot.threads import Inline, Threads
from cohorts.store import Store

START = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


class Person:
    """Somebody at the chat, in the words of a test. After each act everything due is done and delivered."""

    def __init__(self, world: World, client: Client) -> None:
        self.world = world
        self.client = client

    @property
    def id(self) -> str:
        return self.client.id

    def says(self, text: str, room: str | None = None) -> Person:
        return self._does(self.client.says(text, room))

    def presses(self, label: str, on: str = "", room: str | None = None) -> Person:
        where = room or self.client.chat.dm(self.id).id
        return self._does(self.client.presses(label, on, where))

    def fills(self, **answers: object) -> Person:
        return self._does(self.client.fills(answers))  # type: ignore[arg-type]

    def closes(self, **answers: object) -> Person:
        filled: Answers = answers  # type: ignore[assignment]
        return self._does(self.client.fills(filled, close=True))

    def _does(self, act: object) -> Person:
        self.world.run(act)
        self.world.settle()
        return self

    @property
    def form(self) -> dict[str, object]:
        opened = self.client.open_form
        assert opened is not None, "no form is open"
        return dict(opened.form)

    @property
    def errors(self) -> dict[str, str]:
        opened = self.client.open_form
        return dict(opened.errors) if opened is not None else {}

    def texts(self, room: str | None = None) -> list[str]:
        """What they see of the bot, oldest first, as text."""
        zone = self.client.chat.person(self.id).zone
        return [text_of(one.payload, zone) for one in self._messages(room)]

    def _messages(self, room: str | None) -> list[ChatMessage]:
        return [one for one in self.client.seen(room) if one.author == "bot"]

    @property
    def last(self) -> str:
        """The newest message of the bot in their direct line."""
        return self.texts()[-1]

    def sees(self, words: str, room: str | None = None) -> bool:
        return any(words in text for text in self.texts(room))

    def room(self) -> str:
        """The one room they are in, besides their direct line."""
        rooms = [one.id for one in self.client.chat.rooms_of(self.id) if one.dm_of is None]
        assert len(rooms) == 1, f"in {len(rooms)} rooms"
        return rooms[0]


@dataclass(frozen=True)
class Standing:
    """How a world stands: its rows, its chat, its clock, and how many events there have been."""

    rows: bytes
    chat: bytes
    now: datetime
    events: int


_CHAPTERS: dict[tuple[object, ...], Standing] = {}  # told once in a process; who begins there begins with a copy


class World:
    """Store, chat, app and clock together; people by their id. Without `threads`, what is due at the same moment comes
    in the same order every time."""

    def __init__(
        self,
        folder: Path,
        *,
        template: Path | None = None,
        start: datetime = START,
        packages: Sequence[ModuleType] = (features,),
        settings: Settings | None = None,
        programs: Path | None = None,
        chat: Chat | None = None,
        boundary: Callable[[str], None] = lambda _: None,
        durable: bool = False,
        threads: Callable[[Store], Threads] = Inline,
    ) -> None:
        self.loop = asyncio.new_event_loop()
        self.file = file = folder / "caravan.sqlite"
        self._template, self._programs = template, programs
        self._usual = template is not None and chat is None and settings is None and packages == (features,)
        if template is not None and not file.exists():
            file.write_bytes(template.read_bytes())
        self.store = Store(f"sqlite:///{file}", durable=durable, boundary=boundary)
        self.clock = SteppedClock(start)
        self.chat = chat or Chat()
        self.platform = LocalPlatform(self.chat, self.clock.now)
        self.app = App(
            self.store,
            [self.platform],
            settings=settings or Settings(owners=("olu",)),
            catalogue=catalogue.load(programs),
            clock=self.clock,
            packages=packages,
            boundary=boundary,
            jitter=random.Random(1),
            threads=threads(self.store),
        )
        self.app.prepare()
        self._ids = itertools.count(1)
        self._people: dict[str, Person] = {}

    def person(self, id: str, name: str | None = None, zone: str = "Europe/Berlin", role: str = "") -> Person:
        if id not in self._people:
            if id not in {one.id for one in self.chat.people()}:
                self.chat.add_person(id, name or id.capitalize(), zone, role)
            door = self.app.doors["local"]
            client = Client(self.chat, door, id, clock=self.clock.now, ids=lambda: f"event-{id}-{next(self._ids)}")
            self._people[id] = Person(self, client)
        return self._people[id]

    def __getattr__(self, name: str) -> Person:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.person(name)

    def run(self, act: object) -> Outcome | None:
        return self.loop.run_until_complete(act)  # type: ignore[arg-type]

    def settle(self) -> None:
        self.loop.run_until_complete(self.app.settle())

    def passes(self, **by: float) -> World:
        """Time goes by; everything that becomes due happens at its own moment."""
        return self.until(self.clock.now() + timedelta(**by))

    def until(self, moment: datetime) -> World:
        while True:
            next_at = self.loop.run_until_complete(self.app.scheduler.next_due())
            if next_at is None or next_at > moment:
                break
            self.clock.move_to(next_at)
            self.settle()
        self.clock.move_to(moment)
        self.settle()
        return self

    def begins_after(self, story: Callable[..., object], *told: object) -> None:
        """Tell `story(world, *told)`; a world like others, to which nothing has happened, begins where one ended."""
        if not (self._usual and self._is_untouched()):
            story(self, *told)
            return
        programs = sorted(file.read_bytes() for file in self._programs.iterdir()) if self._programs else []
        chapter = (story, told, *programs)
        if chapter not in _CHAPTERS:
            with tempfile.TemporaryDirectory() as folder:
                world = World(Path(folder), template=self._template, programs=self._programs)
                story(world, *told)
                _CHAPTERS[chapter] = world._standing()
                world.close()
        self._becomes(_CHAPTERS[chapter])

    def _is_untouched(self) -> bool:
        sent = self.app.delivery._platforms["local"]
        return sent is self.platform and self.chat.sequence == 0 and self.clock.now() == START

    def _standing(self) -> Standing:
        with closing(sqlite3.connect(self.file)) as db, closing(sqlite3.connect(":memory:")) as copy:
            db.backup(copy)
            rows = bytearray(copy.serialize())
        rows[18:20] = b"\1\1"  # a file that has no log beside it: what is in memory can't have one
        state = {name: value for name, value in vars(self.chat).items() if name not in ("_listeners", "_journal")}
        return Standing(bytes(rows), pickle.dumps(state), self.clock.now(), next(self._ids))

    def _becomes(self, standing: Standing) -> None:
        with closing(sqlite3.connect(self.file)) as db, closing(sqlite3.connect(":memory:")) as copy:
            copy.deserialize(standing.rows)
            db.execute("PRAGMA synchronous = OFF")
            copy.backup(db)
        vars(self.chat).update(pickle.loads(standing.chat))
        self.clock.move_to(standing.now)
        self._ids = itertools.count(standing.events)

    def close(self) -> None:
        self.app.close()
        self.loop.close()
