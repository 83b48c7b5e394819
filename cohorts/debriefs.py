"""Surveys for those who conduct a program: kept by person, apart from what members answer."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import surveys
from cohorts.cohort import Cohort
from cohorts.errors import Refused
from cohorts.facts import Json, as_typed
from cohorts.people import Person, conducts
from cohorts.program_parts import Survey
from cohorts.store import Db, json, link, moment

FOR = "facilitators"


class Debrief(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("cohort_id", "person_id", "survey_key"),)
    id: int = Field(default=None, primary_key=True)
    cohort_id: int = link("cohort.id", index=False)
    person_id: int = link("person.id")
    survey_key: str = Field(max_length=64)
    answers: object = json()
    complete: bool = Field(default=False)
    at: datetime = moment()

    @property
    def given(self) -> dict[str, Json]:
        return dict(self.answers) if isinstance(self.answers, dict) else {}


def survey_of(db: Db, cohort: Cohort, person: Person, key: str) -> Survey:
    """One that is for those who conduct, asked for by one of them."""
    survey = surveys.plan_of(cohort, key)
    if FOR not in survey.audience or not conducts(db, person, cohort.program_key):
        raise Refused("surveys/not-here")
    return survey


def response(db: Db, cohort: Cohort, person: Person, key: str) -> Debrief | None:
    return db.exec(
        select(Debrief).where(Debrief.cohort_id == cohort.id, Debrief.person_id == person.id, Debrief.survey_key == key)
    ).one_or_none()


def keep(
    db: Db,
    cohort: Cohort,
    person: Person,
    survey: Survey,
    answers: Mapping[str, object],
    *,
    complete: bool = False,
    now: datetime,
) -> Debrief:
    """Half-done answers as they are; with the last page, all of them."""
    found = response(db, cohort, person, survey.key)
    if found is None:
        found = Debrief(cohort_id=cohort.id, person_id=person.id, survey_key=survey.key, answers={}, at=now)
        db.add(found)
    known = {question.key for question in survey.questions}
    kept = {key: as_typed(value) for key, value in answers.items() if key in known and value not in (None, "", [])}
    found.answers, found.complete, found.at = found.given | kept, found.complete or complete, now
    db.flush()
    return found


def all_of(db: Db, cohort: Cohort) -> list[tuple[Debrief, Person]]:
    rows = db.exec(
        select(Debrief, Person)
        .join(Person, col(Person.id) == col(Debrief.person_id))
        .where(Debrief.cohort_id == cohort.id, col(Debrief.complete).is_(True))
        .order_by(col(Debrief.id))
    ).all()
    return [(debrief, person) for debrief, person in rows]
