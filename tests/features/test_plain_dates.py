from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.plain_dates import NotADate, Reason, day_first, leading_moment, read_duration, read_moment

BERLIN = "Europe/Berlin"
TUESDAY_AT_TEN = "2026-11-24 10:00"


def on(wall: str, zone: str) -> datetime:
    return datetime.strptime(wall, "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def heard(text: str, *languages: str, now: str = TUESDAY_AT_TEN, zone: str = BERLIN, day_first: bool = True) -> str:
    """What the clock of `zone` shows at the moment understood."""
    understood = read_moment(
        text, now=on(now, zone), zone=zone, languages=languages or ("en",), locale_day_first=day_first
    )
    assert understood.moment.tzinfo is UTC
    assert understood.text == text
    return understood.moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


def refusal(text: str, *languages: str, now: str = TUESDAY_AT_TEN, zone: str = BERLIN) -> tuple[Reason, str | None]:
    with pytest.raises(NotADate) as refused:
        read_moment(text, now=on(now, zone), zone=zone, languages=languages or ("en",))
    assert len(str(refused.value)) < 100
    return refused.value.reason, refused.value.word


@pytest.mark.parametrize("zone", [BERLIN, "America/New_York", "Asia/Kathmandu", "Pacific/Auckland", "UTC"])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("tue 16:00", "2026-11-24 16:00"),
        ("TUESDAY 16:00", "2026-11-24 16:00"),
        ("Tue., 9:00", "2026-12-01 09:00"),
        ("this tuesday 16:00", "2026-11-24 16:00"),
        ("next tuesday 16:00", "2026-12-01 16:00"),
        ("next fri 16:00", "2026-11-27 16:00"),
        ("tue next week 16:00", "2026-12-01 16:00"),
        ("next week at noon", "2026-12-01 12:00"),
        ("mo 10:00", "2026-11-30 10:00"),
        ("thurs 4pm", "2026-11-26 16:00"),
        ("tue @ 4 p.m.", "2026-11-24 16:00"),
        ("tue at 16", "2026-11-24 16:00"),
        ("12:30 am tomorrow", "2026-11-25 00:30"),
        ("12pm tomorrow", "2026-11-25 12:00"),
        ("16h30", "2026-11-24 16:30"),
        ("09:59", "2026-11-25 09:59"),
        ("today 10:01", "2026-11-24 10:01"),
        ("tomorrow 9am", "2026-11-25 09:00"),
        ("in 2 weeks", "2026-12-08 10:00"),
        ("in 2 weeks at 16:00", "2026-12-08 16:00"),
        ("in a week", "2026-12-01 10:00"),
        ("in 1h30m", "2026-11-24 11:30"),
        ("in 90 minutes", "2026-11-24 11:30"),
        ("in 1 day 2 hours", "2026-11-25 12:00"),
        ("in 3 months", "2027-02-24 10:00"),
        ("2026-12-01 16:00", "2026-12-01 16:00"),
        ("2026-12-01T16:00", "2026-12-01 16:00"),
        ("1.12. 16:00", "2026-12-01 16:00"),
        ("1.12.26 16:00", "2026-12-01 16:00"),
        ("3 Dec 4:30pm", "2026-12-03 16:30"),
        ("Dec 3 16:00", "2026-12-03 16:00"),
        ("December 3rd, 2026, 16:00", "2026-12-03 16:00"),
        ("on the 3rd of December at 16:00", "2026-12-03 16:00"),
        ("thu 3 dec 16:00", "2026-12-03 16:00"),
        ("may 5 10:00", "2027-05-05 10:00"),
        ("23 Nov 16:00", "2027-11-23 16:00"),
        ("24 Nov 16:00", "2026-11-24 16:00"),
        ("24 Nov 9:00", "2027-11-24 09:00"),
        ("29 feb 10:00", "2028-02-29 10:00"),
        ("２０２６-12-01 16:00", "2026-12-01 16:00"),
    ],
)
def test_plain_english_on_a_tuesday_at_ten(text: str, shown: str, zone: str) -> None:
    assert heard(text, zone=zone) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Dienstag um 16 Uhr", "2026-11-24 16:00"),
        ("Dienstag um 16 Uhr 30", "2026-11-24 16:30"),
        ("am Dienstag um 9", "2026-12-01 09:00"),
        ("nächsten Dienstag 16:00", "2026-12-01 16:00"),
        ("NÄCHSTEN DIENSTAG 16:00", "2026-12-01 16:00"),
        ("kommenden Freitag 16.30 Uhr", "2026-11-27 16:30"),
        ("diesen Dienstag 16:00", "2026-11-24 16:00"),
        ("Dienstag nächste Woche 16:00", "2026-12-01 16:00"),
        ("Di 16:00", "2026-11-24 16:00"),
        ("Mo., 30.11., 9:15", "2026-11-30 09:15"),
        ("heute 16 Uhr", "2026-11-24 16:00"),
        ("morgen mittag", "2026-11-25 12:00"),
        ("übermorgen 9:00", "2026-11-26 09:00"),
        ("1.12. 16 Uhr", "2026-12-01 16:00"),
        ("am 3. Dezember um 16 Uhr", "2026-12-03 16:00"),
        ("3. März 2027 16:00", "2027-03-03 16:00"),
        ("in zwei Wochen", "2026-12-08 10:00"),
        ("in einer Woche um 9 Uhr", "2026-12-01 09:00"),
        ("in 3 Tagen um 16:00", "2026-11-27 16:00"),
        ("in 1 Stunde 30 Minuten", "2026-11-24 11:30"),
        ("12:00 am Dienstag", "2026-11-24 12:00"),
    ],
)
def test_plain_german_on_a_tuesday_at_ten(text: str, shown: str) -> None:
    assert heard(text, "de") == shown


@pytest.mark.parametrize("text", ["tue 16:00", "Dienstag 16 Uhr", "16:00 am Dienstag", "dienstag at 4pm"])
def test_a_house_of_two_languages_understands_both(text: str) -> None:
    assert heard(text, "en", "de") == "2026-11-24 16:00"


@pytest.mark.parametrize(("text", "language"), [("mardi prochain à 16h30", "fr"), ("martes a las 16:30", "es")])
def test_other_languages_bring_their_own_words(text: str, language: str) -> None:
    assert heard(text, language, now="2026-11-25 10:00") == "2026-12-01 16:30"


def test_languages_are_configured_and_never_guessed() -> None:
    assert refusal("Dienstag 16:00", "en") == (Reason.WORD, "Dienstag")
    assert refusal("tuesday 16:00", "de") == (Reason.WORD, "tuesday")
    assert refusal("die 16:00", "de") == (Reason.WORD, "die")


def test_today_counts_while_it_is_still_ahead() -> None:
    assert heard("tue 16:00", now="2026-11-24 15:59") == "2026-11-24 16:00"
    assert heard("tue 16:00", now="2026-11-24 16:00") == "2026-12-01 16:00"
    assert heard("tue 16:00", now="2026-11-24 17:00") == "2026-12-01 16:00"


def test_today_is_the_day_where_the_speaker_lives() -> None:
    now = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)  # Wednesday noon in Auckland
    understood = read_moment("tomorrow 9am", now=now, zone="Pacific/Auckland")
    assert understood.moment == on("2026-11-26 09:00", "Pacific/Auckland")


@pytest.mark.parametrize(
    ("text", "first", "shown"),
    [
        ("3/4 10:00", True, "2027-04-03 10:00"),
        ("3/4 10:00", False, "2027-03-04 10:00"),
        ("12/25 10:00", False, "2026-12-25 10:00"),
        ("25/12 10:00", False, "2026-12-25 10:00"),
        ("12/25/2026 10:00", True, "2026-12-25 10:00"),
        ("3.4. 10:00", False, "2027-04-03 10:00"),
    ],
)
def test_whether_the_day_or_the_month_comes_first_is_the_locales(text: str, first: bool, shown: str) -> None:
    assert heard(text, day_first=first) == shown


def test_only_the_united_states_put_the_month_first() -> None:
    assert not day_first("en-US")
    assert not day_first("en_us")
    assert all(map(day_first, ["en", "en-GB", "de", "de-AT"]))


def test_a_day_without_a_time_takes_the_usual_one() -> None:
    now = on(TUESDAY_AT_TEN, BERLIN)
    for text, shown in [("friday", "2026-11-27"), ("tuesday", "2026-11-24"), ("in 2 weeks", "2026-12-08")]:
        understood = read_moment(text, now=now, zone=BERLIN, default_time=time(18, 30))
        assert understood.moment == on(f"{shown} 18:30", BERLIN)
    midnight = read_moment("friday", now=now, zone=BERLIN, default_time=time(0, 0))
    assert midnight.moment == on("2026-11-27 00:00", BERLIN)
    assert refusal("friday") == (Reason.NO_CLOCK, None)


def test_a_time_that_the_clock_skips_goes_forward_and_one_it_shows_twice_is_the_first() -> None:
    now = "2027-03-01 10:00"
    assert heard("2027-03-28 02:30", now=now) == "2027-03-28 03:30"
    twice = read_moment("2027-10-31 02:30", now=on(now, BERLIN), zone=BERLIN)
    assert twice.moment == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


def test_weeks_are_the_calendars_and_hours_elapse() -> None:
    before_the_change = "2027-03-27 10:00"
    assert heard("in 1 day", now=before_the_change) == "2027-03-28 10:00"
    assert heard("in 24 hours", now=before_the_change) == "2027-03-28 11:00"


def test_a_month_from_the_last_of_january_is_the_last_of_february() -> None:
    assert heard("in 1 month", now="2027-01-31 10:00") == "2027-02-28 10:00"


@pytest.mark.parametrize(
    ("text", "reason", "word"),
    [
        ("", Reason.EMPTY, None),
        ("  ,  ", Reason.EMPTY, None),
        ("x" * 10_000, Reason.LONG, None),
        ("tue " * 2_500, Reason.LONG, None),
        ("soonish", Reason.WORD, "soonish"),
        ("tuesday maybe", Reason.WORD, "maybe"),
        ("Maybe, tuesday 16:00", Reason.WORD, "Maybe"),
        ("every tuesday 16:00", Reason.WORD, "every"),
        ("tue 16:00 UTC", Reason.WORD, "UTC"),
        ("about tue 16:00", Reason.WORD, "about"),
        ("before 16:00", Reason.WORD, "before"),
        ("tuesday morning", Reason.WORD, "morning"),
        ("🎉", Reason.WORD, "🎉"),
        ("tue 16:00 🎉", Reason.WORD, "🎉"),
        ("tue\x0016:00", Reason.WORD, "tue\x0016:00"),
        ("tue 4", Reason.WORD, "4"),
        ("tue at 4", Reason.WORD, "4"),
        ("tue 16:00 the", Reason.WORD, "the"),
        ("tue at", Reason.WORD, "at"),
        ("in", Reason.WORD, "in"),
        ("in 2", Reason.WORD, "2"),
        ("2 weeks", Reason.WORD, "2"),
        ("3 days ago", Reason.WORD, "3"),
        ("next", Reason.WORD, "next"),
        ("next month", Reason.WORD, "next"),
        ("tue wed 16:00", Reason.WORD, "wed"),
        ("tue 16:00 17:00", Reason.WORD, "17:00"),
        ("16-17", Reason.WORD, "16-17"),
        ("٣ dec 16:00", Reason.WORD, "٣"),
        ("25:00", Reason.IMPOSSIBLE, "25:00"),
        ("tue 16:60", Reason.IMPOSSIBLE, "16:60"),
        ("tue 13pm", Reason.IMPOSSIBLE, "13 pm"),
        ("32.13.", Reason.IMPOSSIBLE, "32.13."),
        ("30 feb 10:00", Reason.IMPOSSIBLE, "30 feb"),
        ("29.2.2027 10:00", Reason.IMPOSSIBLE, "29.2.2027"),
        ("0000-00-00 00:00", Reason.IMPOSSIBLE, "0000-00-00"),
        ("in 9999 months 10:00 in 1 day", Reason.WORD, "in"),
        ("wed 1.12. 10:00", Reason.CONFLICT, "wed"),
        ("tomorrow in 2 weeks", Reason.CONFLICT, None),
        ("tue in 2 weeks", Reason.CONFLICT, None),
        ("in 2 hours at 16:00", Reason.CONFLICT, None),
        ("this week 16:00", Reason.NO_DAY, None),
        ("2026-11-24 10:00", Reason.PAST, None),
        ("today 9:00", Reason.PAST, None),
        ("yesterday 9am", Reason.PAST, None),
        ("1.12.2020 10:00", Reason.PAST, None),
        ("in 0 days", Reason.PAST, None),
    ],
)
def test_what_is_not_understood_in_every_word_is_refused(text: str, reason: Reason, word: str | None) -> None:
    assert refusal(text) == (reason, word)


def test_midnight_in_one_language_and_noon_in_the_other_is_refused() -> None:
    assert refusal("12:00 am Dienstag", "en", "de") == (Reason.WORD, "am")


def test_a_moment_beyond_the_calendar_is_refused() -> None:
    assert refusal("9999-12-31 23:00", zone="America/New_York")[0] is Reason.IMPOSSIBLE


WORDS = (
    "tue 16:00 in 2 weeks next at 4 pm 1.12. dec of the noon 3rd @ h am um uhr morgen 2026 9999-12-31 "
    "mo may month , 1/2 16.30 this week 30 99:99 o'clock"
)


@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(WORDS.split()), max_size=8).map(" ".join)))
def test_whatever_is_typed_is_a_moment_to_come_or_refused(text: str) -> None:
    now = on(TUESDAY_AT_TEN, BERLIN)
    for languages in (("en",), ("de",), ("en", "de")):
        try:
            assert read_moment(text, now=now, zone=BERLIN, languages=languages).moment > now
        except NotADate as refused:
            assert refused.text == text


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("2w", timedelta(weeks=2)),
        ("3 days", timedelta(days=3)),
        ("1 week", timedelta(weeks=1)),
        ("a week", timedelta(weeks=1)),
        ("90 minutes", timedelta(minutes=90)),
        ("90m", timedelta(minutes=90)),
        ("1h30m", timedelta(minutes=90)),
        ("1 Hour, 30 min", timedelta(minutes=90)),
    ],
)
def test_durations(text: str, duration: timedelta) -> None:
    assert read_duration(text) == duration


def test_durations_in_german() -> None:
    assert read_duration("zwei Wochen", languages=["de"]) == timedelta(weeks=2)
    assert read_duration("90m", languages=["de"]) == timedelta(minutes=90)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "week",
        "2",
        "2 2 days",
        "soon",
        "-2 days",
        "0 days",
        "1 month",
        "2 days 3 days",
        "2 days maybe",
        "99999 days",
        "2w" * 200,
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(NotADate):
        read_duration(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("tue 16:00 Set out", 2),
        ("tue 16:00 60", 2),
        ("tue 16:00 The big start", 2),
        ("tue 25:00 and on", 2),
        ("in 2 weeks May we begin", 3),
        ("December 3rd, 2026 16:00 x", 4),
        ("soonish", 0),
        ("", 0),
        ("2 tue", 0),
    ],
)
def test_a_moment_ends_where_the_words_stop_making_sense(text: str, count: int) -> None:
    assert leading_moment(text.split()) == count
