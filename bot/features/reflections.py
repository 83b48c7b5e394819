"""What was most valuable: asked at the end of each session, answered in a form or a line."""

from __future__ import annotations

from bot import whose
from bot.ask import Answers, Ask, Asking, Due, Reply, Response
from bot.features.chatham import reflection_form
from bot.message import Field, FieldKind
from bot.registry import Option, button, command, due, form
from cohorts import chatham, looking_back, mailbag, promises, reflections, sessions
from cohorts.errors import Invalid, Remark
from cohorts.people import Role
from cohorts.sessions import Session, SessionState


@command(
    "cohort reflect",
    help="Say what was most valuable in the last session",
    role=Role.MEMBER,
    options=[Option("words", "What was most valuable for you", rest=True)],
)
def reflect(ask: Ask, words: str = "") -> Response:
    cohort, membership = whose.mine(ask)
    last = sessions.the_last(ask.db, cohort, now=ask.now)
    if not words or chatham.covers_reflection(ask.db, cohort, last, now=ask.now):
        return _form(ask, last, words)
    reflections.reflect(ask.db, last, membership, words, share=False, now=ask.now)
    return Reply("reflections/kept", title=last.title, shared=False, promised=False, returned=False)


@button("reflections/open", role=Role.MEMBER)
def open_(ask: Ask, session_id: int) -> Response:
    session, _, _ = sessions.attended_by(ask.db, ask.person, session_id)
    return _form(ask, session)


def _form(ask: Ask, session: Session, words: str = "") -> Asking:
    _, cohort = sessions.get(ask.db, session.id)
    if chatham.covers_reflection(ask.db, cohort, session, now=ask.now):
        return reflection_form(ask, session, cohort, words)
    prompt = looking_back.prompt_of(cohort, session)
    return Asking(
        "reflections/reflect",
        [
            Field("words", FieldKind.PARAGRAPH, prompt, required=True, max_length=reflections.WORDS),
            *([Field("share", FieldKind.YES_NO, "")] if cohort.program.defaults.recap else []),
            Field("promise", FieldKind.LINE, "", max_length=promises.WORDS),
        ],
        args={"session_id": session.id},
        title=session.title,
    )


@form("reflections/reflect", role=Role.MEMBER)
def reflected(ask: Ask, answers: Answers, session_id: int) -> Response:
    session, cohort, membership = sessions.attended_by(ask.db, ask.person, session_id)
    words = str(answers.get("words") or "")
    if not words.strip():
        raise Invalid(words=Remark("required"))
    if len(words) > reflections.WORDS:
        raise Invalid(words=Remark("too-long", limit=reflections.WORDS, length=len(words)))
    promise = str(answers.get("promise") or "")
    if len(promise) > promises.WORDS:
        raise Invalid(promise=Remark("too-long", limit=promises.WORDS, length=len(promise)))
    share = answers.get("share") in (True, "true", "yes", "True")
    if chatham.covers_reflection(ask.db, cohort, session, now=ask.now):  # since the form was opened
        chatham.reflect(ask.db, session, membership, words, quotable=share, now=ask.now)
        promises.make(ask.db, session, membership, promise, now=ask.now)
        return Reply("chatham/reflected", title=session.title)
    reflections.reflect(ask.db, session, membership, words, share=share, now=ask.now)
    promises.make(ask.db, session, membership, promise, now=ask.now)
    following = sessions.next_meeting(ask.db, cohort, now=ask.now)
    return Reply(
        "reflections/kept",
        title=session.title,
        shared=share,
        promised=bool(promise.strip()),
        returned=following is not None and cohort.program.defaults.reminder_day,
    )


@due("reflections/again")
def again(due: Due, session_id: int) -> None:
    """Once more, two hours later, to those who were there; where it is night by then, along with their next letter.

    Not to those who want to hear less: they have been asked.
    """
    session, cohort = sessions.get(due.db, session_id)
    if session.state is not SessionState.HELD:
        return
    last = sessions.next_meeting(due.db, cohort, now=due.now) is None  # and tomorrow is for the letter
    for member in looking_back.owing(due.db, session, looking_back.there(due.db, cohort, session)):
        mailbag.add(
            due.db,
            cohort,
            member,
            "reflections/again",
            key=f"{due.key}/{member.id}",
            now=due.now,
            now_or_never=last,
            expires=session.ends_at + looking_back.KEPT_OPEN,
            presses=[looking_back.press(session)],
            title=session.title,
            prompt=looking_back.prompt_of(cohort, session),
        )
