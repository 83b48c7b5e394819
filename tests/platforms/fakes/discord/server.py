"""The fake Discord itself: one bot application, its REST API, its gateway, and a world to put it in."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from types import MappingProxyType
from typing import Any

from aiohttp import web

from . import api_channels, api_commands, api_guilds, api_interactions, api_messages
from .api import Ask, Handler, Upload
from .errors import ANSWERS, BAD_BODIES, DiscordError, Fault, Json
from .gateway import Gateway
from .guild import DEFAULT_PERMISSIONS, FakeGuild
from .interactions import Interaction
from .payloads import member_object
from .people import Person
from .permissions import Permission, in_channel
from .state import DM, Call, Channel, Clock, Member, Snowflakes, User
from .switches import Switches
from .trouble import Rates, Standing, Trouble

API = "/api/v10"
MOST_INVALID = 10_000
LOOK = 0.003  # seconds between two looks at whether anything is under way
OPEN = frozenset(api_interactions.ROUTES)  # these bring a token of their own
HANDLERS: MappingProxyType[str, Handler] = MappingProxyType(
    {
        **api_messages.ROUTES,
        **api_channels.ROUTES,
        **api_guilds.ROUTES,
        **api_commands.ROUTES,
        **api_interactions.ROUTES,
    }
)


def _pattern(route: str) -> tuple[str, re.Pattern[str]]:
    method, _, path = route.partition(" ")
    return method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))


class FakeDiscord(Switches):
    """Start it, add a guild and its people, point discord.py at `api_url` and `gateway_url`."""

    def __init__(self, clock: Clock = time.time, name: str = "Caravan") -> None:
        self._clock = clock
        self._skew = 0.0
        self._stopped: float | None = None
        self.ids = Snowflakes(self.clock)
        self.bot = User(self.ids.next(), name, name, bot=True)
        self.application_id = self.bot.id
        self.application_flags = 0
        self.token = f"{self.bot.id}.{secrets.token_hex(12)}"
        self.users: dict[int, User] = {self.bot.id: self.bot}
        self.people: dict[int, Person] = {}
        self.guilds: dict[int, FakeGuild] = {}
        self.dms: dict[int, Channel] = {}
        self.commands: dict[int | None, dict[int, Json]] = {}  # by guild; None: global
        self.command_creates: dict[int | None, list[float]] = {}
        self.commands_allowed = True  # false: invited without applications.commands
        self.interactions: dict[str, Interaction] = {}
        self.privileged_intents = 0  # which of them the developer portal has switched on
        self.heartbeat_interval = 41.25
        self.answer_within = 3.0
        self.enforce_limits = False
        self.rate_limited = 0
        self.invalid_requests = 0  # 401, 403 and 429; ten thousand in ten minutes is a ban
        self.faults: list[Fault] = []  # bodies refused for what they are
        self.refusals: list[tuple[str, int]] = []  # every other refusal: route and code
        self.lacking: list[tuple[str, str]] = []  # permissions that were missed, and where
        self.calls: list[Call] = []
        self.acks: list[tuple[str, float]] = []  # from an interaction's sending to its first answer, in seconds
        self.crashes: list[Exception] = []
        self.uploads: dict[int, bytes] = {}  # files that people gave, by attachment id
        self.redeliveries = 1
        self.trouble = Trouble()
        self.rates = Rates(self.clock)
        self.gateway = Gateway(self)
        self.url = ""
        self._routes = [(*_pattern(route), route, handler) for route, handler in HANDLERS.items()]
        self._busy = 0
        self._runner: web.AppRunner | None = None

    # Life.

    async def start(self) -> FakeDiscord:
        app = web.Application(client_max_size=200 * 1024**2)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/gateway/", self.gateway.serve)
        app.router.add_get("/attachments/{channel}/{id}/{name}", self._attachment)
        app.router.add_route("*", API + "/{path:.*}", self._request)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def stop(self) -> None:
        for connection in list(self.gateway.connections):
            connection.cut()
        if self._runner is not None:
            await self._runner.cleanup()
        if self.crashes:
            raise self.crashes[0]

    async def __aenter__(self) -> FakeDiscord:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def api_url(self) -> str:
        return self.url + API

    @property
    def gateway_url(self) -> str:
        return self.url.replace("http://", "ws://") + "/gateway"

    def clock(self) -> float:
        return (self._clock() if self._stopped is None else self._stopped) + self._skew

    def stop_clock(self) -> None:
        """From now on time goes by only as `passes` says."""
        self._stopped = self._clock()

    def passes(self, seconds: float) -> None:
        """Time goes by: tokens die, nonces are forgotten, windows of rate limits end."""
        self._skew += seconds

    async def connected(self, within: float = 60.0) -> None:
        """Until the bot is on the gateway."""
        async with asyncio.timeout(within):
            while not self.gateway.ready:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def quiet(self, within: float = 60.0, still: float = 0.05) -> None:
        """Until no request has been under way, and no answer waited for, during `still` seconds."""
        async with asyncio.timeout(within):
            calm = 0.0
            while calm < still:
                seen = len(self.calls)
                await asyncio.sleep(LOOK)
                waiting = any(not each.settled.is_set() for each in self._young())
                calm = calm + LOOK if not self._busy and not waiting and seen == len(self.calls) else 0.0

    def _young(self) -> list[Interaction]:
        return [each for each in self.interactions.values() if self.clock() - each.issued < self.answer_within]

    # The world.

    def add_guild(
        self,
        name: str = "Acme",
        community: bool = False,
        permissions: int = DEFAULT_PERMISSIONS,
        locale: str = "en-US",
    ) -> FakeGuild:
        """A server that the bot is in, with a role of its own that has `permissions`."""
        guild = FakeGuild(self, name, community, int(permissions), locale)
        self.guilds[guild.id] = guild
        guild.invite_bot()
        return guild

    def make_person(self, name: str, dms_open: bool = True, zone: str = "UTC", locale: str = "en-US") -> Person:
        handle = re.sub(r"[^a-z0-9_.]", "", name.lower()) or "someone"
        taken = {each.username for each in self.users.values()}
        username = next(
            each for each in (handle, *(f"{handle}{number}" for number in range(2, 9999))) if each not in taken
        )
        user = User(self.ids.next(), username, name, dms_open=dms_open, zone=zone, locale=locale)
        self.users[user.id] = user
        self.people[user.id] = Person(self, user)
        return self.people[user.id]

    def dm(self, user: User) -> Channel:
        if user.id not in self.dms:
            self.dms[user.id] = Channel(self.ids.next(), DM, "", recipients=(user, self.bot))
        return self.dms[user.id]

    def find_channel(self, channel_id: int) -> tuple[FakeGuild | None, Channel]:
        for guild in self.guilds.values():
            if channel_id in guild.channels:
                return guild, guild.channels[channel_id]
        for channel in self.dms.values():
            if channel.id == channel_id:
                return None, channel
        raise DiscordError(10003)

    def guild_of(self, channel: Channel) -> FakeGuild | None:
        return self.guilds.get(channel.guild_id or 0)

    def member_body(self, member: Member) -> Json:
        return member_object(member, with_user=False)

    def sees(self, user: User, channel: Channel) -> bool:
        guild = self.guild_of(channel)
        if guild is None:
            return user in channel.recipients
        return bool(in_channel(guild, channel, user.id) & Permission.VIEW_CHANNEL)

    def check_dm(self, channel: Channel) -> None:
        """Whether the bot gets through to the person behind a DM."""
        user = next(each for each in channel.recipients if not each.bot)
        shared = [each for each in self.guilds.values() if each.bot_in and user.id in each.members]
        if not shared:
            raise DiscordError(50278)
        if not user.dms_open:
            raise DiscordError(50007)

    # Requests.

    async def _request(self, request: web.Request) -> web.StreamResponse:
        self._busy += 1
        try:
            return await self._answer(request, "/" + request.match_info["path"])
        finally:
            self._busy -= 1

    async def _answer(self, request: web.Request, path: str) -> web.StreamResponse:
        method = request.method
        body: Any = None
        code = 0
        headers: dict[str, str] = {}

        def reply(status: int, answer: object = None) -> web.Response:
            self.calls.append(Call(method, path, status, code, body, self.clock()))
            self.invalid_requests += status in (401, 403, 429)
            if answer is None and status == 204:
                return web.Response(status=204, headers=headers)
            # discord.py reads JSON only where the type says exactly this.
            raw = json.dumps(answer).encode()
            return web.Response(status=status, body=raw, headers={**headers, "Content-Type": "application/json"})

        body, files, bad = await _body(request)
        if self.invalid_requests >= MOST_INVALID:
            return web.Response(status=429, text="error code: 1015")
        found = self._route(method, path)
        if slow := self.trouble.take("slow", method, path):
            await asyncio.sleep(slow.seconds)
        if failing := self.trouble.take("fail", method, path):
            code = failing.body["code"] if failing.body else 0
            return reply(failing.status, failing.body)
        if found is None:
            self.refusals.append((f"{method} {path}", 0))
            return reply(404, {"message": "404: Not Found", "code": 0})
        route, params, handler = found
        if route not in OPEN and request.headers.get("Authorization") != f"Bot {self.token}":
            return reply(401, {"message": "401: Unauthorized", "code": 0})
        standing = self._standing(method, path, route, params, body)
        headers |= standing.headers(self.clock())
        if standing.wait:
            self.rate_limited += 1
            note = "You are being rate limited."
            return reply(
                429, {"message": note, "retry_after": round(standing.wait, 3), "global": standing.scope == "global"}
            )
        try:
            if bad:
                raise DiscordError(50109)
            answer = handler(Ask(self, params, dict(request.query), body, files))
        except DiscordError as error:
            code = error.code
            if code in BAD_BODIES:
                self.faults.append(Fault(route, code, error.errors or {}, body))
            elif code not in ANSWERS:
                self.refusals.append((route, code))
            return reply(error.status, error.answer())
        except Exception as error:
            # A mistake of ours, or a body too odd to be judged: `stop` tells of it.
            self.crashes.append(error)
            return reply(400, {"message": f"the fake Discord broke: {error!r}", "code": 0})
        if self.trouble.take("lose", method, path):
            self.calls.append(Call(method, path, 0, 0, body, self.clock()))
            assert request.transport is not None
            request.transport.abort()
            return web.Response(status=500)
        if failing := self.trouble.take("fail_after", method, path):
            return reply(failing.status, failing.body)
        return reply(204 if answer is None else 200, answer)

    def _route(self, method: str, path: str) -> tuple[str, dict[str, str], Handler] | None:
        for verb, pattern, route, handler in self._routes:
            if verb == method and (match := pattern.fullmatch(path)):
                return route, match.groupdict(), handler
        return None

    def _standing(self, method: str, path: str, route: str, params: dict[str, str], body: Any) -> Standing:
        major = params.get("channel") or params.get("guild") or params.get("token") or params.get("app") or ""
        if switched := self.trouble.take("rate_limit", method, path):
            scope = "global" if switched.shared else "user"
            return Standing("switched", 1, 0, switched.seconds, wait=switched.seconds, scope=scope)
        renames = (
            route == "PATCH /channels/{channel}" and isinstance(body, dict) and bool({"name", "topic"} & set(body))
        )
        return self.rates.take(
            method, path, route, major, enforce=self.enforce_limits, exempt=route in OPEN, renames=renames
        )

    async def _attachment(self, request: web.Request) -> web.Response:
        if (given := self.uploads.get(int(request.match_info["id"]))) is not None:
            return web.Response(body=given)
        _, channel = self.find_channel(int(request.match_info["channel"]))
        whispers = [each for person in self.people.values() for each in person.whispers]
        for message in [*channel.messages, *whispers]:
            for each in message.attachments:
                if str(each.id) == request.match_info["id"]:
                    return web.Response(body=each.content, content_type=each.media_type.partition(";")[0])
        raise web.HTTPNotFound


async def _body(request: web.Request) -> tuple[Any, dict[int, Upload], bool]:
    """The JSON of a request and its files; the last one says that it could not be read."""
    files: dict[int, Upload] = {}
    if request.content_type.startswith("multipart/"):
        text = ""
        for name, part in (await request.post()).items():
            if name == "payload_json":
                text = part.file.read().decode() if isinstance(part, web.FileField) else str(part)
            elif isinstance(part, web.FileField) and (number := re.fullmatch(r"files\[(\d+)\]", name)):
                files[int(number[1])] = Upload(part.filename, part.file.read(), part.content_type)
    else:
        text = await request.text()
        if text and request.content_type != "application/json":
            return None, files, True
    if not text:
        return None, files, False
    try:
        return json.loads(text), files, False
    except json.JSONDecodeError:
        return None, files, True
