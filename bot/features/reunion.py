"""The reunion: announced with the graduates, prepared the day before, and what came of it, kept as wins."""

from __future__ import annotations

from datetime import timedelta

from bot import whose
from bot.ask import Answers, Ask, Asking, Due, Part, Reply
from bot.message import Field, FieldKind
from bot.registry import button, due, export, form, home_line, words
from bot.sheets import Sheet
from cohorts import attendance, meeting, outbox, reunion, sessions
from cohorts.answers import goal_of
from cohorts.attendance import Answer, rsvp_presses
from cohorts.cohort import Cohort, Membership, present, room_of
from cohorts.errors import Invalid, Remark
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.sessions import SessionState
from cohorts.store import Db


@due("reunion/day-before")
def remind_a_day_before(due: Due, reunion_id: int) -> None:
    """When and where, with the goal and the answers of back then: something to compare with."""
    session, cohort = sessions.get(due.db, reunion_id)
    for member in meeting.expected(due.db, cohort, session):
        due.tell(
            member,
            "reunion/day-before",
            expires=session.starts_at - timedelta(hours=1),
            about=session.about,
            presses=[*(rsvp_presses(session) if cohort.program.defaults.rsvp else ()), reunion.press(cohort)],
            program=cohort.name,
            starts=session.starts_at,
            place=session.place,
            goal=goal_of(due.db, cohort, member),
            then=reunion.back_then(due.db, cohort, member),
        )


@due("reunion/hour-before")
def remind_an_hour_before(due: Due, reunion_id: int) -> None:
    session, cohort = sessions.get(due.db, reunion_id)
    for member in meeting.expected(due.db, cohort, session):
        due.tell(
            member,
            "reunion/hour-before",
            expires=session.starts_at,
            about=session.about,
            program=cohort.name,
            starts=session.starts_at,
            place=session.place,
        )


@due("reunion/brief")
def brief(due: Due, reunion_id: int) -> None:
    """To those who conduct: who comes, how it runs, and what each set out for."""
    session, cohort = sessions.get(due.db, reunion_id)
    if not sessions.is_expected(cohort):
        return
    said = attendance.answers(due.db, session)
    due.tell_facilitators(
        cohort,
        "reunion/brief",
        expires=session.starts_at + timedelta(minutes=30),
        about=session.about,
        presses=[Press("sessions/start", {"session_id": session.id}, "primary")],
        program=cohort.name,
        starts=session.starts_at,
        coming=[one.ref for one in present(due.db, cohort) if said.get(one.id) is Answer.YES],
        agenda=[
            {"kind": segment.kind.value.replace("_", " "), "minutes": segment.minutes, "prompt": segment.prompt}
            for segment in sessions.run_of_show(cohort, session)
        ],
        goals=reunion.goals_and_wins(due.db, cohort),
    )


@due("reunion/open-doors")
def open_doors(due: Due, reunion_id: int) -> None:
    session, cohort = sessions.get(due.db, reunion_id)
    if sessions.is_expected(cohort) and session.state in (SessionState.PLANNED, SessionState.LIVE):
        outbox.announce(
            due.db,
            room_of(due.db, cohort),
            "reunion/open-doors",
            key=due.key,
            now=due.now,
            due=due.due_at,
            ping=False,  # the way in was in their direct messages an hour ago
            expires=session.starts_at + timedelta(minutes=20),
            about=session.about,
            presses=[Press("sessions/here", {"session_id": session.id}, "primary")],
            program=cohort.name,
            place=session.place,
        )


@due("reunion/begin")
def begin(due: Due, reunion_id: int) -> None:
    session, cohort = sessions.get(due.db, reunion_id)
    if sessions.is_expected(cohort) and session.state is SessionState.PLANNED:
        meeting.begin(due.db, cohort, session, now=due.now, due=due.due_at)


@due("reunion/close")
def close(due: Due, reunion_id: int) -> None:
    session, cohort = sessions.get(due.db, reunion_id)
    if sessions.is_expected(cohort):
        meeting.end(due.db, cohort, session, now=due.now, due=due.due_at)


# What came of it.


@home_line("reunion")
def home(ask: Ask, cohort: Cohort, membership: Membership) -> Part | None:
    if not reunion.is_near(ask.db, cohort, now=ask.now):
        return None
    found = reunion.win_of(ask.db, membership)
    return Part("reunion/home", {"words": found.words if found else ""}, [reunion.press(cohort)])


@button("reunion/open", role=Role.MEMBER)
@words("what came of it", name="win", role=Role.MEMBER)
def open_(ask: Ask, cohort_id: int | None = None) -> Asking:
    cohort, membership = whose.mine(ask, cohort_id)
    found, goal = reunion.win_of(ask.db, membership), goal_of(ask.db, cohort, membership)
    return Asking(
        "reunion/tell",
        [
            Field("words", FieldKind.PARAGRAPH, "", max_length=reunion.WORDS, value=found.words if found else ""),
            Field("share", FieldKind.YES_NO, "", value=found.share if found else None),
        ],
        args={"cohort_id": cohort.id},
        intro="reunion/goal",
        goal=goal,
    )


@form("reunion/tell", role=Role.MEMBER)
def told(ask: Ask, answers: Answers, cohort_id: int) -> Reply:
    _, membership = whose.mine(ask, cohort_id)
    written = str(answers.get("words") or "")
    if len(written) > reunion.WORDS:
        raise Invalid(words=Remark("too-long", limit=reunion.WORDS, length=len(written)))
    share = answers.get("share") in (True, "true", "yes", "True")
    reunion.tell(ask.db, membership, written, share=share, now=ask.now)
    return Reply("reunion/kept", kept=bool(written.strip()), shared=share)


@export("wins")
def rows(db: Db, cohort: Cohort) -> Sheet:
    return Sheet("wins", ("name", "goal", "win", "may_be_quoted", "at"), reunion.table(db, cohort))
