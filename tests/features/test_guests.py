"""Guests of a session: whoever has an account is written to, let in for the evening and thanked, by the bot itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.features.test_planning_in_chat import plans
from tests.support.chat import Person, World
from tests.support.stories import running

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)


@pytest.fixture
def people(chat: World) -> list[Person]:
    return running(chat, 3)


@pytest.fixture
def ada(chat: World, people: list[Person]) -> Person:
    """Has written to the bot before, and is the guest of the first session."""
    ada = chat.person("ada", "Ada Osei").says("/cohort help")
    plans(chat, guest="Ada Osei, @ada").presses("Yes, change it")
    return ada


def rooms(person: Person) -> list[str]:
    return [one.id for one in person.client.chat.rooms_of(person.id) if one.dm_of is None]


def test_a_guest_is_written_to_let_in_for_the_evening_and_thanked(
    chat: World, people: list[Person], ada: Person
) -> None:
    chat.until(FIRST.replace(day=8, hour=16))
    assert ada.sees("You are our guest") and ada.sees("Half an hour before, I let you into") and not rooms(ada)
    assert chat.fay.sees("Ada Osei knows") and not chat.fay.sees("Write to Ada")
    chat.until(FIRST - timedelta(minutes=29))
    assert ada.sees("Come in") and rooms(ada) == [people[0].room()]
    ada.says("Hello everybody", room=people[0].room())
    chat.until(FIRST)
    people[0].presses("I'm here", room=people[0].room())
    chat.fay.says("/session start")
    chat.until(FIRST + timedelta(hours=3))
    assert not rooms(ada) and not chat.fay.sees("Thank Ada")
    chat.until(FIRST + timedelta(days=1))
    assert ada.sees("Thank you for being with us") and len(ada.texts()) == 4, "and nothing else"


def test_a_guest_hears_of_another_time_and_of_its_end(chat: World, people: list[Person], ada: Person) -> None:
    chat.until(FIRST.replace(day=8, hour=16))
    chat.fay.says("/session move 1 2027-01-12 17:00").presses("Only this one")
    assert "Changed: your evening with us" in ada.last and "Tuesday 12 January, 17:00" in ada.last
    chat.until(FIRST.replace(day=9, hour=16))
    assert sum("evening with us" in text or "our guest" in text for text in ada.texts()) == 2
    chat.fay.says("/session cancel 1").presses("Yes, cancel it")
    assert "Set out is off" in ada.last
    chat.until(FIRST.replace(day=13))
    assert "Set out is off" in ada.last and not rooms(ada)


def test_before_a_guest_was_told_nothing_is_taken_back(chat: World, people: list[Person], ada: Person) -> None:
    plans(chat, guest="").presses("Yes, change it")
    chat.until(FIRST)
    assert len(ada.texts()) == 1 and not rooms(ada)


def test_whoever_is_let_in_goes_when_the_hour_is_moved(chat: World, people: list[Person], ada: Person) -> None:
    chat.until(FIRST - timedelta(minutes=29))
    plans(chat, goal="One sentence each.").presses("Yes, change it")
    assert rooms(ada), "what changes is not when it is"
    chat.fay.says("/session move 1 2027-01-12 17:00").presses("Only this one")
    assert not rooms(ada)
    chat.until(FIRST.replace(day=12, hour=15, minute=45))
    assert rooms(ada) == [people[0].room()]
    chat.until(FIRST.replace(day=12, hour=20))
    assert not rooms(ada), "also of an hour that was not held"


def test_another_guest_takes_the_place_of_one_who_was_told(chat: World, people: list[Person], ada: Person) -> None:
    chat.until(FIRST.replace(day=8, hour=16))
    chat.person("bo", "Bo Lind").says("/cohort help")
    plans(chat, guest="Bo Lind, @bo").presses("Yes, change it")
    assert "Set out takes place without you" in ada.last
    chat.until(FIRST - timedelta(minutes=29))
    assert not rooms(ada) and rooms(chat.person("bo", "Bo Lind")) == [people[0].room()]


def test_one_of_the_cohort_who_is_its_guest_stays_in_the_room(chat: World, people: list[Person]) -> None:
    plans(chat, guest=f"Ana, @{people[0].id}").presses("Yes, change it")
    chat.until(FIRST + timedelta(hours=3))
    assert rooms(people[0]) and people[0].sees("You are our guest") and not people[0].sees("I let you into")


def test_a_name_that_two_answer_to_is_nobody_the_bot_writes_to(chat: World, people: list[Person]) -> None:
    for id in ("bo1", "bo2"):
        chat.person(id, "Bo").says("/cohort help")
    plans(chat, guest="Bo, @bo").presses("Yes, change it")
    chat.until(FIRST.replace(day=8, hour=16))
    assert chat.fay.sees("Write to Bo")
