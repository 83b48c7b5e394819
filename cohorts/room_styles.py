"""How people get into the rooms of a round: made and moved, by number in their call, by a link, or written to."""

from collections.abc import Sequence
from enum import StrEnum

from sqlmodel import Field, SQLModel

from cohorts.store import Db, json
from cohorts.ways import Ways

AUTO = "auto"
LONG = 15  # minutes: worth a conversation that stays
BY_VOICE = ("", "voice")  # places of a session where the bot can make the rooms, if there are ways by voice


class Style(StrEnum):
    VOICE = "voice"  # voice channels made, people moved and brought back
    NUMBERED = "numbered"  # breakout rooms of their video call, by number
    LINKS = "links"  # a link to each room
    DM = "dm"  # a group's direct messages
    ROOMS = "rooms"  # a conversation of their own, beside the cohort's room


class Arrangement(SQLModel, table=True):
    """What the config says of rooms, where it says anything. One row at most: it is the same everywhere."""

    id: int = Field(default=None, primary_key=True)
    rooms: str = Field(default=AUTO, max_length=20)
    links: object = json()

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(map(str, self.links)) if isinstance(self.links, list) else ()


def arrange(db: Db, rooms: str, links: Sequence[str]) -> None:
    known = arranged(db)
    if (known.rooms, known.addresses) != (rooms, tuple(links)):
        known.rooms, known.links = rooms, list(links)
        db.add(known)
        db.flush()


def arranged(db: Db) -> Arrangement:
    return db.get(Arrangement, 1) or Arrangement(id=1, links=[])


def by_voice(ways: Ways, place: str) -> bool:
    """Whether people meet in the platform's own voice room."""
    return ways.voice and place in BY_VOICE


def style_of(ways: Ways, place: str, *, minutes: float, largest: int = 3, wanted: str = AUTO, links: int = 0) -> Style:
    """Pure. `wanted` where it can be had; else what people expect of a platform with these ways.

    `largest`: people in the largest group; `links`: how many the config lists.
    """
    written_to = largest <= ways.largest_dm
    usual: dict[Style, bool] = {  # the first that fits
        Style.VOICE: by_voice(ways, place),
        Style.LINKS: links > 0 and place != "chat",
        Style.DM: written_to and (minutes > LONG or place == "chat"),
        Style.NUMBERED: not ways.beside or (ways.call and place != "chat"),
        Style.ROOMS: True,
    }
    possible = usual | {Style.LINKS: links > 0, Style.DM: written_to, Style.NUMBERED: True}
    possible[Style.ROOMS] = ways.beside
    if wanted in tuple(Style) and possible[Style(wanted)]:
        return Style(wanted)
    return next(style for style, fits in usual.items() if fits)
