"""The plan is pure; the table says what the plan says, after however many moves and cancellations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from cohorts import cohort as cohorts_
from cohorts import sessions, timetable
from cohorts.cohort import CohortState
from cohorts.planning import Calendar, Item, Occasion, Planned, Rule, plan
from cohorts.sessions import SessionState
from cohorts.store import Db, Store
from cohorts.touchpoints import Touchpoint, TouchpointState, calendar_of, claim, due, reconcile
from cohorts.when import parse_when

if TYPE_CHECKING:
    from tests.cohorts.conftest import Circle

NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
START = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)
DAY = Rule("remind", on="session", anchor="start", shift="-1d", late=timedelta(hours=20), switch="reminder_day")
HOUR = Rule("soon", on="session", anchor="start", shift="-1h", late=timedelta(minutes=50))


def session(id_: int = 1, start: datetime = START, revision: int = 0, **more: object) -> Occasion:
    moments = {"start": start, "end": start + timedelta(hours=1)}
    traits = frozenset({"meeting"})
    return replace(Occasion("session", id_, revision, moments, traits=traits), **more)  # type: ignore[arg-type]


def calendar(*occasions: Occasion, rules: Sequence[Rule] = (DAY, HOUR), items: Sequence[Item] = ()) -> Calendar:
    cohort = Occasion("cohort", 7, 0, {"start": START, "close": START - timedelta(days=2)})
    return Calendar(7, "Europe/Berlin", START, {}, rules, items, (cohort, *occasions))


# The plan.


def test_a_rule_makes_one_row_an_occasion_in_the_order_of_time() -> None:
    planned = plan(calendar(session(2, START + timedelta(days=7)), session(1)))
    assert [(row.rule, row.due_at) for row in planned] == [
        ("remind", START - timedelta(days=1)),
        ("soon", START - timedelta(hours=1)),
        ("remind", START + timedelta(days=6)),
        ("soon", START + timedelta(days=7, hours=-1)),
    ]
    assert len({row.key for row in planned}) == 4


def test_the_plan_is_pure() -> None:
    one = calendar(session(1), session(2, START + timedelta(days=7)))
    assert plan(one) == plan(one) == plan(replace(one, occasions=tuple(reversed(one.occasions))))


def test_a_key_changes_with_the_revision_and_not_with_the_time() -> None:
    (first, _), (moved, _), (later, _) = (
        plan(calendar(one)) for one in (session(), session(revision=1), session(start=START + timedelta(days=1)))
    )
    assert first.key != moved.key
    assert first.key == later.key


def test_a_row_is_too_late_after_its_allowance() -> None:
    remind, soon = plan(calendar(session()))
    assert remind.late_at == remind.due_at + timedelta(hours=20)
    assert soon.late_at == soon.due_at + timedelta(minutes=50)
    assert (remind.lead, soon.lead) == (timedelta(days=1), timedelta(hours=1))


def test_what_the_program_switches_off_is_not_planned() -> None:
    off = replace(calendar(session()), switches={"reminder_day": False})
    assert [row.rule for row in plan(off)] == ["soon"]


def test_a_rule_with_a_trait_is_for_occasions_that_have_it() -> None:
    rule = replace(HOUR, trait="guest")
    assert plan(calendar(session(), rules=[rule])) == []
    assert len(plan(calendar(session(traits=frozenset({"guest"})), rules=[rule]))) == 1


def test_a_day_before_is_the_calendars_and_an_hour_is_elapsed_time_across_the_dst_change() -> None:
    sunday = datetime(2027, 3, 28, 14, 0, tzinfo=UTC)  # 16:00 in Berlin, on the day the clocks go forward
    remind, soon = plan(calendar(session(start=sunday)))
    assert remind.due_at == datetime(2027, 3, 27, 15, 0, tzinfo=UTC)  # 16:00 in Berlin the day before
    assert soon.due_at == sunday - timedelta(hours=1)


@pytest.mark.parametrize(
    ("when", "rows"),
    [
        ("1h before session", [("session", START - timedelta(hours=1))]),
        ("2d after start", [("cohort", START + timedelta(days=2))]),
        ("1d before close", [("cohort", START - timedelta(days=3))]),
        ("day 3 at 10:00", [("cohort", datetime(2027, 1, 14, 9, 0, tzinfo=UTC))]),
    ],
)
def test_an_item_of_the_program_hangs_on_what_it_names(when: str, rows: list[tuple[str, datetime]]) -> None:
    item = Item("prompts/say", "hello", parse_when(when))
    planned = plan(calendar(session(), rules=(), items=[item]))
    assert [(row.key.split("/")[-2].partition(":")[0], row.due_at) for row in planned] == rows
    assert all(row.args["item"] == "hello" for row in planned)


moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(st.lists(st.tuples(moments, st.integers(0, 3)), max_size=5, unique_by=lambda pair: pair[0]))
def test_every_plan_is_ordered_and_each_row_comes_before_its_moment(times: list[tuple[datetime, int]]) -> None:
    occasions = [session(n, start, revision) for n, (start, revision) in enumerate(times)]
    planned = plan(calendar(*occasions))
    assert [row.due_at for row in planned] == sorted(row.due_at for row in planned)
    assert len({row.key for row in planned}) == len(planned) == 2 * len(times)
    for row in planned:
        starts = occasions[int(row.args["session_id"])].moments["start"]
        assert starts - timedelta(hours=26) < row.due_at < starts


# The table.


def rows_of(db: Db) -> list[Touchpoint]:
    return list(db.exec(select(Touchpoint).order_by(col(Touchpoint.id))).all())


def as_told(db: Db) -> list[tuple[object, ...]]:
    return [(row.key, row.state, row.due_at, row.reason) for row in rows_of(db)]


def test_reconciling_again_changes_nothing(store: Store, circle: Circle) -> None:
    before = store.read(as_told)
    store.write(lambda db: reconcile(db, circle.again(db), now=NOW))
    store.write(lambda db: reconcile(db, circle.again(db), now=NOW))
    assert store.read(as_told) == before
    assert before


def test_a_cohort_that_is_over_has_nothing_planned(store: Store, circle: Circle) -> None:
    def ends(db: Db) -> None:
        cohort = circle.again(db)
        cohort.state = CohortState.CANCELLED
        reconcile(db, cohort, now=NOW)

    store.write(ends)
    assert {row.state for row in store.read(rows_of)} == {TouchpointState.WITHDRAWN}


def test_what_has_fired_is_left_alone(store: Store, circle: Circle) -> None:
    (first, *_) = store.read(rows_of)
    store.write(lambda db: claim(db, first.id, now=first.due_at))
    store.write(lambda db: reconcile(db, circle.again(db), now=first.due_at + timedelta(days=1)))
    (again,) = [row for row in store.read(rows_of) if row.id == first.id]
    assert (again.state, again.fired_at) == (TouchpointState.FIRED, first.due_at)


def test_a_row_is_not_claimed_before_its_time(store: Store, circle: Circle) -> None:
    (first, *_) = store.read(lambda db: due(db, START + timedelta(days=90)))
    early = first.due_at - timedelta(seconds=1)
    assert store.write(lambda db: claim(db, first.id, now=early)) is None
    assert first.id not in [row.id for row in store.read(lambda db: due(db, early))]
    assert first.id in [row.id for row in store.read(lambda db: due(db, first.due_at))]


def test_a_row_that_comes_too_late_is_recorded_and_not_claimed(store: Store, circle: Circle) -> None:
    row = next(row for row in store.read(rows_of) if row.rule == "sessions/reminder-hour")
    assert row.late_at is not None
    late = row.late_at + timedelta(seconds=1)
    assert store.write(lambda db: claim(db, row.id, now=late)) is None
    (kept,) = [one for one in store.read(rows_of) if one.id == row.id]
    assert (kept.state, kept.reason) == (TouchpointState.SKIPPED, "too late when its time came")


class Undone(Exception):
    """Takes back everything that an example did."""


MOVES = st.lists(
    st.tuples(
        st.integers(1, 90),  # hours that pass first
        st.integers(1, 4),  # which session
        st.sampled_from(["move", "move", "cancel", "add", "hold"]),
        st.integers(1, 900),  # hours from then
    ),
    min_size=1,
    max_size=9,
)


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=MOVES)
def test_however_sessions_move_what_is_pending_is_the_plan(
    on_sqlite: Store, changes: list[tuple[int, int, str, int]]
) -> None:
    """After any changes: pending rows are exactly the planned rows that are still ahead, with the plan's times; those
    planned and past, or covered by the notice of a change, are recorded as skipped; and nothing is there twice."""
    from tests.cohorts.conftest import Circle

    def story(db: Db) -> None:
        circle = Circle(db)
        circle.member(db, "ana")
        cohort, fay, now = circle.cohort, circle.fay, NOW
        cohorts_.launch(db, cohort, by=fay, now=now)
        for hours, number, change, ahead in changes:
            now = _time_passes(db, now, now + timedelta(hours=hours))
            standing = [one for one in sessions.standing(db, cohort) if one.state is SessionState.PLANNED]
            then = now + timedelta(hours=ahead)
            if change == "add":
                timetable.schedule(db, cohort, title="More", starts_at=then, minutes=60, by=fay, now=now)
            elif len(standing) >= number and change == "move":
                timetable.move(db, cohort, standing[number - 1], then, by=fay, now=now)
            elif len(standing) >= number and change == "cancel":
                timetable.cancel(db, cohort, standing[number - 1], by=fay, now=now)
            elif standing and change == "hold":
                sessions.end(db, standing[0], now=now)
                reconcile(db, cohort, now=now)
            _agrees(db, plan(calendar_of(db, cohort)), now)
            before = as_told(db)
            reconcile(db, cohort, now=now)
            assert as_told(db) == before
        raise Undone

    with pytest.raises(Undone):
        on_sqlite.write(story)


def _time_passes(db: Db, now: datetime, then: datetime) -> datetime:
    while rows := due(db, then, most=10_000):  # a row comes again for those whose turn is later
        for row in rows:
            claim(db, row.id, now=max(now, row.turn_at))
    return then


def _agrees(db: Db, planned: list[Planned], now: datetime) -> None:
    wanted = {row.key: row for row in planned}
    kept = {row.key: row for row in rows_of(db)}
    assert len(kept) == len(rows_of(db))
    assert wanted.keys() <= kept.keys()
    for key, row in kept.items():
        match row.state:
            case TouchpointState.PENDING:
                assert key in wanted, f"{key} hangs on nothing"
                assert row.due_at == wanted[key].due_at
                assert row.turn_at >= now
            case TouchpointState.WITHDRAWN:
                assert key not in wanted, f"{key} is planned and was withdrawn"
            case TouchpointState.SKIPPED:
                assert row.reason
            case TouchpointState.FIRED:
                assert row.fired_at is not None and row.fired_at >= row.turn_at
    for key, one in wanted.items():
        covered = one.changed_at is not None and one.due_at <= one.changed_at + one.lead / 4
        if one.due_at >= now and not covered:
            assert kept[key].state in (TouchpointState.PENDING, TouchpointState.FIRED), key


def test_the_property_would_notice_a_row_left_behind(on_sqlite: Store) -> None:
    from tests.cohorts.conftest import Circle

    def story(db: Db) -> None:
        circle = Circle(db)
        _agrees(db, plan(calendar_of(db, circle.cohort)), NOW)
        db.execute(
            sa.update(Touchpoint)
            .where(col(Touchpoint.rule) == "sessions/reminder-hour")
            .values(due_at=START + timedelta(days=40))
        )
        db.expire_all()
        _agrees(db, plan(calendar_of(db, circle.cohort)), NOW)

    with pytest.raises(AssertionError):
        on_sqlite.write(story)
