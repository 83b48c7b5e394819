"""Today's pairs with tomorrow's absences in mind: of many good pairings, the one that leaves most ways open.

Who will be missing is not known, so a plan for everybody is worth little once people stay away. What counts is
whether those who do come can still be paired anew. For every set of people that may come, the ways in which it can be
paired among strangers are counted (all sets in one pass, each from smaller ones), and a set with few or no ways is a
risk, the greater the likelier that set is. Only sums, products and quotients: the same on every machine.
"""

from collections.abc import Sequence
from functools import cache
from random import Random

from cohorts.pairing_pairs import Groups, Seating, Task, once

MOST = 15  # people up to whom the sets are counted: 2 to this power, a fiftieth of a second for one pairing
_WORK = 160_000  # sets looked at for one decision, by which the number of pairings compared is bounded
_FEW = 0.5  # with fewer than so many people missing on average, the plan for everybody is the better guide
_WORN = 0.05  # what is left, at the least, of the chance that two who have not met are still new to each other later


def matters(task: Task, absence: float) -> bool:
    """Whether somebody will be missing in rounds to come, and there are few enough people to reckon with that."""
    return len(task.rosters) > 1 and len(task.rosters[0]) > 3 and task.people <= MOST and absence * task.people > _FEW


def first_round(task: Task, absence: float, *, trio: bool, seed: int, planned: Seating) -> Seating:
    """The first round that repeats least and then risks least; `planned` is one of those compared.

    With `trio` the odd one joins a pair if all three can afford it, rather than sitting out.
    """
    rng = Random(seed)
    found: dict[Groups, Seating] = {planned.groups: planned}
    for number in range(max(8, min(40, _WORK >> task.people))):
        seating = once(task, trio=trio and number % 4 > 0, rng=rng)
        found.setdefault(seating.groups, seating)
    known = [(_cost(task, one), one) for one in found.values()]
    least = min(cost for cost, _ in known)
    level = [one for cost, one in known if cost == least]
    if len(level) == 1:
        return level[0]
    return min(level, key=lambda one: risk(_strangers(task, one), len(task.rosters) - 1, absence))


def _cost(task: Task, seating: Seating) -> tuple[int, ...]:
    pairs = list(seating.pairs())
    repeats = sum(b in task.met[a] for a, b in pairs)
    fewest = min(task.sat_out[person] for person in task.rosters[0])
    often = sum(task.sat_out[person] - fewest for person in seating.sat_out)
    out = len(seating.sat_out)
    return out if task.always_trio else 0, often, repeats, out, sum(task.avoided(a, b) for a, b in pairs)


def _strangers(task: Task, seating: Seating) -> list[int]:
    """For each person, as bits, those whom they may meet and will not have met when this round is over."""
    free = []
    for a in range(task.people):
        closed = {a, *task.met[a], *task.never[a]}
        free.append(sum(1 << b for b in range(task.people) if b not in closed))
    for a, b in seating.pairs():
        free[a] &= ~(1 << b)
        free[b] &= ~(1 << a)
    return free


def risk(strangers: Sequence[int], rounds: int, absence: float) -> float:
    """How likely a repeat is, roughly, in `rounds` more rounds, of each of which a share of people is missing.

    For the next round a set either can be paired anew or not. Later some strangers will have met, so that of the ways
    counted now only some remain.
    """
    people = len(strangers)
    here = 1 - absence
    likely = {size: _times(here, size) * _times(absence, people - size) for size in range(2, people + 1, 2)}
    each = sum(one.bit_count() for one in strangers) / people
    left = [max(_WORN, (each - here * n) / each) if each else _WORN for n in range(1, rounds)]
    remains = {size: [_times(one, size // 2) for one in left] for size in likely}
    seen: dict[int, dict[int, float]] = {size: {0: likely[size] * rounds} for size in likely}
    ways = [0] * (1 << people)
    ways[0] = 1
    total = 0.0
    for members, first, others, size in _sets(people):
        partners, count = others & strangers[first], 0
        while partners:
            one = partners & -partners
            partners ^= one
            count += ways[others ^ one]
        ways[members] = count
        known = seen[size]
        if count not in known:
            known[count] = sum(likely[size] / (1 + count * part) for part in remains[size])
        total += known[count]
    return total


@cache
def _sets(people: int) -> tuple[tuple[int, int, int, int], ...]:
    """Every set of an even number of people, as bits, with its first member, the others, and its size."""
    return tuple(
        (members, (members & -members).bit_length() - 1, members & (members - 1), members.bit_count())
        for members in range(3, 1 << people)
        if members.bit_count() % 2 == 0
    )


def _times(base: float, power: int) -> float:
    """`base ** power`, but with multiplications alone, which come out the same everywhere."""
    result = 1.0
    for _ in range(power):
        result *= base
    return result
