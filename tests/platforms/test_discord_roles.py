"""The two roles of a cohort's room on Discord, for its members and for who conducts there; and where the bot can't make
or give one, people get in all the same, and who can mend it is told so in a sentence.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from discord import Permissions

from bot.config import TEMPLATES
from bot.platforms.base import Kind, Parcel, Receipt
from bot.platforms.discord.check import examined
from bot.platforms.discord.permissions import asked
from bot.platforms.discord.rooms import MORE, leads_called
from bot.platforms.discord.send import DiscordPlatform
from bot.platforms.discord.setup import Setup
from bot.words import Words
from cohorts.outbox import EffectKind, EffectState
from tests.platforms.discord_stage import ENDED, DiscordStage
from tests.platforms.fakes.discord import Channel, FakeDiscord, Permission, Person, Role
from tests.platforms.fakes.discord.api_channels import MOST_CHANNELS
from tests.platforms.fakes.discord.api_guilds import MOST_ROLES
from tests.platforms.fakes.discord.people import CannotDo
from tests.platforms.fakes.discord.state import CATEGORY, TEXT, VOICE
from tests.platforms.slack_mortal import PROGRAM

SEVEN, LEADS = "Deploy Together 7", "Deploy Together 7 · facilitators"
CHANNELS = "POST /guilds/{guild}/channels"
CAVEAT = "Done, but one thing is missing"
FAILED = "Something could not be delivered"
MODERATES = Permission.PIN_MESSAGES | Permission.MOVE_MEMBERS  # of what the invitation asks for
NAMES = ("Ana", "Ben", "Chi")


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake


@pytest.fixture
async def server(discord: FakeDiscord) -> AsyncIterator[Server]:
    made = Server(discord)
    yield made
    await made.platform.close()
    assert discord.faults == [], "a body that no careful bot sends"


class Server:
    """With Ana, who takes part, Fay, who conducts, and a bot with exactly what the invitation asks for."""

    def __init__(self, discord: FakeDiscord) -> None:
        self.discord = discord
        self.guild = discord.add_guild("Acme", permissions=asked().value)
        self.ana, self.fay = self.guild.add_person("Ana"), self.guild.add_person("Fay")
        setup = Setup(token=discord.token, api_url=discord.api_url)
        self.platform = DiscordPlatform(setup, Words([TEMPLATES]), self.now, settling=0.01)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.discord.clock(), UTC)

    def room(self, **more: object) -> Parcel:
        parcel = Parcel("room/7", Kind.ROOM, str(self.guild.id), name=SEVEN, title="We ship on Fridays.")
        return replace(parcel, attempted_at=self.now(), **more)  # type: ignore[arg-type]

    async def made(self) -> Channel:
        """The text channel of a room that lacks nothing."""
        receipt = await self.platform.send(self.room())
        assert receipt.caveat == ""
        return self.guild.channels[int(receipt.id)]

    async def seated(self, person: Person, room: Channel, *, leads: bool = False) -> Receipt:
        return await self._moved(Kind.INVITE, person, room, leads)

    async def put_out(self, person: Person, room: Channel) -> Receipt:
        return await self._moved(Kind.REMOVE, person, room, False)

    async def _moved(self, kind: Kind, person: Person, room: Channel, leads: bool) -> Receipt:
        parcel = Parcel(f"{kind}/{person.id}", kind, str(self.guild.id), room=str(room.id), account=person.id)
        return await self.platform.send(replace(parcel, leads=leads))

    def channels(self) -> list[Channel]:
        """What was made of the room."""
        return [one for one in self.guild.rooms() if one.name in (SEVEN, "deploy-together-7")]

    def roles(self, person: Person) -> set[str]:
        return {self.guild.roles[one].name for one in self.guild.members[person.user.id].roles}

    def made_before_there_were_two(self, room: Channel) -> None:
        self.guild.drop_role(self.guild.role_named(LEADS))
        assert LEADS not in {self.guild.roles[one].name for one in room.overwrites if one in self.guild.roles}


def fill_with_roles(server: Server | DiscordStage, left: int) -> None:
    for number in range(MOST_ROLES - left - len(server.guild.roles)):
        role = Role(server.discord.ids.next(), f"Club {number}", 0, 1)
        server.guild.roles[role.id] = role


def fill_with_channels(server: Server | DiscordStage, left: int) -> None:
    for number in range(MOST_CHANNELS - left - len(server.guild.channels)):
        channel = Channel(server.discord.ids.next(), TEXT, f"club-{number}", server.guild.id)
        server.guild.channels[channel.id] = channel


# Two roles.


async def test_who_conducts_has_a_role_of_their_own_that_opens_no_other_door(server: Server) -> None:
    room = await server.made()
    assert (await server.seated(server.ana, room), await server.seated(server.fay, room, leads=True)) == (
        Receipt(str(room.id)),
        Receipt(str(room.id)),
    )
    assert (server.roles(server.ana), server.roles(server.fay)) == ({SEVEN}, {LEADS})
    for name in (SEVEN, LEADS):
        role = server.guild.role_named(name)
        assert (role.permissions, role.hoist, role.mentionable) == (0, False, False)
    assert sorted(one.type for one in server.channels()) == [TEXT, VOICE, CATEGORY]
    for channel in server.channels():
        assert server.ana.may(Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES, channel)
        assert server.fay.may(Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES | MODERATES, channel)
        assert not any(server.ana.may(one, channel) for one in MODERATES)
    lounge = server.guild.room("Lounge")
    assert not any(server.fay.may(one, lounge) for one in MODERATES)


async def test_nobody_is_given_more_than_the_bot_has_nor_a_look_at_what_pairs_write(server: Server) -> None:
    server.guild.bot_role.permissions |= int(Permission.MANAGE_MESSAGES | Permission.MANAGE_THREADS)
    room = await server.made()
    given = room.overwrites[server.guild.role_named(LEADS).id].allow
    assert given & Permission.MANAGE_MESSAGES
    assert not given & (Permission.MANAGE_THREADS | Permission.MANAGE_ROLES | Permission.MANAGE_CHANNELS)
    assert not given & Permission.MUTE_MEMBERS  # which the bot lacks
    assert not given & ~server.guild.bot_role.permissions


async def test_where_the_bot_has_nothing_more_to_give_one_role_is_enough(server: Server) -> None:
    server.guild.bot_role.permissions &= ~MORE.value
    room = await server.made()
    await server.seated(server.fay, room, leads=True)
    assert server.roles(server.fay) == {SEVEN}


async def test_whoever_goes_loses_both_roles_and_may_come_back(server: Server) -> None:
    room = await server.made()
    for _ in range(2):
        await server.seated(server.ana, room)
        await server.seated(server.ana, room, leads=True)
        assert server.roles(server.ana) == {SEVEN, LEADS}
        assert (await server.put_out(server.ana, room)).caveat == ""
        assert server.roles(server.ana) == set()
        assert not server.ana.can_see(room)


@pytest.mark.parametrize("renamed", [False, True])
async def test_in_a_room_from_before_there_were_two_everybody_gets_the_members_role(
    server: Server, renamed: bool
) -> None:
    staff = server.guild.add_role("Staff")  # of the server's own, with doors of its own
    room = await server.made()
    server.made_before_there_were_two(room)
    server.guild.overwrite(room, staff, allow=Permission.VIEW_CHANNEL | Permission.MANAGE_MESSAGES)
    if renamed:
        server.guild.role_named(SEVEN).name = "Seven"
    for person, leads in ((server.ana, False), (server.fay, True)):
        assert (await server.seated(person, room, leads=leads)).caveat == ""
        assert server.roles(person) == {"Seven" if renamed else SEVEN}


async def test_members_never_get_the_role_of_those_who_conduct(server: Server) -> None:
    room = await server.made()
    server.guild.drop_role(server.guild.role_named(SEVEN))
    await server.seated(server.ana, room)
    await server.seated(server.fay, room, leads=True)
    assert server.ana.can_see(room)
    assert (server.roles(server.ana), server.roles(server.fay)) == (set(), {LEADS})


async def test_a_room_made_a_second_time_has_the_same_two_roles(server: Server) -> None:
    parcel = server.room()
    first = await server.platform.send(parcel)
    server.discord.passes(3600)
    assert await server.platform.send(parcel) == await server.platform.find(parcel) == first
    assert sorted(one.name for one in server.guild.roles.values() if one.permissions == 0) == [SEVEN, LEADS]


def test_the_name_of_the_second_role_fits_however_long_the_first_is() -> None:
    words = Words([TEMPLATES])
    assert leads_called("Seven", words) == "Seven · facilitators"
    long = leads_called("x" * 100, words)
    assert len(long) == 100
    assert long.endswith(" · facilitators")
    assert leads_called("Seven", Words(())) == ""


# What can't be made.


async def test_in_a_server_with_room_for_one_role_it_is_the_members(server: Server) -> None:
    fill_with_roles(server, left=1)
    receipt = await server.platform.send(server.room())
    assert (receipt.caveat, receipt.detail) == ("leads-server-full", "")
    room = server.guild.channels[int(receipt.id)]
    for person, leads in ((server.ana, False), (server.fay, True)):
        assert (await server.seated(person, room, leads=leads)).caveat == ""
        assert server.roles(person) == {SEVEN}


async def test_in_a_server_full_of_roles_everybody_gets_in_one_by_one(server: Server) -> None:
    fill_with_roles(server, left=0)
    receipt = await server.platform.send(server.room())
    assert (receipt.caveat, receipt.detail) == ("roles-server-full", "")
    room = server.guild.channels[int(receipt.id)]
    for person, leads in ((server.ana, False), (server.fay, True)):
        assert (await server.seated(person, room, leads=leads)).caveat == ""
        assert person.can_see(room)


async def test_without_manage_roles_the_room_says_so(server: Server) -> None:
    server.guild.deny_bot(Permission.MANAGE_ROLES)
    receipt = await server.platform.send(server.room())
    assert (receipt.caveat, receipt.detail) == ("roles-missing-permission", "Manage Roles")


async def test_after_a_crash_the_room_still_says_what_it_lacks(server: Server) -> None:
    fill_with_roles(server, left=0)
    parcel = server.room()
    first = await server.platform.send(parcel)
    assert await server.platform.find(parcel) == first
    assert first.caveat == "roles-server-full"


async def test_a_room_without_its_voice_channel_says_so_and_gets_it_when_it_is_made_again(server: Server) -> None:
    fill_with_channels(server, left=2)
    parcel = server.room()
    receipt = await server.platform.send(parcel)
    assert (receipt.caveat, receipt.detail) == ("voice-server-full", "")
    await server.seated(server.ana, server.guild.channels[int(receipt.id)])
    del server.guild.channels[server.guild.room("club-0").id]
    assert await server.platform.send(parcel) == Receipt(receipt.id)
    (voice,) = [one for one in server.channels() if one.type == VOICE]
    assert server.ana.can_see(voice)


# What can't be given.


async def test_below_the_members_role_a_seat_names_all_that_stand_too_high(server: Server) -> None:
    room = await server.made()
    server.guild.lower_bot(server.guild.role_named(SEVEN))
    for person, leads in ((server.ana, False), (server.fay, True)):
        receipt = await server.seated(person, room, leads=leads)
        assert (receipt.caveat, receipt.detail) == ("role-order", f"{SEVEN}, {LEADS}")
        assert person.can_see(room)
        assert server.roles(person) == set()
    server.guild.raise_bot()
    for person, leads in ((server.ana, False), (server.fay, True)):
        assert (await server.seated(person, room, leads=leads)).caveat == ""
        assert server.roles(person) == {LEADS if leads else SEVEN}
        assert person.user.id not in room.overwrites


async def test_below_the_role_of_those_who_conduct_they_get_the_members(server: Server) -> None:
    room = await server.made()
    server.guild.lower_bot(server.guild.role_named(LEADS))
    assert (await server.seated(server.ana, room)).caveat == ""
    receipt = await server.seated(server.fay, room, leads=True)
    assert (receipt.caveat, receipt.detail) == ("role-order", LEADS)
    assert server.roles(server.fay) == {SEVEN}


async def test_a_role_that_can_not_be_taken_is_a_caveat_only_for_who_has_it(server: Server) -> None:
    room = await server.made()
    await server.seated(server.ana, room)
    server.guild.lower_bot(server.guild.role_named(SEVEN))
    await server.seated(server.fay, room)
    assert (await server.put_out(server.fay, room)).caveat == ""
    receipt = await server.put_out(server.ana, room)
    assert (receipt.caveat, receipt.detail) == ("role-order", SEVEN)
    assert not server.ana.can_see(room)
    assert not server.fay.can_see(room)


async def test_where_roles_may_be_managed_in_the_room_alone_the_permission_is_named(server: Server) -> None:
    room = await server.made()
    for channel in server.channels():
        own = channel.overwrites[server.discord.bot.id]
        channel.overwrites[own.id] = replace(own, allow=own.allow | Permission.MANAGE_ROLES)
    server.guild.deny_bot(Permission.MANAGE_ROLES)
    receipt = await server.seated(server.ana, room)
    assert (receipt.caveat, receipt.detail) == ("missing-permission", "Manage Roles")
    assert server.ana.can_see(room)


async def test_the_doctor_looks_at_both_roles(server: Server) -> None:
    await server.made()
    setup = Setup(token=server.discord.token, api_url=server.discord.api_url)

    async def said() -> list[str]:
        found = [str(one) async for one in examined(setup, lambda: datetime.now(UTC))]
        return [one for one in found if "discord roles" in one]

    assert await said() == ["✓ discord roles (Acme): 2 of cohorts, all below the bot's own"]
    server.guild.lower_bot(server.guild.role_named(LEADS))
    (line,) = await said()
    assert f"can't give them: {LEADS};" in line
    server.guild.raise_bot()
    server.guild.lower_bot(server.guild.role_named(SEVEN))
    (line,) = await said()
    assert f"can't give them: {SEVEN}, {LEADS};" in line


def test_no_permission_is_asked_for_only_to_hand_it_on() -> None:
    assert asked() & MORE == Permissions(pin_messages=True, move_members=True)


# The whole story.


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[DiscordStage]:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "small.toml").write_text(PROGRAM.replace("{norms}", "[]"))
    async with DiscordStage(tmp_path, programs) as made:
        yield made


async def recruiting(world: DiscordStage) -> None:
    fay = world.person("Fay")
    await fay.types("/cohort help")
    await world.person("Olu").types("/program facilitator @Fay program:small")
    await fay.types("/program open small 2027-01-11 zone:Europe/Berlin")
    await world.settle()
    await fay.presses("Open for applications")
    await world.settle()
    for name in NAMES:
        await world.person(name).types("/apply")
        await world.person(name).answers()
        await world.settle()


async def accepts(world: DiscordStage, *names: str) -> None:
    fay = world.person("Fay")
    for name in names:
        await fay.types(f"/program decide @{name} accept")
        await world.settle()
    await fay.presses(f"Send {len(names)} decision{'s' if len(names) > 1 else ''}")
    await world.settle()


def notices(world: DiscordStage, words: str = CAVEAT) -> list[str]:
    return [text for text in world.person("Fay").person.dms if words in text]


def cohorts_room(world: DiscordStage) -> Channel:
    (room,) = [one for one in world.guild.rooms(TEXT) if (one.topic or "").startswith("In one evening")]
    return room


def cohorts_roles(world: DiscordStage) -> tuple[Role, Role]:
    """Of the members, and of those who conduct."""
    leads, members = sorted((one for one in world.guild.roles.values() if one.permissions == 0), key=lambda one: one.id)
    return members, leads


def has(world: DiscordStage, name: str) -> list[str]:
    return [role.name for role in cohorts_roles(world) if world.guild.has_role(world.person(name).person, role.name)]


async def test_below_the_role_it_should_give_all_get_in_the_facilitator_hears_once_and_one_press_gives_it_to_all(
    world: DiscordStage,
) -> None:
    await recruiting(world)
    await accepts(world, "Ana")
    members, leads = cohorts_roles(world)
    assert (has(world, "Ana"), has(world, "Fay")) == ([members.name], [leads.name])
    world.guild.lower_bot(members)
    await accepts(world, "Ben")
    await accepts(world, "Chi")
    await world.person("Ana").types("/cohort pause")
    await world.passes(days=2)
    await world.person("Ana").types("/cohort resume")
    await world.settle()
    (notice,) = notices(world)
    assert "@Ben is in" in notice
    assert f"below {members.name}, {leads.name}" in notice
    assert "drag mine above it in Server Settings, Roles" in notice
    assert notices(world, FAILED) == []
    room = cohorts_room(world)
    assert all(world.person(name).person.can_see(room) for name in NAMES)
    assert (has(world, "Ben"), has(world, "Chi")) == ([], [])

    await world.person("Fay").presses("Try again", on=CAVEAT)
    await world.settle()
    assert len(notices(world)) == 1  # it did not help: once more, in the place of the first
    assert has(world, "Ben") == []

    world.guild.raise_bot()
    await world.person("Fay").presses("Try again", on=CAVEAT)
    await world.settle()
    assert notices(world) == []
    for name in NAMES:
        assert has(world, name) == [members.name]
        assert world.person(name).person.can_see(room)
        assert world.person(name).person.user.id not in room.overwrites
    assert not [one.key for one in world.effects() if one.state not in ENDED]
    assert {one.reason for one in world.effects(EffectState.SENT) if one.kind is EffectKind.INVITE} == {None}


async def test_in_a_server_full_of_roles_the_facilitator_hears_once_and_all_else_goes_on(world: DiscordStage) -> None:
    fill_with_roles(world, left=0)
    await recruiting(world)
    await accepts(world, *NAMES)
    await world.person("Fay").types("/program launch")
    await world.settle()
    await world.person("Fay").presses("Yes, start")
    await world.settle()
    (notice,) = notices(world)
    assert "without roles of its own" in notice
    assert "The server has as many roles as it can" in notice
    with pytest.raises(CannotDo):
        await world.person("Fay").presses("Try again")
    room = cohorts_room(world)
    assert all(world.person(name).person.can_see(room) for name in ("Fay", *NAMES))
    assert not [one.key for one in world.effects() if one.state not in ENDED]


async def test_in_a_server_full_of_channels_one_press_brings_the_voice_channel(world: DiscordStage) -> None:
    fill_with_channels(world, left=2)
    await recruiting(world)
    await accepts(world, *NAMES)
    (notice,) = notices(world)
    assert "without its voice channel" in notice
    room = cohorts_room(world)
    del world.guild.channels[world.guild.room("club-0").id]
    await world.person("Fay").presses("Try again", on=CAVEAT)
    await world.settle()
    assert notices(world) == []
    assert cohorts_room(world) is room
    (voice,) = [one for one in world.guild.rooms(VOICE) if one.parent_id == room.parent_id]
    assert all(world.person(name).person.can_see(voice) for name in ("Fay", *NAMES))


async def test_without_manage_channels_one_sentence_and_after_the_mend_both_roles_are_there_once(
    world: DiscordStage,
) -> None:
    world.guild.deny_bot(Permission.MANAGE_CHANNELS)
    await recruiting(world)
    await accepts(world, *NAMES)
    (notice,) = notices(world, FAILED)
    assert "I lack the permission Manage Channels" in notice
    assert notices(world) == []
    world.guild.allow_bot(Permission.MANAGE_CHANNELS)
    await world.person("Fay").presses("Try again", on=FAILED)
    await world.settle()
    members, leads = cohorts_roles(world)
    assert has(world, "Fay") == [leads.name]
    assert all(has(world, name) == [members.name] for name in NAMES)
    assert notices(world) == []


async def test_without_manage_roles_each_mend_is_said_once_and_messages_go_on(world: DiscordStage) -> None:
    world.guild.deny_bot(Permission.MANAGE_ROLES)
    await recruiting(world)
    await accepts(world, *NAMES)
    (caveat,), (failure,) = notices(world), notices(world, FAILED)
    assert "without roles of its own" in caveat
    assert all("the permission Manage Roles" in one for one in (caveat, failure))
    assert all(world.person(name).sees("You are in") for name in NAMES)
    world.guild.allow_bot(Permission.MANAGE_ROLES)
    await world.person("Fay").presses("Try again", on=FAILED)
    await world.settle()
    room = cohorts_room(world)
    assert all(world.person(name).person.can_see(room) for name in ("Fay", *NAMES))
