"""What platforms declare that they can do, and what rules find of it."""

from __future__ import annotations

from bot.platforms.discord.send import DiscordPlatform
from bot.platforms.local.send import LocalPlatform
from bot.platforms.slack.send import SlackPlatform
from cohorts import people
from cohorts.store import Db, Store
from cohorts.ways import Ways, declare, ways_of


def found(db: Db, platform: str) -> Ways:
    return ways_of(db, people.workspace(db, platform, "T1").id)


def test_a_platform_has_the_ways_that_it_declared_last(store: Store) -> None:
    ways = Ways(call=True, largest_dm=8)
    store.write(lambda db: declare(db, "one", ways))
    assert store.write(lambda db: (found(db, "one"), found(db, "other"))) == (ways, Ways())
    store.write(lambda db: declare(db, "one", Ways(voice=True)))
    assert store.write(lambda db: found(db, "one")) == Ways(voice=True)


def test_where_some_of_a_room_can_be_written_to_without_the_others() -> None:
    apart = {one.name: one.ways.apart for one in (LocalPlatform, SlackPlatform, DiscordPlatform)}
    assert apart == {"local": False, "slack": True, "discord": True}
