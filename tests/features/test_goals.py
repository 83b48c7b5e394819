"""One's goal: seen, sharpened, and met again wherever the program speaks of it."""

from __future__ import annotations

from datetime import timedelta

from tests.support.builders import FIRST, building
from tests.support.chat import World


def test_the_goal_of_the_application_is_ones_goal_until_it_is_said_sharper(site: World) -> None:
    ana = building(site, 3)[0]
    ana.says("/cohort goal")
    assert ana.last.startswith("Your goal in Builders")
    assert "A weekly report for ana" in ana.last
    ana.presses("Say it sharper").fills(words="The Monday report in ten minutes")
    assert "This is your goal now" in ana.last
    assert "The Monday report in ten minutes" in ana.last


def test_a_line_is_enough_and_every_wording_is_kept(site: World) -> None:
    ana = building(site, 3)[0]
    ana.says("/cohort goal The report in ten minutes").says("/cohort goal The report in five minutes")
    ana.says("my goal")
    shown = ana.last
    assert shown.index("in five minutes") < shown.index("How it got there") < shown.index("A weekly report for ana")
    assert "A weekly report for ana (when you applied)" in shown
    assert "The report in ten minutes (" in shown
    assert shown.count("in five minutes") == 1


def test_it_comes_back_sharpened_at_home_before_a_session_and_in_a_survey(site: World) -> None:
    ana, ben, _ = building(site, 3)
    ana.says("/cohort goal The report in five minutes")
    assert "The report in five minutes" in ana.says("/cohort").last
    site.until(FIRST)
    assert any("Coming up: Foundations" in text and "in five minutes" in text for text in ana.texts())
    assert any("Coming up: Foundations" in text and "report for ben" in text for text in ben.texts())
    site.until(FIRST + timedelta(days=17))
    ana.says("survey")
    assert "You wanted: The report in five minutes. Reached?" in str(ana.form["fields"])


def test_too_many_words_are_kept_in_the_form_and_refused_in_a_line(site: World) -> None:
    ana = building(site, 3)[0]
    ana.says("/cohort goal " + "report " * 200)
    assert "A little shorter" in ana.last
    ana.says("/cohort goal").presses("Say it sharper").fills(words=" ")
    assert ana.errors == {"words": "Please fill this in."}
