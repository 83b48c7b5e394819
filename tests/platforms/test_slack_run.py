"""`caravan run` with Slack's tokens: it connects, answers on its own web server, and ends when told."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from bot.config import ADDRESSES, OF_A_WORKSPACE, SECRETS
from tests.platforms.fakes.slack import FakeSlack

ROOT = Path(__file__).parents[2]


@dataclass
class Running:
    """A Caravan of its own process, and what it has written at its end."""

    process: asyncio.subprocess.Process
    url: str

    async def healthy(self, session: aiohttp.ClientSession) -> Mapping[str, object]:
        """What /health says once it is well."""
        said: Mapping[str, object] = {}
        for _ in range(600):
            assert self.process.returncode is None, await self.process.communicate()
            try:
                async with session.get(f"{self.url}/health") as response:
                    said = await response.json()
                    if response.status == 200:
                        return said
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.1)
        raise AssertionError(f"never well: {said}")

    async def ended(self) -> tuple[int | None, str]:
        """Told to stop as a container does; exit code and all it wrote."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            written = await self.process.communicate()
        return self.process.returncode, b"".join(written).decode()


@asynccontextmanager
async def caravan(folder: Path, variables: Mapping[str, str]) -> AsyncIterator[Running]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ours = ("CARAVAN_", *OF_A_WORKSPACE, *SECRETS, *ADDRESSES)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"PYTHONPATH": str(ROOT), "CARAVAN_WEB__PORT": str(port), **variables}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run"),
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Running(process, f"http://127.0.0.1:{port}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.mark.slow
async def test_in_socket_mode_two_tokens_are_enough_and_sigterm_ends_it(slack: FakeSlack, tmp_path: Path) -> None:
    team = slack.add_team("Acme")
    ana = team.add_person("Ana")
    variables = {
        "SLACK_API_URL": slack.api_url,
        "SLACK_BOT_TOKEN": team.bot_token,
        "SLACK_APP_TOKEN": team.app.app_token,
    }
    async with caravan(tmp_path, variables) as running:
        said = await running.healthy(slack.session)
        assert said["platforms"] == {"slack": True}
        await ana.types("/cohort help")
        await ana.will_see("What you can do here")
        code, written = await running.ended()
        assert code == 0, written
    assert team.bot_token not in written
    assert team.app.app_token not in written


@pytest.mark.slow
async def test_over_http_events_and_installations_come_to_its_own_web_server(slack: FakeSlack, tmp_path: Path) -> None:
    team = slack.add_team("Acme")
    variables = {
        "SLACK_API_URL": slack.api_url,
        "SLACK_BOT_TOKEN": team.bot_token,
        "SLACK_SIGNING_SECRET": team.app.signing_secret,
        "SLACK_CLIENT_ID": team.app.client_id,
        "SLACK_CLIENT_SECRET": team.app.client_secret,
        "CARAVAN_SECRET_KEY": base64.b64encode(os.urandom(32)).decode(),
        "CARAVAN_SLACK__MODE": "http",
        "CARAVAN_SLACK__PUBLIC_URL": "https://caravan.example",
    }
    async with caravan(tmp_path, variables) as running:
        assert (await running.healthy(slack.session))["platforms"] == {"slack": True}
        body = '{"type": "url_verification", "challenge": "c"}'
        events = f"{running.url}/slack/events"
        headers = {"Content-Type": "application/json"}
        async with slack.session.post(events, data=body, headers=headers) as unsigned:
            assert unsigned.status == 401
        async with slack.session.post(events, data=body, headers=headers | team.app.signed(body)) as signed:
            assert signed.status == 200
            assert "c" in await signed.text()
        async with slack.session.get(f"{running.url}/slack/install", allow_redirects=False) as install:
            assert install.headers["Location"].startswith(f"{slack.url}/oauth/v2/authorize?")
        code, written = await running.ended()
        assert code == 0, written
    assert not any(variables[name] in written for name in SECRETS if name in variables)
