"""Fixtures of stories that begin in a cohort with everything between sessions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.builders import builders
from tests.support.chat import World


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> Iterator[World]:
    """A Caravan with the program "builders" to open."""
    with builders(tmp_path, migrated) as world:
        yield world
