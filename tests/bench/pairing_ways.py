"""Ways to pair that others use, to measure ours against. Each makes the round of one day from who is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from random import Random

import rustworkx as rx

from cohorts.pairing import History, Pair, Plan, Round, Rules, next_round, plan_known

Pairing = Callable[[Sequence[str], Sequence[str], int, list[Round], int], Round]

RESTARTS = 10
SEARCHES = 3  # seeds tried by the search that knows who will be there


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


def married(present: Sequence[str], absent: Sequence[str], left: int, played: list[Round], seed: int) -> Round:
    """Stable marriage of two halves, each preferring whom they met least; the best of some halvings."""
    met = History.of(played).met
    chance = Random(f"{seed} {left}")
    found: list[list[tuple[str, ...]]] = []
    for _ in range(RESTARTS):
        order = list(present)
        chance.shuffle(order)
        half = len(order) // 2
        found.append(_stable(order[:half], order[half : 2 * half], met))
    groups = min(found, key=lambda couples: sum(met.get(frozenset(couple), 0) > 0 for couple in couples))
    return _round(groups, present, absent)


def _stable(proposing: list[str], asked: list[str], met: Mapping[Pair, int]) -> list[tuple[str, ...]]:
    def preference(one: str, others: list[str]) -> list[str]:
        return sorted(others, key=lambda other: met.get(frozenset((one, other)), 0))

    wishes = {one: preference(one, asked) for one in proposing}
    rank = {one: {other: n for n, other in enumerate(preference(one, proposing))} for one in asked}
    engaged: dict[str, str] = {}
    free = list(proposing)
    while free:
        one = free.pop()
        wish = wishes[one].pop(0)
        rival = engaged.get(wish)
        if rival is None or rank[wish][one] < rank[wish][rival]:
            engaged[wish] = one
            free += [rival] if rival is not None else []
        else:
            free.append(one)
    return [(one, other) for other, one in sorted(engaged.items())]


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


def ours(rules: Rules) -> Pairing:
    def pairing(present: Sequence[str], absent: Sequence[str], left: int, played: list[Round], seed: int) -> Round:
        return next_round(present, left, history=History.of(played), rules=rules, seed=seed, absent=absent)

    return pairing


def knowing(rosters: Sequence[Sequence[str]], rules: Rules, seed: int) -> list[Round]:
    """All rounds at once, when it is known beforehand who will be there in each: what nobody can do on the day."""

    def wanting(plan: Plan) -> tuple[int, int]:
        return plan.repeats, sum(len(one.sat_out) for one in plan.rounds)

    found: list[Plan] = []
    for attempt in range(SEARCHES):
        found.append(plan_known(rosters, rules=rules, seed=seed + 1000 * attempt))
        if found[-1].repeats == found[-1].lower_bound:
            break
    return list(min(found, key=wanting).rounds)
