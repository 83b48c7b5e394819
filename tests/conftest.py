"""Fixtures that every folder of tests may use."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from cohorts.migrations import migrate
from cohorts.store import Store
from tests.support.chat import World

# Machines are shared: how long an example takes says nothing about the code.
settings.register_profile("caravan", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("caravan")


def pytest_collection_finish() -> None:
    """Thousands of tests and all that was imported are no garbage, and looking through them at every turn takes a
    fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables and no rows, to copy."""
    file = tmp_path_factory.mktemp("template") / "empty.sqlite"
    store = Store(f"sqlite:///{file}", durable=False)
    migrate(store, now=datetime(2026, 1, 1, tzinfo=UTC))
    store.close()
    return file


@pytest.fixture
def chat(tmp_path: Path, migrated: Path) -> Iterator[World]:
    """A whole Caravan on the local platform, on 1 December 2026, 09:00 UTC; `chat.olu` owns the workspace."""
    world = World(tmp_path, template=migrated)
    yield world
    world.close()
