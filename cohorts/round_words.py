"""What people get when a round begins or changes: the room's post, each group's own conversation or line.

Where groups have threads, each is written to in its own, and parted by voice where the cohort meets by voice; elsewhere
everybody gets a line in the room that they alone see.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from cohorts import breakouts, common_ground, gatherings, hosting, outbox, room_styles, round_ends, whispers
from cohorts.breakouts import Breakout
from cohorts.cohort import Cohort, Membership, person_of, room_of
from cohorts.facts import Fact
from cohorts.outbox import Press
from cohorts.room_styles import Style
from cohorts.round_ends import circle, has_threads, key_of, refs, to
from cohorts.sessions import Session
from cohorts.store import Db

SETTLING = timedelta(seconds=5)  # until those of the last round are back
IN_CALL = (Style.NUMBERED, Style.LINKS)


def members_in(db: Db, ids: Sequence[int]) -> list[Membership]:
    return [db.get_one(Membership, one) for one in ids]


def link_to(db: Db, breakout: Breakout, number: int) -> str:
    """To a room by its number; "" where it has none."""
    links = room_styles.arranged(db).addresses if breakout.style is Style.LINKS else ()
    return links[number - 1] if 0 < number <= len(links) else ""


def is_numbered(breakout: Breakout) -> bool:
    return breakout.style in (*IN_CALL, Style.ROOMS)


def not_here_press(breakout: Breakout) -> Press:
    """`as_of`: what somebody who presses it has seen; who sits with them may have changed since."""
    ids = {"session_id": breakout.session_id, "breakout_id": breakout.id, "as_of": breakout.revision}
    return Press("pairing/not-here", ids)


# The room.


def post(
    db: Db, cohort: Cohort, session: Session, breakout: Breakout, *, now: datetime, due: datetime | None, ping: bool
) -> None:
    outbox.announce(
        db,
        room_of(db, cohort),
        "pairing/round",
        key=f"{key_of(breakout)}/groups",
        now=now,
        due=due,
        expires=breakout.ends_at,
        presses=_presses(breakout),
        ping=ping,
        more=_facts(db, session, breakout),
    )


def repost(db: Db, session: Session, breakout: Breakout, *, now: datetime) -> None:
    original = f"{key_of(breakout)}/groups"
    outbox.edit(
        db,
        original,
        "pairing/round",
        key=f"{original}/r{breakout.revision}",
        now=now,
        presses=_presses(breakout),
        more=_facts(db, session, breakout),
    )


def _presses(breakout: Breakout) -> list[Press]:
    if breakout.closed_at is not None:
        return []
    return [Press("sessions/here", {"session_id": breakout.session_id}), not_here_press(breakout)]


def _facts(db: Db, session: Session, breakout: Breakout) -> dict[str, Fact]:
    seated = breakouts.groups(db, breakout)
    shown: list[Fact] = [
        {"number": number, "people": list(refs(db, members)), "link": link_to(db, breakout, number)}
        for number, members in seated.items()
        if number and members
    ]
    unlinked = breakout.style is Style.LINKS and any(not link_to(db, breakout, one) for one in seated if one)
    return {
        "title": session.title,
        "prompt": breakout.prompt,
        "until": breakout.ends_at,
        "pairs": shown,
        "sat_out": list(refs(db, seated.get(0, []))),
        "numbered": is_numbered(breakout),
        "unlinked": unlinked,
        "repeats": breakout.repeats,
        "unavoidable": breakout.lower_bound,
        "over": breakout.closed_at is not None,
    }


def tell_hosts(db: Db, cohort: Cohort, session: Session, breakout: Breakout, rooms: int, *, now: datetime) -> None:
    """Once an evening: whoever hosts the call opens the rooms, which keep their numbers."""
    links = len(room_styles.arranged(db).addresses) if breakout.style is Style.LINKS else 0
    if breakout.style not in IN_CALL or rooms <= links:
        return
    for conductor in hosting.conductors(db, cohort, session):
        outbox.tell(
            db,
            conductor,
            "pairing/open-rooms",
            key=f"session:{session.id}/open-rooms/{conductor.id}",
            now=now,
            expires=session.ends_at,
            title=session.title,
            count=rooms,
            first=links + 1,
        )


# Each group.


def begin_group(
    db: Db,
    cohort: Cohort,
    session: Session,
    breakout: Breakout,
    number: int,
    members: Sequence[int],
    *,
    now: datetime,
    due: datetime | None = None,
    anew: bool = False,
) -> None:
    if breakout.style is Style.DM or has_threads(db, cohort):
        gatherings.group(
            db,
            circle(db, cohort, session, breakout, number, members, anew=anew),
            "pairing/own-place",
            now=now,
            due=due,
            voice=breakout.style is Style.VOICE,
            presses=[not_here_press(breakout)],
            prompt=breakout.prompt,
            alike=_alike(db, cohort, members),
            number=number if is_numbered(breakout) else 0,
            link=link_to(db, breakout, number),
        )
        return
    for one in members:
        line(db, cohort, breakout, one, number, [other for other in members if other != one], now=now)


def _alike(db: Db, cohort: Cohort, members: Sequence[int]) -> Fact:
    """One thing that all of them have in common, or None."""
    common = common_ground.between(db, cohort, members_in(db, members)).first
    return dict(common.facts) if common else None


def line(
    db: Db,
    cohort: Cohort,
    breakout: Breakout,
    member: int,
    number: int,
    others: Sequence[int],
    *,
    now: datetime,
    odd: bool = False,
) -> None:
    """For one alone: which room, with whom, what to ask. `odd`: they listen in, in that room."""
    if breakout.ends_at is None:
        return
    whispers.whisper(
        db,
        room_of(db, cohort),
        person_of(db, db.get_one(Membership, member)),
        "pairing/line",
        key=f"{to(breakout, member)}line/r{breakout.revision}",
        now=now,
        expires=breakout.ends_at,
        presses=[] if odd else [not_here_press(breakout)],
        others=list(refs(db, others)),
        number=number if is_numbered(breakout) else 0,
        prompt=breakout.prompt,
        alike=None if odd else _alike(db, cohort, [member, *others]),
        until=breakout.ends_at,
        link=link_to(db, breakout, number),
        odd=odd,
    )


def grown(
    db: Db,
    cohort: Cohort,
    session: Session,
    breakout: Breakout,
    newcomer: int,
    number: int,
    others: Sequence[int],
    *,
    now: datetime,
) -> None:
    """Somebody has joined a group: the others hear of it, and the newcomer comes to where they are."""
    members = [*others, newcomer]
    if has_threads(db, cohort):
        joined = circle(db, cohort, session, breakout, number, members, revision=breakout.revision)
        gatherings.group(db, joined, "pairing/joined", now=now, people=refs(db, [newcomer]))
        round_ends.plan_of_group(db, joined, breakout, now=now)
        return
    if breakout.style is Style.DM:
        begin_group(db, cohort, session, breakout, number, members, now=now, anew=True)
    else:
        _whisper_joined(db, cohort, breakout, newcomer, others, now=now)
    whispers.withdraw(db, f"{to(breakout, newcomer)}end/")  # of where they were before
    round_ends.plan_for(db, cohort, breakout, newcomer, now=now)


def _whisper_joined(
    db: Db, cohort: Cohort, breakout: Breakout, newcomer: int, others: Sequence[int], *, now: datetime
) -> None:
    for one in members_in(db, others):
        whispers.whisper(
            db,
            room_of(db, cohort),
            person_of(db, one),
            "pairing/joined",
            key=f"{to(breakout, one.id)}joined/r{breakout.revision}",
            now=now,
            expires=breakout.ends_at or now,
            people=refs(db, [newcomer]),
        )


def missed(db: Db, cohort: Cohort, breakout: Breakout, member: int, *, now: datetime) -> None:
    """Whoever was looked for in vain may be there all the same: one press, and they have a partner."""
    whispers.withdraw(db, to(breakout, member))
    if has_threads(db, cohort):
        return
    whispers.whisper(
        db,
        room_of(db, cohort),
        person_of(db, db.get_one(Membership, member)),
        "pairing/missed",
        key=f"{to(breakout, member)}missed/r{breakout.revision}",
        now=now,
        expires=breakout.ends_at or now,
        presses=[Press("sessions/here", {"session_id": breakout.session_id}, "primary")],
    )
