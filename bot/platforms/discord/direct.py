"""Which server a direct message is about: Discord doesn't say, and somebody may share several with the bot.

1. The only server of the bot.  2. The one that the message with the button carries: whatever we say to one person
alone bears its server's mark, so that a button pressed years later acts where it came from.  3. Where the person last
did something.  4. The only one of the bot's servers that they are a member of.  5. Of several, the one that the bot's
last message to them was about; else the oldest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import structlog

from bot.platforms.base import SendError
from bot.platforms.discord.api import Api, part, text
from bot.platforms.discord.ids import component_id
from bot.platforms.discord.inbound import Scene, called, parts

log = structlog.get_logger(__name__)

Json: TypeAlias = dict[str, Any]  # as Discord takes it

MOST_ASKED = 25  # servers in which somebody is looked for
BACK = "25"  # messages of the bot that are looked at
REMEMBERED = 10_000  # people


def mark(guild: str) -> int:
    return component_id(f"guild {guild}")


def marked(components: Sequence[Json], guild: str) -> list[Json]:
    """The components of a direct message, the first part in their container bearing the server's mark."""
    if not components or not components[0].get("components"):
        return list(components)
    first, *rest = components
    child, *others = first["components"]
    return [{**first, "components": [{**child, "id": mark(guild)}, *others]}, *rest]


class Directions:
    """Knows where people were last seen, and asks Discord about those who were not."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._seen: dict[str, tuple[str, str]] = {}  # by account: the server, and their name there

    def seen(self, account: str, guild: str, name: str) -> None:
        self._seen.pop(account, None)
        self._seen[account] = (guild, name)
        while len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]

    async def of(self, scene: Scene, guilds: Iterable[str]) -> tuple[str, str]:
        """The server, "" when there is none, and what the person is called there."""
        account = scene.account
        known = sorted(guilds, key=int)
        guild, name = self._seen.get(account, ("", ""))
        meant = _marked_for(scene.message, known) or (known[0] if len(known) == 1 else "")
        if not meant:
            meant = guild if guild in known else ""
        if meant and meant == guild:
            return meant, name
        if meant:
            name = await self._name(account, meant) or scene.name
        else:
            meant, name = await self._shared(scene, known)
        if meant:
            self.seen(account, meant, name)
        return meant, name

    async def _shared(self, scene: Scene, known: Sequence[str]) -> tuple[str, str]:
        names = await asyncio.gather(*(self._name(scene.account, guild) for guild in known[:MOST_ASKED]))
        of = {guild: name for guild, name in zip(known, names, strict=False) if name is not None}
        if len(of) > 1 and (last := await self._last_spoken_of(scene.channel, tuple(of))):
            return last, of[last]
        return next(iter(of.items()), ("", scene.name))

    async def _name(self, account: str, guild: str) -> str | None:
        """What somebody is called in a server; None when they are not there, as far as can be told."""
        try:
            member = await self._api.call(
                "GET", "/guilds/{guild_id}/members/{user_id}", guild_id=guild, user_id=account
            )
        except (SendError, OSError) as no:
            log.info("discord member not told", guild=guild, error=type(no).__name__)
            return None
        return called(member, part(member, "user"))

    async def _last_spoken_of(self, channel: str, guilds: Sequence[str]) -> str:
        try:
            page = await self._api.listed("/channels/{channel_id}/messages", {"limit": BACK}, channel_id=channel)
        except (SendError, OSError):
            return ""
        newest = sorted(page, key=lambda one: int(text(one, "id")), reverse=True)
        return next((guild for message in newest if (guild := _marked_for(message, guilds))), "")


def _marked_for(message: Mapping[str, Any], guilds: Iterable[str]) -> str:
    marks = {one.get("id") for one in parts(message)}
    return next((guild for guild in guilds if mark(guild) in marks), "")
