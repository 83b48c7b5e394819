"""Promises: named when looking back on a session, given back with the message before the next."""

from __future__ import annotations

from datetime import timedelta

from bot import whose
from bot.ask import Answers, Ask, Asking, Due, Part, Reply
from bot.message import Field, FieldKind
from bot.registry import button, due, form, home_line, words
from cohorts import attendance, meeting, promises, sessions
from cohorts.cohort import Cohort, Membership
from cohorts.errors import Invalid, Refused, Remark
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.promises import Promise, PromiseState
from cohorts.sessions import Session, SessionState


@due("promises/give-back")
def give_back(due: Due, session_id: int) -> None:
    """To those who come; whoever can't is left in peace."""
    session, cohort = sessions.get(due.db, session_id)
    coming = meeting.expected(due.db, cohort, session)
    for member, promise in promises.told(due.db, cohort, session):
        if member in coming:
            due.tell(
                member,
                "promises/back",
                expires=session.starts_at - timedelta(hours=1),
                about=session.about,
                presses=_presses(promise),
                words=promise.words,
            )


def _presses(promise: Promise) -> list[Press]:
    return [
        Press("promises/say", {"promise_id": promise.id, "how": state.value}, style, state.value)
        for state, style in ((PromiseState.KEPT, "primary"), (PromiseState.NOT_YET, "plain"))
    ]


@button("promises/say", role=Role.MEMBER)
def say(ask: Ask, promise_id: int, how: str) -> Reply:
    promise = promises.mine(ask.db, ask.person, promise_id)
    if how not in (PromiseState.KEPT, PromiseState.NOT_YET):
        raise Refused("commands/gone")
    promises.say(ask.db, promise, PromiseState(how), now=ask.now)
    return Reply("promises/said", how=how, words=promise.words)


@button("promises/open", role=Role.MEMBER)
def open_(ask: Ask, session_id: int) -> Asking:
    session, _, membership = sessions.attended_by(ask.db, ask.person, session_id)
    return _form(ask, session, membership)


@words("my next step", "i will", name="next step", role=Role.MEMBER)
def next_step(ask: Ask) -> Asking:
    cohort, membership = whose.mine(ask)
    return _form(ask, sessions.the_last(ask.db, cohort, now=ask.now), membership)


def _form(ask: Ask, session: Session, membership: Membership) -> Asking:
    said = promises.in_session(ask.db, session, membership)
    words_ = Field(
        "words",
        FieldKind.LINE,
        "",
        required=True,
        max_length=promises.WORDS,
        value=said.words if said is not None else None,
    )
    return Asking("promises/make", [words_], args={"session_id": session.id}, title=session.title)


@form("promises/make", role=Role.MEMBER)
def made(ask: Ask, answers: Answers, session_id: int) -> Reply:
    session, cohort, membership = sessions.attended_by(ask.db, ask.person, session_id)
    said = str(answers.get("words") or "").strip()
    if not said:
        raise Invalid(words=Remark("required"))
    if len(said) > promises.WORDS:
        raise Invalid(words=Remark("too-long", limit=promises.WORDS, length=len(said)))
    promises.make(ask.db, session, membership, said, now=ask.now)
    if session.state is SessionState.LIVE:
        attendance.seen(ask.db, session, membership, "next-step", now=ask.now)
    following = sessions.next_meeting(ask.db, cohort, now=max(ask.now, session.ends_at))
    returned = following is not None and cohort.program.defaults.reminder_day
    return Reply("promises/made", title=session.title, returned=returned)


@words("my promise", "what did i promise", name="promise", role=Role.MEMBER, reads=True)
def promise_(ask: Ask) -> Reply:
    cohort, membership = whose.mine(ask)
    found = promises.of(ask.db, membership)
    if found is None:
        return Reply("promises/none", program=cohort.name)
    return Reply("promises/yours", words=found.words, how=found.state.value, presses=_presses(found))


@home_line("promises")
def home(ask: Ask, cohort: Cohort, membership: Membership) -> Part | None:
    found = promises.of(ask.db, membership)
    if found is None:
        return None
    presses = _presses(found) if found.state is not PromiseState.KEPT else []
    return Part("promises/home", {"words": found.words, "how": found.state.value}, presses)
