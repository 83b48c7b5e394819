"""A coming session is changed from chat: a form with what stands, the difference, one press."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlmodel import select

from cohorts import sessions
from cohorts.audit import AuditEntry
from cohorts.cohort import Cohort
from cohorts.homework import Homework
from cohorts.sessions import Session
from tests.support.chat import Person, World
from tests.support.stories import running

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)


@pytest.fixture
def people(chat: World) -> list[Person]:
    """Ana, Ben and Chi, in a cohort that Fay conducts."""
    return running(chat, 3)


def values(person: Person) -> dict[str, str]:
    """What stands in the fields of the form that is open."""
    return {one["key"]: one["value"] or "" for one in person.form["fields"]}  # type: ignore[attr-defined]


def plans(chat: World, **changes: str) -> Person:
    """Fay changes the first session; the homework stays."""
    chat.fay.says("/session plan 1")
    chat.fay.fills(**{**values(chat.fay), **changes})
    assert not chat.fay.errors, chat.fay.errors
    if chat.fay.client.open_form is not None:
        chat.fay.fills(**values(chat.fay))
    return chat.fay


def first(chat: World) -> tuple[Cohort, Session]:
    return chat.store.read(
        lambda db: (db.exec(select(Cohort)).one(), db.exec(select(Session).where(Session.key == "set-out")).one())
    )


def test_what_stands_is_shown_the_difference_told_and_one_press_writes_it(chat: World, people: list[Person]) -> None:
    fay = chat.fay.says("/session plan 1")
    standing = values(fay)
    assert standing["title"] == "Set out" and "8 min pair share: " in standing["agenda"]
    assert fay.form["pages"] == 2
    agenda = standing["agenda"].replace("8 min pair share: ", "7 min pair share: What hurts? ", 1)
    fay.fills(**{**standing, "title": "Set sail", "goal": "One sentence each.", "agenda": agenda})
    fay.fills(**values(fay))
    assert "Title: Set out → Set sail" in fay.last
    assert "Pair share: 8 → 7 minutes; new prompt: What hurts?" in fay.last
    assert "In all 59 of its 60 minutes are planned." in fay.last
    assert first(chat)[1].title == "Set out", "nothing is written yet"

    fay.presses("Yes, change it")
    assert "Set sail is changed" in fay.last
    cohort, session = first(chat)
    assert sessions.goal_of(cohort, session) == "One sentence each."
    shares = [one for one in sessions.run_of_show(cohort, session) if one.kind == "pair_share"]
    assert shares[0].minutes == 7 and shares[0].prompt.startswith("What hurts?")
    assert cohort.program.session("set-out").title == "Set out", "the program's copy stays"
    entry = chat.store.read(lambda db: db.exec(select(AuditEntry).where(AuditEntry.deed == "session/planned")).one())
    assert entry.details == {"session": session.id, "what": "title goal segments"}

    chat.until(FIRST)
    assert people[0].sees("Set sail is starting", people[0].room())
    assert people[0].sees("One sentence each.", people[0].room())
    fay.says("/session start")
    chat.passes(minutes=6)
    assert people[0].sees("What hurts?", people[0].room())


def test_homework_is_changed_on_a_page_of_its_own(chat: World, people: list[Person]) -> None:
    fay = chat.fay.says("/session plan 1")
    fay.fills(**values(fay))
    assert values(fay)["task"] == "Two honest conversations"
    fay.fills(task="One honest conversation", ask="Ask one person.", due="2027-01-16 18:00")
    assert "Homework “Two honest conversations”, called “One honest conversation” from now on" in fay.last
    assert "asks: Ask one person." in fay.last
    fay.presses("Yes, change it")
    chat.until(FIRST)
    people[0].presses("I'm here", room=people[0].room())
    chat.passes(hours=3)
    assert people[0].sees("One honest conversation", people[0].room()), "the recap asks for it"
    people[0].says("/submit")
    assert [one["value"] for one in people[0].form["fields"]] == [None, None]  # type: ignore[attr-defined]
    due = chat.store.read(lambda db: db.exec(select(Homework).order_by(Homework.id)).first())  # type: ignore[arg-type]
    assert due is not None and due.due_at == datetime(2027, 1, 16, 17, 0, tzinfo=UTC)


def test_a_due_time_set_by_hand_follows_its_session(chat: World, people: list[Person]) -> None:
    fay = chat.fay.says("/session plan 1")
    fay.fills(**values(fay))
    fay.fills(**{**values(fay), "due": "2027-01-16 18:00"}).presses("Yes, change it")
    fay.says("/session move 1 2027-01-12 16:00").presses("Only this one")
    due = chat.store.read(lambda db: db.exec(select(Homework).order_by(Homework.id)).first())  # type: ignore[arg-type]
    assert due is not None and due.due_at == datetime(2027, 1, 17, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"agenda": "55 min work: Build.\n10 min reflection"}, "agenda", "65 minutes, and the session has 60"),
        ({"agenda": "30 min dance"}, "agenda", "I can't read “30 min dance”"),
        ({"agenda": "3 min poll\n5 min reflection"}, "agenda", "keep the poll"),
        ({"place": "http://meet.example.com"}, "place", "begins with https://"),
        ({"title": ""}, "title", "fill this in"),
    ],
)
def test_what_could_not_run_is_said_beside_its_field(
    chat: World, people: list[Person], changes: dict[str, str], field: str, says: str
) -> None:
    chat.fay.says("/session plan 1")
    chat.fay.fills(**{**values(chat.fay), **changes})
    assert says in chat.fay.errors[field]


@pytest.mark.parametrize(
    ("due", "says"),
    [
        ("someday", "a time such as"),
        ("2027-01-11 16:30", "over"),
        ("2028-01-11 16:30", "after graduates are named"),
        ("2020-01-11", "has passed"),
    ],
)
def test_a_due_time_that_cannot_be_is_said_beside_its_field(
    chat: World, people: list[Person], due: str, says: str
) -> None:
    chat.fay.says("/session plan 1")
    chat.fay.fills(**values(chat.fay))
    chat.fay.fills(**{**values(chat.fay), "due": due})
    assert says in chat.fay.errors["due"]


def test_somebody_else_was_faster_and_nothing_is_overwritten(chat: World, people: list[Person]) -> None:
    chat.olu.says("/session plan 1")
    chat.olu.fills(**{**values(chat.olu), "title": "Owner's title"})
    chat.olu.fills(**values(chat.olu))
    plans(chat, title="Fay's title").presses("Yes, change it")
    chat.olu.presses("Yes, change it")
    assert "It changed in the meantime" in chat.olu.last
    assert first(chat)[1].title == "Fay's title"


def test_a_form_put_away_half_way_remembers_what_was_typed(chat: World, people: list[Person]) -> None:
    fay = chat.fay.says("/session plan 1")
    fay.closes(**{**values(fay), "goal": "Half a sentence"})
    fay.says("/session plan 1")
    assert values(fay)["goal"] == "Half a sentence"
    fay.fills(**values(fay)).fills(**values(fay)).presses("Leave it as it is")
    assert "stays as it was" in fay.last
    fay.says("/session plan 1")
    assert values(fay)["goal"] != "Half a sentence"


def test_nothing_changed_is_said_and_a_held_session_is_left_alone(chat: World, people: list[Person]) -> None:
    assert "Nothing to change" in plans(chat).last
    chat.until(FIRST)
    people[0].presses("I'm here", room=people[0].room())
    chat.passes(hours=2)
    chat.fay.says("/session plan 1")
    assert "It has been held." in chat.fay.last
    chat.fay.says("/session plan")
    assert values(chat.fay)["title"] == "Read the map", "without a number it is the next"


def test_a_new_place_shortly_before_is_told_in_the_room_once(chat: World, people: list[Person]) -> None:
    ana = people[0]
    plans(chat, place="https://meet.example.com/one").presses("Yes, change it")
    assert not ana.sees("a new place", ana.room()), "weeks before, nobody was told the old one"
    chat.until(FIRST.replace(hour=8))
    plans(chat, place="chat").presses("Yes, change it")
    assert sum("Set out: a new place" in text for text in ana.texts(ana.room())) == 1


def test_a_guest_is_shown_and_written_to(chat: World, people: list[Person]) -> None:
    plans(chat, guest="Ada Osei, ada@example.com").presses("Yes, change it")
    chat.until(FIRST.replace(day=8, hour=16))
    assert "Write to Ada Osei" in chat.fay.last and "You reach them at ada@example.com." in chat.fay.last
    assert "Hello Ada Osei" in chat.fay.last and "16:00 (Europe/Berlin)" in chat.fay.last
    chat.until(FIRST)
    assert people[0].sees("With us: Ada Osei."), "in the message of the day before"
    assert chat.fay.sees("Your guest: Ada Osei.")
    assert people[0].sees("With us today: Ada Osei.", people[0].room())
    assert chat.fay.sees("Write to Ada Osei") and sum("Write to" in one for one in chat.fay.texts()) == 1


def test_a_session_added_from_chat_can_be_planned_too(chat: World, people: list[Person]) -> None:
    chat.fay.says("/session schedule 2027-01-05 16:00 Walk-in").presses("Yes, add it")
    chat.fay.says("/session plan 1")
    assert values(chat.fay)["agenda"] == ""
    chat.fay.fills(**{**values(chat.fay), "agenda": "10 min pair share: What is new?"}).presses("Yes, change it")
    chat.until(datetime(2027, 1, 5, 15, 0, tzinfo=UTC))
    chat.fay.says("/session start")
    chat.passes(seconds=2)
    assert people[0].sees("What is new?", people[0].room())
