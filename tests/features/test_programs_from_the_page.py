"""Programs written from nothing but the page about the program file, rehearsed: who is told what, and when."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot import catalogue
from bot.rehearsal import Rehearsed, Wish, rehearse
from cohorts.programs import ProgramError, load, parse
from tests.support.chat import World
from tests.support.stories import running

PROGRAMS = Path(__file__).parents[1] / "cohorts" / "programs"
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
SAID = re.compile(r"Said: ([a-z-]+)\.")


@dataclass(frozen=True)
class Told:
    """What the program's own messages were, by their keys: who heard them when, by the cohort's clock."""

    rehearsed: Rehearsed
    zone: str

    def said(self, key: str) -> dict[str, list[str]]:
        heard: dict[str, list[str]] = defaultdict(list)
        for line in self.rehearsed.lines:
            if line.kind == "effect" and key in SAID.findall(line.text):
                heard[self.clock(line.at)].append(line.to)
        return dict(heard)

    def said_here(self, key: str) -> set[str]:
        """The moments of those whose clock is the cohort's; a room has one for all."""
        lines = (line for line in self.rehearsed.lines if line.zone == self.zone and key in SAID.findall(line.text))
        return {self.clock(line.at) for line in lines if line.kind == "effect"}

    def seen(self, template: str) -> list[tuple[str, str, str]]:
        """(when, to whom, text) of everything of one template, alone or as a part of a letter."""
        lines = (line for line in self.rehearsed.lines if template in line.template.split("+"))
        return [(self.clock(line.at), line.to, line.text) for line in lines]

    def seen_here(self, template: str) -> list[tuple[str, str]]:
        """(when, text) of those whose clock is the cohort's: others hear it when it is day there."""
        lines = (line for line in self.rehearsed.lines if template in line.template.split("+"))
        lines = (line for line in lines if line.zone == self.zone)
        return [(self.clock(line.at), line.text) for line in lines]

    def clock(self, at: datetime) -> str:
        return f"{at.astimezone(ZoneInfo(self.zone)):%d.%m. %H:%M}"

    @property
    def members(self) -> set[str]:
        return set(self.rehearsed.members)

    @property
    def bees(self) -> set[str]:
        """Who wrote so when they applied, by the list of applications."""
        sheet = self.rehearsed.sheets["applications"]
        rows = (dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows)
        names = {str(row["name"]) for row in rows if row["answer_who"] == "Bee"}
        return {id_ for id_, name in self.rehearsed.names.items() if name in names}

    @property
    def graduates(self) -> set[str]:
        return {to for _, to, _ in self.seen("graduation/letter")}


def rehearsed(program: str, *, zone: str = BERLIN, starts: date = date(2027, 1, 11), absent: float = 0.0) -> Told:
    wish = Wish(catalogue.read(PROGRAMS / f"{program}.toml"), people=9, zone=zone, starts=starts, absent=absent)
    return Told(rehearse(wish), zone)


@pytest.fixture(scope="module")
def told() -> Told:
    return rehearsed("every-when", absent=0.4)


def test_a_message_that_hangs_on_acceptance_reaches_each_who_is_in_once(told: Told) -> None:
    assert Counter(to for heard in told.said("accepted").values() for to in heard) == Counter(told.members)
    assert Counter(to for heard in told.said("after-accepted").values() for to in heard) == Counter(told.bees)


def test_applicants_are_told_of_the_close_while_they_wait(told: Told) -> None:
    applied = {to for _, to, _ in told.seen("applications/received")}
    heard = [to for those in told.said("close").values() for to in those]
    assert sorted(heard) == sorted(applied)


def test_alumni_are_those_who_graduated(told: Told) -> None:
    ((_, heard),) = told.said("after-graduation").items()
    assert sorted(heard) == sorted(told.graduates)
    assert told.graduates < told.members


def test_the_start_is_the_hour_at_which_the_first_session_begins(told: Told) -> None:
    assert {key: [*told.said(key)] for key in ("before-start", "after-start")} == {
        "before-start": ["11.01. 14:00"],
        "after-start": ["11.01. 19:00"],
    }


def test_a_promise_to_answer_before_the_start_is_told_as_such(told: Told) -> None:
    received = [line for line in told.rehearsed.lines if line.template == "applications/received"]
    here = [line.text for line in received if line.zone == BERLIN]
    assert here and all("Saturday 9 January, 16:00" in text for text in here)


@pytest.mark.parametrize(
    ("key", "moments"),
    [
        ("in-the-morning", ["20.01. 09:00"]),
        ("at-a-minute", ["20.01. 11:11"]),
        ("next", ["18.01. 12:00", "25.01. 12:00"]),
        ("after-session", ["11.01. 16:30", "18.01. 16:30", "25.01. 16:30"]),
        ("after-homework", ["16.01. 17:00"]),
        ("one-session", ["18.01. 11:00"]),
        ("long-after", ["25.01. 16:00"]),
        ("unless", ["21.01. 12:00"]),
        ("after-graduation", ["09.02. 14:00"]),
        ("event", []),
    ],
)
def test_a_message_of_the_program_comes_when_the_file_says(told: Told, key: str, moments: list[str]) -> None:
    assert sorted(told.said_here(key)) == moments


def test_a_question_between_sessions_is_not_asked_after_the_last_unless_it_says_so(told: Told) -> None:
    asked: dict[str, set[str]] = defaultdict(set)
    for at, text in told.seen_here("prompts/ask"):
        asked["always" if "What stays with you?" in text else "between"].add(at)
    # The first was for the 14th: what comes on two days in a row is one message, on the second.
    assert asked["between"] == {"15.01. 16:00", "21.01. 16:00"}
    assert asked["always"] == {"13.01. 16:00", "20.01. 16:00", "27.01. 16:00"}


def test_a_survey_for_some_is_asked_of_them_alone(told: Told) -> None:
    assert Counter(to for _, to, _ in told.seen("surveys/ask")) == Counter(told.bees)
    assert {at for at, _ in told.seen_here("surveys/ask")} == {"18.01. 16:00"}


def test_a_night_whose_hour_is_skipped_keeps_days_and_hours_apart() -> None:
    told = rehearsed("early-birds", zone=NEW_YORK, starts=date(2027, 3, 7))
    assert {key: [*told.said(key)] for key in ("clock", "day-before", "hours-before", "hours-after", "days-after")} == {
        "clock": ["14.03. 03:15"],  # 02:15 does not exist
        "day-before": ["13.03. 03:30"],
        "hours-before": ["13.03. 02:30"],
        "hours-after": ["08.03. 02:30"],
        "days-after": ["14.03. 03:30"],
    }
    assert sorted({at for at, _, _ in told.seen("sessions/open-doors")}) == [
        "07.03. 02:30",
        "14.03. 03:30",
        "21.03. 02:30",
        "28.03. 02:30",
    ]


def test_where_nobody_is_paired_the_door_does_not_speak_of_pairs() -> None:
    told = rehearsed("deploy-together")
    doors = {text for _, _, text in told.seen("sessions/open-doors")}
    lab = [text for text in doors if text.startswith("Lab")]
    assert lab and not any("pairs" in text for text in lab)
    assert any("pairs" in text for text in doors - {*lab})


def test_a_session_that_is_on_is_not_offered_for_cancelling(chat: World) -> None:
    running(chat, 3)
    chat.until(datetime(2027, 1, 11, 15, 0, tzinfo=ZoneInfo("UTC")))
    chat.fay.says("/session start").says("/session cancel 1")
    assert chat.fay.last.startswith("This session can't be cancelled")


def test_a_number_of_thousands_of_digits_is_refused_with_its_line() -> None:
    text = (PROGRAMS / "tiny.toml").read_text() + f"\n[application]\nopen_days = {'9' * 5000}\n"
    with pytest.raises(ProgramError, match=r"line \d+: found a number that is too long"):
        parse(text, file="long.toml")


@pytest.mark.parametrize("program", ["every-when", "early-birds"])
def test_they_load(program: str) -> None:
    assert load(PROGRAMS / f"{program}.toml").key == program
