"""An icebreaker when one is wanted: for whoever conducts, to read aloud or to put into the room."""

from __future__ import annotations

from bot import whose
from bot.ask import Ask, Reply
from bot.registry import button, words
from cohorts import attendance, icebreakers
from cohorts.attendance import Answer, Attended
from cohorts.cohort import Cohort, present, room_of
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.sessions import Session


@words("icebreaker", "ice breaker", "break the ice", name="icebreaker", role=Role.HOST)
def asked_for(ask: Ask) -> Reply:
    """For the session that is on, or the next."""
    session, cohort = whose.on_led(ask)
    prompt = icebreakers.own_prompt(cohort, session)
    return Reply(
        "icebreakers/given",
        presses=[Press("icebreakers/post", {"session_id": session.id}, "primary")],
        title=session.title,
        prompt=prompt,
        icebreaker="" if prompt else icebreakers.pick(ask.db, cohort, session, people=_people(ask, cohort, session)),
    )


@button("icebreakers/post", role=Role.HOST)
@words("post the icebreaker", name="post the icebreaker", role=Role.HOST)
def post(ask: Ask, session_id: int | None = None) -> Reply:
    session, cohort = whose.on_led(ask, session_id)
    icebreakers.post(ask.db, cohort, session, people=_people(ask, cohort, session), now=ask.now)
    return Reply("icebreakers/posted", replaces=True, room=room_of(ask.db, cohort).ref)


def _people(ask: Ask, cohort: Cohort, session: Session) -> int:
    """As many as are there or, before that, are expected."""
    seen = attendance.attendance(ask.db, session)
    said = attendance.answers(ask.db, session)
    members = present(ask.db, cohort)
    there = sum(seen.get(one.id) is Attended.PRESENT for one in members)
    expected = sum(said.get(one.id) is not Answer.NO for one in members)
    return there or expected
