"""One place for what a program gives people."""

from __future__ import annotations

from datetime import timedelta

from tests.support.builders import FIRST, building
from tests.support.chat import World


def test_before_the_first_session_there_is_what_one_needs_for_it(site: World) -> None:
    ana = building(site, 2)[0]
    shown = ana.says("/cohort materials").last
    assert shown.startswith("What Builders gives you\nNext: Foundations,")
    assert "Bring a stone." in shown and "Worksheet" in shown and "Checklist" not in shown
    assert "The board we share" in shown and "The welcome on video" in shown
    assert "https://board.test/builders" in str(ana.client.inbox[-1].payload)


def test_what_is_new_stands_first_and_nothing_to_come_but_the_next(site: World) -> None:
    ana = building(site, 2)[0]
    site.until(FIRST + timedelta(days=1))
    shown = ana.says("where are the materials").last
    assert shown.index("Checklist") < shown.index("Worksheet")
    assert "Bring a stone." not in shown, "that was for before"
    assert "Roof" not in shown


def test_those_who_conduct_see_it_too(site: World) -> None:
    building(site, 2)
    assert "Worksheet" in site.fay.says("/cohort materials").last
