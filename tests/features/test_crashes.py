"""The process is killed at every commit, at every send, and at random moments: nothing is lost, nothing comes twice."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support import crashes
from tests.support.crash_story import STORY, House, Page, contents, faults, live, page_of
from tests.support.crashes import Bed, Killer, page

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Told:
    """`passed`: the boundaries of the undisturbed story, those together at which a killed process leaves the same."""

    calm: Page
    passed: list[list[str]]
    runs: list[Page]

    def killed(self) -> set[str]:
        """Each boundary at which a process died, or one that left the same."""
        died = {boundary for run in self.runs for boundary in run.killed}
        return {boundary for alike in self.passed if not died.isdisjoint(alike) for boundary in alike}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The story, killed everywhere. In a process without threads, so that it can fork."""
    out = tmp_path_factory.mktemp("crashes") / "told.json"
    subprocess.run([sys.executable, "-m", "tests.support.crashes", str(out)], cwd=ROOT, check=True, timeout=900)
    raw = json.loads(out.read_text())
    return Told(page(raw["calm"]), raw["passed"], [page(run) for run in raw["runs"]])


@pytest.mark.slow
def test_the_undisturbed_story_reaches_its_end(told: Told) -> None:
    keys = [key for key, _, _ in told.calm.messages]
    assert told.calm.faults == told.calm.waiting == []
    assert len(set(keys)) == len(keys)
    for part in ("accept", "launched", "starting", "moved", "reminder-hour", "groups", "reflection", "recap"):
        assert any(part in key for key in keys), part
    assert any("Coming up: " in words for _, _, words in told.calm.messages)  # a part of some letter
    (room,) = told.calm.rooms.values()
    assert {"ana", "ben"} <= set(room) and "chi" not in room


@pytest.mark.slow
def test_every_commit_and_every_send_was_killed(told: Told) -> None:
    def kind(boundary: str) -> str:
        return boundary.rpartition("/")[0]

    passed = {one for alike in told.passed for one in alike}
    assert {one.split("/")[1] for one in passed} == {"commit:before", "commit:after", "send:before", "send:after"}
    assert {kind(one) for one in passed} <= {kind(one) for one in told.killed()}
    missed = passed - told.killed()
    assert len(missed) <= len(passed) // 20, f"never killed: {sorted(missed)}"
    assert len([run for run in told.runs if "at a random moment" in run.killed]) >= 80


@pytest.mark.slow
def test_after_every_crash_the_page_is_as_if_nothing_had_happened(told: Told) -> None:
    disturbed = {tuple(run.killed): found for run in told.runs if (found := faults(run, told.calm))}
    assert disturbed == {}


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    return crashes.make_bed(tmp_path)


@pytest.fixture
def houses(bed: Bed) -> Iterator[Callable[[Path], House]]:
    opened: list[House] = []

    def house(folder: Path) -> House:
        killer = Killer()
        opened.append(House(folder, bed.listed, killer))
        killer.house = opened[-1]
        return opened[-1]

    yield house
    for one in opened:
        one.close()


def test_everything_that_came_in_can_come_in_again_and_changes_nothing(
    bed: Bed, houses: Callable[[Path], House]
) -> None:
    house = houses(bed.folder("calm"))
    live(house)
    before, page_before = contents(house.file), page_of(house)
    assert len(house.diary.asked) > 30
    for inbound in house.diary.asked.values():
        house.loop.run_until_complete(house.app.doors["local"](inbound))
    house.settle()
    assert contents(house.file) == before
    assert page_of(house) == page_before


def _stopped_at(bed: Bed, boundary: str, name: str) -> Path:
    """A folder as a process leaves it that is killed there."""
    folder = bed.folder(name)
    script = (
        "import sys; from pathlib import Path; from tests.support.crashes import *; "
        "where = Path(sys.argv[1]); bed = Bed(where.parent / 'template.sqlite', "
        "Listed(programs.parse(PROGRAM, file='small.toml'), PROGRAM)); begin(bed, where, Killer(sys.argv[2]))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(folder), boundary], cwd=ROOT, check=False)
    assert done.returncode == -9
    return folder


LAUNCH = next(n for n, step in enumerate(STORY) if step.name == "launch")


def _finished(bed: Bed, folder: Path, houses: Callable[[Path], House]) -> Page:
    house = houses(folder)
    house.restart()
    live(house)
    return page_of(house)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("boundary", "pretended", "fault"),
    [
        ("send:after/2", "pending", "cohort:1/launched was sent 2 times"),  # the first is an entry of the calendar
        ("send:before/1", "sent", "cohort:1/launched is missing"),
    ],
)
def test_a_house_that_forgets_what_is_uncertain_is_found_out(
    bed: Bed, houses: Callable[[Path], House], boundary: str, pretended: str, fault: str
) -> None:
    """With recovery spoilt by hand, the same crash doubles or loses a message, and the checker says so."""
    calm = _finished(bed, bed.folder("calm"), houses)
    sound = _finished(bed, _stopped_at(bed, f"{LAUNCH}/{boundary}", "sound"), houses)
    assert faults(sound, calm) == []

    spoilt = _stopped_at(bed, f"{LAUNCH}/{boundary}", "spoilt")
    with sqlite3.connect(spoilt / "caravan.sqlite") as db:
        posts = "state = 'sending' AND kind = 'post'"
        changed = db.execute(f"UPDATE effect SET state = ? WHERE {posts}", (pretended,)).rowcount
    db.close()
    assert changed == 1
    assert faults(_finished(bed, spoilt, houses), calm) == [fault]


def test_the_checker_notices_what_is_lost_doubled_changed_or_never_sent(
    bed: Bed, houses: Callable[[Path], House]
) -> None:
    calm = _finished(bed, bed.folder("calm"), houses)
    first, *others = calm.messages
    key, room, words = first
    assert faults(replace(calm, messages=others), calm) == [f"{key} is missing"]
    assert faults(replace(calm, messages=others, explained={key: "too late"}), calm) == []
    assert faults(replace(calm, messages=[first, *calm.messages]), calm) == [f"{key} was sent 2 times"]
    assert faults(replace(calm, messages=[("new", room, words), *calm.messages]), calm) == ["new was not to be sent"]
    assert len(faults(replace(calm, messages=[(key, "elsewhere", words), *others]), calm)) == 1
    assert faults(replace(calm, waiting=[key]), calm) == [f"{key} still waits"]
    assert len(faults(replace(calm, rooms={}), calm)) == 1


def test_a_lost_submission_is_noticed(bed: Bed, houses: Callable[[Path], House]) -> None:
    house = houses(bed.folder("calm"))
    live(house)
    assert page_of(house).faults == []
    with sqlite3.connect(house.file) as db:
        db.execute("DELETE FROM submission WHERE membership_id = (SELECT min(membership_id) FROM submission)")
    db.close()
    assert page_of(house).faults == ["the submission of ana is lost"]
