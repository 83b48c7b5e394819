"""Conducting a live session: each step of its show, with what people are told of it.

The room has one stage message that changes in place; whoever conducts has a desk, private, that changes with it. What
begins with a segment (rounds, polls, the question at the end) begins here, and ends when the segment does.
"""

from datetime import datetime, timedelta

from cohorts import conductor, draws, hosting, outbox, rounds, segments, sessions, stage, touchpoints
from cohorts.cohort import Cohort
from cohorts.conductor import LineState, Show
from cohorts.errors import Refused
from cohorts.program_kinds import SegmentKind
from cohorts.program_parts import Segment
from cohorts.sessions import Session
from cohorts.store import Db

PAIR_NOW = 8  # minutes of a round that nobody planned

# Steps.


def start(
    db: Db, cohort: Cohort, session: Session, *, now: datetime, due: datetime | None = None, on_time: bool = False
) -> None:
    """The stage, the desks, and the first segment. A room takes one message a second: the stage comes first."""
    show = conductor.begin(db, cohort, session, now=now)
    if show is None:
        return
    if on_time:
        conductor.win_back(db, show, session, now=now, at_once=True)
    stage.post(db, cohort, session, show, now=now, due=due)
    for person in hosting.conductors(db, cohort, session):
        stage.give_desk(db, cohort, session, show, person, now=now, due=due)
    segments.begin(db, cohort, session, show, now=now, due=(due or now) + timedelta(seconds=1))
    _shown(db, cohort, session, show, now=now)


def go_on(db: Db, cohort: Cohort, session: Session, show: Show, *, now: datetime) -> None:
    _leave(db, cohort, session, show, now=now)


def skip(db: Db, cohort: Cohort, session: Session, show: Show, *, now: datetime) -> None:
    """What is on is left out; nobody counts it as held."""
    _leave(db, cohort, session, show, now=now, left_out=True)


def _leave(db: Db, cohort: Cohort, session: Session, show: Show, *, now: datetime, left_out: bool = False) -> None:
    line = conductor.current(show)
    if line is None:
        raise Refused("conductor/all-over", title=session.title)
    segments.end(db, cohort, session, show, line, now=now)
    conductor.leave(db, show, at=now, left_out=left_out)
    segments.begin(db, cohort, session, show, now=now)
    _shown(db, cohort, session, show, now=now)


def catch_up(db: Db, cohort: Cohort, session: Session, show: Show, *, now: datetime) -> None:
    """The segment's time is over. Segments that went by while nobody was awake are left out, whole."""
    line = conductor.current(show)
    if line is None or show.paused_at is not None or conductor.ends_at(show, now) > now:
        return
    segments.end(db, cohort, session, show, line, now=now)
    conductor.leave(db, show, at=conductor.ends_at(show, now))
    while (line := conductor.current(show)) is not None and conductor.ends_at(show, now) <= now:
        conductor.leave(db, show, at=conductor.ends_at(show, now), left_out=True)
    segments.begin(db, cohort, session, show, now=now)
    _shown(db, cohort, session, show, now=now)


def back(db: Db, cohort: Cohort, session: Session, show: Show, *, now: datetime) -> None:
    line = conductor.current(show)
    if show.place == 0:
        raise Refused("conductor/first", title=session.title)
    if line is not None:
        segments.end(db, cohort, session, show, line, now=now)
    conductor.back(db, show, now=now)
    segments.begin(db, cohort, session, show, now=now)
    _shown(db, cohort, session, show, now=now)


def extend(db: Db, cohort: Cohort, session: Session, show: Show, *, now: datetime) -> None:
    conductor.extend(db, show, now=now)
    segments.retime(db, cohort, session, show, now=now)
    _shown(db, cohort, session, show, now=now)


def pause(db: Db, cohort: Cohort, session: Session, show: Show, *, now: datetime) -> None:
    if conductor.current(show) is None:
        raise Refused("conductor/all-over", title=session.title)
    conductor.pause(db, show, now=now)
    segments.retime(db, cohort, session, show, now=now)
    _shown(db, cohort, session, show, now=now)


def resume(db: Db, cohort: Cohort, session: Session, show: Show, *, now: datetime) -> None:
    conductor.resume(db, show, now=now)
    segments.retime(db, cohort, session, show, now=now)
    _shown(db, cohort, session, show, now=now)


def put_next(db: Db, cohort: Cohort, session: Session, show: Show, place: int, *, now: datetime) -> None:
    conductor.put_next(db, show, place)
    _shown(db, cohort, session, show, now=now)


def win_back(db: Db, cohort: Cohort, session: Session, show: Show, *, now: datetime) -> None:
    if not conductor.win_back(db, show, session, now=now):
        raise Refused("conductor/nothing-to-shorten", title=session.title)
    _shown(db, cohort, session, show, now=now)


def pair_now(db: Db, cohort: Cohort, session: Session, show: Show, *, now: datetime) -> None:
    """What is on is over, and people talk in pairs that nobody planned."""
    if not rounds.enough(db, cohort, session):
        raise Refused("conductor/too-few", title=session.title)
    line = conductor.current(show)
    if line is not None:
        segments.end(db, cohort, session, show, line, now=now)
    prompt = line.segment.prompt if line is not None and line.segment.kind not in conductor.IN_GROUPS else ""
    pairs = Segment(kind=SegmentKind.PAIR_SHARE, minutes=PAIR_NOW, prompt=prompt)
    conductor.insert_now(db, show, pairs, now=now)
    segments.begin(db, cohort, session, show, now=now)
    _shown(db, cohort, session, show, now=now)


def finish(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> None:
    """The session is over: whatever was on ends with it, and stage and desks say so."""
    show = conductor.of(db, session)
    if show is None:
        return
    if (line := conductor.current(show)) is not None:
        segments.end(db, cohort, session, show, line, now=now)
        conductor.leave(db, show, at=now)
        while conductor.current(show) is not None:
            conductor.leave(db, show, at=now, left_out=True)
    conductor.moved(show, db)
    _shown(db, cohort, session, show, now=now)


def _shown(db: Db, cohort: Cohort, session: Session, show: Show, *, now: datetime) -> None:
    """Stage and desks as they are now. What has not left yet of how they were says nothing any more."""
    outbox.withdraw(db, show.about, reason="moved on since")
    stage.redraw(db, cohort, session, show, now=now)
    touchpoints.reconcile(db, cohort, now=now, of=conductor.TOUCHPOINTS)


def plan_ahead(db: Db, *, now: datetime, beyond: int = draws.LIVE) -> int:
    """The next round of every large cohort that is meeting, or is about to; how many were planned. Reads only."""
    planned = 0
    for session in sessions.beginning(db, now=now):
        cohort, show = db.get_one(Cohort, session.cohort_id), conductor.of(db, session)
        if sessions.is_expected(cohort):
            coming = conductor.to_come(show) if show is not None else ()
            plan = [one.segment for one in coming] if show is not None else conductor.plan_of(cohort, session)
            pairs = Segment(kind=SegmentKind.PAIR_SHARE, minutes=PAIR_NOW)
            segment = next((one for one in plan if one.kind in conductor.IN_GROUPS), pairs)
            planned += rounds.foresee(db, cohort, session, segment, beyond=beyond)
    return planned


# What came of it.


def planned_for_attendees(show: Show) -> float:
    """The share of the planned minutes that are the attendees' own, from 0 to 1; planned, and not what came of it."""
    minutes = [(one.segment.minutes, one.segment.kind.is_attendees_time) for one in show.lines]
    return sum(length for length, theirs in minutes if theirs) / max(1, sum(length for length, _ in minutes))


def held_by_attendees(show: Show) -> int:
    """Minutes that attendees' own segments really lasted."""
    held = (one for one in show.lines if one.state is LineState.HELD and one.segment.kind.is_attendees_time)
    return sum(one.spent for one in held) // 60
