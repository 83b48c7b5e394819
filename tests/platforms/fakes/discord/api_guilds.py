"""Guilds, members, roles and scheduled events over REST."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from .api import Ask, Body, Handler
from .errors import DiscordError, Json, Problems
from .gateway import EVENTS, GUILD_MEMBERS, GUILDS
from .guild import FakeGuild
from .limits import check_event
from .payloads import event_object, guild_object, member_object, role_object, voice_state_object
from .permissions import Permission as P
from .permissions import in_channel, in_guild, top_position
from .state import Member, Role, ScheduledEvent

MOST_ROLES, MOST_EVENTS = 250, 100
NEXT_STATUSES = MappingProxyType({1: frozenset({2, 4}), 2: frozenset({3}), 3: frozenset[int](), 4: frozenset[int]()})


def get(ask: Ask) -> Body:
    guild = ask.guild()
    counts = {"approximate_member_count": len(guild.members), "approximate_presence_count": len(guild.members)}
    return guild_object(guild) | (counts if ask.query.get("with_counts") in ("1", "true") else {})


def mine(ask: Ask) -> Body:
    return [
        {
            "id": str(each.id),
            "name": each.name,
            "icon": None,
            "owner": False,
            "permissions": str(in_guild(each, ask.bot.id)),
            "features": ["COMMUNITY"] if each.community else [],
        }
        for each in ask.discord.guilds.values()
        if each.bot_in
    ]


# Members.


def member(ask: Ask) -> Body:
    return member_object(ask.guild().member(ask.id("user")))


def members(ask: Ask) -> Body:
    """The list is for those with Server Members."""
    guild = ask.guild()
    if not ask.discord.privileged_intents & GUILD_MEMBERS:
        raise DiscordError(50001)
    limit = ask.whole("limit", 1, 1, 1000)
    after = int(ask.query.get("after", "0"))
    found = sorted((each for each in guild.members.values() if each.user.id > after), key=lambda each: each.user.id)
    return [member_object(each) for each in found[:limit]]


def modify_member(ask: Ask) -> Body:
    guild, body = ask.guild(), ask.json
    target = guild.member(ask.id("user"))
    user_id = target.user.id
    if "channel_id" in body:
        _move(ask, guild, user_id, body["channel_id"])
    if "nick" in body:
        ask.needs(P.CHANGE_NICKNAME if user_id == ask.bot.id else P.MANAGE_NICKNAMES, guild)
        if user_id != ask.bot.id:
            above(guild, ask.bot.id, top_position(guild, user_id))
        problems = Problems()
        problems.length(("nick",), body["nick"] or "", 0, 32)
        problems.raise_if_any()
        target.nick = body["nick"] or None
    if "roles" in body:
        wanted = {guild.role(int(each)).id for each in body["roles"] or []}
        for role_id in wanted ^ target.roles:
            may_give(ask, guild, guild.role(role_id))
        target.roles = wanted
    changed(ask, guild, target)
    return member_object(target)


def _move(ask: Ask, guild: FakeGuild, user_id: int, channel_id: Any) -> None:
    if user_id not in guild.voice:
        raise DiscordError(40032)
    if channel_id is None:
        ask.needs(P.MOVE_MEMBERS, guild, guild.channel(guild.voice[user_id]))
        guild.set_voice(user_id, None)
        return
    channel = guild.channel(int(channel_id))
    if channel.type not in (2, 13):
        raise DiscordError(50024)
    ask.needs(P.MOVE_MEMBERS, guild, guild.channel(guild.voice[user_id]))
    ask.needs(P.MOVE_MEMBERS | P.CONNECT | P.VIEW_CHANNEL, guild, channel)
    if not in_channel(guild, channel, user_id) & P.CONNECT and not in_channel(guild, channel, ask.bot.id) & P.CONNECT:
        raise DiscordError(50013)
    guild.set_voice(user_id, channel.id)


def changed(ask: Ask, guild: FakeGuild, target: Member) -> None:
    body = {**member_object(target), "guild_id": str(guild.id)}
    # The bot always hears about itself; about others only with Server Members.
    intent = 0 if target.user is ask.bot else GUILD_MEMBERS
    ask.discord.gateway.dispatch("GUILD_MEMBER_UPDATE", body, intent)


def above(guild: FakeGuild, bot_id: int, position: int) -> None:
    """50013 unless the bot's own highest role stands above `position`. Not even an administrator may otherwise."""
    if top_position(guild, bot_id) <= position:
        raise DiscordError(50013)


def may_give(ask: Ask, guild: FakeGuild, role: Role) -> None:
    ask.needs(P.MANAGE_ROLES, guild)
    if role.managed or role.id == guild.id:
        raise DiscordError(50028)
    above(guild, ask.bot.id, role.position)


def give_role(ask: Ask) -> Body:
    guild = ask.guild()
    target, role = guild.member(ask.id("user")), guild.role(ask.id("role"))
    may_give(ask, guild, role)
    target.roles.add(role.id)
    changed(ask, guild, target)
    return None


def take_role(ask: Ask) -> Body:
    guild = ask.guild()
    target, role = guild.member(ask.id("user")), guild.role(ask.id("role"))
    may_give(ask, guild, role)
    target.roles.discard(role.id)
    changed(ask, guild, target)
    return None


def voice_state(ask: Ask) -> Body:
    guild = ask.guild()
    user_id = ask.id("user")
    if user_id not in guild.voice:
        raise DiscordError(10065)
    if not in_channel(guild, guild.channel(guild.voice[user_id]), ask.bot.id) & P.CONNECT:
        raise DiscordError(50001)
    return voice_state_object(guild, user_id, guild.voice[user_id])


def kick(ask: Ask) -> Body:
    guild = ask.guild()
    target = guild.member(ask.id("user"))
    ask.needs(P.KICK_MEMBERS, guild)
    above(guild, ask.bot.id, top_position(guild, target.user.id))
    guild.lose(target.user.id)
    return None


# Roles.


def roles(ask: Ask) -> Body:
    return [role_object(each) for each in ask.guild().roles.values()]


def role(ask: Ask) -> Body:
    return role_object(ask.guild().role(ask.id("role")))


def _check_role(ask: Ask, guild: FakeGuild, body: Json) -> None:
    problems = Problems()
    if body.get("name") is not None:
        problems.length(("name",), body["name"], 1, 100)
    problems.raise_if_any()
    if body.get("permissions") is not None and int(body["permissions"]) & ~in_guild(guild, ask.bot.id):
        raise DiscordError(50013)


def create_role(ask: Ask) -> Body:
    guild, body = ask.guild(), ask.json
    ask.needs(P.MANAGE_ROLES, guild)
    _check_role(ask, guild, body)
    if len(guild.roles) >= MOST_ROLES:
        raise DiscordError(30005)
    permissions = body.get("permissions")
    made = guild.add_role(
        body.get("name") or "new role",
        guild.everyone.permissions if permissions is None else int(permissions),
        mentionable=bool(body.get("mentionable")),
    )
    made.hoist, made.color = bool(body.get("hoist")), body.get("color") or 0
    return role_object(made)


def modify_role(ask: Ask) -> Body:
    guild, body = ask.guild(), ask.json
    target = guild.role(ask.id("role"))
    ask.needs(P.MANAGE_ROLES, guild)
    above(guild, ask.bot.id, target.position)
    _check_role(ask, guild, body)
    target.name = body.get("name") or target.name
    if body.get("permissions") is not None:
        target.permissions = int(body["permissions"])
    target.mentionable = bool(body.get("mentionable", target.mentionable))
    target.hoist = bool(body.get("hoist", target.hoist))
    ask.discord.gateway.dispatch("GUILD_ROLE_UPDATE", guild.role_event(target), GUILDS)
    return role_object(target)


def move_roles(ask: Ask) -> Body:
    guild = ask.guild()
    ask.needs(P.MANAGE_ROLES, guild)
    for each in ask.body:
        target = guild.role(int(each["id"]))
        above(guild, ask.bot.id, max(target.position, each.get("position") or 0))
        target.position = each.get("position") or target.position
        ask.discord.gateway.dispatch("GUILD_ROLE_UPDATE", guild.role_event(target), GUILDS)
    return roles(ask)


def delete_role(ask: Ask) -> Body:
    guild = ask.guild()
    target = guild.role(ask.id("role"))
    ask.needs(P.MANAGE_ROLES, guild)
    if target.managed or target.id == guild.id:
        raise DiscordError(50028)
    above(guild, ask.bot.id, target.position)
    guild.drop_role(target)
    return None


# Scheduled events.


def events(ask: Ask) -> Body:
    return [event_object(each) for each in ask.guild().events.values() if each.status in (1, 2)]


def _event(ask: Ask, guild: FakeGuild) -> ScheduledEvent:
    if found := guild.events.get(ask.id("event")):
        return found
    raise DiscordError(10070)


def event(ask: Ask) -> Body:
    return event_object(_event(ask, ask.guild()))


def _may_schedule(ask: Ask, guild: FakeGuild, channel_id: Any, permission: P) -> None:
    if channel_id is None:
        ask.needs(permission, guild)
        return
    channel = guild.channel(int(channel_id))
    if channel.type not in (2, 13):
        raise DiscordError(50024)
    ask.needs(permission | P.VIEW_CHANNEL | P.CONNECT, guild, channel)


def create_event(ask: Ask) -> Body:
    guild, body = ask.guild(), ask.json
    check_event(body, ask.discord.clock(), creating=True)
    _may_schedule(ask, guild, body.get("channel_id"), P.CREATE_EVENTS)
    if sum(each.status in (1, 2) for each in guild.events.values()) >= MOST_EVENTS:
        raise DiscordError(30038)
    made = ScheduledEvent(
        ask.discord.ids.next(),
        guild.id,
        ask.bot,
        body["name"],
        body["scheduled_start_time"],
        body.get("scheduled_end_time"),
        body["entity_type"],
    )
    _write_event(made, body)
    guild.events[made.id] = made
    ask.discord.gateway.dispatch("GUILD_SCHEDULED_EVENT_CREATE", event_object(made), EVENTS)
    return event_object(made)


def _write_event(event: ScheduledEvent, body: Json) -> None:
    event.name = body.get("name", event.name)
    event.description = body.get("description", event.description)
    event.starts = body.get("scheduled_start_time", event.starts)
    event.ends = body.get("scheduled_end_time", event.ends)
    event.type = body.get("entity_type", event.type)
    if "channel_id" in body:
        event.channel_id = int(body["channel_id"]) if body["channel_id"] else None
    if "entity_metadata" in body:
        event.location = (body["entity_metadata"] or {}).get("location")


def modify_event(ask: Ask) -> Body:
    guild, body = ask.guild(), ask.json
    target = _event(ask, guild)
    if target.status in (3, 4):
        raise DiscordError(180000)
    permission = P.CREATE_EVENTS if target.creator is ask.bot else P.MANAGE_EVENTS
    _may_schedule(ask, guild, body.get("channel_id", target.channel_id), permission)
    now = {**event_object(target), **body}
    check_event(now, ask.discord.clock(), creating="scheduled_start_time" in body)
    if "status" in body and body["status"] != target.status:
        problems = Problems()
        problems.one_of(("status",), body["status"], NEXT_STATUSES[target.status])
        problems.raise_if_any()
        target.status = body["status"]
    _write_event(target, body)
    ask.discord.gateway.dispatch("GUILD_SCHEDULED_EVENT_UPDATE", event_object(target), EVENTS)
    return event_object(target)


def delete_event(ask: Ask) -> Body:
    guild = ask.guild()
    target = _event(ask, guild)
    permission = P.CREATE_EVENTS if target.creator is ask.bot else P.MANAGE_EVENTS
    _may_schedule(ask, guild, target.channel_id, permission)
    del guild.events[target.id]
    ask.discord.gateway.dispatch("GUILD_SCHEDULED_EVENT_DELETE", event_object(target), EVENTS)
    return None


ROUTES: MappingProxyType[str, Handler] = MappingProxyType(
    {
        "GET /users/@me/guilds": mine,
        "GET /guilds/{guild}": get,
        "GET /guilds/{guild}/members": members,
        "GET /guilds/{guild}/members/{user}": member,
        "PATCH /guilds/{guild}/members/{user}": modify_member,
        "DELETE /guilds/{guild}/members/{user}": kick,
        "PUT /guilds/{guild}/members/{user}/roles/{role}": give_role,
        "DELETE /guilds/{guild}/members/{user}/roles/{role}": take_role,
        "GET /guilds/{guild}/voice-states/{user}": voice_state,
        "GET /guilds/{guild}/roles": roles,
        "POST /guilds/{guild}/roles": create_role,
        "PATCH /guilds/{guild}/roles": move_roles,
        "GET /guilds/{guild}/roles/{role}": role,
        "PATCH /guilds/{guild}/roles/{role}": modify_role,
        "DELETE /guilds/{guild}/roles/{role}": delete_role,
        "GET /guilds/{guild}/scheduled-events": events,
        "POST /guilds/{guild}/scheduled-events": create_event,
        "GET /guilds/{guild}/scheduled-events/{event}": event,
        "PATCH /guilds/{guild}/scheduled-events/{event}": modify_event,
        "DELETE /guilds/{guild}/scheduled-events/{event}": delete_event,
    }
)
