"""Laying out a cohort's sessions, scheduling more, moving and cancelling: every change is told, once."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col

from cohorts import audit, gatherings, guests, homework, outbox, touchpoints
from cohorts.attendance import Rsvp, rsvp_presses
from cohorts.cohort import Cohort, present, room_of
from cohorts.errors import Refused
from cohorts.facts import Fact
from cohorts.moments import session_starts
from cohorts.outbox import Press
from cohorts.people import Person
from cohorts.program_kinds import SessionKind
from cohorts.program_parts import SessionPlan
from cohorts.sessions import SESSION_LIFE, Session, SessionState, all_of, is_expected, standing, upcoming
from cohorts.shifting import Moves
from cohorts.states import advance
from cohorts.store import Db


def lay_out(db: Db, cohort: Cohort, *, now: datetime) -> list[Session]:
    """The program's sessions, at their times."""
    starts = session_starts(cohort.program, cohort.starts_on, cohort.zone)
    made = [_planned(db, cohort, plan, starts_at) for plan, starts_at in starts]
    db.flush()
    homework.lay_out(db, cohort, made)
    touchpoints.reconcile(db, cohort, now=now)
    return made


def enter(db: Db, cohort: Cohort, *, now: datetime) -> None:
    """All that is planned into the platform's calendar: when the cohort is launched."""
    for session in all_of(db, cohort):
        if session.state is SessionState.PLANNED and session.starts_at > now:
            enter_one(db, cohort, session, now=now)


def schedule(
    db: Db, cohort: Cohort, *, title: str, starts_at: datetime, minutes: int, by: Person, now: datetime
) -> Session:
    """One more session than the program has."""
    _ahead(starts_at, now)
    extra = sum(1 for session in all_of(db, cohort) if session.key.startswith("extra-")) + 1
    session = Session(
        cohort_id=cohort.id,
        key=f"extra-{extra}",
        title=title,
        starts_at=starts_at,
        minutes=minutes,
        place=cohort.program.place or "",
        kind=SessionKind.OFFICE_HOURS,
        changed_at=now,
    )
    db.add(session)
    db.flush()
    _tell_room(db, cohort, session, "sessions/scheduled", "scheduled", now=now, presses=rsvp_presses(session))
    enter_one(db, cohort, session, now=now)
    audit.record(db, by, "session/scheduled", now=now, session=session.id)
    touchpoints.reconcile(db, cohort, now=now)
    return session


def move(db: Db, cohort: Cohort, session: Session, starts_at: datetime, *, by: Person, now: datetime) -> None:
    move_all(db, cohort, [(session, starts_at)], by=by, now=now)


def move_all(db: Db, cohort: Cohort, moves: Moves, *, by: Person, now: datetime) -> None:
    """To other times, in one notice. The first is the one that was meant, the others go along with it.

    Inside a day before either time, old RSVPs say nothing any more and are asked for again.
    """
    for session, starts_at in moves:
        if session.state is not SessionState.PLANNED:
            raise Refused("sessions/cannot-move", title=session.title, state=session.state.value)
        _ahead(starts_at, now)
    first, was = moves[0][0], moves[0][0].starts_at
    for session, starts_at in moves:
        if min(session.starts_at, starts_at) - now <= timedelta(days=1):
            db.exec(sa.delete(Rsvp).where(col(Rsvp.session_id) == session.id))
        session.starts_at = starts_at
        _revise(db, session, now)
    homework.follow_sessions(db, cohort, now=now)
    along: list[Fact] = [{"title": one.title, "starts": one.starts_at} for one, _ in moves[1:]]
    _tell_room(db, cohort, first, "sessions/moved", "moved", now=now, presses=rsvp_presses(first), was=was, along=along)
    for session, _ in moves:
        guests.follow(db, cohort, session, now=now)
        enter_one(db, cohort, session, now=now)
        audit.record(db, by, "session/moved", now=now, session=session.id)
    touchpoints.reconcile(db, cohort, now=now)


def cancel(db: Db, cohort: Cohort, session: Session, *, by: Person, now: datetime) -> None:
    """Not to be held. The room hears an apology, and nothing more of this session."""
    session.state = advance(SESSION_LIFE, session.state, SessionState.CANCELLED, "sessions/cannot-cancel")
    _revise(db, session, now)
    homework.follow_sessions(db, cohort, now=now)
    following = upcoming(db, cohort, now=now)
    _tell_room(
        db,
        cohort,
        session,
        "sessions/cancelled",
        "cancelled",
        now=now,
        next_title=following.title if following else "",
        next_starts=following.starts_at if following else None,
    )
    guests.follow(db, cohort, session, now=now)
    enter_one(db, cohort, session, now=now)
    audit.record(db, by, "session/cancelled", now=now, session=session.id)
    touchpoints.reconcile(db, cohort, now=now)


def add(db: Db, cohort: Cohort, plan: SessionPlan, starts_at: datetime, *, now: datetime) -> Session:
    """A session that the program has only now."""
    session = _planned(db, cohort, plan, starts_at)
    session.changed_at = now
    db.flush()
    enter_one(db, cohort, session, now=now)
    return session


def _planned(db: Db, cohort: Cohort, plan: SessionPlan, starts_at: datetime) -> Session:
    session = Session(
        cohort_id=cohort.id,
        key=plan.key,
        title=plan.title,
        kind=plan.kind,
        starts_at=starts_at,
        minutes=plan.minutes,
        place=cohort.program.place or "",
    )
    db.add(session)
    return session


def renew(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> None:
    """It has another name, length or place: what was planned for it is planned again."""
    _revise(db, session, now)
    homework.follow_sessions(db, cohort, now=now)
    guests.follow(db, cohort, session, now=now)
    enter_one(db, cohort, session, now=now)


def call_off(db: Db, cohort: Cohort, *, now: datetime) -> None:
    """All that is still to come, without a word for each."""
    for session in standing(db, cohort):
        if session.state is SessionState.PLANNED:
            session.state = advance(SESSION_LIFE, session.state, SessionState.CANCELLED, "sessions/cannot-cancel")
            renew(db, cohort, session, now=now)


def enter_one(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> None:
    """Into the platform's calendar as it is now, or out of it; nothing before the launch."""
    if not is_expected(cohort):
        return
    gatherings.event(
        db,
        room_of(db, cohort),
        occasion=f"session:{session.id}",
        revision=f"{session.revision}.{session.plan_revision}" if session.plan_revision else session.revision,
        title=f"{cohort.name}: {session.title}",
        starts=session.starts_at,
        ends=session.ends_at,
        place=session.place,
        gone=session.state is SessionState.CANCELLED,
        now=now,
        about=session.about,
    )


def _ahead(starts_at: datetime, now: datetime) -> None:
    if starts_at <= now:
        raise Refused("sessions/in-the-past", starts=starts_at)


def _revise(db: Db, session: Session, now: datetime) -> None:
    session.revision += 1
    session.changed_at = now
    db.flush()
    outbox.withdraw(db, session.about, reason="the session changed")


def _tell_room(
    db: Db,
    cohort: Cohort,
    session: Session,
    template: str,
    what: str,
    *,
    now: datetime,
    presses: Iterable[Press] = (),
    **facts: Fact,
) -> None:
    """Everyone hears of a change in the room; before there are members there is nobody to tell."""
    if not present(db, cohort):
        return
    outbox.announce(
        db,
        room_of(db, cohort),
        template,
        key=f"session:{session.id}/{what}/r{session.revision}",
        now=now,
        about=session.about,
        expires=max(session.ends_at, now + timedelta(days=1)),  # one that was not held is called off afterwards
        presses=list(presses),
        title=session.title,
        starts=session.starts_at,
        place=session.place,
        more=facts,
    )
