"""Who may talk to the page: one can act as anybody on it, so only a browser that was given the token."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from bot.attached import LARGEST, MOST

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CSRF_HEADER = "X-Csrf-Token"
LARGEST_BODY = 4 * 2**20 + MOST * LARGEST * 4 // 3  # a form, and what is attached to it in base64

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Guard:
    """What is asked of every request. `host` and `port` are those the page is served on."""

    token: str
    host: str
    port: int

    @property
    def cookie(self) -> str:
        # Browsers share cookies between ports: the name tells two demos apart.
        return f"caravan-{self.port}"

    @property
    def url(self) -> str:
        return f"http://{in_url(self.host)}:{self.port}/?token={self.token}"

    @property
    def csrf(self) -> str:
        return self._derived("csrf")

    @property
    def pass_value(self) -> str:
        return self._derived("pass")

    def hosts(self) -> frozenset[str]:
        names = ("127.0.0.1", "localhost", "[::1]", in_url(self.host))
        return frozenset(f"{name}:{self.port}" for name in names)

    def refusal(self, request: web.Request) -> str | None:
        """Why a request is turned away, in a sentence; None when it may pass."""
        if request.host not in self.hosts():
            return "This page answers on its own address only."
        if request.method not in ("GET", "HEAD"):
            origin = request.headers.get("Origin")
            if origin is not None and origin != f"http://{request.host}":
                return "This request came from another site."
            if not same(request.headers.get(CSRF_HEADER, ""), self.csrf):
                return "This request did not come from the page. Load it again."
        if not same(request.cookies.get(self.cookie, ""), self.pass_value):
            return "Open the address that was printed at the start: it lets this browser in."
        return None

    def _derived(self, purpose: str) -> str:
        # From the token, so that a restart with the same token keeps open tabs alive.
        return hmac.new(self.token.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def protect(guard: Guard) -> web.Application:
    """A web app that lets nothing past the guard, to which the page adds its routes."""

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        at_the_door = request.method == "GET" and request.path == "/" and request.host in guard.hosts()
        if at_the_door and same(request.query.get("token", ""), guard.token):
            return _let_in(guard)
        refusal = guard.refusal(request)
        if refusal is not None:
            return web.Response(status=403, text=refusal)
        return await handler(request)

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(HEADERS)

    app = web.Application(middlewares=[watch], client_max_size=LARGEST_BODY)
    app.on_response_prepare.append(add_headers)
    return app


def _let_in(guard: Guard) -> web.Response:
    # Away from the token at once, so that it stays out of history and screenshots.
    response = web.Response(status=303, headers={"Location": "/"})
    response.set_cookie(guard.cookie, guard.pass_value, httponly=True, samesite="Strict", path="/")
    return response


def same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def in_url(host: str) -> str:
    """IPv6 addresses stand in brackets."""
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
