"""Who builds together: drafted in a direct message, posted once, and others the next time."""

from __future__ import annotations

from itertools import combinations

from tests.support.builders import building
from tests.support.chat import World


def teams(text: str) -> set[frozenset[str]]:
    lines = [line.removeprefix("- ") for line in text.splitlines() if line.startswith("- ")]
    return {frozenset(line.replace(" and ", ", ").split(", ")) for line in lines}


def pairs(found: set[frozenset[str]]) -> set[frozenset[str]]:
    return {frozenset(pair) for team in found for pair in combinations(team, 2)}


def test_groups_are_a_draft_until_they_are_posted_and_the_same_when_asked_again(site: World) -> None:
    people = building(site, 6)
    room = people[0].room()
    before = people[0].texts(room)
    site.fay.says("project groups").fills(size=3)
    drafted = teams(site.fay.last)
    assert sorted(map(len, drafted)) == [3, 3]
    assert "Nobody is with somebody they built with before." in site.fay.last
    assert site.fay.says("who builds together").sees("Nobody has seen them yet.")
    assert teams(site.fay.last) == drafted
    assert people[0].texts(room) == before
    site.fay.presses("Post to the room")
    (posted,) = people[0].texts(room)[len(before) :]
    assert posted.startswith("Who builds together") and teams(posted) == drafted
    site.fay.says("post the project groups")
    assert "They were in the room already" in site.fay.last and len(people[0].texts(room)) == len(before) + 1
    site.fay.says("project groups")
    assert teams(site.fay.last) == drafted and "They are in the room." in site.fay.last


def test_the_next_project_has_other_groups_and_says_who_builds_together_again(site: World) -> None:
    building(site, 6)
    site.fay.says("project groups").fills(size=2)
    first = teams(site.fay.last)
    site.fay.presses("Post to the room").says("other project groups").fills(size=2)
    second = teams(site.fay.last)
    assert "Nobody is with somebody they built with before." in site.fay.last
    assert not pairs(first) & pairs(second)
    site.fay.presses("Post to the room").presses("Make other groups").fills(size=6)
    assert "6 pairs have built together before; with these people it can't be fewer." in site.fay.last


def test_whoever_comes_or_goes_changes_a_draft_and_an_old_button_posts_nothing(site: World) -> None:
    people = building(site, 5)
    room = people[1].room()
    site.fay.says("project groups").fills(size=9)
    assert site.fay.errors
    site.fay.fills(size=3)
    people[0].says("/cohort leave").presses("Yes, leave")
    site.fay.presses("Post to the room")
    assert "a draft" in site.fay.last and "Ana" not in site.fay.last
    old = site.fay.last.splitlines()[1]
    site.fay.says("new project groups").fills(size=4)
    site.fay.presses("Post to the room", on=old)
    assert "drawn anew" in site.fay.last and not people[1].sees("Who builds together", room)
