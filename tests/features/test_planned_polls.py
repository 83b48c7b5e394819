"""Polls of a run of show: asked when their time comes, and what becomes of one that can't be asked as it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.builders import FIRST, builders, building
from tests.support.chat import Person, World

LONG = "Whichever of the two stands nearer to what " * 8
AGENDA = 'agenda = [{{ kind = "poll", minutes = 10, {poll} }}, {{ kind = "discussion", minutes = 50 }}]'


def on(site: World) -> list[Person]:
    people = building(site, 3)
    site.until(FIRST)
    for person in people:
        person.presses("I'm here", room=person.room())
    site.fay.says("/session start")
    return people


@pytest.mark.parametrize(
    ("poll", "question"),
    [
        ('prompt = "Where do we dig?", choices = ["Import", "Sharing"]', "Where do we dig?"),
        ('choices = ["Import", "Sharing"]', "Foundations"),
        (f'prompt = "{LONG}", choices = ["Import", "Sharing"]', "Foundations"),
    ],
    ids=["a prompt", "none", "a long one"],
)
def test_it_is_asked_with_its_prompt_or_else_by_the_name_of_the_session(
    tmp_path: Path, migrated: Path, poll: str, question: str
) -> None:
    with builders(tmp_path, migrated, agenda=AGENDA.format(poll=poll)) as site:
        ana, *_ = on(site)
        ana.says("/cohort vote Sharing")
        assert "Your vote: Sharing" in ana.last and ana.sees(f"{question}\nOne vote each", ana.room())
        site.passes(minutes=10, seconds=1)
        assert ana.sees("Sharing", ana.room()) and ana.sees("Foundations · Discussion", ana.room())


@pytest.mark.parametrize(
    "choices",
    [[f"Corner {number}" for number in range(11)], ["Import", 56 * "x"]],
    ids=["too many", "too long"],
)
def test_one_that_no_platform_can_show_does_not_hold_the_session_up(
    tmp_path: Path, migrated: Path, choices: list[str]
) -> None:
    with builders(tmp_path, migrated, agenda=AGENDA.format(poll=f"choices = {choices}")) as site:
        ana, *_ = on(site)
        assert ana.sees("Foundations · Poll", ana.room()) and not ana.sees("One vote each", ana.room())
        site.passes(minutes=10, seconds=1)
        assert ana.sees("Foundations · Discussion", ana.room())
