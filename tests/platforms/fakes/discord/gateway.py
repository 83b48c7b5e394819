"""The gateway over WebSocket: hello, identify, resume, heartbeats, sequence numbers, and how it may fail."""

from __future__ import annotations

import asyncio
import importlib
import json
import secrets
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import WSMsgType, web

from .errors import Json
from .payloads import guild_create, member_object, user_object

if TYPE_CHECKING:
    from .server import FakeDiscord

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE, RESUME, RECONNECT = 0, 1, 2, 3, 4, 6, 7
REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 8, 9, 10, 11
GUILDS, GUILD_MEMBERS, VOICE_STATES, PRESENCES = 1 << 0, 1 << 1, 1 << 7, 1 << 8
GUILD_MESSAGES, DM_MESSAGES, MESSAGE_CONTENT, EVENTS = 1 << 9, 1 << 12, 1 << 15, 1 << 16
PRIVILEGED = GUILD_MEMBERS | PRESENCES | MESSAGE_CONTENT
MOST_COMMANDS_A_MINUTE = 120


class Compressor(Protocol):
    def __call__(self, text: str) -> bytes | str: ...


def _plain(text: str) -> str:
    return text


def _zlib() -> Compressor:
    stream = zlib.compressobj()
    return lambda text: stream.compress(text.encode()) + stream.flush(zlib.Z_SYNC_FLUSH)


def _zstd() -> Compressor | None:
    for name in ("compression.zstd", "zstandard"):
        try:
            module: Any = importlib.import_module(name)
        except ImportError:
            continue
        if name == "zstandard":
            stream = module.ZstdCompressor().compressobj()
            return lambda text: bytes(stream.compress(text.encode()) + stream.flush(module.COMPRESSOBJ_FLUSH_BLOCK))
        other = module.ZstdCompressor()
        return lambda text: bytes(other.compress(text.encode(), mode=other.FLUSH_BLOCK))
    return None


@dataclass(slots=True, eq=False)
class Session:
    """What a client resumes: its intents and everything it was sent."""

    id: str
    intents: int
    seq: int = 0
    sent: list[tuple[int, str]] = field(default_factory=list)
    connection: Connection | None = None

    def push(self, event: str, data: Json | None, keep: bool = True) -> None:
        self.seq += 1
        text = json.dumps({"op": DISPATCH, "t": event, "s": self.seq, "d": data})
        if keep:
            self.sent.append((self.seq, text))
        if self.connection is not None:
            self.connection.put(text)


class Connection:
    """One socket. Everything goes out through one queue, so that order and compression hold."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, compress: Compressor) -> None:
        self.socket = socket
        self.request = request
        self.session: Session | None = None
        self.deaf = False  # half open: hears and says nothing, and stays
        self.commands: list[float] = []
        self._compress = compress
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())

    def put(self, text: str) -> None:
        self._queue.put_nowait(text)

    def send(self, op: int, data: object = None) -> None:
        self.put(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    async def close(self, code: int) -> None:
        self._queue.put_nowait(None)
        await asyncio.wait([self._writer], timeout=1)
        if not self.socket.closed:
            await self.socket.close(code=code)

    def cut(self) -> None:
        """As when a cable is pulled: no closing frame."""
        if self.request.transport is not None:
            self.request.transport.abort()

    async def _write(self) -> None:
        while (text := await self._queue.get()) is not None:
            if self.deaf:
                continue
            packed = self._compress(text)
            try:
                if isinstance(packed, str):
                    await self.socket.send_str(packed)
                else:
                    await self.socket.send_bytes(packed)
            except ConnectionError:
                return

    async def end(self) -> None:
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)


class Gateway:
    """All connections and sessions of the one bot."""

    def __init__(self, discord: FakeDiscord) -> None:
        self.discord = discord
        self.sessions: dict[str, Session] = {}
        self.connections: list[Connection] = []
        self.closed_with: list[int] = []  # the codes we closed sockets with
        self.identifies = 0
        self.resumes = 0
        self.heartbeats = 0
        self.down_until = 0.0
        self.refusing = 0  # how many resumes will be answered with an invalid session

    def dispatch(self, event: str, data: Json | Callable[[int], Json], intent: int = 0, times: int = 1) -> None:
        """To every session that asked for it. `data` may depend on the session's intents."""
        for session in self.sessions.values():
            if intent and not session.intents & intent:
                continue
            body = data(session.intents) if callable(data) else data
            for _ in range(times):
                session.push(event, body)

    @property
    def ready(self) -> bool:
        return any(each.connection is not None for each in self.sessions.values())

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if time.monotonic() < self.down_until:
            return web.Response(status=503, text="gateway unavailable")
        socket = web.WebSocketResponse(max_msg_size=0)
        wanted = request.query.get("compress", "")
        compress: Compressor | None = _plain
        if wanted:
            compress = {"zlib-stream": _zlib, "zstd-stream": _zstd}.get(wanted, lambda: None)()
        await socket.prepare(request)
        if compress is None or request.query.get("v") not in ("9", "10") or request.query.get("encoding") != "json":
            self.closed_with.append(4012)
            await socket.close(code=4012)
            return socket
        connection = Connection(socket, request, compress)
        self.connections.append(connection)
        try:
            await self._converse(connection)
        finally:
            self.connections.remove(connection)
            if connection.session is not None and connection.session.connection is connection:
                connection.session.connection = None
            await connection.end()
        return socket

    async def _converse(self, connection: Connection) -> None:
        interval = self.discord.heartbeat_interval
        connection.send(HELLO, {"heartbeat_interval": int(interval * 1000), "_trace": []})
        beat = time.monotonic()
        while True:
            try:
                patience = max(0.01, beat + interval * 2 - time.monotonic())
                message = await connection.socket.receive(timeout=patience)
            except TimeoutError:
                if connection.deaf:
                    beat = time.monotonic()
                    continue
                return await self._close(connection, 4009)
            if message.type is not WSMsgType.TEXT:
                # A client that closes with 1000 or 1001 gives its session up.
                if message.type is WSMsgType.CLOSE and message.data in (1000, 1001) and connection.session:
                    self.sessions.pop(connection.session.id, None)
                return None
            if connection.deaf:
                continue
            try:
                body = json.loads(message.data)
                op, data = body["op"], body.get("d")
            except (json.JSONDecodeError, KeyError, TypeError):
                return await self._close(connection, 4002)
            now = time.monotonic()
            connection.commands = [at for at in connection.commands if now - at < 60] + [now]
            if len(connection.commands) > MOST_COMMANDS_A_MINUTE:
                return await self._close(connection, 4008)
            if op == HEARTBEAT:
                beat = time.monotonic()
                self.heartbeats += 1
                connection.send(HEARTBEAT_ACK)
                continue
            code = self._handle(connection, op, data)
            if code:
                return await self._close(connection, code)

    async def _close(self, connection: Connection, code: int) -> None:
        self.closed_with.append(code)
        if connection.session is not None and code not in (4000, 4001, 4002, 4008):
            self.sessions.pop(connection.session.id, None)
        await connection.close(code)

    def _handle(self, connection: Connection, op: int, data: Json) -> int:
        """Does what the client asks; a number is the code to close the socket with."""
        if op == IDENTIFY:
            return self._identify(connection, data)
        if op == RESUME:
            return self._resume(connection, data)
        if op not in (PRESENCE, VOICE_STATE, REQUEST_MEMBERS):
            return 4001
        if connection.session is None:
            return 4003
        if op == REQUEST_MEMBERS:
            return self._members(connection.session, data)
        return 0

    def _identify(self, connection: Connection, data: Json) -> int:
        if connection.session is not None:
            return 4005
        if data.get("token") != self.discord.token:
            return 4004
        intents = data.get("intents")
        if not isinstance(intents, int) or intents < 0 or intents >= 1 << 26:
            return 4013
        if intents & PRIVILEGED & ~self.discord.privileged_intents:
            return 4014
        if not isinstance(data.get("properties"), dict):
            return 4002
        self.identifies += 1
        session = Session(secrets.token_hex(16), intents)
        session.connection, connection.session = connection, session
        # A new session of the only shard takes the old ones' place.
        for other in list(self.sessions.values()):
            if other.connection is None:
                del self.sessions[other.id]
        self.sessions[session.id] = session
        guilds = [each for each in self.discord.guilds.values() if each.bot_in]
        session.push(
            "READY",
            {
                "v": 10,
                "user": user_object(self.discord.bot),
                "guilds": [{"id": str(each.id), "unavailable": True} for each in guilds],
                "session_id": session.id,
                "resume_gateway_url": self.discord.gateway_url,
                "shard": [0, 1],
                "application": {"id": str(self.discord.application_id), "flags": self.discord.application_flags},
                "_trace": [],
            },
        )
        if intents & GUILDS:
            for guild in guilds:
                session.push("GUILD_CREATE", guild_create(guild, self.discord.bot.id, intents))
        return 0

    def _resume(self, connection: Connection, data: Json) -> int:
        if data.get("token") != self.discord.token:
            return 4004
        session = self.sessions.get(data.get("session_id") or "")
        if self.refusing or session is None:
            self.refusing = max(0, self.refusing - 1)
            if session is not None:
                del self.sessions[session.id]
            connection.send(INVALID_SESSION, False)
            return 0
        seq = data.get("seq")
        if not isinstance(seq, int) or seq > session.seq:
            del self.sessions[session.id]
            return 4007
        self.resumes += 1
        session.connection, connection.session = connection, session
        for number, text in session.sent:
            if number > seq:
                connection.put(text)
        session.push("RESUMED", {"_trace": []})
        return 0

    def _members(self, session: Session, data: Json) -> int:
        guild = self.discord.guilds.get(int(data.get("guild_id") or 0))
        ids, query = data.get("user_ids"), data.get("query")
        if guild is None or (ids is None and query is None):
            return 4002
        if ids is None and query == "" and not session.intents & GUILD_MEMBERS:
            return 4014
        wanted = {int(each) for each in (ids if isinstance(ids, list) else [ids])} if ids is not None else None
        found = [
            each
            for each in guild.members.values()
            if (each.user.id in wanted if wanted is not None else each.user.username.startswith(str(query)))
        ]
        missing = sorted((wanted or set()) - {each.user.id for each in found})
        session.push(
            "GUILD_MEMBERS_CHUNK",
            {
                "guild_id": str(guild.id),
                "members": [member_object(each) for each in found],
                "chunk_index": 0,
                "chunk_count": 1,
                "not_found": [str(each) for each in missing],
                "nonce": data.get("nonce"),
            },
        )
        return 0
