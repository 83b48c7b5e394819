"""The demo's clock: what it says will happen next, and to whom, is what then happens."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import select

from bot import foresight
from bot.demo import MovingClock, Stepper, in_words
from bot.foresight import Coming
from bot.platforms.local.chat import BOT
from cohorts.outbox import Effect
from cohorts.store import Db
from cohorts.touchpoints import Touchpoint
from tests.support.chat import World
from tests.support.stories import running


class Nobody:
    """Pretend people without plans."""

    def next_at(self) -> datetime | None:
        return None

    async def act(self, now: datetime) -> None:
        return None


@pytest.fixture
def clock(chat: World) -> MovingClock:
    chat.person("ana", zone="Pacific/Auckland")
    running(chat)
    return MovingClock(Stepper(chat.app, chat.clock, Nobody()))


def ahead(chat: World) -> Coming | None:
    app, now = chat.app, chat.clock.now()
    return chat.loop.run_until_complete(app.threads.try_out(lambda db: foresight.coming(db, app.registry, now)))


def heard(chat: World, since: int) -> tuple[set[str], set[str]]:
    """Who had a direct message of the bot's since then, and which rooms a post."""
    fresh = [(room, one) for room in chat.chat.rooms() for one in chat.chat.messages(room.id) if one.id > since]
    said = [room for room, one in fresh if one.author == BOT]
    people = {chat.chat.person(room.dm_of).name for room in said if room.dm_of is not None}
    return people, {room.name for room in said if room.dm_of is None}


def newest(chat: World) -> int:
    return max(one.id for room in chat.chat.rooms() for one in chat.chat.messages(room.id))


def test_going_to_what_is_next_brings_just_that_to_just_those(chat: World, clock: MovingClock) -> None:
    stops = 0
    while (coming := ahead(chat)) is not None and stops < 60:
        before = newest(chat)
        chat.loop.run_until_complete(clock.to_next())
        assert chat.clock.now() == coming.at
        assert heard(chat, before) == (set(coming.people), set(coming.rooms)), coming
        stops += 1
    assert stops == 60


def test_nothing_is_told_before_its_moment(chat: World, clock: MovingClock) -> None:
    coming = ahead(chat)
    assert coming is not None
    before = newest(chat)
    chat.loop.run_until_complete(clock.forward(coming.at - chat.clock.now() - timedelta(seconds=1)))
    assert heard(chat, before) == (set(), set())


def test_looking_ahead_leaves_no_trace(chat: World, clock: MovingClock) -> None:
    def traces(db: Db) -> tuple[object, ...]:
        rows = db.exec(select(Touchpoint.key, Touchpoint.state, Touchpoint.turn_at).order_by(Touchpoint.key)).all()
        return tuple(tuple(row) for row in rows), db.exec(select(sa.func.count(sa.column("id")), Effect)).first()

    before = chat.store.read(traces)
    assert ahead(chat) is not None
    assert chat.store.read(traces) == before


def test_whoever_asks_for_what_was_shown_gets_no_more_than_that(chat: World, clock: MovingClock) -> None:
    coming = ahead(chat)
    assert coming is not None
    shown = chat.clock.now() + (coming.at - chat.clock.now()) / 2
    chat.loop.run_until_complete(clock.to_next(shown))
    assert chat.clock.now() == shown
    next_thing = clock.next_thing()
    assert next_thing is not None and next_thing.at == coming.at


AT = datetime.fromisoformat("2027-01-11T16:00+00:00")


@pytest.mark.parametrize(
    ("people", "rooms", "whom"),
    [
        ((), ("garden",), "in #garden"),
        (("Ana Lind",), (), "to Ana"),
        (("Ana Lind", "Ben Oh", "Sam Rivera"), (), "to Sam, Ana and Ben"),
        (("Ana Lind", "Ben Oh", "Cid", "Dev", "Fay Okafor"), (), "to Fay, Ana and 3 more"),
        (("Fay Okafor",), ("garden",), "in #garden, to Fay"),
    ],
)
def test_whom_one_can_act_as_is_named_first(
    chat: World, people: tuple[str, ...], rooms: tuple[str, ...], whom: str
) -> None:
    said = in_words(Coming(AT, ("sessions/reminder-hour",), people, rooms), chat.app.renderer.words)
    assert (said.at, said.what, said.whom) == (AT, "The reminder an hour before", whom)


def test_every_timed_work_has_words_for_the_clock(chat: World) -> None:
    words = chat.app.renderer.words
    assert [rule for rule in chat.app.registry.of("due") if words.find("demo", "things", rule) is None] == []
