"""config.toml and the environment become frozen settings. Secrets come only from the environment or from files."""

from __future__ import annotations

import contextlib
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bot.plain_dates import NotADate, read_duration

PACKAGE = Path(__file__).parent.parent
TEMPLATES = PACKAGE / "templates"
PROGRAMS = TEMPLATES / "programs"


class ConfigError(Exception):
    """One line: file, key, what was found and what is expected."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _check_languages(languages: tuple[str, ...]) -> None:
    """ValueError names the one that is not known."""
    with contextlib.suppress(NotADate):
        read_duration("?", languages=languages)


class Slack(_Table):
    api_url: str = Field(
        default="https://slack.com/api/", description="Base of the Web API; SLACK_API_URL also sets it."
    )


class Discord(_Table):
    api_url: str = Field(
        default="https://discord.com/api/v10", description="Base of the API; DISCORD_API_URL also sets it."
    )
    gateway_url: str = Field(default="", description="The gateway, when it is not the one that the API names.")


class Web(_Table):
    host: str = Field(default="127.0.0.1", description="Where health and metrics listen.")
    port: int = Field(default=8080, ge=0, le=65535, description="Their port; 0 switches them off.")


class Settings(BaseSettings):
    """Every setting, with its default. `CARAVAN_` and the upper-case name set one from the environment."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="CARAVAN_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    database: str = Field(
        default="sqlite:///caravan.sqlite", description="A SQLite file, or postgresql://user@host/name."
    )
    owners: tuple[str, ...] = Field(
        default=(), description="Account ids or e-mail addresses of those who own the programs."
    )
    programs_dir: Path | None = Field(default=None, description="A folder with program files of your own.")
    templates_dir: Path | None = Field(
        default=None, description="A folder with words of your own, by the same file names."
    )
    locale: str = Field(
        default="en", description="The language of the words; a folder templates/<locale> is looked in first."
    )
    languages: tuple[str, ...] = Field(
        default=("en",), description="Languages in which dates are typed, such as en and de."
    )
    command_prefix: str = Field(default="", description='Put before each command: "team-" makes /team-apply.')
    log_level: str = Field(default="info", description="debug, info, warning or error.")
    web: Web = Web()
    slack: Slack = Slack()
    discord: Discord = Discord()

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
        if level.lower() not in ("debug", "info", "warning", "error"):
            raise ValueError("expected debug, info, warning or error")
        return level.lower()

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
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))


def load(path: Path | None = None, **over: object) -> Settings:
    """Settings from a file, the environment on top; `over` on top of all. ConfigError with one line."""
    if path is not None:
        _readable(path)

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        return FromFile(**over)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path or 'environment'}: {key}: {first['msg'].removeprefix('Value error, ')}") from None


def _readable(path: Path) -> None:
    try:
        tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {(error.strerror or 'unknown reason').lower()}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from None
