"""Files that somebody attaches to a form: how many, how large, and how they are fetched from where they wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from bot.message import File, Files, Unread
from cohorts.attachments import LARGEST as LARGEST
from cohorts.attachments import MOST as MOST

TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10)
PIECE = 2**16


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that waits at the platform. `size` as it is told there; 0 when it isn't."""

    name: str
    media_type: str = "application/octet-stream"
    size: int = 0
    url: str = field(default="", repr=False)


class NotFetched(Exception):
    """It could not be had: the reason is for a log, and names nothing."""


class TooLarge(Exception):
    """More bytes than one file may have."""


async def read(
    attached: Mapping[str, Sequence[Attached]], fetch: Callable[[Attached], Awaitable[bytes]]
) -> tuple[Files, Mapping[str, Unread]]:
    """What was attached to a form, with its content; of fields where that can't be had, why."""
    files: dict[str, tuple[File, ...]] = {}
    unread: dict[str, Unread] = {}
    for key, waiting in attached.items():
        refused = unfit([(one.name, one.size) for one in waiting])
        whole: list[File] = []
        for one in waiting if refused is None else ():
            try:
                content = await fetch(one)
            except TooLarge:
                refused = Unread("too-large", one.name)
                break
            except NotFetched:
                refused = Unread("not-fetched", one.name)
                break
            whole.append(File(one.name, one.media_type, content))
        if refused is not None:
            unread[key] = refused
        elif whole:
            files[key] = tuple(whole)
    return files, unread


def unfit(files: Sequence[tuple[str, int]]) -> Unread | None:
    """Why these files of one field, by name and size, are not taken."""
    if len(files) > MOST:
        return Unread("too-many", files[MOST][0])
    return next((Unread("too-large", name) for name, size in files if size > LARGEST), None)


async def download(session: aiohttp.ClientSession, url: str, headers: Mapping[str, str] | None = None) -> bytes:
    """From exactly there: whoever sends us elsewhere would be sent the headers too. Never more than `LARGEST`."""
    content = bytearray()
    try:
        async with session.get(
            URL(url, encoded=True), headers=headers, allow_redirects=False, timeout=TIMEOUT
        ) as response:
            if response.status != 200:
                raise NotFetched(f"HTTP {response.status}")
            async for piece in response.content.iter_chunked(PIECE):
                content += piece
                if len(content) > LARGEST:
                    raise TooLarge
    except (aiohttp.ClientError, OSError, ValueError) as failed:
        raise NotFetched(type(failed).__name__) from None
    return bytes(content)
