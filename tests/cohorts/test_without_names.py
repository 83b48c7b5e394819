"""What is kept without a name is the same whoever spoke first: neither ids nor order tell; on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from sqlmodel import col, select

from cohorts import chatham, cohort, sessions
from cohorts.chatham import UnnamedVoice, UnnamedWords
from cohorts.cohort import Membership
from cohorts.errors import Refused
from cohorts.reflections import Reflection
from cohorts.sessions import Session
from cohorts.store import Db, Store
from tests.cohorts.conftest import NOW, Circle

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)
SAID = ("One.", "Two.", "Three.", "Four.", "Five.")


def begun(store: Store, circle: Circle) -> None:
    def work(db: Db) -> None:
        for name in ("ana", "ben"):
            circle.member(db, name)
        cohort.launch(db, circle.again(db), by=circle.fay, now=NOW)
        sessions.begin(db, first(db), now=FIRST)
        assert chatham.begin(db, first(db), now=FIRST)
        assert not chatham.begin(db, first(db), now=FIRST)

    store.write(work)


def first(db: Db) -> Session:
    return db.exec(select(Session).where(Session.key == "first")).one()


def says(store: Store, words: Sequence[str]) -> list[str]:
    for number, one in enumerate(words):

        def said(db: Db, one: str = one, mark: str = str(number)) -> None:
            chatham.say(db, first(db), one, quotable=False, mark=mark, now=FIRST)

        store.write(said)
    return store.read(lambda db: list(db.exec(select(UnnamedWords.words).order_by(col(UnnamedWords.id))).all()))


def test_whoever_speaks_first_the_same_is_kept_in_the_same_order(store: Store, circle: Circle) -> None:
    begun(store, circle)
    kept = says(store, SAID)
    assert sorted(kept) == sorted(SAID) and kept != list(SAID)
    store.write(lambda db: chatham.end(db, circle.again(db), first(db), now=FIRST))
    assert not store.read(lambda db: chatham.is_on(db, first(db), FIRST))
    assert store.read(lambda db: db.exec(select(UnnamedVoice)).all()) == []
    store.write(lambda db: chatham.begin(db, first(db), now=FIRST))
    assert says(store, SAID[::-1])[-5:] == kept
    with pytest.raises(Refused):
        store.write(_answers_twice)


def _answers_twice(db: Db) -> None:
    """Two answers of one person are refused: nobody could find the first."""
    member = db.exec(select(Membership)).first()
    assert member is not None
    for words in ("This.", "That."):
        chatham.reflect(db, first(db), member, words, quotable=True, now=FIRST)


def test_an_answer_that_had_a_name_loses_it_when_it_is_given_again(store: Store, circle: Circle) -> None:
    begun(store, circle)

    def work(db: Db) -> None:
        member = db.exec(select(Membership).order_by(col(Membership.id))).first()
        assert member is not None
        db.add(Reflection(session_id=first(db).id, membership_id=member.id, words="Mine.", share=True, at=FIRST))
        db.flush()
        chatham.reflect(db, first(db), member, "Anybody's.", quotable=False, now=FIRST)
        (row,) = db.exec(select(Reflection)).all()
        assert (row.words, row.share, row.at) == ("", False, first(db).starts_at)
        assert [one.words for one in db.exec(select(UnnamedWords)).all()] == ["Anybody's."]
        assert chatham.covers_reflection(db, circle.again(db), first(db), now=FIRST)

    store.write(work)
