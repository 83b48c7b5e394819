import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.measures import newcombe, nps, recommends


def answers(promoters: int, passives: int, detractors: int) -> list[int]:
    return [9] * promoters + [7] * passives + [3] * detractors


@pytest.mark.parametrize(
    ("promoters", "passives", "detractors", "score", "low", "high"),
    [(8, 3, 1, 58, 12, 82), (60, 30, 10, 50, 36, 62), (10, 30, 60, -50, -62, -36)],
)
def test_a_score_comes_with_its_interval(
    promoters: int, passives: int, detractors: int, score: int, low: int, high: int
) -> None:
    result = nps(answers(promoters, passives, detractors))
    assert (result.n, result.promoters, result.passives, result.detractors) == (
        promoters + passives + detractors,
        promoters,
        passives,
        detractors,
    )
    assert (result.score, result.low, result.high) == (score, low, high)


def test_nine_promotes_eight_and_seven_are_silent_and_six_detracts() -> None:
    result = nps([10, 9, 8, 7, 6, 0])
    assert (result.promoters, result.passives, result.detractors, result.score) == (2, 2, 2, 0)


def test_a_half_point_rounds_the_same_way_for_praise_and_for_blame() -> None:
    assert nps([9] + [8] * 7).score == 13
    assert nps([1] + [8] * 7).score == -13


def test_a_score_is_shown_from_five_answers_on() -> None:
    assert not nps([]).shown
    assert not nps([10, 10, 10, 10]).shown
    assert nps([10, 10, 10, 10, 10]).shown


def test_five_enthusiasts_are_not_certainty() -> None:
    result = nps([10] * 5)
    assert (result.score, result.high) == (100, 100)
    assert result.low < 40


@pytest.mark.parametrize("score", [-1, 11])
def test_an_answer_off_the_scale_is_refused(score: int) -> None:
    with pytest.raises(ValueError, match="0 to 10"):
        nps([9, score])


@given(st.lists(st.integers(0, 10), min_size=1, max_size=300))
def test_an_interval_stays_on_the_scale_and_widens_from_its_middle(scores: list[int]) -> None:
    result = nps(scores)
    assert -100 <= result.low < result.high <= 100
    assert result.promoters + result.passives + result.detractors == result.n


@given(st.lists(st.integers(0, 10), min_size=1, max_size=60))
def test_more_of_the_same_answers_never_make_us_less_sure(scores: list[int]) -> None:
    once, often = nps(scores), nps(scores * 8)
    assert often.high - often.low <= once.high - once.low


@pytest.mark.parametrize(
    ("success_a", "n_a", "success_b", "n_b", "difference", "low", "high"),
    [  # Newcombe 1998, table II, method 10
        (56, 70, 48, 80, 0.20, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.60, 0.1705, 0.8090),
        (10, 10, 0, 10, 1.00, 0.6075, 1.0000),
    ],
)
def test_the_difference_of_two_shares_is_that_of_the_published_examples(
    success_a: int, n_a: int, success_b: int, n_b: int, difference: float, low: float, high: float
) -> None:
    result = newcombe(success_a, n_a, success_b, n_b)
    assert result == pytest.approx((difference, low, high), abs=5e-5)


def test_an_interval_that_holds_zero_concludes_nothing() -> None:
    assert newcombe(56, 70, 48, 80).concludes
    assert newcombe(48, 80, 56, 70).concludes
    assert not newcombe(5, 10, 4, 10).concludes


@pytest.mark.parametrize(("success", "n"), [(0, 0), (3, 2), (-1, 4)])
def test_a_share_of_nobody_is_refused(success: int, n: int) -> None:
    with pytest.raises(ValueError, match="not a share"):
        newcombe(success, n, 1, 2)


@given(st.data())
def test_swapping_the_groups_mirrors_the_interval(data: st.DataObject) -> None:
    n_a, n_b = data.draw(st.integers(1, 200)), data.draw(st.integers(1, 200))
    a, b = data.draw(st.integers(0, n_a)), data.draw(st.integers(0, n_b))
    there, back = newcombe(a, n_a, b, n_b), newcombe(b, n_b, a, n_a)
    assert there == pytest.approx((-back.difference, -back.high, -back.low))
    assert there.low <= there.difference <= there.high


def test_eight_of_eleven_would_recommend_and_the_interval_says_how_sure_that_is() -> None:
    result = recommends(answers(8, 3, 0))
    assert (result.count, result.n) == (8, 11)
    assert (round(result.low, 3), round(result.high, 3)) == (0.434, 0.903)
    assert result.facts == {"count": 8, "n": 11, "low": 43, "high": 90, "shown": True}


def test_below_five_answers_only_their_number_is_told() -> None:
    assert recommends([10, 10, 9, 2]).facts == {"count": 0, "n": 4, "low": 0, "high": 100, "shown": False}
    assert not recommends([]).shown
    with pytest.raises(ValueError):
        recommends([11])
