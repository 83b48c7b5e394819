"""What a program gives people to read and to work with."""

from dataclasses import dataclass
from datetime import datetime

from cohorts import outbox, sessions
from cohorts.cohort import Cohort, room_of
from cohorts.program_parts import Material
from cohorts.sessions import Session, SessionState
from cohorts.store import Db


def keep_at_hand(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> None:
    """A session's materials stay with the room, once each."""
    plan = sessions.plan_of(cohort, session)
    for n, material in enumerate(plan.materials if plan is not None else ()):
        key = f"session:{session.id}/material/{n}"
        outbox.bookmark(db, room_of(db, cohort), material.title, material.url, key=key, now=now)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one session has to read, to work with and to watch again."""

    session: Session
    materials: tuple[Material, ...]
    prework: str
    recording: str


# Who opened what is not tracked: links go straight where they lead, and nobody is counted on the way.
def shelves(db: Db, cohort: Cohort, *, now: datetime) -> list[Shelf]:
    """Of all sessions up to the next one, what is new first; none for a session that has nothing."""
    coming = sessions.upcoming(db, cohort, now=now)
    found = []
    for session in reversed(sessions.standing(db, cohort)):
        begun = session.state is not SessionState.PLANNED or session.starts_at <= now
        if not begun and session is not coming:
            continue
        plan = sessions.plan_of(cohort, session)
        shelf = Shelf(
            session,
            plan.materials if plan is not None else (),
            plan.prework if plan is not None and not begun else "",
            str(getattr(session, "recording", "") or ""),
        )
        if shelf.materials or shelf.prework or shelf.recording:
            found.append(shelf)
    return found
