"""Who is where the cohort talks is there: where that is, from when to when, and what it sets going."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from cohorts import cohort, presence, rounds, sessions
from cohorts.attendance import Attendance
from cohorts.breakouts import Seat
from cohorts.cohort import Membership
from cohorts.people import Person
from cohorts.sessions import Session, SessionState
from cohorts.store import Db, Store
from tests.cohorts.conftest import NOW, Circle
from tests.support.evening import segment

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)
LINK = "https://discord.com/channels/1/2"
ELSEWHERE = 4711


class Evening:
    """The first session of a circle of four, of whom nobody was seen yet."""

    def __init__(self, store: Store, circle: Circle) -> None:
        self.store = store
        self.circle = circle
        store.write(self._launched)

    def _launched(self, db: Db) -> None:
        for name in ("ana", "ben", "chi", "dan"):
            self.circle.member(db, name)
        cohort.launch(db, self.circle.again(db), by=self.circle.fay, now=NOW)

    def session(self, db: Db) -> Session:
        return sessions.number(db, self.circle.again(db), 1)

    def member(self, db: Db, name: str) -> Membership:
        query = select(Membership).join(Person).where(Person.name == name.capitalize())
        return db.exec(query).one()

    def enters(
        self, name: str, minutes: float = 0, *, room: int | None = None, link: str = "", came: bool = True
    ) -> bool:
        def work(db: Db) -> bool:
            who = db.exec(select(Person).where(Person.name == name.capitalize())).one()
            own = self.circle.again(db).room_id
            assert own is not None
            now = FIRST + timedelta(minutes=minutes)
            return presence.entered(db, who, {room or own}, link, came=came, now=now)

        return self.store.write(work)

    def seen(self) -> list[str]:
        def names(db: Db) -> list[str]:
            query = select(Person.name).join(Membership).join(Attendance).order_by(Person.name)
            assert {one.source for one in db.exec(select(Attendance)).all()} <= {"voice"}
            return list(db.exec(query).all())

        return self.store.read(names)

    def state(self) -> SessionState:
        return self.store.read(lambda db: self.session(db).state)


@pytest.fixture
def evening(store: Store, circle: Circle) -> Evening:
    return Evening(store, circle)


def test_it_counts_from_half_an_hour_before_until_the_end(evening: Evening) -> None:
    assert [one for one in (-31, 600) if evening.enters("ana", one)] == [] == evening.seen()
    assert [name for name, at in (("ana", -30), ("ben", 5)) if evening.enters(name, at)] == ["ana", "ben"]
    assert evening.seen() == ["Ana", "Ben"]


def test_a_session_that_is_over_counts_nobody_any_more(evening: Evening) -> None:
    evening.store.write(lambda db: sessions.end(db, evening.session(db), now=FIRST))
    assert not evening.enters("ana", 1)
    assert evening.seen() == []


def test_it_is_the_cohorts_own_room_or_the_place_that_its_link_leads_to(evening: Evening) -> None:
    assert not evening.enters("ana", room=ELSEWHERE)
    assert not evening.enters("ana", room=ELSEWHERE, link=LINK)
    evening.store.write(lambda db: setattr(evening.session(db), "place", f"{LINK}/"))
    assert evening.enters("ana", room=ELSEWHERE, link=LINK)
    assert evening.enters("ben")
    assert evening.seen() == ["Ana", "Ben"]


def test_who_is_no_member_is_not_there(evening: Evening) -> None:
    assert not evening.enters("fay")
    assert evening.seen() == []


def test_who_was_seen_is_seen_once(evening: Evening) -> None:
    assert evening.enters("ana", -20)
    assert not evening.enters("ana", -10, came=False)
    evening.enters("ana", 5)
    assert evening.seen() == ["Ana"]


def test_who_sat_there_long_before_is_seen_when_the_time_has_come(evening: Evening) -> None:
    assert not evening.enters("ana", -45)
    assert evening.enters("ana", -3, came=False)


def test_what_nobody_began_begins_with_whoever_comes_ten_minutes_late(evening: Evening) -> None:
    evening.enters("ana", 9)
    assert evening.state() is SessionState.PLANNED
    evening.enters("ben", 10)
    assert evening.state() is SessionState.LIVE


def test_who_was_looked_for_in_vain_is_back_when_they_come_and_not_because_they_were_moved(evening: Evening) -> None:
    for each in ("ana", "ben", "chi", "dan"):
        evening.enters(each)

    def opened(db: Db) -> int:
        circle, session = evening.circle.again(db), evening.session(db)
        sessions.begin(db, session, now=FIRST)
        ends = FIRST + timedelta(minutes=8)
        made = rounds.open_round(db, circle, session, segment(), 1, ends=ends, now=FIRST)
        assert made is not None
        ana = evening.member(db, "ana")
        rounds.not_here(db, circle, session, ana, missing=None, now=FIRST)
        return db.exec(select(Seat.membership_id).where(Seat.gone_at == FIRST)).one()

    missing = evening.store.write(opened)

    def is_gone(db: Db) -> bool:
        seat = db.exec(select(Seat).where(Seat.membership_id == missing)).one()
        return seat.gone_at is not None and seat.back_at is None

    gone = evening.store.read(lambda db: cohort.person_of(db, db.get_one(Membership, missing)).name)
    assert not evening.enters(gone, 3, came=False)
    assert evening.store.read(is_gone)
    assert evening.enters(gone, 4)
    assert not evening.store.read(is_gone)
