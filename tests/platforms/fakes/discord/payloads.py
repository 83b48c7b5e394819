"""Rows as the JSON objects that Discord sends: to the bot, through REST and over the gateway alike."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from .errors import Json
from .permissions import in_channel
from .state import DM, Attachment, Channel, Guild, Member, Message, Overwrite, Role, ScheduledEvent, User


def iso(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat()


def user_object(user: User) -> Json:
    body: Json = {
        "id": str(user.id),
        "username": user.username,
        "global_name": None if user.bot else user.name,
        "discriminator": "0000" if user.bot else "0",
        "avatar": None,
        "public_flags": 0,
    }
    return {**body, "bot": True} if user.bot else body


def member_object(member: Member, with_user: bool = True) -> Json:
    body: Json = {
        "roles": [str(each) for each in sorted(member.roles)],
        "joined_at": iso(member.joined_at),
        "nick": member.nick,
        "avatar": None,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }
    return {**body, "user": user_object(member.user)} if with_user else body


def role_object(role: Role) -> Json:
    body: Json = {
        "id": str(role.id),
        "name": role.name,
        "color": role.color,
        "colors": {"primary_color": role.color, "secondary_color": None, "tertiary_color": None},
        "hoist": role.hoist,
        "position": role.position,
        "permissions": str(int(role.permissions)),
        "managed": role.managed,
        "mentionable": role.mentionable,
        "flags": 0,
        "icon": None,
        "unicode_emoji": None,
    }
    if role.bot_id:
        body["tags"] = {"bot_id": str(role.bot_id)}
    return body


def overwrite_object(overwrite: Overwrite) -> Json:
    return {
        "id": str(overwrite.id),
        "type": 0 if overwrite.is_role else 1,
        "allow": str(int(overwrite.allow)),
        "deny": str(int(overwrite.deny)),
    }


def thread_member_object(thread: Channel, user_id: int) -> Json:
    return {
        "id": str(thread.id),
        "user_id": str(user_id),
        "join_timestamp": iso(thread.thread_members[user_id]),
        "flags": 0,
    }


def channel_object(channel: Channel, viewer: int | None = None) -> Json:
    """`viewer`: whose own membership of a thread goes with it."""
    last = str(channel.messages[-1].id) if channel.messages else None
    if channel.type == DM:
        recipients = [user_object(each) for each in channel.recipients if not each.bot]
        return {"id": str(channel.id), "type": DM, "last_message_id": last, "recipients": recipients, "flags": 0}
    body: Json = {
        "id": str(channel.id),
        "type": channel.type,
        "name": channel.name,
        "guild_id": str(channel.guild_id),
        "parent_id": str(channel.parent_id) if channel.parent_id else None,
        "last_message_id": last,
        "rate_limit_per_user": channel.slowmode,
        "flags": 0,
    }
    if channel.is_thread:
        body |= {
            "owner_id": str(channel.owner_id),
            "message_count": len(channel.messages),
            "total_message_sent": len(channel.messages),
            "member_count": min(50, len(channel.thread_members)),
            "thread_metadata": {
                "archived": channel.archived,
                "auto_archive_duration": channel.auto_archive,
                "archive_timestamp": iso(channel.created_at),
                "create_timestamp": iso(channel.created_at),
                "locked": channel.locked,
                **({"invitable": channel.invitable} if channel.type == 12 else {}),
            },
        }
        if viewer in channel.thread_members:
            body["member"] = thread_member_object(channel, viewer)
        return body
    body |= {
        "position": channel.position,
        "nsfw": False,
        "topic": channel.topic,
        "permission_overwrites": [overwrite_object(each) for each in channel.overwrites.values()],
    }
    if channel.type == 2:
        body |= {"bitrate": 64000, "user_limit": channel.user_limit, "rtc_region": None}
    return body


def attachment_object(attachment: Attachment, url: str, channel_id: int) -> Json:
    link = f"{url}/attachments/{channel_id}/{attachment.id}/{attachment.filename}"
    body: Json = {
        "id": str(attachment.id),
        "filename": attachment.filename,
        "size": len(attachment.content),
        "url": link,
        "proxy_url": link,
        "content_type": attachment.media_type,
    }
    return {**body, "description": attachment.description} if attachment.description else body


def _with_media(node: Any, links: dict[str, Json]) -> Any:
    """Components with `attachment://` replaced by where the file now stands."""
    if isinstance(node, list):
        return [_with_media(each, links) for each in node]
    if not isinstance(node, dict):
        return node
    found = links.get(str(node.get("url", "")).removeprefix("attachment://")) if "url" in node else None
    if found is not None and str(node["url"]).startswith("attachment://"):
        media = {"url": found["url"], "proxy_url": found["proxy_url"], "attachment_id": found["id"]}
        return {**media, "content_type": found["content_type"], "placeholder": "", "loading_state": 2}
    return {name: _with_media(value, links) for name, value in node.items()}


def message_object(message: Message, url: str, guild: Guild | None, reveal: bool = True) -> Json:
    """`reveal` is false where the bot may know of the message but not read it."""
    files = [attachment_object(each, url, message.channel_id) for each in message.attachments]
    by_name = {each["filename"]: each for each in files}
    mentioned = [guild.members[each].user for each in message.mentions if guild and each in guild.members]
    body: Json = {
        "id": str(message.id),
        "channel_id": str(message.channel_id),
        "author": user_object(message.author),
        "type": message.type,
        "content": message.content if reveal else "",
        "timestamp": iso(message.at),
        "edited_timestamp": iso(message.edited_at),
        "tts": False,
        "mention_everyone": message.mention_everyone,
        "mentions": [user_object(each) for each in mentioned],
        "mention_roles": [str(each) for each in message.mention_roles],
        "attachments": files if reveal else [],
        "embeds": message.embeds if reveal else [],
        "components": _with_media(message.components, by_name) if reveal else [],
        "pinned": message.pinned,
        "flags": message.flags,
    }
    if message.author.bot:
        body["application_id"] = str(message.author.id)
    if message.poll and reveal:
        body["poll"] = message.poll
    if message.reference:
        body["message_reference"] = message.reference
    if message.interaction:
        body["interaction_metadata"] = message.interaction
    return body


def event_object(event: ScheduledEvent) -> Json:
    return {
        "id": str(event.id),
        "guild_id": str(event.guild_id),
        "channel_id": str(event.channel_id) if event.channel_id else None,
        "creator_id": str(event.creator.id),
        "creator": user_object(event.creator),
        "name": event.name,
        "description": event.description,
        "scheduled_start_time": event.starts,
        "scheduled_end_time": event.ends,
        "privacy_level": 2,
        "status": event.status,
        "entity_type": event.type,
        "entity_id": None,
        "entity_metadata": {"location": event.location} if event.location else None,
        "image": None,
        "user_count": 0,
    }


def voice_state_object(guild: Guild, user_id: int, channel_id: int | None) -> Json:
    body: Json = {
        "guild_id": str(guild.id),
        "channel_id": str(channel_id) if channel_id else None,
        "user_id": str(user_id),
        "session_id": f"voice-{user_id}",
        "deaf": False,
        "mute": False,
        "self_deaf": False,
        "self_mute": False,
        "self_video": False,
        "suppress": False,
        "request_to_speak_timestamp": None,
    }
    if member := guild.members.get(user_id):
        body["member"] = member_object(member)
    return body


def _partial(voice: Json) -> Json:
    """As it stands in a guild, which doesn't repeat itself."""
    return {key: value for key, value in voice.items() if key not in ("guild_id", "member")}


def guild_object(guild: Guild) -> Json:
    """As `GET /guilds/{id}` gives it."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "owner_id": str(guild.owner_id),
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "application_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": guild.locale,
        "features": ["COMMUNITY"] if guild.community else [],
        "emojis": [],
        "stickers": [],
        "roles": [role_object(each) for each in guild.roles.values()],
        "incidents_data": None,
        "max_members": 500000,
    }


def guild_create(guild: Guild, bot_id: int, intents: int) -> Json:
    """What a bot learns on connecting: channels, and only those members it may know without Server Members."""
    known = {bot_id, *guild.voice} if intents & (1 << 7) else {bot_id}
    if intents & (1 << 1):
        known |= set(guild.members)
    channels: Iterable[Channel] = guild.channels.values()
    threads = [
        each
        for each in guild.channels.values()
        if each.is_thread and not each.archived and in_channel(guild, each, bot_id)
    ]
    voice = guild.voice.items() if intents & (1 << 7) else ()
    return {
        **guild_object(guild),
        "joined_at": iso(guild.joined_at),
        "large": False,
        "unavailable": False,
        "member_count": len(guild.members),
        "members": [member_object(guild.members[each]) for each in sorted(known) if each in guild.members],
        "channels": [channel_object(each) for each in channels if not each.is_thread],
        "threads": [channel_object(each, bot_id) for each in threads],
        "voice_states": [_partial(voice_state_object(guild, user, channel)) for user, channel in voice],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [event_object(each) for each in guild.events.values()],
        "soundboard_sounds": [],
    }
