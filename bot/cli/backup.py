"""`caravan backup`: a consistent copy of the SQLite database, also while Caravan runs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.settings import settings_of


def backup(
    ctx: typer.Context,
    to: Annotated[Path, typer.Argument(metavar="FILE", help="The file to make; it must not exist yet.")],
) -> None:
    """Copy the database into FILE, also while Caravan runs.

    \b
    Example: caravan backup caravan-2027-01-11.sqlite
    """
    from bot.cli.database import check_place, sqlite_file
    from bot.cli.errors import BadInput
    from cohorts.store import Store

    settings = settings_of(ctx)
    file = sqlite_file(settings, instead="pg_dump")
    check_place(file)
    if not file.exists():
        raise BadInput(f"database: {file} does not exist; there is nothing to copy")
    try:
        to.open("xb").close()
    except FileExistsError:
        raise BadInput(f"{to} exists already; expected the name of a file to be made") from None
    except OSError as error:
        raise BadInput(f"{to}: cannot be made: {(error.strerror or 'unknown reason').lower()}") from None
    try:
        shutil.copymode(file, to)  # no more people may read the copy
        store = Store(settings.database)
        try:
            store.backup(to)
        finally:
            store.close()
    except BaseException:
        to.unlink()  # half a copy would look like a whole one
        raise
    typer.echo(f"{to}: {to.stat().st_size:,} bytes")
