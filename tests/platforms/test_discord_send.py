"""The way out to Discord, over a real socket: nothing lost, nothing double, and every refusal in our own words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.config import TEMPLATES
from bot.delivery import LEASE
from bot.message import File, Mention, Message, Paragraph, Text
from bot.platforms.base import Kind, Parcel, Receipt, SendError
from bot.platforms.discord.api import TIMEOUT
from bot.platforms.discord.draw import draw
from bot.platforms.discord.errors import RATE_LIMITED, TABLE
from bot.platforms.discord.ids import component_id
from bot.platforms.discord.pacing import PATIENCE
from bot.platforms.discord.posts import file_name, heading, nonce
from bot.platforms.discord.rooms import mark, room_name
from bot.platforms.discord.send import REPEATABLE, SETTLING, WITHIN, DiscordPlatform
from bot.platforms.discord.setup import Setup
from bot.words import Words
from tests.platforms.fakes.discord import Channel, FakeDiscord, FakeGuild, Permission, Person
from tests.platforms.fakes.discord import Message as Posted
from tests.platforms.fakes.discord.state import CATEGORY, PUBLIC_THREAD, TEXT, VOICE

SHORT = Message(title=(Text("Tuesday"),), blocks=(Paragraph((Text("See you at four."),)),))
LONG = Message(
    title=(Text("Recap"),), blocks=tuple(Paragraph((Text(f"Part {letter}. " + "word " * 380),)) for letter in "ABCDE")
)
PICTURE = File(name="Our scores.png", media_type="image/png", content=b"\x89PNG...", alt="Scores, rising")
POST = "POST /channels/{channel}/messages"
PIN = "PUT /channels/{channel}/messages/pins/{message}"
THREAD = "POST /channels/{channel}/messages/{message}/threads"
ROLES, CHANNELS = "POST /guilds/{guild}/roles", "POST /guilds/{guild}/channels"
GIVE, TAKE = "PUT /guilds/{guild}/members/{user}/roles/{role}", "DELETE /guilds/{guild}/members/{user}/roles/{role}"


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake


@pytest.fixture
async def stage(discord: FakeDiscord) -> AsyncIterator[Stage]:
    stage = Stage(discord)
    yield stage
    await stage.close()
    assert discord.faults == [], "a body that no careful bot sends"


class Stage:
    """A server with Ana and a room, and a bot that only sends."""

    def __init__(self, discord: FakeDiscord) -> None:
        self.discord = discord
        self.guild: FakeGuild = discord.add_guild("Acme")
        self.ana: Person = self.guild.add_person("Ana Lima")
        self.room: Channel = self.guild.add_channel("cohort-1")
        self._platforms: list[DiscordPlatform] = []
        self.platform = self.started()

    def started(self, token: str | None = None) -> DiscordPlatform:
        """A bot that has just been started, and knows nothing of what was sent before."""
        setup = Setup(token=token or self.discord.token, api_url=self.discord.api_url)
        platform = DiscordPlatform(setup, Words([TEMPLATES]), self.now, settling=0.01)
        self._platforms.append(platform)
        return platform

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.discord.clock(), UTC)

    async def close(self) -> None:
        for platform in self._platforms:
            await platform.close()

    def parcel(self, kind: Kind = Kind.POST, key: str = "hello", **more: object) -> Parcel:
        parcel = Parcel(key=key, kind=kind, workspace=str(self.guild.id), message=SHORT, ping=True)
        return replace(parcel, **more)  # type: ignore[arg-type]

    def to_room(self, **more: object) -> Parcel:
        return self.parcel(room=str(self.room.id), **more)  # type: ignore[arg-type]

    def to_ana(self, **more: object) -> Parcel:
        return self.parcel(account=self.ana.id, **more)  # type: ignore[arg-type]

    def cohort(self, **more: object) -> Parcel:
        room = self.parcel(Kind.ROOM, "room/7", name="Deploy Together 7", title="We ship on Fridays.", message=None)
        return replace(room, **more)  # type: ignore[arg-type]

    async def delivered(self, parcel: Parcel, later: float = 0.0) -> Receipt:
        """As delivery does it: what is uncertain is looked for, what is not there is sent again."""
        tried = self.tried(parcel)
        try:
            return await self.platform.send(parcel)
        except OSError:
            self.discord.passes(later)
            return await self.platform.find(tried) or await self.platform.send(tried)

    def tried(self, parcel: Parcel) -> Parcel:
        return replace(parcel, attempted_at=self.now())

    def calls(self, method: str, end: str) -> int:
        return sum(call.method == method and call.path.endswith(end) for call in self.discord.calls)

    def made(self) -> list[tuple[int, str]]:
        """The rooms that the bot made, by kind and name."""
        before = {"general", "Lounge", "cohort-1"}
        return sorted((each.type, each.name) for each in self.guild.rooms() if each.name not in before)

    def roles(self) -> list[str]:
        return [each.name for each in self.guild.roles.values() if not each.managed and each.id != self.guild.id]

    async def refused(self, parcel: Parcel) -> tuple[str, str]:
        """A permanent refusal: its reason, and its detail."""
        with pytest.raises(SendError) as refused:
            await self.platform.send(parcel)
        assert refused.value.permanent
        return refused.value.reason, refused.value.detail


def marks(channel: Channel) -> list[object]:
    """The numbers of the containers there, in order."""
    return [each.components[0]["id"] for each in channel.messages if each.components]


def in_parts(key: str, message: Message) -> list[int]:
    return [component_id(key, number) for number in range(len(draw(message)))]


def words(message: Posted) -> str:
    return str(message.components)


# Messages.


async def test_a_message_to_a_room_arrives_once_and_its_receipt_says_where(stage: Stage) -> None:
    receipt = await stage.platform.send(stage.to_room())
    [message] = stage.room.messages
    assert receipt.id == f"{stage.room.id}:{message.id}"
    assert "See you at four." in words(message)
    assert marks(stage.room) == [component_id("hello", 0)]


async def test_a_message_to_a_person_opens_their_direct_messages_once(stage: Stage) -> None:
    await stage.platform.send(stage.to_ana(key="one"))
    receipt = await stage.platform.send(stage.to_ana(key="two"))
    assert stage.calls("POST", "/users/@me/channels") == 1
    assert len(stage.ana.dms) == 2
    assert receipt.id.startswith(f"{stage.ana.dm.id}:")


async def test_only_whom_a_message_means_is_notified_and_nobody_by_a_quiet_one(stage: Stage) -> None:
    ben = stage.guild.add_person("Ben")
    hello = Message(blocks=(Paragraph((Mention("Ana Lima", stage.ana.id), Text(f" @everyone <@{ben.id}>"))),))
    await stage.platform.send(stage.to_room(message=hello))
    await stage.platform.send(stage.to_room(message=hello, key="quiet", ping=False))
    assert (len(stage.ana.pings), len(ben.pings)) == (1, 0)


@pytest.mark.parametrize("later", [0.0, 3600.0])
@pytest.mark.parametrize("how", ["lost answer", "error after it was done", "error before"])
async def test_a_message_whose_answer_was_lost_is_there_once(stage: Stage, how: str, later: float) -> None:
    match how:
        case "lost answer":
            stage.discord.lose_answer(POST)
        case "error after it was done":
            stage.discord.fail_after(POST, 502)
        case _:
            stage.discord.fail(POST, 500)
    receipt = await stage.delivered(stage.to_room(), later)
    [message] = stage.room.messages
    assert receipt.id.endswith(f":{message.id}")


async def test_within_two_minutes_a_message_is_not_doubled_even_where_nothing_can_be_read(stage: Stage) -> None:
    stage.guild.overwrite(stage.room, stage.guild.bot_role, deny=Permission.READ_MESSAGE_HISTORY)
    stage.discord.lose_answer(POST)
    await stage.delivered(stage.to_room())
    assert len(stage.room.messages) == 1


async def test_later_who_may_not_read_the_history_says_that_it_cannot_verify(stage: Stage) -> None:
    await stage.platform.send(stage.to_room())
    tried = stage.tried(stage.to_room())
    stage.guild.overwrite(stage.room, stage.guild.bot_role, deny=Permission.READ_MESSAGE_HISTORY)
    stage.discord.passes(600)
    with pytest.raises(SendError) as refused:
        await stage.platform.find(tried)
    assert (refused.value.reason, refused.value.detail) == ("cannot-verify", "Read Message History")
    assert refused.value.permanent


async def test_a_started_again_bot_finds_what_the_one_before_it_sent(stage: Stage) -> None:
    tried = stage.tried(stage.to_ana())
    receipt = await stage.platform.send(stage.to_ana())
    stage.discord.passes(600)
    assert await stage.started().find(tried) == receipt


async def test_what_was_never_sent_is_not_found(stage: Stage) -> None:
    tried = stage.tried(stage.to_room())
    await stage.platform.send(stage.to_room(key="another"))
    stage.discord.passes(600)
    assert await stage.platform.find(tried) is None


async def test_a_message_is_found_behind_many_newer_ones(stage: Stage) -> None:
    tried = stage.tried(stage.to_room())
    receipt = await stage.platform.send(stage.to_room())
    for _ in range(250):
        stage.room.messages.append(replace(stage.room.messages[0], id=stage.discord.ids.next(), components=[]))
    assert await stage.started().find(tried) == receipt


async def test_a_person_who_repeats_the_bots_number_is_not_taken_for_it(stage: Stage) -> None:
    tried = stage.tried(stage.to_room())
    await stage.platform.send(stage.to_room())
    stage.room.messages[0].author = stage.ana.user
    stage.discord.passes(600)
    assert await stage.platform.find(tried) is None


async def test_a_discord_that_cannot_be_reached_got_nothing(stage: Stage) -> None:
    away = DiscordPlatform(Setup(token="t", api_url="http://127.0.0.1:9/api/v10"), Words(()), stage.now)
    with pytest.raises(SendError) as refused:
        await away.send(stage.to_room())
    assert (refused.value.reason, refused.value.permanent) == ("unreachable", False)
    await away.close()


def test_no_wait_outlasts_deliverys_lease() -> None:
    assert TIMEOUT.total is not None
    assert max(TIMEOUT.total, PATIENCE) < WITHIN
    assert LEASE.total_seconds() > WITHIN + SETTLING
    assert REPEATABLE.total_seconds() + WITHIN <= 120
    assert len(nonce("x" * 200, 99)) <= 25


# Long messages.


async def test_a_long_message_comes_in_parts_in_order_and_its_receipt_is_the_first(stage: Stage) -> None:
    assert len(draw(LONG)) > 2
    receipt = await stage.platform.send(stage.to_room(message=LONG))
    assert marks(stage.room) == in_parts("hello", LONG)
    assert receipt.id.endswith(f":{stage.room.messages[0].id}")


@pytest.mark.parametrize("later", [0.0, 3600.0])
async def test_a_bot_that_died_between_two_parts_sends_only_what_is_missing(stage: Stage, later: float) -> None:
    tried = stage.tried(stage.to_room(message=LONG))
    await stage.platform.send(stage.to_room(message=LONG))
    first = stage.room.messages[0]
    stage.room.messages[:] = [first]
    stage.discord.passes(later)
    assert await stage.started().find(tried) == Receipt(f"{stage.room.id}:{first.id}")
    assert marks(stage.room) == in_parts("hello", LONG)


@pytest.mark.parametrize("how", ["rate limit", "lost answer", "error 500"])
async def test_trouble_with_the_second_part_neither_loses_nor_doubles_one(stage: Stage, how: str) -> None:
    tried = stage.tried(stage.to_room(message=LONG))
    first = await stage.platform.send(stage.to_room(message=LONG))
    del stage.room.messages[1:]
    match how:
        case "rate limit":
            stage.discord.rate_limit(POST, 60)
        case "lost answer":
            stage.discord.lose_answer(POST)
        case _:
            stage.discord.fail(POST, 500)
    stage.discord.passes(600)
    platform = stage.started()
    with pytest.raises((SendError, OSError)):
        await platform.find(tried)
    assert await stage.started().find(tried) == first
    assert marks(stage.room) == in_parts("hello", LONG)


async def test_a_limit_met_between_two_parts_leaves_it_uncertain_and_the_rest_follows(stage: Stage) -> None:
    tried = stage.tried(stage.to_room(message=LONG))
    stage.discord.slow(POST, 0.1, times=2)
    sending = asyncio.create_task(stage.platform.send(stage.to_room(message=LONG)))
    while not stage.room.messages:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    stage.discord.rate_limit(POST, 60)
    with pytest.raises(OSError):
        await sending
    assert marks(stage.room) == in_parts("hello", LONG)[:1]
    await stage.started().find(tried)
    assert marks(stage.room) == in_parts("hello", LONG)


# Beneath other messages.


async def test_a_recap_stands_in_a_thread_on_the_message_it_belongs_to(stage: Stage) -> None:
    first = await stage.platform.send(stage.to_room())
    receipts = [
        await stage.platform.send(stage.to_room(key=key, message=LONG, thread=first.id)) for key in ("recap", "more")
    ]
    [thread] = stage.guild.rooms(PUBLIC_THREAD)
    assert (thread.id, thread.name) == (stage.room.messages[0].id, "Recap")
    assert marks(thread) == in_parts("recap", LONG) + in_parts("more", LONG)
    assert [receipt.id.split(":")[0] for receipt in receipts] == [str(thread.id)] * 2


@pytest.mark.parametrize("route", [THREAD, POST])
@pytest.mark.parametrize("later", [0.0, 3600.0])
async def test_a_recap_whose_answer_was_lost_is_there_once(stage: Stage, route: str, later: float) -> None:
    first = await stage.platform.send(stage.to_room())
    stage.discord.lose_answer(route)
    await stage.delivered(stage.to_room(key="recap", thread=first.id), later)
    [thread] = stage.guild.rooms(PUBLIC_THREAD)
    assert marks(thread) == in_parts("recap", SHORT)


async def test_what_cannot_have_a_thread_is_answered(stage: Stage) -> None:
    in_dm = await stage.platform.send(stage.to_ana())
    in_room = await stage.platform.send(stage.to_room())
    await stage.platform.send(stage.to_ana(key="again", thread=in_dm.id))
    await stage.platform.send(stage.to_room(key="untitled", message=replace(SHORT, title=()), thread=in_room.id))
    stage.guild.deny_bot(Permission.CREATE_PUBLIC_THREADS)
    stage.guild.everyone.permissions &= ~Permission.CREATE_PUBLIC_THREADS
    await stage.platform.send(stage.to_room(key="no threads", thread=in_room.id))
    assert stage.guild.rooms(PUBLIC_THREAD) == []
    for channel in (stage.ana.dm, stage.room):
        first, *answers = channel.messages
        assert answers
        assert {each.reference["message_id"] for each in answers if each.reference} == {str(first.id)}


async def test_what_belonged_to_a_deleted_message_stands_by_itself(stage: Stage) -> None:
    first = await stage.platform.send(stage.to_room())
    stage.room.messages.clear()
    await stage.platform.send(stage.to_room(key="recap", thread=first.id))
    assert marks(stage.room) == in_parts("recap", SHORT)


def test_the_name_of_a_thread_is_plain_and_short() -> None:
    assert heading(Message(title=(Text("Session 3: "), Mention("Ana", "1"), Text(" shows")))) == "Session 3: Ana shows"
    assert len(heading(Message(title=(Text("x" * 300),)))) == 100
    assert heading(Message()) == ""


# Edits and pins.


async def test_a_message_is_changed_in_its_place(stage: Stage) -> None:
    receipt = await stage.platform.send(stage.to_room())
    later = Message(blocks=(Paragraph((Text("See you at five."),)),))
    edit = stage.to_room(kind=Kind.EDIT, key="move", message=later, target=receipt.id)
    assert await stage.platform.send(edit) == receipt
    assert await stage.delivered(edit) == receipt
    [message] = stage.room.messages
    assert "five" in words(message)


@pytest.mark.parametrize("direct", [False, True])
async def test_what_no_longer_fits_into_a_message_follows_beneath_it_once(stage: Stage, direct: bool) -> None:
    receipt = await stage.platform.send(stage.to_ana() if direct else stage.to_room())
    to = {"account": stage.ana.id} if direct else {"room": str(stage.room.id)}
    edit = stage.parcel(Kind.EDIT, "more", message=LONG, target=receipt.id, **to)
    for key in ("more", "more still", "and more"):
        await stage.platform.send(replace(edit, key=key))
    beneath = stage.ana.dm.messages[1:] if direct else stage.guild.rooms(PUBLIC_THREAD)[0].messages
    assert len(beneath) == len(draw(LONG)) - 1


async def test_a_message_in_a_thread_that_was_put_away_is_changed_all_the_same(stage: Stage) -> None:
    first = await stage.platform.send(stage.to_room())
    recap = await stage.platform.send(stage.to_room(key="recap", thread=first.id))
    [thread] = stage.guild.rooms(PUBLIC_THREAD)
    thread.archived = True
    await stage.platform.send(stage.to_room(kind=Kind.EDIT, key="mend", message=LONG, target=recap.id))
    assert "Part A" in words(thread.messages[0])


async def test_a_message_that_is_gone_cannot_be_changed(stage: Stage) -> None:
    receipt = await stage.platform.send(stage.to_room())
    stage.room.messages.clear()
    assert await stage.refused(stage.to_room(kind=Kind.EDIT, target=receipt.id)) == ("message-gone", "")
    assert await stage.refused(stage.to_room(kind=Kind.EDIT, target="nowhere")) == ("message-gone", "")


async def test_a_welcome_is_pinned_also_when_the_bot_died_before_it_could(stage: Stage) -> None:
    tried = stage.tried(stage.to_room(pin=True))
    await stage.platform.send(stage.to_room())
    for _ in range(2):
        await stage.started().find(tried)
    assert [each.pinned for each in stage.room.messages if each.components] == [True]


async def test_a_message_counts_as_sent_whatever_becomes_of_its_pin(stage: Stage) -> None:
    stage.guild.deny_bot(Permission.PIN_MESSAGES)
    receipt = await stage.platform.send(stage.to_room(pin=True))
    assert receipt.id.endswith(f":{stage.room.messages[0].id}")


async def test_a_pin_that_must_wait_does_not_bring_the_message_twice(stage: Stage) -> None:
    stage.discord.rate_limit(PIN, 60)
    tried = stage.tried(stage.to_room(pin=True))
    with pytest.raises(OSError):
        await stage.platform.send(stage.to_room(pin=True))
    await stage.started().find(tried)
    assert [each.pinned for each in stage.room.messages if each.components] == [True]


# Files and links.


async def test_a_picture_arrives_with_its_words_its_name_and_what_it_shows(stage: Stage) -> None:
    await stage.platform.send(stage.to_ana(kind=Kind.UPLOAD, file=PICTURE))
    [message] = stage.ana.dm.messages
    [file] = message.attachments
    assert (file.filename, file.content) == (file_name("Our scores.png", "hello"), PICTURE.content)
    assert file.description == "Scores, rising"
    container, gallery = message.components
    assert "See you at four." in str(container)
    assert gallery["items"][0]["description"] == "Scores, rising"


async def test_a_list_is_shown_as_a_file_with_words_or_without(stage: Stage) -> None:
    table = File(name="Ünïcode list (2).csv", media_type="text/csv", content=b"a,b")
    for key, message in (("with", SHORT), ("without", None), ("long", LONG)):
        await stage.platform.send(stage.to_room(kind=Kind.UPLOAD, key=key, file=table, message=message))
    named = [file.filename for message in stage.room.messages for file in message.attachments]
    assert named == [file_name(table.name, key) for key in ("with", "without", "long")]
    assert named[0].startswith("Unicode_list_2-")
    assert named[0].endswith(".csv")


@pytest.mark.parametrize("later", [0.0, 3600.0])
@pytest.mark.parametrize("message", [SHORT, LONG, None])
async def test_a_file_whose_answer_was_lost_is_there_once(stage: Stage, message: Message | None, later: float) -> None:
    stage.discord.lose_answer(POST)
    await stage.delivered(stage.to_room(kind=Kind.UPLOAD, file=PICTURE, message=message), later)
    assert [len(each.attachments) for each in stage.room.messages][-1] == 1
    assert len(stage.room.messages) == (1 if message is None else len(draw(message)))


async def test_a_file_that_had_to_wait_is_whole(stage: Stage) -> None:
    stage.discord.rate_limit(POST, 0.05)
    await stage.platform.send(stage.to_room(kind=Kind.UPLOAD, file=PICTURE))
    [message] = stage.room.messages
    assert message.attachments[0].content == PICTURE.content


async def test_a_bookmark_is_a_link_that_is_pinned_once(stage: Stage) -> None:
    parcel = stage.to_room(kind=Kind.BOOKMARK, title="Calendar", url="https://example.org/a.ics", message=None)
    stage.discord.lose_answer(POST)
    receipt = await stage.delivered(parcel, 3600)
    [link] = [each for each in stage.room.messages if each.components]
    assert receipt.id.endswith(f":{link.id}")
    assert link.pinned
    assert "[Calendar]" in words(link)
    assert "https://example.org/a.ics" in words(link)


# Rooms.


LEADING = " · facilitators"
BOTH = ["Deploy Together 7", f"Deploy Together 7{LEADING}"]
WHOLE = [(TEXT, "deploy-together-7"), (VOICE, "Deploy Together 7"), (CATEGORY, "Deploy Together 7")]


@pytest.mark.parametrize(
    ("ours", "discords"),
    [
        ("Value Accelerator, spring 2027", "value-accelerator-spring-2027"),
        ("Größe & Ünïcode", "grösse-ünïcode"),
        ("  --  ", None),
        ("🌍", None),
        ("x" * 200, "x" * 100),
    ],
)
def test_a_room_is_called_as_discord_lets_it(ours: str, discords: str | None) -> None:
    name = room_name(ours)
    assert name == (discords or name)
    assert 0 < len(name) <= 100


async def test_a_cohort_gets_a_category_two_rooms_and_a_role_that_nobody_else_has(stage: Stage) -> None:
    receipt = await stage.platform.send(stage.cohort())
    assert stage.made() == WHOLE
    assert sorted(stage.roles()) == BOTH
    assert stage.guild.role_named("Deploy Together 7").permissions == 0
    room = stage.guild.channels[int(receipt.id)]
    assert room.type == TEXT
    assert (room.topic or "").startswith("We ship on Fridays.")
    assert mark("room/7") in (room.topic or "")
    for each in stage.guild.rooms():
        assert stage.ana.can_see(each) == (each.name in ("general", "Lounge", "cohort-1"))
        assert stage.discord.sees(stage.discord.bot, each)


@pytest.mark.parametrize("how", ["crash", "lost answer", "error 500", "rate limit"])
@pytest.mark.parametrize("done", range(6))
async def test_a_room_half_made_is_completed_and_not_made_twice(stage: Stage, done: int, how: str) -> None:
    """Of two roles, category, text channel and voice channel so many are `done`; then trouble comes, a day goes by."""
    tried = stage.tried(stage.cohort())
    await stage.platform.send(stage.cohort())
    _take_away(stage, done)
    route = ROLES if done < 2 else CHANNELS
    match how:
        case "lost answer":
            stage.discord.lose_answer(route)
        case "error 500":
            stage.discord.fail(route, 500)
        case "rate limit":
            stage.discord.rate_limit(route, 60)
    if how != "crash" and done < 5:
        with pytest.raises((SendError, OSError)):
            await stage.started().send(tried)
    stage.discord.passes(86_400)
    platform = stage.started()
    receipt = await platform.find(tried) or await platform.send(tried)
    assert await platform.send(tried) == receipt
    assert stage.made() == WHOLE
    assert sorted(stage.roles()) == BOTH
    room = stage.guild.channels[int(receipt.id)]
    await stage.platform.send(stage.parcel(Kind.INVITE, room=receipt.id, account=stage.ana.id))
    assert room.type == TEXT
    assert inside(stage, room) == {True}


def _take_away(stage: Stage, left: int) -> None:
    """All but the first pieces, as if they had never been made."""
    name = "Deploy Together 7"
    channels = {each.type: each for each in stage.guild.rooms() if each.name in (name, "deploy-together-7")}
    for number, role in enumerate(reversed(BOTH), 1):
        if left < number:
            stage.guild.drop_role(stage.guild.role_named(role))
    for number, kind in enumerate((CATEGORY, TEXT, VOICE), 3):
        if left < number:
            stage.guild.drop_channel(channels[kind])


async def test_the_room_of_a_former_cohort_is_never_taken(stage: Stage) -> None:
    receipt = await stage.platform.send(stage.cohort())
    stage.discord.passes(3600)
    tried = stage.tried(stage.cohort())
    assert await stage.platform.find(tried) is None
    assert await stage.platform.send(tried) != receipt


async def test_two_cohorts_made_at_once_do_not_mix(stage: Stage) -> None:
    parcels = [stage.cohort(key=f"room/{number}", name=f"Cohort {number}") for number in range(3)]
    receipts = await asyncio.gather(*(stage.platform.send(parcel) for parcel in parcels))
    assert len({receipt.id for receipt in receipts}) == 3
    assert sorted(stage.roles()) == [f"Cohort {number}{end}" for number in range(3) for end in ("", LEADING)]
    await stage.platform.send(stage.parcel(Kind.INVITE, room=receipts[0].id, account=stage.ana.id))
    assert [stage.ana.can_see(stage.guild.channels[int(each.id)]) for each in receipts] == [True, False, False]


async def test_without_manage_channels_the_missing_permission_is_named(stage: Stage) -> None:
    stage.guild.deny_bot(Permission.MANAGE_CHANNELS)
    assert await stage.refused(stage.cohort()) == ("missing-permission", "Manage Channels")
    await stage.platform.send(stage.to_room())
    stage.guild.allow_bot(Permission.MANAGE_CHANNELS)
    await stage.platform.send(stage.cohort())
    assert stage.made() == WHOLE
    assert sorted(stage.roles()) == BOTH


async def test_a_server_that_is_full_says_so(stage: Stage) -> None:
    stage.discord.fail(CHANNELS, 400, code=30013)
    assert await stage.refused(stage.cohort()) == ("server-full", "")


async def test_a_room_without_its_voice_channel_is_a_room(stage: Stage) -> None:
    tried = stage.tried(stage.cohort())
    await stage.platform.send(stage.cohort())
    [voice] = [each for each in stage.guild.rooms(VOICE) if each.name == "Deploy Together 7"]
    stage.guild.drop_channel(voice)
    stage.discord.fail(CHANNELS, 400, code=30013)
    receipt = await stage.platform.send(tried)
    assert stage.guild.channels[int(receipt.id)].name == "deploy-together-7"
    assert stage.made() == [WHOLE[0], WHOLE[2]]


# Members.


async def seats(stage: Stage) -> tuple[Parcel, Channel, Channel]:
    """The seat in a cohort's room that Ana may get, the room, and its voice channel."""
    receipt = await stage.platform.send(stage.cohort())
    [voice] = [each for each in stage.guild.rooms(VOICE) if each.name == "Deploy Together 7"]
    seat = stage.parcel(Kind.INVITE, "seat", room=receipt.id, account=stage.ana.id, message=None)
    return seat, stage.guild.channels[int(receipt.id)], voice


def inside(stage: Stage, *channels: Channel) -> set[bool]:
    return {stage.ana.can_see(each) for each in channels}


async def test_inviting_and_removing_twice_changes_nothing(stage: Stage) -> None:
    seat, room, voice = await seats(stage)
    for kind, expected in ((Kind.INVITE, True), (Kind.REMOVE, False), (Kind.INVITE, True)):
        for _ in range(2):
            await stage.platform.send(replace(seat, kind=kind))
            assert inside(stage, room, voice) == {expected}
            assert stage.guild.has_role(stage.ana, "Deploy Together 7") == expected


async def test_a_role_above_the_bots_is_made_good_by_permissions_of_their_own(stage: Stage) -> None:
    seat, room, voice = await seats(stage)
    stage.guild.lower_bot(stage.guild.role_named("Deploy Together 7"))
    for kind, expected in ((Kind.INVITE, True), (Kind.REMOVE, False), (Kind.INVITE, True)):
        await stage.platform.send(replace(seat, kind=kind))
        assert inside(stage, room, voice) == {expected}
        assert not stage.guild.has_role(stage.ana, "Deploy Together 7")
    stage.guild.raise_bot()
    await stage.platform.send(seat)
    assert stage.guild.has_role(stage.ana, "Deploy Together 7")
    await stage.platform.send(replace(seat, kind=Kind.REMOVE))
    assert inside(stage, room, voice) == {False}


async def test_who_got_the_role_before_it_rose_above_the_bots_is_kept_out_all_the_same(stage: Stage) -> None:
    seat, room, voice = await seats(stage)
    await stage.platform.send(seat)
    stage.guild.lower_bot(stage.guild.role_named("Deploy Together 7"))
    await stage.platform.send(replace(seat, kind=Kind.REMOVE))
    assert inside(stage, room, voice) == {False}


async def test_without_a_role_people_are_let_in_one_by_one(stage: Stage) -> None:
    stage.discord.fail(ROLES, 400, code=30005, times=2)
    seat, room, voice = await seats(stage)
    assert stage.roles() == []
    for kind, expected in ((Kind.INVITE, True), (Kind.INVITE, True), (Kind.REMOVE, False), (Kind.REMOVE, False)):
        await stage.platform.send(replace(seat, kind=kind))
        assert inside(stage, room, voice) == {expected}


async def test_without_manage_roles_the_missing_permission_is_named_and_the_room_is_there(stage: Stage) -> None:
    stage.guild.deny_bot(Permission.MANAGE_ROLES)
    seat, room, voice = await seats(stage)
    assert await stage.refused(seat) == ("missing-permission", "Manage Roles")
    assert inside(stage, room, voice) == {False}
    await stage.platform.send(stage.parcel(room=seat.room))
    assert len(room.messages) == 1


async def test_a_role_above_the_bots_is_named_where_nothing_else_is_allowed_either(stage: Stage) -> None:
    seat, room, _ = await seats(stage)
    stage.guild.lower_bot(stage.guild.role_named("Deploy Together 7"))
    stage.guild.overwrite(room, stage.guild.bot_role, deny=Permission.MANAGE_ROLES)
    assert await stage.refused(seat) == ("role-order", ", ".join(BOTH))


async def test_no_role_is_given_that_opens_other_doors(stage: Stage) -> None:
    seat, room, voice = await seats(stage)
    stage.guild.role_named("Deploy Together 7").permissions = int(Permission.BAN_MEMBERS)
    moderators = stage.guild.add_role("Moderators", int(Permission.MANAGE_GUILD))
    stage.guild.overwrite(room, moderators, allow=int(Permission.VIEW_CHANNEL))
    await stage.platform.send(seat)
    assert inside(stage, room, voice) == {True}
    assert stage.guild.members[stage.ana.user.id].roles == set()


async def test_who_left_the_server_is_gone_and_needs_no_removing(stage: Stage) -> None:
    seat, _, _ = await seats(stage)
    await stage.platform.send(seat)
    stage.guild.lose(stage.ana.user.id)
    await stage.platform.send(replace(seat, kind=Kind.REMOVE))
    assert await stage.refused(seat) == ("person-gone", "")
    stage.guild.drop_role(stage.guild.role_named("Deploy Together 7"))
    assert await stage.refused(seat) == ("person-gone", "")


@pytest.mark.parametrize("route", [GIVE, TAKE])
async def test_a_lost_answer_about_a_role_changes_nothing_in_the_end(stage: Stage, route: str) -> None:
    seat, room, _ = await seats(stage)
    stage.discord.fail_after(route, 502)
    await stage.delivered(seat)
    await stage.delivered(replace(seat, kind=Kind.REMOVE))
    assert inside(stage, room) == {False}


# Limits.


async def test_a_short_wait_is_waited_for(stage: Stage) -> None:
    for everything in (False, True):
        stage.discord.rate_limit(POST, 0.05, global_=everything)
        await stage.platform.send(stage.to_room(key=f"{everything}"))
    assert len(stage.room.messages) == 2


async def test_a_long_one_holds_up_its_own_room_and_no_other(stage: Stage) -> None:
    other = stage.guild.add_channel("other")
    stage.discord.rate_limit(f"POST /channels/{stage.room.id}/messages", 20)
    for _ in range(2):
        with pytest.raises(SendError) as refused:
            await stage.platform.send(stage.to_room())
        assert (refused.value.reason, refused.value.permanent) == (RATE_LIMITED, False)
        assert refused.value.retry_after == pytest.approx(20, abs=2)
    await stage.platform.send(stage.parcel(room=str(other.id)))
    assert stage.discord.rate_limited == 1
    assert len(other.messages) == 1


async def test_one_for_everything_holds_up_everything(stage: Stage) -> None:
    other = stage.guild.add_channel("other")
    stage.discord.rate_limit(POST, 20, global_=True)
    for parcel in (stage.to_room(), stage.parcel(room=str(other.id)), stage.to_ana()):
        with pytest.raises(SendError) as refused:
            await stage.platform.send(parcel)
        assert refused.value.reason == RATE_LIMITED
        assert refused.value.retry_after == pytest.approx(20, abs=2)
    assert stage.discord.rate_limited == 1


async def test_a_burst_is_never_refused_by_discord(stage: Stage) -> None:
    stage.discord.enforce_limits = True
    rooms = [stage.guild.add_channel(f"r{number}") for number in range(20)]
    parcels = [stage.parcel(room=str(room.id), key=f"{room.id}/{turn}") for room in rooms for turn in range(3)]
    await asyncio.gather(*(stage.platform.send(parcel) for parcel in parcels))
    assert stage.discord.rate_limited == 0
    assert sum(len(room.messages) for room in rooms) == len(parcels)


# Refusals.


@pytest.mark.parametrize(("code", "reason"), sorted(TABLE.items()))
async def test_every_number_of_discord_has_a_word_of_ours(stage: Stage, code: int, reason: str) -> None:
    stage.discord.fail(POST, 400, code=code)
    with pytest.raises(SendError) as refused:
        await stage.platform.send(stage.to_room())
    assert refused.value.reason == reason
    assert refused.value.permanent == (reason != RATE_LIMITED)
    assert (refused.value.retry_after is None) == refused.value.permanent


async def test_a_number_that_nobody_knows_is_passed_on(stage: Stage) -> None:
    stage.discord.fail(POST, 400, code=99999)
    assert await stage.refused(stage.to_room()) == ("other", "99999")


async def test_rooms_and_people_that_are_gone_or_closed_are_told_apart(stage: Stage) -> None:
    left, closed = stage.guild.add_person("Left"), stage.guild.add_person("Closed", dms_open=False)
    stage.guild.lose(left.user.id)
    hidden = stage.guild.add_channel("hidden")
    stage.guild.overwrite(hidden, stage.guild.bot_role, deny=int(Permission.VIEW_CHANNEL))
    mute = stage.guild.add_channel("mute")
    stage.guild.overwrite(mute, stage.guild.bot_role, deny=int(Permission.SEND_MESSAGES))
    bare = stage.guild.add_channel("bare")
    stage.guild.overwrite(bare, stage.guild.bot_role, deny=int(Permission.ATTACH_FILES))
    assert await stage.refused(stage.parcel(account=left.id)) == ("person-gone", "")
    assert await stage.refused(stage.parcel(account=closed.id)) == ("dm-closed", "")
    assert await stage.refused(stage.parcel(room=str(hidden.id))) == ("not-in-room", "")
    assert await stage.refused(stage.parcel(room="123456789")) == ("room-gone", "")
    assert await stage.refused(stage.parcel(room=str(mute.id))) == ("missing-permission", "Send Messages")
    upload = stage.parcel(Kind.UPLOAD, room=str(bare.id), file=PICTURE)
    assert await stage.refused(upload) == ("missing-permission", "Attach Files")


async def test_a_room_deleted_meanwhile_is_gone(stage: Stage) -> None:
    await stage.platform.send(stage.to_room())
    stage.guild.drop_channel(stage.room)
    assert await stage.refused(stage.to_room(key="late")) == ("room-gone", "")
    assert await stage.refused(stage.to_room(kind=Kind.INVITE, account=stage.ana.id)) == ("room-gone", "")


async def test_a_server_that_sent_the_bot_away_takes_no_message(stage: Stage) -> None:
    stage.guild.expel_bot()
    assert (await stage.refused(stage.to_room()))[0] == "not-in-room"
    assert (await stage.refused(stage.cohort()))[0] == "room-gone"


# Servers and the token.


async def test_two_servers_never_mix(stage: Stage) -> None:
    other = stage.discord.add_guild("Bravo")
    other.welcome(stage.ana)
    one, two = [await stage.platform.send(stage.cohort(workspace=str(each.id))) for each in (stage.guild, other)]
    assert int(one.id) in stage.guild.channels
    assert int(two.id) in other.channels
    assert await stage.refused(stage.parcel(room=two.id)) == ("room-gone", "")
    seat = stage.parcel(Kind.INVITE, account=stage.ana.id, room=two.id)
    assert await stage.refused(seat) == ("room-gone", "")
    await stage.platform.send(replace(seat, workspace=str(other.id)))
    assert other.has_role(stage.ana, "Deploy Together 7")
    assert not stage.guild.has_role(stage.ana, "Deploy Together 7")


async def test_a_token_that_discord_refuses_makes_messages_wait(stage: Stage) -> None:
    platform = stage.started(token="wrong")
    for _ in range(2):
        with pytest.raises(SendError) as refused:
            await platform.send(stage.to_room())
        error = refused.value
        assert (error.reason, error.permanent, error.retry_after) == ("token-revoked", False, 300)
    assert "wrong" not in repr(platform.setup)


async def test_a_token_that_was_reset_meanwhile_makes_messages_wait(stage: Stage) -> None:
    await stage.platform.send(stage.to_room())
    stage.discord.token = "another"
    with pytest.raises(SendError) as refused:
        await stage.platform.send(stage.to_room(key="late"))
    assert (refused.value.reason, refused.value.permanent) == ("token-revoked", False)


async def test_a_discord_that_is_away_at_the_start_is_asked_again(stage: Stage) -> None:
    stage.discord.fail("GET /users/@me", 503)
    with pytest.raises(OSError):
        await stage.platform.send(stage.to_room())
    await stage.platform.send(stage.to_room())
    assert len(stage.room.messages) == 1


async def test_asked_from_many_sides_at_once_the_bot_logs_in_once_and_stays_when_the_gateway_goes(stage: Stage) -> None:
    await asyncio.gather(*(stage.platform.send(stage.to_room(key=f"{number}")) for number in range(4)))
    await stage.platform.http.close()
    await stage.platform.http.static_login(stage.discord.token)
    await stage.platform.send(stage.to_room(key="after"))
    assert stage.calls("GET", "/users/@me") == 1
    assert len(stage.room.messages) == 5
