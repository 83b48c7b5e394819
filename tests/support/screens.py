"""The screen of a world on a web server of its own, beside the test: asked over a real socket, or by a browser."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from urllib.parse import urlsplit

from aiohttp import web
from sqlmodel import select

from bot.web import screen
from cohorts import breakouts
from cohorts.attendance import Attended, attendance
from cohorts.cohort import Cohort, present
from cohorts.sessions import Session, SessionState
from cohorts.store import Db
from tests.support.chat import Person, World


@contextmanager
def served(world: World) -> Iterator[str]:
    """Until left; the address. From then on the bot gives links to it."""
    loop, ready, found = asyncio.new_event_loop(), threading.Event(), list[str]()
    runner: list[web.AppRunner] = []

    async def start() -> None:
        app = web.Application()
        app.add_routes(screen.routes(world.app.threads, world.clock, world.app.roots))
        runner.append(web.AppRunner(app, access_log=None, shutdown_timeout=1))
        await runner[0].setup()
        await web.TCPSite(runner[0], "127.0.0.1", 0).start()
        host, port = runner[0].addresses[0][:2]
        found.append(f"http://{host}:{port}")

    def run() -> None:
        loop.run_until_complete(start())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner[0].cleanup())
        loop.close()

    beside = threading.Thread(target=run, daemon=True)
    beside.start()
    assert ready.wait(60)
    world.app.pages = found[0]
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        beside.join(60)
        world.app.pages = ""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: HTTPMessage
    text: str


def ask(address: str, method: str = "GET", **headers: str) -> Answer:
    parts = urlsplit(address)
    wire = HTTPConnection(parts.netloc, timeout=60)
    try:
        wire.request(method, parts.path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = wire.getresponse()
        return Answer(answer.status, answer.headers, answer.read().decode())
    finally:
        wire.close()


def link(person: Person) -> str:
    """The newest link to a screen that somebody was given."""
    seen = (json.dumps(one.payload) for one in person.client.seen())
    return [str(one) for text in seen for one in re.findall(r"http://[\w.:-]+/screen/[\w-]+", text)][-1]


def draw_rounds(world: World) -> None:
    """Groups for every round of the session that is on, from who is there."""

    def drawn(db: Db) -> None:
        session = db.exec(select(Session).where(Session.state == SessionState.LIVE)).one()
        cohort, seen = db.get_one(Cohort, session.cohort_id), attendance(db, session)
        here = [one for one in present(db, cohort) if seen.get(one.id) is Attended.PRESENT]
        breakouts.draw(db, cohort, session, here, now=world.clock.now())

    world.store.write(drawn)
