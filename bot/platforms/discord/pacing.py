"""How often Discord may be asked: the limit that holds for everything together, and each route's own.

discord.py knows the routes' limits from the answers. What is changed here: nobody waits longer than they can bear,
and an answer that has come is not kept back until the next request may go.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Self

from discord import RateLimited
from discord.http import Ratelimit

MOST, SECONDS = 45, 1.0  # of fifty a second
PATIENCE = 8.0  # longer waits are left to delivery, so that leases stay short


class Pace:
    """At most so many requests a second, whatever their route. `clock` counts seconds, never backwards.

    A turn counts from its answer on, not from its beginning: however long requests travel, Discord never sees more.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._turns = asyncio.Semaphore(MOST)  # of those who are not on their way
        self._free_at = [0.0] * MOST  # a heap: when each turn may be taken again
        self._paused_until = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Begins when the next may go. Too long a wait is refused at once: RateLimited, which says how long."""
        bearable(self._paused_until - self._clock())
        try:
            async with asyncio.timeout(PATIENCE):
                await self._turns.acquire()
        except TimeoutError:
            raise RateLimited(SECONDS) from None
        at = free_at = heapq.heappop(self._free_at)
        try:
            # Discord may refuse another while this one waits: then it has to wait on.
            while (rest := max(at, self._paused_until) - self._clock()) > 0:
                bearable(rest)
                await self._sleep(rest)
            free_at = math.inf
            yield
        finally:
            heapq.heappush(self._free_at, min(free_at, self._clock() + SECONDS))
            self._turns.release()

    def pause(self, seconds: float) -> None:
        """Discord refused everything for a while."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)


class Bucket(Ratelimit):
    """One route's limit, for one channel or server; and within it a turn of everything together, which nobody takes
    who still waits for their route."""

    def __init__(self, pace: Pace) -> None:
        super().__init__(None)
        self._pace = pace
        self._turns: list[AbstractAsyncContextManager[None]] = []
        self._freed = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.acquire()
        turn = self._pace.turn()
        try:
            await turn.__aenter__()
        except BaseException:
            self.outgoing -= 1
            self.remaining += 1
            self._freed.set()
            raise
        self._turns.append(turn)
        return self

    async def acquire(self) -> None:
        self._last_request = self._loop.time()
        until = self._last_request + PATIENCE
        while True:
            if self.is_expired():
                self._begin()
            if self.remaining > 0:
                break
            now = self._loop.time()
            # Nothing is known yet while the first answer is on its way.
            free = now if self.expires is None else self.expires
            if max(free, now) >= until:
                raise RateLimited(max(1.0, free - now))
            await self._change(self.expires if self.expires is not None else until)
        self.remaining -= 1
        self.outgoing += 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.outgoing -= 1
        await self._turns.pop().__aexit__(None, None, None)  # whose it is makes no difference
        if isinstance(error, RateLimited):
            self.remaining, self.expires = 0, self._loop.time() + error.retry_after
        elif self.expires is None:
            self._begin()
        self._freed.set()

    def _begin(self) -> None:
        """A new window, as far as is known."""
        self.remaining, self.expires, self.reset_after, self.dirty = self.limit - self.outgoing, None, 0.0, False

    async def _change(self, until: float) -> None:
        """Until somebody else has come back with news, or it is time."""
        self._freed.clear()
        try:
            # A little later, so that the window is over by any clock.
            async with asyncio.timeout_at(until + 0.005):
                await self._freed.wait()
        except TimeoutError:
            return


def bearable(wait: float) -> None:
    if wait > PATIENCE:
        raise RateLimited(wait)
