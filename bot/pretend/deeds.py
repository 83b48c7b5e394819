"""What pretend people may mean to do, and what they read off a message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from bot.message import Scalar
from bot.platforms.local.draw import DrawnBlock, DrawnButton, DrawnInline, DrawnMessage


@dataclass(frozen=True)
class Says:
    text: str


@dataclass(frozen=True)
class Presses:
    """The newest button of that action with these arguments that they see then."""

    action: str
    args: tuple[tuple[str, Scalar], ...]


@dataclass(frozen=True)
class Applies:
    """Types /apply and fills in the form, or puts it away `half` done. Not again once it is sent."""

    half: bool = False


@dataclass(frozen=True)
class Launches:
    """Asks to start the cohort, unless that was done."""


Deed: TypeAlias = Says | Presses | Applies | Launches


@dataclass(frozen=True, order=True)
class Intention:
    at: datetime
    order: int
    who: str
    deed: Deed = field(compare=False)


def press_of(button: DrawnButton) -> Presses:
    return Presses(button["action"], tuple(sorted(button["args"].items())))


def first_moment(payload: DrawnMessage, now: datetime) -> datetime | None:
    """The nearest moment to come that a message speaks of."""
    blocks = [*payload["blocks"], *(block for card in payload["cards"] for block in card["blocks"])]
    nodes = [*payload["title"], *inlines(blocks)]
    moments = (datetime.fromisoformat(node["at"]) for node in nodes if node["t"] == "moment")
    return min((at for at in moments if at > now), default=None)


def inlines(blocks: Iterable[DrawnBlock]) -> Iterator[DrawnInline]:
    for block in blocks:
        match block["b"]:
            case "paragraph" | "heading":
                yield from block["inlines"]
            case "list":
                for item in block["items"]:
                    yield from item
            case "quote":
                yield from inlines(block["blocks"])
