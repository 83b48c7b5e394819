"""GET /slack/install and /slack/oauth_redirect: a workspace lets the bot in by itself, without anybody copying tokens.

The state that travels through Slack is signed, lasts ten minutes, and counts only in the browser that began.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode, urlsplit

import aiohttp
import structlog
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.platforms.base import SendError
from bot.platforms.slack.manifest import REDIRECT_PATH
from bot.platforms.slack.scopes import scope_names
from bot.platforms.slack.setup import Installed, OAuth, Setup

INSTALL_PATH = "/slack/install"
COOKIE = "caravan_install"
LASTS = 600  # seconds
TIMEOUT = 10.0  # seconds

# What Slack says when the one permission it gave can't be used (again).
USED = frozenset({"invalid_code", "code_already_used"})

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

log = structlog.get_logger(__name__)


class Refused(Exception):
    """Not installed. `why` is one of the reasons that slack-not-installed.html knows."""

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.why = why
        self.status = status


class Workspaces(Protocol):
    async def open(self) -> None: ...

    async def add(self, installed: Installed) -> object: ...


class Host(Protocol):
    """The platform, as far as installing needs it."""

    @property
    def setup(self) -> Setup: ...

    @property
    def clock(self) -> Callable[[], datetime]: ...

    @property
    def workspaces(self) -> Workspaces: ...


def routes(host: Host) -> Sequence[web.RouteDef]:
    """Nothing, unless the app's OAuth credentials are set."""
    oauth = host.setup.oauth
    if oauth is None:
        return ()
    pages = _Pages(host, oauth)
    return (web.get(INSTALL_PATH, pages.install), web.get(REDIRECT_PATH, pages.redirect))


def state_for(oauth: OAuth, nonce: str, *, expires: int) -> str:
    """`expires` in seconds since 1970. The browser keeps the nonce; Slack sees only what can't be turned back."""
    signed = hmac.new(oauth.client_secret.encode(), f"{nonce}.{expires}".encode(), hashlib.sha256).hexdigest()
    return f"{expires}.{signed}"


def check_state(oauth: OAuth, state: str, nonce: str, *, now: float) -> None:
    """Refused unless it is ours, of this browser, and fresh."""
    expires = state.partition(".")[0]
    if not nonce or not expires.isascii() or not expires.isdigit() or len(expires) > 12:
        raise Refused("stale")
    whole = state_for(oauth, nonce, expires=int(expires))
    if not hmac.compare_digest(whole.encode(), state.encode()) or now > int(expires):
        raise Refused("stale")


@dataclass(frozen=True, slots=True)
class _Pages:
    host: Host
    oauth: OAuth

    async def install(self, _: web.Request) -> web.StreamResponse:
        nonce = secrets.token_urlsafe(32)
        expires = int(self.host.clock().timestamp()) + LASTS
        asked = {
            "client_id": self.oauth.client_id,
            "scope": ",".join(scope_names(minimal=self.host.setup.minimal)),
            "redirect_uri": self.oauth.redirect_url,
            "state": state_for(self.oauth, nonce, expires=expires),
        }
        api = urlsplit(self.host.setup.api_url)
        to = f"{api.scheme}://{api.netloc}/oauth/v2/authorize?{urlencode(asked)}"
        response = web.Response(status=302, headers={**HEADERS, "Location": to})
        response.set_cookie(
            COOKIE,
            nonce,
            max_age=LASTS,
            path=REDIRECT_PATH,
            httponly=True,
            secure=self.oauth.redirect_url.startswith("https:"),
            samesite="Lax",  # Slack leads back by a link
        )
        return response

    async def redirect(self, request: web.Request) -> web.StreamResponse:
        try:
            installed = await self._installed(request)
        except Refused as refused:
            response = _page("slack-not-installed.html", status=refused.status, why=refused.why)
        else:
            log.info("installed", team=installed.team)
            name = installed.name or installed.team
            response = _page("slack-installed.html", team=name, prefix=self.host.setup.prefix)
        response.del_cookie(COOKIE, path=REDIRECT_PATH)
        return response

    async def _installed(self, request: web.Request) -> Installed:
        query, now = request.query, self.host.clock().timestamp()
        check_state(self.oauth, query.get("state", ""), request.cookies.get(COOKIE, ""), now=now)
        if "error" in query:
            raise Refused("said-no" if query["error"] == "access_denied" else "other")
        answer = await self._exchanged(query.get("code", ""))
        installed = replace(_read(answer), app=self.oauth.app)
        if self.host.setup.kept is None:
            log.error("no place to keep installations", team=installed.team)
            raise Refused("other", 500)
        await self.host.setup.kept.keep(installed)
        try:
            await self.host.workspaces.open()
            await self.host.workspaces.add(installed)
        except (SendError, OSError) as error:
            log.error("installed, but Slack does not answer it", team=installed.team, error=type(error).__name__)
            raise Refused("unreachable", 502) from None
        return installed

    async def _exchanged(self, code: str) -> dict[str, object]:
        """What Slack gives for the code: the workspace and its token."""
        form = {
            "client_id": self.oauth.client_id,
            "client_secret": self.oauth.client_secret,
            "code": code,
            "redirect_uri": self.oauth.redirect_url,
        }
        limit = aiohttp.ClientTimeout(total=TIMEOUT)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.post(f"{self.host.setup.api_url}oauth.v2.access", data=form) as response,
            ):
                answer = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            raise Refused("unreachable", 502) from None
        if not isinstance(answer, dict) or answer.get("ok") is not True:
            error = str(answer.get("error", "")) if isinstance(answer, dict) else ""
            if error not in USED:
                log.error("Slack gives no token", reason=error)
            raise Refused("used" if error in USED else "other")
        return answer


def _read(answer: dict[str, object]) -> Installed:
    """The workspace, its bot's token, and the account of whoever let it in."""
    team, by, token = answer.get("team"), answer.get("authed_user"), answer.get("access_token")
    if not isinstance(team, dict) or answer.get("is_enterprise_install") is True:
        raise Refused("organisation")
    if not isinstance(token, str) or not token.startswith("xoxb-") or not isinstance(team.get("id"), str):
        log.error("Slack gives another token than a bot's that stays: token rotation has to be off")
        raise Refused("other")
    account = by.get("id") if isinstance(by, dict) else None
    return Installed(
        bot_token=token,
        team=team["id"],
        name=str(team.get("name") or ""),
        by=account if isinstance(account, str) else "",
    )


def _page(name: str, *, status: int = 200, **facts: str) -> web.Response:
    folder = Path(__file__).parents[3] / "templates" / "web"
    pages = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    style = (folder / "slack-install.css").read_text("utf-8")
    text = pages.get_template(name).render(style=style, **facts)
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=HEADERS)
