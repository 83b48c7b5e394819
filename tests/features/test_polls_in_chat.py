"""A question to the room, as everybody lives it on the local platform."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlmodel import select

from bot.features.polls import rows
from bot.platforms.base import Inbound, Pressed, Profile
from bot.platforms.local.draw import buttons_of, text_of
from bot.sheets import Sheet
from cohorts.cohort import Cohort
from cohorts.store import Db
from tests.support.chat import Person, World
from tests.support.stories import running

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)


@pytest.fixture
def people(chat: World) -> list[Person]:
    """Ana, Ben and Chi, in a cohort that Fay conducts."""
    return running(chat, 3)


def asks(chat: World, question: str = "What first?", choices: str = "Import\nSharing\nSomething else") -> Person:
    chat.fay.says("/session poll")
    chat.fay.fills(question=question, choices=choices)
    assert not chat.fay.errors
    return chat.fay


def drawn(person: Person, question: str = "What first?") -> str:
    """How the poll stands in the room."""
    (shown,) = (one for one in person.texts(person.room()) if one.startswith(question))
    return shown


def test_a_poll_is_asked_voted_on_changed_and_closed(chat: World, people: list[Person]) -> None:
    ana, ben, chi = people
    fay = asks(chat)
    assert "Your question is in" in fay.last
    assert "1. Import · 0\n2. Sharing · 0\n3. Something else · 0" in drawn(ana)

    ana.presses("Import", on="What first?", room=ana.room())
    ben.presses("Import", on="What first?", room=ana.room())
    chi.presses("Sharing", on="What first?", room=ana.room())
    assert "1. Import · 2 ██████████\n2. Sharing · 1 █████\n3. Something else · 0" in drawn(ana)
    ben.presses("Sharing", on="What first?", room=ana.room())
    assert "1. Import · 1 █████\n2. Sharing · 2 ██████████" in drawn(ana)

    fay.presses("Close the poll")
    assert "Sharing it is, with 2 of 3 votes." in fay.last
    assert "This poll is closed. Sharing it is, with 2 of 3 votes." in drawn(ana)
    (posted,) = (one for one in ana.client.seen(ana.room()) if text_of(one.payload).startswith("What first?"))
    assert list(buttons_of(posted.payload)) == []


def test_a_vote_is_confirmed_in_private_and_can_be_taken_back(chat: World, people: list[Person]) -> None:
    ana = people[0]
    asks(chat)
    ana.presses("Import", on="What first?", room=ana.room())
    assert "Your vote: Import" in ana.texts(ana.room())[-1]
    ana.presses("Take my vote back", room=ana.room())
    assert "Import · 0" in drawn(ana)
    assert not people[1].sees("Your vote", people[1].room())


def test_a_question_typed_with_the_command_stands_in_the_form_already(chat: World, people: list[Person]) -> None:
    chat.fay.says("/session poll What should we look at first?")
    typed = [one["value"] for one in chat.fay.form["fields"]]  # type: ignore[attr-defined]
    assert typed == ["What should we look at first?", None]
    chat.fay.fills(question="What should we look at first?", choices="Import, Sharing")
    assert people[0].sees("1. Import · 0\n2. Sharing · 0", people[0].room())


def test_a_whole_poll_can_be_typed_in_one_line(chat: World, people: list[Person]) -> None:
    chat.fay.says('/session poll choices:"Import; Sharing" What first?')
    assert "1. Import · 0\n2. Sharing · 0" in drawn(people[0])


def test_what_does_not_fit_is_asked_for_again_and_nothing_typed_is_lost(chat: World, people: list[Person]) -> None:
    chat.fay.says('/session poll choices:"Only this" What first?')
    assert [one["value"] for one in chat.fay.form["fields"]] == ["What first?", "Only this"]  # type: ignore[attr-defined]
    chat.fay.fills(question="What first?", choices="Only this")
    assert chat.fay.errors == {"choices": "Please give 2 to 10 choices, one a line."}
    chat.fay.fills(question="What first?", choices="A\n" + "x" * 56)
    assert "56 characters long; 55 fit" in chat.fay.errors["choices"]
    chat.fay.fills(question="What first?", choices="Same\nsame")
    assert "stands there twice" in chat.fay.errors["choices"]
    assert not people[0].sees("What first?", people[0].room())


def test_every_button_is_a_command_or_a_phrase_too(chat: World, people: list[Person]) -> None:
    ana, ben, _ = people
    fay = asks(chat)
    ana.says("/cohort vote 2")
    assert "Sharing · 1" in drawn(ana)
    ben.says("/cohort vote")
    offered = [choice["label"] for one in ben.form["fields"] for choice in one["choices"]]  # type: ignore[attr-defined]
    assert offered == ["Import", "Sharing", "Something else"]
    ben.fills(choice="Sharing")
    assert "Sharing · 2" in drawn(ana)
    ana.says("please take my vote back")
    assert "Your vote is taken back" in ana.last
    ana.says("take my vote back")
    assert "There is no vote of yours" in ana.last
    ana.says("/cohort vote nonsense")
    assert "Which one do you mean?" in ana.last and "2. Sharing" in ana.last
    fay.says("/session close-poll")
    assert "Sharing it is, with 1 of 1 vote." in fay.last
    fay.says("/session close-poll")
    assert "No poll is open" in fay.last
    fay.presses("Ask something else")
    assert fay.form["title"] == "Ask the room"


def test_it_closes_by_itself_after_a_day(chat: World, people: list[Person]) -> None:
    ana = people[0]
    asks(chat)
    chat.passes(hours=23)
    ana.presses("Import", on="What first?", room=ana.room())
    chat.passes(hours=2)
    assert "This poll is closed. Import it is, with 1 of 1 vote." in drawn(ana)


def test_in_a_session_it_closes_at_the_end_and_whoever_votes_is_there(chat: World, people: list[Person]) -> None:
    ana, ben, chi = people
    chat.until(FIRST)
    chat.fay.says("/session start")
    asks(chat)
    ana.presses("Import", on="What first?", room=ana.room())
    ben.presses("Sharing", on="What first?", room=ana.room())
    chat.fay.says("/session attendance")
    assert "Chi" in chat.fay.last and "Ana" not in chat.fay.last
    chat.passes(minutes=61)
    assert "a tie: Import and Sharing, 1 vote each. Import was named first, so it goes first." in drawn(ana)
    chat.passes(minutes=90)
    assert chi.sees("What first? Import, after a tie: Import and Sharing.", chi.room()), "the recap says it, too"


def test_nobody_voted_is_said_kindly(chat: World, people: list[Person]) -> None:
    asks(chat)
    chat.passes(hours=25)
    assert "nobody voted. The question may well come back." in drawn(people[0])


def test_a_vote_after_the_end_is_one_kind_sentence(chat: World, people: list[Person]) -> None:
    ana = people[0]
    asks(chat)
    args = next(
        button["args"]
        for one in ana.client.seen(ana.room())
        for button, _ in buttons_of(one.payload)
        if button["label"] == "Import"
    )
    chat.fay.presses("Close the poll")
    late = Inbound("late", "local", ana.id, Profile("Ana"), Pressed("polls/vote", args), ana.room())
    outcome = chat.run(chat.app.doors["local"](late))
    assert outcome is not None and outcome.template == "polls/over"
    assert "Import · 0" in drawn(ana)


def test_the_owner_gets_the_counts_and_nobody_s_vote(chat: World, people: list[Person]) -> None:
    ana = people[0]
    asks(chat, choices="Import\nSharing")
    ana.presses("Import", on="What first?", room=ana.room())

    def sheet(db: Db) -> Sheet:
        return rows(db, db.exec(select(Cohort)).one())

    found = chat.store.read(sheet)
    assert [(row[0], *row[3:]) for row in found.rows] == [("What first?", "Import", 1), ("What first?", "Sharing", 0)]
    assert "Ana" not in str(found)


def test_two_polls_at_a_time_stay_apart(chat: World, people: list[Person]) -> None:
    ana = people[0]
    asks(chat, "What first?", "Import\nSharing")
    asks(chat, "And when?", "Now\nLater")
    ana.presses("Import", on="What first?", room=ana.room())
    ana.presses("Later", on="And when?", room=ana.room())
    assert "Import · 1" in drawn(ana) and "Later · 1" in drawn(ana, "And when?")
    ana.says("/cohort vote now")
    assert "Now · 1" in drawn(ana, "And when?"), "typed votes go to the newest"


def test_hostile_words_stay_words(chat: World, people: list[Person]) -> None:
    asks(chat, "<!channel> *now*? {{ 7 * 7 }}", "@everyone\n**bold** <@U1>")
    shown = drawn(people[0], "<!channel> *now*? {{ 7 * 7 }}")
    assert "1. @everyone · 0\n2. **bold** <@U1> · 0" in shown
