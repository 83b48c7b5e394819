"""How pairs are found: the circle of a full table, else matchings (rustworkx) of all the remaining rounds.

Every round is matched in turn; then a few rounds at a time are taken back and matched anew for as long as
something is wanting. Effort is counted in steps, never in seconds, so a seed gives the same pairs everywhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

import rustworkx as rx

Groups = tuple[tuple[int, ...], ...]
Met = list[dict[int, int]]  # met[a][b]: how often a and b met, absent when never

# What a pair costs. Each line outweighs everything below it; that is what makes a rule hard or soft.
_SAT_OUT = 10**13  # per earlier sit-out: who sat out has a place
_REPEAT = 10**10
_OFTEN = 10**8  # a third meeting is worse than a second
_AVOID = 10**6
_CHANCE = 10**4  # below this, the seed decides

_PATIENCE = 60  # steps without a gain after which wishes that are left are left, once there is no repeat too many
_FULL_GRAPH = 120  # up to so many people every possible pair is weighed; above, only some
_SAMPLE = 8
# New partners a person keeps in hand before joining a trio when people stay away; 0 costs thrice the repeats.
_MARGIN = 2


@dataclass(frozen=True)
class Task:
    """Who is there in each round, and what happened before. Never changed by a search."""

    rosters: tuple[tuple[int, ...], ...]
    met: Met
    never: tuple[frozenset[int], ...]
    avoid: tuple[dict[int, int], ...]
    sat_out: tuple[int, ...]
    always_trio: bool = False  # the odd one joins a pair even where that repeats somebody

    @property
    def people(self) -> int:
        return len(self.met)

    @property
    def some_absent(self) -> bool:
        return self.rosters[0] != self.rosters[-1]

    def avoided(self, a: int, b: int) -> int:
        return min(self.avoid[a].get(b, 0), 90)


@dataclass(frozen=True)
class Seating:
    """One round: the groups, and who sits out."""

    groups: Groups
    sat_out: tuple[int, ...] = ()

    def pairs(self) -> Iterable[tuple[int, int]]:
        return (pair for group in self.groups for pair in combinations(group, 2))


def score(task: Task, rounds: Sequence[Seating]) -> tuple[int, int, int]:
    """Repeats, then sit-outs, then what was to be avoided: smaller is better."""
    met: dict[tuple[int, int], int] = {}
    avoided = 0
    for seating in rounds:
        for a, b in seating.pairs():
            pair = (a, b) if a < b else (b, a)
            met[pair] = met.get(pair, 0) + 1
            avoided += task.avoid[a].get(b, 0)
    repeats = sum(times - (b not in task.met[a]) for (a, b), times in met.items())
    return repeats, sum(len(seating.sat_out) for seating in rounds), avoided


def circle(task: Task, rng: Random) -> list[Seating] | None:
    """The round-robin of a full table, seats dealt by the seed; None when absence, history or rules spoil it.

    Each of its n - 1 rounds is a perfect pairing and no two share a pair, so those that history has not
    touched make a plan without a repeat.
    """
    roster = task.rosters[0]
    if len(roster) < 2 or any(other != roster for other in task.rosters):
        return None
    seats: list[int | None] = list(roster)
    rng.shuffle(seats)
    if len(seats) % 2:
        seats.append(None)
    found: list[Seating] = []
    for turn in range(len(seats) - 1):
        seating = _turned(task, seats, turn)
        if seating is not None:
            found.append(seating)
            if len(found) == len(task.rosters):
                break
    else:
        return None
    sat_out = {person: task.sat_out[person] for person in roster}
    for seating in found:
        for person in seating.sat_out:
            sat_out[person] += 1
    return found if max(sat_out.values()) - min(sat_out.values()) <= 1 else None


def _turned(task: Task, seats: list[int | None], turn: int) -> Seating | None:
    last = len(seats) - 1
    couples = [(seats[last], seats[turn])]
    couples += [(seats[(turn + i) % last], seats[(turn - i) % last]) for i in range(1, len(seats) // 2)]
    groups: list[tuple[int, ...]] = []
    alone: list[int] = []
    for a, b in couples:
        if a is None or b is None:
            alone += [person for person in (a, b) if person is not None]
        elif b in task.met[a] or b in task.never[a]:
            return None
        else:
            groups.append((a, b))
    return Seating(tuple(groups), tuple(alone))


def once(task: Task, *, trio: bool, rng: Random) -> Seating:
    """The first round alone, matched as it stands."""
    table = _Pairs(task, frozenset({0}) if trio else frozenset(), rng)
    table.play(0)
    return table.rounds[0]


def pairs(
    task: Task, *, trios: frozenset[int], target: int, steps: int, rng: Random, first: Seating | None = None
) -> list[Seating]:
    """Match every round, then take rounds back and match them anew until all is well or `steps` are used.

    `trios` names the rounds in which the odd one joins a pair instead of sitting out, if that repeats
    nothing. All is well with `target` repeats and a trio in each of those. The `first` round may be given.
    """
    table = _Pairs(task, trios, rng)
    open_rounds = range(1 if first else 0, len(task.rosters))
    if first:
        table.place(0, first)
    for number in open_rounds:
        table.play(number)
    best, best_cost = table.seatings(), table.cost
    since = 0
    for _ in range(steps if len(open_rounds) > 1 else 0):
        since += 1
        patience = _PATIENCE if best_cost % _PER_REPEAT < _PER_LACKING else 4 * _PATIENCE
        if best_cost <= target * _PER_REPEAT or (since > patience and best_cost < (target + 1) * _PER_REPEAT):
            break
        before, kept = table.cost, list(table.rounds)
        again = rng.sample(open_rounds, min(len(open_rounds), rng.choice((2, 3, 3, 4))))
        if not any(map(table.is_wanting, again)):
            wanting = [n for n in open_rounds if n not in again and table.is_wanting(n)]
            again[0] = rng.choice(wanting or again[:1])
        for number in again:
            table.take_back(number)
        for number in again:
            table.play(number)
        if table.cost > before:
            for number in again:
                table.take_back(number)
            for number in again:
                table.place(number, kept[number])
        elif table.cost < best_cost:
            best, best_cost, since = table.seatings(), table.cost, 0
    return best


# What is wanting, in one number: a repeat, then a trio that is none, then what was to be avoided. A trio has two pairs
# more to avoid: no wish may leave somebody without anybody to talk to.
_PER_REPEAT = 10**13
_PER_LACKING = 10**9


class _Pairs:
    """The rounds being tried, with who has met whom so far."""

    def __init__(self, task: Task, trios: frozenset[int], rng: Random) -> None:
        self.task = task
        self.trios = trios
        self.rng = rng
        self.met: Met = [dict(row) for row in task.met]
        self.sat_out = list(task.sat_out)
        self.rounds: list[Seating] = [Seating(())] * len(task.rosters)
        self.repeats = 0
        self.avoided = 0

    def seatings(self) -> list[Seating]:
        return list(self.rounds)

    @property
    def cost(self) -> int:
        lacking = sum(map(self._lacks_trio, self.trios))
        return self.repeats * _PER_REPEAT + lacking * _PER_LACKING + self.avoided

    def _lacks_trio(self, number: int) -> bool:
        return bool(self.rounds[number].sat_out) and not self.task.some_absent

    def is_wanting(self, number: int) -> bool:
        seating = self.rounds[number]
        if number in self.trios and self._lacks_trio(number):
            return True
        return any(self.met[a][b] > 1 or b in self.task.avoid[a] for a, b in seating.pairs())

    def place(self, number: int, seating: Seating) -> None:
        self.rounds[number] = seating
        for a, b in seating.pairs():
            times = self.met[a].get(b, 0)
            self.repeats += times > 0
            self.avoided += self.task.avoided(a, b)
            self.met[a][b] = self.met[b][a] = times + 1
        for person in seating.sat_out:
            self.sat_out[person] += 1

    def take_back(self, number: int) -> None:
        for a, b in self.rounds[number].pairs():
            times = self.met[a][b] - 1
            self.repeats -= times > 0
            self.avoided -= self.task.avoided(a, b)
            if times:
                self.met[a][b] = self.met[b][a] = times
            else:
                del self.met[a][b], self.met[b][a]
        for person in self.rounds[number].sat_out:
            self.sat_out[person] -= 1
        self.rounds[number] = Seating(())

    def play(self, number: int) -> None:
        roster = self.task.rosters[number]
        if number in self.trios:
            groups, left = self._joined(roster, *self._matched(roster, fair=False))
            if not left:
                self.place(number, Seating(groups))
                return
        groups, left = self._matched(roster, fair=True)
        self.place(number, Seating(groups, left))

    def _matched(self, roster: Sequence[int], *, fair: bool) -> tuple[Groups, tuple[int, ...]]:
        """As many pairs as the rules allow; who is left is, when `fair`, who sat out least."""
        dealt, roster = self._dealt(roster) if len(roster) > _FULL_GRAPH else ([], roster)
        weigh = self._all_edges if len(roster) <= _FULL_GRAPH else self._sampled_edges
        edges = weigh(roster, fair)
        node = {person: i for i, person in enumerate(roster)}
        graph: rx.PyGraph[int, int] = rx.PyGraph(multigraph=False)
        graph.add_nodes_from(roster)
        graph.add_edges_from([(node[a], node[b], worth) for a, b, worth in edges])
        matching = rx.max_weight_matching(graph, max_cardinality=True, weight_fn=int)
        matched = [(min(roster[i], roster[j]), max(roster[i], roster[j])) for i, j in matching]
        groups = tuple(sorted(dealt + matched))
        taken = {person for group in groups for person in group}
        return groups, tuple(person for person in roster if person not in taken)

    def _dealt(self, roster: Sequence[int]) -> tuple[list[tuple[int, int]], list[int]]:
        """Of many people most are well paired as dealt. The others, and some more, await a matching."""
        ring = list(roster)
        self.rng.shuffle(ring)
        # One who sat out least comes last, where nobody is dealt a partner: they may have to be the odd one.
        ring.append(ring.pop(ring.index(min(ring, key=lambda person: self.sat_out[person]))))
        good: list[tuple[int, int]] = []
        cut = len(ring) // 2 * 2 - 2
        rest = ring[cut:]
        for a, b in zip(ring[:cut:2], ring[1:cut:2], strict=True):
            if b in self.met[a] or b in self.task.never[a] or b in self.task.avoid[a]:
                rest += [a, b]
            else:
                good.append((a, b) if a < b else (b, a))
        spare = min(len(good), max(20, len(rest) // 2))
        return good[spare:], rest + [person for pair in good[:spare] for person in pair]

    def _all_edges(self, roster: Sequence[int], fair: bool) -> list[tuple[int, int, int]]:
        return [(a, b, self._worth(a, b, fair)) for a, b in combinations(roster, 2) if b not in self.task.never[a]]

    def _sampled_edges(self, roster: Sequence[int], fair: bool) -> list[tuple[int, int, int]]:
        """For each person a few they have not met, and a ring through everybody so that nobody is cut off."""
        ring = list(roster)
        self.rng.shuffle(ring)
        chosen = {(min(a, b), max(a, b)) for a, b in zip(ring, ring[1:] + ring[:1], strict=True)}
        for a in roster:
            met = self.met[a]
            for _ in range(_SAMPLE):
                b = roster[int(self.rng.random() * len(roster))]
                if b not in met and b != a:
                    chosen.add((a, b) if a < b else (b, a))
        return [(a, b, self._worth(a, b, fair, 1)) for a, b in sorted(chosen) if b not in self.task.never[a]]

    def _worth(self, a: int, b: int, fair: bool, chance: int = _CHANCE) -> int:
        worth = int(self.rng.random() * chance)
        times = self.met[a].get(b, 0)
        if times:
            worth -= _REPEAT + _OFTEN * min(times, 90)
        if b in self.task.avoid[a]:
            worth -= _AVOID * self.task.avoided(a, b)
        if fair:
            worth += _SAT_OUT * (self.sat_out[a] + self.sat_out[b])
        return worth

    def _roomy(self, roster: Sequence[int]) -> frozenset[int]:
        """Who can afford a trio, which uses up two new partners: everyone, unless absence is about."""
        if not self.task.some_absent:
            return frozenset(roster)
        later = frozenset(self.task.rosters[-1])
        needed = len(self.task.rosters) + 1 + _MARGIN
        return frozenset(p for p in roster if len(later - self.met[p].keys() - self.task.never[p]) > needed)

    def _joined(self, roster: Sequence[int], groups: Groups, left: tuple[int, ...]) -> tuple[Groups, tuple[int, ...]]:
        """Each one left joins a pair they may meet and have not met; who finds none stays left."""
        open_pairs, trios, still = list(groups), [], []
        self.rng.shuffle(open_pairs)
        roomy = self._roomy(roster)
        for person in left:
            met, never = self.met[person], self.task.never[person]
            welcome = [group for group in open_pairs if never.isdisjoint(group)]
            fit = [
                group
                for group in (welcome if person in roomy else ())
                if roomy.issuperset(group) and not any(other in met for other in group)
            ]
            if not fit and self.task.always_trio and welcome:
                fewest = min(sum(map(met.__contains__, group)) for group in welcome)
                fit = [group for group in welcome if sum(map(met.__contains__, group)) == fewest]
            if not fit:
                still.append(person)
                continue
            group = min(fit, key=lambda g: sum(self.task.avoided(person, other) for other in g))
            open_pairs.remove(group)
            trios.append((*group, person))
        return tuple(sorted(open_pairs)) + tuple(trios), tuple(still)
