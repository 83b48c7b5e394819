"""The whole program is told in the same words on the local platform, on Slack and on Discord."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.platforms.discord_stage import DiscordStage
from tests.platforms.local_stage import LocalStage
from tests.platforms.long_way import LongWay, written
from tests.platforms.slack_stage import SlackStage
from tests.platforms.stage import Stage

Heard = Mapping[str, Sequence[str]]  # by person, and by room


@dataclass(frozen=True)
class Difference:
    """What a platform forces on us: the lines that stand only `there`, and those of the local chat in their place."""

    why: str
    there: str = ""
    here: str = ""


SMALL = "#mpdm-"  # a conversation of some of them: nobody has one on the local platform
OPENED = Difference(
    "In a call of somebody else's, whoever leads opens the rooms.", there=r"Please open breakout rooms in your call .*"
)
FORCED: dict[type[Stage], tuple[Difference, ...]] = {
    SlackStage: (
        OPENED,
        Difference(
            "A round of more than a quarter of an hour has a conversation of its own, and no number.",
            there=r"You are with Ana and Eve .*",
            here=r"Room 1, with .* Until 2027-01-18\S+.*",
        ),
        Difference(
            "What it hears comes on a way of its own, before or after what each hears alone.",
            there=r"One minute left Then back to everyone\.|Back to everyone Your round is over\.",
            here=r"One minute left Then back to everyone\.|Back to everyone Your round is over\.",
        ),
        Difference(
            "Neither has the post of such a round.",
            there=r"(\(changed\) )?Come home: (who talks with whom|everyone is back) Ana and Eve.*",
            here=r"(\(changed\) )?Come home: (who talks with whom|everyone is back) Room 1: Ana and Eve.*",
        ),
    ),
    DiscordStage: (
        OPENED,
        Difference(
            "Nothing can be said to one alone in a room unasked: each group has a thread.",
            here=r"Room \d, with .*|One minute left Then back to everyone\.|Back to everyone Your round is over\.",
        ),
        Difference(
            "A poll is one of Discord's own, which takes votes, counts and shows the end by itself.",
            there=r"One vote each, until \S+ You can change your mind until then: vote again, or use /cohort vote\. "
            r"Where do we dig\? \( \) Import \( \) Sharing",
            here=r"(\(changed\) )?Where do we dig\? (One vote each|This poll is closed).*",
        ),
        Difference("A room has no place for links above it: each is posted and pinned.", there="Worksheet"),
    ),
}


@pytest.fixture
async def here(tmp_path: Path) -> Heard:
    return await told_on(LocalStage, folder(tmp_path, "here"))


@pytest.mark.parametrize("there", FORCED, ids=lambda stage: stage.__name__.removesuffix("Stage").casefold())
async def test_everybody_reads_the_same_words(
    there: type[SlackStage | DiscordStage], here: Heard, tmp_path: Path
) -> None:
    told = await told_on(there, folder(tmp_path, "there"))
    told = {who: lines for who, lines in told.items() if not who.startswith(SMALL)}
    assert sum(map(len, here.values())) > 250 and set(told) == set(here)
    left = {who: list(lines) for who, lines in here.items()}
    for forced in FORCED[there]:
        assert not forced.there or without(told, forced.there), f"no more: {forced.why}"
        assert not forced.here or without(left, forced.here), f"no more: {forced.why}"
    assert "\n".join(differences(left, told)) == ""


def folder(within: Path, name: str) -> Path:
    made = within / name
    made.mkdir()
    return made


async def told_on(kind: type[LocalStage | SlackStage | DiscordStage], folder: Path) -> dict[str, list[str]]:
    async with kind(folder, programs=written(folder)) as stage:
        story = LongWay(stage)
        await story.told()
        assert list(stage.complaints()) == []
        return {who: lines for who, lines in story.watching.heard.items() if lines}


def without(told: dict[str, list[str]], pattern: str) -> int:
    """Takes out the lines that read so; how many they were."""
    before = sum(map(len, told.values()))
    for lines in told.values():
        lines[:] = [line for line in lines if not re.fullmatch(pattern, line)]
    return before - sum(map(len, told.values()))


def differences(here: Heard, there: Heard) -> list[str]:
    """In which words, for whom. How many messages it takes is up to the platform."""
    found = []
    for who, lines in here.items():
        if " ".join(lines) != " ".join(there[who]):
            changes = difflib.unified_diff(lines, there[who], "here", "there", n=0, lineterm="")
            found += [who, *(line for line in changes if line[:2] not in ("--", "++", "@@"))]
    return found
