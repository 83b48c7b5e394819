"""A survey's picture in the room: everybody sees it, it says in words what it shows, and few answers are no picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import results_picture
from cohorts.facts import Fact
from tests.support.chat import Person, World
from tests.support.ending import FIRST, walk
from tests.support.stories import running


@pytest.fixture
def path(tmp_path: Path, migrated: Path) -> Iterator[World]:
    world = walk(tmp_path, migrated)
    yield world
    world.close()


def answered(chat: World, count: int) -> list[Person]:
    """Six in it, some of whom have answered the questions before the start; it is nearly time."""
    people = running(chat, 6, "short-walk")
    chat.passes(hours=12)
    for number, person in enumerate(people[:count]):
        person.presses("Answer the first questions").fills(confidence=1 + number % 3)
    chat.until(FIRST)
    return people


def test_the_room_gets_one_picture_with_every_number_in_words(path: World) -> None:
    ana = answered(path, 5)[0]
    path.fay.says("show the results").says("show the results")
    (shown,) = (one for one in ana.client.seen(ana.room()) if one.file is not None)
    assert shown.file is not None
    picture = path.chat.file_seen_by(ana.id, shown.file)
    assert picture.content.startswith(b"\x89PNG")
    assert picture.alt == "Before we start: 5 answered; How sure are you that it will work? on average 1.8 of 5."
    assert ana.sees("Before we start: 5 of you have answered", ana.room())


def test_of_fewer_than_five_the_room_sees_nothing_but_why(path: World) -> None:
    ana = answered(path, 4)[0]
    path.fay.says("show the results")
    assert all(one.file is None for one in ana.client.seen(ana.room()))
    assert ana.sees("Fewer than five of you have answered", ana.room())
    assert "no numbers to show yet" in path.fay.last


def test_choices_are_bars_and_nobody_s_own_words_are_quoted_before_everybody() -> None:
    questions: list[Fact] = [
        {
            "ask": "You wanted: {{ my.goal }}. Reached $x_1$?",
            "average": None,
            "high": 0,
            "bar": "",
            "choices": [{"label": "Yes", "count": 4, "bar": "█"}, {"label": "Not yet", "count": 1, "bar": "█"}],
        },
        {"ask": "How many?", "average": 12.5, "high": 0, "bar": "", "choices": []},
    ]
    found: dict[str, Fact] = {"name": "Exit", "count": 5, "shown": True, "questions": questions}
    file = results_picture.made(found, "walk-exit")
    assert file.alt == "Exit: 5 answered; You wanted: …. Reached $x_1$? Yes 4, Not yet 1; How many? on average 12.5."
    assert (file.name, file.content[:4]) == ("walk-exit.png", b"\x89PNG")
