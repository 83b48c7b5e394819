"""What Discord is sent for every template and form is what stands in the golden files, and within its limits."""

from __future__ import annotations

import json
from functools import lru_cache

import pytest

from tests.features.test_words import included, written
from tests.platforms.fakes.discord.limits import check_message
from tests.platforms.fakes.discord.modals import check_modal
from tests.platforms.fakes.discord.state import COMPONENTS_V2
from tests.platforms.golden.files import expected, kept


@lru_cache(maxsize=1)
def drawn() -> dict[str, str]:
    return expected("discord")


def test_every_template_is_drawn_as_its_golden_file_says() -> None:
    """When it should be different: `python -m tests.platforms.golden`, and look at what changed."""
    files = kept("discord")
    assert {name for name, text in drawn().items() if files.get(name) != text} == set()
    assert set(files) == set(drawn())


def test_no_template_that_can_be_sent_is_left_out() -> None:
    assert {f"{name}.json" for name in written() - included()} - set(drawn()) == set()


@pytest.mark.parametrize("name", sorted(kept("discord")))
def test_discord_takes_what_stands_in_a_golden_file(name: str) -> None:
    content = json.loads(kept("discord")[name])
    messages = content
    if name.startswith("forms/"):
        messages = content["before"]
        for modal in content["modals"]:
            check_modal(modal)
    for message in messages:
        check_message({**message, "flags": 0 if "poll" in message else COMPONENTS_V2}, {})
