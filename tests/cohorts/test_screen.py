"""What stands on the screen of a session, and where its link leads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from cohorts import (
    attendance,
    calling,
    chatham,
    cohort,
    conducting,
    conductor,
    meeting,
    people,
    polls,
    screen,
    sessions,
)
from cohorts.breakouts import Breakout, Seat
from cohorts.cohort import Membership
from cohorts.conductor import LineState, Show
from cohorts.errors import Refused
from cohorts.people import Person
from cohorts.program_kinds import SegmentKind
from cohorts.program_parts import Segment
from cohorts.screen import Ballot, Phase, Room, Screen, Step, View
from cohorts.sessions import Session
from cohorts.store import Db, Store
from tests.cohorts.conftest import NOW, Circle

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)
TOKEN = "a" * 43


class Evening:
    """The circle's first session, with three members who are there."""

    def __init__(self, store: Store, circle: Circle) -> None:
        self.store = store
        self.circle = circle
        self.members: list[int] = store.write(self._launched)

    def _launched(self, db: Db) -> list[int]:
        found = [self.circle.member(db, name).id for name in ("ana", "ben", "chi")]
        cohort.launch(db, self.circle.again(db), by=self.circle.fay, now=NOW)
        return found

    def session(self, db: Db) -> Session:
        return sessions.number(db, self.circle.again(db), 1)

    def begins(self, db: Db) -> Show:
        for one in self.members:
            attendance.seen(db, self.session(db), db.get_one(Membership, one), "check-in", now=FIRST)
        meeting.begin(db, self.circle.again(db), self.session(db), now=FIRST)
        show = conductor.of(db, self.session(db))
        assert show is not None
        return show

    def does(self, work: Callable[[Db], None]) -> None:
        self.store.write(work)

    def shows(self, **later: float) -> View:
        now = FIRST + timedelta(**later)
        return self.store.read(lambda db: screen.view(db, self.circle.again(db), self.session(db), now))

    def leads(self, token: str, now: datetime = FIRST) -> View | None:
        return self.store.read(lambda db: screen.seen_with(db, token, now=now))


@pytest.fixture
def evening(store: Store, circle: Circle) -> Evening:
    return Evening(store, circle)


def test_before_the_hour_it_counts_down_to_it(evening: Evening) -> None:
    shown = evening.shows(minutes=-4)
    assert (shown.title, shown.program, shown.phase, shown.ends) == ("First", "The Circle", Phase.BEFORE, FIRST)
    assert shown.left_at(FIRST - timedelta(minutes=4)) == 240
    assert shown.left_at(FIRST + timedelta(minutes=1)) == 0


def test_it_says_what_is_on_until_when_and_what_comes_next(evening: Evening) -> None:
    evening.store.write(evening.begins)
    shown = evening.shows()
    assert (shown.phase, shown.kind, shown.ends) == (Phase.ON, "discussion", FIRST + timedelta(minutes=55))
    assert shown.next == Step("reflection", 300, LineState.TO_COME)
    assert [one.state for one in shown.steps] == [LineState.ON, LineState.TO_COME]
    assert shown.left_at(FIRST + timedelta(seconds=0.5)) == 55 * 60  # a second that has begun is there
    assert evening.shows(minutes=3) == shown  # nothing has happened


def test_a_clock_that_stands_still_says_how_much_is_left(evening: Evening) -> None:
    def paused(db: Db) -> None:
        now = FIRST + timedelta(minutes=5)
        conducting.pause(db, evening.circle.again(db), evening.session(db), evening.begins(db), now=now)

    evening.does(paused)
    shown = evening.shows(minutes=20)
    assert (shown.ends, shown.left, shown.left_at(FIRST)) == (None, 50 * 60, 50 * 60)
    assert evening.shows(minutes=40) == shown


def test_when_all_is_through_it_says_so_and_a_choice_says_why(evening: Evening) -> None:
    def gone_on(db: Db) -> None:
        show = evening.begins(db)
        show.change(1, why="Sharing")
        conducting.go_on(db, evening.circle.again(db), evening.session(db), show, now=FIRST)

    evening.does(gone_on)
    shown = evening.shows()
    assert (shown.kind, shown.why, shown.next) == ("reflection", "Sharing", None)

    def over(db: Db) -> None:
        show = conductor.of(db, evening.session(db))
        assert show is not None
        conducting.go_on(db, evening.circle.again(db), evening.session(db), show, now=FIRST)

    evening.does(over)
    assert (evening.shows().phase, evening.shows().prompt) == (Phase.OVER, "")


def test_rooms_keep_their_numbers_and_show_first_names(evening: Evening) -> None:
    ana, ben, chi = evening.members

    def paired(db: Db) -> None:
        show, session = evening.begins(db), evening.session(db)
        pairs = Segment(kind=SegmentKind.PAIR_SHARE, minutes=8, prompt="What did you try?")
        conductor.insert_now(db, show, pairs, now=FIRST)
        drawn = Breakout(session_id=session.id, round=7, at=FIRST)
        db.add(drawn)
        db.flush()
        for member, group in ((ana, 3), (ben, 3), (chi, 0)):
            db.add(Seat(breakout_id=drawn.id, membership_id=member, group=group))
        show.change(show.place, detail=7)

    evening.does(paired)
    shown = evening.shows()
    assert (shown.kind, shown.prompt) == ("pair share", "What did you try?")
    assert shown.rooms == (Room(3, ("Ana", "Ben")),)
    assert shown.beside == ("Chi",)


def test_a_poll_is_counted_before_everybody_s_eyes_and_names_nobody(evening: Evening) -> None:
    def asked(db: Db) -> None:
        evening.begins(db)
        open_ = polls.open_poll(
            db, evening.circle.again(db), "What first?", ["Import", "Sharing"], by=evening.circle.fay, now=FIRST
        )
        voter = cohort.person_of(db, db.get_one(Membership, evening.members[0]))
        polls.vote(db, open_, voter, 1, now=FIRST)

    evening.does(asked)
    shown = evening.shows(minutes=1)
    assert shown.poll == Ballot("What first?", (("Import", 0), ("Sharing", 1)), closed=False)
    assert "Ana" not in repr(shown)

    def closed(db: Db) -> None:
        polls.close(db, evening.circle.again(db), polls.all_of(db, evening.circle.again(db))[0], now=FIRST)

    evening.does(closed)
    assert evening.shows(minutes=1).poll == Ballot("What first?", (("Import", 0), ("Sharing", 1)), closed=True)
    assert evening.shows(minutes=3).poll is None


def test_whoever_is_called_on_stands_there_until_the_talk_is_elsewhere(evening: Evening) -> None:
    def called(db: Db) -> None:
        evening.begins(db)
        calling.call(db, evening.circle.again(db), evening.session(db), by=evening.circle.fay, now=FIRST)

    evening.does(called)
    assert evening.shows(minutes=1).called in ("Ana", "Ben", "Chi")
    assert not evening.shows(minutes=1).floor
    assert evening.shows(minutes=6).called == ""


def test_somebody_has_the_floor_and_where_nobody_is_named_that_is_said(evening: Evening) -> None:
    def seated(db: Db) -> None:
        show = evening.begins(db)
        conductor.insert_now(db, show, Segment(kind=SegmentKind.HOT_SEAT, minutes=10), now=FIRST)
        show.change(show.place, detail=evening.members[1])
        chatham.begin(db, evening.session(db), now=FIRST)

    evening.does(seated)
    shown = evening.shows()
    assert (shown.called, shown.floor, shown.unnamed) == ("Ben", True, True)


def test_a_link_leads_to_its_session_alone_and_only_while_that_is_on(evening: Evening) -> None:
    def too_early(db: Db) -> None:
        screen.let_in(db, evening.session(db), TOKEN, now=FIRST - timedelta(hours=1))

    with pytest.raises(Refused, match="sessions/too-early"):
        evening.does(too_early)

    def opened(db: Db) -> None:
        screen.let_in(db, evening.session(db), TOKEN, now=FIRST - timedelta(minutes=20))
        evening.begins(db)

    evening.does(opened)
    shown = evening.leads(TOKEN)
    assert shown is not None and shown.title == "First"
    assert evening.leads("b" * 43) is None
    kept = evening.store.read(lambda db: db.exec(select(Screen)).one())
    assert TOKEN not in repr(kept)

    def ended(db: Db) -> None:
        meeting.end(db, evening.circle.again(db), evening.session(db), now=FIRST)

    evening.does(ended)
    assert evening.leads(TOKEN) is None

    def the_next(db: Db) -> None:
        second = sessions.number(db, evening.circle.again(db), 2)
        screen.let_in(db, second, "c" * 43, now=second.starts_at)

    evening.does(the_next)
    assert evening.store.read(lambda db: len(db.exec(select(Screen)).all())) == 1  # nobody needs the other any more


def test_two_of_one_name_are_told_apart(store: Store) -> None:
    names = ("Ana Berg", "Ana Costa", "Ben", "Chi Ito", "Dan Ek", "Dan Eden", "Eve")

    def met(db: Db) -> list[Person]:
        place = people.workspace(db, "local", "names")
        return [people.meet(db, place, f"u{n}", name=name) for n, name in enumerate(names)]

    short = screen.short_names(store.write(met))
    assert list(short.values()) == ["Ana B.", "Ana C.", "Ben", "Chi", "Dan Ek", "Dan Eden", "Eve"]
