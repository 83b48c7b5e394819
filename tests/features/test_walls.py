"""The wall of a homework in the room, and homework as those who conduct see and set it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from cohorts.outbox import Effect, EffectKind
from tests.support.builders import FIRST, after_the_first, builders, building
from tests.support.chat import Person, World


def walls(person: Person) -> list[str]:
    return [text for text in person.texts(person.room()) if text.startswith("A plan on one page: ")]


def test_one_message_grows_as_work_comes_in_and_notifies_nobody(site: World) -> None:
    ana, ben, *_ = after_the_first(site)
    assert walls(ana) == []
    ana.says("/submit https://build.test/ana")
    (wall,) = walls(ben)
    assert wall.startswith("A plan on one page: 1 of 4 in\n- Ana: look at it")
    ben.says("/submit words:Only words")
    ana.says("/submit https://build.test/second")
    (wall,) = walls(ben)
    assert wall.startswith("A plan on one page: 2 of 4 in\n- Ana: look at it\n- Ben\n")
    assert "Yours goes in with /submit" in wall
    sent = site.store.read(lambda db: db.exec(select(Effect).where(Effect.template == "walls/wall")).all())
    assert [one.kind for one in sent] == [EffectKind.POST, EffectKind.EDIT, EffectKind.EDIT]
    assert not any(one.ping for one in sent)


@pytest.mark.parametrize("wall", ["count", "off"])
def test_names_stand_there_only_where_the_program_says_so(tmp_path: Path, migrated: Path, wall: str) -> None:
    with builders(tmp_path, migrated, wall=wall) as chat:
        ana, *others = after_the_first(chat, 2)
        ana.says("/submit https://build.test/ana")
        shown = walls(others[0])
        assert shown == (
            [] if wall == "off" else ["A plan on one page: 1 of 2 in\nYours goes in with /submit, rough as it is."]
        )
        chat.fay.says("/program homework")
        assert "1 of 2 in" in chat.fay.last
        assert "- Ana: look at it" in chat.fay.last and "Still to come: Ben" in chat.fay.last


def test_those_who_conduct_set_one_more_and_the_room_hears_of_it_once(site: World) -> None:
    ana, ben, *_ = after_the_first(site)
    site.fay.says("/program homework").presses("Set one more")
    site.fay.fills(title="One photo", ask="Take a photo of where it gets stuck.", due="fri 18:00", session="1")
    assert "“One photo” is set" in site.fay.last
    assert sum("New: One photo" in text for text in ana.texts(ana.room())) == 1
    assert "One photo" in ana.says("/cohort").last
    ana.presses("Hand in", on="New: One photo", room=ana.room()).fills(words="Here it is")
    assert ana.sees("It's in", ana.room())
    site.passes(days=3)
    assert not any("Due soon: One photo" in text for text in ana.texts())
    assert any("Due soon: One photo" in text for text in ben.texts())
    assert "“One photo”" not in site.fay.says("/program homework").last
    assert "One photo" in site.fay.last


def test_a_line_sets_it_too_and_what_is_missing_is_asked_for(site: World) -> None:
    ana = after_the_first(site)[0]
    site.fay.says('/program homework due:"fri 18:00" title:"One photo"')
    assert site.fay.form["title"] == "One more homework"
    site.fay.fills(title="One photo", ask="Take it.", due="some day", session="1")
    assert site.fay.errors == {"due": "Please give a time to come, such as thu 18:00."}
    site.fay.closes()
    site.fay.says('/program homework due:"fri 18:00" title:"One photo" ask:Take a photo of it.')
    assert any("Take a photo of it." in text for text in ana.texts(ana.room()))


def test_it_counts_like_any_other_and_moving_a_session_leaves_its_hour(site: World) -> None:
    ana = after_the_first(site)[0]
    site.fay.says('/program homework due:"fri 18:00" title:"One photo" ask:Take a photo of it.')
    site.fay.says("/session move 2 2027-01-20 16:00").presses("Only this one")
    assert "One photo, due Friday 15 January, 18:00" in ana.says("/cohort").last
    ana.says('/submit homework:"One photo" words:Done')
    assert "One photo" not in ana.says("/cohort").last


def test_before_the_first_session_it_goes_with_the_one_to_come(site: World) -> None:
    ana = building(site, 3)[0]
    site.until(FIRST - timedelta(days=3))
    assert "Nothing has been set so far" in site.fay.says("/program homework").last
    site.fay.says('/program homework due:"mon 12:00" title:"One photo" ask:Take a photo of it.')
    assert "One photo" in ana.says("/cohort").last
