"""What is due, when and why: the plan of each cohort as rows of a table, fired one at a time.

Rows are one per rule and occasion; who hears something is chosen when a row fires. An occasion carries a timing
revision: when it moves, rows of older revisions are withdrawn and new ones are made. What need not be told at once
fires in turns: at the moment that fits the day of each reader.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from cohorts.bundling import Reader, Wish, slots
from cohorts.planning import Calendar, Listener, Planned, Source, plan
from cohorts.program_kinds import SessionKind, Urgency
from cohorts.store import Db, choice, json, link, moment

if TYPE_CHECKING:
    from cohorts.cohort import Cohort

REMEMBERED = timedelta(days=14)  # what was told is counted in its week


class TouchpointState(StrEnum):
    PENDING = "pending"
    FIRED = "fired"
    SKIPPED = "skipped"  # never told; `reason` says why
    WITHDRAWN = "withdrawn"


class Touchpoint(SQLModel, table=True):
    __table_args__ = (sa.Index("ix_touchpoint_turn", "state", "turn_at"),)
    id: int = Field(default=None, primary_key=True)
    cohort_id: int = link("cohort.id")
    key: str = Field(max_length=200, unique=True)
    rule: str = Field(max_length=60)
    args: object = json()
    urgency: Urgency = choice(Urgency, default=Urgency.TODAY)
    planned_at: datetime = moment()
    due_at: datetime = moment()
    before_at: datetime | None = moment(null=True)  # what it speaks of, if that is still to come then
    turn_at: datetime = moment()  # when it is looked at next: `due_at`, unless readers have other days
    late_at: datetime | None = moment(null=True)  # from then on it is too late to tell
    state: TouchpointState = choice(TouchpointState, default=TouchpointState.PENDING)
    fired_at: datetime | None = moment(null=True)
    reason: str | None = Field(default=None, max_length=200)


@cache
def sources() -> tuple[Source, ...]:
    """What the modules of this package declare in a constant `TOUCHPOINTS`. A new file needs no list to be edited."""
    import cohorts

    modules = (
        importlib.import_module(f"cohorts.{module.name}")
        for module in pkgutil.iter_modules(cohorts.__path__)
        if not module.ispkg
    )
    declared = (getattr(module, "TOUCHPOINTS", None) for module in modules)
    return tuple(source for source in declared if isinstance(source, Source))


def calendar_of(db: Db, cohort: "Cohort") -> Calendar:
    program = cohort.program
    return Calendar(
        cohort_id=cohort.id,
        zone=cohort.zone,
        start=cohort.starts_at,
        switches=program.defaults.model_dump(),
        rules=[rule for source in sources() for rule in source.rules],
        items=[item for source in sources() if source.items for item in source.items(program)],
        occasions=[one for source in sources() if source.occasions for one in source.occasions(db, cohort)],
    )


def reconcile(db: Db, cohort: "Cohort", *, now: datetime, of: Source | None = None) -> None:
    """Make the table say what the plan says, leaving alone what has fired. `of`: only what one module adds to it.

    1. What is not planned any more is withdrawn.
    2. What is planned and not there is added; due before now, it is recorded as skipped and never fires.
    3. Of a changed occasion, a row less than a quarter of its lead after the notice is covered by that notice.
    """
    calendar = calendar_of(db, cohort) if of is None else _part_of(db, cohort, of)
    planned = {row.key: row for row in plan(calendar)} if cohort.is_open else {}
    ours = select(Touchpoint).where(Touchpoint.cohort_id == cohort.id)
    if of is not None:
        ours = ours.where(col(Touchpoint.rule).in_([rule.name for rule in of.rules]))
    kept = {row.key: row for row in db.exec(ours).all()}
    for key, row in kept.items():
        if row.state is TouchpointState.PENDING and key not in planned:
            row.state, row.reason = TouchpointState.WITHDRAWN, "not planned any more"
        elif row.state is TouchpointState.PENDING and row.due_at != planned[key].due_at:
            _set(row, planned[key])
        elif row.state is TouchpointState.WITHDRAWN and key in planned:
            row.state, row.reason = TouchpointState.PENDING, None
            _set(row, planned[key])
            _skip_past(row, planned[key], now)
    for key, wanted in planned.items():
        if key not in kept:
            row = Touchpoint(
                cohort_id=cohort.id,
                key=key,
                rule=wanted.rule,
                args=dict(wanted.args),
                urgency=wanted.urgency,
                planned_at=now,
            )
            _set(row, wanted)
            _skip_past(row, wanted, now)
            db.add(row)
    db.flush()
    if of is None:
        _take_turns(db, cohort, now)


def _part_of(db: Db, cohort: "Cohort", source: Source) -> Calendar:
    """Only for rules that nobody has to wait for their turn for."""
    assert all(rule.urgency is Urgency.NOW for rule in source.rules) and source.items is None
    found = list(source.occasions(db, cohort)) if source.occasions else []
    switches = cohort.program.defaults.model_dump()
    return Calendar(cohort.id, cohort.zone, cohort.starts_at, switches, rules=source.rules, occasions=found)


def _set(row: Touchpoint, wanted: Planned) -> None:
    row.due_at = row.turn_at = wanted.due_at
    row.late_at = wanted.late_at
    row.before_at = wanted.due_at + wanted.lead if wanted.lead else None


def _skip_past(row: Touchpoint, wanted: Planned, now: datetime) -> None:
    if wanted.due_at < now:
        row.state, row.reason = TouchpointState.SKIPPED, "was due before it was planned"
    elif wanted.changed_at is not None and wanted.due_at <= wanted.changed_at + wanted.lead / 4:
        row.state, row.reason = TouchpointState.SKIPPED, "covered by the notice of the change"


# Turns.


def turns(db: Db, cohort: "Cohort", *, now: datetime) -> dict[str, dict[int, datetime]]:
    """When each member is told what can wait: by the row's key and the membership.

    All that a reader hears is bundled, whichever cohort it comes from.
    """
    listeners = [one for source in sources() if source.listeners for one in source.listeners(db, cohort)]
    homes = {id_ for one in listeners for id_ in one.memberships}
    rows = db.exec(
        select(Touchpoint)
        .where(
            col(Touchpoint.cohort_id).in_(homes),
            Touchpoint.urgency != Urgency.NOW,
            col(Touchpoint.state).in_((TouchpointState.PENDING, TouchpointState.FIRED)),
            col(Touchpoint.due_at) > now - REMEMBERED,
        )
        .order_by(col(Touchpoint.id))
    ).all()
    held = meetings(db, cohort)
    found: dict[str, dict[int, datetime]] = {}
    known: dict[tuple[str, tuple[int, ...]], dict[str, datetime]] = {}
    for listener in listeners:
        heard = [row for row in rows if _is_for(row, listener)]
        alike = (listener.zone, tuple(row.id for row in heard))
        if alike not in known:
            wishes = [Wish(row.key, row.due_at, row.urgency, row.before_at, row.cohort_id) for row in heard]
            known[alike] = slots(wishes, Reader(listener.zone, held))
        for row in heard:
            if row.cohort_id == cohort.id:
                found.setdefault(row.key, {})[listener.memberships[cohort.id]] = known[alike][row.key]
    return found


def meetings(db: Db, cohort: "Cohort") -> tuple[datetime, ...]:
    """The starts of a cohort's meetings, held and to come."""
    from cohorts.sessions import standing

    return tuple(one.starts_at for one in standing(db, cohort) if one.kind is SessionKind.SESSION)


def _is_for(row: Touchpoint, listener: Listener) -> bool:
    if row.cohort_id not in listener.memberships:
        return False
    only = row.args.get("membership_id") if isinstance(row.args, Mapping) else None
    return only is None or only == listener.memberships[row.cohort_id]


def _take_turns(db: Db, cohort: "Cohort", now: datetime) -> None:
    """Rows are looked at when the first reader's moment comes: for somebody far away that may be days before."""
    waiting = db.exec(
        select(Touchpoint).where(
            Touchpoint.cohort_id == cohort.id,
            Touchpoint.state == TouchpointState.PENDING,
            Touchpoint.urgency != Urgency.NOW,
            col(Touchpoint.fired_at).is_(None),
        )
    ).all()
    moments = turns(db, cohort, now=now) if waiting else {}
    for row in waiting:
        # A reader's day may be over when a session moves: they are told now, or too late.
        row.turn_at = max(now, min(moments.get(row.key, {}).values(), default=row.due_at))
    db.flush()


def due(db: Db, now: datetime, *, most: int = 100) -> list[Touchpoint]:
    """What is to be told now, the oldest first."""
    return list(
        db.exec(
            select(Touchpoint)
            .where(Touchpoint.state == TouchpointState.PENDING, col(Touchpoint.turn_at) <= now)
            .order_by(col(Touchpoint.turn_at), col(Touchpoint.id))
            .limit(most)
        ).all()
    )


def next_due(db: Db) -> Touchpoint | None:
    return db.exec(_next_due()).first()


@cache
def _next_due() -> SelectOfScalar[Touchpoint]:
    return (
        select(Touchpoint)
        .where(Touchpoint.state == TouchpointState.PENDING)
        .order_by(col(Touchpoint.turn_at), col(Touchpoint.id))
        .limit(1)
    )


@dataclass(frozen=True, slots=True)
class Claimed:
    """One row's work, to be done now. `turns`: the moments of those whose turn it is; None: everybody's, at once."""

    row: Touchpoint
    at: datetime
    turns: Mapping[int, datetime] | None = None


def claim(db: Db, touchpoint_id: int, *, now: datetime) -> Claimed | None:
    """Mark one row as fired, in the transaction that does its work; None when it is not to be told any more.

    A row that others hear later stays, and is looked at again at their moment.
    """
    row = db.exec(select(Touchpoint).where(Touchpoint.id == touchpoint_id)).one()
    if row.state is not TouchpointState.PENDING or row.turn_at > now:
        return None
    at, row.fired_at = row.turn_at, now
    if row.urgency is not Urgency.NOW:
        return _turn(db, row, at, now)
    if row.late_at is not None and now > row.late_at:
        _end_late(db, row)
        return None
    row.state = TouchpointState.FIRED
    db.flush()
    return Claimed(row, at)


def _turn(db: Db, row: Touchpoint, at: datetime, now: datetime) -> Claimed | None:
    from cohorts.cohort import Cohort

    moments = turns(db, db.get_one(Cohort, row.cohort_id), now=now).get(row.key, {})
    late = row.late_at - row.due_at if row.late_at is not None else None
    told = {id_: turn for id_, turn in moments.items() if turn <= now and (late is None or now <= turn + late)}
    later = min((turn for turn in moments.values() if turn > now), default=None)
    if later is not None:
        row.turn_at = later
    elif moments and not told:
        _end_late(db, row)
        return None
    else:
        row.state = TouchpointState.FIRED
    db.flush()
    return Claimed(row, at, told)


def _end_late(db: Db, row: Touchpoint) -> None:
    row.state, row.reason = TouchpointState.SKIPPED, "too late when its time came"
    db.flush()
