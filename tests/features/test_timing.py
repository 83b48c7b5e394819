"""What is told when: sessions moved and cancelled, people who leave or pause, a process that was off, DST changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from cohorts.attendance import Rsvp
from cohorts.outbox import Effect, EffectKind, EffectState
from cohorts.sessions import Session
from cohorts.touchpoints import Touchpoint, TouchpointState
from tests.support.chat import Person, World
from tests.support.stories import accepted, answer, applied, opened, running

ALL = 3
FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)  # 16:00 in Berlin
REMINDERS = ("sessions/reminder-day", "sessions/reminder-hour", "sessions/brief", "sessions/open-doors")


def touchpoints(chat: World, rule: str, session: int = 1) -> list[Touchpoint]:
    """All rows ever made of one rule for one session, the oldest first."""
    rows = chat.store.read(lambda db: db.exec(select(Touchpoint).order_by(col(Touchpoint.id))).all())
    wanted = f"/session:{session}/"
    return [row for row in rows if row.rule == rule and wanted in f"{row.key}"]


def effects(chat: World, part: str) -> list[Effect]:
    """All effects whose key has this part."""
    rows = chat.store.read(lambda db: db.exec(select(Effect).order_by(col(Effect.id))).all())
    return [row for row in rows if part in row.key]


def sent_at(chat: World, part: str) -> list[datetime]:
    """When what has this part in its key came to the page, alone or in a letter."""
    posts = [one for one in effects(chat, part) if one.kind is EffectKind.POST]
    return sorted(one.sent_at for one in posts if one.sent_at is not None)


def move(chat: World, number: int, to: str) -> None:
    chat.fay.says(f"/session move {number} {to}").presses("Only this one")


def cancel(chat: World, number: int) -> None:
    chat.fay.says(f"/session cancel {number}").presses("Yes, cancel it")


# Moved and cancelled.


def test_a_session_moved_three_times_leaves_one_right_set_of_reminders(chat: World) -> None:
    people = running(chat, ALL)
    for to in ("2027-01-12 17:00", "2027-01-13 09:00", "2027-01-14 18:00"):
        move(chat, 1, to)
    final = datetime(2027, 1, 14, 17, 0, tzinfo=UTC)
    for rule in REMINDERS:
        rows = touchpoints(chat, rule)
        assert [row.state for row in rows] == [TouchpointState.WITHDRAWN] * 3 + [TouchpointState.PENDING], rule
    chat.until(final)
    assert sent_at(chat, "reminder-day/session:1/") == [final - timedelta(days=1)] * ALL
    assert sent_at(chat, "reminder-hour/session:1/") == [final - timedelta(hours=1)] * ALL
    assert sent_at(chat, "open-doors/session:1/") == [final]
    assert sent_at(chat, "brief/session:1/") == [final - timedelta(hours=2)]
    assert people[0].sees("18:00") and not people[0].sees("We begin at 16:00")


def test_a_session_moved_after_its_reminder_is_reminded_of_again(chat: World) -> None:
    running(chat, ALL)
    chat.until(FIRST - timedelta(hours=5))  # the day before is a Sunday: by then all have heard
    assert len(sent_at(chat, "reminder-day/session:1/r0")) == ALL
    move(chat, 1, "2027-01-15 16:00")
    chat.until(datetime(2027, 1, 15, 15, 0, tzinfo=UTC))
    assert len(sent_at(chat, "reminder-day/session:1/r1")) == ALL
    assert sent_at(chat, "reminder-hour/session:1/r0") == []
    assert len(sent_at(chat, "reminder-hour/session:1/r1")) == ALL


def test_a_cancelled_session_leaves_no_reminder_and_one_apology(chat: World) -> None:
    people = running(chat, ALL)
    cancel(chat, 1)
    chat.until(FIRST + timedelta(hours=12))
    rows = [row for rule in (*REMINDERS, "sessions/begin", "sessions/recap") for row in touchpoints(chat, rule)]
    assert rows and {row.state for row in rows} == {TouchpointState.WITHDRAWN}
    assert sent_at(chat, "/session:1/") == []
    room = people[0].room()
    assert sum("cancelled" in text and "Sorry" in text for text in people[0].texts(room)) == 1


def test_what_waits_in_the_outbox_of_a_cancelled_session_is_taken_back(chat: World) -> None:
    running(chat, ALL)
    chat.clock.move_to(FIRST - timedelta(hours=1))
    chat.run(chat.app.scheduler.tick(chat.clock.now()))
    waiting = effects(chat, "reminder-hour/session:1/")
    assert [one.state for one in waiting] == [EffectState.PENDING] * ALL
    chat.run(chat.fay.client.says("/session cancel 1"))
    chat.run(chat.fay.client.presses("Yes, cancel it", room=chat.chat.dm("fay").id))
    withdrawn = effects(chat, "reminder-hour/session:1/")
    assert {(one.state, one.reason) for one in withdrawn} == {(EffectState.WITHDRAWN, "the session changed")}
    chat.settle()
    assert sent_at(chat, "reminder-hour") == []


def test_moved_within_a_day_old_rsvps_say_nothing_any_more(chat: World) -> None:
    people = running(chat, ALL)
    chat.until(FIRST - timedelta(hours=20))
    people[0].says("/cohort rsvp no")
    move(chat, 1, "2027-01-13 16:00")
    assert chat.store.read(lambda db: db.exec(select(Rsvp)).all()) == []
    assert "new time" in people[0].texts(people[0].room())[-1]
    chat.until(datetime(2027, 1, 13, 15, 0, tzinfo=UTC))
    assert len(sent_at(chat, "reminder-hour/session:1/r1")) == ALL  # who had said no is asked along again


def test_moved_long_before_rsvps_stay(chat: World) -> None:
    people = running(chat, ALL)
    people[0].says("/cohort rsvp yes")
    move(chat, 1, "2027-01-12 16:00")
    assert len(chat.store.read(lambda db: db.exec(select(Rsvp)).all())) == 1


def test_a_reminder_soon_after_the_notice_of_a_move_is_covered_by_it(chat: World) -> None:
    running(chat, ALL)
    chat.until(FIRST - timedelta(hours=30))
    # The day-before reminder of the new time would come an hour after the notice: less than a quarter of a day.
    move(chat, 1, "2027-01-11 11:00")
    (row,) = [row for row in touchpoints(chat, "sessions/reminder-day") if row.state is TouchpointState.SKIPPED]
    assert row.reason == "covered by the notice of the change"
    chat.until(FIRST)
    assert sent_at(chat, "reminder-day/session:1/r1") == []
    assert len(sent_at(chat, "reminder-hour/session:1/r1")) == ALL


def test_what_was_due_before_it_was_planned_is_recorded_with_the_reason(chat: World) -> None:
    running(chat, ALL)
    chat.until(FIRST - timedelta(hours=30))
    move(chat, 1, "2027-01-10 11:30")
    (row,) = [row for row in touchpoints(chat, "sessions/reminder-day") if row.key.endswith("r1")]
    assert (row.state, row.reason) == (TouchpointState.SKIPPED, "was due before it was planned")
    chat.until(FIRST)
    assert sent_at(chat, "reminder-day/session:1/r1") == []


# Left and paused.


def test_a_member_who_left_hears_nothing_more(chat: World) -> None:
    people = running(chat, ALL)
    ana, others = people[0], people[1:]
    ana.says("/cohort leave").presses("Yes, leave")
    heard = len(ana.texts())
    chat.until(FIRST + timedelta(days=2))
    assert len(ana.texts()) == heard
    assert [room for room in chat.chat.rooms_of("ana") if room.dm_of is None] == []
    assert len(sent_at(chat, "reminder-hour/session:1/")) == len(others)


def test_what_was_queued_for_a_member_who_leaves_is_not_sent(chat: World) -> None:
    people = running(chat, ALL)
    ana = people[0]
    ana.says("/cohort leave")
    chat.clock.move_to(FIRST - timedelta(hours=1))
    chat.run(chat.app.scheduler.tick(chat.clock.now()))
    assert len(effects(chat, "reminder-hour/session:1/")) == ALL
    ana.presses("Yes, leave")
    states = sorted(one.state.value for one in effects(chat, "reminder-hour/session:1/"))
    assert states == ["sent"] * (ALL - 1) + ["withdrawn"]
    assert not ana.sees("Starting soon")


def test_a_paused_member_hears_nothing_until_resumed(chat: World) -> None:
    people = running(chat, ALL)
    ana = people[0]
    ana.says("/cohort pause")
    heard = len(ana.texts())
    chat.until(FIRST + timedelta(days=1))
    assert len(ana.texts()) == heard
    assert len(sent_at(chat, "reminder-hour/session:1/")) == ALL - 1
    ana.says("/cohort resume")
    heard = len(ana.texts())
    chat.until(FIRST + timedelta(days=7))
    assert len(ana.texts()) > heard
    assert len(sent_at(chat, "reminder-hour/session:2/")) == ALL


def test_whoever_pauses_before_they_were_invited_is_invited_when_they_resume(chat: World) -> None:
    fay = opened(chat)
    ana = chat.person("ana")
    answer(ana.says("/apply"))
    fay.says("/program decide @ana accept")
    chat.run(fay.client.presses("Send 1 decision", room=chat.chat.dm("fay").id))  # decided, and not yet delivered
    chat.run(ana.client.says("/cohort pause"))
    chat.settle()
    assert [room for room in chat.chat.rooms_of("ana") if room.dm_of is None] == []
    ana.says("/cohort resume")
    assert ana.room()


# Off for a while.


def test_a_reminder_whose_time_went_by_while_the_process_was_off_is_not_sent(chat: World) -> None:
    people = running(chat, ALL)
    chat.until(FIRST - timedelta(hours=1, minutes=5))
    chat.clock.move_to(FIRST + timedelta(minutes=55))
    chat.settle()
    (row,) = touchpoints(chat, "sessions/reminder-hour")
    assert (row.state, row.reason) == (TouchpointState.SKIPPED, "too late when its time came")
    (doors,) = touchpoints(chat, "sessions/open-doors")
    assert doors.state is TouchpointState.SKIPPED
    assert not people[0].sees("Starting soon")
    assert sent_at(chat, "open-doors/session:1/") == []


def test_an_effect_that_expired_while_the_process_was_off_ends_unsent(chat: World) -> None:
    people = running(chat, ALL)
    chat.clock.move_to(FIRST - timedelta(hours=1))
    chat.run(chat.app.scheduler.tick(chat.clock.now()))  # decided in time, and then the process was off
    chat.clock.move_to(FIRST + timedelta(hours=1))
    chat.run(chat.app.delivery.drain())
    ended = effects(chat, "reminder-hour/session:1/")
    assert {(one.state, one.reason) for one in ended} == {(EffectState.EXPIRED, "too late when it could be sent")}
    assert not people[0].sees("Starting soon")


def test_an_expired_effect_does_not_hold_up_what_waits_behind_it(chat: World) -> None:
    people = running(chat, ALL)
    chat.clock.move_to(FIRST - timedelta(hours=1))
    chat.run(chat.app.scheduler.tick(chat.clock.now()))
    chat.clock.move_to(FIRST + timedelta(hours=2))  # thanks wait until a meeting is over
    chat.run(people[1].client.says("/cohort kudos @ana for the question"))
    chat.run(chat.app.delivery.drain())
    assert people[0].sees("for the question")


def test_a_reminder_a_little_late_is_still_sent(chat: World) -> None:
    people = running(chat, ALL)
    chat.until(FIRST - timedelta(hours=1, minutes=5))
    chat.clock.move_to(FIRST - timedelta(minutes=40))
    chat.settle()
    assert people[0].sees("Starting soon")


# Plans and clocks.


def test_a_session_moved_past_the_dst_change_is_reminded_of_by_the_wall_clock(tmp_path: Path, migrated: Path) -> None:
    chat = World(tmp_path, template=migrated, start=datetime(2027, 3, 1, 9, tzinfo=UTC))
    try:
        _open_in_march(chat)
        # Europe's clocks go forward on 28 March 2027, a Sunday: the reminder comes on Friday at that hour.
        move(chat, 1, "2027-03-28 16:00")
        berlin = ZoneInfo("Europe/Berlin")
        starts = datetime(2027, 3, 28, 16, 0, tzinfo=berlin).astimezone(UTC)
        assert starts.hour == 14
        chat.until(starts)
        friday = datetime(2027, 3, 26, 16, 0, tzinfo=berlin).astimezone(UTC)
        assert starts - friday == timedelta(hours=47)
        assert friday in sent_at(chat, "reminder-day/session:1/")
        assert set(sent_at(chat, "reminder-hour/session:1/")) == {starts - timedelta(hours=1)}
        assert set(sent_at(chat, "open-doors/session:1/")) == {starts}
    finally:
        chat.close()


def test_a_time_in_the_gap_of_the_dst_change_goes_forward(tmp_path: Path, migrated: Path) -> None:
    chat = World(tmp_path, template=migrated, start=datetime(2027, 3, 1, 9, tzinfo=UTC))
    try:
        _open_in_march(chat)
        move(chat, 1, "2027-03-28 02:30")
        starts = chat.store.read(lambda db: db.get_one(Session, 1).starts_at)
        assert starts.astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:%M") == "03:30"
        assert starts == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    finally:
        chat.close()


def _open_in_march(chat: World) -> list[Person]:
    fay = opened(chat, starts="2027-03-22")
    people = applied(chat, ALL)
    for person in people:
        fay.says(f"/program decide @{person.id} accept")
    fay.presses(f"Send {ALL} decisions")
    fay.says("/program launch").presses("Yes, start")
    return people


@pytest.mark.parametrize("number", [1, 6])
def test_reminders_come_once_and_at_their_time(chat: World, number: int) -> None:
    running(chat, ALL)
    starts = FIRST + timedelta(weeks=number - 1)
    chat.until(starts)
    # The day before is a Sunday. In Berlin and London Monday morning is time enough; in New York it is not.
    friday, monday = starts - timedelta(days=3), starts - timedelta(hours=8)
    assert len(told := sent_at(chat, f"reminder-day/session:{number}/")) == ALL
    assert set(told) <= {friday, monday, monday + timedelta(hours=1)}
    assert sent_at(chat, f"reminder-hour/session:{number}/") == [starts - timedelta(hours=1)] * ALL


def test_before_the_launch_nobody_is_reminded(chat: World) -> None:
    accepted(chat, ALL)
    chat.until(FIRST)
    assert sent_at(chat, "reminder-") == []
