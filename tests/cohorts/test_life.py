"""Cohort, membership, application, session: nothing happens to them that their table of states doesn't allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cohorts import admission, applications, graduation, sessions, timetable
from cohorts import cohort as cohorts_
from cohorts.applications import APPLICATION_LIFE, Application, ApplicationState, Decision
from cohorts.cohort import COHORT_LIFE, MEMBERSHIP_LIFE, Cohort, CohortState, Membership, MembershipState
from cohorts.errors import Invalid, Refused
from cohorts.people import Person
from cohorts.sessions import SESSION_LIFE, Session, SessionState
from cohorts.states import advance, may
from cohorts.store import Db, Store

NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)
TABLES: dict[type[StrEnum], Mapping[Any, frozenset[Any]]] = {
    CohortState: COHORT_LIFE,
    MembershipState: MEMBERSHIP_LIFE,
    ApplicationState: APPLICATION_LIFE,
    SessionState: SESSION_LIFE,
}
STEPS = [(kind, now, then) for kind in TABLES for now in kind for then in kind]


@pytest.mark.parametrize("kind", TABLES)
def test_every_state_says_what_may_follow_it(kind: type[StrEnum]) -> None:
    assert set(TABLES[kind]) == set(kind)
    assert all(now not in then for now, then in TABLES[kind].items())


@pytest.mark.parametrize("kind", TABLES)
def test_every_state_can_be_reached_from_the_first(kind: type[StrEnum]) -> None:
    reached = [next(iter(kind))]
    for state in reached:
        reached += [then for then in TABLES[kind][state] if then not in reached]
    assert set(reached) == set(kind)


@pytest.mark.parametrize(("kind", "now", "then"), STEPS)
def test_only_what_the_table_allows_can_follow(kind: type[StrEnum], now: StrEnum, then: StrEnum) -> None:
    table = TABLES[kind]
    if then in table[now]:
        assert advance(table, now, then, "cohort/no") is then and may(table, now, then)
    else:
        with pytest.raises(Refused):
            advance(table, now, then, "cohort/no")


@pytest.mark.parametrize(
    ("kind", "now", "then"),
    [
        (CohortState, CohortState.CANCELLED, CohortState.RUNNING),
        (CohortState, CohortState.RECRUITING, CohortState.GRADUATED),
        (MembershipState, MembershipState.LEFT, MembershipState.PAUSED),
        (MembershipState, MembershipState.REMOVED, MembershipState.GRADUATED),
        (ApplicationState, ApplicationState.DRAFT, ApplicationState.ACCEPTED),
        (ApplicationState, ApplicationState.ACCEPTED, ApplicationState.SUBMITTED),
        (SessionState, SessionState.HELD, SessionState.PLANNED),
        (SessionState, SessionState.CANCELLED, SessionState.LIVE),
    ],
)
def test_what_must_never_happen_is_not_in_a_table(kind: type[StrEnum], now: StrEnum, then: StrEnum) -> None:
    assert then not in TABLES[kind][now]


# Every function that changes a state, from every state, in any order.


class Undone(Exception):
    """Takes back everything that an example did."""


class Life:
    """One cohort with a member and her application, and everything that may be done to them."""

    def __init__(self, db: Db) -> None:
        from tests.cohorts.conftest import Circle

        self.db = db
        self.circle = Circle(db)
        self.cohort = self.circle.cohort
        self.member = self.circle.member(db, "ana")
        self.ana = db.get_one(Person, self.member.person_id)
        self.application = applications.of_person(db, self.cohort, self.ana)
        self.session = sessions.number(db, self.cohort, 1)
        self.now = NOW

    @property
    def subjects(self) -> dict[type[StrEnum], Cohort | Membership | Application | Session]:
        return {
            CohortState: self.cohort,
            MembershipState: self.member,
            ApplicationState: self.application,
            SessionState: self.session,
        }

    def states(self) -> dict[type[StrEnum], StrEnum]:
        return {kind: subject.state for kind, subject in self.subjects.items()}

    def decide(self, decision: Decision) -> None:
        admission.decide(self.db, self.application, decision, by=self.circle.fay, now=self.now)
        admission.send_decisions(self.db, self.cohort, by=self.circle.fay, now=self.now)

    def try_(self, deed: str) -> bool:
        """Do one thing, undone when it is refused; whether it was done."""
        savepoint = self.db.begin_nested()
        try:
            DEEDS[deed](self)
        except (Refused, Invalid):
            savepoint.rollback()
            return False
        savepoint.commit()
        return True


DEEDS: Mapping[str, Callable[[Life], object]] = {
    "launch": lambda one: cohorts_.launch(one.db, one.cohort, by=one.circle.fay, now=one.now),
    "name graduates": lambda one: graduation.name_graduates(one.db, one.cohort, now=one.now),
    "pause": lambda one: cohorts_.pause(one.db, one.member, now=one.now),
    "resume": lambda one: cohorts_.resume(one.db, one.member, now=one.now),
    "leave": lambda one: cohorts_.leave(one.db, one.cohort, one.member, now=one.now),
    "graduate": lambda one: cohorts_.graduate(one.db, one.member),
    "welcome": lambda one: cohorts_.welcome(one.db, one.cohort, one.ana, now=one.now),
    "apply": lambda one: admission.submit(one.db, one.cohort, one.ana, {"goal": "again"}, now=one.now),
    "accept": lambda one: one.decide(Decision.ACCEPT),
    "waitlist": lambda one: one.decide(Decision.WAITLIST),
    "decline": lambda one: one.decide(Decision.DECLINE),
    "withdraw": lambda one: admission.withdraw(one.db, one.application, now=one.now),
    "leave for another": lambda one: admission.leave(one.db, one.cohort, one.member, now=one.now),
    "remove": lambda one: cohorts_.remove(one.db, one.cohort, one.member, now=one.now),
    "promote": lambda one: admission.promote(one.db, one.cohort, now=one.now),
    "begin": lambda one: sessions.begin(one.db, one.session, now=one.now),
    "end": lambda one: sessions.end(one.db, one.session, now=one.now),
    "move": lambda one: timetable.move(
        one.db, one.cohort, one.session, one.now + timedelta(days=9), by=one.circle.fay, now=one.now
    ),
    "cancel": lambda one: timetable.cancel(one.db, one.cohort, one.session, by=one.circle.fay, now=one.now),
}


def _lives(db: Db, starts: Mapping[type[StrEnum], StrEnum], deeds: list[str], at: datetime) -> None:
    life = Life(db)
    life.now = at
    for kind, state in starts.items():
        life.subjects[kind].state = state  # type: ignore[assignment]
    db.flush()
    for deed in deeds:
        before, revision = life.states(), life.member.revision
        done = life.try_(deed)
        after = life.states()
        for kind, state in after.items():
            assert state is before[kind] or (done and may(TABLES[kind], before[kind], state)), f"{deed}: {before}"
        if before[MembershipState] is not after[MembershipState]:
            assert life.member.revision > revision, "what was queued for the old state must not be sent"
    raise Undone


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    starts=st.fixed_dictionaries({kind: st.sampled_from(list(kind)) for kind in TABLES}),
    deeds=st.lists(st.sampled_from(sorted(DEEDS)), min_size=1, max_size=6),
    at=st.sampled_from([NOW, FIRST - timedelta(minutes=20), FIRST + timedelta(minutes=5), FIRST + timedelta(days=16)]),
)
def test_nothing_else_than_the_table_can_happen(
    on_sqlite: Store, starts: dict[type[StrEnum], StrEnum], deeds: list[str], at: datetime
) -> None:
    with pytest.raises(Undone):
        on_sqlite.write(lambda db: _lives(db, starts, deeds, at))


def test_the_property_would_notice_a_forbidden_step(on_sqlite: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def reborn(one: Life) -> None:
        one.member.state = MembershipState.PAUSED

    monkeypatch.setitem(DEEDS, "reborn", reborn)
    with pytest.raises(AssertionError, match="reborn"):
        on_sqlite.write(lambda db: _lives(db, {MembershipState: MembershipState.LEFT}, ["reborn"], NOW))


def test_every_deed_can_be_done_somewhere(on_sqlite: Store) -> None:
    """Otherwise the property above would hold for nothing."""
    worlds: dict[str, tuple[dict[type[StrEnum], StrEnum], datetime]] = {
        "resume": ({MembershipState: MembershipState.PAUSED}, NOW),
        "apply": ({ApplicationState: ApplicationState.WITHDRAWN}, NOW),
        "accept": ({ApplicationState: ApplicationState.SUBMITTED, MembershipState: MembershipState.LEFT}, NOW),
        "waitlist": ({ApplicationState: ApplicationState.SUBMITTED}, NOW),
        "decline": ({ApplicationState: ApplicationState.SUBMITTED}, NOW),
        "withdraw": ({ApplicationState: ApplicationState.SUBMITTED}, NOW),
        "begin": ({}, FIRST),
        "end": ({SessionState: SessionState.LIVE}, FIRST),
    }
    done: set[str] = set()

    def tries(db: Db, deed: str) -> None:
        life = Life(db)
        starts, life.now = worlds.get(deed, ({}, NOW))
        for kind, state in starts.items():
            life.subjects[kind].state = state  # type: ignore[assignment]
        db.flush()
        if life.try_(deed):
            done.add(deed)
        raise Undone

    for deed in DEEDS:
        with pytest.raises(Undone):
            on_sqlite.write(lambda db, deed=deed: tries(db, deed))  # type: ignore[misc]
    assert done == set(DEEDS)
