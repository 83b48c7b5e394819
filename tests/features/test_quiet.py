"""Hearing less, and being missed: two questions in a row without an answer, what follows, and who is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot import catalogue
from cohorts import quiet
from cohorts.cohort import Cohort, Membership, present
from cohorts.outbox import Press
from cohorts.quiet import Quiet
from cohorts.store import Db
from tests.support.chat import Person, World
from tests.support.stories import running

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)  # Set out, a Monday
HEARD = FIRST + timedelta(days=6, hours=16)  # 8:00 in Berlin on the day of the second session


@pytest.fixture
def begun(chat: World) -> list[Person]:
    """Four people after their first session; Ana has said nothing so far, the others were there."""
    people = running(chat, 4)
    chat.until(FIRST + timedelta(minutes=1))
    room = people[1].room()
    for person in people[1:]:
        person.presses("I'm here", room=room)
    chat.until(FIRST + timedelta(minutes=70))
    return people


def test_whoever_leaves_two_questions_unanswered_is_asked_once_whether_the_bot_shall_go_quiet(
    chat: World, begun: list[Person]
) -> None:
    ana = begun[0]
    chat.until(HEARD - timedelta(hours=1))
    assert not ana.sees("Shall I go quiet?")
    chat.until(HEARD + timedelta(minutes=1))
    assert ana.sees("Shall I go quiet?")
    chat.until(HEARD + timedelta(days=15))
    assert sum(text.count("Shall I go quiet?") for text in ana.texts()) == 1


def test_it_comes_along_with_the_letter_of_the_day(chat: World, begun: list[Person]) -> None:
    chat.until(HEARD + timedelta(minutes=1))
    (letter,) = [text for text in begun[0].texts() if "Shall I go quiet?" in text]
    assert letter.startswith("Two things for you") and "Coming up: Read the map" in letter


def test_those_who_conduct_hear_in_one_message_who_may_need_a_word(chat: World, begun: list[Person]) -> None:
    begun[3].says("/cohort rsvp yes")
    chat.until(HEARD + timedelta(minutes=1))
    (told,) = [text for text in chat.fay.texts() if "A word may help" in text]
    assert told.startswith("A word may help: Ana, Ben and Chi")
    assert "Ben and Chi were at Set out" in told


def test_one_answer_and_all_is_well(chat: World, begun: list[Person]) -> None:
    ana = begun[0]
    chat.until(FIRST + timedelta(days=4, minutes=1))
    ana.presses("Answer", on="What did you try since we met?").fills(words="Nothing yet.")
    chat.until(HEARD + timedelta(minutes=1))
    assert not ana.sees("Shall I go quiet?")


def test_later_means_two_weeks_with_nothing_but_sessions(chat: World, begun: list[Person]) -> None:
    ana = begun[0]
    assert "Talk to you later" in ana.says("/cohort quiet later").last
    before = len(ana.texts())
    chat.until(FIRST + timedelta(days=7, minutes=-30))
    told = [text.split("\n")[0] for text in ana.texts()[before:]]
    assert told == ["Coming up: Read the map", "Starting soon: Read the map"]
    chat.until(FIRST + timedelta(days=18, minutes=1))
    assert "What did you try since we met?" in ana.last


def test_stop_leaves_what_belongs_to_a_session_on_its_day(chat: World, begun: list[Person]) -> None:
    chi = chat.person("chi")  # in New York, where the day before is on Friday
    begun[1].says("/cohort quiet stop")
    chi.says("/cohort quiet stop")
    counts = {one.id: len(one.texts()) for one in (begun[1], chi)}
    chat.until(FIRST + timedelta(days=7, minutes=-30))
    told = {one.id: [text.split("\n")[0] for text in one.texts()[counts[one.id] :]] for one in (begun[1], chi)}
    assert told["ben"] == ["Coming up: Read the map", "Starting soon: Read the map"]
    assert set(told["chi"]) <= {"Coming up: Read the map", "Starting soon: Read the map"} and told["chi"]


def test_thanks_do_not_break_the_quiet_and_are_counted_on_return(chat: World, begun: list[Person]) -> None:
    ana, ben = begun[:2]
    ana.says("/cohort quiet stop")
    before = len(ana.texts())
    ben.says("/cohort kudos @ana For the question")
    assert len(ana.texts()) == before
    back = ana.says("/cohort quiet stay").last
    assert "You hear everything from Value Accelerator again" in back
    assert "1 person has thanked you" in back
    assert "Two honest conversations" in back and "Read the map" in back


def test_whoever_comes_back_from_a_pause_gets_all_that_gathered_as_one_message(
    chat: World, begun: list[Person]
) -> None:
    ana = begun[0]
    ana.says("/cohort pause")
    before = len(ana.texts())
    chat.until(FIRST + timedelta(days=8))
    assert len(ana.texts()) == before
    back = ana.says("/cohort resume").last
    assert "Base camp" in back and "Two honest conversations and The first step, for real" in back
    assert len(ana.texts()) == before + 1


def test_the_choice_is_shown_at_home_and_can_be_made_by_button_command_and_words(
    chat: World, begun: list[Person]
) -> None:
    ana = begun[0]
    assert "How much do you want to hear?" in ana.says("go quiet").last
    assert "I'm quiet" in ana.presses("Stop").last
    assert "I'm quiet, but for the day of a session" in ana.says("/cohort home").last
    assert "Right now only what belongs to a session reaches you" in ana.says("/cohort quiet").last
    assert "You hear everything" in ana.presses("Stay").last
    assert "quiet" not in ana.says("/cohort home").last


def test_a_buddy_is_asked_to_look_in_and_the_person_is_not_named_to_anybody_else(chat: World) -> None:
    _, ben, chi = running(chat, 3)
    chat.until(FIRST + timedelta(minutes=1))
    for one in (ben, chi):
        one.presses("I'm here", room=ben.room())
    chat.until(FIRST + timedelta(days=4, hours=2))
    for one in (ben, chi):
        one.says("/cohort rsvp yes")
    chat.until(HEARD + timedelta(hours=2))
    asked = [text for text in ben.texts() if "Would you look in on Ana" in text]
    assert len(asked) == 1 or any("Would you look in on Ana" in text for text in chi.texts())
    assert "the buddy of Ana to look in first" in next(text for text in chat.fay.texts() if "A word may" in text)


# The digest


def test_the_digest_of_the_week_stands_in_the_room_and_rings_for_nobody(chat: World, begun: list[Person]) -> None:
    ana, ben = begun[:2]
    chat.until(FIRST + timedelta(days=2))
    ben.says("/cohort kudos @ana For the question")
    chat.until(FIRST + timedelta(days=5))
    (digest,) = [text for text in ana.texts(ana.room()) if text.startswith("This week")]
    assert "Peers thanked each other once." in digest


def test_a_week_without_anything_has_no_digest(chat: World, begun: list[Person]) -> None:
    chat.until(FIRST + timedelta(days=5))
    assert not begun[0].sees("This week", begun[0].room())


def test_a_program_can_do_without_the_digest(tmp_path: Path, migrated: Path) -> None:
    listed = catalogue.load()["value-accelerator"]
    programs = tmp_path / "programs"
    programs.mkdir()
    text = listed.toml.replace('key = "value-accelerator"', 'key = "no-digest"', 1)
    (programs / "no-digest.toml").write_text(text + "\n[defaults]\ndigest = false\n")
    world = World(tmp_path, template=migrated, programs=programs)
    people = running(world, 3, "no-digest")
    world.until(FIRST + timedelta(days=2))
    people[1].says("/cohort kudos @ana For the question")
    world.until(FIRST + timedelta(days=5))
    assert not people[0].sees("This week", people[0].room())
    world.close()


# The rule itself


def test_what_is_asked_within_hours_is_one_ask(chat: World) -> None:
    running(chat, 2)

    def asked(db: Db) -> int:
        member = db.exec(select(Membership)).first()
        assert member is not None
        for hours in (0, 2, 10):
            quiet.asked(db, member, at=FIRST + timedelta(hours=hours))
        once = db.exec(select(Quiet)).one().asked
        quiet.asked(db, member, at=FIRST + timedelta(hours=20))
        cohort = db.get_one(Cohort, member.cohort_id)
        assert quiet.silent(db, cohort, now=FIRST + timedelta(hours=21)) == []
        assert quiet.silent(db, cohort, now=FIRST + timedelta(hours=39)) == [member]
        assert len(present(db, cohort)) == 2
        return once

    assert chat.store.write(asked) == 1


def test_only_a_message_with_a_main_button_asks_for_something() -> None:
    assert quiet.asks([Press("prompts/open", style="primary")])
    assert not quiet.asks([Press("cohort/home")]) and not quiet.asks([])
