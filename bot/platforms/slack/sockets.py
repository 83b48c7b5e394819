"""Socket Mode: two connections for each app, each watched by what it last heard and replaced for ever."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from bot.bugs import traced
from bot.platforms.slack.inbound import Payload

log = structlog.get_logger(__name__)

CONNECTIONS = 2  # while one is replaced, the other hears
REFRESHED = ("warning", "refresh_requested")  # why Slack ends a connection that is well

# What came in an envelope is answered with the JSON to put into its acknowledgement, or ""; None: not at all.
Answering = Callable[[Payload], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Patience:
    """In seconds; shorter in tests."""

    silence: float = 60.0  # without a ping or a message before a connection counts as dead
    ping: float = 10.0  # between our own pings: a peer that answers none is dead sooner
    opening: float = 10.0
    shortest_wait: float = 0.5  # before another try
    longest_wait: float = 30.0
    steady: float = 10.0  # what lasted so long was no failure
    overlap: float = 3.0  # that a connection to be replaced stays open, for the answers that it owes


class NotOpened(Exception):
    """`reason` is a slug of Slack's, or the kind of the error; `wait` is how long Slack asks us to, in seconds."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


def quiet() -> logging.Logger:
    """For the SDKs, whose own log entries quote whole payloads and addresses that are secrets."""
    logger = logging.Logger("slack", level=logging.CRITICAL + 1)
    logger.addHandler(logging.NullHandler())
    return logger


class Connection(SocketModeClient):
    """One connection, from its opening to its end; it is never opened again.

    The SDK opens, pings and sends. Reading is ours: the SDK tells nobody of pings, and reconnects by closing first.
    """

    def __init__(
        self,
        app_token: str,
        web: AsyncWebClient,
        answering: Answering,
        patience: Patience,
        changed: Callable[[], None],
    ) -> None:
        super().__init__(
            app_token,
            logger=quiet(),
            web_client=web,
            auto_reconnect_enabled=False,
            ping_interval=patience.ping,
        )
        self._answering = answering
        self._patience = patience
        self._changed = changed
        self._gone = False
        self._answers: set[asyncio.Task[None]] = set()
        self.heard_at = asyncio.get_running_loop().time()
        self.greeted = asyncio.Event()
        self.over = asyncio.Event()  # it has to be replaced; it may still deliver for a while
        self.reason = "closed"  # why it is over

    @property
    def live(self) -> bool:
        return self.greeted.is_set() and not self._gone

    async def open(self) -> None:
        """Returns when Slack has said hello; NotOpened otherwise."""
        try:
            async with asyncio.timeout(self._patience.opening):
                self.wss_uri = (await self.web_client.apps_connections_open(app_token=self.app_token))["url"]
                await self.connect()  # type: ignore[no-untyped-call]
                hello, over = asyncio.create_task(self.greeted.wait()), asyncio.create_task(self.over.wait())
                try:
                    await asyncio.wait({hello, over}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    hello.cancel()
                    over.cancel()
        except SlackApiError as refused:
            raise _not_opened(refused) from None
        except (OSError, aiohttp.ClientError, SlackClientError, TimeoutError, LookupError, ValueError) as failed:
            raise NotOpened(type(failed).__name__) from None
        if not self.live:
            raise NotOpened(self.reason)

    async def watch(self) -> None:
        """Returns when the connection is over, by Slack's word or by its silence."""
        loop = asyncio.get_running_loop()
        while not self.over.is_set():
            left = self.heard_at + self._patience.silence - loop.time()
            if left <= 0:
                self._end("silent")
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self.over.wait()

    async def leave(self) -> None:
        """Closes, after the answers still owed, if they come soon."""
        if self._answers:
            await asyncio.wait(set(self._answers), timeout=self._patience.overlap)
        for task in self._answers:
            task.cancel()
        with suppress(OSError, aiohttp.ClientError, TimeoutError):
            async with asyncio.timeout(self._patience.overlap):
                await self.close()  # type: ignore[no-untyped-call]

    def _end(self, reason: str) -> None:
        if not self.over.is_set():
            self.reason = reason
            self.over.set()
        if reason not in REFRESHED:
            self._gone = True
            self._changed()

    async def connect_to_new_endpoint(self, force: bool = False) -> None:
        """Not by this one: whoever keeps it opens another."""
        self._end("closed")

    async def receive_messages(self) -> None:
        session = self.current_session
        if session is None:
            return
        try:
            while True:
                frame = await session.receive()
                match frame.type:
                    case aiohttp.WSMsgType.TEXT:
                        self._heard(frame.data)
                    case aiohttp.WSMsgType.PING:
                        self.heard_at = asyncio.get_running_loop().time()
                        await session.pong(frame.data)
                    case aiohttp.WSMsgType.PONG | aiohttp.WSMsgType.BINARY:
                        continue  # an answer to our own ping does not prove that anything is delivered
                    case _:
                        return
        except (OSError, aiohttp.ClientError):
            return
        finally:
            self._end("closed")

    def _heard(self, text: str) -> None:
        self.heard_at = asyncio.get_running_loop().time()
        try:
            message = json.loads(text)
        except ValueError:
            return
        match message.get("type"):
            case "hello":
                self.greeted.set()
            case "disconnect":
                self._end(str(message.get("reason") or "disconnect"))
            case _ if "envelope_id" in message:
                task = asyncio.create_task(self._answer(message["envelope_id"], message.get("payload") or {}))
                self._answers.add(task)
                task.add_done_callback(self._answers.discard)

    async def _answer(self, envelope: str, payload: Payload) -> None:
        try:
            answer = await self._answering(payload)
        except Exception as bug:
            log.error("bug", platform="slack", envelope=envelope, **traced(bug))
            return
        if answer is None:
            return
        body = f',"payload":{answer}' if answer else ""
        try:
            await self.send_message(f'{{"envelope_id":{json.dumps(envelope)}{body}}}')
        except (OSError, aiohttp.ClientError) as lost:
            # It comes again by another connection.
            log.warning("slack acknowledgement lost", envelope=envelope, error=type(lost).__name__)


def _not_opened(refused: SlackApiError) -> NotOpened:
    response = refused.response
    answer = response.data if isinstance(response.data, dict) else {}
    wait = str(response.headers.get("Retry-After", ""))
    reason = str(answer.get("error") or f"HTTP {response.status_code}")
    return NotOpened(reason, float(wait) if wait.isascii() and wait.isdecimal() else 0.0)


class Line:
    """One of an app's connections, kept open for ever."""

    def __init__(
        self,
        app_token: str,
        api_url: str,
        answering: Answering,
        patience: Patience,
        changed: Callable[[], None],
    ) -> None:
        self._app_token = app_token
        self._web = AsyncWebClient(base_url=api_url, logger=quiet(), retry_handlers=[], timeout=int(patience.opening))
        self._answering = answering
        self._patience = patience
        self._changed = changed
        self._current: Connection | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def live(self) -> bool:
        return self._current is not None and self._current.live

    async def keep(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        wait = 0.0
        try:
            while True:
                began = loop.time()
                try:
                    opened = await self._opened()
                except NotOpened as failed:
                    log.warning("slack connection not opened", reason=failed.reason)
                    wait = max(failed.wait, self._longer(wait))
                else:
                    self._replace(opened)
                    await opened.watch()
                    log.info("slack connection over", reason=opened.reason)
                    if opened.reason not in REFRESHED:
                        self._part(opened)
                        self._current = None
                    steady = opened.reason in REFRESHED or loop.time() - began >= self._patience.steady
                    wait = 0.0 if steady else self._longer(wait)
                await asyncio.sleep(wait * random.uniform(1.0, 1.5))
        finally:
            await self._close()

    def _longer(self, wait: float) -> float:
        return min(self._patience.longest_wait, max(self._patience.shortest_wait, wait * 2))

    async def _opened(self) -> Connection:
        connection = Connection(self._app_token, self._web, self._answering, self._patience, self._changed)
        try:
            await connection.open()
        except BaseException:
            await connection.leave()
            raise
        return connection

    def _replace(self, opened: Connection) -> None:
        old, self._current = self._current, opened
        self._changed()
        if old is not None:
            self._part(old)

    def _part(self, old: Connection) -> None:
        task = asyncio.create_task(old.leave())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _close(self) -> None:
        if self._current is not None:
            self._part(self._current)
            self._current = None
        if self._leaving:
            await asyncio.wait(set(self._leaving))
        self._changed()


async def serve(
    app_tokens: Sequence[tuple[str, Answering]],
    *,
    api_url: str,
    patience: Patience,
    connected: Callable[[bool], None],
) -> None:
    """Keeps every app's connections until cancelled; `connected` hears whether each app has one that lives."""
    apps: list[list[Line]] = []

    def changed() -> None:
        connected(bool(apps) and all(any(line.live for line in lines) for lines in apps))

    apps += [
        [Line(token, api_url, answering, patience, changed) for _ in range(CONNECTIONS)]
        for token, answering in app_tokens
    ]
    keeping = [asyncio.create_task(line.keep()) for lines in apps for line in lines]
    try:
        await asyncio.gather(*keeping)
    finally:
        for task in keeping:
            task.cancel()
        for ended in await asyncio.gather(*keeping, return_exceptions=True):
            if isinstance(ended, Exception):
                log.error("bug", platform="slack", **traced(ended))
        connected(False)
