"""The fake Slack itself: a web server with the Web API, sockets, response URLs, uploads and the OAuth page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import aiohttp
from aiohttp import web

from .delivery import Delivery
from .payloads import message_object
from .requests import Requests
from .state import Ack, Call, Channel, Clock, Fault, Ids, Json, Message, ResponseUrl, SlackError, Trigger, View
from .switches import Switches
from .team import ALL_SCOPES, App, Grant, Team
from .trouble import Rates, Trouble

LOOK = 0.003  # seconds between two looks at whether anything is under way


class FakeSlack(Switches):
    """Start it, add a team and its people, point an app at `api_url`, and let the people do things."""

    def __init__(self, clock: Clock = time.time, seed: int = 0) -> None:
        self.clock = clock
        self.ids = Ids(seed)
        self.teams: list[Team] = []
        self.faults: list[Fault] = []  # payloads that were refused for what they are
        self.refusals: list[tuple[str, str]] = []  # every other `ok: false`: (method, error)
        self.calls: list[Call] = []
        self.acks: list[Ack] = []
        self.downloads: list[tuple[str, str]] = []  # each file that was asked for, and the token that was shown
        self.late_acks = 0
        self.rate_limited = 0
        self.enforce_limits = False
        self.ack_timeout = 3.0
        self.ping_interval = 5.0
        self.state_on_close = True  # whether view_closed says what had been typed
        self.retry_waits: tuple[float, ...] = (0.1, 0.5, 1.0)  # Slack's own: at once, a minute, five minutes
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.grants: dict[str, Grant] = {}
        self.installs_into: Team | None = None  # where the next OAuth installation goes
        self.declines_install = False
        self.trouble = Trouble()
        self.rates = Rates(lambda: self.clock())
        self.delivery = Delivery(self)
        self.url = ""
        self._last_ts = 0
        self.requests_open = 0
        self._tasks: set[asyncio.Task[object]] = set()
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    # Life.

    async def start(self) -> FakeSlack:
        self._runner = web.AppRunner(Requests(self).application(), shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        self._session = aiohttp.ClientSession()
        return self

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.delivery.close()
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> FakeSlack:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    @property
    def session(self) -> aiohttp.ClientSession:
        assert self._session is not None, "the fake Slack is not running"
        return self._session

    def soon(self, work: Coroutine[Any, Any, object]) -> None:
        """In the background; `quiet` waits for it."""
        task: asyncio.Task[object] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def quiet(self, within: float = 60.0, still: float = 0.05) -> None:
        """Until nothing has been under way for `still` seconds: no request, no delivery, no retry."""
        async with asyncio.timeout(within):
            calm = 0.0
            while calm < still:
                seen = len(self.calls)
                await asyncio.sleep(LOOK)
                idle = not self.requests_open and not self.delivery.busy and not self._tasks and seen == len(self.calls)
                calm = calm + LOOK if idle else 0.0

    # Making a world.

    def add_app(self) -> App:
        return App(self)

    def add_team(
        self,
        name: str = "Acme",
        *,
        app: App | None = None,
        scopes: frozenset[str] | set[str] = ALL_SCOPES,
        installed: bool = True,
    ) -> Team:
        """A workspace with an app of its own, or with one that other workspaces have too."""
        team = Team(
            self, name, app or self.add_app(), frozenset(scopes) if installed else frozenset(), installed=installed
        )
        self.teams.append(team)
        return team

    def app_of_client(self, client_id: str) -> App:
        for team in self.teams:
            if team.app.client_id == client_id:
                return team.app
        raise SlackError("invalid_client_id")

    def ts(self) -> str:
        """Now, as a message's id: never the same twice."""
        self._last_ts = max(int(self.clock() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06}"

    def permalink(self, team: Team, message: Message) -> str:
        link = f"https://{team.domain}.slack.com/archives/{message.channel}/p{message.ts.replace('.', '')}"
        return f"{link}?thread_ts={message.thread_ts}&cid={message.channel}" if message.is_reply else link

    def trigger(self, team: Team, user: str, view: str = "") -> str:
        id = f"{self.ts()}.{self.ids.next('t')}"
        self.triggers[id] = Trigger(team.id, user, self.clock(), view)
        return id

    def response_url(self, team: Team, user: str, channel: str, message: Message | None = None) -> str:
        token = self.ids.secret("r")
        self.response_urls[token] = ResponseUrl(team.id, user, channel, self.clock(), message)
        return f"{self.url}/hook/{token}"

    def new_view(self, team: Team, user: str, body: Json, under: View | None = None) -> View:
        id = self.ids.next("V")
        body = {**body, "blocks": team.block_ids(body.get("blocks", []))}
        view = View(id, self._hash(), user, body, under.root if under else id, under.id if under else None)
        team.views[id] = view
        return view

    def change_view(self, team: Team, view: View, body: Json) -> None:
        """What was typed stays where block and action keep their ids."""
        view.body = {**body, "blocks": team.block_ids(body.get("blocks", []))}
        view.hash = self._hash()
        view.errors = {}

    def _hash(self) -> str:
        return f"{int(self.clock())}.{self.ids.next('h')}"

    def whisper(self, team: Team, user: str, channel: Channel, body: Json, thread_ts: str = "") -> Message:
        """An ephemeral message: seen by one, kept by nobody, without metadata."""
        message = Message(
            self.ts(), channel.id, team.bot.id, body.get("text") or "", team.block_ids(body.get("blocks") or [])
        )
        message.bot_id, message.app_id = team.bot.bot_id, team.app.id
        message.ephemeral_to, message.thread_ts = user, thread_ts
        team.people[user].whispers.append(message)
        return message

    def echo(self, team: Team, channel: Channel, message: Message, subtype: str = "") -> None:
        """The bot hears its own words too, and its own edits and deletions, where it listens."""
        listens = team.app.request_url or any(each.app is team.app for each in self.delivery.connections)
        if not listens or channel.kind != "im":
            return
        event = message_object(team, message)
        if subtype == "message_changed":
            event = {"type": "message", "subtype": subtype, "message": event, "hidden": True, "ts": self.ts()}
        elif subtype == "message_deleted":
            event = {"type": "message", "subtype": subtype, "deleted_ts": message.ts, "hidden": True, "ts": self.ts()}
        event |= {"channel": channel.id, "channel_type": "im", "event_ts": event["ts"]}
        self.soon(self.delivery.event(team, event, channel.kind))

    def respond(self, hook: ResponseUrl, body: Json) -> None:
        """What a response_url or the acknowledgement of a command brings."""
        team = self.team(hook.team)
        channel, original = team.channels[hook.channel], hook.message
        if original is not None and (body.get("delete_original") or body.get("replace_original")):
            gone = body.get("delete_original")
            home = team.people[hook.user].whispers if original.ephemeral_to else channel.messages
            if original not in home:
                raise SlackError("message_not_found")
            if gone:
                home.remove(original)
            else:
                original.text = body.get("text") or ""
                original.blocks = team.block_ids(body.get("blocks") or [])
                original.edited_ts = self.ts()
        elif body.get("response_type") == "in_channel":
            if channel.archived:
                raise SlackError("is_archived")
            message = Message(self.ts(), channel.id, team.bot.id, body.get("text") or "")
            message.blocks = team.block_ids(body.get("blocks") or [])
            message.bot_id, message.app_id = team.bot.bot_id, team.app.id
            message.thread_ts = str(body.get("thread_ts") or "")
            team.post(channel, message)
        elif not body.get("delete_original"):
            self.whisper(team, hook.user, channel, body, str(body.get("thread_ts") or ""))

    def team(self, id: str) -> Team:
        return next(each for each in self.teams if each.id == id)

    def refuse(self, where: str, error: SlackError, payload: Json) -> None:
        self.faults.append(Fault(where, error.error, error.messages, payload))
