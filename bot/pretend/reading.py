"""What pretend people read out of a message as it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from bot.platforms.local.draw import DrawnBlock, DrawnInline, DrawnMessage


def first_moment(payload: DrawnMessage, now: datetime) -> datetime | None:
    """The nearest moment to come that a message speaks of."""
    blocks = [*payload["blocks"], *(block for card in payload["cards"] for block in card["blocks"])]
    nodes = [*payload["title"], *inlines_of(blocks)]
    moments = (datetime.fromisoformat(node["at"]) for node in nodes if node["t"] == "moment")
    return min((at for at in moments if at > now), default=None)


def inlines_of(blocks: Iterable[DrawnBlock]) -> Iterator[DrawnInline]:
    for block in blocks:
        match block["b"]:
            case "paragraph" | "heading":
                yield from block["inlines"]
            case "list":
                for item in block["items"]:
                    yield from item
            case "quote":
                yield from inlines_of(block["blocks"])
