"""Who reads whose work: everybody one, nobody their own, nobody the same person twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cohorts.pairing_roles import Directed, readers

people = st.lists(st.integers(1, 60), min_size=2, max_size=15, unique=True)


@given(people, st.integers(0, 1000))
def test_everybody_reads_one_and_is_read_by_one_and_nobody_reads_their_own(who: list[int], seed: int) -> None:
    readings = readers(who, set(), seed=seed, again=False)
    assert sorted(reviewer for reviewer, _ in readings) == sorted(author for _, author in readings) == sorted(who)
    assert all(reviewer != author for reviewer, author in readings)


@given(people, st.integers(0, 1000))
def test_nobody_reads_the_same_person_twice_as_long_as_there_is_somebody_new(who: list[int], seed: int) -> None:
    before: set[Directed] = set()
    for n in range(len(who) - 1):
        readings = readers(who, before, seed=seed + n, again=False)
        assert len(readings) == len(who), "there is always a round left: everybody has read the same number"
        assert not before & set(readings)
        before |= set(readings)
    assert readers(who, before, seed=seed, again=False) == []


@given(people, st.integers(0, 1000), st.data())
def test_where_it_cannot_be_helped_somebody_is_read_again_but_never_by_themselves(
    who: list[int], seed: int, data: st.DataObject
) -> None:
    everybody = [(one, other) for one in who for other in who if one != other]
    before = set(data.draw(st.lists(st.sampled_from(everybody), max_size=60)))
    readings = readers(who, before, seed=seed, again=True)
    assert sorted(author for _, author in readings) == sorted(who)
    assert all(reviewer != author for reviewer, author in readings)


def test_one_alone_reads_nothing_and_the_order_of_names_does_not_matter() -> None:
    assert readers([7], set(), seed=1, again=True) == []
    assert readers([1, 2, 3, 4], set(), seed=5, again=False) == readers([4, 2, 1, 3], set(), seed=5, again=False)
