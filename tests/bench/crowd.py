"""Twenty people at once, in rounds, and how long they wait: what the benchmarks of the platforms have in common."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.platforms.stage import Actor, Stage
from tests.platforms.test_transcript import FIRST, accepted, opened

CROWD = 20
MEMBERS = 12
ROUNDS = 40
WARM_UP = 2  # rounds that don't count


@dataclass(frozen=True)
class Timing:
    name: str
    p50_ms: float
    p99_ms: float


def timing(name: str, times: Sequence[float]) -> Timing:
    """From milliseconds."""
    quantiles = statistics.quantiles(times, n=100)
    return Timing(name, quantiles[49], quantiles[98])


async def cohort(stage: Stage, everybody: Sequence[Actor]) -> None:
    """A running cohort of the first of them; the others were not picked."""
    olu, fay = stage.person("Olu"), stage.person("Fay")
    await opened(stage, olu, fay)
    await accepted(stage, fay, [*everybody[:MEMBERS]])
    await fay.types("/program launch")
    await stage.settle()
    await fay.presses("Yes, start")
    await stage.until(FIRST.replace(month=1, day=10))
    for person in everybody:
        await person.types("/cohort")
    await stage.settle()


@contextmanager
def process(arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator[None]:
    """A Python of its own."""
    running = subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        running.terminate()
        running.wait(60)


async def in_turns(kinds: Mapping[str, Callable[[], Awaitable[Sequence[float]]]]) -> list[Timing]:
    """Each kind once a round; it says for how many seconds each of the crowd waited."""
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    for n in range(ROUNDS + WARM_UP):
        for name, act in kinds.items():
            seconds = await act()
            if n >= WARM_UP:
                taken[name] += [each * 1000 for each in seconds]
    return [timing(name, times) for name, times in taken.items()]


def print_rows(title: str, rows: Sequence[Timing]) -> None:
    """Each beside the first."""
    bare = rows[0]
    print(title)
    for row in rows:
        print(
            f"  {row.name:<28} p50 {row.p50_ms:7.1f} ({row.p50_ms / bare.p50_ms:4.1f} x)"
            f"   p99 {row.p99_ms:7.1f} ({row.p99_ms / bare.p99_ms:4.1f} x)"
        )
