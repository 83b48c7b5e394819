"""Nominating somebody for a cohort: who thinks of whom, and in one sentence why.

Whoever is nominated hears it once, however many think of them; somebody without an account hears it when they come.
"""

import re
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import applications, outbox, people
from cohorts.applications import ApplicationState
from cohorts.cohort import Cohort, CohortState
from cohorts.errors import Refused
from cohorts.facts import Fact, PersonRef, clean
from cohorts.outbox import Press
from cohorts.people import Person, Workspace
from cohorts.store import Db, link, moment

WHY = 500
_MAIL = re.compile(r"[^\s<>:|@,;]+@[^\s<>:|@,;]+\.[^\s<>:|@,;.]{2,}")
_LONGEST_MAIL = 320


class Nomination(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("cohort_id", "person_id", "by_id"),)
    id: int = Field(default=None, primary_key=True)
    cohort_id: int = link("cohort.id", index=False)
    person_id: int = link("person.id")
    by_id: int = link("person.id")
    why: str = Field(max_length=WHY)
    at: datetime = moment()
    told_at: datetime | None = moment(null=True)  # None while they have no account


@dataclass(frozen=True, slots=True)
class Named:
    """Who is meant. `reachable`: they have an account here, and hear it at once."""

    person: Person
    reachable: bool


def mail_in(words: str) -> str:
    """The e-mail address in what somebody typed, or ""."""
    found = _MAIL.search(words)
    return found[0].rstrip(".") if found and len(found[0]) <= _LONGEST_MAIL else ""


def whom(db: Db, place: Workspace, words: str) -> Named:
    """Somebody by @name, name or e-mail address; an address that nobody here has is kept until they come."""
    mail = mail_in(words)
    person = people.by_email(db, place, mail, name=mail) if mail else people.find(db, place.id, words)
    return Named(person, people.account_of(db, person.id) is not None)


def nominate(db: Db, cohort: Cohort, named: Named, why: str, *, by: Person, now: datetime) -> Nomination:
    """Keep it, and tell them once. Whoever has applied already isn't bothered; the reviewer reads it all the same."""
    person, why = named.person, clean(why).strip()
    if cohort.state is not CohortState.RECRUITING or cohort.closes_at <= now:
        raise Refused("nominations/closed", program=cohort.name)
    if person.id == by.id:
        raise Refused("nominations/yourself", program=cohort.name)
    if not why:
        raise Refused("nominations/why", person=person.ref)
    if len(why) > WHY:
        raise Refused("nominations/too-long", limit=WHY, length=len(why))
    nomination = _of(db, cohort, person, by)
    if nomination is None:
        nomination = Nomination(cohort_id=cohort.id, person_id=person.id, by_id=by.id, why=why, at=now)
        db.add(nomination)
    nomination.why, nomination.at = why, now
    db.flush()
    if named.reachable:
        _tell(db, cohort, nomination, person, by, now)
    return nomination


def _of(db: Db, cohort: Cohort, person: Person, by: Person) -> Nomination | None:
    return db.exec(
        select(Nomination).where(
            Nomination.cohort_id == cohort.id, Nomination.person_id == person.id, Nomination.by_id == by.id
        )
    ).one_or_none()


def _tell(db: Db, cohort: Cohort, nomination: Nomination, person: Person, by: Person, now: datetime) -> None:
    nomination.told_at = now
    db.flush()
    application = applications.draft(db, cohort, person)
    if application is not None and application.state is not ApplicationState.DRAFT:
        return
    outbox.tell(
        db,
        person,
        "nominations/nominated",
        key=f"nominated:{cohort.id}/person:{person.id}",  # however many think of them
        now=now,
        expires=cohort.closes_at,
        by=by.ref,
        why=nomination.why,
        program=cohort.name,
        promise=cohort.program.promise,
        starts=cohort.starts_on,
        closes=cohort.closes_at,
        presses=[Press("applications/apply", {"cohort_id": cohort.id}, "primary")],
    )


def arrived(db: Db, person: Person, *, now: datetime) -> None:
    """Somebody has an account now: what was kept for them reaches them, for what is still open."""
    rows = db.exec(
        select(Nomination, Cohort)
        .join(Cohort, col(Cohort.id) == col(Nomination.cohort_id))
        .where(
            Nomination.person_id == person.id,
            col(Nomination.told_at).is_(None),
            Cohort.state == CohortState.RECRUITING,
            col(Cohort.closes_at) > now,
        )
        .order_by(col(Nomination.id))
    ).all()
    for nomination, cohort in rows:
        _tell(db, cohort, nomination, person, db.get_one(Person, nomination.by_id), now)


def told_about(db: Db, cohort: Cohort, person_id: int) -> list[Fact]:
    """Who nominated somebody and why, for whoever decides."""
    rows = db.exec(
        select(Nomination)
        .where(Nomination.cohort_id == cohort.id, Nomination.person_id == person_id)
        .order_by(col(Nomination.id))
    ).all()
    return [{"by": PersonRef(one.by_id), "why": one.why} for one in rows]


def not_applied(db: Db, cohort: Cohort) -> int:
    """How many were nominated and have not sent an application."""
    applied = select(applications.Application.person_id).where(
        applications.Application.cohort_id == cohort.id,
        applications.Application.state != ApplicationState.DRAFT,
    )
    query = sa.select(sa.func.count(sa.distinct(col(Nomination.person_id)))).where(
        col(Nomination.cohort_id) == cohort.id, col(Nomination.person_id).not_in(applied)
    )
    return int(db.execute(query).scalar_one())
