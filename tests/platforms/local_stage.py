"""A whole Caravan on the local platform, through its real adapter, on a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.clock import SteppedClock
from bot.config import Settings
from bot.message import Answer
from bot.platforms.local.chat import Chat
from bot.platforms.local.client import Client
from bot.platforms.local.draw import DrawnField, text_of
from bot.platforms.local.send import LocalPlatform
from cohorts.store import Store
from tests.platforms.contract_local import kept, read
from tests.platforms.stage import START, Actor, Stage, built, meant


class LocalActor:
    """A person at the local chat, as the story speaks of them."""

    def __init__(self, stage: LocalStage, id: str, name: str) -> None:
        self.stage = stage
        self.id = id
        self.name = name
        self.forms: list[object] = []

    @property
    def client(self) -> Client:
        return Client(self.stage.chat, self.stage.app.doors["local"], self.id, clock=self.stage.clock.now)

    async def types(self, line: str) -> None:
        await self.client.says(line)

    async def says(self, text: str) -> None:
        await self.client.says(text)

    async def presses(self, label: str, on: str = "") -> None:
        await self.client.presses(label, on)

    async def answers(self, given: Mapping[str, str] | None = None, *, rest: bool = True) -> None:
        for _ in range(10):
            await self._fills(given or {}, rest=rest)
            if self.client.open_form is None:
                return
        raise AssertionError("the form never ends")

    async def begins(self, given: Mapping[str, str]) -> None:
        await self._fills(given, rest=True)
        await self.client.fills({}, close=True)

    async def _fills(self, given: Mapping[str, str], *, rest: bool) -> None:
        opened = self.client.open_form
        assert opened is not None, "no form is open"
        self.forms.append(opened.form)
        answers: dict[str, Answer] = {}
        for field in opened.form["fields"]:
            wanted = meant(field["label"], given)
            if wanted is None and not rest:
                answers[field["key"]] = kept(field, opened.answers)
            else:
                answers[field["key"]] = self._answer(field, fitting(field) if wanted is None else wanted)
        await self.client.fills(answers)
        again = self.client.open_form
        assert again is None or not again.errors, again.errors

    def _answer(self, field: DrawnField, shown: str | None) -> Answer:
        if field["kind"] == "yes_no":
            return shown == "Yes"
        if field["kind"] == "choices":
            return read(field, [shown])
        return read(field, shown) if shown else None

    def sees(self, text: str) -> bool:
        form = self.client.form
        zone = self.stage.chat.person(self.id).zone
        shown = [text_of(one.payload, zone) for one in self.stage.chat.visible_to(self.id)]
        return any(text in one for one in (*shown, str(form)))

    def file(self, name: str) -> bytes:
        sent = [one.file for one in self.client.inbox if one.file is not None]
        files = [self.stage.chat.file_seen_by(self.id, one) for one in sent]
        return next(one.content for one in reversed(files) if name in one.name)


def fitting(field: DrawnField) -> str | None:
    """An answer that the field takes."""
    choices = [choice["label"] for choice in field["choices"]]
    match field["kind"]:
        case "number":
            return "25"
        case "file":
            return None
        case "date":
            return "2027-01-01"
        case "nps":
            return "9"
        case "scale":
            return str(field["high"])
        case "yes_no":
            return "Yes"
        case "link":
            return "https://build.example.com/one"
        case "choice" | "choices":
            return choices[0]
    return "Two people said it would slow them down."


class LocalStage(Stage):
    """`folder` holds the database. The chat outlives the process."""

    def __init__(self, folder: Path, programs: Path | None = None) -> None:
        self.clock = SteppedClock(START)
        self.chat = Chat()
        self.file = folder / "caravan.sqlite"
        self._programs = programs
        self._actors: dict[str, LocalActor] = {}

    async def __aenter__(self) -> Self:
        self.person("Olu")
        await self.begins()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leaves()
        self.chat.close()

    async def begins(self) -> None:
        self.store = Store(f"sqlite:///{self.file}", durable=False)
        platform = LocalPlatform(self.chat, self.clock.now)
        owners = Settings(owners=("olu",))
        self.app = built(self.store, [platform], owners, self.clock, self._programs, self._reached)
        await self.app.delivery.recover()

    def _reached(self, boundary: str) -> None:
        """Something is about to be sent, or was sent and is not recorded yet."""

    async def leaves(self) -> None:
        self.app.close()

    def person(self, name: str, zone: str = "Europe/Berlin") -> LocalActor:
        if name not in self._actors:
            self.chat.add_person(name.casefold(), name, zone)
            self._actors[name] = LocalActor(self, name.casefold(), name)
        return self._actors[name]

    def mention(self, actor: Actor) -> str:
        return f"@{actor.name.casefold()}"

    async def quiet(self) -> None:
        """Nothing is ever under way: everything happens at once."""

    def complaints(self) -> Sequence[str]:
        return []

    def arrived(self) -> Sequence[str]:
        messages = [one for room in self.chat.rooms() for one in self.chat.messages(room.id)]
        return [f"{one.key}#1" for one in messages if one.key is not None and one.file is None]
