"""Socket Mode when the sockets misbehave: half open, dropped, refreshed, refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.platforms.slack.setup import Installed, SlackApp
from bot.platforms.slack.sockets import Patience
from tests.platforms.fakes.slack import FakeSlack
from tests.platforms.test_slack_listen import Listening, SmallDoor, said, until

QUICK = Patience(silence=0.6, ping=5.0, opening=1.0, shortest_wait=0.02, longest_wait=0.1, steady=0.3, overlap=0.5)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        fake.ping_interval = 0.1
        yield fake


async def test_two_connections_are_kept_and_the_platform_says_whether_it_hears(slack: FakeSlack) -> None:
    team = slack.add_team()
    async with Listening(slack, team, patience=QUICK) as listening:
        await until(lambda: len(slack.delivery.connections) == 2)
        assert listening.platform.connected
    assert not listening.platform.connected
    await until(lambda: not slack.delivery.connections)


async def test_a_socket_that_looks_alive_and_delivers_nothing_is_replaced(slack: FakeSlack) -> None:
    team = slack.add_team()
    ana = team.add_person("Ana")
    async with Listening(slack, team, SmallDoor({"/cohort": said("You are in.")}), patience=QUICK):
        await until(lambda: len(slack.delivery.connections) == 2)
        dead = list(slack.delivery.connections)
        slack.half_open_sockets(answer_pings=True)
        await until(lambda: len(slack.delivery.connections) == 2 and not set(dead) & set(slack.delivery.connections))
        await ana.types("/cohort", "general")
        assert ana.ephemerals[-1] == "You are in."


async def test_sockets_that_were_dropped_for_a_while_come_back(slack: FakeSlack) -> None:
    team = slack.add_team()
    ana = team.add_person("Ana")
    async with Listening(slack, team, SmallDoor({"/cohort": said("You are in.")}), patience=QUICK) as listening:
        await until(lambda: len(slack.delivery.connections) == 2)
        slack.drop_sockets(for_seconds=0.5)
        await until(lambda: not listening.platform.connected)
        await until(lambda: listening.platform.connected)
        await ana.types("/cohort", "general")
        assert ana.ephemerals[-1] == "You are in."


async def test_nothing_is_missed_while_slack_refreshes_its_sockets(slack: FakeSlack) -> None:
    team = slack.add_team()
    ana = team.add_person("Ana")
    door = SmallDoor({"/cohort": said("You are in.")})
    async with Listening(slack, team, door, patience=QUICK) as listening:
        await until(lambda: len(slack.delivery.connections) == 2)
        old = list(slack.delivery.connections)
        refreshing = asyncio.create_task(slack.refresh_sockets(grace=0.2))
        acks = []
        while not refreshing.done():
            acks.append(await ana.types("/cohort", "general"))
            assert listening.platform.connected
        await until(lambda: len(slack.delivery.connections) == 2 and not set(old) & set(slack.delivery.connections))
        assert all(ack.ok for ack in acks)
        assert len(door.heard) == len(acks) > 3


async def test_an_app_token_that_slack_refuses_is_tried_for_ever(slack: FakeSlack) -> None:
    team = slack.add_team()
    slack.fail_error("apps.connections.open", "internal_error", times=4)
    slack.fail("apps.connections.open", 503, times=2)
    async with Listening(slack, team, patience=QUICK) as listening:
        assert not listening.platform.connected
        await until(lambda: listening.platform.connected)
    assert sum(call.method == "apps.connections.open" for call in slack.calls) >= 7


async def test_the_platform_hears_only_when_every_app_has_a_living_connection(slack: FakeSlack) -> None:
    first, second = slack.add_team("First"), slack.add_team("Second")
    slack.fail_error("apps.connections.open", "internal_error", times=8)
    installed = [Installed(team.bot_token, SlackApp(app_token=team.app.app_token)) for team in (first, second)]
    async with Listening(slack, first, patience=QUICK, installed=installed) as listening:
        await until(lambda: bool(slack.delivery.connections))
        await until(lambda: listening.platform.connected)
        assert {connection.app for connection in slack.delivery.connections} == {first.app, second.app}


async def test_no_token_of_the_environment_is_taken_by_bolt(slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        monkeypatch.setenv(name, "of-somebody-else")
    team = slack.add_team()
    ana = team.add_person("Ana")
    async with Listening(slack, team, SmallDoor({"/cohort": said("You are in.")}), patience=QUICK) as listening:
        await until(lambda: listening.platform.connected)
        await ana.types("/cohort", "general")
        assert ana.ephemerals[-1] == "You are in."
