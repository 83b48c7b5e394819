"""The rooms that the bot makes: what they are called, and how one is known again as the one that was asked for."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import AsyncIterator, Sequence

import structlog

from bot.platforms.base import Parcel, Receipt, SendError
from bot.platforms.slack.api import Answer, part, text
from bot.platforms.slack.errors import AnswerLost, SlackRefusal
from bot.platforms.slack.workspaces import PAGE, Workspace

log = structlog.get_logger(__name__)

NAME_LENGTH = 80
TOPIC_LENGTH = 250
NAMESAKES = 9


def room_name(name: str) -> str:
    """As Slack has them: lower case, hyphens for all that isn't a letter or a digit, never empty."""
    plain = (letter for letter in unicodedata.normalize("NFKD", name.casefold()) if not "\u0300" <= letter <= "\u036f")
    letters = (one if one == "_" or unicodedata.category(one)[0] in "LMN" else " " for one in plain)
    whole = unicodedata.normalize("NFC", "-".join("".join(letters).split())).lower()
    return whole[:NAME_LENGTH].strip("-_") or f"cohort-{digest(name)}"


def namesakes(name: str) -> list[str]:
    """The name, and what to call the room when others have taken it."""
    return [name, *(f"{name[: NAME_LENGTH - 2]}-{number}" for number in range(2, NAMESAKES + 1))]


def digest(key: str) -> str:
    """A short trace of an effect's key, for what carries no metadata."""
    return hashlib.sha256(key.encode()).hexdigest()[:10]


def mark(key: str) -> str:
    """Stands in a room's purpose."""
    return f"caravan:{digest(key)}"


async def make(workspace: Workspace, parcel: Parcel, since: float) -> Receipt:
    """One at a time, so that no unfinished room is taken for another's."""
    name = room_name(parcel.name)
    looked = False
    async with workspace.making_rooms:
        for candidate in namesakes(name):
            try:
                answer = await workspace.call("conversations.create", name=candidate, is_private=True)
            except SlackRefusal as no:
                if no.reason == "name-taken":
                    known = None if looked else await _ours(workspace, parcel, since)
                    if known is not None:
                        return known
                    looked = True
                    continue
                if no.reason in ("missing-scope", "not-allowed"):
                    return await by_hand(workspace, parcel)
                raise
            return await _furnish(workspace, text(part(answer, "channel"), "id"), parcel)
    raise SendError("name-taken", permanent=True, detail=name)


async def find(workspace: Workspace, parcel: Parcel, since: float) -> Receipt | None:
    async with workspace.making_rooms:
        return await _found(workspace, parcel, since)


async def by_hand(workspace: Workspace, parcel: Parcel) -> Receipt:
    """The room that a facilitator made and brought the bot into; otherwise they are asked to."""
    try:
        found = await find_by_hand(workspace, parcel)
    except SlackRefusal as no:
        if no.reason != "missing-scope":
            raise
        found = None
    if found is None:
        raise SendError("room-by-hand", permanent=True, detail=room_name(parcel.name))
    return found


async def find_by_hand(workspace: Workspace, parcel: Parcel) -> Receipt | None:
    name = room_name(parcel.name)
    async for room in _private(workspace):
        if text(room, "name") == name and room.get("is_member") is not False:
            return Receipt(text(room, "id"))
    return None


async def _ours(workspace: Workspace, parcel: Parcel, since: float) -> Receipt | None:
    """The same room, asked for twice. Who may not look takes another name."""
    try:
        return await _found(workspace, parcel, since)
    except SlackRefusal as no:
        if no.reason != "missing-scope":
            raise
        return None


async def _found(workspace: Workspace, parcel: Parcel, since: float) -> Receipt | None:
    """By its mark; or, made but not yet marked when the bot was interrupted, by its name and maker.

    Never an older one: it may belong to what a former database called by the same key, with people still in it.
    """
    names = frozenset(namesakes(room_name(parcel.name)))
    unfinished = ""
    async for room in _private(workspace):
        created = room.get("created")
        made_by_us = text(room, "creator") == workspace.bot_user
        if not made_by_us or not isinstance(created, int | float) or created < since:
            continue
        purpose = text(part(room, "purpose"), "value")
        if mark(parcel.key) in purpose.split():
            return Receipt(text(room, "id"))
        if not purpose and text(room, "name") in names:
            unfinished = text(room, "id")
    if not unfinished or parcel.attempted_at is None:
        return None
    return await _furnish(workspace, unfinished, parcel)


async def _furnish(workspace: Workspace, channel: str, parcel: Parcel) -> Receipt:
    """The mark first: by it the room is found again. A purpose or a topic that is refused is worth no failure."""
    steps = [("conversations.setPurpose", "purpose", mark(parcel.key))]
    if parcel.title:
        steps.append(("conversations.setTopic", "topic", parcel.title[:TOPIC_LENGTH]))
    for method, field, value in steps:
        try:
            await workspace.call(method, **{"channel": channel, field: value})
        except SendError as no:
            if not no.permanent:
                raise AnswerLost("not furnished yet") from no
            log.warning("room not furnished", team=workspace.team, channel=channel, step=field, reason=no.reason)
    return Receipt(channel)


async def _private(workspace: Workspace) -> AsyncIterator[Answer]:
    async for room in workspace.paged("conversations.list", "channels", types="private_channel", exclude_archived=True):
        yield room


async def seat(workspace: Workspace, parcel: Parcel, method: str, who: str, settled: Sequence[str]) -> Receipt:
    """Bring somebody in or take them out; `settled`: codes that say it is so already."""
    room = parcel.room or ""
    try:
        await workspace.call(method, **{"channel": room, who: parcel.account})
    except SlackRefusal as no:
        if no.code not in settled:
            raise
    return Receipt(room)


async def seated_by_hand(workspace: Workspace, parcel: Parcel, reason: str, *, there: bool) -> Receipt:
    """Whether whoever may has brought somebody in, or taken them out; a SendError until they have."""
    answer = await workspace.call("conversations.members", channel=parcel.room, limit=PAGE)
    members = answer.get("members")
    if (isinstance(members, list) and parcel.account in members) is not there:
        raise SendError(reason, permanent=True)
    return Receipt(parcel.room or "")
