"""What the bot asks Slack for: every scope with its reason, and the methods and events that need it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

# An app-level token's own, without which there is no Socket Mode.
APP_SCOPE = "connections:write"


@dataclass(frozen=True, slots=True)
class Scope:
    """`rooms`: part of managing rooms, which the minimal variant leaves to the facilitator."""

    name: str
    reason: str
    rooms: bool = False


SCOPES: tuple[Scope, ...] = (
    Scope("app_mentions:read", "to answer whoever mentions the bot in a room"),
    Scope("bookmarks:read", "to see, after a crash, whether a bookmark is there", rooms=True),
    Scope("bookmarks:write", "to keep calendar and materials on top of the cohort's room", rooms=True),
    Scope("channels:history", "to see, after a crash, whether a message to a public room has arrived"),
    Scope("channels:manage", "to invite members to a public room that a facilitator made", rooms=True),
    Scope("channels:read", "to know a public room that the bot was invited to"),
    Scope("chat:write", "to write to rooms and people"),
    Scope("commands", "for the slash commands and message shortcuts"),
    Scope("files:read", "to take homework that is handed in as a file"),
    Scope("files:write", "to hand over lists and pictures as files"),
    Scope("groups:history", "to see, after a crash, whether a message to the cohort's private room has arrived"),
    Scope("groups:read", "to find the cohort's private room again by its name"),
    Scope("groups:write", "to make the cohort's private room and invite its members", rooms=True),
    Scope("im:history", "to read what people write to the bot, and to see after a crash whether its answer arrived"),
    Scope("im:write", "to open a direct message with a participant"),
    Scope("mpim:history", "to see, after a crash, whether a message to a small group has arrived"),
    Scope("mpim:write", "to bring a small group together in direct messages, for a long round"),
    Scope("pins:write", "to pin the welcome in the cohort's room", rooms=True),
    Scope("users:read", "for names and time zones: each person sees times on their own clock"),
    Scope("users:read.email", "to know a nominee, who is named by e-mail address, when they come"),
)

# What each Web API method asks for, as far as Caravan uses it.
METHODS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "apps.connections.open": (),  # of the app-level token: APP_SCOPE
        "auth.test": (),
        "bookmarks.add": ("bookmarks:write",),
        "bookmarks.list": ("bookmarks:read",),
        "chat.postEphemeral": ("chat:write",),
        "chat.postMessage": ("chat:write",),
        "chat.update": ("chat:write",),
        "conversations.create": ("groups:write",),  # private ones only
        "conversations.history": ("channels:history", "groups:history", "im:history", "mpim:history"),
        "conversations.info": ("channels:read", "groups:read"),
        "conversations.invite": ("channels:manage", "groups:write"),
        "conversations.kick": ("channels:manage", "groups:write"),
        "conversations.list": ("channels:read", "groups:read"),
        "conversations.members": ("channels:read", "groups:read"),
        # With several people for long rounds only: group conversations stay in a sidebar for good.
        "conversations.open": ("im:write", "mpim:write"),
        "conversations.replies": ("channels:history", "groups:history", "im:history", "mpim:history"),
        "conversations.setPurpose": ("channels:manage", "groups:write"),
        "conversations.setTopic": ("channels:manage", "groups:write"),
        "files.completeUploadExternal": ("files:write",),
        "files.getUploadURLExternal": ("files:write",),
        "oauth.v2.access": (),
        "pins.add": ("pins:write",),
        "users.info": ("users:read", "users:read.email"),
        "views.open": (),
        "views.publish": (),
        "views.push": (),
        "views.update": (),
    }
)

# What each element of a form asks for.
ELEMENTS: Mapping[str, tuple[str, ...]] = MappingProxyType({"file_input": ("files:read",)})

# What each event asks for.
EVENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "app_home_opened": (),
        "app_mention": ("app_mentions:read",),
        "app_uninstalled": (),
        "member_joined_channel": ("channels:read", "groups:read"),
        "message.im": ("im:history",),
        "tokens_revoked": (),
        "user_change": ("users:read",),
    }
)


def scopes(*, minimal: bool = False) -> tuple[Scope, ...]:
    """Those of the whole bot, or of the one that may not manage rooms."""
    return tuple(scope for scope in SCOPES if not (minimal and scope.rooms))


def scope_names(*, minimal: bool = False) -> tuple[str, ...]:
    return tuple(scope.name for scope in scopes(minimal=minimal))


def needed(methods: Iterable[str]) -> frozenset[str]:
    """The scopes that these methods, the events, the forms and the commands ask for. KeyError for one not known."""
    used = (METHODS[method] for method in methods)
    return frozenset({"commands"}.union(*used, *EVENTS.values(), *ELEMENTS.values()))
