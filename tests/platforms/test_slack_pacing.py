"""How often Slack is asked: never more than it allows, and never a second refusal after the first."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.platforms.base import SendError
from bot.platforms.slack.pacing import A_MINUTE, OTHERWISE, PATIENCE, Pace

POST = "chat.postMessage"


class Time:
    """A clock that moves only when somebody sleeps, or when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Caller:
    """Somebody who calls, waits as told, and remembers when the calls went out."""

    def __init__(self) -> None:
        self.time = Time()
        self.pace = Pace(self.time, self.time.sleep)
        self.went: list[tuple[float, str, str]] = []

    async def calls(self, method: str, channel: str = "") -> None:
        await self.pace.wait(method, channel)
        self.went.append((self.time.now, method, channel))
        self.pace.answered(method, channel)

    async def insists(self, method: str, channel: str = "") -> None:
        """As delivery does: who is told to come later comes later."""
        while True:
            try:
                return await self.calls(method, channel)
            except SendError as later:
                assert later.retry_after is not None
                self.time.now += later.retry_after

    def times(self, method: str, channel: str | None = None) -> list[float]:
        return [at for at, of, where in self.went if of == method and channel in (None, where)]


def most_in_a_minute(times: list[float]) -> int:
    times = sorted(times)
    return max(index + 1 - bisect_left(times, at - 60) for index, at in enumerate(times))


async def test_the_first_calls_do_not_wait() -> None:
    caller = Caller()
    for _ in range(20):
        await caller.calls("conversations.create")
    assert caller.time.now == 1000.0


async def test_a_long_wait_is_refused_at_once_and_says_how_long() -> None:
    caller = Caller()
    for _ in range(20):
        await caller.calls("conversations.create")
    caller.time.now += 10
    with pytest.raises(SendError) as refused:
        await caller.calls("conversations.create")
    assert (refused.value.reason, refused.value.permanent) == ("rate-limited", False)
    assert refused.value.retry_after == pytest.approx(51)
    assert caller.time.now == 1010.0


async def test_a_short_wait_is_waited() -> None:
    caller = Caller()
    for _ in range(20):
        await caller.calls("conversations.create")
    caller.time.now += 58
    await caller.calls("conversations.create")
    assert caller.time.now == pytest.approx(1061)


async def test_a_channel_gets_one_message_a_second_while_others_need_not_wait() -> None:
    caller = Caller()
    await caller.calls(POST, "C1")
    await caller.calls(POST, "C2")
    assert caller.time.now == 1000.0
    await caller.calls(POST, "C1")
    assert caller.time.now >= 1001.0


async def test_a_message_waits_for_a_second_after_the_slow_answer_to_the_one_before() -> None:
    caller = Caller()
    await caller.pace.wait(POST, "C1")
    caller.time.now += 3
    caller.pace.answered(POST, "C1")
    await caller.calls(POST, "C1")
    assert caller.time.now >= 1004.0


async def test_all_channels_together_stay_under_the_cap_of_the_workspace() -> None:
    caller = Caller()
    for number in range(450):
        await caller.insists(POST, f"C{number}")
    assert most_in_a_minute(caller.times(POST)) <= A_MINUTE[POST]


async def test_a_channel_that_slack_refused_pauses_and_the_others_go_on() -> None:
    caller = Caller()
    await caller.calls(POST, "C1")
    caller.pace.refused(POST, "C1", 30)
    with pytest.raises(SendError) as refused:
        await caller.calls(POST, "C1")
    assert refused.value.retry_after == pytest.approx(30, abs=0.1)
    await caller.calls(POST, "C2")
    assert caller.times(POST, "C2") == [1000.0]


async def test_two_channels_refused_at_once_mean_the_whole_workspace() -> None:
    caller = Caller()
    caller.pace.refused(POST, "C1", 30)
    caller.pace.refused(POST, "C2", 30)
    with pytest.raises(SendError):
        await caller.calls(POST, "C3")


async def test_one_method_that_slack_refused_does_not_hold_up_another() -> None:
    caller = Caller()
    caller.pace.refused("users.info", "", 40)
    with pytest.raises(SendError):
        await caller.calls("users.info")
    await caller.calls("conversations.open")
    assert caller.time.now == 1000.0


async def test_who_waits_already_when_slack_refuses_another_waits_on() -> None:
    caller = Caller()

    async def refused_meanwhile(seconds: float) -> None:
        caller.time.now += seconds
        caller.pace.refused("pins.add", "", 60)

    caller.pace = Pace(caller.time, refused_meanwhile)
    for _ in range(20):
        await caller.calls("pins.add")
    caller.time.now += 58
    with pytest.raises(SendError) as refused:
        await caller.calls("pins.add")
    assert refused.value.retry_after == pytest.approx(60)


async def test_after_a_refusal_the_rate_is_halved_and_recovers() -> None:
    caller = Caller()
    caller.pace.refused("pins.add", "", 10)
    caller.time.now += 10
    began = caller.time.now
    for _ in range(120):
        await caller.insists("pins.add")
    times = caller.times("pins.add")
    assert most_in_a_minute([at for at in times if at < began + 110]) == OTHERWISE // 2
    assert most_in_a_minute(times) == OTHERWISE


async def test_refusals_of_calls_that_were_on_their_way_together_count_once() -> None:
    caller = Caller()
    for _ in range(5):
        caller.pace.refused("pins.add", "", 10)
    caller.time.now += 10
    for _ in range(OTHERWISE // 2):
        await caller.calls("pins.add")
    assert caller.time.now == 1010.0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from((POST, "users.info", "conversations.create")), st.sampled_from("ABC"), st.floats(0, 9)
        ),
        max_size=150,
    )
)
async def test_whoever_calls_whenever_no_limit_is_passed(deeds: list[tuple[str, str, float]]) -> None:
    caller = Caller()
    for method, channel, pause in deeds:
        caller.time.now += pause
        await caller.insists(method, channel)
    for method in {method for method, _, _ in deeds}:
        assert most_in_a_minute(caller.times(method)) <= A_MINUTE.get(method, OTHERWISE)
    for channel in "ABC":
        times = sorted(caller.times(POST, channel))
        assert all(later - sooner >= 1 for sooner, later in pairwise(times))


async def test_nobody_ever_sleeps_longer_than_is_bearable() -> None:
    caller = Caller()
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        caller.time.now += seconds

    caller.pace = Pace(caller.time, nap)
    for number in range(300):
        await caller.insists(POST, f"C{number % 7}")
    assert naps
    assert max(naps) <= PATIENCE
