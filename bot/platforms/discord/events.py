"""The server's own calendar: one scheduled event for an occasion, changed and taken out with it.

An event is found again by a mark in its description: asking twice makes one, and a moved one keeps its audience.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from discord import Permissions

from bot.platforms.base import Parcel, Receipt, SendError
from bot.platforms.discord import rooms
from bot.platforms.discord.api import Answer, Api, number, text
from bot.platforms.discord.errors import MISSING_PERMISSION, NO_ACCESS, NO_PERMISSION, DiscordRefusal
from bot.platforms.discord.permissions import names, standing
from bot.platforms.discord.rooms import VOICE

NAME_LENGTH = LOCATION_LENGTH = 100
BY_VOICE = ("", "voice")
IN_ROOM = "chat"
TOO_LATE = timedelta(seconds=60)  # our clock and Discord's may differ, and it takes no event of the past
UNKNOWN_EVENT = 10070

_GUILD_ONLY = 2
_IN_VOICE, _ELSEWHERE = 2, 3
_ACTIVE = 2


async def settle(api: Api, parcel: Parcel, now: datetime) -> Receipt:
    """As the parcel has it; "" where nothing is to be."""
    there = await _there(api, parcel)
    if parcel.gone:
        if there:
            await _delete(api, parcel, there)
        return Receipt("")
    if parcel.starts is None or parcel.starts <= now + TOO_LATE:
        return Receipt(text(there, "id"))
    room, voice = await _places(api, parcel)
    body = _body(parcel, room, voice)
    try:
        if there and number(there, "status") == _ACTIVE:
            await _delete(api, parcel, there)  # somebody began it early: it can't be moved any more
            there = {}
        if there:
            path = "/guilds/{guild_id}/scheduled-events/{event_id}"
            made = await api.call("PATCH", path, body, guild_id=parcel.workspace, event_id=text(there, "id"))
        else:
            made = await api.call("POST", "/guilds/{guild_id}/scheduled-events", body, guild_id=parcel.workspace)
    except DiscordRefusal as no:
        raise await _explained(api, no, parcel, voice) from no
    return Receipt(text(made, "id"))


def mark(parcel: Parcel) -> str:
    """A short trace of room and occasion: rooms are never the same in two databases."""
    return rooms.mark(f"{parcel.room}\n{parcel.occasion}")


def voice_of(room: Answer, channels: Iterable[Answer]) -> Answer:
    """The voice channel made along with a room: beside it, and called as what holds them both; {} for none."""
    all_ = tuple(channels)
    category = text(room, "parent_id")
    title = next((text(one, "name") for one in all_ if text(one, "id") == category != ""), "")
    beside = (one for one in all_ if number(one, "type") == VOICE and text(one, "parent_id") == category)
    return next((one for one in beside if title and text(one, "name") == title), {})


async def _there(api: Api, parcel: Parcel) -> Answer:
    events = await api.listed("/guilds/{guild_id}/scheduled-events", guild_id=parcel.workspace)
    ours = (one for one in events if text(one, "creator_id") == api.me)
    return next((one for one in ours if mark(parcel) in text(one, "description")), {})


async def _places(api: Api, parcel: Parcel) -> tuple[Answer, Answer]:
    """The room, and its voice channel."""
    channels = await api.listed("/guilds/{guild_id}/channels", guild_id=parcel.workspace)
    room = next((one for one in channels if text(one, "id") == parcel.room), {})
    if not room:
        raise SendError("room-gone", permanent=True)
    return room, voice_of(room, channels)


def _body(parcel: Parcel, room: Answer, voice: Answer) -> dict[str, object]:
    assert parcel.starts is not None
    ends = max(parcel.ends or parcel.starts, parcel.starts + timedelta(minutes=1))
    body: dict[str, object] = {
        "name": parcel.title[:NAME_LENGTH].strip() or text(room, "name"),
        "description": f"<#{parcel.room}>\n\n{mark(parcel)}",
        "privacy_level": _GUILD_ONLY,
        "scheduled_start_time": parcel.starts.isoformat(),
        "scheduled_end_time": ends.isoformat(),
    }
    if parcel.place in BY_VOICE and voice:
        return {**body, "entity_type": _IN_VOICE, "channel_id": text(voice, "id"), "entity_metadata": None}
    # What doesn't fit would lead nowhere; the room knows it.
    place = parcel.place.strip()
    fits = 0 < len(place) <= LOCATION_LENGTH and place not in (*BY_VOICE, IN_ROOM)
    where = place if fits else f"#{text(room, 'name')}"[:LOCATION_LENGTH]
    return {**body, "entity_type": _ELSEWHERE, "channel_id": None, "entity_metadata": {"location": where}}


async def _delete(api: Api, parcel: Parcel, event: Answer) -> None:
    path = "/guilds/{guild_id}/scheduled-events/{event_id}"
    try:
        await api.call("DELETE", path, guild_id=parcel.workspace, event_id=text(event, "id"))
    except DiscordRefusal as no:
        if no.code != UNKNOWN_EVENT:
            raise await _explained(api, no, parcel, {}) from no


async def _explained(api: Api, no: DiscordRefusal, parcel: Parcel, voice: Answer) -> SendError:
    if no.code not in (NO_PERMISSION, NO_ACCESS):
        return no
    own = await standing(api, parcel.workspace)
    needed = Permissions(create_events=True)
    if voice and parcel.place in BY_VOICE:
        needed |= Permissions(view_channel=True, connect=True)
    lacks = names(needed.value & ~(own.within(voice) if voice else own.bits))
    return DiscordRefusal(no.code, MISSING_PERMISSION, detail=lacks)
