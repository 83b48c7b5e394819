"""A cohort's story is told once and played on every platform: what a stage must offer for that.

Time stands still while people act, and is moved between; what becomes due happens at its own moment.
"""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from sqlmodel import col, select

from bot import catalogue
from bot.app import App
from bot.clock import SteppedClock
from bot.config import Settings
from bot.platforms.base import Platform
from bot.threads import Threads
from cohorts.outbox import Effect, EffectState
from cohorts.store import Store

START = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
AT_ONCE = timedelta(minutes=2)  # what waits for no longer than this is sent before anybody acts again
WITHIN = 60.0  # seconds for whatever is waited for: only a bound, which a machine under load must not reach
STILL = 0.015  # seconds without anything under way: several turns of the loop, for what is between two of them
ENDED = (EffectState.SENT, EffectState.EXPIRED, EffectState.WITHDRAWN)


class Actor(Protocol):
    """Somebody who can do what a client of the platform lets them do."""

    forms: list[object]  # those they filled in, page by page, as the platform has them

    @property
    def name(self) -> str: ...

    async def types(self, line: str) -> None:
        """A slash command, beside the bot."""
        ...

    async def says(self, text: str) -> None:
        """Plain words to the bot."""
        ...

    async def presses(self, label: str, on: str = "") -> None:
        """The newest button of that label that they see; `on`: beneath these words."""
        ...

    async def answers(self, given: Mapping[str, str] | None = None, *, rest: bool = True) -> None:
        """Fills in the form that opens, page by page, with what fits; `given`: with this where the label has these
        words, as it is shown where it is chosen; without the `rest`, all else stays as it stands."""
        ...

    async def begins(self, given: Mapping[str, str]) -> None:
        """Fills in the first page of a form, and puts the rest away."""
        ...

    def sees(self, text: str) -> bool:
        """Anywhere: direct messages, rooms, what only they can see."""
        ...

    def file(self, name: str) -> bytes:
        """The newest file they were sent with this in its name."""
        ...


class Stage(ABC):
    """One running Caravan on one platform, which may end and begin again. Use it as an async context manager."""

    app: App
    clock: SteppedClock
    file: Path  # of the database
    store: Store

    @abstractmethod
    async def begins(self) -> None:
        """A process, on the database that is there."""
        ...

    @abstractmethod
    async def leaves(self) -> None:
        """Caravan goes; the platform stays, and so does the database."""
        ...

    async def restarts(self) -> None:
        await self.leaves()
        await self.begins()

    @abstractmethod
    def person(self, name: str, zone: str = "Europe/Berlin") -> Actor: ...

    @abstractmethod
    def mention(self, actor: Actor) -> str:
        """How one types somebody's name in a command."""
        ...

    @abstractmethod
    async def quiet(self) -> None:
        """Until the platform has brought everybody what is under way."""
        ...

    @abstractmethod
    def complaints(self) -> Sequence[str]:
        """What the platform refused: bad payloads, broken limits."""
        ...

    @abstractmethod
    def arrived(self) -> Sequence[str]:
        """The keys of all messages and files that arrived, again for each time."""
        ...

    def effects(self, *states: EffectState) -> list[Effect]:
        query = select(Effect).where(col(Effect.state).in_(states or tuple(EffectState))).order_by(col(Effect.id))
        return self.store.read(lambda db: list(db.exec(query).all()))

    def rows(self, of: type) -> int:
        """How many there are."""
        return self.store.read(lambda db: len(db.exec(select(of)).all()))

    async def settle(self) -> None:
        """Everything due now, and all that follows from it, however long the lanes make it wait."""
        await self.quiet()
        until = self.clock.now() + AT_ONCE
        while True:
            await self.app.scheduler.tick(self.clock.now())
            next_at = await self.app.delivery.drain()
            if next_at is None or next_at > until:
                break
            self.clock.move_to(next_at)
        await self.quiet()

    async def until(self, moment: datetime) -> None:
        while True:
            next_at = await self.app.scheduler.next_due()
            if next_at is None or next_at > moment:
                break
            self.clock.move_to(next_at)
            await self.settle()
        self.clock.move_to(moment)
        await self.settle()

    async def passes(self, **by: float) -> None:
        await self.until(self.clock.now() + timedelta(**by))


def built(
    store: Store,
    platforms: Sequence[Platform],
    settings: Settings,
    clock: SteppedClock,
    programs: Path | None = None,
    boundary: Callable[[str], None] = lambda _: None,
) -> App:
    """A Caravan whose tables are there, with its own programs and those of a folder."""
    app = App(
        store,
        platforms,
        settings=settings,
        catalogue=catalogue.load(programs),
        clock=clock,
        boundary=boundary,
        jitter=random.Random(1),
        threads=Threads(store, patience=30),  # a machine under load is no reason to ask again
    )
    app.prepare()
    return app


def meant(label: str, given: Mapping[str, str]) -> str | None:
    """What is given for the field of that label. The words must stand in what the narrowest platform shows of it."""
    return next((answer for words, answer in given.items() if words in label), None)


async def until(condition: Callable[[], bool], seconds: float = WITHIN) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  (what is waited for happens in the fake, which tells nobody)
            await asyncio.sleep(0.005)


async def under_way(*names: str) -> bool:
    """Whether such a coroutine of ours is; if so, after a moment."""
    if not {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()} & set(names):
        return False
    await asyncio.sleep(0.01)
    return True


async def together(*acts: object) -> None:
    """Several people act at the same time."""
    await asyncio.gather(*acts)  # type: ignore[call-overload]
