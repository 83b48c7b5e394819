"""Time arithmetic: clocks that are put forward and back, durations, and the days of sessions."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.moments import cadence_days, day_of, local, session_starts, shift
from cohorts.programs import Cadence, Program, load, parse
from cohorts.when import Duration, Unit, parse_duration

PROGRAMS = Path(__file__).parent / "programs"
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
# Two years with every change of each zone in them, and the hours around the changes often.
CHANGES = (date(2027, 3, 28), date(2027, 10, 31), date(2027, 3, 14), date(2027, 11, 7), date(2027, 4, 4),
           date(2027, 10, 3))  # fmt: skip
DAYS = st.sampled_from(CHANGES) | st.dates(date(2026, 6, 1), date(2028, 6, 1))
CLOCKS = st.builds(time, st.integers(0, 3) | st.integers(0, 23), st.integers(0, 59))
DURATIONS = st.builds(Duration, st.sampled_from(Unit), st.integers(1, 60))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wall(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


@pytest.mark.parametrize(
    ("day", "clock", "zone", "expected"),
    [
        (date(2027, 1, 11), time(16), "Europe/Berlin", "2027-01-11 15:00"),
        (date(2027, 7, 12), time(16), "Europe/Berlin", "2027-07-12 14:00"),
        # 02:30 is skipped: an hour later on the clock, 03:30 summer time
        (date(2027, 3, 28), time(2, 30), "Europe/Berlin", "2027-03-28 01:30"),
        # 02:30 is there twice: the first is still summer time
        (date(2027, 10, 31), time(2, 30), "Europe/Berlin", "2027-10-31 00:30"),
        (date(2027, 3, 14), time(2, 30), "America/New_York", "2027-03-14 07:30"),
        (date(2027, 11, 7), time(1, 30), "America/New_York", "2027-11-07 05:30"),
        # Lord Howe moves by half an hour: 02:15 becomes 02:45 in spring
        (date(2027, 10, 3), time(2, 15), "Australia/Lord_Howe", "2027-10-02 15:45"),
        (date(2027, 4, 4), time(1, 45), "Australia/Lord_Howe", "2027-04-03 14:45"),
    ],
)
def test_a_clock_in_a_zone_is_one_moment(day: date, clock: time, zone: str, expected: str) -> None:
    assert local(day, clock, zone) == utc(expected)


@given(DAYS, CLOCKS, ZONES)
def test_a_clock_time_is_kept_or_goes_forward_by_the_gap(day: date, clock: time, zone: str) -> None:
    asked, shown = datetime.combine(day, clock), wall(local(day, clock, zone), zone)
    assert shown - asked in (timedelta(0), timedelta(minutes=30), timedelta(hours=1))
    if shown != asked:
        # Really skipped: no moment of that day shows this time.
        around = local(day, clock, zone) - timedelta(hours=3)
        seen = {wall(around + timedelta(minutes=n), zone) for n in range(360)}
        assert asked not in seen


@given(DAYS, CLOCKS, ZONES)
def test_of_two_moments_with_one_clock_time_the_first_is_meant(day: date, clock: time, zone: str) -> None:
    moment = local(day, clock, zone)
    earlier = (moment - timedelta(minutes=30), moment - timedelta(hours=1))
    assert all(wall(one, zone) != wall(moment, zone) for one in earlier)


@given(DAYS, CLOCKS, ZONES, st.integers(1, 60), st.sampled_from([-1, 1]))
def test_days_keep_the_wall_clock(day: date, clock: time, zone: str, amount: int, sign: int) -> None:
    moment = local(day, clock, zone)
    shown = wall(moment, zone)
    moved = shift(moment, Duration(Unit.DAYS, amount), sign, zone)
    assert moved == local(shown.date() + sign * timedelta(days=amount), shown.time(), zone)
    assert moved.tzinfo is UTC


@given(DAYS, CLOCKS, ZONES, st.integers(1, 20), st.sampled_from([-1, 1]))
def test_a_week_is_seven_days_and_a_day_is_not_always_24_hours(
    day: date, clock: time, zone: str, amount: int, sign: int
) -> None:
    moment = local(day, clock, zone)
    weeks = shift(moment, Duration(Unit.WEEKS, amount), sign, zone)
    assert weeks == shift(moment, Duration(Unit.DAYS, 7 * amount), sign, zone)
    assert abs(abs(weeks - moment) - timedelta(weeks=amount)) <= timedelta(hours=1)


@given(DAYS, CLOCKS, ZONES, st.integers(1, 500), st.sampled_from([Unit.HOURS, Unit.MINUTES]))
def test_hours_and_minutes_are_elapsed_time_and_can_be_undone(
    day: date, clock: time, zone: str, amount: int, unit: Unit
) -> None:
    moment = local(day, clock, zone)
    moved = shift(moment, Duration(unit, amount), 1, zone)
    assert (moved - moment).total_seconds() == amount * (3600 if unit is Unit.HOURS else 60)
    assert shift(moved, Duration(unit, amount), -1, zone) == moment


@given(DAYS, CLOCKS, ZONES, DURATIONS)
def test_before_is_before_and_after_is_after(day: date, clock: time, zone: str, duration: Duration) -> None:
    moment = local(day, clock, zone)
    assert shift(moment, duration, -1, zone) < moment < shift(moment, duration, 1, zone)
    assert shift(moment, duration, 0, zone) == moment


def test_a_day_before_a_session_after_the_change_is_at_the_same_clock() -> None:
    session = local(date(2027, 3, 28), time(16), "Europe/Berlin")
    assert shift(session, parse_duration("1d"), -1, "Europe/Berlin") == utc("2027-03-27 15:00")
    assert shift(session, parse_duration("24h"), -1, "Europe/Berlin") == utc("2027-03-27 14:00")


def test_day_zero_is_the_start() -> None:
    assert day_of(date(2027, 1, 11), 0, time(9), "UTC") == utc("2027-01-11 09:00")
    assert day_of(date(2027, 1, 11), 14, time(10, 30), "UTC") == utc("2027-01-25 10:30")


# The days of a rhythm


def first(n: int, start: date, cadence: Cadence) -> list[date]:
    days = cadence_days(start, cadence)
    return [next(days) for _ in range(n)]


def test_monthly_keeps_the_weekday_of_the_month() -> None:
    second_tuesday = date(2027, 11, 9)
    assert first(4, second_tuesday, Cadence.MONTHLY) == [
        date(2027, 11, 9),
        date(2027, 12, 14),
        date(2028, 1, 11),
        date(2028, 2, 8),
    ]


def test_a_fifth_friday_is_the_last_where_there_are_four() -> None:
    assert first(3, date(2027, 1, 29), Cadence.MONTHLY) == [
        date(2027, 1, 29),
        date(2027, 2, 26),
        date(2027, 3, 26),
    ]


@given(st.dates(date(2020, 1, 1), date(2090, 1, 1)), st.sampled_from(Cadence))
def test_a_rhythm_begins_at_the_start_goes_on_and_keeps_its_weekday(start: date, cadence: Cadence) -> None:
    days = first(14, start, cadence)
    assert days[0] == start
    assert all(one < next_one for one, next_one in pairwise(days))
    if cadence is not Cadence.DAILY:
        assert {day.weekday() for day in days} == {start.weekday()}
    if cadence is Cadence.MONTHLY:
        assert [(day.month - start.month) % 12 for day in days] == [n % 12 for n in range(14)]


# Sessions


def program(*sessions: str, top: str = "") -> Program:
    """Sessions written as "KEY", "KEY DAY", "KEY office" or "KEY office DAY"."""
    text = f'key = "p"\nname = "P"\npromise = "1"\n{top}\n'
    text += '[[application.questions]]\nkey = "q"\nask = "?"\nkind = "line"\n'
    for session in sessions:
        key, *rest = session.split()
        text += f'[[sessions]]\nkey = "{key}"\ntitle = "T"\nminutes = 60\n'
        text += "".join('kind = "office_hours"\n' if word == "office" else f"day = {word}\n" for word in rest)
    return parse(text, file="p.toml")


def days(program: Program, start: date = date(2027, 1, 11)) -> dict[str, int]:
    return {session.key: (moment.date() - start).days for session, moment in session_starts(program, start, "UTC")}


def test_sessions_without_a_day_follow_the_cadence_from_the_start() -> None:
    assert days(program("a", "b", "c")) == {"a": 0, "b": 7, "c": 14}
    assert days(program("a", "b", "c", top='cadence = "daily"')) == {"a": 0, "b": 1, "c": 2}
    assert days(program("a", "b", top='cadence = "biweekly"')) == {"a": 0, "b": 14}


def test_after_a_kickoff_with_a_day_the_cadence_goes_on() -> None:
    assert days(program("kickoff 0", "b", "c")) == {"kickoff": 0, "b": 7, "c": 14}
    assert days(program("kickoff 2", "b", "c")) == {"kickoff": 2, "b": 7, "c": 14}
    assert days(program("kickoff 0", "deep 7", "c")) == {"kickoff": 0, "deep": 7, "c": 14}


def test_a_day_in_the_middle_does_not_disturb_the_others() -> None:
    assert days(program("a", "extra 3", "b")) == {"a": 0, "extra": 3, "b": 7}


def test_office_hours_are_not_counted_and_lie_between_sessions() -> None:
    assert days(program("a", "lab office", "b")) == {"a": 0, "lab": 3, "b": 7}
    assert days(program("a", "lab office 5", "b")) == {"a": 0, "lab": 5, "b": 7}
    assert days(program("a", "x office", "y office", "b")) == {"a": 0, "x": 2, "y": 4, "b": 7}


def test_office_hours_keep_off_the_weekend() -> None:
    thursday = date(2027, 1, 14)
    assert days(program("a", "lab office", "b"), thursday) == {"a": 0, "lab": 4, "b": 7}


def test_office_hours_of_a_daily_program_begin_when_the_session_ends() -> None:
    found = session_starts(program("a", "lab office", "b", top='cadence = "daily"'), date(2027, 1, 11), "UTC")
    assert [(session.key, f"{moment:%d %H:%M}") for session, moment in found] == [
        ("a", "11 16:00"),
        ("lab", "11 17:00"),
        ("b", "12 16:00"),
    ]


def test_sessions_come_in_the_order_of_time() -> None:
    assert list(days(program("late 20", "a", "b"))) == ["late", "a", "b"]
    assert list(days(program("a", "b", "early 3"))) == ["a", "early", "b"]


@given(DAYS, ZONES)
def test_a_change_of_the_clocks_never_shifts_a_meeting(start: date, zone: str) -> None:
    plan = load(PROGRAMS / "executive-round.toml")
    assert {wall(moment, zone).time() for _, moment in session_starts(plan, start, zone)} == {time(8)}


def test_the_example_of_the_page_across_the_change_in_berlin() -> None:
    plan = load(PROGRAMS / "deploy-together.toml")
    found = session_starts(plan, date(2027, 3, 22), "Europe/Berlin")
    assert [(session.key, moment) for session, moment in found] == [
        ("kickoff", utc("2027-03-22 15:00")),
        ("lab", utc("2027-03-25 15:00")),
        ("second", utc("2027-03-29 14:00")),
    ]
