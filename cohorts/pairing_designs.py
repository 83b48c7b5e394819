"""Groups that need no search: plans without a repeat that arithmetic gives when everybody is there.

Two of them. Seats in columns of a finite field: the lines of one slope are a round, and two lines of different slopes
share one seat at most. And seats on a wheel: a first round whose distances are all different stays so when turned.
Seats are dealt by the seed, so that the plan of tomorrow is the rest of today's: rounds that history has touched are
passed over, the others are still new.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import combinations
from random import Random

from cohorts.pairing_pairs import Seating, Task

Groups = list[list[int]]
Shape = tuple[int, ...]

_MOST_PEOPLE = 60  # more have so many ways that a search finds one at once
_MOST_TURNS = 20  # rounds up to which a wheel is looked for
_TRIES = 4_000  # exchanges of two seats on a wheel before that one is given up
_DEALS = 12  # deals of the seats that are compared when some pairs are to be avoided
# x to the n-th power, in lower ones, over so few numbers as the key says: what makes a field of a prime's power.
_FIELDS = {4: (2, 2, (1, 1)), 8: (2, 3, (1, 1, 0)), 9: (3, 2, (2, 0)), 16: (2, 4, (1, 1, 0, 0))}


def rounds(task: Task, *, shapes: Sequence[Shape], seed: int) -> list[Seating] | None:
    """As many rounds without a repeat as the task has, or None: then only a search can tell."""
    roster = task.rosters[0]
    if not 4 <= len(roster) <= _MOST_PEOPLE or any(other != roster for other in task.rosters) or len(set(shapes)) > 1:
        return None
    shape = tuple(sorted(shapes[0], reverse=True))
    for pattern in _patterns(shape, len(task.rosters)):
        rng = Random(seed)
        dealt = [_dealt(task, pattern, rng) for _ in range(_DEALS if any(task.avoid) else 1)]
        if kept := [one for one in dealt if len(one) == len(task.rosters)]:
            return min(kept, key=lambda one: sum(task.avoided(a, b) for seating in one for a, b in seating.pairs()))
    return None


def _patterns(shape: Shape, least: int) -> Iterator[list[Groups]]:
    """All that have enough rounds: of those begun longer ago, more are left than are needed."""
    if len(found := _lines(shape)) >= least:
        yield found
    for turns in range(max(3, least), min(sum(shape), _MOST_TURNS) + 1):
        if wheel := _wheel(shape, turns):
            yield wheel


def _dealt(task: Task, pattern: list[Groups], rng: Random) -> list[Seating]:
    """The first rounds that are new to everybody, as many as are needed."""
    seats = list(task.rosters[0])
    rng.shuffle(seats)
    played = ([tuple(sorted(seats[i] for i in group)) for group in groups] for groups in pattern)
    found = [Seating(tuple(sorted(groups))) for groups in played if all(_new(task, group) for group in groups)]
    return found[: len(task.rosters)]


def _new(task: Task, group: Iterable[int]) -> bool:
    return not any(b in task.met[a] or b in task.never[a] for a, b in combinations(group, 2))


# -- lines in a finite field ----------------------------------------


@cache
def _lines(shape: Shape) -> list[Groups]:
    """Seat (column, x): a round is all lines x = slope · column + b. Those missing leave the last column short."""
    order, size = len(shape), shape[0]
    field = _field(order)
    missing = order * size - sum(shape)
    if field is None or size > order or missing > order or any(n not in (size, size - 1) for n in shape):
        return []
    add, multiply = field
    seats = {(column, x): column * order + x for column in range(size) for x in range(order)}
    people = sum(shape)
    found = [
        [
            [seat for column in range(size) if (seat := seats[column, add(multiply(slope, column), b)]) < people]
            for b in range(order)
        ]
        for slope in range(order)
    ]
    if not missing and order % size == 0:  # and one round inside the columns
        found.append([list(range(start, start + size)) for start in range(0, people, size)])
    return found


Sum = Callable[[int, int], int]


def _field(order: int) -> tuple[Sum, Sum] | None:
    """Addition and multiplication of the numbers below a prime, or of one of the few powers written down above."""
    if order in _FIELDS:
        prime, degree, rule = _FIELDS[order]
        digits = [tuple(number // prime**place % prime for place in range(degree)) for number in range(order)]
        number = {one: value for value, one in enumerate(digits)}

        def add(a: int, b: int) -> int:
            return number[tuple((x + y) % prime for x, y in zip(digits[a], digits[b], strict=True))]

        def multiply(a: int, b: int) -> int:
            product = [0] * degree
            for factor in reversed(digits[b]):
                carry = product[-1]
                product = [(x + carry * y) % prime for x, y in zip([0, *product[:-1]], rule, strict=True)]
                product = [(x + factor * y) % prime for x, y in zip(product, digits[a], strict=True)]
            return number[tuple(product)]

        return add, multiply
    if order < 2 or any(order % divisor == 0 for divisor in range(2, int(order**0.5) + 1)):
        return None
    return lambda a, b: (a + b) % order, lambda a, b: a * b % order


# -- a wheel that is turned ----------------------------------------


@cache
def _wheel(shape: Shape, turns: int) -> list[Groups]:
    """Seats on rings of the same length, a few in the hub: the first round is turned by one for each next."""
    people = sum(shape)
    hub = people % turns
    rim = people - hub
    if hub > len(shape) or rim // turns > len(shape):
        return []
    first = _starter(shape, turns, rim, Random(people * 100 + turns))
    return (
        [[[_turned(seat, turn, turns, rim) for seat in group] for group in first] for turn in range(turns)]
        if first
        else []
    )


def _turned(seat: int, turn: int, turns: int, rim: int) -> int:
    return seat if seat >= rim else seat // turns * turns + (seat + turn) % turns


def _starter(shape: Shape, turns: int, rim: int, rng: Random) -> Groups:
    """A first round in which no distance between two seats comes twice, by exchanging seats; nothing when not found."""
    people = sum(shape)
    distance = [[_distance(a, b, turns, rim) for b in range(people)] for a in range(people)]
    kinds = {one for row in distance for one in row if one >= 0}
    if sum(n * (n - 1) // 2 for n in shape) > len(kinds):
        return []
    seats = list(range(people))
    rng.shuffle(seats)
    groups: Groups = []
    for size in shape:
        groups.append([seats.pop() for _ in range(size)])

    def twice() -> int:
        seen = [distance[a][b] for group in groups for a, b in combinations(group, 2)]
        return len(seen) - len({one for one in seen if one >= 0})

    cost = twice()
    for _ in range(_TRIES):
        if not cost:
            return groups
        here, there = rng.sample(groups, 2)
        i, j = rng.randrange(len(here)), rng.randrange(len(there))
        here[i], there[j] = there[j], here[i]
        found = twice()
        if found <= cost or rng.random() < 0.02:
            cost = found
        else:
            here[i], there[j] = there[j], here[i]
    return groups if not cost else []


def _distance(a: int, b: int, turns: int, rim: int) -> int:
    """A number for what stays the same between two seats when the wheel turns; below 0, what may never be chosen."""
    a, b = sorted((a, b))
    if a == b or a >= rim:
        return -1  # two in the hub would meet in every round
    if b >= rim:
        return (rim + b) * 1000 + a // turns
    ring_a, ring_b, steps = a // turns, b // turns, (b - a) % turns
    if ring_a == ring_b:
        if steps * 2 == turns:
            return -1  # half a turn comes round twice
        steps = min(steps, turns - steps)
    return (ring_a * 100 + ring_b) * 1000 + steps
