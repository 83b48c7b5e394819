"""When a cohort starts, as long as nobody has met: applications stay open longer, or everything moves by weeks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import col

from cohorts import applications, audit, homework, outbox, sessions, timetable, touchpoints
from cohorts.applications import ApplicationState
from cohorts.attendance import Rsvp
from cohorts.bundling import daytime
from cohorts.cohort import Cohort, CohortState, people_of, present
from cohorts.errors import Refused
from cohorts.moments import local, shift
from cohorts.outbox import Press
from cohorts.people import Person
from cohorts.sessions import SessionState
from cohorts.store import Db
from cohorts.when import Duration, Unit

MOST_WEEKS = 26
WEEK = 7
LEAST = timedelta(days=2)  # a shorter extension is none


def extended_to(cohort: Cohort, *, now: datetime, weeks: int = 1) -> datetime | None:
    """Until when applications can stay open: so many weeks more, or two days before the start when that comes first.

    None when that is hardly longer than now.
    """
    longer = shift(max(cohort.closes_at, now), Duration(Unit.WEEKS, weeks), 1, cohort.zone)
    day = longer.astimezone(ZoneInfo(cohort.zone)).date()
    latest = shift(cohort.opens_at, Duration(Unit.DAYS, 2), -1, cohort.zone)
    closes = min(local(day, cohort.program.at, cohort.zone), latest)
    return closes if closes - max(cohort.closes_at, now) >= LEAST else None


def extend(db: Db, cohort: Cohort, weeks: int, *, by: Person, now: datetime) -> datetime:
    """Keep applications open longer; whoever waits hears the new date of their answer."""
    _sensible(weeks)
    if cohort.state is not CohortState.RECRUITING:
        raise Refused("starting/launched-already", program=cohort.name)
    closes = extended_to(cohort, now=now, weeks=weeks)
    if closes is None:
        raise Refused("starting/no-room", program=cohort.name, starts=cohort.opens_at)
    cohort.closes_at = closes
    cohort.revision += 1
    db.flush()
    for person in _waiting(db, cohort):
        outbox.enclose(
            db,
            person,
            "starting/longer",
            key=f"cohort:{cohort.id}/extended/r{cohort.revision}/person:{person.id}",
            at=daytime(now, person.zone),
            now=now,
            program=cohort.name,
            closes=closes,
            answer_by=applications.answer_by(cohort),
        )
    audit.record(db, by, "program/extended", now=now, cohort=cohort.handle)
    touchpoints.reconcile(db, cohort, now=now)
    return closes


def check_movable(db: Db, cohort: Cohort, weeks: int, *, now: datetime) -> None:
    """Refuse what can't be postponed any more, or by so much."""
    _sensible(weeks)
    if cohort.state not in (CohortState.RECRUITING, CohortState.RUNNING) or sessions.has_begun(db, cohort, now=now):
        raise Refused("starting/begun", program=cohort.name)


def postpone(db: Db, cohort: Cohort, weeks: int, *, by: Person, now: datetime) -> None:
    """Everything by so many weeks: sessions, homework, reminders, and the close of applications.

    Those who are in, or wait for an answer, hear it once; the notice covers what the new dates would have said.
    """
    check_movable(db, cohort, weeks, now=now)
    was = cohort.opens_at
    cohort.starts_on += timedelta(weeks=weeks)
    cohort.closes_at = later(cohort, cohort.closes_at, weeks)
    cohort.revision += 1
    for session in sessions.all_of(db, cohort):
        if session.state is SessionState.PLANNED:
            session.starts_at = later(cohort, session.starts_at, weeks)
            session.changed_at = now
            session.revision += 1
            db.exec(sa.delete(Rsvp).where(col(Rsvp.session_id) == session.id))
            outbox.withdraw(db, session.about, reason="the start moved")
    for piece in homework.of_cohort(db, cohort):
        piece.due_at = later(cohort, piece.due_at, weeks)
        piece.changed_at = now
        piece.revision += 1
    db.flush()
    _tell_of_postponing(db, cohort, was, now)
    timetable.enter(db, cohort, now=now)
    audit.record(db, by, "program/postponed", now=now, cohort=cohort.handle)
    touchpoints.reconcile(db, cohort, now=now)


def later(cohort: Cohort, at: datetime, weeks: int) -> datetime:
    """The same day and hour by the cohort's clocks, so many weeks later."""
    return shift(at, Duration(Unit.WEEKS, weeks), 1, cohort.zone)


def _tell_of_postponing(db: Db, cohort: Cohort, was: datetime, now: datetime) -> None:
    members = present(db, cohort)
    people = people_of(db, members)
    for member in members:
        person = people[member.id]
        outbox.enclose(
            db,
            person,
            "starting/postponed",
            key=f"cohort:{cohort.id}/postponed/r{cohort.revision}/person:{person.id}",
            at=daytime(now, person.zone),
            now=now,
            as_=member.hears,
            program=cohort.name,
            was=was,
            starts=cohort.opens_at,
            presses=[Press("cohort/home", {"cohort": cohort.id})],
        )
    for person in _waiting(db, cohort):
        outbox.enclose(
            db,
            person,
            "starting/postponed-for-you",
            key=f"cohort:{cohort.id}/postponed/r{cohort.revision}/person:{person.id}",
            at=daytime(now, person.zone),
            now=now,
            program=cohort.name,
            starts=cohort.opens_at,
            answer_by=applications.answer_by(cohort),
        )


def choices(db: Db, cohort: Cohort, *, now: datetime) -> Sequence[Press]:
    """What can be done when there are too few: applications open longer, start anyway, start later."""
    here = {"cohort_id": cohort.id}
    closes = extended_to(cohort, now=now)
    longer = round((closes - max(cohort.closes_at, now)) / timedelta(days=1)) if closes is not None else 0
    offers = []
    if longer >= WEEK:
        offers.append(Press("starting/extend", here, "primary", words="extend-week"))
    elif longer:
        offers.append(Press("starting/extend", here, "primary", words="extend", facts={"days": longer}))
    if present(db, cohort) and not applications.queue(db, cohort):
        offers.append(Press("program/launch", here, words="start-anyway"))
    return [*offers, Press("starting/postpone", here)]


def short(db: Db, cohort: Cohort) -> bool:
    """Closed with fewer than the program needs, even if everybody who waits were taken."""
    waiting = sum(one.state is ApplicationState.SUBMITTED for one in applications.waiting(db, cohort))
    return len(present(db, cohort)) + waiting < cohort.program.size.min


def _waiting(db: Db, cohort: Cohort) -> list[Person]:
    return [db.get_one(Person, one.person_id) for one in applications.waiting(db, cohort)]


def _sensible(weeks: int) -> None:
    if not 1 <= weeks <= MOST_WEEKS:
        raise Refused("starting/odd-weeks", most=MOST_WEEKS)
