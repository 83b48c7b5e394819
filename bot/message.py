"""What people see, before any platform draws it: messages, buttons and forms as plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

Scalar: TypeAlias = str | int | bool
Args: TypeAlias = Mapping[str, Scalar]


class MomentStyle(StrEnum):
    """How much of a moment a reader sees, always in the reader's own zone."""

    FULL = "full"  # Tuesday 1 December, 16:00
    DAY = "day"  # Tuesday 1 December
    CLOCK = "clock"  # 16:00


# Inline nodes. `Text.literal` marks a person's words: a platform must draw them as nothing but text.


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    url: str  # http or https, nothing else
    text: str


@dataclass(frozen=True, slots=True)
class Moment:
    at: datetime  # aware, UTC
    style: MomentStyle = MomentStyle.FULL


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody, by name; `account` is their id on the platform, None while they have no account there."""

    name: str
    account: str | None


@dataclass(frozen=True, slots=True)
class RoomMention:
    name: str
    room: str | None


@dataclass(frozen=True, slots=True)
class Break:
    """A line break inside a paragraph."""


Inline: TypeAlias = Text | Link | Moment | Mention | RoomMention | Break


# Blocks.


@dataclass(frozen=True, slots=True)
class Paragraph:
    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    items: tuple[tuple[Inline, ...], ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Quote:
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Divider:
    pass


Block: TypeAlias = Paragraph | Heading | Listing | Quote | Divider


class ButtonStyle(StrEnum):
    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Button:
    """A press of it comes back to the feature that declared `action`, with `args`."""

    action: str
    label: str
    args: Args = field(default_factory=dict)
    style: ButtonStyle = ButtonStyle.PLAIN


@dataclass(frozen=True, slots=True)
class Card:
    """A part of a message with buttons of its own, such as one application in a queue."""

    blocks: tuple[Block, ...]
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    name: str
    media_type: str
    content: bytes
    alt: str = ""  # what a picture shows, for those who can't see it


@dataclass(frozen=True, slots=True)
class Poll:
    """One question to a room, one vote each. A platform that has polls shows one of its own; the others a button for
    each choice, which comes back as `name` with `args` and `choice`, counted from 0.

    Where it is `unnamed` nobody may see who voted, so there are buttons everywhere; `hidden`: the counts say nothing.
    """

    name: str
    question: str  # at most 300 characters
    choices: tuple[str, ...]  # 2 to 10, of at most 55 characters
    counts: tuple[int, ...]
    ends: datetime
    args: Args = field(default_factory=dict)
    closed: bool = False
    unnamed: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    title: tuple[Inline, ...] = ()
    blocks: tuple[Block, ...] = ()
    cards: tuple[Card, ...] = ()
    buttons: tuple[Button, ...] = ()
    poll: Poll | None = None


class FieldKind(StrEnum):
    LINE = "line"
    PARAGRAPH = "paragraph"
    CHOICE = "choice"
    CHOICES = "choices"
    SCALE = "scale"
    NPS = "nps"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"
    LINK = "link"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str


Answer: TypeAlias = str | int | float | bool | list[str] | None
Answers: TypeAlias = Mapping[str, Answer]
Files: TypeAlias = Mapping[str, tuple[File, ...]]  # what was attached, by field


@dataclass(frozen=True, slots=True)
class Unread:
    """Why what was attached to a field did not come: "too-large", "too-many" or "not-fetched"; `name` of the file."""

    why: str
    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """One question. Of a field for files, `most` says how many it takes, and its value names those that are there."""

    key: str
    kind: FieldKind
    label: str
    help: str = ""
    required: bool = False
    choices: tuple[Choice, ...] = ()
    low: int = 0
    high: int = 0
    max_length: int = 3000
    value: Answer = None
    most: int = 1


@dataclass(frozen=True, slots=True)
class Form:
    """`args` come back unseen with the answers; `page` counts from 1.

    A form of several pages comes one page at a time: each submission is answered with the next page.
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    submit: str
    intro: tuple[Block, ...] = ()
    args: Args = field(default_factory=dict)
    page: int = 1
    pages: int = 1


def plain(inlines: tuple[Inline, ...]) -> str:
    """The words alone; moments in UTC. For logs of tests and for fallbacks, not for people's eyes."""
    out: list[str] = []
    for node in inlines:
        match node:
            case Text(text=text) | Link(text=text):
                out.append(text)
            case Mention(name=name) | RoomMention(name=name):
                out.append(name)
            case Moment(at=at):
                out.append(f"{at:%Y-%m-%d %H:%M} UTC")
            case Break():
                out.append("\n")
    return "".join(out)
