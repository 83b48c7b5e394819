"""The subcommands in order, loaded when used; and what becomes of an error: one line and an exit code."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from bot.cli.errors import BadInput
from bot.cli.failed import Failed

# Each is the function of that name in the module of that name.
COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "run": "Serve Slack and Discord until stopped.",
        "demo": "Try it on a page of your own: nothing to sign up for.",
        "rehearse": "Play a whole program with simulated people.",
        "lint": "Check program files.",
        "preview": "Show what a member will get, week by week.",
        "new": "Begin a program file of your own.",
        "pairs": "Plan who meets whom, offline.",
        "export": "Write lists as CSV, Excel or JSON.",
        "migrate": "Bring the database to this version's tables.",
        "backup": "Copy the database, also while Caravan runs.",
        "restore": "Put a backup in the database's place.",
        "doctor": "Check that everything needed is there.",
        "manifest": "Print what a platform or a config file asks for.",
        "health": "Ask a running Caravan whether all is well.",
    }
)


@dataclass(frozen=True, slots=True)
class Given:
    """What was given before the subcommand."""

    config: Path | None = None


class Caravan(TyperGroup):
    """Known by name until one is used; every error ends here."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, config_first(args))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name is not None and name in COMMANDS else command, rest

    def main(self, *args: Any, **named: Any) -> Any:
        named |= {"standalone_mode": False, "prog_name": "caravan"}
        try:
            code = super().main(*args, **named)
        except Exception as error:
            found = ending(error)
            if found is None:
                raise
            line, code = found
            print(line, file=sys.stderr)
        sys.exit(code if isinstance(code, int) else 0)


def config_first(args: list[str]) -> list[str]:
    """`caravan run --config FILE` means `caravan --config FILE run`: it is the same for every subcommand."""
    mine: list[str] = []
    rest = list(args)
    end = rest.index("--") if "--" in rest else len(rest)
    for place in range(end - 1, -1, -1):
        width = 2 if rest[place] == "--config" else 1 if rest[place].startswith("--config=") else 0
        if width and place + width <= end:
            mine[:0] = rest[place : place + width]
            del rest[place : place + width]
    return [*mine, *rest]


def load(name: str) -> Any:
    """The subcommand as Typer makes it of its function."""
    function: Callable[..., None] = getattr(importlib.import_module(f"bot.cli.{name}"), name)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    alone.command(name)(function)
    return typer.main.get_command(alone)


def ending(error: Exception) -> tuple[str, int] | None:
    """The line to print and the exit code: 2 for bad input, 1 for what failed. None for a bug."""
    if isinstance(error, BadInput):
        return one_line(f"caravan: {error}"), 2
    if isinstance(error, Failed):
        return one_line(f"caravan: {error}"), 1
    if isinstance(error, TyperException):
        ctx = getattr(error, "ctx", None)
        path = ctx.command_path if ctx is not None else "caravan"
        return one_line(f"{path}: {error.format_message().rstrip('.')} (see {path} --help)"), error.exit_code
    if isinstance(error, typer.Abort):
        return "caravan: stopped", 1
    return _of_others(error)


def _of_others(error: Exception) -> tuple[str, int] | None:
    # Imported here: who only asks for --help need not wait for it.
    from sqlalchemy.exc import DBAPIError

    from bot.config import ConfigError
    from cohorts.programs import ProgramError
    from cohorts.store import Locked

    if isinstance(error, ConfigError | ProgramError):
        return one_line(str(error)), 2
    if isinstance(error, Locked):
        return one_line(f"caravan: {error}"), 1
    if isinstance(error, DBAPIError):
        # Only what the database says: the statement's parameters may be people's words.
        return one_line(f"caravan: the database refused: {error.orig}"), 1
    if isinstance(error, OSError) and error.filename is not None:
        return one_line(f"caravan: {error.filename}: {(error.strerror or 'cannot be used').lower()}"), 1
    return None


def one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _version(asked: bool) -> None:
    if asked:
        from bot.cli.version import version

        typer.echo(f"caravan {version()}")
        raise typer.Exit


def _begin(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="The settings; ./config.toml when it is there."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version and stop.")
    ] = False,
) -> None:
    """Live peer cohorts inside Slack and Discord: apply, meet, practise, graduate.

    \b
    Example: caravan demo
    """
    ctx.obj = Given(config)
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def _later() -> None:
    """Stands for a subcommand until it is loaded."""


def program() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        cls=Caravan,
        name="caravan",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        invoke_without_command=True,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_begin)
    for name, line in COMMANDS.items():
        app.command(name, help=line)(_later)
    return app
