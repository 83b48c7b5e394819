"""Who meets whom over the whole program: plans all the remaining rounds and says how good the plan is.

Pure and seeded: the same people in any order, the same history and seed give the same groups.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from cohorts import pairing_ahead, pairing_designs, pairing_groups
from cohorts import pairing_pairs as search
from cohorts.pairing_bounds import in_shape, lower_bound, meetings, nominal
from cohorts.pairing_rounds import EMPTY, NO_RULES, History, OddOne, Pair, Round, Rules, repeats, shapes

__all__ = [
    "EMPTY",
    "MOVES",
    "NO_RULES",
    "Facts",
    "History",
    "OddOne",
    "Pair",
    "Plan",
    "Round",
    "Rules",
    "lower_bound",
    "next_round",
    "plan",
    "plan_known",
    "repeats",
    "shapes",
]

MOVES = 300_000  # exchanges tried for groups of three and more: under a second on a modest machine
_UNSEEN = 5  # places that count as not missed, so that one absence is not taken for a habit


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

    @property
    def gap(self) -> int:
        """How many repeats there may be too many; 0 is proof that there are none."""
        return self.repeats - self.lower_bound

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
    if rounds < 1:
        raise ValueError(f"a plan needs one round or more, not {rounds}")
    everyone = sorted({*people, *absent})
    if len(everyone) != len(people) + len(absent):
        raise ValueError("a person is named twice")
    rosters = [people, *[everyone] * (rounds - 1)]
    missed, places = history.missed + len(absent), history.places + len(everyone)
    share = missed / (places + _UNSEEN) if missed else 0.0
    return _planned(rosters, everyone, size, history, rules, seed, moves, share)


def plan_known(
    rosters: Sequence[Sequence[str]],
    *,
    size: int = 2,
    history: History = EMPTY,
    rules: Rules = NO_RULES,
    seed: int = 0,
    moves: int = MOVES,
) -> Plan:
    """All the rounds, when it is known who will be there in each: what nobody knows beforehand, but some know later."""
    everyone = sorted({person for roster in rosters for person in roster})
    return _planned(rosters, everyone, size, history, rules, seed, moves, 0.0)


def _planned(
    rosters: Sequence[Sequence[str]],
    everyone: Sequence[str],
    size: int,
    history: History,
    rules: Rules,
    seed: int,
    moves: int,
    absence: float,
) -> Plan:
    if size < 2:
        raise ValueError(f"a plan needs groups of two or more, not {size}")
    there = [sorted(roster) for roster in rosters]
    task = _task(everyone, there, history, rules)
    target = lower_bound([nominal(roster, size) for roster in there], size=size, history=history, rules=rules)
    if size == 2:
        seatings = _in_pairs(task, target, rules, seed, absence)
    else:
        seatings = _in_groups(task, target, size, seed, moves)
    found = [_named(everyone, seating, roster) for seating, roster in zip(seatings, there, strict=True)]
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
        rules.odd == "always_trio",
    )


def _named(everyone: Sequence[str], seating: search.Seating, there: Sequence[str]) -> Round:
    groups = sorted(tuple(sorted(everyone[person] for person in group)) for group in seating.groups)
    here = set(there)
    return Round(
        tuple(groups),
        tuple(sorted(everyone[person] for person in seating.sat_out)),
        tuple(person for person in everyone if person not in here),
    )


# -- pairs, and groups of three and more ----------------------------------------


def _in_pairs(task: search.Task, target: int, rules: Rules, seed: int, absence: float) -> list[search.Seating]:
    """Tries as many trios as new pairs allow, then fewer: a trio uses two more of them than sitting out."""
    there = frozenset().union(*task.rosters)
    odd = [number for number, roster in enumerate(task.rosters) if len(roster) % 2 and len(roster) > 1]
    if task.some_absent and absence:
        odd = [number for number in odd if number == 0]
    most = 0
    if rules.odd == "always_trio":
        most = len(odd)
    elif rules.odd == "trio":
        spare = (
            len(there) * (len(there) - 1) // 2 - _spent(task, there) - sum(len(roster) // 2 for roster in task.rosters)
        )
        most = max(0, min(len(odd), spare // 2))
    best = search.circle(task, Random(seed)) if not most else None
    if best is not None and not any(task.avoid):
        return best
    steps = max(8, min(600, 90_000 // max(map(len, [*task.rosters, (0,)])) ** 2))
    fewer = {most - 1, most - 2, most // 2, 0} if rules.odd == "trio" else set()
    for trios in sorted({most} | {number for number in fewer if number >= 0}, reverse=True):
        found = search.pairs(task, trios=frozenset(odd[:trios]), target=target, steps=steps, rng=Random(seed))
        if best is None or search.score(task, found) < search.score(task, best):
            best = found
        if search.score(task, best)[0] <= target:
            break
    if best and pairing_ahead.matters(task, absence):
        first = pairing_ahead.first_round(task, absence, trio=most > 0, seed=seed, planned=best[0])
        if first != best[0]:
            trio = frozenset({0}) if most else frozenset[int]()
            best = search.pairs(task, trios=trio, target=target, steps=8, rng=Random(seed), first=first)
    return best or []


def _in_groups(task: search.Task, target: int, size: int, seed: int, moves: int) -> list[search.Seating]:
    """In the nearest shape; in the next nearest where that saves repeats."""
    choices = [shapes(len(roster), size) for roster in task.rosters]
    nearest = sum(meetings(options[0]) for options in choices if options)
    ways: list[list[tuple[int, ...]]] = []
    for choice in range(max(map(len, choices), default=0) or 1):
        shape = [
            options[min(choice, len(options) - 1)] if options else (1,) * len(roster)
            for options, roster in zip(choices, task.rosters, strict=True)
        ]
        if not ways or sum(map(meetings, shape)) < nearest:
            ways.append(shape)
    there = frozenset().union(*task.rosters)
    spare = len(there) * (len(there) - 1) // 2 - _spent(task, there)
    least = [max(target, in_shape(way, spare)) for way in ways]
    best: list[search.Seating] = []
    for way in sorted(range(len(ways)), key=lambda n: least[n] > 0):
        found = pairing_designs.rounds(task, shapes=ways[way], seed=seed)
        if found is None or any(task.avoid):
            searched = pairing_groups.groups(
                task, shapes=ways[way], target=least[way], moves=moves // len(ways), rng=Random(seed)
            )
            found = searched if found is None else min(found, searched, key=lambda one: search.score(task, one))
        if not best or search.score(task, found)[0] < search.score(task, best)[0]:
            best = found
        if search.score(task, best)[0] <= target:
            break
    return best


def _spent(task: search.Task, there: frozenset[int]) -> int:
    """How many pairs of those there have met or must not."""
    return sum(len(there & (task.met[person].keys() | task.never[person])) for person in there) // 2
