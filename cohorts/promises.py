"""What each said they would do before the next session: given back before it, kept or not yet, never judged."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from cohorts.cohort import Cohort, Membership, present
from cohorts.errors import Refused
from cohorts.facts import clean
from cohorts.people import Person
from cohorts.planning import Rule, Source
from cohorts.program_kinds import SessionKind, Urgency
from cohorts.sessions import Session, standing
from cohorts.store import Db, choice, link, moment

WORDS = 300
DAY_BEFORE = timedelta(days=1)  # when they are reminded


class PromiseState(StrEnum):
    OPEN = "open"
    KEPT = "kept"
    NOT_YET = "not-yet"


class Promise(SQLModel, table=True):
    """One thing, named at the end of a session."""

    __table_args__ = (sa.UniqueConstraint("session_id", "membership_id"),)
    id: int = Field(default=None, primary_key=True)
    session_id: int = link("session.id", index=False)
    membership_id: int = link("membership.id")
    words: str
    state: PromiseState = choice(PromiseState, default=PromiseState.OPEN)
    at: datetime = moment()
    said_at: datetime | None = moment(null=True)  # when they said how it went


def make(db: Db, session: Session, membership: Membership, words: str, *, now: datetime) -> None:
    """Keep what somebody will do; a second one of the same session takes the place of the first."""
    words = clean(words).strip()[:WORDS]
    if not words:
        return
    found = in_session(db, session, membership)
    if found is None:
        db.add(Promise(session_id=session.id, membership_id=membership.id, words=words, at=now))
    elif found.words != words:
        found.words, found.state, found.at, found.said_at = words, PromiseState.OPEN, now, None
    db.flush()


def in_session(db: Db, session: Session, membership: Membership) -> Promise | None:
    query = select(Promise).where(Promise.session_id == session.id, Promise.membership_id == membership.id)
    return db.exec(query).one_or_none()


def of(db: Db, membership: Membership) -> Promise | None:
    """The latest, whatever became of it."""
    return db.exec(_latest(), params={"member": membership.id}).first()


@cache
def _latest() -> SelectOfScalar[Promise]:
    return select(Promise).where(col(Promise.membership_id) == sa.bindparam("member")).order_by(col(Promise.id).desc())


def to_keep(db: Db, membership: Membership) -> Promise | None:
    """The latest, while it isn't kept."""
    found = of(db, membership)
    return found if found is not None and found.state is not PromiseState.KEPT else None


def mine(db: Db, person: Person, promise_id: int) -> Promise:
    """A promise of somebody's own."""
    promise = db.get(Promise, promise_id)
    member = db.get(Membership, promise.membership_id) if promise is not None else None
    if promise is None or member is None or member.person_id != person.id:
        raise Refused("promises/not-here")
    if member not in present(db, db.get_one(Cohort, member.cohort_id)):
        raise Refused("promises/not-here")
    return promise


def say(db: Db, promise: Promise, state: PromiseState, *, now: datetime) -> None:
    promise.state, promise.said_at = state, now
    db.flush()


def told(db: Db, cohort: Cohort, before: Session) -> Iterable[tuple[Membership, Promise]]:
    """Who is reminded of what before a session: of what they said, or said is still to do, since the last reminder.

    What somebody left without an answer is not given back a second time.
    """
    meetings = (one.starts_at for one in standing(db, cohort) if one.kind is not SessionKind.OFFICE_HOURS)
    earlier = [at for at in meetings if at < before.starts_at]
    for member in present(db, cohort):
        promise = to_keep(db, member)
        if promise is not None and (not earlier or (promise.said_at or promise.at) >= earlier[-1] - DAY_BEFORE):
            yield member, promise


TOUCHPOINTS = Source(
    rules=(
        # At the moment of the day-before message, so that both are one letter.
        Rule(
            "promises/give-back",
            on="session",
            anchor="start",
            shift="-1d",
            late=timedelta(hours=20),
            switch="reminder_day",
            trait="meeting",
            urgency=Urgency.TODAY,
        ),
    ),
)
