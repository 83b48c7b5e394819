"""Transactions in a crowd: committed together, failing alone, and never answered before they are safe."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from bot.threads import TOGETHER, Busy, Threads
from cohorts.inbox import Arrival
from cohorts.people import Workspace, workspace
from cohorts.store import Db, Store

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)


class Crowd:
    """A writer that can be held, so that others wait behind it."""

    def __init__(self, file: Path, empty: Path, patience: float = 60.0) -> None:
        file.write_bytes(empty.read_bytes())
        self.passed: list[str] = []
        self.store = Store(f"sqlite:///{file}", durable=False, boundary=self.passed.append)
        self.threads = Threads(self.store, patience=patience)
        self.free = threading.Event()

    async def hold(self) -> asyncio.Task[None]:
        """The writer is busy from now on, until it is `free`."""
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def held(db: Db) -> None:
            loop.call_soon_threadsafe(begun.set)
            assert self.free.wait(60)

        holding = asyncio.create_task(self.threads.write(held))
        await begun.wait()
        return holding

    async def behind(self, *works: Callable[[Db], object]) -> list[object]:
        """All wait until the writer is free; what each ended with."""
        holding = await self.hold()
        waiting = [asyncio.create_task(self.threads.write_soon(work)) for work in works]
        await asyncio.sleep(0)
        self.free.set()
        await holding
        return list(await asyncio.gather(*waiting, return_exceptions=True))

    def commits(self) -> int:
        """How many there were behind the one that held the writer."""
        return self.passed.count("commit:after") - 1

    def names(self) -> list[str]:
        return self.store.read(lambda db: sorted(one.external for one in db.exec(select(Workspace)).all()))


@pytest.fixture
async def crowd(tmp_path: Path, migrated: Path) -> AsyncIterator[Crowd]:
    found = Crowd(tmp_path / "crowd.sqlite", migrated)
    yield found
    found.threads.close()
    found.store.close()


def comes(name: str) -> Callable[[Db], str]:
    def work(db: Db) -> str:
        workspace(db, "local", name)
        return name

    return work


def stumbles(db: Db) -> None:
    workspace(db, "local", "never")
    db.flush()
    raise LookupError("nothing there")


async def test_those_who_wait_are_committed_together_and_each_gets_its_own_result(crowd: Crowd) -> None:
    ended = await crowd.behind(*(comes(f"w{n}") for n in range(5)))
    assert ended == [f"w{n}" for n in range(5)]
    assert crowd.names() == [f"w{n}" for n in range(5)]
    assert crowd.commits() == 1


async def test_one_that_fails_is_undone_alone(crowd: Crowd) -> None:
    ended = await crowd.behind(comes("before"), stumbles, comes("after"))
    assert ended[0] == "before" and ended[2] == "after"
    assert isinstance(ended[1], LookupError)
    assert crowd.names() == ["after", "before"]


async def test_one_that_breaks_a_constraint_is_undone_alone(crowd: Crowd) -> None:
    def breaks(db: Db) -> None:
        db.add(Arrival(workspace_id=12345, event_id="e", at=NOW))
        db.flush()

    ended = await crowd.behind(comes("before"), breaks, comes("after"))
    assert isinstance(ended[1], sa.exc.IntegrityError)
    assert crowd.names() == ["after", "before"]


async def test_what_one_wrote_the_next_one_sees(crowd: Crowd) -> None:
    seen: list[list[str]] = []

    def looks(db: Db) -> None:
        seen.append([one.external for one in db.exec(select(Workspace)).all()])

    await crowd.behind(comes("first"), looks)
    assert seen == [["first"]]


async def test_a_crowd_is_not_one_commit_without_end(crowd: Crowd) -> None:
    await crowd.behind(*(comes(f"w{n:02}") for n in range(TOGETHER + 1)))
    assert len(crowd.names()) == TOGETHER + 1
    assert crowd.commits() == 2


async def test_nobody_is_answered_when_the_commit_fails_and_nothing_is_left(crowd: Crowd) -> None:
    def full(boundary: str) -> None:
        if boundary == "commit:before":
            raise OSError("no space left")

    def tells(db: Db) -> None:
        crowd.store._boundary = full

    ended = await crowd.behind(comes("one"), tells, comes("two"))
    assert [type(one) for one in ended] == [OSError] * 3
    assert crowd.names() == []


async def test_who_cannot_wait_any_longer_is_told_so_and_left_no_trace(tmp_path: Path, migrated: Path) -> None:
    crowd = Crowd(tmp_path / "busy.sqlite", migrated, patience=0.05)
    holding = await crowd.hold()
    with pytest.raises(Busy):
        await crowd.threads.write_soon(comes("late"))
    crowd.free.set()
    await holding
    assert crowd.names() == []
    crowd.threads.close()
    crowd.store.close()
