"""The settings a subcommand works with: of the file that --config names, or of ./config.toml when it is there."""

from __future__ import annotations

from pathlib import Path

import typer

from bot.cli.group import Given
from bot.config import Settings, load

DEFAULT = Path("config.toml")


def settings_file(ctx: typer.Context) -> Path | None:
    given = ctx.obj.config if isinstance(ctx.obj, Given) else None
    if given is not None:
        return given
    return DEFAULT if DEFAULT.exists() else None


def settings_of(ctx: typer.Context) -> Settings:
    """ConfigError, one line, when they can't be used."""
    return load(settings_file(ctx))
