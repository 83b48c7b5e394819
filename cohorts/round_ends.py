"""How a round ends for its people: the last minute, the call back, in time or before it.

Where groups have threads, each is told in its own, and brought back by voice where it meets by voice; elsewhere
everybody gets a line in the room that they alone see.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from cohorts import breakouts, gatherings, hosting, whispers
from cohorts.breakouts import Breakout
from cohorts.cohort import Cohort, Membership, person_of, room_of
from cohorts.facts import PersonRef
from cohorts.gatherings import LATEST, Circle
from cohorts.room_styles import Style
from cohorts.sessions import Session
from cohorts.store import Db
from cohorts.ways import ways_of

LAST_MINUTE = timedelta(minutes=1)


def has_threads(db: Db, cohort: Cohort) -> bool:
    """Whether a group is written to in a thread of its own, and not in lines that each one sees alone."""
    return ways_of(db, cohort.workspace_id).threads


def key_of(breakout: Breakout) -> str:
    return f"session:{breakout.session_id}/round:{breakout.round}"


def to(breakout: Breakout, member: int) -> str:
    """How the keys begin of what one member is shown of a round."""
    return f"whisper/{key_of(breakout)}/{member}/"


def refs(db: Db, ids: Sequence[int]) -> list[PersonRef]:
    return [PersonRef(one) for one in breakouts.people_in(db, list(ids))]


def circle(
    db: Db,
    cohort: Cohort,
    session: Session,
    breakout: Breakout,
    number: int,
    members: Sequence[int],
    *,
    revision: int = 0,
    anew: bool = False,
) -> Circle:
    """`anew`: the group has grown where nobody can be let into what is there."""
    key = f"{key_of(breakout)}/group:{number}"
    return Circle(
        room_of(db, cohort),
        f"{key}/as-of:{breakout.revision}" if anew else key,
        tuple(refs(db, members)),
        tuple(one.ref for one in hosting.conductors(db, cohort, session)),
        breakout.ends_at,
        revision,
    )


def plan(db: Db, cohort: Cohort, session: Session, breakout: Breakout, *, now: datetime, afresh: bool = False) -> None:
    """The last minute and the call back, of everybody. `afresh`: instead of those planned before."""
    threads = has_threads(db, cohort)
    for number, members in breakouts.groups(db, breakout).items():
        if threads:
            if number:
                revision = breakout.revision if afresh else 0
                one = circle(db, cohort, session, breakout, number, members, revision=revision)
                plan_of_group(db, one, breakout, now=now, afresh=afresh)
        else:
            for member in members:
                if afresh:
                    whispers.withdraw(db, f"{to(breakout, member)}end/")
                plan_for(db, cohort, breakout, member, now=now)


def plan_of_group(db: Db, one: Circle, breakout: Breakout, *, now: datetime, afresh: bool = False) -> None:
    if breakout.style is Style.VOICE:
        gatherings.ungroup(db, one, "pairing/back", now=now, ping=False, afresh=afresh)
    else:
        gatherings.remind(db, one, "pairing/last-minute", ahead=LAST_MINUTE, now=now, afresh=afresh)
        gatherings.remind(db, one, "pairing/over", ahead=timedelta(), now=now, afresh=afresh)


def plan_for(db: Db, cohort: Cohort, breakout: Breakout, member: int, *, now: datetime) -> None:
    if breakout.ends_at is None:
        return
    whispers.whisper(
        db,
        room_of(db, cohort),
        person_of(db, db.get_one(Membership, member)),
        "pairing/last-minute",
        key=f"{to(breakout, member)}end/soon/r{breakout.revision}",
        now=now,
        at=breakout.ends_at - LAST_MINUTE,
        expires=breakout.ends_at,
    )
    _call_back(db, cohort, breakout, member, at=breakout.ends_at, now=now)


def _call_back(db: Db, cohort: Cohort, breakout: Breakout, member: int, *, at: datetime, now: datetime) -> None:
    whispers.whisper(
        db,
        room_of(db, cohort),
        person_of(db, db.get_one(Membership, member)),
        "pairing/over",
        key=f"{to(breakout, member)}end/now/r{breakout.revision}",
        now=now,
        at=at,
        expires=at + LATEST,
    )


def call_back_now(db: Db, cohort: Cohort, breakout: Breakout, *, now: datetime) -> None:
    """Before its time."""
    threads = has_threads(db, cohort)
    if threads or breakout.style is Style.DM:
        gatherings.disband(db, f"{key_of(breakout)}/group:", now=now)
    if not threads:
        for members in breakouts.groups(db, breakout).values():
            for member in members:
                whispers.withdraw(db, to(breakout, member))
                _call_back(db, cohort, breakout, member, at=now, now=now)
