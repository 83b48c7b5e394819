"""Methods about files, pins, bookmarks and reactions."""

from __future__ import annotations

import re

from .api import Ask, Method
from .payloads import file_object, message_object
from .state import Json, Message, SlackError, UploadedFile

BOOKMARKS = 100


def upload_url(ask: Ask) -> Json:
    length = ask.number("length", 0)
    if length <= 0:
        raise SlackError("missing_argument")
    alt = str(ask.args.get("alt_txt") or "")
    if len(alt) > 1000:
        raise SlackError("alt_txt_too_large")
    file = UploadedFile(ask.slack.ids.next("F"), ask.given("filename", "missing_argument"), length, alt)
    file.user, file.created = ask.team.bot.id, int(ask.slack.clock())
    ask.team.files[file.id] = file
    return {"upload_url": f"{ask.slack.url}/upload/v1/{ask.team.id}/{file.id}", "file_id": file.id}


def complete_upload(ask: Ask) -> Json:
    wanted = ask.args.get("files")
    if not isinstance(wanted, list) or not wanted:
        raise SlackError("invalid_arguments", "missing required field: files")
    files: list[UploadedFile] = []
    for each in wanted:
        file = ask.team.files.get(each.get("id", "") if isinstance(each, dict) else "")
        if file is None or not file.received or file.complete:
            raise SlackError("file_not_found")
        file.title = each.get("title") or file.name
        files.append(file)
    channels = [ask.args["channel_id"]] if ask.args.get("channel_id") else ask.names("channels")
    for id in channels:
        _share(ask, str(id), files)
    for file in files:
        file.complete = True
    return {"files": [{"id": each.id, "title": each.title} for each in files]}


def _share(ask: Ask, id: str, files: list[UploadedFile]) -> None:
    """Files come into a channel as a message that can carry no metadata."""
    channel = ask.team.channels.get(id)
    if channel is None or not ask.team.visible(channel, ask.team.bot.id):
        raise SlackError("channel_not_found")
    if channel.archived:
        raise SlackError("is_archived")
    if ask.team.bot.id not in channel.members:
        raise SlackError("not_in_channel")
    thread_ts = str(ask.args.get("thread_ts") or "")
    if thread_ts and channel.message(thread_ts) is None:
        raise SlackError("invalid_thread_ts")
    message = Message(
        ask.slack.ts(),
        id,
        ask.team.bot.id,
        str(ask.args.get("initial_comment") or ""),
        bot_id=ask.team.bot.bot_id,
        app_id=ask.team.app.id,
        thread_ts=thread_ts,
        files=[each.id for each in files],
    )
    ask.team.post(channel, message)
    for each in files:
        each.shares[id] = message.ts


def file_info(ask: Ask) -> Json:
    file = ask.team.files.get(ask.given("file", "file_not_found"))
    if file is None or not file.complete:
        raise SlackError("file_not_found")
    return {"file": file_object(ask.team, file), "comments": [], "response_metadata": {"next_cursor": ""}}


def add_pin(ask: Ask) -> Json:
    channel = ask.channel(alive=True, joined=True)
    message = channel.message(ask.given("timestamp", "no_item_specified"))
    if message is None:
        raise SlackError("message_not_found")
    if message.ts in channel.pins:
        raise SlackError("already_pinned")
    channel.pins.append(message.ts)
    return {}


def list_pins(ask: Ask) -> Json:
    channel = ask.channel(joined=True)
    items = []
    for ts in channel.pins:
        if (message := channel.message(ts)) is not None:
            items.append(
                {"type": "message", "channel": channel.id, "message": message_object(ask.team, message), "created": 0}
            )
    return {"items": items}


def _link(value: str) -> str:
    if not re.match(r"https?://\S+$", value) or len(value) > 3000:
        raise SlackError("invalid_link")
    return value


def add_bookmark(ask: Ask) -> Json:
    channel = ask.channel("channel_id", alive=True, joined=True)
    if ask.given("type") != "link":
        raise SlackError("invalid_bookmark_type")
    if len(channel.bookmarks) >= BOOKMARKS:
        raise SlackError("too_many_bookmarks")
    bookmark: Json = {
        "id": ask.slack.ids.next("Bk"),
        "channel_id": channel.id,
        "title": ask.given("title"),
        "link": _link(ask.given("link", "invalid_link")),
        "emoji": ask.args.get("emoji", ""),
        "icon_url": "",
        "type": "link",
        "entity_id": None,
        "date_created": int(ask.slack.clock()),
        "date_updated": 0,
        "rank": "U",
        "last_updated_by_user_id": ask.team.bot.id,
        "app_id": ask.team.app.id,
    }
    channel.bookmarks.append(bookmark)
    return {"bookmark": bookmark}


def list_bookmarks(ask: Ask) -> Json:
    return {"bookmarks": ask.channel("channel_id", joined=True).bookmarks}


def edit_bookmark(ask: Ask) -> Json:
    channel = ask.channel("channel_id", alive=True, joined=True)
    for bookmark in channel.bookmarks:
        if bookmark["id"] == ask.given("bookmark_id"):
            if ask.args.get("link"):
                bookmark["link"] = _link(str(ask.args["link"]))
            for name in ("title", "emoji"):
                if ask.args.get(name):
                    bookmark[name] = str(ask.args[name])
            return {"bookmark": bookmark}
    raise SlackError("bookmark_not_found")


def react(ask: Ask) -> Json:
    channel = ask.channel(alive=True, joined=True)
    message = channel.message(ask.given("timestamp", "no_item_specified"))
    if message is None:
        raise SlackError("message_not_found")
    name = ask.given("name", "invalid_name").strip(":")
    users = message.reactions.setdefault(name, [])
    if ask.team.bot.id in users:
        raise SlackError("already_reacted")
    users.append(ask.team.bot.id)
    return {}


METHODS = {
    "files.getUploadURLExternal": Method(upload_url, ("files:write",), 100),
    "files.completeUploadExternal": Method(complete_upload, ("files:write",), 100),
    "files.info": Method(file_info, ("files:read",), 100),
    "pins.add": Method(add_pin, ("pins:write",), 20),
    "pins.list": Method(list_pins, ("pins:read",), 20),
    "bookmarks.add": Method(add_bookmark, ("bookmarks:write",), 20),
    "bookmarks.list": Method(list_bookmarks, ("bookmarks:read",)),
    "bookmarks.edit": Method(edit_bookmark, ("bookmarks:write",), 20),
    "reactions.add": Method(react, ("reactions:write",)),
}
