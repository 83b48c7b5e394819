"""Who is coming to a session, and who was there. Nobody is called by name: any press or answer shows presence."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from cohorts.cohort import Membership
from cohorts.errors import Refused
from cohorts.outbox import Press
from cohorts.program_kinds import SessionKind
from cohorts.sessions import Session, SessionState
from cohorts.store import Db, choice, link, moment


class Answer(StrEnum):
    YES = "yes"
    MAYBE = "maybe"
    NO = "no"


class Rsvp(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("session_id", "membership_id"),)
    id: int = Field(default=None, primary_key=True)
    session_id: int = link("session.id", index=False)
    membership_id: int = link("membership.id")
    answer: Answer = choice(Answer)
    at: datetime = moment()


class Attended(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"


class Attendance(SQLModel, table=True):
    """Somebody was there (any press or answer shows it), or is known not to have been."""

    __table_args__ = (sa.UniqueConstraint("session_id", "membership_id"),)
    id: int = Field(default=None, primary_key=True)
    session_id: int = link("session.id", index=False)
    membership_id: int = link("membership.id")
    state: Attended = choice(Attended)
    source: str = Field(max_length=40)  # what showed it: "check-in", "reflection", "facilitator"
    at: datetime = moment()


def rsvp_presses(session: Session) -> list[Press]:
    return [
        Press(
            "sessions/rsvp",
            {"session_id": session.id, "answer": answer.value},
            words=f"rsvp-{answer.value}",
            style=style,
        )
        for answer, style in ((Answer.YES, "primary"), (Answer.MAYBE, "plain"), (Answer.NO, "plain"))
    ]


def rsvp(db: Db, session: Session, membership: Membership, answer: Answer, *, now: datetime) -> None:
    """The last answer counts."""
    if session.state is SessionState.CANCELLED:
        raise Refused("sessions/cancelled-already", title=session.title)
    if session.state is SessionState.HELD or session.ends_at <= now:
        raise Refused("sessions/over", title=session.title)
    found = db.exec(_rsvp(), params={"session": session.id, "member": membership.id}).one_or_none()
    if found is None:
        db.add(Rsvp(session_id=session.id, membership_id=membership.id, answer=answer, at=now))
    else:
        found.answer, found.at = answer, now
    db.flush()


def answers(db: Db, session: Session) -> dict[int, Answer]:
    """RSVPs by membership id."""
    return {row.membership_id: row.answer for row in db.exec(_rsvps(), params={"session": session.id}).all()}


@cache
def _rsvps() -> SelectOfScalar[Rsvp]:
    return select(Rsvp).where(col(Rsvp.session_id) == sa.bindparam("session"))


def seen(db: Db, session: Session, membership: Membership, source: str, *, now: datetime) -> None:
    """Somebody showed by doing something that they are there."""
    found = _attendance(db, session, membership)
    if found is None:
        row = Attendance(
            session_id=session.id, membership_id=membership.id, state=Attended.PRESENT, source=source, at=now
        )
        db.add(row)
    elif found.state is Attended.ABSENT:
        found.state, found.source, found.at = Attended.PRESENT, source, now
    db.flush()


def settle_attendance(db: Db, session: Session, members: Iterable[Membership], *, now: datetime) -> None:
    """Whoever was not seen is absent from now on. Later evidence still counts."""
    if session.attendance_settled_at is not None:
        return
    session.attendance_settled_at = now
    for member in members:
        if _attendance(db, session, member) is None:
            row = Attendance(
                session_id=session.id,
                membership_id=member.id,
                state=Attended.ABSENT,
                source="settled",
                at=now,
            )
            db.add(row)
    db.flush()


def _attendance(db: Db, session: Session, membership: Membership) -> Attendance | None:
    return db.exec(_attended(), params={"session": session.id, "member": membership.id}).one_or_none()


@cache
def _attended() -> SelectOfScalar[Attendance]:
    return select(Attendance).where(
        col(Attendance.session_id) == sa.bindparam("session"), col(Attendance.membership_id) == sa.bindparam("member")
    )


@cache
def _rsvp() -> SelectOfScalar[Rsvp]:
    return select(Rsvp).where(
        col(Rsvp.session_id) == sa.bindparam("session"), col(Rsvp.membership_id) == sa.bindparam("member")
    )


def attendance(db: Db, session: Session) -> dict[int, Attended]:
    rows = db.exec(select(Attendance).where(Attendance.session_id == session.id).order_by(col(Attendance.id))).all()
    return {row.membership_id: row.state for row in rows}


def attended_count(db: Db, membership: Membership) -> int:
    """How many meetings (office hours are extra) somebody was at."""
    return int(db.execute(_attended_count(), {"member": membership.id}).scalar_one())


@cache
def _attended_count() -> "sa.Select[Any]":
    return (
        sa.select(sa.func.count())
        .select_from(Attendance)
        .join(Session, col(Session.id) == col(Attendance.session_id))
        .where(
            col(Attendance.membership_id) == sa.bindparam("member"),
            col(Attendance.state) == Attended.PRESENT,
            col(Session.kind) == SessionKind.SESSION,
        )
    )
