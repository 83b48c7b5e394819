"""Kudos in the menu of a peer's message, as Slack's and Discord's own clients show it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlmodel import select

from bot.platforms.slack.setup import Mode
from cohorts.people import Person as PersonRow
from tests.platforms.discord_stage import DiscordActor, DiscordStage, until
from tests.platforms.fakes.slack.payloads import message_object
from tests.platforms.slack_stage import SlackActor, SlackStage
from tests.platforms.stage import Actor
from tests.platforms.test_transcript import accepted, opened

STAGES: dict[str, Callable[[Path], SlackStage | DiscordStage]] = {
    "slack": lambda folder: SlackStage(folder, Mode.SOCKET),
    "discord": DiscordStage,
}
MENU = "Kudos"


@pytest.fixture(params=STAGES)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SlackStage | DiscordStage]:
    async with STAGES[request.param](tmp_path) as made:
        olu, fay = made.person("Olu"), made.person("Fay")
        await opened(made, olu, fay)
        await accepted(made, fay, [made.person(name) for name in ("Ana", "Ben", "Chi")])
        yield made
        assert made.complaints() == []


async def writes(stage: SlackStage | DiscordStage, actor: Actor, words: str) -> None:
    """In the room that everybody is in."""
    match stage, actor:
        case SlackStage(), SlackActor(person=slack):
            await slack.says(words, stage.team.channel("general"))
        case DiscordStage(), DiscordActor(person=discord):
            await discord.says(words, stage.guild.general)
    await stage.quiet()


async def picks(stage: SlackStage | DiscordStage, actor: Actor, words: str) -> None:
    match actor:
        case SlackActor(person=slack):
            assert (await slack.picks(MENU, words)).ok
        case DiscordActor(person=discord):
            assert (await discord.picks(MENU, discord.message(words))).responded
    await stage.quiet()


def is_asked(actor: Actor) -> bool:
    match actor:
        case SlackActor(person=slack):
            return slack.form is not None and "submit" in slack.form.body
        case DiscordActor(person=discord):
            return discord.modal is not None
    raise AssertionError(actor)


async def thanks(stage: SlackStage | DiscordStage, actor: Actor, words: str) -> None:
    await until(lambda: is_asked(actor), 60)
    match actor:
        case SlackActor(person=slack):
            assert (await slack.fills({"What for?": words})).ok
        case DiscordActor(person=discord):
            assert (await discord.fills({"What for?": words})).responded
    await stage.settle()


def link_of(stage: SlackStage | DiscordStage, words: str) -> str:
    """Where a message of the common room stands."""
    if isinstance(stage, SlackStage):
        room = stage.team.channel("general")
        ts = next(one.ts for one in room.messages if words in one.text)
        return f"https://{stage.team.domain}.slack.com/archives/{room.id}/p{ts.replace('.', '')}"
    general = stage.guild.general
    message = next(one for one in general.messages if words in one.content)
    return f"https://discord.com/channels/{stage.guild.id}/{general.id}/{message.id}"


def names(stage: SlackStage | DiscordStage) -> set[str]:
    """Everybody whom Caravan knows."""
    return stage.store.read(lambda db: set(db.exec(select(PersonRow.name)).all()))


async def test_a_peer_is_thanked_for_what_they_wrote_and_told_where(stage: SlackStage | DiscordStage) -> None:
    ana, ben = stage.person("Ana"), stage.person("Ben")
    await writes(stage, ben, "I asked five people before I built it")
    await picks(stage, ana, "I asked five people")
    assert ana.sees("Thank Ben")
    await thanks(stage, ana, "for asking first")
    assert ana.sees("has your words now")
    assert ben.sees("for asking first")
    assert link_of(stage, "I asked five people") in told(stage)


async def test_one_s_own_message_opens_no_form(stage: SlackStage | DiscordStage) -> None:
    ana = stage.person("Ana")
    await writes(stage, ana, "I asked five people")
    await picks(stage, ana, "I asked five people")
    await until(lambda: ana.sees("That one is you"), 60)
    assert not is_asked(ana)


async def test_a_message_of_a_machine_is_nobodys(stage: SlackStage | DiscordStage) -> None:
    ana = stage.person("Ana")
    await picks(stage, ana, "You are in")
    await until(lambda: ana.sees("Whose message is that?"), 60)
    assert not is_asked(ana)


async def test_whoever_takes_part_in_nothing_is_not_thanked_here(stage: SlackStage | DiscordStage) -> None:
    ana, zoe = stage.person("Ana"), stage.person("Zoe")
    await writes(stage, zoe, "I only read along")
    await picks(stage, ana, "I only read along")
    await until(lambda: ana.sees("is not in"), 60)
    assert not is_asked(ana)


async def test_handing_in_a_stranger_s_message_writes_nobody_down(stage: SlackStage | DiscordStage) -> None:
    ana, zoe = stage.person("Ana"), stage.person("Zoe")
    await writes(stage, zoe, "I only read along")
    match ana:
        case SlackActor(person=slack):
            await slack.picks("Share with my cohort", "I only read along")
        case DiscordActor(person=discord):
            await discord.picks("Share with my cohort", discord.message("I only read along"))
    await until(lambda: is_asked(ana), 60)
    assert "Zoe" not in names(stage)
    assert "Ana" in names(stage)


def told(stage: SlackStage | DiscordStage) -> str:
    """All that the bot has written, as it was sent."""
    if isinstance(stage, SlackStage):
        messages = [one for channel in stage.team.channels.values() for one in channel.messages]
        return str([message_object(stage.team, one) for one in messages if one.bot_id])
    return str([one.components for one in stage.bot_messages()])
