"""What the lint refuses is in tests/cohorts/broken; here is what it advises, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from cohorts.lint import ADVICE, Remark, lint, placeholders
from cohorts.programs import Program, load, parse
from cohorts.when import parse_when

HERE = Path(__file__).parent
VALUE_ACCELERATOR = HERE.parent.parent / "templates" / "programs" / "value-accelerator.toml"

SOUND = """
key = "sound"
name = "Sound"
promise = "In four weeks 8 of 10 vaults are in use."

[[application.questions]]
key = "goal"
ask = "What must work?"
kind = "line"

[people]
goal = "goal"

[[surveys]]
key = "exit"
when = "1d after graduation"
questions = [{ key = "nps", ask = "Recommend?", kind = "nps" }]

[[sessions]]
key = "one"
title = "One"
minutes = 60

[[sessions.agenda]]
kind = "pair_share"
minutes = 15

[[sessions.agenda]]
kind = "work"
minutes = 30
flexible = true

[[sessions.agenda]]
kind = "reflection"
minutes = 10

[[sessions.agenda]]
kind = "next_steps"
minutes = 5

[[sessions.homework]]
key = "build"
title = "A build"
ask = "Bring one screenshot."

[[sessions]]
key = "two"
title = "Two"
minutes = 60
agenda = [
  { kind = "pair_share", minutes = 15 },
  { kind = "work", minutes = 30, flexible = true },
  { kind = "reflection", minutes = 10 },
  { kind = "next_steps", minutes = 5 },
]
"""


def changed(old: str, new: str) -> Program:
    assert old in SOUND
    return parse(SOUND.replace(old, new, 1), file="sound.toml")


def advised(program: Program) -> list[str]:
    remarks = lint(program)
    assert [remark for remark in remarks if remark.refuses] == []
    return [remark.code for remark in remarks]


def test_a_sound_program_has_no_remarks() -> None:
    assert lint(parse(SOUND, file="sound.toml")) == []


def test_the_default_program_has_no_remarks_and_nothing_to_replace() -> None:
    program = load(VALUE_ACCELERATOR)
    assert lint(program) == []
    assert placeholders(program) == []


def test_the_default_program_is_six_weekly_hours_with_forty_percent_open() -> None:
    program = load(VALUE_ACCELERATOR)
    assert [session.minutes for session in program.meetings] == [60] * 6
    for session in program.meetings:
        agenda = program.agenda_of(session)
        assert sum(segment.minutes for segment in agenda) == 60
        assert sum(segment.minutes for segment in agenda if segment.flexible) == 24
        assert [segment.kind for segment in agenda[-2:]] == ["reflection", "next_steps"]
        steered = {segment.steers for segment in agenda if segment.steers}
        assert {segment.slot for segment in agenda if segment.slot} == steered != set()
    assert all(session.homework for session in program.meetings[:-1])


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("[people]", "[size]\nmin = 4\n\n[people]", "size"),
        ("[people]", "[size]\nmax = 40\n\n[people]", "size"),
        ("In four weeks 8 of 10 vaults are in use.", "You will feel much better about it.", "promise"),
        ('[people]\ngoal = "goal"', "[people]", "goal"),
        ('when = "1d after graduation"\nquestions = [{ key = "nps", ask = "Recommend?", kind = "nps" }]',
         'when = "accepted"\nquestions = [{ key = "a", ask = "Ready?", kind = "yes_no" }]', "feedback"),
        ('kind = "work"\nminutes = 30', 'kind = "teach"\nminutes = 30', "attendees"),
        ("minutes = 30\nflexible = true", "minutes = 30", "flexible"),
        ('kind = "pair_share"\nminutes = 15', 'kind = "discussion"\nminutes = 15', "pair-share"),
        ('kind = "reflection"\nminutes = 10', 'kind = "discussion"\nminutes = 10', "reflection"),
        ('kind = "next_steps"\nminutes = 5', 'kind = "summary"\nminutes = 5', "next-steps"),
        ('kind = "pair_share"\nminutes = 15', 'kind = "pair_share"\nminutes = 5', "agenda"),
        ('kind = "work"\n', 'kind = "poll"\nchoices = ["Yes", "' + 60 * "x" + '"]\n', "poll"),
        ('kind = "work"\n', f'kind = "poll"\nchoices = {[str(number) for number in range(11)]}\n', "poll"),
        ('kind = "next_steps"\n', 'kind = "next_steps"\nchatham_house = true\n', "chatham"),
        ('"A build"\nask = "Bring one screenshot."', '"The rollout"\nask = "Think about it."', "homework"),
        ("Bring one screenshot.", "TODO", "placeholder"),
        ("What must work?", "What must work on shop.example.com?", "placeholder"),
        ('"pair_share"\nminutes = 15', '"pair_share"\nwith = "other_level"\nminutes = 15', "with"),
        ("[people]", '[lint]\nok = ["sise: we are ten friends"]\n\n[people]', "lint"),
    ],
)  # fmt: skip
def test_what_rarely_works_is_advised_against(old: str, new: str, code: str) -> None:
    found = advised(changed(old, new))
    assert code in found
    assert set(found) <= {*ADVICE, "lint"}


def test_a_remark_is_silenced_with_a_reason() -> None:
    silenced = '[size]\nmin = 4\n\n[lint]\nok = ["size: four friends"]\n\n[people]'
    assert advised(changed("[people]", silenced)) == []


def test_a_refusal_can_not_be_silenced() -> None:
    program = changed("[people]", '[lint]\nok = ["minutes: we are quick", "time: we are late"]\n\n[people]')
    longer = parse(SOUND.replace("minutes = 30", "minutes = 50") + '\n[lint]\nok = ["minutes: quick"]', file="f")
    assert [remark.refuses for remark in lint(program)] == [False, False]  # both codes are no advice
    assert lint(longer)[0].refuses


def test_placeholders_are_found_even_when_silenced() -> None:
    program = changed("[people]", '[lint]\nok = ["placeholder: to come"]\n\n[people]')
    program = program.model_copy(update={"summary": "TODO: say for whom", "place": "https://meet.example.org/x"})
    assert lint(program) == []
    assert {remark.where for remark in placeholders(program)} == {"summary", "place"}


@pytest.mark.parametrize(
    "promise",
    [
        "In four weeks your team signs in every day.",
        "80 % of your people use it.",
        "You will have replaced Excel.",
        'You can say "no" to a report.',
        "Sechs Wochen, drei Läden.",
    ],
)
def test_a_promise_with_a_number_or_a_name_can_be_disproved(promise: str) -> None:
    assert advised(changed("In four weeks 8 of 10 vaults are in use.", promise.replace('"', '\\"'))) == []


def test_office_hours_have_no_lint_on_their_agenda() -> None:
    lab = '\n[[sessions]]\nkey = "lab"\ntitle = "Lab"\nkind = "office_hours"\nminutes = 30\n'
    assert lint(parse(SOUND + lab, file="f")) == []


def test_the_counters_and_templates_that_exist_are_told_by_the_caller() -> None:
    badge = '\n[[badges]]\nkey = "b"\nname = "B"\nwhen = "streak 3"\n'
    touchpoint = '\n[[touchpoints]]\nkey = "t"\nwhen = "day 3"\ntemplate = "sessions/reminder"\n'
    program = parse(SOUND + badge + touchpoint, file="f")
    assert {remark.where for remark in lint(program)} == {"badges[1].when", "touchpoints[1].template"}
    assert lint(program, counters=["streak"], templates=["sessions/reminder.md.j2"]) == []


def test_a_suggestion_of_a_program_that_does_not_exist_is_no_refusal() -> None:
    program = load(HERE / "programs" / "executive-round.toml")
    assert lint(program) == []
    assert [remark.code for remark in lint(program, programs=["sound"])] == ["suggest"]
    assert lint(program, programs=["makers-circle"]) == []


def test_a_poll_may_steer_a_later_session_but_not_an_earlier_one() -> None:
    poll = '{ kind = "poll", choices = ["A", "B"], steers = "s", minutes = 15 },'
    slot = '{ kind = "work", slot = "s", minutes = 30, flexible = true },'
    pair = '{ kind = "pair_share", minutes = 15 },'
    work = '{ kind = "work", minutes = 30, flexible = true },'
    late = SOUND.replace(work, slot).replace(pair, f"{pair[:-4].replace('15', '10')} }},", 1)
    assert [remark.where for remark in lint(parse(late, file="f"))] == ["sessions[2].agenda[2].slot"]
    same = SOUND.replace(work, poll.replace("15", "5") + slot.replace("30", "25"))
    assert lint(parse(same, file="f")) == []


def test_a_message_before_the_start_is_fine_when_it_says_so() -> None:
    touchpoint = '\n[[touchpoints]]\nkey = "t"\nwhen = "1d before start"\ntext = "Tomorrow!"\n'
    assert lint(parse(SOUND + touchpoint, file="f")) == []


def test_a_prompt_that_never_comes_is_told() -> None:
    tiny = (HERE / "programs" / "tiny.toml").read_text()
    prompt = '\n[[prompts]]\nkey = "p"\nwhen = "3d after session"\nask = "And?"\n'
    assert "never" in advised(parse(tiny + prompt, file="f"))
    assert "never" not in advised(parse(tiny + prompt + "last = true\n", file="f"))


def test_graduation_before_enough_sessions_are_held_is_refused() -> None:
    early = SOUND.replace('Bring one screenshot."', 'Bring one screenshot."\ndue = "2d after session"')
    remarks = lint(parse(early + '\n[graduation]\nwhen = "day 3"\n', file="f"))
    assert [remark.where for remark in remarks] == ["graduation.when"]
    assert lint(parse(early + '\n[graduation]\nwhen = "day 3"\nattend = 1\n', file="f")) == []


@pytest.mark.parametrize("due", ["homework due", "on a.b", "accepted", "day 3 unless a.b"])
def test_homework_is_due_at_one_time_for_all(due: str) -> None:
    program = changed('Bring one screenshot."', f'Bring one screenshot."\ndue = "{due}"')
    assert [remark.where for remark in lint(program)] == ["sessions[1].homework[1].due"]


def test_homework_of_the_last_session_needs_a_later_graduation() -> None:
    last = SOUND + "\n[[sessions.homework]]\nkey = 'last'\ntitle = 'Last'\nask = 'Write one page.'\n"
    assert [remark.where for remark in lint(parse(last, file="f"))] == ["sessions[2].homework[1].due"]
    assert lint(parse(last + "\n[graduation]\nwhen = 'day 20'\n", file="f")) == []


def test_sessions_at_the_same_time_are_told() -> None:
    lab = '\n[[sessions]]\nkey = "lab"\ntitle = "Lab"\nkind = "office_hours"\nminutes = 30\nday = 7\n'
    assert advised(parse(SOUND + lab, file="f")) == ["overlap"]


def test_sessions_that_are_not_in_the_order_of_time_are_told() -> None:
    assert advised(changed('key = "one"', 'key = "one"\nday = 3')) == []
    reversed_days = SOUND.replace('key = "one"', 'key = "one"\nday = 9').replace('key = "two"', 'key = "two"\nday = 2')
    due = reversed_days.replace('Bring one screenshot."', 'Bring one screenshot."\ndue = "session end"')
    assert advised(parse(due, file="f")) == ["order"]


@pytest.mark.parametrize("when", ["graduation", "1d after next session", "on a.b", "accepted", "close"])
def test_graduation_is_a_time_that_all_share(when: str) -> None:
    remarks = lint(parse(SOUND + f'\n[graduation]\nwhen = "{when}"\n', file="f"))
    assert "graduation.when" in {remark.where for remark in remarks if remark.refuses}
    assert str(parse_when(when)) == when


def test_a_remark_reads_as_one_line() -> None:
    assert str(Remark("size", False, "size.min", "4 people are few")) == "size.min: 4 people are few [size]"
    assert str(Remark("time", True, "at", "too late")) == "at: too late"
