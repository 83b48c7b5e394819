"""What can happen in the chat, and the append-only file of JSON lines that remembers it."""

from __future__ import annotations

import base64
import json
import os
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from bot.message import Answer
from bot.platforms.local.draw import DrawnForm, DrawnMessage


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    zone: str  # IANA
    role: str = ""  # a word for the chooser
    pretend: bool = False  # acts by itself


@dataclass(frozen=True, slots=True)
class StoredFile:
    id: str
    name: str
    media_type: str
    content: bytes
    alt: str = ""


@dataclass(frozen=True, slots=True)
class OpenForm:
    """A form before one person, with what they typed so far and the remarks beside its fields."""

    id: int
    person: str
    form: DrawnForm
    room: str  # where it was asked for
    message: int | None  # whose button asked for it
    answers: Mapping[str, Answer]
    errors: Mapping[str, str]


# Events.


@dataclass(frozen=True, slots=True)
class PersonAdded:
    person: Person


@dataclass(frozen=True, slots=True)
class RoomMade:
    id: str
    name: str
    title: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Invited:
    room: str
    person: str


@dataclass(frozen=True, slots=True)
class Removed:
    room: str
    person: str


@dataclass(frozen=True, slots=True)
class Posted:
    id: int
    room: str
    author: str
    payload: DrawnMessage
    key: str | None
    at: datetime
    only_for: str | None
    file: StoredFile | None
    under: int | None = None  # the message it answers beneath
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class LinkKept:
    """A link that stays with a room."""

    room: str
    title: str
    url: str
    key: str


@dataclass(frozen=True, slots=True)
class Edited:
    id: int
    payload: DrawnMessage
    at: datetime


@dataclass(frozen=True, slots=True)
class ReadTo:
    person: str
    room: str
    upto: int


@dataclass(frozen=True, slots=True)
class FormOpened:
    form: OpenForm


@dataclass(frozen=True, slots=True)
class FormClosed:
    person: str


Event: TypeAlias = (
    PersonAdded | RoomMade | Invited | Removed | Posted | LinkKept | Edited | ReadTo | FormOpened | FormClosed
)

_KINDS: tuple[type[Event], ...] = (
    PersonAdded,
    RoomMade,
    Invited,
    Removed,
    Posted,
    LinkKept,
    Edited,
    ReadTo,
    FormOpened,
    FormClosed,
)


class JournalBroken(Exception):
    """A line that cannot be read and is not the last."""


class Journal:
    """One event a line. A line counts once its newline is written; a torn one at the end is cut off."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            _cut_torn_line(path)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._closed = weakref.finalize(self, os.close, self._file)

    def replay(self) -> Iterator[Event]:
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield decode(line)
                except (ValueError, KeyError, TypeError) as error:
                    raise JournalBroken(f"{self.path}, line {number}: not an event of this chat") from error

    def append(self, event: Event) -> None:
        # One line is one unbuffered write, so that a killed process leaves whole lines.
        line = encode(event)
        while line:
            line = line[os.write(self._file, line) :]

    def close(self) -> None:
        self._closed()


def encode(event: Event) -> bytes:
    line = {"event": type(event).__name__} | _shallow(event)
    # ASCII, so that a lone surrogate somebody managed to type cannot stop the journal.
    return json.dumps(line, default=_plain, separators=(",", ":")).encode("ascii") + b"\n"


def decode(line: bytes) -> Event:
    raw = json.loads(line)
    kind = next(each for each in _KINDS if each.__name__ == raw["event"])
    del raw["event"]
    if "at" in raw:
        raw["at"] = datetime.fromisoformat(raw["at"])
    if kind is PersonAdded:
        raw["person"] = Person(**raw["person"])
    if kind is FormOpened:
        raw["form"] = OpenForm(**raw["form"])
    if raw.get("file") is not None:
        stored = raw["file"]
        raw["file"] = StoredFile(**(stored | {"content": base64.b64decode(stored["content"])}))
    return kind(**raw)


def _shallow(value: object) -> dict[str, object]:
    assert is_dataclass(value)
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if is_dataclass(value):
        return _shallow(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no place in the journal")


def _cut_torn_line(path: Path) -> None:
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
