"""What can be done without typing a command: buttons that do what commands do, shortcuts on messages, the bot's page.
And the news that a platform brings by itself.
"""

from __future__ import annotations

import itertools

import pytest
from sqlmodel import select

from bot.ask import COMMAND, DO
from bot.message import plain
from bot.platforms.base import (
    Changed,
    Deed,
    Inbound,
    Invited,
    Kind,
    Outcome,
    Parcel,
    Picked,
    Pressed,
    Profile,
    Receipt,
    SendError,
    Visited,
)
from bot.platforms.local.client import _Scene
from bot.platforms.local.send import LocalPlatform
from cohorts import people
from cohorts.cohort import Cohort
from cohorts.people import Person as PersonRow
from cohorts.rooms import Room
from cohorts.store import Db
from tests.support.chat import Person, World
from tests.support.stories import accepted, applied, opened, running

_ids = itertools.count(1)


def ask(chat: World, person: Person, deed: Deed, *, room: str | None = None, profile: Profile | None = None) -> Outcome:
    inbound = Inbound(f"test-{next(_ids)}", "local", person.id, profile or Profile(person.id.title()), deed, room)
    outcome = chat.run(chat.app.doors["local"](inbound))
    chat.settle()
    assert outcome is not None
    return outcome


def words(outcome: Outcome) -> str:
    assert outcome.message is not None
    title = plain(outcome.message.title)
    return "\n".join([title, *(plain(card.blocks[0].inlines) for card in outcome.message.cards)])  # type: ignore[union-attr]


def buttons(outcome: Outcome) -> list[str]:
    assert outcome.message is not None
    of_cards = [button for card in outcome.message.cards for button in card.buttons]
    return [button.label for button in (*of_cards, *outcome.message.buttons)]


# By button.


def test_a_guest_who_cannot_type_commands_finds_every_one_of_a_member_as_a_button(chat: World) -> None:
    ana = running(chat, 3)[0]
    ana.says("help")
    known = chat.app.registry.commands
    everyones = {name for name, one in known.items() if one.role is not None and one.role.value in ("anyone", "member")}
    drawn = {button["label"] for button in ana.client.inbox[-1].payload["buttons"]}
    assert drawn == everyones - {"cohort help"}


def test_a_button_that_does_a_command_asks_for_what_the_command_needs(chat: World) -> None:
    ana, ben = running(chat, 3)[:2]
    ana.says("help").presses("cohort kudos")
    assert [field["key"] for field in ana.form["fields"]] == ["person", "words"]  # type: ignore[attr-defined]
    ana.fills(person="Ben", words="for the honest question")
    assert ben.sees("for the honest question")


def test_a_button_does_no_command_for_whom_it_is_not_meant(chat: World) -> None:
    ana = running(chat, 3)[0]
    outcome = ask(chat, ana, Pressed(DO, {COMMAND: "program launch"}))
    assert outcome.template == "people/another-door"
    assert ask(chat, ana, Pressed(DO, {COMMAND: "no such"})).template == "commands/gone"


# The bot's own page.


def test_the_page_shows_a_stranger_what_one_can_apply_to_with_a_button(chat: World) -> None:
    opened(chat)
    outcome = ask(chat, chat.person("zoe"), Visited())
    assert outcome.template == "program/list"
    assert "Apply to Value Accelerator" in buttons(outcome)


def test_the_page_shows_a_member_their_cohort(chat: World) -> None:
    ana = running(chat, 3)[0]
    outcome = ask(chat, ana, Visited())
    assert outcome.template == "cohort/home"
    assert "What else can I do?" in buttons(outcome)


def test_the_page_shows_a_facilitator_the_desk(chat: World) -> None:
    opened(chat)
    applied(chat, 2)
    outcome = ask(chat, chat.fay, Visited())
    assert "You lead Value Accelerator" in words(outcome)
    assert "Read the applications" in buttons(outcome)


def test_the_page_shows_each_of_several_cohorts_on_a_card_of_its_own(chat: World) -> None:
    fay = opened(chat)
    opened(
        chat,
        "first-steps" if "first-steps" in chat.app.doors["local"]._catalogue else "value-accelerator",
        "2027-03-01",
    )
    outcome = ask(chat, fay, Visited())
    assert outcome.template == "cohort/page"
    assert words(outcome).count("You lead") == 2


# Shortcuts on messages.


def test_a_message_from_anywhere_is_shared_with_the_cohort_after_one_has_seen_it(chat: World) -> None:
    ana, ben = running(chat, 3)[:2]
    ana.client._takes(
        ask(chat, ana, Picked("sharing/share", "Read this <!channel>", "https://example.org/a")), _scene(ana)
    )
    assert {field["key"]: field["value"] for field in ana.form["fields"]}["link"] == "https://example.org/a"  # type: ignore[attr-defined]
    assert not ben.sees("Read this", ben.room())
    answer_as_shown(ana)
    assert ben.sees("Read this <!channel>", ben.room())
    assert ben.sees("https://example.org/a", ben.room())


def test_a_message_is_handed_in_as_homework(chat: World) -> None:
    ana = running(chat, 3)[0]
    chat.until(chat.clock.now().replace(year=2027, month=1, day=12))
    picked = Picked("homework/from-message", "I asked two people.", "https://example.org/notes")
    ana.client._takes(ask(chat, ana, picked), _scene(ana))
    answer_as_shown(ana)
    assert "handed in" in ana.last.lower() or "thank" in ana.last.lower(), ana.last


def test_who_takes_part_nowhere_hears_how_to_begin(chat: World) -> None:
    opened(chat)
    outcome = ask(chat, chat.person("zoe"), Picked("sharing/share", "x", ""))
    assert outcome.template == "people/no-cohort-yet"


def test_every_shortcut_has_a_label_that_every_platform_can_show(chat: World) -> None:
    shortcuts = chat.app.doors["local"].shortcuts()
    assert {one.label for one in shortcuts} >= {"Share with my cohort", "Submit as homework"}
    assert all(0 < len(one.label) <= 24 for one in shortcuts)


def answer_as_shown(person: Person) -> None:
    """Sends the form as it stands."""
    person.fills(**{field["key"]: field["value"] for field in person.form["fields"]})  # type: ignore[attr-defined]
    assert not person.errors


def _scene(person: Person) -> _Scene:
    return _Scene(person.client.chat.dm(person.id).id)


# What stays at hand.


def test_the_welcome_is_pinned_and_leads_to_my_cohort(chat: World) -> None:
    ana = running(chat, 3)[0]
    pinned = [one for one in ana.client.seen(ana.room()) if one.pinned]
    assert len(pinned) == 1
    ana.presses("Show my home", room=ana.room())
    assert ana.sees("Your way to graduating", ana.room())


def test_materials_stay_with_the_room_once_each(chat: World) -> None:
    ana = running(chat, 3)[0]
    chat.passes(days=60)
    links = chat.chat.room(ana.room()).links
    with_materials = [
        material.url
        for session in chat.app.doors["local"]._catalogue["value-accelerator"].program.sessions
        for material in session.materials
    ]
    assert [url for _, url in links] == with_materials
    assert len(set(links)) == len(links)


def test_what_was_most_valuable_stands_in_the_thread_of_the_recap(chat: World) -> None:
    ana, ben = running(chat, 3)[:2]
    room = ana.room()
    chat.until(chat.clock.now().replace(year=2027, month=1, day=11, hour=15))
    for person in (ana, ben):
        person.presses("I'm here", room=room)
    chat.passes(minutes=1)
    chat.fay.says("/session start")
    chat.passes(minutes=58)
    chat.fay.says("/session end")
    ana.presses("Answer")
    ana.fills(words="The silence after the question", share=True)
    chat.passes(hours=5)
    seen = ana.client.seen(room)
    said = next(one for one in seen if "The silence" in str(one.payload))
    recap = next(one for one in seen if "Recap" in str(one.payload["title"]))
    assert said.under == recap.id


# News of the platform's own.


def test_a_new_name_and_zone_are_written_down_for_those_who_are_known(chat: World) -> None:
    ana = applied_one(chat)
    ask(chat, ana, Changed(), profile=Profile("Ana Lovelace", "America/New_York", "ana@example.org"))
    found = chat.store.read(lambda db: person_named(db, "Ana Lovelace"))
    assert found is not None
    assert (found.zone, found.email) == ("America/New_York", "ana@example.org")


def test_strangers_stay_strangers_whatever_they_change(chat: World) -> None:
    opened(chat)
    ask(chat, chat.person("zoe"), Changed(), profile=Profile("Zoe Other"))
    assert chat.store.read(lambda db: person_named(db, "Zoe Other")) is None


def test_a_platform_that_cannot_say_a_name_takes_none_away(chat: World) -> None:
    ana = applied_one(chat)
    before = chat.store.read(lambda db: db.exec(select(PersonRow.name)).all())
    ask(chat, ana, Visited(), profile=Profile(""))
    assert chat.store.read(lambda db: db.exec(select(PersonRow.name)).all()) == before


def applied_one(chat: World) -> Person:
    opened(chat)
    return applied(chat, 1)[0]


def person_named(db: Db, name: str) -> PersonRow | None:
    return db.exec(select(PersonRow).where(PersonRow.name == name)).one_or_none()


def test_an_owner_may_be_named_with_the_workspace(chat: World) -> None:
    def named(db: Db) -> list[bool]:
        place = people.workspace(db, "local", "T1")
        return [people.is_named_owner(owners, place, "U1", None) for owners in (["T1/U1"], ["U1"], ["T2/U1"], [])]

    assert chat.store.write(named) == [True, True, False, False]


# Rooms that the bot may not make.


class WithoutRooms(LocalPlatform):
    """A chat in which only people make rooms."""

    async def send(self, parcel: Parcel) -> Receipt:
        if parcel.kind is Kind.ROOM:
            raise SendError("room-by-hand", permanent=True, detail=parcel.name)
        return await super().send(parcel)


@pytest.fixture
def by_hand(chat: World) -> World:
    platform = WithoutRooms(chat.chat, chat.clock.now)
    chat.app.platforms["local"] = platform
    chat.app.delivery._platforms = chat.app.platforms
    return chat


def test_the_facilitator_hears_which_room_to_make_and_from_then_on_everything_goes_there(by_hand: World) -> None:
    accepted(by_hand, 3)
    name = the_room(by_hand).name
    assert by_hand.fay.sees(f"Make a private one called {name}"), by_hand.fay.texts()
    made = by_hand.chat.create_room(name)
    ask(by_hand, by_hand.fay, Invited(name), room=made)
    assert the_room(by_hand).external == made
    members = by_hand.chat.room(made).members
    assert {"ana", "ben", "chi", "fay"} <= set(members)
    by_hand.fay.says("/program launch").presses("Yes, start")
    assert by_hand.ana.sees("Value Accelerator begins", made)


def test_a_room_of_another_name_changes_nothing(by_hand: World) -> None:
    accepted(by_hand, 3)
    made = by_hand.chat.create_room("somewhere-else")
    ask(by_hand, by_hand.fay, Invited("somewhere-else"), room=made)
    assert the_room(by_hand).external is None


def test_a_room_that_a_stranger_made_is_used_only_when_the_facilitator_says_so(by_hand: World) -> None:
    accepted(by_hand, 3)
    name = the_room(by_hand).name
    mallory = by_hand.person("mallory")
    trap = by_hand.chat.create_room(name)
    for _ in range(2):
        ask(by_hand, mallory, Invited(name), room=trap)
    assert the_room(by_hand).external is None
    assert len([text for text in by_hand.fay.texts() if "Is this the room for" in text]) == 1
    assert not mallory.sees("Is this the room for")
    by_hand.fay.presses("Yes, use this room")
    assert the_room(by_hand).external == trap
    assert {"ana", "ben", "chi", "fay"} <= set(by_hand.chat.room(trap).members)


def test_the_room_of_a_stranger_comes_too_late_when_the_facilitator_has_made_one(by_hand: World) -> None:
    accepted(by_hand, 3)
    name = the_room(by_hand).name
    trap = by_hand.chat.create_room(name)
    ask(by_hand, by_hand.person("mallory"), Invited(name), room=trap)
    made = by_hand.chat.create_room("another")
    ask(by_hand, by_hand.fay, Invited(name), room=made)
    by_hand.fay.presses("Yes, use this room")
    assert by_hand.fay.sees("has a room already")
    assert the_room(by_hand).external == made


def test_after_the_mend_one_press_sends_again_what_failed_and_what_waited_for_it(chat: World) -> None:
    platform = chat.app.platforms["local"]
    chat.app.delivery._platforms = {"local": WithoutRooms(chat.chat, chat.clock.now)}
    accepted(chat, 3)
    assert the_room(chat).external is None
    chat.app.delivery._platforms = {"local": platform}
    chat.fay.presses("Try again")
    made = the_room(chat).external
    assert made is not None
    assert {"ana", "ben", "chi", "fay"} <= set(chat.chat.room(made).members)
    assert chat.fay.sees("I'm trying again")


def the_room(chat: World) -> Room:
    def found(db: Db) -> Room:
        return db.exec(select(Room).join(Cohort, Cohort.room_id == Room.id)).one()  # type: ignore[arg-type]

    return chat.store.read(found)
