"""The page's HTTP face: each handler turns a request into one act of one person, or shows what they see."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from aiohttp import web

from bot.message import Answer, File, Unread
from bot.platforms.base import Door
from bot.platforms.local.chat import Chat, NotThere
from bot.platforms.local.client import Client, FormGone, Offered
from bot.platforms.local.draw import DrawnButton
from bot.platforms.local.journal import Event
from bot.platforms.local.security import Guard, Handler, protect
from bot.platforms.local.state import Change, ClockView, Upcoming, change_for, clock_view, state_of

STATIC = {
    "chat.css": "text/css",
    "chat.js": "text/javascript",
    "wire.js": "text/javascript",
    "drawing.js": "text/javascript",
    "composer.js": "text/javascript",
    "form.js": "text/javascript",
    "clock.js": "text/javascript",
    "help.js": "text/javascript",
    "arrows.js": "text/javascript",
    "favicon.svg": "image/svg+xml",
}
LONGEST_STEP = timedelta(days=31)
BEAT = 0.25  # seconds between looks at the clock
A_SECOND = timedelta(seconds=1)


class Timekeeper(Protocol):
    """The clock that the page shows and moves. `pace`: simulated seconds a second, 0 for real time."""

    def now(self) -> datetime: ...

    def pace(self) -> float: ...

    def set_pace(self, pace: float) -> None: ...

    def next_thing(self) -> Upcoming | None: ...

    async def forward(self, by: timedelta) -> None: ...

    async def to_next(self, shown: datetime | None = None) -> None: ...


def _templates() -> Path:
    return Path(__file__).parents[3] / "templates" / "web"


@dataclass(frozen=True, slots=True)
class Page:
    """How the page is served. For a taken port the next free one is used; `ready` hears the final address."""

    host: str = "127.0.0.1"
    port: int = 8765
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    timekeeper: Timekeeper | None = None
    ready: Callable[[str], None] | None = None
    workspace: str = "local"
    more: Sequence[web.RouteDef] = ()  # what else is served to whoever was let in
    templates: Path = field(default_factory=_templates)


def page_app(chat: Chat, door: Door, clock: Callable[[], datetime], page: Page, guard: Guard) -> web.Application:
    handlers = Handlers(chat, door, clock, page, guard)
    app = protect(guard)
    app.add_routes(
        [
            web.get("/", handlers.index),
            web.get("/static/{name}", handlers.static),
            web.get("/api/state", handlers.state),
            web.get("/api/events", handlers.events),
            web.get("/files/{id}", handlers.file),
            web.post("/api/says", plainly(handlers.says)),
            web.post("/api/clicks", plainly(handlers.clicks)),
            web.post("/api/picks", plainly(handlers.picks)),
            web.post("/api/fills", plainly(handlers.fills)),
            web.post("/api/complete", plainly(handlers.complete)),
            web.post("/api/read", plainly(handlers.read)),
            web.post("/api/clock", plainly(handlers.move_clock)),
            *page.more,
        ]
    )
    app.on_shutdown.append(handlers.end_streams)
    return app


class Handlers:
    """Everything the page asks for, over one chat and one door."""

    def __init__(self, chat: Chat, door: Door, clock: Callable[[], datetime], page: Page, guard: Guard) -> None:
        self.chat = chat
        self.door = door
        self.clock = clock
        self.page = page
        self.guard = guard
        self._streams: set[asyncio.Queue[Change | None]] = set()

    # Showing.

    async def index(self, request: web.Request) -> web.Response:
        html = (self.page.templates / "chat.html").read_text(encoding="utf-8")
        return web.Response(text=html.replace("{{csrf}}", self.guard.csrf), content_type="text/html")

    async def static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in STATIC:
            return web.Response(status=404, text="There is nothing here.")
        content = (self.page.templates / name).read_bytes()
        return web.Response(body=content, content_type=STATIC[name], charset="utf-8")

    async def state(self, request: web.Request) -> web.Response:
        first = next((each.id for each in self.chat.people()), "")
        client = self._client(request.query.get("as") or first)
        commands, shortcuts = self.door.commands(), self.door.shortcuts()
        return web.json_response(state_of(self.chat, client.id, commands, shortcuts, self._time()))

    async def file(self, request: web.Request) -> web.Response:
        client = self._client(request.query.get("as", ""))
        try:
            file = self.chat.file_seen_by(client.id, request.match_info["id"])
        except NotThere as error:
            raise web.HTTPNotFound(text="There is no such file.") from error
        known = re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,80}", file.media_type, re.ASCII)
        # RFC 5987; `attachment` even for pictures, which an <img> shows all the same.
        name = quote(file.name.encode("utf-8", "replace"), safe="")
        return web.Response(
            body=file.content,
            content_type=file.media_type if known else "application/octet-stream",
            headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
        )

    async def events(self, request: web.Request) -> web.StreamResponse:
        client = self._client(request.query.get("as", ""))
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        changes: asyncio.Queue[Change | None] = asyncio.Queue()

        def hear(event: Event) -> None:
            change = change_for(self.chat, client.id, event)
            if change is not None:
                changes.put_nowait(change)

        stop = self.chat.subscribe(hear)
        self._streams.add(changes)
        try:
            await stream.prepare(request)
            # Whatever happened before this line is in the state that the page now fetches.
            await _tell(stream, {"kind": "refresh"})
            told = self._time()
            while True:
                with contextlib.suppress(TimeoutError):
                    change = await asyncio.wait_for(changes.get(), timeout=BEAT)
                    if change is None:
                        return stream
                    await _tell(stream, change)
                time = self._time()
                if time["next"] != told["next"] or _apart(told, time) >= A_SECOND:
                    told = time
                    await _tell(stream, {"kind": "clock", "clock": time})
        except ConnectionResetError:
            return stream  # the tab was closed
        finally:
            stop()
            self._streams.discard(changes)

    async def end_streams(self, app: web.Application) -> None:
        self._tell_all(None)

    # Acting.

    async def says(self, body: Body) -> web.Response:
        if not body.text("text").strip():
            raise NotUnderstood("nothing was said")
        await self._client(body.text("as")).says(body.text("text"), body.maybe_text("room"))
        return web.json_response({})

    async def clicks(self, body: Body) -> web.Response:
        await self._client(body.text("as")).clicks(body.number("message"), body.button("button"))
        return web.json_response({})

    async def picks(self, body: Body) -> web.Response:
        await self._client(body.text("as")).picks(body.text("shortcut"), body.number("message"))
        return web.json_response({})

    async def fills(self, body: Body) -> web.Response:
        client = self._client(body.text("as"))
        outcome = await client.fills(
            body.answers("answers"), body.flag("close"), body.number("form"), body.attached("files")
        )
        return web.json_response({"errors": dict(outcome.errors)})

    async def complete(self, body: Body) -> web.Response:
        client = self._client(body.text("as"))
        found = await client.complete(body.text("text"), body.maybe_text("room"))
        return web.json_response(
            {"suggestions": [{"line": each.line, "label": each.label, "help": each.help} for each in found]}
        )

    async def read(self, body: Body) -> web.Response:
        self.chat.mark_read(self._client(body.text("as")).id, body.text("room"), body.number("upto"))
        return web.json_response({})

    async def move_clock(self, body: Body) -> web.Response:
        timekeeper = self.page.timekeeper
        if timekeeper is None:
            raise web.HTTPConflict(text="This clock cannot be moved.")
        match body.text("do"):
            case "forward":
                by = timedelta(hours=body.number("hours"))
                if not timedelta(0) < by <= LONGEST_STEP:
                    raise NotUnderstood("a step of one hour to 31 days")
                await timekeeper.forward(by)
            case "next":
                await timekeeper.to_next(body.moment("at"))
            case "pace":
                timekeeper.set_pace(float(max(0, body.number("pace"))))
            case _:
                raise NotUnderstood("forward, next or pace")
        time = self._time()
        self._tell_all({"kind": "clock", "clock": time})
        return web.json_response(time)

    def _client(self, person: str) -> Client:
        try:
            return Client(self.chat, self.door, person, self.page.workspace, clock=self.clock)
        except NotThere as error:
            raise web.HTTPNotFound(text="There is nobody of that name here.") from error

    def _time(self) -> ClockView:
        keeper = self.page.timekeeper
        if keeper is None:
            return clock_view(self.clock())
        return clock_view(keeper.now(), keeper.pace(), keeper.next_thing(), movable=True)

    def _tell_all(self, change: Change | None) -> None:
        for stream in self._streams:
            stream.put_nowait(change)


class NotUnderstood(Exception):
    """A request that the page itself would not have made."""


class Body:
    """A request's JSON, asked for by name and kind; anything else is refused with the name."""

    def __init__(self, raw: Mapping[str, object]) -> None:
        self._raw = raw

    def text(self, name: str) -> str:
        value = self._raw.get(name)
        if not isinstance(value, str):
            raise NotUnderstood(f"{name}: text is expected")
        return _whole(value)

    def maybe_text(self, name: str) -> str | None:
        return None if self._raw.get(name) is None else self.text(name)

    def moment(self, name: str) -> datetime | None:
        text = self.maybe_text(name)
        try:
            at = datetime.fromisoformat(text) if text is not None else None
        except ValueError as error:
            raise NotUnderstood(f"{name}: a moment is expected") from error
        if at is not None and at.tzinfo is None:
            raise NotUnderstood(f"{name}: a moment with its zone is expected")
        return at

    def number(self, name: str) -> int:
        value = self._raw.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**31:
            raise NotUnderstood(f"{name}: a whole number is expected")
        return value

    def flag(self, name: str) -> bool:
        return self._raw.get(name) is True

    def button(self, name: str) -> DrawnButton:
        raw = self._raw.get(name)
        if not isinstance(raw, dict) or set(raw) != {"action", "label", "args", "style"}:
            raise NotUnderstood(f"{name}: a button is expected")
        return DrawnButton(action=raw["action"], label=raw["label"], args=raw["args"], style=raw["style"])

    def attached(self, name: str) -> dict[str, list[Offered]]:
        """By field. What is too large is only named by the page: there is no use in sending it."""
        raw = self._raw.get(name, {})
        if not isinstance(raw, dict) or not all(isinstance(some, list) for some in raw.values()):
            raise NotUnderstood(f"{name}: files are expected")
        return {str(key): [_file(key, one) for one in some] for key, some in raw.items()}

    def answers(self, name: str) -> dict[str, Answer]:
        raw = self._raw.get(name)
        if not isinstance(raw, dict):
            raise NotUnderstood(f"{name}: answers are expected")
        return {key: _answer(key, value) for key, value in raw.items()}


def plainly(act: Callable[[Body], Awaitable[web.Response]]) -> Handler:
    """Reads the JSON, and says in a sentence with the right status what could not be done."""

    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            return await act(Body(await _object(request)))
        except NotThere as error:
            return web.Response(status=403, text=f"That cannot be done here: {error}.")
        except FormGone:
            return web.Response(status=409, text="That form is no longer open.")
        except NotUnderstood as error:
            return web.Response(status=400, text=f"That was not understood: {error}.")

    return handler


async def _object(request: web.Request) -> Mapping[str, object]:
    try:
        raw = await request.json()
    except ValueError as error:
        raise NotUnderstood("JSON is expected") from error
    if not isinstance(raw, dict):
        raise NotUnderstood("an object is expected")
    return raw


def _apart(one: ClockView, other: ClockView) -> timedelta:
    return datetime.fromisoformat(other["now"]) - datetime.fromisoformat(one["now"])


async def _tell(stream: web.StreamResponse, change: Change) -> None:
    await stream.write(f"data: {json.dumps(change)}\n\n".encode("ascii"))


def _answer(key: str, value: object) -> Answer:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return [_whole(each) for each in value]
    raise NotUnderstood(f"{key}: not an answer")


def _file(key: str, raw: object) -> Offered:
    match raw:
        case {"name": str(name), "type": str(_), "content": None}:
            return Unread("too-large", _whole(name))
        case {"name": str(name), "type": str(media_type), "content": str(content)}:
            try:
                return File(_whole(name), _whole(media_type), base64.b64decode(content, validate=True))
            except ValueError as error:
                raise NotUnderstood(f"{key}: a file in base64 is expected") from error
    raise NotUnderstood(f"{key}: a file is expected")


def _whole(text: str) -> str:
    """JSON can carry half of a surrogate pair, which no database takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
