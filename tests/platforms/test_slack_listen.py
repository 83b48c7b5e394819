"""The way in from Slack: all that people can do there, over real sockets, with a small door instead of a whole App."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime

import pytest

from bot.config import TEMPLATES
from bot.message import Button, Choice, Field, FieldKind, Form, Message, Paragraph, Text
from bot.platforms.base import (
    Changed,
    CommandInfo,
    Deed,
    Filled,
    Inbound,
    Invited,
    Kind,
    Outcome,
    Parcel,
    Picked,
    Pressed,
    Profile,
    ShortcutInfo,
    Typed,
    Visited,
    Wrote,
)
from bot.platforms.slack.inbound import entered, plain
from bot.platforms.slack.listen import listen
from bot.platforms.slack.send import SlackPlatform
from bot.platforms.slack.setup import Installed, Mode, Setup, SlackApp
from bot.platforms.slack.sockets import Patience
from bot.words import Words
from tests.platforms.fakes.slack import FakeSlack, Person, Team

SLOW = 2.0  # seconds that a door takes when Slack has to be acknowledged first


class SmallDoor:
    """Answers from a dict, by the words, action, form or kind of the deed; forgets nothing."""

    def __init__(
        self, answers: Mapping[str, Outcome] | None = None, *, slow: Mapping[str, float] | None = None
    ) -> None:
        self.answers = dict(answers or {})
        self.slow = dict(slow or {})
        self.heard: list[Inbound] = []

    async def __call__(self, inbound: Inbound) -> Outcome:
        self.heard.append(inbound)
        name = named(inbound.deed)
        await asyncio.sleep(self.slow.get(name, 0.0))
        return self.answers.get(name, Outcome())

    def commands(self) -> Sequence[CommandInfo]:
        return ()

    def shortcuts(self) -> Sequence[ShortcutInfo]:
        return ()

    def only_reads(self, deed: Deed) -> bool:
        return False

    async def complete(self, inbound: Inbound, option: str, typed: str) -> Sequence[Choice]:
        return ()

    @property
    def deeds(self) -> list[Deed]:
        return [inbound.deed for inbound in self.heard]


def named(deed: Deed) -> str:
    match deed:
        case Typed(text=text):
            return text
        case Pressed(action=action) | Picked(action=action):
            return action
        case Filled(form=form, closed=closed):
            return f"{form}, put away" if closed else form
        case _:
            return type(deed).__name__.lower()


def said(text: str, *buttons: Button, replaces: bool = False) -> Outcome:
    return Outcome(Message(blocks=(Paragraph((Text(text),)),), buttons=buttons), replaces=replaces)


def asked(name: str, *keys: str, page: int = 1, pages: int = 1) -> Outcome:
    fields = tuple(Field(key, FieldKind.LINE, key.capitalize()) for key in keys)
    return Outcome(form=Form(name, "Tell us", fields, "Send", args={"program": 7}, page=page, pages=pages))


class Listening:
    """A Slack platform that listens, while it is entered."""

    def __init__(
        self,
        slack: FakeSlack,
        team: Team,
        door: SmallDoor | None = None,
        *,
        patience: Patience | None = None,
        installed: Sequence[Installed] | None = None,
    ) -> None:
        own = Installed(team.bot_token, SlackApp(team.app.app_token, team.app.signing_secret))
        mode = Mode.HTTP if team.app.request_url else Mode.SOCKET
        setup = Setup(api_url=slack.api_url, mode=mode, installed=tuple(installed or [own]))
        self.platform = SlackPlatform(setup, Words([TEMPLATES]), lambda: datetime.now(UTC))
        self.door = door or SmallDoor()
        self.patience = patience
        self.slack = slack

    async def __aenter__(self) -> Listening:
        self._task = asyncio.create_task(listen(self.platform, self.door, self.patience))
        if self.patience is None:
            await until(lambda: self.platform.connected or self._task.done())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.platform.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  (what is waited for happens in the fake, which tells nobody)
            await asyncio.sleep(0.01)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake
        assert not fake.faults


@pytest.fixture
def team(slack: FakeSlack) -> Team:
    return slack.add_team()


@pytest.fixture
def ana(team: Team) -> Person:
    return team.add_person("Ana", tz="Europe/Berlin", email="ana@example.org")


# Commands.


async def test_a_command_is_answered_within_its_acknowledgement(slack: FakeSlack, team: Team, ana: Person) -> None:
    async with Listening(slack, team, SmallDoor({"/cohort who": said("Ana and Ben.")})) as listening:
        ack = await ana.types("/cohort   who", "general")
        assert ack.answer is not None
        assert ana.ephemerals == ["Ana and Ben."]
        heard = listening.door.heard[0]
        assert heard.deed == Typed("/cohort who", marked=True)
        assert heard.profile == Profile("Ana", "Europe/Berlin", "ana@example.org")
        assert (heard.workspace, heard.workspace_name) == (team.id, "Acme")
        assert (heard.account, heard.room) == (ana.id, team.channel("general").id)


async def test_a_command_in_the_direct_message_has_no_room(slack: FakeSlack, team: Team, ana: Person) -> None:
    async with Listening(slack, team, SmallDoor({"/cohort": said("Home.")})) as listening:
        await ana.types("/cohort")
        assert listening.door.heard[0].room is None


async def test_people_rooms_and_links_keep_their_markers_and_all_else_is_as_it_was_typed(
    slack: FakeSlack, team: Team, ana: Person
) -> None:
    ben = team.add_person("Ben")
    async with Listening(slack, team) as listening:
        await ana.types("/cohort kudos @Ben for 1 < 2 & https://example.org/?a=1&b=2", "general")
    assert listening.door.deeds == [
        Typed(f"/cohort kudos <@{ben.id}|ben> for 1 < 2 & <https://example.org/?a=1&b=2>", marked=True)
    ]


async def test_a_command_that_needs_more_opens_a_form_that_knows_its_room(
    slack: FakeSlack, team: Team, ana: Person
) -> None:
    door = SmallDoor({"/apply": asked("apply", "goal"), "apply": said("Thank you.")})
    async with Listening(slack, team, door):
        await ana.types("/apply", "general")
        await until(lambda: bool(ana.stack))
        await ana.fills(goal="learn")
        assert "Thank you." in ana.modal
        assert door.deeds[1] == Filled("apply", {"goal": "learn"}, {"program": 7})
        assert door.heard[1].room == team.channel("general").id


async def test_an_answer_too_long_for_one_message_follows_in_parts(slack: FakeSlack, team: Team, ana: Person) -> None:
    long = Outcome(Message(blocks=tuple(Paragraph((Text(f"{n} " + "x" * 1500),)) for n in range(8))))
    async with Listening(slack, team, SmallDoor({"/program list": long})):
        await ana.types("/program list", "general")
        await ana.will_see("7 xxx")
        whole = "".join(ana.ephemerals)
        assert [n for n in range(8) if f"{n} xxx" in whole] == list(range(8))
        assert len(ana.ephemerals) > 1


async def test_a_slow_command_is_acknowledged_first_and_answered_later(
    slack: FakeSlack, team: Team, ana: Person
) -> None:
    door = SmallDoor({"/cohort": said("At last.")}, slow={"/cohort": SLOW})
    async with Listening(slack, team, door):
        ack = await ana.types("/cohort", "general")
        assert ack.ok and ack.answer is None
        await ana.will_see("At last.")
        assert ana.ephemerals == ["At last."]
        assert len(door.heard) == 1


async def test_a_form_that_comes_too_late_is_offered_once_more(slack: FakeSlack, team: Team, ana: Person) -> None:
    door = SmallDoor({"/apply now": asked("apply", "goal")}, slow={"/apply now": 3.2})
    async with Listening(slack, team, door):
        await ana.types("/apply now", "general")
        await ana.will_see("Open it now")
        door.slow.clear()
        await ana.presses("Open it now")
        await until(lambda: bool(ana.stack))
    assert door.deeds == [Typed("/apply now", marked=True), Typed("/apply now", marked=True)]
    assert door.heard[0].event_id != door.heard[1].event_id


async def test_when_the_response_url_is_used_up_the_answer_comes_as_a_direct_message(
    slack: FakeSlack, team: Team, ana: Person
) -> None:
    door = SmallDoor({"/cohort": said("At last.")}, slow={"/cohort": SLOW})
    async with Listening(slack, team, door):
        await ana.types("/cohort", "general")
        slack.response_urls.clear()
        await ana.will_see("At last.")
        assert ana.inbox == ["At last."]


async def test_somebody_whom_slack_does_not_describe_in_time_is_answered_all_the_same(
    slack: FakeSlack, team: Team, ana: Person
) -> None:
    slack.slow("users.info", 2.5)
    async with Listening(slack, team, SmallDoor({"/cohort": said("Home.")})) as listening:
        ack = await ana.types("/cohort", "general")
        assert ack.ok
        await ana.will_see("Home.")
        assert listening.door.heard[0].profile == Profile("")


# Buttons on messages.


async def test_a_button_is_answered_to_whoever_pressed_it(slack: FakeSlack, team: Team, ana: Person) -> None:
    door = SmallDoor(
        {
            "/session": said("Tuesday?", Button("sessions/rsvp", "I come", {"session": 3, "yes": True})),
            "sessions/rsvp": said("See you there."),
        }
    )
    async with Listening(slack, team, door):
        await ana.types("/session", "general")
        await ana.presses("I come")
        await ana.will_see("See you there.")
        assert door.deeds[1] == Pressed("sessions/rsvp", {"session": 3, "yes": True})
        assert door.heard[1].room == team.channel("general").id


async def test_a_private_message_is_replaced_where_the_answer_asks_for_it(
    slack: FakeSlack, team: Team, ana: Person
) -> None:
    door = SmallDoor(
        {"/cohort": said("Sure?", Button("cohort/leave", "Leave")), "cohort/leave": said("Gone.", replaces=True)}
    )
    async with Listening(slack, team, door):
        await ana.types("/cohort", "general")
        await ana.presses("Leave")
        await ana.will_see("Gone.")
        assert ana.ephemerals == ["Gone."]


async def test_a_message_that_others_see_is_never_replaced(slack: FakeSlack, team: Team, ana: Person) -> None:
    door = SmallDoor({"rsvp": said("See you there.", replaces=True)})
    async with Listening(slack, team, door) as listening:
        ts = await posts(listening, team, team.channel("general").id, said("Who comes?", Button("rsvp", "Me")))
        await ana.presses("Me")
        await ana.will_see("See you there.")
        assert ana.ephemerals == ["See you there."]
        assert any("Who comes?" in text for text in ana.messages("general"))
        assert door.deeds == [Pressed("rsvp", {}, f"{team.channel('general').id}:{ts}")]


async def test_what_is_answered_in_a_direct_message_stays_there(slack: FakeSlack, team: Team, ana: Person) -> None:
    door = SmallDoor({"goal": said("Noted."), "bad": Outcome(errors={"goal": "Too late for that."})})
    async with Listening(slack, team, door) as listening:
        await posts(listening, team, ana.direct.id, said("Your goal?", Button("goal", "Keep"), Button("bad", "Change")))
        await ana.presses("Keep")
        await ana.will_see("Noted.")
        await ana.presses("Change")
        await ana.will_see("Too late for that.")
        assert "Noted." in ana.inbox
        assert ana.ephemerals == ["Too late for that."]


async def test_a_slow_button_is_answered_later(slack: FakeSlack, team: Team, ana: Person) -> None:
    door = SmallDoor({"/cohort": said("Ready?", Button("go", "Go")), "go": said("Went.")}, slow={"go": SLOW})
    async with Listening(slack, team, door):
        await ana.types("/cohort", "general")
        ack = await ana.presses("Go")
        assert ack.ok
        await ana.will_see("Went.")


# Forms.


async def test_remarks_stand_beside_their_fields_and_the_next_try_goes_on(
    slack: FakeSlack, team: Team, ana: Person
) -> None:
    door = SmallDoor({"/apply": asked("apply", "goal", "role"), "apply": Outcome(errors={"role": "Which one?"})})
    async with Listening(slack, team, door):
        await ana.types("/apply", "general")
        await until(lambda: bool(ana.stack))
        await ana.fills(goal="learn")
        assert ana.remarks == {"Role": "Which one?"}
        door.answers["apply"] = said("Thank you.")
        await ana.fills(role="Lead")
        assert "Thank you." in ana.modal
        assert door.deeds[-1] == Filled("apply", {"goal": "learn", "role": "Lead"}, {"program": 7})


async def test_a_form_of_two_pages_is_asked_page_by_page(slack: FakeSlack, team: Team, ana: Person) -> None:
    door = SmallDoor({"/apply": asked("apply", "goal", pages=2), "apply": asked("apply-2", "role", page=2, pages=2)})
    door.answers["apply-2"] = Outcome()
    async with Listening(slack, team, door):
        await ana.types("/apply", "general")
        await until(lambda: bool(ana.stack))
        await ana.fills(goal="learn")
        assert "Page 2 of 2" in ana.modal
        await ana.fills(role="Lead")
        assert ana.modal == ""
        assert door.heard[2].room == team.channel("general").id


async def test_a_slow_form_says_so_and_is_answered_in_its_place(slack: FakeSlack, team: Team, ana: Person) -> None:
    door = SmallDoor({"/apply": asked("apply", "goal"), "apply": said("Thank you.")}, slow={"apply": SLOW})
    async with Listening(slack, team, door):
        await ana.types("/apply", "general")
        await until(lambda: bool(ana.stack))
        await ana.fills(goal="learn")
        assert "Thank you." not in ana.modal and ana.modal
        await ana.will_see("Thank you.")
        assert "Thank you." in ana.modal


async def test_remarks_that_come_late_bring_back_what_was_filled_in(slack: FakeSlack, team: Team, ana: Person) -> None:
    door = SmallDoor({"/apply": asked("apply", "goal", "role")}, slow={"apply": SLOW})
    door.answers["apply"] = Outcome(errors={"role": "Which one?"})
    async with Listening(slack, team, door):
        await ana.types("/apply", "general")
        await until(lambda: bool(ana.stack))
        await ana.fills(goal="learn")
        await ana.will_see("Which one?")
        door.slow.clear()
        door.answers["apply"] = said("Thank you.")
        await ana.fills(role="Lead")
        assert door.deeds[-1] == Filled("apply", {"goal": "learn", "role": "Lead"}, {"program": 7})


async def test_a_late_answer_to_a_form_that_was_put_away_is_said_where_it_was_opened(
    slack: FakeSlack, team: Team, ana: Person
) -> None:
    door = SmallDoor({"/apply": asked("apply", "goal"), "apply": said("Thank you.")}, slow={"apply": SLOW})
    async with Listening(slack, team, door):
        await ana.types("/apply", "general")
        await until(lambda: bool(ana.stack))
        await ana.fills(goal="learn")
        await ana.closes_form()
        await ana.will_see("Thank you.")
        assert ana.ephemerals == ["Thank you."]


async def test_what_was_typed_into_a_form_that_is_put_away_is_not_lost(
    slack: FakeSlack, team: Team, ana: Person
) -> None:
    door = SmallDoor({"/apply": asked("apply", "goal", "role")})
    async with Listening(slack, team, door):
        await ana.types("/apply", "general")
        await until(lambda: bool(ana.stack))
        await ana.closes_form(goal="learn", role="Le")
        await until(lambda: len(door.heard) == 2)
        assert door.deeds[1] == Filled("apply", {"goal": "learn", "role": "Le"}, {"program": 7}, closed=True)


async def test_it_is_not_lost_either_where_slack_does_not_repeat_it(slack: FakeSlack, team: Team, ana: Person) -> None:
    slack.state_on_close = False
    door = SmallDoor({"/apply": asked("apply", "goal", "role")})
    async with Listening(slack, team, door):
        await ana.types("/apply", "general")
        await until(lambda: bool(ana.stack))
        await ana.closes_form(goal="learn", role="Le")
        await until(lambda: len(door.heard) == 2)
        closed = door.deeds[1]
        assert isinstance(closed, Filled) and closed.closed
        assert closed.answers == {"goal": "learn", "role": "Le"}


# Home, and buttons in views.


async def test_the_bots_own_page_shows_what_the_door_says(slack: FakeSlack, team: Team, ana: Person) -> None:
    door = SmallDoor({"visited": said("Your cohort.", Button("pause", "Pause")), "pause": said("Paused.")})
    async with Listening(slack, team, door):
        await ana.opens_home()
        await ana.will_see("Your cohort.")
        door.answers["visited"] = said("You are paused.")
        await ana.presses("Pause")
        await ana.will_see("You are paused.")
        assert "Paused." in ana.modal
        assert "You are paused." in ana.home
        assert door.deeds == [Visited(), Pressed("pause"), Visited()]
        assert len({inbound.event_id for inbound in door.heard}) == 3


async def test_a_button_in_a_modal_is_answered_in_a_modal(slack: FakeSlack, team: Team, ana: Person) -> None:
    door = SmallDoor({"visited": said("Home.", Button("who", "Who?")), "who": said("Us.", Button("more", "More"))})
    door.answers["more"] = said("And others.")
    async with Listening(slack, team, door):
        await ana.opens_home()
        await ana.will_see("Home.")
        await ana.presses("Who?")
        await ana.will_see("Us.")
        await ana.presses("More")
        await ana.will_see("And others.")
        assert len(ana.stack) == 2


async def test_an_answer_that_takes_the_place_of_a_modal_opens_no_other(
    slack: FakeSlack, team: Team, ana: Person
) -> None:
    door = SmallDoor({"visited": said("Home.", Button("who", "Who?")), "who": said("Us.", Button("more", "More"))})
    door.answers["more"] = said("And others.", replaces=True)
    async with Listening(slack, team, door):
        await ana.opens_home()
        await ana.will_see("Home.")
        await ana.presses("Who?")
        await ana.will_see("Us.")
        await ana.presses("More")
        await ana.will_see("And others.")
        assert len(ana.stack) == 1


# Words.


async def test_plain_words_in_the_direct_message_are_answered_there(slack: FakeSlack, team: Team, ana: Person) -> None:
    async with Listening(slack, team, SmallDoor({"wrote": said("Press this.")})) as listening:
        await ana.says("I finished https://example.org/a & more")
        await ana.will_see("Press this.")
        assert ana.inbox == ["Press this."]
        assert listening.door.deeds == [Wrote("I finished https://example.org/a & more")]
        await slack.quiet()
        assert len(listening.door.heard) == 1


async def test_words_in_a_thread_are_answered_in_the_thread(slack: FakeSlack, team: Team, ana: Person) -> None:
    async with Listening(slack, team, SmallDoor({"wrote": said("Here.")})):
        await ana.says("first")
        await ana.will_see("Here.")
        parent = ana.direct.messages[0]
        await ana.says("second", thread=parent)
        await until(lambda: len(ana.direct.messages) == 4)
        assert [message.thread_ts for message in ana.direct.messages][2:] == [parent.ts, parent.ts]


async def test_a_mention_in_a_room_is_answered_to_one_person(slack: FakeSlack, team: Team, ana: Person) -> None:
    general = team.channel("general")
    general.members.append(team.bot.id)
    async with Listening(slack, team, SmallDoor({"wrote": said("Type /cohort.")})) as listening:
        await ana.mentions_bot("what now?", general)
        await ana.will_see("Type /cohort.")
        assert ana.ephemerals == ["Type /cohort."]
        assert listening.door.heard[0].deed == Wrote("what now?")
        assert listening.door.heard[0].room == general.id


# Shortcuts and news.


async def test_a_shortcut_on_a_message_takes_its_words_and_its_link(slack: FakeSlack, team: Team, ana: Person) -> None:
    general = team.channel("general")
    door = SmallDoor({"homework/submit": asked("submit", "about"), "kudos": said("Passed on.")})
    async with Listening(slack, team, door):
        await ana.says("mine: https://example.org/work?a=1&b=2.", general)
        await ana.picks("homework/submit", general.messages[0])
        await until(lambda: bool(ana.stack))
        await ana.says("Ben helped me", general)
        await ana.picks("kudos", general.messages[1])
        await ana.will_see("Passed on.")
    ts = general.messages[1].ts.replace(".", "")
    assert door.deeds == [
        Picked(
            "homework/submit", "mine: https://example.org/work?a=1&b=2.", "https://example.org/work?a=1&b=2", ana.id
        ),
        Picked("kudos", "Ben helped me", f"https://acme.slack.com/archives/{general.id}/p{ts}", ana.id),
    ]
    assert ana.ephemerals == ["Passed on."]


async def test_the_bot_says_which_room_it_was_brought_into(slack: FakeSlack, team: Team, ana: Person) -> None:
    async with Listening(slack, team) as listening:
        await team.invite_bot("general", by=ana)
        await until(lambda: bool(listening.door.heard))
        heard = listening.door.heard[0]
        assert (heard.deed, heard.room, heard.account) == (Invited("general"), team.channel("general").id, ana.id)


async def test_a_person_who_looks_different_is_told_of(slack: FakeSlack, team: Team, ana: Person) -> None:
    async with Listening(slack, team) as listening:
        await ana.changes(name="Ana Lima", tz="Asia/Tokyo")
        await until(lambda: bool(listening.door.heard))
        heard = listening.door.heard[0]
        assert heard.deed == Changed()
        assert heard.profile == Profile("Ana Lima", "Asia/Tokyo", "ana@example.org")
        assert not [call for call in slack.calls if call.method == "users.info"]


async def test_a_workspace_that_sends_the_bot_away_is_heard_no_more(slack: FakeSlack, team: Team, ana: Person) -> None:
    async with Listening(slack, team, SmallDoor({"/cohort": said("Home.")})) as listening:
        await team.revoke_token()
        await until(lambda: not list(listening.platform.workspaces))
        ack = asyncio.create_task(ana.types("/cohort", "general"))
        assert not (await ack).ok
        assert listening.door.heard == []


# What comes more than once.


async def test_an_envelope_that_comes_three_times_is_handled_once(slack: FakeSlack, team: Team, ana: Person) -> None:
    slack.redeliver(3)
    async with Listening(slack, team, SmallDoor({"/cohort": said("Home."), "wrote": said("Yes?")})) as listening:
        await ana.types("/cohort", "general")
        await ana.says("hello")
        await ana.will_see("Yes?")
        await slack.quiet()
        assert ana.ephemerals == ["Home."]
        assert ana.inbox == ["Yes?"]
        assert len(listening.door.heard) == 2


async def test_an_envelope_that_comes_three_times_at_once_is_answered_once(
    slack: FakeSlack, team: Team, ana: Person
) -> None:
    slack.redeliver(3, together=True)
    door = SmallDoor({"/cohort": said("Home."), "wrote": said("Yes?")}, slow={"/cohort": 0.2, "wrote": 0.2})
    async with Listening(slack, team, door):
        await ana.types("/cohort", "general")
        await ana.says("hello")
        await ana.will_see("Yes?")
        await slack.quiet()
        assert ana.ephemerals == ["Home."]
        assert ana.inbox == ["Yes?"]
        assert len(door.heard) == 2


# What goes wrong.


async def test_a_bug_of_the_door_is_confessed(slack: FakeSlack, team: Team, ana: Person) -> None:
    class BrokenDoor(SmallDoor):
        async def __call__(self, inbound: Inbound) -> Outcome:
            raise RuntimeError("a secret that nobody logs")

    async with Listening(slack, team, BrokenDoor()):
        await ana.types("/cohort", "general")
        assert "Something went wrong on our side" in ana.ephemerals[0]


async def test_a_form_that_cannot_be_drawn_is_confessed(slack: FakeSlack, team: Team, ana: Person) -> None:
    async with Listening(slack, team, SmallDoor({"/apply": asked("apply", *(f"k{n}" for n in range(150)))})):
        await ana.types("/apply", "general")
        await ana.will_see("Something went wrong on our side")


async def test_two_workspaces_of_one_app_are_told_apart(slack: FakeSlack, team: Team, ana: Person) -> None:
    other = slack.add_team("Other", app=team.app)
    ben = other.add_person("Ben")
    app = SlackApp(app_token=team.app.app_token)
    installed = [Installed(team.bot_token, app), Installed(other.bot_token, app)]
    async with Listening(slack, team, SmallDoor({"/cohort": said("Home.")}), installed=installed) as listening:
        await ana.types("/cohort", "general")
        await ben.types("/cohort", "general")
        assert [inbound.workspace for inbound in listening.door.heard] == [team.id, other.id]


async def posts(listening: Listening, team: Team, channel: str, outcome: Outcome) -> str:
    """A message of the bot's with buttons, as delivery would send it."""
    room = team.channel(channel)
    if team.bot.id not in room.members:
        room.members.append(team.bot.id)
    receipt = await listening.platform.send(
        Parcel(key=f"test/{channel}", kind=Kind.POST, workspace=team.id, room=channel, message=outcome.message)
    )
    return receipt.id.partition(":")[2]


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("<@U1|ana> &lt;3", "<@U1|ana> <3"),
        ("<https://example.org/?a=1&amp;b=2|here>", "<https://example.org/?a=1&b=2|here>"),
        ("&amp;lt;", "&lt;"),
    ],
)
def test_the_words_of_a_command_are_as_they_were_typed(sent: str, typed: str) -> None:
    assert entered(sent) == typed


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("see <https://example.org/?a=1&amp;b=2|here>", "see https://example.org/?a=1&b=2"),
        ("<@U1|ana> in <#C1|general>", "@ana in #general"),
        ("<!here> <!date^1^{date}|in May> <mailto:a@b.org|a@b.org>", "@here in May a@b.org"),
        ("a &lt;b&gt; c", "a <b> c"),
    ],
)
def test_somebodys_words_are_as_people_read_them(sent: str, read: str) -> None:
    assert plain(sent) == read
