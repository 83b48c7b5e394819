"""What the bot asks to be allowed, each with its reason; what it may do in a server and its channels; what it lacks."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from discord import Permissions
from discord.utils import oauth_url

from bot.platforms.base import SendError
from bot.platforms.discord.api import Answer, Api, number, rows, text
from bot.platforms.discord.errors import MISSING_PERMISSION, NO_PERMISSION, DiscordRefusal

ROLE, MEMBER = 0, 1  # whom an overwrite is for
THREADS = (10, 11, 12)
VIEW = Permissions(view_channel=True).value

# Where Discord's client calls one otherwise than its API.
_CALLED: Mapping[str, str] = {
    "read_messages": "View Channels",
    "view_channel": "View Channels",
    "send_messages_in_threads": "Send Messages in Threads",
    "send_polls": "Create Polls",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """`name` is the API's. Nobody can give others in a room what they lack themselves."""

    name: str
    reason: str


ASKED: tuple[Asked, ...] = (
    Asked("view_channel", "to be in the rooms it writes to"),
    Asked("send_messages", "to write to the cohort's room"),
    Asked("send_messages_in_threads", "to put a recap beneath its session, and to write to pairs"),
    Asked("create_public_threads", "to put a recap beneath its session"),
    Asked("create_private_threads", "to give pairs a place of their own"),
    Asked("send_polls", "to ask the room in a poll of Discord's own; else there are buttons"),
    Asked("attach_files", "to hand over pictures as files"),
    Asked("read_message_history", "to see, after a crash, whether a message has arrived, and to answer one"),
    Asked("pin_messages", "to pin the welcome and the links in the cohort's room"),
    Asked("manage_channels", "to make the cohort's category with its room and its voice channel"),
    Asked("manage_roles", "to make the cohort's role, and to give it and take it"),
    Asked("connect", "to open the voice channel to the cohort's members"),
    Asked("speak", "to let the cohort's members speak there"),
    Asked("move_members", "to bring pairs into a voice channel of their own, and back"),
    Asked("create_events", "to put sessions among the server's events"),
)


def asked() -> Permissions:
    return Permissions(**{one.name: True for one in ASKED})


def invite_url(application: str) -> str:
    """Where an administrator lets the bot into a server, or gives it again what it lacks there."""
    return oauth_url(application, permissions=asked(), scopes=("bot", "applications.commands"))


def application_of(token: str) -> str:
    """The application's id, with which a bot's token begins; "" for what is no such token."""
    first = token.partition(".")[0]
    try:
        id = base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
    return id if id.isdigit() else ""


@dataclass(frozen=True, slots=True)
class Standing:
    """The bot in one server: the server's roles, and which of them are its own."""

    guild: str
    account: str
    roles: Mapping[str, Answer]
    own: frozenset[str]

    @property
    def bits(self) -> int:
        """What its roles give, before any channel says otherwise."""
        bits = 0
        for id in (self.guild, *self.own):
            bits |= number(self.roles.get(id, {}), "permissions")
        return Permissions.all().value if bits & Permissions(administrator=True).value else bits

    @property
    def top(self) -> int:
        """How high in the list of roles it stands."""
        return max((number(self.roles.get(id, {}), "position") for id in self.own), default=0)

    def within(self, channel: Answer) -> int:
        """What it may do in a channel; of a thread, give the channel it belongs to."""
        bits = self.bits
        if bits & Permissions(administrator=True).value:
            return bits
        overwrites = {text(one, "id"): one for one in rows(channel, "permission_overwrites")}
        for group in ((self.guild,), tuple(self.own), (self.account,)):
            layer = [overwrites[id] for id in group if id in overwrites]
            for one in layer:
                bits &= ~number(one, "deny")
            for one in layer:
                bits |= number(one, "allow")
        return bits if bits & VIEW else 0


async def standing(api: Api, guild: str, roles: tuple[Answer, ...] | None = None) -> Standing:
    """`roles` are the server's, where they have just been asked for."""
    if roles is None:
        roles = await api.listed("/guilds/{guild_id}/roles", guild_id=guild)
    member = await api.call("GET", "/guilds/{guild_id}/members/{user_id}", guild_id=guild, user_id=api.me)
    own = member.get("roles")
    mine = frozenset(str(id) for id in own) if isinstance(own, list) else frozenset()
    return Standing(guild, api.me, {text(role, "id"): role for role in roles}, mine)


async def lacking(api: Api, channel: str, needed: Permissions) -> str:
    """The names of what the bot lacks in a channel or thread, as Discord's client calls them; "" for nothing."""
    place = await api.call("GET", "/channels/{channel_id}", channel_id=channel)
    if number(place, "type") in THREADS:
        place = await api.call("GET", "/channels/{channel_id}", channel_id=text(place, "parent_id"))
    guild = text(place, "guild_id")
    if not guild:
        return ""
    own = await standing(api, guild)
    return names(needed.value & ~own.within(place))


async def explained(api: Api, no: SendError, channel: str, needed: Permissions) -> SendError:
    """The same refusal, with the name of the permission where Discord only says that one is missing."""
    if not isinstance(no, DiscordRefusal) or no.code != NO_PERMISSION:
        return no
    try:
        detail = await lacking(api, channel, needed)
    except (SendError, OSError):
        detail = ""  # the refusal stands, whatever can be found out about it
    return DiscordRefusal(no.code, MISSING_PERMISSION, detail=detail)


def names(bits: int) -> str:
    """Permissions as Discord's client calls them."""
    found = dict(Permissions(bits))
    return ", ".join(_CALLED.get(name) or name.replace("_", " ").title() for name, given in found.items() if given)
