"""Who the pretend people of rehearsals and of the demo are: names, zones, companies, tempers."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from bot.config import TEMPLATES
from bot.pretend.answers import Temper

STOCK = TEMPLATES / "rehearsal"
UP, DOWN = 8, 21  # the hours between which somebody answers what can wait
FAR_FROM_HOME, NINE_ZONES = timedelta(hours=4), timedelta(hours=9)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Habit(StrEnum):
    """What becomes of somebody who was accepted."""

    STAYS = "stays"
    FALLS_BEHIND = "falls behind"  # after the first session they are hardly heard of
    DECLINES = "declines"  # can't take the seat after all
    LEAVES = "leaves"  # after the second session
    COMES_LATE = "comes late"  # is let in when the cohort has begun


@dataclass(frozen=True)
class Character:
    """One pretend person. `diligence` from 0 to 1: how soon they do what waits for them."""

    id: str
    name: str
    zone: str
    temper: Temper
    diligence: float = 0.7
    role: str = ""
    habit: Habit = Habit.STAYS

    @property
    def misfit(self) -> bool:
        return self.temper.misfit


def invent(
    people: int,
    *,
    zone: str,
    seed: int,
    misfits: int = 0,
    around: datetime,
    habits: Sequence[Habit] = (),
    folder: Path = STOCK,
) -> list[Character]:
    """So many believable people, most of them near `zone`, one or two far away, the first ones never a misfit.

    One of those far away lives nine hours or more from it, if anybody in the stock does. `habits` are those of the
    last ones before the misfits; all others stay.
    """
    stock = tomllib.loads((folder / "people.toml").read_text("utf-8"))
    said = stock_of(folder)
    draw = Random(f"{seed}/cast")
    names = _names(stock["cultures"], draw)
    near = [zone, zone, *(one for one in stock["near"] if abs(_apart(one, zone, around)) <= HOUR)]
    far = [one for one in stock["far"] if abs(_apart(one, zone, around)) >= FAR_FROM_HOME]
    distant = [one for one in far if abs(_apart(one, zone, around)) >= NINE_ZONES]
    far = [*[one for one in far if one not in distant][:1], *distant[:1], *far]
    away = 0 if people < 4 else 1 if people < 8 else 2
    usual = people - misfits - len(habits)
    cast: list[Character] = []
    for n in range(people):
        id, name = next(names)
        mood = 0.05 if n == people // 2 and people > 4 else 0.3 + 0.7 * draw.random()
        temper = Temper(
            id=id,
            company=draw.choice(stock["companies"]),
            goal=said["goals"][n % len(said["goals"])],
            mood=mood,
            place=n,
            misfit=n >= people - misfits,
        )
        home = far[(n - 1) % len(far)] if far and 0 < n <= away else draw.choice(near)
        habit = habits[n - usual] if usual <= n < people - misfits else Habit.STAYS
        cast.append(Character(id, name, home, temper, diligence=0.35 + 0.65 * draw.random(), habit=habit))
    return cast


def stock_of(folder: Path = STOCK) -> Mapping[str, Sequence[str]]:
    return tomllib.loads((folder / "said.toml").read_text("utf-8"))


def staff(zone: str, folder: Path = STOCK) -> tuple[Character, Character]:
    """The one who conducts and the one who owns."""
    stock = tomllib.loads((folder / "people.toml").read_text("utf-8"))
    made = []
    for role in ("facilitator", "owner"):
        id, name = stock[role]["first"].casefold(), f"{stock[role]['first']} {stock[role]['last']}"
        made.append(Character(id, name, zone, Temper(id, "", "", 0.8), role=role))
    return made[0], made[1]


def _names(cultures: Sequence[Mapping[str, Sequence[str]]], draw: Random) -> Iterator[tuple[str, str]]:
    """Ids and names, cultures taking turns; after every name was used once, numbered."""
    firsts = [draw.sample(list(culture["first"]), len(culture["first"])) for culture in cultures]
    turn = [(n, index) for index in range(max(map(len, firsts))) for n in range(len(firsts)) if index < len(firsts[n])]
    times = 0
    while True:
        times += 1
        for n, index in draw.sample(turn, len(turn)) if times > 1 else turn:
            first, last = firsts[n][index], draw.choice(list(cultures[n]["last"]))
            id = "".join(char for char in _plain(first) if char.isalnum())
            yield (id, f"{first} {last}") if times == 1 else (f"{id}{times}", f"{first} {last} {times}")


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()


def _apart(one: str, other: str, around: datetime) -> timedelta:
    away = (around.astimezone(ZoneInfo(one)).utcoffset(), around.astimezone(ZoneInfo(other)).utcoffset())
    return (away[0] or timedelta()) - (away[1] or timedelta())


def awake(moment: datetime, zone: str, draw: Random) -> datetime:
    """`moment`, or the next morning hour in `zone` when it falls into the night."""
    local = moment.astimezone(ZoneInfo(zone))
    if UP <= local.hour < DOWN:
        return moment
    day = local.date() if local.hour < UP else local.date() + DAY
    morning = datetime(day.year, day.month, day.day, UP, draw.randint(0, 59), draw.randint(0, 59), tzinfo=local.tzinfo)
    return morning.astimezone(moment.tzinfo)
