"""A request to the Web API, as its methods see it, and what a method declares of itself."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from .state import Channel, Json, SlackError, User

if TYPE_CHECKING:
    from .server import FakeSlack
    from .team import App, Team

Item = TypeVar("Item")


class Ask:
    """One authenticated call: whose token, and the arguments by Slack's names."""

    def __init__(self, slack: FakeSlack, method: str, args: Json, app: App | None, team: Team | None) -> None:
        self.slack = slack
        self.method = method
        self.args = args
        self._app = app
        self._team = team

    @property
    def team(self) -> Team:
        if self._team is None:
            raise SlackError("not_allowed_token_type")
        return self._team

    @property
    def app(self) -> App:
        if self._app is None:
            raise SlackError("not_allowed_token_type")
        return self._app

    def given(self, name: str, error: str = "invalid_arguments") -> str:
        """A required argument."""
        value = self.args.get(name)
        if value is None or value == "":
            messages = [f"missing required field: {name}"] if error == "invalid_arguments" else []
            raise SlackError(error, *messages)
        if not isinstance(value, str | int):
            raise SlackError("invalid_arguments", f"must be a string [json-pointer:/{name}]")
        return str(value)

    def flag(self, name: str) -> bool:
        return self.args.get(name) in (True, 1, "1", "true", "True")

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.args.get(name, default))
        except (TypeError, ValueError):
            raise SlackError("invalid_arguments", f"must be an integer [json-pointer:/{name}]") from None

    def names(self, name: str) -> list[str]:
        value = self.args.get(name) or []
        return [each.strip() for each in value.split(",") if each.strip()] if isinstance(value, str) else list(value)

    def scope(self, *any_of: str) -> None:
        if not self.team.scopes & set(any_of):
            provided = ",".join(sorted(self.team.scopes))
            raise SlackError("missing_scope", needed=",".join(any_of), provided=provided)

    def user(self, id: str) -> User:
        if id not in self.team.users:
            raise SlackError("user_not_found")
        return self.team.users[id]

    def channel(self, name: str = "channel", *, joined: bool = False, alive: bool = False) -> Channel:
        """The channel that an argument names; a private one that the bot is not in does not exist for it."""
        channel = self.team.channels.get(str(self.args.get(name) or ""))
        if channel is None or not self.team.visible(channel, self.team.bot.id):
            raise SlackError("channel_not_found")
        if alive and channel.archived:
            raise SlackError("is_archived")
        if joined and self.team.bot.id not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def typed_scope(self, channel: Channel, verb: str) -> None:
        """The scope for this type of conversation: channels:read, groups:read, im:read, mpim:read."""
        family = {"public": "channels", "private": "groups", "im": "im", "mpim": "mpim"}[channel.kind]
        if verb == "manage":
            self.scope("channels:manage" if family == "channels" else f"{family}:write")
        else:
            self.scope(f"{family}:{verb}")

    def page(self, items: Sequence[Item], default: int, most: int) -> tuple[list[Item], str]:
        """A page of `items`, and the cursor of the next one ("" on the last)."""
        start = 0
        if cursor := str(self.args.get("cursor") or ""):
            try:
                start = int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
            except (binascii.Error, ValueError):
                raise SlackError("invalid_cursor") from None
        limit = self.number("limit", default) or default
        if not 1 <= limit <= most:
            raise SlackError("invalid_limit")
        end = start + limit
        following = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
        return list(items[start:end]), following


@dataclass(frozen=True, slots=True)
class Method:
    """`tier` is the calls a minute for one workspace; None where another rule limits it."""

    handler: Callable[[Ask], dict[str, Any]]
    scopes: tuple[str, ...] = ()
    tier: int | None = 50
    token: str = "bot"  # bot, app, none
