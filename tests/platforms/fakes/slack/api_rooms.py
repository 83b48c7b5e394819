"""The conversations.* methods."""

from __future__ import annotations

import re

from .api import Ask, Method
from .payloads import channel_object, message_object
from .state import Channel, Json, Message, SlackError

NAME = re.compile(r"[\w-]+")
TOPIC = 250


def _name(ask: Ask) -> str:
    name = str(ask.args.get("name") or "").strip()
    if not name:
        raise SlackError("invalid_name_required")
    if len(name) > 80:
        raise SlackError("invalid_name_maxlength")
    if name != name.lower() or not NAME.fullmatch(name):
        raise SlackError("invalid_name_specials")
    if any(each.name == name for each in ask.team.channels.values()):
        raise SlackError("name_taken")  # archived channels keep theirs
    return name


def _room(ask: Ask, *, alive: bool = True) -> Channel:
    """A channel that the bot is in and may manage; not a direct conversation."""
    channel = ask.channel(alive=alive, joined=True)
    if channel.kind in ("im", "mpim"):
        raise SlackError("method_not_supported_for_channel_type")
    ask.typed_scope(channel, "manage")
    return channel


def open_(ask: Ask) -> Json:
    users = ask.names("users")
    if not users:
        if ask.args.get("channel"):
            return {"channel": {"id": ask.channel().id}, "no_op": True, "already_open": True}
        raise SlackError("users_list_not_supplied")
    if len(users) > 8:
        raise SlackError("too_many_users")
    ask.scope("im:write" if len(users) == 1 else "mpim:write")
    for user in map(ask.user, users):
        if user.kind == "bot":
            raise SlackError("cannot_dm_bot")
        if user.kind == "deactivated":
            raise SlackError("user_disabled")
        if user.dms_closed:
            raise SlackError("user_not_visible")
    channel = ask.team.direct(*users)
    return {"channel": channel_object(ask.team, channel) if ask.flag("return_im") else {"id": channel.id}}


def create(ask: Ask) -> Json:
    private = ask.flag("is_private")
    ask.scope("groups:write" if private else "channels:manage")
    if ask.team.channel_creation_restricted:
        raise SlackError("restricted_action")
    channel = ask.team.add_channel(_name(ask), ask.team.bot, private=private)
    channel.creator = ask.team.bot.id
    return {"channel": channel_object(ask.team, channel)}


def list_(ask: Ask) -> Json:
    kinds = ask.names("types") or ["public_channel"]
    families = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}
    for kind in kinds:
        if kind not in families:
            raise SlackError("invalid_types")
        ask.scope(f"{families[kind]}:read")
    wanted = {kind.removesuffix("_channel") for kind in kinds}
    found = [
        each
        for each in ask.team.channels.values()
        if each.kind in wanted
        and ask.team.visible(each, ask.team.bot.id)
        and not (each.archived and ask.flag("exclude_archived"))
    ]
    channels, following = ask.page(found, 100, 1000)
    return {
        "channels": [channel_object(ask.team, each) for each in channels],
        "response_metadata": {"next_cursor": following},
    }


def info(ask: Ask) -> Json:
    channel = ask.channel()
    ask.typed_scope(channel, "read")
    return {"channel": channel_object(ask.team, channel)}


def members(ask: Ask) -> Json:
    channel = ask.channel()
    ask.typed_scope(channel, "read")
    ids, following = ask.page(channel.members, 100, 1000)
    return {"members": ids, "response_metadata": {"next_cursor": following}}


def invite(ask: Ask) -> Json:
    channel = _room(ask)
    users = ask.names("users")
    if not users:
        raise SlackError("users_list_not_supplied")
    refused: list[Json] = []
    welcome: list[str] = []
    for id in users:
        try:
            _may_be_invited(ask, channel, id)
            welcome.append(id)
        except SlackError as error:
            refused.append({"user": id, "ok": False, "error": error.error})
    if refused and not (ask.flag("force") and welcome):
        raise SlackError(refused[0]["error"], errors=refused)
    for id in welcome:
        channel.members.append(id)
        ask.slack.soon(ask.team.joined(channel, id, ask.team.bot.id))
    return {"channel": channel_object(ask.team, channel), **({"errors": refused} if refused else {})}


def _may_be_invited(ask: Ask, channel: Channel, id: str) -> None:
    user = ask.user(id)
    if id == ask.team.bot.id:
        raise SlackError("cant_invite_self")
    if id in channel.members:
        raise SlackError("already_in_channel")
    if user.kind == "deactivated":
        raise SlackError("user_disabled")
    if user.kind == "connect":
        raise SlackError("user_team_not_in_channel")
    ask.team.guest_may_join(user, channel)


def kick(ask: Ask) -> Json:
    channel = _room(ask)
    user = ask.user(ask.given("user", "user_not_found"))
    if user.id == ask.team.bot.id:
        raise SlackError("cant_kick_self")
    if channel.name == "general":
        raise SlackError("cant_kick_from_general")
    if user.id not in channel.members:
        raise SlackError("not_in_channel")
    channel.members.remove(user.id)
    return {"errors": {}}


def join(ask: Ask) -> Json:
    channel = ask.channel(alive=True)
    if channel.kind != "public":
        raise SlackError("method_not_supported_for_channel_type")
    answer: Json = {"channel": channel_object(ask.team, channel)}
    if ask.team.bot.id in channel.members:
        return {**answer, "warning": "already_in_channel"}
    channel.members.append(ask.team.bot.id)
    ask.slack.soon(ask.team.joined(channel, ask.team.bot.id))
    return {"channel": channel_object(ask.team, channel)}


def leave(ask: Ask) -> Json:
    channel = ask.channel(alive=True)
    if channel.name == "general":
        raise SlackError("cant_leave_general")
    ask.typed_scope(channel, "manage")
    if ask.team.bot.id not in channel.members:
        return {"not_in_channel": True}
    channel.members.remove(ask.team.bot.id)
    return {}


def set_topic(ask: Ask) -> Json:
    channel = ask.channel(alive=True, joined=True)
    ask.typed_scope(channel, "manage")
    topic = str(ask.args.get("topic") or "")
    if len(topic) > TOPIC:
        raise SlackError("too_long")
    channel.topic = topic
    return {"channel": channel_object(ask.team, channel)}


def set_purpose(ask: Ask) -> Json:
    channel = _room(ask)
    purpose = str(ask.args.get("purpose") or "")
    if len(purpose) > TOPIC:
        raise SlackError("too_long")
    channel.purpose = purpose
    return {"purpose": purpose}


def archive(ask: Ask) -> Json:
    channel = _room(ask, alive=False)
    if channel.archived:
        raise SlackError("already_archived")
    if channel.name == "general":
        raise SlackError("cant_archive_general")
    channel.archived = True
    return {}


def rename(ask: Ask) -> Json:
    channel = _room(ask)
    channel.name = _name(ask)
    return {"channel": channel_object(ask.team, channel)}


def _between(ask: Ask, messages: list[Message]) -> list[Message]:
    oldest = float(ask.args.get("oldest") or 0)
    latest = float(ask.args.get("latest") or float("inf"))
    if ask.flag("inclusive"):
        return [each for each in messages if oldest <= each.at <= latest]
    return [each for each in messages if oldest < each.at < latest]


def _history(ask: Ask, messages: list[Message], default: int) -> Json:
    most = 15 if ask.team.app.distributed else 999
    page, following = ask.page(messages, min(default, most), most if ask.team.app.distributed else 1000)
    metadata = ask.flag("include_all_metadata")
    return {
        "messages": [message_object(ask.team, each, metadata=metadata) for each in page],
        "has_more": bool(following),
        "response_metadata": {"next_cursor": following},
    }


def history(ask: Ask) -> Json:
    """Newest first, without what stands in threads."""
    channel = ask.channel()
    ask.typed_scope(channel, "history")
    if ask.team.bot.id not in channel.members:
        raise SlackError("not_in_channel")
    top = [each for each in channel.messages if not each.is_reply or each.broadcast]
    answer = _history(ask, _between(ask, top)[::-1], 100)
    return {**answer, "pin_count": len(channel.pins)}


def replies(ask: Ask) -> Json:
    """The message itself first, then its replies, oldest first."""
    channel = ask.channel()
    ask.typed_scope(channel, "history")
    if ask.team.bot.id not in channel.members:
        raise SlackError("not_in_channel")
    parent = channel.message(ask.given("ts"))
    if parent is None:
        raise SlackError("thread_not_found")
    if parent.is_reply:
        return _history(ask, [parent], 1000)
    page = _history(ask, _between(ask, channel.replies(parent.ts)), 999)
    if not ask.args.get("cursor"):
        page["messages"].insert(0, message_object(ask.team, parent, metadata=ask.flag("include_all_metadata")))
    return page


METHODS = {
    "conversations.open": Method(open_),
    "conversations.create": Method(create, tier=20),
    "conversations.list": Method(list_, tier=20),
    "conversations.info": Method(info),
    "conversations.members": Method(members, tier=100),
    "conversations.invite": Method(invite),
    "conversations.kick": Method(kick),
    "conversations.join": Method(join, ("channels:join",)),
    "conversations.leave": Method(leave),
    "conversations.setTopic": Method(set_topic, tier=20),
    "conversations.setPurpose": Method(set_purpose, tier=20),
    "conversations.archive": Method(archive, tier=20),
    "conversations.rename": Method(rename, tier=20),
    "conversations.history": Method(history),
    "conversations.replies": Method(replies),
}
