"""Sessions among a server's events, over a real socket: one for each, moved and taken out with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.message import Message, Paragraph, Text
from bot.platforms.base import Kind, Parcel, Receipt, SendError
from tests.platforms.discord_sender import HOME, Sender, careful
from tests.platforms.fakes.discord import Channel, FakeDiscord, Permission
from tests.platforms.fakes.discord.state import VOICE, ScheduledEvent

CREATE = "POST /guilds/{guild}/scheduled-events"
CHANGE = "PATCH /guilds/{guild}/scheduled-events/{event}"
DELETE = "DELETE /guilds/{guild}/scheduled-events/{event}"
IN_VOICE, ELSEWHERE = 2, 3
HOUR = timedelta(hours=1)
LINK = "https://meet.example.org/x"


class Stage(Sender):
    """A server with a cohort's category, which the bot made, and sessions to put among its events."""

    def __init__(self, discord: FakeDiscord) -> None:
        super().__init__(discord)
        self.room = ""
        self.starts = self.now().replace(microsecond=0) + timedelta(days=1)

    def parcel(self, **more: object) -> Parcel:
        parcel = Parcel(
            key="event/session:1/r0",
            kind=Kind.EVENT,
            workspace=str(self.guild.id),
            room=self.room,
            occasion="session:1",
            title="Deploy Together: Set out",
            starts=self.starts,
            ends=self.starts + HOUR,
        )
        return replace(parcel, **more)  # type: ignore[arg-type]

    @property
    def events(self) -> list[ScheduledEvent]:
        return list(self.guild.events.values())

    @property
    def voice(self) -> Channel:
        return next(one for one in self.guild.rooms(VOICE) if one.name == HOME)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with FakeDiscord() as discord, careful(Stage(discord)) as stage:
        stage.room = await stage.makes_room()
        yield stage


async def test_a_session_is_an_event_in_the_cohorts_voice_channel(stage: Stage) -> None:
    receipt = await stage.platform.send(stage.parcel())
    [event] = stage.events
    assert receipt.id == str(event.id)
    assert (event.type, event.channel_id) == (IN_VOICE, stage.voice.id)
    assert event.name == "Deploy Together: Set out"
    assert datetime.fromisoformat(event.starts) == stage.starts
    assert datetime.fromisoformat(event.ends or "") == stage.starts + HOUR
    assert f"<#{stage.room}>" in (event.description or "")


@pytest.mark.parametrize("place", [LINK, "Room 12"])
async def test_a_session_elsewhere_says_where(stage: Stage, place: str) -> None:
    await stage.platform.send(stage.parcel(place=place))
    [event] = stage.events
    assert (event.type, event.location, event.channel_id) == (ELSEWHERE, place, None)


async def test_a_link_that_is_too_long_is_not_cut_but_found_in_the_room(stage: Stage) -> None:
    await stage.platform.send(stage.parcel(place=LINK + "y" * 100))
    assert stage.events[0].location == "#deploy-together-7"


async def test_a_session_in_writing_is_in_the_room(stage: Stage) -> None:
    await stage.platform.send(stage.parcel(place="chat"))
    assert (stage.events[0].type, stage.events[0].location) == (ELSEWHERE, "#deploy-together-7")


async def test_without_a_voice_channel_the_room_is_where(stage: Stage) -> None:
    stage.guild.drop_channel(stage.voice)
    await stage.platform.send(stage.parcel())
    assert (stage.events[0].type, stage.events[0].location) == (ELSEWHERE, "#deploy-together-7")


async def test_a_title_as_long_as_they_get_fits(stage: Stage) -> None:
    await stage.platform.send(stage.parcel(title="long " * 80))
    assert 90 < len(stage.events[0].name) <= 100


@pytest.mark.parametrize("place", ["", LINK])
async def test_a_moved_session_is_the_same_event(stage: Stage, place: str) -> None:
    first = await stage.platform.send(stage.parcel())
    later = stage.starts + timedelta(days=2)
    moved = stage.parcel(key="event/session:1/r1", starts=later, ends=later + HOUR, place=place)
    assert await stage.started().send(moved) == first
    [event] = stage.events
    assert datetime.fromisoformat(event.starts) == later
    assert event.location == (place or None)


async def test_a_cancelled_session_is_no_event_any_more(stage: Stage) -> None:
    await stage.platform.send(stage.parcel())
    gone = stage.parcel(key="event/session:1/r1", gone=True)
    for _ in range(2):
        assert await stage.platform.send(gone) == Receipt("")
        assert stage.events == []


@pytest.mark.parametrize("how", ["lost answer", "error after it was done", "error before"])
async def test_an_event_whose_answer_was_lost_is_there_once(stage: Stage, how: str) -> None:
    match how:
        case "lost answer":
            stage.discord.lose_answer(CREATE)
        case "error after it was done":
            stage.discord.fail_after(CREATE, 502)
        case _:
            stage.discord.fail(CREATE, 500)
    receipt = await stage.delivered(stage.parcel())
    assert [str(one.id) for one in stage.events] == [receipt.id]


@pytest.mark.parametrize("route", [CHANGE, DELETE])
async def test_a_change_whose_answer_was_lost_is_made_once(stage: Stage, route: str) -> None:
    await stage.platform.send(stage.parcel())
    stage.discord.lose_answer(route)
    later = stage.starts + HOUR
    await stage.delivered(stage.parcel(starts=later, ends=later + HOUR, gone=route == DELETE))
    assert [datetime.fromisoformat(one.starts) for one in stage.events] == ([] if route == DELETE else [later])


async def test_sessions_and_cohorts_have_events_of_their_own(stage: Stage) -> None:
    other = await stage.makes_room("Other")
    await stage.platform.send(stage.parcel())
    await stage.platform.send(stage.parcel(occasion="session:2"))
    await stage.platform.send(stage.parcel(room=other))
    assert len(stage.events) == 3
    await stage.platform.send(stage.parcel(room=other, gone=True))
    assert len(stage.events) == 2


async def test_an_event_that_somebody_took_out_by_hand_comes_back_with_the_next_change(stage: Stage) -> None:
    await stage.platform.send(stage.parcel())
    stage.guild.events.clear()
    await stage.platform.send(stage.parcel(key="event/session:1/r1"))
    assert len(stage.events) == 1


async def test_an_event_that_was_begun_early_can_still_be_moved(stage: Stage) -> None:
    await stage.platform.send(stage.parcel())
    stage.events[0].status = 2
    later = stage.starts + HOUR
    await stage.platform.send(stage.parcel(starts=later, ends=later + HOUR))
    assert [(one.status, datetime.fromisoformat(one.starts)) for one in stage.events] == [(1, later)]


@pytest.mark.parametrize("seconds", [-3600, 0, 30])
async def test_what_is_past_or_about_to_begin_is_left_out_quietly(stage: Stage, seconds: int) -> None:
    starts = stage.now() + timedelta(seconds=seconds)
    assert await stage.platform.send(stage.parcel(starts=starts, ends=starts + HOUR)) == Receipt("")
    assert stage.events == []


async def test_who_may_make_no_events_says_which_permission_is_missing(stage: Stage) -> None:
    stage.guild.deny_bot(Permission.CREATE_EVENTS)
    stage.guild.everyone.permissions &= ~Permission.CREATE_EVENTS
    own = stage.voice.overwrites[stage.discord.bot.id]
    stage.voice.overwrites[own.id] = replace(own, allow=own.allow & ~Permission.CREATE_EVENTS)
    assert await stage.refused(stage.parcel(place=LINK)) == ("missing-permission", "Create Events")
    assert await stage.refused(stage.parcel()) == ("missing-permission", "Create Events")


async def test_a_server_with_a_hundred_events_is_full(stage: Stage) -> None:
    stage.discord.fail(CREATE, 400, code=30038)
    assert await stage.refused(stage.parcel()) == ("server-full", "")


async def test_a_cohort_whose_room_is_gone_has_no_events(stage: Stage) -> None:
    stage.guild.drop_channel(stage.guild.channel(int(stage.room)))
    assert await stage.refused(stage.parcel()) == ("room-gone", "")


async def test_somebody_elses_event_with_our_mark_is_left_alone(stage: Stage) -> None:
    await stage.platform.send(stage.parcel())
    [copied] = stage.events
    copied.creator = stage.guild.owner.user
    await stage.platform.send(stage.parcel(gone=True))
    assert stage.events == [copied]


async def test_limits_are_waited_for(stage: Stage) -> None:
    stage.discord.rate_limit(CREATE, 60)
    with pytest.raises(SendError) as refused:
        await stage.platform.send(stage.parcel())
    assert (refused.value.reason, refused.value.permanent) == ("rate-limited", False)
    assert stage.events == []


async def test_no_message_is_posted_for_an_event(stage: Stage) -> None:
    words = Message(blocks=(Paragraph((Text("never shown"),)),))
    await stage.platform.send(stage.parcel(message=words))
    assert stage.guild.channel(int(stage.room)).messages == []
