"""What the bot will do next by itself, and who hears of it.

It is tried out in a transaction that is then undone, by the handlers that do it when its time comes: so it is right,
as long as nobody does anything in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlmodel import col, select

from bot.bugs import traced
from bot.registry import Registry
from bot.scheduler import fire
from cohorts import outbox, touchpoints
from cohorts.outbox import Effect, EffectKind, EffectState
from cohorts.people import Person
from cohorts.rooms import Room
from cohorts.store import Db

log = structlog.get_logger(__name__)

HEARD = (EffectKind.POST, EffectKind.UPLOAD)
MOST_SILENT = 60  # moments in a row at which nobody would hear anything


@dataclass(frozen=True, slots=True)
class Coming:
    """One moment at which somebody hears something: `people` in their direct messages, `rooms` by a post.

    `rules` are those of the plan; none when it was decided before, and only waits for its moment.
    """

    at: datetime
    rules: tuple[str, ...]
    people: tuple[str, ...]
    rooms: tuple[str, ...]


def coming(db: Db, registry: Registry, now: datetime) -> Coming | None:
    """The next moment at which somebody hears something; None when nothing is planned. It changes the database."""
    known = _newest(db)
    tried: set[int] = set()
    for _ in range(MOST_SILENT):
        at = _next_at(db, now)
        if at is None:
            return None
        spoke = _fire_all(db, registry, at, tried)
        heard = [one for one in _heard(db, known, now, at) if outbox.is_current(db, one)]
        if heard:
            ids = {one.id for one in heard}
            rules = dict.fromkeys(rule for rule, said in spoke if ids.intersection(said))
            people = {one.person_id for one in heard if one.room_id is None}
            rooms = {one.room_id for one in heard}
            return Coming(
                at,
                tuple(rules),
                tuple(db.exec(select(Person.name).where(col(Person.id).in_(people)).order_by(Person.name)).all()),
                tuple(db.exec(select(Room.name).where(col(Room.id).in_(rooms)).order_by(Room.name)).all()),
            )
        now = max(now, at)
    return None


def _next_at(db: Db, now: datetime) -> datetime | None:
    row = touchpoints.next_due(db)
    sending = db.exec(
        select(sa.func.min(Effect.not_before)).where(
            Effect.state == EffectState.PENDING, col(Effect.kind).in_(HEARD), col(Effect.not_before) > now
        )
    ).one()
    moments = (max(row.turn_at, now) if row is not None else None, sending)
    return min((at for at in moments if at is not None), default=None)


def _fire_all(db: Db, registry: Registry, at: datetime, tried: set[int]) -> list[tuple[str, range]]:
    """Do everything that is due at a moment; each rule with the ids of the effects that it left."""
    spoke: list[tuple[str, range]] = []
    while fresh := [row for row in touchpoints.due(db, at) if row.id not in tried]:
        for row in fresh:
            tried.add(row.id)
            before = _newest(db)
            try:
                with db.begin_nested():
                    fire(db, registry, row.id, at)
            except Exception as bug:
                log.error("a look ahead failed", rule=row.rule, touchpoint=row.id, **traced(bug))
                row.state = touchpoints.TouchpointState.SKIPPED
            spoke.append((row.rule, range(before + 1, _newest(db) + 1)))
        # A row may have another turn, later: it is looked at again then.
        tried.difference_update(row.id for row in fresh if row.turn_at > at)
    return spoke


def _heard(db: Db, known: int, now: datetime, at: datetime) -> list[Effect]:
    """What is sent at that moment: decided then, or kept for it. What waits already for something else is left out."""
    fresh = (col(Effect.id) > known) & (col(Effect.not_before).is_(None) | (col(Effect.not_before) <= at))
    kept = (col(Effect.not_before) > now) & (col(Effect.not_before) <= at)
    return list(
        db.exec(
            select(Effect).where(
                Effect.state == EffectState.PENDING,
                col(Effect.kind).in_(HEARD),
                col(Effect.expires_at).is_(None) | (col(Effect.expires_at) > at),
                fresh | kept,
            )
        ).all()
    )


def _newest(db: Db) -> int:
    return db.exec(select(sa.func.max(Effect.id))).one() or 0
