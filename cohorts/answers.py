"""What members wrote when they applied, for everything that comes after: their goal, what a program quotes."""

from functools import cache

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from cohorts import goals
from cohorts.applications import Application
from cohorts.cohort import Cohort, Membership
from cohorts.facts import Json
from cohorts.store import Db


def answers_of(db: Db, cohort: Cohort, membership: Membership) -> dict[str, Json]:
    """What a member wrote when they applied."""
    named = {"cohort": cohort.id, "person": membership.person_id}
    application = db.exec(_application(), params=named).one_or_none()
    return application.given if application is not None else {}


@cache
def _application() -> SelectOfScalar[Application]:
    return select(Application).where(
        col(Application.cohort_id) == sa.bindparam("cohort"), col(Application.person_id) == sa.bindparam("person")
    )


def goal_of(db: Db, cohort: Cohort, membership: Membership) -> str:
    """What somebody wants to reach, as they said it last: when they applied, or since."""
    return goals.sharpened(db, membership) or first_goal(db, cohort, membership)


def first_goal(db: Db, cohort: Cohort, membership: Membership) -> str:
    return cohort.program.goal_of(answers_of(db, cohort, membership)) or ""


def quoted(db: Db, cohort: Cohort, membership: Membership) -> dict[str, Json]:
    """What a program may quote to a member of their own answers; the goal as it is today."""
    given, asked = answers_of(db, cohort, membership), cohort.program.people.goal
    today = goals.sharpened(db, membership) if asked is not None else ""
    return given | {asked: today} if asked is not None and today else given
