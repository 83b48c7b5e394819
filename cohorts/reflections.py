"""The last five minutes: "what was most valuable for you today?", one answer a session, kept."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import attendance
from cohorts.cohort import Cohort, Membership
from cohorts.errors import Refused
from cohorts.facts import clean
from cohorts.sessions import Session, SessionState, standing
from cohorts.store import Db, link, moment

WORDS = 2000
SHOWS_PRESENCE = timedelta(hours=2)  # after the end; a later answer is kept, and proves nothing about being there


class Reflection(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("session_id", "membership_id"),)
    id: int = Field(default=None, primary_key=True)
    session_id: int = link("session.id", index=False)
    membership_id: int = link("membership.id")
    words: str
    share: bool = Field(default=False)  # may be quoted in the recap, with the name
    at: datetime = moment()


def reflect(db: Db, session: Session, membership: Membership, words: str, *, share: bool, now: datetime) -> Reflection:
    """Keep the answer; a second one replaces the first."""
    words = clean(words).strip()
    if session.state is SessionState.CANCELLED or (session.starts_at > now and session.state is SessionState.PLANNED):
        raise Refused("reflections/not-yet", title=session.title, starts=session.starts_at)
    if not words:
        raise Refused("reflections/empty")
    if len(words) > WORDS:
        raise Refused("reflections/too-long", limit=WORDS, length=len(words))
    found = db.exec(
        select(Reflection).where(Reflection.session_id == session.id, Reflection.membership_id == membership.id)
    ).one_or_none()
    if found is None:
        found = Reflection(session_id=session.id, membership_id=membership.id, words=words, share=share, at=now)
        db.add(found)
    else:
        found.words, found.share, found.at = words, share, now
    db.flush()
    if now <= session.ends_at + SHOWS_PRESENCE:
        attendance.seen(db, session, membership, "reflection", now=now)
    return found


def of_session(db: Db, session: Session) -> list[Reflection]:
    return list(
        db.exec(select(Reflection).where(Reflection.session_id == session.id).order_by(col(Reflection.id))).all()
    )


def unanswered(db: Db, cohort: Cohort, membership: Membership) -> Session | None:
    """The latest session that was held and that somebody has not looked back on."""
    done = set(db.exec(select(Reflection.session_id).where(Reflection.membership_id == membership.id)).all())
    held = [one for one in standing(db, cohort) if one.state is SessionState.HELD and one.id not in done]
    return held[-1] if held else None


def count(db: Db, membership: Membership) -> int:
    """How many sessions somebody reflected on."""
    return int(db.execute(_count(), {"member": membership.id}).scalar_one())


@cache
def _count() -> "sa.Select[Any]":
    return sa.select(sa.func.count()).where(col(Reflection.membership_id) == sa.bindparam("member"))
