"""Pairs with a place of their own, over a real socket: a private thread, a voice channel for a while, and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.message import Message, Paragraph, Text
from bot.platforms.base import Kind, Parcel, Receipt, SendError
from bot.platforms.discord.groups import called, mark
from bot.platforms.discord.ids import component_id
from bot.platforms.discord.send import DiscordPlatform
from bot.platforms.discord.setup import Setup
from bot.words import Words
from tests.platforms.fakes.discord import Channel, FakeDiscord, FakeGuild, Permission, Person
from tests.platforms.fakes.discord.state import PRIVATE_THREAD, VOICE

PROMPT = Message(title=(Text("A place of your own"),), blocks=(Paragraph((Text("What stings?"),)),))
NOTICE = Message(title=(Text("Half a minute left"),))
JOINED = Message(title=(Text("Chi just joined you. Say hello"),))
THREAD, SAY = "POST /channels/{channel}/threads", "POST /channels/{channel}/messages"
LET_IN = "PUT /channels/{channel}/thread-members/{user}"
MAKE, MOVE = "POST /guilds/{guild}/channels", "PATCH /guilds/{guild}/members/{user}"
DELETE = "DELETE /channels/{channel}"
HOME = "Deploy Together 7"


class Stage:
    """A server with a cohort's category, which the bot made, four members, and a session that is on."""

    def __init__(self, discord: FakeDiscord) -> None:
        self.discord = discord
        self.guild: FakeGuild = discord.add_guild("Acme")
        self._platforms: list[DiscordPlatform] = []
        self.platform = self.started()
        self.members: list[Person] = []
        self.room = ""
        self.until = self.now() + timedelta(minutes=8)

    async def opens(self) -> None:
        room = Parcel(key="room/7", kind=Kind.ROOM, workspace=str(self.guild.id), name=HOME)
        self.room = (await self.platform.send(room)).id
        for name in ("Ana Lima", "Ben", "Chi", "Fay"):
            person = self.guild.add_person(name, roles=(self.guild.role_named(HOME),))
            self.members.append(person)

    @property
    def ana(self) -> Person:
        return self.members[0]

    @property
    def ben(self) -> Person:
        return self.members[1]

    @property
    def chi(self) -> Person:
        return self.members[2]

    @property
    def fay(self) -> Person:
        return self.members[3]

    def started(self) -> DiscordPlatform:
        """A bot that has just been started."""
        setup = Setup(token=self.discord.token, api_url=self.discord.api_url)
        platform = DiscordPlatform(setup, Words(()), self.now, settling=0.01)
        self._platforms.append(platform)
        return platform

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.discord.clock(), UTC)

    async def close(self) -> None:
        for platform in self._platforms:
            await platform.close()

    def group(self, **more: object) -> Parcel:
        parcel = Parcel(
            key="group/session:1/round:1/group:1",
            kind=Kind.GROUP,
            workspace=str(self.guild.id),
            room=self.room,
            occasion="session:1/round:1/group:1",
            name="Ana Lima, Ben",
            accounts=(self.ana.id, self.ben.id),
            ends=self.until,
            message=PROMPT,
        )
        return replace(parcel, **more)  # type: ignore[arg-type]

    def by_voice(self, **more: object) -> Parcel:
        return self.group(key="group/session:1/round:1/group:1/voice", voice=True, message=None, **more)

    def notice(self, target: str, **more: object) -> Parcel:
        key = "ungroup/session:1/round:1/group:1/notice"
        return self.group(key=key, kind=Kind.UNGROUP, message=NOTICE, target=target, ping=True, **more)

    def joins(self, target: str, **more: object) -> Parcel:
        key = "group/session:1/round:1/group:1/r3"
        joins = self.group(key=key, message=JOINED, target=target, name="Chi", accounts=(self.chi.id,))
        return replace(joins, **more)  # type: ignore[arg-type]

    def follows(self, target: str, **more: object) -> Parcel:
        key = "group/session:1/round:1/group:1/voice/r3"
        return self.joins(target, key=key, voice=True, message=None, **more)

    def back(self, target: str, **more: object) -> Parcel:
        key = "ungroup/session:1/round:1/group:1"
        everyone = (self.ana.id, self.ben.id, self.fay.id)
        return self.group(key=key, kind=Kind.UNGROUP, message=None, target=target, accounts=everyone, **more)

    async def delivered(self, parcel: Parcel) -> Receipt:
        """As delivery does it: what is uncertain is looked for, what is not there is sent again."""
        try:
            return await self.platform.send(parcel)
        except OSError:
            tried = replace(parcel, attempted_at=self.now())
            return await self.platform.find(tried) or await self.platform.send(tried)

    async def refused(self, parcel: Parcel) -> tuple[str, str]:
        with pytest.raises(SendError) as refused:
            await self.platform.send(parcel)
        assert refused.value.permanent
        return refused.value.reason, refused.value.detail

    def takes_from_bot(self, permission: Permission) -> None:
        """In the whole server, and in what the bot has made."""
        self.guild.deny_bot(permission)
        self.guild.everyone.permissions &= ~permission
        for channel in self.guild.rooms():
            if (own := channel.overwrites.get(self.discord.bot.id)) is not None:
                channel.overwrites[own.id] = replace(own, allow=own.allow & ~permission)

    async def parted(self) -> str:
        """Ana and Ben are in a voice channel of their own; its id."""
        for person in (self.ana, self.ben, self.chi):
            await person.joins_voice(self.home)
        return (await self.platform.send(self.by_voice())).id

    @property
    def home(self) -> Channel:
        return next(one for one in self.guild.rooms(VOICE) if one.name == HOME)

    @property
    def own(self) -> list[Channel]:
        """Voice channels of groups."""
        return [one for one in self.guild.rooms(VOICE) if one.parent_id and one.name != HOME]

    @property
    def threads(self) -> list[Channel]:
        return self.guild.rooms(PRIVATE_THREAD)

    def inside(self, thread: Channel) -> set[str]:
        return {str(one) for one in thread.thread_members} - {str(self.discord.bot.id)}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with FakeDiscord() as discord:
        stage = Stage(discord)
        await stage.opens()
        yield stage
        await stage.close()
        assert discord.faults == [], "a body that no careful bot sends"


# Words.


async def test_a_pair_gets_a_private_thread_with_the_prompt(stage: Stage) -> None:
    receipt = await stage.platform.send(stage.group())
    [thread] = stage.threads
    assert receipt.id == str(thread.id)
    assert str(thread.parent_id) == stage.room
    assert (thread.invitable, thread.auto_archive) == (False, 60)
    assert thread.name.startswith("Ana Lima, Ben")
    assert stage.inside(thread) == {stage.ana.id, stage.ben.id}
    [message] = thread.messages
    assert "What stings?" in str(message.components)
    assert message.components[0]["id"] == component_id("group/session:1/round:1/group:1", 0)
    assert stage.ana.can_see(thread) and not stage.chi.can_see(thread)


@pytest.mark.parametrize("route", [THREAD, SAY, LET_IN])
@pytest.mark.parametrize("how", ["lost answer", "error after it was done", "error before"])
async def test_a_thread_whose_answer_was_lost_is_there_once_and_complete(stage: Stage, route: str, how: str) -> None:
    match how:
        case "lost answer":
            stage.discord.lose_answer(route)
        case "error after it was done":
            stage.discord.fail_after(route, 502)
        case _:
            stage.discord.fail(route, 500)
    await stage.delivered(stage.group())
    [thread] = stage.threads
    assert len(thread.messages) == 1
    assert stage.inside(thread) == {stage.ana.id, stage.ben.id}


async def test_a_restarted_bot_completes_a_thread_that_was_begun(stage: Stage) -> None:
    tried = stage.group(attempted_at=stage.now())
    first = await stage.platform.send(stage.group())
    [thread] = stage.threads
    thread.messages.clear()
    thread.thread_members.pop(stage.ben.user.id)
    stage.discord.passes(180)
    assert await stage.started().find(tried) == first
    assert len(thread.messages) == 1
    assert stage.inside(thread) == {stage.ana.id, stage.ben.id}


async def test_what_was_never_begun_is_not_found(stage: Stage) -> None:
    await stage.platform.send(stage.group(occasion="session:1/round:1/group:2", key="another"))
    assert await stage.platform.find(stage.group(attempted_at=stage.now())) is None


async def test_each_group_has_its_own_thread(stage: Stage) -> None:
    await stage.platform.send(stage.group())
    second = stage.group(occasion="session:1/round:1/group:2", key="two", name="Chi, Fay")
    await stage.platform.send(replace(second, accounts=(stage.chi.id, stage.fay.id)))
    assert [stage.inside(one) for one in stage.threads] == [
        {stage.ana.id, stage.ben.id},
        {stage.chi.id, stage.fay.id},
    ]


async def test_somebody_who_has_left_the_server_hinders_nobody(stage: Stage) -> None:
    await stage.ben.leaves_guild()
    await stage.platform.send(stage.group())
    assert stage.inside(stage.threads[0]) == {stage.ana.id}


async def test_long_names_are_cut_but_not_the_mark(stage: Stage) -> None:
    long = stage.group(name=", ".join(["Somebody With A Long Name"] * 6))
    assert 90 < len(called(long)) <= 100
    assert called(long).endswith(mark(long))
    await stage.platform.send(long)
    await stage.platform.send(long)
    assert len(stage.threads) == 1


@pytest.mark.parametrize(
    ("permission", "name"),
    [
        (Permission.CREATE_PRIVATE_THREADS, "Create Private Threads"),
        (Permission.SEND_MESSAGES_IN_THREADS, "Send Messages in Threads"),
    ],
)
async def test_without_private_threads_it_says_which_permission_is_missing(
    stage: Stage, permission: Permission, name: str
) -> None:
    stage.takes_from_bot(permission)
    assert await stage.refused(stage.group()) == ("missing-permission", name)
    assert not any(stage.inside(one) for one in stage.threads)


# Whoever comes later.


async def test_a_latecomer_is_let_into_the_thread_that_is_there_and_announced_once(stage: Stage) -> None:
    thread_id = (await stage.platform.send(stage.group())).id
    [thread] = stage.threads
    before = len(stage.discord.calls)
    assert await stage.platform.send(stage.joins(thread_id)) == Receipt(thread_id)
    assert [one.path.rpartition("/")[2] for one in stage.discord.calls[before:] if one.method == "PUT"] == [
        stage.chi.id
    ]
    await stage.platform.send(stage.joins(thread_id))
    assert stage.threads == [thread]
    assert stage.inside(thread) == {stage.ana.id, stage.ben.id, stage.chi.id}
    assert ["Chi just joined" in str(one.components) for one in thread.messages] == [False, True]


@pytest.mark.parametrize("route", [SAY, LET_IN])
@pytest.mark.parametrize("how", ["lost answer", "error after it was done", "error before"])
@pytest.mark.parametrize("later", [0, 600])
async def test_a_joining_whose_answer_was_lost_is_completed_by_a_restarted_bot(
    stage: Stage, route: str, how: str, later: int
) -> None:
    thread_id = (await stage.platform.send(stage.group())).id
    match how:
        case "lost answer":
            stage.discord.lose_answer(route)
        case "error after it was done":
            stage.discord.fail_after(route, 502)
        case _:
            stage.discord.fail(route, 500)
    joins = stage.joins(thread_id, attempted_at=stage.now())
    with suppress(OSError):  # aiohttp itself repeats a PUT whose connection broke
        await stage.platform.send(joins)
    stage.discord.passes(later)
    assert await stage.started().find(joins) == Receipt(thread_id)
    [thread] = stage.threads
    assert stage.inside(thread) == {stage.ana.id, stage.ben.id, stage.chi.id}
    assert len(thread.messages) == 2


async def test_a_thread_that_was_put_away_is_opened_for_a_latecomer(stage: Stage) -> None:
    thread_id = (await stage.platform.send(stage.group())).id
    [thread] = stage.threads
    thread.archived = True
    await stage.platform.send(stage.joins(thread_id))
    assert not thread.archived
    assert stage.chi.id in stage.inside(thread)


async def test_a_thread_that_somebody_deleted_is_not_begun_again_for_a_latecomer(stage: Stage) -> None:
    thread_id = (await stage.platform.send(stage.group())).id
    stage.guild.drop_channel(stage.threads[0])
    assert await stage.platform.send(stage.joins(thread_id)) == Receipt("")
    assert await stage.platform.find(stage.joins(thread_id, attempted_at=stage.now())) == Receipt("")
    assert stage.threads == []


async def test_a_latecomer_in_the_cohorts_voice_channel_follows_the_others(stage: Stage) -> None:
    channel = await stage.parted()
    assert await stage.platform.send(stage.follows(channel)) == Receipt(channel)
    [own] = stage.own
    assert set(stage.guild.in_voice(own)) == {"Ana Lima", "Ben", "Chi"}
    assert stage.guild.in_voice(stage.home) == []


@pytest.mark.parametrize("how", ["lost answer", "error after it was done", "error before", "rate limit"])
async def test_a_latecomer_whose_move_was_interrupted_is_moved(stage: Stage, how: str) -> None:
    channel = await stage.parted()
    match how:
        case "lost answer":
            stage.discord.lose_answer(MOVE)
        case "error after it was done":
            stage.discord.fail_after(MOVE, 502)
        case "error before":
            stage.discord.fail(MOVE, 500)
        case _:
            stage.discord.rate_limit(MOVE, 60)
    with pytest.raises(OSError):
        await stage.platform.send(stage.follows(channel))
    assert await stage.started().find(stage.follows(channel, attempted_at=stage.now())) == Receipt(channel)
    assert set(stage.guild.in_voice(stage.own[0])) == {"Ana Lima", "Ben", "Chi"}


async def test_a_latecomer_elsewhere_or_too_late_is_left_where_they_are(stage: Stage) -> None:
    channel = await stage.parted()
    await stage.platform.send(stage.follows(channel, ends=stage.now()))
    assert stage.guild.in_voice(stage.home) == ["Chi"]
    await stage.chi.joins_voice(stage.guild.lounge)
    await stage.platform.send(stage.follows(channel))
    assert stage.chi.voice is stage.guild.lounge


async def test_no_voice_channel_is_made_for_a_latecomer(stage: Stage) -> None:
    for person in (stage.ana, stage.chi):
        await person.joins_voice(stage.home)
    none = (await stage.platform.send(stage.by_voice())).id
    assert await stage.platform.send(stage.follows(none)) == Receipt("")
    channel = await stage.parted()
    stage.guild.drop_channel(stage.own[0])
    await stage.chi.joins_voice(stage.home)
    assert await stage.platform.send(stage.follows(channel)) == Receipt("")
    assert stage.own == []


# Voice.


async def test_who_is_in_the_cohorts_voice_channel_is_moved_to_one_of_their_own(stage: Stage) -> None:
    receipt = await stage.parted()
    [own] = stage.own
    assert receipt == str(own.id)
    assert own.parent_id == stage.home.parent_id
    assert own.name.startswith("Ana Lima, Ben")
    assert set(stage.guild.in_voice(own)) == {"Ana Lima", "Ben"}
    assert stage.guild.in_voice(stage.home) == ["Chi"]


async def test_nobody_is_fetched_from_elsewhere_and_nobody_sits_alone(stage: Stage) -> None:
    await stage.ana.joins_voice(stage.home)
    await stage.ben.joins_voice(stage.guild.lounge)
    assert await stage.platform.send(stage.by_voice()) == Receipt("")
    assert stage.own == []
    assert stage.ben.voice is stage.guild.lounge


async def test_who_sits_behind_a_closed_door_hinders_nobody(stage: Stage) -> None:
    board = stage.guild.add_channel("Board", "voice")
    stage.guild.overwrite(board, stage.guild.bot_role, deny=Permission.CONNECT)
    for person in (stage.ana, stage.ben):
        await person.joins_voice(stage.home)
    await stage.chi.joins_voice(board)
    everyone = (stage.ana.id, stage.chi.id, stage.ben.id)
    channel = (await stage.platform.send(stage.by_voice(accounts=everyone))).id
    assert set(stage.guild.in_voice(stage.own[0])) == {"Ana Lima", "Ben"}
    await stage.platform.send(replace(stage.back(channel), accounts=everyone))
    assert set(stage.guild.in_voice(stage.home)) == {"Ana Lima", "Ben"}
    assert stage.chi.voice is board


async def test_shut_out_of_the_channel_itself_it_says_what_is_missing_and_drops_nobody(stage: Stage) -> None:
    channel = await stage.parted()
    stage.takes_from_bot(Permission.CONNECT)
    assert await stage.refused(stage.back(channel)) == ("missing-permission", "Connect")
    assert set(stage.guild.in_voice(stage.own[0])) == {"Ana Lima", "Ben"}


async def test_who_is_in_no_voice_channel_is_an_answer_and_no_complaint(stage: Stage) -> None:
    assert await stage.platform.send(stage.by_voice()) == Receipt("")
    assert stage.discord.refusals == []


async def test_a_round_that_is_over_moves_nobody(stage: Stage) -> None:
    await stage.ana.joins_voice(stage.home)
    await stage.ben.joins_voice(stage.home)
    assert await stage.platform.send(stage.by_voice(ends=stage.now())) == Receipt("")
    assert stage.own == []


@pytest.mark.parametrize("route", [MAKE, MOVE])
@pytest.mark.parametrize("how", ["lost answer", "error after it was done", "error before", "rate limit"])
async def test_a_voice_channel_whose_answer_was_lost_is_there_once(stage: Stage, route: str, how: str) -> None:
    for person in (stage.ana, stage.ben):
        await person.joins_voice(stage.home)
    match how:
        case "lost answer":
            stage.discord.lose_answer(route)
        case "error after it was done":
            stage.discord.fail_after(route, 502)
        case "error before":
            stage.discord.fail(route, 500)
        case _:
            stage.discord.rate_limit(route, 60)
    if how == "rate limit":
        with pytest.raises(SendError if route == MAKE else OSError):  # once it is made, it is uncertain
            await stage.platform.send(stage.by_voice())
        stage.platform = stage.started()
    receipt = await stage.delivered(stage.by_voice())
    [own] = stage.own
    assert receipt.id == str(own.id)
    assert set(stage.guild.in_voice(own)) == {"Ana Lima", "Ben"}


async def test_a_channel_left_by_a_crash_is_found_when_its_round_is_over_so_that_it_can_be_ended(stage: Stage) -> None:
    channel = await stage.parted()
    await stage.ana.joins_voice(stage.home)
    found = await stage.started().find(stage.by_voice(ends=stage.now(), attempted_at=stage.now()))
    assert found == Receipt(channel)
    assert stage.ana.voice is stage.home


async def test_before_the_end_the_pair_is_told_in_its_thread(stage: Stage) -> None:
    await stage.platform.send(stage.group())
    channel = await stage.parted()
    await stage.platform.send(stage.notice(channel))
    assert "Half a minute left" in str(stage.threads[0].messages[-1].components)
    assert len(stage.threads[0].messages) == 2


async def test_without_a_thread_they_are_told_in_the_voice_channels_chat(stage: Stage) -> None:
    channel = await stage.parted()
    await stage.platform.send(stage.notice(channel))
    [message] = stage.own[0].messages
    assert "Half a minute left" in str(message.components)


@pytest.mark.parametrize("later", [0, 600])
async def test_a_notice_whose_answer_was_lost_is_said_once(stage: Stage, later: int) -> None:
    await stage.platform.send(stage.group())
    channel = await stage.parted()
    stage.discord.lose_answer(SAY)
    notice = stage.notice(channel, attempted_at=stage.now())
    with pytest.raises(OSError):
        await stage.platform.send(notice)
    stage.discord.passes(later)
    assert await stage.started().find(notice) is not None
    assert len(stage.threads[0].messages) == 2


async def test_nobody_is_told_or_brought_back_when_nobody_was_parted(stage: Stage) -> None:
    await stage.platform.send(stage.group())
    assert await stage.platform.send(stage.notice("")) == Receipt("")
    assert await stage.platform.send(stage.back("")) == Receipt("")
    assert len(stage.threads[0].messages) == 1


async def test_everyone_comes_back_and_the_channel_goes(stage: Stage) -> None:
    channel = await stage.parted()
    await stage.fay.joins_voice(stage.own[0])  # the facilitator has looked in
    await stage.platform.send(stage.back(channel))
    assert stage.own == []
    assert set(stage.guild.in_voice(stage.home)) == {"Ana Lima", "Ben", "Chi", "Fay"}


async def test_a_restarted_bot_brings_them_back_too(stage: Stage) -> None:
    channel = await stage.parted()
    await stage.started().send(stage.back(channel))
    assert stage.own == []
    assert set(stage.guild.in_voice(stage.home)) == {"Ana Lima", "Ben", "Chi"}


async def test_whoever_is_no_longer_there_is_left_alone(stage: Stage) -> None:
    channel = await stage.parted()
    await stage.ana.leaves_voice()
    await stage.ben.joins_voice(stage.guild.lounge)
    await stage.platform.send(stage.back(channel))
    assert stage.own == []
    assert stage.ana.voice is None
    assert stage.ben.voice is stage.guild.lounge


@pytest.mark.parametrize("route", [MOVE, DELETE])
@pytest.mark.parametrize("how", ["lost answer", "error after it was done", "error before", "rate limit"])
async def test_a_way_back_that_was_interrupted_is_gone_to_its_end(stage: Stage, route: str, how: str) -> None:
    channel = await stage.parted()
    match how:
        case "lost answer":
            stage.discord.lose_answer(route)
        case "error after it was done":
            stage.discord.fail_after(route, 502)
        case "error before":
            stage.discord.fail(route, 500)
        case _:
            stage.discord.rate_limit(route, 60)
    with suppress(OSError, SendError):  # aiohttp itself repeats a DELETE whose connection broke
        await stage.platform.send(stage.back(channel))
    platform = stage.started()
    assert await platform.find(stage.back(channel)) is None
    await platform.send(stage.back(channel))
    assert stage.own == []
    assert set(stage.guild.in_voice(stage.home)) == {"Ana Lima", "Ben", "Chi"}


async def test_a_channel_that_somebody_deleted_needs_no_end(stage: Stage) -> None:
    channel = await stage.parted()
    stage.guild.drop_channel(stage.own[0])
    await stage.platform.send(stage.notice(channel))
    await stage.platform.send(stage.back(channel))
    assert stage.threads == []


@pytest.mark.parametrize(
    ("permission", "name"),
    [(Permission.MOVE_MEMBERS, "Move Members"), (Permission.MANAGE_CHANNELS, "Manage Channels")],
)
async def test_who_could_not_bring_them_back_does_not_part_them(
    stage: Stage, permission: Permission, name: str
) -> None:
    for person in (stage.ana, stage.ben):
        await person.joins_voice(stage.home)
    stage.takes_from_bot(permission)
    assert await stage.refused(stage.by_voice()) == ("missing-permission", name)
    assert stage.own == []
    assert set(stage.guild.in_voice(stage.home)) == {"Ana Lima", "Ben"}


async def test_who_may_no_longer_move_anybody_says_so_and_lets_nobody_drop_out(stage: Stage) -> None:
    channel = await stage.parted()
    stage.takes_from_bot(Permission.MOVE_MEMBERS)
    assert await stage.refused(stage.back(channel)) == ("missing-permission", "Move Members")
    assert set(stage.guild.in_voice(stage.own[0])) == {"Ana Lima", "Ben"}


# Rounds one after another, and whoever is left alone.


async def test_whoever_was_left_alone_is_fetched_from_the_room_of_their_group(stage: Stage) -> None:
    channel = await stage.parted()
    await stage.fay.joins_voice(stage.home)
    other = stage.by_voice(occasion="session:1/round:1/group:2", accounts=(stage.chi.id, stage.fay.id))
    await stage.platform.send(other)
    await stage.fay.leaves_voice()
    assert await stage.platform.send(stage.follows(channel)) == Receipt(channel)
    assert stage.chi.voice is not None and str(stage.chi.voice.id) == channel


async def test_who_got_no_voice_channel_is_told_in_the_thread_that_it_ends(stage: Stage) -> None:
    thread = (await stage.platform.send(stage.group())).id
    await stage.platform.send(stage.notice(thread))
    assert "Half a minute left" in str(stage.threads[0].messages[-1].components)
    await stage.platform.send(stage.notice("1234567890"))  # whatever it was, it is theirs no more
    assert len(stage.threads[0].messages) == 2
