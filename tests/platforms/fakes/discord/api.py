"""One request as a route's handler sees it: who asks for what, where, and whether they may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from .errors import DiscordError, Json
from .permissions import Permission, in_channel, in_guild
from .state import DM, Channel, Guild, Message, User

if TYPE_CHECKING:
    from .guild import FakeGuild
    from .server import FakeDiscord


@dataclass(frozen=True, slots=True)
class Upload:
    filename: str
    content: bytes
    media_type: str


@dataclass(slots=True)
class Ask:
    discord: FakeDiscord
    params: dict[str, str]
    query: dict[str, str]
    body: Any
    files: dict[int, Upload]  # by the number in `files[n]`

    @property
    def bot(self) -> User:
        return self.discord.bot

    @property
    def json(self) -> Json:
        if not isinstance(self.body, dict):
            raise DiscordError(50109)
        return self.body

    def id(self, name: str) -> int:
        value = self.params[name]
        if value == "@me":
            return self.bot.id
        if not value.isdigit():
            raise DiscordError(
                50035,
                {
                    f"{name}_id": {
                        "_errors": [{"code": "NUMBER_TYPE_COERCE", "message": f'"{value}" is not snowflake.'}]
                    }
                },
            )
        return int(value)

    def guild(self) -> FakeGuild:
        found = self.discord.guilds.get(self.id("guild"))
        if found is None or not found.bot_in:
            raise DiscordError(10004)
        return found

    def place(self) -> tuple[FakeGuild | None, Channel]:
        """The channel of the path, which the bot must be able to see."""
        return self.seen(self.id("channel"))

    def seen(self, channel_id: int) -> tuple[FakeGuild | None, Channel]:
        guild, channel = self.discord.find_channel(channel_id)
        if guild is not None and not guild.bot_in:
            raise DiscordError(50001)
        if guild is not None and not in_channel(guild, channel, self.bot.id) & Permission.VIEW_CHANNEL:
            raise DiscordError(50001)
        return guild, channel

    def server_channel(self) -> tuple[FakeGuild, Channel]:
        guild, channel = self.place()
        if guild is None:
            raise DiscordError(50003)
        return guild, channel

    def needs(self, permission: Permission, guild: Guild | None, channel: Channel | None = None) -> None:
        """50013 unless the bot may, in the channel or in the whole guild. In a DM everything is allowed."""
        if guild is None:
            return
        bits = in_channel(guild, channel, self.bot.id) if channel else in_guild(guild, self.bot.id)
        if bits & permission != permission:
            self.discord.lacking.append((permission.name or str(permission), channel.name if channel else guild.name))
            raise DiscordError(50013)

    def message(self, channel: Channel) -> Message:
        return channel.message(self.id("message"))

    def whole(self, name: str, usual: int, low: int, high: int) -> int:
        """A number of the query, such as `limit`."""
        value = self.query.get(name, str(usual))
        if not value.isdigit() or not low <= int(value) <= high:
            note = f"int value should be between {low} and {high}."
            raise DiscordError(50035, {name: {"_errors": [{"code": "NUMBER_TYPE_RANGE", "message": note}]}})
        return int(value)


Body: TypeAlias = "Json | list[Json] | None"
Handler: TypeAlias = Callable[[Ask], Body]


def not_in_dm(channel: Channel) -> None:
    if channel.type == DM:
        raise DiscordError(50003)
