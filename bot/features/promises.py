"""Promises: named when looking back on a session, given back with the message before the next."""

from __future__ import annotations

from datetime import timedelta

from bot import whose
from bot.ask import Ask, Due, Part, Reply
from bot.registry import button, due, home_line, words
from cohorts import meeting, promises, sessions
from cohorts.cohort import Cohort, Membership
from cohorts.errors import Refused
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.promises import Promise, PromiseState


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
