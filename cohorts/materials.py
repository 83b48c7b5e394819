"""What a program gives people to read and to work with."""

from datetime import datetime

from cohorts import outbox, sessions
from cohorts.cohort import Cohort, room_of
from cohorts.sessions import Session
from cohorts.store import Db


def keep_at_hand(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> None:
    """A session's materials stay with the room, once each."""
    plan = sessions.plan_of(cohort, session)
    for n, material in enumerate(plan.materials if plan is not None else ()):
        key = f"session:{session.id}/material/{n}"
        outbox.bookmark(db, room_of(db, cohort), material.title, material.url, key=key, now=now)
