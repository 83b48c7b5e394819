"""The desk of whoever leads a session: the brief when it is wanted, who is with whom, where it can be seen again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from bot import whose
from bot.ask import Ask, Due, Reply
from bot.command_text import Kind
from bot.features.timetable import NUMBER
from bot.registry import Option, command, due
from cohorts import attendance, breakouts, draws, guests, hosting, meeting, recordings, sessions, survey_results
from cohorts.attendance import Answer
from cohorts.cohort import Cohort, present
from cohorts.facts import Fact
from cohorts.people import Role, conducts
from cohorts.sessions import Session, SessionState
from cohorts.store import Db


@due("sessions/brief")
def brief_due(due: Due, session_id: int) -> None:
    """To those who conduct it, two hours before: who comes, and the run of show."""
    session, cohort = sessions.get(due.db, session_id)
    if not sessions.is_expected(cohort):
        return
    hosting.take_turn(due.db, cohort, session, now=due.now)
    for conductor in hosting.conductors(due.db, cohort, session):
        due.tell_person(
            conductor,
            "sessions/brief",
            expires=session.starts_at + timedelta(minutes=30),
            about=session.about,
            presses=hosting.desk_presses(session),
            hosting=not conducts(due.db, conductor, cohort.program_key),
            more=_brief(due.db, cohort, session),
        )


@command("session brief", help="Your brief: who comes, and how it runs", role=Role.HOST, options=[NUMBER], reads=True)
def brief(ask: Ask, number: int | None = None) -> Reply:
    session, cohort = whose.coming_led(ask, number)
    planned = session.state is SessionState.PLANNED
    return Reply(
        "sessions/brief",
        presses=hosting.desk_presses(session) if planned else [],
        hosting=not conducts(ask.db, ask.person, cohort.program_key),
        more=_brief(ask.db, cohort, session),
    )


def _brief(db: Db, cohort: Cohort, session: Session) -> dict[str, Fact]:
    said = attendance.answers(db, session)
    members = present(db, cohort)
    guest = sessions.guest_of(cohort, session)
    show = sessions.run_of_show(cohort, session)
    return {
        "title": session.title,
        "starts": session.starts_at,
        "goal": sessions.goal_of(cohort, session),
        "makes": sessions.makes_of(cohort, session),
        "pairs": bool(breakouts.rounds_of(cohort, session)),
        "guest": guests.name_of(cohort, session),
        "guest_brief": guest.brief if guest is not None else "",
        "asked": cohort.program.defaults.rsvp,
        "coming": [one.ref for one in members if said.get(one.id) is Answer.YES],
        "unsure": [one.ref for one in members if said.get(one.id) in (None, Answer.MAYBE)],
        "not_coming": [one.ref for one in members if said.get(one.id) is Answer.NO],
        "agenda": [
            {
                "kind": one.kind.value.replace("_", " "),
                "minutes": one.minutes,
                "prompt": one.prompt,
                "choices": list(one.choices),
                "steered": one.slot is not None,
                "unnamed": one.chatham_house,
            }
            for one in show
        ],
        "held": session.state is not SessionState.PLANNED,
        "surveys": survey_results.for_session(db, cohort, session),
    }


@command(
    "session pairs",
    help="Who is with whom in a session, and why",
    role=Role.HOST,
    options=[NUMBER],
    reads=True,
)
def pairs(ask: Ask, number: int | None = None) -> Reply:
    session, cohort = _paired(ask, number)
    met, possible = breakouts.acquainted(ask.db, cohort)
    coming = draws.ahead(ask.db, cohort, session)
    return Reply(
        "desk/pairs",
        title=session.title,
        starts=session.starts_at,
        rounds=meeting.groups(ask.db, session),
        planned=[{"size": size, "prompt": prompt} for size, prompt in breakouts.rounds_of(cohort, session)],
        met=met,
        possible=possible,
        held=session.state is SessionState.HELD,
        ahead=asdict(coming) if coming else None,
    )


def _paired(ask: Ask, number: int | None) -> tuple[Session, Cohort]:
    """The one meant; without a number the one that is on or was last, or before the first the next."""
    cohort = whose.led(ask)
    theirs = hosting.sessions_of(ask.db, cohort, ask.person)
    if number is None and sessions.last_of(theirs, now=ask.now) is not None:
        return whose.last_led(ask)
    return whose.coming_led(ask, number)


@command(
    "session recording",
    help="Say where a session can be seen again",
    role=Role.HOST,
    options=[
        Option("url", "The link to the recording", kind=Kind.LINK, required=True),
        Option("number", "Which session, counted from 1; the last one when left out", kind=Kind.NUMBER),
    ],
)
def recording(ask: Ask, url: str, number: int | None = None) -> Reply:
    session, cohort = whose.last_led(ask, number)
    beneath = recordings.keep(ask.db, cohort, session, url, by=ask.person, now=ask.now)
    return Reply("desk/recording-kept", title=session.title, beneath=beneath)
