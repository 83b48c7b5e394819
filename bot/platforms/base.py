"""The port between Caravan and a chat system: what comes in, what goes out, and how sending may fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from bot.message import Answers, Args, Choice, File, Form, Message

# In.


@dataclass(frozen=True, slots=True)
class Profile:
    """What the platform says of an account, as far as it says it."""

    name: str
    zone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """A slash command: `text` is the whole line, "/apply deploy-together"."""

    text: str


@dataclass(frozen=True, slots=True)
class Pressed:
    action: str
    args: Args = field(default_factory=dict)
    message: str | None = None  # the platform's id of the message it stands on


@dataclass(frozen=True, slots=True)
class Filled:
    """A submitted form; `closed` when it was put away half done, so that nothing typed is lost."""

    form: str
    answers: Answers
    args: Args = field(default_factory=dict)
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Wrote:
    """Plain words in a direct message to the bot."""

    text: str


Deed: TypeAlias = Typed | Pressed | Filled | Wrote


@dataclass(frozen=True, slots=True)
class Inbound:
    """Something a person did. `event_id` is the platform's own and stays the same when redelivered."""

    event_id: str
    workspace: str
    account: str
    profile: Profile
    deed: Deed
    room: str | None = None  # the platform's id; None in a direct message


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the person gets at once, seen by them alone: words, a form, or remarks beside its fields.

    `replaces` asks to put the message in the place of the one whose button was pressed.
    An empty outcome (a redelivery, words that need no answer) shows nothing.
    """

    message: Message | None = None
    form: Form | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    replaces: bool = False
    template: str = ""  # what the message was made from, for whoever watches


@dataclass(frozen=True, slots=True)
class CommandInfo:
    """A command as a composer or a command tree needs it."""

    path: str  # "cohort rsvp", without the slash
    help: str
    options: tuple[str, ...]  # names, in order


class Door(Protocol):
    """The one way in, as a platform sees it."""

    async def __call__(self, inbound: Inbound) -> Outcome: ...

    def commands(self) -> Sequence[CommandInfo]: ...

    async def complete(self, inbound: Inbound, option: str, typed: str) -> Sequence[Choice]:
        """Choices for one option; `inbound.deed` is the line typed so far."""
        ...


# Out.


class Kind(StrEnum):
    POST = "post"
    EDIT = "edit"
    ROOM = "room"
    INVITE = "invite"
    REMOVE = "remove"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One effect, addressed and rendered, ready for a platform.

    `room` or `account` says where to (platform ids); `key` is unique for ever and must be findable afterwards.
    """

    key: str
    kind: Kind
    workspace: str
    room: str | None = None
    account: str | None = None  # a direct message to, or the person invited to or removed from `room`
    message: Message | None = None
    name: str = ""  # of the room to make
    title: str = ""  # its topic
    target: str | None = None  # the platform's id of the message to edit
    file: File | None = None
    attempted_at: datetime | None = None  # when it was first tried, for `find`
    template: str = ""  # what the message was made from, for whoever watches
    due_at: datetime | None = None  # when it should have been there
    ping: bool = False  # whether it notifies


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform's own id of what came to be (a message, a room), so that it can be edited or found."""

    id: str


class SendError(Exception):
    """A platform said no. Permanent errors stop at once; others are tried again after `retry_after` seconds.

    `reason` is a short slug in our own words, such as "room-gone", "dm-closed", "not-allowed".
    """

    def __init__(self, reason: str, *, permanent: bool, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.retry_after = retry_after


class Platform(Protocol):
    name: str

    async def listen(self, door: Door) -> None:
        """Serve until cancelled."""
        ...

    async def send(self, parcel: Parcel) -> Receipt: ...

    async def find(self, parcel: Parcel) -> Receipt | None:
        """After a crash or a lost answer: did it arrive?"""
        ...
