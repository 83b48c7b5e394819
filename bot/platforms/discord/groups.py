"""Small groups of a room: a private thread for their words, a voice channel for a while, and the way back from it.

Thread and channel are found again by a mark in their names, so that each step may be done again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog
from discord import Permissions

from bot.platforms.base import Parcel, Receipt, SendError
from bot.platforms.discord import permissions, posts
from bot.platforms.discord.api import Answer, Api, number, rows, text
from bot.platforms.discord.errors import (
    MISSING_PERMISSION,
    NO_ACCESS,
    NO_PERMISSION,
    UNKNOWN_CHANNEL,
    UNKNOWN_MEMBER,
    AnswerLost,
    DiscordRefusal,
)
from bot.platforms.discord.events import voice_of
from bot.platforms.discord.permissions import names, standing
from bot.platforms.discord.posts import Part, Place
from bot.platforms.discord.rooms import CATEGORY, VOICE, digest

log = structlog.get_logger(__name__)

PRIVATE_THREAD = 12
HOUR = 60  # minutes without a word until the thread is put away
NAME_LENGTH = 100
UNKNOWN_VOICE_STATE, NOT_IN_VOICE, UNKNOWN_USER = 10065, 40032, 10013
HIDDEN = "hidden"

_OF_A_GROUP = re.compile(r" · [0-9a-f]{6}$")
_MEMBER = "/guilds/{guild_id}/members/{user_id}"


def mark(parcel: Parcel) -> str:
    """A short trace of room and occasion: rooms are never the same in two databases."""
    return digest(f"{parcel.room}\n{parcel.occasion}")[:6]


def called(parcel: Parcel) -> str:
    end = f" · {mark(parcel)}"
    most = NAME_LENGTH - len(end)
    return (parcel.name if len(parcel.name) <= most else parcel.name[: most - 1].rstrip() + "…") + end


# Words.


async def gather(api: Api, parcel: Parcel, since: float) -> Receipt:
    """The thread, its first message, its people; what is there already is left as it is.

    With a `target`, the thread of those whom these people join, no other is ever begun.
    """
    if parcel.target is not None:
        return await _join(api, parcel, since)
    if thread := await thread_of(api, parcel):
        return await _complete(api, parcel, thread, since)
    thread = await _begun(api, parcel)
    return await _complete(api, parcel, thread, None)


async def find(api: Api, parcel: Parcel, since: float) -> Receipt | None:
    """Begun, it is completed."""
    begun = parcel.target is not None or await thread_of(api, parcel)
    return await gather(api, parcel, since) if begun else None


async def _join(api: Api, parcel: Parcel, since: float) -> Receipt:
    thread = parcel.target or ""
    try:
        return await _complete(api, parcel, thread, since)
    except DiscordRefusal as no:
        if no.code != UNKNOWN_CHANNEL:
            raise
        return Receipt("")  # somebody has deleted it


async def _complete(api: Api, parcel: Parcel, thread: str, since: float | None) -> Receipt:
    """Says what has not been said `since` then (None: nothing has been), and lets everybody in."""
    parts = posts.parts(parcel)
    there = {} if since is None else await posts.found(api, thread, parts, posts.moment(since))
    for part in parts:
        if part.number not in there:
            await _say(api, parcel, thread, part)
    for account in parcel.accounts:
        await _let_in(api, thread, account)
    return Receipt(thread)


async def thread_of(api: Api, parcel: Parcel) -> str:
    """The group's thread, "" when there is none."""
    active = await api.call("GET", "/guilds/{guild_id}/threads/active", guild_id=parcel.workspace)
    ours = (
        one
        for one in rows(active, "threads")
        if text(one, "parent_id") == parcel.room and text(one, "owner_id") == api.me and _marked(one, parcel)
    )
    return next((text(one, "id") for one in ours), "")


async def _begun(api: Api, parcel: Parcel) -> str:
    body = {"name": called(parcel), "type": PRIVATE_THREAD, "auto_archive_duration": HOUR, "invitable": False}
    try:
        made = await api.call("POST", "/channels/{channel_id}/threads", body, channel_id=parcel.room or "")
    except SendError as no:
        raise await _explained_words(api, no, parcel) from no
    return text(made, "id")


async def _say(api: Api, parcel: Parcel, thread: str, part: Part) -> None:
    try:
        await posts.say(api, Place(thread), part, silent=not parcel.ping)
    except SendError as no:
        raise await _explained_words(api, no, parcel) from no


async def _let_in(api: Api, thread: str, account: str) -> None:
    path = "/channels/{channel_id}/thread-members/{user_id}"
    try:
        await api.call("PUT", path, channel_id=thread, user_id=account)
    except DiscordRefusal as no:
        if not no.permanent:
            raise
        log.warning("not let into a thread", channel=thread, reason=no.reason)


async def _explained_words(api: Api, no: SendError, parcel: Parcel) -> SendError:
    needed = Permissions(view_channel=True, create_private_threads=True, send_messages_in_threads=True)
    return await permissions.explained(api, no, parcel.room or "", needed)


# Voice.


async def part_ways(api: Api, parcel: Parcel, now: datetime) -> Receipt:
    """A voice channel of their own for those who are in the cohort's now; "" when fewer than two are.

    With a `target`, the channel of those whom these people join ("" if they got none), no other is ever made.
    """
    if parcel.target == "":
        return Receipt("")
    channels = await _channels(api, parcel)
    home = voice_of(_room(parcel, channels), channels)
    own = _own(parcel, channels)
    if not own and (parcel.target or not home or _over(parcel, now)):
        return Receipt("")
    there = await _those_in(api, parcel, [home, *_others(parcel, home, own, channels)], home, channels)
    if not own:
        if len(there) < 2:
            return Receipt("")
        await _check(api, parcel, home, channels)
        body = {"type": VOICE, "name": called(parcel), "parent_id": text(home, "parent_id")}
        own = text(await api.call("POST", "/guilds/{guild_id}/channels", body, guild_id=parcel.workspace), "id")
    if not _over(parcel, now):
        await _all_moved(api, parcel, there, own)
    return Receipt(own)


async def find_voice(api: Api, parcel: Parcel, now: datetime) -> Receipt | None:
    """Made, those who are still missing follow."""
    return await part_ways(api, parcel, now) if _own(parcel, await _channels(api, parcel)) else None


async def tell(api: Api, parcel: Parcel) -> Receipt:
    """That it ends soon: in the thread, else in the voice channel's own chat; nobody is told when it has gone."""
    place = await _ear(api, parcel)
    if place:
        for part in posts.parts(parcel):
            await posts.say(api, Place(place), part, silent=not parcel.ping)
    return Receipt(place)


async def find_told(api: Api, parcel: Parcel, since: float) -> Receipt | None:
    place = await _ear(api, parcel)
    if not place:
        return None
    parts = posts.parts(parcel)
    there = await posts.found(api, place, parts, posts.moment(since))
    if not there:
        return None
    for part in parts:
        if part.number not in there:
            await posts.say(api, Place(place), part, silent=not parcel.ping)
    return Receipt(place)


async def bring_back(api: Api, parcel: Parcel) -> Receipt:
    """Whoever is still there, to where they came from; then the channel goes."""
    channels = await _channels(api, parcel)
    own = parcel.target or ""
    if own not in {text(one, "id") for one in channels}:
        return Receipt("")
    home = voice_of(_room(parcel, channels), channels)
    try:
        if home:
            for account in await _those_in(api, parcel, [{"id": own}], home, channels):
                await _moved(api, parcel, account, text(home, "id"))
        await api.call("DELETE", "/channels/{channel_id}", channel_id=own)
    except DiscordRefusal as no:
        if no.code == UNKNOWN_CHANNEL:
            return Receipt("")
        if no.code == NO_PERMISSION:
            await _check(api, parcel, home, channels)
        raise
    return Receipt("")


async def _ear(api: Api, parcel: Parcel) -> str:
    """Where they hear it; their `target` is the voice channel that they got or, without one, their thread."""
    if not parcel.target:
        return ""
    thread = await thread_of(api, parcel)
    there = {text(one, "id") for one in await _channels(api, parcel)}
    if parcel.target in there:
        return thread or parcel.target
    return thread if thread == parcel.target else ""


async def _those_in(
    api: Api, parcel: Parcel, places: Iterable[Answer], home: Answer, channels: Iterable[Answer]
) -> list[str]:
    inside = {text(place, "id") for place in places if place}
    if not inside:
        return []
    where = {account: await _whereabouts(api, parcel, account) for account in parcel.accounts}
    if HIDDEN in where.values():
        # That is elsewhere, unless the bot is shut out here, too.
        await _check(api, parcel, home, channels)
    return [account for account, channel in where.items() if channel in inside]


async def _whereabouts(api: Api, parcel: Parcel, account: str) -> str:
    """The voice channel that somebody is in, "" for none (a refusal is how Discord says so), HIDDEN for one that the
    bot may not enter itself."""
    path = "/guilds/{guild_id}/voice-states/{user_id}"
    try:
        return text(await api.call("GET", path, guild_id=parcel.workspace, user_id=account), "channel_id")
    except DiscordRefusal as no:
        if no.code in (UNKNOWN_VOICE_STATE, UNKNOWN_MEMBER, UNKNOWN_USER):
            return ""
        if no.code == NO_ACCESS:
            return HIDDEN
        raise


async def _all_moved(api: Api, parcel: Parcel, accounts: Sequence[str], channel: str) -> None:
    """Once the channel is there, whatever hinders leaves it half done."""
    for account in accounts:
        try:
            await _moved(api, parcel, account, channel)
        except SendError as no:
            if not no.permanent:
                raise AnswerLost("not all are moved") from no
            log.warning("not moved", guild=parcel.workspace, channel=channel, reason=no.reason)


async def _moved(api: Api, parcel: Parcel, account: str, channel: str) -> None:
    try:
        await api.call("PATCH", _MEMBER, {"channel_id": channel}, guild_id=parcel.workspace, user_id=account)
    except DiscordRefusal as no:
        if no.code not in (NOT_IN_VOICE, UNKNOWN_MEMBER):
            raise


async def _check(api: Api, parcel: Parcel, home: Answer, channels: Iterable[Answer]) -> None:
    """Refused before anything is done where people could not be brought there, or not back."""
    own = await standing(api, parcel.workspace)
    category = text(home, "parent_id")
    above = next((one for one in channels if number(one, "type") == CATEGORY and text(one, "id") == category), home)
    lacks = Permissions(manage_channels=True).value & ~own.bits
    for channel in (above, home):
        lacks |= Permissions(view_channel=True, connect=True, move_members=True).value & ~own.within(channel)
    if lacks:
        raise DiscordRefusal(NO_PERMISSION, MISSING_PERMISSION, detail=names(lacks))


async def _channels(api: Api, parcel: Parcel) -> tuple[Answer, ...]:
    return await api.listed("/guilds/{guild_id}/channels", guild_id=parcel.workspace)


def _room(parcel: Parcel, channels: Iterable[Answer]) -> Answer:
    room = next((one for one in channels if text(one, "id") == parcel.room), None)
    if room is None:
        raise SendError("room-gone", permanent=True)
    return room


def _own(parcel: Parcel, channels: Iterable[Answer]) -> str:
    """The group's voice channel, "" when there is none."""
    return next((text(one, "id") for one in channels if number(one, "type") == VOICE and _marked(one, parcel)), "")


def _others(parcel: Parcel, home: Answer, own: str, channels: Iterable[Answer]) -> list[Answer]:
    """The voice channels of other groups: whoever was left alone, or is still in the last round, comes from there."""
    return [
        one
        for one in channels
        if number(one, "type") == VOICE
        and text(one, "parent_id") == text(home, "parent_id")
        and _OF_A_GROUP.search(text(one, "name"))
        and text(one, "id") != own
    ]


def rooms_of(channel: str, channels: Iterable[Answer]) -> tuple[str, ...]:
    """The rooms that a voice channel belongs to, as the one made along with them or as one of their groups'."""
    all_ = tuple(channels)
    there = next((one for one in all_ if text(one, "id") == channel and number(one, "type") == VOICE), {})
    home = voice_of(there, all_) if there else {}
    if not home or not (home is there or _OF_A_GROUP.search(text(there, "name"))):
        return ()
    beside = (one for one in all_ if text(one, "parent_id") == text(there, "parent_id"))
    return tuple(text(one, "id") for one in beside if number(one, "type") != VOICE)


def _marked(channel: Answer, parcel: Parcel) -> bool:
    return text(channel, "name").endswith(f" · {mark(parcel)}")


def _over(parcel: Parcel, now: datetime) -> bool:
    return parcel.ends is not None and now >= parcel.ends
