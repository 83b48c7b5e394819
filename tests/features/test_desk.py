"""What whoever leads a session can look up and add: brief, pairs, the recording."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.support.chat import Person, World
from tests.support.stories import running

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)
SEEN = "https://video.example.com/one"


@pytest.fixture
def people(chat: World) -> list[Person]:
    return running(chat, 4)


def held(chat: World, people: list[Person]) -> None:
    chat.until(FIRST)
    for one in people:
        one.presses("I'm here", room=one.room())
    chat.fay.says("/session start")
    chat.passes(minutes=61)
    chat.fay.says("/session end")


def test_the_brief_is_there_when_it_is_wanted(chat: World, people: list[Person]) -> None:
    people[0].says("/cohort rsvp yes")
    chat.fay.says("/session brief")
    assert "Your brief: Set out" in chat.fay.last and "Coming (1): Ana." in chat.fay.last
    assert "What it is for:" in chat.fay.last
    chat.fay.says("/session brief 2")
    assert "Your brief: Read the map" in chat.fay.last
    chat.fay.presses("Change the plan")
    assert chat.fay.form["pages"] == 2


def test_who_is_with_whom_and_why(chat: World, people: list[Person]) -> None:
    chat.fay.says("/session pairs")
    assert "They are made when it begins" in chat.fay.last and "So far 0 of 6 possible pairs have met." in chat.fay.last
    held(chat, people)
    chat.fay.says("/session pairs 1")
    assert "nobody had been with anybody here before. 0 repeats, optimal." in chat.fay.last
    assert "So far 2 of 6 possible pairs have met." in chat.fay.last
    chat.fay.says("/session pairs")
    assert "Set out: who is with whom" in chat.fay.last


def test_the_rounds_still_to_come_are_planned_again_when_somebody_leaves(chat: World, people: list[Person]) -> None:
    chat.fay.says("/session pairs")
    assert "7 rounds with 8 repeats, optimal. I plan again at each change." in chat.fay.last
    people[3].says("/cohort leave").presses("Yes, leave")
    chat.fay.says("/session pairs")
    assert "7 rounds with 4 repeats, optimal." in chat.fay.last and "So far 0 of 3 possible pairs" in chat.fay.last


def test_a_recording_that_is_known_in_time_stands_in_the_recap(chat: World, people: list[Person]) -> None:
    held(chat, people)
    chat.fay.says(f"/session recording {SEEN}")
    assert "It stands in the recap of Set out when that goes out." in chat.fay.last
    chat.passes(hours=2)
    (recap,) = (text for text in people[0].texts(people[0].room()) if text.startswith("Recap: Set out"))
    assert "See it again" in recap


def test_a_late_recording_stands_beneath_the_recap_once(chat: World, people: list[Person]) -> None:
    held(chat, people)
    chat.passes(hours=2)
    ana = people[0]
    chat.fay.says(f"/session recording {SEEN} 1")
    assert "It stands beneath the recap" in chat.fay.last
    chat.fay.says("/session recording https://video.example.com/two")
    found = [text for text in ana.texts(ana.room()) if "The recording of Set out" in text]
    assert len(found) == 1
    (posted,) = (
        one for one in ana.client.seen(ana.room()) if one.author == "bot" and "video.example.com" in str(one.payload)
    )
    assert "video.example.com/two" in str(posted.payload)


def test_what_is_no_link_or_no_session_yet_is_refused(chat: World, people: list[Person]) -> None:
    chat.fay.says(f"/session recording {SEEN} 2")
    assert "has no recording yet" in chat.fay.last
    held(chat, people)
    chat.fay.says("/session recording http://video.example.com/one")
    assert "begin with https://" in chat.fay.last
