"""Discord's own polls: a question posted as one, found again, and ended when its time is over.

Discord counts and shows the votes by itself, and takes no change of such a message.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import discord
from discord.http import handle_message_parameters

from bot.message import Poll
from bot.platforms.base import Parcel
from bot.platforms.discord import limits
from bot.platforms.discord.api import Answer, Api, number, part, rows, text
from bot.platforms.discord.draw import text_of
from bot.platforms.discord.errors import DiscordRefusal
from bot.platforms.discord.inline import shortened, visible
from bot.platforms.discord.posts import Place

QUESTION, CHOICE = 300, 55
LONGEST = 768  # hours
CONTENT = 2_000
OVER = 520001  # what is to be ended has ended by itself

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """A poll as it is posted: `words` stand above it."""

    poll: discord.Poll
    words: str


def asked(parcel: Parcel, now: datetime) -> Asked | None:
    """None when there is nothing to vote on, or nothing that Discord would show, or who voted for what is no one's."""
    message = parcel.message
    if message is None or parcel.room is None or (poll := message.poll) is None or poll.closed or poll.unnamed:
        return None
    if not all(visible(words) for words in (poll.question, *poll.choices)):
        return None
    hours = min(LONGEST, max(1, math.ceil((poll.ends - now) / _HOUR)))  # ended by us in time
    made = discord.Poll(shortened(poll.question, QUESTION), timedelta(hours=hours))
    for choice in poll.choices:
        made.add_answer(text=shortened(choice, CHOICE))
    words = "\n\n".join(text_of(message.blocks))
    return Asked(made, words if limits.length(words) <= CONTENT else "")


async def say(api: Api, place: Place, asked: Asked, *, nonce: str, silent: bool) -> str:
    """Once, however often it is asked within two minutes. The message's id."""
    more: dict[str, Any] = {"content": asked.words} if asked.words else {}
    if place.answers:
        more["message_reference"] = {"message_id": place.answers, "fail_if_not_exists": False}
    if silent:
        more["flags"] = discord.MessageFlags(suppress_notifications=True)
    nobody = discord.AllowedMentions.none()
    with handle_message_parameters(poll=asked.poll, nonce=nonce, allowed_mentions=nobody, **more) as body:
        return text(await api.post(place.channel, body), "id")


async def found(api: Api, channel: str, poll: Poll, after: str) -> dict[int, str]:
    """The first of our messages since then that asks the same, as the only part there is."""
    async for message in api.history(channel, after):
        if _same(message, poll):
            return {0: text(message, "id")}
    return {}


def _same(message: Answer, poll: Poll) -> bool:
    there = part(message, "poll")
    choices = [text(part(one, "poll_media"), "text") for one in rows(there, "answers")]
    wanted = [shortened(choice, CHOICE) for choice in poll.choices]
    return text(part(there, "question"), "text") == shortened(poll.question, QUESTION) and choices == wanted


async def settled(api: Api, channel: str, id: str, *, closed: bool) -> bool:
    """Whether a message is a poll of Discord's, which needs no change but its end."""
    where = {"channel_id": channel, "message_id": id}
    there = part(await api.call("GET", "/channels/{channel_id}/messages/{message_id}", **where), "poll")
    if not there:
        return False
    if closed and not number(part(there, "results"), "is_finalized"):
        try:
            await api.call("POST", "/channels/{channel_id}/polls/{message_id}/expire", **where)
        except DiscordRefusal as no:
            if no.code != OVER:
                raise
    return True
