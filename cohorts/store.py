"""The database: engine, pragmas, column types, and one way to run a transaction.

SQLite has one writer at a time and a read-only engine beside it; PostgreSQL has a pool and serialisable
transactions, retried whole.
"""

import contextlib
import fcntl
import importlib
import pkgutil
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import IO, Any, TypeVar

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import LRUCache
from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

T = TypeVar("T")
Boundary = Callable[[str], None]

_SERIALIZATION_FAILURES = {"40001", "40P01"}
_RETRIES = 15


class Db(sqlmodel.Session):
    """A database session inside one transaction. (A `Session` in this project is a meeting.)"""


class Locked(Exception):
    """Another process has this database."""


class Utc(sa.TypeDecorator[datetime]):
    """An aware moment, kept in UTC. A naive one is a mistake and is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def moment(*, null: bool = False, index: bool = False) -> Any:
    """A column of an aware moment."""
    return sqlmodel.Field(default=None, sa_type=Utc, nullable=null, index=index)


def choice(kind: type[StrEnum], *, default: StrEnum | None = None, null: bool = False, index: bool = False) -> Any:
    """A column of an enum, kept by value with a CHECK."""
    column = sa.Enum(
        kind,
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        length=32,
        name=kind.__name__.lower(),
    )
    return sqlmodel.Field(default=default, sa_type=column, nullable=null, index=index)


def json(*, null: bool = False) -> Any:
    """A JSON column. Its value is replaced, never mutated: a change inside it would not be noticed."""
    return sqlmodel.Field(default=None, sa_type=sa.JSON, nullable=null)


def link(target: str, *, null: bool = False, index: bool = True, unique: bool = False) -> Any:
    """A foreign key; what belongs to a row goes with it."""
    return sqlmodel.Field(
        default=None, foreign_key=target, nullable=null, index=index, unique=unique, ondelete="CASCADE"
    )


def insert_new(db: Db, row: SQLModel) -> bool:
    """Insert a row unless one of its unique keys is taken; whether it was inserted. One statement, race or not."""
    values = {name: value for name, value in row.model_dump().items() if not (name == "id" and value is None)}
    done = db.execute(_insert(type(row), db.get_bind().dialect.name), values)
    return bool(getattr(done, "rowcount", 0))


# Statements that run at every turn are built once: building one takes SQLAlchemy longer than SQLite takes to run it.
@cache
def _insert(model: type[SQLModel], dialect: str) -> sa.Executable:
    insert = sqlite_insert if dialect == "sqlite" else postgresql_insert
    return insert(sa.inspect(model).local_table).on_conflict_do_nothing()


def load_models() -> sa.MetaData:
    """Import every module of this package, so that each table is known. New files need no list to be edited."""
    import cohorts

    for module in pkgutil.iter_modules(cohorts.__path__):
        if not module.ispkg:
            importlib.import_module(f"cohorts.{module.name}")
    return SQLModel.metadata


def file_of(url: str | URL) -> Path | None:
    """The SQLite file of a database URL, None for PostgreSQL."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


@dataclass(frozen=True, slots=True)
class Done:
    """What a work returned; it is committed."""

    result: object


@dataclass(frozen=True, slots=True)
class Undone:
    """What a work raised; it left no trace."""

    error: Exception


class Store:
    """Transactions on one database.

    `boundary` is called with "commit:before" and "commit:after" around each commit: tests kill the process there.
    `durable=False` gives up fsync, for rehearsals and tests.
    """

    def __init__(self, url: str, *, boundary: Boundary | None = None, durable: bool = True) -> None:
        self.url = make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.file = file_of(url)
        self._boundary = boundary or (lambda _: None)
        self._writing = threading.Lock()
        self._lock_file: IO[str] | None = None
        if self.sqlite:
            if self.file is None:
                raise ValueError("Caravan needs a database file; a database in memory can't be shared by threads")
            self._writer = _sqlite_engine(self.url, durable=durable, read_only=False)
            self._reader = _sqlite_engine(self.url, durable=durable, read_only=True)
        else:
            driver = self.url.set(drivername="postgresql+psycopg")
            self._writer = sa.create_engine(driver, isolation_level="SERIALIZABLE", pool_size=8, hide_parameters=True)
            self._reader = self._writer

    @property
    def engine(self) -> Engine:
        """The writing engine, for migrations."""
        return self._writer

    def lock(self) -> None:
        """Keep every other process away from the SQLite file, until `close`."""
        if self.file is None:
            return
        self._lock_file = self.file.with_name(self.file.name + ".lock").open("w")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            self._lock_file.close()
            self._lock_file = None
            raise Locked(f"{self.file} is in use by another caravan process; stop that one first") from busy

    def write(self, work: Callable[[Db], T]) -> T:
        """Run `work` in one transaction and commit it. On PostgreSQL it may run more than once before it commits."""
        if self.sqlite:
            with self._writing:
                return self._transaction(work)
        for attempt in range(_RETRIES):
            try:
                return self._transaction(work)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _SERIALIZATION_FAILURES:
                    raise
            # Spread, so that those who got in each other's way don't meet again at once.
            time.sleep(random.uniform(0, min(0.5, 0.005 * 2**attempt)))
        return self._transaction(work)

    def write_together(self, works: Sequence[Callable[[Db], object]]) -> list[Done | Undone]:
        """Run several works, and commit them as one: making sure of it once is what takes a disk its time.

        One that fails is undone alone. Raises what the commit raises: then nothing was done. SQLite only.
        """
        with self._writing, self._writer.connect() as connection:
            with connection.begin():
                ended = [_inside(connection, work) for work in works]
                self._boundary("commit:before")
            self._boundary("commit:after")
            return ended

    def _transaction(self, work: Callable[[Db], T]) -> T:
        with Db(self._writer, expire_on_commit=False) as db:
            result = work(db)
            db.flush()
            self._boundary("commit:before")
            db.commit()
            self._boundary("commit:after")
            return result

    def read(self, work: Callable[[Db], T]) -> T:
        """Run `work` on a consistent snapshot. Writing fails."""
        with Db(self._reader, expire_on_commit=False, autoflush=False) as db:
            if not self.sqlite:
                db.connection(execution_options={"postgresql_readonly": True})
            return work(db)

    def backup(self, to: Path) -> None:
        """A consistent copy of a running SQLite database."""
        if self.file is None:
            raise ValueError("a PostgreSQL database is backed up with pg_dump")
        with (
            contextlib.closing(sqlite3.connect(self.file)) as source,
            contextlib.closing(sqlite3.connect(to)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None


def _inside(connection: Connection, work: Callable[[Db], object]) -> Done | Undone:
    """One work of several, behind a savepoint of its own."""
    try:
        with Db(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as db:
            result = work(db)
            db.commit()
            return Done(result)
    except Exception as error:
        return Undone(error)


@dataclass(frozen=True)
class _Sqlite:
    """What SQLAlchemy knows of this SQLite, and the statements it has compiled for it."""

    dialect: sa.Dialect
    compiled: LRUCache[Any, Any]


@cache
def _sqlite() -> _Sqlite:
    """One for all engines: a store has two of them, and each rehearsal opens a store of its own."""
    engine = sa.create_engine("sqlite://")
    with engine.connect():  # the first connection is what it learns from
        pass
    engine.dispose()
    return _Sqlite(engine.dialect, LRUCache(1000))


def _sqlite_engine(url: URL, *, durable: bool, read_only: bool) -> Engine:
    # pysqlite's own transaction handling lets rows of a savepoint survive a rollback, so it is switched off
    # (isolation_level=None) and BEGIN is ours: IMMEDIATE, because a read that upgrades to a write is "locked".
    connecting = {"isolation_level": None, "timeout": 5, "check_same_thread": False}
    # What people wrote must not reach a log through the message of an error.
    engine = sa.create_engine(url, connect_args=connecting, hide_parameters=True)
    known = _sqlite()
    engine.dialect = known.dialect
    engine.update_execution_options(compiled_cache=known.compiled)

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _: object) -> None:
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={'FULL' if durable else 'OFF'}",
            "busy_timeout=5000",
            "foreign_keys=ON",
            "secure_delete=ON",
            f"query_only={'ON' if read_only else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


@contextlib.contextmanager
def open_store(url: str, *, durable: bool = True) -> Iterator[Store]:
    """A locked store, closed at the end."""
    store = Store(url, durable=durable)
    store.lock()
    try:
        yield store
    finally:
        store.close()
