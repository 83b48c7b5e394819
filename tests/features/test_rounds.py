"""Rounds of a session: begun one after another from who is there, re-paired on the spot, called back in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.config import Settings
from bot.config_tables import Sessions
from cohorts import breakouts, calling, rounds
from cohorts.attendance import Attendance
from cohorts.breakouts import Apart, Seat
from cohorts.cohort import Cohort
from cohorts.outbox import Effect, EffectKind, EffectState
from cohorts.people import Person
from cohorts.room_styles import Style
from cohorts.rounds import Place
from cohorts.sessions import Session
from cohorts.store import Db
from tests.support.chat import World
from tests.support.evening import MINUTE, PEOPLE, Evening, Founded, segment

LINE = ", with "
SOON, BACK = "One minute left", "Back to everyone"
LINKS = ("https://rooms.example.org/1", "https://rooms.example.org/2")


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Founded:
    return Founded.once(tmp_path_factory.mktemp("founded"), migrated)


@pytest.fixture
def chat(founded: Founded, tmp_path: Path) -> Iterator[World]:
    world = founded.world(tmp_path)
    yield world
    world.close()


def pairs_of(board: dict[int, set[str]]) -> set[frozenset[str]]:
    return {frozenset(pair) for people in board.values() for pair in combinations(people, 2)}


def mine(evening: Evening, name: str) -> str:
    """The newest line that tells somebody where to be."""
    return [text for text in evening.sees(name) if LINE in text.partition("\n")[0]][-1]


def times(texts: list[str], words: str) -> int:
    return sum(words in text for text in texts)


def whispers(evening: Evening, *states: EffectState) -> list[Effect]:
    query = select(Effect).where(Effect.kind == EffectKind.WHISPER, col(Effect.state).in_(states or list(EffectState)))
    return evening.looks(lambda db, cohort, session: list(db.exec(query).all()))


def gone(evening: Evening) -> list[Seat]:
    query = select(Seat).where(col(Seat.gone_at).is_not(None))
    return evening.looks(lambda db, cohort, session: list(db.exec(query).all()))


def place(evening: Evening, name: str) -> Place | None:
    def work(db: Db, cohort: Cohort, session: Session) -> Place | None:
        return rounds.place_of(db, session, db.get_one(Person, evening.member(name).person_id))

    return evening.looks(work)


# One after another.


def test_two_rounds_one_after_the_other_with_a_last_minute_and_a_way_back(chat: World) -> None:
    evening = Evening(chat, *PEOPLE)
    first = evening.opens(1)
    assert first is not None and first.style is Style.ROOMS
    board = evening.board()
    assert sorted(board) == [1, 2, 3] and all(len(people) == 2 for people in board.values())
    [partner] = evening.with_("ana")
    line = mine(evening, "ana")
    assert f"Room {evening.room_of('ana')}, with {partner.capitalize()}" in line
    assert "What stings?" in line and "In common" in line and "16:08" in line
    assert not any("16:08" in text and "with Ana" in text for text in evening.sees("ana"))  # others' are theirs
    post = next(text for text in evening.sees("ana") if "who talks with whom" in text)
    assert all(f"Room {number}: " in post for number in board)

    evening.until(first.at + 7 * MINUTE - timedelta(seconds=1))
    assert times(evening.sees("ana"), SOON) == 0
    evening.passes(seconds=1)
    assert times(evening.sees("ana"), SOON) == 1
    evening.passes(seconds=59)
    assert evening.on() is not None and times(evening.sees("ana"), BACK) == 0
    evening.passes(seconds=1)
    assert evening.on() is None and times(evening.sees("ana"), BACK) == 1

    evening.passes(minutes=10)
    assert evening.opens(2) is not None
    assert not pairs_of(board) & pairs_of(evening.board(2))
    for room, people in evening.board(2).items():
        assert room in {evening.room_of(name, 1) for name in people}  # somebody is where they were
    assert evening.opens(1) is None and evening.opens(2) is None  # begun again
    assert evening.board(1) == board
    assert {one.ping for one in whispers(evening)} == {False}


def test_a_round_begins_with_who_is_there_now_and_with_fewer_than_two_not_at_all(chat: World) -> None:
    evening = Evening(chat, *PEOPLE[:4])
    evening.opens(1)
    assert set().union(*evening.board().values()) == {"ana", "ben", "chi", "dan"}
    evening.passes(minutes=9)
    chat.eve.says("I'm here")
    assert "with" not in chat.eve.last.partition("\n")[0]
    evening.opens(2, segment(size=3))
    assert set().union(*evening.board(2).values()) == {"ana", "ben", "chi", "dan", "eve"}


def test_the_next_round_calls_the_one_before_back(chat: World) -> None:
    evening = Evening(chat, *PEOPLE[:4])
    evening.opens(1)
    evening.passes(minutes=2)
    evening.opens(2)
    assert times(evening.sees("ana"), BACK) == 1
    evening.passes(minutes=5.5)
    assert times(evening.sees("ana"), SOON) == 0  # of the first


def test_a_longer_round_moves_the_last_minute_and_the_way_back(chat: World) -> None:
    evening = Evening(chat, *PEOPLE[:4])
    evening.opens()
    evening.passes(minutes=6)
    evening.extends(2 * MINUTE)
    assert any("Until 16:10" in text for text in evening.sees("ana"))
    evening.passes(minutes=2.5)
    assert evening.on() is not None and times(evening.sees("ana"), SOON) == 0
    evening.passes(minutes=1)
    assert (times(evening.sees("ana"), SOON), times(evening.sees("ana"), BACK)) == (1, 0)
    evening.extends(2 * MINUTE)  # within the last minute: they hear of the new one, too
    evening.passes(minutes=2)
    assert (times(evening.sees("ana"), SOON), times(evening.sees("ana"), BACK)) == (2, 0)
    evening.extends(-timedelta(seconds=20))
    evening.passes(seconds=11)
    assert times(evening.sees("ana"), BACK) == 1 and evening.on() is None


def test_a_round_that_ends_early_calls_everybody_back_at_once_and_once(chat: World) -> None:
    evening = Evening(chat, *PEOPLE[:4])
    evening.opens()
    evening.passes(minutes=3)
    evening.closes()
    assert times(evening.sees("ben"), BACK) == 1
    assert any("everyone is back" in text for text in evening.sees("ben"))
    evening.passes(minutes=10)
    assert (times(evening.sees("ben"), BACK), times(evening.sees("ben"), SOON)) == (1, 0)
    evening.presses("ben", "Not here", LINE)
    assert times(evening.sees("ben"), "No round is on") == 1
    assert gone(evening) == []


def test_a_session_that_ends_takes_its_round_along(chat: World) -> None:
    evening = Evening(chat, *PEOPLE[:4])
    evening.opens()
    evening.passes(minutes=3)
    chat.fay.says("/session end")
    assert times(evening.sees("ana"), BACK) == 1
    assert whispers(evening, EffectState.PENDING) == []


# Not here, and late.


def test_whoever_is_left_alone_joins_others_at_once(chat: World) -> None:
    evening = Evening(chat, *PEOPLE)
    evening.opens()
    [missing] = evening.with_("ana")
    was = evening.room_of("ana")
    evening.passes(minutes=1)
    evening.presses("ana", "Not here", LINE)
    others = evening.with_("ana")
    assert len(others) == 2 and missing not in others and evening.room_of("ana") != was
    assert all(missing not in people for people in evening.board().values())
    assert f"Room {evening.room_of('ana')}, with" in mine(evening, "ana")
    for one in others:
        assert times(evening.sees(one), "Ana just joined you") == 1
    assert times(evening.sees(missing), "Your partner didn't find you") == 1
    post = next(text for text in evening.sees("ben") if "who talks with whom" in text)
    assert missing.capitalize() not in post

    def met(db: Db, cohort: Cohort, session: Session) -> dict[frozenset[str], int]:
        return dict(breakouts.history(db, cohort).met)

    ana = str(evening.member("ana").id)
    known = evening.looks(met)
    assert frozenset({ana, str(evening.member(missing).id)}) not in known  # they haven't met
    assert {frozenset({ana, str(evening.member(one).id)}) for one in others} <= set(known)


def test_pressing_it_again_changes_nothing_more(chat: World) -> None:
    evening = Evening(chat, *PEOPLE)
    evening.opens()
    was = evening.room_of("ana")
    evening.presses("ana", "Not here", LINE)
    board = evening.board()
    before = len(whispers(evening))
    evening.presses("ana", "Not here", f"Room {was}{LINE}")  # the line from before
    assert evening.board() == board and len(gone(evening)) == 1
    assert len(whispers(evening)) == before


def test_two_who_missed_each_other_are_both_with_somebody(chat: World) -> None:
    evening = Evening(chat, *PEOPLE)
    evening.opens()
    [other] = evening.with_("ana")
    evening.presses("ana", "Not here", LINE)
    evening.presses(other, "Not here", LINE)
    assert evening.with_("ana") and evening.with_(other)
    assert gone(evening) == []


def test_a_press_shows_that_one_is_there_and_says_nothing_of_the_other(chat: World) -> None:
    evening = Evening(chat)
    evening.opens()  # nobody was seen, so from those who are expected
    [missing] = evening.with_("ana")
    evening.presses("ana", "Not here", LINE)
    seen = evening.looks(lambda db, cohort, session: db.exec(select(Attendance)).all())
    assert [(one.membership_id, one.source) for one in seen] == [(evening.member("ana").id, "group")]
    evening.presses(missing, "I'm here", "didn't find you")
    assert evening.room_of(missing) > 0 and gone(evening) == []


def test_the_last_one_who_is_there_is_told_so_until_somebody_comes(chat: World) -> None:
    evening = Evening(chat, "ana", "ben")
    evening.opens()
    evening.presses("ana", "Not here", LINE)
    assert times(evening.sees("ana"), "Nobody else is free right now") == 1
    evening.presses("ben", "I'm here", "didn't find you")
    assert evening.with_("ana") == {"ben"}


def test_in_a_bigger_group_one_says_who_is_missing(chat: World) -> None:
    evening = Evening(chat, *PEOPLE)
    evening.opens(1, segment(size=3))
    one, other = sorted(evening.with_("ana"))
    chat.ana.says("My partner isn't here")
    assert "Who isn't here?" in chat.ana.last
    chat.ana.presses(f"{one.capitalize()} isn't here")
    assert evening.with_("ana") == {other}
    chat.person(other).says("not here")  # Ana has gone, too
    assert len(evening.with_(other)) == 3 and "ana" not in set().union(*evening.board().values())


def test_a_latecomer_joins_the_round_that_is_on(chat: World) -> None:
    evening = Evening(chat, *PEOPLE[:4])
    evening.opens()
    evening.passes(minutes=2)
    chat.fin.says("I'm here")
    assert len(evening.with_("fin")) == 2
    assert f"in room {evening.room_of('fin')}" in chat.fin.last
    assert times(evening.sees(next(iter(evening.with_("fin")))), "Fin just joined you") == 1
    chat.eve.says("I'm here")
    assert evening.room_of("eve") != evening.room_of("fin")  # the smallest
    before = evening.board()
    chat.eve.says("I'm here")
    assert evening.board() == before
    evening.passes(minutes=6)
    assert times(evening.sees("fin"), BACK) == 1


def test_who_was_looked_for_in_vain_is_not_counted_on_until_they_show_themselves(chat: World) -> None:
    evening = Evening(chat, *PEOPLE)
    evening.opens()
    [missing] = evening.with_("ana")
    evening.presses("ana", "Not here", LINE)
    evening.passes(minutes=9)
    evening.opens(2)
    assert evening.room_of(missing, 2) == 0
    evening.presses(missing, "I'm here", "who talks with whom")
    assert evening.room_of(missing, 2) > 0
    evening.passes(minutes=9)
    evening.opens(3, segment(size=3))
    assert evening.room_of(missing, 3) > 0


def test_two_who_are_left_alone_talk_with_each_other(chat: World) -> None:
    """Whoever sits out is asked before a pair is disturbed."""
    evening = Evening(chat, *PEOPLE[:5])

    def apart(db: Db, cohort: Cohort, session: Session) -> None:
        eve = evening.member("eve").id
        for name in ("ana", "ben", "chi", "dan"):
            db.add(Apart(cohort_id=cohort.id, one_id=eve, other_id=evening.member(name).id))

    evening.does(apart)
    evening.opens()
    assert evening.room_of("eve") == 0

    def forgiven(db: Db, cohort: Cohort, session: Session) -> None:
        ana = evening.member("ana").id
        db.delete(db.exec(select(Apart).where(Apart.other_id == ana)).one())

    evening.does(forgiven)
    evening.presses("ana", "Not here", LINE)
    assert evening.with_("ana") == {"eve"}
    assert "with Ana" in mine(evening, "eve")
    evening.presses("ana", "Not here", "who talks with whom")  # that one does mean Eve
    assert evening.room_of("eve") == 0


# How people get there.


@pytest.fixture
def linked(founded: Founded, tmp_path: Path) -> Iterator[World]:
    world = founded.world(tmp_path, Settings(owners=("olu",), sessions=Sessions(room_links=LINKS)))
    yield world
    world.close()


def test_with_fewer_links_than_groups_the_rest_is_numbered_and_that_is_said(linked: World) -> None:
    evening = Evening(linked, *PEOPLE)
    made = evening.opens()
    assert made is not None and made.style is Style.LINKS
    post = next(text for text in evening.sees("ana") if "who talks with whom" in text)
    assert "Rooms without a link are breakout rooms of the call." in post
    for name in evening.names:
        found = place(evening, name)
        assert found is not None
        room = evening.room_of(name)
        assert found.link == (LINKS[room - 1] if room <= len(LINKS) else "")
        assert ("Go to your room" in mine(evening, name)) == bool(found.link)
    assert linked.fay.sees("open the ones from 3 on")
    evening.passes(minutes=9)
    evening.opens(2)
    assert times(linked.fay.texts(), "breakout rooms in your call") == 1


# Lines that one person alone sees.


def interrupted(evening: Evening, template: str) -> list[int]:
    """The process ended while such lines were being sent; which ones."""

    def work(db: Db) -> list[int]:
        rows = db.exec(select(Effect).where(Effect.kind == EffectKind.WHISPER, Effect.template == template)).all()
        for row in rows:
            row.state, row.lease_until, row.attempted_at = EffectState.SENDING, evening.now, evening.now
        return [one.id for one in rows]

    return evening.chat.store.write(work)


def test_a_line_that_may_have_been_seen_is_not_said_again(chat: World) -> None:
    evening = Evening(chat, *PEOPLE[:4])
    evening.opens()
    seen = times(evening.sees("ana"), "with")
    ids = interrupted(evening, "pairing/line")
    chat.settle()
    rows = evening.looks(lambda db, cohort, session: [db.get_one(Effect, one) for one in ids])
    assert {one.state for one in rows} == {EffectState.EXPIRED}
    assert times(evening.sees("ana"), "with") == seen


def test_what_is_for_later_keeps_nothing_waiting(chat: World) -> None:
    evening = Evening(chat, *PEOPLE[:4])
    evening.opens()
    lanes = {one.lane.partition(":")[0] for one in whispers(evening, EffectState.PENDING)}
    assert lanes == {"later"}


def test_whoever_was_looked_for_in_vain_is_not_called_on_until_they_are_back(chat: World) -> None:
    evening = Evening(chat, *PEOPLE[:4])
    evening.opens()
    (gone,) = evening.with_("ana")
    evening.presses("ana", "Not here", LINE)

    def may_be_called(db: Db, cohort: Cohort, session: Session) -> set[str]:
        found = [one for one in calling.next_up(db, cohort, session, now=evening.now) or () if one is not None]
        return {db.get_one(Person, one.person_id).name.casefold() for one in found}

    for _ in range(4):
        assert gone not in evening.looks(may_be_called)
        evening.passes(minutes=1)
        evening.does(lambda db, cohort, session: calling.call(db, cohort, session, by=None, now=evening.now))
    chat.person(gone).says("I'm here")
    assert gone in evening.looks(may_be_called)
