"""A guest of a session: those who conduct it are reminded to write, before and after, with words to copy."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from bot.ask import Due
from bot.registry import due
from cohorts import guests, hosting, outbox, sessions
from cohorts.bundling import daytime
from cohorts.people import facilitators
from cohorts.sessions import SessionState


@due("guests/write")
def write(due: Due, session_id: int) -> None:
    """Three days before, by day where they live, as long as it can still be said."""
    session, cohort = sessions.get(due.db, session_id)
    guest = sessions.guest_of(cohort, session)
    if guest is None or not sessions.is_expected(cohort) or session.state is not SessionState.PLANNED:
        return
    wall = session.starts_at.astimezone(ZoneInfo(cohort.zone))
    conducting = hosting.conductors(due.db, cohort, session)
    for person in conducting or facilitators(due.db, cohort.workspace_id, cohort.program_key):
        at = daytime(due.now, person.zone)
        outbox.enclose(
            due.db,
            person,
            "guests/write",
            key=f"{due.key}/person:{person.id}",
            at=at if at < session.starts_at else due.now,
            now=due.now,
            expires=session.starts_at,
            about=session.about,
            guest=guest.name,
            called=guests.called(guest),
            contact=guest.contact,
            brief=guest.brief,
            program=cohort.name,
            title=session.title,
            starts=session.starts_at,
            clock=f"{wall:%A} {wall.day} {wall:%B}, {wall:%H:%M} ({cohort.zone})",  # for somebody outside, as text
            minutes=session.minutes,
            place=session.place,
            goal=sessions.goal_of(cohort, session),
        )


@due("guests/thank")
def thank(due: Due, session_id: int) -> None:
    """When it is over, by day where they live."""
    session, cohort = sessions.get(due.db, session_id)
    guest = sessions.guest_of(cohort, session)
    if guest is None or session.state is not SessionState.HELD:
        return
    conducting = hosting.conductors(due.db, cohort, session)
    for person in conducting or facilitators(due.db, cohort.workspace_id, cohort.program_key):
        due.tell_person(
            person,
            "guests/thank",
            can_wait=True,
            guest=guest.name,
            called=guests.called(guest),
            contact=guest.contact,
            program=cohort.name,
            title=session.title,
        )
