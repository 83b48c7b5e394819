"""Sessions are moved from chat: one alone, with all after it, or a week later. The room hears of it once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from cohorts.homework import Homework
from cohorts.sessions import Session
from tests.support.chat import Person, World
from tests.support.stories import running

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)


@pytest.fixture
def people(chat: World) -> list[Person]:
    """Ana, Ben and Chi (in New York), in a cohort that Fay conducts."""
    return running(chat, 3)


def starts(chat: World) -> list[datetime]:
    rows = chat.store.read(lambda db: db.exec(select(Session)).all())
    return sorted(one.starts_at for one in rows)


def notices(person: Person) -> list[str]:
    return [text for text in person.texts(person.room()) if " moves\n" in text]


def test_it_is_asked_which_and_each_choice_shows_all_new_times(chat: World, people: list[Person]) -> None:
    fay = chat.fay.says("/session move 2 wed 20 jan 2027 17:00")
    asked = fay.last
    assert "Which do you mean?" in asked
    assert "Only this one" in asked and "This and all after it, by as much" in asked and "Skip a week" in asked
    assert asked.count("New York") == 2, "the time that was said, and the first a week later"
    assert "New York, Wed 20 Jan, 11:00" in asked and "New York, Mon 25 Jan, 10:00" in asked
    assert starts(chat)[1] == datetime(2027, 1, 18, 15, 0, tzinfo=UTC), "nothing is moved yet"


def test_only_this_one(chat: World, people: list[Person]) -> None:
    before = starts(chat)
    chat.fay.says("/session move 2 wed 20 jan 2027 17:00").presses("Only this one")
    assert starts(chat) == [before[0], datetime(2027, 1, 20, 16, 0, tzinfo=UTC), *before[2:]]
    (told,) = notices(people[0])
    assert "Those after it" not in told


def test_this_and_all_after_by_the_same_distance_told_in_one_notice(chat: World, people: list[Person]) -> None:
    before = starts(chat)
    chat.fay.says("/session move 2 wed 20 jan 2027 17:00").presses("This and all after")
    after = starts(chat)
    assert after[0] == before[0]
    distances = {later - earlier for earlier, later in zip(before[1:], after[1:], strict=True)}
    assert distances == {timedelta(days=2, hours=1)}
    (told,) = notices(people[0])
    assert told.startswith("Read the map moves") and "Those after it move along:" in told
    assert "Base camp: " in told
    assert "Along with it:" in chat.fay.last and "Base camp: " in chat.fay.last


def test_a_week_is_skipped_and_homework_follows(chat: World, people: list[Person]) -> None:
    before = starts(chat)
    dues = chat.store.read(lambda db: {one.key: one.due_at for one in db.exec(select(Homework)).all()})
    chat.fay.says("/session move 2 wed 20 jan 2027 17:00").presses("Skip a week")
    after = starts(chat)
    assert after[0] == before[0]
    assert all((later - earlier).days == 7 for earlier, later in zip(before[1:], after[1:], strict=True))
    moved = chat.store.read(lambda db: {one.key: one.due_at for one in db.exec(select(Homework)).all()})
    assert all((moved[key] - due).days == 7 for key, due in dues.items()), "each hangs on the session after it"
    assert len(notices(people[0])) == 1


def test_clocks_stay_when_summer_time_begins_in_between(chat: World, people: list[Person]) -> None:
    """From January to spring: sixteen o'clock in Berlin stays sixteen o'clock."""
    chat.fay.says("/session move 1 2027-03-08 16:00").presses("This and all after")
    hours = [one.hour for one in starts(chat)]
    assert hours == [15, 15, 15, 14, 14, 14], "in UTC; on the 28th of March the clocks go forward"


def test_what_was_moved_meanwhile_is_not_moved_again(chat: World, people: list[Person]) -> None:
    chat.olu.says("/session move 2 2027-01-20 17:00")
    chat.fay.says("/session cancel 3").presses("Yes, cancel it")
    chat.olu.presses("This and all after")
    assert "It changed in the meantime" in chat.olu.last
    assert not notices(people[0])


def test_the_last_one_asks_no_question(chat: World, people: list[Person]) -> None:
    chat.fay.says("/session move 6 2027-02-17 16:00")
    assert "Which do you mean?" not in chat.fay.last
    chat.fay.presses("Yes, move it")
    assert starts(chat)[-1] == datetime(2027, 2, 17, 15, 0, tzinfo=UTC)


def test_inside_a_day_the_one_notice_asks_for_answers_again(chat: World, people: list[Person]) -> None:
    ana = people[0]
    chat.until(FIRST.replace(hour=8))
    ana.says("/cohort rsvp yes")
    chat.fay.says("/session move 1 2027-01-11 17:00").presses("Only this one")
    chat.fay.says("/session brief")
    assert "Coming" not in chat.fay.last, "the old answer says nothing about the new time"
    ana.presses("I'll be there", on="Set out moves", room=ana.room())
    chat.fay.says("/session brief")
    assert "Coming (1): Ana." in chat.fay.last
