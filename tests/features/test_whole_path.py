"""One cohort from the first application to the export, as its three people live it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

from tests.support.chat import Person, World
from tests.support.stories import accepted, answer, applied, opened, running


def test_a_cohort_lives_from_application_to_graduation(chat: World) -> None:
    people = running(chat, 8)
    ana = people[0]
    room = ana.room()
    assert ana.sees("Value Accelerator", room)

    for n in range(6):
        first = n == 0
        meeting = chat.clock.now()
        starts = datetime(2027, 1, 11, 15, 0, tzinfo=UTC).timestamp() + n * 7 * 86400
        start = datetime.fromtimestamp(starts, UTC)
        assert meeting < start
        chat.until(start)
        for person in people:
            person.presses("I'm here", room=room)
        chat.passes(minutes=1)
        chat.fay.says("/session start")
        chat.passes(minutes=58)
        chat.fay.says("/session end")
        for person in people:
            answer(person.presses("Answer"))
        chat.passes(minutes=80)
        assert first or ana.sees("next", room) or n == 5
        for person in people:
            person.says("/submit https://build.example.com/one what I learned")
    chat.passes(days=1)
    assert ana.sees("graduat"), ana.last
    assert ana.sees("Ben", room)
    chat.passes(days=2)
    for person in people:
        answer(person.presses("Answer", on="Value Accelerator"))

    for what in ("applications", "attendance", "homework", "nps", "graduates"):
        rows = exported(chat, what)
        assert len(rows) >= 8, what
    assert {row["score"] for row in exported(chat, "nps")} == {"9"}
    assert {row["name"] for row in exported(chat, "graduates")} == {person.id.capitalize() for person in people}


def exported(chat: World, what: str, format: str = "csv") -> list[dict[str, str]]:
    chat.olu.says(f"/program export {what} {format}")
    message = next(one for one in reversed(chat.olu.client.seen()) if one.file is not None)
    assert message.file is not None
    content = chat.chat.file(message.file).content
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_an_application_closed_half_way_keeps_what_was_typed(chat: World) -> None:
    opened(chat)
    chat.ana.says("/apply")
    first = chat.ana.form["fields"][0]["key"]  # type: ignore[index]
    chat.ana.closes(**{first: "A weekly report that writes itself"})
    chat.ana.says("/apply")
    assert chat.ana.form["fields"][0]["value"] == "A weekly report that writes itself"  # type: ignore[index]


def test_a_missing_answer_is_said_beside_its_field_and_nothing_is_lost(chat: World) -> None:
    opened(chat)
    chat.ana.says("/apply")
    fields = chat.ana.form["fields"]
    first = fields[0]["key"]  # type: ignore[index]
    chat.ana.fills(**{first: ""})
    assert first in chat.ana.errors


def test_a_declined_applicant_hears_a_kind_alternative(chat: World) -> None:
    fay = opened(chat)
    (ana,) = applied(chat, 1)
    fay.says("/program applications").presses("Decline", on="Ana").presses("Send 1 decision")
    assert "Ana" not in ana.last
    assert ana.sees("Value Accelerator")
    assert not ana.sees("You're in")


def test_nobody_hears_a_decision_before_it_is_sent(chat: World) -> None:
    fay = opened(chat)
    (ana,) = applied(chat, 1)
    before = ana.texts()
    fay.says("/program applications").presses("Accept", on="Ana")
    assert ana.texts() == before


def test_the_cohort_never_grows_beyond_its_size(chat: World) -> None:
    fay = opened(chat)
    people = [chat.person(f"p{n}") for n in range(16)]
    for person in people:
        answer(person.says("/apply"))
        fay.says(f"/program decide @{person.id} accept")
    fay.presses("Send 16 decisions")
    assert "15" in fay.last
    assert not any(person.sees("You are in") for person in people)


def test_whoever_leaves_makes_room_for_the_first_on_the_waitlist(chat: World) -> None:
    people = accepted(chat, 8)
    waiting = chat.person("wim", "Wim")
    answer(waiting.says("/apply"))
    chat.fay.says("/program decide @wim waitlist").presses("Send 1 decision")
    assert not waiting.client.chat.rooms_of("wim")[1:]
    people[0].says("/cohort leave").presses("Yes, leave")
    assert waiting.room() == people[1].room()


def test_a_session_is_moved_after_everyone_s_own_time_was_echoed(chat: World) -> None:
    people = running(chat)
    chat.fay.says("/session move 1 2027-01-12 17:00")
    echo = chat.fay.last
    assert "New York" in echo and "11:00" in echo and "17:00" in echo
    ana: Person = people[0]
    before = len(ana.texts(ana.room()))
    chat.fay.presses("Only this one")
    assert len(ana.texts(ana.room())) == before + 1
    assert "17:00" in ana.texts(ana.room())[-1]


def test_thanks_reach_the_one_who_is_thanked(chat: World) -> None:
    people = running(chat)
    people[0].says("/cohort kudos @ben for the question nobody dared to ask")
    assert "for the question nobody dared to ask" in people[1].last
    people[1].says("/cohort")
    assert people[1].sees("thank") or people[1].sees("Kudos")


def test_facilitators_hear_of_new_applications_once_a_day_and_of_none_never(chat: World) -> None:
    opened(chat)
    applied(chat, 3)
    chat.passes(days=3)
    told = [text for text in chat.fay.texts() if "new application" in text]
    assert len(told) == 1
    assert told[0].startswith("3 new applications for Value Accelerator")


def test_a_command_s_form_that_is_put_away_does_nothing(chat: World) -> None:
    people = running(chat)
    people[0].says("/cohort kudos")
    before = len(people[0].texts())
    people[0].closes(person="@ben", words="for nothing, as it turns out")
    assert people[0].client.open_form is None
    assert len(people[0].texts()) == before
    assert not people[1].sees("for nothing, as it turns out")


def test_plain_words_do_what_the_buttons_do(chat: World) -> None:
    people = running(chat)
    people[0].says("I can't come this time")
    people[0].says("/cohort")
    assert "You said you can't make it" in people[0].last
    people[1].says("I want to leave")
    assert people[1].presses("Yes, leave").sees("Value Accelerator")


def test_an_answer_is_promised_before_the_first_session(chat: World) -> None:
    chat.until(datetime(2027, 1, 9, 9, 0, tzinfo=UTC))
    opened(chat, starts="2027-01-12")
    (ana,) = applied(chat, 1)
    assert ana.sees("Tuesday 12 January, 16:00")
