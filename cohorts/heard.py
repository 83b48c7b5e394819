"""Who has been heard: called on, summing up, speaking for a group. Kept as turns and never as what was said."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts.attendance import Attendance, Attended
from cohorts.cohort import Cohort, Membership, people_of, present
from cohorts.sessions import Session
from cohorts.store import Db, choice, link, moment


class How(StrEnum):
    CALLED = "called"
    SUMMARY = "summary"
    HOT_SEAT = "hot-seat"
    REPORT = "report"  # for a whole group
    CHECK_IN = "check-in"  # of a group, while it talks


class HeardState(StrEnum):
    ASKED = "asked"
    HEARD = "heard"
    SKIPPED = "skipped"  # somebody else had the turn: it counts for nothing


class Heard(SQLModel, table=True):
    """One turn of somebody's. Whoever was asked counts as heard, unless it is said that somebody else was."""

    id: int = Field(default=None, primary_key=True)
    session_id: int = link("session.id")
    membership_id: int = link("membership.id")
    how: How = choice(How)
    state: HeardState = choice(HeardState, default=HeardState.HEARD)
    prompt: str = Field(default="")  # what they were asked
    next_id: int | None = Field(default=None, foreign_key="membership.id", nullable=True, ondelete="SET NULL")
    origin_id: int | None = Field(default=None)  # the turn with which this question was first put to the room
    at: datetime = moment()


def note(
    db: Db,
    session: Session,
    membership: Membership,
    how: How,
    *,
    now: datetime,
    state: HeardState = HeardState.HEARD,
) -> Heard:
    turn = Heard(session_id=session.id, membership_id=membership.id, how=how, state=state, at=now)
    db.add(turn)
    db.flush()
    return turn


def report(db: Db, session: Session, membership: Membership, now: datetime) -> None:
    """One member speaks for a group."""
    note(db, session, membership, How.REPORT, now=now)


def check_in(db: Db, session: Session, membership: Membership, now: datetime) -> None:
    """Somebody says how it goes in their group."""
    note(db, session, membership, How.CHECK_IN, now=now)


def turns(db: Db, session: Session) -> list[Heard]:
    """Of one session, in order, those of others' instead included."""
    return list(db.exec(select(Heard).where(Heard.session_id == session.id).order_by(col(Heard.id))).all())


def counted(turns: Iterable[Heard]) -> Counter[int]:
    """Turns by membership id."""
    return Counter(one.membership_id for one in turns if one.state is not HeardState.SKIPPED)


def counts(db: Db, cohort: Cohort, session: Session) -> dict[int, int]:
    """How often each member was heard in this session, by membership id. For those who conduct it, and nobody else."""
    found = counted(turns(db, session))
    return {one.id: found[one.id] for one in present(db, cohort)}


def ever(db: Db, cohort: Cohort) -> dict[int, int]:
    """The same over all sessions of a cohort."""
    query = (
        sa.select(col(Heard.membership_id), sa.func.count())
        .join(Session, col(Session.id) == col(Heard.session_id))
        .where(col(Session.cohort_id) == cohort.id, col(Heard.state) != HeardState.SKIPPED)
        .group_by(col(Heard.membership_id))
    )
    found = {int(member): int(count) for member, count in db.execute(query).all()}
    return {one.id: found.get(one.id, 0) for one in present(db, cohort)}


def last_of_kind(db: Db, cohort: Cohort, how: How) -> dict[int, int]:
    """The number of everybody's latest turn of one kind over all sessions: the lower, the longer ago."""
    query = (
        sa.select(col(Heard.membership_id), sa.func.max(col(Heard.id)))
        .join(Session, col(Session.id) == col(Heard.session_id))
        .where(col(Session.cohort_id) == cohort.id, col(Heard.how) == how, col(Heard.state) != HeardState.SKIPPED)
        .group_by(col(Heard.membership_id))
    )
    return {int(member): int(latest) for member, latest in db.execute(query).all()}


def table(db: Db, cohort: Cohort) -> list[tuple[str, str, str, int]]:
    """(name, session's key, its title, how often) of everybody who was there: counts alone."""
    rows = db.exec(
        select(Membership, Session)
        .join(Attendance, col(Attendance.membership_id) == col(Membership.id))
        .join(Session, col(Session.id) == col(Attendance.session_id))
        .where(Session.cohort_id == cohort.id, Attendance.state == Attended.PRESENT)
        .order_by(col(Session.starts_at), col(Session.id), col(Membership.id))
    ).all()
    found = {session.id: counted(turns(db, session)) for _, session in rows}
    named = people_of(db, [member for member, _ in rows])
    return [(named[one.id].name, session.key, session.title, found[session.id][one.id]) for one, session in rows]
