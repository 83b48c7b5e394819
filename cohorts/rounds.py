"""Placeholder until the rounds are merged."""

from datetime import datetime

from cohorts import breakouts
from cohorts.attendance import Attended, attendance
from cohorts.breakouts import Breakout
from cohorts.cohort import Cohort, present
from cohorts.program_parts import Segment
from cohorts.sessions import Session
from cohorts.store import Db


def next_number(db: Db, session: Session) -> int:
    return len(breakouts.of_session(db, session)) + 1


def numbered(db: Db, session: Session, number: int | None) -> Breakout | None:
    return next((one for one in breakouts.of_session(db, session) if one.round == number), None)


def enough(db: Db, cohort: Cohort, session: Session) -> bool:
    seen = attendance(db, session)
    return sum(seen.get(one.id) is Attended.PRESENT for one in present(db, cohort)) >= 2


def open_round(
    db: Db,
    cohort: Cohort,
    session: Session,
    segment: Segment,
    number: int,
    *,
    ends: datetime,
    now: datetime,
    due: datetime | None = None,
    ping: bool = True,
) -> Breakout | None:
    return None


def extend_round(
    db: Db, cohort: Cohort, session: Session, breakout: Breakout, *, ends: datetime, now: datetime
) -> None:
    return None


def close_round(db: Db, cohort: Cohort, session: Session, breakout: Breakout, *, now: datetime) -> None:
    return None
