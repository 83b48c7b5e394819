"""The way in from Discord: all that people can do there, over a real gateway, with a small door instead of an App."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.command_text import OptionSpec, bind
from bot.config import TEMPLATES
from bot.message import Button, Choice
from bot.platforms.base import (
    CommandInfo,
    Filled,
    Kind,
    OptionInfo,
    Outcome,
    Parcel,
    Picked,
    Pressed,
    Profile,
    Typed,
    Wrote,
)
from bot.platforms.discord.inbound import Reader, quoted
from bot.platforms.discord.listen import choices
from bot.platforms.discord.shelf import Shelf
from bot.words import Words
from tests.platforms.discord_door import SLOW, BrokenDoor, Listening, SmallDoor, asked, said, until
from tests.platforms.fakes.discord import FakeDiscord, FakeGuild, Person

CALLBACK = "POST /interactions/{interaction}/{token}/callback"
MORE = "POST /webhooks/{app}/{token}"
BUG = "Something went wrong on our side"


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        fake.enforce_limits = True
        yield fake
        assert not fake.faults


@pytest.fixture
def guild(discord: FakeDiscord) -> FakeGuild:
    return discord.add_guild()


@pytest.fixture
def ana(guild: FakeGuild) -> Person:
    return guild.add_person("Ana")


# Commands.


async def test_a_command_is_answered_to_one_person_at_once(discord: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    async with Listening(discord, SmallDoor({"/cohort who": said("Ana and Ben.")})) as listening:
        await ana.uses("/cohort who")
        assert ana.ephemerals == ["Ana and Ben."]
        heard = listening.door.heard[0]
        assert heard.deed == Typed("/cohort who")
        assert heard.profile == Profile("Ana")
        assert (heard.workspace, heard.workspace_name) == (str(guild.id), "Acme")
        assert (heard.account, heard.room) == (ana.id, str(guild.general.id))


async def test_a_command_in_the_direct_message_has_no_room_and_is_answered_there(
    discord: FakeDiscord, guild: FakeGuild, ana: Person
) -> None:
    async with Listening(discord, SmallDoor({"/cohort who": said("Us.")})) as listening:
        await ana.uses("/cohort who", in_="dm")
        assert (listening.door.heard[0].room, listening.door.heard[0].workspace) == (None, str(guild.id))
        assert ana.dms == ["Us."]
        assert ana.ephemerals == []


async def test_options_come_back_as_what_they_were(discord: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    ben = guild.add_person("Ben")
    async with Listening(discord) as listening:
        await ana.uses("/cohort kudos", words='for "patience": a lot', person=ben)
        await ana.uses(
            "/session schedule", when="tue 16:00", minutes=45, room=guild.lounge, quiet=True, title='The "first" one'
        )
        await ana.uses("/cohort rsvp", answer="yes")
        assert listening.door.deeds == [
            Typed(f'/cohort kudos person:<@{ben.id}> words:for "patience": a lot'),
            Typed(
                f'/session schedule when:"tue 16:00" minutes:"45" room:<#{guild.lounge.id}> quiet:yes'
                ' title:«The "first" one»'
            ),
            Typed('/cohort rsvp answer:"yes"'),
        ]


async def test_a_command_that_needs_more_opens_a_form(discord: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    door = SmallDoor({"/apply": asked("apply", "goal"), "apply": said("Thank you.")})
    async with Listening(discord, door):
        await ana.uses("/apply")
        await ana.fills(Goal="learn")
        assert ana.ephemerals == ["Thank you."]
        assert door.deeds[-1] == Filled("apply", {"goal": "learn"}, {"program": 7})
        assert door.heard[-1].room == str(guild.general.id)


async def test_a_slow_command_is_put_off_and_answered_in_the_same_place(discord: FakeDiscord, ana: Person) -> None:
    door = SmallDoor({"/cohort who": said("Us.")}, slow={"/cohort who": SLOW})
    async with Listening(discord, door):
        made = await ana.uses("/cohort who")
        assert made.answer == 5
        assert ana.ephemerals == ["Us."]
        assert made.followups == []


async def test_a_form_that_comes_late_waits_behind_a_button(discord: FakeDiscord, ana: Person) -> None:
    door = SmallDoor({"/apply": asked("apply", "goal"), "apply": said("Thank you.")}, slow={"/apply": SLOW})
    async with Listening(discord, door):
        await ana.uses("/apply")
        assert "[Fill in]" in ana.ephemerals[0]
        await ana.presses("Fill in")
        await ana.fills(Goal="learn")
        assert ana.ephemerals == ["Thank you."]
        assert len(door.heard) == 2


async def test_a_long_answer_comes_in_order_in_several_messages(discord: FakeDiscord, ana: Person) -> None:
    text = " ".join(f"word{number}" for number in range(1500))
    async with Listening(discord, SmallDoor({"/cohort who": said(text)})):
        await ana.uses("/cohort who")
        await until(lambda: len(ana.ephemerals) > 2)
        await discord.quiet()
        assert " ".join(ana.ephemerals).split() == text.split()


async def test_an_answer_of_no_words_still_says_that_it_was_heard(discord: FakeDiscord, ana: Person) -> None:
    async with Listening(discord):
        await ana.uses("/cohort who")
        assert ana.ephemerals == ["Done."]


async def test_people_are_called_as_they_are_in_the_server(discord: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    guild.members[int(ana.id)].nick = "Ana from Acme"
    async with Listening(discord) as listening:
        await ana.says("hello")
        await until(lambda: len(listening.door.heard) == 1)
        await ana.uses("/cohort who")
        assert {inbound.profile.name for inbound in listening.door.heard} == {"Ana from Acme"}


# Options, while they are typed.


async def test_an_option_is_completed_by_the_door(discord: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    door = SmallDoor()
    door.choices = [Choice("deploy-together", "Deploy Together"), Choice("deploy-2", "Deploy Together")]
    async with Listening(discord, door):
        found = await ana.autocompletes("/apply", "program", "dep")
        assert found == [
            ("Deploy Together", "deploy-together"),
            ("Deploy Together (deploy-2)", "deploy-2"),
        ]
        inbound, option, typed = door.looked[0]
        assert (inbound.deed, option, typed) == (Typed("/apply"), "program", "dep")
        assert (inbound.workspace, inbound.account) == (str(guild.id), ana.id)
        assert door.heard == []


async def test_an_option_whose_door_breaks_offers_nothing(discord: FakeDiscord, ana: Person) -> None:
    async with Listening(discord, BrokenDoor()):
        assert await ana.autocompletes("/apply", "program", "dep") == []


def test_no_more_choices_are_offered_than_discord_takes() -> None:
    found = [Choice(f"value-{number}", "x" * 150) for number in range(40)] + [Choice("y" * 101, "too long")]
    offered = choices(found)
    assert len(offered) == 25
    assert len({one["name"] for one in offered}) == 25
    assert all(1 <= len(one["name"]) <= 100 and len(one["value"]) <= 100 for one in offered)


# Buttons.


async def test_a_button_is_answered_below_and_knows_its_message(discord: FakeDiscord, ana: Person) -> None:
    door = SmallDoor({"wrote": said("Ready?", Button("go", "Go", {"n": 7, "to": "it"})), "go": said("Went.")})
    async with Listening(discord, door):
        await ana.says("hello")
        await until(lambda: bool(ana.dms))
        message = ana.dm.messages[-1]
        await ana.presses("Go")
        assert door.deeds[-1] == Pressed("go", {"n": 7, "to": "it"}, f"{ana.dm.id}:{message.id}")
        assert ana.dms == ["Ready?\n[Go]", "Went."]


async def test_a_button_on_what_only_they_see_has_no_message_and_may_replace_it(
    discord: FakeDiscord, ana: Person
) -> None:
    door = SmallDoor({"/cohort who": said("Us.", Button("more", "More")), "more": said("Others.", replaces=True)})
    async with Listening(discord, door):
        await ana.uses("/cohort who")
        await ana.presses("More")
        assert ana.ephemerals == ["Others."]
        assert door.deeds[-1] == Pressed("more", {}, None)


async def test_an_answer_replaces_a_direct_message_in_its_place(discord: FakeDiscord, ana: Person) -> None:
    door = SmallDoor({"wrote": said("Ready?", Button("go", "Go")), "go": said("Went.", replaces=True)})
    async with Listening(discord, door):
        await ana.says("hello")
        await until(lambda: bool(ana.dms))
        await ana.presses("Go")
        assert ana.dms == ["Went."]


async def test_a_slow_answer_replaces_it_all_the_same(discord: FakeDiscord, ana: Person) -> None:
    door = SmallDoor({"/cohort who": said("Us.", Button("go", "Go"))}, slow={"go": SLOW})
    door.answers["go"] = said("Went.", replaces=True)
    async with Listening(discord, door):
        await ana.uses("/cohort who")
        await ana.presses("Go")
        assert ana.ephemerals == ["Went."]


async def test_a_slow_answer_to_what_was_put_away_is_said_beneath(discord: FakeDiscord, ana: Person) -> None:
    door = SmallDoor({"/cohort who": said("Us.", Button("go", "Go"))}, slow={"go": SLOW})
    door.answers["go"] = said("Went.", replaces=True)
    async with Listening(discord, door):
        await ana.uses("/cohort who")
        pressing = asyncio.create_task(ana.presses("Go"))
        await until(lambda: len(discord.acks) == 2)
        ana.dismisses(ana.whispers[0])
        await pressing
        await until(lambda: ana.ephemerals == ["Went."])


async def test_a_message_that_everybody_sees_is_never_replaced(
    discord: FakeDiscord, guild: FakeGuild, ana: Person
) -> None:
    door = SmallDoor({"go": said("For you alone.", replaces=True), "open": asked("apply", "goal"), "none": Outcome()})
    async with Listening(discord, door) as listening:
        await posts(listening, guild, said("All?", Button("go", "Go"), Button("open", "Open"), Button("none", "None")))
        await ana.presses("Go")
        assert ana.ephemerals == ["For you alone."]
        await ana.presses("Open")
        assert "Tell us" in ana.form
        ana.dismisses_modal()
        ana.patience = 0.1
        await ana.presses("None")
        assert len(ana.ephemerals) == 1
        assert ana.messages(guild.general) == ["All?\n[Go] [Open] [None]", "For you alone."]


async def test_a_slow_button_in_a_room_is_answered_to_one_person(
    discord: FakeDiscord, guild: FakeGuild, ana: Person
) -> None:
    door = SmallDoor({"go": said("Went.")}, slow={"go": SLOW, "none": SLOW})
    async with Listening(discord, door) as listening:
        await posts(listening, guild, said("All?", Button("go", "Go"), Button("none", "None")))
        await ana.presses("Go")
        assert ana.ephemerals == ["Went."]
        await ana.presses("None")
        assert ana.ephemerals == ["Went."]


async def test_a_button_outlives_the_process_that_made_it(discord: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    async with Listening(discord) as before:
        await posts(before, guild, said("All?", Button("go", "Go", {"session_id": 9})))
    discord.passes(30 * 24 * 3600)
    door = SmallDoor({"go": said("Went.")})
    async with Listening(discord, door):
        await ana.presses("Go")
        assert ana.ephemerals == ["Went."]
        assert isinstance(door.deeds[0], Pressed) and door.deeds[0].args == {"session_id": 9}


async def test_arguments_too_long_for_a_button_are_kept_for_the_one_who_got_it(
    discord: FakeDiscord, ana: Person
) -> None:
    long = {"words": "x" * 300}
    door = SmallDoor({"/cohort who": said("Us.", Button("go", "Go", long)), "go": said("Went.")})
    async with Listening(discord, door):
        await ana.uses("/cohort who")
        await ana.presses("Go")
        assert door.deeds[-1] == Pressed("go", long, None)
    async with Listening(discord, door):
        await ana.presses("Go")
        assert "I was restarted" in ana.ephemerals[-1]


# Forms.


async def test_a_form_of_many_questions_is_asked_in_parts_and_keeps_what_was_said(
    discord: FakeDiscord, ana: Person
) -> None:
    keys = [f"q{number}" for number in range(1, 13)]
    door = SmallDoor({"/apply": asked("apply", *keys), "apply": said("Thank you.")})
    async with Listening(discord, door):
        await ana.uses("/apply")
        await ana.fills({key.capitalize(): key for key in keys[:5]})
        await ana.presses("Continue")
        await ana.fills({key.capitalize(): key for key in keys[5:10]})
        await ana.presses("Continue")
        await ana.fills({key.capitalize(): key for key in keys[10:]})
        whole = Filled("apply", {key: key for key in keys}, {"program": 7})
        # Each part is kept as soon as it is sent, as if the form had been put away then.
        parts = [[one for one in door.deeds if isinstance(one, Filled) and one.closed]]
        assert parts == [
            [Filled("apply", {key: key for key in keys[:upto]}, {"program": 7}, closed=True) for upto in (5, 10)]
        ]
        assert door.deeds[-1] == whole
        assert ana.ephemerals == ["Thank you."]


async def test_the_next_page_of_a_form_waits_behind_a_button(discord: FakeDiscord, ana: Person) -> None:
    door = SmallDoor({"/apply": asked("apply", "goal", pages=2), "apply": asked("apply-2", "role", page=2, pages=2)})
    door.answers["apply-2"] = said("Thank you.")
    async with Listening(discord, door):
        await ana.uses("/apply")
        await ana.fills(Goal="learn")
        assert "Page 2 of 2" in ana.ephemerals[0]
        await ana.presses("Continue")
        await ana.fills(Role="Lead")
        assert ana.ephemerals == ["Thank you."]


async def test_remarks_name_their_fields_and_the_next_try_goes_on(discord: FakeDiscord, ana: Person) -> None:
    door = SmallDoor({"/apply": asked("apply", "goal", "role"), "apply": Outcome(errors={"role": "Which one?"})})
    async with Listening(discord, door):
        await ana.uses("/apply")
        await ana.fills(Goal="learn")
        assert "Role: Which one?" in ana.ephemerals[0]
        door.answers["apply"] = said("Thank you.")
        await ana.presses("Fill in again")
        assert "____ learn" in ana.form
        await ana.fills(Role="Lead")
        assert door.deeds[-1] == Filled("apply", {"goal": "learn", "role": "Lead"}, {"program": 7})
        assert ana.ephemerals == ["Thank you."]


async def test_remarks_on_a_later_part_do_not_lose_the_first(discord: FakeDiscord, ana: Person) -> None:
    keys = [f"q{number}" for number in range(1, 8)]
    door = SmallDoor({"/apply": asked("apply", *keys), "apply": Outcome(errors={"q7": "Shorter, please."})})
    async with Listening(discord, door):
        await ana.uses("/apply")
        await ana.fills(Q1="one")
        await ana.presses("Continue")
        await ana.fills(Q7="much too long")
        door.answers["apply"] = said("Thank you.")
        await ana.presses("Fill in again")
        await ana.fills(Q7="short")
        filled = door.deeds[-1]
        assert isinstance(filled, Filled)
        assert (filled.answers["q1"], filled.answers["q7"]) == ("one", "short")


async def test_a_slow_form_is_put_off_and_answered(discord: FakeDiscord, ana: Person) -> None:
    door = SmallDoor({"/apply": asked("apply", "goal"), "apply": said("Thank you.")}, slow={"apply": SLOW})
    async with Listening(discord, door):
        await ana.uses("/apply")
        await ana.fills(Goal="learn")
        assert ana.ephemerals == ["Thank you."]


async def test_a_form_that_is_opened_in_the_direct_message_is_answered_there(discord: FakeDiscord, ana: Person) -> None:
    door = SmallDoor({"wrote": asked("apply", "goal"), "apply": said("Thank you.")})
    async with Listening(discord, door):
        await ana.says("I want to apply")
        await until(lambda: bool(ana.dms))
        await ana.presses("Fill in")
        await ana.fills(Goal="learn")
        assert ana.dms == ["Thank you."]
        assert ana.ephemerals == []


async def test_a_short_form_from_before_a_restart_is_still_taken(discord: FakeDiscord, ana: Person) -> None:
    async with Listening(discord, SmallDoor({"/apply": asked("apply", "goal")})):
        await ana.uses("/apply")
    door = SmallDoor({"apply": said("Thank you.")})
    async with Listening(discord, door):
        await ana.fills(Goal="learn")
        assert door.deeds == [Filled("apply", {"goal": "learn"}, {"program": 7})]
        assert ana.ephemerals == ["Thank you."]


async def test_remarks_on_a_form_from_before_a_restart_give_back_what_was_typed(
    discord: FakeDiscord, ana: Person
) -> None:
    async with Listening(discord, SmallDoor({"/apply": asked("apply", "goal")})):
        await ana.uses("/apply")
    async with Listening(discord, SmallDoor({"apply": Outcome(errors={"goal": "Say more."})})):
        await ana.fills(Goal="learn to listen")
        assert "Say more." in ana.ephemerals[0]
        assert "learn to listen" in ana.ephemerals[0]


async def test_a_long_form_from_before_a_restart_gives_back_what_was_typed(discord: FakeDiscord, ana: Person) -> None:
    async with Listening(discord, SmallDoor({"/apply": asked("apply", *(f"q{number}" for number in range(8)))})):
        await ana.uses("/apply")
    door = SmallDoor()
    async with Listening(discord, door):
        await ana.fills(Q1="my long thought")
        assert "I was restarted" in ana.ephemerals[0]
        assert "my long thought" in ana.ephemerals[0]
        assert door.heard == []


async def test_the_button_to_a_forgotten_form_says_so_in_its_place(discord: FakeDiscord, ana: Person) -> None:
    async with Listening(discord, SmallDoor({"wrote": asked("apply", "goal")})):
        await ana.says("I want to apply")
        await until(lambda: bool(ana.dms))
    async with Listening(discord):
        await ana.presses("Fill in")
        assert len(ana.dms) == 1
        assert "I was restarted" in ana.dms[0]


# Words and shortcuts.


async def test_plain_words_in_the_direct_message_are_answered_there(
    discord: FakeDiscord, guild: FakeGuild, ana: Person
) -> None:
    async with Listening(discord, SmallDoor({"wrote": said("Press this.")})) as listening:
        await ana.says("when do we meet?")
        await until(lambda: bool(ana.dms))
        await discord.quiet()
        assert ana.dms == ["Press this."]
        assert listening.door.deeds == [Wrote("when do we meet?")]
        assert listening.door.heard[0].room is None


async def test_words_in_a_room_are_nobodys_concern(discord: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    async with Listening(discord, SmallDoor({"wrote": said("No.")})) as listening:
        await ana.says("hello all", guild.general)
        await ana.says("hello you")
        await until(lambda: bool(ana.dms))
        assert listening.door.deeds == [Wrote("hello you")]


async def test_a_shortcut_on_a_message_takes_its_words_and_its_link(
    discord: FakeDiscord, guild: FakeGuild, ana: Person
) -> None:
    door = SmallDoor({"homework/submit": asked("submit", "about"), "kudos": said("Passed on.")})
    async with Listening(discord, door):
        mine = await ana.says("mine: <https://example.org/work?a=1&b=2>.", guild.general)
        await ana.picks("Submit as homework", mine)
        ana.dismisses_modal()
        other = await ana.says("Ben helped me", guild.general)
        await ana.picks("Give kudos", other)
        assert door.deeds == [
            Picked(
                "homework/submit",
                "mine: <https://example.org/work?a=1&b=2>.",
                "https://example.org/work?a=1&b=2",
                str(ana.id),
            ),
            Picked(
                "kudos",
                "Ben helped me",
                f"https://discord.com/channels/{guild.id}/{guild.general.id}/{other.id}",
                str(ana.id),
            ),
        ]
        assert ana.ephemerals == ["Passed on."]


# Several servers.


async def test_a_direct_message_is_about_the_server_where_they_last_did_something(
    discord: FakeDiscord, guild: FakeGuild, ana: Person
) -> None:
    other = discord.add_guild("Other")
    other.welcome(ana)
    async with Listening(discord) as listening:
        await ana.uses("/cohort who", in_=other.general)
        await ana.says("hello")
        await until(lambda: len(listening.door.heard) == 2)
        await ana.uses("/cohort who", in_=guild.general)
        await ana.uses("/cohort who", in_="dm")
        workspaces = [inbound.workspace for inbound in listening.door.heard]
        assert workspaces == [str(other.id), str(other.id), str(guild.id), str(guild.id)]


async def test_of_several_servers_it_is_the_one_that_they_are_in(
    discord: FakeDiscord, guild: FakeGuild, ana: Person
) -> None:
    older = discord.add_guild("Older")
    newer = discord.add_guild("Newer")
    ben = newer.add_person("Ben")
    async with Listening(discord) as listening:
        await ben.says("hello")
        await ana.says("hello")
        await until(lambda: len(listening.door.heard) == 2)
        assert {inbound.account: inbound.workspace for inbound in listening.door.heard} == {
            ben.id: str(newer.id),
            ana.id: str(guild.id),
        }
        assert str(older.id) not in {inbound.workspace for inbound in listening.door.heard}


async def test_a_button_in_a_direct_message_acts_in_the_server_that_it_came_from(
    discord: FakeDiscord, guild: FakeGuild, ana: Person
) -> None:
    other = discord.add_guild("Other")
    other.welcome(ana)
    door = SmallDoor({"wrote": said("Ready?", Button("go", "Go"))})
    async with Listening(discord, door):
        await ana.uses("/cohort who", in_=other.general)
        await ana.says("hello")
        await until(lambda: bool(ana.dms))
        await ana.uses("/cohort who", in_=guild.general)
    ana.patience = 0.1
    async with Listening(discord, door):
        await ana.presses("Go")
        assert door.heard[-1].workspace == str(other.id)


async def test_after_a_restart_words_are_about_what_the_bot_last_spoke_of(
    discord: FakeDiscord, guild: FakeGuild, ana: Person
) -> None:
    other = discord.add_guild("Other")
    other.welcome(ana)
    door = SmallDoor({"wrote": said("Yes?")})
    async with Listening(discord, door):
        await ana.uses("/cohort who", in_=other.general)
        await ana.says("hello")
        await until(lambda: bool(ana.dms))
    async with Listening(discord, door):
        await ana.says("hello again")
        await until(lambda: len(ana.dms) == 2)
        assert door.heard[-1].workspace == str(other.id)


async def test_who_shares_no_server_any_more_is_told_so(discord: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    for name in ("Other", "Third"):
        discord.add_guild(name)
    door = SmallDoor({"wrote": said("Yes?", Button("go", "Go"))})
    async with Listening(discord, door):
        await ana.says("hello")
        await until(lambda: bool(ana.dms))
        guild.expel_bot()
        await ana.presses("Go")
        assert "We share no server" in ana.dms[-1]
        assert len(door.heard) == 1


# What comes more than once, too late, or wrong.


async def test_an_interaction_that_comes_three_times_is_handled_once(discord: FakeDiscord, ana: Person) -> None:
    async with Listening(discord, SmallDoor({"/cohort who": said("Us.")})) as listening:
        discord.redeliver(3)
        await ana.uses("/cohort who")
        await discord.quiet()
        assert len(listening.door.heard) == 1
        assert ana.ephemerals == ["Us."]


async def test_an_answer_whose_confirmation_was_lost_is_not_given_twice(discord: FakeDiscord, ana: Person) -> None:
    async with Listening(discord, SmallDoor({"/cohort who": said("Us.")})):
        discord.lose_answer(CALLBACK)
        await ana.uses("/cohort who")
        await discord.quiet(still=0.5)
        assert ana.messages() == ["Us."]


async def test_a_part_that_may_have_been_said_is_not_said_twice(discord: FakeDiscord, ana: Person) -> None:
    text = " ".join(f"word{number}" for number in range(1500))
    async with Listening(discord, SmallDoor({"/cohort who": said(text)})):
        discord.lose_answer(MORE)
        await ana.uses("/cohort who")
        await discord.quiet(still=0.3)
        assert " ".join(ana.messages()).split() == text.split()


async def test_a_part_that_was_refused_for_now_is_said_a_little_later(discord: FakeDiscord, ana: Person) -> None:
    text = " ".join(f"word{number}" for number in range(1500))
    async with Listening(discord, SmallDoor({"/cohort who": said(text)})):
        discord.rate_limit(MORE, 0.2)
        await ana.uses("/cohort who")
        await until(lambda: " ".join(ana.messages()).split() == text.split())


async def test_what_somebody_else_has_answered_is_left_to_them(discord: FakeDiscord, ana: Person) -> None:
    door = SmallDoor({"/cohort who": said("Us."), "/apply": asked("apply", "goal")}, slow={"/cohort kudos": SLOW})
    async with Listening(discord, door) as listening:
        discord.answer_within = 0.3  # nobody waits for what will not come
        for line in ("/cohort who", "/apply"):
            discord.fail(CALLBACK, 400, code=40060)
            await ana.uses(line)
        discord.fail(CALLBACK, 400, code=40060)
        await ana.uses("/cohort kudos", person=ana)
    assert len(listening.door.heard) == 3
    assert ana.messages() == []


async def test_an_answer_that_discord_fails_to_take_is_given_again(discord: FakeDiscord, ana: Person) -> None:
    async with Listening(discord, SmallDoor({"/cohort who": said("Us.")})):
        discord.fail(CALLBACK, 503, times=2)
        await ana.uses("/cohort who")
        assert ana.ephemerals == ["Us."]


async def test_an_answer_that_comes_too_late_for_discord_is_told_in_the_direct_message(
    discord: FakeDiscord, ana: Person
) -> None:
    async with Listening(discord, SmallDoor({"/cohort who": said("Us."), "/apply": asked("apply", "goal")})):
        discord.answer_within = 0.3  # nobody waits for what will not come
        discord.fail(CALLBACK, 404, code=10062)
        await ana.uses("/cohort who")
        await until(lambda: ana.dms == ["Us."])
        discord.fail(CALLBACK, 404, code=10062)
        await ana.uses("/apply")
        await until(lambda: len(ana.dms) == 2)
        await ana.presses("Fill in")
        assert "Tell us" in ana.form


async def test_an_answer_that_takes_longer_than_its_token_lives_is_told_in_the_direct_message(
    discord: FakeDiscord, ana: Person
) -> None:
    door = SmallDoor({"/cohort who": said("Us.")}, slow={"/cohort who": SLOW})
    async with Listening(discord, door):
        ana.patience = 0.0
        await ana.uses("/cohort who")
        discord.passes(16 * 60)
        await until(lambda: ana.dms == ["Us."])


async def test_closed_direct_messages_lose_a_late_answer_and_nothing_else(discord: FakeDiscord, ana: Person) -> None:
    async with Listening(discord, SmallDoor({"/cohort who": said("Us.")})):
        ana.closes_dms()
        discord.answer_within = 0.3  # nobody waits for what will not come
        discord.fail(CALLBACK, 404, code=10062)
        await ana.uses("/cohort who")
        await ana.uses("/cohort who")
        assert ana.ephemerals == ["Us."]


async def test_a_bug_of_the_door_is_confessed(discord: FakeDiscord, ana: Person) -> None:
    async with Listening(discord, BrokenDoor()):
        await ana.uses("/cohort who")
        assert BUG in ana.ephemerals[0]


async def test_a_form_that_cannot_be_drawn_is_confessed(discord: FakeDiscord, ana: Person) -> None:
    async with Listening(discord, SmallDoor({"/apply": asked("apply", "goal", "goal")})):
        await ana.uses("/apply")
        assert BUG in ana.ephemerals[0]


async def test_a_button_that_is_none_of_ours_is_confessed(discord: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    async with Listening(discord) as listening:
        await posts(listening, guild, said("All?", Button("go", "Go")))
        message = guild.general.messages[-1]
        message.components[0]["components"][-1]["components"][0]["custom_id"] = "vote:7"
        await ana.presses("Go")
        assert BUG in ana.ephemerals[0]
        assert listening.door.heard == []


async def test_nobody_is_notified_by_an_answer(discord: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    async with Listening(discord, SmallDoor({"/cohort who": said("<@1> @everyone"), "wrote": said("@everyone")})):
        await ana.uses("/cohort who")
        await ana.says("hello")
        await until(lambda: bool(ana.dms))
        told = [call.body for call in discord.calls if isinstance(call.body, dict)]
        bodies = [body.get("data", body) for body in told if "components" in body.get("data", body)]
        assert len(bodies) == 2
        assert all(body["allowed_mentions"] == {"parse": []} for body in bodies)


async def test_what_is_being_answered_when_listening_ends_is_still_answered(discord: FakeDiscord, ana: Person) -> None:
    door = SmallDoor({"/cohort who": said("Us.")}, slow={"/cohort who": 0.3})
    async with Listening(discord, door):
        asking = asyncio.create_task(ana.uses("/cohort who"))
        await until(lambda: bool(door.heard))
    await asking
    assert ana.ephemerals == ["Us."]


async def posts(listening: Listening, guild: FakeGuild, outcome: Outcome) -> None:
    """A message of the bot's with buttons in a room, as delivery would send it."""
    await listening.platform.send(
        Parcel(
            key="test/post",
            kind=Kind.POST,
            workspace=str(guild.id),
            room=str(guild.general.id),
            message=outcome.message,
        )
    )


# Lines.


WORDS = st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" \"“”«»':=@#<>"), max_size=40)


@given(title=WORDS, when=WORDS, rest=WORDS)
def test_a_line_is_read_back_as_exactly_what_was_given(title: str, when: str, rest: str) -> None:
    given_to = {"title": title.strip(), "when": when.strip(), "words": rest.strip()}
    if any(text.startswith("//") for text in given_to.values()) or any(
        set('"«»') <= set(text) for text in given_to.values()
    ):
        return
    info = (OptionInfo("title"), OptionInfo("words", rest=True), OptionInfo("when"))
    reader = Reader([CommandInfo("submit", "Hand in", (), info)], (), Words([TEMPLATES]), Shelf())
    options = [{"name": name, "type": 3, "value": text} for name, text in given_to.items()]
    line = reader.line({"name": "submit", "options": options})
    specs = [OptionSpec("title"), OptionSpec("when"), OptionSpec("words", rest=True)]
    assert bind(line.removeprefix("/submit"), specs).values == {name: text for name, text in given_to.items() if text}


@pytest.mark.parametrize(
    ("text", "line"),
    [("plain", '"plain"'), ('a "b"', '«a "b"»'), ('a "b" » c', '»a "b" » c«'), ('"«»', '"\'«»"')],
)
def test_quotation_marks_do_not_end_inside_of_what_they_hold(text: str, line: str) -> None:
    assert quoted(text) == line
