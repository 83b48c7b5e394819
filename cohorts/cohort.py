"""A cohort and the memberships in it: their life from recruiting to alumni."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from cohorts import audit, outbox, programs, touchpoints
from cohorts.errors import Refused
from cohorts.facts import Fact, PersonRef
from cohorts.moments import SATURDAY, local, shift
from cohorts.outbox import For, Press
from cohorts.people import Person, Workspace, facilitators, lives_by
from cohorts.planning import Listener, Occasion, Source
from cohorts.programs import Program
from cohorts.rooms import Room
from cohorts.states import advance
from cohorts.store import Db, choice, link, moment
from cohorts.when import Duration, Unit


class CohortState(StrEnum):
    RECRUITING = "recruiting"
    RUNNING = "running"
    GRADUATED = "graduated"
    ALUMNI = "alumni"
    CANCELLED = "cancelled"


COHORT_LIFE = {
    CohortState.RECRUITING: frozenset({CohortState.RUNNING, CohortState.CANCELLED}),
    CohortState.RUNNING: frozenset({CohortState.GRADUATED, CohortState.CANCELLED}),
    CohortState.GRADUATED: frozenset({CohortState.ALUMNI}),
    CohortState.ALUMNI: frozenset(),
    CohortState.CANCELLED: frozenset(),
}


class MembershipState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    LEFT = "left"
    REMOVED = "removed"
    GRADUATED = "graduated"


MEMBERSHIP_LIFE = {
    MembershipState.ACTIVE: frozenset(
        {MembershipState.PAUSED, MembershipState.LEFT, MembershipState.REMOVED, MembershipState.GRADUATED}
    ),
    MembershipState.PAUSED: frozenset({MembershipState.ACTIVE, MembershipState.LEFT, MembershipState.REMOVED}),
    MembershipState.LEFT: frozenset({MembershipState.ACTIVE}),
    MembershipState.REMOVED: frozenset({MembershipState.ACTIVE}),
    MembershipState.GRADUATED: frozenset({MembershipState.LEFT}),
}

PRESENT = (MembershipState.ACTIVE, MembershipState.GRADUATED)


class Cohort(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("workspace_id", "handle"),)
    id: int = Field(default=None, primary_key=True)
    workspace_id: int = link("workspace.id", index=False)
    handle: str = Field(max_length=80)  # deploy-together-2027-01
    program_key: str = Field(max_length=64, index=True)
    program_toml: str
    state: CohortState = choice(CohortState, default=CohortState.RECRUITING, index=True)
    zone: str = Field(max_length=64)
    starts_on: date
    closes_at: datetime = moment()
    opened_at: datetime = moment()
    room_id: int | None = link("room.id", null=True)
    revision: int = Field(default=0)

    @property
    def program(self) -> Program:
        """This cohort's own copy, whatever became of the file."""
        return _program(self.program_toml, self.handle)

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def starts_at(self) -> datetime:
        """Midnight of the first day, in the cohort's zone; aware in that zone's offset."""
        return datetime.combine(self.starts_on, time(), ZoneInfo(self.zone))

    @property
    def opens_at(self) -> datetime:
        """When the first day's program begins: what `start` means in a program file."""
        return local(self.starts_on, self.program.at, self.zone)

    @property
    def is_open(self) -> bool:
        """Whether anything may still be told by itself."""
        return self.state in (CohortState.RECRUITING, CohortState.RUNNING, CohortState.GRADUATED)


class Membership(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("cohort_id", "person_id"),)
    id: int = Field(default=None, primary_key=True)
    cohort_id: int = link("cohort.id", index=False)
    person_id: int = link("person.id")
    state: MembershipState = choice(MembershipState, default=MembershipState.ACTIVE)
    revision: int = Field(default=0)
    accepted_at: datetime = moment()

    @property
    def hears(self) -> For:
        return For(self.id, self.revision)

    @property
    def ref(self) -> PersonRef:
        return PersonRef(self.person_id)


@lru_cache(maxsize=64)
def _program(toml: str, name: str) -> Program:
    return programs.parse(toml, file=name)


def recruit(
    db: Db,
    place: Workspace,
    program: Program,
    toml: str,
    *,
    starts_on: date,
    zone: str,
    by: Person,
    now: datetime,
) -> Cohort:
    """Open a program: a cohort that takes applications."""
    if local(starts_on, program.at, zone) <= now:
        raise Refused("program/starts-in-the-past", program=program.name, starts=starts_on)
    closes = closing(program, starts_on, zone, now=now)
    handle = f"{program.key}-{starts_on:%Y-%m}"
    taken = set(db.exec(select(Cohort.handle).where(Cohort.workspace_id == place.id)).all())
    handle = next(name for name in _numbered(handle) if name not in taken)
    room = Room(workspace_id=place.id, name=handle[:80], topic=program.promise[:250])
    db.add(room)
    db.flush()
    cohort = Cohort(
        workspace_id=place.id,
        handle=handle,
        program_key=program.key,
        program_toml=toml,
        zone=zone,
        starts_on=starts_on,
        closes_at=closes,
        opened_at=now,
        room_id=room.id,
    )
    db.add(cohort)
    db.flush()
    lives_by(db, by, zone)
    audit.record(db, by, "program/opened", now=now, cohort=cohort.handle)
    return cohort


def closing(program: Program, starts_on: date, zone: str, *, now: datetime) -> datetime:
    """When applications close: after the program's open days, at its usual hour, or two days before the start when
    that comes first.
    """
    start = local(starts_on, program.at, zone)
    last_day = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=program.application.open_days)
    closes = min(local(last_day, program.at, zone), shift(start, Duration(Unit.DAYS, 2), -1, zone))
    return closes if closes - now >= timedelta(hours=12) else start  # opened at the last moment


def _numbered(handle: str) -> Iterable[str]:
    yield handle
    yield from (f"{handle}-{n}" for n in range(2, 10_000))


def launch(db: Db, cohort: Cohort, *, by: Person, now: datetime) -> None:
    """From recruiting to running: everyone who was accepted is expected now."""
    cohort.state = advance(COHORT_LIFE, cohort.state, CohortState.RUNNING, "program/launched-already")
    members = present(db, cohort)
    if not members:
        raise Refused("program/nobody-accepted", program=cohort.name)
    room = open_room(db, cohort, now=now)
    outbox.announce(
        db,
        room,
        "program/launched",
        key=f"cohort:{cohort.id}/launched",
        now=now,
        program=cohort.name,
        promise=cohort.program.promise,
        theme=cohort.program.theme.value,
        norms=list(cohort.program.norms),
        people=[member.ref for member in members],
        starts=cohort.opens_at,
        pin=True,
        ping=False,  # each was invited into the room, and knows that they are in
        presses=[Press("cohort/home", {"cohort": cohort.id})],
    )
    audit.record(db, by, "program/launched", now=now, cohort=cohort.handle)
    touchpoints.reconcile(db, cohort, now=now)


def among(db: Db, membership: Membership) -> dict[str, Fact]:
    """Which cohort is spoken of, as a fact that stands in a message's title, for those who are in several."""
    rows = db.execute(_living(), {"person": membership.person_id}).all()
    return {"among": db.get_one(Cohort, membership.cohort_id).name} if len(rows) > 1 else {}


@cache
def _living() -> "sa.Select[Any]":
    return (
        sa.select(col(Cohort.id))
        .join(Membership, col(Membership.cohort_id) == col(Cohort.id))
        .where(
            col(Membership.person_id) == sa.bindparam("person"),
            col(Membership.state) == MembershipState.ACTIVE,
            col(Cohort.state).in_((CohortState.RECRUITING, CohortState.RUNNING)),
        )
    )


def welcome(db: Db, cohort: Cohort, person: Person, *, now: datetime) -> Membership:
    """Make somebody a member (again); they are invited to the room, which is made first when it isn't there yet."""
    membership = membership_of(db, cohort, person)
    if membership is None:
        membership = Membership(cohort_id=cohort.id, person_id=person.id, accepted_at=now)
        db.add(membership)
        db.flush()
    elif membership.state is not MembershipState.ACTIVE:
        membership.accepted_at = now
        _become(db, membership, MembershipState.ACTIVE, "cohort/cannot-return")
    lives_by(db, person, cohort.zone)
    room = open_room(db, cohort, now=now)
    outbox.invite(db, room, person, membership.hears, now=now)
    touchpoints.reconcile(db, cohort, now=now)
    return membership


def _become(db: Db, membership: Membership, state: MembershipState, refusal: str) -> None:
    membership.state = advance(MEMBERSHIP_LIFE, membership.state, state, refusal)
    membership.revision += 1
    db.flush()


def pause(db: Db, membership: Membership, *, now: datetime) -> None:
    """Hear nothing until `resume`; the seat is kept."""
    _become(db, membership, MembershipState.PAUSED, "cohort/cannot-pause")


def resume(db: Db, membership: Membership, *, now: datetime) -> None:
    if membership.state is not MembershipState.PAUSED:
        raise Refused("cohort/not-paused")
    _become(db, membership, MembershipState.ACTIVE, "cohort/not-paused")
    # An invitation that was still waiting when they paused was withdrawn; to be invited twice does no harm.
    cohort = db.get_one(Cohort, membership.cohort_id)
    outbox.invite(db, room_of(db, cohort), db.get_one(Person, membership.person_id), membership.hears, now=now)
    touchpoints.reconcile(db, cohort, now=now)


def leave(db: Db, cohort: Cohort, membership: Membership, *, now: datetime) -> None:
    """Go, without a reason asked: out of the room, and nothing more is heard of this cohort."""
    _become(db, membership, MembershipState.LEFT, "cohort/left-already")
    person = db.get_one(Person, membership.person_id)
    outbox.remove(db, room_of(db, cohort), person, membership.hears, now=now)
    audit.record(db, person, "cohort/left", now=now, cohort=cohort.handle)
    touchpoints.reconcile(db, cohort, now=now)


def remove(db: Db, cohort: Cohort, membership: Membership, *, now: datetime) -> None:
    """Take a seat back that was given by mistake: out of the room, and nothing more is heard of this cohort."""
    _become(db, membership, MembershipState.REMOVED, "cohort/left-already")
    outbox.remove(db, room_of(db, cohort), db.get_one(Person, membership.person_id), membership.hears, now=now)
    touchpoints.reconcile(db, cohort, now=now)


def graduate(db: Db, membership: Membership) -> None:
    _become(db, membership, MembershipState.GRADUATED, "graduation/not-now")


def open_room(db: Db, cohort: Cohort, *, now: datetime) -> Room:
    """The cohort's room, made on the platform when it isn't yet, with those who conduct the program in it."""
    room = room_of(db, cohort)
    outbox.make_room(db, room, now=now)
    for facilitator in facilitators(db, cohort.workspace_id, cohort.program_key):
        outbox.bring(db, room, facilitator, now=now)
    return room


def room_of(db: Db, cohort: Cohort) -> Room:
    return db.exec(select(Room).where(Room.id == cohort.room_id)).one()


def present(db: Db, cohort: Cohort) -> list[Membership]:
    """Who takes part now: neither paused nor gone. In the order they were accepted."""
    return list(db.exec(_present(), params={"cohort": cohort.id}).all())


@cache
def _present() -> SelectOfScalar[Membership]:
    of_cohort = col(Membership.cohort_id) == sa.bindparam("cohort")
    return select(Membership).where(of_cohort, col(Membership.state).in_(PRESENT)).order_by(col(Membership.id))


def membership_of(db: Db, cohort: Cohort, person: Person) -> Membership | None:
    return db.exec(
        select(Membership).where(Membership.cohort_id == cohort.id, Membership.person_id == person.id)
    ).one_or_none()


def took_part(db: Db, person: Person) -> bool:
    """Whether somebody is, or was, a member of any cohort."""
    return db.execute(_taking_part(), {"person": person.id}).first() is not None


@cache
def _taking_part() -> "sa.Select[Any]":
    return sa.select(col(Membership.id)).where(col(Membership.person_id) == sa.bindparam("person")).limit(1)


def people_of(db: Db, members: Iterable[Membership]) -> dict[int, Person]:
    """The people behind memberships, by membership id."""
    ids = {member.person_id: member.id for member in members}
    found = db.exec(select(Person).where(col(Person.id).in_(ids))).all()
    return {ids[person.id]: person for person in found}


def zones_of(db: Db, cohort: Cohort) -> dict[int, str]:
    """The time zone of everybody who is, or was, a member, by membership id."""
    rows = db.exec(
        select(Membership.id, Person.zone)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(Membership.cohort_id == cohort.id)
    ).all()
    return dict(rows)


def person_of(db: Db, membership: Membership) -> Person:
    return db.get_one(Person, membership.person_id)


def _occasions(db: Db, cohort: Cohort) -> Iterable[Occasion]:
    moments = {"start": cohort.opens_at, "close": cohort.closes_at}
    yield Occasion("cohort", cohort.id, cohort.revision, moments)
    yield from _mornings(cohort)
    members = db.exec(
        select(Membership).where(Membership.cohort_id == cohort.id, Membership.state == MembershipState.ACTIVE)
    ).all()
    for member in members:
        yield Occasion("membership", member.id, 0, {"accepted": member.accepted_at})


def _mornings(cohort: Cohort) -> Iterable[Occasion]:
    """Each working morning on which applications are open, for a summary of what came since the last one."""
    zone = ZoneInfo(cohort.zone)
    first, last = cohort.opened_at.astimezone(zone).date(), cohort.closes_at.astimezone(zone).date()
    for n in range(1, (last - first).days + 1 if cohort.state is CohortState.RECRUITING else 1):
        day = first + timedelta(days=n)
        if day.weekday() < SATURDAY:
            yield Occasion("morning", n, 0, {"nine": local(day, time(9, 0), cohort.zone)})


def _listeners(db: Db, cohort: Cohort) -> Iterable[Listener]:
    """Who takes part now, with all that they take part in."""
    here = select(Membership.person_id).where(Membership.cohort_id == cohort.id, col(Membership.state).in_(PRESENT))
    rows = db.exec(
        select(Membership, Person)
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(col(Membership.person_id).in_(here), col(Membership.state).in_(PRESENT))
        .order_by(col(Membership.id))
    ).all()
    zones: dict[int, str] = {}
    memberships: dict[int, dict[int, int]] = {}
    for member, person in rows:
        zones[person.id] = person.zone
        memberships.setdefault(person.id, {})[member.cohort_id] = member.id
    return [Listener(zone, memberships[person_id]) for person_id, zone in zones.items()]


TOUCHPOINTS = Source(occasions=_occasions, listeners=_listeners)
