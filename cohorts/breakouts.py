"""Rounds and groups as they really happened, and the next ones made from who is really there."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import mixing, sessions
from cohorts.cohort import Cohort, Membership, present
from cohorts.pairing import History, Plan, Round, Rules, plan
from cohorts.program_kinds import Mix, SegmentKind, SessionKind
from cohorts.sessions import Session, SessionState
from cohorts.store import Db, link, moment

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


class Seat(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("breakout_id", "membership_id"),)
    id: int = Field(default=None, primary_key=True)
    breakout_id: int = link("breakout.id", index=False)
    membership_id: int = link("membership.id")
    group: int


class Apart(SQLModel, table=True):
    """Two people who are never put together, for reasons that nobody has to give."""

    __table_args__ = (sa.UniqueConstraint("cohort_id", "one_id", "other_id"),)
    id: int = Field(default=None, primary_key=True)
    cohort_id: int = link("cohort.id", index=False)
    one_id: int = link("membership.id")
    other_id: int = link("membership.id")


def of_session(db: Db, session: Session) -> list[Breakout]:
    return list(db.exec(select(Breakout).where(Breakout.session_id == session.id).order_by(col(Breakout.round))).all())


def groups(db: Db, breakout: Breakout) -> dict[int, list[int]]:
    """Membership ids by group number."""
    seated: defaultdict[int, list[int]] = defaultdict(list)
    for seat in db.exec(select(Seat).where(Seat.breakout_id == breakout.id).order_by(col(Seat.id))).all():
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


def wishes_of(cohort: Cohort, session: Session) -> list[Mix]:
    """With whom each of those rounds would rather have people talk."""
    show = sessions.run_of_show(cohort, session)
    return [segment.mix for segment in show if segment.kind in IN_GROUPS] or [Mix.ANYONE]


def span_of(cohort: Cohort, session: Session, number: int) -> tuple[timedelta, timedelta]:
    """From when to when the n-th round lasts by the run of show, since the session began; without one: all of it."""
    at, rounds = timedelta(), 0
    for segment in sessions.run_of_show(cohort, session):
        ends = at + timedelta(minutes=segment.minutes)
        rounds += segment.kind in IN_GROUPS
        if rounds == number:
            return at, ends
        at = ends
    return timedelta(), timedelta(minutes=session.minutes)


def to_come(db: Db, cohort: Cohort) -> int:
    """How many rounds are left, those of a session that is on included."""
    waiting = (SessionState.PLANNED, SessionState.LIVE)
    return sum(len(rounds_of(cohort, one)) for one in sessions.standing(db, cohort) if one.state in waiting)


def draw(db: Db, cohort: Cohort, session: Session, here: list[Membership], *, now: datetime) -> list[Breakout]:
    """Make and keep all rounds of a session from who is here, planning every round still to come.

    Fewer than two people, or rounds drawn before: nothing.
    """
    if len(here) < 2 or of_session(db, session):
        return []
    remaining = max(1, to_come(db, cohort))
    absent = [member for member in present(db, cohort) if member not in here]
    made = []
    rounds = rounds_of(cohort, session)
    for n, ((size, prompt), mix) in enumerate(zip(rounds, wishes_of(cohort, session), strict=False), start=1):
        away = absent if n == len(rounds) else []  # nobody who is not here will be in this session's next round
        wish = mixing.against(db, cohort, here, mix)
        planned = next_plan(db, cohort, here, away, rounds=max(1, remaining - n + 1), size=size, wish=wish)
        unavoidable = 0
        if planned.again:
            # Some day two meet again, but not today if today can do without.
            today = next_plan(db, cohort, here, [], rounds=1, size=size, wish=wish)
            unavoidable = today.lower_bound
            planned = today if len(today.again) < len(planned.again) else planned
        made.append(_keep(db, session, n, prompt, planned, unavoidable, now=now))
    return made


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
    for group, members in enumerate(planned.first.groups, start=1):
        for one in members:
            db.add(Seat(breakout_id=breakout.id, membership_id=int(one), group=group))
    for one in planned.first.sat_out:
        db.add(Seat(breakout_id=breakout.id, membership_id=int(one), group=0))
    db.flush()
    return breakout


@dataclass(frozen=True, slots=True)
class Joined:
    """Where a latecomer sits in one round; `others` are the memberships of those who sat there before."""

    breakout: Breakout
    group: int
    others: list[int]


def join_late(db: Db, session: Session, membership: Membership) -> list[Joined]:
    """A latecomer joins the group of each round that costs the fewest repeats, then the smallest.

    Nothing for a round in which they have a seat.
    """
    joined = []
    met = history(db, db.get_one(Cohort, session.cohort_id)).met
    for breakout in of_session(db, session):
        seated = groups(db, breakout)
        if any(membership.id in members for members in seated.values()):
            continue
        apart = {
            one
            for row in db.exec(select(Apart).where(Apart.cohort_id == session.cohort_id)).all()
            if membership.id in (row.one_id, row.other_id)
            for one in (row.one_id, row.other_id)
        }
        open_to = [
            (sum(frozenset({str(one), str(membership.id)}) in met for one in members), len(members), number)
            for number, members in seated.items()
            if number and not apart & (set(members) - {membership.id})
        ]
        if not open_to:
            continue
        *_, group = min(open_to)
        db.add(Seat(breakout_id=breakout.id, membership_id=membership.id, group=group))
        joined.append(Joined(breakout, group, seated[group]))
    db.flush()
    return joined


def people_in(db: Db, membership_ids: list[int]) -> list[int]:
    """The people behind memberships, in the same order."""
    rows = db.exec(select(Membership).where(col(Membership.id).in_(membership_ids))).all()
    by_id = {row.id: row.person_id for row in rows}
    return [by_id[one] for one in membership_ids if one in by_id]
