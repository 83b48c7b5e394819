"""GET /screen/TOKEN: what a session looks like to the whole call. /now is its inside alone, for a page that is open.

Whoever has the token may look; nothing can be changed. What leads nowhere and what leads nowhere any more look alike.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.clock import Clock
from bot.threads import Threads
from cohorts import screen
from cohorts.conductor import LineState
from cohorts.screen import Phase, Step, View

PATH = "/screen"
STATIC = {"screen.css": "text/css", "screen.js": "text/javascript"}
PATIENCE = 5.0  # seconds for the database to answer
LAST = 60  # seconds that are the last minute
GAP = 0.5  # between two steps of the way, in hundredths of it

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


def routes(
    threads: Threads, clock: Clock, roots: Sequence[Path], pace: Callable[[], float] = lambda: 1.0
) -> Sequence[web.RouteDef]:
    """`roots`: where words are looked for. `pace`: seconds of our clock in one of the reader's."""
    pages = _Pages(threads, clock, roots, pace)
    return (
        web.get(PATH + "/static/{name}", pages.static),
        web.get(PATH + "/{token}", pages.whole),
        web.get(PATH + "/{token}/now", pages.inside),
    )


class _Pages:
    def __init__(self, threads: Threads, clock: Clock, roots: Sequence[Path], pace: Callable[[], float]) -> None:
        self._threads = threads
        self._clock = clock
        self._folders = [root / "web" for root in roots]
        self._pace = pace
        self._jinja = Environment(
            loader=FileSystemLoader([*self._folders, *roots]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.filters |= {"countdown": countdown}

    async def whole(self, request: web.Request) -> web.Response:
        return await self._shown(request, "screen.html")

    async def inside(self, request: web.Request) -> web.Response:
        return await self._shown(request, "screen-now.html")

    async def static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        found = next((file for one in self._folders if (file := one / name).is_file()), None)
        if name not in STATIC or found is None:
            return self._nothing()
        headers = {**HEADERS, "Cache-Control": "no-cache"}
        return web.Response(body=found.read_bytes(), content_type=STATIC[name], charset="utf-8", headers=headers)

    async def _shown(self, request: web.Request, template: str) -> web.Response:
        token, now = request.match_info["token"], self._clock.now()
        if not re.fullmatch(r"[\w-]{43}", token, re.ASCII):
            return self._nothing()
        try:
            found = await asyncio.wait_for(
                self._threads.read(lambda db: screen.seen_with(db, token, now=now)), PATIENCE
            )
        except (TimeoutError, sa.exc.SQLAlchemyError):
            return self._nothing(busy=True)
        if found is None:
            return self._nothing()
        tag = f'"{hashlib.sha256(repr(found).encode()).hexdigest()[:24]}"'
        pace = self._pace()
        # The clock goes along even when nothing else is new.
        headers = {**HEADERS, "ETag": tag, "Caravan-Now": now.isoformat(), "Caravan-Pace": f"{pace:g}"}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        left = found.left_at(now)
        text = self._jinja.get_template(template).render(
            view=found,
            prompt=self._prompt(found),
            left=left,
            state=state(found, left),
            way=way(found, left),
            now=now,
            pace=f"{pace:g}",
        )
        return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)

    def _prompt(self, view: View) -> str:
        """The program's own, or the words of an icebreaker of ours, which are plain text."""
        return (
            self._jinja.get_template(f"icebreakers/{view.icebreaker}.md.j2").render()
            if view.icebreaker
            else view.prompt
        )

    def _nothing(self, *, busy: bool = False) -> web.Response:
        text = self._jinja.get_template("screen-gone.html").render(busy=busy)
        headers = {**HEADERS, "Retry-After": "5"} if busy else HEADERS
        status = 503 if busy else 404
        return web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=headers)


def state(view: View, left: int) -> str:
    """Of the clock: it runs, is in its last minute, has run out, or stands still. screen.js says the same."""
    if view.ends is None:
        return "stands"
    if left == 0:
        return "up"
    return "last" if view.phase is Phase.ON and left <= LAST else "runs"


def countdown(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


@dataclass(frozen=True, slots=True)
class Stretch:
    """One step of the way through the session, in hundredths of it: where it begins, how long, how much is behind."""

    step: Step
    x: float
    width: float
    done: float


def way(view: View, left: int) -> list[Stretch]:
    """What was left out takes no room: nobody waits for it."""
    steps = [one for one in view.steps if one.seconds and one.state is not LineState.LEFT_OUT]
    whole, free = sum(one.seconds for one in steps), 100 - GAP * (len(steps) - 1)
    found, x = [], 0.0
    for one in steps:
        width = free * one.seconds / whole
        behind = {LineState.HELD: 1.0, LineState.ON: 1 - min(left, one.seconds) / one.seconds}.get(one.state, 0.0)
        found.append(Stretch(one, round(x, 3), round(width, 3), round(width * behind, 3)))
        x += width + GAP
    return found
