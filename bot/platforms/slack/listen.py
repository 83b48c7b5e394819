"""The way in: what Slack says comes through Bolt, is understood, asked at the door, and answered.

Bolt checks who speaks; then one middleware takes everything, so that nothing is matched against a list of listeners
and nothing polls for an acknowledgement.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeVar

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.bugs import traced
from bot.message import Message, Paragraph, Text
from bot.platforms.base import Door, Inbound, Invited, Outcome, Profile, SendError, Visited
from bot.platforms.slack.answer import NOTHING, Answer, Json
from bot.platforms.slack.api import part, text
from bot.platforms.slack.files import brought
from bot.platforms.slack.inbound import Arrival, Gone, Looks, Payload, Place, Typing, mentions, read
from bot.platforms.slack.setup import Mode, Setup, SlackApp
from bot.platforms.slack.sockets import Patience, quiet, serve
from bot.platforms.slack.workspaces import Workspace, Workspaces
from bot.words import Words

log = structlog.get_logger(__name__)

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

EARLY = 1.5  # seconds until Slack gets its acknowledgement, whether or not the answer is ready
RIDE = 0.010  # seconds that what only reads may take to come with its acknowledgement
AT_ONCE = 2  # commands that only read are decided together; those behind them are acknowledged at once
ACQUAINTANCE = 2.0  # seconds that somebody's name may take: who owns the programs is known by their address
FIRST_PART = 0.25  # seconds by which the rest of a long answer follows its acknowledgement
REMEMBERED = 5000  # events, for those that come again
OPEN_FORMS = 500  # whose half-typed values are remembered
CLOSING = 5.0  # seconds for answers that are being given when listening ends

WORKSPACE = "workspace"  # our own entry of Bolt's context


class Slack(Protocol):
    """What the way in needs of the adapter."""

    @property
    def setup(self) -> Setup: ...

    @property
    def words(self) -> Words: ...

    @property
    def clock(self) -> Callable[[], datetime]: ...

    @property
    def workspaces(self) -> Workspaces: ...

    hears: bool

    def hearing(self, door: Door) -> Hearing: ...


async def listen(platform: Slack, door: Door, patience: Patience | None = None) -> None:
    """Serve until cancelled. In HTTP mode the traffic comes by the process's own web server."""
    await platform.workspaces.open()
    hearing = platform.hearing(door)
    if platform.setup.mode is Mode.HTTP:
        platform.hears = True
        try:
            await asyncio.Event().wait()
        finally:
            platform.hears = False
            await hearing.close()

    def heard(connected: bool) -> None:
        platform.hears = connected

    try:
        tokens = [(ear.app.app_token, ear.by_socket) for ear in hearing.ears() if ear.app.app_token]
        await serve(tokens, api_url=platform.setup.api_url, patience=patience or Patience(), connected=heard)
    finally:
        await hearing.close()


class Hearing:
    """Everything that comes in while the adapter listens, of all apps and workspaces."""

    def __init__(self, platform: Slack, door: Door) -> None:
        self._platform = platform
        self.door = door
        self._ears: dict[SlackApp, Ear] = {}
        self._seen: dict[tuple[str, str], asyncio.Task[Json] | None] = {}  # None: it is acknowledged
        self._typed: dict[str, Typing] = {}
        self._reading = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[object]] = set()

    def ears(self) -> Iterator[Ear]:
        """One for each app; an app may have come with an installation since."""
        platform = self._platform
        installed = [*platform.setup.installed, *(workspace.installed for workspace in platform.workspaces)]
        hosted = [platform.setup.oauth.app] if platform.setup.oauth is not None else []
        for app in dict.fromkeys([*(one.app for one in installed), *hosted]):
            if app not in self._ears:
                self._ears[app] = Ear(app, self, platform.setup)
            yield self._ears[app]

    def workspace(self, payload: Payload, app: SlackApp) -> Workspace | None:
        """Where it happened, if that workspace is on and this app may speak for it."""
        told = [team for team in _teams(payload) if team]
        for team in told:
            try:
                workspace = self._platform.workspaces.of(team)
            except SendError:
                continue
            if workspace.installed.app == app:
                return workspace
        log.warning("slack workspace refused", team=told[0] if told else "")
        return None

    async def heard(self, payload: Payload, workspace: Workspace) -> Json:
        """What the acknowledgement carries, 1.5 seconds after this was called at the latest."""
        began = asyncio.get_running_loop().time()
        try:
            news = read(payload, bot_user=workspace.bot_user, typed=self._typed)
        except Exception as bug:
            log.error("bug", platform="slack", kind=str(payload.get("type")), team=workspace.team, **traced(bug))
            return {"response_type": "ephemeral", "text": self._sorry()} if "command" in payload else NOTHING
        match news:
            case None:
                return NOTHING
            case Typing() as typing:
                known = self._typed.get(typing.view)
                if known is None or known.at <= typing.at:  # two connections keep no order
                    _remember(self._typed, typing.view, typing, OPEN_FORMS)
                return NOTHING
            case Gone():
                await self._gone(workspace)
                return NOTHING
            case Looks(arrival=arrival, user=user):
                workspace.seen(user)
            case Arrival() as arrival:
                self._typed.pop(arrival.view.get("id", ""), None)
        key = (workspace.team, arrival.event_id)
        if key in self._seen:
            # Slack takes the first acknowledgement of an envelope: one still to come carries the same for both.
            same = self._seen[key]
            return await asyncio.shield(same) if same is not None else NOTHING
        answering = self._task(self._answered(arrival, workspace, began))
        _remember(self._seen, key, answering, REMEMBERED)
        try:
            return await asyncio.shield(answering)
        finally:
            self._seen[key] = None

    async def close(self) -> None:
        """What is being answered is finished, if that is soon."""
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=CLOSING)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _answered(self, arrival: Arrival, workspace: Workspace, began: float) -> Json:
        until = began + EARLY
        answer = Answer(arrival, workspace, self._platform.words, self._platform.workspaces.session)
        decided = self._decided(arrival, workspace)
        if arrival.place is Place.COMMAND and self.door.only_reads(arrival.deed):
            # In a crowd the acknowledgements go first: there is nothing to lose.
            until = began if self._reading.locked() else began + RIDE
            decided = self._in_turn(decided)
        deciding = self._task(decided)
        done, _ = await asyncio.wait({deciding}, timeout=until - asyncio.get_running_loop().time())
        if not done:
            acknowledged = answer.early()
            self._task(self._later(arrival, workspace, answer, deciding))
            return acknowledged
        outcome = deciding.result()
        try:
            acknowledged = answer.at_once(outcome)
        except Exception as bug:
            self._bug(arrival, workspace, bug)
            outcome = self._apology()
            acknowledged = answer.at_once(outcome)
        if answer.owes(outcome):
            self._task(self._rest(arrival, workspace, answer, outcome))
        return acknowledged

    async def _in_turn(self, decided: Coroutine[object, object, Outcome]) -> Outcome:
        async with self._reading:
            return await decided

    async def _decided(self, arrival: Arrival, workspace: Workspace) -> Outcome:
        try:
            return await self.door(await self._inbound(arrival, workspace))
        except Exception as bug:
            self._bug(arrival, workspace, bug)
            return self._apology()

    async def _inbound(self, arrival: Arrival, workspace: Workspace) -> Inbound:
        deed = await brought(arrival, workspace, self._platform.workspaces.session)
        if isinstance(deed, Invited):
            deed = Invited(await self._name_of(arrival.channel, workspace))
            known = {}
        else:
            named = mentions(deed) - {workspace.bot_user}
            known = await self._known({arrival.account, *named}, workspace)
        profile = known.pop(arrival.account, Profile(name=""))
        return Inbound(
            event_id=arrival.event_id,
            workspace=workspace.team,
            account=arrival.account,
            profile=profile,
            deed=deed,
            room=arrival.room,
            workspace_name=workspace.name,
            mentioned=known,
        )

    async def _known(self, accounts: Collection[str], workspace: Workspace) -> dict[str, Profile]:
        """As far as Slack tells in time."""
        asked = {account: self._task(workspace.profile(account)) for account in accounts}
        await asyncio.wait(asked.values(), timeout=ACQUAINTANCE)
        told = {account: task for account, task in asked.items() if task.done() and not task.cancelled()}
        return {account: task.result() for account, task in told.items() if task.exception() is None}

    async def _name_of(self, channel: str, workspace: Workspace) -> str:
        try:
            return text(part(await workspace.call("conversations.info", channel=channel), "channel"), "name")
        except (SendError, OSError) as failed:
            log.warning("slack room not told", team=workspace.team, error=type(failed).__name__)
            return ""

    async def _later(
        self, arrival: Arrival, workspace: Workspace, answer: Answer, deciding: asyncio.Task[Outcome]
    ) -> None:
        outcome = await deciding
        if answer.owes(outcome):
            await self._rest(arrival, workspace, answer, outcome)

    async def _rest(self, arrival: Arrival, workspace: Workspace, answer: Answer, outcome: Outcome) -> None:
        if arrival.place is Place.COMMAND and not answer.is_early:
            await asyncio.sleep(FIRST_PART)
        try:
            await answer.afterwards(outcome)
        except Exception as bug:
            self._bug(arrival, workspace, bug)
            await answer.afterwards(self._apology())
        if arrival.place is Place.HOME:
            await self._show_home(arrival, workspace)

    async def _show_home(self, arrival: Arrival, workspace: Workspace) -> None:
        """The page on which something was pressed may say something else now."""
        visit = replace(arrival, event_id=f"{arrival.event_id}/home", deed=Visited(), place=Place.PAGE)
        outcome = await self._decided(visit, workspace)
        await Answer(visit, workspace, self._platform.words, self._platform.workspaces.session).afterwards(outcome)

    async def _gone(self, workspace: Workspace) -> None:
        self._platform.workspaces.drop(workspace.team)
        log.warning("slack workspace gone", team=workspace.team)
        if self._platform.setup.kept is not None:
            await self._platform.setup.kept.drop(workspace.team)

    def _bug(self, arrival: Arrival, workspace: Workspace, bug: Exception) -> None:
        place = arrival.place.value
        log.error("bug", platform="slack", team=workspace.team, inbound=arrival.event_id, place=place, **traced(bug))

    def _sorry(self) -> str:
        return self._platform.words.get("slack", "answers", "bug")

    def _apology(self) -> Outcome:
        return Outcome(message=Message(blocks=(Paragraph((Text(self._sorry()),)),)))

    def _task(self, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (bug := task.exception()) is not None:
            log.error("bug", platform="slack", **traced(bug))


class Ear:
    """One Slack app, through Bolt."""

    def __init__(self, app: SlackApp, hearing: Hearing, setup: Setup) -> None:
        self.app = app
        self._hearing = hearing
        http = setup.mode is Mode.HTTP
        self.bolt = AsyncApp(
            name="caravan",
            logger=quiet(),
            # Without a client of ours Bolt would look for a token in the environment. Nothing is called by it.
            client=AsyncWebClient(base_url=setup.api_url, logger=quiet(), retry_handlers=[]),
            authorize=_FromMemory(),
            signing_secret=app.signing_secret or "",
            request_verification_enabled=http,
            url_verification_enabled=http,
            ssl_check_enabled=False,
            ignoring_self_events_enabled=False,  # `read` knows the bot's own
            attaching_function_token_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )
        self.bolt.middleware(_Everything(hearing))

    async def by_socket(self, payload: Payload) -> str | None:
        """None: not for us, so that Slack says so where it can."""
        workspace = self._hearing.workspace(payload, self.app)
        if workspace is None:
            return None
        request = AsyncBoltRequest(mode="socket_mode", body=dict(payload), context={WORKSPACE: workspace})
        response = await self.bolt.async_dispatch(request)
        return response.body if response.status == 200 else None

    async def by_http(self, request: AsyncBoltRequest) -> BoltResponse:
        """The request's signature is known to be this app's."""
        if request.body.get("type") != "url_verification":
            workspace = self._hearing.workspace(request.body, self.app)
            if workspace is None:
                return BoltResponse(status=401, body="")
            request.context[WORKSPACE] = workspace
        return await self.bolt.async_dispatch(request)


class _FromMemory(AsyncAuthorize):
    """Which bot this is for; the token stays where calls are made."""

    def __init__(self) -> None:
        """Nothing is kept here."""

    async def __call__(
        self,
        *,
        context: AsyncBoltContext,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None,
        actor_enterprise_id: str | None = None,
        actor_team_id: str | None = None,
        actor_user_id: str | None = None,
    ) -> AuthorizeResult:
        workspace: Workspace = context[WORKSPACE]
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=workspace.team,
            bot_user_id=workspace.bot_user,
            bot_id=workspace.bot_id,
        )


class _Everything(AsyncMiddleware):
    """The last in Bolt's row: nothing goes past it."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse:
        acknowledged = await self._hearing.heard(req.body, req.context[WORKSPACE])
        return BoltResponse(status=200, body=dict(acknowledged) if acknowledged else "")


def _teams(payload: Payload) -> Iterator[str]:
    """Where the bot is installed that this is for, the surest first: of somebody from another organisation in a
    shared channel, the payload tells their own team too."""
    view, message, team = (payload.get(name) or {} for name in ("view", "message", "team"))
    for authorization in payload.get("authorizations") or ():
        yield authorization.get("team_id") or ""
    yield view.get("app_installed_team_id") or ""
    yield (team.get("id") if isinstance(team, dict) else team) or ""
    yield payload.get("team_id") or ""
    if payload.get("type") == "block_actions":
        yield message.get("team") or ""  # the message is the bot's own


def _remember(memory: dict[K, V], key: K, value: V, most: int) -> None:
    """The oldest are forgotten."""
    memory.pop(key, None)
    memory[key] = value
    while len(memory) > most:
        del memory[next(iter(memory))]
