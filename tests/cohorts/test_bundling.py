"""What can wait reaches a person by day, on working days, in one message a day, on few days a week."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.bundling import EVENING, LETTER_DAYS, MORNING, Reader, Wish, daytime, daytime_before, in_passing, slots
from cohorts.program_kinds import Urgency

BERLIN, TOKYO, ANGELES = "Europe/Berlin", "Asia/Tokyo", "America/Los_Angeles"


def at(text: str, zone: str = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def told(wishes: list[Wish], zone: str = BERLIN, meetings: tuple[datetime, ...] = ()) -> dict[str, str]:
    found = slots(wishes, Reader(zone, meetings))
    return {key: f"{moment.astimezone(ZoneInfo(zone)):%a %d %H:%M}" for key, moment in found.items()}


# January 2027: the 11th is a Monday.


def test_what_fits_stays_where_it_is() -> None:
    assert told([Wish("prompt", at("2027-01-14 16:00"))]) == {"prompt": "Thu 14 16:00"}


def test_a_countdown_waits_for_another_message_a_quarter_of_its_lead_and_no_longer() -> None:
    due = at("2027-01-25 16:00")
    for day, moment in (("19", "Tue 19 16:00"), ("21", "Mon 18 16:00")):
        wishes = [
            Wish("in-a-week", at("2027-01-18 16:00"), Urgency.WEEK, due),
            Wish("prompt", at(f"2027-01-{day} 16:00")),
        ]
        assert told(wishes)["in-a-week"] == moment


@pytest.mark.parametrize(
    ("wanted", "moved"),
    [
        ("2027-01-14 07:59", "Thu 14 08:00"),
        ("2027-01-14 20:00", "Fri 15 08:00"),
        ("2027-01-15 21:00", "Mon 18 08:00"),
        ("2027-01-16 12:00", "Mon 18 08:00"),
        ("2027-01-18 02:00", "Mon 18 08:00"),
    ],
)
def test_nights_and_weekends_are_slept_through(wanted: str, moved: str) -> None:
    assert told([Wish("prompt", at(wanted))]) == {"prompt": moved}


def test_a_reminder_of_a_monday_comes_that_morning_and_not_on_sunday() -> None:
    meeting = at("2027-01-18 16:00")
    assert told([Wish("reminder", at("2027-01-17 16:00"), before=meeting)]) == {"reminder": "Mon 18 08:00"}


def test_far_in_the_west_where_that_is_too_late_it_comes_on_friday() -> None:
    meeting = at("2027-01-18 16:00")  # 7 in the morning in Los Angeles
    wishes = [Wish("reminder", at("2027-01-17 16:00"), before=meeting)]
    assert told(wishes, ANGELES) == {"reminder": "Fri 15 08:00"}


def test_far_in_the_east_it_is_there_before_the_night_of_the_meeting() -> None:
    meeting = at("2027-01-19 16:00")  # midnight in Tokyo
    wishes = [Wish("reminder", at("2027-01-18 16:00"), before=meeting)]
    assert told(wishes, TOKYO) == {"reminder": "Tue 19 08:00"}


def test_a_nudge_before_a_sunday_comes_on_friday() -> None:
    wishes = [Wish("nudge", at("2027-01-16 16:00"), before=at("2027-01-17 16:00"))]
    assert told(wishes) == {"nudge": "Fri 15 16:00"}


def test_one_day_is_one_message_at_its_latest_moment() -> None:
    wishes = [
        Wish("kudos", at("2027-01-13 09:30")),
        Wish("nudge", at("2027-01-13 16:00"), before=at("2027-01-14 16:00")),
        Wish("note", at("2027-01-13 10:30")),
    ]
    assert set(told(wishes).values()) == {"Wed 13 16:00"}


def test_what_would_come_too_late_there_keeps_its_own_moment() -> None:
    wishes = [
        Wish("reminder", at("2027-01-18 08:00"), before=at("2027-01-18 16:00")),
        Wish("note", at("2027-01-18 18:00")),
    ]
    assert told(wishes) == {"reminder": "Mon 18 08:00", "note": "Mon 18 18:00"}


def test_what_is_now_is_never_moved() -> None:
    wishes = [Wish("start", at("2027-01-16 23:00"), Urgency.NOW), Wish("note", at("2027-01-15 09:00"))]
    assert told(wishes) == {"start": "Sat 16 23:00", "note": "Fri 15 09:00"}


def test_what_has_a_week_rides_along_with_the_next_message() -> None:
    wishes = [Wish("digest", at("2027-01-12 09:00"), Urgency.WEEK), Wish("prompt", at("2027-01-14 16:00"))]
    assert told(wishes) == {"digest": "Thu 14 16:00", "prompt": "Thu 14 16:00"}


def test_with_nothing_to_ride_along_with_it_comes_by_itself() -> None:
    assert told([Wish("digest", at("2027-01-12 09:00"), Urgency.WEEK)]) == {"digest": "Tue 12 09:00"}


def test_a_fourth_day_in_a_week_goes_along_with_another() -> None:
    wishes = [Wish(f"note {n}", at(f"2027-01-{11 + n} 10:00")) for n in range(5)]
    days = set(told(wishes).values())
    assert len(days) == LETTER_DAYS


def test_days_with_a_meeting_are_not_counted() -> None:
    wishes = [Wish(f"note {day}", at(f"2027-01-{day} 10:00")) for day in (11, 12, 13, 15)]
    assert len(set(told(wishes, meetings=(at("2027-01-12 16:00"),)).values())) == 4


def test_two_days_in_a_row_are_one_message_on_the_second() -> None:
    wishes = [Wish("prompt", at("2027-01-14 16:00")), Wish("nudge", at("2027-01-15 16:00"))]
    assert told(wishes) == {"prompt": "Fri 15 16:00", "nudge": "Fri 15 16:00"}


def test_a_third_day_in_a_row_stays_by_itself() -> None:
    wishes = [Wish(f"note {day}", at(f"2027-01-{day} 10:00")) for day in (12, 13, 14)]
    assert set(told(wishes).values()) == {"Wed 13 10:00", "Thu 14 10:00"}


def test_what_can_wait_does_not_come_in_the_middle_of_a_meeting() -> None:
    meeting = at("2027-01-18 08:00")
    assert told([Wish("note", at("2027-01-17 12:00"))], meetings=(meeting,)) == {"note": "Mon 18 09:30"}


# What becomes known in passing


def passing(text: str, *told: str, planned: tuple[str, ...] = (), meetings: tuple[datetime, ...] = ()) -> str:
    before, after = [at(one) for one in told], [at(one) for one in planned]
    moment = in_passing(at(text), told=before, planned=after, reader=Reader(BERLIN, meetings))
    return f"{moment.astimezone(ZoneInfo(BERLIN)):%a %d %H:%M}"


def test_in_passing_it_is_told_at_once_by_day_and_in_the_morning_after_a_night() -> None:
    assert passing("2027-01-13 11:00") == "Wed 13 11:00"
    assert passing("2027-01-15 22:00") == "Mon 18 08:00"


def test_in_passing_it_goes_along_with_what_comes_that_day_anyway() -> None:
    assert passing("2027-01-13 11:00", planned=("2027-01-13 16:00",)) == "Wed 13 16:00"
    assert passing("2027-01-13 11:00", "2027-01-13 16:00") == "Wed 13 16:00"


def test_in_passing_no_day_brings_two_messages_but_one_with_a_meeting() -> None:
    assert passing("2027-01-13 11:00", "2027-01-13 09:00") == "Thu 14 08:00"
    assert passing("2027-01-13 11:00", "2027-01-13 09:00", meetings=(at("2027-01-13 16:00"),)) == "Wed 13 11:00"


def test_in_passing_a_full_week_is_left_alone() -> None:
    full = ("2027-01-11 09:00", "2027-01-12 09:00", "2027-01-13 09:00")
    assert passing("2027-01-14 11:00", *full) == "Mon 18 08:00"
    assert passing("2027-01-12 11:00", "2027-01-11 09:00", planned=("2027-01-13 16:00", "2027-01-15 16:00")) == (
        "Wed 13 16:00"
    )


FIRST, LAST = datetime(2027, 1, 4), datetime(2027, 4, 20)  # noqa: DTZ001  (hypothesis adds the zone)
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
ZONES = st.sampled_from([BERLIN, TOKYO, ANGELES, "Asia/Kathmandu", "Pacific/Auckland", "UTC"])


@st.composite
def wishes(draw: st.DrawFn) -> list[Wish]:
    moments = draw(st.lists(MOMENTS, max_size=25, unique=True))
    leads = st.sampled_from([None, timedelta(hours=1), timedelta(days=1), timedelta(days=3)])
    return [
        Wish(f"{n}", moment, draw(st.sampled_from(Urgency)), None if (lead := draw(leads)) is None else moment + lead)
        for n, moment in enumerate(moments)
    ]


@given(wishes(), ZONES)
def test_every_wish_has_one_moment_by_day_and_the_order_makes_no_difference(some: list[Wish], zone: str) -> None:
    found = slots(some, Reader(zone))
    assert set(found) == {wish.key for wish in some}
    turned = list(reversed(some))
    assert slots(turned, Reader(zone)) == found
    for wish in some:
        wall = found[wish.key].astimezone(ZoneInfo(zone))
        if wish.urgency is Urgency.NOW:
            assert found[wish.key] == wish.at
        else:
            assert wall.weekday() < 5
            assert MORNING <= wall.time() < EVENING


@given(wishes(), ZONES)
def test_what_speaks_of_something_to_come_is_never_moved_behind_it(some: list[Wish], zone: str) -> None:
    found = slots(some, Reader(zone))
    for wish in some:
        if wish.before is not None:
            assert found[wish.key] <= max(wish.before, wish.at)


@given(wishes(), ZONES)
def test_a_day_has_one_message_but_for_what_cannot_wait(some: list[Wish], zone: str) -> None:
    free = [wish for wish in some if wish.before is None and wish.urgency is not Urgency.NOW]
    found = slots(free, Reader(zone))
    moments: dict[date, set[datetime]] = defaultdict(set)
    for moment in found.values():
        moments[moment.astimezone(ZoneInfo(zone)).date()].add(moment)
    assert all(len(one) == 1 for one in moments.values())
    weeks: dict[tuple[int, int], int] = defaultdict(int)
    for day in moments:
        weeks[day.isocalendar()[:2]] += 1
    # The last days of a week may have nowhere to go: then they are what they are.
    assert all(count <= 5 for count in weeks.values())


@given(MOMENTS, ZONES)
def test_forward_is_never_back_and_back_is_never_forward(moment: datetime, zone: str) -> None:
    assert daytime(moment, zone) >= moment
    assert daytime_before(moment, zone) <= moment + timedelta(hours=12)
    for moved in (daytime(moment, zone), daytime_before(moment, zone)):
        assert moved.astimezone(ZoneInfo(zone)).weekday() < 5
        assert time(8) <= moved.astimezone(ZoneInfo(zone)).time() < time(20)
