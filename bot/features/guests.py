"""A guest of a session: invited, briefed, let in for the evening, thanked; or those who conduct it write themselves."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from bot.ask import Due
from bot.registry import due
from cohorts import guests, hosting, outbox, sessions
from cohorts.bundling import daytime
from cohorts.cohort import Cohort
from cohorts.people import Person
from cohorts.program_parts import Guest
from cohorts.sessions import Session, SessionState


@due("guests/write")
def write(due: Due, session_id: int) -> None:
    """Three days before, as long as it can still be said: to the guest, or to whoever has to write to them."""
    session, cohort = sessions.get(due.db, session_id)
    guest = sessions.guest_of(cohort, session)
    if guest is None or not sessions.is_expected(cohort) or session.state is not SessionState.PLANNED:
        return
    visitor = guests.here(due.db, cohort, session)
    if visitor is not None:
        guests.invite(due.db, cohort, session, visitor, now=due.now)
    for person in hosting.answerable(due.db, cohort, session):
        if person != visitor:
            _remind(due, cohort, session, guest, person, written=visitor is not None)


def _remind(due: Due, cohort: Cohort, session: Session, guest: Guest, person: Person, *, written: bool) -> None:
    """By day where they live, with words to copy; of a guest who was `written` to, that they know."""
    wall = session.starts_at.astimezone(ZoneInfo(cohort.zone))
    at = daytime(due.now, person.zone)
    outbox.enclose(
        due.db,
        person,
        "guests/written" if written else "guests/write",
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


@due("guests/let-in")
def let_in(due: Due, session_id: int) -> None:
    session, cohort = sessions.get(due.db, session_id)
    if sessions.is_expected(cohort) and session.state in (SessionState.PLANNED, SessionState.LIVE):
        guests.let_in(due.db, cohort, session, now=due.now)


@due("guests/let-out")
def let_out(due: Due, session_id: int) -> None:
    session, cohort = sessions.get(due.db, session_id)
    guests.let_out(due.db, cohort, session, now=due.now)


@due("guests/thank")
def thank(due: Due, session_id: int) -> None:
    """When it is over, by day where they live."""
    session, cohort = sessions.get(due.db, session_id)
    guest = sessions.guest_of(cohort, session)
    if guest is None or session.state is not SessionState.HELD:
        return
    visitor = guests.here(due.db, cohort, session)
    if visitor is not None:
        guests.thank(due.db, cohort, session, visitor, now=due.now)
        return
    for person in hosting.answerable(due.db, cohort, session):
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
