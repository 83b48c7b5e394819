"""Peer review, as those who read and those who are read live it."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from bot.features.reviews import rows
from cohorts.cohort import Cohort
from cohorts.reviews import Review
from cohorts.store import Db
from tests.support.builders import FIRST, after_the_first
from tests.support.chat import Person, World

DUE = FIRST + timedelta(days=5)


def readings(chat: World) -> list[tuple[int, int, bool]]:
    def read(db: Db) -> list[tuple[int, int, bool]]:
        return [(one.reviewer_id, one.author_id, one.at is not None) for one in db.exec(select(Review)).all()]

    return chat.store.read(read)


def gives(person: Person) -> Person:
    person.says("/cohort review").presses("Review")
    return person.fills(works="The picture", question="Who else saw it?", suggestion="Show it to Jo")


def test_as_soon_as_three_are_in_each_reads_one_and_is_read_by_one(site: World) -> None:
    ana, ben, chi, _ = after_the_first(site)
    ana.says("/submit words:Ana drew a tower")
    ben.says("/submit words:Ben drew a wall")
    assert readings(site) == []
    chi.says("/submit https://build.test/chi words:Chi drew a door")
    made = readings(site)
    assert sorted(reader for reader, _, _ in made) == sorted(author for _, author, _ in made)
    assert len(made) == 3
    assert "1 piece waits for your eyes" in ana.says("/cohort review").last
    assert "drew a" in ana.last and "Ana drew" not in ana.last
    assert "waits for your eyes" in ana.says("/cohort").last


def test_the_work_comes_in_a_letter_and_what_was_said_goes_back_in_one(site: World) -> None:
    ana, ben, chi, _ = after_the_first(site)
    for one in (ana, ben, chi):
        one.says(f"/submit words:{one.id} drew a tower")
    site.until(FIRST + timedelta(days=7))
    asked = [text for text in ana.texts() if "would like your eyes" in text]
    assert len(asked) == 1
    assert "drew a tower" in asked[0]
    gives(ana)
    assert ana.sees("On its way to")
    assert "Nothing to read right now" in ana.says("/cohort review").last
    author = ben if any("Ben" in text for text in ana.texts() if "On its way" in text) else chi
    assert not author.sees("Ana read your")
    site.passes(days=8)
    (back,) = (text for text in author.texts() if "Ana read your “A plan on one page”" in text)
    assert back.index("The picture") < back.index("Who else saw it?") < back.index("Show it to Jo")


def test_when_the_homework_is_due_what_is_left_is_given_out_too(site: World) -> None:
    people = after_the_first(site)
    for one in people[:2]:
        one.says("/submit words:A first drawing")
    assert readings(site) == []
    site.until(DUE + timedelta(minutes=1))
    assert len(readings(site)) == 2


def test_whoever_comes_last_gets_in_between(site: World) -> None:
    people = after_the_first(site)
    for one in people:
        one.says("/submit words:A first drawing")
    assert len(readings(site)) == 3
    site.until(DUE + timedelta(minutes=1))
    made = readings(site)
    assert len(made) == 4
    assert len({reader for reader, _, _ in made}) == len({author for _, author, _ in made}) == 4


def test_reviews_count_for_a_badge_and_stand_in_an_export_without_their_words(site: World) -> None:
    ana, ben, chi, _ = after_the_first(site)
    for one in (ana, ben, chi):
        one.says("/submit words:A first drawing")
    gives(ana)
    assert ana.sees("Close reader")
    sheet = site.store.read(lambda db: rows(db, db.exec(select(Cohort)).one()))
    assert sheet.columns == ("homework", "reviewer", "author", "assigned_at", "given_at")
    assert [(row[0], row[1], row[4] is not None) for row in sheet.rows if row[4]] == [("plan", "Ana", True)]
    assert "The picture" not in str(sheet.rows)


def test_without_a_word_of_what_works_nothing_is_given_back(site: World) -> None:
    ana, ben, chi, _ = after_the_first(site)
    for one in (ana, ben, chi):
        one.says("/submit words:A first drawing")
    ana.says("/cohort review").presses("Review").fills(works=" ", question="Why?")
    assert ana.errors == {"works": "Please fill this in."}
    assert not any(done for _, _, done in readings(site))
