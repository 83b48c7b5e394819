"""What the doctor finds in Discord: a line each, with the mend, and never a token."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from discord import Permissions

from bot.config import TEMPLATES
from bot.findings import Finding
from bot.platforms.base import Kind, Parcel
from bot.platforms.discord.check import examined
from bot.platforms.discord.permissions import ASKED, application_of, asked, invite_url
from bot.platforms.discord.send import DiscordPlatform
from bot.platforms.discord.setup import Setup
from bot.words import Words
from tests.platforms.fakes.discord import Channel, FakeDiscord, FakeGuild, Permission


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake


def setup_of(discord: FakeDiscord) -> Setup:
    return Setup(token=discord.token, api_url=discord.api_url)


async def found(setup: Setup, *, ahead: timedelta = timedelta()) -> list[Finding]:
    return [one async for one in examined(setup, lambda: datetime.now(UTC) + ahead, patience=2.0)]


def wrong(findings: list[Finding]) -> list[str]:
    return [str(one) for one in findings if one.mend]


async def with_a_room(discord: FakeDiscord, guild: FakeGuild) -> Channel:
    platform = DiscordPlatform(setup_of(discord), Words([TEMPLATES]), lambda: datetime.now(UTC))
    room = await platform.send(Parcel("room/1", Kind.ROOM, str(guild.id), name="Seven"))
    await platform.close()
    return guild.channels[int(room.id)]


async def test_where_all_is_well_each_line_says_so(discord: FakeDiscord) -> None:
    guild = discord.add_guild("Acme", permissions=asked().value)
    await with_a_room(discord, guild)
    findings = await found(setup_of(discord))
    assert wrong(findings) == []
    lines = [str(one) for one in findings]
    assert "✓ clock: within 60 s of Discord's" in lines
    assert "✓ discord: Caravan" in lines
    assert "✓ discord permissions (Acme): all there" in lines
    assert "✓ discord roles (Acme): 2 of cohorts, all below the bot's own" in lines
    assert "✓ discord #seven (Acme): the bot may do there what it has to" in lines
    assert "✓ discord voice Seven (Acme): the bot may do there what it has to" in lines


async def test_what_is_asked_for_is_enough_to_make_a_room_and_fill_it(discord: FakeDiscord) -> None:
    guild = discord.add_guild("Acme", permissions=asked().value)
    room = await with_a_room(discord, guild)
    ana = guild.add_person("Ana")
    platform = DiscordPlatform(setup_of(discord), Words([TEMPLATES]), lambda: datetime.now(UTC))
    await platform.send(Parcel("seat", Kind.INVITE, str(guild.id), room=str(room.id), account=ana.id))
    await platform.send(
        Parcel("link", Kind.BOOKMARK, str(guild.id), room=str(room.id), title="Calendar", url="https://example.org/a")
    )
    await platform.close()
    assert ana.can_see(room)
    assert [each.pinned for each in room.messages if each.components] == [True]
    assert discord.lacking == []


async def test_missing_permissions_are_named_with_the_mend(discord: FakeDiscord) -> None:
    guild = discord.add_guild("Acme")
    guild.deny_bot(Permission.MANAGE_ROLES)
    guild.deny_bot(Permission.PIN_MESSAGES)
    (line,) = wrong(await found(setup_of(discord)))
    assert "discord permissions (Acme): missing: Manage Roles, Pin Messages" in line
    assert invite_url(str(discord.bot.id)) in line


async def test_a_role_above_the_bots_is_named(discord: FakeDiscord) -> None:
    guild = discord.add_guild("Acme")
    await with_a_room(discord, guild)
    guild.lower_bot(guild.role_named("Seven"))
    (line,) = wrong(await found(setup_of(discord)))
    assert "can't give them: Seven, Seven · facilitators" in line
    assert "drag the bot's own role above" in line


async def test_a_room_where_the_bot_lacks_something_is_named_and_others_are_not(discord: FakeDiscord) -> None:
    guild = discord.add_guild("Acme")
    room = await with_a_room(discord, guild)
    room.overwrites.pop(discord.bot.id)
    guild.overwrite(room, guild.bot_role, allow=int(Permission.VIEW_CHANNEL), deny=int(Permission.ATTACH_FILES))
    guild.overwrite(guild.general, guild.bot_role, deny=int(Permission.SEND_MESSAGES))
    (line,) = wrong(await found(setup_of(discord)))
    assert line.startswith("✗ discord #seven (Acme): missing: Attach Files;")


async def test_two_servers_are_told_apart_and_none_is_said(discord: FakeDiscord) -> None:
    assert any("the bot is in none" in line for line in wrong(await found(setup_of(discord))))
    discord.add_guild("Acme")
    discord.add_guild("Bravo").deny_bot(Permission.MOVE_MEMBERS)
    (line,) = wrong(await found(setup_of(discord)))
    assert line.startswith("✗ discord permissions (Bravo): missing: Move Members;")


async def test_a_token_that_is_no_good_is_said_and_never_shown(discord: FakeDiscord) -> None:
    findings = await found(Setup(token="secret-token", api_url=discord.api_url))
    (line,) = wrong(findings)
    assert "Discord refuses DISCORD_TOKEN" in line
    assert "secret-token" not in "".join(map(str, findings))


@pytest.mark.parametrize(("url", "said"), [("http://127.0.0.1:9/api", "cannot be reached"), ("", "HTTP 503")])
async def test_a_discord_that_does_not_answer_is_said(discord: FakeDiscord, url: str, said: str) -> None:
    discord.fail("GET /users/@me", 503)
    (line,) = wrong(await found(Setup(token=discord.token, api_url=url or discord.api_url)))
    assert said in line


async def test_a_clock_that_is_off_is_said(discord: FakeDiscord) -> None:
    discord.add_guild("Acme")
    (line,) = wrong(await found(setup_of(discord), ahead=timedelta(minutes=5)))
    assert "ahead of Discord's" in line


def test_the_invitation_asks_for_what_is_listed_and_nothing_else() -> None:
    query = parse_qs(urlsplit(invite_url("123")).query)
    assert query["client_id"] == ["123"]
    assert query["scope"] == ["bot applications.commands"]
    assert Permissions(int(query["permissions"][0])) == asked()
    assert not asked().administrator
    assert all(one.reason.startswith("to ") for one in ASKED)
    assert len({one.name for one in ASKED}) == len(ASKED)


def test_a_token_says_whose_application_it_is() -> None:
    first = base64.urlsafe_b64encode(b"123456789012345678").decode().rstrip("=")
    assert application_of(f"{first}.abc.def") == "123456789012345678"
    assert application_of("nonsense") == application_of("") == application_of("é.b") == ""
