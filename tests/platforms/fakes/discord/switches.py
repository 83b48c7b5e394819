"""What a test may make go wrong: with the gateway, with routes, with the answers."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from .errors import MESSAGES, Json
from .gateway import INVALID_SESSION, RECONNECT
from .trouble import Switch, Trouble

if TYPE_CHECKING:
    from .gateway import Gateway


class Switches:
    """Routes are written "POST /channels/{channel}/messages"; with an id in place of braces only that one."""

    gateway: Gateway
    trouble: Trouble
    redeliveries: int

    # The gateway.

    def drop_gateway(self, for_seconds: float = 0.0) -> None:
        """Cuts every socket and lets nobody in for a while. Sessions can be resumed."""
        self.gateway.down_until = time.monotonic() + for_seconds
        for connection in list(self.gateway.connections):
            connection.cut()

    def refuse_resume(self, times: int = 1) -> None:
        self.gateway.refusing += times

    def reconnect(self) -> None:
        """Asks politely to connect anew."""
        for connection in self.gateway.connections:
            connection.send(RECONNECT)

    def invalidate(self, resumable: bool = False) -> None:
        for connection in self.gateway.connections:
            if not resumable and connection.session is not None:
                self.gateway.sessions.pop(connection.session.id, None)
            connection.send(INVALID_SESSION, resumable)

    def half_open(self) -> None:
        """The sockets stay, and nothing goes through them any more; new ones work."""
        for connection in self.gateway.connections:
            connection.deaf = True

    async def close_gateway(self, code: int) -> None:
        connections = list(self.gateway.connections)
        self.gateway.closed_with += [code] * len(connections)
        await asyncio.gather(*(each.close(code) for each in connections))

    def send_malformed(self, event: str = "MESSAGE_CREATE") -> None:
        """An event that lacks nearly everything it should have."""
        for session in self.gateway.sessions.values():
            session.push(event, {"id": "not a number"}, keep=False)

    def redeliver(self, times: int = 2) -> None:
        """The next interaction arrives this many times."""
        self.redeliveries = times

    # Routes.

    def fail(self, route: str, status: int = 500, times: int | None = 1, code: int = 0) -> None:
        """Answers with an error and does nothing."""
        body: Json = {"message": MESSAGES.get(code, f"{status}: Error"), "code": code}
        self.trouble.add(Switch("fail", route, times, status=status, body=body))

    def fail_after(self, route: str, status: int = 502, times: int | None = 1) -> None:
        """Does it, and answers with an error all the same."""
        body: Json = {"message": f"{status}: Error", "code": 0}
        self.trouble.add(Switch("fail_after", route, times, status=status, body=body))

    def lose_answer(self, route: str, times: int | None = 1) -> None:
        """Does it, and hangs up without a word."""
        self.trouble.add(Switch("lose", route, times))

    def slow(self, route: str, seconds: float, times: int | None = None) -> None:
        self.trouble.add(Switch("slow", route, times, seconds=seconds))

    def rate_limit(self, route: str, seconds: float, global_: bool = False, times: int | None = 1) -> None:
        self.trouble.add(Switch("rate_limit", route, times, seconds=seconds, shared=global_))

    def mend(self) -> None:
        self.trouble.clear()
        self.gateway.down_until = 0.0
        self.gateway.refusing = 0
