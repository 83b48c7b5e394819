"""The demo: a whole Caravan on the local page, pretend people in it, and a clock that can be moved.

Time never jumps over what is due: it stops at each thing that happens on the way.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

import structlog

from bot import catalogue
from bot.app import App
from bot.bugs import traced
from bot.clock import SteppedClock, SystemClock
from bot.config import Settings
from bot.platforms.local.chat import Chat
from bot.platforms.local.client import Client
from bot.platforms.local.draw import buttons_of
from bot.platforms.local.page import Page
from bot.platforms.local.send import LocalPlatform
from bot.pretend.cast import Cast, invent
from cohorts import touchpoints
from cohorts.store import Store

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

    async def until(self, moment: datetime) -> None:
        """To a later moment, stopping at each thing on the way."""
        await self.step()
        while (at := await self.next_at()) is not None and at <= moment:
            before = self.clock.now()
            self.clock.move_to(at)
            await self.step()
            if self.clock.now() == before and await self.next_at() == at:
                break  # what is still due now waits for something else than time
        self.clock.move_to(moment)


class MovingClock:
    """The page's clock control: real time, or faster, or straight to what happens next."""

    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper
        self._pace = 0.0
        self._moving = asyncio.Lock()
        self._next: tuple[datetime, str] | None = None

    def now(self) -> datetime:
        return self._stepper.clock.now()

    def pace(self) -> float:
        return self._pace

    def set_pace(self, pace: float) -> None:
        self._pace = pace

    def next_thing(self) -> tuple[datetime, str] | None:
        return self._next

    async def forward(self, by: timedelta) -> None:
        async with self._moving:
            await self._stepper.until(self.now() + by)
            await self._look_ahead()

    async def to_next(self) -> None:
        async with self._moving:
            await self._look_ahead()
            if self._next is not None:
                await self._stepper.until(max(self._next[0], self.now()))
            await self._look_ahead()

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
        row = await self._stepper.app.threads.read(touchpoints.next_due)
        words = self._stepper.app.renderer.words
        # A feature that the demo has never heard of may do timed work too.
        self._next = (row.turn_at, words.find("demo", "things", row.rule) or row.rule) if row is not None else None


class NotADemo(Exception):
    """The folder holds a database that the demo did not make."""


VISITOR, FACILITATOR, OWNER = "sam", "fay", "olu"
PROGRAM = "value-accelerator"


async def serve(folder: Path, *, host: str, port: int, people: int, seed: int, ready: Callable[[str], None]) -> None:
    """Run the demo on the page until cancelled."""
    database, journal = folder / DATABASE, folder / JOURNAL
    if database.exists() and not journal.exists():
        raise NotADemo(f"{database} was not made by the demo; give another folder")
    again = journal.exists()
    chat = Chat(journal)
    clock = SteppedClock(max([SystemClock().now(), *_times(chat)]))
    platform = LocalPlatform(chat, clock.now)
    store = Store(f"sqlite:///{database}")
    store.lock()
    listed = catalogue.load()
    app = App(store, [platform], settings=Settings(owners=(OWNER,)), catalogue=listed, clock=clock)
    try:
        app.prepare()
        await app.delivery.recover()
        zone = local_zone()
        visit = _visitors(app, chat, clock, zone)
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
        else:
            await _open_program(visit, clock.now(), zone)
            cast.recruit(clock.now(), clock.now() + timedelta(days=1))
        stepper = Stepper(app, clock, cast)
        await stepper.step()
        keeper = MovingClock(stepper)
        platform.page = Page(host=host, port=port, timekeeper=keeper, ready=ready)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(platform.listen(app.doors["local"]))
            tasks.create_task(keeper.run())
            tasks.create_task(app.delivery.run())
    finally:
        app.delivery.stop()
        app.close()
        chat.close()


def _times(chat: Chat) -> list[datetime]:
    return [message.at for room in chat.rooms() for message in chat.messages(room.id)]


def local_zone() -> str:
    """The IANA zone of this machine, as far as it tells."""
    named = os.environ.get("TZ") or str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    return named if named in available_timezones() else "Europe/Berlin"


def _visitors(app: App, chat: Chat, clock: SteppedClock, zone: str) -> dict[str, Client]:
    """Whom a visitor acts as: a participant, the facilitator, the owner."""
    chat.add_person(VISITOR, "Sam Rivera", zone, "participant")
    chat.add_person(FACILITATOR, "Fay Okafor", zone, "facilitator")
    chat.add_person(OWNER, "Olu Adeyemi", zone, "owner")
    everyone = (VISITOR, FACILITATOR, OWNER)
    return {one: Client(chat, app.doors["local"], one, clock=clock.now) for one in everyone}


async def _open_program(visit: dict[str, Client], now: datetime, zone: str) -> None:
    """What an owner and a facilitator do on the first day: name her, and open the program."""
    first = (now.astimezone(ZoneInfo(zone)) + timedelta(days=26)).date()
    first += timedelta(days=(1 - first.weekday()) % 7)  # a Tuesday late enough for every promised date to lie before it
    await visit[FACILITATOR].says("/cohort help")
    await visit[OWNER].says(f"/program facilitator @{FACILITATOR} program:{PROGRAM}")
    await visit[FACILITATOR].says(f"/program open {PROGRAM} {first:%Y-%m-%d} zone:{zone}")
    opening = next(button for button, _ in buttons_of(visit[FACILITATOR].seen()[-1].payload))
    await visit[FACILITATOR].clicks(visit[FACILITATOR].seen()[-1].id, opening)
