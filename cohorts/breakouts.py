"""Rounds and groups as they really happened, and the next ones made from who is really there."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import mixing, seating, sessions
from cohorts.cohort import Cohort, Membership, present
from cohorts.pairing import History, Plan, Round, Rules, plan
from cohorts.program_kinds import Mix, SegmentKind, SessionKind
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
    """Every round this cohort has played."""
    rows = db.exec(
        select(Breakout)
        .join(Session, col(Session.id) == col(Breakout.session_id))
        .where(Session.cohort_id == cohort.id)
        .order_by(col(Breakout.id))
    ).all()
    return History.of(as_round(groups(db, row)) for row in rows)


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


def draw(
    db: Db,
    cohort: Cohort,
    session: Session,
    here: Sequence[Membership],
    number: int,
    *,
    size: int,
    prompt: str,
    mix: Mix,
    now: datetime,
) -> Breakout:
    """Make and keep the n-th round of a session from who is here, planning every round still to come."""
    absent = [member for member in present(db, cohort) if member not in here]
    # Nobody who is not here will be in this session's next round.
    away = absent if number >= len(rounds_of(cohort, session)) else []
    remaining = max(1, to_come(db, cohort) - len(of_session(db, session)))
    wish = mixing.against(db, cohort, here, mix)
    planned = next_plan(db, cohort, here, away, rounds=remaining, size=size, wish=wish)
    unavoidable = 0
    if planned.again:
        # Some day two meet again, but not today if today can do without.
        today = next_plan(db, cohort, here, [], rounds=1, size=size, wish=wish)
        unavoidable = today.lower_bound
        planned = today if len(today.again) < len(planned.again) else planned
    return _keep(db, session, number, prompt, planned, unavoidable, now=now)


def next_plan(
    db: Db,
    cohort: Cohort,
    here: Sequence[Membership],
    absent: Sequence[Membership],
    *,
    rounds: int,
    size: int,
    wish: Mapping[frozenset[str], int],
) -> Plan:
    return plan(
        [str(one.id) for one in here],
        min(rounds, 12),
        size=size,
        history=history(db, cohort),
        rules=Rules(never=never_together(db, cohort), avoid=wish),
        seed=cohort.id,
        absent=[str(one.id) for one in absent],
        moves=MOVES,
    )


def never_together(db: Db, cohort: Cohort) -> frozenset[frozenset[str]]:
    """Pairs of memberships, as the pairing engine names them."""
    rows = db.exec(select(Apart).where(Apart.cohort_id == cohort.id)).all()
    return frozenset(frozenset({str(row.one_id), str(row.other_id)}) for row in rows)


def _keep(
    db: Db, session: Session, number: int, prompt: str, planned: Plan, unavoidable: int, *, now: datetime
) -> Breakout:
    _, facts = planned.why()
    breakout = Breakout(
        session_id=session.id,
        round=number,
        prompt=prompt,
        at=now,
        repeats=len(facts.again),
        lower_bound=min(len(facts.again), unavoidable),
    )
    db.add(breakout)
    db.flush()
    drawn = [[int(one) for one in members] for members in planned.first.groups]
    for group, members in zip(seating.room_numbers(drawn, _last_rooms(db, session)), drawn, strict=True):
        for one in members:
            db.add(Seat(breakout_id=breakout.id, membership_id=one, group=group))
    for name in planned.first.sat_out:
        db.add(Seat(breakout_id=breakout.id, membership_id=int(name), group=0))
    db.flush()
    return breakout


def _last_rooms(db: Db, session: Session) -> dict[int, int]:
    """In which room each member was last this evening."""
    found = db.exec(
        select(Seat)
        .join(Breakout, col(Breakout.id) == col(Seat.breakout_id))
        .where(Breakout.session_id == session.id, Seat.group > 0)
        .order_by(col(Breakout.round))
    ).all()
    return {seat.membership_id: seat.group for seat in found}


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
