"""The rooms that the bot makes: a category with a text channel and a voice channel, and a role for who may enter.

Each piece is tied to the one made before it, so that what a crash left half done is found and completed.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import structlog
from discord import Permissions
from discord.utils import snowflake_time

from bot.platforms.base import Parcel, Receipt, SendError
from bot.platforms.discord.api import Answer, Api, number, rows, text
from bot.platforms.discord.errors import (
    INVALID_ROLE,
    MISSING_PERMISSION,
    NO_PERMISSION,
    ROLE_ORDER,
    UNKNOWN_MEMBER,
    UNKNOWN_OVERWRITE,
    UNKNOWN_ROLE,
    DiscordRefusal,
)
from bot.platforms.discord.permissions import MEMBER, ROLE, VIEW, Standing, asked, names, standing

log = structlog.get_logger(__name__)

TEXT, VOICE, CATEGORY = 0, 2, 4
NAME_LENGTH = 100
TOPIC_LENGTH = 1024
MARK = "caravan:"

# What a room gives: to those who belong to it, and to the bot. Nobody can give what they lack themselves.
INSIDE = Permissions(view_channel=True, send_messages=True, read_message_history=True, connect=True, speak=True)
OWN = asked() & ~Permissions(manage_roles=True)  # only administrators hand that on in a channel
OUTSIDE = Permissions(view_channel=True, connect=True)  # denied


@dataclass(frozen=True, slots=True)
class Pieces:
    """What is there of a room, as ids."""

    role: str = ""
    category: str = ""
    text: str = ""
    voice: str = ""


def room_name(name: str) -> str:
    """As Discord has text channels: lower case, hyphens for all that isn't a letter or a digit, never empty."""
    folded = unicodedata.normalize("NFKC", name.casefold())
    letters = (one if one == "_" or unicodedata.category(one)[0] in "LMN" else " " for one in folded)
    return "-".join("".join(letters).split())[:NAME_LENGTH].strip("-_") or f"cohort-{digest(name)}"


def digest(key: str) -> str:
    """A short trace of an effect's key."""
    return hashlib.sha256(key.encode()).hexdigest()[:10]


def mark(key: str) -> str:
    """Stands in a text channel's topic."""
    return f"{MARK}{digest(key)}"


def is_ours(channel: Answer) -> bool:
    """A text channel of a room that the bot made."""
    return any(word.startswith(MARK) for word in text(channel, "topic").split())


async def make(api: Api, parcel: Parcel, since: float) -> Receipt:
    """What is missing of it; the receipt is the text channel."""
    roles = await api.listed("/guilds/{guild_id}/roles", guild_id=parcel.workspace)
    there = await _pieces(api, parcel, roles, since)
    return await _completed(api, parcel, there, await standing(api, parcel.workspace, roles))


async def find(api: Api, parcel: Parcel, since: float) -> Receipt | None:
    """Begun, it is completed."""
    roles = await api.listed("/guilds/{guild_id}/roles", guild_id=parcel.workspace)
    there = await _pieces(api, parcel, roles, since)
    if there == Pieces():
        return None
    return await _completed(api, parcel, there, await standing(api, parcel.workspace, roles))


async def _pieces(api: Api, parcel: Parcel, roles: Iterable[Answer], since: float) -> Pieces:
    """Never older ones: they may belong to what a former database called by the same key, with people still in it."""
    channels = await api.listed("/guilds/{guild_id}/channels", guild_id=parcel.workspace)
    young = [one for one in channels if _made_at(one) >= since]
    role = next((one for one in roles if _empty(one) and _named(one, parcel) and _made_at(one) >= since), {})
    place = next((one for one in young if number(one, "type") == TEXT and _marked(one, parcel)), {})
    category = text(place, "parent_id") or next(
        (
            text(one, "id")
            for one in young
            if number(one, "type") == CATEGORY and _named(one, parcel) and _hidden(one, parcel.workspace)
        ),
        "",
    )
    voice = next(
        (one for one in young if number(one, "type") == VOICE and text(one, "parent_id") == category != ""), {}
    )
    return Pieces(text(role, "id"), category, text(place, "id"), text(voice, "id"))


async def _completed(api: Api, parcel: Parcel, there: Pieces, own: Standing) -> Receipt:
    if not there.role and not there.text:
        there = replace(there, role=await _role_made(api, parcel))
    overwrites = _overwrites(own, there.role)
    if not there.category and not there.text:
        category = {"type": CATEGORY, "name": parcel.name[:NAME_LENGTH], "permission_overwrites": overwrites}
        there = replace(there, category=await _channel_made(api, parcel, category, own))
    inside = {"parent_id": there.category or None, "permission_overwrites": overwrites}
    if not there.text:
        topic = f"{parcel.title[: TOPIC_LENGTH - 50]}\n{mark(parcel.key)}".strip()
        place = {"type": TEXT, "name": room_name(parcel.name), "topic": topic, **inside}
        there = replace(there, text=await _channel_made(api, parcel, place, own))
    if not there.voice and there.category:
        voice = {"type": VOICE, "name": parcel.name[:NAME_LENGTH], **inside}
        try:
            await _channel_made(api, parcel, voice, own)
        except SendError as no:
            if not no.permanent:
                raise
            log.warning("no voice channel", guild=parcel.workspace, channel=there.text, reason=no.reason)
    return Receipt(there.text)


async def _role_made(api: Api, parcel: Parcel) -> str:
    """Without one, people are let in one by one."""
    body = {"name": parcel.name[:NAME_LENGTH], "permissions": "0", "mentionable": False, "hoist": False}
    try:
        role = await api.call("POST", "/guilds/{guild_id}/roles", body, guild_id=parcel.workspace)
    except SendError as no:
        if no.reason not in (MISSING_PERMISSION, "server-full"):
            raise
        log.warning("no role", guild=parcel.workspace, reason=no.reason)
        return ""
    return text(role, "id")


async def _channel_made(api: Api, parcel: Parcel, body: Mapping[str, object], own: Standing) -> str:
    try:
        made = await api.call("POST", "/guilds/{guild_id}/channels", body, guild_id=parcel.workspace)
    except DiscordRefusal as no:
        if no.code != NO_PERMISSION:
            raise
        lacks = names(Permissions(manage_channels=True, view_channel=True).value & ~own.bits)
        raise DiscordRefusal(no.code, MISSING_PERMISSION, detail=lacks) from no
    return text(made, "id")


def _overwrites(own: Standing, role: str) -> list[dict[str, object]]:
    denied, inside, ours = (one.value & own.bits for one in (OUTSIDE, INSIDE, OWN))
    found = [_overwrite(own.guild, ROLE, 0, denied), _overwrite(own.account, MEMBER, ours, 0)]
    return [*found, _overwrite(role, ROLE, inside, 0)] if role else found


def _overwrite(id: str, kind: int, allow: int, deny: int) -> dict[str, object]:
    return {"id": id, "type": kind, "allow": str(allow), "deny": str(deny)}


def _named(row: Answer, parcel: Parcel) -> bool:
    return text(row, "name") == parcel.name[:NAME_LENGTH].strip()


def _marked(channel: Answer, parcel: Parcel) -> bool:
    return mark(parcel.key) in text(channel, "topic").split()


def _hidden(channel: Answer, guild: str) -> bool:
    return any(
        text(one, "id") == guild and number(one, "deny") & VIEW for one in rows(channel, "permission_overwrites")
    )


def _empty(role: Answer) -> bool:
    """One that gives nothing in the whole server, as ours do: giving it to somebody opens no other door."""
    return number(role, "permissions") == 0 and not role.get("managed")


def _made_at(row: Answer) -> float:
    return snowflake_time(number(row, "id")).timestamp()


# Who is inside.


async def seat(api: Api, parcel: Parcel) -> Receipt:
    """The room's role; where the bot may not give it, a permission for this one person."""
    room, role = await _room(api, parcel)
    refused = await _role_moved(api, "PUT", parcel, role) if role else None
    if role and refused is None:
        await _let(api, parcel, room, None)
        return Receipt(text(room, "id"))
    await api.call("GET", _MEMBER, guild_id=parcel.workspace, user_id=parcel.account or "")
    try:
        await _let(api, parcel, room, INSIDE)
    except DiscordRefusal as no:
        raise await _explained(api, no, parcel, role) from no
    return Receipt(text(room, "id"))


async def unseat(api: Api, parcel: Parcel) -> Receipt:
    """Without the role and any permission of their own; where the bot may not take it, the room is closed to them."""
    room, role = await _room(api, parcel)
    refused = await _role_moved(api, "DELETE", parcel, role) if role else None
    try:
        await _let(api, parcel, room, None if refused is None else Permissions.none())
    except DiscordRefusal as no:
        raise await _explained(api, no, parcel, role) from no
    return Receipt(text(room, "id"))


_MEMBER = "/guilds/{guild_id}/members/{user_id}"


async def _room(api: Api, parcel: Parcel) -> tuple[Answer, Answer]:
    """The text channel; and its role, or {}: the last that was made before it, if it still is what we made."""
    room = await api.call("GET", "/channels/{channel_id}", channel_id=parcel.room or "")
    if text(room, "guild_id") != parcel.workspace:
        raise SendError("room-gone", permanent=True)
    allowed = {
        text(one, "id")
        for one in rows(room, "permission_overwrites")
        if number(one, "type") == ROLE and number(one, "allow") & VIEW and text(one, "id") != parcel.workspace
    }
    roles = await api.listed("/guilds/{guild_id}/roles", guild_id=parcel.workspace) if allowed else ()
    ours = [one for one in roles if text(one, "id") in allowed and number(one, "id") < number(room, "id")]
    role = max(ours, key=lambda one: number(one, "id"), default={})
    return room, role if role and _empty(role) else {}


async def _role_moved(api: Api, method: str, parcel: Parcel, role: Answer) -> DiscordRefusal | None:
    """Given or taken; else why the bot may not."""
    try:
        await api.call(
            method,
            _MEMBER + "/roles/{role_id}",
            guild_id=parcel.workspace,
            user_id=parcel.account or "",
            role_id=text(role, "id"),
        )
    except DiscordRefusal as no:
        if method == "DELETE" and no.code in (UNKNOWN_MEMBER, UNKNOWN_ROLE):
            return None  # gone all the same
        if no.code not in (NO_PERMISSION, INVALID_ROLE, UNKNOWN_ROLE):
            raise
        log.warning("role not moved", guild=parcel.workspace, role=text(role, "id"), code=no.code)
        return no
    return None


async def _let(api: Api, parcel: Parcel, room: Answer, allow: Permissions | None) -> None:
    """One person's own permission in the room and its voice channel: keep out, if it allows nothing; None: no say."""
    account = parcel.account or ""
    had = any(text(one, "id") == account for one in rows(room, "permission_overwrites"))
    if allow is None and not had:
        return
    own = await standing(api, parcel.workspace)
    for channel in (room, *await _voices(api, room)):
        where = {"channel_id": text(channel, "id"), "overwrite_id": account}
        path = "/channels/{channel_id}/permissions/{overwrite_id}"
        if allow is not None:
            given = allow.value & own.within(channel)
            body = _overwrite(account, MEMBER, given, 0 if given else OUTSIDE.value & own.within(channel))
            await api.call("PUT", path, body, **where)
            continue
        try:
            await api.call("DELETE", path, **where)
        except DiscordRefusal as no:
            if no.code != UNKNOWN_OVERWRITE:
                raise


async def _voices(api: Api, room: Answer) -> list[Answer]:
    """The voice channel made along with the room: beside it, and called as what holds them both."""
    category = text(room, "parent_id")
    if not category:
        return []
    channels = await api.listed("/guilds/{guild_id}/channels", guild_id=text(room, "guild_id"))
    title = next((text(one, "name") for one in channels if text(one, "id") == category), "")
    beside = [one for one in channels if number(one, "type") == VOICE and text(one, "parent_id") == category]
    return [one for one in beside if text(one, "name") == title]


async def _explained(api: Api, no: DiscordRefusal, parcel: Parcel, role: Answer) -> SendError:
    """Why the bot may neither move the role nor change the room's permissions."""
    if no.code != NO_PERMISSION:
        return no
    own = await standing(api, parcel.workspace)
    lacks = names(Permissions(manage_roles=True).value & ~own.bits)
    if not lacks and role and number(role, "position") >= own.top:
        return DiscordRefusal(no.code, ROLE_ORDER, detail=text(role, "name"))
    return DiscordRefusal(no.code, MISSING_PERMISSION, detail=lacks)
