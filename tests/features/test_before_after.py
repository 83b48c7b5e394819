"""The same question twice: for oneself side by side, for a group as numbers once five have answered; and the brief."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.features.test_whole_path import exported
from tests.support.chat import Person, World
from tests.support.ending import FIRST, LAST, NAMED, begun, finished, meets, walk
from tests.support.stories import running


@pytest.fixture
def path(tmp_path: Path, migrated: Path) -> Iterator[World]:
    world = walk(tmp_path, migrated)
    yield world
    world.close()


def looks_back(people: list[Person], sure: int = 4, nps: int = 9) -> None:
    for person in people:
        person.presses("Answer", on="Looking back")
        person.fills(reached="Yes", confidence=sure, nps=nps, comment="The pairs.")


def test_one_s_own_two_answers_stand_side_by_side(path: World) -> None:
    people = finished(path, 2)
    ana = people[0]
    ana.says("/graduate")
    assert "→" not in ana.last
    path.until(NAMED + timedelta(days=2))
    looks_back(people)
    assert "How sure are you that it will work? 2 → 4" in ana.last
    ana.says("/graduate")
    assert "How sure are you that it will work? 2 → 4" in ana.last


def test_those_who_lead_see_the_group_once_five_have_answered_both_times(path: World) -> None:
    people = finished(path, 6)
    path.until(NAMED + timedelta(days=2))
    looks_back(people[:4])
    path.fay.says("before and after")
    assert "4 answered both times; from five on I show numbers" in path.fay.last
    assert "2 →" not in path.fay.last and "4 said how likely" in path.fay.last
    looks_back(people[4:5], sure=1, nps=3)
    path.until(NAMED + timedelta(days=8))
    told = next(text for text in path.fay.texts() if "2 → 3.4 on average" in text)
    assert "of 5 who answered both times. 4 went up." in told
    assert "4 of 5 would recommend it" in told and "from 38 to 96 %" in told
    (row,) = exported(path, "before-after")
    assert (row["question"], row["answered_both"], row["before"], row["down"]) == ("confidence", "5", "2.0", "1")
    assert {row["comment"] for row in exported(path, "nps")} == {"The pairs."}


def test_the_export_of_a_small_group_says_how_many_and_nothing_else(path: World) -> None:
    people = finished(path, 3)
    path.until(NAMED + timedelta(days=2))
    looks_back(people)
    (row,) = exported(path, "before-after")
    assert row["answered_both"] == "3" and row["before"] == row["up"] == ""


def test_the_first_brief_shows_the_survey_before_it_in_numbers(path: World) -> None:
    people = begun(path, 6)
    people[0].says("survey")
    path.until(FIRST - timedelta(hours=1))
    brief = next(text for text in path.fay.texts() if "Your brief: Set out" in text)
    assert "Before we start: 6 answered." in brief
    assert "████░░░░░░ 2 of 5 on average · How sure are you" in brief
    meets(path, people, FIRST)
    path.until(LAST - timedelta(hours=1))
    assert "Before we start" not in next(text for text in path.fay.texts() if "Your brief: Come home" in text)


def test_below_five_the_brief_says_so_instead(path: World) -> None:
    people = running(path, 3, "short-walk")
    people[0].presses("Answer the first questions").fills(confidence=5)
    path.until(FIRST - timedelta(hours=1))
    brief = next(text for text in path.fay.texts() if "Your brief: Set out" in text)
    assert "1 answered so far. From five on I show numbers" in brief and "on average" not in brief
