"""A small program that has everything people do between sessions, and a cohort in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.support.chat import Person, World
from tests.support.stories import NAMES, opened

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)  # a Monday
BUILDERS = """
key = "builders"
name = "Builders"
promise = "In three weeks one thing of yours stands."
board = "https://board.test/builders"

[size]
min = 2
target = 8
max = 12

[orientation]
video = "https://video.test/welcome"

[[application.questions]]
key = "goal"
ask = "What should stand?"
kind = "line"

[[application.questions]]
key = "company"
ask = "Where do you work?"
kind = "line"

[people]
goal = "goal"
company = "company"

[[surveys]]
key = "exit"
when = "day 16 at 10:00"

[[surveys.questions]]
key = "reached"
ask = "You wanted: {{ my.goal }}. Reached?"
kind = "yes_no"

[[sessions]]
key = "first"
title = "Foundations"
minutes = 60
#AGENDA
prework = "Bring a stone."
materials = [{ title = "Worksheet", url = "https://docs.test/one" }]

[[sessions.homework]]
key = "plan"
title = "A plan on one page"
ask = "Draw it."
due = "2d before next session"
peer_review = 1
WALL

[[sessions]]
key = "second"
title = "Walls"
minutes = 60
materials = [{ title = "Checklist", url = "https://docs.test/two" }]

[[sessions]]
key = "third"
title = "Roof"
minutes = 60

[defaults]
buddies = BUDDIES

[[badges]]
key = "reader"
name = "Close reader"
description = "Read somebody's work."
criteria = "One review."
when = "reviews 1"
"""


@contextmanager
def builders(
    folder: Path, migrated: Path, *, wall: str = "names", buddies: bool = True, agenda: str = ""
) -> Iterator[World]:
    """`agenda`: of the first session, as a line of the program."""
    programs = folder / "programs"
    programs.mkdir()
    text = BUILDERS.replace("WALL", f'wall = "{wall}"').replace("BUDDIES", str(buddies).lower())
    text = text.replace("#AGENDA", agenda)
    (programs / "builders.toml").write_text(text, "utf-8")
    world = World(folder, template=migrated, programs=programs)
    try:
        yield world
    finally:
        world.close()


def accept(chat: World, *names: str) -> list[Person]:
    people = [chat.person(name) for name in names]
    for person in people:
        person.says("/apply").fills(goal=f"A weekly report for {person.id}", company="Northwind")
        assert not person.errors
        chat.fay.says(f"/program decide @{person.id} accept")
    chat.fay.says("/program decide decision:send")
    return people


def building(chat: World, count: int = 4) -> list[Person]:
    """Launched, some time before the first session."""
    chat.begins_after(_building, count)
    return [chat.person(name) for name in NAMES[:count]]


def _building(chat: World, count: int) -> None:
    opened(chat, "builders")
    accept(chat, *NAMES[:count])
    chat.fay.says("/program launch").presses("Yes, start")


def after_the_first(chat: World, count: int = 4) -> list[Person]:
    """The morning after the first session."""
    chat.begins_after(_after_the_first, count)
    return [chat.person(name) for name in NAMES[:count]]


def _after_the_first(chat: World, count: int) -> None:
    people = building(chat, count)
    chat.until(FIRST)
    for person in people:
        person.presses("I'm here", room=person.room())
    chat.passes(hours=18)
