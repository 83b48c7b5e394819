"""An hour of the default program with thirteen people is conducted to its recap, on each platform, by presses alone."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from cohorts import attendance
from cohorts.attendance import Attended
from cohorts.breakouts import Breakout
from cohorts.outbox import EffectKind, EffectState
from cohorts.polls import Poll
from cohorts.reflections import Reflection
from tests.platforms.conducted_hour import (
    ALONE_AT_MOST,
    CHOSEN,
    GONE,
    LATE,
    LATER,
    MEMBERS,
    NEVER,
    PINGS_AT_MOST,
    PUNCTUAL,
    Hour,
    Punctual,
    rung,
    sessions_of,
)
from tests.platforms.discord_stage import DiscordStage
from tests.platforms.local_stage import LocalStage
from tests.platforms.mortal import no_bugs_in_the_log
from tests.platforms.slack_stage import SlackStage

CAME = (*PUNCTUAL, LATE, LATER)
PARTS = ("Ritual", "Pair share", "Results", "Poll", "Work", "Call on", "Reflection", "Next steps")


class InTheLocalChat(Punctual, LocalStage):
    pass


class OnSlack(Punctual, SlackStage):
    pass


class OnDiscord(Punctual, DiscordStage):
    pass


STAGES = (InTheLocalChat, OnSlack, OnDiscord)


@pytest.mark.parametrize("kind", STAGES, ids=lambda kind: kind.__name__)
async def test_an_hour_is_conducted_to_its_recap(
    kind: type[InTheLocalChat | OnSlack | OnDiscord], tmp_path: Path
) -> None:
    with no_bugs_in_the_log():
        async with kind(tmp_path) as stage:
            hour = Hour(stage)
            await hour.is_told()
            the_room_saw_one_stage_that_moved(hour)
            nobody_was_rung_too_often_or_left_alone(hour)
            everybody_was_counted(hour)
            the_recap_says_what_was(hour)
            everything_came_once(hour)
            assert list(stage.complaints()) == []


def said_in_the_room(hour: Hour) -> list[str]:
    (said,) = (lines for where, lines in hour.watching.heard.items() if where.startswith("#value-accelerator"))
    return said


def the_room_saw_one_stage_that_moved(hour: Hour) -> None:
    said = said_in_the_room(hour)
    stages = [line for line in said if re.match(r"(\(changed\) )?Set out (· |is over)", line)]
    assert [line.startswith("(changed)") for line in stages] == [False] + [True] * (len(stages) - 1)
    seen = [found[1] for line in stages if (found := re.search(r"Set out · ([\w ]+?) ▰", line))]
    assert tuple(dict.fromkeys(seen)) == PARTS
    (work,) = (line for line in stages if "24 minutes" in line)
    assert CHOSEN in work and "You chose this: The number" in work
    assert sum("One minute left" in line for line in stages) == len(PARTS)
    assert "Thank you for the hour" in stages[-1]


def nobody_was_rung_too_often_or_left_alone(hour: Hour) -> None:
    """By our own notion, and by that of a platform: direct messages, and whoever is named."""
    for name in MEMBERS:
        keys = rung(hour, name)
        assert len(keys) <= PINGS_AT_MOST, (name, keys)
        direct = [key for key in keys if "/reflection/" in key]
        assert len(direct) == (name != NEVER)
        assert len(direct) + hour.mentions[name] <= PINGS_AT_MOST
    assert ALONE_AT_MOST >= hour.longest > ALONE_AT_MOST * 0
    assert not hour.alone


def everybody_was_counted(hour: Hour) -> None:
    seen = hour.stage.store.read(lambda db: attendance.attendance(db, sessions_of(db)[0]))
    assert Counter(seen.values()) == {Attended.PRESENT: len(CAME), Attended.ABSENT: 1}
    fay = hour.watching.heard["Fay"]
    assert any(f"I saw no press and no answer from {NEVER}" in line for line in fay)
    assert sum("Your desk · Set out" in line and not line.startswith("(changed)") for line in fay) == 1
    assert any("The room chose “The number”" in line for line in fay)
    assert hour.stage.rows(Breakout) == hour.stage.rows(Poll) == 1
    assert hour.stage.rows(Reflection) == len(hour.there)
    assert GONE not in hour.there and not any(f"{GONE}, would you like" in line for line in said_in_the_room(hour))


def the_recap_says_what_was(hour: Hour) -> None:
    said = said_in_the_room(hour)
    (recap,) = (line for line in said if line.startswith("Recap: Set out"))
    there = re.search(r"Thank you for coming: (.*?)\.", recap)
    assert there is not None and set(re.split(", | and ", there[1])) == set(CAME)
    assert "The number, with 9 of 11" in recap
    assert "Two honest conversations, due 2027-01-17T15:00Z/full" in recap
    assert "Next: Read the map, 2027-01-18T15:00Z/full" in recap
    (quotes,) = (line for line in said if line.startswith("What was most valuable"))
    assert re.findall(r"What (\w+) heard", quotes) == ["Ana", "Ben"]  # those who said yes


def everything_came_once(hour: Hour) -> None:
    """What only one person sees is never said again: after a death it may be missing, while the room's post is not."""
    stage = hour.stage
    assert stage.deaths == 2
    arrived = Counter(stage.arrived())
    assert not [key for key, times in arrived.items() if times > 1]
    sent = [one for one in stage.effects(EffectState.SENT) if one.kind is EffectKind.POST and one.enclosed_in is None]
    assert {one.key for one in sent} <= {key.rpartition("#")[0] for key in arrived}
    assert not stage.effects(EffectState.FAILED, EffectState.SENDING)
    assert {one.kind for one in stage.effects(EffectState.EXPIRED)} <= {EffectKind.WHISPER}
    once = Counter(line for lines in hour.watching.heard.values() for line in lines if line.startswith("Recap:"))
    assert set(once.values()) == {1}
