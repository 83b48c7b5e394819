"""How often Slack may be asked: budgets for every method, kept by ourselves so that Slack need not refuse."""

from __future__ import annotations

import asyncio
import time
from bisect import insort
from collections.abc import Awaitable, Callable, Iterator, Mapping

from bot.platforms.base import SendError
from bot.platforms.slack.errors import RATE_LIMITED

# Calls a minute and workspace. What is not named here gets the lowest that methods of everyday use have.
A_MINUTE: Mapping[str, int] = {
    "auth.test": 100,
    "bookmarks.list": 50,
    "chat.delete": 50,
    "chat.postEphemeral": 100,
    "chat.postMessage": 200,
    "chat.update": 50,
    "conversations.history": 50,
    "conversations.info": 50,
    "conversations.invite": 50,
    "conversations.kick": 50,
    "conversations.members": 100,
    "conversations.open": 50,
    "conversations.replies": 50,
    "files.completeUploadExternal": 100,
    "files.getUploadURLExternal": 100,
    "users.info": 100,
    "views.open": 100,
    "views.publish": 100,
    "views.push": 100,
    "views.update": 100,
}
OTHERWISE = 20

# Methods that have a limit for each channel too, in seconds between two calls.
EACH_CHANNEL: Mapping[str, float] = {"chat.postMessage": 1.0}

MINUTE = 61.0  # requests travel at different speeds: what left a minute apart may arrive closer together
SLACK_OF_CHANNEL = 0.05
PATIENCE = 5.0  # longer waits are left to delivery, so that leases stay short
RECOVERY = 120.0  # seconds until a lowered rate doubles again
_LOWEST = 6  # halvings
_MANY_CHANNELS = 1000


class Budget:
    """At most `most` calls in any `per` seconds; fewer for a while after Slack has refused one."""

    def __init__(self, most: int, per: float) -> None:
        self._most = most
        self._per = per
        self._booked: list[float] = []
        self._halvings = 0
        self._halved_at = 0.0
        self.paused_until = 0.0

    def free_at(self, now: float) -> float:
        """When the next call may go."""
        halvings = self._lowered(now)
        most = max(1, self._most >> halvings)
        per = self._per * (most << halvings) / self._most
        self._booked = [at for at in self._booked if at > now - max(per, self._per)]
        at = max(now, self.paused_until)
        # Counting also what is booked for later: several wait for other budgets too, out of order.
        return at if len(self._booked) < most else max(at, self._booked[-most] + per)

    def book(self, at: float) -> None:
        insort(self._booked, at)

    def pause(self, now: float, seconds: float) -> None:
        """Slack refused. Several at once, already on their way, count as one."""
        if self.paused_until <= now:
            self.lower(now + seconds)
        self.paused_until = max(self.paused_until, now + seconds)

    def lower(self, now: float) -> None:
        """Half as many from now on, until it recovers."""
        self._halvings = min(_LOWEST, self._lowered(now) + 1)
        self._halved_at = now

    def idle(self, now: float) -> bool:
        return self.free_at(now) <= now and not self._lowered(now)

    def _lowered(self, now: float) -> int:
        return max(0, self._halvings - max(0, int((now - self._halved_at) / RECOVERY)))


class Pace:
    """The budgets of one workspace. `clock` counts seconds, never backwards."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._methods: dict[str, Budget] = {}
        self._channels: dict[tuple[str, str], Budget] = {}

    async def wait(self, method: str, channel: str = "") -> None:
        """Until the call may go. Too long a wait is refused at once: a SendError that says how long."""
        at = self._book(method, channel)
        # Slack may refuse another call while this one waits: then it has to wait on.
        while (rest := max(at, self._paused_until(method, channel)) - self._clock()) > 0:
            _bearable(rest)
            await self._sleep(rest)

    def answered(self, method: str, channel: str = "") -> None:
        """Slack counts from the arrival of a call, which was before its answer's."""
        if method in EACH_CHANNEL and channel:
            self._channel(method, channel).book(self._clock())

    def refused(self, method: str, channel: str, seconds: float) -> None:
        """A 429: this method pauses. One that has limits for each channel pauses for that channel only, unless others
        of its channels are paused too: then it is the workspace's limit that was met."""
        now = self._clock()
        if method not in EACH_CHANNEL or not channel:
            self._method(method).pause(now, seconds)
            return
        others = any(
            budget.paused_until > now
            for (of, name), budget in self._channels.items()
            if of == method and name != channel
        )
        self._channel(method, channel).pause(now, seconds)
        if others:
            self._method(method).pause(now, seconds)
        else:
            self._method(method).lower(now)

    def _book(self, method: str, channel: str) -> float:
        now = self._clock()
        budgets = tuple(self._budgets(method, channel))
        at = max(budget.free_at(now) for budget in budgets)
        _bearable(at - now)
        for budget in budgets:
            budget.book(at)
        return at

    def _paused_until(self, method: str, channel: str) -> float:
        return max(budget.paused_until for budget in self._budgets(method, channel))

    def _budgets(self, method: str, channel: str) -> Iterator[Budget]:
        yield self._method(method)
        if method in EACH_CHANNEL and channel:
            yield self._channel(method, channel)

    def _method(self, method: str) -> Budget:
        if method not in self._methods:
            self._methods[method] = Budget(A_MINUTE.get(method, OTHERWISE), MINUTE)
        return self._methods[method]

    def _channel(self, method: str, channel: str) -> Budget:
        key = (method, channel)
        if key not in self._channels:
            if len(self._channels) >= _MANY_CHANNELS:
                now = self._clock()
                self._channels = {one: budget for one, budget in self._channels.items() if not budget.idle(now)}
            self._channels[key] = Budget(1, EACH_CHANNEL[method] + SLACK_OF_CHANNEL)
        return self._channels[key]


def _bearable(wait: float) -> None:
    if wait > PATIENCE:
        raise SendError(RATE_LIMITED, permanent=False, retry_after=wait)
