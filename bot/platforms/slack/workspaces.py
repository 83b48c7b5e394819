"""The workspaces that let the bot in: each with its own token, pace, people and direct messages, and nobody else's."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import aiohttp
import structlog

from bot.bugs import traced
from bot.platforms.base import Profile, SendError
from bot.platforms.slack.api import Answer, Api, new_session, part, rows, text
from bot.platforms.slack.errors import TOKEN_REVOKED, SlackRefusal
from bot.platforms.slack.pacing import Pace
from bot.platforms.slack.setup import Installed, Setup

log = structlog.get_logger(__name__)

PROFILE_KEPT = 3600.0  # seconds
PROFILE_MISSED = 60.0  # until Slack is asked again for somebody it said nothing of
PROFILE_WAIT = 2.0  # somebody waits for an answer meanwhile
PROFILES = 5000
PAGE, MOST_PAGES = 200, 50
SMALL_PAGE = 15  # the most that Slack gives an app that is distributed outside its Marketplace
LATER = 300.0
FIRST_RETRY, LAST_RETRY = 10.0, 180.0

Seconds = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Workspace:
    """One workspace, as the bot in it. `refused` is told when Slack no longer takes its token."""

    def __init__(
        self, installed: Installed, api: Api, whoami: Answer, clock: Seconds, refused: Callable[[Workspace], None]
    ) -> None:
        self.installed = installed
        self.api = api
        self.team = text(whoami, "team_id")
        self.name = text(whoami, "team")
        self.url = text(whoami, "url")
        self.bot_user = text(whoami, "user_id")
        self.bot_id = text(whoami, "bot_id")
        self.making_rooms = asyncio.Lock()
        self._clock = clock
        self._refused = refused
        self._dms: dict[str, str] = {}
        self._profiles: OrderedDict[str, tuple[float, Profile]] = OrderedDict()  # until when, and what

    async def call(self, method: str, **params: object) -> Answer:
        """SendError: Slack did nothing. OSError (timeouts too): it may have."""
        try:
            return await self.api.call(method, **params)
        except SlackRefusal as no:
            if no.reason == TOKEN_REVOKED:
                self._refused(self)
            raise

    async def paged(self, method: str, key: str, **params: object) -> AsyncIterator[Answer]:
        """The objects under `key`, page after page. SendError when there is no end of them."""
        cursor: str | None = None
        limit = PAGE
        for _ in range(MOST_PAGES):
            try:
                answer = await self.call(method, **params, limit=limit, cursor=cursor)
            except SlackRefusal as no:
                if no.code != "invalid_limit" or limit == SMALL_PAGE:
                    raise
                limit = SMALL_PAGE
                continue
            for row in rows(answer, key):
                yield row
            cursor = text(part(answer, "response_metadata"), "next_cursor") or None
            if cursor is None:
                return
        raise SendError("cannot-verify", permanent=True, detail=method)

    async def dm(self, account: str) -> str:
        """The channel of the direct messages with somebody."""
        if account not in self._dms:
            answer = await self.call("conversations.open", users=account)
            self._dms[account] = text(part(answer, "channel"), "id")
        return self._dms[account]

    async def group(self, accounts: Sequence[str]) -> str:
        """The channel of the direct messages that these have with each other and the bot."""
        answer = await self.call("conversations.open", users=",".join(accounts))
        return text(part(answer, "channel"), "id")

    async def profile(self, account: str) -> Profile:
        """What Slack says of somebody; an empty name when it says nothing now."""
        kept = self._profiles.get(account)
        if kept is not None and kept[0] > self._clock():
            return kept[1]
        try:
            async with asyncio.timeout(PROFILE_WAIT):
                answer = await self.call("users.info", user=account)
        except (SendError, OSError) as error:
            log.info("slack profile not told", team=self.team, error=str(getattr(error, "code", type(error).__name__)))
            missed = kept[1] if kept is not None else Profile(name="")
            return self._keep(account, missed, PROFILE_MISSED)
        return self._keep(account, profile_of(part(answer, "user")), PROFILE_KEPT)

    def seen(self, user: Answer) -> Profile:
        """Slack described somebody unasked: `user` as `users.info` and `user_change` tell it."""
        if user.get("deleted") is True:
            self._dms.pop(text(user, "id"), None)  # to be opened anew, and refused: what goes there is read by nobody
        return self._keep(text(user, "id"), profile_of(user), PROFILE_KEPT)

    def _keep(self, account: str, profile: Profile, seconds: float) -> Profile:
        self._profiles[account] = (self._clock() + seconds, profile)
        self._profiles.move_to_end(account)
        while len(self._profiles) > PROFILES:
            self._profiles.popitem(last=False)
        return profile


def profile_of(user: Answer) -> Profile:
    """A user object, read. What the scopes don't allow isn't in it."""
    inside = part(user, "profile")
    names = (text(user, "real_name"), text(inside, "real_name"), text(inside, "display_name"), text(user, "name"))
    return Profile(
        name=next((name for name in names if name.strip()), ""),
        zone=text(user, "tz") or None,
        email=text(inside, "email") or None,
    )


@dataclass(frozen=True, slots=True)
class _Off:
    """An installation that does not work now. It is tried again."""

    installed: Installed
    ordinal: int
    reason: str


class Workspaces:
    """All of one process, over one session. `clock` counts seconds, which `sleep` lets go by."""

    def __init__(self, setup: Setup, clock: Seconds = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self._setup = setup
        self._clock = clock
        self._sleep = sleep
        self._on: dict[str, Workspace] = {}
        self._off: list[_Off] = []
        self._dropped: set[str] = set()
        self._opening = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None
        self._retrying: asyncio.Task[None] | None = None
        self._count = 0

    @property
    def complete(self) -> bool:
        """Whether every workspace is on; those that sent the bot away don't count."""
        return not self._off and (bool(self._on) or self._setup.oauth is not None)

    @property
    def session(self) -> aiohttp.ClientSession:
        """For what else is asked of Slack; only after `open`."""
        if self._session is None:
            raise RuntimeError("the workspaces are not open")
        return self._session

    def __iter__(self) -> Iterator[Workspace]:
        return iter(tuple(self._on.values()))

    async def open(self) -> None:
        """Ask Slack whose the tokens are. One that it refuses is tried again later. Once open, nothing happens."""
        async with self._opening:
            if self._session is not None:
                return
            kept: Sequence[Installed] = () if self._setup.kept is None else await self._setup.kept.all()
            self._session = new_session()
            try:
                await asyncio.gather(*(self._try(one) for one in (*self._setup.installed, *kept)))
            except BaseException:
                await self.close()
                raise
            self._retrying = asyncio.create_task(self._retry())

    async def close(self) -> None:
        if self._retrying is not None:
            self._retrying.cancel()
            await asyncio.gather(self._retrying, return_exceptions=True)
            self._retrying = None
        if self._session is not None:
            await self._session.close()
            self._session = None
        self._on.clear()
        self._off.clear()
        self._dropped.clear()
        self._count = 0

    def of(self, team: str) -> Workspace:
        """SendError when it is not on; nothing is lost, only later."""
        if team in self._on:
            return self._on[team]
        refused = {off.installed.team for off in self._off if off.reason == TOKEN_REVOKED}
        reason = TOKEN_REVOKED if team in self._dropped | refused else "platform-off"
        raise SendError(reason, permanent=False, retry_after=LATER)

    async def add(self, installed: Installed) -> Workspace:
        """A new installation, or a new token for one that is known. SendError or OSError when Slack won't have it."""
        self._count += 1
        return await self._start(installed)

    def drop(self, team: str) -> None:
        """The workspace has sent the bot away."""
        self._on.pop(team, None)
        self._off = [off for off in self._off if off.installed.team != team]
        self._dropped.add(team)

    async def _start(self, installed: Installed) -> Workspace:
        api = Api(installed.bot_token, self._setup.api_url, self.session, Pace(self._clock, self._sleep))
        whoami = await api.call("auth.test")
        workspace = Workspace(installed, api, whoami, self._clock, self._refused)
        self._on[workspace.team] = workspace
        self._dropped.discard(workspace.team)
        self._off = [off for off in self._off if off.installed.team != workspace.team]
        return workspace

    async def _try(self, installed: Installed) -> None:
        self._count += 1
        ordinal = self._count
        off = await self._tried(installed, ordinal)
        if off is not None:
            self._off.append(off)
            log.error("slack workspace off", team=installed.team, ordinal=ordinal, reason=off.reason)

    async def _tried(self, installed: Installed, ordinal: int) -> _Off | None:
        try:
            await self._start(installed)
        except SendError as no:
            return _Off(installed, ordinal, no.reason)
        except OSError:
            return _Off(installed, ordinal, "unreachable")
        return None

    def _refused(self, workspace: Workspace) -> None:
        if self._on.get(workspace.team) is not workspace:
            return
        del self._on[workspace.team]
        known = replace(workspace.installed, team=workspace.team, name=workspace.name)
        self._count += 1
        self._off.append(_Off(known, self._count, TOKEN_REVOKED))
        log.error("slack workspace off", team=workspace.team, ordinal=self._count, reason=TOKEN_REVOKED)

    async def _retry(self) -> None:
        wait = FIRST_RETRY
        while True:
            await asyncio.sleep(wait)
            wait = min(LAST_RETRY, wait * 2)
            if not self._off:
                wait = FIRST_RETRY
            try:
                await self.retry()
            except Exception as bug:
                log.error("bug", platform="slack", **traced(bug))

    async def retry(self) -> None:
        """Ask once more about every workspace that is off."""
        for off in tuple(self._off):
            again = await self._tried(off.installed, off.ordinal)
            if again is None:
                self._off = [one for one in self._off if one is not off]
                log.info("slack workspace on", team=off.installed.team, ordinal=off.ordinal)
            else:
                # Unless it was dropped meanwhile, or came on by another token.
                self._off = [again if one is off else one for one in self._off]
