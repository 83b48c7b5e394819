"""The `when` language: what it says, what it refuses, and that nothing is lost on the way back to text."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.when import (
    MORNING,
    Anchor,
    Duration,
    Unit,
    When,
    WhenError,
    WhenKind,
    parse_clock,
    parse_duration,
    parse_when,
)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("day 0", When(WhenKind.DAY, day=0, at=MORNING)),
        ("day 14 at 10:30", When(WhenKind.DAY, day=14, at=time(10, 30))),
        ("day 14 unless vault.shared", When(WhenKind.DAY, day=14, at=MORNING, unless="vault.shared")),
        ("accepted", When(WhenKind.ANCHOR, anchor=Anchor.ACCEPTED)),
        ("session end", When(WhenKind.ANCHOR, anchor=Anchor.SESSION_END)),
        ("kickoff", When(WhenKind.ANCHOR, anchor="kickoff")),
        (
            "2d before next session",
            When(WhenKind.ANCHOR, anchor=Anchor.NEXT_SESSION, offset=Duration(Unit.DAYS, 2), sign=-1),
        ),
        (
            "90d  after graduation",
            When(WhenKind.ANCHOR, anchor=Anchor.GRADUATION, offset=Duration(Unit.DAYS, 90), sign=1),
        ),
        (
            "30m after session end unless call.held",
            When(
                WhenKind.ANCHOR,
                anchor=Anchor.SESSION_END,
                offset=Duration(Unit.MINUTES, 30),
                sign=1,
                unless="call.held",
            ),
        ),
        (
            "1w before kickoff",
            When(WhenKind.ANCHOR, anchor="kickoff", offset=Duration(Unit.WEEKS, 1), sign=-1),
        ),
        ("after why-it-pays", When(WhenKind.ITEM, item="why-it-pays")),
        ("on vault.signed_in", When(WhenKind.EVENT, event="vault.signed_in")),
        ("on trial.began unless Paid", When(WhenKind.EVENT, event="trial.began", unless="Paid")),
    ],
)
def test_each_form_of_the_page_is_understood(text: str, meaning: When) -> None:
    assert parse_when(text) == meaning


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "anchors are start, close"),
        ("tomorrow at noon", "anchors are start, close"),
        ("day", 'such as "day 14"'),
        ("day two", 'such as "day 14"'),
        ("day -3", "from 0 (the start) on"),
        ("day 3 at 25:00", 'a time of day such as "16:00"'),
        ("day 3 at", 'such as "day 14"'),
        ("day 3 10:00", 'such as "day 14"'),
        ("1y after start", 'such as "30m", "2h", "1d" or "2w"'),
        ("0d after start", 'such as "30m", "2h", "1d" or "2w"'),
        ("soon after session", 'such as "30m", "2h", "1d" or "2w"'),
        ("1d after the party", "anchors are start, close"),
        ("after graduation", '"1d after graduation"'),
        ("after", '"after why-it-pays"'),
        ("on", '"on vault.shared"'),
        ("on two events", '"on vault.shared"'),
        ("day 3 unless", '"day 14 unless vault.shared"'),
        ("day 3 unless two events", '"day 14 unless vault.shared"'),
    ],
)
def test_what_is_not_of_the_language_is_refused_with_an_example(text: str, expected: str) -> None:
    with pytest.raises(WhenError) as caught:
        parse_when(text)
    assert expected in str(caught.value)


def test_only_a_sessions_key_names_a_session() -> None:
    assert parse_when("1d after kickoff").names_session
    assert not parse_when("1d after session").names_session
    assert not parse_when("day 3").names_session


def test_a_personal_time_differs_from_person_to_person() -> None:
    assert [parse_when(text).is_personal for text in ("2d after accepted", "after quiz", "on a.b")] == [True] * 3
    assert [parse_when(text).is_personal for text in ("day 3", "graduation", "kickoff")] == [False] * 3


def test_durations_and_clocks_stand_alone_too() -> None:
    assert parse_duration("14d") == Duration(Unit.DAYS, 14)
    assert parse_duration("2 w") == Duration(Unit.WEEKS, 2)
    assert parse_clock("9:05") == time(9, 5)
    with pytest.raises(WhenError, match="a duration such as"):
        parse_duration("two weeks")
    with pytest.raises(WhenError, match="a time of day such as"):
        parse_clock("4 pm")


KEYS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,9}", fullmatch=True)
EVENTS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.]{0,9}", fullmatch=True)
CLOCKS = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))
DURATIONS = st.builds(Duration, st.sampled_from(Unit), st.integers(1, 999))
ANCHORS = st.sampled_from(Anchor) | KEYS.filter(lambda key: key not in {*Anchor, "day", "after", "on"})
WHENS = st.one_of(
    st.builds(When, st.just(WhenKind.DAY), day=st.integers(0, 999), at=CLOCKS, unless=st.none() | EVENTS),
    st.builds(When, st.just(WhenKind.ANCHOR), anchor=ANCHORS, unless=st.none() | EVENTS),
    st.builds(
        When,
        st.just(WhenKind.ANCHOR),
        anchor=ANCHORS,
        offset=DURATIONS,
        sign=st.sampled_from([-1, 1]),
        unless=st.none() | EVENTS,
    ),
    st.builds(When, st.just(WhenKind.ITEM), item=KEYS.filter(lambda key: key not in set(Anchor))),
    st.builds(When, st.just(WhenKind.EVENT), event=EVENTS, unless=st.none() | EVENTS),
)


@given(WHENS)
def test_a_when_written_and_read_again_is_the_same(when: When) -> None:
    assert parse_when(str(when)) == when


@given(st.text(max_size=40) | st.text(alphabet="day after before on unless session 12:hmdw", max_size=40))
def test_any_text_is_a_when_or_refused_in_one_line(text: str) -> None:
    try:
        when = parse_when(text)
    except WhenError as error:
        assert str(error).startswith("expected ")
        assert len(str(error).splitlines()) == 1
    else:
        assert parse_when(str(when)) == when
