"""The rooms that the bot makes: a category with a text channel and a voice channel, a role for who may enter, and one
for who conducts there.

Each piece is tied to the one made before it, so that what a crash left half done is found and completed. Without its
roles or its voice channel a room is a room: the receipt says what it lacks, and why.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import structlog
from discord import Permissions
from discord.utils import snowflake_time

from bot.platforms.base import Parcel, Receipt, SendError
from bot.platforms.discord.api import Answer, Api, number, rows, text
from bot.platforms.discord.errors import MISSING_PERMISSION, NO_PERMISSION, DiscordRefusal
from bot.platforms.discord.permissions import MEMBER, ROLE, VIEW, Standing, asked, names, standing
from bot.words import Words

log = structlog.get_logger(__name__)

TEXT, VOICE, CATEGORY = 0, 2, 4
NAME_LENGTH = 100
TOPIC_LENGTH = 1024
MARK = "caravan:"
MOST_ROLES = 250  # in a server
SERVER_FULL = "server-full"

# What a room gives: to those who belong to it, to those who conduct there, and to the bot. Nobody can give what they
# lack themselves. Manage Threads is not among it: with that, one reads what pairs write to each other.
INSIDE = Permissions(view_channel=True, send_messages=True, read_message_history=True, connect=True, speak=True)
MORE = Permissions(manage_messages=True, pin_messages=True, mute_members=True, move_members=True)
OWN = asked() & ~Permissions(manage_roles=True)  # only administrators hand that on in a channel
OUTSIDE = Permissions(view_channel=True, connect=True)  # denied


@dataclass(frozen=True, slots=True)
class Pieces:
    """What is there of a room, as ids; `leads` is the role of those who conduct there."""

    leads: str = ""
    role: str = ""
    category: str = ""
    text: str = ""
    voice: str = ""


def room_name(name: str) -> str:
    """As Discord has text channels: lower case, hyphens for all that isn't a letter or a digit, never empty."""
    folded = unicodedata.normalize("NFKC", name.casefold())
    letters = (one if one == "_" or unicodedata.category(one)[0] in "LMN" else " " for one in folded)
    return "-".join("".join(letters).split())[:NAME_LENGTH].strip("-_") or f"cohort-{digest(name)}"


def digest(key: str) -> str:
    """A short trace of an effect's key."""
    return hashlib.sha256(key.encode()).hexdigest()[:10]


def mark(key: str) -> str:
    """Stands in a text channel's topic."""
    return f"{MARK}{digest(key)}"


def is_ours(channel: Answer) -> bool:
    """A text channel of a room that the bot made."""
    return any(word.startswith(MARK) for word in text(channel, "topic").split())


def leads_called(name: str, words: Words) -> str:
    """The role of those who conduct in a room whose role is called `name`; "" where nobody wrote words for it."""
    form = words.find("discord", "room", "leads") or ""
    fitting = name[: NAME_LENGTH - len(form.replace("{name}", ""))].strip()
    return words.get("discord", "room", "leads", {"name": fitting}) if form else ""


def roles_of(room: Answer, roles: Iterable[Answer], words: Words) -> tuple[Answer, Answer]:
    """Of a room's members, and of those who conduct there: {} where there is none, or none that still is what we made.

    The members' is the last that was made before the text channel; the other, which allows more, was made before it.
    """
    allowed = {
        text(one, "id"): number(one, "allow")
        for one in rows(room, "permission_overwrites")
        if number(one, "type") == ROLE and number(one, "allow") & VIEW and text(one, "id") != text(room, "guild_id")
    }
    ours = [one for one in roles if text(one, "id") in allowed and number(one, "id") < number(room, "id")]
    leading = [one for one in ours if _empty(one) and allowed[text(one, "id")] & MORE.value]
    last = max(ours, key=lambda one: number(one, "id"), default={})
    if last in leading:
        return {}, last  # the members' has been deleted
    called = leads_called(text(last, "name"), words)
    named = (one for one in leading if text(one, "name") == called)  # a server has other roles for those who moderate
    return last if last and _empty(last) else {}, max(named, key=lambda one: number(one, "id"), default={})


async def make(api: Api, parcel: Parcel, words: Words, since: float) -> Receipt:
    """What is missing of it; the receipt is the text channel."""
    roles = await api.listed("/guilds/{guild_id}/roles", guild_id=parcel.workspace)
    there = await _pieces(api, parcel, words, roles, since)
    return await _completed(api, parcel, words, there, await standing(api, parcel.workspace, roles))


async def find(api: Api, parcel: Parcel, words: Words, since: float) -> Receipt | None:
    """Begun, it is completed."""
    roles = await api.listed("/guilds/{guild_id}/roles", guild_id=parcel.workspace)
    there = await _pieces(api, parcel, words, roles, since)
    if there == Pieces():
        return None
    return await _completed(api, parcel, words, there, await standing(api, parcel.workspace, roles))


async def _pieces(api: Api, parcel: Parcel, words: Words, roles: tuple[Answer, ...], since: float) -> Pieces:
    """Never older ones: they may belong to what a former database called by the same key, with people still in it."""
    channels = await api.listed("/guilds/{guild_id}/channels", guild_id=parcel.workspace)
    young = [one for one in channels if _made_at(one) >= since]
    place = next((one for one in young if number(one, "type") == TEXT and _marked(one, parcel)), {})
    if place:
        role, leads = roles_of(place, roles, words)
    else:
        empty = [one for one in roles if _empty(one) and _made_at(one) >= since]
        role = next((one for one in empty if _named(one, parcel)), {})
        called = leads_called(_called(parcel), words)
        leads = next((one for one in empty if text(one, "name") == called != ""), {})
    category = text(place, "parent_id") or next(
        (
            text(one, "id")
            for one in young
            if number(one, "type") == CATEGORY and _named(one, parcel) and _hidden(one, parcel.workspace)
        ),
        "",
    )
    voice = next(
        (one for one in young if number(one, "type") == VOICE and text(one, "parent_id") == category != ""), {}
    )
    return Pieces(text(leads, "id"), text(role, "id"), category, text(place, "id"), text(voice, "id"))


async def _completed(api: Api, parcel: Parcel, words: Words, there: Pieces, own: Standing) -> Receipt:
    if not there.role and not there.text:
        there = await _with_roles(api, parcel, words, there, own)
    overwrites = _overwrites(own, there)
    if not there.category and not there.text:
        category = {"type": CATEGORY, "name": parcel.name[:NAME_LENGTH], "permission_overwrites": overwrites}
        there = replace(there, category=await _channel_made(api, parcel, category, own))
    inside = {"parent_id": there.category or None, "permission_overwrites": overwrites}
    if not there.text:
        topic = f"{parcel.title[: TOPIC_LENGTH - 50]}\n{mark(parcel.key)}".strip()
        place = {"type": TEXT, "name": room_name(parcel.name), "topic": topic, **inside}
        there = replace(there, text=await _channel_made(api, parcel, place, own))
    if not there.voice and there.category:
        voice = {"type": VOICE, "name": parcel.name[:NAME_LENGTH], **inside}
        try:
            await _channel_made(api, parcel, voice, own)
        except SendError as no:
            if not no.permanent:
                raise
            log.warning("no voice channel", guild=parcel.workspace, channel=there.text, reason=no.reason)
            return Receipt(there.text, caveat=f"voice-{no.reason}", detail=no.detail)
    return _with_caveat(there, own, words)


async def _with_roles(api: Api, parcel: Parcel, words: Words, there: Pieces, own: Standing) -> Pieces:
    """First the one of those who conduct, so that the members' is the last before the text channel; but where there is
    room for one only, the members'."""
    leads = there.leads
    if not leads and _wants_leads(own, words) and len(own.roles) + 2 <= MOST_ROLES:
        leads = await _role_made(api, parcel, leads_called(_called(parcel), words))
    return replace(there, leads=leads, role=await _role_made(api, parcel, _called(parcel)))


def _wants_leads(own: Standing, words: Words) -> bool:
    """A role that could give nothing more than the members' is none."""
    return bool(MORE.value & own.bits and words.find("discord", "room", "leads"))


def _with_caveat(there: Pieces, own: Standing, words: Words) -> Receipt:
    """Which role is missing, and what it takes."""
    which = "roles" if not there.role else "leads" if not there.leads and _wants_leads(own, words) else ""
    if not which:
        return Receipt(there.text)
    if lacks := names(Permissions(manage_roles=True).value & ~own.bits):
        return Receipt(there.text, caveat=f"{which}-{MISSING_PERMISSION}", detail=lacks)
    return Receipt(there.text, caveat=f"{which}-{SERVER_FULL}")


async def _role_made(api: Api, parcel: Parcel, name: str) -> str:
    """Without one, people are let in one by one."""
    body = {"name": name, "permissions": "0", "mentionable": False, "hoist": False}
    try:
        role = await api.call("POST", "/guilds/{guild_id}/roles", body, guild_id=parcel.workspace)
    except SendError as no:
        if no.reason not in (MISSING_PERMISSION, SERVER_FULL):
            raise
        log.warning("no role", guild=parcel.workspace, reason=no.reason)
        return ""
    return text(role, "id")


async def _channel_made(api: Api, parcel: Parcel, body: Mapping[str, object], own: Standing) -> str:
    try:
        made = await api.call("POST", "/guilds/{guild_id}/channels", body, guild_id=parcel.workspace)
    except DiscordRefusal as no:
        if no.code != NO_PERMISSION:
            raise
        lacks = names(Permissions(manage_channels=True, view_channel=True).value & ~own.bits)
        raise DiscordRefusal(no.code, MISSING_PERMISSION, detail=lacks) from no
    return text(made, "id")


def _overwrites(own: Standing, there: Pieces) -> list[dict[str, object]]:
    denied, inside, more, ours = (one.value & own.bits for one in (OUTSIDE, INSIDE, INSIDE | MORE, OWN))
    found = [overwrite(own.guild, ROLE, 0, denied), overwrite(own.account, MEMBER, ours, 0)]
    return [*found, *(overwrite(id, ROLE, allow, 0) for id, allow in ((there.role, inside), (there.leads, more)) if id)]


def overwrite(id: str, kind: int, allow: int, deny: int) -> dict[str, object]:
    return {"id": id, "type": kind, "allow": str(allow), "deny": str(deny)}


def _called(parcel: Parcel) -> str:
    return parcel.name[:NAME_LENGTH].strip()


def _named(row: Answer, parcel: Parcel) -> bool:
    return text(row, "name") == _called(parcel)


def _marked(channel: Answer, parcel: Parcel) -> bool:
    return mark(parcel.key) in text(channel, "topic").split()


def _hidden(channel: Answer, guild: str) -> bool:
    return any(
        text(one, "id") == guild and number(one, "deny") & VIEW for one in rows(channel, "permission_overwrites")
    )


def _empty(role: Answer) -> bool:
    """One that gives nothing in the whole server, as ours do: giving it to somebody opens no other door."""
    return number(role, "permissions") == 0 and not role.get("managed")


def _made_at(row: Answer) -> float:
    return snowflake_time(number(row, "id")).timestamp()
