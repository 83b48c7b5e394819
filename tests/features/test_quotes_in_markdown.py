"""A reader's own answer in a program's message: the author's Markdown counts, the answer's does not."""

from __future__ import annotations

from pathlib import Path

from bot.platforms.local.draw import draw_message, text_of
from bot.render import Renderer
from cohorts.facts import Markdown, freeze, thaw
from cohorts.program_answers import quotes_of

TEMPLATES = Path(__file__).parents[2] / "templates"
HOSTILE = "*stars* [here](https://example.org) {{ my.goal }} <!channel>"


def test_an_answer_stays_the_text_it_is() -> None:
    text = "You wanted **{{ my.goal }}**. Again: {{ my.goal }}"
    fact = Markdown(text, quotes_of(text, {"goal": HOSTILE}))
    assert thaw(freeze(fact)) == fact
    message = Renderer([TEMPLATES]).message("prompts/say", {"text": fact})
    shown = text_of(draw_message(message), "Europe/Berlin")
    assert shown.count("*stars*") == 2 and shown.count("{{ my.goal }}") == 2 and "**" not in shown


def test_what_was_not_answered_is_three_dots() -> None:
    assert quotes_of("{{ my.goal }} and {{ my.role }}.", {"role": "Admin."}) == ("…", "Admin")
