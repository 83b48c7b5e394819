"""What the world should know: each line as its owner wants it, also after it was posted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.features.test_whole_path import exported
from tests.support.chat import World
from tests.support.ending import LAST, NAMED, finished, walk
from tests.support.stories import accepted


@pytest.fixture
def path(tmp_path: Path, migrated: Path) -> Iterator[World]:
    world = walk(tmp_path, migrated)
    yield world
    world.close()


def test_the_lines_become_a_text_that_the_facilitator_edits_and_posts(path: World) -> None:
    ana, ben, chi = finished(path, 3)
    room = ana.room()
    path.until(LAST + timedelta(minutes=75))
    assert len([text for text in ana.texts(room) if "What should the world know" in text]) == 1
    ana.presses("Write a line", room=room).fills(words="Half-baked is how it gets done.", named=True)
    ben.presses("Write a line", room=room).fills(words="Nobody sold us anything.", named=False)
    path.until(NAMED + timedelta(days=8))
    told = [text for text in path.fay.texts() if "wants the world to know" in text]
    assert len(told) == 1, "one message with the numbers"
    assert "“Half-baked is how it gets done.” Ana" in told[0] and "Before and after" in told[0]
    assert "Ben" not in told[0].split("wants the world")[1]
    path.fay.presses("Edit the text").fills(text="“Half-baked is how it gets done.” Ana\nTwo of us, in short.")
    path.fay.presses("Post it in the room")
    assert "Two of us, in short." in chi.texts(room)[-1]
    path.fay.presses("Post it in the room", on="Half-baked")
    assert "It is in the room already" in path.fay.last
    rows = {row["words"]: row for row in exported(path, "testimonials")}
    assert rows["Half-baked is how it gets done."]["name"] == "Ana"
    assert (
        rows["Nobody sold us anything."]["name"] == "" and rows["Nobody sold us anything."]["may_be_named"] == "false"
    )


def test_a_line_that_is_taken_back_leaves_the_text_in_the_room(path: World) -> None:
    ana, ben, _ = finished(path, 3)
    room = ana.room()
    path.until(NAMED)
    ana.says("my line").fills(words="Half-baked is how it gets done.", named=True)
    ben.says("my line").fills(words="Nobody sold us anything.", named=True)
    path.fay.says("testimonials").presses("Post it in the room")
    assert "Ben" in ana.texts(room)[-1]
    ben.says("my line")
    assert [field["value"] for field in ben.form["fields"]] == ["Nobody sold us anything.", True]  # type: ignore[attr-defined]
    ben.fills(words="", named=False)
    assert "Taken back" in ben.last
    assert not ana.sees("Nobody sold us anything.", room) and ana.sees("Half-baked is how", room)
    ana.says("my line").fills(words="Half-baked is how it gets done.", named=False)
    assert not ana.sees("it gets done.” Ana", room) and ana.sees("it gets done.”", room)
    assert [row["name"] for row in exported(path, "testimonials")] == [""]


def test_where_a_line_was_rewritten_the_facilitator_is_asked_to_look(path: World) -> None:
    ana, ben = finished(path, 2)
    path.until(NAMED)
    ana.says("my line").fills(words="Half-baked is how it gets done.", named=True)
    path.fay.says("testimonials").presses("Edit the text").fills(text="Ana says: half-baked wins.")
    ana.says("my line").fills(words="", named=False)
    assert "Ana took back or changed their line" in path.fay.last
    ben.says("my line").fills(words="It held.", named=True)
    path.fay.says("testimonials")
    assert "“It held.” Ben" in path.fay.last and "Ana says" in path.fay.last


def test_before_the_start_and_without_any_line_it_says_what_to_do(path: World) -> None:
    ana, _ = accepted(path, 2, "short-walk")
    assert "A little early" in ana.says("my line").last
    assert "No lines yet" in path.fay.says("testimonials").last


def test_whoever_leaves_takes_their_line_along(path: World) -> None:
    ana, _ = finished(path, 2)
    path.until(NAMED)
    ana.says("my line").fills(words="Half-baked is how it gets done.", named=True)
    ana.says("/cohort leave").presses("Yes, leave")
    assert "No lines yet" in path.fay.says("testimonials").last
