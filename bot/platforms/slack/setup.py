"""What the adapter needs to be told: where Slack is, how traffic comes in, and who has let the bot in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Mode(StrEnum):
    SOCKET = "socket"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class SlackApp:
    """One Slack app, as its credentials: an app-level token for Socket Mode, or a signing secret for HTTP.

    `held_in` is the variable that holds the token, for whoever has to mend it.
    """

    app_token: str | None = field(default=None, repr=False)
    signing_secret: str | None = field(default=None, repr=False)
    held_in: str = field(default="SLACK_APP_TOKEN", compare=False)


@dataclass(frozen=True, slots=True)
class Installed:
    """An app's bot in one workspace. `team` is "" until Slack has been asked whose token it is."""

    bot_token: str = field(repr=False)
    app: SlackApp = SlackApp()
    team: str = ""
    name: str = ""
    by: str = ""  # the account that installed it, where somebody did through /slack/install


class Installations(Protocol):
    """Where installations made through `/slack/install` are kept, their tokens sealed."""

    async def all(self) -> Sequence[Installed]: ...

    async def keep(self, installed: Installed) -> None: ...

    async def drop(self, team: str) -> None: ...


@dataclass(frozen=True, slots=True)
class OAuth:
    """For those who host Caravan for others. `redirect_url` is the public address of /slack/oauth_redirect; `app` is
    the one app that all of them install."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_url: str = ""
    app: SlackApp = SlackApp()


@dataclass(frozen=True, slots=True)
class Setup:
    """`installed` are those from the environment; `kept` holds those that came by OAuth."""

    api_url: str = "https://slack.com/api/"
    mode: Mode = Mode.SOCKET
    minimal: bool = False  # the bot may not manage channels: the facilitator makes the room and invites it
    prefix: str = ""  # of commands
    installed: tuple[Installed, ...] = ()
    oauth: OAuth | None = None
    kept: Installations | None = None
