"""The rules on both databases, and what many at once do on a real PostgreSQL."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from bot import claims
from cohorts import admission, applications, homework, outbox, people, sessions, timetable, touchpoints
from cohorts import cohort as cohorts_
from cohorts.applications import Application, ApplicationState, Decision
from cohorts.cohort import Cohort, CohortState, Membership
from cohorts.errors import Refused
from cohorts.facts import Markdown
from cohorts.homework import Submission
from cohorts.outbox import Effect, EffectKind, EffectState
from cohorts.people import Person
from cohorts.rooms import Room
from cohorts.store import Db, Store
from cohorts.touchpoints import Touchpoint, TouchpointState

if TYPE_CHECKING:
    from tests.cohorts.conftest import Circle

NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)


def test_somebody_applies_and_is_accepted(store: Store, circle: Circle) -> None:
    member = store.write(lambda db: circle.member(db, "ana"))
    application = store.read(lambda db: db.exec(select(Application)).one())
    assert application.state is ApplicationState.ACCEPTED
    assert application.given == {"goal": "To try it"}
    effects = store.read(lambda db: db.exec(select(Effect).order_by(col(Effect.id))).all())
    assert effects[0].kind is EffectKind.ROOM
    (invited,) = [one for one in effects if one.membership_id == member.id and one.kind is EffectKind.INVITE]
    (told,) = [one for one in effects if one.template == "applications/accepted"]
    assert (invited.person_id, told.person_id) == (member.person_id, member.person_id)
    assert member.accepted_at == NOW


def test_a_session_is_scheduled_and_moved_and_its_touchpoints_follow(store: Store, circle: Circle) -> None:
    def story(db: Db) -> None:
        circle.member(db, "ana")
        cohort = circle.again(db)
        cohorts_.launch(db, cohort, by=circle.fay, now=NOW)
        extra = timetable.schedule(
            db, cohort, title="Extra", starts_at=FIRST + timedelta(days=3), minutes=30, by=circle.fay, now=NOW
        )
        assert extra.key == "extra-1"
        timetable.move(db, cohort, sessions.number(db, cohort, 1), FIRST + timedelta(days=1), by=circle.fay, now=NOW)

    store.write(story)
    rows = store.read(lambda db: db.exec(select(Touchpoint).where(Touchpoint.rule == "sessions/reminder-hour")).all())
    standing = sorted(row.due_at for row in rows if row.state is TouchpointState.PENDING)
    hour = timedelta(hours=1)
    assert standing == [
        FIRST + timedelta(days=1) - hour,
        FIRST + timedelta(days=3) - hour,
        FIRST + timedelta(days=7) - hour,
        FIRST + timedelta(days=14) - hour,
    ]
    assert [row.due_at for row in rows if row.state is TouchpointState.WITHDRAWN] == [FIRST - hour]


def test_what_is_due_is_found_and_fires_once(store: Store, circle: Circle) -> None:
    (first, *_) = store.read(lambda db: touchpoints.due(db, FIRST + timedelta(days=30)))
    assert store.read(touchpoints.next_due).id == first.id  # type: ignore[union-attr]
    assert store.write(lambda db: touchpoints.claim(db, first.id, now=first.due_at)) is not None
    assert store.write(lambda db: touchpoints.claim(db, first.id, now=first.due_at)) is None


def test_homework_is_handed_in_and_again(store: Store, circle: Circle) -> None:
    member = store.write(lambda db: circle.member(db, "ana"))

    def hands_in(db: Db, words: str) -> Submission:
        cohort = circle.again(db)
        mine = db.get_one(Membership, member.id)
        one = homework.the_one(db, cohort, mine, None, now=FIRST)
        return homework.submit(db, cohort, one, mine, link="", words=words, now=FIRST)

    store.write(lambda db: hands_in(db, "a try"))
    again = store.write(lambda db: hands_in(db, "a better try"))
    assert (again.words, again.times) == ("a better try", 2)
    rows = store.read(lambda db: db.exec(select(Submission)).all())
    assert len(rows) == 1


def test_somebody_leaves_and_the_first_on_the_waitlist_moves_up(store: Store, circle: Circle) -> None:
    def story(db: Db) -> list[str]:
        member = circle.member(db, "ana")
        ben = circle.applicant(db, "ben")
        cohort = circle.again(db)
        waits = applications.of_person(db, cohort, ben)
        admission.decide(db, waits, Decision.WAITLIST, by=circle.fay, now=NOW)
        admission.send_decisions(db, cohort, by=circle.fay, now=NOW)
        cohorts_.leave(db, cohort, member, now=NOW)
        admission.promote(db, cohort, now=NOW)
        return [cohorts_.person_of(db, one).name for one in cohorts_.present(db, cohort)]

    assert store.write(story) == ["Ben"]


# Many at once.


@pytest.mark.parametrize("attempt", range(3))
def test_forty_acceptances_at_once_fill_fifteen_seats_and_no_more(store: Store, circle: Circle, attempt: int) -> None:
    names = [f"p{n}" for n in range(40)]
    for name in names:
        store.write(lambda db, name=name: circle.applicant(db, name))  # type: ignore[misc]
    start = threading.Barrier(40)

    def accepts(name: str) -> bool:
        start.wait()

        def work(db: Db) -> None:
            cohort = circle.again(db)
            person = people.find(db, circle.place.id, name)
            application = applications.of_person(db, cohort, person)
            admission.decide(db, application, Decision.ACCEPT, by=circle.fay, now=NOW)
            admission.send_decisions(db, cohort, by=circle.fay, now=NOW)

        try:
            store.write(work)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(40) as threads:
        accepted = list(threads.map(accepts, names))
    members = store.read(lambda db: db.exec(select(Membership)).all())
    assert sum(accepted) == len(members) == 15
    states = store.read(lambda db: db.exec(select(Application.state)).all())
    assert sorted(states) == ["accepted"] * 15 + ["submitted"] * 25
    told = store.read(lambda db: db.exec(select(Effect).where(Effect.template == "applications/accepted")).all())
    assert len(told) == 15


def test_read_committed_would_put_too_many_into_the_seats(on_postgres: Store) -> None:
    """Why transactions are serialisable: the same race without it, two at a time, takes one seat twice."""
    on_postgres.write(lambda db: people.workspace(db, "local", "here"))
    both_have_looked = threading.Barrier(2)
    relaxed = on_postgres.engine.execution_options(isolation_level="READ COMMITTED")

    def takes_a_seat(name: str) -> None:
        with Db(relaxed) as db:
            taken = db.execute(sa.select(sa.func.count()).select_from(Person)).scalar_one()
            both_have_looked.wait()
            if taken < 1:
                db.add(Person(workspace_id=1, name=name))
                db.commit()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(takes_a_seat, ["ana", "ben"]))
    assert on_postgres.read(lambda db: len(db.exec(select(Person)).all())) == 2


def test_two_who_change_the_same_cohort_at_once_both_get_through(store: Store, circle: Circle) -> None:
    start = threading.Barrier(2)

    def moves(number: int) -> None:
        start.wait()
        store.write(
            lambda db: timetable.move(
                db,
                circle.again(db),
                sessions.number(db, circle.again(db), number),
                FIRST + timedelta(days=7 * (number - 1) + 1),
                by=circle.fay,
                now=NOW,
            )
        )

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(moves, (1, 2)))
    rows = store.read(lambda db: sessions.all_of(db, circle.again(db)))
    assert [row.revision for row in rows] == [1, 1, 0]


# Claims.


def with_posts(store: Store, lanes: int, each: int) -> None:
    def work(db: Db) -> None:
        place = people.workspace(db, "local", "here")
        for lane in range(lanes):
            room = Room(workspace_id=place.id, name=f"room-{lane}", external=f"room-{lane}")
            db.add(room)
            db.flush()
            for n in range(each):
                outbox.announce(db, room, "prompts/say", key=f"{lane}/{n}", now=NOW, text=Markdown("words"))

    store.write(work)


def claim(store: Store, most: int = 64) -> list[claims.Job]:
    return store.write(lambda db: claims.claim(db, now=NOW, lease=timedelta(minutes=1), held=frozenset(), most=most))


def test_only_the_head_of_each_lane_is_claimed(store: Store) -> None:
    with_posts(store, lanes=3, each=4)
    assert [job.parcel.key for job in claim(store)] == ["0/0", "1/0", "2/0"]
    assert claim(store) == []
    head = store.read(lambda db: db.exec(select(Effect).where(Effect.key == "1/0")).one())
    store.write(lambda db: claims.record(db, claims.Sent(head.id, "receipt", NOW), now=NOW))
    assert [job.parcel.key for job in claim(store)] == ["1/1"]


def test_claims_that_another_transaction_holds_are_skipped_and_not_waited_for(on_postgres: Store) -> None:
    with_posts(on_postgres, lanes=4, each=1)
    options = {"isolation_level": "READ COMMITTED"}
    with (
        Db(on_postgres.engine.execution_options(**options)) as first,
        Db(on_postgres.engine.execution_options(**options)) as second,
    ):
        # A claim that waited for the other's locks would end with an error here, not with fewer jobs.
        second.execute(sa.text("SET LOCAL lock_timeout = '200ms'"))
        mine = claims.claim(first, now=NOW, lease=timedelta(minutes=1), held=frozenset(), most=2)
        yours = claims.claim(second, now=NOW, lease=timedelta(minutes=1), held=frozenset(), most=64)
        first.commit()
        second.commit()
    assert {job.parcel.key for job in mine} == {"0/0", "1/0"}
    assert {job.parcel.key for job in yours} == {"2/0", "3/0"}


def test_many_who_deliver_at_once_claim_each_effect_once_and_in_order(store: Store) -> None:
    with_posts(store, lanes=6, each=5)
    sent: list[str] = []
    noting = threading.Lock()

    def delivers(_: int) -> None:
        idle = 0
        while idle < 40:
            jobs = claim(store, most=2)
            idle = 0 if jobs else idle + 1
            for job in jobs:
                with noting:
                    sent.append(job.parcel.key)
                result = claims.Sent(job.effect_id, job.parcel.key, NOW)
                store.write(lambda db, result=result: claims.record(db, result, now=NOW))  # type: ignore[misc]
            if len(sent) >= 30:
                return

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(delivers, range(3)))
    assert len(sent) == len(set(sent)) == 30
    for lane in range(6):
        assert [key for key in sent if key.startswith(f"{lane}/")] == [f"{lane}/{n}" for n in range(5)]
    states = store.read(lambda db: db.exec(select(Effect.state)).all())
    assert set(states) == {EffectState.SENT}


def test_a_launched_cohort_reads_the_same_in_both(store: Store, circle: Circle) -> None:
    store.write(lambda db: circle.member(db, "ana"))
    store.write(lambda db: cohorts_.launch(db, circle.again(db), by=circle.fay, now=NOW))
    cohort = store.read(lambda db: db.exec(select(Cohort)).one())
    assert cohort.state is CohortState.RUNNING
    assert cohort.closes_at.tzinfo is UTC
    assert cohort.starts_on.isoformat() == "2027-01-11"
