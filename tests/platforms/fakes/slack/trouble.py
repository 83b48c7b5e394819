"""What a test may break: lost answers, refusals, slow methods; and the rate limits, when they are enforced."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field

from .state import Clock

POST_TOLERANCE = 0.05  # seconds; one post a second for a channel, a burst of one
WORKSPACE_POSTS_A_MINUTE = 300


@dataclass(slots=True)
class Switch:
    kind: str  # lose_answer, status, error, slow, rate_limit
    method: str  # or "*"
    times: int | None  # None: until cleared
    status: int = 500
    error: str = ""
    seconds: float = 0.0
    when: dict[str, object] = field(default_factory=dict)  # only for calls with these arguments


class Trouble:
    """Faults that a test has switched on, each used up as often as it was asked for."""

    def __init__(self) -> None:
        self.switches: list[Switch] = []

    def take(self, kind: str, method: str, args: dict[str, object]) -> Switch | None:
        for switch in self.switches:
            if switch.kind != kind or switch.method not in (method, "*"):
                continue
            if any(args.get(name) != value for name, value in switch.when.items()):
                continue
            if switch.times is not None:
                switch.times -= 1
                if switch.times <= 0:
                    self.switches.remove(switch)
            return switch
        return None


class Rates:
    """Sliding minutes per method and workspace, a second per channel for posts, a cap per workspace."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.workspace_posts_a_minute = WORKSPACE_POSTS_A_MINUTE
        self.tiers: dict[str, int] = {}  # calls a minute that differ from the methods' own
        self._calls: dict[tuple[str, ...], deque[float]] = defaultdict(deque)
        self._last_post: dict[tuple[str, str], float] = {}

    def wait_for(self, team: str, method: str, tier: int | None, channel: str) -> float:
        """Seconds until this call may be made; 0 when now, and then it counts."""
        now = self.clock()
        if method == "chat.postMessage":
            since = now - self._last_post.get((team, channel), float("-inf"))
            if since < 1 - POST_TOLERANCE:
                return 1 - since
            wait = self._window((team, "posts"), self.workspace_posts_a_minute, now)
            if not wait:
                self._last_post[(team, channel)] = now
            return wait
        most = self.tiers.get(method, tier)
        return self._window((team, method), most, now) if most else 0.0

    def _window(self, key: tuple[str, ...], most: int, now: float) -> float:
        calls = self._calls[key]
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if len(calls) >= most:
            return calls[0] + 60 - now
        calls.append(now)
        return 0.0
