"""What stands beside messages: sessions in the platform's calendar, and groups with a place of their own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlmodel import col, select

from bot import claims
from bot.app import App
from bot.claims import Job
from bot.clock import SteppedClock
from bot.config import Settings
from bot.platforms.base import Kind, Parcel, Receipt, SendError
from bot.platforms.local.chat import Chat
from bot.platforms.local.draw import text_of
from bot.platforms.local.send import LocalPlatform
from cohorts import gatherings, outbox, people, sessions, timetable
from cohorts.cohort import Cohort
from cohorts.facts import PersonRef, thaw
from cohorts.gatherings import NOTICE, Circle
from cohorts.outbox import Effect, EffectKind, EffectState
from cohorts.people import Granted, Person
from cohorts.rooms import Room
from cohorts.store import Db, Store
from tests.support.chat import World
from tests.support.stories import accepted, running

T = TypeVar("T")

NOW = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)
OVER = FIRST + timedelta(minutes=8)
PEOPLE = ("ana", "ben", "fay", "chi", "dan")
HOST = 3  # Fay looks in on groups
KEY = "session:1/round:1/group:1"
OWN_PLACE: dict[str, Any] = {"prompt": "", "alike": None, "number": 0, "link": ""}


def cohort_of(db: Db) -> Cohort:
    return db.exec(select(Cohort)).one()


def effects(chat: World, *kinds: EffectKind) -> list[Effect]:
    query = select(Effect).where(col(Effect.kind).in_(kinds)).order_by(col(Effect.id))
    return chat.store.read(lambda db: list(db.exec(query).all()))


def launched(chat: World) -> None:
    running(chat, 6)
    chat.store.write(lambda db: timetable.enter(db, cohort_of(db), now=chat.clock.now()))
    chat.settle()


def changed(chat: World, change: Callable[[Db, Cohort, Person], T]) -> T:
    """Something a facilitator does; nothing of it is delivered yet."""

    def work(db: Db) -> T:
        cohort = cohort_of(db)
        return change(db, cohort, people.facilitators(db, cohort.workspace_id, cohort.program_key)[0])

    return chat.store.write(work)


def claimed(chat: World, kind: EffectKind) -> list[Job]:
    """What delivery would take up now."""
    take = chat.store.write(
        lambda db: claims.claim(db, now=chat.clock.now(), lease=timedelta(minutes=1), held=frozenset(), most=64)
    )
    return [job for job in take if job.kind is kind]


# The calendar.


def test_nothing_is_in_the_calendar_before_the_launch(chat: World) -> None:
    accepted(chat, 6)
    now = chat.clock.now()

    def changes(db: Db, cohort: Cohort, fay: Person) -> None:
        first, second, *_ = sessions.all_of(db, cohort)
        timetable.move(db, cohort, first, FIRST + timedelta(days=1), by=fay, now=now)
        timetable.cancel(db, cohort, second, by=fay, now=now)
        timetable.schedule(db, cohort, title="Extra", starts_at=FIRST, minutes=30, by=fay, now=now)

    changed(chat, changes)
    assert effects(chat, EffectKind.EVENT) == []


def test_at_the_launch_every_planned_session_gets_an_entry_once(chat: World) -> None:
    launched(chat)
    launched_again = chat.store.write(lambda db: timetable.enter(db, cohort_of(db), now=chat.clock.now()))
    assert launched_again is None
    planned = chat.store.read(lambda db: sessions.standing(db, cohort_of(db)))
    made = effects(chat, EffectKind.EVENT)
    assert [one.key for one in made] == [f"event/session:{one.id}/r0" for one in planned]
    assert {one.lane for one in made} == {f"event:{made[0].room_id}"}
    assert not any(one.ping for one in made)


def extra(chat: World) -> int:
    """One more session, whose entry has not been made yet; its id."""
    now = chat.clock.now()
    return changed(
        chat,
        lambda db, cohort, fay: (
            timetable.schedule(db, cohort, title="Extra", starts_at=FIRST, minutes=30, by=fay, now=now).id
        ),
    )


def test_an_entry_has_all_that_a_calendar_needs(chat: World) -> None:
    launched(chat)
    id_ = extra(chat)
    [job] = claimed(chat, EffectKind.EVENT)
    parcel = job.parcel
    session = chat.store.read(lambda db: db.get_one(sessions.Session, id_))
    assert parcel.kind is Kind.EVENT
    assert parcel.title == "Value Accelerator: Extra"
    assert (parcel.starts, parcel.ends) == (FIRST, FIRST + timedelta(minutes=30))
    assert (parcel.place, parcel.gone) == (session.place, False)
    assert parcel.occasion == f"session:{id_}"
    assert parcel.room is not None


def test_a_moved_session_changes_its_entry_and_what_was_unsent_is_withdrawn(chat: World) -> None:
    launched(chat)
    id_ = extra(chat)
    later, now = FIRST + timedelta(days=1), chat.clock.now()
    changed(
        chat,
        lambda db, cohort, fay: timetable.move(db, cohort, db.get_one(sessions.Session, id_), later, by=fay, now=now),
    )
    chat.settle()
    [old, new] = [one for one in effects(chat, EffectKind.EVENT) if one.about_id == id_]
    assert (old.state, new.state) == (EffectState.WITHDRAWN, EffectState.SENT)
    assert (old.key, new.key) == (f"event/session:{id_}/r0", f"event/session:{id_}/r1")


def test_a_cancelled_session_is_taken_out(chat: World) -> None:
    launched(chat)
    now = chat.clock.now()
    changed(
        chat,
        lambda db, cohort, fay: timetable.cancel(db, cohort, sessions.number(db, cohort, 1), by=fay, now=now),
    )
    [gone] = claimed(chat, EffectKind.EVENT)
    assert (gone.parcel.key, gone.parcel.gone) == ("event/session:1/r1", True)


def test_an_entry_that_comes_too_late_is_not_made_but_a_cancelled_one_still_goes(chat: World) -> None:
    launched(chat)
    id_, now = extra(chat), chat.clock.now()
    changed(
        chat,
        lambda db, cohort, fay: timetable.cancel(db, cohort, sessions.all_of(db, cohort)[-1], by=fay, now=now),
    )
    chat.clock.move_to(FIRST + timedelta(days=100))
    chat.loop.run_until_complete(chat.app.delivery.drain())
    late, gone = effects(chat, EffectKind.EVENT)[-2:]
    assert (late.about_id, late.state) == (id_, EffectState.EXPIRED)
    assert (gone.key.rpartition("/")[2], gone.state) == ("r1", EffectState.SENT)


# A place where the platform's own things may be forbidden.


def refs(effect: Effect) -> list[int]:
    facts = thaw(effect.facts)  # type: ignore[arg-type]
    assert isinstance(facts, dict)
    return [one.id for one in facts["people"] if isinstance(one, PersonRef)]


class Forbidding(LocalPlatform):
    """May do nothing beside messages while it `forbids`, and makes no rooms by itself while `busy`."""

    busy = False
    forbids = True

    async def send(self, parcel: Parcel) -> Receipt:
        if self.busy and parcel.kind is Kind.ROOM:
            raise SendError("rate-limited", permanent=False, retry_after=60)
        if self.forbids and parcel.kind in (Kind.EVENT, Kind.GROUP):
            raise SendError("missing-permission", permanent=True, detail=f"Make {parcel.kind.value}s")
        return await super().send(parcel)


class Bare:
    """A Caravan with two rooms, whose platform forbids what this is about."""

    def __init__(self, folder: Path, template: Path) -> None:
        file = folder / "caravan.sqlite"
        file.write_bytes(template.read_bytes())
        self.store = Store(f"sqlite:///{file}", durable=False)
        self.clock = SteppedClock(NOW)
        self.chat = Chat()
        self.platform = Forbidding(self.chat, self.clock.now)
        self.app = App(
            self.store, [self.platform], settings=Settings(owners=()), clock=self.clock, jitter=random.Random(1)
        )
        self.loop = asyncio.new_event_loop()
        for id_ in PEOPLE:
            self.chat.add_person(id_, id_.capitalize(), "Europe/Berlin")
        self.store.write(self._furnish)

    def _furnish(self, db: Db) -> None:
        place = people.workspace(db, "local", "local")
        for id_ in PEOPLE:
            people.meet(db, place, id_, name=id_.capitalize(), zone="Europe/Berlin")
        people.grant(db, people.find(db, place.id, "fay"), Granted.OWNER)
        for name in ("one", "two"):
            db.add(Room(workspace_id=place.id, name=name, external=self.chat.create_room(name)))
        db.add(Room(workspace_id=place.id, name="unmade"))

    def enters(self, room: str, *occasions: str) -> None:
        def work(db: Db) -> None:
            for occasion in occasions:
                gatherings.event(
                    db,
                    db.exec(select(Room).where(Room.name == room)).one(),
                    occasion=occasion,
                    revision=0,
                    title="Set out",
                    starts=FIRST,
                    ends=FIRST + timedelta(hours=1),
                    place="",
                    gone=False,
                    now=self.clock.now(),
                )

        self.store.write(work)

    def groups(self, room: str, *keys: str) -> None:
        def work(db: Db) -> None:
            row = db.exec(select(Room).where(Room.name == room)).one()
            for key in keys:
                circle = Circle(row, key, (PersonRef(1), PersonRef(2)), (), FIRST)
                gatherings.group(db, circle, "pairing/own-place", now=self.clock.now(), voice=True, **OWN_PLACE)
                gatherings.ungroup(db, circle, "pairing/back", now=self.clock.now())

        self.store.write(work)

    def joins(self, room: str, key: str) -> None:
        def work(db: Db) -> None:
            row = db.exec(select(Room).where(Room.name == room)).one()
            circle = Circle(row, key, (PersonRef(1), PersonRef(2), PersonRef(3)), (), FIRST, revision=3)
            gatherings.group(db, circle, "pairing/joined", now=self.clock.now(), people=[PersonRef(3)])
            gatherings.ungroup(db, circle, "pairing/back", now=self.clock.now())

        self.store.write(work)

    def circle(self, db: Db, *people: int, until: datetime = OVER, revision: int = 0) -> Circle:
        row = db.exec(select(Room).where(Room.name == "one")).one()
        return Circle(row, KEY, tuple(PersonRef(one) for one in people), (PersonRef(HOST),), until, revision)

    def begin(self, db: Db, *, voice: bool = True) -> None:
        """A group of two, for eight minutes."""
        both, now = self.circle(db, 1, 2), self.clock.now()
        gatherings.group(db, both, "pairing/own-place", now=now, voice=voice, **OWN_PLACE)
        if voice:
            gatherings.ungroup(db, both, "pairing/back", now=now, ping=False)
        else:
            gatherings.remind(db, both, "pairing/last-minute", ahead=timedelta(minutes=1), now=now)
            gatherings.remind(db, both, "pairing/over", ahead=timedelta(), now=now)

    def grows(self, *newcomers: int, revision: int) -> None:
        """The first of them joins the two, and whoever came before."""

        def work(db: Db) -> None:
            grown = self.circle(db, 1, 2, *newcomers, revision=revision)
            gatherings.group(db, grown, "pairing/joined", now=self.clock.now(), people=[PersonRef(newcomers[0])])
            gatherings.ungroup(db, grown, "pairing/back", now=self.clock.now(), ping=False)

        self.store.write(work)

    def ends(self, until: datetime, *, revision: int) -> None:
        def work(db: Db) -> None:
            longer = self.circle(db, 1, 2, until=until, revision=revision)
            gatherings.ungroup(db, longer, "pairing/back", now=self.clock.now(), ping=False, afresh=True)

        self.store.write(work)

    def deliver(self) -> None:
        self.loop.run_until_complete(self.app.delivery.drain())

    def told(self) -> list[str]:
        return [text_of(one.payload) for one in self.chat.messages(self.chat.dm("fay").id)]

    def states(self) -> dict[str, str]:
        rows = self.store.read(lambda db: db.exec(select(Effect)).all())
        return {one.key: one.state.value for one in rows}

    def close(self) -> None:
        self.app.close()
        self.loop.close()


@pytest.fixture
def pair(bare: Bare) -> Bare:
    """Where groups may be made: one of two has just begun, for eight minutes."""
    bare.platform.forbids = False
    bare.clock.move_to(FIRST)
    bare.store.write(bare.begin)
    return bare


@pytest.fixture
def bare(tmp_path: Path, migrated: Path) -> Iterator[Bare]:
    made = Bare(tmp_path, migrated)
    yield made
    made.close()


# Groups.


def lane_of(bare: Bare) -> list[Effect]:
    """What is to happen with the one group, in its order."""
    query = select(Effect).where(col(Effect.lane).startswith("group:")).order_by(col(Effect.id))
    found = bare.store.read(lambda db: list(db.exec(query).all()))
    assert len({one.lane for one in found}) == 1
    return [one for one in found if one.state is not EffectState.WITHDRAWN]


def states_of(bare: Bare) -> list[tuple[str, str]]:
    return [(one.key.removeprefix("un").removeprefix(f"group/{KEY}"), one.state.value) for one in lane_of(bare)]


def test_who_meets_by_voice_is_parted_told_and_brought_back_in_that_order(pair: Bare) -> None:
    words, voice, notice, back = lane_of(pair)
    group = f"group/{KEY}"
    assert [words.key, voice.key, notice.key, back.key] == [group, f"{group}/voice", f"un{group}/notice", f"un{group}"]
    assert [notice.not_before, back.not_before] == [OVER - NOTICE, OVER]
    assert notice.target_key == back.target_key == voice.key
    assert [bool(one.template) for one in (words, voice, notice, back)] == [True, False, True, False]
    assert [words.expires_at, voice.expires_at] == [OVER, OVER]
    assert not any(one.ping for one in (words, voice, back))
    assert (refs(words), refs(notice), refs(back)) == ([1, 2], [1, 2], [1, 2, HOST])  # who looked in comes back too


def test_the_end_comes_at_its_time_even_after_a_long_outage(pair: Bare) -> None:
    pair.deliver()
    assert states_of(pair)[2:] == [("/notice", "pending"), ("", "pending")]
    pair.clock.move_to(OVER + timedelta(hours=3))
    pair.deliver()
    assert states_of(pair)[2:] == [("/notice", "expired"), ("", "sent")]


@pytest.mark.parametrize("begun", [True, False])
def test_what_ends_early_brings_back_whoever_was_parted_and_nobody_else(pair: Bare, begun: bool) -> None:
    if begun:
        pair.deliver()
    pair.store.write(lambda db: gatherings.disband(db, "session:1/", now=pair.clock.now()))
    pair.deliver()
    assert states_of(pair) == ([("", "sent"), ("/voice", "sent"), ("", "sent")] if begun else [])


def test_in_a_chat_without_such_things_nobody_sees_anything_of_them(pair: Bare) -> None:
    for moment in (FIRST, OVER - NOTICE, OVER):
        pair.clock.move_to(moment)
        pair.deliver()
    assert [state for _, state in states_of(pair)] == ["sent"] * 4
    assert {one.receipt for one in lane_of(pair)} == {""}
    rooms = {room.id for who in PEOPLE for room in pair.chat.rooms_of(who)}
    assert [text_of(one.payload) for room in rooms for one in pair.chat.messages(room)] == []


def test_who_comes_before_it_is_begun_begins_it_with_the_others(pair: Bare) -> None:
    pair.grows(4, revision=1)
    words, voice, notice, back = lane_of(pair)
    assert [one.kind for one in (words, voice)] == [EffectKind.GROUP] * 2
    assert [one.kind for one in (notice, back)] == [EffectKind.UNGROUP] * 2
    assert all(refs(one) == [1, 2, 4] for one in (words, voice, notice))
    assert refs(back) == [1, 2, 4, HOST]


def test_who_comes_later_is_let_in_before_its_end_and_brought_back_with_the_others(pair: Bare) -> None:
    pair.deliver()
    pair.grows(4, revision=3)
    words, voice, joins, follows, notice, back = lane_of(pair)
    assert (joins.key, follows.key) == (f"{words.key}/r3", f"{voice.key}/r3")
    assert (joins.target_key, follows.target_key) == (words.key, voice.key)
    assert (joins.template, follows.template) == ("pairing/joined", "")
    assert (refs(joins), refs(follows)) == ([4], [4])
    assert notice.key.endswith("/r3/notice")
    assert [notice.not_before, back.not_before] == [OVER - NOTICE, OVER]
    assert notice.target_key == back.target_key == voice.key
    assert (refs(notice), refs(back)) == ([1, 2, 4], [1, 2, 4, HOST])
    assert not joins.ping
    pair.grows(5, 4, revision=4)
    assert refs(lane_of(pair)[-1]) == [1, 2, 5, 4, HOST]
    for moment in (FIRST, OVER - NOTICE, OVER):
        pair.clock.move_to(moment)
        pair.deliver()
    assert {state for _, state in states_of(pair)} == {"sent"}


def test_who_comes_in_the_last_half_minute_hears_no_second_notice(pair: Bare) -> None:
    pair.deliver()
    pair.clock.move_to(OVER - NOTICE)
    pair.deliver()
    pair.grows(4, revision=3)
    lane = lane_of(pair)
    assert [one.key for one in lane if one.key.endswith("/notice")] == [f"ungroup/{KEY}/notice"]
    assert refs(lane[-1]) == [1, 2, 4, HOST] and lane[-1].key.endswith("/r3")


def test_a_group_that_takes_longer_hears_of_its_end_once_more(pair: Bare) -> None:
    pair.deliver()
    pair.clock.move_to(OVER - NOTICE)
    pair.deliver()
    pair.ends(OVER + timedelta(minutes=2), revision=2)
    *_, notice, back = lane_of(pair)
    later = OVER + timedelta(minutes=2)
    assert [notice.not_before, back.not_before] == [later - NOTICE, later]
    pair.clock.move_to(OVER)
    pair.deliver()
    assert back.key not in {one.key for one in lane_of(pair) if one.state is EffectState.SENT}


def test_who_meets_elsewhere_has_words_alone_and_the_last_of_them_at_the_end(bare: Bare) -> None:
    bare.clock.move_to(FIRST)
    bare.store.write(lambda db: bare.begin(db, voice=False))
    words, notice, end = lane_of(bare)
    assert [notice.target_key, end.target_key] == [words.key] * 2
    assert [notice.not_before, end.not_before] == [OVER - timedelta(minutes=1), OVER]


# What goes wrong.


def test_a_missing_permission_is_told_once_a_room_whatever_comes_after(bare: Bare) -> None:
    bare.enters("one", "a", "b", "c")
    bare.enters("two", "d")
    bare.deliver()
    bare.clock.forward(timedelta(days=2))
    bare.enters("one", "e")
    bare.deliver()
    told = bare.told()
    assert len(told) == 2
    assert all("into the calendar" in one and "Make events" in one for one in told)


def test_groups_that_may_not_be_are_told_once_and_nothing_is_ended(bare: Bare) -> None:
    bare.groups("one", "x", "y")
    bare.deliver()
    bare.clock.move_to(FIRST + timedelta(minutes=1))
    bare.deliver()
    [told] = bare.told()
    assert "a place of their own" in told and "Make groups" in told
    states = bare.states()
    assert {states[key] for key in states if key.startswith("ungroup/")} == {"withdrawn", "expired"}


def test_nobody_joins_a_group_that_has_no_place_but_one_made_after_the_mend_has_everybody(bare: Bare) -> None:
    bare.joins("one", "never")
    bare.groups("one", "x")
    bare.deliver()
    bare.joins("one", "x")
    bare.deliver()
    states = bare.states()
    assert "group/never/r3" not in states and "ungroup/never/r3" not in states
    assert {key: states[key] for key in states if key.startswith("group/")} == {
        "group/x": "failed",
        "group/x/voice": "failed",
    }
    found = bare.store.read(lambda db: db.exec(select(Effect).where(Effect.key == "group/x")).one())
    assert refs(found) == [1, 2, 3]


def test_an_entry_waits_for_a_room_that_is_being_made(bare: Bare) -> None:
    bare.platform.busy = True
    bare.store.write(lambda db: outbox.make_room(db, db.get_one(Room, 3), now=NOW))
    bare.enters("unmade", "a")
    bare.deliver()
    assert bare.states()["event/a/r0"] == "pending"
    bare.platform.busy = False
    bare.clock.forward(timedelta(minutes=2))
    bare.deliver()
    bare.clock.forward(timedelta(seconds=10))
    bare.deliver()
    assert bare.states()["event/a/r0"] == "failed"  # it was tried, and forbidden
    assert len(bare.told()) == 1


def test_entries_for_a_room_that_nobody_makes_fail_and_are_told_once(bare: Bare) -> None:
    bare.enters("unmade", "a", "b")
    bare.deliver()
    assert {bare.states()[f"event/{one}/r0"] for one in "ab"} == {"failed"}
    assert len(bare.told()) == 1
