"""The tables of config.toml, each with what it takes and says."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt, field_validator
from pydantic_settings import NoDecode

from cohorts.program_fields import wrong
from cohorts.room_styles import AUTO, Style

SLACK_MODES = ("socket", "http")


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def check_address(address: str, *schemes: str) -> str:
    if not re.fullmatch(rf"(?:{'|'.join(schemes)})://[^\s/]+(?:/\S*)?", address):
        raise ValueError(f"expected an address that begins with {schemes[0]}://")
    return address


def listed(value: object, *, such_as: str) -> object:
    """The environment has no lists: `U1,U2`, or JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError(f"expected a list such as {such_as}") from None
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _lists(such_as: str) -> BeforeValidator:
    return BeforeValidator(partial(listed, such_as=such_as))


def _public(address: str) -> str:
    return check_address(address, "https", "http").rstrip("/") if address else ""


PublicUrl = Annotated[str, AfterValidator(_public)]


class Slack(Table):
    api_url: str = Field(
        default="https://slack.com/api/",
        description="Base of the Web API, to be changed for tests only; SLACK_API_URL also sets it.",
    )

    mode: str = Field(
        default="socket", description="socket (Slack needs no way in), or http: events come to /slack/events."
    )
    minimal: bool = Field(
        default=False,
        description="Without rights to manage rooms: the facilitator makes the cohort's room and invites the bot.",
    )
    workspaces: Annotated[tuple[str, ...], NoDecode, _lists("acme,globex")] = Field(
        default=(),
        description=(
            'Names for more than one workspace: "acme" has its bot token in SLACK_BOT_TOKEN_ACME, and, if its app is '
            "another, SLACK_APP_TOKEN_ACME or SLACK_SIGNING_SECRET_ACME."
        ),
    )
    public_url: PublicUrl = Field(
        default="",
        description='Where the web reaches this Caravan, https://…; for mode = "http" and for /slack/install.',
    )

    @field_validator("api_url")
    @classmethod
    def _api(cls, address: str) -> str:
        return check_address(address, "https", "http").rstrip("/") + "/"

    @field_validator("mode")
    @classmethod
    def _mode(cls, mode: str) -> str:
        if mode.lower() not in SLACK_MODES:
            raise ValueError("expected socket or http")
        return mode.lower()

    @field_validator("workspaces")
    @classmethod
    def _names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        suffixes = [suffix_of(name) for name in names]
        for name, suffix in zip(names, suffixes, strict=True):
            if not re.fullmatch(r"[A-Z0-9](?:[A-Z0-9_]*[A-Z0-9])?", suffix) or f"_{suffix}".endswith("_FILE"):
                raise wrong("", f'found "{name}", expected names of letters, digits and "-", such as "acme"')
            if suffixes.count(suffix) > 1:
                raise wrong("", f'found "{name}" twice; each workspace has a name of its own')
        return names


def suffix_of(workspace: str) -> str:
    """What the names of a workspace's secrets end with."""
    return workspace.upper().replace("-", "_")


class Discord(Table):
    api_url: str = Field(
        default="https://discord.com/api/v10", description="Base of the API; DISCORD_API_URL also sets it."
    )
    gateway_url: str = Field(
        default="",
        description="The gateway, when it is not the one that the API names; DISCORD_GATEWAY_URL also sets it.",
    )
    development_guilds: Annotated[tuple[PositiveInt, ...], NoDecode, _lists("1187462201234567890")] = Field(
        default=(), description="Servers by id, for whoever works on Caravan: commands change there at once, alone."
    )

    @field_validator("api_url")
    @classmethod
    def _api(cls, address: str) -> str:
        return check_address(address, "https", "http")

    @field_validator("gateway_url")
    @classmethod
    def _gateway(cls, address: str) -> str:
        return check_address(address, "wss", "ws") if address else ""


class Web(Table):
    host: str = Field(default="127.0.0.1", min_length=1, description="Where all of that listens.")
    port: int = Field(default=8080, ge=0, le=65535, description="Its port; 0 switches it off.")
    public_url: PublicUrl = Field(
        default="",
        description=(
            "Where browsers reach this Caravan, https://…; for the screen that is shared on a call. "
            "When it is empty, the one of [slack] counts."
        ),
    )


class Sessions(Table):
    rooms: str = Field(
        default=AUTO,
        description=(
            "How pairs and groups get into rooms: auto (as people expect it where they talk), or voice, numbered, "
            "links, dm or rooms, wherever that can be had."
        ),
    )
    room_links: Annotated[
        tuple[str, ...], NoDecode, _lists("https://meet.example.org/1,https://meet.example.org/2")
    ] = Field(default=(), description="A link to each room, https://…, in order; groups beyond the last get a number.")

    @field_validator("rooms")
    @classmethod
    def _rooms(cls, rooms: str) -> str:
        if rooms.lower() not in (AUTO, *Style):
            raise ValueError(f"expected one of {', '.join((AUTO, *Style))}")
        return rooms.lower()

    @field_validator("room_links")
    @classmethod
    def _links(cls, links: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(check_address(one, "https") for one in links)
