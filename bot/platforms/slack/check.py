"""What `caravan doctor` asks Slack: whose tokens these are, what they may do, and whether our clocks agree."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp

from bot.findings import Finding
from bot.platforms.slack.scopes import APP_SCOPE, SCOPES, scope_names
from bot.platforms.slack.setup import Installed, Mode, Setup

TIMEOUT = 10.0  # seconds
MOST_DRIFT = 60.0  # seconds
AGAIN = "and install the app again"

# Slack's words for a token that is no good, and what to do about it.
BAD_TOKENS: Mapping[str, str] = {
    "invalid_auth": "copy it again",
    "not_authed": "copy it again",
    "token_revoked": "install the app again, and copy it again",
    "token_expired": "make the app anew from `caravan manifest slack`, which has no rotation, and copy it again",
    "account_inactive": "the app was removed from the workspace: install it again, and copy it again",
    "not_allowed_token_type": "it is a token of another kind: copy the right one",
}
PASSING = frozenset({"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"})


class Silent(Exception):
    """No answer, or none of Slack's; the words say which."""


@dataclass(frozen=True, slots=True)
class Answer:
    ok: bool
    error: str
    body: Mapping[str, object]
    headers: Mapping[str, str]
    asked: datetime
    answered: datetime

    def text(self, key: str) -> str:
        value = self.body.get(key)
        return value if isinstance(value, str) else ""


async def examined(setup: Setup, clock: Callable[[], datetime], *, patience: float = TIMEOUT) -> AsyncIterator[Finding]:
    """Line by line, for every workspace of the environment and every app. No line holds a secret."""
    limit = aiohttp.ClientTimeout(total=patience)
    async with aiohttp.ClientSession(timeout=limit) as session:
        slack = _Slack(session, setup.api_url, clock)
        try:
            teams: dict[str, str] = {}
            for number, one in enumerate(setup.installed):
                async for finding in _workspace(slack, setup, one, teams, first=number == 0):
                    yield finding
            if not setup.installed:
                yield _drift(await slack.ask("auth.test", ""))  # refused, and the answer has its hour all the same
            if setup.mode is Mode.SOCKET:
                for app, whose in _apps(setup).items():
                    yield await _socket(slack, app, whose)
        except Silent as silent:
            mend = "see that this machine reaches it, and that api_url of [slack] and SLACK_API_URL are right"
            yield Finding("slack", f"{urlsplit(setup.api_url).netloc} {silent}", mend)


@dataclass(frozen=True, slots=True)
class _Slack:
    session: aiohttp.ClientSession
    api_url: str
    clock: Callable[[], datetime]

    async def ask(self, method: str, token: str, **fields: str) -> Answer:
        asked = self.clock()
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self.session.post(self.api_url + method, data=fields, headers=headers) as response:
                said = dict(response.headers)
                if response.status == 429:
                    return Answer(False, "ratelimited", {}, said, asked, self.clock())
                body = await response.json(content_type=None)
        except TimeoutError:
            raise Silent("does not answer in time") from None
        except aiohttp.ClientConnectorError:
            raise Silent("cannot be reached") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise Silent(f"does not answer as Slack does ({type(error).__name__})") from None
        if not isinstance(body, dict) or not isinstance(body.get("ok"), bool):
            raise Silent("does not answer as Slack does")
        lower = {name.lower(): value for name, value in said.items()}
        return Answer(body["ok"], str(body.get("error", "")), body, lower, asked, self.clock())


async def _workspace(
    slack: _Slack, setup: Setup, one: Installed, teams: dict[str, str], *, first: bool
) -> AsyncIterator[Finding]:
    what, variable = _label("slack", one.name), _variable("SLACK_BOT_TOKEN", one.name)
    answer = await slack.ask("auth.test", one.bot_token)
    if first:
        yield _drift(answer)
    if not answer.ok:
        yield _refused(what, "OAuth & Permissions", variable, answer.error)
        return
    team, name = answer.text("team_id"), answer.text("team")
    if team in teams:
        yield Finding(what, f"{name} ({team}) is that of {teams[team]}, too", f"remove {variable}, or copy the other's")
        return
    teams[team] = variable
    yield Finding(what, f"{name} ({team}), as @{answer.text('user')}")
    granted = _granted(answer)
    if granted is None:
        yield Finding(_label("slack scopes", one.name), "not told")
    else:
        yield _scopes(_label("slack scopes", one.name), granted, minimal=setup.minimal)
        yield _rooms(_label("slack rooms", one.name), granted, minimal=setup.minimal)
        if "users:read" in granted:
            zone = await _zone(slack, one, answer.text("user_id"))
            if zone:
                said = f"the bot's account is in {zone}; a program's sessions are in the zone it was opened with"
                yield Finding(_label("slack time zone", one.name), said)


def _granted(answer: Answer) -> frozenset[str] | None:
    header = answer.headers.get("x-oauth-scopes")
    return frozenset(scope for one in header.split(",") if (scope := one.strip())) if header is not None else None


def _scopes(what: str, granted: frozenset[str], *, minimal: bool) -> Finding:
    rooms = {scope.name for scope in SCOPES if scope.rooms}
    wanted = [name for name in scope_names(minimal=minimal) if name not in rooms]
    if missing := [name for name in wanted if name not in granted]:
        return Finding(what, f"missing: {', '.join(missing)}", f"add them under OAuth & Permissions, {AGAIN}")
    spare = sorted(granted - set(scope_names()))
    return Finding(what, f"all there; not needed: {', '.join(spare)}" if spare else "all there, and none too many")


def _rooms(what: str, granted: frozenset[str], *, minimal: bool) -> Finding:
    """What the bot may do to rooms is all or nothing."""
    wanted = [scope.name for scope in SCOPES if scope.rooms]
    missing = [name for name in wanted if name not in granted]
    if minimal:
        spare = [name for name in wanted if name in granted]
        more = f"; not needed: {', '.join(spare)}" if spare else ""
        return Finding(what, f"minimal: the facilitator makes the room and invites the bot{more}")
    if missing:
        mend = f"add them under OAuth & Permissions, {AGAIN}; or set minimal = true in [slack], and make rooms by hand"
        return Finding(what, f"the bot can't manage rooms, missing: {', '.join(missing)}", mend)
    return Finding(what, "the bot makes the cohort's room and invites its members")


async def _zone(slack: _Slack, one: Installed, user: str) -> str:
    answer = await slack.ask("users.info", one.bot_token, user=user)
    profile = answer.body.get("user")
    zone = profile.get("tz") if isinstance(profile, dict) else None
    return zone if isinstance(zone, str) else ""


def _drift(answer: Answer) -> Finding:
    """Slack's Date header, which has whole seconds, against the middle of our question and its answer."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return Finding("clock", "Slack does not say what time it is")
    ours = answer.asked + (answer.answered - answer.asked) / 2
    if theirs.tzinfo is None:
        return Finding("clock", "Slack does not say what time it is")
    seconds = (ours - theirs).total_seconds()
    if abs(seconds) <= MOST_DRIFT:
        return Finding("clock", f"within {MOST_DRIFT:.0f} s of Slack's")
    found = f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} Slack's"
    return Finding("clock", found, "set this machine's clock, and let NTP keep it: sessions begin by it")


def _apps(setup: Setup) -> dict[str, str]:
    """Each app-level token once, with the variable that holds it."""
    hosted = [setup.oauth.app] if setup.oauth is not None else []
    apps = [*hosted, *(one.app for one in setup.installed)]
    return {app.app_token: app.held_in for app in reversed(apps) if app.app_token is not None}


async def _socket(slack: _Slack, token: str, variable: str) -> Finding:
    what = "slack socket mode" if variable == "SLACK_APP_TOKEN" else f"slack socket mode ({variable})"
    answer = await slack.ask("apps.connections.open", token)
    if answer.ok:
        return Finding(what, "opens")
    if answer.error == "missing_scope":
        mend = f"make an app-level token with {APP_SCOPE} under Basic Information, and put it into {variable}"
        return Finding(what, f"the app-level token has not {APP_SCOPE}", mend)
    if "socket" in answer.error or "http" in answer.error:
        return Finding(what, "not enabled", "switch it on under Socket Mode of the app, or paste the manifest anew")
    return _refused(what, "Basic Information, App-Level Tokens", variable, answer.error)


def _refused(what: str, place: str, variable: str, error: str) -> Finding:
    if error in PASSING:
        return Finding(what, f"Slack can't say now ({error})", "ask again in a minute")
    if error == "missing_scope":
        return Finding(what, "a scope is missing", f"paste the manifest anew (caravan manifest slack), {AGAIN}")
    mend = BAD_TOKENS.get(error)
    if mend is None:
        return Finding(what, f"Slack refuses {variable} ({error})", f"see {place} of the app")
    return Finding(what, f"Slack refuses {variable} ({error})", f"{mend} from {place} into {variable}")


def _variable(name: str, workspace: str) -> str:
    return f"{name}_{workspace.upper().replace('-', '_')}" if workspace else name


def _label(what: str, workspace: str) -> str:
    return f"{what} ({workspace})" if workspace else what
