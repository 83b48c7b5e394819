"""The show of a live session as a state machine: pure moves on one row, with the times that follow from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts import conductor
from cohorts.conductor import Line, LineState, Show
from cohorts.errors import Refused
from cohorts.program_kinds import SegmentKind
from cohorts.program_parts import Segment
from cohorts.sessions import Session, SessionState
from cohorts.store import Db

NOON = datetime(2027, 1, 11, 12, 0, tzinfo=UTC)
PLAN = (
    Segment(kind=SegmentKind.PAIR_SHARE, minutes=10),
    Segment(kind=SegmentKind.POLL, minutes=5, prompt="Where?", choices=("Here", "There"), steers="dig"),
    Segment(kind=SegmentKind.TEACH, minutes=8),
    Segment(kind=SegmentKind.WORK, minutes=20, slot="dig", options={"Here": "Dig here."}, flexible=True),
    Segment(kind=SegmentKind.REFLECTION, minutes=5),
)


class Flushed:
    """A database of which only `flush` is needed: the machine changes one row, and the row is in hand."""

    def flush(self) -> None:
        pass


DB: Db = Flushed()  # type: ignore[assignment]


@pytest.fixture
def show() -> Show:
    return begun()


def begun() -> Show:
    made = Show(session_id=1, began_at=NOON, rundown=[], place=0, revision=0)
    made.keep([Line(segment) for segment in PLAN])
    made.change(0, state=LineState.ON)
    return made


def hour(minutes: int = 48) -> Session:
    return Session(cohort_id=1, key="one", title="One", starts_at=NOON, minutes=minutes, state=SessionState.LIVE, id=1)


def after(**time: float) -> datetime:
    return NOON + timedelta(**time)


def test_each_segment_follows_the_one_before_until_all_are_over(show: Show) -> None:
    for place in range(len(PLAN)):
        assert show.place == place and conductor.current(show) is not None
        conductor.leave(DB, show, at=conductor.ends_at(show, NOON))
    assert conductor.current(show) is None and conductor.leave(DB, show, at=after(hours=1)) is None
    assert [line.state for line in show.lines] == [LineState.HELD] * 5
    assert [line.spent // 60 for line in show.lines] == [10, 5, 8, 20, 5]


def test_what_is_left_out_is_not_held(show: Show) -> None:
    conductor.leave(DB, show, at=after(minutes=2), left_out=True)
    assert show.lines[0].state is LineState.LEFT_OUT and show.lines[0].spent == 120


def test_back_gives_a_segment_all_its_time_again_and_keeps_what_follows(show: Show) -> None:
    assert not conductor.back(DB, show, now=NOON)
    conductor.leave(DB, show, at=after(minutes=10))
    assert conductor.back(DB, show, now=after(minutes=12))
    assert conductor.ends_at(show, NOON) == after(minutes=22)
    assert [line.state for line in show.lines[1:]] == [LineState.TO_COME] * 4


def test_two_minutes_more_are_two_minutes_more_also_when_time_is_up(show: Show) -> None:
    conductor.extend(DB, show, now=after(minutes=3))
    assert conductor.ends_at(show, NOON) == after(minutes=12)
    conductor.extend(DB, show, now=after(minutes=20))
    assert conductor.ends_at(show, NOON) == after(minutes=22)


def test_more_time_after_everything_reopens_the_last(show: Show) -> None:
    for _ in PLAN:
        conductor.leave(DB, show, at=after(minutes=48))
    conductor.extend(DB, show, now=after(minutes=50))
    assert conductor.current(show) is not None and conductor.ends_at(show, NOON) == after(minutes=52)


def test_while_it_is_paused_no_time_goes_by(show: Show) -> None:
    conductor.pause(DB, show, now=after(minutes=4))
    assert conductor.ends_at(show, after(minutes=34)) - after(minutes=34) == timedelta(minutes=6)
    conductor.resume(DB, show, now=after(minutes=34))
    assert conductor.ends_at(show, after(minutes=34)) == after(minutes=40)


def test_what_is_to_come_can_be_put_in_another_order_and_nothing_else(show: Show) -> None:
    conductor.put_next(DB, show, 3)
    assert [line.segment.kind.value for line in show.lines][:3] == ["pair_share", "work", "poll"]
    for place in (0, 5, -1):
        with pytest.raises(Refused):
            conductor.put_next(DB, show, place)


def test_pairs_at_once_come_between(show: Show) -> None:
    conductor.insert_now(DB, show, Segment(kind=SegmentKind.PAIR_SHARE, minutes=8), now=after(minutes=4))
    line = conductor.current(show)
    assert line is not None and line.segment.minutes == 8 and len(show.lines) == 6
    assert show.lines[0].state is LineState.HELD


def test_late_is_what_the_rest_takes_beyond_the_end(show: Show) -> None:
    assert conductor.is_late(show, hour(), NOON) == timedelta()
    conductor.extend(DB, show, timedelta(minutes=6), now=NOON)
    assert conductor.is_late(show, hour(), NOON) == timedelta(minutes=6)
    assert conductor.is_late(show, hour(), after(minutes=20)) == timedelta(minutes=10)  # it has run out, and stands


def test_minutes_are_won_back_from_flexible_segments_first_and_never_from_looking_back(show: Show) -> None:
    assert conductor.shortened(show, timedelta(minutes=6)) == [(3, 6)]
    assert conductor.shortened(show, timedelta(minutes=20)) == [(2, 3), (3, 17)]
    everything = dict(conductor.shortened(show, timedelta(minutes=500)))
    assert everything == {1: 2, 2: 5, 3: 17}  # three minutes stay with each


def test_winning_back_ends_on_time(show: Show) -> None:
    session = hour()
    conductor.extend(DB, show, timedelta(minutes=6), now=NOON)
    assert conductor.win_back(DB, show, session, now=NOON) == 6
    assert conductor.closes_at(show, NOON) == session.ends_at
    assert conductor.win_back(DB, show, session, now=NOON) == 0


def test_a_polls_winner_becomes_the_prompt_of_its_slot(show: Show) -> None:
    assert not conductor.steer(DB, show, "dig", "There")
    assert conductor.steer(DB, show, "dig", "Here")
    assert show.lines[3].segment.prompt == "Dig here." and show.lines[3].why == "Here"


def test_a_press_on_an_old_desk_or_after_the_end_is_refused_in_a_sentence(show: Show) -> None:
    session = hour()
    conductor.check(show, session, 0)
    conductor.pause(DB, show, now=NOON)
    with pytest.raises(Refused, match="conductor/moved-on"):
        conductor.check(show, session, 0)
    session.state = SessionState.HELD
    with pytest.raises(Refused, match="conductor/closed"):
        conductor.check(show, session, show.revision)


MOVES = ("leave", "skip", "back", "extend", "pause", "resume", "next-last", "pair", "win")


@given(st.lists(st.tuples(st.sampled_from(MOVES), st.integers(0, 900)), max_size=30))
def test_whatever_is_pressed_one_segment_at_most_is_on_and_nothing_is_lost(pressed: list[tuple[str, int]]) -> None:
    show, now = begun(), NOON
    kinds = sorted(one.kind for one in PLAN)
    for move, seconds in pressed:
        now, before = now + timedelta(seconds=seconds), show.revision
        match move:
            case "leave" | "skip":
                conductor.leave(DB, show, at=now, left_out=move == "skip")
            case "back":
                conductor.back(DB, show, now=now)
            case "extend":
                conductor.extend(DB, show, now=now)
            case "pause":
                conductor.pause(DB, show, now=now)
            case "resume":
                conductor.resume(DB, show, now=now)
            case "next-last" if len(conductor.to_come(show)) > 1:
                conductor.put_next(DB, show, len(show.lines) - 1)
            case "pair":
                conductor.insert_now(DB, show, Segment(kind=SegmentKind.PAIR_SHARE, minutes=8), now=now)
                kinds = sorted([*kinds, SegmentKind.PAIR_SHARE])
            case "win":
                conductor.win_back(DB, show, hour(), now=now)
        on = [place for place, line in enumerate(show.lines) if line.state is LineState.ON]
        assert on == ([show.place] if show.place < len(show.lines) else [])
        assert sorted(line.segment.kind for line in show.lines) == kinds
        assert show.revision >= before and conductor.closes_at(show, now) >= now - timedelta(days=1)
        assert all(line.length >= timedelta() and line.spent >= 0 for line in show.lines)
