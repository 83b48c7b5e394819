"""The port between Caravan and a chat system: what comes in, what goes out, and how sending may fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from bot.command_text import Kind as OptionKind
from bot.message import Answers, Args, Choice, File, Files, Form, Message, Unread
from bot.ways import Ways

# In.


@dataclass(frozen=True, slots=True)
class Profile:
    """What the platform says of an account, as far as it says it. An empty name: it says none."""

    name: str
    zone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """A slash command: `text` is the whole line, "/apply deploy-together". `marked`: what looks like a marker in it,
    "<@ID|name>", was made by the platform and not typed by hand."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Pressed:
    action: str
    args: Args = field(default_factory=dict)
    message: str | None = None  # the platform's id of the message it stands on


@dataclass(frozen=True, slots=True)
class Filled:
    """A submitted form; `closed` when it was put away half done, so that nothing typed is lost.

    What was attached comes with it, read already; `unread` says of which fields it could not be.
    """

    form: str
    answers: Answers
    args: Args = field(default_factory=dict)
    closed: bool = False
    files: Files = field(default_factory=dict, repr=False)
    unread: Mapping[str, Unread] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Wrote:
    """Plain words in a direct message to the bot."""

    text: str


@dataclass(frozen=True, slots=True)
class Picked:
    """A shortcut chosen on somebody's message: its words, a link that leads to it (or ""), and whose it is.

    `author` is None where the platform doesn't say, or it was no person; else they are in `Inbound.mentioned`, too.
    """

    action: str
    text: str
    link: str = ""
    author: str | None = None


@dataclass(frozen=True, slots=True)
class Visited:
    """The bot's own page was opened; the outcome's message is what it shows."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The account looks different from now on: name, zone, address. Nobody waits for an answer."""


@dataclass(frozen=True, slots=True)
class Invited:
    """The bot was brought into `Inbound.room`, which is called `name`. Nobody waits for an answer."""

    name: str


@dataclass(frozen=True, slots=True)
class Voted:
    """A vote in a poll of the platform's own, whose receipt is `message`. Nobody waits for an answer.

    It may come again: whoever votes twice for the same has voted once.
    """

    message: str
    choice: int  # counted from 0
    taken_back: bool = False


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody is where people talk: `rooms` (platform ids) are those it belongs to, `link` leads there. Nobody waits
    for an answer.

    It is told again while they stay; `came` when they were in none of it a moment ago.
    """

    rooms: tuple[str, ...]
    link: str = ""
    came: bool = False


Deed: TypeAlias = Typed | Pressed | Filled | Wrote | Picked | Visited | Changed | Invited | Voted | Entered


@dataclass(frozen=True, slots=True)
class Inbound:
    """Something a person did. `event_id` is the platform's own and stays the same when redelivered."""

    event_id: str
    workspace: str
    account: str
    profile: Profile
    deed: Deed
    room: str | None = None  # the platform's id; None in a direct message
    workspace_name: str = ""  # what people call it, where the platform says so
    mentioned: Mapping[str, Profile] = field(default_factory=dict)  # accounts that the deed names, as they are today


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the person gets at once, seen by them alone: words, a form, or remarks beside its fields.

    `replaces` asks to put the message in the place of the one whose button was pressed.
    An empty outcome (a redelivery, words that need no answer) shows nothing. `lost` are remarks for a platform that
    can't show a form again with what was attached to it.
    """

    message: Message | None = None
    form: Form | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)
    replaces: bool = False
    template: str = ""  # what the message was made from, for whoever watches


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """One option of a command. `completes`: the door knows choices while somebody types."""

    name: str
    help: str = ""
    kind: OptionKind = OptionKind.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()
    completes: bool = False
    rest: bool = False  # takes all the words that remain


@dataclass(frozen=True, slots=True)
class CommandInfo:
    """A command as a composer or a command tree needs it."""

    path: str  # "cohort rsvp", without the slash
    help: str
    options: tuple[str, ...]  # names, in order
    details: tuple[OptionInfo, ...] = ()  # the same, with what each takes
    role: str = ""  # who may use it: "anyone", "member", "facilitator", "owner"; the door sees to it


@dataclass(frozen=True, slots=True)
class ShortcutInfo:
    """What can be chosen on anybody's message."""

    action: str  # "homework/submit-message"
    label: str  # at most 24 characters


class Door(Protocol):
    """The one way in, as a platform sees it."""

    async def __call__(self, inbound: Inbound) -> Outcome: ...

    def commands(self) -> Sequence[CommandInfo]: ...

    def shortcuts(self) -> Sequence[ShortcutInfo]: ...

    def only_reads(self, deed: Deed) -> bool:
        """Whether nothing can be lost if the platform is told "heard" before it is done."""
        ...

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
    BOOKMARK = "bookmark"
    EVENT = "event"
    GROUP = "group"
    UNGROUP = "ungroup"
    WHISPER = "whisper"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One effect, addressed and rendered, ready for a platform.

    `room` or `account` says where to (platform ids), both where one person alone sees it in a room; `key` is unique
    for ever and must be findable afterwards.
    Of a group, `target` is the place that those who come later join, "" if there was none. The end of a group is
    announced where there is a message, else done; its `target` is the room to talk in, "" if there was none.
    """

    key: str
    kind: Kind
    workspace: str
    room: str | None = None
    account: str | None = None  # a direct message to, or the person invited to or removed from `room`
    message: Message | None = None
    name: str = ""  # of the room to make; of a group: who is in it
    title: str = ""  # its topic; of a bookmark or an event: its words
    url: str = ""  # of a bookmark
    thread: str | None = None  # the platform's id of the message to answer beneath
    pin: bool = False  # whether the message stays on top of its room
    target: str | None = None  # the platform's id of the message to edit
    file: File | None = None
    attempted_at: datetime | None = None  # when it was first tried, for `find`
    template: str = ""  # what the message was made from, for whoever watches
    due_at: datetime | None = None  # when it should have been there
    ping: bool = False  # whether it notifies
    occasion: str = ""  # of an event or a group: the same for all that is ever done about it
    starts: datetime | None = None
    ends: datetime | None = None
    place: str = ""  # of an event: a link, words, "voice", or ""
    gone: bool = False  # the event is not to be any more
    accounts: tuple[str, ...] = ()  # who is in the group
    voice: bool = False  # the group's room to talk in, not its conversation
    leads: bool = False  # whoever is invited conducts here


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform's own id of what came to be (a message, a room), so that it can be edited or found.

    `caveat` is a slug like a `SendError`'s reason, for what did succeed, but not as it should: its mend is told to the
    facilitator; `detail` is what the mend has to name.
    """

    id: str
    caveat: str = ""
    detail: str = ""


class SendError(Exception):
    """A platform said no. Permanent errors stop at once; others are tried again after `retry_after` seconds.

    `reason` is a short slug in our own words, such as "room-gone", "dm-closed", "not-allowed"; `detail` is what the
    mend has to name, such as a missing scope. Nothing was sent, ever, when this is raised.
    """

    def __init__(self, reason: str, *, permanent: bool, retry_after: float | None = None, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}".rstrip())
        self.reason = reason
        self.detail = detail
        self.permanent = permanent
        self.retry_after = retry_after


class Platform(Protocol):
    """An adapter. It may also have `pace` (seconds between two posts of one lane), `connected` (whether it hears
    anything now), `routes(door)` (what it serves on the process's own web server), `close()` (let go, at the end)."""

    name: str
    ways: Ways  # what it can do for people who talk beside a room; kept at every start, so that rules can ask

    async def listen(self, door: Door) -> None:
        """Serve until cancelled."""
        ...

    async def send(self, parcel: Parcel) -> Receipt: ...

    async def find(self, parcel: Parcel) -> Receipt | None:
        """After a crash or a lost answer: did it arrive?"""
        ...
