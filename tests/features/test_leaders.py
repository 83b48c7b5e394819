"""The leader's letter goes out once its very words were approved, and the rest of graduating never waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.chat import World
from tests.support.ending import NAMED, finished, walk, walked
from tests.support.stories import opened


@pytest.fixture
def path(tmp_path: Path, migrated: Path) -> Iterator[World]:
    world = walk(tmp_path, migrated)
    yield world
    world.close()


def letters(chat: World, who: str) -> list[str]:
    return [text for text in chat.person(who).texts() if "unglamorous" in text]


def test_a_leader_who_is_here_is_shown_the_letter_when_the_cohort_is_opened(path: World) -> None:
    path.person("ada", "Ada Osei").says("help")
    opened(path, "short-walk")
    assert "Your letter to the graduates of Short Walk" in path.ada.last
    assert not path.fay.sees("unglamorous")
    path.ada.presses("Approve")
    assert "Approved, thank you" in path.ada.last
    people = walked(path)
    path.until(NAMED)
    assert "unglamorous" in letters(path, people[0].id)[-1]
    assert "Ada Osei, Chief Executive" in people[0].last
    assert not path.olu.sees("waits for a yes")


def test_without_the_leader_here_those_who_conduct_are_asked_to_show_it(path: World) -> None:
    opened(path, "short-walk")
    assert "I can't reach Ada Osei from here" in path.fay.last
    path.fay.presses("Approve")
    assert "Approved, thank you" in path.fay.last


def test_unapproved_it_stays_away_and_the_owner_was_told_twice(path: World) -> None:
    people = finished(path)
    path.until(NAMED)
    told = [text for text in path.olu.texts() if "still waits for a yes" in text]
    assert len(told) == 2
    assert people[0].sees("You graduated from Short Walk") and people[0].sees("Short Walk graduate")
    assert not people[0].sees("unglamorous") and not people[0].sees("Ada Osei")


def test_a_word_changed_after_the_approval_asks_for_another_one(path: World) -> None:
    opened(path, "short-walk").presses("Approve")
    path.fay.says("the letter").presses("Change the words")
    assert path.fay.form["fields"][0]["value"] == "You did the **unglamorous** part."  # type: ignore[index]
    path.fay.fills(words="You walked.\n\n# And **how**")
    assert "approve it once they say yes" in path.fay.last
    people = walked(path)
    path.until(NAMED)
    assert not people[0].sees("You walked.")


def test_an_approval_of_words_that_were_changed_meanwhile_is_refused(path: World) -> None:
    path.person("ada", "Ada Osei").says("help")
    opened(path, "short-walk")
    path.fay.says("the letter").presses("Change the words").fills(words="You walked, all of you.")
    assert "You walked, all of you." in path.ada.last
    path.ada.presses("Approve", on="unglamorous")
    assert "The words have changed since" in path.ada.last
    path.ada.presses("Approve", on="You walked, all of you.")
    assert "Approved, thank you" in path.ada.last


def test_nobody_else_may_read_or_approve_it(path: World) -> None:
    opened(path, "short-walk")
    assert "No letter waits for you here" in path.person("sam").says("the letter").last


def test_two_people_of_the_leader_s_name_are_both_left_alone(path: World) -> None:
    path.person("ada", "Ada Osei").says("help")
    path.person("ada2", "Ada Osei").says("help")
    opened(path, "short-walk")
    assert not path.ada.sees("unglamorous") and not path.person("ada2").sees("unglamorous")
    path.passes(minutes=1)
    assert timedelta() <= NAMED - path.clock.now()
    assert path.fay.sees("I can't reach Ada Osei")
