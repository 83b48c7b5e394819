"""Program files: what loads, what every part defaults to, and what is said about a broken one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cohorts.lint import lint
from cohorts.program_errors import problems_of
from cohorts.programs import (
    BadAnswer,
    Cadence,
    Evidence,
    Mix,
    Program,
    ProgramError,
    Question,
    QuestionKind,
    SegmentKind,
    Verdict,
    Wall,
    advise,
    check_answer,
    load,
    parse,
    quote,
)

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
BROKEN = sorted((HERE / "broken").glob("*.toml"))
TINY = (PROGRAMS / "tiny.toml").read_text()


def deploy_together() -> Program:
    return load(PROGRAMS / "deploy-together.toml")


def said_about(path: Path) -> str:
    """What the command line would print first."""
    try:
        program = load(path)
    except ProgramError as error:
        return str(error)
    refusals = [remark for remark in lint(program, templates=["sessions/reminder"]) if remark.refuses]
    assert refusals, f"{path.name} is not broken"
    return f"{path}: {refusals[0]}"


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_gives_one_clear_line_with_file_and_place(path: Path) -> None:
    expected = re.match(r"# (?P<where>.+?): (?P<says>.+)", path.read_text())
    assert expected is not None
    line = said_about(path)
    assert line.startswith(f"{path}: {expected['where']}"), line
    assert expected["says"] in line
    assert "\n" not in line


def test_there_are_more_than_twenty_kinds_of_broken_file() -> None:
    assert len(BROKEN) > 20
    assert len({said_about(path).removeprefix(str(path)) for path in BROKEN}) == len(BROKEN)


def test_the_block_of_the_format_page_loads_with_everything_in_it() -> None:
    program = deploy_together()
    assert program.session("kickoff").agenda[1].mix is Mix.OTHER_COMPANY
    assert program.session("kickoff").homework[0].wall is Wall.COUNT
    assert program.session("kickoff").homework[0].audience == ("Admin", "Team lead")
    assert [session.key for session in program.meetings] == ["kickoff", "second"]
    assert [homework.key for _, homework in program.homework] == ["talks"]
    assert program.paths[0].items[1].pass_percent == 60
    assert program.attendance_needed == 1
    empty = [name for name in type(program).model_fields if getattr(program, name) in (None, (), "")]
    assert empty == []


def test_a_shared_agenda_is_the_sessions_own() -> None:
    program = deploy_together()
    kinds = [segment.kind for segment in program.agenda_of(program.session("second"))]
    assert kinds[0] is SegmentKind.PAIR_SHARE
    assert len(kinds) == 4


def test_one_session_and_nothing_optional_is_a_program() -> None:
    program = parse(TINY, file="tiny.toml")
    assert (program.size.min, program.size.target, program.size.max) == (8, 12, 15)
    assert program.cadence is Cadence.WEEKLY
    assert program.at.hour == 16
    assert program.attendance_needed == 1
    assert program.defaults.rsvp and program.defaults.buddies
    assert program.homework == ()


@pytest.mark.parametrize(("sessions", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (6, 4)])
def test_two_thirds_of_the_sessions_make_a_graduate(sessions: int, needed: int) -> None:
    more = "".join(f'\n[[sessions]]\nkey = "s{n}"\ntitle = "S"\nminutes = 60\n' for n in range(1, sessions))
    assert parse(TINY + more, file="f").attendance_needed == needed


@pytest.mark.parametrize(
    ("size", "expected"),
    [("max = 9", (8, 9, 9)), ("min = 20", (20, 20, 20)), ("target = 5", (5, 5, 15)), ("max = 4", (4, 4, 4))],
)
def test_a_size_written_in_part_is_completed_around_it(size: str, expected: tuple[int, int, int]) -> None:
    program = parse(f"{TINY}\n[size]\n{size}\n", file="f")
    assert (program.size.min, program.size.target, program.size.max) == expected


@pytest.mark.parametrize("path", sorted(PROGRAMS.glob("*.toml")), ids=lambda path: path.stem)
def test_programs_written_from_the_page_load_and_nothing_is_refused(path: Path) -> None:
    assert [remark for remark in lint(load(path)) if remark.refuses] == []


def test_every_problem_is_kept_and_the_misspelt_key_is_told_first() -> None:
    with pytest.raises(ProgramError) as caught:
        parse(TINY.replace("minutes", "minuts").replace('"line"', '"lien"'), file="f.toml")
    assert "minuts" in str(caught.value)
    assert len(caught.value.problems) == 3
    assert all(problem.startswith("f.toml: ") for problem in caught.value.problems)


def test_a_file_that_is_not_there_or_not_text_is_said_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match=r"nowhere\.toml: cannot be read: no such file"):
        load(tmp_path / "nowhere.toml")
    picture = tmp_path / "picture.toml"
    picture.write_bytes(b'key = "a"\nname = "\xff\xfe"\n')
    with pytest.raises(ProgramError, match=r"picture\.toml: line 2: not UTF-8 text"):
        load(picture)


def test_a_file_from_notepad_loads(tmp_path: Path) -> None:
    notepad = tmp_path / "notepad.toml"
    notepad.write_bytes(b"\xef\xbb\xbf" + TINY.replace("\n", "\r\n").encode())
    assert load(notepad).key == "tiny"


@given(st.text())
def test_any_text_is_a_program_or_one_line_about_why_not(text: str) -> None:
    with pytest.raises(ProgramError) as caught:
        parse(text, file="f.toml")
    assert str(caught.value).startswith("f.toml: ")
    assert len(str(caught.value).splitlines()) == 1


VALUES: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(Program.model_fields)), VALUES)
def test_any_value_of_any_key_is_taken_or_described_in_one_line(name: str, value: object) -> None:
    raw = {"key": "a", "name": "b", "promise": "c", name: value}
    with pytest.raises(ValidationError) as caught:
        Program.model_validate(raw)
    problems = problems_of(caught.value, Program, raw)
    assert problems and all(len(problem.splitlines()) == 1 for problem in problems)


# Who is who


def test_a_persona_is_found_by_what_was_answered() -> None:
    program = load(PROGRAMS / "onboarding-sprint.toml")
    assert program.persona_of({"role": ["Decide", "Set things up"]}) == "Admin"
    assert program.persona_of({"role": ["Decide"]}) == "Executive"
    assert program.persona_of({}) is None


def test_goal_company_and_level_are_where_the_program_says() -> None:
    program = deploy_together()
    answers = {"goal": "Everyone signs in", "company": "Northwind", "role": "Admin"}
    assert program.goal_of(answers) == "Everyone signs in"
    assert program.company_of(answers) == "Northwind"
    assert program.level_of(answers) == "Admin"
    assert program.goal_of({}) is None


def test_homework_for_admins_is_not_for_sponsors() -> None:
    program = deploy_together()
    audience = program.homework_of("talks")[1].audience
    assert program.is_for(audience, {"role": "Admin"})
    assert not program.is_for(audience, {"role": "Sponsor"})
    assert program.is_for(("Sponsor",), {"role": "Sponsor"})
    assert program.is_for(("members",), {})


# Fit


def test_the_rubric_advises_with_weights_and_a_kind_alternative() -> None:
    program = deploy_together()
    fit = advise(program, {"role": "Sponsor", "seats": 40})
    assert [one.verdict for one in fit.judged] == [Verdict.FAILED, Verdict.MET]
    assert fit.share == 0.25
    assert [one.criterion.key for one in fit.warnings] == ["hands-on"]
    assert fit.alternatives == ("Could you nominate the person who will do the rollout?",)
    assert fit.suggestions == ("sponsors-circle",)


def test_what_was_not_answered_is_unknown_and_no_warning() -> None:
    fit = advise(deploy_together(), {})
    assert {one.verdict for one in fit.judged} == {Verdict.UNKNOWN}
    assert fit.warnings == ()


@pytest.mark.parametrize(
    ("test", "answer", "verdict"),
    [
        ("any_of = ['Admin']", "admin", Verdict.MET),
        ("any_of = ['Admin']", ["Sponsor", "Admin"], Verdict.MET),
        ("equals = true", True, Verdict.MET),
        ("equals = true", False, Verdict.FAILED),
        ("equals = 1", True, Verdict.FAILED),
        ("contains = 'vault'", "Our Vaults are empty", Verdict.MET),
        ("contains = 'vault'", "Nothing", Verdict.FAILED),
        ("at_least = 20", 20, Verdict.MET),
        ("at_least = 20", 19.5, Verdict.FAILED),
        ("at_least = 2\nat_most = 4", 5, Verdict.FAILED),
        ("at_most = 4", "many", Verdict.UNKNOWN),
        ("answered = true", "", Verdict.FAILED),
        ("answered = true", "yes", Verdict.MET),
        ("answered = false", None, Verdict.MET),
    ],
)
def test_each_test_of_a_criterion(test: str, answer: object, verdict: Verdict) -> None:
    rubric = f"\n[[application.criteria]]\nkey = 'c'\nquestion = 'why'\n{test}\n"
    fit = advise(parse(TINY + rubric, file="f"), {"why": answer})
    assert fit.judged[0].verdict is verdict


# Answers


def question(kind: QuestionKind, *, required: bool = False, max_length: int | None = None) -> Question:
    choices = ("Import", "Sharing") if kind.has_choices else ()
    return Question(key="q", ask="?", kind=kind, choices=choices, required=required, max_length=max_length)


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        (QuestionKind.LINE, "  one\ntwo ", "one two"),
        (QuestionKind.PARAGRAPH, "one\ntwo", "one\ntwo"),
        (QuestionKind.CHOICE, "import", "Import"),
        (QuestionKind.CHOICES, ["Sharing", "Import", "Sharing"], ["Import", "Sharing"]),
        (QuestionKind.CHOICES, "Sharing", ["Sharing"]),
        (QuestionKind.SCALE, "4", 4),
        (QuestionKind.NPS, 10, 10),
        (QuestionKind.NUMBER, "20", 20),
        (QuestionKind.NUMBER, "2.5", 2.5),
        (QuestionKind.DATE, "2027-03-28", "2027-03-28"),
        (QuestionKind.YES_NO, "Yes", True),
        (QuestionKind.YES_NO, False, False),
        (QuestionKind.LINK, "https://northwind.dev/a?b=c", "https://northwind.dev/a?b=c"),
        (QuestionKind.LINK, "http://intranet/a", "http://intranet/a"),
        (QuestionKind.LINE, "   ", None),
        (QuestionKind.CHOICES, [], None),
    ],
)
def test_a_good_answer_is_kept_as_the_program_means_it(kind: QuestionKind, given: object, kept: object) -> None:
    assert check_answer(question(kind), given) == kept


@pytest.mark.parametrize(
    ("kind", "given", "reason"),
    [
        (QuestionKind.LINE, ["a"], "not-text"),
        (QuestionKind.PARAGRAPH, "x" * 3001, "too-long"),
        (QuestionKind.CHOICE, "Price", "not-a-choice"),
        (QuestionKind.CHOICE, 3, "not-a-choice"),
        (QuestionKind.CHOICES, ["Import", "Price"], "not-a-choice"),
        (QuestionKind.SCALE, "6", "out-of-range"),
        (QuestionKind.SCALE, 2.5, "out-of-range"),
        (QuestionKind.SCALE, "high", "not-a-number"),
        (QuestionKind.NPS, 11, "out-of-range"),
        (QuestionKind.NPS, -1, "out-of-range"),
        (QuestionKind.NUMBER, "about 20", "not-a-number"),
        (QuestionKind.NUMBER, True, "not-a-number"),
        (QuestionKind.NUMBER, float("nan"), "not-a-number"),
        (QuestionKind.DATE, "28.3.2027", "not-a-date"),
        (QuestionKind.DATE, "2027-02-30", "not-a-date"),
        (QuestionKind.YES_NO, "maybe", "not-yes-or-no"),
        (QuestionKind.YES_NO, 1, "not-yes-or-no"),
        (QuestionKind.LINK, "javascript:alert(1)", "not-a-link"),
        (QuestionKind.LINK, "https://", "not-a-link"),
        (QuestionKind.LINK, "https://a b", "not-a-link"),
        (QuestionKind.LINK, "https://[", "not-a-link"),
    ],
)
def test_a_bad_answer_is_refused_with_its_reason(kind: QuestionKind, given: object, reason: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        check_answer(question(kind), given)
    assert caught.value.reason_key == reason


def test_the_facts_of_a_bad_answer_fill_the_sentence() -> None:
    with pytest.raises(BadAnswer) as caught:
        check_answer(question(QuestionKind.LINE, max_length=5), "too many")
    assert caught.value.facts == {"limit": 5, "length": 8}
    with pytest.raises(BadAnswer) as caught:
        check_answer(question(QuestionKind.NPS), 12)
    assert caught.value.facts == {"low": 0, "high": 10}


@given(st.sampled_from(QuestionKind), st.sampled_from([None, "", "   ", []]))
def test_a_required_answer_can_not_be_empty(kind: QuestionKind, given: object) -> None:
    with pytest.raises(BadAnswer) as caught:
        check_answer(question(kind, required=True), given)
    assert caught.value.reason_key == "required"


@given(st.sampled_from(QuestionKind), VALUES)
def test_any_answer_is_kept_or_refused_and_what_is_kept_is_kept_again(kind: QuestionKind, given: object) -> None:
    asked = question(kind)
    try:
        kept = check_answer(asked, given)
    except BadAnswer:
        return
    assert check_answer(asked, kept) == kept


# Quotes


def test_a_survey_quotes_the_readers_own_answer_and_nothing_else() -> None:
    answers = {"goal": "{{ my.role }} <b>", "tools": ["A", "B"], "new": True}
    assert quote("You wanted: {{ my.goal }}. Reached?", answers) == "You wanted: {{ my.role }} <b>. Reached?"
    assert quote("{{ my.tools }}, {{my.new}}, {{ my.gone }}", answers) == "A, B, yes, …"
    assert quote("{{ 7 * 7 }} {{ my.goal | upper }}", answers) == "{{ 7 * 7 }} {{ my.goal | upper }}"


def test_a_program_is_not_changed_after_loading() -> None:
    program = deploy_together()
    with pytest.raises(ValidationError, match="frozen"):
        program.__setattr__("name", "Another")
    assert program.session("kickoff").homework[0].evidence is Evidence.TEXT
