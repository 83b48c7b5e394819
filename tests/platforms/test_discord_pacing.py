"""Discord never sees more requests in a second than it takes, however long they travel."""

from __future__ import annotations

import asyncio
import random
import time
from bisect import bisect_left

import pytest
from discord import RateLimited

from bot.platforms.discord.pacing import MOST, PATIENCE, SECONDS, Bucket, Pace

FASTER = 20  # a second of Discord's in these tests


def clock() -> float:
    return time.monotonic() * FASTER


async def nap(seconds: float) -> None:
    await asyncio.sleep(seconds / FASTER)


def busiest(arrived: list[float]) -> int:
    """The most that arrived within any second."""
    ordered = sorted(arrived)
    return max(bisect_left(ordered, at + SECONDS) - n for n, at in enumerate(ordered))


async def test_however_long_requests_travel_no_second_sees_too_many() -> None:
    pace, chance = Pace(clock, nap), random.Random(7)
    arrived: list[float] = []

    async def request() -> None:
        async with pace.turn():
            await nap(chance.uniform(0, 2))
            arrived.append(clock())
            await nap(chance.uniform(0, 0.5))

    await asyncio.gather(*(request() for _ in range(3 * MOST)))
    assert len(arrived) == 3 * MOST
    assert busiest(arrived) <= MOST


async def test_a_turn_that_fails_is_given_back() -> None:
    pace = Pace(clock, nap)
    for _ in range(2 * MOST):
        with pytest.raises(LookupError):
            async with pace.turn():
                raise LookupError
    async with pace.turn():
        pass


async def test_who_would_wait_too_long_is_told_how_long_and_takes_no_turn() -> None:
    pace = Pace(clock, nap)
    pace.pause(PATIENCE * 300)
    for _ in range(2 * MOST):
        with pytest.raises(RateLimited) as refused:
            async with pace.turn():
                raise AssertionError("went through")
        assert refused.value.retry_after > PATIENCE


async def test_who_waits_for_a_route_holds_up_nobody_else() -> None:
    """A whole crowd on one route that is exhausted; another route goes at once."""
    pace = Pace(clock, nap)
    full = Bucket(pace)
    full.remaining, full.limit, full.expires = 0, 1, asyncio.get_running_loop().time() + PATIENCE - 1
    waiting = [asyncio.create_task(full.__aenter__()) for _ in range(2 * MOST)]
    await asyncio.sleep(0)
    async with Bucket(pace):
        assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
