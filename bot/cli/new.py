"""`caravan new`: a program file of one's own, begun from one that works."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.errors import BadInput
from bot.cli.settings import settings_of

LONGEST_KEY = 64


def new(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help='The new program\'s key: a-z, 0-9 and "-".')],
    origin: Annotated[
        str, typer.Option("--from", metavar="PROGRAM", help="The key or the file of the program to begin from.")
    ] = "value-accelerator",
    name: Annotated[str, typer.Option(metavar="NAME", help="Its name; made from the key when left out.")] = "",
    folder: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="Where to; programs_dir of the config, or here, when left out."),
    ] = None,
) -> None:
    """Write KEY.toml, a copy of a program that works, to be made yours.

    \b
    Example: caravan new deploy-together --from value-accelerator
    """
    from bot.cli.lint import program_files
    from cohorts.programs import load, parse

    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", key) or len(key) > LONGEST_KEY:
        raise BadInput(f'KEY: found {key!r}, expected at most {LONGEST_KEY} of a-z, 0-9 and "-", such as "my-program"')
    settings = settings_of(ctx)
    known = program_files(settings)
    source = known.get(origin) or Path(origin)
    if not source.is_file():
        raise BadInput(f"--from: found no program {origin!r}, expected a file or one of {', '.join(sorted(known))}")
    into = folder or settings.programs_dir or Path()
    if not into.is_dir():
        raise BadInput(f"--dir: found {str(into)!r}, expected a folder that exists")
    load(source)
    text = adapted(source.read_text("utf-8-sig"), key=key, name=name.strip() or _name_of(key), origin=origin)
    file = into / f"{key}.toml"
    if parse(text, file=str(file)).key != key:
        raise BadInput(f'--from: {source}: its key could not be replaced; expected a line key = "…" at the top')
    try:
        with file.open("x", encoding="utf-8") as page:
            page.write(text)
    except FileExistsError:
        raise BadInput(f"{file} exists already; expected a KEY that is not taken, or another --dir") from None
    typer.echo(f"{file}: begun from {source.stem}. When it says what you mean: caravan lint {file}")


def adapted(text: str, *, key: str, name: str, origin: str) -> str:
    """The text of a program under another key and name, without the comment that introduces the old one."""
    lines = text.splitlines(keepends=True)
    while lines and (lines[0].startswith("#") or not lines[0].strip()):
        lines.pop(0)
    # Only above the first [table]: further down, `key` and `name` are those of sessions and questions.
    top = next((place for place, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    for place in range(top):
        for setting, value in (("key", key), ("name", name)):
            written = re.match(rf"""\s*["']?{setting}["']?\s*=""", lines[place])
            if written is not None:
                lines[place] = f"{written[0]} {_quoted(value)}\n"
    return f"# Begun from {origin}. Check it with: caravan lint {key}.toml\n\n{''.join(lines)}"


def _name_of(key: str) -> str:
    words = key.replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
