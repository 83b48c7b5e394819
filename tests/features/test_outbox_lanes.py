"""Lanes: each destination keeps its order, none waits for another, and what is uncertain is looked for before it is
sent again. The platform is the local one with a difficult world before it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.app import App
from bot.clock import SteppedClock
from bot.config import Settings
from bot.platforms.base import Door, Kind, Parcel, Receipt, SendError
from bot.platforms.local.chat import Chat
from bot.platforms.local.draw import text_of
from bot.platforms.local.send import LocalPlatform
from cohorts import outbox, people
from cohorts.cohort import Cohort, Membership
from cohorts.facts import Markdown
from cohorts.outbox import Effect, EffectKind, EffectState, For
from cohorts.people import Granted, Person, Workspace
from cohorts.rooms import Room
from cohorts.store import Db, Store

NOW = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)


class DifficultPlatform:
    """The local platform behind a network that refuses, forgets to answer, or hesitates, as told for one lane.

    `refusals` are raised one after another for what goes to that room or person; `lost` answers are lost after the
    message has arrived; whatever is in `slow` waits until it is let go.
    """

    name = "local"
    ways = LocalPlatform.ways

    def __init__(self, chat: Chat, clock: SteppedClock) -> None:
        self.inner = LocalPlatform(chat, clock.now)
        self.refusals: dict[str, list[SendError]] = {}
        self.find_refusals: dict[str, list[SendError]] = {}
        self.lost: dict[str, int] = {}
        self.lost_before: dict[str, int] = {}  # the question itself is lost: nothing arrived
        self.slow: dict[str, asyncio.Event] = {}
        self.entered = asyncio.Event()
        self.tried: list[str] = []
        self.found: list[str] = []

    async def listen(self, door: Door) -> None:
        await asyncio.Event().wait()

    async def send(self, parcel: Parcel) -> Receipt:
        where = parcel.room or parcel.account or parcel.name
        self.tried.append(parcel.key)
        if where in self.slow:
            self.entered.set()
            await self.slow[where].wait()
        if self.refusals.get(where):
            raise self.refusals[where].pop(0)
        if self.lost_before.get(where):
            self.lost_before[where] -= 1
            raise TimeoutError
        receipt = await self.inner.send(parcel)
        if self.lost.get(where):
            self.lost[where] -= 1
            raise TimeoutError
        return receipt

    async def find(self, parcel: Parcel) -> Receipt | None:
        where = parcel.room or parcel.account or parcel.name
        self.found.append(parcel.key)
        if self.find_refusals.get(where):
            raise self.find_refusals[where].pop(0)
        return await self.inner.find(parcel)


class Post:
    """A Caravan with one workspace, two rooms that stand, three people, and effects put straight into the outbox."""

    def __init__(self, folder: Path, template: Path) -> None:
        file = folder / "caravan.sqlite"
        file.write_bytes(template.read_bytes())
        self.store = Store(f"sqlite:///{file}", durable=False)
        self.clock = SteppedClock(NOW)
        self.chat = Chat()
        self.platform = DifficultPlatform(self.chat, self.clock)
        self.app = App(
            self.store,
            [self.platform],
            settings=Settings(owners=("olu",)),
            clock=self.clock,
            jitter=random.Random(1),
        )
        self.loop = asyncio.new_event_loop()
        for id_ in ("ana", "ben", "fay"):
            self.chat.add_person(id_, id_.capitalize(), "Europe/Berlin")
        self.rooms = {name: self.chat.create_room(name) for name in ("one", "two")}
        self.store.write(self._furnish)

    def _furnish(self, db: Db) -> None:
        place = people.workspace(db, "local", "local")
        for id_ in ("ana", "ben", "fay"):
            people.meet(db, place, id_, name=id_.capitalize(), zone="Europe/Berlin")
        people.grant(db, people.find(db, place.id, "fay"), Granted.OWNER)
        for name, external in self.rooms.items():
            db.add(Room(workspace_id=place.id, name=name, external=external))

    def announce(self, room: str, *words: str, expires: datetime | None = None) -> None:
        def work(db: Db) -> None:
            row = db.exec(select(Room).where(Room.name == room)).one()
            for one in words:
                outbox.announce(
                    db, row, "prompts/say", key=one, now=self.clock.now(), expires=expires, text=Markdown(one)
                )

        self.store.write(work)

    def tell(self, person: str, *words: str) -> None:
        def work(db: Db) -> None:
            row = people.find(db, 1, person)
            for one in words:
                outbox.tell(db, row, "prompts/say", key=one, now=self.clock.now(), text=Markdown(one))

        self.store.write(work)

    def edit(self, original: str, key: str) -> None:
        self.store.write(
            lambda db: outbox.edit(db, original, "prompts/say", key=key, now=self.clock.now(), text=Markdown(key))
        )

    def deliver(self) -> None:
        self.loop.run_until_complete(self.app.delivery.drain())

    def later(self, **by: float) -> None:
        self.clock.forward(timedelta(**by))
        self.deliver()

    def seen(self, where: str) -> list[str]:
        """What stands in a room, or in somebody's direct line: the last line of each, where our words are."""
        return [text.splitlines()[-1] for text in self.texts(where)]

    def texts(self, where: str) -> list[str]:
        room = self.rooms.get(where) or self.chat.dm(where).id
        return [text_of(one.payload) for one in self.chat.messages(room)]

    def effect(self, key: str) -> Effect:
        return self.store.read(lambda db: db.exec(select(Effect).where(Effect.key == key)).one())

    def states(self, *keys: str) -> list[EffectState]:
        return [self.effect(key).state for key in keys]

    def close(self) -> None:
        self.app.close()
        self.loop.close()


@pytest.fixture
def post(tmp_path: Path, migrated: Path) -> Iterator[Post]:
    made = Post(tmp_path, migrated)
    yield made
    made.close()


def busy(after: float) -> SendError:
    return SendError("rate-limited", permanent=False, retry_after=after)


GONE = SendError("room-gone", permanent=True)


# Order, and nobody waiting for others.


def test_a_lane_keeps_its_order(post: Post) -> None:
    words = [f"number {n}" for n in range(20)]
    post.announce("one", *words)
    post.deliver()
    assert post.seen("one") == words


def test_a_lane_keeps_its_order_even_when_its_head_has_to_wait(post: Post) -> None:
    post.platform.refusals[post.rooms["one"]] = [busy(30), busy(30)]
    post.announce("one", "first", "second", "third")
    post.deliver()
    assert post.seen("one") == []
    assert post.platform.tried == ["first"]
    post.later(seconds=31)
    assert post.seen("one") == []
    post.later(seconds=31)
    assert post.seen("one") == ["first", "second", "third"]


def test_a_lane_that_has_to_wait_does_not_hold_up_the_others(post: Post) -> None:
    post.platform.refusals[post.rooms["one"]] = [busy(600)]
    post.announce("one", "slow")
    post.announce("two", "quick")
    post.tell("ana", "for ana")
    post.deliver()
    assert (post.seen("one"), post.seen("two"), post.seen("ana")) == ([], ["quick"], ["for ana"])


def test_too_many_requests_waits_as_long_as_it_is_told(post: Post) -> None:
    post.platform.refusals[post.rooms["one"]] = [busy(120)]
    post.announce("one", "patience")
    post.deliver()
    assert post.effect("patience").not_before == NOW + timedelta(seconds=120)
    post.later(seconds=119)
    assert post.seen("one") == []
    post.later(seconds=2)
    assert post.seen("one") == ["patience"]


def test_delivery_knows_when_the_next_can_be_tried(post: Post) -> None:
    post.platform.refusals[post.rooms["one"]] = [busy(120)]
    post.announce("one", "patience")
    assert post.loop.run_until_complete(post.app.delivery.drain()) == NOW + timedelta(seconds=120)
    post.later(seconds=120)
    assert post.loop.run_until_complete(post.app.delivery.drain()) is None


def test_while_one_destination_hesitates_the_others_are_served(post: Post) -> None:
    async def story() -> list[str]:
        post.platform.slow[post.rooms["one"]] = asyncio.Event()
        post.announce("one", "slow")
        post.announce("two", "quick", "and quick again")
        draining = asyncio.create_task(post.app.delivery.drain())
        while len(post.seen("two")) < 2:  # noqa: ASYNC110 - the chat has no event to wait for
            await asyncio.sleep(0.001)
        meanwhile = post.seen("one")
        post.platform.slow[post.rooms["one"]].set()
        await draining
        return meanwhile

    assert post.loop.run_until_complete(asyncio.wait_for(story(), 60)) == []
    assert post.seen("one") == ["slow"]


def test_deciding_twice_sends_once(post: Post) -> None:
    post.announce("one", "only once")
    post.announce("one", "only once")
    post.deliver()
    post.announce("one", "only once")
    post.deliver()
    assert post.seen("one") == ["only once"]


# What cannot arrive.


def failures_told(post: Post) -> list[str]:
    return [text for text in post.texts("fay") if "could not" in text.lower()]


def test_a_permanent_refusal_is_told_to_who_can_mend_it_and_the_lane_goes_on(post: Post) -> None:
    post.platform.refusals["ana"] = [SendError("dm-closed", permanent=True)]
    post.tell("ana", "unheard", "heard")
    post.deliver()
    assert post.states("unheard", "heard") == [EffectState.FAILED, EffectState.SENT]
    assert post.seen("ana") == ["heard"]
    (told,) = failures_told(post)
    assert "direct messages are closed" in told and "Ana" in told
    assert post.platform.tried.count("unheard") == 1


def a_room_to_be_made(post: Post) -> None:
    """A cohort's room that isn't there yet, two people to invite into it, and something to say there."""

    def work(db: Db) -> None:
        place = db.exec(select(Workspace)).one()
        room = Room(workspace_id=place.id, name="new", topic="")
        db.add(room)
        db.flush()
        cohort = Cohort(
            workspace_id=place.id,
            handle="new",
            program_key="none",
            program_toml="",
            zone="UTC",
            starts_on=NOW.date(),
            closes_at=NOW,
            opened_at=NOW,
            room_id=room.id,
        )
        db.add(cohort)
        db.flush()
        outbox.make_room(db, room, now=NOW)
        for name in ("ana", "ben"):
            person = people.find(db, place.id, name)
            membership = Membership(cohort_id=cohort.id, person_id=person.id, accepted_at=NOW)
            db.add(membership)
            db.flush()
            outbox.invite(db, room, person, For(membership.id, 0), now=NOW)
        outbox.announce(db, room, "prompts/say", key="welcome", now=NOW, text=Markdown("welcome"))

    post.store.write(work)


def test_a_message_waits_for_its_room_to_be_made(post: Post) -> None:
    a_room_to_be_made(post)
    post.platform.refusals["new"] = [busy(60)]
    post.deliver()
    assert post.chat.room_named("new") is None
    post.later(seconds=61)
    room = post.chat.room_named("new")
    assert room is not None
    assert {"ana", "ben"} <= set(room.members)
    assert [one.key for one in post.chat.messages(room.id)] == ["welcome"]


def test_a_room_that_cannot_be_made_fails_what_waits_for_it_and_the_facilitator_hears_it_once(post: Post) -> None:
    a_room_to_be_made(post)
    post.platform.refusals["new"] = [SendError("not-allowed", permanent=True)]
    post.announce("two", "elsewhere")
    post.deliver()
    waited = post.store.read(
        lambda db: db.exec(
            select(Effect).join(Room, col(Room.id) == col(Effect.room_id)).where(Room.name == "new")
        ).all()
    )
    assert len(waited) == 4
    assert {one.state for one in waited} == {EffectState.FAILED}
    assert {one.reason for one in waited} == {"not-allowed", "room-missing"}
    (told,) = failures_told(post)
    assert "I could not make" in told and "permission" in told
    assert post.seen("two") == ["elsewhere"]


def test_a_failed_notice_of_a_failure_does_not_go_round_in_circles(post: Post) -> None:
    post.platform.refusals["ana"] = [SendError("dm-closed", permanent=True)]
    post.platform.refusals["fay"] = [SendError("dm-closed", permanent=True)]
    post.tell("ana", "unheard")
    post.deliver()
    rows = post.store.read(lambda db: db.exec(select(Effect)).all())
    assert [row.state for row in rows] == [EffectState.FAILED] * 2


# What is uncertain.


def test_an_answer_that_was_lost_after_the_message_arrived_does_not_double_it(post: Post) -> None:
    post.platform.lost[post.rooms["one"]] = 1
    post.announce("one", "once", "after it")
    post.deliver()
    assert post.seen("one") == ["once"]
    assert post.effect("once").state is EffectState.SENDING
    post.later(minutes=10)
    assert post.seen("one") == ["once", "after it"]
    assert post.platform.tried.count("once") == 1
    assert post.effect("once").state is EffectState.SENT
    assert post.effect("once").receipt == str(post.chat.messages(post.rooms["one"])[0].id)


def test_a_question_that_was_lost_on_the_way_is_asked_again(post: Post) -> None:
    post.platform.lost_before[post.rooms["one"]] = 1
    post.announce("one", "once")
    post.deliver()
    assert post.seen("one") == []
    post.later(minutes=10)
    assert post.platform.found == ["once"]
    assert post.seen("one") == ["once"]


def test_it_stays_uncertain_while_looking_for_it_is_refused(post: Post) -> None:
    post.platform.lost[post.rooms["one"]] = 1
    post.platform.find_refusals[post.rooms["one"]] = [busy(30), busy(30)]
    post.announce("one", "once")
    post.deliver()
    for _ in range(4):
        post.later(minutes=10)
    assert post.seen("one") == ["once"]
    assert post.platform.tried.count("once") == 1
    assert post.effect("once").state is EffectState.SENT


def test_it_is_looked_for_again_when_the_second_attempt_is_lost_too(post: Post) -> None:
    post.platform.lost_before[post.rooms["one"]] = 1
    post.platform.lost[post.rooms["one"]] = 1
    post.announce("one", "once")
    post.deliver()
    for _ in range(3):
        post.later(minutes=10)
    assert post.seen("one") == ["once"]
    assert post.platform.tried.count("once") == 2


def test_what_is_uncertain_and_arrived_counts_as_sent_even_when_it_has_expired(post: Post) -> None:
    post.platform.lost[post.rooms["one"]] = 1
    post.announce("one", "in an hour", expires=NOW + timedelta(hours=1))
    post.deliver()
    post.later(hours=3)
    assert post.effect("in an hour").state is EffectState.SENT
    assert post.seen("one") == ["in an hour"]


def test_what_is_uncertain_and_did_not_arrive_is_not_sent_after_its_time(post: Post) -> None:
    post.platform.lost_before[post.rooms["one"]] = 1
    post.announce("one", "in an hour", expires=NOW + timedelta(hours=1))
    post.deliver()
    post.later(hours=3)
    ended = post.effect("in an hour")
    assert (ended.state, ended.reason) == (EffectState.EXPIRED, "too late when it could be sent")
    assert post.seen("one") == []


def test_an_edit_whose_answer_was_lost_is_simply_repeated(post: Post) -> None:
    post.announce("one", "draft")
    post.deliver()
    post.platform.lost[post.rooms["one"]] = 1
    post.edit("draft", "final")
    post.deliver()
    post.later(minutes=10)
    assert post.platform.tried.count("final") == 2
    assert post.platform.found == []
    assert post.seen("one") == ["final"]


def test_an_edit_of_a_message_that_was_never_sent_is_withdrawn(post: Post) -> None:
    post.announce("one", "too late", expires=NOW + timedelta(minutes=1))
    post.edit("too late", "correction")
    post.clock.forward(timedelta(hours=1))
    post.announce("one", "next")
    post.deliver()
    assert post.states("too late", "correction", "next") == [
        EffectState.EXPIRED,
        EffectState.WITHDRAWN,
        EffectState.SENT,
    ]
    assert post.effect("correction").reason == "what it changes was never sent"


def test_an_edit_waits_for_the_message_that_it_changes(post: Post) -> None:
    post.platform.refusals[post.rooms["one"]] = [busy(30)]
    post.announce("one", "draft")
    post.edit("draft", "final")
    post.deliver()
    assert post.platform.tried == ["draft"]
    post.later(seconds=31)
    assert post.seen("one") == ["final"]


# Stopping and starting.


def test_being_stopped_finishes_what_is_being_sent_and_begins_nothing_more(post: Post) -> None:
    async def story() -> None:
        release = post.platform.slow[post.rooms["one"]] = asyncio.Event()
        post.announce("one", "on its way", "not begun")
        running = asyncio.create_task(post.app.run())
        await post.platform.entered.wait()
        running.cancel()  # as SIGTERM does
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert not running.done()
        release.set()
        await asyncio.wait({running})

    post.loop.run_until_complete(asyncio.wait_for(story(), 60))
    assert post.states("on its way", "not begun") == [EffectState.SENT, EffectState.PENDING]
    assert post.seen("one") == ["on its way"]


def test_after_a_restart_what_was_being_sent_is_looked_for_at_once(post: Post) -> None:
    post.announce("one", "on its way")
    post.store.write(
        lambda db: (
            db.exec(select(Effect))
            .one()
            .sqlmodel_update(
                {"state": EffectState.SENDING, "lease_until": NOW + timedelta(hours=1), "attempted_at": NOW}
            )
        )
    )
    post.deliver()
    assert post.platform.found == []  # somebody else's lease
    assert post.loop.run_until_complete(post.app.delivery.recover()) == 1
    post.deliver()
    assert post.platform.found == ["on its way"]
    assert post.seen("one") == ["on its way"]


def test_an_invitation_of_somebody_who_left_meanwhile_is_not_carried_out(post: Post) -> None:
    a_room_to_be_made(post)

    def leaves(db: Db) -> None:
        membership = db.exec(
            select(Membership).join(Person, col(Person.id) == col(Membership.person_id)).where(Person.name == "Ana")
        ).one()
        membership.revision += 1

    post.store.write(leaves)
    post.deliver()
    room = post.chat.room_named("new")
    assert room is not None
    assert "ana" not in room.members and "ben" in room.members
    invited = post.store.read(lambda db: db.exec(select(Effect).where(Effect.kind == EffectKind.INVITE)).all())
    assert [one.state for one in invited] == [EffectState.WITHDRAWN, EffectState.SENT]


def test_the_kinds_of_the_outbox_and_of_the_port_are_the_same() -> None:
    assert {kind.value for kind in EffectKind} == {kind.value for kind in Kind}
