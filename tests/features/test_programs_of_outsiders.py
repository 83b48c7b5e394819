"""Three programs that others wrote from the page alone, rehearsed: what they promise is what people get.

An onboarding sprint of two weeks, a circle of founders who host in turn, and an executive round once a month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot import catalogue
from bot.rehearsal import Rehearsed, Wish, rehearse
from bot.timeline import Line
from cohorts import lint
from cohorts.lint_remarks import Remark
from cohorts.programs import Program, ProgramError, load, parse

PROGRAMS = Path(__file__).parents[1] / "cohorts" / "programs"
THREE = ("tidewater-sprint", "founders-circle", "breakfast-round")
BERLIN = "Europe/Berlin"
MEETINGS = {
    "01": ("08", "11", "22", "25"),
    "02": ("05", "08", "19", "22"),
    "03": ("05", "08"),
}  # and the Fridays before
OF_A_SESSION = ("sessions/", "pairing/", "reflections/ask", "reunion/", "guests/")  # the last to whoever hosts


@dataclass(frozen=True)
class Run:
    """One rehearsal, and the questions one asks of it."""

    program: Program
    rehearsed: Rehearsed

    @property
    def lines(self) -> Sequence[Line]:
        return self.rehearsed.lines

    @property
    def members(self) -> set[str]:
        return set(self.rehearsed.members)

    def told(self, words: str, *, template: str = "") -> list[Line]:
        """What somebody saw unasked that says these words; `template`: alone or as a part of a letter."""
        fitting = (line for line in self.lines if line.kind == "effect" and words in line.text)
        return [line for line in fitting if not template or template in line.template.split("+")]

    def days(self, words: str, *, template: str = "") -> set[str]:
        """On which days, by the reader's own clock."""
        return {f"{self.here(line):%d.%m.}" for line in self.told(words, template=template)}

    def here(self, line: Line) -> datetime:
        return line.at.astimezone(ZoneInfo(line.zone))

    def berlin(self, line: Line) -> str:
        return f"{line.at.astimezone(ZoneInfo(BERLIN)):%d.%m. %H:%M}"

    def who(self, answer: str, question: str) -> set[str]:
        """The members who answered so when they applied."""
        names = {str(row["name"]) for row in self.rows("applications") if row[f"answer_{question}"] == answer}
        return {id_ for id_, name in self.rehearsed.names.items() if name in names} & self.members

    def rows(self, sheet: str) -> list[dict[str, object]]:
        found = self.rehearsed.sheets[sheet]
        return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def _run(key: str) -> Run:
    listed = catalogue.read(PROGRAMS / f"{key}.toml")
    return Run(listed.program, rehearse(Wish(listed, people=12, zone=BERLIN, starts=date(2027, 1, 11))))


@pytest.fixture(scope="module")
def sprint() -> Run:
    return _run("tidewater-sprint")


@pytest.fixture(scope="module")
def circle() -> Run:
    return _run("founders-circle")


@pytest.fixture(scope="module")
def round_() -> Run:
    return _run("breakfast-round")


@pytest.fixture(params=["sprint", "circle", "round_"])
def run(request: pytest.FixtureRequest) -> Run:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Run)
    return found


# What holds for all three.


@pytest.mark.parametrize("key", THREE)
def test_lint_has_nothing_to_remark(key: str) -> None:
    assert lint.lint(load(PROGRAMS / f"{key}.toml")) == []


def test_everybody_is_carried_to_the_end(run: Run) -> None:
    assert run.rehearsed.summary.graduates >= 8
    assert len({line.template for line in run.lines if "reunion/open-doors" in line.template}) <= 1
    assert not [line for line in run.lines if line.template == "errors/bug"]


def test_nobody_hears_too_much(run: Run) -> None:
    pings: dict[tuple[str, date], list[Line]] = defaultdict(list)
    for line in run.lines:
        if line.notifies and line.to in run.members and not line.template.startswith(OF_A_SESSION):
            pings[line.to, run.here(line).date()].append(line)
    assert run.rehearsed.summary.pings_per_member <= 50
    # What answers somebody's own act at once (the decision, the letter when the last piece is in) comes beside.
    at_once = ("applications/", "graduation/")
    waited = {key: [one for one in told if not one.template.startswith(at_once)] for key, told in pings.items()}
    met = {
        (line.to, run.here(line).date()) for line in run.lines if line.template.startswith(("pairing/", "sessions/"))
    }
    assert max(len(told) for key, told in waited.items() if key not in met) == 1


def test_nights_and_weekends_are_peoples_own(run: Run) -> None:
    at_once = ("applications/accepted", "applications/waitlisted")  # of a program that accepts by itself
    for line in run.lines:
        if line.notifies and line.to in run.members and not line.template.startswith((*OF_A_SESSION, *at_once)):
            here = run.here(line)
            assert 8 <= here.hour < 20 and here.weekday() < 5, (here, line.template, line.zone)


def test_no_braces_reach_anybody(run: Run) -> None:
    assert not [line.template for line in run.lines if "{{" in line.text or "{%" in line.text]


def test_the_theme_is_heard(run: Run) -> None:
    heard = {"harbour": "All hands on deck", "campfire": "pull up a log"}.get(run.program.theme.value)
    launched = {line.text for line in run.lines if line.template == "program/launched"}
    assert all(heard in text for text in launched) if heard else not any("🔥" in text for text in launched)


def test_the_hours_a_week_are_said_with_the_commitment(run: Run) -> None:
    hours = run.program.commitment.hours_per_week if run.program.commitment else 0
    accepted = [line.text for line in run.lines if line.template == "applications/accepted"]
    assert accepted and all(f"about {hours} hour" in text for text in accepted)


# The onboarding sprint.


def test_a_persona_hears_what_is_for_it(sprint: Run) -> None:
    admins = sprint.who("IT administrator", "job") | sprint.who("Security engineer", "job")
    assert {line.to for line in sprint.told("Tomorrow we cast off.")} == admins
    assert {line.to for line in sprint.told("Admin's half-time check", template="surveys/ask")} == admins
    assert sprint.days("Admin's half-time check", template="surveys/ask") == {"19.01."}


def test_homework_is_owed_by_the_personas_it_is_for(sprint: Run) -> None:
    admins = sprint.who("IT administrator", "job") | sprint.who("Security engineer", "job")
    owes: dict[str, set[str]] = defaultdict(set)
    for line in sprint.lines:
        for title in ("The one-page policy", "One colleague won"):
            if line.template == "cohort/home" and f"- {title}, due" in line.text:
                owes[title].add(line.to)
    assert owes["The one-page policy"] <= admins
    assert owes["One colleague won"] <= sprint.members - admins


def test_who_owes_one_homework_is_reminded_of_that_one_alone(sprint: Run) -> None:
    told = sprint.told("Your one-page policy is due")
    assert {sprint.here(line).strftime("%d.%m.") for line in told} <= {"15.01."}  # due on a Saturday: the day before
    assert len(told) == len({line.to for line in told})


def test_a_member_reads_their_own_answer_in_the_programs_words(sprint: Run) -> None:
    told = sprint.told("Nobody of your team has signed in yet")
    assert {line.to for line in told} == sprint.members
    assert len({line.text.partition("You wanted: ")[2] for line in told}) > 6


def test_office_hours_are_nobodys_next_session_and_nobody_is_missed(sprint: Run) -> None:
    hours = "Harbour office hours"
    assert not sprint.told(f"Next: {hours}")
    assert not sprint.told(f"We missed you at {hours}") and not sprint.told(f"Thank you for being at {hours}")
    assert not sprint.told(f"Recap: {hours}") and not sprint.told(f"Who was at {hours}?")
    assert sprint.days(f"{hours} is starting") == {"14.01."}


def test_the_product_and_the_board_are_at_the_door(sprint: Run) -> None:
    doors = {line.text for line in sprint.lines if line.template == "sessions/open-doors"}
    assert any("What we make: a vault that someone else can open." in text for text in doors)
    assert all("The board we share" in text for text in doors)


def test_a_promise_is_not_announced_where_no_reminder_brings_it_back(sprint: Run) -> None:
    kept = [line.text for line in sprint.lines if line.template == "reflections/kept"]
    assert any("stands in /cohort home" in text for text in kept)
    assert not any("the day before we meet" in text for text in kept)
    assert not [line for line in sprint.lines if "sessions/reminder-day" in line.template]


def test_a_ceremony_on_a_day_of_its_own_is_not_called_the_end_of_a_session(sprint: Run, circle: Run) -> None:
    for told in (sprint, circle):
        asked = [line.text for line in told.lines if "ceremony/" in line.template]
        assert asked and not any("last session" in text for text in asked)
    assert {sprint.berlin(line) for line in sprint.told("who made it", template="ceremony/ritual")} == {"25.01. 09:00"}
    assert {circle.berlin(line) for line in circle.told("who made it", template="ceremony/ritual")} == {"10.03. 18:00"}


# The circle.


def test_acceptance_is_automatic_until_the_seats_are_taken(circle: Run) -> None:
    accepted = [line for line in circle.lines if line.template == "applications/accepted"]
    assert len(accepted) == circle.program.size.max == 10
    received = {line.to: line.at for line in circle.lines if line.template == "applications/decided"}
    assert all((line.at - received[line.to]).total_seconds() < 60 for line in accepted)


def test_members_host_in_turn_and_each_once(circle: Run) -> None:
    hosts = [line.to for line in circle.told("It is your turn to lead it.")]
    assert len(hosts) == len(set(hosts)) == 5
    assert not circle.told("Your brief comes two hours before")  # the file switches briefs off
    assert not [line for line in circle.lines if line.template in ("sessions/brief", "sessions/recap")]


def test_a_guest_is_named_written_to_and_thanked(circle: Run) -> None:
    assert circle.days("Write to Ines Duarte") == {"05.02."} and circle.days("Thank Ines Duarte") == {"09.02."}
    doors = circle.told("The third fire, with Ines is starting")
    assert doors and all("With us today: Ines Duarte" in line.text for line in doors)


def test_those_who_have_not_said_are_asked_about_the_session_that_counts(circle: Run) -> None:
    asked = circle.days("You have not said whether you come")
    # Two days before is a Saturday: on the Friday where Monday would be too late, else on the Monday.
    assert asked <= {f"{day}.{month}." for month, days in MEETINGS.items() for day in days}


def test_a_shared_agenda_is_played_wherever_it_is_named(circle: Run) -> None:
    posted = circle.told("What did you do about your decision since", template="pairing/round")
    pairs = {line.text.splitlines()[0] for line in posted if "is back" not in line.text}
    assert pairs == {f"The {nth} fire: who talks with whom" for nth in ("second", "fourth", "last")}


def test_with_whom_one_talks_follows_the_wish(circle: Run) -> None:
    company = {str(row["name"]): str(row["answer_venture"]) for row in circle.rows("applications")}
    together: dict[tuple[object, object], list[str]] = defaultdict(list)
    for row in circle.rows("pairs"):
        if row["session"] in ("second-fire", "fourth-fire", "last-fire") and row["group"] != 0:
            together[row["session"], row["group"]].append(company[str(row["person"])])
    alike = [names for names in together.values() if len(set(names)) < len(names)]
    assert len(alike) <= 1  # of some fourteen groups, in a circle where three come from one company


def test_a_question_that_says_so_comes_after_the_last_session_too_and_promises_no_next(circle: Run) -> None:
    last = [line for line in circle.told("closer or further away") if circle.here(line).date() >= date(2027, 3, 13)]
    assert last and not any("between sessions" in line.text for line in last)
    kept = [line for line in circle.lines if line.template == "prompts/kept" and line.at.month == 3 and line.at.day > 9]
    assert kept and not any("next session" in line.text for line in kept)


def test_the_room_is_quiet_between_graduation_and_the_reunion(circle: Run) -> None:
    named = max(line.at for line in circle.told("graduated from Founders' Circle 🎓"))
    assert not [line for line in circle.lines if line.template == "digest/week" and line.at > named]


def test_without_recaps_nobody_is_asked_for_leave_to_be_quoted_in_one(circle: Run) -> None:
    assert not [line for line in circle.lines if "recap" in line.text.lower() and line.to in circle.members]


# The executive round.


def test_sessions_keep_the_weekday_of_the_month(round_: Run) -> None:
    posted = [line for line in round_.told("who talks with whom", template="pairing/round") if line.due is not None]
    assert {round_.berlin(line) for line in posted} == {
        "11.01. 08:43", "08.02. 08:33", "08.03. 08:33", "12.04. 08:33", "10.05. 08:33",
    }  # fmt: skip


def test_a_survey_of_before_reaches_those_who_come_in_later(round_: Run) -> None:
    filled = {line.to for line in round_.lines if line.kind == "form" and line.text.startswith("Baseline")}
    assert len(filled) >= 10
    assert round_.told("Baseline: 12 answered", template="sessions/brief")


def test_those_who_conduct_have_a_survey_of_their_own(round_: Run) -> None:
    asked = round_.told("Notes for the next chair", template="surveys/ask")
    assert {line.to for line in asked} == {"robin"} and {round_.berlin(line)[:6] for line in asked} == {"14.05."}
    assert [line for line in round_.lines if line.template == "debriefs/thanks"]
    assert len(round_.rows("nps")) <= len(round_.members)  # theirs is not among the members' answers


def test_a_countdown_is_not_told_when_it_is_true_no_more(round_: Run) -> None:
    assert round_.days("In a week we have breakfast") <= {
        "01.02.",
        "02.02.",
        "01.03.",
        "02.03.",
        "05.04.",
        "06.04.",
        "03.05.",
        "04.05.",
    }


def test_messages_come_at_the_moment_the_file_says(round_: Run) -> None:
    executives = round_.who("CIO", "function") | round_.who("Chief executive", "function")
    assert {line.to for line in round_.told("boards want it two weeks ahead")} == executives
    # Day 40 is a Saturday; what has a week goes along with whatever the next days bring.
    assert round_.days("boards want it two weeks ahead") <= {"22.02.", "23.02."}
    assert {round_.berlin(line) for line in round_.told("Coffee is on") if line.to == "robin"} == {
        "11.01. 08:00", "08.02. 08:00", "08.03. 08:00", "12.04. 08:00", "10.05. 08:00",
    }  # fmt: skip
    assert round_.days("Your board paper is due now") == {"03.03."}
    assert round_.days("Please call Dr. ter Horst") == {"27.04."}
    assert {line.at.month for line in round_.told("has the figure held")} == {11}


def test_an_empty_chair_hears_of_it_the_day_after(round_: Run) -> None:
    absent = {
        (str(row["name"]), str(row["session"])) for row in round_.rows("attendance") if row["attendance"] == "absent"
    }
    heard = round_.told("Your chair was empty")
    assert len(heard) == len(absent)


def test_what_is_switched_off_stays_off(round_: Run) -> None:
    off = ("sessions/open-doors", "digest/week", "buddies/introduced", "homework/nudge")
    assert not [line.template for line in round_.lines if set(line.template.split("+")) & {*off}]
    assert not round_.told("Will you be there?") and not [line for line in round_.lines if "be there?" in line.text]


# What people get wrong in a file.


def _changed(change: Callable[[str], str]) -> list[Remark]:
    return [one for one in lint.lint(parse(change(_text("breakfast-round")), file="round.toml")) if one.refuses]


def _text(key: str) -> str:
    return (PROGRAMS / f"{key}.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ('to = "owes:paper"', 'to = "owes:papr"', 'touchpoints[7].to: found no homework "papr", did you mean "paper"?'),
        ('to = "Executive"', 'to = "Executives"', 'touchpoints[2].to: found no recipient "Executives", did you mean'),
        ('guest = "auditor"', 'guest = "auditer"', 'sessions[3].guest: found no guest "auditer", did you mean "audit'),
        ('when = "2d after second-breakfast"', 'when = "2d after brunch"', "surveys[2].when: found no session or anch"),
        ("attend = 4", "attend = 6", "graduation.attend: found 6, expected at most 5"),
        ('text = "Coffee is on.', 'text = "{{ my.risk }}', "touchpoints[3].text: found {{ my.risk }}, which only"),
        ("*{{ my.risk }}*", "*{{ my.rsik }}*", 'touchpoints[1].text: found no application question "rsik", did you'),
    ],
)
def test_a_slip_is_one_line_with_its_place(was: str, becomes: str, says: str) -> None:
    (remark,) = _changed(lambda text: text.replace(was, becomes, 1))
    assert str(remark).startswith(says)


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ('cadence = "monthly"', 'cadence = "quarterly"', 'cadence: found "quarterly", expected'),
        (
            'when = "2w after session"',
            'when = "2 weeks later"',
            'prompts[1].when (of "one-question"): found "2 weeks later", expected',
        ),
        ('urgency = "now"', 'urgency = "asap"', 'touchpoints[3].urgency (of "coffee-is-on"): found "asap", expected'),
        ("[size]\nmin = 8", '[size]\nmin = "eight"', 'size.min: found "eight", expected'),
        ("norms =", "norm =", "norm: "),
        ('at = "08:30"', 'at = "8.30"', 'at: found "8.30", expected'),
    ],
)
def test_a_wrong_value_is_one_line_with_its_place(was: str, becomes: str, says: str) -> None:
    with pytest.raises(ProgramError) as found:
        parse(_text("breakfast-round").replace(was, becomes, 1), file="round.toml")
    assert str(found.value).startswith(f"round.toml: {says}") and "\n" not in str(found.value)
