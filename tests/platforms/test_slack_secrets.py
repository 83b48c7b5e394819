"""No secret stands in what Caravan writes: not in its logs at their most talkative, not in what errors and objects say
of themselves, not in the doctor's findings, not in the database.
"""

from __future__ import annotations

import asyncio
import base64
import io
import logging
import os
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
import structlog
from typer.testing import CliRunner

from bot import logs
from bot.cli.group import program
from bot.config import ADDRESSES, OF_A_WORKSPACE, SECRETS, Settings
from bot.installations import SealedInstallations
from bot.platforms.base import Kind, Parcel, SendError
from bot.platforms.slack.api import Api, new_session
from bot.platforms.slack.pacing import Pace
from bot.platforms.slack.setup import Installed, Mode, OAuth, Setup, SlackApp
from bot.sealing import seal_from
from bot.threads import Threads
from tests.platforms.slack_mortal import NAMES, Mortal, begun, evening, exported, recruiting

pytestmark = pytest.mark.slow

BROKEN = ("chat.postMessage", "conversations.create", "conversations.invite", "conversations.open")
WORDS = "It went unspeakably well"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """All that is logged at debug level, by us and by every library; afterwards everything is as it was."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    stream = io.StringIO()
    logs.configure(Settings(log_level="debug", log_format="json"), stream)
    yield stream
    root.setLevel(level)
    root.handlers[:] = handlers
    structlog.reset_defaults()


class Hosted(Mortal):
    """One app for everybody: Acme by a token from the environment, Globex by the page in the browser."""

    def __init__(self, folder: Path, mode: Mode = Mode.SOCKET) -> None:
        super().__init__(folder, mode)
        self.key = base64.b64encode(os.urandom(32)).decode()
        self.globex = self.slack.add_team("Globex", installed=False)

    async def begins(self) -> None:
        self.globex.app = self.team.app
        await super().begins()

    def setup(self) -> Setup:
        fake = self.team.app
        app = SlackApp(fake.app_token, fake.signing_secret)
        kept = SealedInstallations(Threads(self.store), seal_from(self.key), app, self.clock)
        oauth = OAuth(fake.client_id, fake.client_secret, "https://caravan.example/slack/oauth_redirect", app)
        own = Installed(self.team.bot_token, app)
        return Setup(api_url=self.slack.api_url, mode=self.mode, installed=(own,), oauth=oauth, kept=kept)

    async def lets_in_globex(self) -> None:
        """What /slack/oauth_redirect does once Slack has given the token."""
        self.globex.install(set(self.scopes))
        installed = Installed(self.globex.bot_token, self.setup().installed[0].app, self.globex.id, "Globex", "U1")
        assert self.platform.setup.kept is not None
        await self.platform.setup.kept.keep(installed)
        await self.platform.workspaces.add(installed)

    @property
    def secrets(self) -> Mapping[str, str]:
        fake = self.team.app
        return {
            "bot token": self.team.bot_token,
            "bot token of an installation": self.globex.bot_token,
            "app token": fake.app_token,
            "signing secret": fake.signing_secret,
            "client secret": fake.client_secret,
            "secret key": self.key,
        }


def leaks(secrets: Mapping[str, str], text: str | bytes) -> list[str]:
    """Which of them stand in it, also as the half that would still be worth guessing from."""
    told = text if isinstance(text, bytes) else text.encode()
    halves = {name: secret.removeprefix("xoxb-").removeprefix("xapp-1-")[:12] for name, secret in secrets.items()}
    return [name for name, half in halves.items() if half.encode() in told]


@pytest.fixture(params=list(Mode), ids=lambda mode: mode.value)
async def world(request: pytest.FixtureRequest, tmp_path: Path, written: io.StringIO) -> AsyncIterator[Hosted]:
    async with Hosted(tmp_path, request.param) as made:
        yield made


async def test_a_story_full_of_failures_leaves_no_secret_in_logs_or_database(
    world: Hosted, written: io.StringIO
) -> None:
    slack = world.slack
    await world.lets_in_globex()
    await recruiting(world)
    slack.fail("users.info")
    slack.lose_answer("users.info")
    for method in BROKEN:
        slack.lose_answer(method)
        slack.fail(method)
        slack.fail(method, after=True)
        slack.fail_error(method, "something_new")
        slack.rate_limit(method, 2)
    await begun(world)
    ana = world.member("Ana")
    slack.drop_sockets(for_seconds=0.2)
    await ana.person.types("/cohort home")
    await world.connected()
    await evening(world)
    await world.passes(minutes=1)
    await ana.types(f"/submit {WORDS}")
    slack.fail_error("files.completeUploadExternal", "file_not_found", None)
    await exported(world)
    slack.heal()
    first = dict(world.secrets)
    await world.team.revoke_token()
    world.globex.bot_active = False
    await world.globex.add_person("Gil").types("/cohort home")
    await world.passes(days=2)
    world.globex.bot_active = True
    world.team.install(set(world.scopes))
    await world.restarts()
    await unsigned(world)
    every = {**first, **{f"new {name}": secret for name, secret in world.secrets.items()}}
    text = written.getvalue()
    for said in ("answer lost", "send refused", "slack workspace gone", "slack workspace off"):
        assert said in text
    assert leaks(every, text) == []
    assert WORDS not in text
    assert not any(f"{name.lower()}@example.org" in text for name in NAMES)
    for file in world.file.parent.glob("caravan.sqlite*"):
        assert leaks(every, file.read_bytes()) == []
    assert WORDS.encode() in b"".join(file.read_bytes() for file in world.file.parent.glob("caravan.sqlite*"))
    assert await kept(world) == [world.globex.bot_token]


async def unsigned(world: Hosted) -> None:
    """Somebody else knocks, over HTTP."""
    if world.mode is Mode.HTTP:
        assert world.team.app.request_url is not None
        async with world.slack.session.post(world.team.app.request_url, data=b"{}") as response:
            assert response.status == 401


async def kept(world: Hosted) -> list[str]:
    """The installations are there all the same, for whoever has the key."""
    assert world.platform.setup.kept is not None
    return [one.bot_token for one in await world.platform.setup.kept.all()]


async def test_nothing_says_a_secret_of_itself(world: Hosted, written: io.StringIO) -> None:
    await world.lets_in_globex()
    setup = world.platform.setup
    workspace = world.platform.workspaces.of(world.team.id)
    assert setup.oauth is not None
    things: list[object] = [
        *(setup, setup.oauth, setup.oauth.app, *setup.installed, setup.kept, replace(setup, minimal=True)),
        *(world.platform, world.platform.workspaces, workspace, workspace.installed, workspace.api),
        *(world.platform.hearing(world.app.doors["slack"]), *world.platform.hearing(world.app.doors["slack"]).ears()),
        seal_from(world.key),
    ]
    for thing in things:
        assert leaks(world.secrets, f"{thing!r} {thing}") == [], type(thing)
    parcel = Parcel(key="k", kind=Kind.POST, workspace=world.team.id, account="U0NOBODY")
    breaks: list[Callable[[], object]] = [
        lambda: world.slack.fail_error("conversations.open", "missing_scope"),
        lambda: world.slack.fail_error("conversations.open", "invalid_auth"),
        lambda: world.slack.fail_error("conversations.open", "something_new"),
        lambda: world.slack.rate_limit("conversations.open", 30),
        lambda: world.slack.lose_answer("conversations.open"),
        lambda: world.slack.fail("conversations.open"),
        lambda: world.slack.downtime(60),
    ]
    for breaking in breaks:
        breaking()
        with pytest.raises((SendError, OSError)) as raised:
            await world.platform.send(parcel)
        told = "".join(traceback.format_exception(raised.value)) + repr(raised.value) + repr(vars(raised.value))
        assert leaks(world.secrets, told) == []
        await world.platform.workspaces.retry()
    async with new_session() as session:
        nowhere = Api(world.team.bot_token, "http://127.0.0.1:9/api/", session, Pace())
        with pytest.raises(SendError) as unreachable:
            await nowhere.call("auth.test")
        assert leaks(world.secrets, "".join(traceback.format_exception(unreachable.value))) == []
    assert leaks(world.secrets, written.getvalue()) == []


async def test_an_error_that_is_logged_with_everything_it_knows_tells_no_secret(
    world: Hosted, written: io.StringIO
) -> None:
    """Also when a library, or somebody in a hurry, logs a token itself."""
    token = world.team.bot_token
    try:
        raise aiohttp.ClientError(f"refused: Bearer {token}")
    except aiohttp.ClientError:
        structlog.get_logger("bot").exception("it broke", sent=f"Bearer {token}", app=world.team.app.app_token)
        logging.getLogger("aiohttp.client").exception("it broke with %s", token)
        logging.getLogger("slack_sdk").error("sent %s", {"token": token})
    assert written.getvalue().count("it broke") == 2
    assert leaks(world.secrets, written.getvalue()) == []


@pytest.mark.parametrize("mode", list(Mode), ids=lambda mode: mode.value)
async def test_the_doctor_tells_what_is_wrong_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: Mode
) -> None:
    folder = tmp_path / "house"
    folder.mkdir()
    async with Hosted(folder, mode) as world:
        await world.lets_in_globex()
        first = dict(world.secrets)
        variables = {
            "SLACK_API_URL": world.slack.api_url,
            "SLACK_BOT_TOKEN": world.team.bot_token,
            "SLACK_APP_TOKEN": world.team.app.app_token,
            "SLACK_SIGNING_SECRET": world.team.app.signing_secret,
            "SLACK_CLIENT_ID": world.team.app.client_id,
            "SLACK_CLIENT_SECRET": world.team.app.client_secret,
            "CARAVAN_SECRET_KEY": world.key,
            "CARAVAN_SLACK__MODE": mode.value,
            "CARAVAN_SLACK__PUBLIC_URL": "https://caravan.example",
        }
        alone(monkeypatch, folder, variables)
        outputs = [await doctor()]
        world.team.take_scope("files:write", "im:write")
        world.team.app.app_token_scopes.clear()
        outputs.append(await doctor())
        world.globex.bot_active = False
        await world.team.uninstall()
        outputs.append(await doctor())
        world.slack.downtime(5)
        outputs.append(await doctor())
        monkeypatch.setenv("CARAVAN_SECRET_KEY", base64.b64encode(os.urandom(32)).decode())
        monkeypatch.setenv("SLACK_BOT_TOKEN", world.team.app.app_token)
        outputs.append(await doctor())
        assert "✓ slack: Acme" in outputs[0]
        assert all("✗" in one for one in outputs[1:])
        for output in outputs:
            assert leaks({**first, **world.secrets}, output) == []


def alone(monkeypatch: pytest.MonkeyPatch, folder: Path, variables: Mapping[str, str]) -> None:
    """With these variables and no others of ours."""
    monkeypatch.chdir(folder)
    for name in [*os.environ]:
        if name.startswith(("CARAVAN_", *OF_A_WORKSPACE)) or name in ADDRESSES or name.removesuffix("_FILE") in SECRETS:
            monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


async def doctor() -> str:
    result = await asyncio.to_thread(CliRunner().invoke, program(), ["doctor"])
    return result.output + repr(result.exception)
