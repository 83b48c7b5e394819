"""A short program that has everything an ending can have, and the way there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from tests.support.chat import Person, World
from tests.support.stories import answer, running

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)
LAST = datetime(2027, 1, 18, 15, 0, tzinfo=UTC)
NAMED = datetime(2027, 1, 19, 13, 0, tzinfo=UTC)

PROGRAM = """
key = "short-walk"
name = "Short Walk"
promise = "One routine runs by the second Monday."
place = "https://meet.test/walk"

[size]
min = 2
target = 6
max = 12

[leader]
name = "Ada Osei"
title = "Chief Executive"
letter = "You did the **unglamorous** part."

[[application.questions]]
key = "goal"
ask = "What should run?"
kind = "line"

[people]
goal = "goal"

[[surveys]]
key = "pre"
name = "Before we start"
when = "accepted"

[[surveys.questions]]
key = "confidence"
ask = "How sure are you that it will work?"
kind = "scale"

[[surveys]]
key = "exit"
name = "Looking back"
when = "1d after graduation"

[[surveys.questions]]
key = "reached"
ask = "You wanted: {{ my.goal }}. Reached?"
kind = "choice"
choices = ["Yes", "Partly", "Not yet"]

[[surveys.questions]]
key = "confidence"
ask = "And how sure are you now?"
kind = "scale"

[[surveys.questions]]
key = "nps"
ask = "Would you recommend it?"
kind = "nps"

[[surveys.questions]]
key = "comment"
ask = "What is the main reason?"
kind = "paragraph"

[[sessions]]
key = "out"
title = "Set out"
minutes = 60

[[sessions.agenda]]
kind = "pair_share"
minutes = 10
prompt = "What made you apply?"

[[sessions.agenda]]
kind = "results"
minutes = 5
survey = "pre"

[[sessions.homework]]
key = "page"
title = "One page"
ask = "Write it."

[[sessions]]
key = "home"
title = "Come home"
minutes = 60

[[prompts]]
key = "midweek"
when = "3d after session"
ask = "What did you try?"

[graduation]
attend = 1
submit = ["page"]
grace = "14d"
reunion = "90d after graduation"

[[badges]]
key = "graduate"
name = "Short Walk graduate"
description = "Walked it."
criteria = "One meeting and one page."
when = "graduated"
"""


def walk(folder: Path, migrated: Path, program: str = PROGRAM) -> World:
    programs = folder / "programs"
    programs.mkdir()
    (programs / "short-walk.toml").write_text(program, "utf-8")
    return World(folder, template=migrated, programs=programs)


def begun(chat: World, count: int = 6, sure: int = 2) -> list[Person]:
    """Launched, with the survey before the start answered by all."""
    people = running(chat, count, "short-walk")
    chat.passes(hours=12)  # until it is day where each of them is
    for person in people:
        person.presses("Answer the first questions").fills(confidence=sure)
    return people


def walked(chat: World) -> list[Person]:
    """Two people apply to what is open already, and come to the end of it."""
    people = [chat.person(name) for name in ("ana", "ben")]
    for person in people:
        answer(person.says("/apply"))
        chat.fay.says(f"/program decide @{person.id} accept")
    chat.fay.presses("Send 2 decisions").says("/program launch").presses("Yes, start")
    meets(chat, people, FIRST, hands_in=people)
    meets(chat, people, LAST)
    return people


def meets(chat: World, people: Iterable[Person], at: datetime, *, hands_in: Iterable[Person] = ()) -> None:
    """They come, stay for the hour, and say what was most valuable; some hand in afterwards."""
    here = list(people)
    chat.until(at)
    for person in here:
        person.presses("I'm here", room=person.room())
    chat.passes(minutes=62)
    chat.passes(minutes=10)
    for person in here:
        answer(person.presses("Answer", on="Thank you for being at"))
    for person in hands_in:
        person.says("/submit https://build.example.com/one the page")


def finished(chat: World, count: int = 6) -> list[Person]:
    """Both sessions held, everything handed in, shortly after the last one."""
    people = begun(chat, count)
    meets(chat, people, FIRST, hands_in=people)
    meets(chat, people, LAST)
    return people
