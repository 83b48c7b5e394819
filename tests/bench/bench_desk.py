"""How long a press takes to its answer while a session is on, beside a bare read of one row.

What the others are sent because of it is delivered outside of the time taken, as it is in real life.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from tests.bench.bench_dispatch import bare_read
from tests.bench.crowd import Timing, print_rows, timing
from tests.support.chat import World
from tests.support.evening import FIRST
from tests.support.stories import running

TIMES = 100
WARM_UP = 5  # presses that don't count


def measure(times: int = TIMES) -> list[Timing]:
    """Durable writes. Twelve people, of whom a press forward makes pairs and a press back calls them back."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), durable=True)
        try:
            people = running(world, 12)
            world.until(FIRST)
            for person in people:
                person.presses("I'm here", room=person.room())
            world.fay.presses("Start")
            fay, ana = world.fay.client, people[0]
            labels = {"a press on the desk": "+2 min", "… that makes pairs": "Next", "… that calls them back": "Back"}
            acts: dict[str, Callable[[], Awaitable[object]]] = {
                "bare read": bare_read(Path(folder) / "caravan.sqlite"),
                **{name: partial(fay.presses, label, "Your desk ·") for name, label in labels.items()},
                "a member's “I'm here”": lambda: ana.client.presses("I'm here", room=ana.room()),
            }
            taken: dict[str, list[float]] = {name: [] for name in acts}
            for turn in range(times + WARM_UP):
                for name, act in acts.items():
                    start = time.perf_counter()
                    world.run(act())
                    if turn >= WARM_UP:
                        taken[name].append((time.perf_counter() - start) * 1000)
                    world.settle()
            return [timing(name, each) for name, each in taken.items()]
        finally:
            world.close()


def print_report() -> None:
    print_rows("A press in a session, alone, ms (ratio to the bare read)", measure())
