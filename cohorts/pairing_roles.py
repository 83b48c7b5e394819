"""The same engine for what is not a round: who reads whose work, who is whose mentor, who builds together.

Pure and seeded, as `pairing` is.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

import rustworkx as rx

from cohorts.pairing import MOVES, Plan, plan
from cohorts.pairing_rounds import EMPTY, NO_RULES, History, Pair, Rules

Directed = tuple[int, int]  # who gives, and who is given: a reviewer and an author

_AGAIN = 10**9
_CROWDED = 10**7  # for each one whom a mentor has already
_AVOID = 10**5
_CHANCE = 10**4


def readers(
    people: Sequence[int],
    before: Collection[Directed],
    *,
    seed: int,
    again: bool,
    avoid: Mapping[frozenset[int], int] | None = None,
) -> list[Directed]:
    """Everybody reads one and is read by one, nobody themselves, and nobody somebody they read before.

    Where that is not possible: nothing, or, when `again`, with as few repeats as can be. What is to be avoided
    weighs less than a repeat.
    """
    order = sorted(people)
    known, wished, rng = set(before), avoid or {}, Random(seed)
    count = len(order)
    edges: list[tuple[int, int, int]] = []
    for reader, author in _tried(count, rng):
        repeat = (order[reader], order[author]) in known
        if repeat and not again:
            continue
        worth = int(rng.random() * _CHANCE) - _AVOID * wished.get(frozenset((order[reader], order[author])), 0)
        edges.append((reader, count + author, worth - _AGAIN * repeat))
    matched = _matching(2 * count, edges)
    if len(matched) < count or not count:
        return []
    return sorted((order[a], order[b - count]) for a, b in matched)


def _tried(count: int, rng: Random) -> list[Directed]:
    """All of a few; of many, a dozen rings that go round everybody."""
    if count <= MANY:
        return [(a, b) for a in range(count) for b in range(count) if a != b]
    seats = list(range(count))
    rng.shuffle(seats)
    steps = sorted(rng.sample(range(1, count), 12))
    return [(seats[place], seats[(place + step) % count]) for step in steps for place in range(count)]


def mentors(
    people: Sequence[str],
    alumni: Sequence[str],
    *,
    most: int | None = None,
    busy: Mapping[str, int] | None = None,
    rules: Rules = NO_RULES,
    seed: int = 0,
) -> dict[str, str]:
    """A mentor for each, the work shared evenly among the `alumni`, counting whom they have already (`busy`).

    Without a mentor are those whom the rules keep from all of them, and those for whom nobody is left when each has
    `most`.
    """
    learners, guides, has = sorted(people), sorted(set(alumni) - set(people)), busy or {}
    if not guides:
        return {}
    rng = Random(seed)
    turns = -(-(len(learners) + sum(has.values())) // len(guides)) + 1
    last = turns if most is None else most
    places = [(guide, turn) for guide in guides for turn in range(has.get(guide, 0), last)]
    edges = []
    for number, learner in enumerate(learners):
        for place, (guide, turn) in enumerate(places):
            pair = frozenset((learner, guide))
            if pair not in rules.never:
                cost = _CROWDED * turn + _AVOID * rules.avoid.get(pair, 0)
                edges.append((number, len(learners) + place, int(rng.random() * _CHANCE) - cost))
    matched = _matching(len(learners) + len(places), edges)
    return {learners[a]: places[b - len(learners)][0] for a, b in sorted(matched)}


def teams(
    people: Sequence[str],
    size: int,
    *,
    history: History = EMPTY,
    rules: Rules = NO_RULES,
    seed: int = 0,
    moves: int = MOVES,
) -> Plan:
    """Who builds together: one round in groups of about `size`, of people who know each other as little as can be."""
    return plan(people, 1, size=size, history=history, rules=rules, seed=seed, moves=moves)


@dataclass(frozen=True, slots=True)
class Leaning:
    """What is known of somebody that two should share, or not: hours are those between their zone's day and UTC's."""

    company: str = ""
    level: str = ""
    hours: float | None = None


MANY = 150  # people beyond whom not every two are looked at
FAR = 4.0  # hours between two days, from which on little of them overlaps


def preferred(known: Mapping[str, Leaning], *, company: int = 4, level: int = 1, hours: int = 2) -> dict[Pair, int]:
    """How much each pair is rather not wanted: colleagues, other levels, days that hardly overlap.

    Of whom nothing is known, nobody is kept from. Each weight may be 0. Among very many only colleagues are minded.
    """
    found: Counter[Pair] = Counter()
    colleagues: defaultdict[str, list[str]] = defaultdict(list)
    for one in sorted(known):
        if company and known[one].company:
            colleagues[known[one].company].append(one)
    for names in colleagues.values():
        for pair in combinations(names, 2):
            found[frozenset(pair)] += company
    for one, other in combinations(sorted(known) if len(known) <= MANY else (), 2):
        a, b = known[one], known[other]
        weight = level * (bool(a.level) and bool(b.level) and a.level != b.level)
        if a.hours is not None and b.hours is not None:
            apart = abs(a.hours - b.hours) % 24
            weight += hours * (min(apart, 24 - apart) >= FAR)
        if weight:
            found[frozenset((one, other))] += weight
    return dict(found)


def _matching(nodes: int, edges: Sequence[tuple[int, int, int]]) -> list[Directed]:
    graph: rx.PyGraph[int, int] = rx.PyGraph(multigraph=False)
    graph.add_nodes_from(range(nodes))
    graph.add_edges_from(edges)
    matched = rx.max_weight_matching(graph, max_cardinality=True, weight_fn=int)
    return sorted((min(a, b), max(a, b)) for a, b in matched)
