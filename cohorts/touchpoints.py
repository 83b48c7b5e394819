"""What is due, when and why: planned by a pure function, reconciled into a table, fired one row at a time.

Rows are one per rule and occasion; who hears something is chosen when a row fires. An occasion carries a timing
revision: when it moves, rows of older revisions are withdrawn and new ones are made.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from cohorts.moments import day_of, shift
from cohorts.program_kinds import Urgency
from cohorts.store import Db, choice, json, link, moment
from cohorts.when import Anchor, Duration, When, WhenKind, parse_duration

if TYPE_CHECKING:
    from cohorts.cohort import Cohort
    from cohorts.programs import Program


class TouchpointState(StrEnum):
    PENDING = "pending"
    FIRED = "fired"
    SKIPPED = "skipped"  # never told; `reason` says why
    WITHDRAWN = "withdrawn"


class Touchpoint(SQLModel, table=True):
    __table_args__ = (sa.Index("ix_touchpoint_due", "state", "due_at"),)
    id: int = Field(default=None, primary_key=True)
    cohort_id: int = link("cohort.id")
    key: str = Field(max_length=200, unique=True)
    rule: str = Field(max_length=60)
    args: object = json()
    urgency: Urgency = choice(Urgency, default=Urgency.TODAY)
    planned_at: datetime = moment()
    due_at: datetime = moment()
    late_at: datetime | None = moment(null=True)  # from then on it is too late to tell
    state: TouchpointState = choice(TouchpointState, default=TouchpointState.PENDING)
    fired_at: datetime | None = moment(null=True)
    reason: str | None = Field(default=None, max_length=200)


Args = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something with moments that messages hang on: a session, a homework, the cohort itself, one membership."""

    kind: str
    id: int
    revision: int
    moments: Mapping[str, datetime]
    changed_at: datetime | None = None  # when people were told of this revision; None for the first
    key: str = ""  # the program's name for it
    last: bool = False  # the last of its kind
    traits: frozenset[str] = frozenset()

    @property
    def args(self) -> dict[str, str | int]:
        return {f"{self.kind}_id": self.id}


@dataclass(frozen=True, slots=True)
class Rule:
    """One standing message: `name` is the due work it starts, `shift` how long before (-) or after its moment."""

    name: str
    on: str  # the kind of occasion
    anchor: str
    shift: str = ""  # "-1d", "75m", "" for the moment itself
    late: timedelta | None = None  # how long after the due time it still makes sense
    switch: str | None = None  # of [defaults] in the program file
    trait: str | None = None  # only occasions that have it
    urgency: Urgency = Urgency.TODAY

    def offset(self) -> tuple[Duration | None, int]:
        if not self.shift:
            return None, 0
        sign = -1 if self.shift.startswith("-") else 1
        return parse_duration(self.shift.lstrip("-")), sign


@dataclass(frozen=True, slots=True)
class Item:
    """A message that the program file itself asks for, by its `when`."""

    rule: str
    key: str
    when: When
    late: timedelta | None = timedelta(days=2)
    also_last: bool = True  # of sessions: after the last one too
    urgency: Urgency = Urgency.TODAY


@dataclass(frozen=True, slots=True)
class Planned:
    key: str
    rule: str
    args: Args
    due_at: datetime
    late_at: datetime | None
    lead: timedelta  # how long before its moment; zero for what comes after
    changed_at: datetime | None
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class Source:
    """What one module of this package adds to the plan."""

    rules: tuple[Rule, ...] = ()
    occasions: Callable[[Db, "Cohort"], Iterable[Occasion]] | None = None
    items: "Callable[[Program], Iterable[Item]] | None" = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """All that planning reads, as plain values."""

    cohort_id: int
    zone: str
    start: "datetime"
    switches: Mapping[str, bool]
    rules: Sequence[Rule] = ()
    items: Sequence[Item] = ()
    occasions: Sequence[Occasion] = field(default_factory=tuple)


def plan(calendar: Calendar) -> list[Planned]:
    """Every touchpoint of a cohort, past ones included, in the order of their due times. Pure."""
    planned = [*_by_rules(calendar), *_by_items(calendar)]
    return sorted(planned, key=lambda row: (row.due_at, row.key))


def _by_rules(calendar: Calendar) -> Iterator[Planned]:
    for rule in calendar.rules:
        if rule.switch is not None and not calendar.switches.get(rule.switch, True):
            continue
        for occasion in calendar.occasions:
            fits = occasion.kind == rule.on and (rule.trait is None or rule.trait in occasion.traits)
            if fits and rule.anchor in occasion.moments:
                duration, sign = rule.offset()
                yield _planned(
                    calendar,
                    rule.name,
                    "",
                    occasion,
                    occasion.moments[rule.anchor],
                    duration,
                    sign,
                    rule.late,
                    rule.urgency,
                )


_ANCHORS: dict[Anchor | str | None, tuple[str, str]] = {
    Anchor.START: ("cohort", "start"),
    Anchor.CLOSE: ("cohort", "close"),
    Anchor.ACCEPTED: ("membership", "accepted"),
    Anchor.SESSION: ("session", "start"),
    Anchor.NEXT_SESSION: ("session", "start"),
    Anchor.SESSION_END: ("session", "end"),
    Anchor.HOMEWORK_DUE: ("homework", "due"),
    Anchor.GRADUATION: ("graduation", "named"),
}


def _by_items(calendar: Calendar) -> Iterator[Planned]:
    for item in calendar.items:
        when = item.when
        if when.kind is WhenKind.DAY:
            assert when.day is not None and when.at is not None
            cohort = next(o for o in calendar.occasions if o.kind == "cohort")
            day = calendar.start.date()
            due = day_of(day, when.day, when.at, calendar.zone)
            yield _planned(calendar, item.rule, item.key, cohort, due, None, 0, item.late, item.urgency)
        elif when.kind is WhenKind.ANCHOR:
            for occasion, name in _anchored(calendar, item):
                yield _planned(
                    calendar,
                    item.rule,
                    item.key,
                    occasion,
                    occasion.moments[name],
                    when.offset,
                    when.sign,
                    item.late,
                    item.urgency,
                )


def _anchored(calendar: Calendar, item: Item) -> Iterator[tuple[Occasion, str]]:
    kind, name = _ANCHORS.get(item.when.anchor, ("session", "start"))
    for occasion in calendar.occasions:
        if occasion.kind != kind or name not in occasion.moments:
            continue
        if item.when.names_session and occasion.key != item.when.anchor:
            continue
        every_session = kind == "session" and not item.when.names_session
        if every_session and ("meeting" not in occasion.traits or (occasion.last and not item.also_last)):
            continue
        if item.when.anchor is Anchor.NEXT_SESSION and "first" in occasion.traits:
            continue
        yield occasion, name


def _planned(
    calendar: Calendar,
    rule: str,
    item: str,
    occasion: Occasion,
    anchor: datetime,
    duration: Duration | None,
    sign: int,
    late: timedelta | None,
    urgency: Urgency,
) -> Planned:
    due = shift(anchor, duration, sign, calendar.zone) if duration is not None else anchor
    name = f"{rule}/{item}" if item else rule
    args: dict[str, str | int] = {"cohort_id": calendar.cohort_id, **occasion.args} | ({"item": item} if item else {})
    return Planned(
        key=f"{calendar.cohort_id}/{name}/{occasion.kind}:{occasion.id}/r{occasion.revision}",
        rule=rule,
        args=args,
        due_at=due,
        late_at=None if late is None else due + late,
        lead=max(anchor - due, timedelta()),
        changed_at=occasion.changed_at,
        urgency=urgency,
    )


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


def reconcile(db: Db, cohort: "Cohort", *, now: datetime) -> None:
    """Make the table say what the plan says, leaving alone what has fired.

    1. What is not planned any more is withdrawn.
    2. What is planned and not there is added; due before now, it is recorded as skipped and never fires.
    3. Of a changed occasion, a row less than a quarter of its lead after the notice is covered by that notice.
    """
    planned = {row.key: row for row in plan(calendar_of(db, cohort))} if cohort.is_open else {}
    kept = {row.key: row for row in db.exec(select(Touchpoint).where(Touchpoint.cohort_id == cohort.id)).all()}
    for key, row in kept.items():
        if row.state is TouchpointState.PENDING and key not in planned:
            row.state, row.reason = TouchpointState.WITHDRAWN, "not planned any more"
        elif row.state is TouchpointState.PENDING and row.due_at != planned[key].due_at:
            row.due_at, row.late_at = planned[key].due_at, planned[key].late_at
        elif row.state is TouchpointState.WITHDRAWN and key in planned:
            row.state, row.reason, row.due_at = TouchpointState.PENDING, None, planned[key].due_at
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
                due_at=wanted.due_at,
                late_at=wanted.late_at,
            )
            _skip_past(row, wanted, now)
            db.add(row)
    db.flush()


def _skip_past(row: Touchpoint, wanted: Planned, now: datetime) -> None:
    if wanted.due_at < now:
        row.state, row.reason = TouchpointState.SKIPPED, "was due before it was planned"
    elif wanted.changed_at is not None and wanted.due_at <= wanted.changed_at + wanted.lead / 4:
        row.state, row.reason = TouchpointState.SKIPPED, "covered by the notice of the change"


def due(db: Db, now: datetime, *, most: int = 100) -> list[Touchpoint]:
    """What is to be told now, the oldest first."""
    return list(
        db.exec(
            select(Touchpoint)
            .where(Touchpoint.state == TouchpointState.PENDING, col(Touchpoint.due_at) <= now)
            .order_by(col(Touchpoint.due_at), col(Touchpoint.id))
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
        .order_by(col(Touchpoint.due_at), col(Touchpoint.id))
        .limit(1)
    )


def claim(db: Db, touchpoint_id: int, *, now: datetime) -> Touchpoint | None:
    """Mark one row as fired, in the transaction that does its work; None when it is not to be told any more."""
    row = db.exec(select(Touchpoint).where(Touchpoint.id == touchpoint_id)).one()
    if row.state is not TouchpointState.PENDING or row.due_at > now:
        return None
    row.fired_at = now
    if row.late_at is not None and now > row.late_at:
        row.state, row.reason = TouchpointState.SKIPPED, "too late when its time came"
        db.flush()
        return None
    row.state = TouchpointState.FIRED
    db.flush()
    return row
