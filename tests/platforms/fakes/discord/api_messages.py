"""Messages over REST: post, read, edit, delete, pin."""

from __future__ import annotations

from types import MappingProxyType

from . import polls
from .api import Ask, Body, Handler
from .errors import DiscordError, Json
from .gateway import DM_MESSAGES, GUILD_MESSAGES, MESSAGE_CONTENT
from .limits import check_message, is_empty
from .payloads import iso, user_object
from .permissions import Permission as P
from .permissions import in_channel
from .posting import announce, as_bot_sees, fill, post
from .state import COMPONENTS_V2, DM, Channel, Guild, Message

NONCE_SECONDS = 120
MOST_PINS = 250


def shown(ask: Ask, message: Message) -> Json:
    return as_bot_sees(ask.discord, message, bool(ask.discord.privileged_intents & MESSAGE_CONTENT))


def sizes(ask: Ask) -> dict[str, int]:
    return {each.filename: len(each.content) for each in ask.files.values()}


def may_send(ask: Ask, guild: Guild | None, channel: Channel, body: Json) -> None:
    """What stands between the bot and this room: closed DMs, permissions, a locked thread."""
    if not channel.holds_messages:
        raise DiscordError(50008)
    if channel.type == DM:
        ask.discord.check_dm(channel)
        return
    ask.needs(P.SEND_MESSAGES_IN_THREADS if channel.is_thread else P.SEND_MESSAGES, guild, channel)
    if ask.files:
        ask.needs(P.ATTACH_FILES, guild, channel)
    if body.get("poll"):
        ask.needs(P.SEND_POLLS, guild, channel)
    if body.get("message_reference"):
        ask.needs(P.READ_MESSAGE_HISTORY, guild, channel)
    if channel.is_thread and channel.locked:
        ask.needs(P.MANAGE_THREADS, guild, channel)


def create(ask: Ask) -> Body:
    guild, channel = ask.place()
    body = ask.json
    check_message(body, sizes(ask))
    if is_empty(body, sizes(ask)):
        raise DiscordError(50006)
    may_send(ask, guild, channel, body)
    if body.get("enforce_nonce") and body.get("nonce") is not None:
        for message in reversed(channel.messages):
            young = ask.discord.clock() - message.at < NONCE_SECONDS
            if young and message.author is ask.bot and str(message.nonce) == str(body["nonce"]):
                return {**shown(ask, message), "nonce": message.nonce}
    if reference := body.get("message_reference"):
        known = any(str(each.id) == str(reference.get("message_id")) for each in channel.messages)
        if not known and reference.get("fail_if_not_exists", True):
            note = {"code": "REPLIES_UNKNOWN_MESSAGE", "message": "Unknown message"}
            raise DiscordError(50035, {"message_reference": {"_errors": [note]}})
    if channel.is_thread:
        channel.archived = False
        channel.thread_members.setdefault(ask.bot.id, ask.discord.clock())
    message = post(ask.discord, channel, ask.bot, body, ask.files, type=19 if reference else 0)
    answer = shown(ask, message)
    return {**answer, "nonce": message.nonce} if message.nonce is not None else answer


def history(ask: Ask) -> Body:
    guild, channel = ask.place()
    limit = ask.whole("limit", 50, 1, 100)
    if guild is not None and not in_channel(guild, channel, ask.bot.id) & P.READ_MESSAGE_HISTORY:
        return []
    found = sorted(channel.messages, key=lambda each: each.id, reverse=True)
    if "before" in ask.query:
        found = [each for each in found if each.id < int(ask.query["before"])]
    elif "after" in ask.query:
        after = [each for each in found if each.id > int(ask.query["after"])]
        found = after[-limit:]
    elif "around" in ask.query:
        middle = int(ask.query["around"])
        older = [each for each in found if each.id <= middle][: limit // 2 + 1]
        newer = [each for each in found if each.id > middle][-(limit // 2) :]
        found = newer + older
    return [shown(ask, each) for each in found[:limit]]


def get(ask: Ask) -> Body:
    guild, channel = ask.place()
    ask.needs(P.READ_MESSAGE_HISTORY, guild, channel)
    return shown(ask, ask.message(channel))


def edit(ask: Ask) -> Body:
    _, channel = ask.place()
    message = ask.message(channel)
    if message.author is not ask.bot:
        raise DiscordError(50005)
    if channel.is_thread and channel.archived:
        raise DiscordError(50083)
    revise(ask, message)
    announce(ask.discord, "MESSAGE_UPDATE", message)
    return shown(ask, message)


def revise(ask: Ask, message: Message, body: Json | None = None) -> None:
    """Edits with everything a new message is checked for. Once second version, always second version."""
    body = ask.json if body is None else body
    if message.poll is not None:
        raise DiscordError(polls.UNCHANGEABLE)
    flags = message.flags | (body.get("flags") or 0) & (COMPONENTS_V2 | 4)
    stays = {int(each["id"]) for each in body.get("attachments") or [] if str(each.get("id", "")).isdigit()}
    kept = {each.filename for each in message.attachments if "attachments" not in body or each.id in stays}
    wholly = {
        "content": message.content,
        "embeds": message.embeds,
        **{name: value for name, value in body.items() if name != "flags"},
    }
    check_message(wholly, sizes(ask), editing=True, kept=frozenset(kept), flags=flags)
    after = {"components": message.components, **wholly}
    if is_empty(after, sizes(ask)) and not kept:
        raise DiscordError(50006)
    message.flags = flags
    fill(ask.discord, message, body, ask.files)
    message.edited_at = ask.discord.clock()


def delete(ask: Ask) -> Body:
    guild, channel = ask.place()
    message = ask.message(channel)
    if message.author is not ask.bot:
        if guild is None:
            raise DiscordError(50003)
        ask.needs(P.MANAGE_MESSAGES, guild, channel)
    channel.messages.remove(message)
    gone: Json = {"id": str(message.id), "channel_id": str(channel.id)}
    if guild is not None:
        gone["guild_id"] = str(guild.id)
    ask.discord.gateway.dispatch("MESSAGE_DELETE", gone, DM_MESSAGES if guild is None else GUILD_MESSAGES)
    return None


def pin(ask: Ask) -> Body:
    guild, channel = ask.place()
    ask.needs(P.PIN_MESSAGES, guild, channel)
    message = ask.message(channel)
    if not message.pinned and sum(each.pinned for each in channel.messages) >= MOST_PINS:
        raise DiscordError(30003)
    if not message.pinned:
        message.pinned = True
        reference = {"message_id": str(message.id), "channel_id": str(channel.id)}
        post(ask.discord, channel, ask.bot, {"message_reference": reference}, type=6)
    return None


def unpin(ask: Ask) -> Body:
    guild, channel = ask.place()
    ask.needs(P.PIN_MESSAGES, guild, channel)
    ask.message(channel).pinned = False
    return None


def pins(ask: Ask) -> Body:
    _, channel = ask.place()
    items = [{"pinned_at": iso(each.at), "message": shown(ask, each)} for each in channel.messages if each.pinned]
    return {"items": list(reversed(items)), "has_more": False}


def typing(ask: Ask) -> Body:
    guild, channel = ask.place()
    ask.needs(P.SEND_MESSAGES, guild, channel)
    return None


def end_poll(ask: Ask) -> Body:
    _, channel = ask.place()
    message = ask.message(channel)
    if message.author is not ask.bot:
        raise DiscordError(50005)
    result = polls.end(ask.discord, message)
    announce(ask.discord, "MESSAGE_UPDATE", message)
    reference = {"message_id": str(message.id), "channel_id": str(channel.id)}
    post(ask.discord, channel, ask.bot, {**result, "message_reference": reference}, type=polls.RESULT)
    return shown(ask, message)


def voters(ask: Ask) -> Body:
    _, channel = ask.place()
    message = ask.message(channel)
    if message.poll is None:
        raise DiscordError(10008)
    found = message.votes.get(ask.id("answer"), set())
    return {"users": [user_object(ask.discord.users[each]) for each in sorted(found)]}


ROUTES: MappingProxyType[str, Handler] = MappingProxyType(
    {
        "POST /channels/{channel}/messages": create,
        "GET /channels/{channel}/messages": history,
        "GET /channels/{channel}/messages/pins": pins,
        "PUT /channels/{channel}/messages/pins/{message}": pin,
        "DELETE /channels/{channel}/messages/pins/{message}": unpin,
        "GET /channels/{channel}/messages/{message}": get,
        "PATCH /channels/{channel}/messages/{message}": edit,
        "DELETE /channels/{channel}/messages/{message}": delete,
        "POST /channels/{channel}/typing": typing,
        "GET /channels/{channel}/polls/{message}/answers/{answer}": voters,
        "POST /channels/{channel}/polls/{message}/expire": end_poll,
    }
)
