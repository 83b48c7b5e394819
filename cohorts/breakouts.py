"""Rounds and groups as they really happened, and the next ones made from who is really there."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import seating, sessions
from cohorts.cohort import Cohort, Membership, present
from cohorts.pairing import History, Round
from cohorts.program_kinds import SegmentKind, SessionKind
from cohorts.room_styles import Style
from cohorts.sessions import Session, SessionState
from cohorts.store import Db, choice, link, moment

IN_GROUPS = (SegmentKind.PAIR_SHARE, SegmentKind.BREAKOUT)
MOVES = 40_000  # of a search in groups of three and more: people are waiting, and so is every other transaction


class Breakout(SQLModel, table=True):
    """One round of one session. Group numbers start again in each round; 0 is whoever sat out."""

    __table_args__ = (sa.UniqueConstraint("session_id", "round"),)
    id: int = Field(default=None, primary_key=True)
    session_id: int = link("session.id", index=False)
    round: int
    prompt: str = Field(default="")
    lower_bound: int = Field(default=0)
    repeats: int = Field(default=0)
    at: datetime = moment()
    ends_at: datetime | None = moment(null=True)  # of a round that begins and ends by itself
    closed_at: datetime | None = moment(null=True)
    style: Style | None = choice(Style, null=True)
    revision: int = Field(default=0)  # of who is where, and until when


class Seat(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("breakout_id", "membership_id"),)
    id: int = Field(default=None, primary_key=True)
    breakout_id: int = link("breakout.id", index=False)
    membership_id: int = link("membership.id")
    group: int
    gone_at: datetime | None = moment(null=True)  # when somebody said that they aren't there: they have met nobody
    back_at: datetime | None = moment(null=True)  # when they showed that they are there after all
    revision: int = Field(default=0)  # the round's, when it was last changed with whom they sit


class Apart(SQLModel, table=True):
    """Two people who are never put together, for reasons that nobody has to give."""

    __table_args__ = (sa.UniqueConstraint("cohort_id", "one_id", "other_id"),)
    id: int = Field(default=None, primary_key=True)
    cohort_id: int = link("cohort.id", index=False)
    one_id: int = link("membership.id")
    other_id: int = link("membership.id")


def of_session(db: Db, session: Session) -> list[Breakout]:
    return list(db.exec(select(Breakout).where(Breakout.session_id == session.id).order_by(col(Breakout.round))).all())


def of_number(db: Db, session: Session, number: int) -> Breakout | None:
    return db.exec(select(Breakout).where(Breakout.session_id == session.id, Breakout.round == number)).one_or_none()


def seats(db: Db, breakout: Breakout) -> list[Seat]:
    """Those of whoever is not there included."""
    return list(db.exec(select(Seat).where(Seat.breakout_id == breakout.id).order_by(col(Seat.id))).all())


def groups(db: Db, breakout: Breakout) -> dict[int, list[int]]:
    """Membership ids by group number, of those who are there."""
    seated: defaultdict[int, list[int]] = defaultdict(list)
    for seat in seats(db, breakout):
        if seat.gone_at is None:
            seated[seat.group].append(seat.membership_id)
    return dict(sorted(seated.items()))


def history(db: Db, cohort: Cohort) -> History:
    """Every round this cohort has played, and whom its members met in rounds of earlier seasons."""
    rows = db.exec(
        select(Breakout)
        .join(Session, col(Session.id) == col(Breakout.session_id))
        .where(Session.cohort_id == cohort.id)
        .order_by(col(Breakout.id))
    ).all()
    members = [str(one.id) for one in present(db, cohort)]
    played = []
    for row in rows:
        made = as_round(groups(db, row))
        there = set(made.present)
        played.append(Round(made.groups, made.sat_out, tuple(one for one in members if one not in there)))
    return History.of(played).joined(History(met=met_before(db, cohort)))


def met_before(db: Db, cohort: Cohort) -> dict[frozenset[str], int]:
    """Pairs of members, by who they are, who sat in a group together in other cohorts of the workspace."""
    now = {one.person_id: str(one.id) for one in _all_of(db, cohort)}
    rows = db.exec(
        select(Membership.person_id, Seat.breakout_id, Seat.group)
        .join(Seat, col(Seat.membership_id) == col(Membership.id))
        .join(Cohort, col(Cohort.id) == col(Membership.cohort_id))
        .where(
            Cohort.workspace_id == cohort.workspace_id,
            Membership.cohort_id != cohort.id,
            Seat.group != 0,
            col(Seat.gone_at).is_(None),
            col(Membership.person_id).in_(
                select(Membership.person_id).where(Membership.cohort_id == cohort.id).scalar_subquery()
            ),
        )
    ).all()
    together: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for person, breakout, group in rows:
        together[breakout, group].append(now[person])
    return dict(Counter(frozenset(pair) for group in together.values() for pair in combinations(group, 2)))


def _all_of(db: Db, cohort: Cohort) -> list[Membership]:
    return list(db.exec(select(Membership).where(Membership.cohort_id == cohort.id)).all())


def acquainted(db: Db, cohort: Cohort) -> tuple[int, int]:
    """How many pairs of those who take part now have met, and how many there are."""
    here = {str(one.id) for one in present(db, cohort)}
    met = sum(1 for pair, times in history(db, cohort).met.items() if times and pair <= here)
    return met, len(here) * (len(here) - 1) // 2


def as_round(seated: dict[int, list[int]]) -> Round:
    named = {number: tuple(str(one) for one in members) for number, members in seated.items()}
    return Round(tuple(group for number, group in named.items() if number), named.get(0, ()))


def rounds_of(cohort: Cohort, session: Session) -> list[tuple[int, str]]:
    """(group size, prompt) of each round that a session's run of show has; a meeting without any has one of pairs."""
    show = sessions.run_of_show(cohort, session)
    planned = [(segment.group_size, segment.prompt) for segment in show if segment.kind in IN_GROUPS]
    return planned or ([(2, "")] if session.kind is SessionKind.SESSION else [])


def to_come(db: Db, cohort: Cohort) -> int:
    """How many rounds are left, those of a session that is on included."""
    waiting = (SessionState.PLANNED, SessionState.LIVE)
    return sum(len(rounds_of(cohort, one)) for one in sessions.standing(db, cohort) if one.state in waiting)


def never_together(db: Db, cohort: Cohort) -> frozenset[frozenset[str]]:
    """Pairs of memberships, as the pairing engine names them."""
    rows = db.exec(select(Apart).where(Apart.cohort_id == cohort.id)).all()
    return frozenset(frozenset({str(row.one_id), str(row.other_id)}) for row in rows)


@dataclass(frozen=True, slots=True)
class Joined:
    """Where a latecomer sits in one round; `others` are the memberships of those who sat there before."""

    breakout: Breakout
    group: int
    others: list[int]


def join(db: Db, session: Session, breakout: Breakout, membership: Membership) -> Joined | None:
    """Into the group that costs the fewest repeats, then the smallest; None where none may have them.

    Whoever has a seat elsewhere in the round leaves it; whoever was said not to be there is.
    """
    cohort = db.get_one(Cohort, session.cohort_id)
    seated = {
        number: [one for one in members if one != membership.id] for number, members in groups(db, breakout).items()
    }
    group = seating.taken_in_by(membership.id, seated, history(db, cohort).met, never_together(db, cohort))
    if group is None:
        return None
    seat = next((one for one in seats(db, breakout) if one.membership_id == membership.id), None)
    if seat is None:
        seat = Seat(breakout_id=breakout.id, membership_id=membership.id, group=group)
        db.add(seat)
    seat.group, seat.gone_at = group, None
    db.flush()
    return Joined(breakout, group, seated[group])


def people_in(db: Db, membership_ids: list[int]) -> list[int]:
    """The people behind memberships, in the same order."""
    rows = db.exec(select(Membership).where(col(Membership.id).in_(membership_ids))).all()
    by_id = {row.id: row.person_id for row in rows}
    return [by_id[one] for one in membership_ids if one in by_id]
