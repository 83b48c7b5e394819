"""One transaction is all or nothing; readers cannot write; times have zones; a second process stays away."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, StatementError
from sqlmodel import col, select

from cohorts import facts, outbox, people
from cohorts.errors import Refused
from cohorts.inbox import Arrival, is_new
from cohorts.outbox import Effect
from cohorts.people import Person, Workspace
from cohorts.store import Db, Locked, Store

NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)


def a_workspace(store: Store) -> Workspace:
    return store.write(lambda db: people.workspace(db, "local", "here"))


def count(store: Store, table: type) -> int:
    return store.read(lambda db: int(db.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()))


# All or nothing.


def test_what_is_committed_is_there(store: Store) -> None:
    place = a_workspace(store)
    person = store.write(lambda db: people.meet(db, place, "ana", name="Ana"))
    assert store.read(lambda db: db.get_one(Person, person.id).name) == "Ana"


def test_a_rollback_leaves_nothing(store: Store) -> None:
    place = a_workspace(store)

    def fails(db: Db) -> None:
        person = people.meet(db, place, "ana", name="Ana")
        outbox.tell(db, person, "prompts/say", key="words", now=NOW)
        is_new(db, place, "event", now=NOW)
        raise Refused("people/who")

    with pytest.raises(Refused):
        store.write(fails)
    assert [count(store, table) for table in (Person, Effect, Arrival)] == [0, 0, 0]


def test_a_rollback_leaves_no_row_of_a_savepoint_either(store: Store) -> None:
    place = a_workspace(store)

    def fails(db: Db) -> None:
        with db.begin_nested():
            people.meet(db, place, "ana", name="Ana")
        people.meet(db, place, "ben", name="Ben")
        raise Refused("people/who")

    with pytest.raises(Refused):
        store.write(fails)
    assert count(store, Person) == 0


def test_a_savepoint_undone_takes_only_its_own_rows(store: Store) -> None:
    place = a_workspace(store)

    def half(db: Db) -> None:
        people.meet(db, place, "ana", name="Ana")
        savepoint = db.begin_nested()
        people.meet(db, place, "ben", name="Ben")
        savepoint.rollback()

    store.write(half)
    assert store.read(lambda db: db.exec(select(Person.name)).all()) == ["Ana"]


def test_on_sqlite_the_transaction_is_ours_from_begin_to_rollback(on_sqlite: Store) -> None:
    """The trace of the connection: BEGIN IMMEDIATE first, savepoints inside it, one ROLLBACK, no COMMIT."""
    place = a_workspace(on_sqlite)
    said: list[str] = []

    def fails(db: Db) -> None:
        connection = db.connection().connection.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        connection.set_trace_callback(said.append)
        with db.begin_nested():
            people.meet(db, place, "ana", name="Ana")
        raise Refused("people/who")

    with pytest.raises(Refused):
        on_sqlite.write(fails)
    verbs = [statement.split()[0] for statement in said]
    assert "SAVEPOINT" in verbs and "RELEASE" in verbs and verbs[-1] == "ROLLBACK"
    assert "COMMIT" not in verbs

    said.clear()
    on_sqlite.write(lambda db: people.workspace(db, "local", "there"))
    assert said[0] == "BEGIN IMMEDIATE" and said[-1] == "COMMIT"


def test_each_commit_has_its_boundaries_and_a_rollback_has_none(tmp_path: Path, migrated: Path) -> None:
    file = tmp_path / "caravan.sqlite"
    file.write_bytes(migrated.read_bytes())
    passed: list[str] = []
    watched = Store(f"sqlite:///{file}", durable=False, boundary=passed.append)
    a_workspace(watched)
    assert passed == ["commit:before", "commit:after"]

    def fails(db: Db) -> None:
        people.workspace(db, "local", "there")
        raise Refused("people/who")

    with pytest.raises(Refused):
        watched.write(fails)
    watched.close()
    assert passed == ["commit:before", "commit:after"]


# Reading.


def test_a_reader_cannot_write(store: Store) -> None:
    place = a_workspace(store)

    def sneaks(db: Db) -> None:
        db.add(Person(workspace_id=place.id, name="Ana"))
        db.flush()

    with pytest.raises(DBAPIError, match=r"readonly|read-only"):
        store.read(sneaks)
    assert count(store, Person) == 0


def test_a_reader_cannot_write_plain_sql_either(store: Store) -> None:
    a_workspace(store)
    with pytest.raises(DBAPIError, match=r"readonly|read-only"):
        store.read(lambda db: db.execute(sa.text("DELETE FROM workspace")))
    assert count(store, Workspace) == 1


def test_a_reader_sees_one_moment_while_others_write(on_sqlite: Store) -> None:
    place = a_workspace(on_sqlite)

    def looks_twice(db: Db) -> tuple[int, int]:
        query = sa.select(sa.func.count()).select_from(Person)
        first = int(db.execute(query).scalar_one())
        on_sqlite.write(lambda other: people.meet(other, place, "ana", name="Ana"))
        return first, int(db.execute(query).scalar_one())

    assert on_sqlite.read(looks_twice) == (0, 0)
    assert count(on_sqlite, Person) == 1


# Values.


def test_a_moment_without_a_zone_is_refused(store: Store) -> None:
    place = a_workspace(store)
    naive = datetime(2027, 1, 4, 9, 0)  # noqa: DTZ001
    with pytest.raises(StatementError, match="a moment needs its zone"):
        store.write(lambda db: is_new(db, place, "event", now=naive))
    assert count(store, Arrival) == 0


def test_a_moment_comes_back_in_utc(store: Store) -> None:
    place = a_workspace(store)
    india = datetime(2027, 1, 4, 14, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    store.write(lambda db: is_new(db, place, "event", now=india))
    (kept,) = store.read(lambda db: db.exec(select(Arrival.at)).all())
    assert kept == india and kept.tzinfo is UTC and kept.hour == 9


def test_a_word_that_is_no_state_is_refused_by_the_database_itself(store: Store) -> None:
    place = a_workspace(store)
    person = store.write(lambda db: people.meet(db, place, "ana", name="Ana"))
    store.write(lambda db: outbox.tell(db, person, "prompts/say", key="words", now=NOW))
    with pytest.raises(DBAPIError, match=r"(?i)check"):
        store.write(lambda db: db.execute(sa.text("UPDATE effect SET state = 'perhaps'")))


def test_what_belongs_to_nothing_is_refused(store: Store) -> None:
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"):
        store.write(lambda db: db.add(Person(workspace_id=99, name="Nobody's")))


def test_what_belongs_to_a_row_goes_with_it(store: Store) -> None:
    place = a_workspace(store)
    store.write(lambda db: people.meet(db, place, "ana", name="Ana"))
    store.write(lambda db: db.execute(sa.delete(Workspace).where(col(Workspace.id) == place.id)))
    assert count(store, Person) == 0


def test_a_database_row_is_no_fact(store: Store) -> None:
    place = a_workspace(store)
    person = store.write(lambda db: people.meet(db, place, "ana", name="Ana"))
    for smuggled in (person, [person], {"who": person}, {"deep": [{"who": person}]}):
        with pytest.raises(TypeError, match="is not a fact"):
            facts.freeze(smuggled)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="is not a fact"):
        store.write(lambda db: outbox.tell(db, person, "prompts/say", key="k", now=NOW, who=person))  # type: ignore[arg-type]
    assert count(store, Effect) == 0


def test_a_fact_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError, match="needs its zone"):
        facts.freeze(datetime(2027, 1, 4, 9, 0))  # noqa: DTZ001


# Many at once, and only one process.


def test_many_threads_writing_at_once_lose_nothing(store: Store) -> None:
    place = a_workspace(store)

    def writes(n: int) -> None:
        store.write(lambda db: people.meet(db, place, f"account-{n}", name=f"Person {n}"))

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(writes, range(120)))
    assert count(store, Person) == 120


def test_threads_that_read_and_change_the_same_row_count_right(store: Store) -> None:
    place = a_workspace(store)
    person = store.write(lambda db: people.meet(db, place, "ana", name="0"))
    start = threading.Barrier(4)

    def counts_on(_: int) -> None:
        start.wait()
        for _ in range(5):
            store.write(_one_more)

    def _one_more(db: Db) -> None:
        row = db.get_one(Person, person.id)
        row.name = str(int(row.name) + 1)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(counts_on, range(4)))
    assert store.read(lambda db: db.get_one(Person, person.id).name) == "20"


def test_a_second_store_on_the_same_file_is_kept_away_until_the_first_is_closed(tmp_path: Path, migrated: Path) -> None:
    file = tmp_path / "caravan.sqlite"
    file.write_bytes(migrated.read_bytes())
    first, second = Store(f"sqlite:///{file}"), Store(f"sqlite:///{file}")
    first.lock()
    with pytest.raises(Locked, match="in use by another caravan process"):
        second.lock()
    first.close()
    second.lock()
    second.close()


def test_a_second_process_is_kept_away_too(tmp_path: Path, migrated: Path) -> None:
    file = tmp_path / "caravan.sqlite"
    file.write_bytes(migrated.read_bytes())
    first = Store(f"sqlite:///{file}")
    first.lock()
    script = "import sys; from cohorts.store import Store; Store(sys.argv[1]).lock()"
    command = [sys.executable, "-c", script, f"sqlite:///{file}"]
    root = Path(__file__).parents[2]
    refused = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=60)
    assert refused.returncode == 1 and "cohorts.store.Locked" in refused.stderr
    first.close()
    assert subprocess.run(command, cwd=root, check=False, timeout=60).returncode == 0


def test_a_backup_of_a_database_in_use_is_whole(on_sqlite: Store, tmp_path: Path) -> None:
    place = a_workspace(on_sqlite)
    on_sqlite.write(lambda db: people.meet(db, place, "ana", name="Ana"))
    on_sqlite.backup(tmp_path / "copy.sqlite")
    copy = Store(f"sqlite:///{tmp_path / 'copy.sqlite'}")
    assert copy.read(lambda db: db.exec(select(Person.name)).all()) == ["Ana"]
    copy.close()


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a database file"):
        Store("sqlite://")


def test_on_sqlite_a_commit_is_on_the_disk_and_what_was_deleted_is_overwritten(tmp_path: Path) -> None:
    durable = Store(f"sqlite:///{tmp_path / 'caravan.sqlite'}")

    def pragmas(db: Db) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout", "query_only")
        return {name: db.execute(sa.text(f"PRAGMA {name}")).scalar_one() for name in names}

    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 5000}
    assert durable.write(pragmas) == {**wanted, "query_only": 0}
    assert durable.read(pragmas) == {**wanted, "query_only": 1}
    durable.close()
