"""A session in which nobody was seen: it is asked whether it was held, and what becomes of it if not."""

from __future__ import annotations

from bot.ask import Ask, Reply
from bot.registry import button, words
from cohorts import hosting, meeting, people, sessions, unseen
from cohorts.cohort import Cohort
from cohorts.errors import Refused
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.sessions import Session


@button("unseen/held", role=Role.HOST)
def held(ask: Ask, session_id: int) -> Reply:
    session, cohort = hosting.led(ask.db, ask.person, session_id)
    meeting.end(ask.db, cohort, session, now=ask.now)
    late = ask.now >= sessions.recap_at(ask.db, cohort, session)
    return Reply(
        "unseen/held",
        replaces=True,
        title=session.title,
        late=late,
        presses=[Press("sessions/recap", {"session_id": session.id}, "primary")] if late else [],
    )


@button("unseen/not-held", role=Role.HOST)
def not_held(ask: Ask, session_id: int) -> Reply:
    session, cohort = hosting.led(ask.db, ask.person, session_id)
    return _not_held(ask, cohort, session)


@words("nobody came", "it did not take place", "it didn t take place", name="not held", role=Role.HOST)
def not_held_said(ask: Ask) -> Reply:
    waiting = unseen.waiting(ask.db, ask.person, now=ask.now)
    if not waiting:
        raise Refused("unseen/none")
    session, cohort = waiting[-1]
    return _not_held(ask, cohort, session)


def _not_held(ask: Ask, cohort: Cohort, session: Session) -> Reply:
    """Where a member hosts, those who conduct find it another time."""
    unseen.take_back(ask.db, session)
    ids = {"session_id": session.id}
    conducts = people.conducts(ask.db, ask.person, cohort.program_key)
    return Reply(
        "unseen/not-held",
        replaces=True,
        title=session.title,
        conducts=conducts,
        presses=[Press("hosting/move", ids, "primary"), Press("hosting/cancel", ids)] if conducts else [],
    )
