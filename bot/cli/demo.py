"""`caravan demo`: the local platform on a page of this machine."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.errors import BadInput


def demo(
    host: Annotated[str, typer.Option(help="Where to listen. The token in the address is the key.")] = ("127.0.0.1"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Which port; the next free one when it is taken.")] = 8765,
    folder: Annotated[
        Path | None,
        typer.Option("--dir", help="Keep the demo here, to go on another day."),
    ] = None,
    people: Annotated[int, typer.Option(min=0, max=40, help="How many pretend people take part.")] = 12,
    seed: Annotated[int, typer.Option(help="Another seed, other people.")] = 7,
    day_0: Annotated[
        bool, typer.Option("--day-0", help="Begin on day 0: name who leads, and open the program yourself.")
    ] = False,
) -> None:
    """Try everything on a page of this machine, with pretend people and a clock you can move.

    Example: caravan demo --port 9000
    """
    from bot import demo as demos

    with _folder(folder) as place:
        try:
            serving = demos.serve(place, host=host, port=port, people=people, seed=seed, ready=_say, day_0=day_0)
            asyncio.run(serving)
        except demos.NotADemo as not_ours:
            raise BadInput(str(not_ours)) from None
        except KeyboardInterrupt:
            typer.echo("\nThe demo is over.")


def _say(url: str) -> None:
    typer.echo(f"Caravan is ready: {url}\nOpen it in a browser. Ctrl+C ends the demo.")


@contextmanager
def _folder(folder: Path | None) -> Iterator[Path]:
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="caravan-demo-") as made:
            yield Path(made)
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--dir {folder}: {(error.strerror or 'cannot be used').lower()}") from None
    yield folder
