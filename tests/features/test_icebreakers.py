"""Two gentle minutes: each one written, short and for everybody at once; none twice in a cohort."""

from __future__ import annotations

import re

import pytest

from bot.config import TEMPLATES
from cohorts.icebreakers import KNOWN, choose
from cohorts.program_kinds import Theme
from tests.support.builders import building
from tests.support.chat import World

FOLDER = TEMPLATES / "icebreakers"
AROUND = {"ask", "given", "posted"}
ALOUD = 130  # words a minute, read slowly


def test_there_are_fifteen_and_each_has_its_words() -> None:
    assert len(KNOWN) == len({one.name for one in KNOWN}) == 15
    assert {file.name.removesuffix(".md.j2") for file in FOLDER.glob("*.md.j2")} == {one.name for one in KNOWN} | AROUND


@pytest.mark.parametrize("name", [one.name for one in KNOWN])
def test_it_is_read_in_half_a_minute_and_asks_everybody_at_once(name: str) -> None:
    words = (FOLDER / f"{name}.md.j2").read_text("utf-8")
    assert 20 <= len(words.split()) <= ALOUD / 2
    assert re.search(r"Everybody|everybody|In twos|Hands up", words), "nobody goes first alone"
    assert "{" not in words and not words.startswith("#")


def test_each_theme_has_two_of_its_own_and_any_group_finds_several() -> None:
    for theme in Theme:
        assert sum(one.theme is theme for one in KNOWN) >= 2
    for people in (2, 3, 8, 12, 15, 30, 90):
        assert sum(one.fits(people) for one in KNOWN) >= 6


def test_none_comes_twice_its_own_theme_comes_first_and_the_same_seed_gives_the_same() -> None:
    used: list[str] = []
    for n in range(15):
        used.append(choose(Theme.HARBOUR, 9, used, seed=f"1/{n}"))
    assert len(set(used)) == 15
    themes = [next(one.theme for one in KNOWN if one.name == name) for name in used]
    assert themes[:2] == [Theme.HARBOUR] * 2 and set(themes[2:9]) == {Theme.PLAIN}
    assert choose(Theme.HARBOUR, 9, used, seed="1/15") == used[0], "after all of them, the one longest ago"
    assert choose(Theme.PLAIN, 9, [], seed="a") == choose(Theme.PLAIN, 9, [], seed="a")
    assert len({choose(Theme.PLAIN, 9, [], seed=str(n)) for n in range(40)}) > 3


def test_who_can_not_all_do_it_gets_another() -> None:
    found = {choose(Theme.EXPEDITION, 40, ["rucksack"], seed=str(n)) for n in range(40)}
    assert "view" not in found and "within-reach" not in found and "one-word" in found


def test_whoever_conducts_gets_one_by_asking_and_puts_it_into_the_room(site: World) -> None:
    ana, _ = building(site, 2)
    site.fay.says("icebreaker please")
    first = site.fay.last
    assert first.startswith("Two minutes to begin Foundations")
    assert site.fay.says("an icebreaker").last == first, "the same when asked again"
    site.fay.presses("Put it into the room")
    (posted,) = (text for text in ana.texts(ana.room()) if text.startswith("To begin with"))
    assert first.splitlines()[1].strip() in posted or first.splitlines()[2].strip() in posted
    ana.says("icebreaker")
    assert "Two minutes" not in ana.last
