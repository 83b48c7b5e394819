"""Where transactions run: one writer thread and a few readers, beside the event loop.

The writer's queue is bounded in time: what can't begin within `patience` seconds is given back as `Busy`, undone. In a
crowd, what waits is committed together: with SQLite it is the commit that takes the time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from cohorts.store import Db, Done, Store, Undone

T = TypeVar("T")

TOGETHER = 8  # works in one commit: the first of them waits for the last


class Busy(Exception):
    """Nothing was done; asking again is safe."""


class _TriedOut(Exception):
    """Undoes a transaction, and carries what it came to."""

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result


class Threads:
    def __init__(self, store: Store, *, readers: int = 2, patience: float = 2.0) -> None:
        self.store = store
        self._patience = patience
        self._waiting: deque[tuple[Callable[[Db], Any], Future[Any]]] = deque()
        self._writer = ThreadPoolExecutor(1 if store.sqlite else 8, "writer")
        self._readers = ThreadPoolExecutor(readers, "reader")
        self.commits = 0  # how often something may have changed

    async def write(self, work: Callable[[Db], T]) -> T:
        """A transaction on the writer, however long it waits: for our own work, which is never given up."""
        result = await asyncio.wrap_future(self._submit(work))
        self.commits += 1
        return result

    async def try_out(self, work: Callable[[Db], T]) -> T:
        """What `work` would come to: a transaction on the writer that is undone."""

        def undone(db: Db) -> None:
            raise _TriedOut(work(db))

        try:
            await asyncio.wrap_future(self._submit(undone))
        except _TriedOut as tried:
            result: T = tried.result
            return result
        raise AssertionError("a trial that was kept")

    async def write_soon(self, work: Callable[[Db], T]) -> T:
        """A transaction for somebody who waits; Busy when it can't begin in time."""
        future = self._submit(work)
        wrapped = asyncio.wrap_future(future)
        done, _ = await asyncio.wait({wrapped}, timeout=self._patience)
        if not done and future.cancel():
            raise Busy
        result = await wrapped
        self.commits += 1
        return result

    async def read(self, work: Callable[[Db], T]) -> T:
        return await asyncio.wrap_future(self._readers.submit(self.store.read, work))

    async def apart(self, work: Callable[[], T]) -> T:
        """Something slow that needs no database: a picture, a spreadsheet."""
        return await asyncio.wrap_future(self._readers.submit(work))

    def close(self) -> None:
        self._writer.shutdown(wait=True, cancel_futures=True)
        while self._waiting:
            self._waiting.popleft()[1].cancel()
        self._readers.shutdown(wait=True, cancel_futures=True)

    def _submit(self, work: Callable[[Db], T]) -> Future[T]:
        if not self.store.sqlite:
            return self._writer.submit(self.store.write, work)
        future: Future[T] = Future()
        self._waiting.append((work, future))
        self._writer.submit(self._turn)
        return future

    def _turn(self) -> None:
        """On the writer's thread, once for each that was submitted: an earlier turn may have taken it along."""
        taken: list[tuple[Callable[[Db], Any], Future[Any]]] = []
        while self._waiting and len(taken) < TOGETHER:
            work, future = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                taken.append((work, future))
        if not taken:
            return
        ended: list[Done | Undone]
        try:
            if len(taken) == 1:
                ended = [Done(self.store.write(taken[0][0]))]
            else:
                ended = self.store.write_together([work for work, _ in taken])
        except BaseException as error:
            for _, future in taken:
                future.set_exception(error)
            return
        for (_, future), one in zip(taken, ended, strict=True):
            if isinstance(one, Done):
                future.set_result(one.result)
            else:
                future.set_exception(one.error)


class Inline(Threads):
    """No threads: everything in its turn, so that the same story runs the same way again."""

    async def write(self, work: Callable[[Db], T]) -> T:
        return self.store.write(work)

    async def write_soon(self, work: Callable[[Db], T]) -> T:
        return self.store.write(work)

    async def read(self, work: Callable[[Db], T]) -> T:
        return self.store.read(work)

    async def apart(self, work: Callable[[], T]) -> T:
        return work()
