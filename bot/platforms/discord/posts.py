"""Messages as Discord keeps them: the parts of one effect, said once, found again, changed and pinned."""

from __future__ import annotations

import hashlib
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import discord
import structlog
from discord import Permissions
from discord.http import MultipartParameters, handle_message_parameters
from discord.utils import time_snowflake

from bot.message import File, Inline, Link, Mention, Message, RoomMention, Text
from bot.platforms.base import Parcel, Receipt, SendError
from bot.platforms.discord import limits, permissions
from bot.platforms.discord.api import Answer, Api, number, rows, text
from bot.platforms.discord.direct import marked
from bot.platforms.discord.draw import Drawn, Json, Laid, draw
from bot.platforms.discord.errors import (
    NO_ACCESS,
    THREAD_ARCHIVED,
    THREAD_EXISTS,
    UNKNOWN_CHANNEL,
    AnswerLost,
    DiscordRefusal,
)
from bot.platforms.discord.ids import component_id

log = structlog.get_logger(__name__)

HISTORY = Permissions(view_channel=True, read_message_history=True)
NONCE_LENGTH = 25
THREAD_NAME = 100
WEEK = 10_080  # minutes without a word until a thread is put away
ALT_LENGTH = 1_000
FILE_NAME = 60
_GALLERY, _FILE, _CONTAINER = 12, 13, 17


@dataclass(frozen=True, slots=True)
class Place:
    """A channel, and the message there that is answered."""

    channel: str
    answers: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One message of an effect: found again by `mark`, the number of its container, or by the name of its file."""

    number: int
    drawn: Drawn
    mark: int
    nonce: str
    file: File | None = None  # named as it will be there


def drawn(parcel: Parcel, key: str) -> tuple[Part, ...]:
    """At least one."""
    try:
        pages = draw(parcel.message or Message(), key=key)
    except ValueError as error:
        raise SendError("bug", permanent=True, detail="button") from error
    if parcel.room is None:
        # A button pressed years later acts in the server that the message was about.
        pages = tuple(replace(page, components=marked(page.components, parcel.workspace)) for page in pages)
    return tuple(Part(at, page, component_id(key, at), nonce(key, at)) for at, page in enumerate(pages))


def parts(parcel: Parcel) -> tuple[Part, ...]:
    """What one effect says, its file with the last of it."""
    said = drawn(parcel, parcel.key) if parcel.message is not None or parcel.file is None else ()
    if parcel.file is None:
        return said
    shown = _media(parcel.file, name := file_name(parcel.file.name, parcel.key))
    file = replace(parcel.file, name=name)
    if said and _count(said[-1].drawn.components) + 2 <= limits.COMPONENTS:
        last = said[-1].drawn
        return (*said[:-1], replace(said[-1], drawn=replace(last, components=[*last.components, shown]), file=file))
    at = len(said)
    mark = component_id(parcel.key, at)
    alone = Drawn([{"type": _CONTAINER, "id": mark, "components": [shown]}])
    return (*said, Part(at, alone, mark, nonce(parcel.key, at), file))


def nonce(key: str, number: int) -> str:
    return hashlib.sha256(f"{key}\n{number}".encode()).hexdigest()[:NONCE_LENGTH]


def file_name(name: str, key: str) -> str:
    """With a trace of the key, by which it is found again, and of letters that Discord leaves as they are."""
    path = PurePosixPath(unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode())
    stem = re.sub(r"[^\w-]+", "_", path.stem, flags=re.ASCII).strip("_")[:FILE_NAME] or "file"
    suffix = re.sub(r"[^\w.]+", "", path.suffix, flags=re.ASCII)
    return f"{stem}-{hashlib.sha256(key.encode()).hexdigest()[:10]}{suffix}"


def heading(message: Message | None) -> str:
    """A message's title as the name of a thread; "" for none."""
    words = " ".join("".join(_plain(one) for one in message.title).split()) if message is not None else ""
    return words if len(words) <= THREAD_NAME else words[: THREAD_NAME - 1].rstrip() + "…"


def place_of(receipt: str | None) -> tuple[str, str]:
    channel, _, id = (receipt or "").partition(":")
    if not channel or not id:
        raise SendError("message-gone", permanent=True)
    return channel, id


def moment(seconds: float) -> str:
    """As the id that a message of that time would have."""
    return str(time_snowflake(datetime.fromtimestamp(seconds, UTC)))


# Saying and changing.


async def say(api: Api, place: Place, part: Part, *, silent: bool) -> str:
    """Once, however often it is asked within two minutes. The message's id."""
    more: dict[str, Any] = {}
    if place.answers:
        # Without what it answers, it stands by itself.
        more["message_reference"] = {"message_id": place.answers, "fail_if_not_exists": False}
    if silent:
        more["flags"] = discord.MessageFlags(suppress_notifications=True)
    if part.file is not None:
        bytes_ = io.BytesIO(part.file.content)
        more["file"] = discord.File(bytes_, part.file.name, description=part.file.alt[:ALT_LENGTH] or None)
    with _body(part, nonce=part.nonce, **more) as body:
        return text(await api.post(place.channel, body), "id")


async def change(api: Api, channel: str, id: str, part: Part) -> None:
    """A thread that was put away is opened for it."""
    with _body(part) as body:
        try:
            await api.change(channel, id, body)
        except DiscordRefusal as no:
            if no.code != THREAD_ARCHIVED:
                raise
            await api.call("PATCH", "/channels/{channel_id}", {"archived": False}, channel_id=channel)
            await api.change(channel, id, body)


def _body(part: Part, **more: Any) -> MultipartParameters:
    return handle_message_parameters(
        view=Laid(part.drawn.components), allowed_mentions=part.drawn.allowed_mentions, **more
    )


async def pinned(api: Api, channel: str, id: str, *, wanted: bool) -> Receipt:
    """The message is there whatever becomes of its pin."""
    if wanted:
        try:
            await api.call(
                "PUT", "/channels/{channel_id}/messages/pins/{message_id}", channel_id=channel, message_id=id
            )
        except SendError as no:
            if not no.permanent:
                raise AnswerLost("not pinned yet") from no
            log.warning("not pinned", channel=channel, reason=no.reason)
    return Receipt(f"{channel}:{id}")


async def thread(api: Api, channel: str, id: str, name: str) -> str:
    """The thread on a message, which has the message's own id; begun if it has a `name`. "" where there is none."""
    try:
        if name:
            await api.call(
                "POST",
                "/channels/{channel_id}/messages/{message_id}/threads",
                {"name": name, "auto_archive_duration": WEEK},
                channel_id=channel,
                message_id=id,
            )
        else:
            await api.call("GET", "/channels/{channel_id}", channel_id=id)
    except DiscordRefusal as no:
        if no.code == THREAD_EXISTS:
            return id
        if name and no.code in (UNKNOWN_CHANNEL, NO_ACCESS):
            raise  # the room itself
        if not no.permanent:
            raise
        return ""
    return id


async def found(api: Api, channel: str, wanted: Sequence[Part], after: str) -> dict[int, str]:
    """Which parts are there, by their numbers."""
    there: dict[int, str] = {}
    async for message in api.history(channel, after):
        marks = {number(one, "id") for one in rows(message, "components")}
        files = {text(one, "filename") for one in rows(message, "attachments")}
        for part in wanted:
            if part.mark in marks or (part.file is not None and part.file.name in files):
                there.setdefault(part.number, text(message, "id"))
    return there


async def explained(api: Api, no: SendError, place: Place, part: Part) -> SendError:
    """A refusal to say something, with the permission that is missing."""
    needed = Permissions(view_channel=True, send_messages=True)
    if part.file is not None:
        needed.attach_files = True
    if place.answers:
        needed.read_message_history = True
    return await permissions.explained(api, no, place.channel, needed)


def _media(file: File, name: str) -> Json:
    """Files are shown only where a component names them; pictures with their words for those who can't see them."""
    where = {"url": f"attachment://{name}"}
    if not file.media_type.startswith("image/"):
        return {"type": _FILE, "file": where}
    told = {"description": file.alt[:ALT_LENGTH]} if file.alt else {}
    return {"type": _GALLERY, "items": [{"media": where, **told}]}


def _count(components: Iterable[Answer]) -> int:
    return sum(1 + _count(rows(one, "components")) for one in components)


def _plain(node: Inline) -> str:
    match node:
        case Text(text=words) | Link(text=words) | Mention(name=words) | RoomMention(name=words):
            return words
    return ""
