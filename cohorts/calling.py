"""Calling on people: whoever has been heard least, kindly, with the one after them named so that they have a minute.

Never on somebody who has just spoken, or who would rather listen today. Ties are drawn, the same for the same session.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from cohorts import attendance, audit, heard, outbox, passing, rounds
from cohorts.attendance import Attended
from cohorts.cohort import Cohort, Membership, present, room_of
from cohorts.errors import Refused
from cohorts.facts import Fact
from cohorts.heard import Heard, HeardState, How
from cohorts.outbox import Press
from cohorts.people import Person
from cohorts.sessions import Session, SessionState
from cohorts.store import Db

AGAIN = timedelta(seconds=5)  # two who press at the same moment call once
STALE = timedelta(minutes=5)  # by then the conversation is somewhere else


@dataclass(frozen=True, slots=True)
class Called:
    """A turn that was offered: to whom, and who is told that they are next."""

    turn: Heard
    member: Membership
    following: Membership | None


# Whose turn it is. Pure.


def order(
    there: Sequence[int],
    *,
    here: Mapping[int, int],
    ever: Mapping[int, int],
    last: int | None,
    seed: str = "",
) -> list[int]:
    """Whoever had the fewest turns today first, then the fewest in all."""
    return sorted(
        (one for one in there if one != last),
        key=lambda one: (here.get(one, 0), ever.get(one, 0), Random(f"{seed}/{one}").random()),
    )


def pair(
    there: Sequence[int],
    *,
    here: Mapping[int, int],
    ever: Mapping[int, int],
    last: int | None,
    promised: int | None,
    seed: str = "",
) -> tuple[int, int | None] | None:
    """Whose turn it is, and whose after that. `promised`: who was told to be next, and has had their minute."""
    found = order(there, here=here, ever=ever, last=last, seed=seed)
    if not found:
        return None
    first = promised if promised is not None and promised in found else found[0]
    after = order(there, here=here, ever=ever, last=first, seed=seed)
    return first, after[0] if after else None


# Who is there, and what they have had.


def next_up(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> tuple[Membership, Membership | None] | None:
    """Whom to call on and who comes after; None when there is nobody to call on."""
    return _next_up(db, cohort, session, heard.turns(db, session))


def _next_up(
    db: Db, cohort: Cohort, session: Session, turns: Sequence[Heard], passed: Collection[int] = ()
) -> tuple[Membership, Membership | None] | None:
    """`passed`: whose turn this question was, and is not any more."""
    members = _there(db, cohort, session)
    called = [one for one in turns if one.how is How.CALLED]
    found = pair(
        [one for one in members if one not in passed],
        here=Counter(one.membership_id for one in turns),  # a turn that went to somebody else was one
        ever=heard.ever(db, cohort),
        last=_last(turns),
        promised=called[-1].next_id if called else None,
        seed=_seed(session),
    )
    if found is None:
        return None
    first, after = found
    return members[first], members[after] if after is not None else None


def _there(db: Db, cohort: Cohort, session: Session) -> dict[int, Membership]:
    """Who is there now and may be called on, by membership id."""
    seen = attendance.attendance(db, session)
    listening = passing.passing(db, cohort, session)
    members = (one for one in present(db, cohort) if seen.get(one.id) is Attended.PRESENT)
    may = (one for one in members if one.id not in listening)
    return {one.id: one for one in may if not rounds.is_gone(db, session, one)}


def _last(turns: Sequence[Heard]) -> int | None:
    """Who spoke last."""
    spoken = [one.membership_id for one in turns if one.state is not HeardState.SKIPPED]
    return spoken[-1] if spoken else None


def _seed(session: Session) -> str:
    return f"session:{session.id}"


# Calling.


def call(db: Db, cohort: Cohort, session: Session, *, by: Person | None, now: datetime, prompt: str = "") -> Called:
    """Ask whoever is next, in the cohort's room; refused with `calling/nobody` when there is nobody to ask."""
    called = [one for one in heard.turns(db, session) if one.how is How.CALLED]
    if called and called[-1].state is HeardState.ASKED and now - called[-1].at < AGAIN:
        return _called(db, called[-1])
    found = next_up(db, cohort, session, now=now)
    if found is None:
        raise Refused("calling/nobody", title=session.title)
    turn = _turn(db, session, found, prompt, now)
    outbox.announce(
        db,
        room_of(db, cohort),
        "calling/called",
        key=_key(turn),
        now=now,
        expires=now + STALE,
        ping=False,  # they are all there
        presses=_presses(session),
        more=_facts(found, prompt),
    )
    if by is not None:
        audit.record(db, by, "session/called-on", now=now, session=session.id)
    return _called(db, turn)


def somebody_else(db: Db, cohort: Cohort, session: Session, turn: Heard, *, now: datetime) -> Called | None:
    """The turn goes to the one who was named as next, in the same message. None when nobody is left: then to all."""
    if not is_waiting(db, session, turn):
        raise Refused("calling/moved-on", title=session.title)
    turn.state = HeardState.SKIPPED
    db.flush()
    turns = heard.turns(db, session)
    passed = {one.membership_id for one in turns if one.origin_id == turn.origin_id}
    found = _next_up(db, cohort, session, turns, passed)
    if found is None:
        outbox.edit(db, _key(turn), "calling/to-all", key=f"{_key(turn)}/to-all/{turn.id}", now=now, prompt=turn.prompt)
        return None
    following = _turn(db, session, found, turn.prompt, now, turn.origin_id)
    outbox.edit(
        db,
        _key(turn),
        "calling/called",
        key=f"{_key(turn)}/{following.id}",
        now=now,
        presses=_presses(session),
        more=_facts(found, turn.prompt),
    )
    return _called(db, following)


def was_heard(db: Db, session: Session, turn: Heard) -> None:
    if not is_waiting(db, session, turn):
        raise Refused("calling/moved-on", title=session.title)
    turn.state = HeardState.HEARD
    db.flush()


def is_waiting(db: Db, session: Session, turn: Heard) -> bool:
    """Whether it is the turn that the room waits for."""
    turns = heard.turns(db, session)
    live = session.state is SessionState.LIVE
    return live and bool(turns) and turns[-1].id == turn.id and turn.state is HeardState.ASKED


def _turn(
    db: Db,
    session: Session,
    found: tuple[Membership, Membership | None],
    prompt: str,
    now: datetime,
    origin: int | None = None,
) -> Heard:
    first, after = found
    turn = heard.note(db, session, first, How.CALLED, now=now, state=HeardState.ASKED)
    turn.prompt, turn.next_id, turn.origin_id = prompt, after.id if after is not None else None, origin or turn.id
    db.flush()
    return turn


def _called(db: Db, turn: Heard) -> Called:
    following = db.get(Membership, turn.next_id) if turn.next_id is not None else None
    return Called(turn, db.get_one(Membership, turn.membership_id), following)


def _key(turn: Heard) -> str:
    return f"session:{turn.session_id}/call/{turn.origin_id}"


def _presses(session: Session) -> list[Press]:
    return [Press("calling/pass", {"session_id": session.id})]


def _facts(found: tuple[Membership, Membership | None], prompt: str) -> dict[str, Fact]:
    first, after = found
    return {"person": first.ref, "following": after.ref if after is not None else None, "prompt": prompt}


# Other turns.


def hot_seat(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> Membership | None:
    """Whoever of those there has not had it for longest, over the whole cohort. Recorded; said by whoever asks."""
    return _rotated(db, cohort, session, How.HOT_SEAT, now)


def summariser(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> Membership | None:
    """Likewise, who sums up. Recorded; said by whoever asks, or by `ask_to_sum_up`."""
    return _rotated(db, cohort, session, How.SUMMARY, now)


def _rotated(db: Db, cohort: Cohort, session: Session, how: How, now: datetime) -> Membership | None:
    turns = heard.turns(db, session)
    members = _there(db, cohort, session)
    latest, here = heard.last_of_kind(db, cohort, how), heard.counted(turns)
    found = order(list(members), here=here, ever=heard.ever(db, cohort), last=_last(turns), seed=_seed(session))
    if not found:
        return None
    member = members[min(found, key=lambda one: latest.get(one, -1))]
    heard.note(db, session, member, how, now=now)
    return member


def ask_to_sum_up(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> Membership:
    """In the cohort's room. Two who ask at the same moment ask once."""
    summed = [one for one in heard.turns(db, session) if one.how is How.SUMMARY]
    if summed and now - summed[-1].at < AGAIN:
        return db.get_one(Membership, summed[-1].membership_id)
    member = summariser(db, cohort, session, now=now)
    if member is None:
        raise Refused("calling/nobody", title=session.title)
    outbox.announce(
        db,
        room_of(db, cohort),
        "calling/sum-up",
        key=f"session:{session.id}/sum-up/{now.isoformat()}",
        now=now,
        expires=now + STALE,
        ping=False,
        presses=_presses(session),
        person=member.ref,
    )
    return member


# Rather listening.


def listens(db: Db, cohort: Cohort, session: Session, membership: Membership, *, now: datetime) -> None:
    """Nobody calls on them that day. If the room is waiting for them just now, it goes on to the next."""
    passing.start(db, cohort, session, membership)
    turns = heard.turns(db, session)
    if turns and turns[-1].membership_id == membership.id and is_waiting(db, session, turns[-1]):
        somebody_else(db, cohort, session, turns[-1], now=now)
