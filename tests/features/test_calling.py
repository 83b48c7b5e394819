"""Somebody is called on kindly, with the next one named; whoever would rather listen is left in peace."""

from __future__ import annotations

import pytest

from tests.features.test_whole_path import exported
from tests.support.builders import FIRST, building
from tests.support.chat import Person, World


@pytest.fixture
def people(site: World) -> list[Person]:
    """Ana, Ben and Chi are there, and the session is on; Dan is not."""
    found = building(site, 4)
    site.until(FIRST)
    for person in found[:3]:
        person.presses("I'm here", room=person.room())
    site.fay.says("/session start")
    return found


def asked(site: World, room: str) -> str:
    """The first line of the newest question in the room."""
    return next(one for one in reversed(site.fay.texts(room)) if "would you like" in one).splitlines()[0]


def name_in(line: str) -> str:
    return line.partition(",")[0]


def following(site: World, room: str) -> str:
    text = next(one for one in reversed(site.fay.texts(room)) if "would you like" in one)
    return next(line for line in text.splitlines() if "is next" in line).partition(" is next")[0]


def test_each_of_those_who_are_there_is_called_on_and_the_next_has_a_minute(site: World, people: list[Person]) -> None:
    room = people[0].room()
    site.fay.says("/session call What did you try?")
    called, then = [name_in(asked(site, room))], following(site, room)
    assert site.fay.sees("What did you try?", room) and f"{called[0]} is asked" in site.fay.last
    assert f"{called[0]}: 1, 1" in site.fay.last, "counts, to those who conduct"
    assert not any(": 1, 1" in text for text in people[0].texts(room)), "and to nobody else"
    for _ in range(2):
        site.fay.presses("Heard")
        site.passes(seconds=30)
        site.fay.presses("Call on the next")
        called.append(name_in(asked(site, room)))
        assert called[-1] == then, "who was named as next is next"
        then = following(site, room)
    assert sorted(called) == ["Ana", "Ben", "Chi"]
    assert {(row["name"], row["session"], row["times"]) for row in exported(site, "heard")} == {
        (name, "first", "1") for name in called
    }


def test_two_who_press_at_the_same_moment_call_once_and_an_old_button_says_so(
    site: World, people: list[Person]
) -> None:
    room = people[0].room()
    site.fay.says("/session call").says("/session call")
    assert sum("would you like" in text for text in people[0].texts(room)) == 1
    site.fay.presses("Heard").says("call on somebody")
    assert "is asked" in site.fay.last
    site.passes(minutes=1)
    site.fay.says("/session call").presses("Heard", on=name_in(asked(site, room)))
    site.fay.says("/session end").says("/session call")
    assert "Nothing is on right now" in site.fay.last


def test_somebody_else_takes_the_turn_in_the_same_message(site: World, people: list[Person]) -> None:
    room = people[0].room()
    site.fay.says("/session call Why?")
    first, then = name_in(asked(site, room)), following(site, room)
    site.fay.presses("Somebody else")
    assert name_in(asked(site, room)) == then != first
    assert sum("would you like" in text for text in people[0].texts(room)) == 1, "nobody reads who was passed over"
    site.fay.presses("Somebody else").presses("Somebody else")
    assert site.fay.sees("Who would like to answer?", room), "whoever was asked is not asked the same again"
    site.passes(minutes=1)
    site.fay.says("/session call And now?")
    assert name_in(asked(site, room)) == first


def test_whoever_passes_is_not_called_on_until_they_say_so(site: World, people: list[Person]) -> None:
    room = people[0].room()
    by_name = {"Ana": people[0], "Ben": people[1], "Chi": people[2]}
    site.fay.says("/session call")
    first, then = name_in(asked(site, room)), following(site, room)
    by_name[first].presses("Pass today", room=room)
    assert "Good to have you here, listening" in by_name[first].texts(room)[-1]
    assert name_in(asked(site, room)) == then, "the room goes on by itself"
    site.passes(minutes=1)
    for _ in range(4):
        site.fay.says("/session call")
        assert name_in(asked(site, room)) != first
        site.passes(minutes=1)
    by_name[first].says("/cohort pass")
    assert "You are back in" in by_name[first].last
    site.fay.says("/session call")
    site.passes(minutes=1)
    site.fay.says("/session call")
    assert first in (name_in(asked(site, room)), following(site, room))


def test_it_is_said_before_the_day_in_plain_words_and_holds_for_that_day(site: World) -> None:
    ana, ben = building(site, 2)
    ana.says("I pass today")
    assert "Foundations, Monday 11 January" in ana.last
    site.until(FIRST)
    for person in (ana, ben):
        person.presses("I'm here", room=ana.room())
    site.fay.says("/session start").says("/session call")
    assert name_in(asked(site, ana.room())) == "Ben"
    site.passes(minutes=1)
    site.fay.says("/session call")
    assert "There is nobody to call on" in site.fay.last


def test_summing_up_goes_around(site: World, people: list[Person]) -> None:
    room = people[0].room()
    summed = []
    for _ in range(3):
        site.fay.says("who sums up")
        said = next(one for one in reversed(people[0].texts(room)) if "would you sum up" in one)
        summed.append(name_in(said))
        site.passes(minutes=1)
    assert sorted(summed) == ["Ana", "Ben", "Chi"]
