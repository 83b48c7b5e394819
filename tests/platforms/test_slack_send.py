"""The way out to Slack, over a real socket: nothing lost, nothing double, and every refusal in our own words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bot.delivery import LEASE
from bot.message import Card, File, Listing, Mention, Message, Paragraph, Quote, Text
from bot.platforms.base import Kind, Parcel, Profile, Receipt, SendError
from bot.platforms.slack.api import TIMEOUT
from bot.platforms.slack.draw import draw
from bot.platforms.slack.errors import PASSING, TABLE, UNCERTAIN, refusal
from bot.platforms.slack.rooms import mark, namesakes, room_name
from bot.platforms.slack.send import SETTLING, WITHIN, SlackPlatform, file_name
from bot.platforms.slack.setup import Installed, Setup
from bot.words import Words
from tests.platforms.fakes.slack import Channel, FakeSlack, Person, Team

SHORT = Message(blocks=(Paragraph((Text("See you at four."),)),))
LONG = Message(blocks=tuple(Paragraph((Text(f"Part {letter}. " + "word " * 280),)) for letter in "ABCD"))


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
async def stage(slack: FakeSlack) -> AsyncIterator[Stage]:
    stage = Stage(slack)
    yield stage
    await stage.close()


class Stage:
    """A workspace with Ana and a room, and a bot that only sends."""

    def __init__(self, slack: FakeSlack) -> None:
        self.slack = slack
        self.team: Team = slack.add_team("Acme")
        self.ana: Person = self.team.add_person("Ana Lima", tz="America/Sao_Paulo", email="ana@example.org")
        self.room: Channel = self.team.add_channel("cohort-1", self.team.bot, private=True)
        self._platforms: list[SlackPlatform] = []
        self.platform = self.started()

    def started(self, *, minimal: bool = False, tokens: tuple[str, ...] = ()) -> SlackPlatform:
        """A bot that has just been started, and knows nothing of what was sent before."""
        installed = tuple(Installed(bot_token=token) for token in tokens or (self.team.bot_token,))
        setup = Setup(api_url=self.slack.api_url, installed=installed, minimal=minimal)
        platform = SlackPlatform(setup, Words(()), now, settling=0.01)
        self._platforms.append(platform)
        return platform

    async def close(self) -> None:
        for platform in self._platforms:
            await platform.close()

    def parcel(self, kind: Kind = Kind.POST, key: str = "hello", **more: object) -> Parcel:
        parcel = Parcel(key=key, kind=kind, workspace=self.team.id, message=SHORT)
        return replace(parcel, **more)  # type: ignore[arg-type]

    def to_room(self, **more: object) -> Parcel:
        return self.parcel(room=self.room.id, **more)  # type: ignore[arg-type]

    async def delivered(self, parcel: Parcel, platform: SlackPlatform | None = None) -> Receipt:
        """As delivery does it: what is uncertain is looked for, what is not there is sent again."""
        platform = platform or self.platform
        try:
            return await platform.send(parcel)
        except OSError:
            again = replace(parcel, attempted_at=now())
            return await platform.find(again) or await platform.send(again)

    def calls(self, method: str) -> int:
        return sum(call.method == method for call in self.slack.calls)


def tried(parcel: Parcel) -> Parcel:
    return replace(parcel, attempted_at=now())


def parts(channel: Channel) -> list[object]:
    return [message.metadata and message.metadata["event_payload"]["part"] for message in channel.messages]


# Messages.


async def test_a_message_to_a_room_arrives_once_without_previews_and_its_receipt_says_where(stage: Stage) -> None:
    receipt = await stage.platform.send(stage.to_room())
    [message] = stage.room.messages
    assert receipt.id == f"{stage.room.id}:{message.ts}"
    assert "See you at four." in message.text
    call = next(call for call in stage.slack.calls if call.method == "chat.postMessage")
    assert (call.args["unfurl_links"], call.args["unfurl_media"]) == ("false", "false")


async def test_a_message_to_a_person_opens_their_direct_messages_once(stage: Stage) -> None:
    await stage.platform.send(stage.parcel(account=stage.ana.user.id, key="one"))
    receipt = await stage.platform.send(stage.parcel(account=stage.ana.user.id, key="two"))
    assert stage.calls("conversations.open") == 1
    dm = stage.team.direct(stage.ana.user.id)
    assert len(dm.messages) == 2
    assert receipt.id.startswith(f"{dm.id}:")


async def test_an_answer_stands_beneath_the_message_it_answers(stage: Stage) -> None:
    first = await stage.platform.send(stage.to_room())
    await stage.platform.send(stage.to_room(key="recap", thread=first.id))
    assert stage.room.messages[1].thread_ts == stage.room.messages[0].ts


@pytest.mark.parametrize("thread", [False, True])
async def test_a_message_whose_answer_was_lost_is_found_and_not_doubled(stage: Stage, thread: bool) -> None:
    beneath = (await stage.platform.send(stage.to_room(key="first"))).id if thread else None
    stage.slack.lose_answer("chat.postMessage")
    receipt = await stage.delivered(stage.to_room(thread=beneath))
    assert len(stage.room.messages) == 1 + thread
    assert receipt.id.endswith(stage.room.messages[-1].ts)


async def test_a_message_that_never_arrived_before_the_line_broke_is_sent_again(stage: Stage) -> None:
    stage.slack.fail("chat.postMessage", 500)
    await stage.delivered(stage.to_room())
    assert len(stage.room.messages) == 1


async def test_a_message_that_arrived_although_slack_answered_500_is_not_doubled(stage: Stage) -> None:
    stage.slack.fail("chat.postMessage", 500, after=True)
    await stage.delivered(stage.to_room())
    assert len(stage.room.messages) == 1


@pytest.mark.parametrize("code", sorted(UNCERTAIN))
async def test_an_error_inside_slack_leaves_open_what_happened(stage: Stage, code: str) -> None:
    stage.slack.fail_error("chat.postMessage", code)
    with pytest.raises(OSError):
        await stage.platform.send(stage.to_room())


async def test_a_started_again_bot_finds_what_the_one_before_it_sent(stage: Stage) -> None:
    receipt = await stage.platform.send(stage.parcel(account=stage.ana.user.id))
    found = await stage.started().find(tried(stage.parcel(account=stage.ana.user.id)))
    assert found == receipt


async def test_a_message_of_another_effect_or_of_a_person_is_not_taken_for_it(stage: Stage) -> None:
    await stage.platform.send(stage.to_room(key="another"))
    copied = replace(stage.room.messages[0], ts=stage.slack.ts(), user=stage.ana.user.id, bot_id="")
    stage.room.messages.append(copied)
    assert await stage.platform.find(tried(stage.to_room())) is None
    assert await stage.platform.find(tried(stage.to_room(key="another"))) != Receipt(f"{stage.room.id}:{copied.ts}")


async def test_a_message_is_found_behind_many_newer_ones(stage: Stage) -> None:
    receipt = await stage.platform.send(stage.to_room())
    stage.room.messages += [replace(stage.room.messages[0], ts=stage.slack.ts(), metadata=None) for _ in range(450)]
    assert await stage.platform.find(tried(stage.to_room())) == receipt
    assert stage.calls("conversations.history") == 3


async def test_an_app_outside_the_marketplace_gets_small_pages_and_still_finds_its_message(stage: Stage) -> None:
    stage.team.app.distributed = True
    receipt = await stage.platform.send(stage.to_room())
    assert await stage.platform.find(tried(stage.to_room())) == receipt


async def test_who_may_not_read_the_history_says_that_it_cannot_verify(stage: Stage) -> None:
    stage.team.take_scope("groups:history")
    with pytest.raises(SendError) as refused:
        await stage.platform.find(tried(stage.to_room()))
    assert (refused.value.reason, refused.value.permanent) == ("cannot-verify", True)
    assert "groups:history" in refused.value.detail


async def test_a_slack_that_cannot_be_reached_got_nothing(stage: Stage) -> None:
    await stage.platform.workspaces.open()
    await stage.slack.stop()
    with pytest.raises((SendError, OSError)):
        await stage.platform.send(stage.to_room(key="over the connection that was open"))
    with pytest.raises(SendError) as refused:
        await stage.platform.send(stage.parcel(room="C0"))
    assert (refused.value.reason, refused.value.permanent) == ("unreachable", False)


# Long messages.


async def test_a_long_message_comes_in_parts_in_order_and_its_receipt_is_the_first(stage: Stage) -> None:
    assert len(draw(LONG)) > 1
    receipt = await stage.platform.send(stage.to_room(message=LONG))
    assert parts(stage.room) == list(range(1, len(draw(LONG)) + 1))
    assert receipt.id.endswith(stage.room.messages[0].ts)


async def test_a_bot_that_died_between_two_parts_sends_only_what_is_missing(stage: Stage) -> None:
    await stage.platform.send(stage.to_room(message=LONG))
    first = stage.room.messages[0]
    stage.room.messages[:] = [first]
    found = await stage.started().find(tried(stage.to_room(message=LONG)))
    assert found == Receipt(f"{stage.room.id}:{first.ts}")
    assert parts(stage.room) == list(range(1, len(draw(LONG)) + 1))


@pytest.mark.parametrize("how", ["rate limit", "lost answer", "error 500"])
async def test_trouble_with_the_second_part_neither_loses_nor_doubles_one(stage: Stage, how: str) -> None:
    second = {"event_type": "caravan_effect", "event_payload": {"key": "hello", "part": 2}}
    match how:
        case "rate limit":
            stage.slack.rate_limit("chat.postMessage", 1, metadata=second)
        case "lost answer":
            stage.slack.lose_answer("chat.postMessage", metadata=second)
        case _:
            stage.slack.fail("chat.postMessage", metadata=second)
    with pytest.raises(OSError):
        await stage.platform.send(stage.to_room(message=LONG))
    assert parts(stage.room)[0] == 1
    await stage.platform.find(tried(stage.to_room(message=LONG)))
    assert parts(stage.room) == list(range(1, len(draw(LONG)) + 1))


# Edits and pins.


async def test_a_message_is_changed_in_its_place(stage: Stage) -> None:
    receipt = await stage.platform.send(stage.to_room())
    later = Message(blocks=(Paragraph((Text("See you at five."),)),))
    assert await stage.platform.send(stage.parcel(Kind.EDIT, "move", message=later, target=receipt.id)) == receipt
    [message] = stage.room.messages
    assert "five" in message.text


async def test_what_no_longer_fits_into_a_message_follows_beneath_it_once(stage: Stage) -> None:
    receipt = await stage.platform.send(stage.to_room())
    edit = stage.parcel(Kind.EDIT, "more", message=LONG, target=receipt.id)
    await stage.platform.send(edit)
    await stage.platform.send(replace(edit, key="more still"))
    first, *rest = stage.room.messages
    assert len(rest) == len(draw(LONG)) - 1
    assert {message.thread_ts for message in rest} == {first.ts}


@pytest.mark.parametrize("code", ["message_not_found", "cant_update_message", "edit_window_closed"])
async def test_a_message_that_cannot_be_changed_any_more_is_gone_for_good(stage: Stage, code: str) -> None:
    stage.slack.fail_error("chat.update", code)
    with pytest.raises(SendError) as refused:
        await stage.platform.send(stage.parcel(Kind.EDIT, target=f"{stage.room.id}:1.2"))
    assert (refused.value.reason, refused.value.permanent) == ("message-gone", True)


async def test_a_welcome_is_pinned_also_when_the_bot_died_before_it_could(stage: Stage) -> None:
    await stage.platform.send(stage.to_room())
    await stage.started().find(tried(stage.to_room(pin=True)))
    await stage.started().find(tried(stage.to_room(pin=True)))
    assert stage.room.pins == [stage.room.messages[0].ts]


@pytest.mark.parametrize("code", ["missing_scope", "unknown_method", "already_pinned"])
async def test_a_message_counts_as_sent_whatever_becomes_of_its_pin(stage: Stage, code: str) -> None:
    stage.slack.fail_error("pins.add", code)
    receipt = await stage.platform.send(stage.to_room(pin=True))
    assert receipt.id.endswith(stage.room.messages[0].ts)


async def test_a_pin_that_must_wait_does_not_bring_the_message_twice(stage: Stage) -> None:
    stage.slack.rate_limit("pins.add", 1)
    with pytest.raises(OSError):
        await stage.platform.send(stage.to_room(pin=True))
    await stage.platform.find(tried(stage.to_room(pin=True)))
    assert len(stage.room.messages) == len(stage.room.pins) == 1


# Rooms.


def made(stage: Stage) -> list[Channel]:
    return [channel for channel in stage.team.channels.values() if channel.creator == stage.team.bot.id]


@pytest.mark.parametrize(
    ("ours", "slacks"),
    [
        ("Value Accelerator, spring 2027", "value-accelerator-spring-2027"),
        ("Größe & Ünïcode", "grosse-unicode"),
        ("v1.2_final", "v1-2_final"),
        ("  --  ", None),
        ("🌍", None),
        ("日本語 コース", "日本語-コース"),
        ("x" * 200, "x" * 80),
    ],
)
def test_a_room_is_called_as_slack_lets_it(ours: str, slacks: str | None) -> None:
    name = room_name(ours)
    assert name == (slacks or name)
    assert 0 < len(name) <= 80
    assert all(len(one) <= 80 for one in namesakes(name))


async def test_a_room_is_private_and_named_and_says_what_it_is_about(stage: Stage) -> None:
    parcel = stage.parcel(Kind.ROOM, "room/7", name="Deploy Together 7", title="We ship on Fridays.", message=None)
    receipt = await stage.platform.send(parcel)
    room = stage.team.channels[receipt.id]
    assert (room.name, room.kind, room.topic) == ("deploy-together-7", "private", "We ship on Fridays.")
    assert mark("room/7") in room.purpose


async def test_a_room_whose_answer_was_lost_is_found_and_finished(stage: Stage) -> None:
    stage.slack.lose_answer("conversations.create")
    receipt = await stage.delivered(stage.parcel(Kind.ROOM, "room/7", name="Seven", title="Topic"))
    assert [(room.id, room.topic, room.purpose) for room in made(stage)] == [(receipt.id, "Topic", mark("room/7"))]


@pytest.mark.parametrize("step", ["conversations.setPurpose", "conversations.setTopic"])
@pytest.mark.parametrize("how", ["lost answer", "rate limit"])
async def test_a_room_that_was_left_half_done_is_finished_and_not_made_twice(stage: Stage, step: str, how: str) -> None:
    if how == "lost answer":
        stage.slack.lose_answer(step)
    else:
        stage.slack.rate_limit(step, 1)
    receipt = await stage.delivered(stage.parcel(Kind.ROOM, "room/7", name="Seven", title="Topic"))
    assert [room.id for room in made(stage)] == [receipt.id]


async def test_a_room_takes_another_name_when_others_have_its_own(stage: Stage) -> None:
    stage.team.add_channel("seven", stage.ana, private=True)
    stage.team.add_channel("seven-2")
    receipt = await stage.platform.send(stage.parcel(Kind.ROOM, name="Seven"))
    assert stage.team.channels[receipt.id].name == "seven-3"


async def test_two_cohorts_of_one_name_asked_for_at_once_get_a_room_each(stage: Stage) -> None:
    one, two = await asyncio.gather(
        *(stage.platform.send(stage.parcel(Kind.ROOM, key, name="Seven")) for key in ("room/1", "room/2"))
    )
    assert one != two


async def test_the_same_room_asked_for_twice_is_the_same_room(stage: Stage) -> None:
    parcel = stage.parcel(Kind.ROOM, "room/7", name="Seven")
    assert await stage.platform.send(parcel) == await stage.platform.send(parcel)


async def test_the_room_of_a_former_cohort_is_never_taken(stage: Stage) -> None:
    receipt = await stage.platform.send(stage.parcel(Kind.ROOM, "room/7", name="Seven"))
    stage.team.channels[receipt.id].created -= 3600
    parcel = tried(stage.parcel(Kind.ROOM, "room/7", name="Seven"))
    assert await stage.platform.find(parcel) is None
    assert (await stage.platform.send(parcel)) != receipt


@pytest.mark.parametrize("why", ["minimal", "restricted", "scope"])
async def test_who_may_not_make_rooms_takes_the_one_that_a_facilitator_made_or_asks_for_it(
    stage: Stage, why: str
) -> None:
    platform = stage.started(minimal=why == "minimal")
    stage.team.channel_creation_restricted = why == "restricted"
    if why == "scope":
        stage.team.take_scope("groups:write")
    parcel = stage.parcel(Kind.ROOM, name="Deploy Together")
    stage.team.add_channel("deploy-together", stage.ana, private=True)
    with pytest.raises(SendError) as refused:
        await platform.send(parcel)
    assert (refused.value.reason, refused.value.permanent) == ("room-by-hand", True)
    assert refused.value.detail == "deploy-together"
    stage.team.channel("deploy-together").members.append(stage.team.bot.id)
    assert (await platform.send(parcel)).id == stage.team.channel("deploy-together").id


# Members.


async def test_inviting_and_removing_twice_changes_nothing(stage: Stage) -> None:
    seat = stage.to_room(account=stage.ana.user.id)
    for _ in range(2):
        await stage.platform.send(replace(seat, kind=Kind.INVITE))
        assert stage.room.members.count(stage.ana.user.id) == 1
    for _ in range(2):
        await stage.platform.send(replace(seat, kind=Kind.REMOVE))
        assert stage.ana.user.id not in stage.room.members


async def test_who_cannot_be_invited_is_named_with_the_reason(stage: Stage) -> None:
    guest = stage.team.add_person("Guest", kind="single_channel_guest")
    stage.team.add_channel("elsewhere", guest)
    left = stage.team.add_person("Left", kind="deactivated")
    foreign = stage.team.add_person("Foreign", kind="connect")
    for person, reason in ((guest, "guest-elsewhere"), (left, "person-gone"), (foreign, "from-outside")):
        with pytest.raises(SendError) as refused:
            await stage.platform.send(stage.to_room(kind=Kind.INVITE, account=person.user.id))
        assert (refused.value.reason, refused.value.permanent) == (reason, True)


async def test_the_bot_that_is_no_member_says_so_when_it_should_invite(stage: Stage) -> None:
    public = stage.team.add_channel("public")
    with pytest.raises(SendError) as refused:
        await stage.platform.send(stage.parcel(Kind.INVITE, room=public.id, account=stage.ana.user.id))
    assert refused.value.reason == "not-in-room"


# Files and links.

PICTURE = File(name="scores.png", media_type="image/png", content=b"\x89PNG...", alt="Scores, rising")


async def test_a_file_arrives_with_its_words_its_name_and_what_it_shows(stage: Stage) -> None:
    await stage.platform.send(stage.parcel(Kind.UPLOAD, account=stage.ana.user.id, file=PICTURE))
    [message] = stage.team.direct(stage.ana.user.id).messages
    file = stage.team.files[message.files[0]]
    assert "See you at four." in message.text
    assert (file.title, file.alt, file.content) == ("scores.png", "Scores, rising", PICTURE.content)
    assert file.name == file_name("scores.png", "hello")


@pytest.mark.parametrize("step", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_a_file_whose_answer_was_lost_is_found_and_not_doubled(stage: Stage, step: str) -> None:
    stage.slack.lose_answer(step)
    receipt = await stage.delivered(stage.to_room(kind=Kind.UPLOAD, file=PICTURE))
    [message] = stage.room.messages
    assert receipt.id == f"{stage.room.id}:{message.files[0]}"


async def test_a_bookmark_is_set_once(stage: Stage) -> None:
    parcel = stage.to_room(kind=Kind.BOOKMARK, title="Calendar", url="https://example.org/a.ics", message=None)
    stage.slack.lose_answer("bookmarks.add")
    receipt = await stage.delivered(parcel)
    assert await stage.platform.send(tried(parcel)) == receipt
    assert [bookmark["id"] for bookmark in stage.room.bookmarks] == [receipt.id]


async def test_a_bookmark_is_set_also_by_who_may_not_read_them(stage: Stage) -> None:
    stage.team.take_scope("bookmarks:read")
    parcel = stage.to_room(kind=Kind.BOOKMARK, title="Calendar", url="https://example.org/a.ics", message=None)
    await stage.platform.send(tried(parcel))
    assert len(stage.room.bookmarks) == 1
    with pytest.raises(SendError) as refused:
        await stage.platform.find(tried(parcel))
    assert refused.value.reason == "cannot-verify"


# Limits.


async def test_a_429_holds_up_its_own_room_and_no_other(stage: Stage) -> None:
    other = stage.team.add_channel("other", stage.team.bot, private=True)
    stage.slack.rate_limit("chat.postMessage", 20)
    for _ in range(2):
        with pytest.raises(SendError) as refused:
            await stage.platform.send(stage.to_room())
        assert (refused.value.reason, refused.value.permanent) == ("rate-limited", False)
        assert refused.value.retry_after == pytest.approx(20, abs=2)
    await stage.platform.send(stage.parcel(room=other.id))
    assert stage.slack.rate_limited == 1
    assert len(other.messages) == 1


async def test_a_burst_to_many_rooms_is_never_refused(stage: Stage) -> None:
    stage.slack.enforce_limits = True
    rooms = [stage.team.add_channel(f"r{number}", stage.team.bot, private=True) for number in range(120)]
    refused: list[str] = []

    async def two_posts(room: Channel) -> None:
        """One after the other, as delivery sends what goes to one room."""
        for turn in range(2):
            try:
                await stage.platform.send(stage.parcel(room=room.id, key=f"{room.id}/{turn}"))
            except SendError as error:
                refused.append(error.reason)

    await asyncio.gather(*(two_posts(room) for room in rooms))
    assert set(refused) <= {"rate-limited"}
    assert sum(len(room.messages) for room in rooms) == 2 * len(rooms) - len(refused) >= 200
    assert stage.slack.rate_limited == 0


async def test_more_rooms_than_slack_makes_in_a_minute_wait_without_being_refused(stage: Stage) -> None:
    stage.slack.enforce_limits = True
    parcels = [stage.parcel(Kind.ROOM, f"room/{number}", name=f"Room {number}") for number in range(25)]
    results = await asyncio.gather(*(stage.platform.send(parcel) for parcel in parcels), return_exceptions=True)
    waiting = [result for result in results if isinstance(result, SendError)]
    assert len(waiting) == 5
    assert all(error.retry_after is not None and error.retry_after > 30 for error in waiting)
    assert stage.slack.rate_limited == 0


# Refusals.


@pytest.mark.parametrize(("code", "reason"), sorted(TABLE.items()))
async def test_every_word_of_slack_has_one_of_ours(stage: Stage, code: str, reason: str) -> None:
    stage.slack.fail_error("chat.postMessage", code)
    with pytest.raises(SendError) as refused:
        await stage.platform.send(stage.to_room())
    assert refused.value.reason == reason
    assert refused.value.permanent == (reason not in PASSING)
    assert (refused.value.retry_after is None) == refused.value.permanent


async def test_a_word_that_nobody_knows_is_passed_on(stage: Stage) -> None:
    stage.slack.fail_error("chat.postMessage", "something_new")
    with pytest.raises(SendError) as refused:
        await stage.platform.send(stage.to_room())
    assert (refused.value.reason, refused.value.detail, refused.value.permanent) == ("other", "something_new", True)


def test_a_missing_scope_is_named() -> None:
    error = refusal("missing_scope", needed="pins:write")
    assert isinstance(error, SendError)
    assert (error.reason, error.detail) == ("missing-scope", "pins:write")


async def test_rooms_and_people_that_are_gone_or_closed_are_told_apart(stage: Stage) -> None:
    left = stage.team.add_person("Left", kind="deactivated")
    closed = stage.team.add_person("Closed")
    closed.user.dms_closed = True
    archived = stage.team.add_channel("old", stage.team.bot, private=True)
    archived.archived = True
    foreign = stage.team.add_channel("foreign", stage.ana, private=True)
    public = stage.team.add_channel("public")
    stage.team.take_scope("chat:write.public")
    for more, reason in (
        ({"account": left.user.id}, "person-gone"),
        ({"account": closed.user.id}, "dm-closed"),
        ({"account": stage.team.bot.id}, "dm-closed"),
        ({"room": archived.id}, "room-archived"),
        ({"room": foreign.id}, "room-gone"),
        ({"room": public.id}, "not-in-room"),
    ):
        with pytest.raises(SendError) as refused:
            await stage.platform.send(stage.parcel(**more))  # type: ignore[arg-type]
        assert (refused.value.reason, refused.value.permanent) == (reason, True)


async def test_direct_messages_that_the_app_does_not_take_are_closed(stage: Stage) -> None:
    stage.team.app.messages_tab = False
    with pytest.raises(SendError) as refused:
        await stage.platform.send(stage.parcel(account=stage.ana.user.id))
    assert refused.value.reason == "dm-closed"


# Workspaces.


async def test_two_workspaces_never_use_each_others_token(stage: Stage) -> None:
    other = stage.slack.add_team("Bravo")
    room = other.add_channel("cohort-1", other.bot, private=True)
    platform = stage.started(tokens=(stage.team.bot_token, other.bot_token))
    await platform.send(stage.to_room())
    await platform.send(stage.parcel(room=room.id, workspace=other.id))
    assert (len(stage.room.messages), len(room.messages)) == (1, 1)
    with pytest.raises(SendError) as refused:
        await platform.send(stage.parcel(room=room.id))
    assert refused.value.reason == "room-gone"
    assert [call.team for call in stage.slack.calls if call.args.get("channel") == room.id] == [other.id, stage.team.id]


async def test_what_is_for_an_unknown_workspace_waits(stage: Stage) -> None:
    with pytest.raises(SendError) as refused:
        await stage.platform.send(stage.parcel(workspace="T0", room=stage.room.id))
    assert (refused.value.reason, refused.value.permanent, refused.value.retry_after) == ("platform-off", False, 300)


async def test_a_token_that_slack_refuses_does_not_stop_the_others_and_is_tried_again(stage: Stage) -> None:
    other = stage.slack.add_team("Bravo")
    other.revoked.add(other.bot_token)
    platform = stage.started(tokens=(other.bot_token, stage.team.bot_token))
    platform.hears = True
    with capture_logs() as logs:
        await platform.send(stage.to_room())
    assert not platform.connected
    assert [(log["ordinal"], log["reason"]) for log in logs if "off" in log["event"]] == [(1, "token-revoked")]
    assert other.bot_token not in str(logs)
    other.revoked.clear()
    await platform.workspaces.retry()
    assert platform.connected
    assert platform.workspaces.of(other.id).name == "Bravo"


async def test_a_token_revoked_meanwhile_makes_messages_wait_until_it_works_again(stage: Stage) -> None:
    await stage.platform.workspaces.open()
    stage.team.revoked.add(stage.team.bot_token)
    for _ in range(2):
        with pytest.raises(SendError) as refused:
            await stage.platform.send(stage.to_room())
        error = refused.value
        assert (error.reason, error.permanent, error.retry_after) == ("token-revoked", False, 300)
    assert stage.calls("chat.postMessage") == 1
    stage.team.revoked.clear()
    await stage.platform.workspaces.retry()
    await stage.platform.send(stage.to_room())
    assert len(stage.room.messages) == 1


async def test_a_workspace_that_sent_the_bot_away_is_asked_nothing_until_it_comes_back(stage: Stage) -> None:
    workspaces = stage.platform.workspaces
    await workspaces.open()
    workspaces.drop(stage.team.id)
    with pytest.raises(SendError) as refused:
        await stage.platform.send(stage.to_room())
    assert refused.value.reason == "token-revoked"
    assert list(workspaces) == []
    await workspaces.add(Installed(bot_token=stage.team.bot_token))
    await stage.platform.send(stage.to_room())
    assert [workspace.team for workspace in workspaces] == [stage.team.id]


async def test_a_slack_that_is_away_at_the_start_is_asked_again(stage: Stage) -> None:
    stage.slack.downtime(60)
    await stage.platform.workspaces.open()
    assert not stage.platform.workspaces.complete
    stage.slack.downtime(0)
    await stage.platform.workspaces.retry()
    assert stage.platform.workspaces.complete


async def test_opened_from_many_sides_at_once_slack_is_asked_once(stage: Stage) -> None:
    await asyncio.gather(*(stage.platform.workspaces.open() for _ in range(5)))
    assert stage.calls("auth.test") == 1
    [workspace] = stage.platform.workspaces
    assert (workspace.bot_user, workspace.bot_id) == (stage.team.bot.id, stage.team.bot.bot_id)
    assert workspace.url == f"https://{stage.team.domain}.slack.com/"


# People.


async def test_people_are_asked_for_once_and_news_of_them_counts(stage: Stage) -> None:
    await stage.platform.workspaces.open()
    workspace = stage.platform.workspaces.of(stage.team.id)
    ana = Profile("Ana Lima", "America/Sao_Paulo", "ana@example.org")
    assert [await workspace.profile(stage.ana.user.id) for _ in range(3)] == [ana] * 3
    assert stage.calls("users.info") == 1
    workspace.seen({"id": stage.ana.user.id, "real_name": "Ana Souza", "tz": "Europe/Lisbon", "profile": {}})
    assert await workspace.profile(stage.ana.user.id) == Profile("Ana Souza", "Europe/Lisbon")
    assert stage.calls("users.info") == 1


@pytest.mark.parametrize("trouble", ["missing_scope", "user_not_found", "internal_error"])
async def test_whoever_slack_says_nothing_of_has_no_name_for_a_minute(stage: Stage, trouble: str) -> None:
    await stage.platform.workspaces.open()
    workspace = stage.platform.workspaces.of(stage.team.id)
    stage.slack.fail_error("users.info", trouble)
    assert [await workspace.profile(stage.ana.user.id) for _ in range(2)] == [Profile("")] * 2
    assert stage.calls("users.info") == 1


async def test_nothing_that_is_said_or_secret_stands_in_a_log_or_an_error(stage: Stage) -> None:
    stage.slack.fail_error("chat.postMessage", "invalid_blocks")
    stage.slack.fail_error("pins.add", "missing_scope")
    with capture_logs() as logs:
        with pytest.raises(SendError) as refused:
            await stage.platform.send(stage.to_room())
        await stage.platform.send(stage.to_room(pin=True))
    said = f"{logs}{refused.value}{refused.value.__cause__}"
    assert "not pinned" in said
    assert stage.team.bot_token not in said
    assert "See you" not in said
    assert stage.team.bot_token not in f"{stage.platform.setup}"


def test_the_slowest_parcel_ends_before_delivery_gives_its_work_to_another() -> None:
    slowest = (TIMEOUT.total or 0) + SETTLING + WITHIN
    assert timedelta(seconds=slowest) < LEASE


# Lines for one alone, and small groups.


async def test_a_line_for_one_alone_is_seen_by_them_and_by_nobody_else(stage: Stage) -> None:
    stage.room.members.append(stage.ana.user.id)
    ben = stage.team.add_person("Ben")
    stage.room.members.append(ben.user.id)
    await stage.platform.send(stage.to_room(kind=Kind.WHISPER, account=stage.ana.user.id))
    assert ["See you at four." in one for one in stage.ana.ephemerals] == [True]
    assert (ben.ephemerals, stage.room.messages) == ([], [])


async def test_whoever_is_not_in_the_room_can_be_shown_nothing_there(stage: Stage) -> None:
    with pytest.raises(SendError) as refused:
        await stage.platform.send(stage.to_room(kind=Kind.WHISPER, account=stage.ana.user.id))
    assert (refused.value.reason, refused.value.permanent) == ("not-in-room", True)


async def test_a_small_group_is_written_to_together_and_once(stage: Stage) -> None:
    ben = stage.team.add_person("Ben")
    group = stage.to_room(kind=Kind.GROUP, accounts=(stage.ana.user.id, ben.user.id))
    stage.slack.lose_answer("chat.postMessage")
    receipt = await stage.delivered(group)
    [small] = [one for one in stage.team.channels.values() if one.kind == "mpim"]
    assert set(small.members) == {stage.ana.user.id, ben.user.id, stage.team.bot.id}
    assert receipt.id == f"{small.id}:{small.messages[0].ts}"
    assert (len(small.messages), stage.room.messages) == (1, [])


async def test_without_the_scope_for_small_groups_it_says_which_one_is_missing(stage: Stage) -> None:
    ben = stage.team.add_person("Ben")
    stage.team.take_scope("mpim:write")
    with pytest.raises(SendError) as refused:
        await stage.platform.send(stage.to_room(kind=Kind.GROUP, accounts=(stage.ana.user.id, ben.user.id)))
    assert (refused.value.reason, refused.value.detail) == ("missing-scope", "mpim:write")


async def test_what_a_room_hears_quietly_mentions_nobody(stage: Stage) -> None:
    """A mention rings, whatever else it stands in."""
    ana = (Mention("Ana Lima", stage.ana.id),)
    blocks = (Paragraph(ana), Listing((ana,)), Quote((Paragraph(ana),)))
    message = Message(title=ana, blocks=blocks, cards=(Card(blocks),))
    for key, ping in (("quiet", False), ("loud", True)):
        await stage.platform.send(stage.to_room(key=key, ping=ping, message=message))
    quiet, loud = (f"{one.text} {one.blocks}" for one in stage.room.messages)
    assert stage.ana.id not in quiet and quiet.count("Ana Lima") >= 7
    assert loud.count(stage.ana.id) >= 7
