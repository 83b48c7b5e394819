"""Groups that stand, and people who need a place: one left alone, one who came late. Nobody else is moved.

Pure, and quick enough for a transaction: at most one small plan, of those without a place.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

from cohorts.pairing import plan
from cohorts.pairing_rounds import EMPTY, NO_RULES, History, Round, Rules

_MOVES = 4_000  # exchanges tried when those without a place make groups of three and more

Group = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """`groups` are those given, in their order, as they are now; () where nobody or only one was left of it."""

    groups: tuple[Group, ...]
    new: tuple[Group, ...]
    sat_out: Group

    @property
    def round(self) -> Round:
        return Round((*(group for group in self.groups if group), *self.new), self.sat_out)


def place_again(
    here: Collection[str],
    groups: Sequence[Sequence[str]],
    *,
    size: int = 2,
    history: History = EMPTY,
    rules: Rules = NO_RULES,
    seed: int = 0,
) -> Placed:
    """The round as it goes on with those who are `here` now; `history` tells of the rounds before it.

    Groups of which two or more are here stay together. The others get together among themselves where that is new
    to them; else each joins, or pairs up, where it costs the fewest repeats, then where it is least crowded. Only
    where the rules leave no place does somebody sit out.
    """
    there = set(here)
    standing = [tuple(one for one in group if one in there) for group in groups]
    standing = [group if len(group) > 1 else () for group in standing]
    loose = sorted(there.difference(*standing))
    made = (
        plan(loose, 1, size=size, history=history, rules=rules, seed=seed, moves=_MOVES).first if loose else Round(())
    )
    new = [group for group in made.groups if not _known(group, history)]
    waiting = [one for one in loose if not any(one in group for group in new)]
    while waiting:
        person = waiting.pop(0)
        options = [*standing, *new, *((one,) for one in waiting)]
        best = _best(person, options, size, history, rules)
        if best is None:
            continue
        group = options[best]
        joined = (*group, person) if best < len(standing) else tuple(sorted((*group, person)))
        if best < len(standing):
            standing[best] = joined
        elif group in new:
            new[new.index(group)] = joined
        else:
            new.append(joined)
            waiting.remove(group[0])
    return Placed(tuple(standing), tuple(new), tuple(sorted(there.difference(*standing, *new))))


def _best(person: str, options: Sequence[Group], size: int, history: History, rules: Rules) -> int | None:
    """Which of these costs least to join, of those that the rules allow."""
    ways = []
    for number, group in enumerate(options):
        pairs = [frozenset((person, one)) for one in group]
        if group and not rules.never.intersection(pairs):
            repeats = sum(1 for pair in pairs if history.met.get(pair))
            avoided = sum(rules.avoid.get(pair, 0) for pair in pairs)
            ways.append((repeats, max(0, len(group) + 1 - size), avoided, len(group), number))
    return min(ways)[-1] if ways else None


def _known(group: Group, history: History) -> int:
    return sum(1 for pair in combinations(group, 2) if history.met.get(frozenset(pair)))
