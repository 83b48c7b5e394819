"""The end of the last session: everybody is named, the recap waits for the morning, whoever is short hears it first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.chat import World
from tests.support.ending import FIRST, LAST, NAMED, begun, finished, meets, walk


@pytest.fixture
def path(tmp_path: Path, migrated: Path) -> Iterator[World]:
    world = walk(tmp_path, migrated)
    yield world
    world.close()


def test_everybody_is_named_with_the_words_they_gave_for_it(path: World) -> None:
    people = begun(path, 4)
    ana, ben, chi, dan = people
    meets(path, people, FIRST)
    path.until(LAST - timedelta(hours=2))
    asked = next(text for text in ana.texts() if "Your line at the end" in text)
    assert "Come home" in asked, "it is a part of the letter of the day before"
    ana.presses("My words")
    assert ana.form["fields"][0]["value"].startswith("Two people"), "the goal, to begin with"  # type: ignore[index]
    ana.fills(words="A page that writes itself.")
    ben.says("read this out").fills(words="Eleven minutes, not forty.")
    ben.says("read this out").fills(words="")
    assert "Your name alone, then" in ben.last
    meets(path, [ana, ben, chi], LAST)
    ritual = next(text for text in ana.texts(ana.room()) if "this is who made it" in text)
    assert "A page that writes itself." in ritual and "Eleven minutes" not in ritual
    assert "Ana" in ritual and "Ben, Chi and Dan" in ritual
    assert "That moment has passed" in dan.says("read this out").last


def test_somebody_who_was_never_there_is_not_named(path: World) -> None:
    people = begun(path, 3)
    meets(path, people[:2], FIRST)
    meets(path, people[:2], LAST)
    ritual = next(text for text in people[0].texts(people[0].room()) if "this is who made it" in text)
    assert "Ana and Ben" in ritual and "Chi" not in ritual


def test_the_last_recap_comes_in_the_morning_and_the_badge_in_the_afternoon(path: World) -> None:
    ana = finished(path)[0]
    path.passes(minutes=10)
    assert "in the morning" in next(text for text in reversed(path.fay.texts()) if "Draft of the recap" in text)
    path.until(NAMED - timedelta(hours=6))
    assert not ana.sees("Recap: Come home", ana.room())
    path.until(NAMED - timedelta(hours=4))
    assert ana.sees("Recap: Come home", ana.room()) and not ana.sees("You graduated")
    path.until(NAMED)
    assert ana.sees("You graduated from Short Walk")


def test_whoever_is_short_is_told_alone_what_to_do_next_and_graduates_within_the_grace(path: World) -> None:
    people = begun(path, 3)
    ana, ben, chi = people
    meets(path, people, FIRST, hands_in=[ana, ben])
    meets(path, people, LAST)
    path.until(NAMED - timedelta(minutes=1))
    assert chi.sees("Your next step: hand in “One page”"), "in New York it is early: they hear it the day before"
    assert not ana.sees("Before graduates of Short Walk are named")
    assert not chi.sees("graduated from Short Walk", chi.room())
    path.until(NAMED + timedelta(days=3))
    chi.says("/submit https://build.example.com/one the page")
    assert chi.sees("You graduated from Short Walk")
    assert ana.sees("Chi graduated from Short Walk too", ana.room())


def test_somebody_whom_the_facilitator_saw_after_all_graduates_at_once(path: World) -> None:
    people = begun(path, 3)
    ana, ben, chi = people
    meets(path, [ana, ben], FIRST, hands_in=people)
    meets(path, [ana, ben], LAST)
    path.until(LAST + timedelta(minutes=90))
    path.until(NAMED + timedelta(minutes=5))
    assert chi.sees("if you were at more sessions than I counted") and not chi.sees("You graduated")
    path.fay.presses("Chi was here", on="Come home")
    assert chi.sees("You graduated from Short Walk")
