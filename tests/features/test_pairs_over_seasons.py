"""Whom members met in an earlier season counts; and the pairs of many are planned before they are kept."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import select

from cohorts import breakouts, conducting, conductor, draws, meeting, sessions
from cohorts.cohort import Cohort, Membership, MembershipState
from cohorts.pairing import plan
from cohorts.store import Db
from tests.support.chat import World
from tests.support.stories import running

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)


def another_season(db: Db) -> Cohort:
    """Of the same people, who come in another order."""
    first = db.exec(select(Cohort)).one()
    again = Cohort(**{**first.model_dump(exclude={"id"}), "handle": "another-season"})
    db.add(again)
    db.flush()
    for one in reversed(db.exec(select(Membership).where(Membership.cohort_id == first.id)).all()):
        row = one.model_dump(exclude={"id"})
        db.add(Membership(**{**row, "cohort_id": again.id, "state": MembershipState.ACTIVE}))
    db.flush()
    return again


def test_two_who_met_in_an_earlier_season_have_met(chat: World) -> None:
    people = running(chat, 4)
    chat.until(FIRST)
    for one in people:
        one.presses("I'm here", room=one.room())
    chat.fay.says("/session start").says("next segment")

    def names(db: Db) -> tuple[set[frozenset[int]], set[frozenset[int]], int]:
        first, again = db.exec(select(Cohort)).one(), another_season(db)
        person = {str(one.id): one.person_id for one in db.exec(select(Membership)).all()}
        met = [breakouts.history(db, cohort).met for cohort in (first, again)]
        there = [str(one.id) for one in db.exec(select(Membership).where(Membership.cohort_id == again.id)).all()]
        made = plan(there, 2, history=breakouts.history(db, again))
        before, after = ({frozenset(person[one] for one in pair) for pair in known} for known in met)
        return before, after, made.repeats

    before, after, repeats = chat.store.write(names)
    assert before == after and len(before) == 2
    assert repeats == 0


def test_what_was_planned_on_a_readers_thread_is_what_the_transaction_keeps(chat: World) -> None:
    running(chat, 4)
    chat.until(FIRST)
    now = FIRST
    assert chat.store.read(lambda db: conducting.plan_ahead(db, now=now)) == 0, "so few are planned as it begins"
    assert chat.store.read(lambda db: conducting.plan_ahead(db, now=now, beyond=3)) == 1
    worked_out = draws.planned.cache_info().misses

    def begun(db: Db) -> list[int]:
        session = sessions.beginning(db, now=now)[0]
        cohort = db.get_one(Cohort, session.cohort_id)
        meeting.begin(db, cohort, session, now=now)
        if (show := conductor.of(db, session)) is not None:
            conducting.go_on(db, cohort, session, show, now=now)
        return [len(breakouts.groups(db, one)) for one in breakouts.of_session(db, session)]

    assert chat.store.write(begun) == [2]
    assert draws.planned.cache_info().misses == worked_out, "nothing was planned a second time"
