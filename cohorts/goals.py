"""What somebody wants to reach: first said when they applied, sharpened since, and every wording kept."""

from datetime import datetime
from functools import cache

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from cohorts.cohort import Membership
from cohorts.errors import Refused
from cohorts.facts import clean
from cohorts.store import Db, link, moment

WORDS = 1000


class Goal(SQLModel, table=True):
    """One wording after the first, which stands in the application."""

    id: int = Field(default=None, primary_key=True)
    membership_id: int = link("membership.id")
    words: str
    at: datetime = moment()


def sharpen(db: Db, membership: Membership, words: str, *, now: datetime) -> bool:
    """Say it anew; False when it is said like that already."""
    words = clean(words).strip()
    if not words:
        raise Refused("goals/empty")
    if len(words) > WORDS:
        raise Refused("goals/too-long", limit=WORDS, length=len(words))
    if words == sharpened(db, membership):
        return False
    db.add(Goal(membership_id=membership.id, words=words, at=now))
    db.flush()
    return True


def history(db: Db, membership: Membership) -> list[Goal]:
    """Every wording since the application, the oldest first."""
    return list(db.exec(_history(), params={"member": membership.id}).all())


def sharpened(db: Db, membership: Membership) -> str:
    """The newest wording; "" while the one of the application stands."""
    said = history(db, membership)
    return said[-1].words if said else ""


@cache
def _history() -> SelectOfScalar[Goal]:
    return select(Goal).where(col(Goal.membership_id) == sa.bindparam("member")).order_by(col(Goal.id))
