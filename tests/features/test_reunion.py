"""After graduating the bot is silent, until everybody meets once more: goals against wins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cohorts import programs
from tests.features.test_before_after import looks_back
from tests.features.test_whole_path import exported
from tests.support.chat import World
from tests.support.ending import FIRST, LAST, NAMED, PROGRAM, begun, finished, meets, walk

REUNION = datetime(2027, 4, 19, 14, 0, tzinfo=UTC)  # ninety days on is a Monday already; by summer time


@pytest.fixture
def path(tmp_path: Path, migrated: Path) -> Iterator[World]:
    world = walk(tmp_path, migrated)
    yield world
    world.close()


def test_it_is_announced_once_with_the_graduates_and_then_there_is_silence(path: World) -> None:
    people = finished(path, 3)
    ana, room = people[0], people[0].room()
    path.until(NAMED)
    (named,) = [text for text in ana.texts(room) if "graduated from Short Walk" in text]
    assert "We meet again on Monday 19 April, 16:00" in named
    path.until(NAMED + timedelta(days=2))
    looks_back(people)
    ana.says("/session")
    assert "Reunion" in ana.last
    before = [person.texts() for person in people], ana.texts(room)
    path.until(REUNION - timedelta(days=4))
    assert ([person.texts() for person in people], ana.texts(room)) == before


def test_everybody_gets_back_what_they_wanted_and_said_and_tells_what_came_of_it(path: World) -> None:
    ana, ben, chi = people = finished(path, 3)
    room = ana.room()
    path.until(NAMED + timedelta(days=2))
    looks_back(people)
    path.until(REUNION - timedelta(hours=3))
    letter = next(text for text in ana.texts() if "Short Walk meets again" in text)
    assert "Two people said it would slow them down." in letter and "Reached?\nYes" in letter.replace("> ", "")
    assert "The pairs." not in letter, "why they would recommend it is nothing to be held against them"
    ana.presses("I'll be there", on="meets again")
    ana.presses("What came of it?", on="meets again")
    ana.fills(words="It still runs.", share=True)
    path.until(REUNION - timedelta(minutes=50))
    brief = next(text for text in path.fay.texts() if "the reunion of Short Walk" in text)
    assert "Coming (1): Ana" in brief and "It still runs." in brief and "35 min, call on" in brief
    path.until(REUNION)
    for person in people:
        person.presses("I'm here", on="Good to see you again", room=room)
    path.passes(minutes=6)
    assert not any("Reunion: who talks with whom" in text for text in ana.texts(room)), "they are all together"
    path.passes(minutes=70)
    ben.presses("What came of it?", room=room).fills(words="Half of it sleeps.", share=False)
    assert ben.sees("nobody is quoted with it", room)
    rows = {row["name"]: row for row in exported(path, "wins")}
    assert rows["Ana"]["win"] == "It still runs." and rows["Ana"]["may_be_quoted"] == "true"
    assert rows["Ben"]["may_be_quoted"] == "false" and "Chi" not in rows
    assert not any(text.startswith(("Recap: Reunion", "Thank you for being at Reunion")) for text in ana.texts(room))
    assert {row["session"] for row in exported(path, "attendance")} == {"out", "home"}
    chi.says("what came of it").fills(words="", share=False)
    assert "Nothing is kept" in chi.last


def test_coming_to_it_counts_for_nothing_and_calling_it_off_renames_nobody(path: World) -> None:
    people = begun(path, 2)
    ana, ben = people
    meets(path, [ana], FIRST, hands_in=people)
    meets(path, [ana], LAST)
    path.until(REUNION)
    ben.presses("I'm here", on="Good to see you again", room=ana.room())
    path.passes(hours=2)
    ben.says("/graduate")
    assert "0 of 1 session" in ben.last and not ben.sees("You graduated from")


def test_a_reunion_can_be_moved_and_called_off_like_any_session(path: World) -> None:
    people = finished(path, 3)
    ana, room = people[0], people[0].room()
    path.until(NAMED + timedelta(days=3))
    path.fay.says("/session move 3 2027-04-26 16:00").presses("Yes, move it")
    path.until(REUNION + timedelta(hours=2))
    assert not ana.sees("Good to see you again", room)
    path.until(REUNION + timedelta(days=7, minutes=1))
    assert ana.sees("Good to see you again", room)
    named = [text for text in ana.texts(room) if "graduated from Short Walk" in text]
    assert len(named) == 1


def test_a_cohort_without_graduates_has_no_reunion(path: World) -> None:
    people = begun(path, 2)
    path.until(REUNION + timedelta(days=1))
    assert not people[0].sees("Good to see you again", people[0].room())


def test_it_moves_on_to_the_weekday_of_the_sessions(tmp_path: Path, migrated: Path) -> None:
    world = walk(tmp_path, migrated, PROGRAM.replace('reunion = "90d', 'reunion = "92d'))
    people = finished(world, 2)
    world.until(NAMED)
    assert people[0].sees("We meet again on Monday 26 April, 16:00", people[0].room())
    world.close()


def test_no_program_file_writes_one_as_a_session() -> None:
    text = PROGRAM.replace('title = "Come home"', 'title = "Come home"\nkind = "reunion"')
    with pytest.raises(programs.ProgramError, match=r"see graduation\.reunion"):
        programs.parse(text, file="short-walk.toml")
