"""Getting in: nominated, too few, a seat that becomes free, a decision sent by mistake, and who is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from bot import catalogue
from bot.platforms.base import Inbound, Profile, Typed
from bot.platforms.local.client import Client
from cohorts.cohort import Cohort
from tests.support.chat import Person, World
from tests.support.stories import accepted, answer, applied, opened, running

CLOSED = datetime(2026, 12, 23, 9, 0, tzinfo=UTC)  # the day after applications closed


# Nominations


def test_whoever_is_nominated_hears_by_whom_and_why_and_is_one_click_from_the_form(chat: World) -> None:
    fay, ben = opened(chat), chat.person("ben")
    ben.says("/program list")
    fay.says("/program nominate @ben You run the rollout nobody else dares to")
    assert "They hear from me" in fay.last
    assert "You have been nominated for Value Accelerator" in ben.last
    assert "Fay thinks of you" in ben.last and "nobody else dares" in ben.last
    answer(ben.presses("Apply"))
    fay.says("/program applications")
    assert "Nominated by Fay: You run the rollout nobody else dares to" in fay.last


def test_anybody_may_nominate_and_many_who_do_send_one_message(chat: World) -> None:
    opened(chat)
    ben = chat.person("ben")
    ben.says("/program list")
    for name in ("ana", "chi"):
        chat.person(name).says(f"/program nominate @ben {name} would miss you")
    assert sum("nominated" in text for text in ben.texts()) == 1
    answer(ben.presses("Apply"))
    chat.fay.says("/program applications")
    assert "ana would miss you" in chat.fay.last and "chi would miss you" in chat.fay.last


def test_somebody_without_an_account_gets_the_nomination_when_they_come(chat: World) -> None:
    fay = opened(chat)
    fay.says("/program nominate Dee@Example.org she knows every table in the warehouse")
    assert "invite Dee@Example.org" in fay.last
    dee = chat.person("dee")
    profile = Profile("Dee", "Europe/Berlin", email="dee@example.org")
    chat.run(chat.app.doors["local"](Inbound("first", "local", "dee", profile, Typed("/cohort home"))))
    chat.settle()
    assert dee.sees("she knows every table in the warehouse")
    answer(dee.presses("Apply", on="nominated"))
    fay.says("/program applications")
    assert "Dee" in fay.last and "Nominated by Fay" in fay.last


def test_a_nomination_without_words_asks_for_them_in_a_form(chat: World) -> None:
    opened(chat)
    chat.ben.says("/program list")
    chat.ana.says("/program nominate")
    chat.ana.fills(person="@nobody-here", why="Because")
    assert "I know nobody here called" in chat.ana.errors["person"]
    chat.ana.fills(person="@ben", why="He asks what others only think")
    assert "He asks what others only think" in chat.ben.last


def test_nobody_nominates_themselves_and_nobody_who_applied_is_bothered(chat: World) -> None:
    fay = opened(chat)
    (ana,) = applied(chat, 1)
    ana.says("/program nominate @ana because I am good")
    assert "You need nobody's nomination" in ana.last
    before = ana.texts()
    fay.says("/program nominate @ana she asked the best question last year")
    assert ana.texts() == before
    fay.says("/program applications")
    assert "she asked the best question last year" in fay.last


# Too few


def test_with_too_few_the_facilitator_is_asked_once_and_a_week_more_is_one_press(chat: World) -> None:
    opened(chat)
    people = applied(chat, 3)
    chat.until(CLOSED)
    asked = [text for text in chat.fay.texts() if "Too few" in text]
    assert len(asked) == 1 and "Extend a week" in buttons(chat.fay)
    chat.fay.presses("Extend a week")
    assert "stays open until Wednesday 30 December" in chat.fay.last
    chat.passes(hours=2)
    assert "stays open a little longer" in people[0].last
    answer(chat.person("late").says("/apply"))
    assert chat.late.sees("Your application is in")
    chat.until(datetime(2026, 12, 31, 9, 0, tzinfo=UTC))
    assert len([text for text in chat.fay.texts() if "Too few" in text]) == 2


def test_starting_later_moves_everything_and_tells_those_who_wait_and_those_who_are_in(chat: World) -> None:
    fay = opened(chat)
    ana, ben = applied(chat, 2)
    fay.says("/program decide @ana accept").presses("Send 1 decision")
    fay.presses("Postpone…") if "Postpone…" in buttons(fay) else fay.says("/program postpone")
    fay.fills(weeks=2)
    assert "Set out: Monday 25 January, 16:00" in fay.last
    fay.presses("Yes, postpone")
    assert "2 people hear it from me" in fay.last
    chat.passes(days=1)
    assert ana.sees("not Monday 11 January, 16:00 as I told you before")
    assert ben.sees("Your application stays in")
    ana.says("/cohort")
    assert "Set out, Monday 25 January, 16:00" in ana.last
    chat.until(datetime(2027, 1, 11, 16, 0, tzinfo=UTC))
    assert not ana.sees("Tomorrow") and not ana.sees("in one hour")


def test_starting_anyway_is_the_launch_and_a_begun_program_is_not_postponed(chat: World) -> None:
    accepted(chat, 3)
    chat.until(CLOSED)
    chat.fay.presses("Start anyway", on="Too few").presses("Yes, start")
    assert "has begun" in chat.fay.last
    chat.until(datetime(2027, 1, 11, 15, 10, tzinfo=UTC))
    chat.fay.says("/program postpone 1")
    assert "has begun" in chat.fay.last and "/session move" in chat.fay.last
    chat.fay.says("/program extend")
    assert "has been launched" in chat.fay.last


def test_what_cannot_be_is_refused_with_a_way_on(chat: World) -> None:
    fay = opened(chat)
    for words in ("/program extend 0", "/program postpone 99", "/program postpone 1.5"):
        fay.says(words)
        assert "whole number from 1 to 26" in fay.last
    fay.says("/program extend 3").says("/program extend 3")
    assert "/program postpone" in fay.last


# Seats that become free


def test_a_seat_left_before_the_first_session_goes_to_the_waitlist_even_after_the_launch(chat: World) -> None:
    people = accepted(chat, 8)
    answer(chat.person("wim").says("/apply"))
    chat.fay.says("/program decide @wim waitlist").presses("Send 1 decision")
    chat.fay.says("/program launch").presses("Yes, start")
    people[0].says("/cohort leave").presses("Yes, leave")
    assert chat.wim.sees("A seat became free, and it is yours")
    assert chat.wim.room() == people[1].room()
    chat.passes(hours=1)
    assert "Wim moves up from the waitlist" in chat.fay.last


def test_whoever_only_applied_takes_it_back_and_may_come_again(chat: World) -> None:
    opened(chat)
    (ana,) = applied(chat, 1)
    ana.says("/cohort leave").presses("Yes, take it back")
    assert "is taken back" in ana.last
    chat.fay.says("/program applications")
    assert "Ana" not in chat.fay.last
    answer(ana.says("/apply"))
    chat.fay.says("/program applications")
    assert "Ana" in chat.fay.last


# Mistakes


def test_an_acceptance_sent_by_mistake_is_taken_back_kindly(chat: World) -> None:
    ana, ben = accepted(chat, 2)
    room = ben.room()
    chat.fay.says("/program decide @ana decline")
    assert "Sending this takes it back" in chat.fay.last
    assert not ana.sees("too soon")
    chat.fay.presses("Send 1 decision")
    assert "I wrote to you too soon" in ana.last and "I am sorry" in ana.last
    assert room not in [one.id for one in chat.chat.rooms_of("ana")]
    ana.says("/cohort")
    assert "You are not in a cohort yet" in ana.last


def test_a_draft_that_takes_something_back_can_be_dropped(chat: World) -> None:
    ana, _ = accepted(chat, 2)
    chat.fay.says("/program decide @ana decline").says("/program decide @ana accept")
    chat.fay.says("/program decide send")
    assert "Nothing to send yet" in chat.fay.last
    assert not ana.sees("too soon")


def test_a_decline_sent_by_mistake_becomes_an_acceptance_with_an_apology(chat: World) -> None:
    fay = opened(chat)
    (ana,) = applied(chat, 1)
    fay.says("/program decide @ana decline").presses("Send 1 decision")
    fay.says("/program decide @ana accept").presses("Send 1 decision")
    assert ana.sees("My last message was a mistake") and ana.room()


def test_nobody_who_has_met_the_others_loses_the_seat_by_a_decision(chat: World) -> None:
    running(chat, 8)
    chat.until(datetime(2027, 1, 11, 16, 30, tzinfo=UTC))
    chat.fay.says("/program decide @ana decline")
    assert "has begun with the others" in chat.fay.last


def test_a_decline_offers_the_program_that_fits_better_when_it_is_open(tmp_path: Path, migrated: Path) -> None:
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "hands.toml").write_text(HANDS, "utf-8")
    (folder / "sponsors.toml").write_text(SPONSORS, "utf-8")
    chat = World(tmp_path, template=migrated, programs=folder)
    try:
        for program in ("hands", "sponsors"):
            opened(chat, program)
        chat.ana.says("/apply hands").fills(role="Sponsor")
        chat.fay.says("/program decide @ana decline")
        chat.fay.fills(cohort="1") if chat.fay.client.open_form else None
        chat.fay.presses("Send 1 decision")
        assert "Sponsors' circle" in chat.ana.last and "Could you nominate" in chat.ana.last
        chat.ana.presses("Apply to Sponsors' circle").fills(why="To ask better questions")
        assert "Your application is in" in chat.ana.last
    finally:
        chat.close()


HANDS = """
key = "hands"
name = "Hands on"
promise = "In one week one thing runs."

[[application.questions]]
key = "role"
ask = "Which are you?"
kind = "choice"
choices = ["Admin", "Sponsor"]

[[application.criteria]]
key = "admin"
question = "role"
equals = "Admin"
must = true
otherwise = "Could you nominate the person who does it?"
suggest = "sponsors"

[[sessions]]
key = "one"
title = "One"
minutes = 60
"""
SPONSORS = """
key = "sponsors"
name = "Sponsors' circle"
promise = "In one month you ask one better question."

[[application.questions]]
key = "why"
ask = "Why?"
kind = "line"

[[sessions]]
key = "one"
title = "One"
minutes = 60
"""


# Who is in


def test_only_those_who_agreed_are_seen_by_the_others(chat: World) -> None:
    ana, ben, chi = accepted(chat, 3)
    ana.says("/cohort who")
    assert "Nobody has chosen to be shown" in ana.last
    ben.presses("Show me to the others")
    ana.says("/cohort who").presses("Show me")
    assert "Ben" in ana.last and "Ana" in ana.last and "1 more" in ana.last and "Chi" not in ana.last
    ana.presses("Add a link").fills(link="https://ana.example.net")
    ben.says("who is in")
    assert "https://ana.example.net" in ben.last
    ben.presses("Hide me", on="Who is in")
    chi.says("/cohort who")
    assert "Ben" not in chi.last and "Ana" in chi.last


@pytest.mark.parametrize("link", ["javascript:alert(1)", "ftp://files.example.net", "not a link"])
def test_a_link_that_is_none_is_refused_beside_the_field(chat: World, link: str) -> None:
    ana, _ = accepted(chat, 2)
    ana.says("/cohort who show").presses("Add a link").fills(link=link)
    assert ana.errors["link"]
    chat.fay.says("/cohort who")
    assert link not in chat.fay.last


def test_the_wall_is_for_those_inside(chat: World) -> None:
    accepted(chat, 2)
    chat.ana.says("/cohort who show")
    chat.person("sam").says("/cohort who")
    assert "Ana" not in chat.sam.last and "You are not in a cohort yet" in chat.sam.last
    chat.fay.says("/cohort who")
    assert "Ana" in chat.fay.last


# Before the start


def test_a_week_and_two_days_before_the_facilitator_sees_what_is_missing_and_the_one_next_step(chat: World) -> None:
    accepted(chat, 8)
    chat.fay.says("/program nominate Zoe@example.org she asks well")
    chat.ana.says("/cohort who show")
    chat.until(datetime(2027, 1, 4, 15, 30, tzinfo=UTC))
    week = chat.fay.last
    assert "8 of 15 seats are taken; you hope for 12 and need 8" in week
    assert "4 × Berlin, 2 × New York, 2 × Kolkata" in week and "8 × I set it up" in week
    assert "start it with /program launch" in week
    assert "1 of 8 agreed to be shown" in week
    chat.fay.presses("Start the cohort").presses("Yes, start")
    chat.until(datetime(2027, 1, 8, 15, 30, tzinfo=UTC))  # Friday: two days before is a Saturday
    assert "Everything is ready" in chat.fay.last
    assert len([text for text in chat.fay.texts() if "you hope for 12" in text]) == 2


def test_while_people_can_apply_the_card_asks_who_is_missing(chat: World) -> None:
    opened(chat, starts="2026-12-14")
    applied(chat, 2)
    chat.until(datetime(2026, 12, 7, 15, 30, tzinfo=UTC))
    assert "people can apply until Saturday 12 December" in chat.fay.last
    assert buttons(chat.fay) == ["Nominate somebody"]


def test_too_few_before_the_start_are_asked_about_in_the_card(chat: World) -> None:
    accepted(chat, 3)
    chat.until(datetime(2027, 1, 4, 15, 30, tzinfo=UTC))
    assert "find more people, or another date" in chat.fay.last
    assert {"Extend by 2 days", "Start anyway", "Postpone…"} & set(buttons(chat.fay)) >= {"Start anyway", "Postpone…"}


def test_members_hear_that_it_is_starting_with_those_who_agreed_to_be_shown(chat: World) -> None:
    people = running(chat, 3)
    people[1].says("/cohort who show")
    chat.until(datetime(2027, 1, 9, 0, 0, tzinfo=UTC))
    told = [text for text in people[0].texts() if "Something is starting" in text]
    assert len(told) == 1 and "Ben" in told[0] and "You are 3 together" in told[0]
    people[0].presses("Show me to the others", on="Something is starting")
    assert "Ana" in people[0].last


def test_a_cohort_that_was_not_launched_starts_nothing(chat: World) -> None:
    (ana, *_) = accepted(chat, 3)
    chat.until(datetime(2027, 1, 9, 0, 0, tzinfo=UTC))
    assert not ana.sees("Something is starting")


# Opening


def test_everything_is_shown_before_it_is_public_and_what_only_the_owner_knows_is_asked_once(chat: World) -> None:
    chat.person("fay").says("/cohort help")
    chat.olu.says("/program facilitator @fay program:value-accelerator")
    chat.fay.says("/program open value-accelerator 2027-01-11 zone:Europe/Berlin")
    assert "What should run in your team six weeks from now" in chat.fay.last
    assert "I write to nobody" in chat.fay.last and "who signs the letter" in chat.fay.last
    chat.fay.presses("Say what only you know").fills(place="the big room", leader_title="Chief")
    assert set(chat.fay.errors) == {"leader_name"}
    chat.fay.fills(place="the big room", leader_name="Dana Ode")
    assert set(chat.fay.errors) == {"place"}
    chat.fay.fills(place="https://meet.caravan.test/room", leader_name='Dana "Dee" Ode', leader_title="Chief")
    assert "Nobody has said yet" not in chat.fay.last
    chat.person("ana").says("/program list")
    assert "Value Accelerator:" not in chat.ana.last  # nothing is public yet
    chat.fay.presses("Open for applications")
    chat.ana.says("/program list")
    assert "Value Accelerator:" in chat.ana.last
    cohort = chat.store.read(lambda db: db.exec(select(Cohort)).one())
    assert cohort.program.place == "https://meet.caravan.test/room"
    assert cohort.program.leader is not None and cohort.program.leader.name == 'Dana "Dee" Ode'
    file = catalogue.load()["value-accelerator"].program
    assert cohort.program.model_copy(update={"place": None, "leader": file.leader}) == file


def test_examples_in_a_program_are_asked_for_instead_of_being_refused(tmp_path: Path, migrated: Path) -> None:
    folder = tmp_path / "programs"
    folder.mkdir()
    example = HANDS.replace(
        'promise = "In one week', 'place = "https://meet.example.org/x"\npromise = "TODO: in one week'
    )
    (folder / "hands.toml").write_text(example, "utf-8")
    chat = World(tmp_path, template=migrated, programs=folder)
    try:
        chat.person("fay").says("/cohort help")
        chat.olu.says("/program facilitator @fay program:hands")
        chat.fay.says("/program open hands 2027-01-11 zone:Europe/Berlin")
        keys = {field["label"]: field["key"] for field in chat.fay.form["fields"]}  # type: ignore[attr-defined]
        chat.fay.fills(**{keys["promise"]: "TODO later", "place": ""})
        assert "still has an example" in chat.fay.errors[keys["promise"]]
        chat.fay.fills(**{keys["promise"]: "In one week one thing runs.", "place": ""})
        chat.fay.fills(board="")
        chat.fay.presses("Open for applications")
        chat.person("ana").says("/program list")
        assert "In one week one thing runs." in chat.ana.last
    finally:
        chat.close()


def buttons(person: Person) -> list[str]:
    client: Client = person.client
    return [button["label"] for button in client.seen()[-1].payload["buttons"]]
