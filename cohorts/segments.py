"""What begins with a segment, and ends when it does: rounds in groups, polls, the question at the end."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from cohorts import (
    breakouts,
    calling,
    chatham,
    conductor,
    hosting,
    icebreakers,
    looking_back,
    poll_words,
    polls,
    results,
    rounds,
)
from cohorts.cohort import Cohort
from cohorts.conductor import Line, Show
from cohorts.errors import Invalid
from cohorts.polls import Poll
from cohorts.program_kinds import SegmentKind
from cohorts.sessions import Session
from cohorts.store import Db


def begin(db: Db, cohort: Cohort, session: Session, show: Show, *, now: datetime, due: datetime | None = None) -> None:
    """`due`: when the room is to hear of its groups, if not at once."""
    line = conductor.current(show)
    if line is None:
        return
    if line.segment.chatham_house:
        chatham.begin(db, session, now=now)
    if line.segment.kind in conductor.IN_GROUPS:
        detail: int | None = _round(db, cohort, session, show, line, now, due)
    else:
        start = _BEGIN.get(line.segment.kind)
        detail = start(db, cohort, session, show, line, now) if start is not None else None
    if detail is not None:
        show.change(show.place, detail=detail)
        db.flush()


def end(db: Db, cohort: Cohort, session: Session, show: Show, line: Line, *, now: datetime) -> None:
    if (stop := _END.get(line.segment.kind)) is not None:
        stop(db, cohort, session, show, line, now)
    if line.segment.chatham_house:
        chatham.end(db, cohort, session, now=now)


def _round(
    db: Db, cohort: Cohort, session: Session, show: Show, line: Line, now: datetime, due: datetime | None
) -> int | None:
    """Gone back to, people talk with others: those of before have been called back."""
    number = rounds.next_number(db, session)
    ends = conductor.ends_at(show, now)
    rounds.open_round(db, cohort, session, line.segment, number, ends=ends, now=now, due=due, ping=number == 1)
    return number


def _round_over(db: Db, cohort: Cohort, session: Session, show: Show, line: Line, now: datetime) -> None:
    breakout = breakouts.of_number(db, session, line.detail) if line.detail is not None else None
    if breakout is not None:
        rounds.close_round(db, cohort, session, breakout, now=now)


def _poll(db: Db, cohort: Cohort, session: Session, show: Show, line: Line, now: datetime) -> int | None:
    """Asked by itself, if it can be asked as it is written; one that whoever conducts has asked before is not."""
    asked = next((one for one in polls.all_of(db, cohort) if one.session_id == session.id and _is(one, line)), None)
    if asked is None:
        by = next(iter(hosting.conductors(db, cohort, session)), None)
        ends = conductor.ends_at(show, now)
        question = poll_words.question_of(line.segment.prompt, session.title)
        try:
            asked = polls.open_poll(db, cohort, question, line.segment.choices, by=by, now=now, ends=ends)
        except Invalid:
            return None  # the lint said so; "Poll" on the desk says what has to change
    return asked.id


def _is(poll: Poll, line: Line) -> bool:
    return poll.question == " ".join(line.segment.prompt.split())


def _poll_over(db: Db, cohort: Cohort, session: Session, show: Show, line: Line, now: datetime) -> None:
    """The winner opens what waits for it."""
    poll = db.get(Poll, line.detail) if line.detail is not None else None
    if poll is None:
        return
    result = polls.close(db, cohort, poll, now=now)
    if result.choice is not None and line.segment.steers:
        conductor.steer(db, show, line.segment.steers, poll.labels[result.choice])


def _ask_back(db: Db, cohort: Cohort, session: Session, show: Show, line: Line, now: datetime) -> None:
    looking_back.ask(db, cohort, session, now=now)


def _call_on(db: Db, cohort: Cohort, session: Session, show: Show, line: Line, now: datetime) -> None:
    """The first is called on; whoever conducts goes on from there."""
    if calling.next_up(db, cohort, session, now=now) is not None:
        calling.call(db, cohort, session, by=None, now=now, prompt=line.segment.prompt)


def _hot_seat(db: Db, cohort: Cohort, session: Session, show: Show, line: Line, now: datetime) -> int | None:
    if line.detail is not None:
        return line.detail
    member = calling.hot_seat(db, cohort, session, now=now)
    return member.id if member is not None else None


def _sum_up(db: Db, cohort: Cohort, session: Session, show: Show, line: Line, now: datetime) -> None:
    if calling.next_up(db, cohort, session, now=now) is not None:
        calling.ask_to_sum_up(db, cohort, session, now=now)


def _icebreaker(db: Db, cohort: Cohort, session: Session, show: Show, line: Line, now: datetime) -> None:
    if not line.segment.prompt:
        icebreakers.post(db, cohort, session, people=len(looking_back.there(db, cohort, session)), now=now)


def _results(db: Db, cohort: Cohort, session: Session, show: Show, line: Line, now: datetime) -> None:
    if line.segment.survey is not None:
        results.show(db, cohort, session, line.segment.survey, now=now)


_Begin = Callable[[Db, Cohort, Session, Show, Line, datetime], int | None]
_BEGIN: Mapping[SegmentKind, _Begin] = {
    SegmentKind.POLL: _poll,
    SegmentKind.REFLECTION: _ask_back,
    SegmentKind.CALL_ON: _call_on,
    SegmentKind.HOT_SEAT: _hot_seat,
    SegmentKind.SUMMARY: _sum_up,
    SegmentKind.ICEBREAKER: _icebreaker,
    SegmentKind.RESULTS: _results,
}
_END: Mapping[SegmentKind, Callable[[Db, Cohort, Session, Show, Line, datetime], None]] = {
    SegmentKind.PAIR_SHARE: _round_over,
    SegmentKind.BREAKOUT: _round_over,
    SegmentKind.POLL: _poll_over,
}


def retime(db: Db, cohort: Cohort, session: Session, show: Show, *, now: datetime) -> None:
    """What was begun with the segment ends with its new end."""
    line = conductor.current(show)
    if line is None or line.detail is None:
        return
    # While the clock stands still nobody is called back, and nothing closes.
    ends = conductor.ends_at(show, now) + (conductor.STANDSTILL if show.paused_at is not None else timedelta())
    if (
        line.segment.kind in conductor.IN_GROUPS
        and (breakout := breakouts.of_number(db, session, line.detail)) is not None
    ):
        rounds.extend_round(db, cohort, session, breakout, ends=ends, now=now)
    elif line.segment.kind is SegmentKind.POLL:
        polls.reschedule(db, cohort, db.get_one(Poll, line.detail), ends=ends, now=now)
