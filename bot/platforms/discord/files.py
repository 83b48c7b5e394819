"""What somebody attached to a form: it waits where Discord keeps attachments, for whoever knows its address."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import aiohttp
import structlog

from bot.attached import Attached, NotFetched, download, read
from bot.platforms.base import Deed, Filled
from bot.platforms.discord.inbound import Arrival

log = structlog.get_logger(__name__)

HOSTS = ("cdn.discordapp.com", "media.discordapp.net")


async def brought(arrival: Arrival, session: aiohttp.ClientSession, api_url: str) -> Deed:
    """The deed, and with a form the files that were attached to it."""
    if not isinstance(arrival.deed, Filled) or not arrival.attached:
        return arrival.deed

    async def fetch(one: Attached) -> bytes:
        try:
            if not is_discords(one.url, api_url):
                raise NotFetched("not at Discord")
            return await download(session, one.url)
        except NotFetched as failed:
            log.warning("discord file not fetched", inbound=arrival.scene.id, reason=str(failed))
            raise

    files, unread = await read(arrival.attached, fetch)
    return replace(arrival.deed, files=files, unread=unread)


def is_discords(url: str, api_url: str) -> bool:
    """Whether it is one of Discord's own places for attachments, or the place where the API is."""
    if "\\" in url:  # which some read as a slash
        return False
    try:
        there, api = urlsplit(url), urlsplit(api_url)
    except ValueError:
        return False
    where = (there.scheme, there.netloc)
    return where in {("https", host) for host in HOSTS} or where == (api.scheme, api.netloc)
