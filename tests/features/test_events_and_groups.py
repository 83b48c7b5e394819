"""What stands beside messages: sessions in the platform's calendar, and groups with a place of their own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

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
from cohorts import breakouts, gatherings, outbox, people, sessions, timetable
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
LAST_SECOND = FIRST - timedelta(seconds=1)


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


# Groups.


def begun(chat: World, place: str = "voice") -> None:
    """The first session, which meets there, has just begun with everybody."""
    launched(chat)

    def elsewhere(db: Db) -> None:
        sessions.number(db, cohort_of(db), 1).place = place

    chat.store.write(elsewhere)
    chat.until(FIRST)
    chat.fay.says("/session start")


def span(chat: World) -> tuple[timedelta, timedelta]:
    def work(db: Db) -> tuple[timedelta, timedelta]:
        cohort = cohort_of(db)
        return breakouts.span_of(cohort, sessions.all_of(db, cohort)[0], 1)

    return chat.store.read(work)


def test_each_group_of_the_first_round_gets_a_place_when_the_round_begins(chat: World) -> None:
    begun(chat, "https://meet.example.org/x")
    starts, ends = span(chat)
    assert timedelta() < starts < ends
    made = effects(chat, EffectKind.GROUP)
    assert [one.key for one in made] == [f"group/session:1/round:1/group:{n}" for n in (1, 2, 3)]
    assert len({one.lane for one in made}) == 3
    assert {(one.not_before, one.due_at, one.expires_at) for one in made} == {
        (FIRST + starts, FIRST + starts, FIRST + ends)
    }
    assert not any(one.ping for one in made)
    assert effects(chat, EffectKind.UNGROUP) == []  # who meets elsewhere is nowhere to be moved from
    chat.clock.move_to(FIRST + starts)
    jobs = claimed(chat, EffectKind.GROUP)
    inside = [set(job.parcel.accounts) for job in jobs]
    assert all(len(one) == 2 for one in inside)
    assert set().union(*inside) == {"ana", "ben", "chi", "dan", "eve", "fin"}
    assert jobs[0].parcel.name == ", ".join(one.capitalize() for one in jobs[0].parcel.accounts)
    prompt = chat.store.read(lambda db: breakouts.of_session(db, sessions.all_of(db, cohort_of(db))[0])[0].prompt)
    assert jobs[0].facts["prompt"] == prompt != ""


def test_who_meets_by_voice_is_parted_told_and_brought_back_in_that_order(chat: World) -> None:
    begun(chat)
    _, ends = span(chat)
    first = effects(chat, EffectKind.GROUP)[0].lane
    lane = [one for one in effects(chat, EffectKind.GROUP, EffectKind.UNGROUP) if one.lane == first]
    key = "session:1/round:1/group:1"
    assert [one.key for one in lane] == [
        f"group/{key}",
        f"group/{key}/voice",
        f"ungroup/{key}/notice",
        f"ungroup/{key}",
    ]
    assert [one.not_before for one in lane[2:]] == [FIRST + ends - NOTICE, FIRST + ends]
    assert [one.target_key for one in lane[2:]] == [f"group/{key}/voice"] * 2
    assert [bool(one.template) for one in lane] == [True, False, True, False]


def test_the_end_comes_at_its_time_even_after_a_long_outage(chat: World) -> None:
    begun(chat)
    starts, ends = span(chat)
    chat.clock.move_to(FIRST + starts)
    chat.loop.run_until_complete(chat.app.delivery.drain())
    waiting = effects(chat, EffectKind.UNGROUP)
    assert {one.state for one in waiting} == {EffectState.PENDING}
    chat.clock.move_to(FIRST + ends + timedelta(hours=3))
    chat.loop.run_until_complete(chat.app.delivery.drain())
    states = {one.key.endswith("/notice"): one.state for one in effects(chat, EffectKind.UNGROUP)}
    assert states == {True: EffectState.EXPIRED, False: EffectState.SENT}


def test_a_facilitator_who_looks_in_is_brought_back_too(chat: World) -> None:
    begun(chat)
    starts, ends = span(chat)
    chat.clock.move_to(FIRST + starts)
    chat.loop.run_until_complete(chat.app.delivery.drain())
    chat.clock.move_to(FIRST + ends - NOTICE)
    chat.loop.run_until_complete(chat.app.delivery.drain())
    chat.clock.move_to(FIRST + ends)
    jobs = claimed(chat, EffectKind.UNGROUP)
    assert len(jobs) == 3
    assert all(job.parcel.accounts[-1] == "fay" and len(job.parcel.accounts) == 3 for job in jobs)
    assert all(job.parcel.target == "" for job in jobs)  # nobody was parted in a chat without voice


def test_a_meeting_that_ends_early_ends_its_groups(chat: World) -> None:
    begun(chat)
    starts, _ = span(chat)
    chat.clock.move_to(FIRST + starts)
    chat.loop.run_until_complete(chat.app.delivery.drain())
    chat.clock.forward(timedelta(seconds=30))
    chat.fay.says("/session end")
    states = {one.key.endswith("/notice"): one.state for one in effects(chat, EffectKind.UNGROUP)}
    assert states == {True: EffectState.WITHDRAWN, False: EffectState.SENT}


def test_a_meeting_that_ends_before_its_round_parts_nobody(chat: World) -> None:
    begun(chat)
    chat.fay.says("/session end")
    ended = effects(chat, EffectKind.GROUP, EffectKind.UNGROUP)
    assert len(ended) == 12
    assert {one.state for one in ended} == {EffectState.WITHDRAWN}


def test_nobody_in_a_chat_without_such_things_sees_anything_of_them(chat: World) -> None:
    begun(chat)
    before = {person: chat.person(person).texts() for person in ("ana", "fay")}
    room = chat.ana.texts(chat.ana.room())
    starts, ends = span(chat)
    for moment in (starts, ends - NOTICE, ends):
        chat.clock.move_to(FIRST + moment)
        chat.loop.run_until_complete(chat.app.delivery.drain())
    beside = effects(chat, EffectKind.EVENT, EffectKind.GROUP, EffectKind.UNGROUP)
    assert {one.state for one in beside} == {EffectState.SENT}
    assert {one.receipt for one in beside} == {""}
    assert {person: chat.person(person).texts() for person in before} == before
    assert chat.ana.texts(chat.ana.room()) == room


# Latecomers.


def begun_without(chat: World, *late: str, place: str = "voice") -> None:
    """The first session has just begun with all but those."""
    launched(chat)

    def elsewhere(db: Db) -> None:
        sessions.number(db, cohort_of(db), 1).place = place

    chat.store.write(elsewhere)
    chat.until(FIRST)
    for name in {"ana", "ben", "chi", "dan", "eve", "fin"} - set(late):
        chat.person(name).says("I'm here")
    chat.fay.says("/session start")


def arrives(chat: World, name: str) -> str:
    """Late; in which lane the group is that they joined. Nothing of it is delivered yet."""
    before = {one.id for one in effects(chat, EffectKind.GROUP, EffectKind.UNGROUP)}
    chat.run(chat.person(name).client.says("I'm here"))
    made = [one for one in effects(chat, EffectKind.GROUP, EffectKind.UNGROUP) if one.id not in before]
    [lane] = {one.lane for one in made}
    return lane


def lane_of(chat: World, lane: str) -> list[Effect]:
    found = [one for one in effects(chat, EffectKind.GROUP, EffectKind.UNGROUP) if one.lane == lane]
    return [one for one in found if one.state is not EffectState.WITHDRAWN]


def delivered_at(chat: World, moment: timedelta) -> None:
    chat.clock.move_to(FIRST + moment)
    chat.loop.run_until_complete(chat.app.delivery.drain())


def refs(effect: Effect) -> list[int]:
    facts = thaw(effect.facts)  # type: ignore[arg-type]
    assert isinstance(facts, dict)
    return [one.id for one in facts["people"] if isinstance(one, PersonRef)]


def names(chat: World, effect: Effect) -> set[str]:
    return chat.store.read(lambda db: {db.get_one(Person, id_).name for id_ in refs(effect)})


def test_who_comes_before_the_round_begins_begins_it_with_the_others(chat: World) -> None:
    begun_without(chat, "fin")
    lane = lane_of(chat, arrives(chat, "fin"))
    key = lane[0].key
    assert [one.key for one in lane[:2]] == [key, f"{key}/voice"]
    assert [one.kind for one in lane[2:]] == [EffectKind.UNGROUP] * 2
    assert all(len(names(chat, one)) == 3 and "Fin" in names(chat, one) for one in lane[:3])
    starts, _ = span(chat)
    chat.clock.move_to(FIRST + starts)
    job = next(job for job in claimed(chat, EffectKind.GROUP) if job.parcel.key == key)
    assert "fin" in job.parcel.accounts and "Fin" in job.parcel.name
    assert job.parcel.target is None


def test_who_comes_later_is_let_into_the_groups_place_before_its_end(chat: World) -> None:
    begun_without(chat, "fin")
    starts, ends = span(chat)
    delivered_at(chat, starts)
    lane = lane_of(chat, arrives(chat, "fin"))
    words, voice, joins, follows, notice, back = lane
    assert (words.state, voice.state) == (EffectState.SENT, EffectState.SENT)
    assert (joins.key, follows.key) == (f"{words.key}/r3", f"{voice.key}/r3")
    assert (joins.target_key, follows.target_key) == (words.key, voice.key)
    assert (joins.template, follows.template) == ("pairing/joined", "")
    assert names(chat, joins) == names(chat, follows) == {"Fin"}
    assert len(names(chat, words)) == 2
    assert notice.key.endswith("/r3/notice")
    assert (notice.not_before, back.not_before) == (FIRST + ends - NOTICE, FIRST + ends)
    assert notice.target_key == back.target_key == voice.key
    assert names(chat, notice) == names(chat, words) | {"Fin"}
    assert names(chat, back) == names(chat, words) | {"Fin", "Fay"}
    assert not joins.ping
    delivered_at(chat, ends - NOTICE)
    delivered_at(chat, ends)
    assert [one.state for one in lane_of(chat, words.lane)] == [EffectState.SENT] * 6


def test_a_joining_is_delivered_at_once_into_what_is_there(chat: World) -> None:
    begun_without(chat, "fin")
    delivered_at(chat, span(chat)[0])
    arrives(chat, "fin")
    [job] = claimed(chat, EffectKind.GROUP)
    assert (job.parcel.accounts, job.parcel.target) == (("fin",), "")  # in a chat without threads


def test_who_says_twice_that_they_are_here_joins_once(chat: World) -> None:
    begun_without(chat, "fin")
    delivered_at(chat, span(chat)[0])
    arrives(chat, "fin")
    before = [one.key for one in effects(chat, EffectKind.GROUP, EffectKind.UNGROUP)]
    chat.run(chat.fin.client.says("I'm here"))
    assert [one.key for one in effects(chat, EffectKind.GROUP, EffectKind.UNGROUP)] == before


def test_each_of_two_latecomers_joins_and_all_are_brought_back(chat: World) -> None:
    begun_without(chat, "eve", "fin")
    delivered_at(chat, span(chat)[0])
    lanes = {arrives(chat, "eve"), arrives(chat, "fin")}
    joined = [one for lane in lanes for one in lane_of(chat, lane) if one.template == "pairing/joined"]
    assert sorted(name for one in joined for name in names(chat, one)) == ["Eve", "Fin"]
    for lane in lanes:
        last = lane_of(chat, lane)[-1]
        members = {name for one in lane_of(chat, lane) if one.kind is EffectKind.GROUP for name in names(chat, one)}
        assert (last.kind, last.template) == (EffectKind.UNGROUP, "")
        assert names(chat, last) == members | {"Fay"}


def test_who_comes_in_the_last_half_minute_hears_no_second_notice(chat: World) -> None:
    begun_without(chat, "fin")
    starts, ends = span(chat)
    delivered_at(chat, starts)
    delivered_at(chat, ends - NOTICE)
    lane = lane_of(chat, arrives(chat, "fin"))
    assert [one.key for one in lane if one.key.endswith("/notice")] == [f"un{lane[0].key}/notice"]
    assert "Fin" in names(chat, lane[-1]) and lane[-1].key.endswith("/r3")


def test_who_meets_elsewhere_has_only_words_to_join(chat: World) -> None:
    begun_without(chat, "fin", place="https://meet.example.org/x")
    delivered_at(chat, span(chat)[0])
    lane = lane_of(chat, arrives(chat, "fin"))
    assert [one.key for one in lane] == [lane[0].key, f"{lane[0].key}/r3"]


def test_a_meeting_that_ends_early_ends_groups_with_latecomers_too(chat: World) -> None:
    begun_without(chat, "fin")
    delivered_at(chat, span(chat)[0])
    lane = arrives(chat, "fin")
    chat.settle()
    chat.fay.says("/session end")
    waiting = [one for one in effects(chat, EffectKind.GROUP, EffectKind.UNGROUP) if one.lane == lane]
    assert {one.state for one in waiting} == {EffectState.SENT, EffectState.WITHDRAWN}
    assert (waiting[-1].key.endswith("/r3"), waiting[-1].state) == (True, EffectState.SENT)


# What goes wrong.


class Forbidding(LocalPlatform):
    """May do nothing beside messages, and makes no rooms by itself while `busy`."""

    busy = False

    async def send(self, parcel: Parcel) -> Receipt:
        if self.busy and parcel.kind is Kind.ROOM:
            raise SendError("rate-limited", permanent=False, retry_after=60)
        if parcel.kind in (Kind.EVENT, Kind.GROUP):
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
        for id_ in ("ana", "ben", "fay"):
            self.chat.add_person(id_, id_.capitalize(), "Europe/Berlin")
        self.store.write(self._furnish)

    def _furnish(self, db: Db) -> None:
        place = people.workspace(db, "local", "local")
        for id_ in ("ana", "ben", "fay"):
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
                gatherings.group(db, circle, "pairing/group", now=self.clock.now(), voice=True, prompt="")
                gatherings.ungroup(db, circle, "pairing/back", now=self.clock.now())

        self.store.write(work)

    def joins(self, room: str, key: str) -> None:
        def work(db: Db) -> None:
            row = db.exec(select(Room).where(Room.name == room)).one()
            circle = Circle(row, key, (PersonRef(1), PersonRef(2), PersonRef(3)), (), FIRST, revision=3)
            gatherings.group(db, circle, "pairing/joined", now=self.clock.now(), people=[PersonRef(3)])
            gatherings.ungroup(db, circle, "pairing/back", now=self.clock.now())

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
def bare(tmp_path: Path, migrated: Path) -> Iterator[Bare]:
    made = Bare(tmp_path, migrated)
    yield made
    made.close()


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
