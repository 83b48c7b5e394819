"""What members wrote when they applied, for everything that comes after: their goal, what a program quotes."""

from sqlmodel import select

from cohorts.applications import Application
from cohorts.cohort import Cohort, Membership
from cohorts.facts import Json
from cohorts.store import Db


def answers_of(db: Db, cohort: Cohort, membership: Membership) -> dict[str, Json]:
    """What a member wrote when they applied."""
    application = db.exec(
        select(Application).where(Application.cohort_id == cohort.id, Application.person_id == membership.person_id)
    ).one_or_none()
    return application.given if application is not None else {}


def goal_of(db: Db, cohort: Cohort, membership: Membership) -> str:
    return cohort.program.goal_of(answers_of(db, cohort, membership)) or ""
