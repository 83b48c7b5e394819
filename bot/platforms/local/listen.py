"""In: the page, served on loopback until cancelled."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from bot.platforms.base import Door
from bot.platforms.local.chat import Chat
from bot.platforms.local.page import Page, page_app
from bot.platforms.local.security import Guard

PORTS_TO_TRY = 50


async def serve(chat: Chat, door: Door, clock: Callable[[], datetime], page: Page) -> None:
    listening = _bind(page.host, page.port)
    guard = Guard(page.token, page.host, listening.getsockname()[1])
    app = page_app(chat, door, clock, page, guard)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        if page.ready is not None:
            page.ready(guard.url)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _bind(host: str, port: int) -> socket.socket:
    """The port asked for, or the next free one; 0 lets the system choose."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, port + PORTS_TO_TRY if port else 1):
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, candidate))
            # Two sockets may be bound to one port as long as neither listens yet.
            listening.listen(128)
            return listening
        except OSError as error:
            listening.close()
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, f"ports {port} to {port + PORTS_TO_TRY - 1} are all taken")
