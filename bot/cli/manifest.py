"""`caravan manifest`: what a platform asks for before it lets a bot in, and a config file with every setting."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.errors import BadInput
from bot.cli.failed import Failed

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

KINDS = ("config", "slack", "discord")
WIDTH = 100

INTRODUCTION = """\
Every setting of Caravan with its default. Copy this file to config.toml and change what you like;
what you leave out keeps its default. Made by `caravan manifest config`.

Each can be set in the environment as well, which wins: CARAVAN_LOG_LEVEL=debug,
CARAVAN_OWNERS=U1,U2, and CARAVAN_WEB__PORT=9000 for the port of [web].

Secrets never stand here. They come from the environment, or from a file that it names:"""


def manifest(
    what: Annotated[str, typer.Argument(metavar="|".join(KINDS), help="Of what: config prints a config.toml.")],
) -> None:
    """Print a config.toml with every setting and its default. (Slack's and Discord's come with those platforms.)

    \b
    Example: caravan manifest config > config.toml
    """
    if what not in KINDS:
        raise BadInput(f"manifest: found {what!r}, expected one of {', '.join(KINDS)}")
    if what != "config":
        raise Failed(f"this version speaks only the local platform; the {what} manifest comes with {what.title()}")
    typer.echo(example(), nl=False)


def example() -> str:
    """config.example.toml, from the settings themselves."""
    from bot.config import SECRETS, Settings

    lines = [_comment(INTRODUCTION), "#"]
    for name, about in SECRETS.items():
        lines.append(f"# {name}, or {name}_FILE: {about}")
    plain, tables = [], []
    for name, field in Settings.model_fields.items():
        table = _table(field)
        if table is None:
            plain.append(_setting(name, field))
        else:
            settings = [_setting(inner, one) for inner, one in type(table).model_fields.items()]
            about = _comment(field.description or "")
            tables.append("\n\n".join([f"{about}\n[{name}]", *settings]))
    return "\n\n".join(["\n".join(lines), *plain, *tables]) + "\n"


def _table(field: FieldInfo) -> BaseModel | None:
    from pydantic import BaseModel

    return field.default if isinstance(field.default, BaseModel) else None


def _setting(name: str, field: FieldInfo) -> str:
    about = _comment(field.description or "")
    if field.default is None:
        shown = field.examples[0] if field.examples else ""
        return f"{about}\n# {name} = {_toml(shown)}"
    return f"{about}\n{name} = {_toml(field.default)}"


def _toml(value: object) -> str:
    """JSON writes text, numbers, truths and lists of them as TOML does."""
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)


def _comment(text: str) -> str:
    wrapped = (line for part in text.splitlines() for line in textwrap.wrap(part, WIDTH - 2) or [""])
    return "\n".join(f"# {line}".rstrip() for line in wrapped)
