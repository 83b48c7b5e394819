"""The chat.* methods: what the bot says, edits and takes back."""

from __future__ import annotations

from .api import Ask, Method
from .limits import UPDATED_TEXT, check_message
from .payloads import message_object
from .state import Channel, Json, Message, SlackError

POST_ARGUMENTS = frozenset(
    [
        "token",
        "team_id",
        "channel",
        "text",
        "blocks",
        "attachments",
        "metadata",
        "thread_ts",
        "reply_broadcast",
        "unfurl_links",
        "unfurl_media",
        "mrkdwn",
        "parse",
        "link_names",
        "icon_emoji",
        "icon_url",
        "username",
        "user",
        "ts",
        "as_user",
        "container_id",
    ]
)


def _destination(ask: Ask) -> Channel:
    """A channel by its id, or the direct conversation with a person by theirs. Names are not taken."""
    target = ask.given("channel", "channel_not_found")
    if target in ask.team.users:
        user = ask.team.users[target]
        if user.kind == "bot":
            raise SlackError("cannot_dm_bot")
        if user.dms_closed:
            raise SlackError("channel_not_found")
        return ask.team.direct(target)
    channel = ask.channel(alive=True)
    if ask.team.bot.id not in channel.members and (
        "chat:write.public" not in ask.team.scopes or channel.kind != "public"
    ):
        raise SlackError("not_in_channel")
    if channel.posting_restricted:
        raise SlackError("restricted_action")
    return channel


def _thread(ask: Ask, channel: Channel) -> str:
    thread_ts = str(ask.args.get("thread_ts") or "")
    if thread_ts:
        parent = channel.message(thread_ts)
        if parent is None or parent.is_reply:
            raise SlackError("thread_not_found")
    return thread_ts


def _known_arguments(ask: Ask) -> None:
    if unknown := set(ask.args) - POST_ARGUMENTS:
        raise SlackError("invalid_arguments", *(f"unknown argument: {name}" for name in sorted(unknown)))


def post_message(ask: Ask) -> Json:
    _known_arguments(ask)
    channel = _destination(ask)
    if channel.kind == "im" and not ask.team.app.messages_tab:
        raise SlackError("messages_tab_disabled")
    thread_ts = _thread(ask, channel)
    check_message(ask.args)
    message = ask.team.post(
        channel,
        Message(
            ask.slack.ts(),
            channel.id,
            ask.team.bot.id,
            ask.args.get("text") or "",
            ask.team.block_ids(ask.args.get("blocks") or []),
            bot_id=ask.team.bot.bot_id,
            app_id=ask.team.app.id,
            thread_ts=thread_ts,
            metadata=ask.args.get("metadata"),
            broadcast=ask.flag("reply_broadcast"),
        ),
    )
    ask.slack.echo(ask.team, channel, message)
    return {"channel": channel.id, "ts": message.ts, "message": message_object(ask.team, message, metadata=True)}


def post_ephemeral(ask: Ask) -> Json:
    _known_arguments(ask)
    channel = ask.channel(alive=True, joined=True)
    user = ask.given("user", "user_not_found")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    if ask.args.get("metadata") is not None:
        raise SlackError("invalid_arguments", "an ephemeral message carries no metadata [json-pointer:/metadata]")
    thread_ts = _thread(ask, channel)
    check_message(ask.args)
    message = ask.slack.whisper(ask.team, user, channel, ask.args, thread_ts)
    return {"message_ts": message.ts}


def update(ask: Ask) -> Json:
    _known_arguments(ask)
    channel = ask.channel(alive=True)
    message = channel.message(ask.given("ts", "message_not_found"))
    if message is None:
        raise SlackError("message_not_found")
    if message.user != ask.team.bot.id:
        raise SlackError("cant_update_message")
    check_message(ask.args, text_limit=UPDATED_TEXT)
    # What is not given stays: a text alone leaves the blocks, an empty list takes them away.
    if "text" in ask.args or not ask.args.get("blocks"):
        message.text = ask.args.get("text") or ""
    if ask.args.get("blocks") is not None:
        message.blocks = ask.team.block_ids(ask.args["blocks"])
    if ask.args.get("metadata") is not None:
        message.metadata = ask.args["metadata"]
    message.edited_ts = ask.slack.ts()
    ask.slack.echo(ask.team, channel, message, "message_changed")
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": message_object(ask.team, message, metadata=True),
    }


def delete(ask: Ask) -> Json:
    channel = ask.channel()
    message = channel.message(ask.given("ts", "message_not_found"))
    if message is None:
        raise SlackError("message_not_found")
    if message.user != ask.team.bot.id:
        raise SlackError("cant_delete_message")
    channel.messages.remove(message)
    ask.slack.echo(ask.team, channel, message, "message_deleted")
    return {"channel": channel.id, "ts": message.ts}


def permalink(ask: Ask) -> Json:
    channel = ask.channel()
    message = channel.message(ask.given("message_ts", "message_not_found"))
    if message is None:
        raise SlackError("message_not_found")
    return {"channel": channel.id, "permalink": ask.slack.permalink(ask.team, message)}


METHODS = {
    "chat.postMessage": Method(post_message, ("chat:write",), None),
    "chat.postEphemeral": Method(post_ephemeral, ("chat:write",), 100),
    "chat.update": Method(update, ("chat:write",)),
    "chat.delete": Method(delete, ("chat:write",)),
    "chat.getPermalink": Method(permalink, tier=None),
}
