"""The README says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from bot import features
from bot.manual import FOR, table, written
from bot.registry import collect

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_command_tables_follow_from_the_declarations() -> None:
    assert written(README, collect(features)) == README, "run: python -m bot.manual README.md"


def test_every_command_stands_in_one_table() -> None:
    registry = collect(features)
    tables = "".join(table(registry, reader) for reader in FOR)
    assert [name for name in registry.commands if tables.count(f"`/{name}`") + tables.count(f"`/{name} ") != 1] == []


def test_every_picture_and_page_it_names_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_no_picture_weighs_more_than_a_page_should() -> None:
    assert [file.name for file in (ROOT / ".pictures").iterdir() if file.stat().st_size > 100_000] == []
