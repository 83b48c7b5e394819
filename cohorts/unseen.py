"""A session in which nobody was seen: whoever conducts it says whether it was held, before anybody is thanked."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from cohorts import attendance, conductor, hosting, outbox, which
from cohorts.attendance import Attended
from cohorts.breakouts import Breakout, Seat
from cohorts.cohort import Cohort
from cohorts.errors import Refused
from cohorts.outbox import Press
from cohorts.people import Person
from cohorts.program_kinds import SessionKind
from cohorts.sessions import SESSION_LIFE, Session, SessionState
from cohorts.states import advance
from cohorts.store import Db


def is_silent(db: Db, session: Session) -> bool:
    """Nothing that anybody did shows that they are there. Office hours may be empty, and nobody wonders."""
    there = Attended.PRESENT in attendance.attendance(db, session).values()
    return session.kind is SessionKind.SESSION and not there


def tell(db: Db, cohort: Cohort, session: Session, *, now: datetime, due: datetime) -> None:
    """Nobody has begun it: what can be done while it still helps."""
    ids = {"session_id": session.id}
    presses = [Press("sessions/start", ids, "primary"), Press("hosting/cannot", ids)]
    for person in hosting.conductors(db, cohort, session):
        outbox.tell(
            db,
            person,
            "unseen/not-begun",
            key=f"session:{session.id}/r{session.revision}/unseen/{person.id}",
            now=now,
            due=due,
            expires=session.ends_at,
            presses=presses,
            title=session.title,
            silent=is_silent(db, session),
        )


def ask(db: Db, cohort: Cohort, session: Session, *, now: datetime, due: datetime) -> None:
    """Until it is answered, the session is neither held nor not: one that nobody began counts as on."""
    if session.state is SessionState.PLANNED:
        session.state = advance(SESSION_LIFE, session.state, SessionState.LIVE, "sessions/cannot-start")
        db.flush()
    ids = {"session_id": session.id}
    for person in hosting.answerable(db, cohort, session):
        outbox.tell(
            db,
            person,
            "unseen/asked",
            key=f"session:{session.id}/r{session.revision}/held/{person.id}",
            now=now,
            due=due,
            expires=now + timedelta(days=2),
            presses=[Press("unseen/held", ids, "primary"), Press("unseen/not-held", ids)],
            title=session.title,
        )


def take_back(db: Db, session: Session) -> None:
    """It was not held: it can be moved or cancelled again, and nobody in its groups has met."""
    if not is_silent(db, session):
        raise Refused("unseen/held-already")
    if session.state is not SessionState.PLANNED:
        session.state = advance(SESSION_LIFE, session.state, SessionState.PLANNED, "unseen/held-already")
    session.began_at = None
    conductor.drop(db, session)
    rounds = select(Breakout.id).where(Breakout.session_id == session.id)
    db.exec(sa.delete(Seat).where(col(Seat.breakout_id).in_(rounds)))
    db.exec(sa.delete(Breakout).where(col(Breakout.session_id) == session.id))
    db.flush()


def waiting(db: Db, person: Person, *, now: datetime) -> list[tuple[Session, Cohort]]:
    """Sessions that somebody conducts, whose time is over, and of which nobody knows whether they were held."""
    return [
        (one, cohort)
        for cohort in which.all_led(db, person)
        for one in hosting.sessions_of(db, cohort, person)
        if one.state is SessionState.LIVE and one.ends_at <= now and is_silent(db, one)
    ]
