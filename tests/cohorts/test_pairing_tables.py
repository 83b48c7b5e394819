"""What is known about pairs and groups, reached or beaten; and what arithmetic gives without a search."""

from collections import Counter
from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.pairing import History, Round, Rules, lower_bound, next_round, plan, plan_known, repeats, shapes
from cohorts.pairing_ahead import risk
from cohorts.pairing_bounds import in_shape


def people(count: int) -> list[str]:
    return [f"p{number}" for number in range(1, count + 1)]


def day_by_day(rosters: list[list[str]], everyone: list[str], rules: Rules, seed: int, size: int = 2) -> list[Round]:
    played: list[Round] = []
    for n, here in enumerate(rosters):
        away = [one for one in everyone if one not in here]
        history = History.of(played)
        left = len(rosters) - n
        played.append(
            next_round(here, left, size=size, history=history, rules=rules, seed=seed, absent=away, moves=4_000)
        )
    return played


# The fewest repeats in so many rounds that are known to others, who spent more time or had larger groups.
KNOWN = [
    *((8, 3, rounds, most) for rounds, most in ((3, 0), (4, 0), (5, 7), (6, 14))),
    *((9, 3, rounds, most) for rounds, most in ((3, 0), (4, 0), (5, 9), (6, 18))),
    *((10, 3, rounds, most) for rounds, most in ((3, 0), (4, 0), (5, 0), (6, 5))),
    *((11, 3, rounds, most) for rounds, most in ((3, 0), (4, 0), (5, 2), (6, 6))),
    *((12, 3, rounds, most) for rounds, most in ((3, 0), (4, 0), (5, 3), (6, 7))),
    *((12, 4, rounds, most) for rounds, most in ((3, 6), (4, 17), (5, 24), (6, 42))),
    *((13, 4, rounds, most) for rounds, most in ((3, 0), (4, 0), (5, 3), (6, 12))),
    *((14, 4, rounds, most) for rounds, most in ((3, 0), (4, 0), (5, 2), (6, 17))),
    *((15, 3, rounds, 0) for rounds in (3, 4, 5, 6, 7)),
    (9, 3, 4, 0),
    (16, 4, 5, 0),
    (25, 5, 6, 0),
    (32, 4, 7, 0),
    (32, 4, 8, 0),
    (32, 4, 9, 0),
]


def test_groups_repeat_no_more_than_is_known() -> None:
    worse = []
    for count, size, rounds, most in KNOWN:
        made = plan(people(count), rounds, size=size, seed=1)
        if made.repeats > most:
            worse.append((count, size, rounds, made.repeats))
        assert made.lower_bound <= made.repeats == made.lower_bound + made.gap
        assert all(
            tuple(sorted(map(len, one.groups))) in map(tuple, map(sorted, shapes(count, size))) for one in made.rounds
        )
    assert worse == []


@pytest.mark.parametrize(("count", "size", "rounds"), [(15, 3, 7), (9, 3, 4), (16, 4, 5), (13, 4, 4), (32, 4, 9)])
def test_a_perfect_plan_stays_perfect_when_it_is_made_anew_each_day(count: int, size: int, rounds: int) -> None:
    for seed in range(3):
        assert repeats(day_by_day([people(count)] * rounds, people(count), Rules(), seed, size)) == 0


def test_wishes_never_cost_a_perfect_plan_a_repeat() -> None:
    colleagues = {frozenset(pair): 4 for n in (1, 4, 7, 10, 13) for pair in combinations(people(15)[n - 1 : n + 2], 2)}
    assert repeats(day_by_day([people(15)] * 7, people(15), Rules(avoid=colleagues), 3, 3)) == 0
    colleagues = {frozenset(pair): 4 for pair in combinations(people(10)[:5], 2)}
    assert repeats(day_by_day([people(10)] * 9, people(10), Rules(avoid=colleagues), 3)) == 0


@pytest.mark.parametrize(("count", "rounds"), [(8, 6), (8, 7), (12, 6), (12, 11), (9, 9), (11, 11)])
def test_with_everybody_there_nobody_meets_twice_before_they_must(count: int, rounds: int) -> None:
    for seed in range(6):
        for odd in ("trio", "sit_out"):
            rules = Rules(odd="trio" if odd == "trio" else "sit_out")
            assert repeats(day_by_day([people(count)] * rounds, people(count), rules, seed)) == 0


def test_with_a_fifth_missing_each_day_most_runs_repeat_nobody_and_who_knew_all_would_repeat_nobody() -> None:
    # Few runs, because each weighs hundreds of pairings; the bench has many.
    clean = 0
    for seed in range(12):
        draw = Random(f"absent {seed}")
        rosters = [[one for one in people(10) if draw.random() >= 0.2] for _ in range(8)]
        assert plan_known(rosters, rules=Rules(odd="sit_out")).repeats == 0
        played = day_by_day(rosters, people(10), Rules(odd="sit_out"), seed)
        clean += repeats(played) == 0
        times = Counter(one for made in played for one in made.sat_out)
        assert max(times[one] for one in people(10)) - min(times[one] for one in people(10)) <= 1
    assert clean >= 10


def test_the_odd_one_always_joins_a_trio_where_the_program_says_so() -> None:
    rules = Rules(odd="always_trio")
    made = plan(people(5), 4, rules=rules)
    assert all(Counter(map(len, one.groups)) == {2: 1, 3: 1} and not one.sat_out for one in made.rounds)
    assert made.repeats > 0, "ten pairs, and four rounds of four meetings"


def test_a_group_of_four_in_three_groups_repeats_a_pair_of_any_other_round() -> None:
    assert in_shape([(4, 4, 4)] * 3, 66) == 6 == lower_bound(plan(people(12), 3, size=4, seed=1).rounds, size=4)
    assert in_shape([(3, 3, 3)] * 3, 36) == 0


@given(st.integers(2, 6), st.data())
@settings(max_examples=40, deadline=None)
def test_the_more_have_met_the_greater_the_risk(half: int, data: st.DataObject) -> None:
    count = 2 * half
    strangers = [sum(1 << b for b in range(count) if b != a) for a in range(count)]
    a, b = data.draw(st.sampled_from(list(combinations(range(count), 2))))
    fewer = list(strangers)
    fewer[a] &= ~(1 << b)
    fewer[b] &= ~(1 << a)
    assert 0 <= risk(strangers, 2, 0.2) < risk(fewer, 2, 0.2)


@pytest.mark.parametrize("rounds", [1, 4, 6])
def test_no_wish_leaves_somebody_without_anybody_to_talk_to(rounds: int) -> None:
    """Of eleven of one company, each pair is to be avoided: still the odd one joins a pair."""
    avoid = {frozenset(pair): 24 for pair in combinations(people(11), 2)}
    made = plan(people(11), rounds, rules=Rules(avoid=avoid), seed=3)
    assert not made.again and not any(one.sat_out for one in made.rounds)
