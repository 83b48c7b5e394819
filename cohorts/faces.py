"""Who is in, for the others to see: only those who agreed to be shown."""

from datetime import datetime
from functools import cache

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import Select

from cohorts.answers import answers_of
from cohorts.cohort import PRESENT, Cohort, Membership
from cohorts.errors import Refused
from cohorts.facts import Fact
from cohorts.program_answers import BadAnswer, check_answer
from cohorts.program_kinds import QuestionKind
from cohorts.program_parts import Question
from cohorts.store import Db, link, moment

LINK = 500
_A_LINK = Question(key="link", ask="link", kind=QuestionKind.LINK, max_length=LINK)


class Face(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True)
    membership_id: int = link("membership.id", index=False, unique=True)
    link: str = Field(default="", max_length=LINK)  # where one sees more of them
    at: datetime = moment()


def face_of(db: Db, membership: Membership) -> Face | None:
    return db.exec(select(Face).where(Face.membership_id == membership.id)).one_or_none()


def show(db: Db, cohort: Cohort, membership: Membership, *, now: datetime, link: str = "") -> Face:
    """Agree to be shown. A link comes from the application, where it asks for one, until another is given."""
    found = face_of(db, membership)
    if found is None:
        found = Face(membership_id=membership.id, link=_link_of(db, cohort, membership), at=now)
        db.add(found)
    if link:
        found.link = checked(link)
    db.flush()
    return found


def checked(link: str) -> str:
    """The link, or BadAnswer when it is none."""
    return str(check_answer(_A_LINK, link) or "")


def hide(db: Db, membership: Membership) -> None:
    found = face_of(db, membership)
    if found is None:
        raise Refused("faces/hidden-already")
    db.delete(found)
    db.flush()


def _link_of(db: Db, cohort: Cohort, membership: Membership) -> str:
    given = answers_of(db, cohort, membership)
    asked = (one for one in cohort.program.application.questions if one.kind is QuestionKind.LINK)
    for question in asked:
        try:
            return checked(str(given.get(question.key) or ""))
        except BadAnswer:
            continue
    return ""


def wall(db: Db, cohort: Cohort) -> list[Fact]:
    """Who agreed, in the order they came in: the person, where they work, what they are, where one sees more."""
    rows = db.exec(_shown(), params={"cohort": cohort.id}).all()
    return [_seen(db, cohort, membership, face) for membership, face in rows]


def _seen(db: Db, cohort: Cohort, membership: Membership, face: Face) -> Fact:
    given = answers_of(db, cohort, membership)
    program = cohort.program
    what = [one for one in (program.company_of(given), program.level_of(given)) if one]
    return {"person": membership.ref, "what": what, "link": face.link}


@cache
def _shown() -> Select[Membership, Face]:
    return (
        select(Membership, Face)
        .join(Face, col(Face.membership_id) == col(Membership.id))
        .where(col(Membership.cohort_id) == sa.bindparam("cohort"), col(Membership.state).in_(PRESENT))
        .order_by(col(Membership.id))
    )
