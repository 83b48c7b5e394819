"""Touchpoints become work when they are due. `tick` is the only entry; APScheduler is only the metronome.

The metronome's job sets an event that the loop awaits: a job that *is* the tick would lose wake-ups while it runs.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.ask import Due
from bot.bugs import traced
from bot.clock import Clock
from bot.registry import Registry
from bot.threads import Threads
from cohorts import housekeeping, touchpoints
from cohorts.store import Db

log = structlog.get_logger(__name__)

GATHERING = 0.05  # seconds after a commit, for those that follow in a crowd
EVERY = timedelta(seconds=30)


class Scheduler:
    """`committed` is called after each commit, to wake delivery."""

    def __init__(
        self,
        *,
        threads: Threads,
        registry: Registry,
        clock: Clock,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        self._threads = threads
        self._registry = registry
        self._ahead = registry.handlers("ahead")
        self._clock = clock
        self._committed = committed
        self._tidied_at: datetime | None = None
        self._wake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Something changed that may be due sooner than what was waited for."""
        self._wake.set()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    async def tick(self, now: datetime) -> int:
        """Fire all that is due, the oldest first, each in a transaction of its own. How many fired.

        Work that fails stays due and is tried at the next tick, until it is too late for it.
        """
        await self._tidy(now)
        fired = 0
        tried: set[int] = set()
        while True:
            rows = await self._threads.read(lambda db: [(row.id, row.rule) for row in touchpoints.due(db, now)])
            fresh = [(id_, rule) for id_, rule in rows if id_ not in tried]
            if not fresh:
                return fired
            for id_, rule in fresh:
                tried.add(id_)
                try:
                    if rule in self._ahead:
                        await self._threads.read(lambda db, rule=rule: self._ahead[rule](db, now))  # type: ignore[misc]
                    fired += await self._threads.write(lambda db, id_=id_: fire(db, self._registry, id_, now))  # type: ignore[misc]
                except Exception as bug:
                    log.error("due work failed", rule=rule, touchpoint=id_, **traced(bug))
            self._committed()

    async def _tidy(self, now: datetime) -> None:
        """Once a day, forget what is to be forgotten."""
        if self._tidied_at is None or now - self._tidied_at >= timedelta(days=1):
            await self._threads.write(lambda db: housekeeping.forget(db, now=now))
            self._tidied_at = now

    async def next_due(self) -> datetime | None:
        row = await self._threads.read(touchpoints.next_due)
        return row.turn_at if row is not None else None

    async def run(self) -> None:
        """Tick at each due time, and every 30 seconds in any case, until stopped."""
        from apscheduler.schedulers.asyncio import AsyncIOScheduler
        from apscheduler.triggers.date import DateTrigger
        from apscheduler.triggers.interval import IntervalTrigger

        metronome = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
        metronome.add_job(self._wake.set, IntervalTrigger(seconds=EVERY.total_seconds()), id="beat")
        metronome.start()
        try:
            while not self._stopping:
                self._wake.clear()
                await self.tick(self._clock.now())
                next_at = await self.next_due()
                if next_at is not None and next_at < self._clock.now() + EVERY:
                    metronome.add_job(self._wake.set, DateTrigger(next_at), id="next", replace_existing=True)
                await self._wake.wait()
                if not self._stopping:
                    await asyncio.sleep(GATHERING)
        finally:
            metronome.shutdown(wait=False)


def fire(db: Db, registry: Registry, touchpoint_id: int, now: datetime) -> int:
    """Do the work of one row, in the transaction that is open. How many fired: it may be somebody else's turn later."""
    claimed = touchpoints.claim(db, touchpoint_id, now=now)
    if claimed is None:
        return 0
    row = claimed.row
    handler = registry.of("due")[row.rule].handler
    wanted = set(inspect.signature(handler).parameters)
    given = row.args if isinstance(row.args, dict) else {}
    due = Due(db=db, now=now, due_at=claimed.at, key=row.key, registry=registry, turns=claimed.turns)
    handler(due, **{name: value for name, value in given.items() if name in wanted})
    return 1
