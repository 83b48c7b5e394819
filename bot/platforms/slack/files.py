"""What somebody attached to a form: it waits at Slack, and comes to whoever shows the bot's token."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import aiohttp
import structlog

from bot.attached import Attached, NotFetched, download, read
from bot.platforms.base import Deed, Filled
from bot.platforms.slack.inbound import Arrival
from bot.platforms.slack.workspaces import Workspace

log = structlog.get_logger(__name__)


async def brought(arrival: Arrival, workspace: Workspace, session: aiohttp.ClientSession) -> Deed:
    """The deed, and with a form the files that were attached to it."""
    if not isinstance(arrival.deed, Filled) or not arrival.attached:
        return arrival.deed

    async def fetch(one: Attached) -> bytes:
        try:
            if not is_slacks(one.url, workspace.api.client.base_url):
                raise NotFetched("not at Slack")
            content = await download(session, one.url, {"Authorization": f"Bearer {workspace.installed.bot_token}"})
            if one.size and len(content) != one.size:
                raise NotFetched("another length")  # whom it does not know, Slack shows a page to sign in
        except NotFetched as failed:
            log.warning("slack file not fetched", team=workspace.team, inbound=arrival.event_id, reason=str(failed))
            raise
        return content

    files, unread = await read(arrival.attached, fetch)
    return replace(arrival.deed, files=files, unread=unread)


def is_slacks(url: str, api_url: str) -> bool:
    """Whether the token may go there: to where the API is, or to a subdomain of it, in the same way."""
    if "\\" in url:  # which some read as a slash
        return False
    try:
        there, api = urlsplit(url), urlsplit(api_url)
        if (
            "@" in there.netloc
            or there.scheme != api.scheme
            or there.port != api.port
            or not there.hostname
            or not api.hostname
        ):
            return False
    except ValueError:
        return False
    return there.hostname == api.hostname or there.hostname.endswith(f".{api.hostname}")
