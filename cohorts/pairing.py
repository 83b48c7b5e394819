"""Who meets whom over the whole program: plans all the remaining rounds and says how good the plan is.

Pure and seeded: the same people in any order, the same history and seed give the same groups.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, combinations
from random import Random
from typing import Literal

import rustworkx as rx

from cohorts import pairing_groups
from cohorts import pairing_pairs as search

Pair = frozenset[str]


@dataclass(frozen=True)
class Round:
    groups: tuple[tuple[str, ...], ...]
    sat_out: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    def pairs(self) -> Iterator[Pair]:
        return (frozenset(pair) for group in self.groups for pair in combinations(group, 2))

    @property
    def present(self) -> tuple[str, ...]:
        return tuple(sorted([*(person for group in self.groups for person in group), *self.sat_out]))


@dataclass(frozen=True)
class History:
    """How often two have met, and how often somebody sat out."""

    met: Mapping[Pair, int] = field(default_factory=dict)
    sat_out: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, rounds: Iterable[Round]) -> "History":
        met: Counter[Pair] = Counter()
        sat_out: Counter[str] = Counter()
        for played in rounds:
            met.update(played.pairs())
            sat_out.update(played.sat_out)
        return cls(dict(met), dict(sat_out))


@dataclass(frozen=True)
class Rules:
    """`never` is hard: rather than break it, somebody sits out. `avoid` is soft: a repeat weighs more.

    `odd` says what the odd one of a round in pairs does: join a trio, unless that costs a repeat that sitting
    out would not, or always sit out.
    """

    never: frozenset[Pair] = frozenset()
    avoid: Mapping[Pair, int] = field(default_factory=dict)
    odd: Literal["trio", "sit_out"] = "trio"


EMPTY = History()
NO_RULES = Rules()
MOVES = 600_000  # exchanges tried for groups of three and more: about a second on a modest machine


@dataclass(frozen=True)
class Facts:
    """What a sentence about a plan needs: the numbers are of all its rounds, the people of its first."""

    repeats: int
    unavoidable: int
    again: tuple[tuple[str, str], ...]
    trio: tuple[str, ...]
    sat_out: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """`repeats` is never below `lower_bound`; where they are equal no plan can do better."""

    rounds: tuple[Round, ...]
    repeats: int
    lower_bound: int
    again: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def first(self) -> Round:
        return self.rounds[0]

    def why(self) -> tuple[str, Facts]:
        """A key for the sentence (`new`, `optimal`: repeats, but none too many, or `gap`) and its facts."""
        reason = "new" if not self.repeats else "optimal" if self.repeats == self.lower_bound else "gap"
        largest = max((len(group) for group in self.first.groups), default=0)
        odd = [g for g in self.first.groups if len(g) == 3 and largest == 3]
        trio = odd[0] if len(odd) == 1 and all(len(g) == 2 for g in self.first.groups if g != odd[0]) else ()
        return reason, Facts(self.repeats, self.lower_bound, self.again, trio, self.first.sat_out)


def plan(
    people: Sequence[str],
    rounds: int,
    *,
    size: int = 2,
    history: History = EMPTY,
    rules: Rules = NO_RULES,
    seed: int = 0,
    absent: Sequence[str] = (),
    moves: int = MOVES,
) -> Plan:
    """All the remaining rounds. Those `absent` today miss the first and are expected in the others.

    `moves` bounds the search for groups of three and more; fewer are faster and repeat a little more.

    Raises ValueError for fewer than one round, a size below two, or a person named twice.
    """
    if rounds < 1 or size < 2:
        raise ValueError(f"a plan needs one round or more and groups of two or more, not {rounds} and {size}")
    everyone = sorted({*people, *absent})
    if len(everyone) != len(people) + len(absent):
        raise ValueError("a person is named twice")
    today = sorted(people)
    task = _task(everyone, [today] + [everyone] * (rounds - 1), history, rules)
    nominal = [_nominal(today, size), *[_nominal(everyone, size)] * (rounds - 1)]
    target = lower_bound(nominal, size=size, history=history, rules=rules)
    seatings = _in_pairs(task, target, rules, seed) if size == 2 else _in_groups(task, target, size, seed, moves)
    found = [_named(everyone, seating) for seating in seatings]
    found[0] = Round(found[0].groups, found[0].sat_out, tuple(sorted(absent)))
    again = sorted(sorted(pair) for pair in found[0].pairs() if history.met.get(pair))
    return Plan(
        tuple(found),
        repeats(found, history),
        lower_bound(found, size=size, history=history, rules=rules),
        tuple((a, b) for a, b in again),
    )


def next_round(
    present: Sequence[str],
    remaining_rounds: int,
    *,
    size: int = 2,
    history: History = EMPTY,
    rules: Rules = NO_RULES,
    seed: int = 0,
    absent: Sequence[str] = (),
    moves: int = MOVES,
) -> Round:
    """The round to play now, chosen with those still to come in view (`remaining_rounds` counts this one)."""
    return plan(
        present,
        remaining_rounds,
        size=size,
        history=history,
        rules=rules,
        seed=seed,
        absent=absent,
        moves=moves,
    ).first


def repeats(rounds: Iterable[Round], history: History = EMPTY) -> int:
    """How many of the meetings in `rounds` are not the first of those two people."""
    met = Counter(pair for played in rounds for pair in played.pairs())
    return sum(times - (0 if history.met.get(pair) else 1) for pair, times in met.items())


def shapes(people: int, size: int) -> list[tuple[int, ...]]:
    """The group sizes that come closest to `size`, best first; nobody is alone.

    As many of the wished size as possible, the rest one smaller (8 in threes: 3, 3, 2). Where that would make
    groups of two among threes and one larger is possible too, the larger comes first (10: 3, 3, 4).
    """
    if people < 2:
        return []
    found: list[tuple[int, ...]] = []
    many = -(-people // size)
    short = many * size - people
    if short <= many and size > 2:
        found.append((size,) * (many - short) + (size - 1,) * short)
    few = people // size
    extra = people - few * size
    if few and extra <= few and extra:
        larger = (size,) * (few - extra) + (size + 1,) * extra
        found.insert(0 if 2 in (found or [(2,)])[0] and few > extra else len(found), larger)
    if not found:
        groups = many if size > 2 else max(1, few)
        low, over = divmod(people, groups)
        found.append((low + 1,) * over + (low,) * (groups - over))
    return found


# -- how good a plan can be ----------------------------------------


def lower_bound(rounds: Sequence[Round], *, size: int = 2, history: History = EMPTY, rules: Rules = NO_RULES) -> int:
    """A number of repeats that no plan for the same people in the same rounds goes below.

    Three counts, the largest holds: meetings there must be, less the pairs that are still new; the same for
    each person; and for pairs, what the best single matching leaves over in each round.
    """
    rosters = [frozenset(played.present) for played in rounds]
    least = [_least_meetings(played, size) for played in rounds]
    everyone = frozenset().union(*rosters)
    spent = {pair for pair in rules.never if pair <= everyone}
    spent |= {pair for pair, times in history.met.items() if times and pair <= everyone}
    together = _pairs_together(rosters, enough=sum(least) + len(spent))
    gone = sum(any(pair <= roster for roster in rosters) for pair in spent)
    bound = max(0, sum(least) - (together - gone))
    if len(everyone) <= _SMALL:
        bound = max(bound, _bound_by_person(rounds, rosters, size, spent))
        if size == 2:
            bound = max(bound, sum(map(_bound_by_matching, rounds, rosters, [spent] * len(rounds))))
    return bound


_SMALL = 60  # up to so many people every pair may be looked at for a sharper bound


def _least_meetings(played: Round, size: int) -> int:
    """The fewest pairs this round could do with: as played, or in the gentlest shape that the size allows."""
    actual = _meetings(map(len, played.groups))
    people = len(played.present)
    if size == 2:
        return min(actual, people // 2)
    return min([actual, *map(_meetings, shapes(people, size))])


def _meetings(shape: Iterable[int]) -> int:
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


def _bound_by_matching(played: Round, roster: frozenset[str], spent: set[Pair]) -> int:
    graph: rx.PyGraph[str, int] = rx.PyGraph(multigraph=False)
    index = {person: graph.add_node(person) for person in sorted(roster)}
    graph.add_edges_from([(index[a], index[b], 1) for a, b in combinations(index, 2) if frozenset((a, b)) not in spent])
    matched = len(rx.max_weight_matching(graph, max_cardinality=True))
    return max(0, min(len(played.groups), len(roster) // 2) - matched)


def _nominal(people: Sequence[str], size: int) -> Round:
    """A round of the right sizes, whoever is in which group: enough to ask for a bound before searching."""
    sizes = min(shapes(len(people), size), key=lambda shape: sum(n * n for n in shape), default=())
    if size == 2:
        sizes = (2,) * (len(people) // 2)
    ends = accumulate(sizes)
    return Round(
        tuple(tuple(people[end - n : end]) for end, n in zip(ends, sizes, strict=True)),
        tuple(people[sum(sizes) :]),
    )


# -- from names to numbers and back ----------------------------------------


def _task(everyone: Sequence[str], rosters: Sequence[Sequence[str]], history: History, rules: Rules) -> search.Task:
    number = {person: i for i, person in enumerate(everyone)}
    met: search.Met = [{} for _ in everyone]
    never: list[set[int]] = [set() for _ in everyone]
    avoid: list[dict[int, int]] = [{} for _ in everyone]

    def known(pairs: Iterable[Pair]) -> Iterator[tuple[Pair, int, int]]:
        for pair in pairs:
            if len(pair) == 2 and all(person in number for person in pair):
                a, b = (number[person] for person in pair)
                yield pair, a, b

    for pair, a, b in known(history.met):
        if history.met[pair]:
            met[a][b] = met[b][a] = history.met[pair]
    for _, a, b in known(rules.never):
        never[a].add(b)
        never[b].add(a)
    for pair, a, b in known(rules.avoid):
        avoid[a][b] = avoid[b][a] = rules.avoid[pair]
    return search.Task(
        tuple(tuple(number[person] for person in roster) for roster in rosters),
        met,
        tuple(map(frozenset, never)),
        tuple(avoid),
        tuple(history.sat_out.get(person, 0) for person in everyone),
    )


def _named(everyone: Sequence[str], seating: search.Seating) -> Round:
    groups = sorted(tuple(sorted(everyone[person] for person in group)) for group in seating.groups)
    return Round(tuple(groups), tuple(sorted(everyone[person] for person in seating.sat_out)))


def _in_pairs(task: search.Task, target: int, rules: Rules, seed: int) -> list[search.Seating]:
    """Tries as many trios as new pairs allow, then fewer: a trio uses two more of them than sitting out."""
    there = frozenset().union(*task.rosters)
    spent = sum(len(there & (task.met[person].keys() | task.never[person])) for person in there) // 2
    spare = len(there) * (len(there) - 1) // 2 - spent - sum(len(roster) // 2 for roster in task.rosters)
    odd = [number for number, roster in enumerate(task.rosters) if len(roster) % 2 and len(roster) > 1]
    if task.some_absent:
        odd = [number for number in odd if number == 0]
    most = max(0, min(len(odd), spare // 2)) if rules.odd == "trio" else 0
    best = search.circle(task, Random(seed)) if not most else None
    if best is not None and not any(task.avoid):
        return best
    steps = max(8, min(600, 90_000 // len(task.rosters[-1] or there or (0,)) ** 2))
    for trios in sorted({most, most - 1, most - 2, most // 2, 0} - {-1, -2}, reverse=True):
        found = search.pairs(task, trios=frozenset(odd[:trios]), target=target, steps=steps, rng=Random(seed))
        if best is None or search.score(task, found) < search.score(task, best):
            best = found
        if search.score(task, best)[0] <= target:
            break
    return best or []


def _in_groups(task: search.Task, target: int, size: int, seed: int, moves: int) -> list[search.Seating]:
    """In the nearest shape; in the next nearest where that saves repeats."""
    choices = [shapes(len(roster), size) for roster in task.rosters]
    nearest = sum(_meetings(options[0]) for options in choices if options)
    best: list[search.Seating] = []
    for choice in range(max(map(len, choices), default=0) or 1):
        shape = [
            options[min(choice, len(options) - 1)] if options else (1,) * len(roster)
            for options, roster in zip(choices, task.rosters, strict=True)
        ]
        if best and sum(map(_meetings, shape)) >= nearest:
            break
        found = pairing_groups.groups(task, shapes=shape, target=target, moves=moves, rng=Random(seed))
        if not best or search.score(task, found)[0] < search.score(task, best)[0]:
            best = found
        if search.score(task, best)[0] <= target:
            break
    return best
