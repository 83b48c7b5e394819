"""Our pairing against simpler ways to pair, and against what is known to be possible: repeats, and seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

from rich.console import Console
from rich.table import Table

from cohorts.pairing import History, Plan, Round, Rules, plan, repeats
from tests.bench.pairing_ways import (
    Pairing,
    at_random,
    greedily,
    in_a_circle,
    knowing,
    married,
    matched,
    ours,
)

SITUATIONS = [(12, 6, 0.0), (12, 11, 0.0), (8, 6, 0.0), (12, 6, 0.2), (10, 8, 0.2), (12, 11, 0.2)]
RUNS = 600
RUNS_ABSENT = 60  # of those who stay away every day: each of our draws weighs dozens of pairings
SIT_OUT, TRIO, ALWAYS = Rules(odd="sit_out"), Rules(odd="trio"), Rules(odd="always_trio")

WAYS: dict[str, Pairing] = {
    "random": at_random,
    "greedy": greedily,
    "stable marriage": married,
    "best matching each round": matched,
    "circle": in_a_circle,
    "ours, sit-outs": ours(SIT_OUT),
    "ours, trios": ours(TRIO),
    "ours, trios always": ours(ALWAYS),
}
KNOWING = {"knowing all, sit-outs": SIT_OUT, "knowing all, trios": TRIO, "knowing all, trios always": ALWAYS}

# The fewest repeats published or found by others, for 3, 4, 5 and 6 rounds; None where nobody says.
GROUPS: list[tuple[int, int, tuple[int | None, ...]]] = [
    (8, 3, (0, 0, 7, 14)),
    (9, 3, (0, 0, 9, 18)),
    (10, 3, (3, 5, 15, 27)),
    (11, 3, (6, 12, 20, 35)),
    (12, 3, (0, 0, 3, 7)),
    (12, 4, (8, 17, None, 42)),
    (13, 4, (0, 0, 3, 12)),
    (14, 4, (0, 0, 2, 17)),
    (15, 3, (0, 0, 0, 0)),
]
GOLFERS = [(3, 3, 4), (5, 3, 7), (4, 4, 5), (8, 4, 7), (8, 4, 8), (8, 4, 9)]  # groups, players in each, rounds


@dataclass(frozen=True)
class Row:
    people: int
    rounds: int
    absent: float
    way: str
    mean_repeats: float
    share_clean: float
    sat_out: float  # people, in a run
    uneven: int  # the most by which two people's sit-outs differ, in any run
    seconds: float  # for one run


def _drawn(names: Sequence[str], rounds: int, absent: float, seed: int) -> list[list[str]]:
    draw = Random(f"absent {seed}")
    return [[name for name in names if draw.random() >= absent] for _ in range(rounds)]


def _day_by_day(pairing: Pairing, names: Sequence[str], rosters: Sequence[Sequence[str]], seed: int) -> list[Round]:
    played: list[Round] = []
    for n, present in enumerate(rosters):
        away = [name for name in names if name not in present]
        played.append(pairing(present, away, len(rosters) - n, played, seed))
    return played


def measured(people: int, rounds: int, absent: float, way: str, runs: int) -> Row:
    names = [f"p{number:02}" for number in range(people)]
    found, sat_out, uneven = [], 0, 0
    began = time.perf_counter()
    for seed in range(runs):
        rosters = _drawn(names, rounds, absent, seed)
        if way in KNOWING:
            played = knowing(rosters, KNOWING[way], seed)
        else:
            played = _day_by_day(WAYS[way], names, rosters, seed)
        found.append(repeats(played))
        times = History.of(played).sat_out
        sat_out += sum(times.values())
        uneven = max(uneven, max(times.get(name, 0) for name in names) - min(times.get(name, 0) for name in names))
    seconds = (time.perf_counter() - began) / runs
    share = found.count(0) / runs
    return Row(people, rounds, absent, way, sum(found) / runs, share, sat_out / runs, uneven, seconds)


def table(runs: int = RUNS, runs_absent: int = RUNS_ABSENT) -> list[Row]:
    """Every way in every situation over the same draws of who is absent, which only some ways know beforehand."""
    return [
        measured(people, rounds, absent, way, runs_absent if absent else runs)
        for people, rounds, absent in SITUATIONS
        for way in [*WAYS, *(KNOWING if absent else ())]
    ]


def _shown_pairs(rows: Sequence[Row]) -> Table:
    shown = Table(title="Pairs: repeats day by day; who knows all the draws plans all rounds at once")
    for column in (
        "people × rounds",
        "way",
        "runs clean",
        "repeats",
        "sat out",
        "uneven",
        "ms a run",
        "clean, × knowing",
    ):
        shown.add_column(column, justify="left" if column == "way" else "right")
    for n, row in enumerate(rows):
        mode = row.way.partition(", ")[2]
        best = [one for one in rows if one.way == f"knowing all, {mode}" and _where(one) == _where(row)]
        last = n + 1 == len(rows) or _where(rows[n + 1]) != _where(row)
        shown.add_row(
            _where(row),
            row.way,
            f"{row.share_clean:.1%}",
            f"{row.mean_repeats:.3f}",
            f"{row.sat_out:.2f}",
            str(row.uneven),
            f"{row.seconds * 1000:.1f}",
            f"{row.share_clean / best[0].share_clean:.3f}" if best and best[0].share_clean else "–",
            end_section=last,
        )
    return shown


def _where(row: Row) -> str:
    return f"{row.people} × {row.rounds}" + (f", {row.absent:.0%} absent" if row.absent else "")


def _timed(work: Callable[[], Plan]) -> tuple[Plan, float]:
    began = time.perf_counter()
    made = work()
    return made, time.perf_counter() - began


def _shuffled(made: Plan, names: Sequence[str]) -> int:
    """Repeats of the same rounds in the same sizes, dealt at random: the mean of some deals."""
    found = []
    for seed in range(20):
        rng, dealt = Random(seed), []
        for one in made.rounds:
            order, groups = rng.sample(list(names), len(names)), []
            for group in one.groups:
                groups.append(tuple(order[: len(group)]))
                del order[: len(group)]
            dealt.append(Round(tuple(groups)))
        found.append(repeats(dealt))
    return round(sum(found) / len(found))


def _shown_groups() -> Table:
    shown = Table(title="Groups: repeats found, and what is known")
    for column in ("people (sizes) × rounds", "ours", "at least", "known", "random", "seconds"):
        shown.add_column(column, justify="right")
    asked = [
        (n, size, rounds, best) for n, size, known in GROUPS for rounds, best in zip((3, 4, 5, 6), known, strict=True)
    ]
    asked += [(groups * size, size, rounds, 0) for groups, size, rounds in GOLFERS]
    for people, size, rounds, best in asked:
        names = [f"p{number:02}" for number in range(people)]
        made, seconds = _timed(lambda n=names, s=size, r=rounds: plan(n, r, size=s, seed=1))  # type: ignore[misc]
        sizes = ",".join(map(str, sorted(map(len, made.first.groups))))
        shown.add_row(
            f"{people} ({sizes}) × {rounds}",
            str(made.repeats),
            str(made.lower_bound),
            "–" if best is None else str(best),
            str(_shuffled(made, names)),
            f"{seconds:.3f}",
        )
    return shown


def _shown_crowds() -> Table:
    shown = Table(title="Many people, in pairs and in fours")
    for column in ("people", "what", "seconds", "repeats", "× a shuffle"):
        shown.add_column(column, justify="left" if column == "what" else "right")
    for people in (1_000, 10_000):
        names = [f"p{number:05}" for number in range(people)]
        began = time.perf_counter()
        for _ in range(5):
            Random(1).sample(names, people)
        shuffle = (time.perf_counter() - began) / 5
        first, seconds = _timed(lambda: plan(names, 1, seed=1))  # noqa: B023
        lines = [("a first round", first, seconds)]
        again, seconds = _timed(
            lambda: plan(names[3:], 1, history=History.of(first.rounds), absent=names[:3], seed=2)  # noqa: B023
        )
        lines.append(("the second, three missing", again, seconds))
        six, seconds = _timed(lambda: plan(names[3:], 6, history=History.of(first.rounds), absent=names[:3], seed=2))  # noqa: B023
        lines.append(("six more, three missing today", six, seconds))
        colleagues = {frozenset(pair): 1 for n in range(0, people, 5) for pair in combinations(names[n : n + 5], 2)}
        apart, seconds = _timed(lambda: plan(names, 1, rules=Rules(avoid=colleagues), seed=1))  # noqa: B023
        lines.append(("of companies of five", apart, seconds))
        fours, seconds = _timed(lambda: plan(names, 3, size=4, seed=1))  # noqa: B023
        lines.append(("three rounds in fours", fours, seconds))
        for what, made, seconds in lines:
            shown.add_row(f"{people:,}", what, f"{seconds:.3f}", str(made.repeats), f"{seconds / shuffle:.0f}")
    return shown


def print_report(runs: int = RUNS, runs_absent: int = RUNS_ABSENT) -> None:
    console = Console(width=120)
    console.print(_shown_pairs(table(runs, runs_absent)))
    console.print(_shown_groups())
    console.print(_shown_crowds())


if __name__ == "__main__":
    print_report()
