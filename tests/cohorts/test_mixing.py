"""A round's wish: which pairs it would rather not have."""

import pytest

from cohorts.mixing import unwished
from cohorts.pairing import Rules, plan
from cohorts.program_kinds import Mix

COMPANIES = {"ana": "north", "ben": "north", "chi": "south", "dan": "south"}
SAME = {frozenset(("ana", "ben")), frozenset(("chi", "dan"))}
OTHER = {frozenset((one, two)) for one in ("ana", "ben") for two in ("chi", "dan")}


@pytest.mark.parametrize(
    ("mix", "against"),
    [
        (Mix.OTHER_COMPANY, SAME),
        (Mix.OTHER_LEVEL, SAME),
        (Mix.OWN_COMPANY, OTHER),
        (Mix.SAME_LEVEL, OTHER),
    ],
)
def test_what_a_wish_would_rather_not_have(mix: Mix, against: set[frozenset[str]]) -> None:
    assert set(unwished(COMPANIES, mix)) == against


def test_a_wish_is_kept_where_it_costs_no_repeat() -> None:
    for mix, wanted in ((Mix.OWN_COMPANY, SAME), (Mix.OTHER_COMPANY, OTHER)):
        made = plan(sorted(COMPANIES), 1, rules=Rules(avoid=unwished(COMPANIES, mix)))
        assert {frozenset(group) for group in made.first.groups} <= wanted
