"""A session conducted from its desk: the stage moves, the clock carries it, and every press counts once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from bot.platforms.local.draw import buttons_of, text_of
from cohorts.attendance import Attendance
from tests.support.chat import Person, World
from tests.support.stories import running

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)
HERE = "I'm here"


@pytest.fixture
def people(chat: World) -> list[Person]:
    """Everybody is in the call, and has said so."""
    found = running(chat, 6)
    chat.until(FIRST)
    for person in found:
        person.presses(HERE, room=found[0].room())
    return found


def stage(person: Person) -> str:
    return next(text for text in reversed(person.texts(person.room())) if " of 8" in text or "our time" in text)


def desk(person: Person) -> str:
    return next(text for text in reversed(person.texts()) if "Your desk ·" in text or "The desk is closed" in text)


def test_start_gives_the_room_a_stage_and_whoever_conducts_a_desk(chat: World, people: list[Person]) -> None:
    chat.fay.presses("Start")
    assert "Set out · Ritual" in stage(people[0]) and "1 of 8" in stage(people[0])
    assert "Then: pair share, 8 min." in stage(people[0])
    assert "Set out: ritual" in desk(chat.fay) and "6 seen so far." in desk(chat.fay)


def test_whoever_only_listens_is_carried_through_the_whole_hour(chat: World, people: list[Person]) -> None:
    chat.fay.presses("Start")
    for minute, kind in ((5, "Pair share"), (13, "Results"), (18, "Poll"), (21, "Work"), (45, "Call on")):
        chat.until(FIRST + timedelta(minutes=minute, seconds=1))
        assert f"Set out · {kind}" in stage(people[0])
    chat.until(FIRST + timedelta(minutes=52))
    assert all(person.sees("Thank you for being at Set out") for person in people)
    chat.until(FIRST + timedelta(minutes=61))
    assert "that's our time" in stage(people[0])
    chat.until(FIRST + timedelta(minutes=66))
    assert chat.fay.sees("I counted everyone") and "The desk is closed" in desk(chat.fay)
    assert people[0].sees("Set out is over", people[0].room())


def test_a_minute_before_its_end_a_segment_says_so(chat: World, people: list[Person]) -> None:
    chat.fay.presses("Start")
    chat.until(FIRST + timedelta(minutes=4, seconds=1))
    assert "One minute left" in stage(people[0])


def test_every_press_answers_with_the_desk_as_it_is_now(chat: World, people: list[Person]) -> None:
    chat.fay.presses("Start").presses("Next", on="Your desk ·")
    assert "Set out: pair share" in desk(chat.fay)
    chat.fay.presses("Back", on="Your desk ·")
    assert "Set out: ritual" in desk(chat.fay)
    chat.fay.presses("+2 min", on="Your desk ·")
    assert "7 min" in desk(chat.fay) and "2 min late." in desk(chat.fay) and "work 2 min shorter" in desk(chat.fay)
    chat.fay.presses("End on time", on="Your desk ·")
    assert "late" not in desk(chat.fay) and "work, 22 min" in desk(chat.fay)
    chat.fay.presses("Skip", on="Your desk ·").presses("Skip", on="Your desk ·")
    assert "Set out: results" in desk(chat.fay)


def test_paused_is_paused_for_everybody_and_goes_on_where_it_was(chat: World, people: list[Person]) -> None:
    chat.fay.presses("Start")
    chat.passes(minutes=2)
    chat.fay.presses("Pause", on="Your desk ·")
    chat.passes(minutes=30)
    assert "The clock stands still, with 3 minutes left" in stage(people[0])
    chat.fay.presses("Go on", on="Your desk ·")
    chat.passes(minutes=2, seconds=59)
    assert "Ritual" in stage(people[0])
    chat.passes(seconds=2)
    assert "Pair share" in stage(people[0])


def test_the_order_of_what_comes_can_be_changed(chat: World, people: list[Person]) -> None:
    chat.fay.presses("Start").presses("Reorder", on="Your desk ·").presses("work, 24 min")
    assert "Then: work, 24 min." in stage(people[0])


def test_plain_words_do_what_the_buttons_do(chat: World, people: list[Person]) -> None:
    fay = chat.fay.presses("Start")
    for said, seen in (
        ("next segment", "pair share"),
        ("one back", "ritual"),
        ("two more minutes", "7 min"),
        ("finish on time", "work, 22 min"),
        ("stop the clock", "stands still"),
        ("start the clock", "until"),
        ("skip this", "pair share"),
        ("my desk", "Your desk"),
    ):
        assert seen in fay.says(said).last, said
    assert "Press one." in fay.says("another order").last


def test_two_who_press_at_the_same_moment_have_one_effect(chat: World, people: list[Person]) -> None:
    gil = chat.person("gil", "Gil").says("/cohort help")
    chat.olu.says("/program facilitator @gil program:value-accelerator")
    chat.fay.presses("Start")
    gil.says("/session start")
    assert gil.sees("on already")
    both = [one.client.presses("Next", "Your desk ·", one.client.chat.dm(one.id).id) for one in (chat.fay, gil)]
    for act in both:
        chat.run(act)
    chat.settle()
    assert "Set out: pair share" in desk(chat.fay) and "Set out: pair share" in desk(gil)
    assert gil.sees("has moved on") and not chat.fay.sees("has moved on")


def test_a_press_after_the_end_does_nothing_and_says_so(chat: World, people: list[Person]) -> None:
    chat.fay.presses("Start")
    seen = next(one for one in chat.fay.client.seen() if "Your desk ·" in text_of(one.payload, "UTC"))
    stale = next(button for button, _ in buttons_of(seen.payload) if button["label"] == "Next")
    for act in (chat.fay.client.says("/session end"), chat.fay.client.clicks(seen.id, stale)):
        chat.run(act)
    chat.settle()
    assert "The desk is closed" in desk(chat.fay) and chat.fay.sees("Nothing was done")


def test_after_an_hour_of_sleep_it_is_where_the_clock_is(chat: World, people: list[Person]) -> None:
    """What went by while nobody was awake is left out whole: nobody is paired for a moment that is over."""
    chat.fay.presses("Start")
    chat.clock.move_to(FIRST + timedelta(minutes=30))
    chat.settle()
    assert "Set out · Work" in stage(people[0])
    room = people[0].room()
    assert not people[0].sees("who talks with whom", room) and not people[0].sees("What do we sharpen first?", room)


def test_nobody_pressed_start_and_whoever_takes_it_gets_the_desk(chat: World, people: list[Person]) -> None:
    ben = people[1]
    chat.passes(minutes=5, seconds=1)
    assert ben.sees("shall we begin?", ben.room()) and chat.fay.sees("has not begun")
    ben.presses("I'll host", room=ben.room())
    assert "Set out: ritual" in desk(ben) and "1 of 8" in stage(ben)
    people[2].presses("I'll host", room=ben.room())
    assert people[2].sees("is on already", ben.room())
    ben.presses("Next", on="Your desk ·")
    assert "Pair share" in stage(ben)
    chat.fay.says("/session start")
    assert "Set out: pair share" in desk(chat.fay)


def test_a_session_that_runs_over_ends_when_it_is_over(chat: World, people: list[Person]) -> None:
    chat.fay.presses("Start")
    for _ in range(4):
        chat.fay.presses("+2 min", on="Your desk ·")
    chat.until(FIRST + timedelta(minutes=67))
    assert "Next steps" in stage(people[0])
    chat.until(FIRST + timedelta(minutes=74))
    assert chat.fay.sees("I counted everyone")
    chat.until(FIRST + timedelta(minutes=90))
    assert chat.fay.sees("recap")


def test_each_names_one_thing_and_gets_it_back(chat: World, people: list[Person]) -> None:
    ana = people[0]
    chat.fay.presses("Start")
    chat.until(FIRST + timedelta(minutes=56))
    ana.presses("My next step", room=ana.room()).fills(words="Ask Kim about the export")
    assert ana.sees("Kept between us", ana.room())
    assert "Ask Kim about the export" in ana.says("my promise").last


def test_whoever_did_not_answer_is_asked_once_more_two_hours_later(chat: World, people: list[Person]) -> None:
    ana, ben, *_ = people
    chat.fay.presses("Start")
    chat.until(FIRST + timedelta(minutes=52))
    ana.presses("Answer", on="Thank you for being at").fills(words="The pairs.", share=False)
    chat.until(FIRST + timedelta(hours=3, minutes=1))
    assert ben.sees("One line about Set out?") and not ana.sees("One line about Set out?")
    chat.until(FIRST + timedelta(days=3))
    assert sum("One line about Set out?" in text for text in ben.texts()) == 1


def test_whoever_comes_shows_on_the_desk_at_once(chat: World, people: list[Person]) -> None:
    chat.fay.presses("Start")
    chat.store.write(lambda db: db.delete(db.exec(select(Attendance)).first()))
    chat.passes(minutes=2)
    chat.fay.presses("+2 min", on="Your desk ·")
    assert "5 seen so far. Not yet: Ana." in desk(chat.fay)
    people[0].presses(HERE, room=people[0].room())
    assert "6 seen so far." in desk(chat.fay) and "Not yet" not in desk(chat.fay)


def test_calling_on_from_the_desk_asks_what_the_part_asks(chat: World, people: list[Person]) -> None:
    chat.fay.presses("Start")
    chat.until(FIRST + timedelta(minutes=46))
    chat.fay.presses("Call on", on="Your desk ·")
    asked = [text for text in people[0].texts(people[0].room()) if "would you like to take this one?" in text]
    assert len(asked) == 2 and all("Read yours aloud" in text for text in asked)
    chat.fay.presses("+2 min", on="Your desk ·")
    assert "Heard so far:" in desk(chat.fay) and "; 4 not yet." in desk(chat.fay)


def in_pairs(person: Person) -> int:
    """How many rounds the room has seen, over or not."""
    room = person.texts(person.room())
    return sum("who talks with whom" in text or "everyone is back" in text for text in room)


def test_while_the_clock_stands_still_nobody_is_called_back(chat: World, people: list[Person]) -> None:
    ana, room = people[0], people[0].room()
    chat.fay.presses("Start").presses("Next", on="Your desk ·")
    chat.passes(minutes=6)
    chat.fay.presses("Pause", on="Your desk ·")
    chat.passes(minutes=20)
    assert not ana.sees("One minute left\nThen back", room) and not ana.sees("everyone is back", room)
    chat.fay.presses("Go on", on="Your desk ·")
    chat.passes(minutes=1, seconds=1)
    assert ana.sees("One minute left\nThen back", room)
    chat.passes(minutes=1)
    assert ana.sees("everyone is back", room) and in_pairs(ana) == 1


def test_a_poll_waits_while_the_clock_stands_still(chat: World, people: list[Person]) -> None:
    chat.fay.presses("Start")
    chat.until(FIRST + timedelta(minutes=19))
    chat.fay.presses("Pause", on="Your desk ·")
    chat.passes(minutes=10)
    people[0].says("/cohort vote The number")
    assert "Your vote: The number" in people[0].last
    chat.fay.presses("Go on", on="Your desk ·")
    chat.passes(minutes=2, seconds=1)
    assert "You chose this: The number." in stage(people[0])


def test_back_to_a_round_gives_everybody_somebody_to_talk_to(chat: World, people: list[Person]) -> None:
    chat.fay.presses("Start").presses("Next", on="Your desk ·").presses("Next", on="Your desk ·")
    assert in_pairs(people[0]) == 1 and people[0].sees("everyone is back", people[0].room())
    chat.fay.presses("Back", on="Your desk ·")
    assert in_pairs(people[0]) == 2 and people[0].sees("who talks with whom", people[0].room())


def test_a_desk_that_is_asked_for_when_it_runs_over_comes(chat: World, people: list[Person]) -> None:
    gil = chat.person("gil", "Gil").says("/cohort help")
    chat.fay.presses("Start")
    for _ in range(4):
        chat.fay.presses("+2 min", on="Your desk ·")
    chat.until(FIRST + timedelta(minutes=63))
    chat.olu.says("/program facilitator @gil program:value-accelerator")
    gil.says("/session start")
    assert "Set out: next steps" in desk(gil)
