"""How what happens reaches an app: over one of its sockets or by signed HTTP, acknowledged within three seconds."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import aiohttp
from aiohttp import WSMsgType, web

from .acks import check_answer
from .payloads import event_wrapper
from .state import Ack, Json, SlackError
from .team import EVENTS

if TYPE_CHECKING:
    from .server import FakeSlack
    from .team import App, Team

CONNECTIONS = 10
TIMED_OUT = "operation_timeout"
UNREACHABLE = "dispatch_failed"


class Connection:
    """One open socket of an app."""

    def __init__(self, app: App, ws: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.app = app
        self.ws = ws
        self.transport = transport
        self.silent = False  # half open: delivers nothing, sends no pings
        self.answers_pings = True


class Delivery:
    def __init__(self, slack: FakeSlack) -> None:
        self.slack = slack
        self.connections: list[Connection] = []
        self.tickets: dict[str, App] = {}
        self.closed_until = 0.0  # of the loop's clock: no socket is let in before
        self.copies = 1
        self.copies_together = False
        self.waiting: dict[str, deque[asyncio.Future[Json | None]]] = {}
        self.known_envelopes: set[str] = set()
        self.busy = 0  # envelopes on their way

    # What happens in a workspace.

    async def event(self, team: Team, event: Json, channel_kind: str = "") -> Ack | None:
        """Tells the app, if it listens to such events. Unacknowledged events come again, in the background."""
        name = str(event["type"])
        if name == "message":
            name = {"im": "message.im", "mpim": "message.mpim", "public": "message.channels"}.get(
                channel_kind, "message.groups"
            )
        needed = EVENTS[name].split()
        if name not in team.app.events or (needed and not team.scopes & set(needed)):
            return None
        if not team.installed and name not in ("tokens_revoked", "app_uninstalled"):
            return None
        payload = event_wrapper(team, event)
        ack = await self._send("events_api", team.app, payload, name)
        if not ack.ok and not ack.error.startswith("no_retry"):
            self.slack.soon(self._again(team.app, payload, name, ack))
        return ack

    async def command(self, team: Team, payload: Json) -> Ack:
        return await self._send("slash_commands", team.app, payload, "slash_commands")

    async def interactive(self, team: Team, payload: Json) -> Ack:
        return await self._send("interactive", team.app, payload, str(payload["type"]))

    async def _again(self, app: App, payload: Json, name: str, ack: Ack) -> None:
        """Slack tries three times more: at once, after a minute, after five (`slack.retry_waits`)."""
        for number, wait in enumerate(self.slack.retry_waits, 1):
            await asyncio.sleep(wait)
            ack = await self._once("events_api", app, payload, name, retry=number, reason=ack.error)
            self.slack.acks.append(ack)
            if ack.ok or ack.error.startswith("no_retry"):
                return

    async def _send(self, transport: str, app: App, payload: Json, kind: str) -> Ack:
        envelope = str(uuid.uuid4())
        copies = self.copies if transport == "events_api" or app.request_url is None else 1
        self.busy += 1
        try:
            if self.copies_together:
                acks = await asyncio.gather(
                    *(self._once(transport, app, payload, kind, envelope, number) for number in range(copies))
                )
            else:
                acks = [await self._once(transport, app, payload, kind, envelope, each) for each in range(copies)]
        finally:
            self.busy -= 1
        self.slack.acks.extend(acks)
        first = next((each for each in acks if each.ok), acks[0])
        if first.answer is not None:
            try:
                check_answer(kind, payload, first.answer)
            except SlackError as error:
                self.slack.refuse(f"ack {kind}", error, first.answer)
                return Ack(kind, first.seconds, payload, None, error.error)
        return first

    async def _once(
        self,
        transport: str,
        app: App,
        payload: Json,
        kind: str,
        envelope: str = "",
        retry: int = 0,
        reason: str = "",
    ) -> Ack:
        loop = asyncio.get_running_loop()
        started = loop.time()
        error = ""
        answer: Json | None = None
        try:
            async with asyncio.timeout(self.slack.ack_timeout):
                if app.request_url is None:
                    answer = await self._over_socket(transport, app, payload, envelope, retry)
                else:
                    answer = await self._over_http(transport, app, payload, retry, reason)
        except TimeoutError:
            error = TIMED_OUT
        except Unreachable as problem:
            error = str(problem)
        return Ack(kind, loop.time() - started, payload, answer, error)

    # Socket Mode.

    async def _over_socket(self, transport: str, app: App, payload: Json, envelope: str, retry: int) -> Json | None:
        envelope = envelope or str(uuid.uuid4())
        accepts = transport == "slash_commands" or payload.get("type") in ("view_submission", "block_suggestion")
        message: Json = {
            "envelope_id": envelope,
            "payload": payload,
            "type": transport,
            "accepts_response_payload": accepts,
        }
        if transport == "events_api":
            message |= {"retry_attempt": retry, "retry_reason": "timeout" if retry else ""}
        self.known_envelopes.add(envelope)
        future: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        self.waiting.setdefault(envelope, deque()).append(future)
        try:
            await self._to_any_connection(app, json.dumps(message))
            return await future
        finally:
            if future in self.waiting.get(envelope, ()):
                self.waiting[envelope].remove(future)

    async def _to_any_connection(self, app: App, text: str) -> None:
        candidates = [each for each in self.connections if each.app is app]
        self.slack.ids.random.shuffle(candidates)
        for connection in candidates:
            if connection.silent:
                return  # into the void
            try:
                await connection.ws.send_str(text)
                return
            except ConnectionError:
                continue
        raise Unreachable(UNREACHABLE)

    def ticket(self, app: App) -> str:
        ticket = str(uuid.uuid4())
        self.tickets[ticket] = app
        return f"{self.slack.url.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={app.id}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, from its hello to its end."""
        app = self.tickets.get(request.query.get("ticket", ""))
        if app is None or asyncio.get_running_loop().time() < self.closed_until:
            return web.Response(status=503 if app else 404)
        del self.tickets[request.query["ticket"]]
        ws = web.WebSocketResponse(autoping=False)
        await ws.prepare(request)
        mine = [each for each in self.connections if each.app is app]
        if len(mine) >= CONNECTIONS:
            await ws.send_json({"type": "disconnect", "reason": "too_many_websockets", "debug_info": {"host": "fake"}})
            await ws.close()
            return ws
        transport = request.transport
        connection = Connection(app, ws, transport if isinstance(transport, asyncio.Transport) else None)
        self.connections.append(connection)
        pings = asyncio.create_task(self._ping(connection))
        try:
            await ws.send_json(
                {
                    "type": "hello",
                    "num_connections": len(mine) + 1,
                    "debug_info": {"host": "applink-fake", "build_number": 1, "approximate_connection_time": 3600},
                    "connection_info": {"app_id": app.id},
                }
            )
            async for message in ws:
                if message.type is WSMsgType.PING and connection.answers_pings:
                    await ws.pong(message.data)
                elif message.type is WSMsgType.TEXT:
                    self._acknowledged(json.loads(message.data))
        except ConnectionError:
            pass  # it was cut while something was being sent
        finally:
            pings.cancel()
            if connection in self.connections:
                self.connections.remove(connection)
        return ws

    async def _ping(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(self.slack.ping_interval)
            if connection.ws.closed:
                return
            if not connection.silent:
                try:
                    await connection.ws.ping(b"Ping from applink-fake")
                except ConnectionError:
                    return

    def _acknowledged(self, message: Json) -> None:
        envelope = str(message.get("envelope_id", ""))
        if envelope not in self.known_envelopes or set(message) - {"envelope_id", "payload"}:
            self.slack.refuse("ack", SlackError("invalid_arguments", "no such envelope, or unknown fields"), message)
            return
        futures = self.waiting.get(envelope)
        while futures:
            future = futures.popleft()
            if not future.done():
                payload = message.get("payload")
                future.set_result(payload if isinstance(payload, dict) and payload else None)
                return
        self.slack.late_acks += 1

    def cut(self, seconds: float) -> None:
        """Ends every socket without a goodbye, and lets none in for a while."""
        self.closed_until = asyncio.get_running_loop().time() + seconds
        gone, self.connections[:] = list(self.connections), []
        for connection in gone:
            if connection.transport is not None:
                connection.transport.abort()

    async def refresh(self, grace: float) -> None:
        """What Slack does every few hours: a warning, then a `disconnect`, then the end."""
        mine = list(self.connections)
        for reason, wait in (("warning", grace), ("refresh_requested", 0.0)):
            for connection in mine:
                if not connection.ws.closed:
                    await connection.ws.send_json(
                        {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-fake"}}
                    )
            await asyncio.sleep(wait)
        for connection in mine:
            await connection.ws.close()

    async def close(self) -> None:
        for connection in list(self.connections):
            await connection.ws.close(code=aiohttp.WSCloseCode.GOING_AWAY)

    # HTTP.

    async def _over_http(self, transport: str, app: App, payload: Json, retry: int, reason: str) -> Json | None:
        assert app.request_url is not None
        if transport == "events_api":
            body, kind = json.dumps(payload), "application/json"
        else:
            form = payload if transport == "slash_commands" else {"payload": json.dumps(payload)}
            body, kind = urlencode(form), "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, "User-Agent": "Slackbot 1.0", **app.signed(body)}
        if retry:
            why = {TIMED_OUT: "http_timeout", "connection_failed": "connection_failed"}.get(reason, "http_error")
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": why}
        try:
            async with self.slack.session.post(app.request_url, data=body.encode(), headers=headers) as answer:
                text = await answer.text()
                if answer.status != 200:
                    raise Unreachable("no_retry" if "X-Slack-No-Retry" in answer.headers else "http_error")
                if not text.strip() or transport == "events_api":
                    return None
                if answer.content_type == "application/json":
                    parsed = json.loads(text)
                    return parsed if isinstance(parsed, dict) and parsed else None
                return {"text": text}
        except aiohttp.ClientConnectionError as error:
            raise Unreachable("connection_failed") from error

    async def verify(self, app: App) -> bool:
        """The challenge that Slack sends to a new request URL."""
        challenge = uuid.uuid4().hex
        payload = {"token": app.verification_token, "challenge": challenge, "type": "url_verification"}
        body = json.dumps(payload)
        headers = {"Content-Type": "application/json", **app.signed(body)}
        assert app.request_url is not None
        async with self.slack.session.post(app.request_url, data=body.encode(), headers=headers) as answer:
            return answer.status == 200 and challenge in await answer.text()


class Unreachable(Exception):
    """The app could not be told; its words are what the person's client shows."""
