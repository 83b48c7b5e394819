"""Whoever would rather not be called on today says so, without a reason; it holds until the end of that day."""

from datetime import date
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, select

from cohorts.cohort import Cohort, Membership
from cohorts.sessions import Session
from cohorts.store import Db, insert_new, link


class Passing(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("membership_id", "day"),)
    id: int = Field(default=None, primary_key=True)
    membership_id: int = link("membership.id", index=False)
    day: date = Field(index=True)  # of the session, where the cohort is at home


def day_of(cohort: Cohort, session: Session) -> date:
    return session.starts_at.astimezone(ZoneInfo(cohort.zone)).date()


def is_passing(db: Db, cohort: Cohort, session: Session, membership: Membership) -> bool:
    return _found(db, membership, day_of(cohort, session)) is not None


def passing(db: Db, cohort: Cohort, session: Session) -> set[int]:
    """Whom nobody calls on in this session, by membership id."""
    return set(db.exec(select(Passing.membership_id).where(Passing.day == day_of(cohort, session))).all())


def start(db: Db, cohort: Cohort, session: Session, membership: Membership) -> None:
    insert_new(db, Passing(membership_id=membership.id, day=day_of(cohort, session)))


def stop(db: Db, cohort: Cohort, session: Session, membership: Membership) -> None:
    found = _found(db, membership, day_of(cohort, session))
    if found is not None:
        db.delete(found)
        db.flush()


def _found(db: Db, membership: Membership, day: date) -> Passing | None:
    return db.exec(select(Passing).where(Passing.membership_id == membership.id, Passing.day == day)).one_or_none()
