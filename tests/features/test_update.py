"""A running cohort takes over its program's changed file: what is shown, what stays, what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from bot import catalogue
from cohorts import updating
from cohorts.audit import AuditEntry
from cohorts.cohort import Cohort
from cohorts.homework import Homework
from cohorts.programs import parse
from cohorts.sessions import Session, SessionState
from cohorts.touchpoints import Touchpoint, TouchpointState
from tests.support.chat import World
from tests.support.stories import answer, running

PROGRAM = """
key = "alpha"
name = "Alpha"
promise = "3 meetings."
norms = ["Half-baked is welcome."]

[size]
min = 1

[[application.questions]]
key = "why"
ask = "Why?"
kind = "line"
required = true

[[sessions]]
key = "one"
title = "One"
minutes = 60

[[sessions.homework]]
key = "sketch"
title = "A sketch"
ask = "Draw it."

[[sessions]]
key = "two"
title = "Two"
minutes = 60

[[sessions.homework]]
key = "page"
title = "One page"
ask = "Write it."

[[sessions]]
key = "three"
title = "Three"
minutes = 60

[[prompts]]
key = "midweek"
when = "3d after session"
ask = "What did you try?"
"""
THREE = PROGRAM[PROGRAM.index('[[sessions]]\nkey = "three"') : PROGRAM.index("[[prompts]]")]
PAGE = PROGRAM[PROGRAM.index('[[sessions.homework]]\nkey = "page"') : PROGRAM.index('[[sessions]]\nkey = "three"')]
SKETCH = PROGRAM[PROGRAM.index('[[sessions.homework]]\nkey = "sketch"') : PROGRAM.index('[[sessions]]\nkey = "two"')]


class Story:
    """Two members in a cohort of three sessions, and its file."""

    def __init__(self, folder: Path, migrated: Path) -> None:
        programs = folder / "programs"
        programs.mkdir()
        self.file = programs / "alpha.toml"
        self.file.write_text(PROGRAM, "utf-8")
        self.world = World(folder, template=migrated, programs=programs)
        running(self.world, 2, "alpha")

    def writes(self, text: str) -> None:
        assert text != PROGRAM
        self.file.write_text(text, "utf-8")

    def one(self, table: type, **wanted: object) -> object:
        def read(db: object) -> object:
            rows = db.exec(select(table)).all()  # type: ignore[attr-defined]
            return next(row for row in rows if all(getattr(row, name) == value for name, value in wanted.items()))

        return self.world.store.read(read)

    def first_session(self) -> None:
        self.world.until(datetime(2027, 1, 11, 15, 0, tzinfo=UTC))
        self.world.passes(hours=2)


@pytest.fixture
def story(tmp_path: Path, migrated: Path) -> Iterator[Story]:
    told = Story(tmp_path, migrated)
    # `running` applies by the only program that is open.
    yield told
    told.world.close()


def test_without_a_change_there_is_nothing_to_do(story: Story) -> None:
    assert "Nothing to update" in story.world.olu.says("/program update").last


def test_what_changes_is_shown_and_waits_for_a_yes(story: Story) -> None:
    story.writes(
        PROGRAM.replace('title = "Two"\nminutes = 60', 'title = "Two and a half"\nminutes = 90')
        .replace("What did you try?", "What got in your way?")
        .replace("3 meetings.", "4 meetings.")
        .replace("[[prompts]]", '[[sessions]]\nkey = "four"\ntitle = "Four"\nminutes = 30\n\n[[prompts]]')
    )
    said = story.world.olu.says("/program update").last
    for words in (
        "The program: the promise",
        "Session “Two and a half”: its title, its length",
        "Session “Four”: new",
        "Question “What got in your way?”: the question",
    ):
        assert words in said
    session = story.one(Session, key="two")
    assert isinstance(session, Session) and session.title == "Two", "not before the yes"
    story.world.olu.presses("Yes, update")
    session = story.one(Session, key="two")
    assert isinstance(session, Session)
    assert (session.title, session.minutes, session.revision) == ("Two and a half", 90, 1)
    four = story.one(Session, key="four")
    assert isinstance(four, Session) and four.starts_at == datetime(2027, 2, 1, 15, 0, tzinfo=UTC)
    assert story.one(AuditEntry, deed="program/updated")
    assert "Two and a half" in story.world.ana.says("/session when").last
    assert "Nothing to update" in story.world.olu.says("/program update").last


def test_what_is_new_is_planned_and_what_is_gone_is_not(story: Story) -> None:
    story.writes(
        PROGRAM.replace(PAGE, "").replace('ask = "What did you try?"', 'ask = "What did you try?"\nlast = true')
    )
    story.world.olu.says("/program update").presses("Yes, update")
    keys = story.world.store.read(lambda db: [one.key for one in db.exec(select(Homework)).all()])
    assert keys == ["sketch"]
    rows = story.world.store.read(lambda db: db.exec(select(Touchpoint)).all())
    nudges = [row.state for row in rows if row.rule == "homework/nudge"]
    assert sorted(nudges) == [TouchpointState.PENDING, TouchpointState.WITHDRAWN]
    assert sum(row.rule == "prompts/ask" and row.state is TouchpointState.PENDING for row in rows) == 3


def test_a_session_that_is_gone_is_called_off_and_the_room_hears_it(story: Story) -> None:
    story.writes(PROGRAM.replace(THREE, ""))
    assert "“Three”: called off, and the room hears it" in story.world.olu.says("/program update").last
    story.world.olu.presses("Yes, update")
    three = story.one(Session, key="three")
    assert isinstance(three, Session) and three.state is SessionState.CANCELLED
    assert story.world.ana.sees("Three", story.world.ana.room())


def test_times_stay_and_it_says_how_to_move_them(story: Story) -> None:
    story.writes(PROGRAM.replace('promise = "3', 'at = "10:00"\npromise = "4'))
    said = story.world.olu.says("/program update").last
    assert "When “Two” is: people have it in their calendars" in said and "/session move" in said
    story.world.olu.presses("Yes, update")
    two = story.one(Session, key="two")
    assert isinstance(two, Session) and two.starts_at == datetime(2027, 1, 18, 15, 0, tzinfo=UTC)


def test_what_was_handed_in_or_held_or_answered_cannot_go(story: Story) -> None:
    story.first_session()
    story.world.ana.says("/submit My sketch in words homework:sketch")
    without = re.sub(r"(?s)\[\[sessions\]\]\nkey = \"one\".*?(?=\[\[sessions\]\]\nkey = \"two\")", "", PROGRAM)
    story.writes(without.replace('key = "why"', 'key = "what"'))
    said = story.world.olu.says("/program update").last
    for words in ("“One” was held: leave it in", "“A sketch” has been handed in", "“Why?” has been answered"):
        assert words in said
    cohort = story.one(Cohort)
    assert isinstance(cohort, Cohort) and cohort.program_toml == PROGRAM


def test_what_was_held_keeps_its_name(story: Story) -> None:
    story.first_session()
    story.writes(PROGRAM.replace('title = "One"', 'title = "First"'))
    assert "“One”: it was held as it was" in story.world.olu.says("/program update").last
    story.world.olu.presses("Yes, update")
    one = story.one(Session, key="one")
    assert isinstance(one, Session) and one.title == "One"


def test_a_new_session_in_the_past_is_refused(story: Story) -> None:
    story.first_session()
    story.writes(
        PROGRAM.replace("[[prompts]]", '[[sessions]]\nkey = "zero"\ntitle = "Zero"\nminutes = 30\nday = 0\n[[prompts]]')
    )
    assert "“Zero” would be in the past" in story.world.olu.says("/program update").last


def test_a_file_that_changed_again_is_shown_again(story: Story) -> None:
    story.writes(PROGRAM.replace("3 meetings", "4 meetings"))
    story.world.olu.says("/program update")
    story.writes(PROGRAM.replace("3 meetings", "5 meetings at least"))
    story.world.olu.presses("Yes, update")
    assert "The file has changed again" in story.world.olu.last
    cohort = story.one(Cohort)
    assert isinstance(cohort, Cohort) and cohort.program.promise == "3 meetings."


def test_a_broken_or_unfinished_file_changes_nothing(story: Story) -> None:
    story.writes("this is no program")
    assert "Nothing to update" in story.world.olu.says("/program update").last
    story.writes(PROGRAM.replace("Draw it.", "TODO"))
    assert "meant to be replaced" in story.world.olu.says("/program update").last


def test_a_facilitator_is_not_the_owner(story: Story) -> None:
    assert "somebody else" in story.world.fay.says("/program update").last


def test_what_was_told_at_the_opening_is_not_lost() -> None:
    old = parse(
        'place = "voice"\nboard = "https://board.example.com/1"\n'
        + PROGRAM
        + '[orientation]\nvideo = "https://v.example.com/1"\n[leader]\nname = "Ada \\"A\\" Osei"\ntitle = "CEO"\n',
        file="old",
    )
    for text in (PROGRAM, PROGRAM + '[orientation]\ntext = "Hello."\n'):
        new = parse(updating.carried(old, text), file="new")
        assert (new.place, new.board, new.leader) == (old.place, old.board, old.leader)
        assert new.orientation is not None and new.orientation.video == "https://v.example.com/1"
    own = parse(updating.carried(old, 'place = "chat"\n' + PROGRAM), file="new")
    assert own.place == "chat"


def test_nothing_is_different_in_the_same_program() -> None:
    for listed in catalogue.load().values():
        assert updating.changes(listed.program, listed.program) == []


# Closing


def test_a_running_cohort_is_closed_kindly_and_nothing_more_is_planned(story: Story) -> None:
    story.first_session()
    said = story.world.olu.says("/program close").last
    assert "Its next session would be Two" in said and "2 members hear it" in said
    assert not story.world.ana.sees("ends here", story.world.ana.room())
    story.world.olu.presses("Yes, close it")
    room = story.world.ana.room()
    assert story.world.ana.sees("Alpha ends here", room)
    before = len(story.world.ana.texts()), len(story.world.ana.texts(room))
    story.world.passes(days=40)
    assert (len(story.world.ana.texts()), len(story.world.ana.texts(room))) == before
    assert story.one(AuditEntry, deed="program/closed")
    rows = story.world.store.read(lambda db: db.exec(select(Touchpoint)).all())
    assert not [row for row in rows if row.state is TouchpointState.PENDING]


def test_after_the_close_its_owner_still_has_report_and_lists(story: Story) -> None:
    story.world.olu.says("/program close").presses("Yes, close it")
    assert "what came of it" in next(
        text for text in story.world.olu.says("/program report").texts() if "came of" in text
    )
    assert "On its way" in " ".join(story.world.olu.says("/program export all").texts())
    assert "No cohort" in story.world.olu.says("/program close").last or story.world.olu.last


def test_before_it_begins_applicants_hear_it_too(story: Story, tmp_path: Path) -> None:
    chat = story.world
    chat.olu.says("/program close").presses("Yes, close it")
    chat.fay.says("/program open alpha 2027-06-07 zone:Europe/Berlin").presses("Open for applications")
    eve = chat.person("eve")
    answer(eve.says("/apply"))
    assert "1 person still waits" in chat.olu.says("/program close").last
    chat.olu.presses("Yes, close it")
    assert "Alpha does not take place" in eve.last
    assert "Nothing is open right now" in eve.says("/program list").last
