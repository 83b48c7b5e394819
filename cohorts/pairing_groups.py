"""How groups of three and more are found: annealing, in which two people of one round change places.

People are numbers here, as in `pairing_pairs`. Effort is counted in moves, so a seed gives the same groups.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import combinations
from random import Random

from cohorts.pairing_pairs import Met, Seating, Task

_STEP = 100  # one repeat, in the annealer's own small numbers
_DENSE = 400  # up to so many people the costs of all pairs are kept in a square


def groups(task: Task, *, shapes: Sequence[tuple[int, ...]], target: int, moves: int, rng: Random) -> list[Seating]:
    """Rounds whose group sizes are `shapes`, with as few repeats as `moves` exchanges can reach."""
    small = task.people <= _DENSE
    rounds = _Annealer(task, shapes, target, rng).run(moves) if small else _settled(task, shapes, rng)
    sat_out = list(task.sat_out)
    return [_without_forbidden(task, seats, sat_out) for seats in rounds]


class _Annealer:
    """`more[a][b]` is what one more meeting of a and b would cost, `less[a][b]` what one fewer would save."""

    def __init__(self, task: Task, shapes: Sequence[tuple[int, ...]], target: int, rng: Random) -> None:
        self.task, self.shapes, self.rng = task, shapes, rng
        soft = any(task.avoid)
        self.enough = target * _STEP + (0 if soft else _STEP - 1)

    def run(self, moves: int) -> list[list[list[int]]]:
        best: tuple[float, list[list[list[int]]]] = (math.inf, [])
        starts = max(1, min(4, moves // 20_000))
        for _ in range(starts):
            self._start()
            found = self._cool(moves // starts)
            if found[0] < best[0]:
                best = found
            if best[0] <= self.enough:
                break
        return best[1]

    def _start(self) -> None:
        n = self.task.people
        self.count = [[self.task.met[a].get(b, 0) for b in range(n)] for a in range(n)]
        self.fixed = [[self._fixed(a, b) for b in range(n)] for a in range(n)]
        self.more = [[self._dearer(self.count[a][b]) + self.fixed[a][b] for b in range(n)] for a in range(n)]
        self.less = [[0] * n for _ in range(n)]
        self.cost = 0
        self.rounds = []
        for roster, shape in zip(self.task.rosters, self.shapes, strict=True):
            dealt = list(roster)
            self.rng.shuffle(dealt)
            seats = _cut(dealt, shape)
            for group in seats:
                for a, b in combinations(group, 2):
                    self.cost += self.more[a][b]
                    self._meet(a, b, 1)
            self.rounds.append(seats)

    def _fixed(self, a: int, b: int) -> int:
        return 1000 * _STEP if b in self.task.never[a] else self.task.avoided(a, b)

    @staticmethod
    def _dearer(times: int) -> int:
        return _STEP + 4 * min(times - 1, 10) if times > 0 else 0

    def _meet(self, a: int, b: int, change: int) -> None:
        times = self.count[a][b] + change
        fixed = self.fixed[a][b]
        self.count[a][b] = self.count[b][a] = times
        self.more[a][b] = self.more[b][a] = self._dearer(times) + fixed
        self.less[a][b] = self.less[b][a] = self._dearer(times - 1) + fixed if a != b else 0

    def _cool(self, moves: int) -> tuple[float, list[list[list[int]]]]:
        random, more, less = self.rng.random, self.more, self.less
        open_rounds = [number for number, seats in enumerate(self.rounds) if len(seats) > 1]
        best, kept = self.cost, _copied(self.rounds)
        if not open_rounds:
            return best, kept
        hot, cold, chunk = 0.6 * _STEP, 0.12 * _STEP, 250
        # e^(-delta / heat) > random  is  delta < -heat * log(random); the logs are drawn once. Machines differ in the
        # last digit of a logarithm, so it is rounded away.
        logs = [round(-math.log(random() or 1e-9), 6) for _ in range(997)]
        for step in range(max(1, moves // chunk)):
            heat = round(hot * (cold / hot) ** (step * chunk / moves), 6)
            for turn in range(chunk):
                seats = self.rounds[open_rounds[int(random() * len(open_rounds))]]
                first = int(random() * len(seats))
                second = int(random() * (len(seats) - 1))
                second += second >= first
                here, there = seats[first], seats[second]
                i, j = int(random() * len(here)), int(random() * len(there))
                a, b = here[i], there[j]
                more_a, less_a, more_b, less_b = more[a], less[a], more[b], less[b]
                delta = -2 * more_a[b]
                for x in here:
                    delta += more_b[x] - less_a[x]
                for x in there:
                    delta += more_a[x] - less_b[x]
                if delta > 0 and delta > heat * logs[(step + turn * 7) % 997]:
                    continue
                for x in here:
                    if x != a:
                        self._meet(a, x, -1)
                        self._meet(b, x, 1)
                for x in there:
                    if x != b:
                        self._meet(b, x, -1)
                        self._meet(a, x, 1)
                here[i], there[j] = b, a
                self.cost += delta
                if self.cost < best:
                    best, kept = self.cost, _copied(self.rounds)
                    if best <= self.enough:
                        return best, kept
        return best, kept


def _copied(rounds: list[list[list[int]]]) -> list[list[list[int]]]:
    return [[list(group) for group in seats] for seats in rounds]


def _cut(dealt: Sequence[int], shape: tuple[int, ...]) -> list[list[int]]:
    seats, start = [], 0
    for size in shape:
        seats.append(list(dealt[start : start + size]))
        start += size
    return seats


def _settled(task: Task, shapes: Sequence[tuple[int, ...]], rng: Random) -> list[list[list[int]]]:
    """Many people: nearly every group is fine as dealt; only those who meet again look for another place."""
    met: Met = [dict(row) for row in task.met]
    rounds = []
    for roster, shape in zip(task.rosters, shapes, strict=True):
        dealt = list(roster)
        rng.shuffle(dealt)
        seats = _cut(dealt, shape)

        def cost(person: int, group: Iterable[int], without: int) -> int:
            row, never, avoid = met[person], task.never[person], task.avoid[person]
            return sum(
                row.get(x, 0) * _STEP + (1000 * _STEP if x in never else 0) + avoid.get(x, 0)
                for x in group
                if x not in (person, without)
            )

        for home in range(len(seats) if len(seats) > 1 else 0):
            for i in range(len(seats[home])):
                for _ in range(60):
                    here, a = seats[home], seats[home][i]
                    if not (now := cost(a, here, a)):
                        break
                    away = int(rng.random() * len(seats))
                    there = seats[away]
                    j = int(rng.random() * len(there))
                    b = there[j]
                    if away != home and cost(a, there, b) + cost(b, here, a) < now + cost(b, there, b):
                        here[i], there[j] = b, a
        for group in seats:
            for a, b in combinations(group, 2):
                met[a][b] = met[b][a] = met[a].get(b, 0) + 1
        rounds.append(seats)
    return rounds


def _without_forbidden(task: Task, seats: list[list[int]], sat_out: list[int]) -> Seating:
    """When the rules leave no other way, somebody sits out: of those in conflict, who sat out least."""
    out: list[int] = []
    kept: list[list[int]] = []
    for group in seats:
        stay = list(group)
        while bad := [p for p in stay if task.never[p].intersection(stay)]:
            leaver = min(bad, key=lambda p: (sat_out[p], -len(task.never[p].intersection(stay)), p))
            stay.remove(leaver)
            out.append(leaver)
        kept.append(stay)
    # One left alone, or put out, may still find a larger group that welcomes them.
    out += [group[0] for group in kept if len(group) == 1]
    kept = [group for group in kept if len(group) > 1]
    largest = max((len(group) for group in seats), default=0)
    for person in sorted(out, key=lambda p: -sat_out[p]):
        for group in sorted(kept, key=len):
            if len(group) <= largest and not task.never[person].intersection(group):
                group.append(person)
                out.remove(person)
                break
    for a, b in combinations(tuple(out), 2):
        if a in out and b in out and b not in task.never[a]:
            kept.append([a, b])
            out = [person for person in out if person not in (a, b)]
    for person in out:
        sat_out[person] += 1
    return Seating(tuple(tuple(group) for group in kept), tuple(sorted(out)))
