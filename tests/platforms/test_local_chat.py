"""The local chat and what one person can do in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from bot.message import Button, Card, Choice, Field, FieldKind, File, Form, Message, Paragraph, Text
from bot.platforms.base import (
    CommandInfo,
    Deed,
    Filled,
    Inbound,
    Kind,
    Outcome,
    Parcel,
    Pressed,
    Receipt,
    SendError,
    ShortcutInfo,
    Typed,
    Wrote,
)
from bot.platforms.local.chat import Chat, NameTaken, NotThere
from bot.platforms.local.client import Client, FormGone
from bot.platforms.local.draw import draw_words, text_of
from bot.platforms.local.journal import JournalBroken
from bot.platforms.local.send import LocalPlatform

NOON = datetime(2027, 1, 11, 12, tzinfo=UTC)


def words(text: str, *buttons: Button) -> Message:
    return Message(blocks=(Paragraph((Text(text),)),), buttons=buttons)


class ListeningDoor:
    """Answers from a list prepared by the test, and remembers what came in."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.heard: list[Inbound] = []

    async def __call__(self, inbound: Inbound) -> Outcome:
        self.heard.append(inbound)
        return self.outcomes.pop(0) if self.outcomes else Outcome()

    def commands(self) -> Sequence[CommandInfo]:
        return (
            CommandInfo("tea", "Put the kettle on", ("kind", "note")),
            CommandInfo("tea stop", "Enough tea", ()),
            CommandInfo("time", "What time it is", ()),
        )

    def shortcuts(self) -> Sequence[ShortcutInfo]:
        return ()

    def only_reads(self, deed: Deed) -> bool:
        return False

    async def complete(self, inbound: Inbound, option: str, typed: str) -> Sequence[Choice]:
        return [c for c in (Choice("green", "Green"), Choice("earl grey", "Earl Grey")) if c.value.startswith(typed)]

    @property
    def deeds(self) -> list[Deed]:
        return [inbound.deed for inbound in self.heard]


@pytest.fixture
def chat() -> Chat:
    return peopled(Chat())


def peopled(chat: Chat) -> Chat:
    chat.add_person("ana", "Ana", "Europe/Berlin", "guest")
    chat.add_person("ben", "Ben", "America/New_York", "guest", pretend=True)
    return chat


def client(chat: Chat, door: ListeningDoor, person: str = "ana") -> Client:
    numbers = count(1)
    return Client(chat, door, person, clock=lambda: NOON, ids=lambda: f"event-{next(numbers)}")


def platform(chat: Chat) -> LocalPlatform:
    return LocalPlatform(chat, lambda: NOON)


def post(key: str, text: str = "Hello", *, room: str | None = None, account: str | None = None) -> Parcel:
    return Parcel(key, Kind.POST, "local", room=room, account=account, message=words(text))


# Out.


async def test_sending_twice_shows_twice(chat: Chat) -> None:
    sender = platform(chat)
    await sender.send(post("greeting/ana", account="ana"))
    await sender.send(post("greeting/ana", account="ana"))
    assert list(chat.keys()) == ["greeting/ana", "greeting/ana"]
    assert [text_of(m.payload) for m in chat.visible_to("ana")] == ["Hello", "Hello"]


async def test_what_was_sent_is_found_again_by_its_key(chat: Chat) -> None:
    sender = platform(chat)
    parcel = post("greeting/ana", account="ana")
    assert await sender.find(parcel) is None
    receipt = await sender.send(parcel)
    assert await sender.find(parcel) == receipt


async def test_a_room_is_made_once_and_given_back_to_whoever_made_it(chat: Chat) -> None:
    sender = platform(chat)
    parcel = Parcel(key="room/garden", kind=Kind.ROOM, workspace="local", name="garden", title="Plants")
    made = await sender.send(parcel)
    assert await sender.send(parcel) == made == await sender.find(parcel)
    other = Parcel(key="room/other", kind=Kind.ROOM, workspace="local", name="garden")
    with pytest.raises(SendError, match="name-taken") as refused:
        await sender.send(other)
    assert refused.value.permanent
    with pytest.raises(NameTaken):
        chat.create_room("garden")


async def test_inviting_and_removing_twice_changes_nothing_more(chat: Chat) -> None:
    sender, room = platform(chat), chat.create_room("garden")
    heard: list[object] = []
    chat.subscribe(heard.append)
    invite = Parcel(key="in", kind=Kind.INVITE, workspace="local", room=room, account="ana")
    remove = Parcel(key="out", kind=Kind.REMOVE, workspace="local", room=room, account="ana")
    assert await sender.find(invite) is None
    for parcel in (invite, invite, remove, remove):
        await sender.send(parcel)
        assert await sender.find(parcel) == Receipt(room)
    assert len(heard) == 2


async def test_nobody_reads_a_room_they_are_not_in(chat: Chat) -> None:
    room = chat.create_room("garden")
    await platform(chat).send(post("note", room=room))
    assert chat.visible_to("ana") == ()
    chat.invite(room, "ana")
    assert len(chat.visible_to("ana")) == 1
    chat.remove(room, "ana")
    with pytest.raises(NotThere):
        chat.visible_to("ana", room)


async def test_an_edit_changes_a_message_in_place(chat: Chat) -> None:
    sender = platform(chat)
    receipt = await sender.send(post("note", "before", account="ana"))
    edit = Parcel(key="e", kind=Kind.EDIT, workspace="local", target=receipt.id, message=words("after"))
    assert await sender.find(edit) is None
    await sender.send(edit)
    assert await sender.find(edit) == receipt
    (message,) = chat.visible_to("ana")
    assert text_of(message.payload) == "after"
    assert message.edited_at == NOON


async def test_a_file_comes_with_its_words_and_is_only_for_those_who_see_it(chat: Chat) -> None:
    file = File("list.csv", "text/csv", b"a,b\n", alt="A list")
    parcel = Parcel(key="up", kind=Kind.UPLOAD, workspace="local", account="ana", message=words("Here"), file=file)
    receipt = await platform(chat).send(parcel)
    assert await platform(chat).find(parcel) == receipt
    name = chat.message(int(receipt.id)).file
    assert name is not None
    assert chat.file_seen_by("ana", name).content == b"a,b\n"
    with pytest.raises(NotThere):
        chat.file_seen_by("ben", name)


@pytest.mark.parametrize(
    ("parcel", "reason"),
    [
        (post("a", room="room-9"), "room-gone"),
        (post("b", account="nobody"), "person-gone"),
        (Parcel(key="c", kind=Kind.EDIT, workspace="local", target="77", message=words("x")), "message-gone"),
        (Parcel(key="d", kind=Kind.INVITE, workspace="local", room="room-9", account="ana"), "room-gone"),
    ],
)
async def test_what_is_gone_is_refused_for_good(chat: Chat, parcel: Parcel, reason: str) -> None:
    with pytest.raises(SendError) as refused:
        await platform(chat).send(parcel)
    assert (refused.value.reason, refused.value.permanent) == (reason, True)


# The journal.


async def test_a_chat_comes_back_from_its_journal(tmp_path: Path) -> None:
    chat = peopled(Chat(tmp_path / "chat.jsonl"))
    room = chat.create_room("garden", "Plants", "room/garden")
    chat.invite(room, "ana")
    file = File("a.png", "image/png", bytes(range(256)), "Noise")
    first = chat.upload(room, file, draw_words("one\ntwo"), at=NOON, key="up")
    chat.edit(first, draw_words("three"), at=NOON + timedelta(hours=1))
    chat.mark_read("ana", room, first)
    door = ListeningDoor(Outcome(form=Form("f", "F", (Field("q", FieldKind.LINE, "Q"),), "Go", args={"n": 1})))
    await client(chat, door).says("/tea")
    chat.close()

    again = Chat(tmp_path / "chat.jsonl")
    assert again.people() == chat.people()
    assert again.rooms() == chat.rooms()
    assert again.messages(room) == chat.messages(room)
    assert again.find("up") == str(first)
    assert again.file(f"file-{first}").content == bytes(range(256))
    assert again.unread("ana", room) == 0
    assert again.form_of("ana") == chat.form_of("ana")
    assert again.sequence == chat.sequence


def test_a_torn_last_line_is_forgotten_and_the_next_one_is_whole(tmp_path: Path) -> None:
    journal = tmp_path / "chat.jsonl"
    chat = peopled(Chat(journal))
    chat.post("dm-ana", draw_words("kept"), at=NOON)
    chat.post("dm-ana", draw_words("torn"), at=NOON)
    chat.close()
    journal.write_bytes(journal.read_bytes()[:-7])

    chat = Chat(journal)
    assert [text_of(m.payload) for m in chat.messages("dm-ana")] == ["kept"]
    chat.post("dm-ana", draw_words("after"), at=NOON)
    chat.close()
    assert [text_of(m.payload) for m in Chat(journal).messages("dm-ana")] == ["kept", "after"]


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    journal = tmp_path / "chat.jsonl"
    peopled(Chat(journal)).close()
    journal.write_bytes(b"nonsense\n" + journal.read_bytes())
    with pytest.raises(JournalBroken, match="line 1"):
        Chat(journal)


def test_half_a_surrogate_pair_does_not_stop_the_journal(tmp_path: Path) -> None:
    chat = peopled(Chat(tmp_path / "chat.jsonl"))
    chat.post("dm-ana", draw_words("\ud83d"), at=NOON)
    chat.close()
    assert text_of(Chat(tmp_path / "chat.jsonl").messages("dm-ana")[0].payload) == "\ud83d"


def test_unread_counts_what_others_wrote_since_the_mark(chat: Chat) -> None:
    room = chat.create_room("garden")
    chat.invite(room, "ana")
    first = chat.post(room, draw_words("one"), at=NOON)
    chat.post(room, draw_words("for ben"), at=NOON, only_for="ben")
    chat.post(room, draw_words("mine"), at=NOON, author="ana")
    chat.post(room, draw_words("two"), at=NOON)
    assert chat.unread("ana", room) == 2
    chat.mark_read("ana", room, first)
    assert chat.unread("ana", room) == 1
    chat.mark_read("ana", room, 1_000)
    chat.mark_read("ana", room, first)
    assert chat.unread("ana", room) == 0


# In.


async def test_a_slash_is_a_command_and_other_words_are_said_to_the_bot(chat: Chat) -> None:
    door = ListeningDoor()
    await client(chat, door).says(" /tea green ")
    await client(chat, door).says("what time is it?")
    assert door.deeds == [Typed("/tea green"), Wrote("what time is it?")]
    first = door.heard[0]
    assert (first.event_id, first.workspace, first.account, first.room) == ("event-1", "local", "ana", None)
    assert (first.profile.name, first.profile.zone) == ("Ana", "Europe/Berlin")


async def test_words_in_a_room_reach_its_members_and_not_the_bot(chat: Chat) -> None:
    door, room = ListeningDoor(), chat.create_room("garden")
    for person in ("ana", "ben"):
        chat.invite(room, person)
    await client(chat, door).says("good morning", room)
    await client(chat, door).says("/time", room)
    assert door.deeds == [Typed("/time")]
    assert door.heard[0].room == room
    assert [text_of(m.payload) for m in chat.visible_to("ben", room)] == ["good morning"]


async def test_nobody_speaks_in_a_room_they_are_not_in(chat: Chat) -> None:
    door, room = ListeningDoor(), chat.create_room("garden")
    with pytest.raises(NotThere):
        await client(chat, door).says("/time", room)
    assert door.heard == []


async def test_an_answer_in_a_room_is_seen_by_the_asker_alone(chat: Chat) -> None:
    room = chat.create_room("garden")
    for person in ("ana", "ben"):
        chat.invite(room, person)
    await client(chat, ListeningDoor(Outcome(message=words("It is noon")))).says("/time", room)
    assert text_of(chat.visible_to("ana", room)[-1].payload) == "It is noon"
    assert chat.visible_to("ben", room) == ()


async def test_a_pressed_button_brings_its_args_and_its_message(chat: Chat) -> None:
    door = ListeningDoor()
    button = Button("tea/pour", "Pour", {"cup": 3, "milk": True})
    message = Message(
        cards=(
            Card((Paragraph((Text("Ben's cup"),)),), (Button("tea/pour", "Pour", {"cup": 2}),)),
            Card((Paragraph((Text("Ana's cup"),)),), (button,)),
        )
    )
    parcel = Parcel(key="k", kind=Kind.POST, workspace="local", account="ana", message=message)
    receipt = await platform(chat).send(parcel)
    await client(chat, door).presses("Pour", on="Ana")
    assert door.deeds == [Pressed("tea/pour", {"cup": 3, "milk": True}, receipt.id)]


async def test_a_button_one_cannot_see_cannot_be_pressed(chat: Chat) -> None:
    door = ListeningDoor()
    message = words("Yours", Button("tea/pour", "Pour", {"cup": 1}))
    sent = await platform(chat).send(Parcel(key="k", kind=Kind.POST, workspace="local", account="ana", message=message))
    (button,) = chat.message(int(sent.id)).payload["buttons"]
    with pytest.raises(NotThere):
        await client(chat, door, "ben").clicks(int(sent.id), button)
    forged = button | {"args": {"cup": 2}}
    with pytest.raises(NotThere):
        await client(chat, door).clicks(int(sent.id), forged)
    chat.edit(int(sent.id), draw_words("Gone"), at=NOON)
    with pytest.raises(NotThere):
        await client(chat, door).clicks(int(sent.id), button)
    assert door.heard == []


async def test_a_private_answer_is_replaced_and_a_shared_message_is_not(chat: Chat) -> None:
    again = Outcome(message=words("Poured"), replaces=True)
    door = ListeningDoor(Outcome(message=words("Tea?", Button("tea/pour", "Pour"))), again, again)
    room = chat.create_room("garden")
    chat.invite(room, "ana")
    ana = client(chat, door)
    await ana.says("/tea", room)
    await ana.presses("Pour")
    assert [text_of(m.payload) for m in ana.seen(room)] == ["/tea", "Poured"]

    shared = words("Tea for all?", Button("tea/pour", "Pour"))
    await platform(chat).send(Parcel(key="k", kind=Kind.POST, workspace="local", room=room, message=shared))
    await ana.presses("Pour")
    assert [text_of(m.payload) for m in ana.seen(room)][-2:] == ["Tea for all?", "Poured"]
    assert ana.seen(room)[-1].only_for == "ana"


ORDER = Form(
    "order", "Your order", (Field("kind", FieldKind.LINE, "Kind"), Field("cups", FieldKind.NUMBER, "Cups")),
    "Next", args={"table": 4}, page=1, pages=2,
)  # fmt: skip
ORDER_2 = Form("order", "Your order", (Field("note", FieldKind.PARAGRAPH, "Note"),), "Send", page=2, pages=2)


async def test_a_form_of_two_pages_is_filled_in_page_by_page(chat: Chat) -> None:
    door = ListeningDoor(Outcome(form=ORDER), Outcome(form=ORDER_2), Outcome(message=words("Thanks")))
    ana = client(chat, door)
    await ana.says("/tea")
    first = ana.open_form
    await ana.fills({"kind": "green", "cups": 2, "smuggled": "x"})
    assert door.deeds[-1] == Filled("order", {"kind": "green", "cups": 2}, {"table": 4})
    assert first is not None
    with pytest.raises(FormGone):
        await ana.fills({"note": "again"}, form_id=first.id)
    await ana.fills({"note": "hot, please"})
    assert ana.form is None
    assert text_of(ana.inbox[-1].payload) == "Thanks"


async def test_remarks_stand_beside_fields_and_answers_are_kept(chat: Chat) -> None:
    door = ListeningDoor(Outcome(form=ORDER), Outcome(errors={"cups": "At most five"}))
    ana = client(chat, door)
    await ana.says("/tea")
    before = ana.open_form
    await ana.fills({"kind": "green", "cups": 9})
    after = ana.open_form
    assert before is not None and after is not None
    assert (after.id, after.errors) == (before.id, {"cups": "At most five"})
    assert after.answers == {"kind": "green", "cups": 9}


async def test_what_was_typed_outlives_a_failure_on_the_way(chat: Chat) -> None:
    class BrokenDoor(ListeningDoor):
        async def __call__(self, inbound: Inbound) -> Outcome:
            if isinstance(inbound.deed, Filled):
                raise RuntimeError("no answer")
            return await super().__call__(inbound)

    ana = client(chat, BrokenDoor(Outcome(form=ORDER)))
    await ana.says("/tea")
    with pytest.raises(RuntimeError):
        await ana.fills({"kind": "green"})
    assert ana.open_form is not None
    assert ana.open_form.answers == {"kind": "green"}


async def test_a_form_put_away_half_done_sends_what_was_typed(chat: Chat) -> None:
    door = ListeningDoor(Outcome(form=ORDER), Outcome(message=words("Kept for later")))
    ana = client(chat, door)
    await ana.says("/tea")
    await ana.fills({"kind": "gre"}, close=True)
    assert door.deeds[-1] == Filled("order", {"kind": "gre"}, {"table": 4}, closed=True)
    assert ana.form is None
    with pytest.raises(FormGone):
        await ana.fills({})


async def test_a_line_is_completed_word_by_word(chat: Chat) -> None:
    ana = client(chat, ListeningDoor())

    async def lines(text: str) -> list[str]:
        return [suggestion.line for suggestion in await ana.complete(text)]

    assert await lines("hello") == []
    assert await lines("/t") == ["/tea ", "/tea stop", "/time"]
    assert await lines("/tea st") == ["/tea stop"]
    assert await lines("/tea gr") == ["/tea green "]
    assert await lines("/tea ear") == ['/tea "earl grey" ']
    assert await lines('/tea "earl g') == ['/tea "earl grey" ']
    assert await lines("/tea green ear") == ["/tea green earl grey"]
    assert await lines("/tea green earl g") == ["/tea green earl grey"]
    assert await lines("/time ") == []


async def test_whom_a_command_names_comes_with_it_and_nobody_else(chat: Chat) -> None:
    door = ListeningDoor()
    await client(chat, door, "ana").says("/program facilitator @ben and @nobody or mail ana@ben")
    named = door.heard[-1].mentioned
    assert {account: profile.name for account, profile in named.items()} == {"ben": chat.person("ben").name}
