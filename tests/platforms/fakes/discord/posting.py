"""How a message comes to be and changes: its files, whom it mentions and pings, and who hears of it."""

from __future__ import annotations

import mimetypes
import re
from typing import TYPE_CHECKING

from . import polls
from .api import Upload
from .components import number_components
from .errors import Json
from .gateway import DM_MESSAGES, GUILD_MESSAGES, MESSAGE_CONTENT
from .limits import texts
from .payloads import message_object
from .permissions import Permission, in_channel
from .state import COMPONENTS_V2, DM, EPHEMERAL, SUPPRESS_NOTIFICATIONS, Attachment, Channel, Guild, Message, User

if TYPE_CHECKING:
    from .server import FakeDiscord

USER_MENTION, ROLE_MENTION = re.compile(r"(?<!\\)<@!?(\d+)>"), re.compile(r"(?<!\\)<@&(\d+)>")
EVERYONE_MENTION = re.compile(r"(?<![\\\w])@(everyone|here)\b")


def post(
    discord: FakeDiscord,
    channel: Channel,
    author: User,
    body: Json,
    files: dict[int, Upload] | None = None,
    *,
    type: int = 0,
    seen_by: int | None = None,
    interaction: Json | None = None,
    extra_flags: int = 0,
) -> Message:
    """Puts a checked body into the channel; `seen_by` makes it ephemeral, and then it stands in no history."""
    message = Message(discord.ids.next(), channel.id, author, discord.clock(), type=type, interaction=interaction)
    message.flags = (body.get("flags") or 0) & (COMPONENTS_V2 | SUPPRESS_NOTIFICATIONS | 4 | EPHEMERAL) | extra_flags
    message.nonce = body.get("nonce")
    message.reference = body.get("message_reference")
    if seen_by is not None:
        message.seen_by = seen_by
        message.flags |= EPHEMERAL
    fill(discord, message, body, files or {})
    guild = discord.guild_of(channel)
    if seen_by is not None:
        discord.people[seen_by].whispers.append(message)
    else:
        channel.messages.append(message)
        if not message.loading:
            ping(discord, guild, channel, message, body)
        announce(discord, "MESSAGE_CREATE", message)
    return message


def fill(discord: FakeDiscord, message: Message, body: Json, files: dict[int, Upload]) -> None:
    """Writes what `body` names into the message and leaves the rest."""
    if "content" in body:
        message.content = body["content"] or ""
    if "embeds" in body:
        message.embeds = [{"type": "rich", **each} for each in body["embeds"] or []]
    if "components" in body:
        message.components = number_components(body["components"] or [])
    if body.get("poll"):
        message.poll = polls.made(body["poll"], discord.clock())
    described = {int(each["id"]): each for each in body.get("attachments") or [] if str(each.get("id")).isdigit()}
    if "attachments" in body:
        message.attachments = [each for each in message.attachments if each.id in described]
    for number, upload in sorted(files.items()):
        about = described.get(number, {})
        name = re.sub(r"[^\w.\-()]+", "_", about.get("filename") or upload.filename)
        media = mimetypes.guess_type(name)[0] or upload.media_type
        message.attachments.append(
            Attachment(discord.ids.next(), name, upload.content, media, about.get("description"))
        )


def ping(discord: FakeDiscord, guild: Guild | None, channel: Channel, message: Message, body: Json) -> None:
    """Finds who is mentioned, and tells those whom `allowed_mentions` lets be told."""
    text = texts(message.content, message.components)
    users = {int(each) for each in USER_MENTION.findall(text)}
    roles = {int(each) for each in ROLE_MENTION.findall(text)}
    everyone = bool(EVERYONE_MENTION.search(text))
    allowed = body.get("allowed_mentions")
    author_may = bool(guild and in_channel(guild, channel, message.author.id) & Permission.MENTION_EVERYONE)
    if allowed is not None:
        parse = allowed.get("parse") or []
        if "users" not in parse:
            users &= {int(each) for each in allowed.get("users") or []}
        if "roles" not in parse:
            roles &= {int(each) for each in allowed.get("roles") or []}
        everyone = everyone and "everyone" in parse
    everyone = everyone and author_may
    known = guild.roles if guild else {}
    roles = {each for each in roles if each in known and (known[each].mentionable or author_may)}
    if reference := body.get("message_reference"):
        replied = next((each for each in channel.messages if str(each.id) == str(reference.get("message_id"))), None)
        if replied and (allowed is None or allowed.get("replied_user")):
            users.add(replied.author.id)
    message.mentions = tuple(sorted(users))
    message.mention_roles, message.mention_everyone = tuple(sorted(roles)), everyone
    for person in discord.people.values():
        id = person.user.id
        if id == message.author.id or message.flags & SUPPRESS_NOTIFICATIONS:
            continue
        if guild is None:
            if person.user in channel.recipients and id in users:
                person.pings.append(message)
            continue
        member = guild.members.get(id)
        if member is None or not (everyone or id in users or roles & member.roles):
            continue
        if id in users and channel.is_thread and id not in channel.thread_members:
            parent = guild.channels[channel.parent_id or 0]
            if in_channel(guild, parent, id) & Permission.VIEW_CHANNEL:
                channel.thread_members[id] = discord.clock()
        if in_channel(guild, channel, id) & Permission.VIEW_CHANNEL:
            person.pings.append(message)


def announce(discord: FakeDiscord, event: str, message: Message) -> None:
    """Tells the bot, with the words only where it may read them."""
    guild, channel = discord.find_channel(message.channel_id)
    if guild is not None and not in_channel(guild, channel, discord.bot.id) & Permission.VIEW_CHANNEL:
        return

    def body(intents: int) -> Json:
        found = as_bot_sees(discord, message, bool(intents & MESSAGE_CONTENT))
        if event == "MESSAGE_CREATE" and message.nonce is not None:
            found["nonce"] = message.nonce
        if guild is not None:
            found["guild_id"] = str(guild.id)
            if (member := guild.members.get(message.author.id)) is not None:
                found["member"] = discord.member_body(member)
        return found

    discord.gateway.dispatch(event, body, DM_MESSAGES if channel.type == DM else GUILD_MESSAGES)


def as_bot_sees(discord: FakeDiscord, message: Message, content_intent: bool = False) -> Json:
    """Words of others are empty, unless they stand in a DM or mention the bot, or the intent allows them."""
    guild, channel = discord.find_channel(message.channel_id)
    own = message.author is discord.bot
    reveal = content_intent or own or channel.type == DM or discord.bot.id in message.mentions
    return message_object(message, discord.url, guild, reveal)
