"""The gateway: discord.py with our addresses, no privileged intents, and ears that no event can break.

What comes in is handed on as Discord sent it: interactions and messages are read by `inbound`, not by discord.py.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import aiohttp
import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from discord.http import HTTPClient
from discord.state import ConnectionState

from bot.bugs import traced
from bot.platforms.discord.setup import API_URL, Setup

log = structlog.get_logger(__name__)

Payload: TypeAlias = Mapping[str, Any]  # JSON as Discord sends it
Heard: TypeAlias = Callable[[str, Payload], None]  # the event's name and its data

VOICE = "VOICE_STATE_UPDATE"
BETWEEN_IDENTIFIES = 5.0  # seconds: Discord takes one in five
HANDSHAKE = 60.0  # seconds that a connection may take to be made
MOST_PATIENCE = 60.0  # seconds between two attempts
GOODBYE = 2.0  # seconds that Discord has to agree to a hanging up
_ENDED, _BROKEN = 1000, 4000  # closed with the first, a session can't be resumed
_VITAL = ("READY", "RESUMED")  # without these there is no connection: it has to be made anew
_LOST = (OSError, TimeoutError, aiohttp.ClientError, discord.HTTPException, discord.RateLimited)


def _intents() -> discord.Intents:
    """Servers, what is written to the bot itself, votes, and who is in which voice channel; none that Discord has to
    grant."""
    intents = discord.Intents.none()
    intents.guilds = True
    intents.dm_messages = True
    intents.guild_polls = True
    intents.voice_states = True
    return intents


class Client(discord.Client):
    """One life of the gateway. `http` is made and closed by others, and may be shared with whoever sends."""

    def __init__(
        self,
        setup: Setup,
        http: HTTPClient,
        *,
        hears: Callable[[bool], None],
        between_identifies: float = BETWEEN_IDENTIFIES,
    ) -> None:
        self._setup = setup
        self._ours = http
        self._hears = hears  # is told whether anything that happens now would be heard
        self._between_identifies = between_identifies
        self._settled = False
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = (
            False  # nobody wants to hear that they are missing
        )
        super().__init__(intents=_intents(), max_messages=None, chunk_guilds_at_startup=False)

    async def enter(self) -> None:
        """Log in; from then on the bot knows who it is."""
        await self.login(self._setup.token)

    async def serve(self, heard: Heard) -> None:
        """Connect, and connect again, until cancelled. Raises when Discord lets this bot in no more."""
        elsewhere = await self._elsewhere()
        self._state.heard = heard
        again: dict[str, Any] = {"initial": True}
        failures = 0
        try:
            while True:
                resume = await self._connection_made(again | ({"gateway": elsewhere} if elsewhere else {}))
                await self._hang_up(_BROKEN)
                failures = 0 if self._settled else failures + 1
                await asyncio.sleep(random.uniform(0.0, min(MOST_PATIENCE, 2.0**failures)) if failures > 1 else 0.0)
                again = {"initial": False}
                if resume and (last := self._state.socket) is not None and last.session_id is not None:
                    session = {"session": last.session_id, "sequence": last.sequence, "gateway": last.gateway}
                    again |= {"resume": True, **session}
        finally:
            await self._hang_up(_ENDED)
            if (ready := self._state._ready_task) is not None:
                ready.cancel()

    async def _connection_made(self, how: Mapping[str, Any]) -> bool:
        """Until it is lost; then whether it can be resumed."""
        self._settled = False
        try:
            async with asyncio.timeout(HANDSHAKE):
                self.ws = await DiscordWebSocket.from_client(self, **how)
            while True:
                await self.ws.poll_event()
        except ReconnectWebSocket as wanted:
            log.info("discord gateway lost", resume=wanted.resume)
            return wanted.resume
        except discord.ConnectionClosed as closed:
            if closed.code != _ENDED:
                raise
            return True
        except _LOST as lost:
            log.warning("discord gateway lost", error=type(lost).__name__)
            return True
        finally:
            self._hears(False)

    async def _elsewhere(self) -> yarl.URL | None:
        """Where to connect when it is not Discord itself."""
        if self._setup.gateway_url:
            return yarl.URL(self._setup.gateway_url)
        if self._setup.api_url.rstrip("/") == API_URL:
            return None
        return yarl.URL((await self.http.get_bot_gateway())[1])

    async def _hang_up(self, code: int) -> None:
        """The socket is kept: it knows the session."""
        socket = self._state.socket
        if socket is None:
            return
        try:
            async with asyncio.timeout(GOODBYE):
                await socket.close(code=code)
        except _LOST as failed:
            log.info("discord gateway said no goodbye", error=type(failed).__name__)

    # What discord.py asks of a client of its own.

    @property
    def _state(self) -> _State:
        state = self._connection
        assert isinstance(state, _State)
        return state

    def _get_state(self, **options: Any) -> _State:
        self.http = self._ours
        return _State(dispatch=self.dispatch, handlers=self._handlers, hooks=self._hooks, http=self.http, **options)

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        if event in ("connect", "resumed"):
            self._settled = True
            self._hears(True)
        super().dispatch(event, *args, **kwargs)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        if not initial:
            await asyncio.sleep(self._between_identifies)


class _State(ConnectionState["Client"]):
    """Hands on what is ours, and lets an event that can't be read be lost alone."""

    def __init__(self, **options: Any) -> None:
        self.heard: Heard = _nothing
        self.socket: DiscordWebSocket | None = None  # the newest, even while it is not settled
        super().__init__(**options)
        self.parsers = {
            event: parse if event in _VITAL else _alone(event, parse) for event, parse in self.parsers.items()
        }

    def parse_interaction_create(self, data: Any) -> None:
        self.heard("INTERACTION_CREATE", data)

    def parse_message_create(self, data: Any) -> None:
        self.heard("MESSAGE_CREATE", data)

    def parse_message_poll_vote_add(self, data: Any) -> None:
        self.heard("MESSAGE_POLL_VOTE_ADD", data)

    def parse_message_poll_vote_remove(self, data: Any) -> None:
        self.heard("MESSAGE_POLL_VOTE_REMOVE", data)

    def parse_voice_state_update(self, data: Any) -> None:
        self.heard(VOICE, data)  # first: where they were until now is known to us
        super().parse_voice_state_update(data)

    def parse_guild_create(self, data: Any) -> None:
        """Those who came while nobody listened are there, too."""
        super().parse_guild_create(data)
        for one in data.get("voice_states") or ():
            self.heard(VOICE, {**one, "guild_id": data["id"]})

    def _update_references(self, ws: DiscordWebSocket) -> None:
        self.socket = ws
        super()._update_references(ws)


def _alone(event: str, parse: Callable[[Any], None]) -> Callable[[Any], None]:
    def parsed(data: Any) -> None:
        try:
            parse(data)
        except Exception as bug:
            log.error("discord event not understood", kind=event, **traced(bug))

    return parsed


def _nothing(event: str, data: Payload) -> None:
    return
