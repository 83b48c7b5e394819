"""How good a plan can be: a number of repeats below which there is none, whoever plans."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, combinations

import rustworkx as rx

from cohorts.pairing_rounds import EMPTY, NO_RULES, History, Pair, Round, Rules, shapes


def lower_bound(rounds: Sequence[Round], *, size: int = 2, history: History = EMPTY, rules: Rules = NO_RULES) -> int:
    """A number of repeats that no plan for the same people in the same rounds goes below.

    Four counts, the largest holds: meetings there must be, less the pairs that are still new; the same for each
    person; for large groups, who cannot all come from different groups of the round before; and for pairs, what the
    best single matching leaves over in each round.
    """
    rosters = [frozenset(played.present) for played in rounds]
    least = [_least_meetings(played, size) for played in rounds]
    everyone = frozenset().union(*rosters)
    spent = {pair for pair in rules.never if pair <= everyone}
    spent |= {pair for pair, times in history.met.items() if times and pair <= everyone}
    together = _pairs_together(rosters, enough=sum(least) + len(spent))
    gone = sum(any(pair <= roster for roster in rosters) for pair in spent)
    bound = max(0, sum(least) - (together - gone))
    bound = max(bound, _bound_by_crowding(rounds, rosters, size))
    if len(everyone) <= _SMALL:
        bound = max(bound, _bound_by_person(rounds, rosters, size, spent))
        if size == 2:
            bound = max(bound, sum(map(_bound_by_matching, rounds, rosters, [spent] * len(rounds))))
    return bound


_SMALL = 60  # up to so many people every pair may be looked at for a sharper bound


def _least_meetings(played: Round, size: int) -> int:
    """The fewest pairs this round could do with: as played, or in the gentlest shape that the size allows."""
    actual = meetings(map(len, played.groups))
    people = len(played.present)
    if size == 2:
        return min(actual, people // 2)
    return min([actual, *map(meetings, shapes(people, size))])


def meetings(shape: Iterable[int]) -> int:
    return sum(n * (n - 1) // 2 for n in shape)


def _pairs_together(rosters: Sequence[frozenset[str]], *, enough: int) -> int:
    """How many pairs are both there at least once; stops counting at what one full round already gives."""
    largest = max((len(roster) for roster in rosters), default=0)
    if largest * (largest - 1) // 2 >= enough or len(set(rosters)) == 1:
        return largest * (largest - 1) // 2
    when: Counter[int] = Counter()
    for person in frozenset().union(*rosters):
        when[sum(1 << number for number, roster in enumerate(rosters) if person in roster)] += 1
    same = sum(n * (n - 1) // 2 for n in when.values())
    return same + sum(when[a] * when[b] for a, b in combinations(when, 2) if a & b)


def _bound_by_person(rounds: Sequence[Round], rosters: Sequence[frozenset[str]], size: int, spent: set[Pair]) -> int:
    must: Counter[str] = Counter()
    new: dict[str, set[str]] = {}
    for played, roster in zip(rounds, rosters, strict=True):
        certain = not played.sat_out and (size > 2 or len(roster) % 2 == 0)
        sizes = [*map(len, played.groups), *(min(shape) for shape in shapes(len(roster), size))]
        smallest = min(sizes, default=1)
        for person in roster:
            must[person] += smallest - 1 if certain else 0
            new.setdefault(person, set()).update(roster)
    for pair in spent:
        a, b = pair
        new.get(a, set()).discard(b)
        new.get(b, set()).discard(a)
    return -(-sum(max(0, must[person] - (len(others) - 1)) for person, others in new.items()) // 2)


def _bound_by_crowding(rounds: Sequence[Round], rosters: Sequence[frozenset[str]], size: int) -> int:
    """A group larger than the number of groups in another round has two who sat together there.

    Over r rounds of the same people, that is at least `each` pairs common to any two rounds. A pair that meets m times
    is common to m(m - 1)/2 of these and is m - 1 repeats, so each repeat accounts for r/2 of them at most.
    """
    full = max(set(rosters), key=rosters.count, default=frozenset[str]())
    same = [played for played, roster in zip(rounds, rosters, strict=True) if roster == full]
    if len(same) < 2 or size == 2 or any(played.sat_out for played in same):
        return 0
    possible = {*shapes(len(full), size), *(tuple(map(len, played.groups)) for played in same)}
    groups = max(map(len, possible))
    each = min(sum(_crowded(n, groups) for n in shape) for shape in possible)
    return each * (len(same) - 1)


def in_shape(ways: Sequence[tuple[int, ...]], new_pairs: int) -> int:
    """The same for rounds of the same people in just these sizes, when so many pairs have not met yet."""
    met_anyway = sum(map(meetings, ways)) - new_pairs
    if len(set(ways)) > 1 or not ways or not ways[0]:
        return max(0, met_anyway)
    return max(0, met_anyway, sum(_crowded(n, len(ways[0])) for n in ways[0]) * (len(ways) - 1))


def _crowded(people: int, places: int) -> int:
    """How many pairs share a place at least when `people` are spread over so many."""
    low, over = divmod(people, places)
    return over * (low + 1) * low // 2 + (places - over) * low * (low - 1) // 2


def _bound_by_matching(played: Round, roster: frozenset[str], spent: set[Pair]) -> int:
    graph: rx.PyGraph[str, int] = rx.PyGraph(multigraph=False)
    index = {person: graph.add_node(person) for person in sorted(roster)}
    graph.add_edges_from([(index[a], index[b], 1) for a, b in combinations(index, 2) if frozenset((a, b)) not in spent])
    matched = len(rx.max_weight_matching(graph, max_cardinality=True))
    return max(0, min(len(played.groups), len(roster) // 2) - matched)


def nominal(people: Sequence[str], size: int) -> Round:
    """A round of the right sizes, whoever is in which group: enough to ask for a bound before searching."""
    sizes = min(shapes(len(people), size), key=lambda shape: sum(n * n for n in shape), default=())
    if size == 2:
        sizes = (2,) * (len(people) // 2)
    ends = accumulate(sizes)
    return Round(
        tuple(tuple(people[end - n : end]) for end, n in zip(ends, sizes, strict=True)),
        tuple(people[sum(sizes) :]),
    )
