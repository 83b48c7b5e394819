"""Answers to interactions over REST: by their own tokens, outside of every limit that holds for the bot."""

from __future__ import annotations

import asyncio
from enum import IntEnum
from typing import Any, TypeAlias

import aiohttp
import structlog

from bot.platforms.discord.inbound import Scene

log = structlog.get_logger(__name__)

Json: TypeAlias = dict[str, Any]  # as Discord takes it

TIMEOUT = aiohttp.ClientTimeout(total=10)
ATTEMPTS = 3
BREATH = 0.3  # seconds between two attempts: there are three in all to answer in
LONGEST_WAIT = 5.0  # seconds

ANSWERED_ALREADY = 40060
UNKNOWN_MESSAGE = 10008
_EXPIRED = frozenset({10062, 10015, 50027})  # unknown interaction, unknown webhook, its token has died


class Callback(IntEnum):
    """How an interaction may be answered first."""

    MESSAGE = 4
    THINKING = 5
    NOTHING_YET = 6  # the message with the button stays as it is
    UPDATE = 7
    CHOICES = 8
    FORM = 9


class Expired(Exception):
    """The moment to answer has passed, or Discord could not be reached in it."""


class Lost(Exception):
    """It may have been said or not, and saying it again could show it twice."""


class Taken(Exception):
    """Somebody has answered it before us: the same interaction came to another, or to us in a life before."""


class BadAnswer(Exception):
    """Discord did not take the answer for what it is."""

    def __init__(self, code: int, attempt: int) -> None:
        super().__init__(str(code))
        self.code = code
        self.attempt = attempt


class Callbacks:
    """`application` is the bot's own id."""

    def __init__(self, session: aiohttp.ClientSession, api_url: str, application: int) -> None:
        self._session = session
        self._api_url = api_url.rstrip("/")
        self._application = application

    async def first(self, scene: Scene, kind: Callback, data: Json | None = None) -> None:
        """Where a second attempt finds an answer, it is the first one's, whose confirmation was lost."""
        body: Json = {"type": int(kind)} | ({"data": data} if data is not None else {})
        try:
            await self._ask("POST", f"/interactions/{scene.id}/{scene.token}/callback", body, repeatable=True)
        except BadAnswer as no:
            if no.code != ANSWERED_ALREADY:
                raise
            log.warning("discord interaction answered already", inbound=scene.id, place=scene.place.value)
            if no.attempt == 1:
                raise Taken from None

    async def change(self, scene: Scene, data: Json) -> None:
        """The first answer, or the message with the button when that was left as it is."""
        await self._ask("PATCH", f"{self._webhook(scene)}/messages/@original", data, repeatable=True)

    async def drop(self, scene: Scene) -> None:
        await self._ask("DELETE", f"{self._webhook(scene)}/messages/@original", None, repeatable=True)

    async def more(self, scene: Scene, data: Json) -> None:
        """A message beneath. It is said at most once: two of the same can't be told apart."""
        await self._ask("POST", self._webhook(scene), data, repeatable=False)

    def _webhook(self, scene: Scene) -> str:
        return f"/webhooks/{self._application}/{scene.token}"

    async def _ask(self, method: str, path: str, body: Json | None, *, repeatable: bool) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            wait = BREATH * attempt
            try:
                async with self._session.request(method, self._api_url + path, json=body, timeout=TIMEOUT) as response:
                    if response.status < 300:
                        return
                    told = await _told(response)
                    if response.status == 429:
                        wait = float(told.get("retry_after") or wait)
                    elif response.status < 500:
                        code = int(told.get("code") or 0)
                        raise Expired(str(code)) if code in _EXPIRED else BadAnswer(code, attempt)
                    elif not repeatable:
                        raise Lost(f"HTTP {response.status}")
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as failed:
                log.info("discord not reached", error=type(failed).__name__)
            except (OSError, aiohttp.ClientError) as lost:
                if not repeatable:
                    raise Lost(type(lost).__name__) from None
            if wait > LONGEST_WAIT:
                break
            await asyncio.sleep(wait)
        raise Expired("given up")


async def _told(response: aiohttp.ClientResponse) -> Json:
    try:
        told = await response.json(content_type=None)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
