"""Time arithmetic of cohorts: wall clocks in a zone, durations, and when each session of a program is.

Every moment is an aware datetime in UTC. A clock time that a zone skips goes forward by the gap; one
that it has twice is the first. Minutes and hours are elapsed time, days and weeks the calendar's.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cohorts.program_kinds import Cadence, SessionKind
from cohorts.when import Duration, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cohorts.program_parts import SessionPlan
    from cohorts.programs import Program

_DAYS_BETWEEN = {Cadence.DAILY: 1, Cadence.WEEKLY: 7, Cadence.BIWEEKLY: 14, Cadence.MONTHLY: 28}
SATURDAY = 5


def local(day: date, clock: time, zone: str) -> datetime:
    """The moment at which a clock in `zone` shows `clock` on `day`."""
    # fold=0 is both rules at once: the first of two, and before the gap, so that UTC comes out after it.
    wall = datetime.combine(day, clock.replace(tzinfo=None, fold=0), ZoneInfo(zone))
    return wall.astimezone(UTC)


def shift(moment: datetime, duration: Duration, sign: int, zone: str) -> datetime:
    """`moment` moved by `duration`, forward for sign +1 and back for -1; 0 leaves it."""
    if sign == 0 or duration.amount == 0:
        return moment.astimezone(UTC)
    amount = sign * duration.amount
    match duration.unit:
        case Unit.MINUTES:
            return moment.astimezone(UTC) + timedelta(minutes=amount)
        case Unit.HOURS:
            return moment.astimezone(UTC) + timedelta(hours=amount)
        case Unit.DAYS:
            days = amount
        case Unit.WEEKS:
            days = 7 * amount
    wall = moment.astimezone(ZoneInfo(zone))
    return local(wall.date() + timedelta(days=days), wall.time(), zone)


def day_of(start: date, n: int, at: time, zone: str) -> datetime:
    """`at` on the n-th day of a cohort; day 0 is its start."""
    return local(start + timedelta(days=n), at, zone)


def next_morning(moment: datetime, zone: str) -> datetime:
    """Eight o'clock on the day after, where the reader is.

    What comes up in the middle of a day may go along with a message of another; today's may be sent already.
    """
    return local(moment.astimezone(ZoneInfo(zone)).date() + timedelta(days=1), time(8, 0), zone)


def working_day_after(at: datetime, clock: time, zone: str) -> datetime:
    """`clock` on the first day after `at`, in `zone`, that is not on a weekend."""
    day = at.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return local(day, clock, zone)


def cadence_days(start: date, cadence: Cadence) -> Iterator[date]:
    """The days of a rhythm from `start` on; monthly keeps the weekday of the month (third Tuesday)."""
    if cadence is not Cadence.MONTHLY:
        step = timedelta(days=_DAYS_BETWEEN[cadence])
        return (start + n * step for n in count())
    return (_same_weekday_of_month(start, n) for n in count())


def _same_weekday_of_month(start: date, months: int) -> date:
    """The fifth of a weekday is the last one in a month that has only four."""
    month = start.month - 1 + months
    first = date(start.year + month // 12, month % 12 + 1, 1)
    day = 1 + (start.weekday() - first.weekday()) % 7 + 7 * ((start.day - 1) // 7)
    if day > monthrange(first.year, first.month)[1]:
        day -= 7
    return first.replace(day=day)


def session_starts(program: Program, start: date, zone: str) -> list[tuple[SessionPlan, datetime]]:
    """When each session begins, in the order of time, for a cohort that starts on `start`.

    1. A session that names a day is on that day, at the program's `at`.
    2. Those of kind "session" that name none follow the cadence among themselves. The first is on day 0,
       or, when the file begins with sessions that name days, on the first day of the rhythm after those.
    3. Office hours that name no day lie between the session written before them and the one cadence
       later, evenly (a weekly program: three days after), a weekend becoming the Monday after; where
       the days don't suffice (a daily program), when that session ends.
    """
    days = _meeting_days(program, start)
    starts = {key: local(day, program.at, zone) for key, day in days.items()}
    for session in program.sessions:
        if session.day is not None:
            starts[session.key] = day_of(start, session.day, program.at, zone)
    for before, hours in _floating_office_hours(program):
        for n, session in enumerate(hours, start=1):
            gap = _DAYS_BETWEEN[program.cadence] * n // (len(hours) + 1)
            if before is None:
                starts[session.key] = day_of(start, gap, program.at, zone)
            elif gap == 0:
                starts[session.key] = starts[before.key] + timedelta(minutes=before.minutes)
            else:
                wall = starts[before.key].astimezone(ZoneInfo(zone)).date()
                starts[session.key] = local(_working_day(wall, gap), program.at, zone)
    order = {session.key: place for place, session in enumerate(program.sessions)}
    return sorted(
        ((session, starts[session.key]) for session in program.sessions),
        key=lambda pair: (pair[1], order[pair[0].key]),
    )


def _meeting_days(program: Program, start: date) -> dict[str, date]:
    floating = [session for session in program.meetings if session.day is None]
    begun = -1
    for session in program.meetings:
        if session.day is None:
            break
        begun = max(begun, session.day)
    rhythm = cadence_days(start, program.cadence)
    later = (day for day in rhythm if begun < 0 or day > start + timedelta(days=begun))
    return {s.key: day for s, day in zip(floating, islice(later, len(floating)), strict=True)}


def _floating_office_hours(program: Program) -> list[tuple[SessionPlan | None, Sequence[SessionPlan]]]:
    """Office hours without a day, by the session they follow (those at the top follow the first)."""
    groups: dict[str, list[SessionPlan]] = {}
    before = program.meetings[0] if program.meetings else None
    for session in program.sessions:
        if session.kind is SessionKind.SESSION:
            before = session
        elif session.day is None:
            groups.setdefault(before.key if before else "", []).append(session)
    return [(program.session(key) if key else None, hours) for key, hours in groups.items()]


def _working_day(day: date, later: int) -> date:
    """`later` days on; not a weekend, unless the program itself meets on weekends."""
    moved = day + timedelta(days=later)
    if day.weekday() < SATURDAY <= moved.weekday():
        moved += timedelta(days=7 - moved.weekday())
    return moved
