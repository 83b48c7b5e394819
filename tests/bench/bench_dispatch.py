"""How long a command takes from the door to its answer, beside a bare handler that makes one SQLite read."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.bench.crowd import Timing, timing
from tests.support.chat import World
from tests.support.stories import running


def measure(times: int = 400, crowd: int = 20) -> list[Timing]:
    """Alone one after the other, then with `crowd` at once; durable writes, as in real life."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), durable=True)
        try:
            running(world, 8)
            bare = bare_read(Path(folder) / "caravan.sqlite")
            rows = []
            for name, act in (
                ("bare read", bare),
                ("/cohort (reads)", lambda: world.ana.client.says("/cohort")),
                ("/cohort rsvp yes (commits)", lambda: world.ana.client.says("/cohort rsvp yes")),
            ):
                rows.append(_timed(f"{name}, alone", world.loop, act, times, 1))
                rows.append(_timed(f"{name}, {crowd} at once", world.loop, act, times, crowd))
            return rows
        finally:
            world.close()


def bare_read(file: Path) -> Callable[[], Awaitable[object]]:
    """The least a bot could do: one row by its key, on a thread, with nothing around it."""

    def read() -> object:
        connection = sqlite3.connect(file)
        try:
            return connection.execute("select * from person where id = 1").fetchone()
        finally:
            connection.close()

    return lambda: asyncio.to_thread(read)


def _timed(
    name: str, loop: asyncio.AbstractEventLoop, act: Callable[[], Awaitable[object]], times: int, crowd: int
) -> Timing:
    taken: list[float] = []

    async def one() -> None:
        start = time.perf_counter()
        await act()
        taken.append((time.perf_counter() - start) * 1000)

    async def all_() -> None:
        for _ in range(max(1, times // crowd)):
            await asyncio.gather(*(one() for _ in range(crowd)))

    loop.run_until_complete(all_())
    return timing(name, taken)


def print_report() -> None:
    rows = measure()
    print("Dispatch: door to answer, ms (ratio to the bare read of the same crowd)")
    for n, row in enumerate(rows):
        bare = rows[n % 2]
        print(
            f"  {row.name:<38} p50 {row.p50_ms:8.2f} ({row.p50_ms / bare.p50_ms:6.1f} x)"
            f"   p99 {row.p99_ms:8.2f} ({row.p99_ms / bare.p99_ms:6.1f} x)"
        )
