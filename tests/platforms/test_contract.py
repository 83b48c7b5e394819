"""The port's promises (`bot/platforms/base.py`), kept by every adapter: what delivery and dispatch may rely on,
whichever chat system is behind it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest

from bot.message import (
    Answer,
    Block,
    Button,
    ButtonStyle,
    Card,
    Choice,
    Field,
    FieldKind,
    File,
    Form,
    Heading,
    Link,
    Listing,
    Message,
    Paragraph,
    Quote,
    Scalar,
    Text,
)
from bot.platforms.base import (
    Changed,
    Filled,
    Kind,
    Outcome,
    Parcel,
    Picked,
    Pressed,
    Receipt,
    SendError,
    Typed,
    Visited,
    Wrote,
)
from tests.platforms.contract import SHORTCUT, Adapter, Human, ScriptedDoor, Seen, until
from tests.platforms.contract_discord import DiscordAdapter
from tests.platforms.contract_local import LocalAdapter
from tests.platforms.contract_slack import SlackAdapter

ADAPTERS: tuple[type[Adapter], ...] = (LocalAdapter, SlackAdapter, DiscordAdapter)


def named(cls: type[Adapter]) -> str:
    return cls.__name__.removesuffix("Adapter").casefold()


def where(condition: Callable[[type[Adapter]], bool]) -> pytest.MarkDecorator:
    """Only on the chat systems that have such a thing at all."""
    return pytest.mark.parametrize("adapter", [one for one in ADAPTERS if condition(one)], ids=named, indirect=True)


@pytest.fixture(params=ADAPTERS, ids=named)
async def adapter(request: pytest.FixtureRequest) -> AsyncIterator[Adapter]:
    made: Adapter = request.param()
    async with made:
        yield made
        assert made.complaints() == []


@pytest.fixture
def ana(adapter: Adapter) -> Human:
    return adapter.person("Ana", "America/Sao_Paulo")


@pytest.fixture
def ben(adapter: Adapter) -> Human:
    return adapter.person("Ben")


@pytest.fixture
def room(adapter: Adapter, ana: Human) -> str:
    return adapter.room("cohort-one", ana)


def words(text: str, *buttons: Button) -> Message:
    return Message(blocks=(Paragraph((Text(text),)),), buttons=buttons)


def parcel(adapter: Adapter, kind: Kind = Kind.POST, key: str = "greeting/1", **more: object) -> Parcel:
    message = words("See you at four.") if kind in (Kind.POST, Kind.EDIT) else None
    return replace(Parcel(key=key, kind=kind, workspace=adapter.workspace, message=message), **more)  # type: ignore[arg-type]


def tried(sent: Parcel, at: datetime) -> Parcel:
    return replace(sent, attempted_at=at)


async def refused(adapter: Adapter, sent: Parcel) -> SendError:
    with pytest.raises(SendError) as no:
        await adapter.platform.send(sent)
    return no.value


def texts(seen: list[Seen]) -> str:
    return "\n".join(one.text for one in seen)


# Messages to rooms and people.


async def test_a_message_to_a_room_is_seen_by_who_is_in_it(adapter: Adapter, ana: Human, ben: Human, room: str) -> None:
    receipt = await adapter.platform.send(parcel(adapter, room=room))
    (message,) = ana.seen(room)
    assert (message.id, message.text.strip()) == (receipt.id, "See you at four.")
    assert ben.seen(room) == ana.seen() == ben.seen() == []


async def test_a_message_to_a_person_is_seen_by_nobody_else(
    adapter: Adapter, ana: Human, ben: Human, room: str
) -> None:
    receipt = await adapter.platform.send(parcel(adapter, account=ana.account))
    (message,) = ana.seen()
    assert message.id == receipt.id
    assert ana.seen(room) == ben.seen() == []


TARGETS = ["room", "person", "thread"]


async def addressed(adapter: Adapter, to: str, ana: Human, room: str) -> Parcel:
    """A parcel to a room, to a person, or beneath a message of the room."""
    if to == "person":
        return parcel(adapter, account=ana.account)
    if to == "room":
        return parcel(adapter, room=room)
    first = await adapter.platform.send(parcel(adapter, key="first", room=room))
    return parcel(adapter, room=room, thread=first.id)


@pytest.mark.parametrize("to", TARGETS)
async def test_a_message_is_found_once_it_is_there_and_not_before(
    adapter: Adapter, ana: Human, room: str, to: str
) -> None:
    sent = tried(await addressed(adapter, to, ana, room), adapter.clock.now())
    assert await adapter.platform.find(sent) is None
    receipt = await adapter.platform.send(sent)
    assert await adapter.platform.find(sent) == receipt


@pytest.mark.parametrize("to", TARGETS)
async def test_after_a_restart_it_is_found_by_its_key_alone(adapter: Adapter, ana: Human, room: str, to: str) -> None:
    sent = tried(await addressed(adapter, to, ana, room), adapter.clock.now())
    receipt = await adapter.platform.send(sent)
    await adapter.restarts()
    assert await adapter.platform.find(sent) == receipt


@pytest.mark.parametrize("to", TARGETS)
async def test_the_same_words_under_another_key_are_another_message(
    adapter: Adapter, ana: Human, room: str, to: str
) -> None:
    one = tried(await addressed(adapter, to, ana, room), adapter.clock.now())
    others = [replace(one, key=key) for key in ("greeting/10", "greeting/1/", "greeting", "Greeting/1")]
    receipts = [await adapter.platform.send(other) for other in others]
    assert await adapter.platform.find(one) is None
    receipts.append(await adapter.platform.send(one))
    assert [await adapter.platform.find(each) for each in (*others, one)] == receipts
    assert len({receipt.id for receipt in receipts}) == 5


@pytest.mark.parametrize("to", ["room", "person"])
async def test_it_is_found_behind_hundreds_of_other_messages(adapter: Adapter, ana: Human, room: str, to: str) -> None:
    sent = tried(await addressed(adapter, to, ana, room), adapter.clock.now())
    place: str | Human = room if to == "room" else ana
    adapter.crowd(200, place, by=ana)
    receipt = await adapter.platform.send(sent)
    adapter.crowd(450, place, by=ana)
    await adapter.restarts()
    assert await adapter.platform.find(sent) == receipt
    assert await adapter.platform.find(replace(sent, key="greeting/2")) is None


async def test_it_is_found_although_the_platforms_clock_is_fifty_seconds_behind(
    adapter: Adapter, ana: Human, room: str
) -> None:
    sent = parcel(adapter, room=room)
    receipt = await adapter.platform.send(sent)
    assert await adapter.platform.find(tried(sent, adapter.clock.now() + timedelta(seconds=50))) == receipt


@where(lambda cls: cls.reads_history)
async def test_what_is_older_than_the_first_attempt_is_none_of_its_doing(
    adapter: Adapter, ana: Human, room: str
) -> None:
    """A database that was begun anew uses old keys again."""
    old = await adapter.platform.send(parcel(adapter, room=room))
    adapter.passes(minutes=10)
    again = tried(parcel(adapter, room=room), adapter.clock.now())
    assert await adapter.platform.find(again) is None
    new = await adapter.platform.send(again)
    assert await adapter.platform.find(again) == new != old


async def test_a_pinned_message_stays_on_top_and_is_found_as_any(adapter: Adapter, ana: Human, room: str) -> None:
    sent = tried(parcel(adapter, room=room, pin=True), adapter.clock.now())
    receipt = await adapter.platform.send(sent)
    await adapter.platform.send(parcel(adapter, key="another", room=room))
    assert [one.pinned for one in ana.seen(room)] == [True, False]
    assert await adapter.platform.find(sent) == receipt
    assert [one.pinned for one in ana.seen(room)] == [True, False]


async def test_an_answer_stands_beneath_what_it_answers(adapter: Adapter, ana: Human, room: str) -> None:
    first = await adapter.platform.send(parcel(adapter, room=room))
    answer = await adapter.platform.send(
        parcel(adapter, key="recap", room=room, thread=first.id, message=words("What you said."))
    )
    one, other = ana.seen(room)
    assert (one.id, one.beneath) == (first.id, None)
    assert (other.id, other.beneath) == (answer.id, first.id)


# Changing a message.


async def test_a_message_is_changed_where_it_stands(adapter: Adapter, ana: Human, room: str) -> None:
    door = ScriptedDoor()
    await adapter.listens(door)
    vote = Button("poll/vote", "Yes", {"poll": 1})
    receipt = await adapter.platform.send(parcel(adapter, room=room, message=words("Will you come?", vote)))
    await adapter.platform.send(parcel(adapter, key="after", room=room))
    undo = Button("poll/undo", "Take it back", {"poll": 1})
    edit = parcel(adapter, Kind.EDIT, "change", target=receipt.id, message=words("You will come.", undo))
    assert await adapter.platform.send(edit) == receipt
    changed, after = ana.seen(room)
    assert (changed.id, changed.text.strip(), changed.buttons) == (receipt.id, "You will come.", ("Take it back",))
    assert after.text.strip() == "See you at four."
    await ana.presses("Take it back")
    assert [deed.action for deed in door.deeds if isinstance(deed, Pressed)] == ["poll/undo"]


async def test_a_change_that_is_made_twice_is_made_once(adapter: Adapter, ana: Human, room: str) -> None:
    receipt = await adapter.platform.send(parcel(adapter, account=ana.account))
    edit = parcel(adapter, Kind.EDIT, "change", target=receipt.id, message=words("At five, then."))
    await adapter.platform.send(edit)
    before = ana.seen()
    await adapter.restarts()
    assert await adapter.platform.send(edit) == receipt
    assert ana.seen() == before
    assert len(before) == 1


async def test_a_change_may_take_all_buttons_away(adapter: Adapter, ana: Human, room: str) -> None:
    asked = words("Will you come?", Button("poll/vote", "Yes"))
    receipt = await adapter.platform.send(parcel(adapter, room=room, message=asked))
    await adapter.platform.send(parcel(adapter, Kind.EDIT, "over", target=receipt.id, message=words("Too late.")))
    (message,) = ana.seen(room)
    assert (message.text.strip(), message.buttons) == ("Too late.", ())


@pytest.mark.parametrize("target", ["gone", "nothing", "malformed"])
async def test_what_is_not_there_cannot_be_changed_and_never_will_be(
    adapter: Adapter, ana: Human, room: str, target: str
) -> None:
    receipt = await adapter.platform.send(parcel(adapter, room=room))
    known = {"gone": re.sub(r"\d(?=\d*$)", "9", receipt.id) + "9", "nothing": "", "malformed": "what?"}
    no = await refused(adapter, parcel(adapter, Kind.EDIT, "change", target=known[target]))
    assert (no.reason, no.permanent) == ("message-gone", True)
    assert texts(ana.seen(room)).strip() == "See you at four."


# Rooms.


async def test_a_room_is_made_once_and_found_by_its_key(adapter: Adapter) -> None:
    before = adapter.rooms()
    make = tried(
        parcel(adapter, Kind.ROOM, "room/1", name="Deploy together", title="Twelve people"), adapter.clock.now()
    )
    assert await adapter.platform.find(make) is None
    receipt = await adapter.platform.send(make)
    assert adapter.rooms() - before == {receipt.id}
    assert await adapter.platform.find(make) == receipt
    assert await adapter.platform.send(make) == receipt
    await adapter.restarts()
    assert await adapter.delivered(make) == receipt
    assert adapter.rooms() - before == {receipt.id}


async def test_the_bot_can_write_in_the_room_it_made_and_those_it_invites_read_it(adapter: Adapter, ana: Human) -> None:
    made = await adapter.platform.send(parcel(adapter, Kind.ROOM, "room/1", name="deploy-together"))
    await adapter.platform.send(parcel(adapter, Kind.INVITE, "invite/1", room=made.id, account=ana.account))
    await adapter.platform.send(parcel(adapter, room=made.id))
    assert texts(ana.seen(made.id)).strip() == "See you at four."


async def test_a_room_of_somebody_elses_with_that_name_is_left_alone(adapter: Adapter, ben: Human) -> None:
    theirs = adapter.foreign_room("deploy-together", ben)
    make = tried(parcel(adapter, Kind.ROOM, "room/1", name="deploy-together"), adapter.clock.now())
    assert await adapter.platform.find(make) is None
    try:
        ours = (await adapter.platform.send(make)).id
    except SendError as no:
        assert (no.reason, no.permanent) == ("name-taken", True)
        ours = ""
    assert ours != theirs
    found = await adapter.platform.find(make)
    assert found == (Receipt(ours) if ours else None)
    assert adapter.members(theirs) == {ben.account}


async def test_two_cohorts_of_one_name_get_a_room_each_or_are_told(adapter: Adapter) -> None:
    first = tried(parcel(adapter, Kind.ROOM, "room/1", name="deploy-together"), adapter.clock.now())
    second = replace(first, key="room/2")
    receipt = await adapter.platform.send(first)
    try:
        assert await adapter.platform.send(second) != receipt
    except SendError as no:
        assert (no.reason, no.permanent) == ("name-taken", True)
    assert await adapter.platform.find(first) == receipt
    assert await adapter.platform.find(second) != receipt


async def test_inviting_and_removing_twice_is_done_once(adapter: Adapter, ana: Human, ben: Human) -> None:
    room = adapter.room("cohort-two", ana)
    seat = {"room": room, "account": ben.account}
    for _ in range(2):
        assert (await adapter.platform.send(parcel(adapter, Kind.INVITE, "in", **seat))).id == room
        assert adapter.members(room) == {ana.account, ben.account}
    for _ in range(2):
        assert (await adapter.platform.send(parcel(adapter, Kind.REMOVE, "out", **seat))).id == room
        assert adapter.members(room) == {ana.account}
    await adapter.platform.send(parcel(adapter, Kind.INVITE, "in again", **seat))
    assert adapter.members(room) == {ana.account, ben.account}


# Files and links.

PICTURE = File("pairs.png", "image/png", bytes(range(256)) * 300, alt="Ana meets Ben, Chi meets Dan")


@pytest.mark.parametrize("to", ["room", "person"])
async def test_a_file_arrives_byte_for_byte_with_what_it_shows_and_is_found_again(
    adapter: Adapter, ana: Human, room: str, to: str
) -> None:
    place: dict[str, object] = {"room": room} if to == "room" else {"account": ana.account}
    sent = tried(
        parcel(adapter, Kind.UPLOAD, "pairs/1", file=PICTURE, message=words("Who meets whom."), **place),
        adapter.clock.now(),
    )
    assert await adapter.platform.find(sent) is None
    receipt = await adapter.platform.send(sent)
    (message,) = ana.seen(room if to == "room" else None)
    (file,) = message.files
    assert (file.content, file.alt) == (PICTURE.content, PICTURE.alt)
    assert file.name.startswith("pairs") and file.name.endswith(".png")
    assert "Who meets whom." in message.text
    await adapter.restarts()
    assert await adapter.platform.find(sent) == receipt
    assert await adapter.platform.find(replace(sent, key="pairs/2")) is None


async def test_an_empty_list_and_a_name_in_any_script_are_files_too(adapter: Adapter, ana: Human) -> None:
    for number, file in enumerate(
        (File("名簿 ü.csv", "text/csv", b"\xef\xbb\xbfname\r\n"), File("a", "text/plain", b"x"))
    ):
        sent = tried(
            parcel(adapter, Kind.UPLOAD, f"list/{number}", file=file, account=ana.account), adapter.clock.now()
        )
        receipt = await adapter.platform.send(sent)
        assert ana.seen()[-1].files[0].content == file.content
        assert await adapter.platform.find(sent) == receipt


async def test_a_link_is_kept_on_top_of_a_room_once(adapter: Adapter, ana: Human, room: str) -> None:
    keep = tried(
        parcel(adapter, Kind.BOOKMARK, "link/1", room=room, title="Calendar", url="https://cal.test/a?b=1&c=2"),
        adapter.clock.now(),
    )
    assert await adapter.platform.find(keep) is None
    receipt = await adapter.delivered(keep)
    await adapter.restarts()
    assert await adapter.delivered(keep) == receipt
    await adapter.delivered(replace(keep, key="link/2", title="Materials", url="https://docs.test/"))
    assert adapter.links(room) == [("Calendar", "https://cal.test/a?b=1&c=2"), ("Materials", "https://docs.test/")]


# Long, and hostile.


def numbered(most: int) -> tuple[str, list[str]]:
    """A text of so many characters, and the numbers that stand in it."""
    said: list[str] = []
    for number in count():
        said.append(f"word-{number}")
        if len(" ".join(said)) >= most:
            return " ".join(said), [str(one) for one in range(number + 1)]
    raise AssertionError


@pytest.mark.parametrize("shape", ["one paragraph", "many paragraphs", "a list", "a quote", "somebody's words"])
async def test_a_message_of_twenty_thousand_characters_arrives_whole_in_order_and_once(
    adapter: Adapter, ana: Human, room: str, shape: str
) -> None:
    text, numbers = numbered(20_000)
    lines = [Text(" ".join(text.split()[at : at + 40])) for at in range(0, len(numbers), 40)]
    shapes: dict[str, tuple[Block, ...]] = {
        "one paragraph": (Paragraph((Text(text),)),),
        "many paragraphs": tuple(Paragraph((line,)) for line in lines),
        "a list": (Listing(tuple((line,) for line in lines)),),
        "a quote": (Quote(tuple(Paragraph((line,)) for line in lines)),),
        "somebody's words": (Paragraph((Text(text, literal=True),)),),
    }
    buttons = tuple(Button("letter/read", label, {"at": at}) for at, label in enumerate(("First", "Second", "Third")))
    sent = tried(
        parcel(adapter, room=room, message=Message((Text("A letter"),), shapes[shape], buttons=buttons)),
        adapter.clock.now(),
    )
    receipt = await adapter.platform.send(sent)
    seen = ana.seen(room)
    assert re.findall(r"word-(\d+)", texts(seen)) == numbers
    assert texts(seen).startswith("A letter")
    assert [label for one in seen for label in one.buttons] == ["First", "Second", "Third"]
    assert receipt.id == seen[0].id
    await adapter.restarts()
    assert await adapter.platform.find(sent) == receipt
    assert ana.seen(room) == seen


async def test_sixty_cards_arrive_in_order_each_with_its_own_buttons(adapter: Adapter, ana: Human) -> None:
    door = ScriptedDoor()
    await adapter.listens(door)
    choices = ("accept", "waitlist", "decline")
    cards = tuple(
        Card(
            (Heading((Text(f"Card number {number}."),)), Paragraph((Text("Says why. " * 30),))),
            tuple(Button("decide", choice.title(), {"id": number, "decision": choice}) for choice in choices),
        )
        for number in range(60)
    )
    last = (Button("send", "Send all"),)
    await adapter.platform.send(
        parcel(adapter, account=ana.account, message=Message((Text("Sixty"),), cards=cards, buttons=last))
    )
    seen = ana.seen()
    assert re.findall(r"Card number (\d+)\.", texts(seen)) == [str(number) for number in range(60)]
    labels = [label for one in seen for label in one.buttons]
    assert labels == [*(choice.title() for _ in range(60) for choice in choices), "Send all"]
    for number in (0, 31, 59):
        await ana.presses("Waitlist", on=f"Card number {number}.")
    pressed = [deed.args for deed in door.deeds if isinstance(deed, Pressed)]
    assert pressed == [{"id": number, "decision": "waitlist"} for number in (0, 31, 59)]


HOSTILE = [
    "<!channel> and <!here> and <@U0NOBODY>",
    "@everyone @here <@&123> <#456>",
    "*not bold* _not italic_ ~not struck~ **nor this** __nor that__",
    "`no code` ```none here```",
    "# no heading",
    "> no quote",
    "1. no list",
    "- none here either",
    "[click](https://evil.test/) and <https://evil.test/|your bank>",
    "&lt;b&gt; &amp; <b>bold</b> <script>alert(1)</script>",
    "||no spoiler|| -# nothing small",
    "\\*backslashes\\* \\\\ stay",
    "{{ 7 * 7 }} {% no template %} :no_emoji: <:x:1>",
    "<t:1> <!date^0^{date}|then> </apply:1>",
]


@pytest.mark.parametrize("typed", HOSTILE)
async def test_peoples_words_stay_words(adapter: Adapter, ana: Human, room: str, typed: str) -> None:
    said = Text(typed, literal=True)
    message = Message(
        (said,), (Paragraph((said,)), Quote((Paragraph((said,)),)), Listing(((said,),))), (Card((Paragraph((said,)),)),)
    )
    await adapter.platform.send(parcel(adapter, room=room, message=message))
    assert texts(ana.seen(room)).count(typed) == 5


async def test_a_link_of_another_scheme_leads_nowhere_and_is_still_read(
    adapter: Adapter, ana: Human, room: str
) -> None:
    message = Message(blocks=(Paragraph((Link("javascript:alert(1)", "the map"),)),))
    await adapter.platform.send(parcel(adapter, room=room, message=message))
    assert "the map" in texts(ana.seen(room))
    assert "javascript:alert(1)" in texts(ana.seen(room))


# Buttons.

ARGS: dict[str, Scalar] = {
    "text": "5",
    "number": 5,
    "zero": 0,
    "negative": -(2**31),
    "large": 2**40,
    "yes": True,
    "no": False,
    "empty": "",
    "words": 'Zoë\'s "plan" <&> \\ {1} | 2#3~4',
    "true": "true",
    "none": "null",
}


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
async def test_a_press_brings_back_the_action_and_the_arguments_as_they_were(
    adapter: Adapter, ana: Human, room: str, restarted: bool
) -> None:
    door = ScriptedDoor({"poll/vote": Outcome(words("Counted."))})
    await adapter.listens(door)
    few = [dict(list(ARGS.items())[at : at + 4]) for at in range(0, len(ARGS), 4)]
    buttons = [Button("poll/vote", f"Vote {n}", args, ButtonStyle.PRIMARY) for n, args in enumerate(few)]
    receipt = await adapter.platform.send(parcel(adapter, room=room, message=words("Will you come?", *buttons)))
    if restarted:
        await adapter.restarts()
    for button in buttons:
        await ana.presses(button.label)
    assert door.deeds == [Pressed("poll/vote", args, receipt.id) for args in few]
    given = {name: value for deed in door.deeds if isinstance(deed, Pressed) for name, value in deed.args.items()}
    assert {name: type(value) for name, value in given.items()} == {name: type(value) for name, value in ARGS.items()}
    assert (door.heard[0].account, door.heard[0].room) == (ana.account, room)
    await ana.will_see("Counted.")


async def test_two_buttons_of_one_action_are_told_apart(adapter: Adapter, ana: Human) -> None:
    door = ScriptedDoor()
    await adapter.listens(door)
    buttons = [Button("rsvp", label, {"answer": label.casefold()}) for label in ("Yes", "Maybe", "No")]
    await adapter.platform.send(parcel(adapter, account=ana.account, message=words("Coming?", *buttons)))
    for label in ("No", "Yes", "Maybe"):
        await ana.presses(label)
    pressed = [deed.args["answer"] for deed in door.deeds if isinstance(deed, Pressed)]
    assert pressed == ["no", "yes", "maybe"]
    assert [inbound.room for inbound in door.heard] == [None] * 3
    assert len({inbound.event_id for inbound in door.heard}) == 3


async def test_a_pressed_message_that_only_one_sees_is_replaced_and_a_rooms_is_not(
    adapter: Adapter, ana: Human, room: str
) -> None:
    door = ScriptedDoor({"sure": Outcome(words("It is done."), replaces=True)})
    await adapter.listens(door)
    asked = words("Are you sure?", Button("sure", "Quite"))
    await adapter.platform.send(parcel(adapter, key="one", account=ana.account, message=asked))
    await ana.presses("Quite")
    await ana.will_see("It is done.")
    assert not ana.sees("Are you sure?")
    await adapter.platform.send(parcel(adapter, key="two", room=room, message=asked))
    await ana.presses("Quite")
    await adapter.quiet()
    assert "Are you sure?" in texts(ana.seen(room))


# Words and commands.


async def test_a_command_comes_as_one_line_with_who_typed_it(adapter: Adapter, ana: Human) -> None:
    door = ScriptedDoor({"/cohort who": Outcome(words("Ana and Ben."))})
    await adapter.listens(door)
    await ana.types("/cohort who")
    (inbound,) = door.heard
    assert isinstance(inbound.deed, Typed)
    assert inbound.deed.text == "/cohort who"
    assert (inbound.workspace, inbound.account, inbound.room) == (adapter.workspace, ana.account, None)
    zone = "America/Sao_Paulo" if adapter.tells_zones else None
    assert (inbound.profile.name, inbound.profile.zone) == ("Ana", zone)
    await ana.will_see("Ana and Ben.")


async def test_what_one_asks_is_answered_to_them_alone(adapter: Adapter, ana: Human, ben: Human) -> None:
    room = adapter.room("cohort-two", ana, ben)
    door = ScriptedDoor({"ask": Outcome(words("For Ana's eyes."))})
    await adapter.listens(door)
    await adapter.platform.send(parcel(adapter, room=room, message=words("Ask me.", Button("ask", "Ask"))))
    await ana.presses("Ask")
    await ana.will_see("For Ana's eyes.")
    assert not ben.sees("For Ana's eyes.")


@pytest.mark.parametrize("said", ["what's next?", "1 < 2 & 3 > 2", "wann treffen wir uns? *bald*", "näher\nam Ziel"])
async def test_plain_words_to_the_bot_come_as_they_were_written(adapter: Adapter, ana: Human, said: str) -> None:
    door = ScriptedDoor({"wrote": Outcome(words("Tomorrow at four."))})
    await adapter.listens(door)
    await ana.says(said)
    await until(lambda: bool(door.heard))
    (inbound,) = door.heard
    assert (inbound.deed, inbound.room, inbound.profile.name) == (Wrote(said), None, "Ana")
    await ana.will_see("Tomorrow at four.")


async def test_words_among_people_are_not_the_bots_concern(adapter: Adapter, ana: Human, room: str) -> None:
    door = ScriptedDoor()
    await adapter.listens(door)
    await ana.says("See you there!", room)
    await adapter.quiet()
    assert door.heard == []


@where(lambda cls: cls.has_page)
async def test_the_bots_own_page_shows_what_the_door_says(adapter: Adapter, ana: Human) -> None:
    door = ScriptedDoor({"visited": Outcome(words("Your cohort.", Button("go", "Go on", {"step": 2})))})
    await adapter.listens(door)
    await ana.visits()
    await ana.will_see("Your cohort.")
    assert [(one.deed, one.account) for one in door.heard] == [(Visited(), ana.account)]
    door.answers["visited"] = Outcome(words("Further on."))
    await ana.presses("Go on")
    await ana.will_see("Further on.")
    assert Pressed("go", {"step": 2}) in door.deeds


async def test_a_shortcut_on_a_message_brings_its_words(adapter: Adapter, ana: Human, ben: Human) -> None:
    room = adapter.room("cohort-two", ana, ben)
    door = ScriptedDoor({SHORTCUT.action: Outcome(words("Handed in."))})
    await adapter.listens(door)
    await ben.says("I asked 5 people & 3 said no", room)
    await ana.picks(SHORTCUT, "I asked 5 people")
    (deed,) = door.deeds
    assert isinstance(deed, Picked)
    assert (deed.action, deed.text) == (SHORTCUT.action, "I asked 5 people & 3 said no")
    assert deed.link == "" or deed.link.startswith("https://")
    assert door.heard[0].account == ana.account
    await ana.will_see("Handed in.")


@where(lambda cls: cls.tells_changes)
async def test_somebody_who_looks_different_is_told_of(adapter: Adapter, ana: Human) -> None:
    door = ScriptedDoor()
    await adapter.listens(door)
    await ana.types("/cohort")
    await ana.changes(name="Ana Lima", zone="Asia/Tokyo")
    await until(lambda: len(door.heard) == 2)
    assert door.heard[1].deed == Changed()
    await ana.types("/cohort")
    for inbound in door.heard[1:]:
        assert (inbound.account, inbound.profile.name, inbound.profile.zone) == (ana.account, "Ana Lima", "Asia/Tokyo")


@where(lambda cls: cls.redelivers)
@pytest.mark.parametrize("what", ["command", "words", "press"])
async def test_what_comes_again_after_a_restart_bears_the_same_id(adapter: Adapter, ana: Human, what: str) -> None:
    door = ScriptedDoor()
    await adapter.listens(door)
    await adapter.platform.send(parcel(adapter, account=ana.account, message=words("Go?", Button("go", "Go"))))
    match what:
        case "command":
            await ana.types("/cohort")
        case "words":
            await ana.says("hello")
        case _:
            await ana.presses("Go")
    await until(lambda: len(door.heard) == 1)
    await adapter.comes_again()
    await adapter.restarts()
    await adapter.comes_again()
    await until(lambda: len(door.heard) > 1)
    assert len({inbound.event_id for inbound in door.heard}) == 1
    assert all(deed == door.deeds[0] for deed in door.deeds)


# Forms.

FEW = (Choice("7", "Seven"), Choice("yes", "Yes please"), Choice("Designer", "Somebody who designs"))
MANY = tuple(Choice(f"c{number}", f"Choice {number}") for number in range(12))


def every_kind(**values: Answer) -> Form:
    fields = (
        Field("line", FieldKind.LINE, "In a line", required=True, max_length=120),
        Field("paragraph", FieldKind.PARAGRAPH, "In more words"),
        Field("choice", FieldKind.CHOICE, "Which?", choices=FEW),
        Field("select", FieldKind.CHOICE, "Which of many?", choices=MANY),
        Field("choices", FieldKind.CHOICES, "Which ones?", choices=FEW),
        Field("multi", FieldKind.CHOICES, "Which ones of many?", choices=MANY),
        Field("scale", FieldKind.SCALE, "How sure?", low=1, high=5),
        Field("nps", FieldKind.NPS, "Would you recommend it?"),
        Field("number", FieldKind.NUMBER, "How many?"),
        Field("decimal", FieldKind.NUMBER, "How long?"),
        Field("date", FieldKind.DATE, "When?"),
        Field("yes_no", FieldKind.YES_NO, "Again?"),
        Field("link", FieldKind.LINK, "Where is it?"),
    )
    filled = tuple(replace(one, value=values.get(one.key)) for one in fields)
    return Form("surveys/answer", "Looking back", filled, "Send", args={"survey_id": 3, "page": "1", "last": True})


GIVEN = {
    "In a line": "A line & <more>",
    "In more words": "Two\nlines *of words*",
    "Which?": "Seven",
    "Which of many?": "Choice 11",
    "Which ones?": ["Seven", "Yes please"],
    "Which ones of many?": ["Choice 5"],
    "How sure?": 1,
    "Would you recommend it?": 0,
    "How many?": "7",
    "How long?": "2.5",
    "When?": "2027-02-03",
    "Again?": False,
    "Where is it?": "https://example.org/?a=1&b=2",
}
MEANT: dict[str, Answer] = {
    "line": "A line & <more>",
    "paragraph": "Two\nlines *of words*",
    "choice": "7",
    "select": "c11",
    "choices": ["7", "yes"],
    "multi": ["c5"],
    "scale": 1,
    "nps": 0,
    "number": 7,
    "decimal": 2.5,
    "date": "2027-02-03",
    "yes_no": False,
    "link": "https://example.org/?a=1&b=2",
}
UNANSWERED: dict[str, Answer] = {key: [] if key in ("choices", "multi") else None for key in MEANT}


async def opened(adapter: Adapter, human: Human, form: Form, **answers: Outcome) -> ScriptedDoor:
    door = ScriptedDoor({"/survey": Outcome(form=form), **answers})
    await adapter.listens(door)
    await human.types("/survey")
    await human.will_be_asked(*(field.label for field in form.fields))
    return door


def same(given: object, meant: dict[str, Answer]) -> None:
    """Types too: 1 is not True, and 7 is not 7.0."""
    assert given == meant
    assert isinstance(given, dict)
    assert {key: type(value) for key, value in given.items()} == {key: type(value) for key, value in meant.items()}


async def test_every_kind_of_question_is_answered_the_same_way_everywhere(adapter: Adapter, ana: Human) -> None:
    thanks = Outcome(words("Thank you."))
    door = await opened(adapter, ana, every_kind(), **{"surveys/answer": thanks})
    await ana.fills(GIVEN)
    await ana.will_see("Thank you.")
    filled = door.deeds[-1]
    assert isinstance(filled, Filled)
    assert (filled.form, filled.closed) == ("surveys/answer", False)
    same(filled.answers, MEANT)
    assert filled.args == {"survey_id": 3, "page": "1", "last": True}
    assert {type(value) for value in filled.args.values()} == {int, str, bool}
    assert (door.heard[-1].account, door.heard[-1].profile.name) == (ana.account, "Ana")
    await adapter.quiet()
    assert ana.asked == []


async def test_what_is_left_out_is_nothing_everywhere(adapter: Adapter, ana: Human) -> None:
    door = await opened(adapter, ana, every_kind())
    await ana.fills({"In a line": "x"})
    filled = door.deeds[-1]
    assert isinstance(filled, Filled)
    same(filled.answers, {**UNANSWERED, "line": "x"})


async def test_what_stands_in_a_form_already_comes_back_untouched(adapter: Adapter, ana: Human) -> None:
    door = await opened(adapter, ana, every_kind(**MEANT))
    await ana.fills({"How sure?": 5})
    filled = door.deeds[-1]
    assert isinstance(filled, Filled)
    same(filled.answers, {**MEANT, "scale": 5})


async def test_remarks_stand_beside_their_fields_and_what_was_typed_stays(adapter: Adapter, ana: Human) -> None:
    wrong = Outcome(errors={"line": "A little longer, please.", "number": "That is too many."})
    door = await opened(adapter, ana, every_kind(), **{"surveys/answer": wrong})
    await ana.fills(GIVEN)
    await until(lambda: bool(ana.remarks))
    assert ana.remarks == {"In a line": "A little longer, please.", "How many?": "That is too many."}
    door.answers["surveys/answer"] = Outcome(words("Thank you."))
    await ana.fills({"In a line": "As long as it takes", "How many?": "3"})
    await ana.will_see("Thank you.")
    filled = door.deeds[-1]
    assert isinstance(filled, Filled)
    same(filled.answers, {**MEANT, "line": "As long as it takes", "number": 3})


async def test_a_form_of_two_pages_comes_a_page_at_a_time(adapter: Adapter, ana: Human) -> None:
    def page(number: int) -> Form:
        field = Field(f"q{number}", FieldKind.LINE, f"Question {number}")
        return Form(f"apply/{number}", "Apply", (field,), "Next", args={"page": number}, page=number, pages=2)

    door = await opened(adapter, ana, page(1), **{"apply/1": Outcome(form=page(2)), "apply/2": Outcome(words("Done."))})
    await ana.fills({"Question 1": "one"})
    await ana.will_be_asked("Question 2")
    await ana.fills({"Question 2": "two"})
    await ana.will_see("Done.")
    assert door.deeds[1:] == [
        Filled("apply/1", {"q1": "one"}, {"page": 1}),
        Filled("apply/2", {"q2": "two"}, {"page": 2}),
    ]


@where(lambda cls: cls.keeps_forms)
async def test_a_form_that_was_opened_before_a_restart_can_be_sent_after_it(adapter: Adapter, ana: Human) -> None:
    door = await opened(adapter, ana, every_kind(), **{"surveys/answer": Outcome(words("Thank you."))})
    await adapter.restarts()
    await ana.fills(GIVEN)
    await ana.will_see("Thank you.")
    filled = door.deeds[-1]
    assert isinstance(filled, Filled)
    same(filled.answers, MEANT)


@where(lambda cls: cls.tells_closing)
async def test_a_form_put_away_half_done_tells_what_was_typed(adapter: Adapter, ana: Human) -> None:
    door = await opened(adapter, ana, every_kind())
    await ana.puts_away({"In a line": "half", "How sure?": 4})
    filled = door.deeds[-1]
    assert isinstance(filled, Filled)
    assert (filled.form, filled.closed) == ("surveys/answer", True)
    same(filled.answers, {**UNANSWERED, "line": "half", "scale": 4})
    assert filled.args == {"survey_id": 3, "page": "1", "last": True}
    assert ana.asked == []


async def test_a_button_may_open_a_form_too(adapter: Adapter, ana: Human, room: str) -> None:
    door = ScriptedDoor({"ask": Outcome(form=every_kind())})
    await adapter.listens(door)
    await adapter.platform.send(parcel(adapter, room=room, message=words("Ask me.", Button("ask", "Answer"))))
    await ana.presses("Answer")
    await ana.will_be_asked(*(field.label for field in every_kind().fields))
    await ana.fills({"In a line": "x"})
    assert door.heard[-1].room == room


# What cannot be sent.


async def test_a_room_that_is_gone_is_a_reason_and_hinders_nobody_else(
    adapter: Adapter, ana: Human, ben: Human, room: str
) -> None:
    adapter.loses_room(room)
    kinds: dict[Kind, dict[str, object]] = {
        Kind.POST: {},
        Kind.INVITE: {"account": ben.account},
        Kind.REMOVE: {"account": ana.account},
        Kind.UPLOAD: {"file": PICTURE},
        Kind.BOOKMARK: {"title": "Calendar", "url": "https://cal.test/"},
    }
    for kind, more in kinds.items():
        no = await refused(adapter, parcel(adapter, kind, f"key/{kind}", room=room, **more))
        assert (no.reason, no.permanent) == ("room-gone", True), kind
    await adapter.platform.send(parcel(adapter, account=ana.account))
    assert len(ana.seen()) == 1


async def test_somebody_who_is_gone_is_a_reason_and_hinders_nobody_else(
    adapter: Adapter, ana: Human, room: str
) -> None:
    no = await refused(adapter, parcel(adapter, account=adapter.nobody()))
    assert (no.reason, no.permanent) == ("person-gone", True)
    no = await refused(adapter, parcel(adapter, Kind.INVITE, "in", room=room, account=adapter.nobody()))
    assert (no.reason, no.permanent) == ("person-gone", True)
    await adapter.platform.send(parcel(adapter, account=ana.account))
    assert len(ana.seen()) == 1


@where(lambda cls: cls.closes_dms)
async def test_whoever_wants_no_direct_messages_is_a_reason_and_hinders_nobody_else(
    adapter: Adapter, ana: Human, ben: Human
) -> None:
    adapter.closes_dms_of(ana)
    no = await refused(adapter, parcel(adapter, account=ana.account))
    assert (no.reason, no.permanent) == ("dm-closed", True)
    await adapter.platform.send(parcel(adapter, account=ben.account))
    assert len(ben.seen()) == 1


# A door that is not well.


async def test_a_door_that_breaks_is_asked_again_the_next_time(adapter: Adapter, ana: Human) -> None:
    door = ScriptedDoor({"/cohort home": RuntimeError("broken"), "/cohort": Outcome(words("Home."))})
    await adapter.listens(door)
    for _ in range(3):
        await ana.types("/cohort home")
    await ana.types("/cohort")
    await ana.will_see("Home.")
    assert not adapter.deaf
    assert len(door.heard) == 4


async def test_a_door_that_is_slow_for_one_is_open_for_others(adapter: Adapter, ana: Human, ben: Human) -> None:
    door = ScriptedDoor({"/slow": Outcome(words("At last.")), "/cohort": Outcome(words("Home."))})
    door.slow["/slow"] = 1.8
    await adapter.listens(door)
    await ana.types("/slow")
    await ben.types("/cohort")
    await ben.will_see("Home.")
    await ana.will_see("At last.")
    assert not adapter.deaf
    assert len(door.heard) == 2
