"""Who meets whom: nobody twice before they must, rules kept, sit-outs shared, same seed, same groups."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.pairing import EMPTY, History, Pair, Round, Rules, lower_bound, next_round, plan, repeats, shapes


def people(count: int) -> list[str]:
    return [f"p{number}" for number in range(1, count + 1)]


def pair(a: str, b: str) -> Pair:
    return frozenset((a, b))


def pairs_among(names: list[str]) -> st.SearchStrategy[frozenset[Pair]]:
    choices = [pair(a, b) for a, b in combinations(names, 2)]
    return st.frozensets(st.sampled_from(choices), max_size=len(choices)) if choices else st.just(frozenset())


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[str], list[str], int, int, Rules, History, int]:
    """Present, absent, rounds, size, rules, history, seed: anything that may happen to a small cohort."""
    names = people(draw(st.integers(2, 9)))
    absent = draw(st.lists(st.sampled_from(names), unique=True, max_size=len(names)))
    present = [name for name in names if name not in absent]
    rules = Rules(
        never=draw(pairs_among(names)),
        avoid=dict.fromkeys(draw(pairs_among(names)), 1),
        odd=draw(st.sampled_from(["trio", "sit_out"])),
    )
    history = History(
        met={met: draw(st.integers(1, 3)) for met in sorted(draw(pairs_among(names)), key=sorted)},
        sat_out=draw(st.dictionaries(st.sampled_from(names), st.integers(0, 2))),
    )
    seed = draw(st.integers(0, 5))
    return present, absent, draw(st.integers(1, 3)), draw(st.integers(2, 4)), rules, history, seed


FEW = 4_000  # properties hold however long the search may take, so here it may be short


@given(situations())
@settings(max_examples=150, deadline=None)
def test_everyone_present_is_in_one_group_or_sits_out_and_nobody_is_alone(
    situation: tuple[list[str], list[str], int, int, Rules, History, int],
) -> None:
    present, absent, rounds, size, rules, history, seed = situation
    made = plan(present, rounds, size=size, history=history, rules=rules, seed=seed, absent=absent, moves=FEW)
    assert len(made.rounds) == rounds
    assert made.first.absent == tuple(sorted(absent))
    for number, played in enumerate(made.rounds):
        seated = [name for group in played.groups for name in group] + list(played.sat_out)
        assert sorted(seated) == sorted(present if number == 0 else present + absent)
        assert all(2 <= len(group) <= size + 1 or size + 1 < len(seated) < 2 * size for group in played.groups)


@given(situations())
@settings(max_examples=150, deadline=None)
def test_two_who_must_never_meet_never_do(
    situation: tuple[list[str], list[str], int, int, Rules, History, int],
) -> None:
    present, absent, rounds, size, rules, history, seed = situation
    made = plan(present, rounds, size=size, history=history, rules=rules, seed=seed, absent=absent, moves=FEW)
    assert not {met for played in made.rounds for met in played.pairs()} & rules.never


@given(situations())
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_people_changes_nothing_and_the_bound_holds(
    situation: tuple[list[str], list[str], int, int, Rules, History, int],
) -> None:
    present, absent, rounds, size, rules, history, seed = situation
    made = plan(present, rounds, size=size, history=history, rules=rules, seed=seed, absent=absent, moves=FEW)
    again = plan(
        present[::-1], rounds, size=size, history=history, rules=rules, seed=seed, absent=absent[::-1], moves=FEW
    )
    assert again == made
    assert made.lower_bound <= made.repeats == repeats(made.rounds, history)


@given(st.integers(1, 7), st.integers(0, 10_000), st.data())
@settings(max_examples=80, deadline=None)
def test_an_even_number_of_people_meet_in_pairs_without_a_repeat_up_to_one_round_less(
    half: int, seed: int, data: st.DataObject
) -> None:
    names = people(2 * half)
    rounds = data.draw(st.integers(1, len(names) - 1))
    made = plan(names, rounds, seed=seed)
    assert (made.repeats, made.lower_bound) == (0, 0)
    assert not any(played.sat_out for played in made.rounds)


@pytest.mark.parametrize(("count", "rounds"), [(8, 6), (8, 7), (10, 9), (12, 11)])
def test_replanned_every_day_as_the_live_session_does_it_repeats_nobody_either(count: int, rounds: int) -> None:
    for seed in range(10):
        played: list[Round] = []
        for left in range(rounds, 0, -1):
            played.append(next_round(people(count), left, history=History.of(played), seed=seed))
        assert repeats(played) == 0


def test_a_rule_spoils_the_round_robin_and_there_is_still_no_repeat() -> None:
    rules = Rules(never=frozenset({pair("p1", "p2"), pair("p3", "p4")}))
    for seed in range(20):
        made = plan(people(12), 9, rules=rules, seed=seed)
        assert made.repeats == 0
        assert not any(played.sat_out for played in made.rounds)


@given(
    st.sampled_from([3, 5, 7, 9, 11]),
    st.integers(1, 12),
    st.integers(0, 100),
    st.sampled_from(["trio", "sit_out"]),
)
@settings(max_examples=60, deadline=None)
def test_sitting_out_is_shared_so_that_nobody_does_it_twice_before_everybody_did_once(
    count: int, rounds: int, seed: int, odd: str
) -> None:
    rules = Rules(odd="trio" if odd == "trio" else "sit_out")
    played: list[Round] = []
    for left in range(rounds, 0, -1):
        played.append(next_round(people(count), left, history=History.of(played), rules=rules, seed=seed))
    sat_out = History.of(played).sat_out
    times = [sat_out.get(name, 0) for name in people(count)]
    assert max(times) - min(times) <= 1


def test_an_odd_one_joins_a_trio_while_that_repeats_nobody() -> None:
    made = plan(people(11), 6, seed=3)
    assert made.repeats == 0
    assert all(Counter(map(len, played.groups)) == {2: 4, 3: 1} for played in made.rounds)


def test_an_odd_one_sits_out_where_a_trio_would_repeat_somebody() -> None:
    made = plan(people(3), 3)
    assert made.repeats == 0
    assert sorted(name for played in made.rounds for name in played.sat_out) == people(3)


def test_a_program_may_choose_that_the_odd_one_always_sits_out() -> None:
    made = plan(people(7), 7, rules=Rules(odd="sit_out"))
    assert made.repeats == 0
    assert sorted(name for played in made.rounds for name in played.sat_out) == people(7)


def test_two_who_must_not_meet_and_have_nobody_else_both_sit_out() -> None:
    made = plan(["ana", "bo"], 1, rules=Rules(never=frozenset({pair("ana", "bo")})))
    assert made.first == Round((), ("ana", "bo"))


def test_colleagues_are_kept_apart_while_strangers_are_left() -> None:
    colleagues = {pair("p1", "p2"): 1, pair("p3", "p4"): 1, pair("p5", "p6"): 1}
    made = plan(people(8), 6, rules=Rules(avoid=colleagues))
    assert made.repeats == 0
    assert not {met for played in made.rounds for met in played.pairs()} & colleagues.keys()


def test_colleagues_meet_rather_than_anybody_meeting_twice() -> None:
    made = plan(people(8), 7, rules=Rules(avoid={pair("p1", "p2"): 1}))
    assert made.repeats == 0


def test_who_is_absent_today_is_not_seated_today_and_is_reckoned_with_tomorrow() -> None:
    made = plan(people(8)[2:], 3, absent=["p1", "p2"])
    assert made.first.present == tuple(people(8)[2:])
    assert made.rounds[1].present == tuple(people(8))


def _fewest_repeats(names: list[str], rounds: int, history: frozenset[Pair]) -> int:
    """Every way to pair everybody, tried."""

    def pairings(left: tuple[str, ...]) -> Iterator[tuple[Pair, ...]]:
        if len(left) < 2:
            yield ()
            return
        for other in left[1:]:
            rest = tuple(name for name in left[1:] if name != other)
            for more in pairings(rest):
                yield (pair(left[0], other), *more)
        if len(left) % 2:
            yield from pairings(left[1:])

    choices = list(pairings(tuple(names)))
    most = max(map(len, choices))
    full = [choice for choice in choices if len(choice) == most]

    def best(left: int, met: frozenset[Pair]) -> int:
        if not left:
            return 0
        return min(sum(p in met for p in choice) + best(left - 1, met | set(choice)) for choice in full)

    return best(rounds, history)


@given(st.sampled_from([2, 3, 4, 5, 6]), st.integers(1, 3), st.data())
@settings(max_examples=60, deadline=None)
def test_for_a_handful_of_people_nothing_better_exists(count: int, rounds: int, data: st.DataObject) -> None:
    names = people(count)
    met = data.draw(pairs_among(names))
    # With an odd number, sharing the sit-outs comes before a repeat, so only a fresh start is compared.
    if count % 2 and met:
        met = frozenset()
    made = plan(names, rounds, history=History(met=dict.fromkeys(met, 1)))
    assert made.repeats == _fewest_repeats(names, rounds, met)
    assert made.lower_bound <= made.repeats


@pytest.mark.parametrize(
    ("count", "size", "nearest"),
    [
        (8, 3, (3, 3, 2)),
        (9, 3, (3, 3, 3)),
        (10, 3, (3, 3, 4)),
        (11, 3, (3, 4, 4)),
        (13, 4, (4, 3, 3, 3)),
        (14, 4, (4, 4, 3, 3)),
        (5, 3, (3, 2)),
        (4, 3, (2, 2)),
        (3, 4, (3,)),
        (2, 4, (2,)),
    ],
)
def test_groups_come_as_near_to_the_wished_size_as_can_be(count: int, size: int, nearest: tuple[int, ...]) -> None:
    assert shapes(count, size)[0] == nearest


@given(st.integers(2, 200), st.integers(2, 12))
def test_no_shape_leaves_anybody_out_or_alone(count: int, size: int) -> None:
    assert all(sum(shape) == count and min(shape) >= 2 for shape in shapes(count, size))
    assert shapes(count, size)


def test_smaller_groups_are_made_when_that_saves_repeats() -> None:
    assert sorted(map(len, plan(people(11), 1, size=3).first.groups)) == [3, 4, 4]
    made = plan(people(11), 3, size=3)
    assert made.repeats == 0
    assert sorted(map(len, made.first.groups)) == [2, 3, 3, 3]


@pytest.mark.parametrize(
    ("count", "size", "rounds", "at_most"),
    [(8, 3, 4, 0), (9, 3, 4, 0), (9, 3, 5, 9), (12, 3, 4, 0), (13, 4, 4, 0), (11, 4, 5, 20), (15, 3, 5, 0)],
)
def test_groups_of_three_and_four_repeat_as_little_as_is_known(
    count: int, size: int, rounds: int, at_most: int
) -> None:
    assert plan(people(count), rounds, size=size, seed=1).repeats <= at_most


def test_a_thousand_people_find_partners_they_have_not_met() -> None:
    names = people(1000)
    first = plan(names, 1, seed=1).first
    second = plan(names[:-1], 1, history=History.of([first]), absent=names[-1:], seed=1)
    assert second.repeats == 0
    assert len(second.first.groups) == 499


def test_the_bound_counts_meetings_that_cannot_be_new() -> None:
    assert lower_bound(plan(people(4), 3).rounds) == 0
    assert lower_bound(plan(people(4), 5).rounds) == 4
    everyone_met = History(met={pair(a, b): 1 for a, b in combinations(people(4), 2)})
    assert lower_bound(plan(people(4), 1).rounds, history=everyone_met) == 2
    only_one_knows_all = History(met={pair("p1", other): 1 for other in people(6)[1:]})
    assert lower_bound(plan(people(6), 1).rounds, history=only_one_knows_all) == 1


def test_a_plan_says_why() -> None:
    assert plan(people(4), 3).why()[0] == "new"
    reason, facts = plan(people(2), 1, history=History(met={pair("p1", "p2"): 1})).why()
    assert (reason, facts.repeats, facts.unavoidable, facts.again) == ("optimal", 1, 1, (("p1", "p2"),))
    _, facts = plan(people(5), 1).why()
    assert len(facts.trio) == 3
    _, facts = plan(people(5), 1, rules=Rules(odd="sit_out")).why()
    assert (facts.trio, len(facts.sat_out)) == ((), 1)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        plan(["ana", "ana"], 1)
    with pytest.raises(ValueError, match="one round"):
        plan(people(4), 0)
    with pytest.raises(ValueError, match="two or more"):
        plan(people(4), 1, size=1)


def test_without_history_nobody_has_met() -> None:
    assert History.of([]) == EMPTY
