"""A question of those who conduct: to everybody, now or later, answered like the program's own."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.support.builders import after_the_first
from tests.support.chat import World
from tests.support.stories import opened


def test_asked_now_everybody_gets_it_and_the_answers_are_for_those_who_conduct(site: World) -> None:
    ana, ben, *_ = after_the_first(site)
    site.fay.says("/program prompt question:What is in your way?")
    assert site.fay.last.startswith("On its way")
    site.passes(hours=12)
    assert ana.sees("What is in your way?") and ben.sees("What is in your way?")
    ana.presses("Answer", on="A question to everybody").fills(words="My calendar")
    assert "Thank you" in ana.last
    shown = site.fay.says("/program prompt").last
    assert "What is in your way?" in shown and "Ana: My calendar" in shown
    assert not ben.sees("My calendar")


def test_asked_for_later_it_comes_then_or_with_the_letter_of_the_day_after_and_once(site: World) -> None:
    ana = after_the_first(site)[0]
    site.fay.says("/program prompt thu 10:00 What is in your way?")
    assert "Everybody is asked then" in site.fay.last
    site.until(datetime(2027, 1, 14, 8, 59, tzinfo=UTC))
    assert not ana.sees("What is in your way?")
    site.until(datetime(2027, 1, 15, 23, 0, tzinfo=UTC))
    assert sum("What is in your way?" in text for text in ana.texts()) == 1


def test_the_form_says_what_it_does_not_understand(site: World) -> None:
    after_the_first(site)
    site.fay.says("/program prompt").presses("Ask everybody").fills(question="", when="some day")
    assert site.fay.errors == {"question": "Please fill this in."}
    site.fay.fills(question="What is in your way?", when="some day")
    assert site.fay.errors == {"when": "Please give a time to come, such as thu 18:00."}
    site.fay.fills(question="What is in your way?", when="thu 10:00")
    assert "Everybody is asked then" in site.fay.last


def test_nobody_is_asked_before_the_launch(site: World) -> None:
    opened(site, "builders")
    assert "has not begun" in site.fay.says("/program prompt question:Who is there?").last
