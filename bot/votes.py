"""A vote in a platform's own poll: whose poll it is, and the feature that hears of it."""

from __future__ import annotations

from collections.abc import Callable

from bot.ask import Ask
from bot.platforms.base import Voted
from bot.render import poll_of
from cohorts import outbox
from cohorts.facts import thaw
from cohorts.people import Person, Role
from cohorts.store import Db


def heard(ask: Ask, voted: Voted, authorise: Callable[[Db, Person, Role | None], None]) -> None:
    """Nothing for a poll that is none of ours, or is none that a feature asked for. May be Refused."""
    effect = outbox.posted(ask.db, ask.room, voted.message) if ask.room is not None else None
    facts = thaw(effect.facts) if effect is not None else None  # type: ignore[arg-type]
    poll = poll_of(facts) if isinstance(facts, dict) else None
    declared = ask.registry.get("vote", poll.name) if poll is not None else None
    if poll is None or declared is None:
        return
    authorise(ask.db, ask.person, declared.role)
    declared.handler(ask, choice=voted.choice, taken_back=voted.taken_back, **poll.args)
    for follow in ask.registry.handlers("after").values():
        follow(ask)
