"""Somebody in a voice channel: whose channel it is, and whether they have just come.

Discord tells it when they join, are moved, or merely mute themselves. discord.py remembers where they were before.
"""

from __future__ import annotations

from collections.abc import Iterator

import discord

from bot.platforms.base import Entered, Inbound, Profile
from bot.platforms.discord.api import Answer
from bot.platforms.discord.gateway import Payload
from bot.platforms.discord.groups import rooms_of


def entered(payload: Payload, guild: discord.Guild | None) -> Inbound | None:
    """None for whoever left, and for bots. `guild` as it was before."""
    channel, account = payload.get("channel_id"), payload["user_id"]
    user = (payload.get("member") or {}).get("user") or {}
    if guild is None or not channel or user.get("bot"):
        return None
    channels = list(_answers(guild))
    rooms = rooms_of(channel, channels)
    before = _before(guild, account)
    came = before != channel and not set(rooms) & set(rooms_of(before, channels))
    place = Entered(rooms, f"https://discord.com/channels/{guild.id}/{channel}", came)
    return Inbound("", str(guild.id), account, Profile(""), place)


def _before(guild: discord.Guild, account: str) -> str:
    """The voice channel that they were in until now, "" for none."""
    member = guild.get_member(int(account))
    voice = member.voice if member is not None else None
    return str(voice.channel.id) if voice is not None and voice.channel is not None else ""


def _answers(guild: discord.Guild) -> Iterator[Answer]:
    """The channels as Discord itself would list them."""
    for one in guild.channels:
        under = str(one.category_id) if one.category_id else None
        yield {"id": str(one.id), "type": one.type.value, "name": one.name, "parent_id": under}
