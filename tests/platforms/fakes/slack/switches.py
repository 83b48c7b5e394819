"""The switches by which a test makes Slack misbehave."""

from __future__ import annotations

import asyncio

from .delivery import Delivery
from .trouble import Switch, Trouble


class Switches:
    """`method` is a Web API method or "*" for any; `when` limits a switch to calls with these arguments."""

    trouble: Trouble
    delivery: Delivery
    _down_until: float = 0.0

    def lose_answer(self, method: str, times: int = 1, **when: object) -> None:
        """The work is done, then the connection closes without an answer."""
        self.trouble.switches.append(Switch("lose_answer", method, times, when=when))

    def fail(self, method: str, status: int = 500, times: int = 1, *, after: bool = False, **when: object) -> None:
        """A bare HTTP error, before anything is done; or `after` it was done."""
        kind = "status_after" if after else "status"
        self.trouble.switches.append(Switch(kind, method, times, status=status, when=when))

    def fail_error(self, method: str, error: str, times: int | None = 1, **when: object) -> None:
        """`ok: false` with this code."""
        self.trouble.switches.append(Switch("error", method, times, error=error, when=when))

    def slow(self, method: str, seconds: float, times: int | None = None) -> None:
        self.trouble.switches.append(Switch("slow", method, times, seconds=seconds))

    def rate_limit(self, method: str, seconds: float, times: int = 1, **when: object) -> None:
        """429 with this Retry-After."""
        self.trouble.switches.append(Switch("rate_limit", method, times, seconds=seconds, when=when))

    def heal(self) -> None:
        """All switches off."""
        self.trouble.switches.clear()
        self._down_until = 0.0
        self.delivery.closed_until = 0.0
        self.delivery.copies = 1
        for connection in self.delivery.connections:
            connection.silent, connection.answers_pings = False, True

    def drop_sockets(self, for_seconds: float = 0.0) -> None:
        """Every socket ends without a goodbye; none is let in for a while."""
        self.delivery.cut(for_seconds)

    def half_open_sockets(self, *, answer_pings: bool = True) -> None:
        """The sockets stay, deliver nothing and send no pings. New ones work."""
        for connection in self.delivery.connections:
            connection.silent, connection.answers_pings = True, answer_pings

    async def refresh_sockets(self, grace: float = 0.2) -> None:
        await self.delivery.refresh(grace)

    def redeliver(self, copies: int, *, together: bool = False) -> None:
        """Each envelope is sent this often from now on, one after the other or all at once."""
        self.delivery.copies, self.delivery.copies_together = copies, together

    def downtime(self, seconds: float) -> None:
        """Nothing works: every request is answered 503 and the sockets are gone."""
        self._down_until = asyncio.get_running_loop().time() + seconds
        self.delivery.cut(seconds)

    def is_down(self) -> bool:
        return asyncio.get_running_loop().time() < self._down_until
