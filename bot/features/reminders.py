"""Before a session: the day before, and the hour before."""

from __future__ import annotations

from datetime import timedelta

from bot.ask import Due
from bot.registry import due
from cohorts import answers, attendance, guests, homework, hosting, meeting, sessions
from cohorts.attendance import Answer, rsvp_presses
from cohorts.outbox import Press
from cohorts.program_kinds import SessionKind


@due("sessions/reminder-day")
def remind_a_day_before(due: Due, session_id: int) -> None:
    """One message: when, where, what is owed, the goal, and the RSVP."""
    session, cohort = sessions.get(due.db, session_id)
    expected = meeting.expected(due.db, cohort, session)
    host = hosting.take_turn(due.db, cohort, session, now=due.now) if expected else None
    for member in expected:
        hosts = host is not None and host.id == member.person_id
        due.tell(
            member,
            "sessions/reminder-day",
            expires=session.starts_at - timedelta(hours=1),
            about=session.about,
            presses=[
                *(rsvp_presses(session) if cohort.program.defaults.rsvp else []),
                *([Press("hosting/cannot", {"session_id": session.id}, words="pass-on")] if hosts else []),
            ],
            title=session.title,
            starts=session.starts_at,
            place=session.place,
            owes=[one.title for one in homework.owed(due.db, cohort, member, now=due.now)],
            goal=answers.goal_of(due.db, cohort, member),
            purpose=sessions.goal_of(cohort, session),
            prework=sessions.prework_of(cohort, session),
            guest=guests.name_of(cohort, session),
            host=host.ref if host is not None and not hosts else None,
            hosts=hosts,
            rsvp=cohort.program.defaults.rsvp,
            brief=cohort.program.defaults.brief,
            optional=session.kind is SessionKind.OFFICE_HOURS,
        )


@due("sessions/reminder-hour")
def remind_an_hour_before(due: Due, session_id: int) -> None:
    session, cohort = sessions.get(due.db, session_id)
    optional = session.kind is SessionKind.OFFICE_HOURS
    said = attendance.answers(due.db, session)
    for member in meeting.expected(due.db, cohort, session):
        if optional and said.get(member.id) is not Answer.YES:
            continue  # whoever likes comes, and the door is announced
        due.tell(
            member,
            "sessions/reminder-hour",
            expires=session.starts_at,
            about=session.about,
            title=session.title,
            starts=session.starts_at,
            place=session.place,
        )
