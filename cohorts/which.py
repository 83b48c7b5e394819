"""Which cohorts somebody means: those they take part in, those they conduct, those one can apply to."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TypeVar

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.sql.expression import Select

from cohorts import hosting
from cohorts.cohort import PRESENT, Cohort, CohortState, Membership, MembershipState, present
from cohorts.errors import Refused, Unclear
from cohorts.people import Person, conducts
from cohorts.rooms import Room
from cohorts.store import Db

T = TypeVar("T")


def of_person(db: Db, person: Person) -> list[tuple[Cohort, Membership]]:
    """Where somebody takes part, or pauses; not what was called off."""
    rows = db.exec(_memberships(), params={"person": person.id, "place": person.workspace_id}).all()
    return [(cohort, member) for cohort, member in rows]


@cache
def _memberships() -> Select[Cohort, Membership]:
    return (
        select(Cohort, Membership)
        .join(Membership, col(Membership.cohort_id) == col(Cohort.id))
        .where(
            col(Membership.person_id) == sa.bindparam("person"),
            col(Cohort.workspace_id) == sa.bindparam("place"),
            col(Membership.state).in_((*PRESENT, MembershipState.PAUSED)),
            col(Cohort.state) != CohortState.CANCELLED,
        )
        .order_by(col(Cohort.id))
    )


def mine(db: Db, person: Person, *, wanted: int | None = None, room: Room | None = None) -> tuple[Cohort, Membership]:
    """The cohort somebody speaks of as a member: the one named, the one of the room, or the only one."""
    rows = of_person(db, person)
    return _the_one([(cohort, (cohort, member)) for cohort, member in rows], wanted, room, "cohort/none-of-yours")


def to_leave(
    db: Db, person: Person, applied: Sequence[Cohort], *, wanted: int | None = None, room: Room | None = None
) -> tuple[Cohort, Membership | None]:
    """The cohort somebody wants to leave: one they take part in, or one they have `applied` to and are no member of."""
    found: list[tuple[Cohort, tuple[Cohort, Membership | None]]] = [
        *((cohort, (cohort, member)) for cohort, member in of_person(db, person)),
        *((cohort, (cohort, None)) for cohort in applied),
    ]
    return _the_one(found, wanted, room, "cohort/none-of-yours")


def conducted_by(db: Db, person: Person) -> list[Cohort]:
    """The living cohorts that somebody conducts."""
    rows = db.exec(
        select(Cohort)
        .where(
            Cohort.workspace_id == person.workspace_id,
            col(Cohort.state).in_((CohortState.RECRUITING, CohortState.RUNNING, CohortState.GRADUATED)),
        )
        .order_by(col(Cohort.id))
    ).all()
    return [cohort for cohort in rows if conducts(db, person, cohort.program_key)]


def conducted(db: Db, person: Person, *, wanted: int | None = None, room: Room | None = None) -> Cohort:
    """The cohort somebody speaks of as its facilitator; never one of a program they don't conduct."""
    mine_ = [(cohort, cohort) for cohort in conducted_by(db, person)]
    live = [pair for pair in mine_ if pair[0].state is not CohortState.GRADUATED]
    return _the_one(live if len(live) == 1 and wanted is None else mine_, wanted, room, "cohort/none-conducted")


def recorded(db: Db, person: Person, *, wanted: int | None = None, room: Room | None = None) -> Cohort:
    """The cohort whose lists an owner asks for: one that is over is among them."""
    rows = db.exec(select(Cohort).where(Cohort.workspace_id == person.workspace_id).order_by(col(Cohort.id))).all()
    mine_ = [(cohort, cohort) for cohort in rows if conducts(db, person, cohort.program_key)]
    return _the_one(mine_, wanted, room, "cohort/none-conducted")


def all_led(db: Db, person: Person) -> list[Cohort]:
    """The living cohorts that somebody conducts, or hosts a session of."""
    found = conducted_by(db, person)
    ids = {cohort.id for cohort in found}
    return [*found, *(one for one in hosting.cohorts_of(db, person) if one.id not in ids)]


def led(db: Db, person: Person, *, wanted: int | None = None, room: Room | None = None) -> Cohort:
    """The cohort somebody speaks of as the one who conducts it, or one of its sessions."""
    mine_ = all_led(db, person)
    live = [one for one in mine_ if one.state is not CohortState.GRADUATED]
    found = live if len(live) == 1 and wanted is None else mine_
    return _the_one([(one, one) for one in found], wanted, room, "cohort/none-conducted")


def _the_one(found: list[tuple[Cohort, T]], wanted: int | None, room: Room | None, refusal: str) -> T:
    if wanted is not None:
        found = [pair for pair in found if pair[0].id == wanted]
    elif room is not None and any(cohort.room_id == room.id for cohort, _ in found):
        found = [pair for pair in found if pair[0].room_id == room.id]
    if not found:
        raise Refused(refusal)
    if len(found) > 1:
        raise Unclear(tuple((cohort.id, f"{cohort.name} · {cohort.starts_on:%Y-%m}") for cohort, _ in found))
    return found[0][1]


def recruiting(db: Db, workspace_id: int, *, now: datetime) -> list[Cohort]:
    """What one can apply to today."""
    return list(
        db.exec(
            select(Cohort)
            .where(
                Cohort.workspace_id == workspace_id,
                Cohort.state == CohortState.RECRUITING,
                col(Cohort.closes_at) > now,
            )
            .order_by(col(Cohort.id))
        ).all()
    )


def with_rooms(db: Db, workspace_id: int, program_key: str) -> list[Cohort]:
    """The living cohorts of a program that have members, and so a room."""
    found = db.exec(
        select(Cohort)
        .where(Cohort.workspace_id == workspace_id, Cohort.program_key == program_key)
        .order_by(col(Cohort.id))
    ).all()
    return [cohort for cohort in found if cohort.is_open and present(db, cohort)]
