"""Our pairing against simpler ways to pair: repeats over many seeded runs, and seconds for many people."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

import rustworkx as rx
from rich.console import Console
from rich.table import Table

from cohorts.pairing import History, Pair, Round, Rules, next_round, plan, repeats

Pairing = Callable[[Sequence[str], Sequence[str], int, list[Round], int], Round]

SITUATIONS = [(12, 6, 0.0), (12, 11, 0.0), (8, 6, 0.0), (12, 6, 0.2), (10, 8, 0.2)]
SIT_OUT = Rules(odd="sit_out")


@dataclass(frozen=True)
class Row:
    people: int
    rounds: int
    absent: float
    way: str
    mean_repeats: float
    share_clean: float
    seconds: float  # for one run


@dataclass(frozen=True)
class Speed:
    people: int
    seconds: float
    seconds_again: float  # a second round, somebody missing, everybody else meeting anew
    repeats: int


def _round(groups: Sequence[tuple[str, ...]], present: Sequence[str], absent: Sequence[str]) -> Round:
    seated = {name for group in groups for name in group}
    return Round(tuple(groups), tuple(name for name in present if name not in seated), tuple(absent))


def _neighbours(order: Sequence[str]) -> list[tuple[str, ...]]:
    return [(a, b) for a, b in zip(order[::2], order[1::2], strict=False)]


def at_random(present: Sequence[str], absent: Sequence[str], left: int, played: list[Round], seed: int) -> Round:
    order = list(present)
    Random(f"{seed} {left}").shuffle(order)
    return _round(_neighbours(order), present, absent)


def greedily(present: Sequence[str], absent: Sequence[str], left: int, played: list[Round], seed: int) -> Round:
    met = History.of(played).met
    order = list(present)
    Random(f"{seed} {left}").shuffle(order)
    groups = []
    while len(order) > 1:
        first = order.pop()
        other = min(order, key=lambda name: met.get(frozenset((first, name)), 0))
        order.remove(other)
        groups.append((first, other))
    return _round(groups, present, absent)


def matched(present: Sequence[str], absent: Sequence[str], left: int, played: list[Round], seed: int) -> Round:
    """The best matching of this round, without a thought for the next."""
    met = History.of(played).met
    chance = Random(f"{seed} {left}")
    graph: rx.PyGraph[str, int] = rx.PyGraph()
    graph.add_nodes_from(present)

    def worth(pair: Pair) -> int:
        return chance.randrange(1000) - 10**6 * met.get(pair, 0)

    graph.add_edges_from(
        [(i, j, worth(frozenset((present[i], present[j])))) for i, j in combinations(range(len(present)), 2)]
    )
    found = rx.max_weight_matching(graph, max_cardinality=True, weight_fn=int)
    return _round([(present[i], present[j]) for i, j in sorted(found)], present, absent)


def in_a_circle(present: Sequence[str], absent: Sequence[str], left: int, played: list[Round], seed: int) -> Round:
    """The round-robin of all, dealt once; those whose partner is missing are paired as they stand."""
    seats = sorted([*present, *absent])
    Random(seed).shuffle(seats)
    last, turn = len(seats) - 1, len(played)
    couples = [(seats[last], seats[turn % last])]
    couples += [(seats[(turn + i) % last], seats[(turn - i) % last]) for i in range(1, len(seats) // 2)]
    there = set(present)
    kept = [(a, b) for a, b in couples if a in there and b in there]
    lone = [name for couple in couples if len(there & set(couple)) == 1 for name in couple if name in there]
    return _round([*kept, *_neighbours(lone)], present, absent)


def ours(present: Sequence[str], absent: Sequence[str], left: int, played: list[Round], seed: int) -> Round:
    return next_round(present, left, history=History.of(played), rules=SIT_OUT, seed=seed, absent=absent)


def ours_with_trios(present: Sequence[str], absent: Sequence[str], left: int, played: list[Round], seed: int) -> Round:
    return next_round(present, left, history=History.of(played), seed=seed, absent=absent)


WAYS: dict[str, Pairing] = {
    "random": at_random,
    "greedy": greedily,
    "best matching each round": matched,
    "circle": in_a_circle,
    "ours": ours,
    "ours, trios": ours_with_trios,
}


def table(runs: int) -> list[Row]:
    """Every way in every situation over the same `runs` draws of who is absent, known only on the day."""
    rows = []
    for people, rounds, absent in SITUATIONS:
        names = [f"p{number:02}" for number in range(people)]
        for way, pairing in WAYS.items():
            found = []
            began = time.perf_counter()
            for seed in range(runs):
                draw, played = Random(f"absent {seed}"), list[Round]()
                for left in range(rounds, 0, -1):
                    away = [name for name in names if draw.random() < absent]
                    present = [name for name in names if name not in away]
                    played.append(pairing(present, away, left, played, seed))
                found.append(repeats(played))
            seconds = (time.perf_counter() - began) / runs
            rows.append(Row(people, rounds, absent, way, sum(found) / runs, found.count(0) / runs, seconds))
    return rows


def speed() -> list[Speed]:
    measured = []
    for people in (1_000, 10_000):
        names = [f"p{number:05}" for number in range(people)]
        began = time.perf_counter()
        first = plan(names, 1, seed=1).first
        between = time.perf_counter()
        second = plan(names[3:], 1, history=History.of([first]), absent=names[:3], seed=2)
        measured.append(Speed(people, between - began, time.perf_counter() - between, second.repeats))
    return measured


def print_report(runs: int = 60) -> None:
    console = Console()
    rows = table(runs)
    shown = Table(title=f"Pairs: mean repeats over {runs} runs, and runs without any")
    for column in ("people × rounds", "way", "mean repeats", "clean runs", "ms a run", "repeats, × matching"):
        shown.add_column(column, justify="left" if column == "way" else "right")
    for row in rows:
        base = next(
            other
            for other in rows
            if other.way == "best matching each round"
            and (other.people, other.rounds, other.absent) == (row.people, row.rounds, row.absent)
        )
        where = f"{row.people} × {row.rounds}" + (f", {row.absent:.0%} absent" if row.absent else "")
        ratio = f"{row.mean_repeats / base.mean_repeats:.2f}" if base.mean_repeats else "–"
        shown.add_row(
            where,
            row.way,
            f"{row.mean_repeats:.2f}",
            f"{row.share_clean:.0%}",
            f"{row.seconds * 1000:.1f}",
            ratio,
            end_section=row.way == list(WAYS)[-1],
        )
    console.print(shown)
    for one in speed():
        console.print(
            f"{one.people:,} people: first round {one.seconds:.2f} s, "
            f"second with some missing {one.seconds_again:.2f} s, {one.repeats} repeats"
        )


if __name__ == "__main__":
    print_report()
