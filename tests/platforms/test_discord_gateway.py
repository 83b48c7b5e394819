"""The gateway from our side: dropped, resumed, refused, broken; and the commands that Discord is told of."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import discord as library
import pytest
from discord.http import Route

from bot import features
from bot.command_text import Kind
from bot.dispatch import Dispatch
from bot.platforms.base import CommandInfo, OptionInfo, ShortcutInfo
from bot.platforms.discord.setup import API_URL, Setup
from bot.platforms.discord.tree import normal, tree
from bot.registry import collect
from tests.platforms.discord_door import COMMANDS, SHORTCUTS, Listening, SmallDoor, command, said, until
from tests.platforms.fakes.discord import CannotDo, FakeDiscord, FakeGuild, Person
from tests.platforms.fakes.discord.command_limits import check_all, check_command


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        fake.enforce_limits = True
        yield fake
        assert not fake.faults


@pytest.fixture
def guild(discord: FakeDiscord) -> FakeGuild:
    return discord.add_guild()


@pytest.fixture
def ana(guild: FakeGuild) -> Person:
    return guild.add_person("Ana")


def door() -> SmallDoor:
    return SmallDoor({"/cohort who": said("Us.")})


# The connection.


async def test_no_privileged_intent_is_asked_for(discord: FakeDiscord, guild: FakeGuild) -> None:
    async with Listening(discord):
        [session] = discord.gateway.sessions.values()
        assert (
            session.intents == library.Intents(guilds=True, dm_messages=True, guild_polls=True, voice_states=True).value
        )


async def test_a_dropped_gateway_is_resumed_and_nothing_said_meanwhile_is_lost(
    discord: FakeDiscord, ana: Person
) -> None:
    async with Listening(discord, door()) as listening:
        discord.drop_gateway(0.2)
        await until(lambda: not discord.gateway.connections)
        await ana.says("hello")
        await until(lambda: bool(listening.door.heard))
        await until(lambda: listening.platform.connected)
        assert (discord.gateway.resumes, discord.gateway.identifies) == (1, 1)
        await ana.uses("/cohort who")
        assert ana.ephemerals == ["Us."]


async def test_whoever_asks_whether_it_hears_is_told_the_truth(discord: FakeDiscord, guild: FakeGuild) -> None:
    async with Listening(discord) as listening:
        discord.drop_gateway(0.3)
        await until(lambda: not listening.platform.connected)
        await until(lambda: listening.platform.connected)
    assert not listening.platform.connected


async def test_a_refused_resume_begins_a_new_session(discord: FakeDiscord, ana: Person) -> None:
    async with Listening(discord, door()):
        discord.refuse_resume()
        discord.drop_gateway()
        await until(lambda: discord.gateway.identifies == 2)
        await discord.connected()
        await ana.uses("/cohort who")
        assert ana.ephemerals == ["Us."]


async def test_a_session_that_discord_ends_is_begun_anew(discord: FakeDiscord, ana: Person) -> None:
    async with Listening(discord, door()):
        discord.invalidate()
        await until(lambda: discord.gateway.identifies == 2)
        await discord.connected()
        await ana.uses("/cohort who")
        assert ana.ephemerals == ["Us."]


async def test_a_request_to_reconnect_is_followed(discord: FakeDiscord, ana: Person) -> None:
    async with Listening(discord, door()):
        discord.reconnect()
        await until(lambda: discord.gateway.resumes == 1)
        await ana.uses("/cohort who")
        assert ana.ephemerals == ["Us."]


async def test_malformed_events_do_not_end_listening(discord: FakeDiscord, ana: Person) -> None:
    async with Listening(discord, door()) as listening:
        for event in ("MESSAGE_CREATE", "INTERACTION_CREATE", "GUILD_CREATE", "CHANNEL_UPDATE", "NEVER_HEARD_OF"):
            discord.send_malformed(event)
        await ana.uses("/cohort who")
        assert ana.ephemerals == ["Us."]
        assert (discord.gateway.identifies, discord.gateway.resumes) == (1, 0)
        assert not listening.task.done()


async def test_a_token_that_is_not_taken_ends_listening_with_the_reason(discord: FakeDiscord, guild: FakeGuild) -> None:
    discord.token = f"{discord.token}-of-today"
    listening = Listening(discord)
    discord.token = f"{discord.token}-of-tomorrow"
    async with listening:
        assert isinstance(listening.task.exception(), library.LoginFailure)
        assert not listening.platform.connected


async def test_a_bot_that_is_sent_away_ends_listening_and_may_listen_again(
    discord: FakeDiscord, guild: FakeGuild, ana: Person
) -> None:
    async with Listening(discord, door()) as listening:
        await discord.close_gateway(4004)
        await until(listening.task.done)
        assert isinstance(listening.task.exception(), library.ConnectionClosed)
        assert not listening.platform.connected
        again = asyncio.create_task(listening.platform.listen(listening.door))
        await until(lambda: listening.platform.connected)
        await ana.uses("/cohort who")
        assert ana.ephemerals == ["Us."]
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)


async def test_a_gateway_that_is_away_at_the_beginning_is_waited_for(
    discord: FakeDiscord, guild: FakeGuild, ana: Person
) -> None:
    discord.drop_gateway(0.5)
    async with Listening(discord, door()):
        await ana.uses("/cohort who")
        assert ana.ephemerals == ["Us."]


async def test_nothing_goes_on_when_listening_was_ended(discord: FakeDiscord, guild: FakeGuild) -> None:
    threads = set(threading.enumerate())
    async with Listening(discord) as listening:
        discord.half_open()
    assert listening.task.cancelled()
    await until(lambda: set(threading.enumerate()) <= threads)
    assert not [task for task in asyncio.all_tasks() if "/bot/" in _made_in(task)]


def _made_in(task: asyncio.Task[object]) -> str:
    code = getattr(task.get_coro(), "cr_code", None)
    return str(code.co_filename) if code is not None else ""


async def test_a_gateway_that_the_api_names_is_used(discord: FakeDiscord, ana: Person) -> None:
    listening = Listening(discord, door())
    listening.platform.setup = Setup(discord.token, discord.api_url)
    async with listening:
        await ana.uses("/cohort who")
        assert ana.ephemerals == ["Us."]


async def test_another_client_of_the_process_keeps_its_own_addresses(discord: FakeDiscord, guild: FakeGuild) -> None:
    async with Listening(discord):
        assert Route.BASE == API_URL
        assert Route("GET", "/users/@me").url == f"{API_URL}/users/@me"


def test_a_setup_does_not_tell_its_token() -> None:
    assert "sesame" not in repr(Setup("sesame"))


# Commands.


async def test_commands_are_told_once_and_again_only_when_they_changed(discord: FakeDiscord, guild: FakeGuild) -> None:
    async with Listening(discord):
        pass
    before = {each["name"]: each["version"] for each in discord.commands[None].values()}
    async with Listening(discord):
        await discord.quiet(still=0.2)
    assert {each["name"]: each["version"] for each in discord.commands[None].values()} == before
    more = (*COMMANDS, command("graduate"))
    async with Listening(discord, SmallDoor(commands=more)):
        await until(lambda: len(discord.commands[None]) == len(before) + 1)
    assert puts(discord) == [f"/applications/{discord.application_id}/commands"] * 2


async def test_a_change_deep_inside_is_noticed(discord: FakeDiscord, guild: FakeGuild) -> None:
    async with Listening(discord):
        pass
    reworded = [command("cohort rsvp", OptionInfo("answer", "Coming?", Kind.CHOICE, choices=("yes", "no")))]
    async with Listening(discord, SmallDoor(commands=reworded)):
        await until(lambda: len(puts(discord)) == 2)


async def test_while_developing_only_some_servers_have_the_commands(
    discord: FakeDiscord, guild: FakeGuild, ana: Person
) -> None:
    other = discord.add_guild("Other")
    other.welcome(ana)
    async with Listening(discord, door(), guilds=(guild.id,)):
        await ana.uses("/cohort who", in_=guild.general)
        assert ana.ephemerals == ["Us."]
        with pytest.raises(CannotDo):
            await ana.uses("/cohort who", in_=other.general)
    async with Listening(discord, door(), guilds=(guild.id,)):
        await discord.quiet(still=0.2)
    assert puts(discord) == [f"/applications/{discord.application_id}/guilds/{guild.id}/commands"]


async def test_listening_goes_on_when_commands_may_not_be_told(discord: FakeDiscord, ana: Person) -> None:
    discord.commands_allowed = False
    listening = Listening(discord, SmallDoor({"wrote": said("Yes?")}, commands=[], shortcuts=SHORTCUTS), guilds=(1,))
    async with listening:
        await ana.says("hello")
        await until(lambda: ana.dms == ["Yes?"])


async def test_listening_goes_on_with_commands_that_discord_would_not_take(discord: FakeDiscord, ana: Person) -> None:
    commands = [CommandInfo("Shouting", "HEAR!", ())]
    listening = Listening(discord, SmallDoor({"wrote": said("Yes?")}, commands=commands))
    discord.commands[None] = {1: {}}
    async with listening:
        await ana.says("hello")
        await until(lambda: ana.dms == ["Yes?"])
    assert puts(discord) == []


def puts(discord: FakeDiscord) -> list[str]:
    return [call.path for call in discord.calls if call.method == "PUT"]


# The tree.


def test_the_tree_of_all_features_is_one_that_discord_takes() -> None:
    registry = collect(features)
    grown = tree(Dispatch.commands(_Declaring(registry)), [])  # type: ignore[arg-type]
    for each in grown:
        check_command(each)
    check_all(grown)
    names = {f"{each['name']} {sub['name']}" for each in grown for sub in each["options"] if sub["type"] == 1}
    assert {"cohort rsvp", "session schedule", "program open"} <= names
    assert {each["name"] for each in grown} == {name.split(" ")[0] for name in registry.commands}


class _Declaring:
    """As much of a door as tells its commands."""

    def __init__(self, registry: object) -> None:
        self._registry = registry
        self._prefix = ""


def test_options_have_the_types_that_discord_knows() -> None:
    grown = {each["name"]: each for each in tree(COMMANDS, SHORTCUTS)}
    schedule = grown["session"]["options"][0]
    assert [(each["name"], each["type"]) for each in schedule["options"]] == [
        ("when", 3),
        ("minutes", 4),
        ("room", 7),
        ("quiet", 5),
        ("title", 3),
    ]
    kudos, rsvp = grown["cohort"]["options"][1:]
    assert [(each["name"], each["type"], each.get("required", False)) for each in kudos["options"]] == [
        ("person", 6, True),
        ("words", 3, False),
    ]
    assert [each["value"] for each in rsvp["options"][0]["choices"]] == ["yes", "no"]
    assert grown["apply"]["options"][0]["autocomplete"] is True
    assert grown["Give kudos"] == {"type": 3, "name": "Give kudos"}


def test_nobody_is_kept_out_by_discord_itself() -> None:
    assert all("default_member_permissions" not in each for each in tree(COMMANDS, SHORTCUTS))


def test_more_choices_than_discord_shows_are_suggested_while_somebody_types() -> None:
    many = tuple(f"choice-{number}" for number in range(30))
    [grown] = tree([command("apply", OptionInfo("which", "One", Kind.CHOICE, choices=many))], [])
    assert "choices" not in grown["options"][0]
    assert grown["options"][0]["autocomplete"] is True


@pytest.mark.parametrize(
    "commands",
    [
        [CommandInfo("Apply", "", ())],
        [CommandInfo("a" * 33, "", ())],
        [CommandInfo(f"cohort sub-{number}", "", ()) for number in range(26)],
        [command("apply", *(OptionInfo(f"o{number}") for number in range(26)))],
    ],
)
def test_what_discord_would_not_take_is_refused_at_once(commands: list[CommandInfo]) -> None:
    with pytest.raises(ValueError, match=r"Discord|name"):
        tree(commands, [])


def test_more_shortcuts_than_a_menu_holds_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="menu"):
        tree([], [ShortcutInfo(f"x/{number}", f"Number {number}") for number in range(6)])


def test_long_help_is_cut_where_discord_ends_it() -> None:
    [grown] = tree([CommandInfo("apply", "word " * 50, ())], [])
    assert len(grown["description"]) <= 100
    assert grown["description"].endswith("…")


def test_what_discord_adds_makes_no_difference() -> None:
    ours = tree(COMMANDS, SHORTCUTS)
    theirs = [
        {**each, "id": str(number), "version": "9", "default_member_permissions": None, "nsfw": False}
        for number, each in enumerate(reversed(ours))
    ]
    assert normal(theirs) == normal(ours)
    theirs[0]["name"] = "Something else"
    assert normal(theirs) != normal(ours)
