"""What happens to everybody now and then: each is tried as it would be, and each is met kindly, with a next step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.platforms.local.draw import buttons_of, text_of
from tests.support.builders import BUILDERS
from tests.support.chat import Person, World
from tests.support.stories import accepted, answer, applied, opened, running

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)
CLOSED = datetime(2026, 12, 23, 9, 0, tzinfo=UTC)  # the day after applications closed
CRAFTS = ("masons", "roofers", "painters")


@pytest.fixture
def people(chat: World) -> list[Person]:
    """Four in a running cohort that Fay conducts, and so does Gil."""
    members = running(chat, 4)
    chat.person("gil", "Gil").says("/cohort help")
    chat.olu.says("/program facilitator @gil program:value-accelerator")
    return members


def offered(person: Person, words: str) -> list[str]:
    """The buttons of the newest message with these words."""
    found = [one for one in person.client.seen() if one.author == "bot" and words in text_of(one.payload)]
    return [button["label"] for button, _ in buttons_of(found[-1].payload)]


def told(person: Person, room: str | None = None, *, since: int = 0) -> list[str]:
    return person.texts(room)[since:]


# A facilitator who is ill.


def test_whoever_is_ill_says_so_and_is_offered_four_ways_on(chat: World, people: list[Person]) -> None:
    chat.until(FIRST - timedelta(hours=3))
    chat.fay.says("I can't make it")
    assert "That happens." in chat.fay.last and "Gil could lead it" in chat.fay.last
    assert offered(chat.fay, "You can't make it") == ["Hand it over", "Move it", "Cancel it", "Let the group run it"]


def test_handed_over_on_the_morning_everything_comes_to_the_other_and_nothing_to_the_ill(
    chat: World, people: list[Person]
) -> None:
    chat.until(FIRST - timedelta(hours=6))
    chat.fay.says("/session hand-over 1 @gil")
    before = len(chat.fay.texts())
    chat.until(FIRST)
    people[0].presses("I'm here", room=people[0].room())
    chat.passes(hours=3)
    assert told(chat.fay, since=before) == []
    assert chat.gil.sees("Your brief: Set out") and chat.gil.sees("Who was at Set out?")


def test_when_nobody_began_it_the_group_can_still_be_left_to_run_it(chat: World, people: list[Person]) -> None:
    chat.until(FIRST + timedelta(minutes=6))
    chat.fay.presses("I can't make it", on="Set out has not begun")
    assert offered(chat.fay, "You can't make it") == ["Hand it over", "Move it", "Cancel it", "Let the group run it"]
    chat.fay.presses("Let the group run it").presses("Yes, they run it")
    assert people[0].sees("run", people[0].room())


# A session nobody starts.


def silent(chat: World) -> None:
    """The hour goes by, and nobody does anything."""
    chat.until(FIRST + timedelta(minutes=70))


def test_a_session_that_nobody_starts_is_told_to_whoever_conducts_it_while_it_helps(
    chat: World, people: list[Person]
) -> None:
    chat.until(FIRST + timedelta(minutes=6))
    for one in (chat.fay, chat.gil):
        assert "Nobody pressed Start" in one.last and offered(one, "has not begun") == ["Start", "I can't make it"]
    assert not any(one.sees("Nobody pressed Start") for one in people)


def test_with_somebody_there_it_begins_by_itself_and_counts_as_held(chat: World, people: list[Person]) -> None:
    chat.until(FIRST)
    people[0].presses("I'm here", room=people[0].room())
    chat.passes(minutes=75)
    assert chat.fay.sees("Nobody pressed Start") and not chat.fay.sees("Did Set out take place?")
    assert people[0].sees("Thank you for being at Set out") and not people[1].sees("Thank you for being at")


def test_nobody_is_thanked_missed_or_recapped_before_it_is_known_whether_it_took_place(
    chat: World, people: list[Person]
) -> None:
    silent(chat)
    assert "Did Set out take place?" in chat.fay.last and offered(chat.fay, "Did Set") == ["It took place", "It didn't"]
    chat.passes(days=2)
    for one in people:
        assert not one.sees("Thank you for being at") and not one.sees("We missed you")
        assert not one.sees("Recap", one.room())


def test_it_took_place_after_all_and_goes_on_as_any_other(chat: World, people: list[Person]) -> None:
    silent(chat)
    chat.fay.presses("It took place")
    assert all(one.sees("Thank you for being at Set out") for one in people)
    assert chat.fay.sees("Who was at Set out?")
    chat.passes(hours=2)
    assert people[0].sees("Recap: Set out", people[0].room())


def test_a_late_yes_offers_the_recap_that_did_not_go_out(chat: World, people: list[Person]) -> None:
    silent(chat)
    chat.passes(hours=18)
    chat.fay.presses("It took place")
    assert not people[0].sees("Recap: Set out", people[0].room())
    chat.fay.presses("Send it now", on="Good to hear")
    assert people[0].sees("Recap: Set out", people[0].room())


def test_it_did_not_take_place_and_gets_another_time(chat: World, people: list[Person]) -> None:
    ana = people[0]
    silent(chat)
    chat.fay.presses("It didn't")
    assert chat.fay.sees("nobody is called absent")
    chat.fay.presses("Move it").fills(time="2027-01-14 16:00")
    chat.fay.presses("Only this one")
    assert ana.sees("Set out moves", ana.room())
    chat.until(FIRST + timedelta(days=3))
    for one in people:
        one.presses("I'm here", room=one.room())
    chat.passes(minutes=16)
    assert sum("Set out: who talks with whom" in text for text in ana.texts(ana.room())) == 1, "nobody had met"
    chat.fay.says("/session pairs")
    assert "So far 2 of 6 possible pairs have met" in chat.fay.last


def test_it_is_called_off_afterwards_by_plain_words(chat: World, people: list[Person]) -> None:
    silent(chat)
    chat.fay.says("Nobody came")
    chat.fay.presses("Cancel it").presses("Yes, cancel it")
    assert people[0].sees("Set out is cancelled", people[0].room())
    chat.fay.says("Nobody came")
    assert "Every session that is over has its answer" in chat.fay.last


def test_whoever_reflects_shows_that_it_was_held(chat: World, people: list[Person]) -> None:
    silent(chat)
    answer(people[0].says("/cohort reflect"))
    chat.fay.presses("It didn't")
    assert "It counts as held" in chat.fay.last
    chat.passes(hours=8)
    assert chat.fay.sees("Who was at Set out?")


# A reminder moved by an hour.


@pytest.mark.parametrize(
    "before", [timedelta(hours=25), timedelta(hours=23), timedelta(minutes=70), timedelta(minutes=50)], ids=str
)
@pytest.mark.parametrize("later", [1, -0.5], ids=["an hour later", "half an hour sooner"])
def test_a_session_moved_around_its_reminders_leaves_no_stale_and_no_doubled_one(
    chat: World, people: list[Person], before: timedelta, later: float
) -> None:
    ana, to = people[0], FIRST + timedelta(hours=later)
    chat.until(FIRST - before)
    known, in_room = len(ana.texts()), len(ana.texts(ana.room()))
    clock = to.astimezone(ZoneInfo("Europe/Berlin"))
    chat.fay.says(f"/session move 1 {clock:%Y-%m-%d %H:%M}").presses("Only this one")
    chat.until(to + timedelta(minutes=3))
    room, reminders = told(ana, ana.room(), since=in_room), told(ana, since=known)
    assert [text.partition("\n")[0] for text in room] == ["Set out moves", "Set out is starting"]
    assert len(reminders) == len({text.partition("\n")[0] for text in reminders}) <= 1, "the notice said it"
    assert all(f"{clock:%H:%M}" in text for text in reminders)


# A decision sent by mistake.


def test_a_seat_given_by_mistake_is_taken_back_and_given_again(chat: World) -> None:
    ana, *_ = accepted(chat, 2)
    chat.fay.says("/program decide @ana decline").presses("Send 1 decision")
    assert "I am sorry" in ana.last
    chat.fay.says("/program decide @ana accept").presses("Send 1 decision")
    assert "You are in: Value Accelerator" in ana.last and "mistake" in ana.last
    assert ana.room()


def test_a_decline_by_mistake_becomes_a_seat_with_an_apology(chat: World) -> None:
    opened(chat)
    (ana,) = applied(chat, 1)
    chat.fay.says("/program decide @ana decline").presses("Send 1 decision")
    chat.fay.says("/program decide @ana accept")
    assert "Sending this says that we wrote too soon" in chat.fay.last
    chat.fay.presses("Send 1 decision")
    assert "My last message was a mistake, and I am sorry for it: you are in after all." in ana.last


# A name with an emoji.


def test_a_name_with_an_emoji_is_a_name_everywhere(chat: World) -> None:
    chat.person("ana", "Zoë 🦊 (she/her)")
    chat.person("ben", "🌊")
    chat.person("chi", "*Chi* <b> @here")
    ana, ben, _, dan = running(chat, 4)
    chat.until(FIRST)
    for one in (ana, ben):
        one.presses("I'm here", room=one.room())
    chat.fay.says("/session start").says("next segment")
    assert ana.sees("Zoë 🦊 (she/her) and 🌊", ana.room())
    chat.fay.says("/session end")
    chat.passes(hours=3)
    assert ana.sees("Thank you for coming: Zoë 🦊 (she/her) and 🌊.", ana.room())
    chat.fay.says("/session attendance")
    assert "*Chi* <b> @here and Dan" in chat.fay.last
    dan.says("/cohort kudos @🌊 for the sea")
    assert "🌊 has your words now" in dan.last and ben.sees("for the sea")


# A member of three cohorts.


@pytest.fixture
def crafts(tmp_path: Path, migrated: Path) -> Iterator[World]:
    """Ana is in three cohorts whose sessions have the same names, on three days of one week."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for craft in CRAFTS:
        text = BUILDERS.replace("builders", craft).replace("Builders", craft.capitalize())
        text = text.replace("WALL", 'wall = "count"').replace("BUDDIES", "false")
        (programs / f"{craft}.toml").write_text(text, "utf-8")
    world = World(tmp_path, template=migrated, programs=programs)
    fay = world.person("fay").says("/cohort help")
    for number, craft in enumerate(CRAFTS):
        world.olu.says(f"/program facilitator @fay program:{craft}")
        fay.says(f"/program open {craft} 2027-01-{11 + number} zone:Europe/Berlin").presses("Open for applications")
        for name in ("ana", f"bo-{craft}", f"cy-{craft}"):
            world.person(name).says(f"/apply {craft}").fills(goal=f"A goal of {craft}", company="Northwind")
            chosen(fay.says(f"/program decide @{name} accept"), craft)
        chosen(fay.says("/program decide decision:send"), craft)
        chosen(fay.says("/program launch"), craft).presses("Yes, start")
    yield world
    world.close()


def chosen(person: Person, craft: str) -> Person:
    """Where it is asked which cohort is meant."""
    opened_ = person.client.open_form
    if opened_ is not None and opened_.form["name"] == "commands/choose":
        choices = opened_.form["fields"][0]["choices"]
        person.fills(cohort=next(one["value"] for one in choices if one["label"].startswith(craft.capitalize())))
    return person


def test_a_command_beside_the_bot_asks_which_of_three_is_meant(crafts: World) -> None:
    ana = crafts.ana.says("/cohort goal One wall stands")
    assert ana.form["title"] == "Which one do you mean?"
    labels = [one["label"] for one in ana.form["fields"][0]["choices"]]  # type: ignore[index]
    assert labels == ["Masons · 2027-01", "Roofers · 2027-01", "Painters · 2027-01"]
    chosen(ana, "roofers")
    assert "One wall stands" in ana.last
    chosen(ana.says("/cohort goal"), "masons")
    assert "A goal of masons" in ana.last


def test_a_command_in_a_room_means_the_cohort_of_that_room(crafts: World) -> None:
    room = next(one.id for one in crafts.chat.rooms_of("ana") if one.name.startswith("painters"))
    crafts.ana.says("/cohort goal", room)
    assert crafts.ana.client.open_form is None and crafts.ana.sees("A goal of painters", room)


def test_letters_of_three_cohorts_are_one_a_day_and_each_part_says_of_which_it_is(crafts: World) -> None:
    ana, berlin = crafts.ana, ZoneInfo("Europe/Berlin")
    known, days = len(ana.texts()), dict[int, int]()
    crafts.until(datetime(2027, 1, 4, tzinfo=berlin))
    for day in range(4, 23):
        before = len(ana.texts())
        crafts.until(datetime(2027, 1, day + 1, tzinfo=berlin))
        days[day] = len(ana.texts()) - before
    meet = {11, 12, 13, 18, 19, 20}
    assert max(days.values()) <= 3, "what comes an hour before a meeting is one of these"
    assert max(count for day, count in days.items() if day not in meet) == 1
    parts = [line for text in told(ana, since=known) for line in text.split("\n") if line.startswith("Coming up")]
    assert {"Coming up: Foundations · Masons", "Coming up: Foundations · Painters"} <= set(parts)
    assert not [line for line in parts if " · " not in line]
    assert not crafts.person("bo-masons").sees("Foundations ·"), "whoever is in one alone needs no telling"


def test_what_another_cohort_says_of_tomorrow_comes_along_with_what_cannot_wait(crafts: World) -> None:
    crafts.until(datetime(2027, 1, 11, 12, 0, tzinfo=UTC))
    assert crafts.ana.last.startswith("Two things for you\nComing up: Foundations · Masons")
    assert "Coming up: Foundations · Roofers" in crafts.ana.last


# A cohort below its minimum.


@pytest.fixture
def few(chat: World) -> list[Person]:
    """Applications closed with three who are in, of the eight that the program needs."""
    members = accepted(chat, 3)
    chat.until(CLOSED)
    assert offered(chat.fay, "made for at least 8") == ["Extend a week", "Start anyway", "Postpone…"]
    return members


def test_a_week_more_brings_the_others(chat: World, few: list[Person]) -> None:
    chat.fay.presses("Extend a week")
    gus = answer(chat.person("gus").says("/apply"))
    assert "Your application is in" in gus.last
    assert not any("open longer" in one.last for one in few), "whoever is in waits for nothing"


def test_three_start_anyway_and_meet(chat: World, few: list[Person]) -> None:
    chat.fay.presses("Start anyway").presses("Yes, start")
    chat.until(FIRST)
    for one in few:
        one.presses("I'm here", room=one.room())
    chat.fay.says("/session start")
    assert few[0].sees("Ana, Ben and Chi", few[0].room()), "three are a group"


def test_a_later_start_moves_all_and_is_told_once(chat: World, few: list[Person]) -> None:
    chat.fay.presses("Postpone…").fills(weeks="2")
    chat.fay.presses("Yes, postpone")
    chat.passes(days=1)
    for one in few:
        assert sum("starts later" in text for text in one.texts()) == 1
    few[0].says("/session")
    assert "25 January" in few[0].last
