"""What each will do before the next session: named with the reflection, given back, kept or not yet."""

from __future__ import annotations

from datetime import timedelta

from tests.support.builders import FIRST, building
from tests.support.chat import Person, World

SECOND = FIRST + timedelta(days=7)


def promised(chat: World, words: str = "Ask Jo what she does") -> tuple[Person, Person]:
    """After the first session Ana has promised something, and Ben nothing."""
    ana, ben = building(chat, 2)
    chat.until(FIRST)
    for one in (ana, ben):
        one.presses("I'm here", room=one.room())
    chat.passes(minutes=70)
    ana.presses("Answer", on="Foundations").fills(words="The drawing", promise=words)
    ben.presses("Answer", on="Foundations").fills(words="The talk")
    return ana, ben


def test_what_one_will_do_comes_back_with_the_message_before_the_next_session(site: World) -> None:
    ana, ben = promised(site)
    assert "And what you will do comes back to you before we meet again." in ana.last
    assert "comes back" not in ben.last
    site.until(SECOND - timedelta(minutes=70))
    (letter,) = (text for text in ana.texts() if "You said you would" in text)
    assert "Ask Jo what she does" in letter
    assert "Coming up: Walls" in letter
    assert not ben.sees("You said you would")
    assert not ben.sees("Ask Jo")


def test_it_is_kept_or_not_yet_by_a_press_and_never_judged(site: World) -> None:
    ana, ben = promised(site)
    site.until(SECOND - timedelta(minutes=70))
    ana.presses("Not yet", on="You said you would")
    assert "Not yet, then" in ana.last
    assert "You said you would:\nAsk Jo" in ana.says("/cohort").last.replace("> ", "")
    ana.presses("Done")
    assert "Done, then" in ana.last
    assert "You said you would, and you did:" in ana.says("/cohort").last
    assert not ben.sees("Ask Jo")


def test_kept_it_does_not_come_back_and_not_yet_it_does(site: World) -> None:
    ana, _ = promised(site)
    ana.says("my promise").presses("Done")
    site.until(SECOND - timedelta(minutes=70))
    assert not any("You said you would" in text and "Coming up" in text for text in ana.texts())
    ana.says("my promise").presses("Not yet")
    site.until(SECOND + timedelta(days=7) - timedelta(minutes=70))
    assert any("You said you would" in text and "Coming up: Roof" in text for text in ana.texts())


def test_left_without_an_answer_it_is_given_back_once(site: World) -> None:
    ana, _ = promised(site)
    site.until(SECOND + timedelta(days=7) - timedelta(minutes=70))
    assert sum("You said you would" in text for text in ana.texts()) == 1
    assert "You said you would:" in ana.says("/cohort").last


def test_without_one_there_is_none_and_a_second_takes_its_place(site: World) -> None:
    ana, ben = promised(site)
    assert "Nothing promised yet" in ben.says("my promise").last
    ana.presses("Answer", on="Foundations").fills(words="The drawing", promise="Draw it again")
    assert "Draw it again" in ana.says("my promise").last
    assert "Ask Jo" not in ana.last


def test_nobody_answers_for_another(site: World) -> None:
    ana, ben = promised(site)
    site.until(SECOND - timedelta(minutes=70))
    from bot.platforms.base import Inbound, Pressed, Profile

    forged = Inbound(
        "forged-1", "local", ben.id, Profile("Ben"), Pressed("promises/say", {"promise_id": 1, "how": "kept"})
    )
    outcome = site.run(site.app.doors["local"](forged))
    assert outcome is not None and outcome.template == "promises/not-here"
    assert "Is it done?" in ana.says("my promise").last
