"""What a member will get, week by week, told from the program file alone by the functions that plan a real cohort."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from bot import catalogue
from bot.cli.group import program as caravan
from bot.config import TEMPLATES
from bot.features.preview import facts_of, messages
from bot.render import Renderer
from cohorts import touchpoints
from cohorts.preview import ACCEPTED, LAUNCHED, OPENED, preview
from cohorts.touchpoints import Touchpoint
from tests.support.chat import World
from tests.support.stories import opened, running

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
PROGRAMS = Path(__file__).parents[1] / "cohorts" / "programs"
EVERY = sorted(PROGRAMS.glob("*.toml"))


def test_the_default_program_week_by_week(chat: World) -> None:
    said = opened(chat).says("/program preview value-accelerator").last
    for words in (
        "Before it starts",
        "Week 1 · Set out",
        "Week 6 · The view from up here",
        "as in week 2, for Weather",
    ):
        assert words in said
    assert "16:10 at the latest it begins" in said
    assert "if you still owe it: Two honest conversations" in said
    assert "a survey, “Looking back”" in said
    assert "summary" not in said, "what facilitators get is not told"
    assert len(said) < 6000


def test_it_tells_what_a_real_cohort_plans(chat: World) -> None:
    """Moments and rules of a cohort of the same program, as they stand in its table."""
    running(chat, 2)
    listed = catalogue.load()["value-accelerator"]
    seen = preview(listed.program, listed.toml, now=NOW, zone="Europe/Berlin")
    shown = {(one.name, one.at.strftime("%a %H:%M")) for one in seen.told}
    behind = {rule.name for source in touchpoints.sources() for rule in source.rules if rule.behind}
    planned = chat.store.read(lambda db: {row.rule for row in db.exec(select(Touchpoint)).all()})
    assert {name for name, _ in shown} - {OPENED, ACCEPTED, LAUNCHED} == planned - behind
    assert ("sessions/reminder-hour", "Mon 14:00") in shown


@pytest.mark.parametrize("file", EVERY, ids=lambda file: file.stem)
def test_every_program_can_be_previewed(file: Path) -> None:
    listed = catalogue.read(file)
    seen = preview(listed.program, listed.toml, now=NOW, zone="Asia/Kolkata")
    text = str(Renderer([TEMPLATES]).message("preview/weeks", facts_of(listed.program, seen)))
    for session in listed.program.sessions:
        assert session.title in text
    for prompt in listed.program.prompts:
        assert prompt.ask.split("\n")[0] in text
    assert messages(seen) >= 3


def test_whatever_is_planned_has_words_or_is_behind_the_scenes() -> None:
    """A new rule says that it is `behind`, or gets its words in [preview] of its feature's words.toml."""
    rules = {rule.name for source in touchpoints.sources() for rule in source.rules if not rule.behind}
    said = {
        f"{file.parent.name}/{name}"
        for file in TEMPLATES.rglob("words.toml")
        for name in tomllib.loads(file.read_text("utf-8")).get("preview", {})
    }
    assert rules | {OPENED, ACCEPTED, LAUNCHED, "surveys/ask"} == said


def test_what_can_wait_is_told_by_day_and_counted_once() -> None:
    listed = catalogue.read(PROGRAMS / "circle.toml")
    seen = preview(listed.program, listed.toml, now=NOW, zone="Europe/Berlin")
    waiting = [one for one in seen.told if one.waits]
    assert len({one.at for one in waiting}) < len(waiting)
    assert all(8 <= one.at.astimezone().hour + 1 <= 20 for one in waiting)


def test_it_writes_nothing(chat: World) -> None:
    fay = opened(chat)
    before = chat.store.read(lambda db: len(db.exec(select(Touchpoint)).all()))
    fay.says("/program preview")
    assert chat.store.read(lambda db: len(db.exec(select(Touchpoint)).all())) == before


def test_without_a_name_it_is_the_program_one_leads_and_a_wrong_name_is_answered_with_the_right_ones(
    chat: World,
) -> None:
    fay = opened(chat)
    assert "Value Accelerator: what a member gets" in fay.says("/program preview").last
    assert "value-accelerator" in fay.says("/program preview nonsense").last
    assert "There is no part 7" in fay.says("/program preview part:7").last


def test_a_long_program_comes_in_parts(tmp_path: Path, migrated: Path) -> None:
    sessions = "".join(f'[[sessions]]\nkey = "s{n}"\ntitle = "Meeting {n}"\nminutes = 60\n' for n in range(12))
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "long.toml").write_text(LONG + sessions, "utf-8")
    chat = World(tmp_path, template=migrated, programs=tmp_path / "programs")
    try:
        chat.olu.says("/cohort help")
        first = chat.olu.says("/program preview long").last
        assert "part 1 of 2" in first and "Meeting 6" in first and "Meeting 11" not in first
        chat.olu.presses("Go on")
        assert "part 2 of 2" in chat.olu.last and "Meeting 11" in chat.olu.last
        assert "Meeting 11" in chat.olu.says("/program preview long part:2").last
    finally:
        chat.close()


LONG = """
key = "long"
name = "Long"
promise = "12 meetings."
[[application.questions]]
key = "why"
ask = "Why?"
kind = "line"
"""


def test_the_command_line_shows_the_same() -> None:
    result = CliRunner().invoke(caravan(), ["preview", "value-accelerator", "--zone", "America/New_York"])
    assert result.exit_code == 0, result.stderr
    assert "Value Accelerator: what a member gets" in result.stdout
    assert "Week 6" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [(["nothing"], "PROGRAM is 'nothing'"), (["value-accelerator", "--zone", "Mars"], "--zone is 'Mars'")],
)
def test_bad_input_is_one_line(arguments: list[str], line: str) -> None:
    result = CliRunner().invoke(caravan(), ["preview", *arguments])
    assert result.exit_code == 2
    assert line in result.stderr and result.stderr.strip().count("\n") == 0
