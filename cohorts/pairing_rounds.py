"""What pairing is about: rounds as they are played, what they leave behind, the rules, and the sizes of groups."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

Pair = frozenset[str]
OddOne = Literal["trio", "always_trio", "sit_out"]


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
    """How often two have met, how often somebody sat out, and of all `places` in the rounds, how many were `missed`."""

    met: Mapping[Pair, int] = field(default_factory=dict)
    sat_out: Mapping[str, int] = field(default_factory=dict)
    missed: int = 0
    places: int = 0

    @classmethod
    def of(cls, rounds: Iterable[Round]) -> "History":
        met: Counter[Pair] = Counter()
        sat_out: Counter[str] = Counter()
        missed = places = 0
        for played in rounds:
            met.update(played.pairs())
            sat_out.update(played.sat_out)
            missed += len(played.absent)
            places += len(played.present) + len(played.absent)
        return cls(dict(met), dict(sat_out), missed, places)

    def after(self, played: Round) -> "History":
        """With one more round."""
        return self.joined(History.of([played]))

    def joined(self, other: "History") -> "History":
        return History(
            dict(Counter(self.met) + Counter(other.met)),
            dict(Counter(self.sat_out) + Counter(other.sat_out)),
            self.missed + other.missed,
            self.places + other.places,
        )


@dataclass(frozen=True)
class Rules:
    """`never` is hard: rather than break it, somebody sits out. `avoid` is soft: a repeat weighs more.

    `odd` says what the odd one of a round in pairs does: join a trio, unless that costs a repeat that sitting
    out would not; always join one; or always sit out.
    """

    never: frozenset[Pair] = frozenset()
    avoid: Mapping[Pair, int] = field(default_factory=dict)
    odd: OddOne = "trio"


EMPTY = History()
NO_RULES = Rules()


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
