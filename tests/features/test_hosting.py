"""One session in other hands: handed over, led by a member in turn, or run by the group itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from cohorts.audit import AuditEntry
from tests.support.chat import Person, World
from tests.support.stories import running

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)
FIRE = datetime(2027, 1, 11, 17, 30, tzinfo=UTC)  # the circle's first evening
CIRCLE = """
key = "circle"
name = "Makers' Circle"
promise = "Everybody ships one thing in 4 weeks."
cadence = "biweekly"
at = "18:30"
place = "https://meet.test/circle"
hosts = "rotate"

[[application.questions]]
key = "goal"
ask = "What will you ship?"
kind = "line"

[[sessions]]
key = "first-light"
title = "First light"
minutes = 90

[[sessions]]
key = "clinic"
kind = "office_hours"
title = "Clinic"
minutes = 30

[[sessions]]
key = "embers"
title = "Embers"
minutes = 90
"""


@pytest.fixture
def people(chat: World) -> list[Person]:
    """Ana, Ben and Chi; Fay conducts the program, and so does Gil."""
    people = running(chat, 3)
    chat.person("gil", "Gil")
    chat.gil.says("/cohort help")
    chat.olu.says("/program facilitator @gil program:value-accelerator")
    return people


def deeds(chat: World) -> list[str]:
    return chat.store.read(lambda db: [one.deed for one in db.exec(select(AuditEntry)).all()])


def seen_by(person: Person, words: str) -> int:
    return sum(words in text for text in person.texts())


def test_whoever_takes_a_session_gets_brief_desk_and_recap_instead(chat: World, people: list[Person]) -> None:
    fay, gil = chat.fay, chat.gil
    fay.says("/session hand-over 1 @gil")
    assert "Gil leads Set out" in fay.last
    assert gil.sees("Set out is yours to lead") and "Fay asks you to lead it" in gil.last
    assert "session/handed-over" in deeds(chat)
    chat.until(FIRST)
    assert seen_by(gil, "Your brief: Set out") == 1 and seen_by(fay, "Your brief: Set out") == 0
    assert people[0].sees("Gil leads it.")
    gil.says("/session start")
    chat.passes(minutes=61)
    gil.says("/session end")
    chat.passes(hours=1)
    for words in ("Who was at Set out?", "Draft of the recap: Set out"):
        assert gil.sees(words) and not fay.sees(words)
    chat.passes(days=7)
    assert fay.sees("Your brief: Read the map") and gil.sees("Your brief: Read the map"), "that one alone"


def test_handing_on_tells_whoever_had_it(chat: World, people: list[Person]) -> None:
    chat.fay.says("/session hand-over 1 @gil")
    chat.olu.says("/session hand-over 1 @fay")
    assert chat.gil.sees("Set out is in other hands") and "Olu gave it to Fay" in chat.gil.last
    assert chat.fay.sees("Set out is yours to lead")
    chat.olu.says("/session hand-over 1 @fay")
    assert "Fay leads it already" in chat.olu.last


def test_a_member_can_not_take_it_where_facilitators_host(chat: World, people: list[Person]) -> None:
    chat.fay.says("/session hand-over 1 @ana")
    assert "Ana can't lead this one" in chat.fay.last and "Gil" in chat.fay.last
    people[0].says("/session start")
    assert "This door is somebody else's" in people[0].last


def test_i_cant_make_it_offers_four_ways_and_each_works(chat: World, people: list[Person]) -> None:
    fay, gil = chat.fay, chat.gil
    chat.until(FIRST - timedelta(hours=1))
    fay.presses("I can't make it", on="Your brief: Set out")
    assert "Hand it over" in fay.last and "Let the group run it" in fay.last
    fay.presses("Hand it over").fills(taker=choice(fay, "Gil"))
    assert gil.sees("Set out is yours to lead")

    gil.says("I can't make it")
    assert "You can't make it to Set out" in gil.last
    gil.presses("Move it").fills(time="2027-01-11 18:00")
    gil.presses("Only this one")
    assert people[0].sees("Set out moves", people[0].room())

    gil.says("/session hand-over")
    gil.presses("Cancel it").presses("Yes, cancel it")
    assert people[0].sees("Set out is cancelled", people[0].room())


def choice(person: Person, name: str) -> str:
    """What stands behind a name among the choices of the form that is open."""
    offered = {one["label"]: one["value"] for field in person.form["fields"] for one in field["choices"]}  # type: ignore[attr-defined]
    return str(offered[name])


def test_the_group_runs_it_by_itself(chat: World, people: list[Person]) -> None:
    ana, ben, _ = people
    chat.until(FIRST - timedelta(hours=3))
    chat.fay.says("i can't make it").presses("Let the group run it").presses("Yes, they run it")
    assert ana.sees("Set out is all yours", ana.room()) and ana.sees("/session start", ana.room())
    before = len(chat.fay.texts())
    chat.until(FIRST)
    for one in people:
        one.presses("I'm here", room=one.room())
    chat.passes(minutes=1)
    ben.says("/session brief")
    assert "Your brief: Set out" in ben.last
    ben.says("/session start").says("next segment")
    assert ana.sees("who talks with whom", ana.room())
    ben.says("/session move 1 2027-01-12")
    assert "This door is somebody else's" in ben.last, "time and place stay the facilitators'"
    ben.says("/session brief 2")
    assert "is led by somebody else" in ben.last
    chat.passes(hours=4)
    assert ana.sees("Recap: Set out", ana.room())
    told = [text for text in chat.fay.texts()[before:] if "Who was at" in text or "Draft of" in text or "brief" in text]
    assert told == [], "nobody who can't be there is asked"
    chat.fay.says("/session hand-over 1 @fay")
    assert "is over" in chat.fay.last


def test_a_group_that_runs_itself_runs_by_itself_too(chat: World, people: list[Person]) -> None:
    chat.fay.says("/session hand-over 1").presses("Let the group run it").presses("Yes, they run it")
    chat.until(FIRST)
    people[0].presses("I'm here", room=people[0].room())
    chat.passes(minutes=11)
    assert people[0].sees("who talks with whom", people[0].room())
    chat.passes(hours=3)
    assert people[0].sees("Recap: Set out", people[0].room())


def test_a_member_who_cant_come_says_so_in_the_same_words(chat: World, people: list[Person]) -> None:
    people[0].says("I can't make it")
    assert "Thanks for saying so" in people[0].last
    chat.person("sam", "Sam").says("I can't make it")
    assert "First, join one" in chat.sam.last


# Members in turn.


@pytest.fixture
def circle(tmp_path: Path, migrated: Path) -> Iterator[World]:
    """Six friends whose circle they host in turn; Fay opened it."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "circle.toml").write_text(CIRCLE, "utf-8")
    chat = World(tmp_path, template=migrated, programs=folder)
    running(chat, 6, "circle")
    yield chat
    chat.close()


def test_each_session_gets_another_host_who_knows_it_the_day_before(circle: World) -> None:
    circle.until(FIRE)
    ana, ben = circle.ana, circle.ben
    assert ana.sees("It is your turn to lead it.")
    assert ben.sees("Ana leads it.") and not ben.sees("your turn")
    assert ana.sees("You lead it this time.") and not circle.fay.sees("Your brief")
    ana.says("/session start")
    assert ben.sees("who talks with whom", ben.room())
    ana.says("/session end")
    assert ana.sees("Who was at First light?") and not circle.fay.sees("Who was at")
    circle.until(FIRE + timedelta(days=14))
    assert ben.sees("It is your turn to lead it.") and ben.sees("Your brief: Embers")


def test_a_host_leads_their_own_session_and_no_other(circle: World) -> None:
    circle.until(FIRE)
    ana, ben = circle.ana, circle.ben
    ben.says("/session start")
    assert "This door is somebody else's" in ben.last
    for typed in ("/session cancel 1", "/session schedule 2027-02-02 16:00 More", "/program applications"):
        ana.says(typed)
        assert "This door is somebody else's" in ana.last
    ana.says("/session plan 3")
    assert "is led by somebody else" in ana.last
    ana.says("/session poll What first?")
    assert "Not right now" in ana.last


def test_whoever_declines_or_hands_it_on_is_spared(circle: World) -> None:
    circle.until(FIRE - timedelta(hours=3))
    circle.ana.says("/cohort rsvp no")
    circle.until(FIRE - timedelta(hours=1))
    assert circle.ben.sees("Your brief: First light") and not circle.ana.sees("Your brief: ")
    circle.ben.presses("I can't make it", on="Your brief: ")
    assert "Let the group run it" in circle.ben.last and "Move it" not in circle.ben.last
    circle.ben.says("/session hand-over @chi")
    assert circle.chi.sees("First light is yours to lead")
    circle.until(FIRE)
    circle.chi.says("/session start")
    assert circle.chi.sees("First light is on") and "Your desk" in circle.chi.last
