"""Who conducts one session: the program's facilitators, somebody they handed it to, a member whose turn it is, or
the group by itself. Whoever it is gets what facilitators get for that session, and may do what they may do in it.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import audit, outbox, people
from cohorts.attendance import Answer, answers
from cohorts.cohort import PRESENT, Cohort, CohortState, Membership, people_of, present, room_of
from cohorts.errors import Refused
from cohorts.facts import Fact
from cohorts.outbox import Press
from cohorts.people import Person, conducts
from cohorts.program_kinds import Hosts, SessionKind
from cohorts.sessions import Session, SessionState, standing, with_cohort
from cohorts.store import Db, link, moment


class Hosting(SQLModel, table=True):
    """A session that is not conducted by those who conduct the program. Nobody's: the group runs it by itself."""

    __table_args__ = (sa.UniqueConstraint("session_id"),)
    id: int = Field(default=None, primary_key=True)
    session_id: int = link("session.id", index=False)
    person_id: int | None = link("person.id", null=True)
    rotated: bool = Field(default=False)  # by the turn of the members, and not by anybody's word
    at: datetime = moment()


def of(db: Db, session: Session) -> Hosting | None:
    return db.exec(select(Hosting).where(Hosting.session_id == session.id)).one_or_none()


def host_of(db: Db, session: Session) -> Person | None:
    """The one whom it was handed to, or whose turn it is."""
    found = of(db, session)
    return db.get_one(Person, found.person_id) if found is not None and found.person_id is not None else None


def runs_itself(db: Db, session: Session) -> bool:
    found = of(db, session)
    return found is not None and found.person_id is None


def conductors(db: Db, cohort: Cohort, session: Session) -> list[Person]:
    """Who gets the brief and the desk; nobody when the group runs it."""
    if runs_itself(db, session):
        return []
    host = host_of(db, session)
    if host is not None and _may_host(db, cohort, host):
        return [host]
    return people.facilitators(db, cohort.workspace_id, cohort.program_key)


def answerable(db: Db, cohort: Cohort, session: Session) -> list[Person]:
    """Who hears of what has to be done for it: those who conduct it, or the program where the group runs it."""
    conducting = conductors(db, cohort, session)
    return conducting or people.facilitators(db, cohort.workspace_id, cohort.program_key)


def leaders(db: Db, cohort: Cohort, session: Session) -> list[Person]:
    """Everybody who may have the desk: those who get it, and those who conduct the program."""
    found = [
        *conductors(db, cohort, session),
        *people.facilitators(db, cohort.workspace_id, cohort.program_key),
    ]
    return list({one.id: one for one in found}.values())


def take(db: Db, session: Session, person: Person, *, now: datetime) -> None:
    """Somebody who is there hosts, because nobody else has begun."""
    _name(db, session, person, rotated=False, now=now)
    audit.record(db, person, "session/taken", now=now, session=session.id)


def _may_host(db: Db, cohort: Cohort, person: Person) -> bool:
    return conducts(db, person, cohort.program_key) or person.id in {one.person_id for one in present(db, cohort)}


# What it allows.


def is_host(db: Db, person: Person) -> bool:
    """Whether somebody leads any session as its host, or as one of a group that runs it."""
    return db.execute(_is_host(), {"person": person.id, "place": person.workspace_id}).first() is not None


@cache
def _is_host() -> "sa.Select[Any]":
    me: sa.BindParameter[int] = sa.bindparam("person")
    mine = sa.or_(
        col(Hosting.person_id) == me,
        sa.and_(
            col(Hosting.person_id).is_(None),
            sa.exists().where(
                col(Membership.cohort_id) == col(Session.cohort_id),
                col(Membership.person_id) == me,
                col(Membership.state).in_(PRESENT),
            ),
        ),
    )
    return (
        sa.select(col(Session.cohort_id))
        .select_from(Hosting)
        .join(Session, col(Session.id) == col(Hosting.session_id))
        .join(Cohort, col(Cohort.id) == col(Session.cohort_id))
        .where(col(Cohort.workspace_id) == sa.bindparam("place"), mine)
    )


def cohorts_of(db: Db, person: Person) -> list[Cohort]:
    """The living cohorts that have a session led by somebody as a host."""
    rows = db.execute(_is_host(), {"person": person.id, "place": person.workspace_id}).all()
    found = [db.get_one(Cohort, id_) for id_ in sorted({row[0] for row in rows})]
    return [one for one in found if one.state in (CohortState.RUNNING, CohortState.GRADUATED)]


def leads(db: Db, cohort: Cohort, session: Session, person: Person) -> bool:
    """Whether somebody may do in this session what facilitators may."""
    if conducts(db, person, cohort.program_key):
        return True
    found = of(db, session)
    if found is None or found.person_id not in (None, person.id):
        return False
    return person.id in {one.person_id for one in present(db, cohort)}


def sessions_of(db: Db, cohort: Cohort, person: Person) -> list[Session]:
    """The standing sessions of a cohort that somebody leads."""
    found = standing(db, cohort)
    return (
        found if conducts(db, person, cohort.program_key) else [one for one in found if leads(db, cohort, one, person)]
    )


def led(db: Db, person: Person, session_id: int) -> tuple[Session, Cohort]:
    """A session that somebody leads, in their own workspace."""
    row = with_cohort(db, person, session_id)
    if row is None or not leads(db, row[1], row[0], person):
        raise Refused("sessions/not-here")
    return row


# Handing over.


def candidates(db: Db, cohort: Cohort, session: Session) -> list[Person]:
    """Who could take a session: those who conduct the program and, where members host in turn, each of them."""
    found = people.facilitators(db, cohort.workspace_id, cohort.program_key)
    if cohort.program.hosts is Hosts.ROTATE:
        found += _in_turn(db, cohort, session)
    now = {one.id for one in conductors(db, cohort, session)}
    return list({one.id: one for one in found if one.id not in now or len(now) > 1}.values())


def hand_over(db: Db, cohort: Cohort, session: Session, to: Person, *, by: Person, now: datetime) -> None:
    """One session to one person; they are told, and whoever had it until now."""
    changeable(session)
    members = {one.person_id for one in present(db, cohort)} if cohort.program.hosts is Hosts.ROTATE else set()
    if not conducts(db, to, cohort.program_key) and to.id not in members:
        takers: list[Fact] = [one.ref for one in candidates(db, cohort, session) if one.id != by.id]
        raise Refused("hosting/cannot-take", person=to.ref, program=cohort.name, people=takers[:10])
    had = conductors(db, cohort, session)
    in_turn = cohort.program.hosts is Hosts.ROTATE and of(db, session) is None  # a member's turn is still to come
    if [one.id for one in had] == [to.id] and not in_turn:
        raise Refused("hosting/has-it", person=to.ref, title=session.title)
    _name(db, session, to, rotated=False, now=now)
    occasion = f"session:{session.id}/host/{now.isoformat()}"
    if to.id != by.id:
        outbox.tell(
            db,
            to,
            "hosting/yours",
            key=f"{occasion}/yours/{to.id}",
            now=now,
            expires=session.ends_at,
            presses=desk_presses(session),
            by=by.ref,
            member=to.id in members,
            title=session.title,
            starts=session.starts_at,
        )
    for one in had:
        if one.id not in (by.id, to.id):
            outbox.tell(
                db,
                one,
                "hosting/handed",
                key=f"{occasion}/handed/{one.id}",
                now=now,
                expires=session.ends_at,
                by=by.ref,
                person=to.ref,
                title=session.title,
                starts=session.starts_at,
            )
    outbox.bring(db, room_of(db, cohort), to, now=now)
    audit.record(db, by, "session/handed-over", now=now, session=session.id, to=to.id)


def let_group_run(db: Db, cohort: Cohort, session: Session, *, by: Person, now: datetime) -> None:
    """Nobody conducts it: what comes by itself comes by itself, and the room is told who can press what."""
    changeable(session)
    if runs_itself(db, session):
        return
    _name(db, session, None, rotated=False, now=now)
    if present(db, cohort):
        outbox.announce(
            db,
            room_of(db, cohort),
            "hosting/by-yourselves",
            key=f"session:{session.id}/by-yourselves/{now.isoformat()}",
            now=now,
            expires=session.ends_at,
            about=session.about,
            title=session.title,
            starts=session.starts_at,
            person=by.ref,
        )
    audit.record(db, by, "session/runs-itself", now=now, session=session.id)


def changeable(session: Session) -> None:
    if session.state not in (SessionState.PLANNED, SessionState.LIVE):
        raise Refused("hosting/over", title=session.title)


def _name(db: Db, session: Session, person: Person | None, *, rotated: bool, now: datetime) -> None:
    found = of(db, session)
    if found is None:
        found = Hosting(session_id=session.id)
        db.add(found)
    found.person_id, found.rotated, found.at = person.id if person is not None else None, rotated, now
    db.flush()


def desk_presses(session: Session) -> list[Press]:
    """Beneath a brief, and whatever says that a session is yours."""
    ids = {"session_id": session.id}
    return [Press("sessions/start", ids, "primary"), Press("plan/open", ids), Press("hosting/cannot", ids)]


# In turn.


def take_turn(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> Person | None:
    """Where members host in turn: whose turn it is, named now if nobody is, or if whoever was can't any more."""
    if cohort.program.hosts is not Hosts.ROTATE or session.kind is not SessionKind.SESSION:
        return host_of(db, session)
    found = of(db, session)
    order = _in_turn(db, cohort, session)
    if found is not None and (not found.rotated or found.person_id in {one.id for one in order}):
        return host_of(db, session)
    if not order:
        return None
    _name(db, session, order[0], rotated=True, now=now)
    return order[0]


def _in_turn(db: Db, cohort: Cohort, session: Session) -> list[Person]:
    """Members who haven't declined: whoever hosted least first, then whoever hosted longest ago, then who came first.

    The same for the same past.
    """
    declined = {id_ for id_, answer in answers(db, session).items() if answer is Answer.NO}
    members = [one for one in present(db, cohort) if one.id not in declined]
    past = [one for one in _hosted(db, cohort) if one[1] != session.id]
    times, latest = Counter(id_ for id_, _ in past), {id_: n for n, (id_, _) in enumerate(past)}
    named = people_of(db, members)
    found = sorted(members, key=lambda one: (times[one.person_id], latest.get(one.person_id, -1), one.id))
    return [named[one.id] for one in found]


def _hosted(db: Db, cohort: Cohort) -> Iterable[tuple[int, int]]:
    """Who hosts or hosted which standing session, in the order of the sessions."""
    rows = db.exec(
        select(Hosting.person_id, Session.id)
        .join(Session, col(Session.id) == col(Hosting.session_id))
        .where(Session.cohort_id == cohort.id, Session.state != SessionState.CANCELLED)
        .order_by(col(Session.starts_at), col(Session.id))
    ).all()
    return [(person, session) for person, session in rows if person is not None]
