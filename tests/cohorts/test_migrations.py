"""The migrated tables are the models'; a database that a migration will change is backed up first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from cohorts import people
from cohorts.migrations import differences, migrate, pending
from cohorts.store import Store, load_models

NOW = datetime(2027, 1, 4, 9, 30, tzinfo=UTC)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path / 'caravan.sqlite'}", durable=False)
    yield made
    made.close()


def test_migrated_tables_are_those_of_the_models(store: Store) -> None:
    assert not pending(store)
    assert differences(store) == []


def test_a_column_that_no_migration_made_is_noticed(fresh: Store) -> None:
    migrate(fresh, now=NOW)
    with fresh.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE person DROP COLUMN zone"))
    assert "zone" in str(differences(fresh))


def test_the_migrated_sqlite_has_the_ddl_of_the_models(fresh: Store, tmp_path: Path) -> None:
    """What Alembic's comparison does not see: CHECKs, defaults, partial indexes, what goes when its owner goes."""
    migrate(fresh, now=NOW)
    with sqlite3.connect(tmp_path / "caravan.sqlite") as db:
        found = {
            name: _normal(sql)
            for name, sql in db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            if name != "alembic_version" and not name.startswith("sqlite_")
        }
    db.close()
    dialect = fresh.engine.dialect
    tables = load_models().tables.values()
    wanted = {table.name: _normal(str(CreateTable(table).compile(dialect=dialect))) for table in tables}
    wanted |= {
        str(index.name): _normal(str(CreateIndex(index).compile(dialect=dialect)))
        for table in tables
        for index in table.indexes
    }
    assert found == wanted


def _normal(sql: str) -> tuple[str, ...]:
    """A statement's parts without spaces and quotes, in no order: constraints may be listed otherwise."""
    flat = " ".join(sql.replace('"', "").split()).replace("( ", "(").replace(" )", ")").rstrip(";")
    head, _, body = flat.partition("(")
    parts, depth, part = [], 0, ""
    for char in body.removesuffix(")") if head.startswith("CREATE TABLE") else body:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += char
    return (head.strip(), *sorted([*parts, part.strip()]))


def test_a_new_database_needs_no_backup(fresh: Store, tmp_path: Path) -> None:
    assert pending(fresh)
    assert migrate(fresh, now=NOW) is None
    assert not pending(fresh)
    assert list(tmp_path.glob("*.before-*")) == []


def test_the_file_is_backed_up_before_a_migration_changes_it(fresh: Store, tmp_path: Path) -> None:
    with fresh.engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE from_before (words TEXT)"))
        connection.execute(sa.text("INSERT INTO from_before VALUES ('kept')"))
    backup = migrate(fresh, now=NOW)
    assert backup == tmp_path / "caravan.sqlite.before-20270104T093000"
    with sqlite3.connect(backup) as db:
        assert db.execute("SELECT words FROM from_before").fetchall() == [("kept",)]
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    db.close()
    assert names == {"from_before"}


def test_migrating_again_changes_nothing_and_backs_nothing_up(fresh: Store, tmp_path: Path) -> None:
    migrate(fresh, now=NOW)
    before = (tmp_path / "caravan.sqlite").read_bytes()
    assert migrate(fresh, now=NOW) is None
    assert (tmp_path / "caravan.sqlite").read_bytes() == before
    assert list(tmp_path.glob("*.before-*")) == []


def test_foreign_keys_hold_again_after_a_migration(fresh: Store) -> None:
    migrate(fresh, now=NOW)
    with pytest.raises(sa.exc.IntegrityError):
        fresh.write(lambda db: db.add(people.Person(workspace_id=99, name="Nobody's")))
