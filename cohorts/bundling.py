"""When one reader hears what can wait: by day and on working days of their own, one message a day, few days a week.

Pure: give it everything planned for one person, and it says the moment of each. What has one moment is one message.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cohorts.moments import SATURDAY, local
from cohorts.program_kinds import Urgency

MORNING, EVENING = time(8, 0), time(20, 0)  # by the reader's clock: nothing before the one, nor from the other on
LETTER_DAYS = 3  # a week, outside of meeting days
HEAD_START = timedelta(hours=6)  # what speaks of something to come is there this long before, or comes a day earlier
MEETING = timedelta(minutes=90)  # from its start, while nothing that can wait comes between
RIDE = 6  # days that something of no hurry waits for another message to go along with


@dataclass(frozen=True, slots=True)
class Wish:
    """Something to be told, when it should be, and the moment it speaks of, if that is still to come then.

    `cohort`: whose it is, for a reader of several.
    """

    key: str
    at: datetime
    urgency: Urgency = Urgency.TODAY
    before: datetime | None = None
    cohort: int = 0


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose day it is. `meetings` are the starts of their sessions, held or to come."""

    zone: str
    meetings: tuple[datetime, ...] = ()

    def day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.zone)).date()

    def meeting_days(self) -> frozenset[date]:
        return frozenset(self.day(at) for at in self.meetings)


def slots(wishes: Iterable[Wish], reader: Reader) -> dict[str, datetime]:
    """The moment of each wish, by its key. The same for the same wishes in any order.

    What is `now` keeps its moment. The rest is moved out of the reader's nights and weekends, and then to the latest
    moment that anything of the same day has, unless it would come too late there. What has a week rides along with
    another message, two days in a row are one, and where more than `LETTER_DAYS` of a week would bring a message, the
    days that can wait do. Nothing of it comes in the middle of a meeting.
    """
    ordered = sorted(wishes, key=lambda wish: (wish.at, wish.key))
    found = {wish.key: wish.at for wish in ordered if wish.urgency is Urgency.NOW}
    fitting = {wish.key: _fitting(wish, reader) for wish in ordered if wish.urgency is not Urgency.NOW}
    soon = [wish for wish in ordered if wish.urgency is Urgency.TODAY]
    days = _days(soon, fitting, reader)
    for wish in (wish for wish in ordered if wish.urgency is Urgency.WEEK):
        days[_ride(wish, fitting[wish.key], days, reader)].append(wish)
    _join(days, reader)
    _thin(days, fitting, reader)
    for day, told in days.items():
        found |= _together(day, told, fitting, reader)
    return found


def daytime(at: datetime, zone: str) -> datetime:
    """`at`, or the first moment after it that is neither in a reader's night nor on their weekend."""
    wall = at.astimezone(ZoneInfo(zone))
    day, clock = wall.date(), wall.time()
    if clock >= EVENING:
        day, clock = day + timedelta(days=1), MORNING
    clock = max(clock, MORNING)
    while day.weekday() >= SATURDAY:
        day, clock = day + timedelta(days=1), MORNING
    moved = local(day, clock, zone)
    return at if moved == at else max(at, moved)


def is_daytime(at: datetime, zone: str) -> bool:
    return daytime(at, zone) == at


def in_passing(at: datetime, *, told: Collection[datetime], planned: Collection[datetime], reader: Reader) -> datetime:
    """When somebody is told what becomes known at `at`, was not planned, and can wait.

    By day at once; but after a meeting that is on, along with what comes to them on that day anyway, and not on a
    second occasion of a day, nor on more than `LETTER_DAYS` of a week, outside of meeting days. `told`: the letters
    they have had lately, and those on their way; `planned`: when they will hear what is planned.
    """
    meetings = reader.meeting_days()
    coming = {*planned, *(moment for moment in told if moment > at)}
    heard = {reader.day(moment) for moment in (*told, *coming)} - meetings
    found = _after_the_meeting(daytime(at, reader.zone), reader)
    for _ in range(RIDE):
        day = reader.day(found)
        along = [moment for moment in coming if moment >= found and reader.day(moment) == day]
        if along:
            return max(along)
        of_week = [other for other in heard if other.isocalendar()[:2] == day.isocalendar()[:2]]
        if day in meetings or (day not in heard and len(of_week) < LETTER_DAYS):
            break
        found = daytime(local(day + timedelta(days=1), MORNING, reader.zone), reader.zone)
    return found


def _after_the_meeting(at: datetime, reader: Reader) -> datetime:
    held = next((start for start in reader.meetings if start <= at < start + MEETING), None)
    return at if held is None else max(at, daytime(held + MEETING, reader.zone))


def daytime_before(at: datetime, zone: str) -> datetime:
    """By day on a reader's last working day before `at`; at the same time of the day, if that is by day."""
    wall = at.astimezone(ZoneInfo(zone))
    day, clock = wall.date(), wall.time()
    if clock < MORNING:
        day, clock = day - timedelta(days=1), MORNING
    if clock >= EVENING:
        clock = MORNING
    while day.weekday() >= SATURDAY:
        day -= timedelta(days=1)
    return local(day, clock, zone)


def _fitting(wish: Wish, reader: Reader) -> datetime:
    """Alone, by day: later if that is in time, else earlier."""
    later = daytime(wish.at, reader.zone)
    if later == wish.at or wish.before is None or later <= wish.before - HEAD_START:
        return later
    return daytime_before(wish.at, reader.zone)


Days = dict[date, list[Wish]]


def _days(wishes: Sequence[Wish], fitting: Mapping[str, datetime], reader: Reader) -> Days:
    days: Days = defaultdict(list)
    for wish in wishes:
        days[reader.day(fitting[wish.key])].append(wish)
    return days


def _ride(wish: Wish, at: datetime, days: Days, reader: Reader) -> date:
    """The first day within the week that brings something anyway, else its own.

    What counts down to something ("in a week we meet") waits no longer than a quarter of its lead.
    """
    own = reader.day(at)
    until = None if wish.before is None else wish.at + (wish.before - wish.at) / 4
    for n in range(RIDE + 1):
        day = own + timedelta(days=n)
        if n and until is not None and local(day, MORNING, reader.zone) > until:
            break
        if days.get(day) and _in_time(wish, local(day, EVENING, reader.zone)):
            return day
    return own


def _join(days: Days, reader: Reader) -> None:
    """Two days in a row that are no meeting's are one message on the second, if that is in time."""
    meetings = reader.meeting_days()
    joined: set[date] = set()
    for day in sorted(days):
        following = day + timedelta(days=1)
        if not days[day] or not days.get(following) or day in joined or {day, following} & meetings:
            continue
        if all(_in_time(wish, local(following, EVENING, reader.zone)) for wish in days[day]):
            days[following].extend(days.pop(day))
            joined.add(following)


def _thin(days: Days, fitting: Mapping[str, datetime], reader: Reader) -> None:
    """In a week with too many days, what can wait goes along with the next one, the latest day first."""
    meetings = reader.meeting_days()
    for week in sorted({day.isocalendar()[:2] for day in days}):
        while len(quiet := [day for day in _of_week(days, week) if day not in meetings]) > LETTER_DAYS:
            moved = next((pair for day in reversed(quiet) if (pair := _movable(day, days, reader))), None)
            if moved is None:
                break
            was, to = moved
            days[to].extend(days.pop(was))


def _of_week(days: Days, week: tuple[int, int]) -> list[date]:
    return sorted(day for day, told in days.items() if told and day.isocalendar()[:2] == week)


def _movable(day: date, days: Days, reader: Reader) -> tuple[date, date] | None:
    """To the next day that brings something, all of it or nothing."""
    later = sorted(other for other, told in days.items() if told and day < other <= day + timedelta(days=RIDE))
    for other in later:
        end = local(other, EVENING, reader.zone)
        if all(_in_time(wish, end) for wish in days[day]):
            return day, other
    return None


def _together(day: date, told: Sequence[Wish], fitting: Mapping[str, datetime], reader: Reader) -> dict[str, datetime]:
    """The latest moment of the day that is any wish's own; a wish that would be too late there keeps its own."""
    own = {wish.key: max(fitting[wish.key], local(day, MORNING, reader.zone)) for wish in told}
    latest = max(own.values())
    clear = _after_the_meeting(latest, reader)
    latest = clear if all(_in_time(wish, clear) for wish in told) else latest
    in_time = [wish for wish in told if _in_time(wish, latest)]
    if len(in_time) < len(told):
        # Those that can't wait are one message, the others another; but what another cohort says of a later day loses
        # nothing by coming along.
        pressing = [wish for wish in told if wish not in in_time]
        first, whose = max(own[wish.key] for wish in pressing), {wish.cohort for wish in pressing}
        along = [one for one in in_time if one.cohort not in whose and one.before and reader.day(one.before) > day]
        moments = {**dict.fromkeys((one.key for one in in_time), latest), **{one.key: first for one in along}}
        return {wish.key: moments.get(wish.key, own[wish.key]) for wish in told}
    return dict.fromkeys(own, latest)


def _in_time(wish: Wish, at: datetime) -> bool:
    return wish.before is None or at <= wish.before - HEAD_START
