"""A page for the whole call: time, prompt, rooms and poll, large enough to be read from the back."""

from __future__ import annotations

import secrets

from bot import whose
from bot.ask import Ask, Reply
from bot.registry import button, command, words
from cohorts import hosting, screen, sessions
from cohorts.errors import Refused
from cohorts.people import Role
from cohorts.sessions import Session

PATH = "/screen"


@command("session screen", help="A page to share on the call: time, prompt, rooms and poll", role=Role.HOST)
@words("the screen", "show the screen", "big screen", name="screen", role=Role.HOST)
def show(ask: Ask) -> Reply:
    """Of the session that is on or about to begin."""
    cohort = whose.led(ask)
    theirs = hosting.sessions_of(ask.db, cohort, ask.person)
    session = next((one for one in theirs if screen.is_shown(one, ask.now)), sessions.next_of(theirs, now=ask.now))
    if session is None:
        raise Refused("sessions/none-to-come", program=cohort.name)
    return _link(ask, session)


@button("screen/open", role=Role.HOST)
def show_pressed(ask: Ask, session_id: int) -> Reply:
    session, _ = hosting.led(ask.db, ask.person, session_id)
    return _link(ask, session)


def _link(ask: Ask, session: Session) -> Reply:
    """A link of its own for whoever asks, so that none has to be kept in a form that opens anything."""
    if not ask.pages:
        raise Refused("screen/nowhere")
    token = secrets.token_urlsafe(32)
    screen.let_in(ask.db, session, token, now=ask.now)
    return Reply("screen/link", title=session.title, url=f"{ask.pages}{PATH}/{token}")
