"""The database as the command line opens it: for reading beside a running Caravan, or for itself alone."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.cli.errors import BadInput
from bot.cli.failed import Failed
from bot.clock import SystemClock
from bot.config import Settings
from cohorts import migrations
from cohorts.store import Store, file_of

SQLITE_HEAD = b"SQLite format 3\0"


def file_in(settings: Settings) -> Path | None:
    """The SQLite file of the settings, None for PostgreSQL."""
    try:
        return file_of(make_url(settings.database))
    except ArgumentError:
        raise BadInput("database: expected sqlite:///FILE or postgresql://user@host/name") from None


def sqlite_file(settings: Settings, *, instead: str) -> Path:
    """As `file_in`, but PostgreSQL is bad input; `instead` is the tool to use for it."""
    file = file_in(settings)
    if file is None:
        raise BadInput(f"database: found PostgreSQL, expected sqlite:///FILE; for PostgreSQL use {instead}")
    return file


def check_place(file: Path) -> None:
    """BadInput when a database can't stand there, or something else does."""
    if not file.parent.is_dir():
        raise BadInput(f"database: found {str(file)!r}, expected a file in a folder that exists")
    if file.is_dir():
        raise BadInput(f"database: found the folder {str(file)!r}, expected a file")
    if file.exists() and not is_sqlite(file):
        raise BadInput(f"database: {file} is not a SQLite database")


def is_sqlite(file: Path) -> bool:
    """An empty file counts: SQLite makes a database of it."""
    with file.open("rb") as content:
        return content.read(len(SQLITE_HEAD)) in (SQLITE_HEAD, b"")


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[Store]:
    """The database with every other process kept away; Locked when one has it, BadInput when it is not ours."""
    file = file_in(settings)
    if file is not None:
        check_place(file)
    store = Store(settings.database)
    try:
        store.lock()
        if file is not None and file.exists():
            tables().check(revisions_of(file), file)
        yield store
    finally:
        store.close()


def bring_up_to_date(store: Store) -> Path | None:
    """This version's tables; where the copy from before is, if one was made."""
    try:
        return migrations.migrate(store, now=SystemClock().now())
    except migrations.Broken as error:
        raise Failed(f"{store.file or 'the database'}: nothing was changed: {error}") from None


@contextlib.contextmanager
def beside(settings: Settings) -> Iterator[Store]:
    """The database for reading, also while Caravan runs; Failed when it is not one of this version."""
    file = file_in(settings)
    if file is not None:
        check_place(file)
        if not file.exists():
            raise BadInput(f"database: {file} does not exist; expected one that Caravan has made")
    store = Store(settings.database)
    try:
        if migrations.pending(store):
            raise Failed("the database has not this version's tables; bring it there with: caravan migrate")
        yield store
    finally:
        store.close()


def connect_to_read(file: Path) -> sqlite3.Connection:
    """Changes nothing; also where nothing can be written, such as a backup medium."""
    # SQLite wants to write beside a file in WAL mode, unless it is promised that nobody else does.
    alone = not os.access(file.parent, os.W_OK) and not file.with_name(f"{file.name}-wal").exists()
    return sqlite3.connect(f"{file.absolute().as_uri()}?{'immutable=1' if alone else 'mode=ro'}", uri=True)


@dataclass(frozen=True)
class Tables:
    """The states of the tables that this version knows; a feature from outside has a newest one of its own."""

    known: frozenset[str]
    newest: frozenset[str]

    def check(self, found: frozenset[str], where: object) -> None:
        if strange := found - self.known:
            raise BadInput(
                f"{where}: its tables ({named(strange)}) are not known to this version ({named(self.newest)}); "
                "update Caravan first"
            )


def named(revisions: frozenset[str]) -> str:
    return ", ".join(sorted(revisions)) or "nothing"


def tables() -> Tables:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    known = frozenset(script.revision for script in scripts.walk_revisions())
    return Tables(known, frozenset(scripts.get_heads()))


def revisions_of(file: Path) -> frozenset[str]:
    """The state of the tables in a SQLite file; none for an empty one. BadInput when it is not one of ours."""
    try:
        with contextlib.closing(connect_to_read(file)) as connection:
            listed = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            names = {str(name) for (name,) in listed}
            if names and "alembic_version" not in names:
                raise BadInput(f"{file}: a SQLite database, but not one of Caravan's")
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall() if names else []
    except sqlite3.DatabaseError as error:
        raise BadInput(f"{file}: not a SQLite database that can be read: {error}") from None
    return frozenset(str(revision) for (revision,) in rows)
