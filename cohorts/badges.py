"""Badges for real competence: awarded by themselves when a counter reaches what the program asks."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from cohorts import attendance, homework
from cohorts.cohort import Cohort, Membership, MembershipState
from cohorts.store import Db, link, moment

Counter = Callable[[Db, Membership], int]

COUNTERS: Mapping[str, Counter] = {
    "sessions": attendance.attended_count,
    "homework": homework.submitted_count,
}


class Award(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("membership_id", "badge_key"),)
    id: int = Field(default=None, primary_key=True)
    membership_id: int = link("membership.id", index=False)
    badge_key: str = Field(max_length=64)
    at: datetime = moment()


def award_due(
    db: Db, cohort: Cohort, membership: Membership, counters: Mapping[str, Counter], *, now: datetime
) -> list[str]:
    """The keys of badges that somebody earned just now. `counters` are those of features, beside our own."""
    all_counters = {**COUNTERS, **counters}
    had = awarded(db, membership)
    earned = []
    for badge in cohort.program.badges:
        if badge.key in had:
            continue
        if badge.when.counter is None:
            reached = membership.state is MembershipState.GRADUATED
        else:
            counter = all_counters.get(badge.when.counter)
            reached = counter is not None and counter(db, membership) >= badge.when.needed
        if reached:
            db.add(Award(membership_id=membership.id, badge_key=badge.key, at=now))
            earned.append(badge.key)
    db.flush()
    return earned


def awarded(db: Db, membership: Membership) -> set[str]:
    return set(db.exec(_awards(), params={"member": membership.id}).all())


@cache
def _awards() -> SelectOfScalar[str]:
    return select(Award.badge_key).where(col(Award.membership_id) == sa.bindparam("member"))
