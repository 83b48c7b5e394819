"""What the fake Slack remembers: people, channels, messages, views, files, and everything that was asked of it."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]  # what goes over Slack's wire
Value: TypeAlias = dict[str, Any]  # one entry of `state.values`
Clock: TypeAlias = Callable[[], float]


class SlackError(Exception):
    """An `ok: false` answer. `extra` is what stands beside the error code; `messages` name the fault in a payload."""

    def __init__(self, error: str, *messages: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.messages = messages
        self.extra = extra

    def answer(self) -> Json:
        body: Json = {"ok": False, "error": self.error, **self.extra}
        if self.messages:
            body["response_metadata"] = {"messages": [f"[ERROR] {each}" for each in self.messages]}
            if self.error == "invalid_blocks":
                body["errors"] = list(self.messages)
        return body


@dataclass(frozen=True, slots=True)
class Fault:
    """A payload that Slack would refuse, and why."""

    where: str  # the method, "ack view_submission", "response_url"
    error: str
    messages: tuple[str, ...]
    payload: Json


@dataclass(slots=True)
class Call:
    """One request to the Web API as it came, and how it was answered."""

    method: str
    team: str
    args: Json
    at: float
    error: str = ""  # "" when it went well
    answered: bool = True


@dataclass(frozen=True, slots=True)
class Ack:
    """How the app acknowledged something; `answer` is what came with it, `error` what the person then sees."""

    kind: str
    seconds: float
    payload: Json
    answer: Json | None = None
    error: str = ""

    @property
    def ok(self) -> bool:
        return not self.error


@dataclass(slots=True)
class User:
    id: str
    name: str
    tz: str = "Europe/London"
    email: str | None = None
    kind: str = "member"  # member, guest, single_channel_guest, connect, deactivated, bot
    may_use_commands: bool = True
    dms_closed: bool = False
    bot_id: str = ""

    @property
    def handle(self) -> str:
        return self.name.lower().replace(" ", ".")


@dataclass(slots=True)
class Message:
    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    bot_id: str = ""
    app_id: str = ""
    thread_ts: str = ""
    subtype: str = ""
    metadata: Json | None = None
    files: list[str] = field(default_factory=list)
    edited_ts: str = ""
    ephemeral_to: str = ""  # the one who sees it, when it is ephemeral
    reactions: dict[str, list[str]] = field(default_factory=dict)
    broadcast: bool = False
    state: dict[tuple[str, str], Value] = field(default_factory=dict)  # what has been chosen in its elements

    @property
    def at(self) -> float:
        return float(self.ts)

    @property
    def is_reply(self) -> bool:
        return bool(self.thread_ts) and self.thread_ts != self.ts


@dataclass(slots=True)
class Channel:
    id: str
    name: str = ""
    kind: str = "public"  # public, private, im, mpim
    members: list[str] = field(default_factory=list)
    creator: str = ""
    created: int = 0
    topic: str = ""
    purpose: str = ""
    archived: bool = False
    posting_restricted: bool = False
    messages: list[Message] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)
    bookmarks: list[Json] = field(default_factory=list)

    def message(self, ts: str) -> Message | None:
        return next((each for each in self.messages if each.ts == ts), None)

    def replies(self, thread_ts: str) -> list[Message]:
        return [each for each in self.messages if each.is_reply and each.thread_ts == thread_ts]


@dataclass(slots=True)
class View:
    id: str
    hash: str
    user: str
    body: Json  # as the app sent it
    root: str
    previous: str | None = None
    values: dict[tuple[str, str], Value] = field(default_factory=dict)  # what was typed, by block and action
    errors: dict[str, str] = field(default_factory=dict)  # beside the fields, by block_id
    open: bool = True

    @property
    def blocks(self) -> list[Json]:
        return list(self.body.get("blocks", []))


@dataclass(slots=True)
class UploadedFile:
    id: str
    name: str
    length: int
    alt: str = ""
    title: str = ""
    content: bytes = b""
    received: bool = False
    complete: bool = False
    user: str = ""
    created: int = 0
    shares: dict[str, str] = field(default_factory=dict)  # channel -> ts of the message that shows it


@dataclass(slots=True)
class Trigger:
    team: str
    user: str
    issued: float
    view: str = ""  # the modal that it was pressed in, if any
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """Good for five uses in thirty minutes. `message` is the one whose button was pressed, if any."""

    team: str
    user: str
    channel: str
    issued: float
    message: Message | None = None
    used: int = 0


class Ids:
    """Slack-looking ids, the same again for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def next(self, prefix: str) -> str:
        return prefix + "".join(self.random.choices("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", k=10))

    def secret(self, prefix: str) -> str:
        return prefix + secrets.token_hex(12)
