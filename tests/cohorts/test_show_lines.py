"""A run of show as lines: what was written comes back, and what an edit changed is told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from cohorts import programs
from cohorts.errors import Invalid
from cohorts.program_kinds import SegmentKind
from cohorts.program_parts import Segment
from cohorts.show_lines import difference, order, read, written

PROGRAMS = Path(__file__).parent / "programs"
OURS = [*PROGRAMS.glob("*.toml"), Path(__file__).parents[2] / "templates" / "programs" / "value-accelerator.toml"]

PAIRS = Segment(kind=SegmentKind.PAIR_SHARE, minutes=10, prompt="What did you try?", group_size=3)
WORK = Segment(kind=SegmentKind.WORK, minutes=25, prompt="Import one.", flexible=True)
AGAIN = Segment(kind=SegmentKind.WORK, minutes=15, prompt="Share one.")
END = Segment(kind=SegmentKind.REFLECTION, minutes=5)
SHOW = (PAIRS, WORK, AGAIN, END)


@pytest.mark.parametrize("file", OURS, ids=lambda one: one.stem)
def test_every_run_of_show_that_we_know_comes_back_as_it_was(file: Path) -> None:
    program = programs.load(file)
    for session in program.sessions:
        show = program.agenda_of(session)
        back = read(written(show), show)
        assert [one.segment for one in back] == list(show)
        assert difference(show, back) == [] and order(back) == []


def test_minutes_and_prompt_change_and_the_rest_of_the_segment_stays() -> None:
    changed = read(written(SHOW).replace("10 min pair share: What did you try?", "12 min pair share: What hurt?"), SHOW)
    assert changed[0].segment == PAIRS.model_copy(update={"minutes": 12, "prompt": "What hurt?"})
    assert difference(SHOW, changed) == [
        {
            "what": "changed",
            "kind": "pair share",
            "was": 10,
            "minutes": 12,
            "reworded": True,
            "prompt": "What hurt?",
        }
    ]
    assert order(changed) == []


def test_two_parts_of_one_kind_are_told_apart_by_their_words() -> None:
    swapped = read(written((PAIRS, AGAIN, WORK, END)), SHOW)
    assert [one.was for one in swapped] == [0, 2, 1, 3]
    assert swapped[2].segment.flexible
    assert difference(SHOW, swapped) == []
    assert order(swapped) == ["pair share", "work", "work", "reflection"]


def test_a_line_more_is_new_and_a_line_less_is_gone() -> None:
    changed = read("5m break\n" + written((PAIRS, WORK, END)), SHOW)
    told = [(one["what"], one["kind"]) for one in difference(SHOW, changed) if isinstance(one, dict)]
    assert told == [("new", "break"), ("gone", "work")]
    assert order(changed) == []


def test_a_prompt_may_go_on_over_several_lines() -> None:
    (only,) = read("10 min pair-share: First this.\n3 things then.\nThen that.", ())
    assert only.segment.prompt == "First this.\n3 things then.\nThen that."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Let us talk", "not-a-segment"),
        ("10 min pair share: Hello\n5 min dance", "not-a-segment"),
        ("0 min work: Build.", "odd-minutes"),
        ("1500 min work: Build.", "odd-minutes"),
        ("5 min poll: Where do we dig?", "segment-of-the-file"),
        ("5 min results", "segment-of-the-file"),
    ],
)
def test_what_is_no_part_is_named(text: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(text, ())
    assert refused.value.remarks["agenda"].reason == reason


def test_what_is_kept_without_a_name_stays_so_when_its_words_change() -> None:
    quiet = (WORK.model_copy(update={"chatham_house": True}), END)
    (changed, _) = read(written(quiet).replace("Import one.", "Speak openly."), quiet)
    assert changed.segment.chatham_house and changed.segment.prompt == "Speak openly."
