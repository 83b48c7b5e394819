"""Where transactions run: one writer thread and a few readers, beside the event loop.

The writer's queue is bounded in time: what can't begin within `patience` seconds is given back as `Busy`, undone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from cohorts.store import Db, Store

T = TypeVar("T")


class Busy(Exception):
    """Nothing was done; asking again is safe."""


class Threads:
    def __init__(self, store: Store, *, readers: int = 2, patience: float = 2.0) -> None:
        self.store = store
        self._patience = patience
        self._writer = ThreadPoolExecutor(1 if store.sqlite else 8, "writer")
        self._readers = ThreadPoolExecutor(readers, "reader")

    async def write(self, work: Callable[[Db], T]) -> T:
        """A transaction on the writer, however long it waits: for our own work, which is never given up."""
        return await asyncio.wrap_future(self._writer.submit(self.store.write, work))

    async def write_soon(self, work: Callable[[Db], T]) -> T:
        """A transaction for somebody who waits; Busy when it can't begin in time."""
        future: Future[T] = self._writer.submit(self.store.write, work)
        wrapped = asyncio.wrap_future(future)
        done, _ = await asyncio.wait({wrapped}, timeout=self._patience)
        if not done and future.cancel():
            raise Busy
        return await wrapped

    async def read(self, work: Callable[[Db], T]) -> T:
        return await asyncio.wrap_future(self._readers.submit(self.store.read, work))

    async def apart(self, work: Callable[[], T]) -> T:
        """Something slow that needs no database: a picture, a spreadsheet."""
        return await asyncio.wrap_future(self._readers.submit(work))

    def close(self) -> None:
        self._writer.shutdown(wait=True, cancel_futures=True)
        self._readers.shutdown(wait=True, cancel_futures=True)
