"""config.toml and the environment become frozen settings. Secrets come only from the environment or from files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from bot.config_tables import Discord, Sessions, Slack, Web, listed
from bot.config_tables import suffix_of as suffix_of
from bot.plain_dates import NotADate, read_duration
from cohorts.program_errors import ProgramError, problems_of, read_toml
from cohorts.program_fields import wrong

PACKAGE = Path(__file__).parent.parent
TEMPLATES = PACKAGE / "templates"
PROGRAMS = TEMPLATES / "programs"
PREFIX = "CARAVAN_"
LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("auto", "json", "console")

# Each may also stand in a file that NAME_FILE names, as containers hand over secrets.
SECRETS: Mapping[str, str] = MappingProxyType(
    {
        "SLACK_BOT_TOKEN": "Slack's bot token, xoxb-…",
        "SLACK_APP_TOKEN": "Slack's app-level token, xapp-…, with connections:write; for Socket Mode.",
        "SLACK_SIGNING_SECRET": 'Slack\'s signing secret; for mode = "http".',
        "SLACK_CLIENT_ID": "the app's client id, when workspaces install it by themselves.",
        "SLACK_CLIENT_SECRET": "the client secret that belongs to it.",
        "CARAVAN_SECRET_KEY": "what seals their tokens; openssl rand -base64 32 makes one.",
        "DISCORD_TOKEN": "the token of the Discord bot.",
    }
)
# Those that a workspace of `slack.workspaces` has of its own: SLACK_BOT_TOKEN_ACME.
OF_A_WORKSPACE = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")

# What the platforms' own tools call an address, and the setting that it replaces.
ADDRESSES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "SLACK_API_URL": ("slack", "api_url"),
        "DISCORD_API_URL": ("discord", "api_url"),
        "DISCORD_GATEWAY_URL": ("discord", "gateway_url"),
    }
)


class ConfigError(Exception):
    """One line: file, key, what was found and what is expected."""


def _check_languages(languages: tuple[str, ...]) -> None:
    """ValueError names the one that is not known."""
    try:
        read_duration("?", languages=languages)
    except NotADate:
        return
    except ValueError as error:
        raise ValueError(f'expected languages such as "en" and "de"; {str(error).lower()}') from None


class Settings(BaseSettings):
    """Every setting, with its default. `CARAVAN_` and the upper-case name set one from the environment."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        nested_model_default_partial_update=True,
    )

    database: str = Field(
        default="sqlite:///caravan.sqlite", description="A SQLite file, or postgresql://user@host/name."
    )
    owners: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description=(
            "Those who own the programs: account ids, e-mail addresses, or WORKSPACE/ACCOUNT where ids alone could be "
            "mistaken."
        ),
    )
    programs_dir: Path | None = Field(
        default=None, description="A folder with program files of your own.", examples=["programs"]
    )
    templates_dir: Path | None = Field(
        default=None, description="A folder with words of your own, by the same file names.", examples=["words"]
    )
    locale: str = Field(
        default="en", description="The language of the words; a folder templates/<locale> is looked in first."
    )
    languages: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("en",), description="Languages in which dates are typed, such as en and de."
    )
    command_prefix: str = Field(default="", description='Put before each command: "team-" makes /team-apply.')
    log_level: str = Field(default="info", description="debug, info, warning or error.")
    log_format: str = Field(
        default="auto", description="json (a line each), console (for reading), or auto: console on a terminal."
    )
    web: Web = Field(default=Web(), description="Health, metrics, and the screen of a session.")
    sessions: Sessions = Field(default=Sessions(), description="Sessions: how people get into rooms of their own.")
    slack: Slack = Field(default=Slack(), description="Slack: how events come in, and from which workspaces.")
    discord: Discord = Field(default=Discord(), description="Discord: where it is, which is changed for tests only.")

    @property
    def pages(self) -> str:
        """Where browsers reach the pages that we serve; "" when they don't."""
        return (self.web.public_url or self.slack.public_url) if self.web.port else ""

    @field_validator("database")
    @classmethod
    def _database(cls, url: str) -> str:
        if not re.match(r"sqlite:///[^?]|postgresql://.", url) or ":memory:" in url:
            # Without what was found: an address may hold a password.
            raise wrong("", "expected sqlite:///FILE or postgresql://user@host/name")
        return url

    @field_validator("owners", "languages", mode="before")
    @classmethod
    def _list(cls, value: object) -> object:
        return listed(value, such_as="U1,U2")

    @field_validator("programs_dir", "templates_dir")
    @classmethod
    def _folder(cls, folder: Path | None) -> Path | None:
        if folder is not None and not folder.is_dir():
            raise ValueError("expected a folder that exists")
        return folder

    @field_validator("locale")
    @classmethod
    def _locale(cls, locale: str) -> str:
        if not re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*", locale):
            raise ValueError('expected a language such as "en" or "de"')
        return locale

    @field_validator("languages")
    @classmethod
    def _known(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        if not languages:
            raise ValueError('expected at least one, such as ["en", "de"]')
        if languages != ("en",):  # what is behind it takes a while to load
            _check_languages(languages)
        return languages

    @field_validator("log_level")
    @classmethod
    def _level(cls, level: str) -> str:
        if level.lower() not in LEVELS:
            raise ValueError("expected debug, info, warning or error")
        return level.lower()

    @field_validator("log_format")
    @classmethod
    def _format(cls, format: str) -> str:
        if format.lower() not in LOG_FORMATS:
            raise ValueError("expected auto, json or console")
        return format.lower()

    @field_validator("command_prefix")
    @classmethod
    def _prefix(cls, prefix: str) -> str:
        if not all(char.isascii() and (char.isalnum() or char in "-_") for char in prefix) or len(prefix) > 20:
            raise ValueError('expected at most 20 letters, digits or "-", such as "team-"')
        return prefix.lower()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, env_settings, _Addresses(settings_cls))


class _Addresses(PydanticBaseSettingsSource):
    """The variables of `ADDRESSES` that are set."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[object, str, bool]:
        return None, field_name, False  # all at once, below

    def __call__(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for name, (table, key) in ADDRESSES.items():
            if value := os.environ.get(name, "").strip():
                found.setdefault(table, {})[key] = value
        return found


def load(path: Path | None = None, **over: object) -> Settings:
    """Settings from a file, the environment on top; `over` on top of all. ConfigError with one line."""
    raw = _read(path) if path is not None else {}

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            *sources: PydanticBaseSettingsSource,
            **named: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            above = super().settings_customise_sources(settings_cls, *sources, **named)
            return (*above, InitSettingsSource(settings_cls, raw))

    try:
        return FromFile(**over)  # type: ignore[arg-type]
    except ValidationError as error:
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")  # they explain the others
        where = _source(first["loc"], path)
        raise ConfigError(f"{where}: {problems_of(error, FromFile, raw)[0]}") from None
    except SettingsError as error:
        field = re.search(r'field "(\w+)"', str(error))
        name = PREFIX + (field[1].upper() if field else "…")
        raise ConfigError(f"environment: {name}: expected JSON, or one variable for each key: {name}__KEY") from None


def _source(loc: tuple[int | str, ...], path: Path | None) -> str:
    """The variable or the file that a wrong value came from."""
    keys = [str(part) for part in loc]
    known = {name.upper() for name, value in os.environ.items() if value}
    for depth in range(len(keys), 0, -1):
        name = PREFIX + "__".join(keys[:depth]).upper()
        if name in known:
            return f"environment, {name}"
    for name, place in ADDRESSES.items():
        if place == tuple(keys) and name in known:
            return f"environment, {name}"
    return str(path or "settings")


def _read(path: Path) -> dict[str, object]:
    try:
        return read_toml(path.read_text("utf-8-sig"), file=str(path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {(error.strerror or 'unknown reason').lower()}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}: line {line}: not UTF-8 text, expected a TOML file") from None
    except ProgramError as error:
        raise ConfigError(str(error)) from None


def secret_names() -> tuple[str, ...]:
    """All of `SECRETS`, and those of single workspaces that are set, in whatever way: what must never be shown."""
    beginnings = tuple(f"{one}_" for one in OF_A_WORKSPACE)
    found = {base for name in os.environ if (base := name.removesuffix("_FILE")).startswith(beginnings)}
    return (*SECRETS, *sorted(found))


def secret(name: str) -> str | None:
    """A secret from the environment variable `name`, or from the file that `name`_FILE names. None when unset."""
    value, file = os.environ.get(name, "").strip(), os.environ.get(f"{name}_FILE", "").strip()
    if value and file:
        raise ConfigError(f"environment: {name} and {name}_FILE are both set; expected one of them")
    if file:
        try:
            value = Path(file).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or "not UTF-8 text"
            raise ConfigError(f"environment: {name}_FILE: {file} cannot be read: {why.lower()}") from None
        if not value:
            raise ConfigError(f"environment: {name}_FILE: {file} is empty; expected the secret, on one line")
    if value.split() != [value] and value:
        raise ConfigError(f"environment: {name}: found spaces or several lines; expected the secret alone")
    return value or None
