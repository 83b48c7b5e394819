"""A program written again says the same, and only what was to be said anew is another."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import PROGRAMS as OURS
from cohorts.program_writing import filled_in, written
from cohorts.programs import parse

PROGRAMS = [*OURS.glob("*.toml"), *(Path(__file__).parent / "programs").glob("*.toml")]


@pytest.mark.parametrize("file", PROGRAMS, ids=lambda file: file.stem)
def test_every_program_reads_back_as_itself(file: Path) -> None:
    raw = tomllib.loads(file.read_text("utf-8"))
    assert tomllib.loads(written(raw)) == raw
    assert parse(written(raw), file="again") == parse(file.read_text("utf-8"), file="first")


@given(st.dictionaries(st.text(), st.recursive(st.text() | st.integers(-9, 9) | st.booleans(), st.lists)))
def test_any_text_survives(raw: dict[str, object]) -> None:
    assert tomllib.loads(written(raw)) == raw


def test_a_text_is_put_where_its_path_leads_and_an_empty_one_is_taken_out() -> None:
    toml = 'place = "old"\n[[sessions]]\nkey = "a"\nagenda = [{prompt = "x"}, {prompt = "y"}]\nlist = ["p", "q"]\n'
    paths = {"place": "", "leader.name": "Dana", "sessions[1].agenda[2].prompt": "new", "sessions[1].list[1]": "r"}
    assert tomllib.loads(filled_in(toml, paths)) == {
        "leader": {"name": "Dana"},
        "sessions": [{"key": "a", "agenda": [{"prompt": "x"}, {"prompt": "new"}], "list": ["r", "q"]}],
    }


@pytest.mark.parametrize("path", ["place.name", "sessions[3].key", "no[1]", "a..b", ""])
def test_a_path_that_leads_nowhere_is_an_error(path: str) -> None:
    with pytest.raises(KeyError):
        filled_in('place = "old"\n[[sessions]]\nkey = "a"\n', {path: "x"})
