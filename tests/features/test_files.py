"""Homework as a file: somebody attaches one, the facilitator of that cohort gets it, and nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from sqlmodel import col, select

from bot.attached import LARGEST
from bot.catalogue import load
from bot.config import TEMPLATES
from bot.message import Field, FieldKind, File, Form, Unread
from bot.platforms.base import Inbound, Pressed, Profile
from bot.platforms.local.client import Offered
from bot.platforms.local.draw import draw_form
from bot.pretend.answers import Answerer, Temper
from bot.pretend.people import stock_of
from cohorts.attachments import Attachment
from cohorts.cohort import Cohort
from cohorts.homework import Submission
from tests.support.chat import Person, World
from tests.support.stories import running

NOTES = File("notes.pdf", "application/pdf", b"%PDF what I found out")
PLAN = File("plan.png", "image/png", b"a drawing of it")


def attaches(person: Person, *files: Offered, **answers: object) -> Person:
    given: Mapping[str, Sequence[Offered]] = {"file": files}
    act = person.client.fills(answers, attached=given)  # type: ignore[arg-type]
    person.world.run(act)
    person.world.settle()
    return person


def kept(chat: World) -> list[tuple[str, str, bytes]]:
    query = select(Attachment).order_by(col(Attachment.id))
    return chat.store.read(lambda db: [(one.name, one.media_type, one.content) for one in db.exec(query).all()])


def received(person: Person) -> list[tuple[str, bytes]]:
    """The files in their direct messages."""
    files = [person.client.chat.file(one.file) for one in person.client.inbox if one.file is not None]
    return [(one.name, one.content) for one in files]


def owing(chat: World, count: int = 3) -> list[Person]:
    """A cohort in which homework that takes anything has been given, and its form is open before each."""
    people = running(chat, count)
    chat.until(datetime(2027, 1, 20, 9, 0, tzinfo=UTC))
    for person in people:
        person.says("/submit homework:first-step")
        assert [field["key"] for field in person.form["fields"]] == ["link", "words", "file"]  # type: ignore[attr-defined]
    return people


# Handing in.


def test_a_file_is_handed_in_with_nothing_else(chat: World) -> None:
    ana = owing(chat, 2)[0]
    attaches(ana, NOTES, PLAN)
    assert ana.sees("It's in. Thank you")
    assert kept(chat) == [(one.name, one.media_type, one.content) for one in (NOTES, PLAN)]


def test_handing_in_again_replaces_what_was_there(chat: World) -> None:
    ana = owing(chat, 2)[0]
    attaches(ana, NOTES)
    attaches(ana.says("/submit homework:first-step"), PLAN)
    assert ana.sees("Your new version is in")
    assert [name for name, _, _ in kept(chat)] == ["plan.png"]


def test_one_that_is_too_large_is_said_so_and_the_words_stay(chat: World) -> None:
    ana = owing(chat, 2)[0]
    attaches(ana, File("film.mov", "video/quicktime", b"x" * (LARGEST + 1)), words="See the film")
    assert "“film.mov” has more than 10 MB" in ana.errors["file"]
    assert ana.client.open_form is not None
    assert ana.client.open_form.answers == {"words": "See the film"}
    assert kept(chat) == []
    attaches(ana, NOTES, words="See the film")
    assert ana.sees("It's in. Thank you")


def test_one_that_the_page_did_not_even_send_and_one_too_many_are_said_so(chat: World) -> None:
    ana = owing(chat, 2)[0]
    attaches(ana, NOTES, Unread("too-large", "film.mov"))
    assert "“film.mov” has more than 10 MB" in ana.errors["file"]
    attaches(ana, NOTES, NOTES, NOTES, NOTES)
    assert "3 files fit" in ana.errors["file"]


def test_whoever_is_asked_to_mend_something_else_hears_that_the_file_has_to_be_attached_again(chat: World) -> None:
    ana = owing(chat, 2)[0]
    attaches(ana, NOTES, link="on my desk")
    assert ana.errors == {
        "link": "Please give a link that begins with https://.",
        "file": "Files don't stay when a form comes back. Please attach yours once more.",
    }


def test_with_nothing_at_all_the_form_says_what_is_enough(chat: World) -> None:
    ana = owing(chat, 2)[0]
    ana.fills(words=" ")
    assert ana.errors == {"words": "A link, a few words or a file: one of them is enough."}


def test_homework_in_words_asks_for_no_file(chat: World) -> None:
    ana = running(chat, 2)[0]
    chat.until(datetime(2027, 1, 12, 9, 0, tzinfo=UTC))
    ana.says("/submit homework:talks")
    assert [field["key"] for field in ana.form["fields"]] == ["link", "words"]  # type: ignore[attr-defined]


def test_homework_that_asks_for_a_file_needs_one(tmp_path: Path, migrated: Path) -> None:
    own = tmp_path / "programs"
    own.mkdir()
    toml = (TEMPLATES / "programs" / "value-accelerator.toml").read_text("utf-8")
    toml = toml.replace('key = "value-accelerator"', 'key = "shown"', 1).replace(
        'evidence = "any"', 'evidence = "file"'
    )
    (own / "shown.toml").write_text(toml, "utf-8")
    world = World(tmp_path, template=migrated, programs=own)
    try:
        ana = running(world, 2, program="shown")[0]
        world.until(datetime(2027, 1, 20, 9, 0, tzinfo=UTC))
        ana.says("/submit homework:first-step")
        assert [field["key"] for field in ana.form["fields"]] == ["file", "link", "words"]  # type: ignore[attr-defined]
        ana.fills(words="It is in my head")
        assert ana.errors == {"file": "This one asks for a file. A photo or a screenshot is fine."}
        attaches(ana, NOTES)
        assert ana.sees("It's in. Thank you")
        ana.says("/submit homework:first-step words:Only words")
        assert "Send /submit alone and attach it" in ana.last
    finally:
        world.close()


def test_pretend_people_attach_what_has_to_be_attached() -> None:
    program = load()["value-accelerator"].program
    answerer, who = Answerer(program, stock_of(), seed=1), Temper("ana", "Acme", "A report", mood=0.5)
    fields = (Field("file", FieldKind.FILE, "A file", required=True), Field("more", FieldKind.FILE, "Another"))
    form = draw_form(Form("homework/hand-in", "Show it", fields, "Hand in"))
    attached = answerer.attach(who, form)
    assert list(attached) == ["file"]
    assert attached["file"][0].content
    assert answerer.fill(who, form, today=date(2027, 1, 1), hopeful=True) == {"file": None, "more": None}


# Getting them.


def test_the_facilitator_sees_who_attached_what_and_gets_it(chat: World) -> None:
    ana, ben, chi = owing(chat)
    attaches(ana, NOTES, PLAN)
    attaches(ben, words="Only words")
    attaches(chi, File("../chi's page.txt", "text/plain", b"one page"))
    fay = chat.fay.says("/program files")
    assert "The first step, for real" in fay.last
    assert "notes.pdf" in fay.last
    assert "Ben" not in fay.last
    fay.presses("Send them to me", on="Ana")
    assert fay.sees("notes.pdf and plan.png from Ana come to your direct messages")
    assert received(fay) == [("notes.pdf", NOTES.content), ("plan.png", PLAN.content)]
    fay.says("/program files homework:first-step person:@chi")
    assert received(fay)[-1] == ("chi's page.txt", b"one page")
    fay.says("/program files homework:first-step person:@ben")
    assert "No file from Ben yet" in fay.last
    assert received(ana) == received(ben) == []


def test_a_button_of_before_brings_what_is_there_now(chat: World) -> None:
    ana = owing(chat, 2)[0]
    attaches(ana, NOTES)
    fay = chat.fay.says("/program files")
    attaches(ana.says("/submit homework:first-step"), PLAN)
    fay.presses("Send them to me")
    assert received(fay) == [("plan.png", PLAN.content)]
    ana.says("/submit homework:first-step").fills(words="In words after all")
    fay.presses("Send them to me")
    assert "Those files are gone" in fay.last


def test_a_facilitator_of_another_program_gets_nothing(chat: World) -> None:
    ana = owing(chat, 2)[0]
    attaches(ana, NOTES)
    chat.person("zed", "Zed")
    chat.zed.says("/cohort help")
    chat.olu.says("/program facilitator @zed program:first-steps")
    submission = chat.store.read(lambda db: db.exec(select(Submission.id)).one())
    cohort = chat.store.read(lambda db: db.exec(select(Cohort.id)).one())
    pressed = Pressed("files/get", {"cohort_id": cohort, "submission_id": submission})
    for who in (chat.zed, ana):
        outcome = chat.run(chat.app.doors["local"](Inbound(f"forged-{who.id}", "local", who.id, Profile(""), pressed)))
        assert outcome is not None
        assert outcome.template in ("cohort/none-conducted", "people/another-door")
        who.says("/program files")
        assert received(who) == []


def test_before_anybody_attached_anything_there_is_nothing_to_get(chat: World) -> None:
    owing(chat, 2)
    chat.fay.says("/program files")
    assert "No files so far" in chat.fay.last


def test_the_list_of_homework_names_the_files(chat: World) -> None:
    ana = owing(chat, 2)[0]
    attaches(ana, NOTES)
    chat.olu.says("/program export homework")
    _, sheet = received(chat.olu)[-1]
    assert "notes.pdf" in sheet.decode("utf-8-sig")
