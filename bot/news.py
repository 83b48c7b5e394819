"""What a platform tells of somebody who waits for no answer: a vote in a poll of its own, or where they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from bot.ask import Ask
from bot.platforms.base import Deed, Entered, Voted
from bot.render import poll_of
from cohorts import outbox, rooms
from cohorts.facts import thaw
from cohorts.people import Person, Role
from cohorts.store import Db

Authorise: TypeAlias = Callable[[Db, Person, Role | None], None]


def heard(ask: Ask, deed: Deed, authorise: Authorise) -> None:
    """May be Refused."""
    match deed:
        case Voted():
            is_news = _voted(ask, deed, authorise)
        case Entered():
            is_news = _entered(ask, deed)
        case _:
            is_news = False
    if is_news:
        for follow in ask.registry.handlers("after").values():
            follow(ask)


def _voted(ask: Ask, voted: Voted, authorise: Authorise) -> bool:
    """Nothing for a poll that is none of ours, or is none that a feature asked for."""
    effect = outbox.posted(ask.db, ask.room, voted.message) if ask.room is not None else None
    facts = thaw(effect.facts) if effect is not None else None  # type: ignore[arg-type]
    poll = poll_of(facts) if isinstance(facts, dict) else None
    declared = ask.registry.get("vote", poll.name) if poll is not None else None
    if poll is None or declared is None:
        return False
    authorise(ask.db, ask.person, declared.role)
    declared.handler(ask, choice=voted.choice, taken_back=voted.taken_back, **poll.args)
    return True


def _entered(ask: Ask, entered: Entered) -> bool:
    found = (rooms.known(ask.db, ask.place.id, one) for one in entered.rooms)
    ours = [one for one in found if one is not None]
    told = [handler(ask, ours, entered.link, entered.came) for handler in ask.registry.handlers("entered").values()]
    return any(told)
