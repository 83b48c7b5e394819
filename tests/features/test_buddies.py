"""Buddies: everybody is accountable to somebody, whoever comes or goes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from cohorts import cohort as cohorts_
from cohorts import people
from cohorts.breakouts import Apart
from cohorts.buddies import Buddy, arranged
from cohorts.cohort import Cohort, Membership
from cohorts.people import Person as PersonRow
from cohorts.store import Db
from tests.support.builders import FIRST, accept, builders, building
from tests.support.chat import World
from tests.support.stories import opened


def pairs(chat: World) -> list[set[str]]:
    """Names by pair."""

    def read(db: Db) -> list[set[str]]:
        rows = db.exec(
            select(Buddy, PersonRow)
            .join(Membership, Membership.id == Buddy.membership_id)  # type: ignore[arg-type]
            .join(PersonRow, PersonRow.id == Membership.person_id)  # type: ignore[arg-type]
        ).all()
        found: dict[int, set[str]] = {}
        for row, person in rows:
            found.setdefault(row.pair, set()).add(person.name)
        return sorted(found.values(), key=sorted)

    return chat.store.read(read)


def sizes(chat: World) -> list[int]:
    return sorted(len(pair) for pair in pairs(chat))


def test_at_the_launch_everybody_has_a_buddy_and_an_odd_number_makes_one_trio(site: World) -> None:
    opened(site, "builders")
    accept(site, "ana", "ben", "chi", "dan", "eve")
    assert pairs(site) == []
    site.fay.says("/program launch").presses("Yes, start")
    assert sizes(site) == [2, 3]


def test_they_are_introduced_in_a_letter_that_comes_anyway(site: World) -> None:
    opened(site, "builders")
    members = accept(site, "ana", "ben", "chi", "dan")
    site.until(FIRST - timedelta(days=5))
    site.fay.says("/program launch").presses("Yes, start")
    assert not any("Your buddy" in text for one in members for text in one.texts())
    site.until(FIRST - timedelta(minutes=1))
    for one in members:
        (letter,) = (text for text in one.texts() if "Your buddy: " in text)
        assert "Something is starting" in letter
        assert "With " in letter and "both at Northwind" in letter and "both goals speak of weekly and report" in letter


def test_ones_partner_is_shown_with_one_thing_to_do_now(site: World) -> None:
    ana, ben = building(site, 2)
    assert "Your buddy: Ben" in ana.says("/cohort partner").last
    assert "One idea for today: ask whether you will see each other at “Foundations”." in ana.last
    ben.says("/cohort rsvp yes")
    assert "say your goals to each other" in ana.says("who is my buddy").last
    assert "Your buddy: Ben" in ana.says("/cohort").last
    site.until(FIRST + timedelta(hours=20))
    assert "show what you have of your homework" in ana.says("/cohort partner").last
    ana.says("/submit A first drawing")
    assert "ask how it goes over there" in ana.says("/cohort partner").last


def test_whoever_is_left_alone_joins_another_pair_and_both_sides_hear_of_it(site: World) -> None:
    members = building(site, 4)
    site.until(FIRST - timedelta(minutes=1))
    ana = members[0]
    (mate,) = next(pair for pair in pairs(site) if "Ana" in pair) - {"Ana"}
    ana.says("/cohort leave").presses("Yes, leave")
    assert sizes(site) == [3]
    site.passes(days=8)
    for one in members[1:]:
        assert any("Your buddies" in text for text in one.texts()), one.id
    assert sum("Your bud" in text for text in ana.texts()) == 1
    assert mate in pairs(site)[0]


def test_a_newcomer_takes_the_third_of_a_trio(site: World) -> None:
    building(site, 3)
    assert sizes(site) == [3]

    def joins(db: Db) -> None:
        place = people.workspace(db, "local", "local")
        zoe = people.meet(db, place, "zoe", name="Zoe")
        cohorts_.welcome(db, db.exec(select(Cohort)).one(), zoe, now=site.clock.now())

    site.person("zoe")
    site.store.write(joins)
    site.zoe.says("/cohort pause").says("/cohort resume")
    assert sizes(site) == [2, 2]


def test_alone_there_is_nobody_and_before_the_launch_nobody_yet(site: World) -> None:
    opened(site, "builders")
    ana = accept(site, "ana", "ben")[0]
    assert "No buddy yet" in ana.says("/cohort partner").last


def test_a_program_can_do_without(tmp_path: Path, migrated: Path) -> None:
    with builders(tmp_path, migrated, buddies=False) as chat:
        building(chat, 4)
        assert pairs(chat) == []


def test_two_who_are_kept_apart_are_no_buddies(site: World) -> None:
    opened(site, "builders")
    accept(site, "ana", "ben", "chi", "dan")

    def apart(db: Db) -> None:
        one, *_, other = db.exec(select(Membership).order_by(sa.text("id"))).all()
        db.add(Apart(cohort_id=one.cohort_id, one_id=one.id, other_id=other.id))

    site.store.write(apart)
    site.fay.says("/program launch").presses("Yes, start")
    assert sizes(site) == [2, 2]
    assert {"Ana", "Dan"} not in pairs(site)


@given(st.integers(2, 15), st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=12))
def test_whoever_comes_and_goes_there_are_pairs_and_at_most_one_trio(
    begin: int, changes: list[tuple[bool, int]]
) -> None:
    here, newest = list(range(1, begin + 1)), begin
    found = arranged([], here, frozenset(), seed=1)
    for joins, who in changes:
        if joins:
            newest += 1
            here.append(newest)
        elif len(here) > 2:
            here.remove(here[who % len(here)])
        found = [tuple(one for one in pair if one in here) for pair in found]
        found = [pair for pair in found if len(pair) > 1]
        placed = {one for pair in found for one in pair}
        found = arranged(found, [one for one in here if one not in placed], frozenset(), seed=1)
        assert sorted(one for pair in found for one in pair) == sorted(here)
        assert sorted(len(pair) for pair in found)[:-1] == [2] * (len(found) - 1)
        assert len(found[0]) in (2, 3)
