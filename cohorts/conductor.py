"""The run of show of a live session, as a state machine: which segment is on, until when, what comes next.

State only; what people are told of it is in `conducting`. Every change raises the show's revision: a press on a desk
that shows an older one is refused, and timers of an older one are withdrawn. Times are computed from when the segment
began, never counted down: after a restart, or an hour of sleep, the show is where the clock is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import sessions
from cohorts.cohort import Cohort
from cohorts.errors import Refused
from cohorts.outbox import About
from cohorts.planning import Occasion, Rule, Source
from cohorts.program_kinds import SegmentKind, SessionKind
from cohorts.program_parts import Segment
from cohorts.sessions import Session, SessionState
from cohorts.store import Db, json, link, moment

NOTICE = timedelta(minutes=1)  # before a segment ends
STEP = timedelta(minutes=2)  # of "+2 min"
GOODBYE = timedelta(minutes=5)  # after the last segment, before the session ends by itself
STANDSTILL = timedelta(minutes=30)  # so much later a session that is paused does
SHORTEST = 3  # minutes that a segment keeps when time is won back from it
IN_GROUPS = (SegmentKind.PAIR_SHARE, SegmentKind.BREAKOUT)
NEVER_SHORTENED = (SegmentKind.REFLECTION, SegmentKind.NEXT_STEPS, *IN_GROUPS)


class LineState(StrEnum):
    TO_COME = "to-come"
    ON = "on"
    HELD = "held"
    LEFT_OUT = "left-out"


@dataclass(frozen=True, slots=True)
class Line:
    """One segment as it really goes. `added`: seconds given to it, or taken. `spent`: seconds it lasted so far.

    `why`: the poll's choice that opened it. `detail`: what was begun with it, such as the number of its round.
    """

    segment: Segment
    state: LineState = LineState.TO_COME
    added: int = 0
    spent: int = 0
    why: str = ""
    detail: int | None = None

    @property
    def length(self) -> timedelta:
        return max(timedelta(), timedelta(minutes=self.segment.minutes, seconds=self.added))

    @classmethod
    def read(cls, raw: Any) -> "Line":
        segment = Segment.model_validate(raw["segment"])
        return cls(segment, LineState(raw["state"]), raw["added"], raw["spent"], raw["why"], raw["detail"])

    def written(self) -> dict[str, object]:
        return {
            "segment": self.segment.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            "state": self.state.value,
            "added": self.added,
            "spent": self.spent,
            "why": self.why,
            "detail": self.detail,
        }


class Show(SQLModel, table=True):
    """How far a session is. `place` counts from 0; at the number of lines everything is over."""

    __table_args__ = (sa.UniqueConstraint("session_id"),)
    id: int = Field(default=None, primary_key=True)
    session_id: int = link("session.id", index=False)
    rundown: object = json()
    place: int = Field(default=0)
    began_at: datetime = moment()  # the segment that is on
    paused_at: datetime | None = moment(null=True)
    revision: int = Field(default=0)

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(Line.read(raw) for raw in self.rundown) if isinstance(self.rundown, list) else ()

    @property
    def about(self) -> About:
        return About("show", self.id, self.revision)

    def keep(self, lines: Sequence[Line]) -> None:
        self.rundown = [line.written() for line in lines]

    def change(self, place: int, **values: Any) -> None:
        lines = list(self.lines)
        lines[place] = replace(lines[place], **values)
        self.keep(lines)


def plan_of(cohort: Cohort, session: Session) -> tuple[Segment, ...]:
    """What is conducted: the run of show or, where nobody wrote one, an open hour that ends with looking back."""
    show = sessions.run_of_show(cohort, session)
    if show or session.kind is not SessionKind.SESSION:
        return show
    if session.minutes < 15:
        return (Segment(kind=SegmentKind.DISCUSSION, minutes=session.minutes, flexible=True),)
    return (
        Segment(kind=SegmentKind.DISCUSSION, minutes=session.minutes - 5, flexible=True),
        Segment(kind=SegmentKind.REFLECTION, minutes=5),
    )


def begin(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> Show | None:
    """The first segment is on. Reunions, and office hours without a run of show, take the shape that they take."""
    plan = plan_of(cohort, session)
    if session.kind is SessionKind.REUNION or not plan or of(db, session) is not None:
        return None
    show = Show(session_id=session.id, rundown=[], began_at=now)
    show.keep([Line(segment) for segment in plan])
    show.change(0, state=LineState.ON)
    db.add(show)
    db.flush()
    return show


def of(db: Db, session: Session) -> Show | None:
    return db.exec(select(Show).where(Show.session_id == session.id)).one_or_none()


def drop(db: Db, session: Session) -> None:
    """It was not held after all."""
    found = of(db, session)
    if found is not None:
        db.delete(found)
        db.flush()


# Where we are.


def current(show: Show) -> Line | None:
    """The segment that is on; None when all are over."""
    lines = show.lines
    return lines[show.place] if show.place < len(lines) else None


def asked_now(db: Db, session: Session) -> str:
    """What people are called on for just now; "" in any other part."""
    show = of(db, session)
    line = current(show) if show is not None else None
    return line.segment.prompt if line is not None and line.segment.kind is SegmentKind.CALL_ON else ""


def to_come(show: Show) -> tuple[Line, ...]:
    return show.lines[show.place + 1 :]


def ends_at(show: Show, now: datetime) -> datetime:
    """When the segment that is on ends, if nobody does anything; of a show that is over, when it was over."""
    line = current(show)
    standing = now - show.paused_at if show.paused_at is not None else timedelta()
    return show.began_at + standing + (line.length if line is not None else timedelta())


def closes_at(show: Show, now: datetime) -> datetime:
    """When everything is over, if nobody does anything. What is on and has run out ends now."""
    ends = ends_at(show, now)
    if current(show) is not None and ends < now:
        ends = now
    return ends + sum((line.length for line in to_come(show)), timedelta())


def is_late(show: Show, session: Session, now: datetime) -> timedelta:
    """How much longer than planned it takes; nothing below a minute."""
    late = closes_at(show, now) - session.ends_at
    return late if late >= timedelta(minutes=1) else timedelta()


def is_on(db: Db, session: Session, now: datetime) -> bool:
    """Whether a live session still has something to come, and time to say goodbye."""
    show = of(db, session) if session.state is SessionState.LIVE else None
    return show is not None and over_at(show, session, now) > now


def over_at(show: Show, session: Session, now: datetime) -> datetime:
    """When the session ends by itself, if nobody does anything."""
    over = max(closes_at(show, now), session.ends_at) + GOODBYE
    return over + STANDSTILL if show.paused_at is not None else over


def shortened(show: Show, late: timedelta, *, at_once: bool = False) -> list[tuple[int, int]]:
    """Where minutes can be won back: (place, minutes), flexible segments first, then talks and work.

    Of what is to come; `at_once`, before anything has been said, of the first segment too.

    Never from looking back, from next steps or from a round in groups; a segment keeps three minutes at least.
    """
    missing = -(-int(late.total_seconds()) // 60)
    found: list[tuple[int, int]] = []
    coming = [(place, line) for place, line in enumerate(show.lines) if place > show.place or at_once]
    open_to = [(place, line) for place, line in coming if line.segment.kind not in NEVER_SHORTENED]
    for place, line in sorted(open_to, key=lambda one: (not one[1].segment.flexible, -one[1].length, one[0])):
        cut = min(missing, int(line.length.total_seconds()) // 60 - SHORTEST)
        if cut > 0:
            found.append((place, cut))
            missing -= cut
    return sorted(found)


# What can be done. Each raises the revision.


def moved(show: Show, db: Db) -> None:
    show.revision += 1
    db.flush()


def check(show: Show, session: Session, revision: int) -> None:
    """Refused when a desk shows what isn't so any more."""
    if session.state is not SessionState.LIVE:
        raise Refused("conductor/closed", title=session.title)
    if show.revision != revision:
        line = current(show)
        raise Refused("conductor/moved-on", title=session.title, kind=kind_of(line))


def kind_of(line: Line | None) -> str:
    return line.segment.kind.value.replace("_", " ") if line is not None else ""


def leave(db: Db, show: Show, *, at: datetime, left_out: bool = False) -> Line | None:
    """The segment that is on is over; the next one begins. The one that was left, if any was on."""
    line = current(show)
    if line is None:
        return None
    until = show.paused_at or at
    spent = line.spent + max(0, int((until - show.began_at).total_seconds()))
    show.change(show.place, state=LineState.LEFT_OUT if left_out else LineState.HELD, spent=spent)
    show.place, show.began_at, show.paused_at = show.place + 1, at, None
    if current(show) is not None:
        show.change(show.place, state=LineState.ON)
    moved(show, db)
    return line


def back(db: Db, show: Show, *, now: datetime) -> bool:
    """The segment before begins again, with all its time; False before the first. What follows stays as it was."""
    if show.place == 0:
        return False
    if current(show) is not None:
        show.change(show.place, state=LineState.TO_COME)
    show.place, show.began_at, show.paused_at = show.place - 1, now, None
    show.change(show.place, state=LineState.ON, added=0)
    moved(show, db)
    return True


def extend(db: Db, show: Show, by: timedelta = STEP, *, now: datetime) -> None:
    """More time for what is on; once everything is over, for the last."""
    if current(show) is None:
        show.place -= 1
        show.change(show.place, state=LineState.ON, added=0)
        show.began_at = now - show.lines[show.place].length
    elif ends_at(show, now) < now:
        show.began_at += now - ends_at(show, now)
    show.change(show.place, added=show.lines[show.place].added + int(by.total_seconds()))
    moved(show, db)


def pause(db: Db, show: Show, *, now: datetime) -> None:
    if show.paused_at is None:
        show.paused_at = now
        moved(show, db)


def resume(db: Db, show: Show, *, now: datetime) -> None:
    if show.paused_at is not None:
        show.began_at, show.paused_at = show.began_at + (now - show.paused_at), None
        moved(show, db)


def put_next(db: Db, show: Show, place: int) -> None:
    """A segment to come takes the place after the one that is on."""
    lines = list(show.lines)
    if not show.place < place < len(lines):
        raise Refused("commands/gone")
    lines.insert(show.place + 1, lines.pop(place))
    show.keep(lines)
    moved(show, db)


def insert_now(db: Db, show: Show, segment: Segment, *, now: datetime) -> None:
    """What is on is over, and something that nobody planned begins."""
    lines = list(show.lines)
    lines.insert(min(show.place + 1, len(lines)), Line(segment))
    show.keep(lines)
    if leave(db, show, at=now) is None:  # everything was over
        show.change(show.place, state=LineState.ON)
        moved(show, db)


def win_back(db: Db, show: Show, session: Session, *, now: datetime, at_once: bool = False) -> int:
    """Shorten what can be shortened until it ends in time; the minutes won."""
    cuts = shortened(show, is_late(show, session, now), at_once=at_once)
    for place, minutes in cuts:
        show.change(place, added=show.lines[place].added - minutes * 60)
    if cuts:
        moved(show, db)
    return sum(minutes for _, minutes in cuts)


def steer(db: Db, show: Show, slot: str, choice: str) -> bool:
    """A poll's winner becomes the prompt of its slot; whether one waits for it."""
    for place, line in enumerate(show.lines):
        if place > show.place and line.segment.slot == slot and choice in line.segment.options:
            segment = line.segment.model_copy(update={"prompt": line.segment.options[choice]})
            show.change(place, segment=segment, why=choice)
            moved(show, db)
            return True
    return False


# Its timers.


def _occasions(db: Db, cohort: Cohort) -> list[Occasion]:
    found = db.exec(
        select(Show, Session)
        .join(Session, col(Session.id) == col(Show.session_id))
        .where(Session.cohort_id == cohort.id, Session.state == SessionState.LIVE)
    ).all()
    return [Occasion("show", show.id, show.revision, _moments(show, session)) for show, session in found]


def _moments(show: Show, session: Session) -> dict[str, datetime]:
    stands = show.paused_at or show.began_at
    moments = {"over": over_at(show, session, stands)}
    line = current(show)
    if line is not None and show.paused_at is None:
        ends = ends_at(show, show.began_at)
        moments["end"] = ends
        if line.length > 2 * NOTICE:
            moments["notice"] = ends - NOTICE
    return moments


TOUCHPOINTS = Source(
    occasions=_occasions,
    rules=(
        Rule("conductor/notice", on="show", anchor="notice", late=NOTICE, behind=True),
        Rule("conductor/next", on="show", anchor="end", behind=True),
        Rule("conductor/over", on="show", anchor="over", behind=True),
    ),
)
