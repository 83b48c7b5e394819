"""Facts: the plain values a message is made of, frozen in a transaction and kept as JSON.

A database row is never a fact: it would read differently by the time the message leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class PersonRef:
    """Somebody, by our id; the name is looked up when the message is rendered, so a rename or erasure is honoured."""

    id: int


@dataclass(frozen=True, slots=True)
class RoomRef:
    id: int


@dataclass(frozen=True, slots=True)
class Markdown:
    """Words of a program's author, whose Markdown is meant. Never a participant's words.

    `quotes` are the reader's own, literally, one for each {{ my.KEY }} of the text.
    """

    text: str
    quotes: tuple[str, ...] = ()


Plain: TypeAlias = str | int | float | bool | date | datetime | PersonRef | RoomRef | Markdown | None
Fact: TypeAlias = Plain | Sequence["Fact"] | Mapping[str, "Fact"]
Json: TypeAlias = str | int | float | bool | list["Json"] | dict[str, "Json"] | None

_PRIVATE = dict.fromkeys((0, *range(57344, 63744)))
_PRIVATE_PLANES = ((0xF0000, 0xFFFFD), (0x100000, 0x10FFFD))


def clean(text: str) -> str:
    """Without NUL, lone surrogates and private-use characters: the first no database keeps, the last mark our slots."""
    text = text.translate(_PRIVATE)
    if any(ord(char) >= 0xD800 for char in text):
        text = "".join(char for char in text if not _unkeepable(ord(char)))
    return text


def _unkeepable(code: int) -> bool:
    return 0xD800 <= code <= 0xDFFF or any(low <= code <= high for low, high in _PRIVATE_PLANES)


def as_typed(value: object) -> Json:
    """An answer as it came, kept before anybody checked it: cut where nobody could have meant more."""
    if isinstance(value, list):
        return [clean(str(one))[:3000] for one in value[:100]]
    return value if isinstance(value, (bool, int, float)) else clean(str(value))[:10_000]


def freeze(value: Fact) -> Json:
    """The JSON form of a fact; anything that is not one is refused with a TypeError."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return clean(value)
        case datetime():
            if value.tzinfo is None:
                raise TypeError("a moment in a fact needs its zone")
            return {"~": "moment", "at": value.astimezone(UTC).isoformat()}
        case date():
            return {"~": "date", "on": value.isoformat()}
        case PersonRef(id=id_):
            return {"~": "person", "id": id_}
        case RoomRef(id=id_):
            return {"~": "room", "id": id_}
        case Markdown(text=text, quotes=quotes):
            return {"~": "markdown", "text": clean(text), "quotes": [clean(one) for one in quotes]}
        case list() | tuple():
            return [freeze(item) for item in value]
        case dict():
            return {str(key): freeze(item) for key, item in value.items()}
    raise TypeError(f"{type(value).__name__} is not a fact; give plain values, PersonRef or RoomRef")


def thaw(value: Json) -> Fact:
    """The fact again."""
    if isinstance(value, list):
        return [thaw(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value.get("~"):
        case "moment":
            return datetime.fromisoformat(str(value["at"]))
        case "date":
            return date.fromisoformat(str(value["on"]))
        case "person":
            return PersonRef(int(str(value["id"])))
        case "room":
            return RoomRef(int(str(value["id"])))
        case "markdown":
            quotes = value.get("quotes")
            return Markdown(str(value["text"]), tuple(map(str, quotes)) if isinstance(quotes, list) else ())
        case _:
            return {key: thaw(item) for key, item in value.items()}
