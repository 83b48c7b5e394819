"""GET /health: whether all is well, for a container's check. GET /metrics: numbers for Prometheus. No words, ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from aiohttp import web
from sqlalchemy.orm import Mapped
from sqlmodel import col

from bot.claims import WAITING
from bot.clock import Clock
from bot.threads import Threads
from cohorts import touchpoints
from cohorts.outbox import Effect, EffectState
from cohorts.store import Db, Utc
from cohorts.touchpoints import Touchpoint, TouchpointState

LATE = 120.0  # seconds that due work may wait before something is wrong: four beats of the metronome
STUCK = 600.0  # seconds that an effect may wait: longer than any retry
PATIENCE = 5.0  # seconds for the database to answer

Listening = Callable[[], Mapping[str, bool]]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the rows say. Times in seconds; `next_due` also when it is past."""

    effects: Mapping[str, int]
    touchpoints: Mapping[str, int]
    oldest_waiting: float
    next_due: datetime | None
    tick_late: float

    @property
    def waiting(self) -> int:
        return sum(self.effects[state.value] for state in WAITING)


def count(db: Db, now: datetime) -> Numbers:
    oldest: datetime | None = db.execute(
        sa.select(sa.func.min(sa.type_coerce(col(Effect.due_at), Utc()))).where(col(Effect.state).in_(WAITING))
    ).scalar_one_or_none()
    next_row = touchpoints.next_due(db)
    next_due = next_row.turn_at if next_row is not None else None
    return Numbers(
        effects=_by_state(db, col(Effect.state), EffectState),
        touchpoints=_by_state(db, col(Touchpoint.state), TouchpointState),
        oldest_waiting=_since(oldest, now),
        next_due=next_due,
        tick_late=_since(next_due, now),
    )


def _by_state(
    db: Db, state: Mapped[EffectState] | Mapped[TouchpointState], states: type[EffectState] | type[TouchpointState]
) -> dict[str, int]:
    rows = db.execute(sa.select(state, sa.func.count()).group_by(state))
    found = {one.value: number for one, number in rows}
    return {one.value: found.get(one.value, 0) for one in states}


def _since(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment is not None else 0.0


def problems(numbers: Numbers, platforms: Mapping[str, bool]) -> list[str]:
    """What is wrong, each in a word or two; nothing when all is well."""
    found = [f"{name} is not listening" for name, up in sorted(platforms.items()) if not up]
    if numbers.tick_late > LATE:
        found.append("due work is late")
    if numbers.oldest_waiting > STUCK:
        found.append("messages are stuck")
    return found


def health_app(threads: Threads, clock: Clock, listening: Listening) -> web.Application:
    """`listening` tells which platforms are there and whether each is up."""

    async def counted() -> Numbers:
        now = clock.now()
        return await asyncio.wait_for(threads.read(lambda db: count(db, now)), PATIENCE)

    async def health(_: web.Request) -> web.Response:
        platforms = listening()
        try:
            numbers = await counted()
        except (TimeoutError, sa.exc.SQLAlchemyError):
            said = {"status": "failing", "problems": ["the database does not answer"], "platforms": dict(platforms)}
            return web.json_response(said, status=503)
        wrong = problems(numbers, platforms)
        body = {
            "status": "failing" if wrong else "ok",
            "problems": wrong,
            "platforms": dict(platforms),
            "waiting": numbers.waiting,
            "oldest_waiting_s": round(numbers.oldest_waiting, 1),
            "next_due": numbers.next_due.isoformat() if numbers.next_due is not None else None,
        }
        return web.json_response(body, status=503 if wrong else 200)

    async def metrics(_: web.Request) -> web.Response:
        from prometheus_client.exposition import CONTENT_TYPE_LATEST

        try:
            numbers = await counted()
        except (TimeoutError, sa.exc.SQLAlchemyError):
            return web.Response(status=503, text="the database does not answer\n")
        return web.Response(body=exposed(numbers, listening()), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/health", health), web.get("/metrics", metrics)])
    return app


def exposed(numbers: Numbers, platforms: Mapping[str, bool]) -> bytes:
    """The numbers as Prometheus reads them."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import GaugeMetricFamily
    from prometheus_client.registry import Collector

    class Counted(Collector):
        def collect(self) -> Iterator[GaugeMetricFamily]:
            for name, about, label, values in (
                ("caravan_effects", "Effects by state.", "state", numbers.effects),
                ("caravan_touchpoints", "Touchpoints by state.", "state", numbers.touchpoints),
                ("caravan_platform_up", "1 while a platform listens.", "platform", platforms),
            ):
                family = GaugeMetricFamily(name, about, labels=[label])
                for value, number in values.items():
                    family.add_metric([value], number)
                yield family
            yield GaugeMetricFamily(
                "caravan_oldest_waiting_seconds", "How long the oldest effect waits.", numbers.oldest_waiting
            )
            yield GaugeMetricFamily("caravan_tick_late_seconds", "How late due work is.", numbers.tick_late)

    registry = CollectorRegistry()
    registry.register(Counted())
    return generate_latest(registry)
