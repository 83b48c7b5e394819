"""Before a session: the day before, the hour before, and the facilitator's brief."""

from __future__ import annotations

from datetime import timedelta

from bot.ask import Due
from bot.registry import due
from cohorts import answers, attendance, homework, meeting, sessions, survey_results
from cohorts.attendance import Answer, rsvp_presses
from cohorts.cohort import present
from cohorts.outbox import Press


@due("sessions/reminder-day")
def remind_a_day_before(due: Due, session_id: int) -> None:
    """One message: when, where, what is owed, the goal, and the RSVP."""
    session, cohort = sessions.get(due.db, session_id)
    for member in meeting.expected(due.db, cohort, session):
        due.tell(
            member,
            "sessions/reminder-day",
            expires=session.starts_at - timedelta(hours=1),
            about=session.about,
            presses=rsvp_presses(session) if cohort.program.defaults.rsvp else [],
            title=session.title,
            starts=session.starts_at,
            place=session.place,
            owes=[one.title for one in homework.owed(due.db, cohort, member, now=due.now)],
            goal=answers.goal_of(due.db, cohort, member),
            rsvp=cohort.program.defaults.rsvp,
        )


@due("sessions/reminder-hour")
def remind_an_hour_before(due: Due, session_id: int) -> None:
    session, cohort = sessions.get(due.db, session_id)
    for member in meeting.expected(due.db, cohort, session):
        due.tell(
            member,
            "sessions/reminder-hour",
            expires=session.starts_at,
            about=session.about,
            title=session.title,
            starts=session.starts_at,
            place=session.place,
        )


@due("sessions/brief")
def brief(due: Due, session_id: int) -> None:
    """To those who conduct: who comes, and the run of show."""
    session, cohort = sessions.get(due.db, session_id)
    if not sessions.is_expected(cohort):
        return
    said = attendance.answers(due.db, session)
    members = present(due.db, cohort)
    due.tell_facilitators(
        cohort,
        "sessions/brief",
        expires=session.starts_at + timedelta(minutes=30),
        about=session.about,
        presses=[Press("sessions/start", {"session_id": session.id}, "primary")],
        title=session.title,
        starts=session.starts_at,
        coming=[one.ref for one in members if said.get(one.id) is Answer.YES],
        unsure=[one.ref for one in members if said.get(one.id) in (None, Answer.MAYBE)],
        not_coming=[one.ref for one in members if said.get(one.id) is Answer.NO],
        agenda=[
            {
                "kind": segment.kind.value.replace("_", " "),
                "minutes": segment.minutes,
                "prompt": segment.prompt,
            }
            for segment in sessions.run_of_show(cohort, session)
        ],
        surveys=survey_results.for_session(due.db, cohort, session),
    )
