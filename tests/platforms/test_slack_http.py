"""HTTP mode: signed requests on the process's own web server, and what is refused there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bot.platforms.base import Typed
from bot.platforms.slack.setup import Installed, SlackApp
from tests.platforms.fakes.slack import App, FakeSlack, Person, Team
from tests.platforms.test_slack_listen import SLOW, Listening, SmallDoor, asked, said, until


class Serving:
    """The routes of a platform on a web server, which apps are told of; it listens as well, unless told otherwise."""

    def __init__(self, listening: Listening, *apps: App, hears: bool = True) -> None:
        self.listening = listening
        self.apps = apps
        self.hears = hears
        self.url = ""

    async def __aenter__(self) -> Serving:
        app = web.Application()
        app.add_routes(self.listening.platform.routes(self.listening.door))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/slack/events"
        for one in self.apps:
            one.request_url = self.url
        if self.hears:
            await self.listening.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.hears:
            await self.listening.__aexit__()
        await self._runner.cleanup()


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake
        assert not fake.faults


@pytest.fixture
def team(slack: FakeSlack) -> Team:
    made = slack.add_team()
    made.app.request_url = "http://127.0.0.1:9/"  # until there is a server
    return made


@pytest.fixture
def ana(team: Team) -> Person:
    return team.add_person("Ana")


async def test_a_command_a_button_a_form_and_a_word_are_answered_over_http(
    slack: FakeSlack, team: Team, ana: Person
) -> None:
    door = SmallDoor({"/apply": asked("apply", "goal"), "apply": said("Thank you."), "wrote": said("Yes?")})
    async with Serving(Listening(slack, team, door), team.app) as serving:
        assert serving.listening.platform.connected
        assert await slack.delivery.verify(team.app)
        await ana.types("/apply", "general")
        await until(lambda: bool(ana.stack))
        await ana.fills(goal="learn")
        assert "Thank you." in ana.modal
        await ana.says("hello")
        await ana.will_see("Yes?")
        assert len(door.heard) == 3


async def test_an_event_that_slack_sends_again_changes_nothing(slack: FakeSlack, team: Team, ana: Person) -> None:
    slack.redeliver(3)
    async with Serving(Listening(slack, team, SmallDoor({"wrote": said("Yes?")})), team.app) as serving:
        await ana.says("hello")
        await ana.will_see("Yes?")
        await slack.quiet()
        assert ana.inbox == ["Yes?"]
        assert len(serving.listening.door.heard) == 1


async def test_a_slow_form_is_acknowledged_first(slack: FakeSlack, team: Team, ana: Person) -> None:
    door = SmallDoor({"/apply": asked("apply", "goal"), "apply": said("Thank you.")}, slow={"apply": SLOW})
    async with Serving(Listening(slack, team, door), team.app):
        await ana.types("/apply", "general")
        await until(lambda: bool(ana.stack))
        await ana.fills(goal="learn")
        await ana.will_see("Thank you.")
        assert not ana.problems


def command_of(team: Team, account: str = "U1") -> str:
    return json.dumps({"command": "/cohort", "text": "", "team_id": team.id, "user_id": account, "trigger_id": "1.2"})


async def post(url: str, body: str, headers: dict[str, str]) -> int:
    headers = {"Content-Type": "application/json", **headers}
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
        return response.status


async def test_a_forged_signature_is_refused(slack: FakeSlack, team: Team) -> None:
    body = command_of(team)
    signed = team.app.signed(body)
    async with Serving(Listening(slack, team), team.app) as serving:
        for headers in (
            {},
            {**signed, "X-Slack-Signature": "v0=" + "0" * 64},
            {**signed, "X-Slack-Request-Timestamp": "soon"},
            {**signed, "X-Slack-Request-Timestamp": "²"},
        ):
            assert await post(serving.url, body, headers) == 401
        assert await post(serving.url, body + " ", signed) == 401
        assert serving.listening.door.heard == []


async def test_a_request_older_than_five_minutes_is_refused(slack: FakeSlack, team: Team) -> None:
    body = command_of(team)
    async with Serving(Listening(slack, team), team.app) as serving:
        assert await post(serving.url, body, team.app.signed(body, at=slack.clock() - 301)) == 401
        assert await post(serving.url, body, team.app.signed(body, at=slack.clock() + 301)) == 401
        assert await post(serving.url, body, team.app.signed(body, at=slack.clock() - 200)) == 200
        assert len(serving.listening.door.heard) == 1


async def test_one_app_cannot_speak_for_the_workspace_of_another(slack: FakeSlack, team: Team, ana: Person) -> None:
    other = slack.add_team("Other")
    installed = [Installed(one.bot_token, SlackApp(signing_secret=one.app.signing_secret)) for one in (team, other)]
    listening = Listening(slack, team, installed=installed)
    async with Serving(listening, team.app, other.app) as serving:
        body = command_of(team)
        assert await post(serving.url, body, other.app.signed(body)) == 401
        assert listening.door.heard == []
        assert await post(serving.url, body, team.app.signed(body)) == 200
        body = command_of(other)
        assert await post(serving.url, body, other.app.signed(body)) == 200
        assert [(heard.workspace, heard.deed) for heard in listening.door.heard] == [
            (team.id, Typed("/cohort", marked=True)),
            (other.id, Typed("/cohort", marked=True)),
        ]


async def test_a_workspace_that_nobody_installed_is_refused(slack: FakeSlack, team: Team) -> None:
    stranger = slack.add_team("Stranger", app=team.app)
    body = command_of(stranger)
    async with Serving(Listening(slack, team), team.app) as serving:
        assert await post(serving.url, body, team.app.signed(body)) == 401


async def test_what_is_signed_and_makes_no_sense_breaks_nothing(slack: FakeSlack, team: Team, ana: Person) -> None:
    async with Serving(Listening(slack, team, SmallDoor({"/cohort": said("Home.")})), team.app) as serving:
        assert await post(serving.url, "{", team.app.signed("{")) == 400
        assert await post(serving.url, "[]", team.app.signed("[]")) == 400
        for payload in ({"type": "event_callback"}, {"type": "block_actions", "actions": []}, {"type": "what"}):
            body = json.dumps({**payload, "team_id": team.id})
            assert await post(serving.url, body, team.app.signed(body)) == 200
        await ana.types("/cohort", "general")
        assert ana.ephemerals == ["Home."]


async def test_before_the_platform_listens_slack_is_asked_to_try_again(slack: FakeSlack, team: Team) -> None:
    body = command_of(team)
    async with Serving(Listening(slack, team), team.app, hears=False) as serving:
        assert await post(serving.url, body, team.app.signed(body)) == 503


async def test_a_workspace_whose_token_was_revoked_is_refused_and_the_others_are_not(
    slack: FakeSlack, team: Team, ana: Person
) -> None:
    other = slack.add_team("Other", app=team.app)
    ben = other.add_person("Ben")
    app = SlackApp(signing_secret=team.app.signing_secret)
    installed = [Installed(team.bot_token, app), Installed(other.bot_token, app)]
    listening = Listening(slack, team, SmallDoor({"/cohort": said("Home.")}), installed=installed)
    async with Serving(listening, team.app):
        await team.revoke_token()
        await until(lambda: [workspace.team for workspace in listening.platform.workspaces] == [other.id])
        await ben.types("/cohort", "general")
        assert ben.ephemerals == ["Home."]
        assert not (await ana.types("/cohort", "general")).ok


async def test_what_is_being_decided_when_listening_ends_is_still_answered(
    slack: FakeSlack, team: Team, ana: Person
) -> None:
    door = SmallDoor({"/cohort": said("Home.")}, slow={"/cohort": 0.3})
    async with Serving(Listening(slack, team, door), team.app) as serving:
        typing = asyncio.create_task(ana.types("/cohort", "general"))
        await until(lambda: bool(door.heard))
        serving.listening.platform.hears = False
        assert (await typing).ok
        assert ana.ephemerals == ["Home."]
