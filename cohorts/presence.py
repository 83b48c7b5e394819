"""Being where a cohort talks is being there: with its room, with a group of it, or where the session's link leads."""

from collections.abc import Collection, Iterator
from datetime import datetime

from cohorts import attendance, conductor, meeting, sessions, which
from cohorts.attendance import Attended
from cohorts.cohort import PRESENT, Cohort, Membership
from cohorts.people import Person
from cohorts.sessions import Session, SessionState
from cohorts.store import Db


def entered(db: Db, person: Person, rooms: Collection[int], link: str, *, came: bool, now: datetime) -> bool:
    """Whether it is news. `came`: a moment ago they were elsewhere; whoever merely stays has been seen already."""
    new = False
    for cohort, session, membership in list(_at(db, person, rooms, link, now)):
        seen = attendance.attendance(db, session).get(membership.id) is Attended.PRESENT
        if came or not seen:
            meeting.arrive(db, cohort, session, membership, "voice", now=now)
            new = True
    return new


def _at(
    db: Db, person: Person, rooms: Collection[int], link: str, now: datetime
) -> Iterator[tuple[Cohort, Session, Membership]]:
    """The sessions of theirs that are held there, and are on or about to begin."""
    for cohort, membership in which.of_person(db, person):
        if membership.state not in PRESENT or not sessions.is_expected(cohort):
            continue
        for session in sessions.standing(db, cohort):
            here = cohort.room_id in rooms or (link != "" and session.place.rstrip("/") == link)
            if here and _is_time(db, session, now):
                yield cohort, session, membership


def _is_time(db: Db, session: Session, now: datetime) -> bool:
    """From half an hour before until it ends, by itself or because somebody ended it."""
    if session.state not in (SessionState.PLANNED, SessionState.LIVE):
        return False
    over = now >= session.ends_at and not conductor.is_on(db, session, now)
    return session.starts_at - sessions.EARLY <= now and not over
