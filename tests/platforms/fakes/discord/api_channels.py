"""Channels, their overwrites, and threads over REST."""

from __future__ import annotations

from types import MappingProxyType

from .api import Ask, Body, Handler
from .errors import DiscordError, Json, Problems
from .gateway import GUILDS
from .guild import FakeGuild
from .limits import check_channel, text_channel_name
from .payloads import channel_object, thread_member_object
from .permissions import Permission as P
from .permissions import in_channel, in_guild
from .posting import announce
from .state import (
    CATEGORY,
    DM,
    FORUM,
    NEWS,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    STAGE,
    TEXT,
    VOICE,
    Channel,
    Overwrite,
)  # fmt: skip

MOST_CHANNELS, MOST_IN_CATEGORY, MOST_THREAD_MEMBERS, MOST_THREADS = 500, 50, 1000, 1000
KINDS = frozenset({TEXT, VOICE, CATEGORY, NEWS, STAGE, FORUM})
NEEDS_COMMUNITY = frozenset({NEWS, STAGE, FORUM})


def tell(ask: Ask, event: str, channel: Channel) -> None:
    ask.discord.gateway.dispatch(event, channel_object(channel, ask.bot.id), GUILDS)


def listing(ask: Ask) -> Body:
    return [channel_object(each) for each in ask.guild().channels.values() if not each.is_thread]


def overwrites(ask: Ask, guild: FakeGuild, given: list[Json], channel: Channel | None) -> dict[int, Overwrite]:
    """Checks what may be allowed and denied: nothing that the bot itself lacks."""
    found: dict[int, Overwrite] = {}
    for each in given:
        target, allow, deny = int(each["id"]), int(each.get("allow") or 0), int(each.get("deny") or 0)
        is_role = int(each.get("type", 0)) == 0
        if (is_role and target not in guild.roles) or (not is_role and target not in ask.discord.users):
            problems = Problems()
            problems.add(("permission_overwrites",), "CHANNEL_PERMISSION_OVERWRITE_TARGET", "Unknown overwrite target")
            problems.raise_if_any()
        overwrite = Overwrite(target, is_role, allow, deny)
        if channel is None or channel.overwrites.get(target) != overwrite:
            may_overwrite(ask, guild, channel, allow | deny)
        found[target] = overwrite
    return found


def may_overwrite(ask: Ask, guild: FakeGuild, channel: Channel | None, bits: int) -> None:
    own = in_guild(guild, ask.bot.id) | (in_channel(guild, channel, ask.bot.id) if channel else 0)
    if bits & ~own or (bits & P.MANAGE_ROLES and not in_guild(guild, ask.bot.id) & P.ADMINISTRATOR):
        raise DiscordError(50013)


def create(ask: Ask) -> Body:
    guild, body = ask.guild(), ask.json
    ask.needs(P.MANAGE_CHANNELS, guild)
    check_channel(body)
    kind = body.get("type", TEXT)
    problems = Problems()
    problems.one_of(("type",), kind, KINDS)
    if kind in NEEDS_COMMUNITY and not guild.community:
        problems.one_of(("type",), kind, KINDS - NEEDS_COMMUNITY)
    if "name" not in body:
        problems.required(("name",))
    parent = guild.channels.get(int(body.get("parent_id") or 0))
    if body.get("parent_id") and (parent is None or parent.type != CATEGORY):
        problems.add(("parent_id",), "CHANNEL_PARENT_INVALID", "Category does not exist")
    if parent and sum(each.parent_id == parent.id for each in guild.channels.values()) >= MOST_IN_CATEGORY:
        note = "Maximum number of channels in category reached (50)"
        problems.add(("parent_id",), "CHANNEL_PARENT_MAX_CHANNELS", note)
    problems.raise_if_any()
    if sum(not each.is_thread for each in guild.channels.values()) >= MOST_CHANNELS:
        raise DiscordError(30013)
    given = overwrites(ask, guild, body.get("permission_overwrites") or [], None)
    name = text_channel_name(body["name"]) if kind in (TEXT, NEWS, FORUM) else body["name"].strip()
    channel = Channel(ask.discord.ids.next(), kind, name, guild.id, parent.id if parent else None)
    # Without overwrites of its own, a room takes those of its category.
    channel.overwrites = given or (dict(parent.overwrites) if parent else {})
    channel.topic, channel.user_limit = body.get("topic"), body.get("user_limit") or 0
    channel.position = body.get("position") or len(guild.channels)
    channel.created_at = ask.discord.clock()
    guild.channels[channel.id] = channel
    tell(ask, "CHANNEL_CREATE", channel)
    return channel_object(channel)


def get(ask: Ask) -> Body:
    _, channel = ask.place()
    return channel_object(channel, ask.bot.id)


def modify(ask: Ask) -> Body:
    guild, channel = ask.server_channel()
    body = ask.json
    check_channel(body, thread=channel.is_thread)
    if channel.is_thread:
        return _modify_thread(ask, guild, channel, body)
    ask.needs(P.MANAGE_CHANNELS, guild, channel)
    if "permission_overwrites" in body:
        ask.needs(P.MANAGE_ROLES, guild, channel)
        channel.overwrites = overwrites(ask, guild, body["permission_overwrites"] or [], channel)
    if "name" in body:
        channel.name = text_channel_name(body["name"]) if channel.type in (TEXT, NEWS, FORUM) else body["name"]
    if "parent_id" in body:
        parent = guild.channels.get(int(body["parent_id"] or 0))
        if body["parent_id"] and (parent is None or parent.type != CATEGORY):
            problems = Problems()
            problems.add(("parent_id",), "CHANNEL_PARENT_INVALID", "Category does not exist")
            problems.raise_if_any()
        channel.parent_id = parent.id if parent else None
    channel.topic = body.get("topic", channel.topic)
    channel.user_limit = body.get("user_limit") or channel.user_limit
    channel.position = body.get("position", channel.position)
    tell(ask, "CHANNEL_UPDATE", channel)
    return channel_object(channel)


def _modify_thread(ask: Ask, guild: FakeGuild, thread: Channel, body: Json) -> Json:
    own = thread.owner_id == ask.bot.id
    only_opening = set(body) == {"archived"} and not body["archived"] and not thread.locked
    if only_opening:
        ask.needs(P.SEND_MESSAGES_IN_THREADS, guild, thread)
    elif thread.archived and body.get("archived") is not False:
        raise DiscordError(50083)
    elif not own or "locked" in body:
        ask.needs(P.MANAGE_THREADS, guild, thread)
    thread.name = body.get("name", thread.name)
    thread.archived = body.get("archived", thread.archived)
    thread.locked = body.get("locked", thread.locked)
    thread.invitable = body.get("invitable", thread.invitable)
    thread.auto_archive = body.get("auto_archive_duration", thread.auto_archive)
    tell(ask, "THREAD_UPDATE", thread)
    return channel_object(thread, ask.bot.id)


def delete(ask: Ask) -> Body:
    guild, channel = ask.place()
    if channel.type == DM:
        return channel_object(channel)
    assert guild is not None
    ask.needs(P.MANAGE_THREADS if channel.is_thread else P.MANAGE_CHANNELS, guild, channel)
    body = channel_object(channel)
    guild.drop_channel(channel)
    return body


def allow(ask: Ask) -> Body:
    guild, channel = ask.server_channel()
    ask.needs(P.MANAGE_ROLES, guild, channel)
    if channel.is_thread:
        raise DiscordError(50024)
    body = {**ask.json, "id": ask.id("target")}
    if not 0 <= int(body.get("type", -1)) <= 1:
        problems = Problems()
        problems.one_of(("type",), body.get("type"), frozenset({0, 1}))
        problems.raise_if_any()
    channel.overwrites |= overwrites(ask, guild, [body], channel)
    tell(ask, "CHANNEL_UPDATE", channel)
    return None


def disallow(ask: Ask) -> Body:
    guild, channel = ask.server_channel()
    ask.needs(P.MANAGE_ROLES, guild, channel)
    if channel.overwrites.pop(ask.id("target"), None) is None:
        raise DiscordError(10009)
    tell(ask, "CHANNEL_UPDATE", channel)
    return None


def start_thread(ask: Ask) -> Body:
    guild, channel = ask.server_channel()
    if channel.type not in (TEXT, NEWS):
        raise DiscordError(50024)
    kind = ask.json.get("type", PRIVATE_THREAD)
    problems = Problems()
    problems.one_of(("type",), kind, frozenset({PUBLIC_THREAD, PRIVATE_THREAD}))
    problems.raise_if_any()
    ask.needs(P.CREATE_PRIVATE_THREADS if kind == PRIVATE_THREAD else P.CREATE_PUBLIC_THREADS, guild, channel)
    return _thread(ask, guild, channel, kind, ask.discord.ids.next())


def start_thread_on(ask: Ask) -> Body:
    guild, channel = ask.server_channel()
    message = ask.message(channel)
    ask.needs(P.CREATE_PUBLIC_THREADS, guild, channel)
    if message.id in guild.channels:
        raise DiscordError(160004)
    thread = _thread(ask, guild, channel, PUBLIC_THREAD, message.id)
    message.flags |= 1 << 5
    announce(ask.discord, "MESSAGE_UPDATE", message)
    return thread


def _thread(ask: Ask, guild: FakeGuild, channel: Channel, kind: int, id: int) -> Json:
    body = ask.json
    if "name" not in body:
        problems = Problems()
        problems.required(("name",))
        problems.raise_if_any()
    check_channel(body, thread=True)
    if sum(each.is_thread and not each.archived for each in guild.channels.values()) >= MOST_THREADS:
        raise DiscordError(160006)
    thread = Channel(id, kind, body["name"], guild.id, channel.id, owner_id=ask.bot.id)
    thread.created_at = ask.discord.clock()
    thread.thread_members[ask.bot.id] = thread.created_at
    thread.invitable = body.get("invitable", True)
    thread.auto_archive = body.get("auto_archive_duration") or 1440
    guild.channels[thread.id] = thread
    told = {**channel_object(thread, ask.bot.id), "newly_created": True}
    ask.discord.gateway.dispatch("THREAD_CREATE", told, GUILDS)
    return channel_object(thread, ask.bot.id)


def thread_of(ask: Ask) -> tuple[FakeGuild, Channel]:
    guild, channel = ask.server_channel()
    if not channel.is_thread:
        raise DiscordError(50024)
    return guild, channel


def join(ask: Ask) -> Body:
    guild, thread = thread_of(ask)
    user = ask.id("user")
    if thread.archived:
        raise DiscordError(50083)
    ask.needs(P.SEND_MESSAGES_IN_THREADS, guild, thread)
    if user not in guild.members:
        raise DiscordError(10007)
    if not in_channel(guild, guild.channel(thread.parent_id or 0), user) & P.VIEW_CHANNEL:
        raise DiscordError(50001)
    if user not in thread.thread_members and len(thread.thread_members) >= MOST_THREAD_MEMBERS:
        raise DiscordError(30033)
    thread.thread_members.setdefault(user, ask.discord.clock())
    return None


def leave(ask: Ask) -> Body:
    guild, thread = thread_of(ask)
    user = ask.id("user")
    if thread.archived:
        raise DiscordError(50083)
    if user != ask.bot.id and not (thread.type == PRIVATE_THREAD and thread.owner_id == ask.bot.id):
        ask.needs(P.MANAGE_THREADS, guild, thread)
    if thread.thread_members.pop(user, None) is None:
        raise DiscordError(10007)
    return None


def thread_members(ask: Ask) -> Body:
    _, thread = thread_of(ask)
    return [thread_member_object(thread, each) for each in thread.thread_members]


def thread_member(ask: Ask) -> Body:
    _, thread = thread_of(ask)
    if ask.id("user") not in thread.thread_members:
        raise DiscordError(10007)
    return thread_member_object(thread, ask.id("user"))


def _page(ask: Ask, threads: list[Channel]) -> Json:
    seen = [each for each in threads if ask.discord.sees(ask.bot, each)]
    mine = [each for each in seen if ask.bot.id in each.thread_members]
    return {
        "threads": [channel_object(each, ask.bot.id) for each in seen],
        "members": [thread_member_object(each, ask.bot.id) for each in mine],
        "has_more": False,
    }


def active_threads(ask: Ask) -> Body:
    return _page(ask, [each for each in ask.guild().channels.values() if each.is_thread and not each.archived])


def archived(kind: int, joined: bool = False) -> Handler:
    def handler(ask: Ask) -> Body:
        guild, channel = ask.server_channel()
        ask.needs(P.READ_MESSAGE_HISTORY, guild, channel)
        if kind == PRIVATE_THREAD and not joined:
            ask.needs(P.MANAGE_THREADS, guild, channel)
        found = [each for each in guild.threads_of(channel.id) if each.archived and each.type == kind]
        if joined:
            found = [each for each in found if ask.bot.id in each.thread_members]
        return _page(ask, found)

    return handler


ROUTES: MappingProxyType[str, Handler] = MappingProxyType(
    {
        "GET /guilds/{guild}/channels": listing,
        "POST /guilds/{guild}/channels": create,
        "GET /guilds/{guild}/threads/active": active_threads,
        "GET /channels/{channel}": get,
        "PATCH /channels/{channel}": modify,
        "DELETE /channels/{channel}": delete,
        "PUT /channels/{channel}/permissions/{target}": allow,
        "DELETE /channels/{channel}/permissions/{target}": disallow,
        "POST /channels/{channel}/threads": start_thread,
        "POST /channels/{channel}/messages/{message}/threads": start_thread_on,
        "GET /channels/{channel}/thread-members": thread_members,
        "GET /channels/{channel}/thread-members/{user}": thread_member,
        "PUT /channels/{channel}/thread-members/{user}": join,
        "DELETE /channels/{channel}/thread-members/{user}": leave,
        "GET /channels/{channel}/threads/archived/public": archived(PUBLIC_THREAD),
        "GET /channels/{channel}/threads/archived/private": archived(PRIVATE_THREAD),
        "GET /channels/{channel}/users/@me/threads/archived/private": archived(PRIVATE_THREAD, joined=True),
    }
)
