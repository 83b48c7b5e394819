"""Alembic: how a database comes to the tables of this version. The one folder of `cohorts` that imports it."""

from datetime import datetime
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from cohorts.store import Store, load_models


class Broken(Exception):
    """A migration left rows without what they refer to; it was undone."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def pending(store: Store) -> bool:
    """Whether this database is not as this version needs it."""
    with store.engine.connect() as connection:
        return frozenset(MigrationContext.configure(connection).get_current_heads()) != _newest()


@cache
def _newest() -> frozenset[str]:
    """Read once: each rehearsal makes a database. A feature from outside has a newest one of its own."""
    return frozenset(ScriptDirectory.from_config(_config()).get_heads())


def migrate(store: Store, *, now: datetime) -> Path | None:
    """Bring a database to the newest tables; where its backup is, if there was something to keep.

    On SQLite foreign keys are off meanwhile (rebuilding a table with them on deletes what refers to it) and checked
    before the commit.
    """
    if not pending(store):
        return None
    backup = _backup(store, now)
    config = _config()
    with store.engine.connect() as connection:
        if store.sqlite:
            _foreign_keys(connection, on=False)
        with connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "heads")
            if store.sqlite and (orphans := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
                raise Broken(f"{len(orphans)} rows refer to nothing, first in {orphans[0][0]}")
        if store.sqlite:
            _foreign_keys(connection, on=True)
    return backup


def _foreign_keys(connection: sa.Connection, *, on: bool) -> None:
    """Outside of any transaction, where alone SQLite heeds it."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


def _backup(store: Store, now: datetime) -> Path | None:
    if store.file is None or not sa.inspect(store.engine).get_table_names():
        return None
    to = store.file.with_name(f"{store.file.name}.before-{now:%Y%m%dT%H%M%S}")
    store.backup(to)
    return to


def differences(store: Store) -> list[object]:
    """How the database differs from the models: nothing, unless somebody forgot a migration."""
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, load_models()))
