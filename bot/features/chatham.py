"""Chatham House: a part of a session in which what is said through the bot is kept without a name."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import cache
from hashlib import blake2b

from bot import whose
from bot.ask import Answers, Ask, Asking, Due, Part, Reply, Response
from bot.features.calling import on_now
from bot.message import Field, FieldKind
from bot.registry import button, digest_line, due, form, words
from cohorts import chatham, looking_back, polls, reflections, sessions
from cohorts.chatham import Unnamed
from cohorts.cohort import Cohort, Membership, room_of
from cohorts.errors import Invalid, Refused, Remark
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.sessions import Session
from cohorts.store import Db


@words("chatham house", "chatham", name="chatham house", role=Role.HOST)
def toggle(ask: Ask) -> Reply:
    """Once to begin, and once more to end."""
    session, cohort = on_now(ask)
    if chatham.begin_by_hand(ask.db, cohort, session, now=ask.now):
        ids = {"session_id": session.id}
        return Reply("chatham/begun-by-you", room=room_of(ask.db, cohort).ref, presses=[Press("chatham/end", ids)])
    return _ended(ask, session, cohort)


@button("chatham/end", role=Role.HOST)
def end(ask: Ask, session_id: int) -> Reply:
    return _ended(ask, *on_now(ask, session_id))


def _ended(ask: Ask, session: Session, cohort: Cohort) -> Reply:
    if not chatham.end(ask.db, cohort, session, now=ask.now):
        raise Refused("chatham/not-on", title=session.title)
    return Reply("chatham/ended-by-you", replaces=True, room=room_of(ask.db, cohort).ref)


@due("chatham/over")
def end_by_itself(due: Due, unnamed_id: int) -> None:
    part = due.db.get_one(Unnamed, unnamed_id)
    _, cohort = sessions.get(due.db, part.session_id)
    chatham.finish(due.db, cohort, part, now=due.now)


# Speaking. What only opens the form writes nothing down: not even that somebody asked for it.


@words("without my name", "say it without a name", name="unnamed", role=Role.MEMBER, reads=True)
def open_said(ask: Ask) -> Asking:
    cohort, _ = whose.mine(ask)
    session = polls.running(ask.db, cohort)
    if session is None:
        raise Refused("chatham/not-on", title=cohort.name)
    return _form(ask, session)


@button("chatham/open", role=Role.MEMBER, reads=True)
def open_(ask: Ask, session_id: int) -> Asking:
    session, _, _ = sessions.attended_by(ask.db, ask.person, session_id)
    return _form(ask, session)


def _form(ask: Ask, session: Session) -> Asking:
    if not chatham.is_on(ask.db, session, ask.now):
        raise Refused("chatham/not-on", title=session.title)
    return Asking(
        "chatham/say",
        [
            Field("words", FieldKind.PARAGRAPH, "", required=True, max_length=chatham.WORDS),
            Field("quotable", FieldKind.YES_NO, ""),
        ],
        args={"session_id": session.id},
        intro="chatham/before",
    )


@form("chatham/say", role=Role.MEMBER, anonymous=True)
def say(ask: Ask, answers: Answers, session_id: int) -> Response:
    session, cohort, membership = sessions.attended_by(ask.db, ask.person, session_id)
    said = _words(answers, chatham.WORDS)
    mark = _mark(session, membership)
    chatham.say(ask.db, session, said, quotable=_may_be_quoted(answers), mark=mark, now=ask.now)
    return Reply("chatham/said", room=room_of(ask.db, cohort).ref)


@cache
def _secret() -> bytes:
    """Ends with the process: nobody who has the database can tell whose mark a mark is."""
    return secrets.token_bytes(32)


def _mark(session: Session, membership: Membership) -> str:
    return blake2b(f"{session.id}/{membership.id}".encode(), key=_secret(), digest_size=32).hexdigest()


def reflection_form(ask: Ask, session: Session, cohort: Cohort, words: str = "") -> Asking:
    """What was most valuable, in a form that keeps no name."""
    prompt = looking_back.prompt_of(cohort, session)
    return Asking(
        "chatham/reflect",
        [
            Field(
                "valuable",
                FieldKind.PARAGRAPH,
                prompt,
                required=True,
                max_length=reflections.WORDS,
                value=words[: reflections.WORDS] or None,
            ),
            Field("quotable", FieldKind.YES_NO, ""),
        ],
        args={"session_id": session.id},
        intro="chatham/before-reflecting",
    )


@form("chatham/reflect", role=Role.MEMBER, anonymous=True)
def reflect(ask: Ask, answers: Answers, session_id: int) -> Response:
    session, _, membership = sessions.attended_by(ask.db, ask.person, session_id)
    said = _words(answers, reflections.WORDS, "valuable")
    chatham.reflect(ask.db, session, membership, said, quotable=_may_be_quoted(answers), now=ask.now)
    return Reply("chatham/reflected", title=session.title)


def _may_be_quoted(answers: Answers) -> bool:
    return answers.get("quotable") in (True, "true", "yes", "True")


def _words(answers: Answers, most: int, key: str = "words") -> str:
    said = str(answers.get(key) or "")
    if not said.strip():
        raise Invalid(**{key: Remark("required")})
    if len(said) > most:
        raise Invalid(**{key: Remark("too-long", limit=most, length=len(said))})
    return said


@digest_line("chatham")
def digest(db: Db, cohort: Cohort, since: datetime, now: datetime) -> Part | None:
    lines = chatham.quotes(db, cohort, since)
    return Part("chatham/digest", {"lines": list(lines)}) if lines else None
