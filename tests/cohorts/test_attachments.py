"""Files that come with homework: what is kept of them, what counts as handing in, and when they go."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlmodel import select

from cohorts import attachments, exports, handed_in, homework, people
from cohorts.attachments import NAME, Attachment, Brought, cleaned
from cohorts.cohort import Membership
from cohorts.errors import Refused
from cohorts.homework import Homework, Submission
from cohorts.store import Db, Store
from tests.cohorts.conftest import PROGRAM, Circle

NOW = datetime(2027, 1, 12, 9, 0, tzinfo=UTC)
NOTES = Brought("notes.pdf", "application/pdf", b"%PDF what I found out")
PLAN = Brought("plan.png", "image/png", b"a drawing of it")


def trial(db: Db, circle: Circle) -> Homework:
    return homework.of_cohort(db, circle.again(db))[0]


def hands_in(db: Db, circle: Circle, member: Membership, *files: Brought, words: str = "") -> Submission:
    cohort = circle.again(db)
    return homework.submit(db, cohort, trial(db, circle), member, link="", words=words, files=files, now=NOW)


def all_of_them(db: Db) -> list[Attachment]:
    return list(db.exec(select(Attachment)).all())


def test_a_file_alone_is_enough_and_is_kept_as_it_came(store: Store, circle: Circle) -> None:
    def story(db: Db) -> None:
        hands_in(db, circle, circle.member(db, "ana"), NOTES)
        (kept,) = all_of_them(db)
        assert (kept.name, kept.media_type, kept.size, kept.content) == (*NOTES[:2], len(NOTES.content), NOTES.content)

    store.write(story)


def test_handing_in_again_replaces_the_files(store: Store, circle: Circle) -> None:
    def story(db: Db) -> None:
        ana = circle.member(db, "ana")
        first = hands_in(db, circle, ana, NOTES, PLAN)
        assert attachments.names(db, [first.id]) == {first.id: ["notes.pdf", "plan.png"]}
        hands_in(db, circle, ana, PLAN)
        assert attachments.names(db, [first.id]) == {first.id: ["plan.png"]}
        hands_in(db, circle, ana, words="In words after all")
        assert all_of_them(db) == []

    store.write(story)


def test_homework_that_asks_for_a_file_takes_nothing_else_alone(store: Store, circle: Circle) -> None:
    def story(db: Db) -> None:
        ana = circle.member(db, "ana")
        circle.again(db).program_toml = PROGRAM.replace('ask = "Try it."', 'ask = "Try it."\nevidence = "file"')
        db.flush()
        with pytest.raises(Refused) as refused:
            hands_in(db, circle, ana, words="It is in my head")
        assert refused.value.reason == "homework/needs-file"
        hands_in(db, circle, ana, NOTES)

    store.write(story)


@pytest.mark.parametrize("files", [[NOTES] * 4, [NOTES._replace(content=b"x" * (attachments.LARGEST + 1))]])
def test_more_than_fits_is_refused(store: Store, circle: Circle, files: list[Brought]) -> None:
    def story(db: Db) -> None:
        ana = circle.member(db, "ana")
        with pytest.raises(Refused) as refused:
            hands_in(db, circle, ana, *files)
        assert refused.value.reason == "homework/files-too-large"

    store.write(story)


def test_files_go_with_the_membership(store: Store, circle: Circle) -> None:
    def story(db: Db) -> None:
        ana, ben = circle.member(db, "ana"), circle.member(db, "ben")
        hands_in(db, circle, ana, NOTES)
        kept = hands_in(db, circle, ben, PLAN)
        db.delete(ana)
        db.flush()
        db.expire_all()
        assert [one.submission_id for one in all_of_them(db)] == [kept.id]

    store.write(story)


def test_whoever_conducts_finds_them_by_homework_and_person(store: Store, circle: Circle) -> None:
    def story(db: Db) -> None:
        cohort = circle.again(db)
        with pytest.raises(Refused) as refused:
            handed_in.the_one(db, cohort, None)
        assert refused.value.reason == "files/none-yet"
        ana, ben = circle.member(db, "ana"), circle.member(db, "ben")
        hands_in(db, circle, ana, NOTES, PLAN)
        hands_in(db, circle, ben, words="Only words")
        one = handed_in.the_one(db, cohort, "The trial")
        assert one.key == "trial"
        (found,) = handed_in.of_homework(db, one)
        assert found.person.name == "Ana"
        assert [file.name for file in found.files] == ["notes.pdf", "plan.png"]
        with pytest.raises(Refused) as nothing:
            handed_in.of_person(db, one, people.meet(db, circle.place, "ben", name="Ben"))
        assert nothing.value.reason == "files/none-of-them"
        with pytest.raises(Refused) as unknown:
            handed_in.the_one(db, cohort, "The error")
        assert unknown.value.facts["titles"] == ["The trial"]

    store.write(story)


def test_the_list_of_homework_names_the_files(store: Store, circle: Circle) -> None:
    def story(db: Db) -> None:
        hands_in(db, circle, circle.member(db, "ana"), NOTES, PLAN)
        circle.member(db, "ben")
        table = exports.homework_list(db, circle.again(db))
        assert table.columns[-1] == "files"
        assert [(row[3], row[-1]) for row in table.rows] == [("Ana", "notes.pdf, plan.png"), ("Ben", None)]

    store.write(story)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("notes.pdf", "notes.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\My notes.docx", "My notes.docx"),
        ("a\x00b\nc\u202egpj.exe", "abcgpj.exe"),
        ('what? <is> "this".txt', "what is this.txt"),
        ("", "file"),
        ("..", "file"),
        ("/", "file"),
        (".hidden", "hidden"),
        ("Übung 3 – Lösung.pdf", "Übung 3 – Lösung.pdf"),
    ],
)
def test_a_name_is_a_name_and_no_path(told: str, kept: str) -> None:
    assert cleaned(told) == kept


def test_a_long_name_is_cut_and_keeps_its_ending() -> None:
    kept = cleaned("word " * 60 + ".pdf")
    assert len(kept) <= NAME
    assert kept.endswith(".pdf")
    assert len(cleaned("x" * 300)) == NAME
    assert len(cleaned("a." + "x" * 300)) == NAME


def test_two_files_of_one_name_are_told_apart(store: Store, circle: Circle) -> None:
    def story(db: Db) -> None:
        handed = hands_in(db, circle, circle.member(db, "ana"), NOTES, NOTES, NOTES)
        assert attachments.names(db, [handed.id])[handed.id] == ["notes.pdf", "notes (2).pdf", "notes (3).pdf"]

    store.write(story)


@pytest.mark.parametrize("told", ["", "text", "text/", "text/html\r\nX: y", "te xt/html", "x" * 130 + "/y", "text/ü"])
def test_a_media_type_that_is_none_becomes_the_plainest(store: Store, circle: Circle, told: str) -> None:
    def story(db: Db) -> None:
        hands_in(db, circle, circle.member(db, "ana"), NOTES._replace(media_type=told))
        assert [one.media_type for one in all_of_them(db)] == ["application/octet-stream"]

    store.write(story)
