"""A poll that the program plans: offered as it is written, and its winner is what the room does next."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.support.chat import World
from tests.support.stories import running

STARTED = datetime(2027, 1, 11, 15, 10, tzinfo=UTC)
SAID = "Pick the one number. Write what it is today"


def test_the_planned_poll_stands_in_the_form_and_its_winner_says_what_comes_next(chat: World) -> None:
    ana, *_ = running(chat, 4)
    chat.until(STARTED)
    chat.fay.says("/session start").says("/session poll")
    fields = {field["key"]: field["value"] for field in chat.fay.form["fields"]}  # type: ignore[attr-defined]
    assert fields == {"question": "What do we sharpen first?", "choices": "The routine\nThe number\nThe people"}
    chat.fay.fills(**fields)
    ana.says("/cohort vote The number")
    chat.fay.says("/session close-poll")
    assert ana.sees(SAID, ana.room())
    chat.fay.says("/session poll")  # asked and done
    assert [field["value"] for field in chat.fay.form["fields"]] == [None, None]  # type: ignore[attr-defined]


def test_a_poll_of_ones_own_opens_nothing(chat: World) -> None:
    ana, *_ = running(chat, 4)
    chat.until(STARTED)
    chat.fay.says("/session poll").fills(question="Tea or coffee?", choices="Tea\nCoffee\nThe number")
    ana.says("/cohort vote The number")
    chat.fay.says("/session close-poll")
    assert ana.sees("The number it is", ana.room()) and not ana.sees(SAID, ana.room())
