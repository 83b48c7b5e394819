"""Somebody of an earlier season is there for somebody of this one: asked once, and introduced on a yes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from cohorts import people as people_
from cohorts.cohort import Cohort, CohortState, Membership, MembershipState
from cohorts.store import Db
from tests.support.builders import building
from tests.support.chat import Person, World


def earlier(site: World, *names: str, left: str = "") -> list[Person]:
    """A season of the same program half a year ago, and those who finished it."""
    found = [site.person(name) for name in names]
    for one in found:
        one.says("/cohort help")

    def write(db: Db) -> None:
        now = db.exec(select(Cohort)).one()
        copy = now.model_dump(exclude={"id"})
        before = Cohort(
            **{**copy, "handle": "before", "state": CohortState.ALUMNI, "starts_on": now.starts_on - timedelta(180)}
        )
        db.add(before)
        db.flush()
        place = people_.workspace_known(db, "local", "local")
        assert place is not None
        for name in names:
            person = people_.known(db, place, name)
            assert person is not None
            state = MembershipState.LEFT if name == left else MembershipState.GRADUATED
            db.add(Membership(cohort_id=before.id, person_id=person.id, state=state, accepted_at=before.opened_at))

    site.store.write(write)
    return found


@pytest.fixture
def two(site: World) -> list[Person]:
    return building(site, 2)


def test_each_is_asked_once_and_a_yes_introduces_both(site: World, two: list[Person]) -> None:
    alumni = earlier(site, "zoe", "yan", "xia", left="xia")
    site.fay.says("mentors")
    assert site.fay.last.count("could be asked for") == 2 and "Xia" not in site.fay.last
    assert not any(one.sees("Would you be there") for one in alumni), "nobody is asked before somebody wants it"
    site.fay.presses("Ask them")
    site.passes(days=1)
    assert "2 mentors are asked" in site.fay.last
    zoe, yan, xia = alumni
    assert not xia.sees("Would you be there")
    for one in (zoe, yan):
        assert sum("Would you be there for" in text for text in one.texts()) == 1
    ward = two[0] if zoe.sees("Would you be there for Ana?") else two[1]
    zoe.presses("Yes")
    site.passes(days=1)
    assert zoe.sees(f"You are there for {ward.id.title()}")
    assert sum("Zoe is there for you" in text for text in ward.texts()) == 1
    assert "Zoe is your mentor" in ward.says("who is my mentor?").last
    other = next(one for one in two if one is not ward)
    assert "No mentor yet" in other.says("my mentor").last
    zoe.says("i will be a mentor")
    assert "Nothing to answer here" in zoe.last
    site.fay.says("mentors")
    assert f"Zoe is there for {ward.id.title()}" in site.fay.last and "Yan was asked for" in site.fay.last


def test_on_a_no_the_next_is_asked_and_whoever_has_two_has_enough(site: World, two: list[Person]) -> None:
    zoe, yan = earlier(site, "zoe", "yan")
    site.fay.says("ask the mentors")
    site.passes(days=1)
    zoe.says("not this time")
    assert "That is fine" in zoe.last
    site.passes(days=1)
    assert sum("Would you be there for" in text for text in yan.texts()) == 2
    yan.presses("Not this time")
    site.fay.says("mentors")
    assert "Yan could be asked" not in site.fay.last and "Zoe could be asked" not in site.fay.last
    assert sum("Would you be there for" in text for text in zoe.texts()) == 1, "a no is asked once"


def test_whoever_wants_to_hear_less_is_not_asked_and_one_who_says_nothing_is_let_be(
    site: World, two: list[Person]
) -> None:
    zoe, yan = earlier(site, "zoe", "yan")
    zoe.says("/cohort quiet stop")
    site.fay.says("mentors")
    assert site.fay.last.count("Yan could be asked for") == 2 and "Zoe" not in site.fay.last
    site.fay.presses("Ask them")
    site.passes(days=1)
    assert yan.sees("Would you be there for Ana and Ben?"), "both in one message"
    zoe.says("/cohort quiet stay")
    site.passes(days=8)
    site.fay.says("mentors")
    assert site.fay.last.count("Zoe could be asked for") == 2
    yan.presses("Yes")
    assert yan.sees("You are there for Ana and Ben"), "late is not too late while nobody else is there"
    site.fay.says("ask the alumni")
    assert "Nobody is left to ask" in site.fay.last


def test_without_an_earlier_season_it_says_so(site: World, two: list[Person]) -> None:
    site.fay.says("mentors")
    assert "Nobody to ask" in site.fay.last
