"""What a cohort's plan is made of, and the plan itself: every standing message with its moment, computed and not kept.

Rules hang on occasions (a session, a homework, a membership); items are what the program file asks for. Each module
declares what it adds in a constant `TOUCHPOINTS`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cohorts.bundling import is_daytime
from cohorts.moments import day_of, shift
from cohorts.program_kinds import Urgency
from cohorts.store import Db
from cohorts.when import Anchor, Duration, When, WhenKind, parse_duration

if TYPE_CHECKING:
    from cohorts.cohort import Cohort
    from cohorts.programs import Program

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
    member: int | None = None  # the one membership that it concerns, beside what it is

    @property
    def args(self) -> dict[str, str | int]:
        own: dict[str, str | int] = {f"{self.kind}_id": self.id}
        return own if self.member is None else own | {"membership_id": self.member}


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
    urgency: Urgency = Urgency.NOW  # anything else is told to members, each in their own day
    behind: bool = False  # members hear nothing of it: it is for others, or only makes something ready

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
    homework: str | None = None  # of homework: only this one's due date
    by_day: bool = False  # now, but by day: what comes up in the cohort's night has the urgency of today
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
class Listener:
    """A member who hears what is planned: their zone, and all that they are a member of, by cohort."""

    zone: str
    memberships: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Source:
    """What one module of this package adds to the plan."""

    rules: tuple[Rule, ...] = ()
    occasions: Callable[[Db, "Cohort"], Iterable[Occasion]] | None = None
    items: "Callable[[Program], Iterable[Item]] | None" = None
    listeners: Callable[[Db, "Cohort"], Iterable[Listener]] | None = None


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
            yield _planned(
                calendar, item.rule, item.key, cohort, due, None, 0, item.late, _urgency(calendar, item, due)
            )
        elif when.kind is WhenKind.ANCHOR:
            for occasion, name in _anchored(calendar, item):
                anchor = occasion.moments[name]
                due = shift(anchor, when.offset, when.sign, calendar.zone) if when.offset is not None else anchor
                yield _planned(
                    calendar,
                    item.rule,
                    item.key,
                    occasion,
                    anchor,
                    when.offset,
                    when.sign,
                    item.late,
                    _urgency(calendar, item, due),
                )


def _urgency(calendar: Calendar, item: Item, due: datetime) -> Urgency:
    at_night = item.by_day and item.urgency is Urgency.NOW and not is_daytime(due, calendar.zone)
    return Urgency.TODAY if at_night else item.urgency


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
        if kind == "homework" and item.homework not in (None, occasion.key):
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
