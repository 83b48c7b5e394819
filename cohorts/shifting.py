"""Moving sessions together: this one, this and all after it by the same distance, or a week later. Clocks stay."""

from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from cohorts.cohort import Cohort
from cohorts.moments import local
from cohorts.sessions import Session, SessionState, all_of, standing
from cohorts.store import Db

WEEK = timedelta(days=7)


class Scope(StrEnum):
    ONE = "one"
    LATER = "later"  # this and all after, by the same distance
    SKIP = "skip"  # this and all after, by a week


Moves = list[tuple[Session, datetime]]


def after(db: Db, cohort: Cohort, session: Session) -> list[Session]:
    """Those planned after it, office hours too."""
    return [
        one
        for one in standing(db, cohort)
        if one.state is SessionState.PLANNED and one.id != session.id and one.starts_at >= session.starts_at
    ]


def moves(db: Db, cohort: Cohort, session: Session, starts_at: datetime, scope: Scope) -> Moves:
    """Which sessions move, and to when; the one meant is the first."""
    if scope is Scope.ONE:
        return [(session, starts_at)]
    together = [session, *after(db, cohort, session)]
    distance = WEEK if scope is Scope.SKIP else _wall(starts_at, cohort.zone) - _wall(session.starts_at, cohort.zone)
    return [(one, shifted(one.starts_at, distance, cohort.zone)) for one in together]


def shifted(at: datetime, distance: timedelta, zone: str) -> datetime:
    """As far on the calendar and the clock of a zone, whatever its offset does meanwhile."""
    wall = _wall(at, zone) + distance
    return local(wall.date(), wall.time(), zone)


def _wall(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def stamp(db: Db, cohort: Cohort) -> int:
    """Grows with every change of any session's time, and with every session that is added."""
    return sum(1 + one.revision for one in all_of(db, cohort))
