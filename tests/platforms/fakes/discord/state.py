"""What Discord remembers: users, guilds, roles, channels, messages, events. Rows only; the rules stand elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from .errors import DiscordError, Json

Clock: TypeAlias = Callable[[], float]
EPOCH = 1_420_070_400  # snowflakes count from the first second of 2015

TEXT, DM, VOICE, CATEGORY, NEWS, STAGE, FORUM = 0, 1, 2, 4, 5, 13, 15
PUBLIC_THREAD, PRIVATE_THREAD = 11, 12
THREADS = frozenset({10, PUBLIC_THREAD, PRIVATE_THREAD})
EPHEMERAL, LOADING, SUPPRESS_NOTIFICATIONS, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 12, 1 << 15


class Snowflakes:
    """Ids that carry their moment and never come twice."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        self._last = max(int((self._clock() - EPOCH) * 1000) << 22, self._last + 1)
        return self._last


@dataclass(slots=True, eq=False)
class User:
    id: int
    username: str
    name: str  # the one people see
    bot: bool = False
    dms_open: bool = True
    zone: str = "UTC"  # Discord tells no bot about it
    locale: str = "en-US"


@dataclass(slots=True, eq=False)
class Role:
    id: int
    name: str
    permissions: int
    position: int
    managed: bool = False
    mentionable: bool = False
    hoist: bool = False
    color: int = 0
    bot_id: int | None = None


@dataclass(frozen=True, slots=True)
class Overwrite:
    id: int
    is_role: bool
    allow: int
    deny: int


@dataclass(slots=True, eq=False)
class Attachment:
    id: int
    filename: str
    content: bytes
    media_type: str
    description: str | None = None


@dataclass(slots=True, eq=False)
class Message:
    id: int
    channel_id: int
    author: User
    at: float
    content: str = ""
    components: list[Json] = field(default_factory=list)
    embeds: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    type: int = 0
    nonce: str | int | None = None
    poll: Json | None = None
    votes: dict[int, set[int]] = field(default_factory=dict)  # by answer, who
    reference: Json | None = None
    interaction: Json | None = None  # who asked for it, as metadata
    edited_at: float | None = None
    pinned: bool = False
    mentions: tuple[int, ...] = ()
    mention_roles: tuple[int, ...] = ()
    mention_everyone: bool = False
    seen_by: int | None = None  # an ephemeral message has one reader

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        return bool(self.flags & LOADING)


@dataclass(slots=True, eq=False)
class Channel:
    id: int
    type: int
    name: str
    guild_id: int | None = None
    parent_id: int | None = None
    topic: str | None = None
    position: int = 0
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    user_limit: int = 0
    recipients: tuple[User, ...] = ()
    owner_id: int | None = None  # of a thread
    thread_members: dict[int, float] = field(default_factory=dict)
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    auto_archive: int = 1440
    created_at: float = 0.0
    slowmode: int = 0

    @property
    def is_thread(self) -> bool:
        return self.type in THREADS

    @property
    def holds_messages(self) -> bool:
        return self.type in (TEXT, DM, VOICE, NEWS, STAGE) or self.is_thread

    def message(self, id: int) -> Message:
        for message in reversed(self.messages):
            if message.id == id:
                return message
        raise DiscordError(10008)


@dataclass(slots=True, eq=False)
class Member:
    user: User
    joined_at: float
    roles: set[int] = field(default_factory=set)
    nick: str | None = None


@dataclass(slots=True, eq=False)
class ScheduledEvent:
    id: int
    guild_id: int
    creator: User
    name: str
    starts: str
    ends: str | None
    type: int  # 2 voice, 3 somewhere else
    channel_id: int | None = None
    description: str | None = None
    location: str | None = None
    status: int = 1  # 1 scheduled, 2 active, 3 completed, 4 cancelled


@dataclass(slots=True, eq=False)
class Guild:
    id: int
    name: str
    owner_id: int
    joined_at: float
    community: bool = False
    locale: str = "en-US"
    roles: dict[int, Role] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    voice: dict[int, int] = field(default_factory=dict)  # user → channel
    events: dict[int, ScheduledEvent] = field(default_factory=dict)
    bot_in: bool = True

    @property
    def everyone(self) -> Role:
        return self.roles[self.id]

    def channel(self, id: int) -> Channel:
        if found := self.channels.get(id):
            return found
        raise DiscordError(10003)

    def role(self, id: int) -> Role:
        if found := self.roles.get(id):
            return found
        raise DiscordError(10011)

    def member(self, id: int) -> Member:
        if found := self.members.get(id):
            return found
        raise DiscordError(10007)

    def threads_of(self, channel_id: int) -> list[Channel]:
        return [each for each in self.channels.values() if each.is_thread and each.parent_id == channel_id]


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the bot's, as it came and how it ended."""

    method: str
    path: str
    status: int
    code: int
    body: object
    at: float
