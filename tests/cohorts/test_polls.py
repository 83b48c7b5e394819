"""A question to the room: one vote each, changeable until the end; the most votes win, of a tie the first named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from cohorts import attendance, cohort, outbox, people, polls, sessions, tallies
from cohorts.attendance import Attended
from cohorts.cohort import Membership
from cohorts.errors import Invalid, Refused
from cohorts.outbox import Effect, EffectKind, EffectState
from cohorts.people import Person
from cohorts.polls import Poll, Vote
from cohorts.sessions import Session
from cohorts.store import Db, Store
from cohorts.touchpoints import Touchpoint, TouchpointState
from tests.cohorts.conftest import NOW, Circle

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)
TOPICS = ("Import", "Sharing", "Something else")


class Room:
    """The circle, launched, with three members; Fay conducts."""

    def __init__(self, store: Store, circle: Circle) -> None:
        self.store = store
        self.circle = circle

        def made(db: Db) -> dict[str, int]:
            members = {name: circle.member(db, name).person_id for name in ("ana", "ben", "chi")}
            cohort.launch(db, circle.again(db), by=circle.fay, now=NOW)
            return members

        self.ids = store.write(made) | {"fay": circle.fay.id}

    def does(self, work: Callable[[Db], object]) -> object:
        return self.store.write(work)

    def person(self, db: Db, name: str) -> Person:
        return db.get_one(Person, self.ids[name])

    def member(self, db: Db, name: str) -> Membership:
        found = cohort.membership_of(db, self.circle.again(db), self.person(db, name))
        assert found is not None
        return found

    def asks(self, question: str = "What first?", *choices: str, now: datetime = NOW) -> int:
        def asked(db: Db) -> int:
            by = self.person(db, "fay")
            return polls.open_poll(db, self.circle.again(db), question, choices or TOPICS, by=by, now=now).id

        return self.store.write(asked)

    def votes(self, name: str, poll: int, choice: int, *, now: datetime = NOW, shown: bool = False) -> bool:
        return self.store.write(
            lambda db: polls.vote(db, db.get_one(Poll, poll), self.person(db, name), choice, now=now, shown=shown)
        )

    def takes_back(self, name: str, poll: int, choice: int | None = None) -> bool:
        return self.store.write(
            lambda db: polls.unvote(db, db.get_one(Poll, poll), self.person(db, name), choice=choice, now=NOW)
        )

    def closes(self, poll: int, now: datetime = NOW) -> tallies.Result:
        return self.store.write(lambda db: polls.close(db, self.circle.again(db), db.get_one(Poll, poll), now=now))

    def counts(self, poll: int) -> tuple[int, ...]:
        return self.store.read(lambda db: polls.counts(db, db.get_one(Poll, poll)))

    def poll(self, poll: int) -> Poll:
        return self.store.read(lambda db: db.get_one(Poll, poll))

    def begins(self) -> int:
        def begun(db: Db) -> int:
            session = sessions.number(db, self.circle.again(db), 1)
            sessions.begin(db, session, now=FIRST)
            return session.id

        return self.store.write(begun)

    def effects(self, kind: EffectKind, *states: EffectState) -> list[Effect]:
        def found(db: Db) -> list[Effect]:
            rows = db.exec(select(Effect).where(Effect.kind == kind).order_by(Effect.id)).all()  # type: ignore[arg-type]
            return [one for one in rows if one.template.startswith("polls/") and (not states or one.state in states)]

        return self.store.read(found)


@pytest.fixture
def room(store: Store, circle: Circle) -> Room:
    return Room(store, circle)


# Asking.


def test_a_question_goes_to_the_room_and_lasts_a_day(room: Room) -> None:
    poll = room.poll(room.asks("  What \n first? ", " Import ", "", "Sharing"))
    assert (poll.question, poll.labels, poll.session_id) == ("What first?", ("Import", "Sharing"), None)
    assert poll.ends_at == NOW + timedelta(days=1)
    (post,) = room.effects(EffectKind.POST)
    assert (post.template, post.key, post.expires_at) == ("polls/poll", f"poll:{poll.id}", poll.ends_at)


def test_in_a_session_it_lasts_until_the_end(room: Room) -> None:
    session = room.begins()
    poll = room.poll(room.asks(now=FIRST + timedelta(minutes=20)))
    assert (poll.session_id, poll.ends_at) == (session, FIRST + timedelta(minutes=60))
    late = room.poll(room.asks(now=FIRST + timedelta(minutes=58)))
    assert late.ends_at == FIRST + timedelta(minutes=68), "time to vote is left in any case"


@pytest.mark.parametrize(
    ("question", "choices", "wrong"),
    [
        ("", TOPICS, {"question": "required"}),
        ("?" * 301, TOPICS, {"question": "too-long"}),
        ("What?", ("One",), {"choices": "so-many-choices"}),
        ("What?", tuple(f"Number {n}" for n in range(11)), {"choices": "so-many-choices"}),
        ("What?", ("x" * 56, "y"), {"choices": "choice-too-long"}),
        ("What?", ("Import", "import "), {"choices": "choice-twice"}),
        (" ", (), {"question": "required", "choices": "so-many-choices"}),
    ],
)
def test_what_some_platform_cannot_show_is_said_beside_its_field(
    room: Room, question: str, choices: tuple[str, ...], wrong: dict[str, str]
) -> None:
    def asks(db: Db) -> None:
        polls.open_poll(db, room.circle.again(db), question, choices, by=room.circle.fay, now=NOW)

    with pytest.raises(Invalid) as refused:
        room.does(asks)
    assert {name: remark.reason for name, remark in refused.value.remarks.items()} == wrong


def test_as_much_as_fits_is_taken(room: Room) -> None:
    poll = room.poll(room.asks("?" * 300, *(f"{n} {'x' * 53}" for n in range(10))))
    assert (len(poll.question), len(poll.labels)) == (300, 10)


def test_before_the_launch_there_is_no_room_to_ask(store: Store, circle: Circle) -> None:
    def asks(db: Db) -> None:
        polls.open_poll(db, circle.again(db), "What?", TOPICS, by=circle.fay, now=NOW)

    with pytest.raises(Refused, match="program/not-launched"):
        store.write(asks)


# Voting.


def test_one_vote_each_and_the_last_one_counts(room: Room) -> None:
    poll = room.asks()
    assert room.votes("ana", poll, 0) and room.votes("ben", poll, 0) and room.votes("fay", poll, 1)
    assert room.counts(poll) == (2, 1, 0)
    assert room.votes("ana", poll, 2)
    assert room.counts(poll) == (1, 1, 1)
    assert room.takes_back("ana", poll) and not room.takes_back("ana", poll)
    assert room.counts(poll) == (1, 1, 0)


def test_the_same_vote_again_changes_nothing(room: Room) -> None:
    poll = room.asks()
    room.votes("ana", poll, 0)
    before = room.poll(poll).revision
    assert not room.votes("ana", poll, 0)
    assert room.poll(poll).revision == before
    assert len(room.effects(EffectKind.EDIT)) == 1


def test_a_change_heard_in_the_wrong_order_counts_all_the_same(room: Room) -> None:
    poll = room.asks()
    room.votes("ana", poll, 2)
    room.votes("ana", poll, 0)
    assert not room.takes_back("ana", poll, choice=2)
    assert room.counts(poll) == (1, 0, 0)
    assert room.takes_back("ana", poll, choice=0)


@pytest.mark.parametrize("choice", [-1, 3, 10**15])
def test_what_is_not_offered_cannot_be_chosen(room: Room, choice: int) -> None:
    poll = room.asks()
    with pytest.raises(Refused, match="commands/gone"):
        room.votes("ana", poll, choice)


def test_a_stranger_and_whoever_left_have_no_vote(room: Room) -> None:
    poll = room.asks()

    def stranger(db: Db) -> None:
        zoe = people.meet(db, room.circle.place, "zoe", name="Zoe")
        polls.vote(db, db.get_one(Poll, poll), zoe, 0, now=NOW)

    with pytest.raises(Refused, match="polls/not-here"):
        room.does(stranger)
    room.does(lambda db: cohort.leave(db, room.circle.again(db), room.member(db, "ana"), now=NOW))
    with pytest.raises(Refused, match="polls/not-here"):
        room.votes("ana", poll, 0)


def test_somebody_of_another_workspace_does_not_find_it(room: Room) -> None:
    poll = room.asks()

    def owner_elsewhere(db: Db) -> Person:
        there = people.workspace(db, "local", "there")
        person = people.meet(db, there, "mallory", name="Mallory")
        people.grant(db, person, people.Granted.OWNER)
        return person

    mallory = room.store.write(owner_elsewhere)
    for look in (
        lambda db: polls.votable(db, mallory, poll),
        lambda db: polls.conducted(db, mallory, poll),
    ):
        with pytest.raises(Refused, match="polls/not-here"):
            room.store.read(look)


def test_after_the_end_a_vote_is_too_late(room: Room) -> None:
    poll = room.asks()
    with pytest.raises(Refused, match="polls/over"):
        room.votes("ana", poll, 0, now=NOW + timedelta(days=1))
    room.closes(poll)
    with pytest.raises(Refused, match="polls/over"):
        room.votes("ana", poll, 0)


def test_who_votes_in_a_session_is_there(room: Room) -> None:
    session = room.begins()
    poll = room.asks(now=FIRST)
    room.votes("ana", poll, 0, now=FIRST)
    room.votes("fay", poll, 0, now=FIRST)

    def seen(db: Db) -> dict[int, Attended]:
        return attendance.attendance(db, db.get_one(Session, session))

    ana = room.store.read(lambda db: room.member(db, "ana").id)
    assert room.store.read(seen) == {ana: Attended.PRESENT}


# The message in the room.


def test_at_most_one_change_of_the_message_waits(room: Room) -> None:
    poll = room.asks()
    for name in ("ana", "ben", "chi"):
        room.votes(name, poll, 0)
    (waiting,) = room.effects(EffectKind.EDIT, EffectState.PENDING)
    assert isinstance(waiting.facts, dict) and waiting.facts["poll"]["counts"] == [3, 0, 0]
    assert room.store.read(lambda db: outbox.is_current(db, waiting))
    room.closes(poll)
    (last,) = room.effects(EffectKind.EDIT, EffectState.PENDING)
    assert last.template == "polls/result"


def test_what_a_platform_counts_by_itself_is_not_drawn_again(room: Room) -> None:
    poll = room.asks()
    room.votes("ana", poll, 1, shown=True)
    assert room.effects(EffectKind.EDIT) == []
    assert room.counts(poll) == (0, 1, 0)


# The end.


def test_it_is_closed_once(room: Room) -> None:
    poll = room.asks()
    room.votes("ana", poll, 1)
    assert room.closes(poll) == room.closes(poll, NOW + timedelta(hours=1)) == tallies.Result(1, (0, 1, 0))
    assert room.poll(poll).closed_at == NOW
    assert [one.template for one in room.effects(EffectKind.EDIT)] == ["polls/poll", "polls/result"]


def test_its_end_is_planned_and_taken_back_when_it_is_closed_by_hand(room: Room) -> None:
    def planned(db: Db) -> list[Touchpoint]:
        return list(db.exec(select(Touchpoint).where(Touchpoint.rule == "polls/close")).all())

    poll = room.asks()
    (row,) = room.store.read(planned)
    assert (row.state, row.due_at) == (TouchpointState.PENDING, NOW + timedelta(days=1))
    room.closes(poll)
    (row,) = room.store.read(planned)
    assert row.state is TouchpointState.WITHDRAWN


@pytest.mark.parametrize(
    ("counts", "result"),
    [
        ((), tallies.Result(None, ())),
        ((0, 0), tallies.Result(None, (0, 0))),
        ((1, 3, 2), tallies.Result(1, (1, 3, 2))),
        ((1, 2, 2), tallies.Result(1, (1, 2, 2), (1, 2))),
    ],
)
def test_the_most_votes_win_and_of_a_tie_the_first_named(counts: tuple[int, ...], result: tallies.Result) -> None:
    assert tallies.winner(counts) == result


@given(st.lists(st.integers(0, 5), min_size=2, max_size=10))
def test_nobody_has_more_votes_than_the_winner(counts: list[int]) -> None:
    result = tallies.winner(counts)
    assert result.votes == max(counts)
    assert all(counts[number] == result.votes for number in result.tied)
    assert (result.choice is None) == (sum(counts) == 0)


@pytest.mark.parametrize(("words", "choice"), [("sharing", 1), ("2", 1), (" SOME ", 2), ("Something  else", 2)])
def test_a_choice_is_known_by_its_words_its_number_or_its_beginning(room: Room, words: str, choice: int) -> None:
    assert polls.choice_of(room.poll(room.asks()), words) == choice


@pytest.mark.parametrize("words", ["", "4", "0", "s", "none of these", "²"])
def test_what_could_be_several_or_none_is_asked_again(room: Room, words: str) -> None:
    with pytest.raises(Refused, match="polls/no-such-choice"):
        polls.choice_of(room.poll(room.asks()), words)


def test_whoever_is_erased_takes_their_vote_along(room: Room) -> None:
    poll = room.asks()
    room.votes("ana", poll, 0)
    room.votes("ben", poll, 0)
    room.does(lambda db: db.delete(room.person(db, "ana")))
    assert room.counts(poll) == (1, 0, 0)
    assert room.store.read(lambda db: len(db.exec(select(Vote)).all())) == 1
