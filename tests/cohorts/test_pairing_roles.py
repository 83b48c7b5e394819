"""One engine for what is not a round: a place again, who reads whose work, mentors, and who builds together."""

from collections import Counter
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.pairing import History, Pair, Rules
from cohorts.pairing_again import place_again
from cohorts.pairing_roles import Leaning, mentors, preferred, readers, teams


def people(count: int, letter: str = "p") -> list[str]:
    return [f"{letter}{number}" for number in range(1, count + 1)]


def known(*pairs: tuple[str, str]) -> History:
    return History({frozenset(pair): 1 for pair in pairs})


@st.composite
def going_on(draw: st.DrawFn) -> tuple[list[str], list[list[str]], int, History, Rules]:
    """People here now, and groups that were made from some who may be gone."""
    names = people(draw(st.integers(1, 9)))
    order = draw(st.permutations(names))
    cuts = draw(st.lists(st.integers(1, 3), max_size=4))
    groups, start = [], 0
    for size in cuts:
        if group := list(order[start : start + size]):
            groups.append(group)
        start += size
    here = draw(st.lists(st.sampled_from(names), unique=True, min_size=1))
    choices = [frozenset(pair) for pair in combinations(names, 2)]
    some = st.frozensets(st.sampled_from(choices), max_size=12) if choices else st.just(frozenset[Pair]())
    inside = {frozenset(pair) for group in groups for pair in combinations(group, 2)}
    never = frozenset(draw(some) - inside)
    return here, groups, draw(st.integers(2, 3)), History(dict.fromkeys(draw(some), 1)), Rules(never=never)


@given(going_on())
@settings(max_examples=200, deadline=None)
def test_whoever_stands_alone_finds_a_place_and_nobody_else_is_moved(
    now: tuple[list[str], list[list[str]], int, History, Rules],
) -> None:
    here, groups, size, history, rules = now
    placed = place_again(here, groups, size=size, history=history, rules=rules)
    everybody = [one for group in placed.round.groups for one in group] + list(placed.sat_out)
    assert sorted(everybody) == sorted(here)
    assert all(len(group) > 1 for group in placed.round.groups)
    assert not rules.never.intersection(placed.round.pairs())
    for was, is_ in zip(groups, placed.groups, strict=True):
        still = [one for one in was if one in here]
        assert list(is_[: len(still)]) == still if len(still) > 1 else is_ == ()
    if not rules.never and len(here) > 1:
        assert not placed.sat_out
    assert place_again(here[::-1], groups, size=size, history=history, rules=rules) == placed


def test_one_left_alone_joins_strangers_rather_than_somebody_met_before() -> None:
    groups = [["ana", "ben"], ["chi", "dan"], ["eve", "fay"]]
    placed = place_again(["ana", "ben", "chi", "dan", "eve"], groups, history=known(("eve", "ana")))
    assert placed.groups == (("ana", "ben"), ("chi", "dan", "eve"), ())


def test_two_left_alone_become_a_pair_and_keep_out_of_the_others_way() -> None:
    placed = place_again(["ana", "ben", "chi", "eve"], [["ana", "ben"], ["chi", "dan"], ["eve", "fay"]])
    assert (placed.groups, placed.new) == ((("ana", "ben"), (), ()), (("chi", "eve"),))


def test_two_who_met_before_are_paired_again_only_if_there_is_nowhere_else() -> None:
    before = known(("chi", "eve"))
    crowded = place_again(["ana", "ben", "chi", "eve"], [["ana", "ben"], ["chi"], ["eve"]], history=before)
    assert not any({"chi", "eve"} == set(group) for group in crowded.round.groups)
    assert place_again(["chi", "eve"], [["chi"], ["eve"]], history=before).new == (("chi", "eve"),)


def test_many_people_read_one_and_are_read_by_one_too() -> None:
    readings = readers(range(400), set(), seed=1, again=False)
    assert len(readings) == 400
    assert Counter(author for _, author in readings) == Counter(range(400))


def test_who_reads_whom_keeps_colleagues_apart_where_that_costs_no_repeat() -> None:
    colleagues = {frozenset((1, 2)): 4, frozenset((3, 4)): 4}
    for seed in range(10):
        readings = readers([1, 2, 3, 4], set(), seed=seed, again=False, avoid=colleagues)
        assert not {frozenset(pair) for pair in readings} & colleagues.keys()
    everything_else = {
        (a, b) for a in range(1, 5) for b in range(1, 5) if a != b and frozenset((a, b)) not in colleagues
    }
    assert readers([1, 2, 3, 4], everything_else, seed=1, again=False, avoid=colleagues) == [
        (1, 2),
        (2, 1),
        (3, 4),
        (4, 3),
    ]


@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_everybody_has_a_mentor_and_the_mentors_share_the_work(count: int, alumni: int, seed: int) -> None:
    found = mentors(people(count), people(alumni, "m"), seed=seed)
    assert sorted(found) == sorted(people(count))
    load = Counter(found.values())
    assert max(load.values()) - min(load.get(one, 0) for one in people(alumni, "m")) <= 1
    assert found == mentors(people(count)[::-1], people(alumni, "m")[::-1], seed=seed)


def test_a_mentor_is_never_somebody_who_must_not_be_and_has_no_more_than_they_can() -> None:
    assert mentors(["ana", "ben"], ["mo", "nia"], busy={"mo": 1}, most=1).keys() < {"ana", "ben"}
    assert set(mentors(["ana", "ben"], ["mo", "nia"], busy={"mo": 2}).values()) == {"nia"}
    assert mentors(["ana"], ["mo"], rules=Rules(never=frozenset({frozenset(("ana", "mo"))}))) == {}
    assert mentors(["ana"], []) == {}


def test_who_builds_together_is_new_to_each_other() -> None:
    met = known(("p1", "p2"), ("p3", "p4"), ("p5", "p6"))
    made = teams(people(8), 3, history=met).first
    assert sorted(map(len, made.groups)) == [2, 3, 3]
    assert not met.met.keys() & set(made.pairs())


def test_two_are_rather_of_different_companies_alike_in_level_and_awake_together() -> None:
    found = preferred(
        {
            "ana": Leaning("north", "lead", 1.0),
            "ben": Leaning("north", "lead", 2.0),
            "chi": Leaning("", "admin", -8.0),
            "dan": Leaning("south", "", None),
        }
    )
    assert found == {frozenset(("ana", "ben")): 4, frozenset(("ana", "chi")): 3, frozenset(("ben", "chi")): 3}
    assert preferred({"ana": Leaning(hours=12.0), "ben": Leaning(hours=-11.0)}) == {}, "an hour apart round the globe"
