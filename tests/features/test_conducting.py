"""A session conducted from its desk: the stage moves, the clock carries it, and every press counts once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.chat import Person, World
from tests.support.stories import running

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)
HERE = "I'm here"


@pytest.fixture
def people(chat: World) -> list[Person]:
    """Everybody is in the call, and has said so."""
    found = running(chat, 6)
    chat.until(FIRST)
    for person in found:
        person.presses(HERE, room=found[0].room())
    return found


def stage(person: Person) -> str:
    return next(text for text in reversed(person.texts(person.room())) if " of 8" in text or "our time" in text)


def desk(person: Person) -> str:
    return next(text for text in reversed(person.texts()) if "Your desk" in text or "The desk is closed" in text)


def test_start_gives_the_room_a_stage_and_whoever_conducts_a_desk(chat: World, people: list[Person]) -> None:
    chat.fay.presses("Start")
    assert "Set out · Ritual" in stage(people[0]) and "1 of 8" in stage(people[0])
    assert "Then: pair share, 8 min." in stage(people[0])
    assert "Set out: ritual" in desk(chat.fay) and "6 seen so far." in desk(chat.fay)


def test_whoever_only_listens_is_carried_through_the_whole_hour(chat: World, people: list[Person]) -> None:
    chat.fay.presses("Start")
    for minute, kind in ((5, "Pair share"), (13, "Results"), (18, "Poll"), (21, "Work"), (45, "Call on")):
        chat.until(FIRST + timedelta(minutes=minute, seconds=1))
        assert f"Set out · {kind}" in stage(people[0])
    chat.until(FIRST + timedelta(minutes=52))
    assert all(person.sees("Thank you for being at Set out") for person in people)
    chat.until(FIRST + timedelta(minutes=61))
    assert "that's our time" in stage(people[0])
    chat.until(FIRST + timedelta(minutes=66))
    assert chat.fay.sees("I counted everyone")
