"""When sessions are: shown, scheduled, moved, cancelled. A new time is echoed in every zone before it is final."""

from __future__ import annotations

from datetime import datetime

from bot import whose
from bot.ask import Ask, Part, Reply
from bot.command_text import Kind
from bot.message import Scalar
from bot.registry import Option, button, command, words
from cohorts import cohort as cohorts_
from cohorts import graduation, sessions, shifting, timetable
from cohorts.cohort import Cohort, present
from cohorts.errors import Refused
from cohorts.facts import Fact
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.sessions import Session, SessionState
from cohorts.shifting import Scope

NUMBER = Option("number", "Which session, counted from 1; the next one when left out", kind=Kind.NUMBER)
TIME = Option("time", "When, such as tue 16:00 or 3 dec 9:30", kind=Kind.MOMENT, required=True)


@command("session when", help="When and where the sessions are", role=Role.ANYONE, reads=True)
@words("when do we meet", "next session", "wann treffen wir", "when is the", name="when", role=Role.ANYONE)
def when(ask: Ask) -> Reply:
    cohort = whose.either(ask)
    coming = sessions.upcoming(ask.db, cohort, now=ask.now)
    return Reply(
        "sessions/when",
        program=cohort.name,
        sessions=[
            {
                "number": n,
                "title": one.title,
                "starts": one.starts_at,
                "held": one.state is SessionState.HELD,
                "next": coming is not None and one.id == coming.id,
            }
            for n, one in enumerate(sessions.standing(ask.db, cohort), start=1)
        ],
        place=coming.place if coming else "",
    )


@command(
    "session schedule",
    help="Add a session",
    role=Role.FACILITATOR,
    options=[
        TIME,
        Option("title", "What it is called", required=True),
        Option("minutes", "How long, in minutes; 60 when left out", kind=Kind.NUMBER),
    ],
)
def schedule(ask: Ask, time: str, title: str, minutes: int = 60) -> Reply:
    cohort = whose.conducted(ask)
    starts = whose.moment(ask, time, zone=cohort.zone, at=cohort.program.at)
    args: dict[str, Scalar] = {
        "cohort_id": cohort.id,
        "starts": starts.isoformat(),
        "title": title[:200],
        "minutes": _length(minutes),
    }
    return Reply(
        "sessions/schedule-confirm",
        title=title,
        starts=starts,
        zones=_zones(ask, cohort, starts),
        presses=[Press("timetable/schedule", args, "primary")],
    )


@button("timetable/schedule", role=Role.FACILITATOR)
def scheduled(ask: Ask, cohort_id: int, starts: str, title: str, minutes: int) -> Reply:
    cohort = whose.conducted(ask, cohort_id)
    session = timetable.schedule(
        ask.db,
        cohort,
        title=title[:200],
        starts_at=_moment(starts),
        minutes=_length(minutes),
        by=ask.person,
        now=ask.now,
    )
    return Reply("sessions/scheduled-by-you", replaces=True, title=session.title, starts=session.starts_at)


@command("session move", help="Move a session to another time", role=Role.FACILITATOR, options=[NUMBER, TIME])
def move(ask: Ask, time: str, number: int | None = None) -> Reply:
    cohort = whose.conducted(ask)
    return asked_to_move(ask, cohort, _meant(ask, cohort, number), time)


def asked_to_move(ask: Ask, cohort: Cohort, session: Session, time: str) -> Reply:
    """What it would mean. With others after it: for this one, for all, or for a week without."""
    starts = whose.moment(ask, time, zone=cohort.zone, at=cohort.program.at)
    if session.state is not SessionState.PLANNED:
        raise Refused("sessions/cannot-move", title=session.title, state=session.state.value)
    later = bool(shifting.after(ask.db, cohort, session))
    return Reply(
        "sessions/move-confirm",
        title=session.title,
        was=session.starts_at,
        starts=starts,
        zones=_zones(ask, cohort, starts),
        later=later,
        presses=[] if later else [_moving(ask, cohort, session, starts, Scope.ONE, "move")],
        parts=[_choice(ask, cohort, session, starts, scope) for scope in Scope] if later else [],
    )


def _choice(ask: Ask, cohort: Cohort, session: Session, starts: datetime, scope: Scope) -> Part:
    moves = shifting.moves(ask.db, cohort, session, starts, scope)
    first = moves[0][1]
    return Part(
        "sessions/move-choice",
        {
            "scope": scope.value,
            "moves": [{"title": one.title, "starts": at} for one, at in moves],
            "zones": _zones(ask, cohort, first) if first != starts else [],
            "past": any(at <= ask.now for _, at in moves),
        },
        [_moving(ask, cohort, session, starts, scope, f"move-{scope.value}")] if moves[0][1] > ask.now else [],
    )


def _moving(ask: Ask, cohort: Cohort, session: Session, starts: datetime, scope: Scope, words: str) -> Press:
    args: dict[str, Scalar] = {
        "session_id": session.id,
        "starts": starts.isoformat(),
        "revision": shifting.stamp(ask.db, cohort),
        "scope": scope.value,
    }
    return Press("timetable/move", args, "primary" if scope is Scope.ONE else "plain", words=words)


@button("timetable/move", role=Role.FACILITATOR)
def moved(ask: Ask, session_id: int, starts: str, revision: int, scope: str = Scope.ONE) -> Reply:
    session, cohort = sessions.conducted(ask.db, ask.person, session_id)
    if scope not in tuple(Scope):
        raise Refused("commands/gone")
    if revision != shifting.stamp(ask.db, cohort):
        raise Refused("sessions/changed-meanwhile", title=session.title, starts=session.starts_at)
    moves = shifting.moves(ask.db, cohort, session, _moment(starts), Scope(scope))
    timetable.move_all(ask.db, cohort, moves, by=ask.person, now=ask.now)
    return Reply(
        "sessions/moved-by-you",
        replaces=True,
        title=session.title,
        starts=session.starts_at,
        along=[{"title": one.title, "starts": at} for one, at in moves[1:]],
    )


@command("session cancel", help="Cancel a session", role=Role.FACILITATOR, options=[NUMBER])
def cancel(ask: Ask, number: int | None = None) -> Reply:
    return asked_to_cancel(_meant(ask, whose.conducted(ask), number))


def asked_to_cancel(session: Session) -> Reply:
    if session.state is not SessionState.PLANNED:
        raise Refused("sessions/cannot-cancel")
    args: dict[str, Scalar] = {"session_id": session.id, "revision": session.revision}
    return Reply(
        "sessions/cancel-confirm",
        title=session.title,
        starts=session.starts_at,
        presses=[Press("timetable/cancel", args, "danger")],
    )


@button("timetable/cancel", role=Role.FACILITATOR)
def cancelled(ask: Ask, session_id: int, revision: int) -> Reply:
    session, cohort = sessions.conducted(ask.db, ask.person, session_id)
    _unchanged(session, revision)
    timetable.cancel(ask.db, cohort, session, by=ask.person, now=ask.now)
    named = graduation.named_at(ask.db, cohort) if sessions.upcoming(ask.db, cohort, now=ask.now) is None else None
    return Reply("sessions/cancelled-by-you", replaces=True, title=session.title, graduates=named)


def _meant(ask: Ask, cohort: Cohort, number: int | None) -> Session:
    if number is not None:
        return sessions.number(ask.db, cohort, int(number))
    return sessions.the_next(ask.db, cohort, now=ask.now)


def _unchanged(session: Session, revision: int) -> None:
    if session.revision != revision:
        raise Refused("sessions/changed-meanwhile", title=session.title, starts=session.starts_at)


def _zones(ask: Ask, cohort: Cohort, at: datetime) -> list[Fact]:
    members = cohorts_.people_of(ask.db, present(ask.db, cohort)).values()
    return list(whose.in_zones(at, [*members, ask.person]))


def _length(minutes: float) -> int:
    if not 5 <= minutes <= 600 or minutes != int(minutes):
        raise Refused("sessions/odd-length")
    return int(minutes)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("commands/gone") from None
    if moment.tzinfo is None or not 2000 <= moment.year < 3000:
        raise Refused("commands/gone")
    return moment
