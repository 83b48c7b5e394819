"""The plain rules of a round: how people get into rooms, which number each gets, who takes somebody in."""

from __future__ import annotations

import random

import pytest

from bot.platforms.discord.send import DiscordPlatform
from bot.platforms.local.send import LocalPlatform
from bot.platforms.slack.send import SlackPlatform
from cohorts import common_ground
from cohorts.common_ground import Common
from cohorts.room_styles import Style, style_of
from cohorts.seating import room_numbers, taken_in_by
from cohorts.ways import Ways

CALL = "https://meet.example.org/x"
LOCAL, SLACK, DISCORD = LocalPlatform.ways, SlackPlatform.ways, DiscordPlatform.ways


@pytest.mark.parametrize(
    ("ways", "place", "minutes", "more", "style"),
    [
        (DISCORD, "voice", 8, {}, Style.VOICE),
        (DISCORD, "", 40, {}, Style.VOICE),
        (DISCORD, CALL, 8, {}, Style.NUMBERED),
        (DISCORD, CALL, 8, {"links": 3}, Style.LINKS),
        (DISCORD, "voice", 8, {"links": 3}, Style.VOICE),
        (DISCORD, "voice", 8, {"wanted": "numbered"}, Style.NUMBERED),
        (DISCORD, CALL, 8, {"wanted": "voice"}, Style.NUMBERED),
        (DISCORD, "chat", 8, {}, Style.ROOMS),
        (DISCORD, CALL, 40, {"wanted": "dm"}, Style.NUMBERED),
        (SLACK, CALL, 8, {}, Style.NUMBERED),
        (SLACK, "", 15, {}, Style.NUMBERED),
        (SLACK, CALL, 16, {}, Style.DM),
        (SLACK, CALL, 40, {"largest": 9}, Style.NUMBERED),
        (SLACK, CALL, 40, {"links": 3}, Style.LINKS),
        (SLACK, "chat", 8, {"links": 3}, Style.DM),
        (SLACK, "chat", 8, {"largest": 9}, Style.NUMBERED),
        (SLACK, CALL, 8, {"wanted": "dm"}, Style.DM),
        (SLACK, CALL, 40, {"wanted": "numbered"}, Style.NUMBERED),
        (SLACK, CALL, 8, {"wanted": "links"}, Style.NUMBERED),
        (SLACK, "voice", 8, {"wanted": "voice"}, Style.NUMBERED),
        (SLACK, CALL, 8, {"wanted": "rooms"}, Style.NUMBERED),
        (LOCAL, CALL, 8, {}, Style.ROOMS),
        (LOCAL, "voice", 40, {}, Style.ROOMS),
        (LOCAL, CALL, 8, {"wanted": "numbered"}, Style.NUMBERED),
        (LOCAL, CALL, 8, {"links": 3}, Style.LINKS),
    ],
)
def test_how_people_get_into_rooms(
    ways: Ways, place: str, minutes: float, more: dict[str, object], style: Style
) -> None:
    assert style_of(ways, place, minutes=minutes, **more) is style  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("groups", "last", "numbers"),
    [
        ([[1, 2], [3, 4]], {}, [1, 2]),
        ([[1, 3], [2, 4]], {1: 1, 2: 1, 3: 2, 4: 2}, [1, 2]),
        ([[3, 4], [1, 2]], {1: 1, 2: 1, 3: 2, 4: 2}, [2, 1]),
        ([[1, 5], [2, 6], [3, 4]], {1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 2}, [3, 1, 2]),  # the first steps aside
        ([[1, 2]], {1: 4, 2: 5}, [1]),  # rooms that nobody needs any more
    ],
)
def test_a_group_keeps_a_room_that_somebody_of_it_had(
    groups: list[list[int]], last: dict[int, int], numbers: list[int]
) -> None:
    assert room_numbers(groups, last) == numbers


def test_every_group_has_one_room_whoever_sat_where() -> None:
    draw = random.Random(6)
    for _ in range(200):
        people = list(range(draw.randint(2, 15)))
        draw.shuffle(people)
        groups = [people[n : n + 2] for n in range(0, len(people), 2)]
        last = {one: draw.randint(1, 8) for one in people if draw.random() < 0.8}
        assert sorted(room_numbers(groups, last)) == list(range(1, len(groups) + 1))


def pair(one: int, other: int) -> frozenset[str]:
    return frozenset({str(one), str(other)})


@pytest.mark.parametrize(
    ("seated", "met", "never", "group"),
    [
        ({1: [1, 2], 2: [3, 4, 5], 3: [6, 7]}, set(), set(), 1),
        ({1: [1, 2], 2: [3, 4, 5], 3: [6, 7]}, {pair(9, 1), pair(9, 6)}, set(), 2),  # a repeat costs more than a size
        ({1: [1, 2], 2: [3]}, {pair(9, 3)}, set(), 2),  # nobody is left alone for a repeat
        ({1: [1, 2], 2: [3, 4]}, set(), {pair(9, 2)}, 2),
        ({1: [1, 2]}, set(), {pair(9, 2)}, None),
        ({0: [1, 2], 1: []}, set(), set(), None),
    ],
)
def test_who_takes_somebody_in(
    seated: dict[int, list[int]], met: set[frozenset[str]], never: set[frozenset[str]], group: int | None
) -> None:
    assert taken_in_by(9, seated, met, never) == group


def test_common_ground_is_only_what_all_said() -> None:
    assert common_ground._same(["Northwind ", "northwind"]) == "Northwind "
    assert common_ground._same(["Northwind", None]) == common_ground._same([None, None]) == ""
    assert common_ground._same(["Northwind", "Northwind", "Contoso"]) == ""
    assert common_ground._words("A weekly Report, weekly!") == ["weekly", "report"]
    assert Common("Northwind", "Admin").first == Common(level="Admin")
    assert not Common().first
