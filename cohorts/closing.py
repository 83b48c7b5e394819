"""Ending a cohort before its time, or putting away one that is over: members are told, and nothing more is planned."""

from datetime import datetime

from sqlmodel import select

from cohorts import applications, audit, outbox, timetable, touchpoints
from cohorts.cohort import COHORT_LIFE, Cohort, CohortState, Membership, MembershipState, present, room_of
from cohorts.people import Person
from cohorts.states import advance
from cohorts.store import Db

STAYING = (MembershipState.ACTIVE, MembershipState.PAUSED, MembershipState.GRADUATED)


def becomes(cohort: Cohort) -> CohortState:
    """Alumni when they have graduated, else cancelled."""
    return CohortState.ALUMNI if cohort.state is CohortState.GRADUATED else CohortState.CANCELLED


def close(db: Db, cohort: Cohort, *, by: Person, now: datetime) -> None:
    """The room stays, and so does everything written. What is unsent to members is not sent any more.

    Members hear it in their room, those who wait for an answer in their direct messages.
    """
    was = cohort.state
    timetable.call_off(db, cohort, now=now)
    waiting = applications.waiting(db, cohort)
    members = present(db, cohort)
    cohort.state = advance(COHORT_LIFE, was, becomes(cohort), "close/over-already")
    for member in db.exec(select(Membership).where(Membership.cohort_id == cohort.id)).all():
        if member.state in STAYING:
            member.revision += 1
    db.flush()
    if members:
        outbox.announce(
            db,
            room_of(db, cohort),
            "close/room",
            key=f"cohort:{cohort.id}/closed",
            now=now,
            program=cohort.name,
            graduated=was is CohortState.GRADUATED,
            begun=was is CohortState.RUNNING,
        )
    for application in waiting:
        person = db.get_one(Person, application.person_id)
        outbox.tell(
            db, person, "close/applicant", key=f"cohort:{cohort.id}/closed/{person.id}", now=now, program=cohort.name
        )
    audit.record(db, by, "program/closed", now=now, cohort=cohort.handle)
    touchpoints.reconcile(db, cohort, now=now)
