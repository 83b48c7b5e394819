"""Who conducts one session: handed over, or, when whoever should can't, one of four ways on."""

from __future__ import annotations

from bot import whose
from bot.ask import Answers, Ask, Asking, Reply, Response
from bot.command_text import Kind
from bot.features import sessions as session_feature
from bot.features import timetable
from bot.features.timetable import NUMBER
from bot.message import Choice, Field, FieldKind
from bot.registry import Option, button, command, form, words
from cohorts import hosting, people, which
from cohorts import sessions as sessions_
from cohorts.attendance import Answer
from cohorts.cohort import Cohort
from cohorts.errors import Invalid, Refused, Remark
from cohorts.outbox import Press
from cohorts.people import Person, Role
from cohorts.sessions import Session


@command(
    "session hand-over",
    help="Let somebody else lead a session, or see what else can be done",
    role=Role.HOST,
    options=[NUMBER, Option("person", "Who takes it, such as @gil", kind=Kind.PERSON)],
)
def hand_over(ask: Ask, number: int | None = None, person: Person | None = None) -> Reply:
    session, cohort = whose.coming_led(ask, number)
    return _offered(ask, cohort, session) if person is None else _handed(ask, cohort, session, person)


@words("i can t come", "i cannot come", "can t make it", "i can t make it", name="cannot come", role=Role.ANYONE)
def cannot_come(ask: Ask) -> Reply:
    """Of the session that somebody leads or takes part in, whichever is sooner."""
    mine = which.of_person(ask.db, ask.person)
    led = [(one, cohort) for cohort in which.all_led(ask.db, ask.person) if (one := _coming(ask, cohort)) is not None]
    attended = [one.starts_at for cohort, _ in mine if (one := sessions_.upcoming(ask.db, cohort, now=ask.now))]
    if led:
        session, cohort = min(led, key=lambda pair: pair[0].starts_at)
        if all(session.starts_at <= at for at in attended):
            return _offered(ask, cohort, session)
    if not mine:
        raise Refused("people/no-cohort-yet")
    return session_feature.rsvp(ask, Answer.NO)


def _coming(ask: Ask, cohort: Cohort) -> Session | None:
    """The next that somebody leads. What a group runs by itself is nobody's in particular."""
    theirs = hosting.sessions_of(ask.db, cohort, ask.person)
    return sessions_.next_of((one for one in theirs if not hosting.runs_itself(ask.db, one)), now=ask.now)


@button("hosting/cannot", role=Role.HOST)
def cannot(ask: Ask, session_id: int) -> Reply:
    session, cohort = hosting.led(ask.db, ask.person, session_id)
    return _offered(ask, cohort, session)


def _offered(ask: Ask, cohort: Cohort, session: Session) -> Reply:
    """Hand over, move, cancel, or let the group run it; a member who hosts moves and cancels nothing."""
    hosting.changeable(session)
    ids = {"session_id": session.id}
    conducts = people.conducts(ask.db, ask.person, cohort.program_key)
    others = _takers(ask, cohort, session)
    planned = session.state is sessions_.SessionState.PLANNED
    return Reply(
        "hosting/offered",
        title=session.title,
        starts=session.starts_at,
        others=[one.ref for one in others][:10],
        conducts=conducts and planned,
        presses=[
            *([Press("hosting/choose", ids, "primary")] if others else []),
            *([Press("hosting/move", ids), Press("hosting/cancel", ids)] if conducts and planned else []),
            Press("hosting/group", ids),
        ],
    )


def _takers(ask: Ask, cohort: Cohort, session: Session) -> list[Person]:
    return [one for one in hosting.candidates(ask.db, cohort, session) if one.id != ask.person.id]


@button("hosting/choose", role=Role.HOST)
def choose(ask: Ask, session_id: int) -> Asking:
    session, cohort = hosting.led(ask.db, ask.person, session_id)
    hosting.changeable(session)
    others = _takers(ask, cohort, session)
    if not others:
        raise Refused("hosting/nobody-else", title=session.title)
    choices = tuple(Choice(str(one.id), one.name) for one in others[:25])
    taker = Field("taker", FieldKind.CHOICE, "", required=True, choices=choices)
    return Asking("hosting/choose", [taker], args={"session_id": session.id})


@form("hosting/choose", role=Role.HOST)
def chosen(ask: Ask, answers: Answers, session_id: int) -> Reply:
    session, cohort = hosting.led(ask.db, ask.person, session_id)
    others = {str(one.id): one for one in _takers(ask, cohort, session)}
    taker = others.get(str(answers.get("taker")))
    if taker is None:
        raise Invalid(taker=Remark("not-a-choice", choices=[one.name for one in others.values()]))
    return _handed(ask, cohort, session, taker)


def _handed(ask: Ask, cohort: Cohort, session: Session, person: Person) -> Reply:
    hosting.hand_over(ask.db, cohort, session, person, by=ask.person, now=ask.now)
    return Reply(
        "hosting/handed-by-you",
        title=session.title,
        starts=session.starts_at,
        person=person.ref,
        yours=person.id == ask.person.id,
        presses=hosting.desk_presses(session) if person.id == ask.person.id else [],
    )


@button("hosting/move", role=Role.FACILITATOR)
def move(ask: Ask, session_id: int) -> Asking:
    session, _ = sessions_.conducted(ask.db, ask.person, session_id)
    hosting.changeable(session)
    time = Field("time", FieldKind.LINE, "", required=True, max_length=100)
    return Asking("hosting/move", [time], args={"session_id": session.id})


@form("hosting/move", role=Role.FACILITATOR)
def moved(ask: Ask, answers: Answers, session_id: int) -> Response:
    session, cohort = sessions_.conducted(ask.db, ask.person, session_id)
    return timetable.asked_to_move(ask, cohort, session, str(answers.get("time") or ""))


@button("hosting/cancel", role=Role.FACILITATOR)
def cancel(ask: Ask, session_id: int) -> Reply:
    session, _ = sessions_.conducted(ask.db, ask.person, session_id)
    return timetable.asked_to_cancel(session)


@button("hosting/group", role=Role.HOST)
def group(ask: Ask, session_id: int) -> Reply:
    """A question first: the room hears of it."""
    session, _ = hosting.led(ask.db, ask.person, session_id)
    hosting.changeable(session)
    return Reply(
        "hosting/group-confirm",
        title=session.title,
        starts=session.starts_at,
        presses=[Press("hosting/group-runs", {"session_id": session.id}, "primary")],
    )


@button("hosting/group-runs", role=Role.HOST)
def group_runs(ask: Ask, session_id: int) -> Reply:
    session, cohort = hosting.led(ask.db, ask.person, session_id)
    hosting.let_group_run(ask.db, cohort, session, by=ask.person, now=ask.now)
    return Reply("hosting/group-by-you", replaces=True, title=session.title)
