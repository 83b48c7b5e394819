"""A server of the fake Discord with a bot that only sends, as delivery has it send."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from bot.platforms.base import Kind, Parcel, Receipt, SendError
from bot.platforms.discord.send import DiscordPlatform
from bot.platforms.discord.setup import Setup
from bot.words import Words
from tests.platforms.fakes.discord import FakeDiscord, FakeGuild

HOME = "Deploy Together 7"


class Sender:
    """It may be `started` again, having forgotten what it sent."""

    def __init__(self, discord: FakeDiscord) -> None:
        self.discord = discord
        self.guild: FakeGuild = discord.add_guild("Acme")
        self._platforms: list[DiscordPlatform] = []
        self.platform = self.started()

    def started(self) -> DiscordPlatform:
        """A bot that has just been started."""
        setup = Setup(token=self.discord.token, api_url=self.discord.api_url)
        platform = DiscordPlatform(setup, Words(()), self.now, settling=0.01)
        self._platforms.append(platform)
        return platform

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.discord.clock(), UTC)

    async def close(self) -> None:
        for platform in self._platforms:
            await platform.close()

    async def makes_room(self, name: str = HOME) -> str:
        room = Parcel(key=f"room/{name}", kind=Kind.ROOM, workspace=str(self.guild.id), name=name)
        return (await self.platform.send(room)).id

    async def delivered(self, parcel: Parcel) -> Receipt:
        """As delivery does it: what is uncertain is looked for, what is not there is sent again."""
        try:
            return await self.platform.send(parcel)
        except OSError:
            tried = replace(parcel, attempted_at=self.now())
            return await self.platform.find(tried) or await self.platform.send(tried)

    async def refused(self, parcel: Parcel) -> tuple[str, str]:
        """A permanent refusal: its reason, and its detail."""
        with pytest.raises(SendError) as refused:
            await self.platform.send(parcel)
        assert refused.value.permanent
        return refused.value.reason, refused.value.detail


AnySender = TypeVar("AnySender", bound=Sender)


@asynccontextmanager
async def careful(sender: AnySender) -> AsyncIterator[AnySender]:
    """Closed in the end, and Discord must have found no fault with any body."""
    yield sender
    await sender.close()
    assert sender.discord.faults == [], "a body that no careful bot sends"
