"""The screen: what everybody on a call may see of a session, on a page that one of them shares.

Everything on it is said to the whole room anyway. A link is kept as a digest, so that whoever reads the database can
open nothing with it; each leads to one session, and nowhere once that is over.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import breakouts, calling, chatham, conductor, heard, icebreakers, polls
from cohorts.cohort import Cohort, Membership, person_of
from cohorts.conductor import Line, LineState, kind_of
from cohorts.errors import Refused
from cohorts.people import Person
from cohorts.program_kinds import SegmentKind
from cohorts.sessions import Session, SessionState
from cohorts.store import Db, link, moment

BEFORE = timedelta(minutes=30)  # the session, when the doors open
LINGERS = timedelta(minutes=2)  # what a poll came to, in the part of the session that it was asked in


class Screen(SQLModel, table=True):
    """One link to the screen of one session."""

    __table_args__ = (sa.UniqueConstraint("digest"),)
    id: int = Field(default=None, primary_key=True)
    session_id: int = link("session.id")
    digest: str = Field(max_length=64)
    at: datetime = moment()


class Phase(StrEnum):
    BEFORE = "before"
    ON = "on"
    OVER = "over"  # nothing more is to come, and people say goodbye


@dataclass(frozen=True, slots=True)
class Step:
    kind: str
    seconds: int
    state: LineState


@dataclass(frozen=True, slots=True)
class Room:
    number: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ballot:
    """How a poll stands. Counts alone: who voted for what is nobody's business, in any segment."""

    question: str
    choices: tuple[tuple[str, int], ...]
    closed: bool

    @property
    def votes(self) -> int:
        return sum(count for _, count in self.choices)

    @property
    def most(self) -> int:
        return max((count for _, count in self.choices), default=0)


@dataclass(frozen=True, slots=True)
class View:
    """Everything on the screen, the same until something happens: time goes by without changing it.

    `ends` is None while the clock stands still, with `left` seconds to go.
    """

    title: str
    program: str
    phase: Phase
    ends: datetime | None
    left: int
    length: int  # seconds of the segment
    kind: str = ""
    prompt: str = ""
    icebreaker: str = ""  # the name of the one whose words are the prompt
    why: str = ""
    called: str = ""  # whose turn it is to speak, or whose part it is
    floor: bool = False  # the part is theirs
    unnamed: bool = False  # nobody is named for what they say
    place: int = 0
    steps: tuple[Step, ...] = ()
    next: Step | None = None
    rooms: tuple[Room, ...] = ()
    beside: tuple[str, ...] = ()  # who sits this round out
    poll: Ballot | None = None

    def left_at(self, now: datetime) -> int:
        """Seconds, begun ones included."""
        return self.left if self.ends is None else max(0, -int((now - self.ends).total_seconds() // 1))


# Links.


def is_shown(session: Session, now: datetime) -> bool:
    if session.state is SessionState.LIVE:
        return True
    return session.state is SessionState.PLANNED and session.starts_at - BEFORE <= now < session.ends_at


def let_in(db: Db, session: Session, token: str, *, now: datetime) -> None:
    """Whoever has the token sees the screen from now on. Those of sessions that are over are forgotten."""
    if not is_shown(session, now):
        raise Refused("sessions/too-early", title=session.title, starts=session.starts_at)
    over = sa.select(col(Session.id)).where(col(Session.state).in_((SessionState.HELD, SessionState.CANCELLED)))
    db.execute(sa.delete(Screen).where(col(Screen.session_id).in_(over)).execution_options(synchronize_session=False))
    db.add(Screen(session_id=session.id, digest=_digest(token), at=now))
    db.flush()


def seen_with(db: Db, token: str, *, now: datetime) -> View | None:
    """What the screen shows to whoever has this token; None when it leads nowhere, or nowhere any more."""
    digest = _digest(token)
    found = db.exec(select(Screen).where(Screen.digest == digest)).one_or_none()
    if found is None or not hmac.compare_digest(found.digest, digest):
        return None
    session = db.get_one(Session, found.session_id)
    return view(db, db.get_one(Cohort, session.cohort_id), session, now) if is_shown(session, now) else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# What stands on it.


def view(db: Db, cohort: Cohort, session: Session, now: datetime) -> View:
    show = conductor.of(db, session)
    if session.state is SessionState.PLANNED:
        return View(
            title=session.title,
            program=cohort.name,
            phase=Phase.BEFORE,
            ends=session.starts_at,
            left=0,
            length=int(BEFORE.total_seconds()),
        )
    if show is None:
        return _unconducted(db, cohort, session, now)
    line = conductor.current(show)
    ends, coming = conductor.ends_at(show, now), conductor.to_come(show)
    stands = show.paused_at is not None
    rooms, beside = _groups(db, session, line.detail) if line is not None and _is_round(line) else ((), ())
    seat = _name(db, line.detail) if line is not None and line.segment.kind is SegmentKind.HOT_SEAT else ""
    return View(
        title=session.title,
        program=cohort.name,
        phase=Phase.ON if line is not None else Phase.OVER,
        ends=None if stands else ends,
        left=-int((now - ends).total_seconds() // 1) if stands else 0,
        length=_seconds(line) if line is not None else 0,
        kind=kind_of(line),
        prompt=line.segment.prompt if line is not None else "",
        icebreaker=_icebreaker(db, session, line) if line is not None else "",
        why=line.why if line is not None else "",
        called=seat or _called_on(db, session, now),
        floor=bool(seat),
        unnamed=chatham.is_on(db, session, now),
        place=show.place,
        steps=tuple(_step(one) for one in show.lines),
        next=_step(coming[0]) if coming else None,
        rooms=rooms,
        beside=beside,
        poll=_poll(db, cohort, session, show.began_at, now),
    )


def _icebreaker(db: Db, session: Session, line: Line) -> str:
    ours = line.segment.kind is SegmentKind.ICEBREAKER and not line.segment.prompt
    return icebreakers.asked(db, session) if ours else ""


def _unconducted(db: Db, cohort: Cohort, session: Session, now: datetime) -> View:
    """Office hours and reunions take the shape that they take: the time, and whatever groups and poll there are."""
    played = breakouts.of_session(db, session)
    rooms, beside = _groups(db, session, played[-1].round if played else None)
    return View(
        title=session.title,
        program=cohort.name,
        phase=Phase.ON if now < session.ends_at else Phase.OVER,
        ends=session.ends_at,
        left=0,
        length=session.minutes * 60,
        rooms=rooms,
        beside=beside,
        poll=_poll(db, cohort, session, session.starts_at - BEFORE, now),
    )


def _is_round(line: Line) -> bool:
    return line.segment.kind in conductor.IN_GROUPS


def _step(line: Line) -> Step:
    return Step(kind_of(line), _seconds(line), line.state)


def _seconds(line: Line) -> int:
    return int(line.length.total_seconds())


def _poll(db: Db, cohort: Cohort, session: Session, since: datetime, now: datetime) -> Ballot | None:
    """The newest of this session, while it is open; once it is closed, if it was asked `since`, for a moment."""
    asked = [one for one in polls.all_of(db, cohort) if one.session_id == session.id]
    if not asked:
        return None
    newest, is_open = asked[-1], asked[-1].is_open(now)
    over = newest.closed_at or newest.ends_at
    if not is_open and (newest.opened_at < since or over + LINGERS <= now):
        return None
    return Ballot(newest.question, tuple(zip(newest.labels, polls.counts(db, newest), strict=True)), closed=not is_open)


def _called_on(db: Db, session: Session, now: datetime) -> str:
    """Who was asked to speak and hasn't yet, by first name; nobody any more when the talk is elsewhere."""
    turns = heard.turns(db, session)
    if not turns or not calling.is_waiting(db, session, turns[-1]) or turns[-1].at + calling.STALE <= now:
        return ""
    return _name(db, turns[-1].membership_id)


def _name(db: Db, membership_id: int | None) -> str:
    if membership_id is None:
        return ""
    person = person_of(db, db.get_one(Membership, membership_id))
    return short_names([person])[person.id]


# Who is where.


def _groups(db: Db, session: Session, number: int | None) -> tuple[tuple[Room, ...], tuple[str, ...]]:
    """The rooms of one round, and who sits it out."""
    breakout = next((one for one in breakouts.of_session(db, session) if one.round == number), None)
    if breakout is None:
        return (), ()
    seated = {group: breakouts.people_in(db, members) for group, members in breakouts.groups(db, breakout).items()}
    ids = [one for members in seated.values() for one in members]
    called = short_names(db.exec(select(Person).where(col(Person.id).in_(ids))).all())
    named = {group: tuple(called[one] for one in members) for group, members in seated.items()}
    return tuple(Room(group, names) for group, names in named.items() if group and names), named.get(0, ())


def short_names(people: Sequence[Person]) -> dict[int, str]:
    """First names, by id; two of the same are told apart by what follows."""
    named = {one.id: one.name.split() or [one.name] for one in people}
    firsts = Counter(words[0] for words in named.values())
    short = {
        id_: words[0] if firsts[words[0]] == 1 or len(words) == 1 else f"{words[0]} {words[-1][0]}."
        for id_, words in named.items()
    }
    same = Counter(short.values())
    return {id_: name if same[name] == 1 else " ".join(named[id_]) for id_, name in short.items()}
