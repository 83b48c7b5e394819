"""Small groups that build something together: drafted, posted once, and others the next time.

Nobody is with somebody they built with before, as far as that can be; and rather with whom they did not meet in a
round of a session either. A group does not count as met in the rounds of sessions: those who build together may talk.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import breakouts, gatherings, outbox
from cohorts.breakouts import MOVES
from cohorts.cohort import Cohort, Membership, present, room_of
from cohorts.errors import Refused
from cohorts.facts import PersonRef
from cohorts.gatherings import Circle
from cohorts.pairing import History, Plan, Round, Rules
from cohorts.pairing_roles import teams
from cohorts.people import facilitators
from cohorts.store import Db, link, moment
from cohorts.ways import ways_of

LEAST, USUAL, MOST = 2, 3, 6  # people in a group


class Project(SQLModel, table=True):
    """A draft until it is posted."""

    id: int = Field(default=None, primary_key=True)
    cohort_id: int = link("cohort.id")
    size: int
    repeats: int  # pairs who built together before
    lower_bound: int  # and how many of them no grouping can do without
    at: datetime = moment()
    posted_at: datetime | None = moment(null=True)


class Builder(SQLModel, table=True):
    """Who has the same `group` in a project builds together; 0 is whoever was left over."""

    __table_args__ = (sa.UniqueConstraint("project_id", "membership_id"),)
    id: int = Field(default=None, primary_key=True)
    project_id: int = link("project.id", index=False)
    membership_id: int = link("membership.id")
    group: int


def latest(db: Db, cohort: Cohort) -> Project | None:
    """The draft there is, else what was posted last."""
    return next(reversed(_all(db, cohort)), None)


def seated(db: Db, project: Project) -> dict[int, list[int]]:
    """Membership ids by group number."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    rows = db.exec(select(Builder).where(Builder.project_id == project.id).order_by(col(Builder.id))).all()
    for row in rows:
        found[row.group].append(row.membership_id)
    return dict(sorted(found.items()))


def groups(db: Db, cohort: Cohort, project: Project) -> list[list[PersonRef]]:
    """Those who are still there."""
    here = {one.id: one.ref for one in present(db, cohort)}
    found = [[here[one] for one in ids if one in here] for number, ids in seated(db, project).items() if number]
    return [group for group in found if group]


def without(db: Db, cohort: Cohort, project: Project) -> list[PersonRef]:
    """Whoever is in no group: left over, or let in since."""
    placed = {one for number, ids in seated(db, project).items() if number for one in ids}
    return [one.ref for one in present(db, cohort) if one.id not in placed]


def is_current(db: Db, cohort: Cohort, project: Project) -> bool:
    """Whether a draft is of those who take part now."""
    drafted = {one for ids in seated(db, project).values() for one in ids}
    return drafted == {one.id for one in present(db, cohort)}


def draft(db: Db, cohort: Cohort, size: int, *, now: datetime) -> Project:
    """New groups. An earlier draft that was not posted counts for nothing any more."""
    members = present(db, cohort)
    if len(members) < 2:
        raise Refused("projects/too-few", program=cohort.name)
    posted = [one for one in _all(db, cohort) if one.posted_at is not None]
    made = _made(db, cohort, members, size, posted)
    project = Project(
        cohort_id=cohort.id, size=size, repeats=made.repeats, lower_bound=min(made.lower_bound, made.repeats), at=now
    )
    db.add(project)
    db.flush()
    for number, group in [(0, made.first.sat_out), *enumerate(made.first.groups, start=1)]:
        db.add_all(Builder(project_id=project.id, membership_id=int(one), group=number) for one in group)
    db.flush()
    return project


def _made(db: Db, cohort: Cohort, members: Sequence[Membership], size: int, posted: Sequence[Project]) -> Plan:
    built = History.of(_as_round(seated(db, one)) for one in posted)
    talked = breakouts.history(db, cohort).met
    return teams(
        [str(one.id) for one in members],
        size,
        history=History(met=built.met),
        rules=Rules(never=breakouts.never_together(db, cohort), avoid={pair: 1 for pair, n in talked.items() if n}),
        seed=cohort.id + len(posted),
        moves=MOVES,
    )


def _as_round(placed: dict[int, list[int]]) -> Round:
    return Round(tuple(tuple(map(str, ids)) for number, ids in placed.items() if number))


def post(db: Db, cohort: Cohort, project: Project, *, now: datetime) -> bool:
    """Into the room, once; and where groups have conversations of their own, one for each. Whether it was new."""
    if project.posted_at is not None:
        return False
    project.posted_at = now
    db.flush()
    room, made, own = room_of(db, cohort), groups(db, cohort, project), ways_of(db, cohort.workspace_id).apart
    outbox.announce(
        db,
        room,
        "projects/posted",
        key=f"project:{project.id}",
        now=now,
        ping=not own,  # each group hears of it where it is
        teams=[list(group) for group in made],
        loose=list(without(db, cohort, project)),
        own=own,
    )
    hosts = tuple(one.ref for one in facilitators(db, cohort.workspace_id, cohort.program_key))
    for number, group in enumerate(made if own else (), start=1):
        circle = Circle(room, f"project:{project.id}/group:{number}", tuple(group), hosts)
        gatherings.group(db, circle, "projects/own-place", now=now, program=cohort.name)
    return True


def _all(db: Db, cohort: Cohort) -> list[Project]:
    return list(db.exec(select(Project).where(Project.cohort_id == cohort.id).order_by(col(Project.id))).all())
