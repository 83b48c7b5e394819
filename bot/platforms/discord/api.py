"""Discord's REST API as one bot sees it: a request is made once, and its answer is either good or one of our errors.

`Http` is the HTTP part of discord.py, shared by what listens and what sends; it stays when the gateway comes and goes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace
from typing import Any, TypeAlias

import aiohttp
import discord
from discord.http import HTTPClient, MultipartParameters, Ratelimit, Route

from bot.platforms.base import SendError
from bot.platforms.discord.errors import LATER, RATE_LIMITED, TOKEN_REVOKED, UNTOLD, AnswerLost, refusal
from bot.platforms.discord.pacing import PATIENCE, Bucket, Pace

Answer: TypeAlias = Mapping[str, object]

# Well below delivery's lease: who waits longer may find the work taken up by another.
TIMEOUT = aiohttp.ClientTimeout(total=20, connect=10)
PAGE = 100
_MOST_BUCKETS = 256
_RESETS = (54, 10054)  # after these discord.py would send again


class Http(HTTPClient):
    """Without repetitions of what may have been done, and without waits that nobody could bear.

    It raises discord.py's own errors: RateLimited at once where it would be long, DiscordServerError for 5xx.
    """

    def __init__(self, base_url: str, pace: Pace) -> None:
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._judge)
        trace.on_request_exception.append(self._broken)
        super().__init__(asyncio.get_running_loop(), http_trace=trace)
        self._base = base_url.rstrip("/")
        self._pace = pace
        self._entering = asyncio.Lock()
        self._me: Any = None

    @property
    def me(self) -> Answer:
        """The bot's own user; empty before the login."""
        return self._me or {}

    async def static_login(self, token: str) -> Any:
        """Once, however often the gateway is started anew."""
        async with self._entering:
            if self._me is None:
                await self.let_go()
                self._me = await super().static_login(token)
            return self._me

    async def close(self) -> None:
        """For discord.py, which closes with its gateway: sending goes on."""

    async def let_go(self) -> None:
        await super().close()
        self.connector = discord.utils.MISSING

    def get_ratelimit(self, key: str) -> Ratelimit:
        if key not in self._buckets:
            if len(self._buckets) >= _MOST_BUCKETS:
                self._buckets = {name: one for name, one in self._buckets.items() if not one.is_inactive()}
            self._buckets[key] = Bucket(self._pace)
        return self._buckets[key]

    async def request(self, route: Route, **more: Any) -> Any:
        if route.url.startswith(Route.BASE):
            route.url = self._base + route.url.removeprefix(Route.BASE)
        more.setdefault("timeout", TIMEOUT)
        until = self.loop.time() + PATIENCE
        while True:
            for file in more.get("files") or ():
                file.reset(seek=True)
            try:
                return await super().request(route, **dict(more))
            except discord.RateLimited as no:
                # Nothing was done. A short wait is spent here, in the bucket or before it.
                if self.loop.time() + no.retry_after > until:
                    raise

    async def _judge(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, seen: aiohttp.TraceRequestEndParams
    ) -> None:
        """Before discord.py, which waits after a 429 as long as it is told, and sends again after a 5xx."""
        response = seen.response
        if response.status == 429:
            seconds = await _seconds(response)
            if response.headers.get("X-RateLimit-Scope") == "global" or "Via" not in response.headers:
                self._pace.pause(seconds)
            raise discord.RateLimited(seconds)
        if response.status >= 500:
            raise discord.DiscordServerError(response, None)

    async def _broken(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, seen: aiohttp.TraceRequestExceptionParams
    ) -> None:
        if isinstance(seen.exception, OSError) and seen.exception.errno in _RESETS:
            raise AnswerLost("connection reset")


class Api:
    """What sending asks of Discord, logged in when first used."""

    def __init__(self, http: Http, token: str) -> None:
        self.http = http
        self._token = token

    @property
    def me(self) -> str:
        """The bot's own account."""
        return text(self.http.me, "id")

    async def enter(self) -> None:
        if not self.http.me:
            await self._made(self.http.static_login(self._token))

    async def call(self, method: str, path: str, body: object = None, **places: str) -> Answer:
        """SendError: Discord did nothing. OSError (timeouts too): it may have.

        `places` stand in the path: channel_id and guild_id, which have limits of their own, and others.
        """
        answer = await self._ask(method, path, body, {}, places)
        return answer if isinstance(answer, dict) else {}

    async def listed(self, path: str, query: Mapping[str, str] | None = None, /, **places: str) -> tuple[Answer, ...]:
        answer = await self._ask("GET", path, None, query or {}, places)
        return tuple(row for row in answer if isinstance(row, dict)) if isinstance(answer, list) else ()

    async def post(self, channel: str, message: MultipartParameters) -> Answer:
        answer = await self._made(self.http.send_message(channel, params=message))
        return answer if isinstance(answer, dict) else {}

    async def change(self, channel: str, id: str, message: MultipartParameters) -> None:
        await self._made(self.http.edit_message(channel, id, params=message))

    async def history(self, channel: str, after: str) -> AsyncIterator[Answer]:
        """What the bot itself has said in a channel since a message or moment, in order."""
        while True:
            page = await self.listed(
                "/channels/{channel_id}/messages", {"after": after, "limit": str(PAGE)}, channel_id=channel
            )
            for message in sorted(page, key=lambda one: int(text(one, "id"))):
                if text(part(message, "author"), "id") == self.me:
                    yield message
            if len(page) < PAGE:
                return
            after = str(max(int(text(message, "id")) for message in page))

    async def _ask(
        self, method: str, path: str, body: object, query: Mapping[str, str], places: Mapping[str, str]
    ) -> object:
        more: dict[str, Any] = {"params": query} if query else {}
        if body is not None:
            more["json"] = body
        return await self._made(self.http.request(Route(method, path, **places), **more))

    async def _made(self, request: Any) -> object:
        try:
            return await request
        except discord.RateLimited as no:
            raise SendError(RATE_LIMITED, permanent=False, retry_after=no.retry_after) from None
        except discord.LoginFailure:
            raise SendError(TOKEN_REVOKED, permanent=False, retry_after=LATER) from None
        except discord.HTTPException as no:
            raise refusal(no.code, no.status) from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise SendError("unreachable", permanent=False) from None
        except aiohttp.ClientError as error:
            raise AnswerLost(type(error).__name__) from None


def text(answer: Answer, key: str) -> str:
    """A text of an answer, "" when there is none."""
    value = answer.get(key)
    return value if isinstance(value, str) else ""


def number(answer: Answer, key: str) -> int:
    """A whole number, which Discord writes as a text where it is large; 0 when there is none."""
    value = answer.get(key)
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return value if isinstance(value, int) else 0


def part(answer: Answer, key: str) -> Answer:
    """An object inside an answer, an empty one when there is none."""
    value = answer.get(key)
    return value if isinstance(value, dict) else {}


def rows(answer: Answer, key: str) -> tuple[Answer, ...]:
    """The objects of a list inside an answer."""
    value = answer.get(key)
    return tuple(row for row in value if isinstance(row, dict)) if isinstance(value, list) else ()


async def _seconds(response: aiohttp.ClientResponse) -> float:
    """How long a 429 asks to wait: precisely in its body, else in a header."""
    try:
        body = await response.json(content_type=None)
        return max(0.01, float(body["retry_after"]))
    except (ValueError, TypeError, KeyError, aiohttp.ClientError):
        told = response.headers.get("Retry-After", "")
        return float(told) if told.replace(".", "", 1).isdigit() else UNTOLD
