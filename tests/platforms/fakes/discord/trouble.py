"""What goes wrong on purpose, route by route, and the rate limits that may be enforced."""

from __future__ import annotations

import math
import re
import zlib
from collections import deque
from dataclasses import dataclass

from .errors import Json
from .state import Clock


def matches(route: str, method: str, path: str) -> bool:
    """`route` is "POST /channels/{channel}/messages", with the method or without, with ids or with braces."""
    wanted, _, pattern = route.rpartition(" ")
    if wanted and wanted.upper() != method:
        return False
    parts = (re.escape(each) if not each.startswith("{") else "[^/]+" for each in pattern.split("/"))
    return re.fullmatch("/".join(parts), path) is not None


@dataclass(slots=True)
class Switch:
    """One kind of trouble on one route, as often as `times` says (None: until it is switched off)."""

    kind: str
    route: str
    times: int | None = 1
    seconds: float = 0.0
    status: int = 500
    body: Json | None = None
    shared: bool = False  # of a rate limit: the global one


class Trouble:
    def __init__(self) -> None:
        self._switches: list[Switch] = []

    def add(self, switch: Switch) -> None:
        self._switches.append(switch)

    def take(self, kind: str, method: str, path: str) -> Switch | None:
        for switch in self._switches:
            if switch.kind == kind and matches(switch.route, method, path):
                if switch.times is not None:
                    switch.times -= 1
                    if switch.times <= 0:
                        self._switches.remove(switch)
                return switch
        return None

    def clear(self) -> None:
        self._switches.clear()


# How many requests in how many seconds; what isn't named has ten in ten.
BUCKETS = (
    ("POST /channels/{}/messages", 5, 5.0),
    ("PATCH /channels/{}/messages/{}", 5, 5.0),
    ("DELETE /channels/{}/messages/{}", 5, 1.0),
    ("POST /channels/{}/threads", 50, 300.0),
    ("POST /guilds/{}/channels", 50, 10.0),
    ("PUT /guilds/{}/members/{}/roles/{}", 10, 10.0),
    ("DELETE /guilds/{}/members/{}/roles/{}", 10, 10.0),
    ("POST /guilds/{}/roles", 250, 48 * 3600.0),
    ("POST /guilds/{}/scheduled-events", 5, 60.0),
    ("PUT /applications/{}/commands", 2, 20.0),
    ("POST /webhooks/{}/{}", 5, 2.0),
    ("POST /users/@me/channels", 10, 10.0),
)
USUAL = (10, 10.0)
LOOSE = (10_000, 1.0)
GLOBAL = (50, 1.0)
RENAMES = (2, 600.0)  # name and topic of a channel


@dataclass(frozen=True, slots=True)
class Standing:
    """What the headers tell of a bucket; `wait` is more than nothing when this request is one too many."""

    bucket: str
    limit: int
    remaining: int
    reset_after: float
    wait: float = 0.0
    scope: str = "user"

    def headers(self, now: float) -> dict[str, str]:
        found = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": f"{now + self.reset_after:.3f}",
            "X-RateLimit-Reset-After": f"{self.reset_after:.3f}",
            "X-RateLimit-Bucket": self.bucket,
        }
        if self.wait:
            found |= {"X-RateLimit-Scope": self.scope, "Retry-After": str(math.ceil(self.wait)), "Via": "1.1 edge"}
            if self.scope == "global":
                found["X-RateLimit-Global"] = "true"
        return found


class Rates:
    """Windows that count requests: one per route and major parameter, one for everything together."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}
        self._renames: dict[str, deque[float]] = {}

    def take(
        self, method: str, path: str, name: str, major: str, *, enforce: bool, exempt: bool, renames: bool
    ) -> Standing:
        """`name` is the route with its braces. `exempt` from the global limit are the answers to interactions."""
        limit, per = LOOSE
        if enforce:
            limit, per = USUAL
            for route, most, seconds in BUCKETS:
                if matches(route, method, path):
                    limit, per = most, seconds
                    break
        if enforce and not exempt:
            left, reset = self._count("global", *GLOBAL)
            if left < 0:
                return Standing("global", GLOBAL[0], 0, reset, wait=reset, scope="global")
        bucket = f"{zlib.crc32(name.encode()):016x}"
        if enforce and renames:
            wait = self._rename(major)
            if wait:
                return Standing(bucket, limit, limit - 1, wait, wait=wait)
        left, reset = self._count(f"{name}|{major}", limit, per)
        if left < 0:
            return Standing(bucket, limit, 0, reset, wait=reset)
        return Standing(bucket, limit, left, reset)

    def _count(self, key: str, limit: int, per: float) -> tuple[int, float]:
        """How many are left after this one (-1: it was one too many), and when the window ends."""
        now = self._clock()
        began, used = self._windows.get(key, (now, 0))
        if now - began >= per:
            began, used = now, 0
        if used >= limit:
            return -1, began + per - now
        self._windows[key] = (began, used + 1)
        return limit - used - 1, began + per - now

    def _rename(self, major: str) -> float:
        now = self._clock()
        recent = self._renames.setdefault(major, deque())
        while recent and now - recent[0] >= RENAMES[1]:
            recent.popleft()
        if len(recent) >= RENAMES[0]:
            return recent[0] + RENAMES[1] - now
        recent.append(now)
        return 0.0
