"""The one way out: claim lane heads under a lease, render, send, record.

An effect that was claimed and has no receipt is *uncertain*: after a crash or a lost answer it is looked for before it
is sent again, or simply repeated, as its kind allows (`POLICIES`).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot import claims, letters
from bot.bugs import traced
from bot.claims import Job
from bot.clock import Clock
from bot.letters import Enclosure
from bot.message import File
from bot.platforms.base import Parcel, Platform, Receipt, SendError
from bot.registry import Registry
from bot.render import Renderer, parts_of, presses_of
from bot.threads import Threads
from cohorts.outbox import EffectKind, EffectState
from cohorts.store import Db

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Policy:
    """What happens to an uncertain effect of one kind. `paced`: counts for a channel's rate; `once`: what leaves no
    trace to be found by is not sent again."""

    find_first: bool
    paced: bool
    once: bool = False


POLICIES: Mapping[EffectKind, Policy] = {
    EffectKind.POST: Policy(find_first=True, paced=True),
    EffectKind.UPLOAD: Policy(find_first=True, paced=True),
    EffectKind.ROOM: Policy(find_first=True, paced=False),
    EffectKind.EDIT: Policy(find_first=False, paced=False),  # safe to repeat
    EffectKind.INVITE: Policy(find_first=False, paced=False),
    EffectKind.REMOVE: Policy(find_first=False, paced=False),
    EffectKind.BOOKMARK: Policy(find_first=True, paced=False),
    EffectKind.EVENT: Policy(find_first=True, paced=False),
    EffectKind.GROUP: Policy(find_first=True, paced=False),
    EffectKind.UNGROUP: Policy(find_first=True, paced=False),
    EffectKind.WHISPER: Policy(find_first=False, paced=False, once=True),
}

LEASE = timedelta(seconds=60)
MOST_AT_ONCE = 64
GATHERING = 0.05  # seconds after a commit: in a crowd others follow, and whoever waits for an answer goes first
_LONGEST_WAIT = 300.0


class Delivery:
    """`boundary` is called with "send:before" and "send:after": tests kill the process there.

    `jitter` spreads retries; a rehearsal seeds it.
    """

    def __init__(
        self,
        *,
        threads: Threads,
        registry: Registry,
        renderer: Renderer,
        platforms: Mapping[str, Platform],
        clock: Clock,
        boundary: Callable[[str], None] = lambda _: None,
        jitter: random.Random | None = None,
    ) -> None:
        self._threads = threads
        self._registry = registry
        self._renderer = renderer
        self._platforms = platforms
        self._clock = clock
        self._boundary = boundary
        self._jitter = jitter or random.Random()
        self._lane_free_at: dict[str, datetime] = {}
        self._wake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        """Claim nothing more; what is being sent is finished and recorded."""
        self._stopping = True
        self._wake.set()

    async def recover(self) -> int:
        """After a start: whatever the last process was sending is uncertain now. How many that are."""
        return await self._threads.write(lambda db: claims.release_all(db, now=self._clock.now()))

    async def run(self) -> None:
        """Deliver until stopped."""
        await self.recover()
        while not self._stopping:
            self._wake.clear()
            next_at = await self.drain()
            wait = 30.0 if next_at is None else (next_at - self._clock.now()).total_seconds()
            try:
                await asyncio.wait_for(self._wake.wait(), max(0.01, min(30.0, wait)))
            except TimeoutError:
                continue
            if not self._stopping:
                await asyncio.sleep(GATHERING)

    async def drain(self) -> datetime | None:
        """Send all that can be sent now; when something will be next, if anything waits."""
        waiting = await self._threads.read(claims.next_at)
        if waiting is None or waiting > self._clock.now():
            return waiting
        running: set[asyncio.Task[claims.Result]] = set()
        while True:
            if not self._stopping and len(running) < MOST_AT_ONCE:
                jobs = await self._claim(MOST_AT_ONCE - len(running))
                running |= {asyncio.create_task(self._deliver(job)) for job in jobs}
            if not running:
                break
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            results = [task.result() for task in done]
            await self._threads.write(lambda db, results=results: self._record(db, results))  # type: ignore[misc]
        waiting = await self._threads.read(claims.next_at)
        free = [at for at in self._lane_free_at.values() if at > self._clock.now()]
        if waiting is None:
            return None
        return max(waiting, min(free)) if free and waiting <= self._clock.now() else waiting

    async def _claim(self, most: int) -> list[Job]:
        now = self._clock.now()
        self._lane_free_at = {lane: at for lane, at in self._lane_free_at.items() if at > now}
        held = frozenset(self._lane_free_at)
        if not await self._threads.read(lambda db: claims.any_waiting(db, now=now, held=held)):
            return []
        return await self._threads.write(lambda db: claims.claim(db, now=now, lease=LEASE, held=held, most=most))

    async def _deliver(self, job: Job) -> claims.Result:
        """One effect to its receipt, or to the reason why there is none. Never raises."""
        now = self._clock.now()
        uncertain = job.uncertain
        if uncertain and POLICIES[job.kind].once:
            return claims.Unwanted(job.effect_id, EffectState.EXPIRED, "may have been seen, and can't be looked for")
        try:
            platform = self._platforms.get(job.platform)
            if platform is None:
                raise SendError("platform-off", permanent=False, retry_after=_LONGEST_WAIT)
            parcel = await self._threads.apart(lambda: self._parcel(job))
            parcel = await self._with_file(job, parcel)
            receipt: Receipt | None = None
            if job.uncertain and POLICIES[job.kind].find_first:
                receipt = await platform.find(parcel)
            if receipt is None:
                if job.unwanted is not None:
                    return job.unwanted
                uncertain = False  # what this attempt doesn't bring there isn't there
                self._boundary("send:before")
                receipt = await platform.send(parcel)
                self._boundary("send:after")
                pace = getattr(platform, "pace", 0.0)
                if pace and POLICIES[job.kind].paced:
                    self._lane_free_at[job.lane] = self._clock.now() + timedelta(seconds=pace)
            if receipt.caveat:
                log.warning("sent, but", effect=job.effect_id, kind=job.kind.value, reason=receipt.caveat)
            caveat = claims.reason_of(receipt.caveat, receipt.detail) if receipt.caveat else ""
            return claims.Sent(
                job.effect_id, receipt.id, self._clock.now(), job.room_id, caveat, is_letter=bool(job.enclosed)
            )
        except SendError as error:
            log.warning("send refused", effect=job.effect_id, kind=job.kind.value, reason=error.reason)
            if error.permanent:
                return claims.Failed(job.effect_id, claims.reason_of(error.reason, error.detail), now)
            wait = error.retry_after if error.retry_after is not None else self._backoff(job.attempts)
            return claims.Postponed(job.effect_id, now + timedelta(seconds=wait), uncertain=uncertain)
        except (OSError, TimeoutError) as error:
            # The answer was lost: it may have arrived.
            log.warning("answer lost", effect=job.effect_id, kind=job.kind.value, error=type(error).__name__)
            wait = self._backoff(job.attempts)
            return claims.Postponed(job.effect_id, now + timedelta(seconds=wait), uncertain=True)
        except Exception as bug:
            log.error("bug in delivery", effect=job.effect_id, kind=job.kind.value, **traced(bug))
            if job.attempts >= 5:
                return claims.Failed(job.effect_id, "bug", now)
            wait = self._backoff(job.attempts)
            return claims.Postponed(job.effect_id, now + timedelta(seconds=wait), uncertain=True)

    def _backoff(self, attempts: int) -> float:
        """Seconds: doubling from one, with jitter, at most five minutes."""
        return min(_LONGEST_WAIT, 2.0 ** min(attempts, 10) * (0.5 + self._jitter.random()))

    def _parcel(self, job: Job) -> Parcel:
        if not job.template:
            return job.parcel
        if job.enclosed:
            whole = (Enclosure(job.template, job.facts, job.presses, job.ends), *job.enclosed)
            return replace(job.parcel, message=letters.drawn(self._renderer, whole, job.directory))
        message = self._renderer.message(
            job.template, job.facts, presses_of(job.presses), parts_of(job.facts), job.directory
        )
        return replace(job.parcel, message=message)

    async def _with_file(self, job: Job, parcel: Parcel) -> Parcel:
        if job.file is None:
            return parcel
        maker = self._registry.of("file")[str(job.file["maker"])]
        arguments = job.file
        file: File = await self._threads.read(lambda db: maker.handler(db, arguments, self._registry))
        return replace(parcel, file=file)

    def _record(self, db: Db, results: list[claims.Result]) -> None:
        for result in results:
            claims.record(db, result, now=self._clock.now())
