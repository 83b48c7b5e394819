"""Who is inside a room: by its role, or, where the bot may not give that, by a permission of their own.

Whoever conducts there gets the role for that. What a role could not do is the receipt's caveat.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from discord import Permissions

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
from bot.platforms.discord.permissions import MEMBER, names, standing
from bot.platforms.discord.rooms import INSIDE, OUTSIDE, VOICE, overwrite, roles_of
from bot.words import Words

log = structlog.get_logger(__name__)

_MEMBER = "/guilds/{guild_id}/members/{user_id}"


async def seat(api: Api, parcel: Parcel, words: Words) -> Receipt:
    """The room's role; where the bot may not give it, a permission for this one person."""
    room, member, leads = await _room(api, parcel, words)
    roles = [one for one in (leads, member) if one]
    refused = None
    for role in roles if parcel.leads else [member] if member else []:
        no = await _role_moved(api, "PUT", parcel, role)
        refused = refused or no
        if no is None:
            await _let(api, parcel, room, None)
            return await _received(api, parcel, room, refused, roles)
    await api.call("GET", _MEMBER, guild_id=parcel.workspace, user_id=parcel.account or "")
    try:
        await _let(api, parcel, room, INSIDE)
    except DiscordRefusal as no:
        raise await _explained(api, no, parcel, roles) from no
    return await _received(api, parcel, room, refused, roles)


async def unseat(api: Api, parcel: Parcel, words: Words) -> Receipt:
    """Without a role of the room and any permission of their own; where the bot may not take it, the room is closed to
    them."""
    room, *given = await _room(api, parcel, words)
    held = await _held(api, parcel)
    roles = [one for one in given if text(one, "id") in held]
    refused = None
    for role in roles:
        refused = await _role_moved(api, "DELETE", parcel, role) or refused
    try:
        await _let(api, parcel, room, None if refused is None else Permissions.none())
    except DiscordRefusal as no:
        raise await _explained(api, no, parcel, roles) from no
    return await _received(api, parcel, room, refused, roles)


async def _room(api: Api, parcel: Parcel, words: Words) -> tuple[Answer, Answer, Answer]:
    """The text channel, the role of its members, and that of those who conduct there; {} for none."""
    room = await api.call("GET", "/channels/{channel_id}", channel_id=parcel.room or "")
    if text(room, "guild_id") != parcel.workspace:
        raise SendError("room-gone", permanent=True)
    roles = await api.listed("/guilds/{guild_id}/roles", guild_id=parcel.workspace)
    return room, *roles_of(room, roles, words)


async def _held(api: Api, parcel: Parcel) -> frozenset[str]:
    """The roles that somebody has; none, when they left the server."""
    try:
        member = await api.call("GET", _MEMBER, guild_id=parcel.workspace, user_id=parcel.account or "")
    except DiscordRefusal as no:
        if no.code != UNKNOWN_MEMBER:
            raise
        return frozenset()
    roles = member.get("roles")
    return frozenset(map(str, roles)) if isinstance(roles, list) else frozenset()


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
            body = overwrite(account, MEMBER, given, 0 if given else OUTSIDE.value & own.within(channel))
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


async def _received(
    api: Api, parcel: Parcel, room: Answer, refused: DiscordRefusal | None, roles: Sequence[Answer]
) -> Receipt:
    if refused is None or refused.code != NO_PERMISSION:
        return Receipt(text(room, "id"))
    why = await _explained(api, refused, parcel, roles)
    return Receipt(text(room, "id"), caveat=why.reason, detail=why.detail)


async def _explained(api: Api, no: DiscordRefusal, parcel: Parcel, roles: Sequence[Answer]) -> SendError:
    """Why the bot may neither move a role nor change the room's permissions. All of the room's roles that stand too
    high are named: they are mended at once."""
    if no.code != NO_PERMISSION:
        return no
    own = await standing(api, parcel.workspace)
    lacks = names(Permissions(manage_roles=True).value & ~own.bits)
    above = sorted(text(one, "name") for one in roles if number(one, "position") >= own.top)
    if above and not lacks:
        return DiscordRefusal(no.code, ROLE_ORDER, detail=", ".join(above))
    return DiscordRefusal(no.code, MISSING_PERMISSION, detail=lacks)
