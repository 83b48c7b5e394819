"""A name with an emoji, and a command that could mean two cohorts, on every platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.platforms.discord_stage import DiscordStage
from tests.platforms.local_stage import LocalStage
from tests.platforms.mortal import PROGRAM
from tests.platforms.slack_stage import SlackStage
from tests.platforms.stage import Actor, Stage

FOX = "Zoë 🦊 (she/her)"
Kind = type[LocalStage | SlackStage | DiscordStage]


@pytest.fixture(params=[LocalStage, SlackStage, DiscordStage], ids=["local", "slack", "discord"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    kind: Kind = request.param
    async with kind(tmp_path, programs=two_programs(tmp_path)) as made:
        yield made


def two_programs(folder: Path) -> Path:
    programs = folder / "programs"
    programs.mkdir()
    for key in ("walls", "roofs"):
        text = PROGRAM.replace("{norms}", "[]").replace('key = "small"', f'key = "{key}"')
        lines = [f'name = "{key.title()}"' if line.startswith('name = "S') else line for line in text.split("\n")]
        (programs / f"{key}.toml").write_text("\n".join(lines), "utf-8")
    return programs


async def runs(stage: Stage, program: str, *members: Actor) -> None:
    """A cohort of it, of which everybody was told that they are in."""
    olu, fay = stage.person("Olu"), stage.person("Fay")
    await fay.types("/cohort help")
    await stage.settle()
    await olu.types(f"/program facilitator {stage.mention(fay)} program:{program}")
    await stage.settle()
    await fay.types(f"/program open {program} 2027-01-11 zone:Europe/Berlin")
    await stage.settle()
    await fay.presses("Open for applications")
    await stage.settle()
    for one in members:
        await one.types(f"/apply {program}")
        await one.answers()
        await stage.settle()


async def test_a_name_with_an_emoji_is_shown_as_it_is_and_can_be_meant(stage: Stage) -> None:
    fay, fox = stage.person("Fay"), stage.person(FOX)
    await runs(stage, "walls", fox)
    await fay.types("/program applications")
    await stage.settle()
    assert fay.sees(FOX)
    await fay.presses("Accept", on=FOX)
    await stage.settle()
    await fay.presses("Send 1 decision")
    await stage.settle()
    assert fox.sees("You are in: Walls")
    await fay.types("/program launch")
    await stage.settle()
    await fay.presses("Yes, start")
    await stage.settle()
    assert fox.sees(f"{FOX}: welcome")
    assert list(stage.complaints()) == []


async def test_a_command_that_could_mean_two_cohorts_asks_which(stage: Stage) -> None:
    fay, ana = stage.person("Fay"), stage.person("Ana")
    for program in ("walls", "roofs"):
        await runs(stage, program, ana)
    await fay.types("/program applications")
    await fay.answers({"Cohort": "Roofs · 2027-01"})
    await stage.settle()
    assert fay.sees("Applications for Roofs") and not fay.sees("Applications for Walls")
    assert list(stage.complaints()) == []
