"""Rounds and groups as they really happened, and the next ones made from who is really there."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import combinations

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import mixing, sessions
from cohorts.cohort import Cohort, Membership, present
from cohorts.pairing import History, OddOne, Plan, Round, Rules, plan
from cohorts.program_kinds import Mix, Odd, SegmentKind, SessionKind
from cohorts.sessions import Session, SessionState
from cohorts.store import Db, link, moment

IN_GROUPS = (SegmentKind.PAIR_SHARE, SegmentKind.BREAKOUT)
# People up to whom rounds are planned in the transaction that keeps them. That is short because it is bounded in moves:
# of a search in groups of three and more these, of pairs what `pairing_pairs` and `pairing_ahead` say.
LIVE = 15
MOVES = 60_000
FARTHEST = 12  # rounds that are planned ahead


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


def wishes_of(cohort: Cohort, session: Session) -> list[Mix]:
    """With whom each of those rounds would rather have people talk."""
    return [one.mix for one in wanted_of(cohort, session)] or [Mix.ANYONE]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a program wants of one round of a session."""

    size: int
    prompt: str
    mix: Mix
    odd: OddOne
    last: bool  # of that session


def wanted_of(cohort: Cohort, session: Session) -> list[Wanted]:
    """As `rounds_of`, with whom they would rather have people talk, and what becomes of the odd one."""
    segments = [one for one in sessions.run_of_show(cohort, session) if one.kind in IN_GROUPS]
    rounds = rounds_of(cohort, session)
    if not segments:
        return [Wanted(size, prompt, Mix.ANYONE, "trio", True) for size, prompt in rounds]
    return [
        Wanted(one.group_size, one.prompt, one.mix, _ODD[one.odd], n == len(segments))
        for n, one in enumerate(segments, start=1)
    ]


_ODD: Mapping[Odd, OddOne] = {Odd.TRIO: "trio", Odd.ALWAYS_TRIO: "always_trio", Odd.SIT_OUT: "sit_out"}


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


@dataclass(frozen=True, slots=True)
class Drawn:
    """A round of a session before it is kept."""

    prompt: str
    plan: Plan
    unavoidable: int  # meetings again today that nobody could have spared those who are here


def draw(db: Db, cohort: Cohort, session: Session, here: list[Membership], *, now: datetime) -> list[Breakout]:
    """Make and keep all rounds of a session from who is here, planning every round still to come.

    Fewer than two people, or rounds drawn before: nothing. Of more than `LIVE` people the plans were made before, on
    a reader's thread (`foreseen`), and are the same as long as all that they were made from is the same.
    """
    if of_session(db, session):
        return []
    drawn = foreseen(db, cohort, session, here)
    return [
        _keep(db, session, n, one.prompt, one.plan, one.unavoidable, now=now) for n, one in enumerate(drawn, start=1)
    ]


def foreseen(db: Db, cohort: Cohort, session: Session, here: Sequence[Membership]) -> list[Drawn]:
    """What would be drawn now. Reads only."""
    if len(here) < 2:
        return []
    remaining = max(1, to_come(db, cohort))
    absent = [member for member in present(db, cohort) if member not in here]
    known, drawn = history(db, cohort), []
    for n, wanted in enumerate(wanted_of(cohort, session), start=1):
        away = absent if wanted.last else []  # nobody who is not here will be in this session's next round
        wish = mixing.against(db, cohort, here, wanted.mix, at=session.starts_at)
        left = max(1, remaining - n + 1)
        size, odd = wanted.size, wanted.odd
        found = next_plan(db, cohort, here, away, rounds=left, size=size, wish=wish, odd=odd, known=known)
        unavoidable = 0
        if found.again:
            # Some day two meet again, but not today if today can do without.
            today = next_plan(db, cohort, here, [], rounds=1, size=size, wish=wish, odd=odd, known=known)
            unavoidable = today.lower_bound
            found = today if len(today.again) < len(found.again) else found
        drawn.append(Drawn(wanted.prompt, found, unavoidable))
        known = known.after(found.first)
    return drawn


def next_plan(
    db: Db,
    cohort: Cohort,
    here: Sequence[Membership],
    absent: Sequence[Membership],
    *,
    rounds: int,
    size: int,
    wish: Mapping[frozenset[str], int],
    odd: OddOne = "trio",
    known: History | None = None,
) -> Plan:
    """The engine, for members of a cohort; it remembers what it was asked last. `known` defaults to `history`."""
    known = known or history(db, cohort)
    return planned(
        tuple(str(one.id) for one in here),
        tuple(str(one.id) for one in absent),
        min(rounds, FARTHEST),
        size,
        (frozenset(known.met.items()), frozenset(known.sat_out.items()), known.missed, known.places),
        (never_together(db, cohort), frozenset(wish.items()), odd),
        cohort.id,
    )


_Known = tuple[frozenset[tuple[frozenset[str], int]], frozenset[tuple[str, int]], int, int]
_Ruled = tuple[frozenset[frozenset[str]], frozenset[tuple[frozenset[str], int]], OddOne]


@lru_cache(maxsize=64)
def planned(
    here: tuple[str, ...], absent: tuple[str, ...], rounds: int, size: int, known: _Known, ruled: _Ruled, seed: int
) -> Plan:
    """By all that goes in, so that what a reader's thread worked out is found again if nothing has changed."""
    met, sat_out, missed, places = known
    never, avoid, odd = ruled
    return plan(
        here,
        rounds,
        size=size,
        history=History(dict(met), dict(sat_out), missed, places),
        rules=Rules(never, dict(avoid), odd),
        seed=seed,
        absent=absent,
        moves=MOVES,
    )


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the rounds still to come would be if everybody came to all of them."""

    rounds: int
    repeats: int
    unavoidable: int


def ahead(db: Db, cohort: Cohort, session: Session) -> Ahead | None:
    """From those who take part today: whoever joins or leaves changes it. Reads only."""
    here, rounds = present(db, cohort), min(FARTHEST, to_come(db, cohort))
    if len(here) < 2 or not rounds:
        return None
    wanted = (wanted_of(cohort, session) or [Wanted(2, "", Mix.ANYONE, "trio", True)])[0]
    wish = mixing.against(db, cohort, here, wanted.mix, at=session.starts_at)
    made = next_plan(db, cohort, here, [], rounds=rounds, size=wanted.size, wish=wish, odd=wanted.odd)
    return Ahead(rounds, made.repeats, made.lower_bound)


def never_together(db: Db, cohort: Cohort) -> frozenset[frozenset[str]]:
    """Pairs of memberships, as the pairing engine names them."""
    rows = db.exec(select(Apart).where(Apart.cohort_id == cohort.id)).all()
    return frozenset(frozenset({str(row.one_id), str(row.other_id)}) for row in rows)


def _keep(
    db: Db, session: Session, number: int, prompt: str, planned: Plan, unavoidable: int, *, now: datetime
) -> Breakout:
    breakout = Breakout(
        session_id=session.id,
        round=number,
        prompt=prompt,
        at=now,
        repeats=len(planned.again),
        lower_bound=min(len(planned.again), unavoidable),
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
