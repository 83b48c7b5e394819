"""`caravan restore`: a backup takes the database's place, which is kept aside."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.errors import BadInput
from bot.cli.failed import Failed
from bot.cli.settings import settings_of

BESIDE = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database, and would apply to another in its place


def restore(
    ctx: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A backup made by `caravan backup` or a migration.")],
) -> None:
    """Put FILE in the database's place. Caravan must be stopped; the present database is kept aside.

    \b
    Example: caravan restore caravan-2027-01-11.sqlite
    """
    from bot.cli.database import revisions_of, sqlite_file, tables
    from bot.clock import SystemClock
    from cohorts.store import Store

    settings = settings_of(ctx)
    file = sqlite_file(settings, instead="pg_restore")
    if not file.parent.is_dir():
        raise BadInput(f"database: found {str(file)!r}, expected a file in a folder that exists")
    if not source.is_file():
        raise BadInput(f"{source}: no such file, expected a backup")
    if file.exists() and source.samefile(file):
        raise BadInput(f"{source} is the database itself, expected a backup of it")
    ours, found = tables(), revisions_of(source)
    if not found:
        raise BadInput(f"{source}: holds nothing, expected a backup")
    ours.check(found, source)
    check_whole(source)
    store = Store(settings.database)  # only for its lock: nothing is opened
    try:
        store.lock()
        aside = put_in_place(source, file, now=SystemClock().now())
    finally:
        store.close()
    typer.echo(f"{file}: restored from {source}")
    if aside is not None:
        typer.echo(f"as it was before: {aside}")
    if found != ours.newest:
        typer.echo("its tables are of an older version; they are brought up to date at the next start")


def check_whole(source: Path) -> None:
    """BadInput when SQLite finds damage in it."""
    from bot.cli.database import connect_to_read

    try:
        with contextlib.closing(connect_to_read(source)) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said != "ok":
        raise BadInput(f"{source}: damaged, expected a whole backup: {said}")


def put_in_place(source: Path, file: Path, *, now: datetime) -> Path | None:
    """Where the present database is kept, if there was one.

    1. The new one is copied beside its place and reaches the disk. 2. The present one is kept aside, with what only
    its -wal holds. 3. The -wal and -shm go, lest they be applied to another database. 4. The new one takes the name.
    """
    fresh = file.with_name(f"{file.name}.restoring")
    fresh.unlink(missing_ok=True)
    try:
        _copy(source, fresh)
        aside = _keep(file, now) if file.exists() else None
        for ending in BESIDE:
            file.with_name(file.name + ending).unlink(missing_ok=True)
        os.replace(fresh, file)
    finally:
        fresh.unlink(missing_ok=True)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return aside


def _keep(file: Path, now: datetime) -> Path:
    stem = f"{file.name}.before-restore-{now:%Y%m%dT%H%M%S}"
    aside = file.with_name(stem)
    if aside.exists():
        raise Failed(f"{aside} exists already; nothing was changed")
    try:
        _copy(file, aside)
    except sqlite3.DatabaseError:
        # Too damaged to be copied by SQLite: as it lies there, with what is beside it.
        for ending in ("", *BESIDE):
            part = file.with_name(file.name + ending)
            if part.exists():
                shutil.copy2(part, file.with_name(stem + ending))
    return aside


def _copy(source: Path, to: Path) -> None:
    from bot.cli.database import connect_to_read

    with (
        contextlib.closing(connect_to_read(source)) as one,
        contextlib.closing(sqlite3.connect(to)) as other,
    ):
        one.backup(other)
    shutil.copymode(source, to)
    with to.open("rb+") as content:
        os.fsync(content.fileno())
