"""Kudos in the menu of a message: one thanks whoever wrote it, and is asked only what for."""

from __future__ import annotations

import itertools

import pytest

from bot.platforms.base import Filled, Inbound, Outcome, Picked, Profile
from bot.platforms.local.client import _Scene
from bot.platforms.local.draw import text_of
from cohorts import people
from tests.support.chat import Person, World
from tests.support.stories import answer, opened, running

KUDOS = "kudos/from-message"
_ids = itertools.count(1)


def wrote(author: Person, words: str, room: str) -> int:
    """A message of somebody's in a room; its id."""
    author.says(words, room)
    return next(one.id for one in reversed(author.client.seen(room)) if one.author == author.id)


def picks(person: Person, message: int) -> Outcome:
    outcome = person.world.run(person.client.picks(KUDOS, message))
    person.world.settle()
    assert outcome is not None
    return outcome


def from_elsewhere(chat: World, person: Person, author: str | None, link: str = "", room: str | None = None) -> Outcome:
    """As the other platforms bring it: with a link, and from rooms that aren't ours."""
    profile = Profile(person.id.capitalize())
    by = {author: Profile(author.capitalize())} if author else {}
    deed = Picked(KUDOS, "I asked five people", link, author)
    outcome = chat.run(
        chat.app.doors["local"](Inbound(f"picked-{next(_ids)}", "local", person.id, profile, deed, room, "", by))
    )
    chat.settle()
    assert outcome is not None
    return outcome


def keys(person: Person) -> list[str]:
    return [field["key"] for field in person.form["fields"]]  # type: ignore[attr-defined]


def known(chat: World, account: str) -> bool:
    def found(db: object) -> bool:
        place = people.workspace_known(db, "local", "local")  # type: ignore[arg-type]
        assert place is not None
        return people.known(db, place, account) is not None  # type: ignore[arg-type]

    return chat.store.read(found)


def test_for_a_message_one_is_asked_only_what_for_and_its_author_is_thanked(chat: World) -> None:
    ana, ben, chi = running(chat, 3)
    picks(ana, wrote(ben, "I asked five people before I built it", ben.room()))
    assert (ana.form["title"], keys(ana)) == ("Thank Ben", ["words"])
    ana.fills(words="for asking first")
    assert ben.sees("Ana thanks you")
    assert ben.sees("for asking first")
    assert ana.sees("Ben has your words now", ana.room())
    assert not chi.sees("for asking first")
    assert not chi.sees("Ben has your words now", chi.room())


def test_it_counts_like_any_other_thanks(chat: World) -> None:
    ana, ben = running(chat, 3)[:2]
    picks(ana, wrote(ben, "I asked five people", ben.room()))
    ana.fills(words="for asking first")
    assert "1 person has thanked you" in ben.says("/cohort").last


def test_whoever_is_thanked_finds_the_message_by_its_link(chat: World) -> None:
    ana, ben = running(chat, 3)[:2]
    opens_form(ana, from_elsewhere(chat, ana, "ben", "https://chat.test/rooms/7/message/8"))
    ana.fills(words="for asking first")
    assert "https://chat.test/rooms/7/message/8" in str(ben.client.inbox[-1].payload)
    assert ben.sees("What it is about")


@pytest.mark.parametrize("link", ["", "javascript:alert(1)", "https://chat.test/" + "x" * 600])
def test_without_a_link_that_leads_somewhere_there_are_only_the_words(chat: World, link: str) -> None:
    ana, ben = running(chat, 3)[:2]
    opens_form(ana, from_elsewhere(chat, ana, "ben", link))
    ana.fills(words="for asking first")
    assert ben.last.rstrip().endswith("for asking first"), ben.last


def test_who_wrote_it_may_be_unknown_and_then_a_name_helps(chat: World) -> None:
    ana = running(chat, 3)[0]
    assert from_elsewhere(chat, ana, None).template == "kudos/whose"


def test_a_message_of_the_bot_is_nobodys(chat: World) -> None:
    ana = running(chat, 3)[0]
    announced = next(one for one in ana.client.seen(ana.room()) if one.author == "bot")
    picks(ana, announced.id)
    assert ana.sees("Whose message is that?", ana.room())
    assert ana.sees("/cohort kudos @name what for", ana.room())


def test_ones_own_message_is_for_somebody_else_to_thank_for(chat: World) -> None:
    ana = running(chat, 3)[0]
    assert picks(ana, wrote(ana, "I asked five people", ana.room())).template == "kudos/to-yourself"


def test_whoever_is_not_in_the_cohort_is_not_thanked_through_it(chat: World) -> None:
    ana = running(chat, 3)[0]
    outcome = from_elsewhere(chat, ana, "zoe")
    assert outcome.template == "kudos/not-in-cohort"
    assert outcome.form is None


def test_whoever_takes_part_nowhere_hears_how_to_begin(chat: World) -> None:
    running(chat, 3)
    assert from_elsewhere(chat, chat.person("zoe"), "ana").template == "people/no-cohort-yet"


def test_nobody_is_written_down_because_their_message_was_shared(chat: World) -> None:
    ana = running(chat, 3)[0]
    deed = Picked("sharing/share", "Read this", "", "zoe")
    inbound = Inbound("shared", "local", ana.id, Profile("Ana"), deed, None, "", {"zoe": Profile("Zoe")})
    outcome = chat.run(chat.app.doors["local"](inbound))
    assert outcome is not None
    assert outcome.form is not None
    assert not known(chat, "zoe")


def test_words_that_say_nothing_or_too_much_are_remarked_on_beside_the_field(chat: World) -> None:
    ana, ben = running(chat, 3)[:2]
    picks(ana, wrote(ben, "I asked five people", ben.room()))
    ana.fills(words="   ")
    assert ana.errors == {"words": "Please fill this in."}
    ana.fills(words="x" * 501)
    assert "500 fit" in ana.errors["words"]
    ana.fills(words="for asking first")
    assert ben.sees("for asking first")


# Several cohorts.


def in_two(chat: World) -> tuple[Person, Person, Person]:
    """Ana and Ben are in two cohorts together, Chi is in the first alone."""
    ana, ben, chi = running(chat, 3)
    opened(chat, starts="2027-03-01")
    for person in (ana, ben):
        answer(person.says("/apply"))
    for person in (ana, ben):
        chat.fay.says(f"/program decide @{person.id} accept").fills(cohort="2")
    chat.fay.presses("Send 2 decisions")
    assert len([one for one in chat.chat.rooms_of("ana") if one.dm_of is None]) == 2
    return ana, ben, chi


def test_with_several_in_common_one_also_says_in_which(chat: World) -> None:
    ana, ben, _ = in_two(chat)
    opens_form(ana, from_elsewhere(chat, ana, "ben"))
    assert keys(ana) == ["words", "cohort"]
    ana.fills(words="for asking first", cohort="9999")
    assert not ben.sees("for asking first")
    opens_form(ana, from_elsewhere(chat, ana, "ben"))
    cohort = ana.form["fields"][1]["value"]  # type: ignore[index]
    ana.fills(words="for asking first", cohort=cohort)
    assert ben.sees("for asking first")


def test_with_one_in_common_or_in_its_room_nothing_more_is_asked(chat: World) -> None:
    ana, ben, _ = in_two(chat)
    opens_form(ana, from_elsewhere(chat, ana, "chi"))
    assert keys(ana) == ["words"]
    ana.client.chat.close_form("ana")
    room = next(one.id for one in chat.chat.rooms_of("chi") if one.dm_of is None)
    picks(ana, wrote(ben, "I asked five people", room))
    assert keys(ana) == ["words"]


def test_with_none_in_common_the_sentence_names_no_cohort_of_several(chat: World) -> None:
    ana, *_ = in_two(chat)
    ana.client._takes(from_elsewhere(chat, ana, "zoe"), scene(ana))
    assert "is not in any of your cohorts" in text_of(ana.client.inbox[-1].payload, "UTC")


def test_a_forged_form_thanks_nobody_outside_of_the_cohort(chat: World) -> None:
    _, ben, chi = in_two(chat)
    opens_form(ben, from_elsewhere(chat, ben, "ana"))
    in_the_second = int(ben.form["fields"][1]["choices"][1]["value"])  # type: ignore[index]
    for membership_id in (9999, 0, in_the_second):
        filled = Filled("kudos/thank", {"words": "hello"}, {"membership_id": membership_id, "link": ""})
        outcome = chat.run(
            chat.app.doors["local"](Inbound(f"forged-{next(_ids)}", "local", chi.id, Profile("Chi"), filled))
        )
        chat.settle()
        assert outcome is not None
        assert outcome.template in ("kudos/whose", "cohort/none-of-yours")


def opens_form(person: Person, outcome: Outcome) -> None:
    assert outcome.form is not None, outcome
    person.client._takes(outcome, scene(person))


def scene(person: Person) -> _Scene:
    return _Scene(person.client.chat.dm(person.id).id)
