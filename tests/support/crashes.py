"""The story of `crash_story`, lived through by a process that is killed, and lived on by the next one.

`python -m tests.support.crashes OUT` tells it undisturbed, then again for each boundary that it passed (each commit,
each send) with SIGKILL there, then with SIGKILL at random moments, and writes what became of it as JSON.

All that a killed process hands on is what it leaves in its folder. Where nothing was written between two boundaries
(after one commit and before the next, say), the process that takes it up cannot tell at which of them the other died,
and one of them is enough.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.ask import Listed
from cohorts import programs
from cohorts.migrations import migrate
from cohorts.store import Store
from tests.support.crash_story import PROGRAM, START, STORY, House, Page, contents, live, lost_submits, page_of


class Killer:
    """Names the boundaries that a process passes, "step/commit:after/2" is the second such one of that step, and ends
    the process, without goodbye, at the one named `at`.

    With `looks`, it sorts them by what a process killed there would leave.
    """

    def __init__(self, at: str = "", *, looks: bool = False) -> None:
        self.at = at
        self.passed: list[str] = []
        self.alike: dict[bytes, list[str]] = {}
        self._looks = looks
        self.house: House | None = None
        self._counts: Counter[str] = Counter()
        self._counting = threading.Lock()  # commits come from the writer's thread, sends from the loop's

    def __call__(self, boundary: str) -> None:
        assert self.house is not None
        with self._counting:
            kind = f"{self.house.step}/{boundary}"
            self._counts[kind] += 1
            self.passed.append(f"{kind}/{self._counts[kind]}")
            if self._looks:
                self.alike.setdefault(left_by(self.house), []).append(self.passed[-1])
            if self.passed[-1] == self.at:
                self.house.diary.note(killed=self.at)
                os.kill(os.getpid(), signal.SIGKILL)


def left_by(house: House) -> bytes:
    """What the next process finds: every row that was committed, the chat's journal, the diary."""
    journals = [(house.file.parent / name).read_bytes() for name in ("chat.jsonl", "diary.jsonl")]
    return hashlib.sha256(repr((contents(house.file), journals)).encode()).digest()


@dataclass(frozen=True)
class Bed:
    """What every run begins with: made once, before the forks."""

    template: Path
    listed: Listed

    def folder(self, name: str) -> Path:
        """A new life's."""
        folder = self.template.parent / name
        folder.mkdir()
        shutil.copyfile(self.template, folder / "caravan.sqlite")
        return folder

    def folder_at(self, step: int, name: str) -> Path:
        """One in which the story stands before a step."""
        return Path(shutil.copytree(self._kept(step), self.template.parent / name))

    def keep(self, folder: Path, step: int) -> None:
        shutil.copytree(folder, self._kept(step))

    def _kept(self, step: int) -> Path:
        return self.template.parent / f"before-{step}"


def make_bed(folder: Path) -> Bed:
    template = folder / "template.sqlite"
    store = Store(f"sqlite:///{template}", durable=False)
    migrate(store, now=START)
    store.close()
    return Bed(template, Listed(programs.parse(PROGRAM, file="small.toml"), PROGRAM))


def begin(bed: Bed, folder: Path, killer: Killer, *, keep: bool = False) -> Page:
    """Start a process's life in a folder: whatever stands there is taken up.

    With `keep`, what stands there before each step is kept, for others to begin with.
    """
    house = House(folder, bed.listed, killer)
    killer.house = house
    lost = lost_submits(house)
    for one in lost:
        house.diary.note(fault=one)
    house.restart()
    live(house, before=lambda step: bed.keep(folder, step) if keep else None)
    page = page_of(house)
    house.close()
    return page


def forked(work: Callable[[], object], result: Path) -> int:
    """Run `work` in a child of its own and write what it returns; the child's process id."""
    assert threading.active_count() == 1, "a fork would lose threads"
    gc.freeze()  # what is known so far stays shared
    child = os.fork()
    if child:
        return child
    gc.disable()  # it lives for a second
    code = 1
    try:
        part = result.with_suffix(".part")
        part.write_text(json.dumps(work()))
        part.rename(result)
        code = 0
    finally:
        os._exit(code)


def killed(child: int) -> bool:
    """Wait for a child; whether SIGKILL ended it. One that fails is a fault of this runner or a bug in the house."""
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if status:
        raise RuntimeError(f"a run ended with {status}")
    return False


def crash_at(bed: Bed, alike: Sequence[str]) -> dict[str, object]:
    """One story, killed at one of some boundaries that leave the same, and taken up again.

    How many commits record what was sent depends on what was sent together: a boundary may be missed, and it is tried
    three times.
    """
    for attempt in range(3):
        boundary = alike[attempt % len(alike)]
        folder = bed.folder_at(max(0, int(boundary.split("/")[0])), f"{boundary.replace('/', '-')}-{attempt}")
        result = folder / "result.json"
        if killed(forked(lambda: asdict(begin(bed, folder, Killer(boundary))), result)):  # noqa: B023
            killed(forked(lambda: asdict(begin(bed, folder, Killer())), result))  # noqa: B023
            break
    return _told(folder, result)


def crash_after(bed: Bed, name: str, step: int, delays: Sequence[float]) -> dict[str, object]:
    """One story, killed after each of the delays (seconds of the wall) and taken up again.

    A machine that has become faster is done before the first of them: then it is tried again, sooner.
    """
    folder = bed.folder_at(step, f"random-{name}")
    result = folder / "result.json"
    for n, delay in enumerate(delays):
        child = forked(lambda: asdict(begin(bed, folder, Killer())), result)
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)  # nobody has waited for it: it is ours, even when it has ended
        if not killed(child):
            told = _told(folder, result)
            return told if n else crash_after(bed, f"{name}-sooner", step, [one / 2 for one in delays])
        with (folder / "diary.jsonl").open("a") as diary:
            diary.write(json.dumps({"killed": "at a random moment"}) + "\n")
    killed(forked(lambda: asdict(begin(bed, folder, Killer())), result))
    return _told(folder, result)


def _told(folder: Path, result: Path) -> dict[str, object]:
    told: dict[str, object] = json.loads(result.read_text())
    shutil.rmtree(folder)
    return told


def page(told: dict[str, object]) -> Page:
    """From its JSON."""
    made = Page(**told)  # type: ignore[arg-type]
    return Page(**(asdict(made) | {"messages": [tuple(one) for one in made.messages]}))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="crashes", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--every", type=int, default=1, help="only each n-th of what can be left")
    parser.add_argument("--random", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args(arguments)
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="caravan-crashes-", dir=memory if memory.is_dir() else None) as where:
        bed = make_bed(Path(where))
        told = _run(bed, asked)
    asked.out.write_text(json.dumps(told))


def _run(bed: Bed, asked: argparse.Namespace) -> dict[str, object]:
    # Once here, so that everything is imported before the forks; its threads have ended when it has.
    counting = Killer(looks=True)
    calm = begin(bed, bed.folder("calm"), counting, keep=True)
    took = []
    for n in range(2):
        again = bed.folder(f"again-{n}")
        began = time.monotonic()
        killed(forked(lambda folder=again: asdict(begin(bed, folder, Killer())), again / "result.json"))  # type: ignore[misc]
        took.append(time.monotonic() - began)
    jobs: list[Callable[[], dict[str, object]]] = [
        lambda alike=alike: crash_at(bed, alike)  # type: ignore[misc]
        for alike in list(counting.alike.values())[:: asked.every]
    ]
    dice = random.Random(asked.seed)
    for n in range(asked.random):
        step = dice.randrange(len(STORY))
        left = max(took) * (len(STORY) - step) / len(STORY)
        delays = [dice.uniform(0, left) for _ in range(dice.choice((1, 1, 2)))]
        jobs.append(lambda n=n, step=step, delays=delays: crash_after(bed, str(n), step, delays))  # type: ignore[misc]
    results = [bed.template.with_name(f"worker-{n}.json") for n in range(asked.workers)]
    children = [
        forked(lambda n=n: [job() for job in jobs[n :: asked.workers]], results[n])  # type: ignore[misc]
        for n in range(asked.workers)
    ]
    for child in children:
        killed(child)
    runs = [run for result in results for run in json.loads(result.read_text())]
    return {"calm": asdict(calm), "passed": list(counting.alike.values()), "took": took, "runs": runs}


if __name__ == "__main__":
    main()
