"""The next round of a session, drawn from who is there by the pairing engine, with every round to come in mind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlmodel import col, select

from cohorts import breakouts, mixing, seating, sessions
from cohorts.breakouts import Breakout, Seat
from cohorts.cohort import Cohort, Membership, present
from cohorts.pairing import History, OddOne, Plan, Rules, plan
from cohorts.program_kinds import Mix, Odd
from cohorts.program_parts import Segment
from cohorts.sessions import Session
from cohorts.store import Db

# People up to whom rounds are planned in the transaction that keeps them. That is short because it is bounded in moves:
# of a search in groups of three and more these, of pairs what `pairing_pairs` and `pairing_ahead` say.
LIVE = 15
MOVES = 60_000
FARTHEST = 12  # rounds that are planned ahead
_ODD: Mapping[Odd, OddOne] = {Odd.TRIO: "trio", Odd.ALWAYS_TRIO: "always_trio", Odd.SIT_OUT: "sit_out"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a program wants of one round."""

    size: int
    prompt: str
    mix: Mix
    odd: OddOne

    @classmethod
    def of(cls, segment: Segment) -> "Wanted":
        return cls(segment.group_size, segment.prompt, segment.mix, _ODD[segment.odd])


PAIRS = Wanted(2, "", Mix.ANYONE, "trio")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A round before it is kept."""

    plan: Plan
    unavoidable: int  # meetings again today that nobody could have spared those who are here


def draw(
    db: Db,
    cohort: Cohort,
    session: Session,
    here: Sequence[Membership],
    number: int,
    wanted: Wanted,
    *,
    now: datetime,
) -> Breakout:
    """Make and keep the n-th round of a session.

    Of more than `LIVE` people the plan was made before, on a reader's thread, and is the same as long as all that it
    was made from is the same.
    """
    drawn = foreseen(db, cohort, session, here, number, wanted)
    return _keep(db, session, number, wanted.prompt, drawn.plan, drawn.unavoidable, now=now)


def foreseen(
    db: Db, cohort: Cohort, session: Session, here: Sequence[Membership], number: int, wanted: Wanted
) -> Drawn:
    """What would be drawn now. Reads only."""
    absent = [member for member in present(db, cohort) if member not in here]
    # Nobody who is not here will be in this session's next round.
    away = absent if number >= len(breakouts.rounds_of(cohort, session)) else []
    left = max(1, breakouts.to_come(db, cohort) - len(breakouts.of_session(db, session)))
    wish = mixing.against(db, cohort, here, wanted.mix, at=session.starts_at)
    known, size, odd = breakouts.history(db, cohort), wanted.size, wanted.odd
    found = next_plan(db, cohort, here, away, rounds=left, size=size, wish=wish, odd=odd, known=known)
    if not found.again:
        return Drawn(found, 0)
    # Some day two meet again, but not today if today can do without.
    today = next_plan(db, cohort, here, [], rounds=1, size=size, wish=wish, odd=odd, known=known)
    return Drawn(today if len(today.again) < len(found.again) else found, today.lower_bound)


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
    known = known or breakouts.history(db, cohort)
    return planned(
        tuple(str(one.id) for one in here),
        tuple(str(one.id) for one in absent),
        min(rounds, FARTHEST),
        size,
        (frozenset(known.met.items()), frozenset(known.sat_out.items()), known.missed, known.places),
        (breakouts.never_together(db, cohort), frozenset(wish.items()), odd),
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
    here, rounds = present(db, cohort), min(FARTHEST, breakouts.to_come(db, cohort))
    if len(here) < 2 or not rounds:
        return None
    segments = [one for one in sessions.run_of_show(cohort, session) if one.kind in breakouts.IN_GROUPS]
    wanted = Wanted.of(segments[0]) if segments else PAIRS
    wish = mixing.against(db, cohort, here, wanted.mix, at=session.starts_at)
    made = next_plan(db, cohort, here, [], rounds=rounds, size=wanted.size, wish=wish, odd=wanted.odd)
    return Ahead(rounds, made.repeats, made.lower_bound)


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
