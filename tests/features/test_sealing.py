"""Tokens at rest: unreadable without the key, bound to whom they belong to, and carried over to a new key."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clock import SteppedClock
from bot.installations import SealedInstallations
from bot.platforms.slack.setup import Installed, SlackApp
from bot.sealing import BadKey, Broken, Seal, seal_from
from bot.threads import Threads
from cohorts.store import Store

NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
TOKEN = "xoxb-1-a-secret-of-acme"
APP = SlackApp(app_token="xapp-1-shared")


def key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def test_what_is_sealed_opens_with_its_key_alone() -> None:
    mine = key()
    sealed = seal_from(mine).close(TOKEN, about="slack/T1")
    assert TOKEN.encode() not in sealed
    assert seal_from(mine).open(sealed, about="slack/T1") == TOKEN
    with pytest.raises(Broken):
        seal_from(key()).open(sealed, about="slack/T1")


def test_a_seal_opens_for_nobody_else() -> None:
    seal = seal_from(key())
    with pytest.raises(Broken):
        seal.open(seal.close(TOKEN, about="slack/T1"), about="slack/T2")


def test_a_changed_seal_does_not_open() -> None:
    seal = seal_from(key())
    sealed = bytearray(seal.close(TOKEN, about="slack/T1"))
    sealed[20] ^= 1
    with pytest.raises(Broken):
        seal.open(bytes(sealed), about="slack/T1")


def test_a_new_key_before_the_old_one_opens_both_and_closes_with_the_new() -> None:
    old, new = key(), key()
    before = seal_from(old).close(TOKEN, about="x")
    both = seal_from(f"{new}, {old}")
    assert both.open(before, about="x") == TOKEN
    assert not both.is_newest(before)
    assert both.is_newest(both.close(TOKEN, about="x"))
    assert seal_from(new).open(both.close(TOKEN, about="x"), about="x") == TOKEN


def test_both_alphabets_of_base_64_are_keys() -> None:
    raw = bytes([251, 255]) * 16
    plain, for_urls = base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()
    assert plain != for_urls
    assert seal_from(for_urls).open(seal_from(plain).close(TOKEN, about="x"), about="x") == TOKEN


@pytest.mark.parametrize("wrong", ["", ",", "short", "a password that somebody thought of", "A" * 36, "é" * 44])
def test_what_is_no_key_is_refused_and_not_repeated(wrong: str) -> None:
    with pytest.raises(BadKey) as refused:
        seal_from(wrong)
    assert len(wrong) < 2 or wrong not in str(refused.value)


@pytest.fixture
def threads(tmp_path: Path, migrated: Path) -> Iterator[Threads]:
    file = tmp_path / "caravan.sqlite"
    file.write_bytes(migrated.read_bytes())
    store = Store(f"sqlite:///{file}", durable=False)
    made = Threads(store)
    yield made
    made.close()
    store.close()


def kept_in(threads: Threads, seal: Seal) -> SealedInstallations:
    return SealedInstallations(threads, seal, APP, SteppedClock(NOW))


def in_the_file(threads: Threads) -> bytes:
    file = threads.store.file
    assert file is not None
    return b"".join(one.read_bytes() for one in file.parent.glob(f"{file.name}*"))


async def test_an_installation_is_kept_and_no_token_stands_in_the_database(threads: Threads) -> None:
    kept = kept_in(threads, seal_from(key()))
    acme = Installed(TOKEN, APP, team="T1", name="Acme", by="U1")
    await kept.keep(acme)
    (found,) = await kept.all()
    assert (found.bot_token, found.team, found.name, found.app) == (TOKEN, "T1", "Acme", APP)
    assert b"Acme" in in_the_file(threads)
    assert TOKEN.encode() not in in_the_file(threads)


async def test_installing_again_takes_the_place_of_the_former_token(threads: Threads) -> None:
    kept = kept_in(threads, seal_from(key()))
    await kept.keep(Installed(TOKEN, APP, team="T1", name="Acme"))
    await kept.keep(Installed("xoxb-2", APP, team="T2", name="Globex"))
    await kept.keep(Installed("xoxb-3", APP, team="T1", name="Acme & Co"))
    assert [(one.team, one.bot_token, one.name) for one in await kept.all()] == [
        ("T1", "xoxb-3", "Acme & Co"),
        ("T2", "xoxb-2", "Globex"),
    ]


async def test_a_workspace_that_sent_the_bot_away_is_forgotten(threads: Threads) -> None:
    kept = kept_in(threads, seal_from(key()))
    await kept.keep(Installed(TOKEN, APP, team="T1"))
    await kept.keep(Installed("xoxb-2", APP, team="T2"))
    await kept.drop("T1")
    await kept.drop("T9")
    assert [one.team for one in await kept.all()] == ["T2"]


async def test_after_a_start_with_a_new_key_the_old_one_is_needed_no_more(threads: Threads) -> None:
    old, new = key(), key()
    await kept_in(threads, seal_from(old)).keep(Installed(TOKEN, APP, team="T1"))
    assert await kept_in(threads, seal_from(new)).all() == []
    (found,) = await kept_in(threads, seal_from(f"{new},{old}")).all()
    assert found.bot_token == TOKEN
    (found,) = await kept_in(threads, seal_from(new)).all()
    assert found.bot_token == TOKEN


def test_no_repr_shows_a_token() -> None:
    assert TOKEN not in repr(Installed(TOKEN, SlackApp(TOKEN, TOKEN), team="T1"))
