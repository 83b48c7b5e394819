"""Thanking a peer."""

from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Field, SQLModel, col, select

from cohorts import mailbag, which
from cohorts.cohort import Cohort, Membership, membership_of, present
from cohorts.errors import Refused
from cohorts.facts import clean
from cohorts.people import Person
from cohorts.store import Db, link, moment

WORDS = 500
LINK = 500  # a longer one leads to no message


class Kudos(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True)
    giver_id: int = link("membership.id")
    receiver_id: int = link("membership.id")
    words: str
    at: datetime = moment()


def give(db: Db, cohort: Cohort, giver: Membership, to: Person, words: str, *, now: datetime, link: str = "") -> Kudos:
    """Thank somebody of the same cohort; they hear from whom and for what, by day. `link`: what it was about."""
    words = clean(words).strip()
    receiver = _receiver(db, cohort, to)
    if receiver is None:
        raise Refused("kudos/not-in-cohort", person=to.ref, program=cohort.name)
    if receiver.id == giver.id:
        raise Refused("kudos/to-yourself")
    if not words:
        raise Refused("kudos/for-what", person=to.ref)
    if len(words) > WORDS:
        raise Refused("kudos/too-long", limit=WORDS, length=len(words))
    kudos = Kudos(giver_id=giver.id, receiver_id=receiver.id, words=words, at=now)
    db.add(kudos)
    db.flush()
    mailbag.add(
        db,
        cohort,
        receiver,
        "kudos/received",
        key=f"kudos:{kudos.id}",
        now=now,
        giver=giver.ref,
        words=words,
        link=link if len(link) <= LINK else "",
    )
    return kudos


def together(db: Db, giver: Person, to: Person) -> list[tuple[Cohort, Membership]]:
    """Where one can thank the other: the giver's cohorts, and the other's place in each in which they are present."""
    mine = [(cohort, _receiver(db, cohort, to)) for cohort, _ in which.of_person(db, giver)]
    return [(cohort, receiver) for cohort, receiver in mine if receiver is not None]


def peer(db: Db, membership_id: int) -> Membership:
    """Whoever may be thanked; `give` sees to whether they still are in the cohort."""
    found = db.get(Membership, membership_id)
    if found is None:
        raise Refused("kudos/whose")
    return found


def _receiver(db: Db, cohort: Cohort, to: Person) -> Membership | None:
    member = membership_of(db, cohort, to)
    return member if member in present(db, cohort) else None


def received(db: Db, membership: Membership) -> int:
    return int(db.execute(_received(), {"member": membership.id}).scalar_one())


@cache
def _received() -> "sa.Select[Any]":
    return sa.select(sa.func.count()).where(col(Kudos.receiver_id) == sa.bindparam("member"))


def given_since(db: Db, cohort: Cohort, since: datetime) -> int:
    """How many thanks went around in a cohort."""
    query = (
        sa.select(sa.func.count())
        .select_from(Kudos)
        .join(Membership, col(Membership.id) == col(Kudos.receiver_id))
        .where(col(Membership.cohort_id) == cohort.id, col(Kudos.at) >= since)
    )
    return int(db.execute(query).scalar_one())


def ledger(db: Db, cohort: Cohort) -> list[tuple[str, str, datetime]]:
    """(giver's name, receiver's name, when) of every thanks in a cohort."""
    gave, got = aliased(Membership), aliased(Membership)
    rows = db.exec(
        select(Kudos, gave.person_id, got.person_id)
        .join(gave, col(gave.id) == col(Kudos.giver_id))
        .join(got, col(got.id) == col(Kudos.receiver_id))
        .where(got.cohort_id == cohort.id)
        .order_by(col(Kudos.id))
    ).all()
    people = db.exec(select(Person).where(Person.workspace_id == cohort.workspace_id)).all()
    names = {person.id: person.name for person in people}
    return [(names[giver], names[receiver], one.at) for one, giver, receiver in rows]
