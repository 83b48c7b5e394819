"""Apps and workspaces: who is in them, what the bot may do there, and the ids of everything."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from .people import Person
from .state import Channel, Json, Message, SlackError, UploadedFile, User, View

if TYPE_CHECKING:
    from .server import FakeSlack

ALL_SCOPES = frozenset(
    [
        "app_mentions:read",
        "bookmarks:read",
        "bookmarks:write",
        "channels:history",
        "channels:join",
        "channels:manage",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "groups:write",
        "im:history",
        "im:read",
        "im:write",
        "mpim:history",
        "mpim:read",
        "mpim:write",
        "pins:read",
        "pins:write",
        "reactions:read",
        "reactions:write",
        "team:read",
        "users:read",
        "users:read.email",
    ]
)
# What an app hears of, each with one of the scopes that it needs ("" for none).
EVENTS = MappingProxyType(
    {
        "message.im": "im:history",
        "message.mpim": "mpim:history",
        "message.channels": "channels:history",
        "message.groups": "groups:history",
        "app_mention": "app_mentions:read",
        "app_home_opened": "",
        "member_joined_channel": "channels:read groups:read",
        "user_change": "users:read",
        "team_join": "users:read",
        "channel_archive": "channels:read",
        "channel_rename": "channels:read",
        "tokens_revoked": "",
        "app_uninstalled": "",
    }
)
USUAL_EVENTS = frozenset(EVENTS) - {"message.channels", "message.groups", "message.mpim", "team_join"}


class App:
    """One Slack app. It gets its events over Socket Mode unless `request_url` says where to post them."""

    def __init__(self, slack: FakeSlack) -> None:
        self.slack = slack
        self.id = slack.ids.next("A")
        self.client_id = f"{slack.ids.next('1')}.{slack.ids.next('2')}"
        self.client_secret = slack.ids.secret("")
        self.signing_secret = slack.ids.secret("")
        self.app_token = slack.ids.secret("xapp-1-")
        self.app_token_scopes = {"connections:write"}
        self.verification_token = slack.ids.secret("")
        self.request_url: str | None = None
        self.commands: set[str] | None = None  # as the manifest names them, "/apply"; None: whatever is typed
        self.shortcuts: dict[str, str] = {}  # what people see -> callback_id
        self.should_escape = True
        self.events: set[str] = set(USUAL_EVENTS)
        self.home_enabled = True
        self.messages_tab = True
        self.distributed = False  # outside the Marketplace: one page of 15 messages of history a minute

    def signed(self, body: str, at: float | None = None) -> dict[str, str]:
        """The headers that prove a request comes from Slack."""
        stamp = str(int(self.slack.clock() if at is None else at))
        digest = hmac.new(self.signing_secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


class Team:
    """One workspace, with one app of ours in it (or not yet, when `installed` is false)."""

    def __init__(self, slack: FakeSlack, name: str, app: App, scopes: frozenset[str], *, installed: bool) -> None:
        self.slack = slack
        self.app = app
        self.id = slack.ids.next("T")
        self.name = name
        self.domain = name.lower().replace(" ", "-")
        self.scopes: set[str] = set(scopes)
        self.users: dict[str, User] = {}
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.views: dict[str, View] = {}
        self.files: dict[str, UploadedFile] = {}
        self.installed = installed
        self.bot_active = True
        self.revoked: set[str] = set()
        self.channel_creation_restricted = False
        self.bot = User(slack.ids.next("U"), "caravan", kind="bot", bot_id=slack.ids.next("B"))
        self.bot_token = slack.ids.secret("xoxb-")
        self.users[self.bot.id] = self.bot
        self.add_channel("general")

    # Who and what is there.

    def add_person(
        self,
        name: str,
        tz: str = "Europe/London",
        email: str | None = None,
        kind: str = "member",
        may_use_commands: bool | None = None,
    ) -> Person:
        """Guests and people of other organisations may not use commands unless it is said that they may."""
        if may_use_commands is None:
            may_use_commands = kind == "member"
        user = User(self.slack.ids.next("U"), name, tz, email, kind, may_use_commands)
        if kind == "connect":
            user.email = None
        self.users[user.id] = user
        person = self.people[user.id] = Person(self, user)
        if kind == "member":
            self.channels[next(iter(self.channels))].members.append(user.id)
        return person

    def person(self, name: str) -> Person:
        return next(each for each in self.people.values() if each.user.name == name)

    def add_channel(self, name: str, *members: Person | User, private: bool = False) -> Channel:
        channel = Channel(
            self.slack.ids.next("C"),
            name,
            "private" if private else "public",
            [each.id for each in members],
            created=int(self.slack.clock()),
        )
        self.channels[channel.id] = channel
        return channel

    def channel(self, channel: str | Channel) -> Channel:
        """By id or by name, with or without the #."""
        if isinstance(channel, Channel):
            return channel
        found = self.channels.get(channel)
        if found is None:
            name = channel.removeprefix("#")
            found = next((each for each in self.channels.values() if each.name == name), None)
        if found is None:
            raise KeyError(f"no channel {channel} in {self.name}")
        return found

    def direct(self, *users: str) -> Channel:
        """The conversation of the bot with these, opened if need be."""
        members = [*users, self.bot.id]
        kind = "im" if len(users) == 1 else "mpim"
        for channel in self.channels.values():
            if channel.kind == kind and set(channel.members) == set(members):
                return channel
        handles = "--".join(self.users[each].handle for each in members)
        channel = Channel(
            self.slack.ids.next("D" if kind == "im" else "C"),
            "" if kind == "im" else f"mpdm-{handles}-1",
            kind,
            members,
            creator=self.bot.id,
            created=int(self.slack.clock()),
        )
        self.channels[channel.id] = channel
        return channel

    # What happens to the installation.

    async def invite_bot(self, channel: str | Channel, by: Person) -> None:
        """What a person does with /invite: the bot is told that it has joined."""
        room = self.channel(channel)
        if self.bot.id not in room.members:
            room.members.append(self.bot.id)
        await self.joined(room, self.bot.id, by.id)

    async def joined(self, channel: Channel, user: str, inviter: str = "") -> None:
        event: Json = {
            "type": "member_joined_channel",
            "user": user,
            "channel": channel.id,
            "channel_type": "C" if channel.kind == "public" else "G",
            "team": self.id,
            "event_ts": self.slack.ts(),
        }
        if inviter:
            event["inviter"] = inviter
        await self.slack.delivery.event(self, event)

    async def revoke_token(self) -> None:
        self.revoked.add(self.bot_token)
        event = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self.bot.id]}, "event_ts": self.slack.ts()}
        await self.slack.delivery.event(self, event)

    async def uninstall(self) -> None:
        self.revoked.add(self.bot_token)
        self.installed = False
        tokens = {"oauth": [], "bot": [self.bot.id]}
        await self.slack.delivery.event(self, {"type": "tokens_revoked", "tokens": tokens, "event_ts": self.slack.ts()})
        await self.slack.delivery.event(self, {"type": "app_uninstalled", "event_ts": self.slack.ts()})

    def install(self, scopes: set[str]) -> None:
        """A new installation: a new token, and what was granted before stays granted."""
        self.installed = True
        self.bot_active = True
        self.scopes |= scopes
        self.bot_token = self.slack.ids.secret("xoxb-")

    def take_scope(self, *scopes: str) -> None:
        self.scopes -= set(scopes)

    # Messages.

    def post(self, channel: Channel, message: Message) -> Message:
        channel.messages.append(message)
        return message

    def block_ids(self, blocks: list[Json]) -> list[Json]:
        """Blocks as Slack keeps them: whatever came without an id gets one."""
        kept: list[Json] = []
        for block in blocks:
            block = {**block, "block_id": block.get("block_id") or self.slack.ids.next("b")}
            if "elements" in block and block["type"] == "actions":
                block["elements"] = [self._with_action(each) for each in block["elements"]]
            for name in ("element", "accessory"):
                if name in block:
                    block[name] = self._with_action(block[name])
            kept.append(block)
        return kept

    def _with_action(self, element: Json) -> Json:
        if element["type"] == "image":
            return element
        return {**element, "action_id": element.get("action_id") or self.slack.ids.next("a")}

    def visible(self, channel: Channel, user: str) -> bool:
        return channel.kind == "public" or user in channel.members

    def guest_may_join(self, user: User, channel: Channel) -> None:
        """A single-channel guest is in one channel and no more."""
        if user.kind != "single_channel_guest":
            return
        elsewhere = [
            each
            for each in self.channels.values()
            if each.kind in ("public", "private") and user.id in each.members and each.id != channel.id
        ]
        if elsewhere:
            raise SlackError("ura_max_channels")


@dataclass(slots=True)
class Grant:
    """A code from the OAuth page, to be exchanged once."""

    app: App
    team: Team
    scopes: list[str]
    redirect_uri: str
    by: str
    used: bool = False
