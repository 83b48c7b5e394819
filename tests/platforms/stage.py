"""A cohort's story is told once and played on every platform: what a stage must offer for that.

Time stands still while people act, and is moved between; what becomes due happens at its own moment.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bot.app import App
from bot.clock import SteppedClock

START = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
AT_ONCE = timedelta(minutes=2)  # what waits for no longer than this is sent before anybody acts again


class Actor(Protocol):
    """Somebody who can do what a client of the platform lets them do."""

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

    async def answers(self) -> None:
        """Fills in the form that opens, page by page, with what fits."""
        ...

    def sees(self, text: str) -> bool:
        """Anywhere: direct messages, rooms, what only they can see."""
        ...

    def file(self, name: str) -> bytes:
        """The newest file they were sent with this in its name."""
        ...


class Stage(ABC):
    """One running Caravan on one platform. Use it as an async context manager."""

    app: App
    clock: SteppedClock

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


async def together(*acts: object) -> None:
    """Several people act at the same time."""
    await asyncio.gather(*acts)  # type: ignore[call-overload]
