"""An hour of a small cohort whose screen is open in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support import screens
from tests.support.chat import Person, World
from tests.support.stories import running

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)


class Hour:
    """The first session of eleven people. What happens in it does so on a thread of its own, beside the browser's."""

    def __init__(self, folder: Path) -> None:
        self._beside = ThreadPoolExecutor(1)
        self._folder = folder
        self.world: World = self._does(self._begun)

    def _begun(self) -> World:
        world = World(self._folder)
        self.people = running(world, 11)
        world.until(FIRST)
        for person in self.people:
            person.presses("I'm here", room=self.people[0].room())
        world.fay.presses("Start")
        return world

    def _does(self, act: Callable[[], World]) -> World:
        return self._beside.submit(act).result()

    def is_at(self, minute: float) -> None:
        self._does(lambda: self.world.until(FIRST + timedelta(minutes=minute)))

    def says(self, person: Person, line: str) -> None:
        self._does(lambda: person.says(line).world)

    def pairs(self) -> None:
        def drawn() -> World:
            screens.draw_rounds(self.world)
            return self.world

        self._does(drawn)

    def link(self) -> str:
        self.says(self.world.fay, "/session screen")
        return screens.link(self.world.fay)

    def close(self) -> None:
        def closed() -> World:
            self.world.close()
            return self.world

        self._does(closed)
        self._beside.shutdown()


@contextmanager
def an_hour(folder: Path) -> Iterator[Hour]:
    hour = Hour(folder)
    try:
        with screens.served(hour.world):
            yield hour
    finally:
        hour.close()
