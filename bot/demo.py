"""The demo: a whole Caravan on the local page, pretend people in it, and a clock that can be moved.

Time never jumps over what is due: it stops at each thing that happens on the way.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

import structlog
from sqlmodel import select

from bot import catalogue, foresight
from bot.app import App
from bot.bugs import traced
from bot.clock import SteppedClock, SystemClock
from bot.config import Settings
from bot.foresight import Coming
from bot.platforms.local.chat import Chat, ChatMessage
from bot.platforms.local.client import Client
from bot.platforms.local.draw import buttons_of
from bot.platforms.local.page import Page
from bot.platforms.local.send import LocalPlatform
from bot.platforms.local.state import Upcoming
from bot.pretend.cast import Cast, invent
from bot.web import screen
from bot.words import Words
from cohorts import welcome
from cohorts.cohort import Cohort, CohortState
from cohorts.facts import Fact
from cohorts.store import Db, Store

log = structlog.get_logger(__name__)

BEAT = 0.1  # seconds between looks at the real clock
DATABASE, JOURNAL = "demo.sqlite", "demo-chat.jsonl"


class Actor(Protocol):
    """Pretend people: they have plans, and carry them out when their time comes."""

    def next_at(self) -> datetime | None: ...

    async def act(self, now: datetime) -> None: ...


class Stepper:
    """Moves an app's clock from thing to thing: due work, waiting sends, the plans of pretend people."""

    def __init__(self, app: App, clock: SteppedClock, actor: Actor) -> None:
        self.app = app
        self.clock = clock
        self.actor = actor
        self._send_at: datetime | None = None

    async def next_at(self) -> datetime | None:
        times = (await self.app.scheduler.next_due(), self.actor.next_at(), self._send_at)
        return min((at for at in times if at is not None), default=None)

    async def step(self) -> None:
        """Everything that belongs to this moment."""
        await self.actor.act(self.clock.now())
        await self.app.scheduler.tick(self.clock.now())
        self._send_at = await self.app.delivery.drain()

    async def until(self, moment: datetime, sooner: Callable[[], Awaitable[datetime | None]] | None = None) -> None:
        """To a later moment, stopping at each thing on the way. `sooner` may name an earlier one after each of them."""
        await self.step()
        while (at := await self.next_at()) is not None and at <= moment:
            before = self.clock.now()
            self.clock.move_to(at)
            await self.step()
            if self.clock.now() == before and await self.next_at() == at:
                break  # what is still due now waits for something else than time
            if sooner is not None and (at := await sooner()) is not None:
                moment = min(moment, at)
        self.clock.move_to(moment)


class MovingClock:
    """The page's clock control: real time, or faster, or straight to what happens next."""

    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper
        self._pace = 0.0
        self._moving = asyncio.Lock()
        self._next: Upcoming | None = None
        self._seen = -1  # commits when it was last looked ahead

    def now(self) -> datetime:
        return self._stepper.clock.now()

    def pace(self) -> float:
        return self._pace

    def set_pace(self, pace: float) -> None:
        self._pace = pace

    def next_thing(self) -> Upcoming | None:
        return self._next

    async def forward(self, by: timedelta) -> None:
        async with self._moving:
            await self._stepper.until(self.now() + by)
            await self._look_ahead()

    async def to_next(self, shown: datetime | None = None) -> None:
        """To what happens next, and no further than what the page showed when it was asked for."""
        async with self._moving:
            await self._look_ahead()
            if self._next is not None:
                shown = shown if shown is not None and shown > self.now() else self._next.at
                await self._stepper.until(min(shown, self._next.at), self._next_at)
            await self._look_ahead()

    async def _next_at(self) -> datetime | None:
        """What pretend people do on the way may lead to something sooner."""
        await self._look_ahead()
        return self._next.at if self._next is not None else None

    async def run(self) -> None:
        """Let time pass, until cancelled."""
        last = time.monotonic()
        while True:
            await asyncio.sleep(BEAT)
            real, last = time.monotonic() - last, time.monotonic()
            passed = timedelta(seconds=real * (self._pace or 1.0))
            async with self._moving:
                try:
                    await self._stepper.until(self.now() + passed)
                    await self._look_ahead()
                except Exception as bug:
                    log.error("the demo's clock stumbled", **traced(bug))

    async def _look_ahead(self) -> None:
        """What the bot will do next by itself; pretend people keep their plans to themselves."""
        app, now = self._stepper.app, self.now()
        if app.threads.commits == self._seen and (self._next is None or self._next.at > now):
            return
        self._seen = app.threads.commits
        found = await app.threads.try_out(lambda db: foresight.coming(db, app.registry, now))
        self._next = in_words(found, app.renderer.words) if found is not None else None


def in_words(coming: Coming, words: Words) -> Upcoming:
    """ "The hour-before reminder", "to Sam, Ana and 8 more". Whom a visitor can act as comes first."""
    # A feature that the demo has never heard of may do timed work too.
    things = [words.find("demo", "things", rule) or rule for rule in coming.rules]
    first = things[0] if things else words.get("demo", "next", "letter")
    facts: dict[str, Fact] = {"thing": first, "count": len(things) - 1}
    what = words.get("demo", "next", "things", facts) if len(things) > 1 else first
    return Upcoming(coming.at, what, _whom(coming, words))


def _whom(coming: Coming, words: Words) -> str:
    played = [name for name in NAMES.values() if name in coming.people]
    names = [name.split()[0] for name in [*played, *(name for name in coming.people if name not in played)]]
    said: list[str] = []
    if coming.rooms:
        said.append(words.get("demo", "next", "rooms", {"rooms": ", ".join(f"#{name}" for name in coming.rooms)}))
    if len(names) > 3:
        facts: dict[str, Fact] = {"names": ", ".join(names[:2]), "count": len(names) - 2}
        said.append(words.get("demo", "next", "many", facts))
    elif len(names) > 1:
        said.append(words.get("demo", "next", "few", {"names": ", ".join(names[:-1]), "last": names[-1]}))
    elif names:
        said.append(words.get("demo", "next", "one", {"name": names[0]}))
    return ", ".join(said)


class Newcomers:
    """The cast, of whom everybody applies within a day of the program's opening, whoever opened it."""

    def __init__(self, app: App, cast: Cast, clock: SteppedClock) -> None:
        self._app = app
        self._cast = cast
        self._clock = clock
        # After a restart, those who have begun to do something have applied.
        self._recruited = any(message.author in cast.characters for message in _said(cast.chat))

    def next_at(self) -> datetime | None:
        return self._cast.next_at()

    async def act(self, now: datetime) -> None:
        if not self._recruited and await self._app.threads.read(_is_open):
            self._recruited = True
            self._cast.recruit(now, now + timedelta(days=1))
        await self._cast.act(now)


def _is_open(db: Db) -> bool:
    query = select(Cohort.id).where(Cohort.program_key == PROGRAM, Cohort.state == CohortState.RECRUITING)
    return db.exec(query).first() is not None


class NotADemo(Exception):
    """The folder holds a database that the demo did not make."""


VISITOR, FACILITATOR, OWNER = "sam", "fay", "olu"
NAMES = {VISITOR: "Sam Rivera", FACILITATOR: "Fay Okafor", OWNER: "Olu Adeyemi"}
ROLES = {VISITOR: "participant", FACILITATOR: "facilitator", OWNER: "owner"}
PROGRAM = "value-accelerator"


async def serve(
    folder: Path, *, host: str, port: int, people: int, seed: int, ready: Callable[[str], None], day_0: bool = False
) -> None:
    """Run the demo on the page until cancelled. `day_0`: nobody leads and nothing is open; that is for the visitor."""
    database, journal = folder / DATABASE, folder / JOURNAL
    if database.exists() and not journal.exists():
        raise NotADemo(f"{database} was not made by the demo; give another folder")
    again = journal.exists()
    chat = Chat(journal)
    clock = SteppedClock(max([SystemClock().now(), *(message.at for message in _said(chat))]))
    platform = LocalPlatform(chat, clock.now)
    store = Store(f"sqlite:///{database}")
    store.lock()
    listed = catalogue.load()
    app = App(store, [platform], settings=Settings(owners=(OWNER,)), catalogue=listed, clock=clock)
    try:
        app.prepare()
        await app.delivery.recover()
        zone = local_zone()
        visit = _visitors(app, chat, clock, zone, day_0=day_0)
        cast = Cast(
            chat,
            app.doors["local"],
            clock.now,
            invent(people, zone=zone, seed=seed, around=clock.now()),
            listed[PROGRAM].program,
            seed=seed,
            absent=0.15,
            ids=lambda who, n: f"pretend-{who}-{clock.now().timestamp()}-{n}",
        )
        if again:
            cast.catch_up()
        elif day_0:
            now = clock.now()
            await app.threads.write(lambda db: welcome.let_in(db, "local", "local", name="", by=OWNER, now=now))
        else:
            await _open_program(visit, clock.now(), zone)
        stepper = Stepper(app, clock, Newcomers(app, cast, clock))
        await stepper.step()
        keeper = MovingClock(stepper)
        more = screen.routes(app.threads, clock, app.roots, lambda: keeper.pace() or 1.0)

        def opened(address: str) -> None:
            app.pages = address.partition("/?")[0]
            ready(address)

        platform.page = Page(host=host, port=port, timekeeper=keeper, ready=opened, more=more)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(platform.listen(app.doors["local"]))
            tasks.create_task(keeper.run())
            tasks.create_task(app.delivery.run())
    finally:
        app.delivery.stop()
        app.close()
        chat.close()


def _said(chat: Chat) -> Iterator[ChatMessage]:
    return (message for room in chat.rooms() for message in chat.messages(room.id))


def local_zone() -> str:
    """The IANA zone of this machine, as far as it tells."""
    named = os.environ.get("TZ") or str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    named = named.removeprefix("Etc/")
    return named if named in available_timezones() else "Europe/Berlin"


def _visitors(app: App, chat: Chat, clock: SteppedClock, zone: str, *, day_0: bool) -> dict[str, Client]:
    """Whom a visitor acts as, in the order in which they have something to do."""
    for one in (OWNER, FACILITATOR, VISITOR) if day_0 else (VISITOR, FACILITATOR, OWNER):
        chat.add_person(one, NAMES[one], zone, ROLES[one])
    return {one: Client(chat, app.doors["local"], one, clock=clock.now) for one in NAMES}


async def _open_program(visit: dict[str, Client], now: datetime, zone: str) -> None:
    """What an owner and a facilitator do on the first day: name her, and open the program."""
    first = (now.astimezone(ZoneInfo(zone)) + timedelta(days=26)).date()
    first += timedelta(days=(1 - first.weekday()) % 7)  # a Tuesday late enough for every promised date to lie before it
    await visit[FACILITATOR].says("/cohort help")
    await visit[OWNER].says(f"/program facilitator @{FACILITATOR} program:{PROGRAM}")
    await visit[FACILITATOR].says(f"/program open {PROGRAM} {first:%Y-%m-%d} zone:{zone}")
    opening = next(button for button, _ in buttons_of(visit[FACILITATOR].seen()[-1].payload))
    await visit[FACILITATOR].clicks(visit[FACILITATOR].seen()[-1].id, opening)
