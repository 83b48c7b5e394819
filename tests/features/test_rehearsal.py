"""A whole cohort rehearsed: who saw what and when, and numbers that the files themselves prove."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import combinations, groupby
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
import structlog
from structlog.testing import LogCapture
from typer.testing import CliRunner

from bot import catalogue
from bot.ask import Listed
from bot.cli.group import program as caravan
from bot.pretend.people import DOWN, UP, awake, invent, stock_of
from bot.rehearsal import FILES, Rehearsed, Wish, rehearse
from bot.timeline import Summary, bound_of
from cohorts.measures import nps
from cohorts.pairing import Round
from cohorts.program_answers import Verdict, advise

PROGRAMS = Path(__file__).parents[1] / "cohorts" / "programs"
DEFAULT = "value-accelerator"
REMINDERS = ("sessions/reminder-day", "sessions/reminder-hour", "sessions/open-doors")
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


class Told:
    """What a rehearsal wrote into its folder, read again."""

    def __init__(self, folder: Path) -> None:
        self.lines = [json.loads(line) for line in (folder / "transcript.jsonl").read_text("utf-8").splitlines()]
        self.summary = json.loads((folder / "summary.json").read_text("utf-8"))
        self.sheets = {name: _rows(folder / f"{name}.csv") for name in FILES}

    @property
    def members(self) -> set[str]:
        return {line["to"] for line in self.lines if "applications/accepted" in line["template"].split("+")}

    @property
    def starts(self) -> dict[str, datetime]:
        return {row["title"]: _moment(row["starts_at"]) for row in self.sheets["attendance"]}

    @property
    def meetings(self) -> set[datetime]:
        """The starts of the sessions and of the reunion."""
        again = (_moment(line["at"]).replace(second=0, microsecond=0) for line in self.effects("reunion/open-doors"))
        return {*self.starts.values(), *again}

    def effects(self, template: str) -> list[dict[str, str]]:
        """Each that was sent, alone or as a part of a letter."""
        return [line for line in self.lines if line["kind"] == "effect" and template in line["template"].split("+")]


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _known(name: str) -> Listed:
    return catalogue.load()[name] if name == DEFAULT else catalogue.read(PROGRAMS / f"{name}.toml")


def _rehearsed(folder: Path, name: str, **wish: object) -> Told:
    rehearse(replace(Wish(_known(name)), **wish)).write(folder)  # type: ignore[arg-type]
    return Told(folder)


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return _rehearsed(tmp_path_factory.mktemp("default"), DEFAULT)


@pytest.fixture(scope="module")
def across_spring(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Clocks change on 14 March in New York, on 28 March in Berlin."""
    return _rehearsed(tmp_path_factory.mktemp("spring"), DEFAULT, starts=date(2027, 3, 8))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Fifteen people who make it hard: four fall behind, two say no, one leaves, one is let in late."""
    folder = tmp_path_factory.mktemp("mixed")
    return _rehearsed(folder, DEFAULT, people=15, stragglers=4, decliners=2, leavers=1, late=1)


# The default program


def test_twelve_people_meet_nobody_twice_and_most_of_them_graduate(default: Told) -> None:
    assert (default.summary["people"], default.summary["accepted"], default.summary["sessions"]) == (12, 12, 6)
    assert default.summary["repeated_pairs"] == 0
    assert 6 <= len(default.sheets["graduates"]) == default.summary["graduates"] <= 12
    assert {row["survey"] for row in default.sheets["nps"]} == {"exit"}
    assert len(default.sheets["nps"]) >= 6


def test_every_message_goes_out_within_a_second_of_its_time(default: Told) -> None:
    assert 0 < default.summary["late_max_s"] < 1


@pytest.mark.parametrize("told", ["default", "across_spring"])
def test_every_reminder_comes_once_at_the_right_local_time(told: str, request: pytest.FixtureRequest) -> None:
    found: Told = request.getfixturevalue(told)
    zones = {line["to"]: line["zone"] for line in found.lines}
    assert {NEW_YORK, BERLIN} <= {zones[member] for member in found.members}
    assert all(at.astimezone(ZoneInfo(BERLIN)).strftime("%a %H:%M") == "Mon 16:00" for at in found.starts.values())
    before = dict(zip(REMINDERS, (None, timedelta(hours=1), timedelta()), strict=True))
    for template, lead in before.items():
        heard: Counter[tuple[str, datetime]] = Counter()
        for line in found.effects(template):
            at, zone = _moment(line["due"]), ZoneInfo(line["zone"])
            starts = min(one for one in found.starts.values() if one >= at) if lead is None else at + lead
            assert starts in found.starts.values()
            if lead is None:
                # The day before is a Sunday: on Monday morning where that is early enough, else on Friday.
                assert at.astimezone(zone).strftime("%a %H") in ("Mon 08", "Fri 08", "Fri 09", "Fri 10", "Fri 11"), (
                    at.astimezone(zone)
                )
                assert timedelta(hours=6) <= starts - at <= timedelta(days=3)
            if line["to"] in found.members:
                heard[line["to"], starts] += 1
                local = starts.astimezone(zone)
                if template != "sessions/open-doors":
                    assert f"{local:%H:%M}" in line["text"], (line["to"], line["text"])
        assert set(heard.values()) == {1}
        expected = len(found.members) * len(found.starts)
        # Whoever said no is left alone an hour before.
        nays = sum(row["rsvp"] == "no" for row in found.sheets["attendance"])
        assert len(heard) >= expected - (nays if template == "sessions/reminder-hour" else 0)


def test_a_reader_in_new_york_sees_another_clock_when_only_one_side_has_changed_it(across_spring: Told) -> None:
    texts = [
        line["text"]
        for line in across_spring.effects("sessions/reminder-hour")
        if line["zone"] == NEW_YORK and line["to"] in across_spring.members
    ]
    clocks = [clock for text in texts for clock in ("10:00", "11:00") if clock in text]
    assert "11:00" in clocks and "10:00" in clocks


def test_nobody_hears_of_anything_before_they_are_in(default: Told) -> None:
    first: dict[str, str] = {}
    for line in default.lines:
        if line["to"] in default.members and line["ping"] and line["template"] != "applications/nudge":
            first.setdefault(line["to"], line["template"])
    assert set(first.values()) == {"applications/accepted"}


def test_only_members_are_pinged(default: Told) -> None:
    assert {line["to"] for line in default.lines if line["ping"]} == default.members
    assert not any(line["ping"] for line in default.lines if line["kind"] != "effect")


def test_nobody_ever_sees_a_bug_or_a_failure(default: Told, across_spring: Told) -> None:
    seen = {line["template"] for told in (default, across_spring) for line in told.lines}
    assert not {one for one in seen if one.startswith(("errors/", "delivery/", "commands/"))}


def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for folder, seed in (("one", 7), ("again", 7), ("other", 8)):
        _rehearsed(tmp_path / folder, "onboarding-sprint", people=6, seed=seed)
    one, again, other = (
        {file.name: file.read_bytes() for file in (tmp_path / name).iterdir() if file.name != "summary.json"}
        for name in ("one", "again", "other")
    )
    assert one == again
    assert one["transcript.jsonl"] != other["transcript.jsonl"]


# How much is too much

BOTH = pytest.mark.parametrize("told", ["default", "mixed"])
OF_A_MEETING = (
    "sessions/reminder-hour",
    "sessions/open-doors",
    "pairing/round",
    "reflections/ask",
    "reunion/hour-before",
)


def _pings(told: Told) -> Iterator[tuple[dict[str, str], datetime]]:
    """Each with its moment on the reader's own clock."""
    for line in told.lines:
        if line["ping"]:
            yield line, _moment(line["at"]).astimezone(ZoneInfo(line["zone"]))


@BOTH
def test_nobody_is_pinged_more_than_they_should_be(told: str, request: pytest.FixtureRequest) -> None:
    found: Told = request.getfixturevalue(told)
    assert found.summary["pings_per_member"] <= 50
    assert found.summary["pings_week_max"] <= 4
    days: Counter[tuple[str, date]] = Counter()
    for line, at in _pings(found):
        deciding = line["template"].startswith("applications/")  # off the waitlist on the very day, say
        if not deciding and at.date() not in {one.astimezone(at.tzinfo).date() for one in found.meetings}:
            days[line["to"], at.date()] += 1
    assert max(days.values()) == 1


@BOTH
def test_nights_and_weekends_are_left_to_people(told: str, request: pytest.FixtureRequest) -> None:
    found: Told = request.getfixturevalue(told)
    away = {line["to"] for line, at in _pings(found) if at.utcoffset() == timedelta(hours=-8)}
    assert away & found.members  # nine zones from Berlin
    for line, at in _pings(found):
        by_day = 8 <= at.hour < 20 and at.weekday() < 5
        near = any(timedelta(hours=-1) <= at - one <= timedelta(hours=2) for one in found.meetings)
        assert by_day or (near and line["template"] in OF_A_MEETING), (at, line["template"], line["zone"])


@BOTH
def test_at_most_three_pings_fall_into_a_meeting(told: str, request: pytest.FixtureRequest) -> None:
    found: Told = request.getfixturevalue(told)
    inside: Counter[tuple[str, datetime]] = Counter()
    for line, at in _pings(found):
        for starts in found.meetings:
            inside[line["to"], starts] += starts <= at <= starts + timedelta(minutes=61)
    assert max(inside.values()) == 3


@BOTH
def test_what_is_a_letter_is_one_message(told: str, request: pytest.FixtureRequest) -> None:
    """Nothing that can wait comes twice on one day."""
    found: Told = request.getfixturevalue(told)
    letters = [(line, at) for line, at in _pings(found) if "+" in line["template"]]
    assert letters
    for line, _ in letters:
        assert line["text"].split("\n")[0].endswith("things for you")
        titles = [one for one in line["text"].split("\n") if one.startswith(("Due soon", "Coming up", "A question"))]
        assert len(titles) == len(set(titles))


def test_whoever_falls_behind_is_asked_once_and_whoever_conducts_hears_of_it(mixed: Told) -> None:
    offers = Counter(line["to"] for line in mixed.effects("quiet/offer"))
    assert offers and set(offers.values()) == {1}
    noticed = mixed.effects("quiet/noticed")
    assert noticed and {line["to"] for line in noticed}.isdisjoint(mixed.members)
    assert len(noticed) <= 6


def test_with_those_who_make_it_hard_everything_still_comes_to_its_end(mixed: Told) -> None:
    assert (mixed.summary["people"], mixed.summary["accepted"]) == (15, 13)
    assert mixed.summary["repeated_pairs"] == mixed.summary["lower_bound"] == 0
    assert {line["to"] for line in mixed.effects("applications/waitlisted")} <= mixed.members
    gone = {line["to"] for line in mixed.lines if line["template"] == "cohort/left"}
    assert len(gone) == 3
    for one in gone:
        left = next(line["at"] for line in mixed.lines if (line["to"], line["template"]) == (one, "cohort/left"))
        assert not [line for line in mixed.lines if line["to"] == one and line["ping"] and line["at"] > left]
    present = Counter(row["name"] for row in mixed.sheets["attendance"] if row["attendance"] == "present")
    assert 5 <= mixed.summary["graduates"] <= 12 and min(present.values()) < 4
    seen = {line["template"] for line in mixed.lines}
    assert not {one for one in seen if one.startswith(("errors/", "delivery/", "commands/"))}


# The numbers, computed again from nothing but the files


@pytest.mark.parametrize("told", ["default", "across_spring", "mixed"])
def test_the_summary_is_what_the_files_say(told: str, request: pytest.FixtureRequest) -> None:
    found: Told = request.getfixturevalue(told)
    summary = dict(found.summary)
    assert set(summary) == set(Summary.__annotations__)
    assert summary.pop("wall_s") > 0
    assert summary == _computed(found)


def _computed(told: Told) -> dict[str, object]:
    met: Counter[frozenset[str]] = Counter()
    sat_out: Counter[str] = Counter()
    rounds = []
    for _, rows in groupby(told.sheets["pairs"], key=lambda row: (row["session"], row["round"])):
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for row in rows:
            groups[row["group"]].append(row["person"])
        sat_out.update(groups.pop("0", []))
        met.update(frozenset(pair) for group in groups.values() for pair in combinations(group, 2))
        rounds.append(Round(tuple(map(tuple, groups.values()))))
    pings = [line for line in told.lines if line["ping"]]
    weeks: Counter[object] = Counter()
    for line in pings:
        zone = ZoneInfo(line["zone"])
        day = _moment(line["at"]).astimezone(zone).date()
        if day not in {at.astimezone(zone).date() for at in told.starts.values()}:
            weeks[line["to"], day - timedelta(days=day.weekday())] += 1
    heard: Counter[str] = Counter()
    for row in told.sheets["heard"]:
        heard[row["name"]] += int(row["times"])
    late = [_moment(line["at"]) - _moment(line["due"]) for line in told.lines if "due" in line]
    return {
        "people": len(told.sheets["applications"]),
        "accepted": sum(row["state"] == "accepted" for row in told.sheets["applications"]),
        "sessions": len({row["session"] for row in told.sheets["attendance"]}),
        "messages": sum(line["kind"] == "effect" for line in told.lines),
        "repeated_pairs": sum(times - 1 for times in met.values()),
        "lower_bound": bound_of(rounds),
        "sat_out_max": max(sat_out.values(), default=0),
        "graduates": len(told.sheets["graduates"]),
        "nps": nps([int(row["score"]) for row in told.sheets["nps"]]).score,
        "pings_per_member": max(Counter(line["to"] for line in pings).values()),
        "pings_week_max": max(weeks.values()),
        "late_max_s": round(max(late).total_seconds(), 3),
        "attendee_minutes": [
            sum(int(row["seconds"]) for row in rows if (row["attendees"], row["state"]) == ("true", "held")) // 60
            for _, some in groupby(told.sheets["segments"], key=lambda row: row["session"])
            for rows in [list(some)]
        ],
        "heard_min": min(heard.values()),
        "heard_max": max(heard.values()),
    }


def test_a_bound_on_repeats_counts_rounds_of_pairs_and_of_three_together() -> None:
    pairs = Round((("a", "b"), ("c", "d")))
    assert bound_of([]) == 0
    assert bound_of([pairs, Round((("a", "c"), ("b", "d"))), Round((("a", "d"), ("b", "c")))]) == 0
    assert bound_of([pairs, pairs, pairs, pairs]) == 2
    assert bound_of([Round((("a", "b", "c"),)), Round((("a", "b", "c"),))]) == 3


# Other programs, other people


ELSEWHERE = {"every-when", "early-birds", "tidewater-sprint", "founders-circle", "breakfast-round"}  # rehearsed by name


@pytest.mark.parametrize(
    "file",
    [file for file in sorted(PROGRAMS.glob("*.toml")) if file.stem not in ELSEWHERE],
    ids=lambda file: file.stem,
)
def test_every_program_comes_to_its_end(file: Path, tmp_path: Path) -> None:
    program = catalogue.read(file).program
    told = _rehearsed(tmp_path, file.stem, absent=0.05)
    assert told.summary["sessions"] == len(program.sessions)
    assert told.summary["accepted"] == min(12, program.size.max)
    assert told.summary["graduates"] > 0
    assert told.effects("graduation/letter")
    seen = {line["template"] for line in told.lines}
    assert not {one for one in seen if one.startswith(("errors/", "delivery/", "commands/"))}


def test_misfits_are_declined_kindly_and_no_more_people_come_in_than_there_are_seats(tmp_path: Path) -> None:
    told = _rehearsed(tmp_path, "onboarding-sprint", people=16, misfits=3)
    states = Counter(row["state"] for row in told.sheets["applications"])
    most = _known("onboarding-sprint").program.size.max
    assert states == {"accepted": most, "declined": 3, "waitlisted": 16 - 3 - most}
    assert len(told.effects("applications/declined")) == 3
    outsiders = {line["to"] for line in told.effects("applications/declined")}
    assert not outsiders & {line["to"] for line in told.effects("sessions/reminder-day")}


def test_a_cohort_in_which_nobody_ever_comes_ends_without_graduates(tmp_path: Path) -> None:
    told = _rehearsed(tmp_path, "tiny", people=5, absent=1.0)
    assert (told.summary["graduates"], told.summary["repeated_pairs"]) == (0, 0)
    assert {row["attendance"] for row in told.sheets["attendance"]} == {"absent"}


def test_one_person_alone_can_be_rehearsed(tmp_path: Path) -> None:
    assert _rehearsed(tmp_path, "tiny", people=1, absent=0.0).summary["accepted"] == 1


# The cast


@pytest.mark.parametrize("seed", range(5))
def test_believable_people_live_near_the_cohort_and_one_or_two_far_away(seed: int) -> None:
    around = datetime.fromisoformat("2027-01-11T15:00:00+00:00")
    cast = invent(12, zone=BERLIN, seed=seed, around=around)
    assert len({one.id for one in cast}) == len({one.name for one in cast}) == 12
    away = [one for one in cast if abs(_offset(one.zone, around) - _offset(BERLIN, around)) > timedelta(hours=1)]
    assert 1 <= len(away) <= 2
    assert cast == invent(12, zone=BERLIN, seed=seed, around=around)


def test_many_people_still_have_names_of_their_own() -> None:
    around = datetime.fromisoformat("2027-01-11T15:00:00+00:00")
    cast = invent(150, zone="Asia/Tokyo", seed=1, around=around)
    assert len({one.id for one in cast}) == len({one.name for one in cast}) == 150


def _offset(zone: str, at: datetime) -> timedelta:
    return at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()


@pytest.mark.parametrize("hour", range(24))
def test_what_can_wait_waits_until_the_morning(hour: int) -> None:
    moment = datetime(2027, 3, 28, hour, 30, tzinfo=ZoneInfo("UTC"))
    then = awake(moment, NEW_YORK, Random(1))
    assert moment <= then <= moment + timedelta(hours=13)
    assert UP <= then.astimezone(ZoneInfo(NEW_YORK)).hour < DOWN


def test_misfits_fail_a_must_and_nobody_else_does(tmp_path: Path) -> None:
    told = _rehearsed(tmp_path, "deploy-together", people=9, misfits=2)
    program = _known("deploy-together").program
    failing = 0
    for row in told.sheets["applications"]:
        answers: dict[str, object] = {
            question.key: _answer(question.kind.value, row[f"answer_{question.key}"])
            for question in program.application.questions
        }
        fit = advise(program, answers)
        failing += any(one.criterion.must and one.verdict is not Verdict.MET for one in fit.judged)
    assert failing == 2


def _answer(kind: str, text: str) -> object:
    return float(text) if kind == "number" and text else text


# Logs


@pytest.fixture
def logged() -> Iterator[LogCapture]:
    captured = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[captured], wrapper_class=structlog.make_filtering_bound_logger(10))
    yield captured
    structlog.configure(**before)


def test_the_logs_of_a_whole_rehearsal_hold_no_words_names_or_addresses(tmp_path: Path, logged: LogCapture) -> None:
    done: Rehearsed = rehearse(Wish(_known(DEFAULT), people=6))
    done.write(tmp_path)
    told = Told(tmp_path)
    output = json.dumps(logged.entries, default=str, ensure_ascii=False)
    private = {part for name in done.names.values() for part in name.split()}
    private |= {sentence for sentences in stock_of().values() for sentence in sentences}
    private |= {row["answer_company"] for row in told.sheets["applications"]}
    assert len(private) > 50
    assert [word for word in private if word in output] == []
    assert not [entry for entry in logged.entries if entry["log_level"] in ("error", "critical")]


# The command


def _caravan(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(caravan(), ["rehearse", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_writes_the_folder_and_says_how_it_went(tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    code, said, _ = _caravan(str(PROGRAMS / "tiny.toml"), "--people", "4", "--absent", "0", "--out", str(out), "--show")
    assert code == 0, said
    assert {file.name for file in out.iterdir()} == {"transcript.jsonl", "summary.json", *(f"{n}.csv" for n in FILES)}
    assert "4 of 4 accepted, 1 sessions" in said
    assert "Monday 11 January 2027" in said


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["no-such-program"], "PROGRAM is 'no-such-program'"),
        ([DEFAULT, "--people", "0"], "--people is 0"),
        ([DEFAULT, "--people", "3", "--misfits", "4"], "--misfits is 4"),
        (
            [DEFAULT, "--people", "5", "--stragglers", "4", "--leavers", "2"],
            "--leavers is 2; it is a whole number from 0",
        ),
        ([DEFAULT, "--absent", "1.5"], "--absent is 1.5"),
        ([DEFAULT, "--absent", "nan"], "--absent is nan"),
        ([DEFAULT, "--start", "2027-02-30"], "--start is '2027-02-30'"),
        ([DEFAULT, "--start", "0001-01-01"], "--start is 0001-01-01"),
        ([DEFAULT, "--zone", "Europe/Atlantis"], "--zone is 'Europe/Atlantis'"),
        ([str(PROGRAMS.parent / "broken" / "choice-without-choices.toml")], "choices"),
    ],
)
def test_bad_input_is_one_clear_line(arguments: list[str], line: str, tmp_path: Path) -> None:
    code, said, complained = _caravan(*arguments, "--out", str(tmp_path / "out"))
    assert code == 2
    assert line in complained and complained.strip().count("\n") == 0
    assert said == ""


def test_an_unknown_program_is_answered_with_those_that_are_known(tmp_path: Path) -> None:
    assert DEFAULT in _caravan("no-such-program", "--out", str(tmp_path))[2]


def test_a_folder_that_cannot_be_made_is_said_before_the_work_begins(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    code, _, complained = _caravan(DEFAULT, "--out", str(tmp_path / "file" / "out"))
    assert code == 2
    assert "--out" in complained
