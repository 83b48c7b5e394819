"""Rounds in pairs and small groups, begun one after another: drawn from who is there, re-paired, called back.

Nobody is left without somebody to talk to while there is anybody: whoever's partner isn't there joins others at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import col, select

from cohorts import attendance, breakouts, draws, gatherings, room_styles, round_ends, round_words, seating
from cohorts.attendance import Answer, Attended
from cohorts.breakouts import Breakout, Joined, Seat
from cohorts.cohort import Cohort, Membership, present
from cohorts.draws import Wanted
from cohorts.facts import PersonRef
from cohorts.people import Person
from cohorts.program_parts import Segment
from cohorts.room_styles import Style
from cohorts.sessions import Session, run_of_show
from cohorts.store import Db
from cohorts.ways import ways_of


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is to be in a round. `odd`: they have no group of their own, and listen in there."""

    round: int
    number: int
    people: tuple[PersonRef, ...]  # the others
    prompt: str
    ends: datetime | None
    style: Style
    numbered: bool  # whether the number means anything to people
    link: str = ""
    odd: bool = False


def open_round(
    db: Db,
    cohort: Cohort,
    session: Session,
    segment: Segment,
    number: int,
    *,
    ends: datetime,
    now: datetime,
    due: datetime | None = None,
    ping: bool = True,
) -> Breakout | None:
    """The n-th round of a session, from who is there now; the one before is called back, if it still is on.

    None with fewer than two people, and for a round that was begun before.
    """
    here = _here(db, cohort, session)
    if len(here) < 2 or breakouts.of_number(db, session, number) is not None:
        return None
    before = _open(db, session)
    for earlier in before:
        close_round(db, cohort, session, earlier, now=now)
    breakout = draws.draw(db, cohort, session, here, number, Wanted.of(segment), now=now)
    seated = breakouts.groups(db, breakout)
    groups = {room: members for room, members in seated.items() if room}
    arranged = room_styles.arranged(db)
    breakout.ends_at = ends
    breakout.style = room_styles.style_of(
        ways_of(db, cohort.workspace_id),
        session.place,
        minutes=(ends - now).total_seconds() / 60,
        largest=max((len(members) for members in groups.values()), default=0) + 1,
        wanted=arranged.rooms,
        links=len(arranged.addresses),
    )
    db.flush()
    round_words.post(db, cohort, session, breakout, now=now, due=due, ping=ping)
    moving = now + round_words.SETTLING if before and breakout.style is Style.VOICE else None
    for room, members in groups.items():
        round_words.begin_group(db, cohort, session, breakout, room, members, now=now, due=moving)
    for one in seated.get(0, []):
        _listens_in(db, cohort, breakout, one, now=now)
    round_ends.plan(db, cohort, session, breakout, now=now)
    round_words.tell_hosts(db, cohort, session, breakout, _most_rooms(cohort, session, here, groups), now=now)
    return breakout


def enough(db: Db, cohort: Cohort, session: Session) -> bool:
    return len(_here(db, cohort, session)) > 1


def foresee(db: Db, cohort: Cohort, session: Session, segment: Segment, *, beyond: int = draws.LIVE) -> bool:
    """Plan the next round of a large cohort before the transaction in which it begins. Reads only."""
    here = _here(db, cohort, session)
    if len(here) <= beyond:
        return False
    draws.foreseen(db, cohort, session, here, next_number(db, session), Wanted.of(segment))
    return True


def next_number(db: Db, session: Session) -> int:
    return len(breakouts.of_session(db, session)) + 1


def _here(db: Db, cohort: Cohort, session: Session) -> list[Membership]:
    """Who was seen, or who is expected while nobody was; without those who were looked for in vain."""
    members = [one for one in present(db, cohort) if not is_gone(db, session, one)]
    seen, answers = attendance.attendance(db, session), attendance.answers(db, session)
    there = [one for one in members if seen.get(one.id) is Attended.PRESENT]
    return there if len(there) > 1 else [one for one in members if answers.get(one.id) is not Answer.NO]


def is_gone(db: Db, session: Session, membership: Membership) -> bool:
    """Whether they were looked for in vain, and have not shown since that they are there."""
    last = _last_seat(db, session, membership)
    return last is not None and last.gone_at is not None and last.back_at is None


def _last_seat(db: Db, session: Session, membership: Membership) -> Seat | None:
    return db.exec(
        select(Seat)
        .join(Breakout, col(Breakout.id) == col(Seat.breakout_id))
        .where(Breakout.session_id == session.id, Seat.membership_id == membership.id)
        .order_by(col(Breakout.round).desc())
        .limit(1)
    ).one_or_none()


def _most_rooms(cohort: Cohort, session: Session, here: Sequence[Membership], groups: dict[int, list[int]]) -> int:
    """How many rooms the evening needs, as far as that is known now."""
    sizes = [one.group_size for one in run_of_show(cohort, session) if one.kind in breakouts.IN_GROUPS]
    return max(len(groups), *(len(here) // size for size in sizes), 1)


def _listens_in(db: Db, cohort: Cohort, breakout: Breakout, member: int, *, now: datetime) -> None:
    """Nobody sits alone: the odd one hears where to go."""
    if not round_ends.has_threads(db, cohort) and (room := _beside(db, cohort, breakout, member)) is not None:
        others = breakouts.groups(db, breakout)[room]
        round_words.line(db, cohort, breakout, member, room, others, now=now, odd=True)


def _beside(db: Db, cohort: Cohort, breakout: Breakout, member: int) -> int | None:
    never = breakouts.never_together(db, cohort)
    return seating.taken_in_by(member, breakouts.groups(db, breakout), (), never)


def extend_round(
    db: Db, cohort: Cohort, session: Session, breakout: Breakout, *, ends: datetime, now: datetime
) -> None:
    """It takes longer or less long: the last minute and the call back move with it."""
    if breakout.closed_at is not None or breakout.ends_at == ends:
        return
    breakout.ends_at, breakout.revision = ends, breakout.revision + 1
    db.flush()
    round_ends.plan(db, cohort, session, breakout, now=now, afresh=True)
    round_words.repost(db, session, breakout, now=now)


def close_round(db: Db, cohort: Cohort, session: Session, breakout: Breakout, *, now: datetime) -> None:
    """Over: before its time, everybody is called back at once."""
    if breakout.closed_at is not None:
        return
    early = breakout.ends_at is not None and now < breakout.ends_at
    breakout.closed_at, breakout.revision = now, breakout.revision + 1
    db.flush()
    if early:
        round_ends.call_back_now(db, cohort, breakout, now=now)
    round_words.repost(db, session, breakout, now=now)


def close_all(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> None:
    """The session is over, and whatever round still is on."""
    for one in _open(db, session):
        close_round(db, cohort, session, one, now=now)


def _open(db: Db, session: Session) -> list[Breakout]:
    """Begun by themselves, and not closed; those whose time is over included."""
    return [one for one in breakouts.of_session(db, session) if one.ends_at is not None and one.closed_at is None]


def current(db: Db, session: Session, now: datetime) -> Breakout | None:
    """The round that is on."""
    on = [one for one in _open(db, session) if one.ends_at is not None and one.at <= now < one.ends_at]
    return on[-1] if on else None


# Who is where.


def not_here(
    db: Db, cohort: Cohort, session: Session, membership: Membership, *, missing: int | None, now: datetime
) -> Breakout | None:
    """Somebody says who of their group isn't there; in a pair nobody has to be named. Whoever is left alone joins
    others at once. None when no round is on, or it has to be said who is missing."""
    attendance.seen(db, session, membership, "group", now=now)
    breakout = current(db, session, now)
    if breakout is None:
        return None
    seat = _seat(db, breakout, membership.id)
    if seat is None or seat.gone_at is not None:
        join(db, cohort, session, breakout, membership, now=now)
        return breakout
    others = [one for one in breakouts.groups(db, breakout)[seat.group] if one != membership.id and seat.group]
    if missing is None and len(others) > 1:
        return None
    wanted = missing if missing is not None else next(iter(others), None)
    if wanted in others:
        _goes(db, cohort, session, breakout, seat, wanted, others, now=now)
    elif not others and seat.group:
        _finds_others(db, cohort, session, breakout, membership, now=now)
    return breakout


def _goes(
    db: Db,
    cohort: Cohort,
    session: Session,
    breakout: Breakout,
    seat: Seat,
    missing: int,
    others: Sequence[int],
    *,
    now: datetime,
) -> None:
    gone = _seat(db, breakout, missing)
    assert gone is not None
    gone.gone_at, gone.back_at = now, None
    _changed(db, breakout, [seat.membership_id, *others])
    round_words.missed(db, cohort, breakout, missing, now=now)
    if len(others) == 1:
        left = db.get_one(Membership, seat.membership_id)
        if not _finds_others(db, cohort, session, breakout, left, now=now):
            round_words.repost(db, session, breakout, now=now)
    else:
        round_words.repost(db, session, breakout, now=now)


def _finds_others(
    db: Db, cohort: Cohort, session: Session, breakout: Breakout, left: Membership, *, now: datetime
) -> bool:
    """Whoever was left alone talks with whoever has no group either, else joins one. False: nobody is there."""
    never, met = breakouts.never_together(db, cohort), breakouts.history(db, cohort).met
    odd = {
        one: frozenset({str(one), str(left.id)})
        for one in breakouts.groups(db, breakout).get(0, [])
        if frozenset({str(one), str(left.id)}) not in never
    }
    seat = _seat(db, breakout, left.id)
    if odd and seat is not None:
        other = min(odd, key=lambda one: (odd[one] in met, one))
        taken = _seat(db, breakout, other)
        assert taken is not None
        taken.group = seat.group
        _changed(db, breakout, [left.id, other])
        round_words.grown(db, cohort, session, breakout, other, seat.group, [left.id], now=now)
        if not round_ends.has_threads(db, cohort):
            round_words.line(db, cohort, breakout, other, seat.group, [left.id], now=now)
        round_words.repost(db, session, breakout, now=now)
        return True
    return join(db, cohort, session, breakout, left, now=now) is not None


def join(
    db: Db, cohort: Cohort, session: Session, breakout: Breakout, membership: Membership, *, now: datetime
) -> Joined | None:
    """Into a group, from wherever they were; None where none may have them. Whoever has a partner stays."""
    seat = _seat(db, breakout, membership.id)
    was = seat.group if seat is not None and seat.gone_at is None else 0
    if was and len(breakouts.groups(db, breakout)[was]) > 1:
        return None
    joined = breakouts.join(db, session, breakout, membership)
    if joined is None:
        return None
    if was:
        left = round_ends.circle(db, cohort, session, breakout, was, [membership.id])
        gatherings.dissolve(db, left, now=now)
    _changed(db, breakout, [membership.id, *joined.others])
    round_words.grown(db, cohort, session, breakout, membership.id, joined.group, joined.others, now=now)
    round_words.repost(db, session, breakout, now=now)
    return joined


def came(db: Db, session: Session, membership: Membership, *, now: datetime) -> None:
    """Somebody shows that they are there: the next round counts on them, even if they were looked for in vain."""
    last = _last_seat(db, session, membership)
    if last is not None and last.gone_at is not None and last.back_at is None:
        last.back_at = now
        db.flush()


def _seat(db: Db, breakout: Breakout, membership_id: int) -> Seat | None:
    return next((one for one in breakouts.seats(db, breakout) if one.membership_id == membership_id), None)


def _changed(db: Db, breakout: Breakout, members: Sequence[int]) -> None:
    """With whom these sit: what was said to them before is out of date."""
    breakout.revision += 1
    for seat in breakouts.seats(db, breakout):
        if seat.membership_id in members:
            seat.revision = breakout.revision
    db.flush()


def out_of_date(db: Db, breakout: Breakout, membership: Membership, as_of: int) -> bool:
    """Whether somebody who presses what they saw then sits with others now."""
    seat = _seat(db, breakout, membership.id)
    return seat is not None and seat.gone_at is None and seat.revision > as_of


def place_of(db: Db, session: Session, person: Person) -> Place | None:
    """Where somebody belongs in the newest round; None when none is on, or they have no seat in it."""
    newest = _open(db, session)[-1:]
    if not newest or newest[0].style is None:
        return None
    (breakout,) = newest
    cohort = db.get_one(Cohort, session.cohort_id)
    seated = breakouts.groups(db, breakout)
    for number, members in seated.items():
        people = {one: PersonRef(id_) for one, id_ in zip(members, breakouts.people_in(db, members), strict=True)}
        mine = next((one for one, ref in people.items() if ref.id == person.id), None)
        if mine is None:
            continue
        room = number or _beside(db, cohort, breakout, mine) or 0
        place = Place(
            breakout.round,
            room,
            tuple(ref for one, ref in people.items() if one != mine),
            breakout.prompt,
            breakout.ends_at,
            breakout.style or Style.ROOMS,
            round_words.is_numbered(breakout),
            round_words.link_to(db, breakout, room),
        )
        return place if number else replace(place, people=tuple(round_ends.refs(db, seated.get(room, []))), odd=True)
    return None


def board(db: Db, breakout: Breakout) -> list[tuple[int, list[PersonRef]]]:
    """Each room's number and people, for all to see."""
    seated = breakouts.groups(db, breakout)
    return [(number, round_ends.refs(db, members)) for number, members in seated.items() if number and members]
