"""Against a reference that tries everything: for up to eight people no plan has fewer repeats than ours."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.pairing import History, Pair, Rules, plan, shapes

Partition = tuple[tuple[int, ...], ...]
Choice = tuple[int, int | None]  # who meets, as one bit for each pair, and who sits out


def partitions(people: tuple[int, ...], sizes: tuple[int, ...]) -> Iterator[Partition]:
    """Every way to seat them in groups of these sizes, in whichever order."""
    if not people:
        yield ()
        return
    first, rest = people[0], people[1:]
    for size in sorted(set(sizes)):
        left = list(sizes)
        left.remove(size)
        for others in combinations(rest, size - 1):
            remaining = tuple(one for one in rest if one not in others)
            for more in partitions(remaining, tuple(left)):
                yield ((first, *others), *more)


@cache
def numbered(count: int) -> dict[tuple[int, int], int]:
    return {pair: 1 << n for n, pair in enumerate(combinations(range(count), 2))}


def met_in(partition: Partition, count: int) -> int:
    bits = numbered(count)
    return sum(bits[pair] for group in partition for pair in combinations(sorted(group), 2))


@cache
def choices(count: int, size: int, odd: str) -> tuple[Choice, ...]:
    """All that one round may look like."""
    everyone = tuple(range(count))
    if size > 2:
        return tuple((met_in(one, count), None) for shape in shapes(count, size) for one in partitions(everyone, shape))
    if count % 2 == 0:
        return tuple((met_in(one, count), None) for one in partitions(everyone, (2,) * (count // 2)))
    found: list[Choice] = []
    for out in everyone:
        rest = tuple(one for one in everyone if one != out)
        found += [(met_in(one, count), out) for one in partitions(rest, (2,) * (count // 2))]
    if odd == "trio":
        trios = partitions(everyone, (3, *(2,) * (count // 2 - 1)))
        found += [(met_in(one, count), None) for one in trios]
    return tuple(found)


def can_do_with(most: int, options: Sequence[Choice], rounds: int, met: int, sat_out: tuple[int, ...]) -> bool:
    """Whether any plan has at most so many repeats; who sat out more than another does not sit out again."""
    if not rounds:
        return True
    for meetings, out in options:
        again = (meetings & met).bit_count()
        if again > most or (out is not None and sat_out[out] > min(sat_out)):
            continue
        then = sat_out if out is None else (*sat_out[:out], sat_out[out] + 1, *sat_out[out + 1 :])
        if can_do_with(most - again, options, rounds - 1, met | meetings, then):
            return True
    return False


def history_of(count: int, data: st.DataObject) -> tuple[frozenset[tuple[int, int]], int]:
    pairs = list(combinations(range(count), 2))
    met = data.draw(st.frozensets(st.sampled_from(pairs), max_size=len(pairs)))
    return met, sum(numbered(count)[pair] for pair in met)


def named(met: frozenset[tuple[int, int]]) -> dict[Pair, int]:
    return {frozenset((f"p{a}", f"p{b}")): 1 for a, b in met}


@given(st.integers(3, 8), st.integers(1, 3), st.sampled_from(["trio", "sit_out"]), st.data())
@settings(max_examples=60, deadline=None)
def test_no_pairs_are_better_for_up_to_eight_people(count: int, rounds: int, odd: str, data: st.DataObject) -> None:
    met, bits = history_of(count, data)
    rules = Rules(odd="trio" if odd == "trio" else "sit_out")
    made = plan([f"p{n}" for n in range(count)], rounds, history=History(named(met)), rules=rules)
    assert made.lower_bound <= made.repeats
    assert not can_do_with(made.repeats - 1, choices(count, 2, odd), rounds, bits, (0,) * count)


@given(st.integers(4, 8), st.integers(1, 2), st.data())
@settings(max_examples=40, deadline=None)
def test_no_groups_of_three_are_better_for_up_to_eight_people(count: int, rounds: int, data: st.DataObject) -> None:
    met, bits = history_of(count, data)
    made = plan([f"p{n}" for n in range(count)], rounds, size=3, history=History(named(met)), moves=60_000)
    assert made.lower_bound <= made.repeats
    assert not can_do_with(made.repeats - 1, choices(count, 3, ""), rounds, bits, (0,) * count)


def test_the_reference_finds_what_is_known_about_small_numbers() -> None:
    assert len(choices(8, 2, "")) == 105
    assert can_do_with(0, choices(6, 2, ""), 5, 0, (0,) * 6)
    assert not can_do_with(0, choices(6, 2, ""), 6, 0, (0,) * 6)
    assert not can_do_with(2, choices(6, 2, ""), 6, 0, (0,) * 6)
    assert can_do_with(3, choices(6, 2, ""), 6, 0, (0,) * 6)
    assert not can_do_with(0, choices(7, 3, ""), 4, 0, (0,) * 7)
