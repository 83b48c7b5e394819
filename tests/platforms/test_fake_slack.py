"""The fake Slack is as strict as Slack: seen by the real SDK, by Bolt, and by its people."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from tests.platforms.fakes.slack import CannotDo, FakeSlack, Person, Team

Json = dict[str, Any]


class Now:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


class World:
    """A workspace with two people, and the bot's own web client."""

    def __init__(self, slack: FakeSlack, now: Now) -> None:
        self.slack, self.now = slack, now
        self.team: Team = slack.add_team("Acme")
        self.ana: Person = self.team.add_person("Ana Lima", "Europe/Madrid", "ana@acme.test")
        self.ben: Person = self.team.add_person("Ben Okri", "America/New_York")
        self.bot = self.client(self.team)

    def client(self, team: Team) -> AsyncWebClient:
        client = AsyncWebClient(token=team.bot_token, base_url=self.slack.api_url)
        client.retry_handlers.clear()
        return client


@pytest.fixture
async def world() -> AsyncIterator[World]:
    now = Now()
    async with FakeSlack(now) as slack:
        yield World(slack, now)


async def refused(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(label: str, action: str = "go", **more: Any) -> Json:
    return {"type": "button", "action_id": action, "text": plain(label), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": list(elements)}


def words(text: str, **more: Any) -> Json:
    return {"type": "rich_text_section", "elements": [{"type": "text", "text": text, **more}]}


def field(key: str, label: str, element: Json, **more: Any) -> Json:
    return {"type": "input", "block_id": key, "label": plain(label), "element": {"action_id": "v", **element}, **more}


def select(*options: str, kind: str = "static_select") -> Json:
    return {"type": kind, "options": [{"text": plain(each), "value": each[:150]} for each in options]}


def modal(*blocks: Json, **more: Any) -> Json:
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("Apply"),
        "submit": plain("Send"),
        "blocks": list(blocks),
        **more,
    }


GOAL = field("goal", "Your goal", {"type": "plain_text_input", "max_length": 20})


# Limits.

TOO_MUCH: dict[str, list[Json]] = {
    "51 blocks": [{"type": "divider"}] * 51,
    "a section over 3,000": [section("x" * 3001)],
    "an empty section": [section("")],
    "a section of nothing": [{"type": "section"}],
    "a field over 2,000": [{"type": "section", "fields": [plain("x" * 2001)]}],
    "eleven fields": [{"type": "section", "fields": [plain("x")] * 11}],
    "a header over 150": [{"type": "header", "text": plain("x" * 151)}],
    "a header in mrkdwn": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
    "a markdown block over 12,000": [{"type": "markdown", "text": "x" * 12_001}],
    "26 buttons": [actions(*(button("x", f"a{n}") for n in range(26)))],
    "no button": [actions()],
    "one action_id twice in a block": [actions(button("x"), button("y"))],
    "one block_id twice": [{"type": "divider", "block_id": "b"}] * 2,
    "a block_id over 255": [{"type": "divider", "block_id": "b" * 256}],
    "an action_id over 255": [actions(button("x", "a" * 256))],
    "a button over 75": [actions(button("x" * 76))],
    "a button's value over 2,000": [actions(button("x", value="v" * 2001))],
    "a button in an unknown style": [actions(button("x", style="blue"))],
    "eleven things in a context": [{"type": "context", "elements": [plain("x")] * 11}],
    "a button in a context": [{"type": "context", "elements": [button("x")]}],
    "six overflow options": [actions(select(*"abcdef", kind="overflow"))],
    "101 options": [actions(select(*(f"o{n}" for n in range(101))))],
    "an option over 75": [actions(select("x" * 76))],
    "eleven radio buttons": [actions(select(*"abcdefghijk", kind="radio_buttons"))],
    "a placeholder over 150": [actions({**select("a"), "placeholder": plain("x" * 151)})],
    "an initial option that is not offered": [
        actions({**select("a"), "initial_option": {"text": plain("b"), "value": "b"}})
    ],
    "an image without alt text": [{"type": "image", "image_url": "https://acme.test/a.png"}],
    "an image from nowhere": [{"type": "image", "image_url": "a.png", "alt_text": "a"}],
    "an unknown field": [{**section("x"), "colour": "red"}],
    "an unknown block": [{"type": "marquee"}],
    "a null": [{**section("x"), "accessory": None}],
    "a label over 2,000": [field("a", "x" * 2001, {"type": "plain_text_input"})],
    "a date in no known format": [section("<!date^1800000000^{when}|then>")],
    "a date without a fallback": [section("<!date^1800000000^{date}>")],
    "rich text of an unknown part": [rich({"type": "rich_text_section", "elements": [{"type": "song"}]})],
    "rich text with an empty text": [rich(words(""))],
    "rich text in an unknown style": [rich(words("x", style={"blink": True}))],
    "a rich list of texts": [
        rich({"type": "rich_text_list", "style": "bullet", "elements": [{"type": "text", "text": "x"}]})
    ],
    "a rich list in an unknown style": [rich({"type": "rich_text_list", "style": "roman", "elements": [words("x")]})],
    "a rich date without a format": [
        rich({"type": "rich_text_section", "elements": [{"type": "date", "timestamp": 1_800_000_000}]})
    ],
    "a rich link to nowhere": [rich({"type": "rich_text_section", "elements": [{"type": "link", "url": "x"}]})],
}

JUST_ENOUGH: dict[str, list[Json]] = {
    "50 blocks": [{"type": "divider"}] * 50,
    "a section of 3,000": [section("x" * 3000)],
    "ten fields": [{"type": "section", "fields": [plain("x")] * 10}],
    "a header of 150": [{"type": "header", "text": plain("x" * 150)}],
    "25 buttons": [actions(*(button("x" * 75, f"a{n}", value="v") for n in range(25)))],
    "100 options": [actions(select(*(f"o{n}" for n in range(100))))],
    "an image": [{"type": "image", "image_url": "https://acme.test/a.png", "alt_text": "a"}],
    "a date": [section("<!date^1800000000^{date_long} {time}|then>")],
    "everything rich": [
        rich(
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "text", "text": "a", "style": {"bold": True}},
                    {"type": "link", "url": "https://acme.test", "text": "b"},
                    {"type": "user", "user_id": "U1"},
                    {"type": "channel", "channel_id": "C1"},
                    {"type": "date", "timestamp": 1_800_000_000, "format": "{date_long}", "fallback": "c"},
                    {"type": "emoji", "name": "tada"},
                    {"type": "usergroup", "usergroup_id": "S1"},
                    {"type": "broadcast", "range": "here"},
                ],
            },
            {"type": "rich_text_list", "style": "ordered", "indent": 1, "offset": 2, "elements": [words("d")]},
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "e"}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "f"}]},
        )
    ],
}


@pytest.mark.parametrize("case", TOO_MUCH)
async def test_a_message_with_too_much_is_refused_and_remembered(world: World, case: str) -> None:
    call = world.bot.chat_postMessage(channel=world.ana.id, text="t", blocks=TOO_MUCH[case])
    assert await refused(call) == "invalid_blocks"
    assert [(each.where, each.error) for each in world.slack.faults] == [("chat.postMessage", "invalid_blocks")]
    assert "json-pointer:/blocks" in world.slack.faults[0].messages[0]
    assert world.ana.messages() == []


@pytest.mark.parametrize("case", JUST_ENOUGH)
async def test_a_message_at_the_limit_is_taken(world: World, case: str) -> None:
    await world.bot.chat_postMessage(channel=world.ana.id, text="t", blocks=JUST_ENOUGH[case])
    assert world.slack.faults == []
    assert len(world.ana.messages()) == 1


TOO_LARGE_VIEWS: dict[str, Json] = {
    "a title over 24": modal(title=plain("x" * 25)),
    "a submit over 24": modal(submit=plain("x" * 25)),
    "a close over 24": modal(close=plain("x" * 25)),
    "no title": {"type": "modal", "blocks": []},
    "inputs without a submit": {"type": "modal", "title": plain("x"), "blocks": [GOAL]},
    "private_metadata over 3,000": modal(private_metadata="x" * 3001),
    "a callback_id over 255": modal(callback_id="x" * 256),
    "101 blocks": modal(*[{"type": "divider"}] * 101),
    "a markdown block": modal({"type": "markdown", "text": "x"}),
    "an unknown field": modal(colour="red"),
    "max_length over 3,000": modal(field("a", "A", {"type": "plain_text_input", "max_length": 3001})),
    "a number without is_decimal_allowed": modal(field("a", "A", {"type": "number_input"})),
    "an input for eleven files": modal(field("a", "A", {"type": "file_input", "max_files": 11})),
    "a file input that dispatches": modal(field("a", "A", {"type": "file_input"}, dispatch_action=True)),
    "a date that is none": modal(field("a", "A", {"type": "datepicker", "initial_date": "1 May"})),
    "two focused inputs": modal(
        *(field(each, each, {"type": "plain_text_input", "focus_on_load": True}) for each in "ab")
    ),
}


@pytest.mark.parametrize("case", TOO_LARGE_VIEWS)
async def test_a_form_with_too_much_is_refused_and_its_trigger_is_not_used_up(world: World, case: str) -> None:
    trigger = world.slack.trigger(world.team, world.ana.id)
    assert await refused(world.bot.views_open(trigger_id=trigger, view=TOO_LARGE_VIEWS[case])) == "invalid_arguments"
    assert world.slack.faults[0].where == "views.open"
    await world.bot.views_open(trigger_id=trigger, view=modal(*[{"type": "divider"}] * 100))
    assert world.ana.modal.startswith("Apply")


async def test_texts_and_metadata_have_limits_too(world: World) -> None:
    post, dm = world.bot.chat_postMessage, world.ana.id
    assert await refused(world.bot.api_call("chat.postMessage", json={"channel": dm, "text": " "})) == "no_text"
    assert await refused(post(channel=dm, text="x" * 40_001)) == "msg_too_long"
    many = [section("x" * 2900) for _ in range(5)]
    assert await refused(post(channel=dm, text="t", blocks=many)) == "msg_blocks_too_long"
    assert await refused(post(channel=dm, text="t", metadata={"event_type": "k"})) == "invalid_metadata_format"
    nested = {"event_type": "k", "event_payload": {"a": {"b": 1}}}
    assert await refused(post(channel=dm, text="t", metadata=nested)) == "invalid_metadata_schema"
    large = {"event_type": "k", "event_payload": {"a": "x" * 16_000}}
    assert await refused(post(channel=dm, text="t", metadata=large)) == "metadata_too_large"
    sent = await post(channel=dm, text="x" * 40_000)
    update = world.bot.chat_update(channel=sent["channel"], ts=sent["ts"], text="x" * 4001)
    assert await refused(update) == "msg_too_long"
    assert len(world.slack.faults) == 7


# Who may do what.


async def test_tokens_and_scopes_are_checked(world: World) -> None:
    bot, team = world.bot, world.team
    answer = await bot.auth_test()
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == (team.id, team.bot.id, team.bot.bot_id)
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")
    team.take_scope("chat:write")
    with pytest.raises(SlackApiError) as caught:
        await bot.chat_postMessage(channel=world.ana.id, text="hi")
    assert caught.value.response["needed"] == "chat:write"
    assert "chat:write" not in caught.value.response["provided"].split(",")
    assert await refused(bot.api_call("chat.shout")) == "unknown_method"
    stranger = AsyncWebClient(token="xoxb-nobody", base_url=world.slack.api_url)
    assert await refused(stranger.auth_test()) == "invalid_auth"
    assert await refused(AsyncWebClient(base_url=world.slack.api_url).auth_test()) == "not_authed"
    team.bot_active = False
    assert await refused(bot.auth_test()) == "account_inactive"
    team.bot_active = True
    await bot.auth_revoke()
    assert await refused(bot.auth_test()) == "token_revoked"


async def test_email_is_shown_only_with_its_scope(world: World) -> None:
    assert (await world.bot.users_info(user=world.ana.id))["user"]["profile"]["email"] == "ana@acme.test"
    assert (await world.bot.users_lookupByEmail(email="ANA@acme.test"))["user"]["id"] == world.ana.id
    assert await refused(world.bot.users_lookupByEmail(email="x@acme.test")) == "users_not_found"
    world.team.take_scope("users:read.email")
    assert "email" not in (await world.bot.users_info(user=world.ana.id))["user"]["profile"]
    assert await refused(world.bot.users_info(user="U0")) == "user_not_found"


async def test_a_channel_from_its_name_to_its_archive(world: World) -> None:
    bot, ana = world.bot, world.ana
    room = (await bot.conversations_create(name="cohort-1", is_private=True))["channel"]["id"]
    assert await refused(bot.conversations_create(name="cohort-1")) == "name_taken"
    assert await refused(bot.conversations_create(name="Cohort 1")) == "invalid_name_specials"
    assert await refused(bot.conversations_create(name="x" * 81)) == "invalid_name_maxlength"
    await bot.conversations_invite(channel=room, users=[ana.id, world.ben.id])
    assert await refused(bot.conversations_invite(channel=room, users=ana.id)) == "already_in_channel"
    assert await refused(bot.conversations_invite(channel=room, users=world.team.bot.id)) == "cant_invite_self"
    assert await refused(bot.conversations_invite(channel=room, users="U0")) == "user_not_found"
    gone = world.team.add_person("Gus", kind="deactivated")
    assert await refused(bot.conversations_invite(channel=room, users=gone.id)) == "user_disabled"
    guest = world.team.add_person("Gia", kind="single_channel_guest")
    world.team.add_channel("lobby", guest)
    assert await refused(bot.conversations_invite(channel=room, users=guest.id)) == "ura_max_channels"
    await bot.conversations_setTopic(channel=room, topic="Weeks 1 to 4")
    assert await refused(bot.conversations_setTopic(channel=room, topic="x" * 251)) == "too_long"
    await bot.conversations_kick(channel=room, user=world.ben.id)
    assert (await bot.conversations_members(channel=room))["members"] == [world.team.bot.id, ana.id]
    await bot.conversations_rename(channel=room, name="cohort-one")
    await bot.conversations_archive(channel=room)
    assert await refused(bot.chat_postMessage(channel=room, text="hi")) == "is_archived"
    assert await refused(bot.conversations_archive(channel=room)) == "already_archived"
    listed = await bot.conversations_list(types="public_channel,private_channel", exclude_archived=True)
    assert [each["name"] for each in listed["channels"]] == ["general", "lobby"]
    world.team.channel_creation_restricted = True
    assert await refused(bot.conversations_create(name="more")) == "restricted_action"


async def test_the_bot_posts_only_where_it_is_and_a_strange_private_channel_does_not_exist(world: World) -> None:
    public = world.team.add_channel("news", world.ana)
    private = world.team.add_channel("board", world.ana, private=True)
    post = world.bot.chat_postMessage
    assert await refused(post(channel=public.id, text="hi")) == "not_in_channel"
    assert await refused(post(channel=private.id, text="hi")) == "channel_not_found"
    assert await refused(post(channel="#news", text="hi")) == "channel_not_found"
    assert await refused(post(channel=world.team.bot.id, text="hi")) == "cannot_dm_bot"
    assert await refused(world.bot.conversations_open(users=world.team.bot.id)) == "cannot_dm_bot"
    await world.bot.conversations_join(channel=public.id)
    await post(channel=public.id, text="hi")
    assert world.ana.messages("news") == ["hi"]
    assert await refused(post(channel=public.id, text="hi", thread_ts="1.2")) == "thread_not_found"


async def test_lists_come_in_pages(world: World) -> None:
    for number in range(5):
        world.team.add_channel(f"room-{number}")
    names: list[str] = []
    async for page in await world.bot.conversations_list(limit=2):
        names += [each["name"] for each in page["channels"]]
    assert names == ["general", *(f"room-{number}" for number in range(5))]
    assert await refused(world.bot.conversations_list(cursor="nonsense")) == "invalid_cursor"


# What is kept.


async def test_history_holds_metadata_only_when_asked_and_threads_only_in_replies(world: World) -> None:
    bot = world.bot
    key = {"event_type": "caravan", "event_payload": {"key": "k1"}}
    dm = (await bot.conversations_open(users=[world.ana.id]))["channel"]["id"]
    top = (await bot.chat_postMessage(channel=dm, text="top", metadata=key))["ts"]
    await bot.chat_postMessage(channel=dm, text="beneath", thread_ts=top, metadata=key)
    without = (await bot.conversations_history(channel=dm))["messages"]
    assert [("metadata" in each, each["text"], each["reply_count"]) for each in without] == [(False, "top", 1)]
    held = (await bot.conversations_history(channel=dm, include_all_metadata=True))["messages"]
    assert held[0]["metadata"] == key
    replies = (await bot.conversations_replies(channel=dm, ts=top, include_all_metadata=True))["messages"]
    assert [each["text"] for each in replies] == ["top", "beneath"]
    later = (await bot.conversations_history(channel=dm, oldest=top))["messages"]
    assert later == []
    link = (await bot.chat_getPermalink(channel=dm, message_ts=top))["permalink"]
    assert link.endswith(f"/archives/{dm}/p{top.replace('.', '')}")


async def test_a_file_in_a_form_comes_to_whoever_shows_the_token(world: World) -> None:
    view = modal(field("sheet", "Your sheet", {"type": "file_input", "max_files": 2, "filetypes": ["csv", "pdf"]}))
    await world.bot.views_open(trigger_id=world.slack.trigger(world.team, world.ana.id), view=view)
    for wrong in ("a.csv", [("a.csv", b"1")] * 3, [("a.exe", b"1")]):
        with pytest.raises(CannotDo):
            await world.ana.enters(sheet=wrong)
    await world.ana.enters(sheet=[("my sheet.csv", b"a,b")])
    assert world.ana.form is not None
    (told,) = world.ana.form.values[("sheet", "v")]["files"]
    assert (told["name"], told["size"], told["mimetype"]) == ("my sheet.csv", 3, "text/csv")
    for token, status in (("", 302), ("xoxb-guessed", 302), (world.team.bot_token, 200)):
        headers = {"Authorization": f"Bearer {token}"}
        link = told["url_private_download"]
        async with world.slack.session.get(link, headers=headers, allow_redirects=False) as response:
            assert response.status == status
            assert (await response.read() == b"a,b") is (status == 200)


async def test_an_upload_is_a_message_with_files_and_no_metadata(world: World) -> None:
    room = world.team.add_channel("cohort", world.ana, world.team.bot, private=True)
    await world.bot.files_upload_v2(
        filename="list.csv", content="a,b", title="The list", channel=room.id, initial_comment="Here", alt_txt="Names"
    )
    assert world.ana.messages(room) == ["Here\n[file: The list]"]
    history = (await world.bot.conversations_history(channel=room.id, include_all_metadata=True))["messages"]
    file = history[0]["files"][0]
    assert "metadata" not in history[0]
    assert (await world.bot.files_info(file=file["id"]))["file"]["shares"]["private"][room.id][0]["ts"]
    assert world.team.files[file["id"]].content == b"a,b"
    lobby = world.team.add_channel("lobby")
    call = world.bot.files_upload_v2(filename="a.txt", content="a", channel=lobby.id)
    assert await refused(call) == "not_in_channel"


async def test_pins_bookmarks_and_edits_in_place(world: World) -> None:
    bot, room = world.bot, world.team.add_channel("cohort", world.ana, world.team.bot)
    ts = (await bot.chat_postMessage(channel=room.id, text="t", blocks=[section("one")]))["ts"]
    await bot.pins_add(channel=room.id, timestamp=ts)
    assert await refused(bot.pins_add(channel=room.id, timestamp=ts)) == "already_pinned"
    assert len((await bot.pins_list(channel=room.id))["items"]) == 1
    mark = await bot.bookmarks_add(channel_id=room.id, title="Calendar", type="link", link="https://acme.test/c")
    await bot.bookmarks_edit(bookmark_id=mark["bookmark"]["id"], channel_id=room.id, title="Dates")
    assert [each["title"] for each in (await bot.bookmarks_list(channel_id=room.id))["bookmarks"]] == ["Dates"]
    call = bot.bookmarks_add(channel_id=room.id, title="x", type="link", link="nowhere")
    assert await refused(call) == "invalid_link"
    await bot.chat_update(channel=room.id, ts=ts, text="t", blocks=[section("two")])
    assert world.ana.messages(room) == ["two"]
    await world.ana.says("mine", room)
    mine = room.messages[-1].ts
    assert await refused(bot.chat_update(channel=room.id, ts=mine, text="x")) == "cant_update_message"
    await bot.reactions_add(channel=room.id, timestamp=mine, name="tada")
    await bot.chat_delete(channel=room.id, ts=ts)
    assert await refused(bot.chat_update(channel=room.id, ts=ts, text="x")) == "message_not_found"


async def test_ephemerals_are_seen_by_one_member_only(world: World) -> None:
    room = world.team.add_channel("cohort", world.ana, world.team.bot)
    await world.bot.chat_postEphemeral(channel=room.id, user=world.ana.id, text="for you")
    assert world.ana.ephemerals == ["for you"]
    assert not world.ben.sees("for you")
    assert (await world.bot.conversations_history(channel=room.id))["messages"] == []
    call = world.bot.chat_postEphemeral(channel=room.id, user=world.ben.id, text="x")
    assert await refused(call) == "user_not_in_channel"


# Triggers, views, response URLs.


async def test_a_trigger_is_good_once_and_for_three_seconds(world: World) -> None:
    trigger = world.slack.trigger(world.team, world.ana.id)
    await world.bot.views_open(trigger_id=trigger, view=modal(GOAL))
    assert await refused(world.bot.views_open(trigger_id=trigger, view=modal(GOAL))) == "exchanged_trigger_id"
    late = world.slack.trigger(world.team, world.ana.id)
    world.now.seconds += 3.1
    assert await refused(world.bot.views_open(trigger_id=late, view=modal(GOAL))) == "expired_trigger_id"
    assert await refused(world.bot.views_open(trigger_id="1.2", view=modal(GOAL))) == "invalid_trigger_id"


async def test_a_stale_hash_conflicts_and_typed_words_survive_an_update(world: World) -> None:
    opened = await world.bot.views_open(trigger_id=world.slack.trigger(world.team, world.ana.id), view=modal(GOAL))
    view = opened["view"]
    await world.ana.enters(goal="Ship it")
    await world.bot.views_update(view_id=view["id"], hash=view["hash"], view=modal(section("More"), GOAL))
    stale = world.bot.views_update(view_id=view["id"], hash=view["hash"], view=modal(GOAL))
    assert await refused(stale) == "hash_conflict"
    assert "More" in world.ana.modal
    assert "= Ship it" in world.ana.modal
    await world.ana.closes_form()
    assert await refused(world.bot.views_update(view_id=view["id"], view=modal(GOAL))) == "not_found"


async def test_the_home_tab_is_published_for_one_person(world: World) -> None:
    view = {"type": "home", "blocks": [section("Welcome"), actions(button("Begin"))]}
    first = (await world.bot.views_publish(user_id=world.ana.id, view=view))["view"]
    assert world.ana.home == "Welcome\n[Begin]"
    assert world.ben.home == ""
    await world.bot.views_publish(user_id=world.ana.id, view=view, hash=first["hash"])
    stale = world.bot.views_publish(user_id=world.ana.id, view=view, hash=first["hash"])
    assert await refused(stale) == "hash_conflict"
    assert await refused(world.bot.views_publish(user_id=world.ana.id, view=modal())) == "invalid_arguments"


async def post_json(url: str, body: Json) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        return answer.status, await answer.text()


async def test_a_response_url_works_five_times_in_half_an_hour(world: World) -> None:
    room = world.team.add_channel("cohort", world.ana, world.ben, world.team.bot)
    url = world.slack.response_url(world.team, world.ana.id, room.id)
    assert "invalid_arguments" in (await post_json(url, {"text": "x", "colour": "red"}))[1]
    for kind in ("ephemeral", "in_channel", "ephemeral", "ephemeral", "ephemeral"):
        assert await post_json(url, {"text": kind, "response_type": kind}) == (200, "ok")
    assert world.ben.messages(room) == ["in_channel"]
    assert world.ana.ephemerals == ["ephemeral"] * 4
    assert "used_url" in (await post_json(url, {"text": "x"}))[1]
    old = world.slack.response_url(world.team, world.ana.id, room.id)
    world.now.seconds += 1801
    assert "expired_url" in (await post_json(old, {"text": "x"}))[1]
    assert [each.where for each in world.slack.faults] == ["response_url"]


# Limits of speed, and things that go wrong.


async def test_one_message_a_second_per_channel_when_limits_are_enforced(world: World) -> None:
    world.slack.enforce_limits = True
    post = world.bot.chat_postMessage
    await post(channel=world.ana.id, text="one")
    await post(channel=world.ben.id, text="another conversation")
    with pytest.raises(SlackApiError) as caught:
        await post(channel=world.ana.direct.id, text="two")
    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "1")
    world.now.seconds += 0.96
    await post(channel=world.ana.id, text="three")
    assert world.slack.rate_limited == 1
    world.slack.rates.workspace_posts_a_minute = 3
    world.now.seconds += 5
    with pytest.raises(SlackApiError) as caught:
        await post(channel=world.ana.id, text="four")
    assert int(caught.value.response.headers["Retry-After"]) > 50


async def test_methods_have_their_tiers_when_limits_are_enforced(world: World) -> None:
    world.slack.enforce_limits = True
    for _ in range(20):
        await world.bot.conversations_list()
    assert await refused(world.bot.conversations_list()) == "ratelimited"
    await world.bot.users_info(user=world.ana.id)
    world.now.seconds += 61
    await world.bot.conversations_list()


async def test_a_lost_answer_did_its_work(world: World) -> None:
    world.slack.lose_answer("chat.postMessage")
    with pytest.raises(aiohttp.ClientConnectionError):
        await world.bot.chat_postMessage(channel=world.ana.id, text="once")
    assert world.ana.messages() == ["once"]
    assert [each.answered for each in world.slack.calls] == [False]
    await world.bot.chat_postMessage(channel=world.ana.id, text="twice")


async def test_switched_faults_strike_as_often_as_asked(world: World) -> None:
    post, slack = world.bot.chat_postMessage, world.slack
    slack.fail("chat.postMessage", 500)
    with pytest.raises(SlackApiError) as caught:
        await post(channel=world.ana.id, text="lost")
    assert caught.value.response.status_code == 500
    slack.fail("chat.postMessage", 502, after=True)
    with pytest.raises(SlackApiError):
        await post(channel=world.ana.id, text="there")
    slack.fail_error("chat.postMessage", "fatal_error", channel=world.ana.id)
    assert await refused(post(channel=world.ana.id, text="x")) == "fatal_error"
    slack.rate_limit("*", 7)
    with pytest.raises(SlackApiError) as caught:
        await post(channel=world.ana.id, text="x")
    assert caught.value.response.headers["Retry-After"] == "7"
    await post(channel=world.ana.id, text="at last")
    assert world.ana.messages() == ["there", "at last"]
    slack.downtime(60)
    with pytest.raises(SlackApiError) as caught:
        await post(channel=world.ana.id, text="x")
    assert caught.value.response.status_code == 503
    slack.heal()
    await world.bot.auth_test()


# Socket Mode.


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


class Listener:
    """A bare Socket Mode client that acknowledges what it is told to."""

    def __init__(self, world: World, answer: Callable[[SocketModeRequest], Json | None] = lambda _: None) -> None:
        self.heard: list[SocketModeRequest] = []
        self.deaf = 0
        self.answer = answer
        web_client = AsyncWebClient(base_url=world.slack.api_url)
        self.client = SocketModeClient(world.team.app.app_token, web_client=web_client, ping_interval=0.2)
        self.client.socket_mode_request_listeners.append(self._hear)

    async def _hear(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self.heard.append(request)
        if self.deaf:
            self.deaf -= 1
            return
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, self.answer(request)))

    async def __aenter__(self) -> Listener:
        await self.client.connect()  # type: ignore[no-untyped-call]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()  # type: ignore[no-untyped-call]
        await self.client.aiohttp_client_session.close()


async def test_a_command_reaches_one_socket_and_its_answer_the_person(world: World) -> None:
    async with (
        Listener(world, lambda _: {"text": "welcome"}) as one,
        Listener(world, lambda _: {"text": "welcome"}) as two,
    ):
        for _ in range(8):
            assert (await world.ana.types("/apply deploy-together @ben #general")).ok
        assert len(one.heard) + len(two.heard) == 8
        payload = (one.heard + two.heard)[0].payload
        general = world.team.channel("general").id
        assert payload["text"] == f"deploy-together <@{world.ben.id}|ben.okri> <#{general}|general>"
        assert (payload["command"], payload["channel_name"]) == ("/apply", "directmessage")
        assert world.ana.ephemerals == ["welcome"] * 8
        assert one.heard and two.heard


async def test_an_event_that_nobody_acknowledged_comes_again_under_the_same_id(world: World) -> None:
    world.slack.ack_timeout = 0.1
    async with Listener(world) as app:
        app.deaf = 2
        ack = await world.ana.says("home")
        assert ack is not None and ack.error == "operation_timeout"
        await until(lambda: app.deaf == 0)
        world.slack.ack_timeout = 60.0  # of the one that is acknowledged, however slow the machine is
        await world.slack.quiet()
        assert [each.retry_attempt for each in app.heard] == [0, 1, 2]
        assert app.heard[0].retry_reason == "" and app.heard[1].retry_reason == "timeout"
        assert len({each.payload["event_id"] for each in app.heard}) == 1
        assert app.heard[0].payload["event"]["channel_type"] == "im"


async def test_a_command_that_nobody_acknowledged_tells_the_person_and_does_not_come_again(world: World) -> None:
    world.slack.ack_timeout = 0.1
    async with Listener(world) as app:
        app.deaf = 1
        await world.ana.types("/cohort home")
        await world.slack.quiet()
        assert len(app.heard) == 1
        assert world.ana.errors == ["operation_timeout"]
    await world.slack.quiet()
    await world.ana.types("/cohort home")
    assert world.ana.errors[-1] == "dispatch_failed"


async def test_each_envelope_comes_as_often_as_asked(world: World) -> None:
    world.slack.redeliver(3, together=True)
    async with Listener(world) as app:
        await world.ana.types("/cohort home")
        await world.ana.says("home")
        assert [each.type for each in app.heard] == ["slash_commands"] * 3 + ["events_api"] * 3
        assert len({each.envelope_id for each in app.heard}) == 2


async def test_sockets_drop_come_back_and_are_refreshed(world: World) -> None:
    async with Listener(world) as app:
        world.slack.drop_sockets()
        await until(lambda: bool(world.slack.delivery.connections))
        assert (await world.ana.types("/cohort home")).ok
        old = world.slack.delivery.connections[0]
        await world.slack.refresh_sockets()
        await until(lambda: world.slack.delivery.connections not in ([], [old]))
        assert (await world.ana.types("/cohort home")).ok
        assert len(app.heard) == 2


async def test_a_half_open_socket_looks_alive_and_delivers_nothing(world: World) -> None:
    world.slack.ack_timeout = 0.1
    async with Listener(world) as app:
        world.slack.half_open_sockets()
        await world.ana.types("/cohort home")
        assert world.ana.errors == ["operation_timeout"]
        assert await app.client.is_connected()
        assert app.heard == []


async def test_ten_sockets_and_no_more(world: World) -> None:
    opener = AsyncWebClient(base_url=world.slack.api_url)
    async with aiohttp.ClientSession() as session:
        sockets = []
        for _ in range(11):
            url = (await opener.apps_connections_open(app_token=world.team.app.app_token))["url"]
            sockets.append(await session.ws_connect(url))
        hellos = [await each.receive_json() for each in sockets]
        assert [each["num_connections"] for each in hellos[:10]] == list(range(1, 11))
        assert hellos[10]["reason"] == "too_many_websockets"
        assert hellos[0]["connection_info"] == {"app_id": world.team.app.id}
        for each in sockets:
            await each.close()


# A bare Bolt app.


@pytest.fixture
async def bolt(world: World) -> AsyncIterator[AsyncApp]:
    app = AsyncApp(client=world.bot)
    handler = AsyncSocketModeHandler(app, world.team.app.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    yield app
    await handler.close_async()  # type: ignore[no-untyped-call]


async def test_a_form_from_command_to_thanks_with_bolt(world: World, bolt: AsyncApp) -> None:
    size = field("size", "Team size", {"type": "number_input", "is_decimal_allowed": False, "min_value": "1"})
    role = field("role", "Role", select("Analyst", "Executive"), optional=True)

    @bolt.command("/apply")
    async def apply(ack: Any, body: Json, client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=modal(GOAL, size, role))
        await ack()

    @bolt.view("form")
    async def submitted(ack: Any, view: Json, body: Json, client: AsyncWebClient) -> None:
        values = view["state"]["values"]
        if values["goal"]["v"]["value"] == "none":
            await ack(response_action="errors", errors={"goal": "Say a little more"})
            return
        await ack()
        chosen = values["role"]["v"]["selected_option"]["value"]
        await client.chat_postMessage(
            channel=body["user"]["id"], text="t", blocks=[section(f"Thanks, {chosen}"), actions(button("Undo"))]
        )

    @bolt.action("go")
    async def undo(ack: Any, respond: Any, body: Json) -> None:
        await ack()
        assert body["container"]["message_ts"] == body["message"]["ts"]
        await respond("Undone", replace_original=True)

    ana = world.ana
    await ana.types("/APPLY deploy-together")
    with pytest.raises(CannotDo, match="required"):
        await ana.fills(goal="none")
    with pytest.raises(CannotDo, match="20 characters"):
        await ana.fills(goal="x" * 21)
    with pytest.raises(CannotDo, match="not below"):
        await ana.fills({"Team size": 0})
    with pytest.raises(CannotDo, match="not offered"):
        await ana.fills(role="King")
    await ana.fills({"Team size": 4}, goal="none")
    assert ana.remarks == {"Your goal": "Say a little more"}
    await ana.fills(goal="Ship it", role="Executive")
    assert ana.form is None
    await ana.will_see("Thanks, Executive")
    await ana.presses("Undo", on="Thanks")
    await ana.will_see("Undone")
    assert ana.inbox == ["Undone"]
    assert world.slack.faults == []
    assert {each.kind for each in world.slack.acks} >= {"slash_commands", "view_submission", "block_actions"}


async def test_a_submission_may_push_update_or_clear(world: World, bolt: AsyncApp) -> None:
    answers: list[Json] = [
        {"response_action": "update", "view": modal(GOAL, title=plain("Page 2"))},
        {"response_action": "push", "view": modal(GOAL, title=plain("Page 3"))},
        {"response_action": "errors", "errors": {"nothing": "x"}},
        {"response_action": "clear"},
    ]

    @bolt.view("form")
    async def submitted(ack: Any) -> None:
        await ack(**answers.pop(0))

    ana = world.ana
    await world.bot.views_open(trigger_id=world.slack.trigger(world.team, ana.id), view=modal(GOAL))
    await ana.fills(goal="a")
    assert ana.modal.startswith("Page 2")
    await ana.submits()
    assert ana.modal.startswith("Page 3")
    assert (await ana.fills(goal="b")).error == "invalid_arguments"
    assert [each.where for each in world.slack.faults] == ["ack view_submission"]
    await ana.submits()
    assert ana.stack == []


async def test_a_form_put_away_is_told_with_or_without_what_was_typed(world: World, bolt: AsyncApp) -> None:
    closed: list[Json] = []

    @bolt.view_closed("form")
    async def put_away(ack: Any, view: Json) -> None:
        closed.append(view["state"]["values"])
        await ack()

    for with_state in (True, False):
        world.slack.state_on_close = with_state
        view = modal(GOAL, notify_on_close=True)
        await world.bot.views_open(trigger_id=world.slack.trigger(world.team, world.ana.id), view=view)
        await world.ana.closes_form(goal="half")
    assert closed == [{"goal": {"v": {"type": "plain_text_input", "value": "half"}}}, {}]


async def test_an_input_that_dispatches_tells_the_app_while_the_form_is_open(world: World, bolt: AsyncApp) -> None:
    @bolt.action("v")
    async def typed(ack: Any, body: Json, client: AsyncWebClient) -> None:
        await ack()
        said = body["view"]["state"]["values"]["goal"]["v"]["value"]
        assert "response_url" not in body
        view = modal({**GOAL, "dispatch_action": True}, section(f"So: {said}"))
        await client.views_update(view_id=body["view"]["id"], hash=body["view"]["hash"], view=view)

    view = modal({**GOAL, "dispatch_action": True})
    await world.bot.views_open(trigger_id=world.slack.trigger(world.team, world.ana.id), view=view)
    await world.ana.enters(goal="Ship it")
    await world.ana.will_see("So: Ship it")


async def test_shortcuts_home_and_changes_reach_bolt(world: World, bolt: AsyncApp) -> None:
    heard: list[str] = []

    @bolt.message_shortcut("share")
    async def share(ack: Any, body: Json, respond: Any) -> None:
        await ack()
        heard.append(body["message"]["text"])
        await respond("shared")

    @bolt.event("app_home_opened")
    async def opened(event: Json, client: AsyncWebClient) -> None:
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [actions(button("Begin"))]})

    @bolt.event("user_change")
    async def changed(event: Json) -> None:
        heard.append(event["user"]["tz"])

    @bolt.event("member_joined_channel")
    async def joined(event: Json) -> None:
        heard.append(event["channel_type"])

    @bolt.event("app_mention")
    async def mentioned(event: Json, say: Any) -> None:
        await say("yes?", thread_ts=event["ts"])

    @bolt.action("go")
    async def begin(ack: Any, body: Json) -> None:
        await ack()
        heard.append(body["container"]["type"])

    ana, room = world.ana, world.team.add_channel("cohort", world.ana, world.ben)
    await world.ben.says("look at this", room)
    world.team.app.shortcuts["Share with my cohort"] = "share"
    await ana.picks("Share with my cohort", "look at this")
    await ana.will_see("shared")
    await ana.opens_home()
    await ana.will_see("[Begin]")
    await ana.presses("Begin", in_="home")
    await ana.changes(tz="Asia/Tokyo")
    with pytest.raises(CannotDo):
        await ana.mentions_bot("help", room)
    await world.team.invite_bot(room, by=ana)
    await ana.mentions_bot("help", room)
    await ana.will_see("yes?")
    await world.slack.quiet()
    assert heard == ["look at this", "view", "Asia/Tokyo", "C"]
    assert world.slack.faults == []


# What a client does not allow, and what it shows.


async def test_people_can_do_only_what_a_client_lets_them(world: World, bolt: AsyncApp) -> None:
    guest = world.team.add_person("Gia", kind="guest")
    partner = world.team.add_person("Pam", kind="connect")
    gone = world.team.add_person("Gus", kind="deactivated")
    room = world.team.add_channel("cohort", world.ana, world.team.bot)
    ts = (await world.bot.chat_postMessage(channel=room.id, text="t"))["ts"]
    for act in (
        guest.types("/cohort home"),
        partner.types("/cohort home"),
        partner.picks("share", room.messages[0]),
        gone.says("hello?"),
        world.ana.types("/cohort home", thread=room.message(ts)),
        world.ana.says("/cohort home"),
        world.ben.says("hi", room),
        world.ana.presses("Nothing"),
        world.ana.fills(goal="x"),
    ):
        with pytest.raises(CannotDo):
            await act
    world.team.app.commands = {"/cohort"}
    with pytest.raises(CannotDo, match="not a valid command"):
        await world.ana.types("/cohorts home")


async def test_people_read_plain_words_in_their_own_zone(world: World) -> None:
    room = world.team.add_channel("cohort", world.ana, world.ben, world.team.bot)
    at = 1_800_000_000  # 2027-01-15 08:00 UTC
    await world.bot.chat_postMessage(
        channel=room.id,
        text="t",
        blocks=[
            section(
                f"*Next* for <@{world.ben.id}> &amp; <https://acme.test|all>: "
                f"<!date^{at}^{{date_long}} at {{time}}|soon>"
            ),
            rich(
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "date", "timestamp": at, "format": "{date_num} {time}"}],
                },
                {"type": "rich_text_list", "style": "bullet", "elements": [words("one"), words("two")]},
            ),
        ],
    )
    assert world.ana.messages(room) == [
        "Next for @Ben Okri & all: Friday, January 15th, 2027 at 9:00 AM\n2027-01-15 9:00 AM\n• one\n• two"
    ]
    assert "at 3:00 AM" in world.ben.messages(room)[0]


async def test_a_button_is_found_beneath_the_words_that_are_meant(world: World, bolt: AsyncApp) -> None:
    pressed: list[str] = []

    @bolt.action("go")
    async def go(ack: Any, action: Json) -> None:
        pressed.append(action["value"])
        await ack()

    cards = [section("Ana"), actions(button("Accept", value="1")), section("Ben"), actions(button("Accept", value="2"))]
    await world.bot.chat_postMessage(channel=world.ana.id, text="t", blocks=cards)
    await world.ana.presses("Accept", on="Ben")
    await world.ana.presses("Accept", on="Ana")
    await world.ana.presses("Accept")
    assert pressed == ["2", "1", "1"]


# Signed HTTP, and OAuth.


class Endpoint:
    """A web server that stands for an app with a request URL."""

    def __init__(self, world: World, answer: Callable[[str], web.Response]) -> None:
        self.world, self.answer = world, answer
        self.heard: list[tuple[dict[str, str], str]] = []

    async def _hear(self, request: web.Request) -> web.Response:
        body = await request.text()
        self.heard.append((dict(request.headers), body))
        return self.answer(body)

    async def __aenter__(self) -> Endpoint:
        app = web.Application()
        app.router.add_post("/slack/events", self._hear)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.world.team.app.request_url = f"http://127.0.0.1:{self.runner.addresses[0][1]}/slack/events"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runner.cleanup()


class FixedClock:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def now(self) -> float:
        return self.seconds


async def test_http_requests_are_signed_and_answered_in_place(world: World) -> None:
    async with Endpoint(world, lambda _: web.json_response({"text": "hello"})) as app:
        await world.ana.types("/cohort home")
        headers, body = app.heard[0]
        verifier = SignatureVerifier(world.team.app.signing_secret, FixedClock(world.now()))  # type: ignore[arg-type]
        assert verifier.is_valid_request(body, headers)
        assert not verifier.is_valid_request(body + "x", headers)
        assert parse_qs(body)["command"] == ["/cohort"]
        assert world.ana.ephemerals == ["hello"]
        opener = AsyncWebClient(base_url=world.slack.api_url)
        call = opener.apps_connections_open(app_token=world.team.app.app_token)
        assert await refused(call) == "forbidden_for_http_apps"


async def test_an_event_that_fails_over_http_comes_again_with_its_number(world: World) -> None:
    replies = [500, 500, 200]
    async with Endpoint(world, lambda _: web.Response(status=replies.pop(0))) as app:
        await world.ana.says("home")
        await world.slack.quiet()
        numbers = [headers.get("X-Slack-Retry-Num") for headers, _ in app.heard]
        assert numbers == [None, "1", "2"]
        assert app.heard[1][0]["X-Slack-Retry-Reason"] == "http_error"
        assert len({json.loads(body)["event_id"] for _, body in app.heard}) == 1


async def test_a_new_request_url_is_challenged(world: World) -> None:
    async with Endpoint(world, lambda body: web.Response(text=json.loads(body)["challenge"])):
        assert await world.slack.delivery.verify(world.team.app)


async def test_an_installation_by_oauth_gives_each_workspace_its_own_token(world: World) -> None:
    app = world.team.app
    other = world.slack.add_team("Other", app=app, installed=False)
    world.slack.installs_into = other
    back = "http://127.0.0.1/slack/oauth_redirect"
    query = {"client_id": app.client_id, "scope": "chat:write,im:write", "state": "s1", "redirect_uri": back}
    url = f"{world.slack.url}/oauth/v2/authorize"
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, params=query, allow_redirects=False) as answer,
    ):
        given = parse_qs(answer.headers["Location"].partition("?")[2])
    assert given["state"] == ["s1"]
    exchange = {"client_id": app.client_id, "client_secret": app.client_secret, "redirect_uri": back}
    opener = AsyncWebClient(base_url=world.slack.api_url)

    async def access(**more: str) -> Any:
        return await opener.api_call("oauth.v2.access", data={"code": given["code"][0], **exchange, **more})

    assert await refused(access(client_secret="guess")) == "bad_client_secret"
    assert await refused(access(redirect_uri="http://elsewhere.test")) == "bad_redirect_uri"
    granted = await access()
    assert (granted["team"]["id"], granted["scope"]) == (other.id, "chat:write,im:write")
    assert await refused(access()) == "code_already_used"
    there = AsyncWebClient(token=granted["access_token"], base_url=world.slack.api_url)
    assert (await there.auth_test())["team"] == "Other"
    assert await refused(there.users_info(user=world.ana.id)) == "missing_scope"
    assert await refused(there.chat_postMessage(channel=world.ana.id, text="hi")) == "channel_not_found"


async def test_an_app_is_told_that_it_was_removed(world: World) -> None:
    async with Listener(world) as app:
        await world.team.uninstall()
        assert [each.payload["event"]["type"] for each in app.heard] == ["tokens_revoked", "app_uninstalled"]
        assert await refused(world.bot.auth_test()) == "token_revoked"
