"""On whom to call: whoever was heard least, never the one who just spoke, and the next one keeps their turn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cohorts.calling import order, pair

NOBODY: dict[int, int] = {}
ids = st.lists(st.integers(1, 9), unique=True, max_size=9)
counts = st.dictionaries(st.integers(1, 9), st.integers(0, 4))


def test_whoever_was_heard_least_today_comes_first_and_then_least_in_all() -> None:
    assert order([1, 2, 3], here={1: 1, 2: 0, 3: 0}, ever={1: 0, 2: 5, 3: 4}, last=None) == [3, 2, 1]


def test_ties_are_drawn_and_the_same_for_the_same_session() -> None:
    draws = {tuple(order(range(6), here=NOBODY, ever=NOBODY, last=None, seed=f"session:{n}")) for n in range(20)}
    assert len(draws) > 10
    again = [order(range(6), here=NOBODY, ever=NOBODY, last=None, seed="session:1") for _ in range(2)]
    assert again[0] == again[1]


def test_whoever_was_told_to_be_next_is_next() -> None:
    assert pair([1, 2, 3], here={1: 1, 3: 2}, ever=NOBODY, last=1, promised=3) == (3, 2)
    assert pair([1, 2], here={2: 2}, ever=NOBODY, last=None, promised=3) == (1, 2), "who is gone is not waited for"


@given(ids, counts, counts, st.none() | st.integers(1, 9), st.none() | st.integers(1, 9))
def test_nobody_is_called_on_twice_in_a_row_and_only_those_who_are_there(
    there: list[int], here: dict[int, int], ever: dict[int, int], last: int | None, promised: int | None
) -> None:
    found = pair(there, here=here, ever=ever, last=last, promised=promised)
    if found is None:
        assert set(there) <= {last}
        return
    first, after = found
    assert first in there and first != last and first != after
    assert after in there or (after is None and len(there) == 1)


@given(st.integers(2, 8), st.integers(2, 40))
def test_turns_differ_by_at_most_one(people: int, calls: int) -> None:
    here: dict[int, int] = {}
    last, promised = None, None
    for _ in range(calls):
        found = pair(range(people), here=here, ever=here, last=last, promised=promised, seed="s")
        assert found is not None
        last, promised = found
        here[last] = here.get(last, 0) + 1
    spoken = [here.get(one, 0) for one in range(people)]
    assert max(spoken) - min(spoken) <= 1
