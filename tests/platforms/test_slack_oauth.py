"""A workspace installs the app by itself: the way through Slack and back, and what must not get through."""

from __future__ import annotations

import base64
import os
import re
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.clock import SystemClock
from bot.config import TEMPLATES
from bot.installations import SealedInstallations
from bot.platforms.slack.oauth import COOKIE, Refused, check_state, routes, state_for
from bot.platforms.slack.scopes import scope_names
from bot.platforms.slack.send import SlackPlatform
from bot.platforms.slack.setup import OAuth, Setup, SlackApp
from bot.sealing import seal_from
from bot.threads import Threads
from bot.words import Words
from cohorts.store import Store
from tests.platforms.fakes.slack import FakeSlack, Team


@dataclass
class Time:
    """Ours, which may run ahead."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Host:
    """Caravan's own web server with the two pages, and a browser that goes there."""

    slack: FakeSlack
    team: Team
    platform: SlackPlatform
    browser: aiohttp.ClientSession
    kept: SealedInstallations
    url: str
    time: Time

    async def get(self, path: str) -> tuple[int, str]:
        """Where one ends up, every redirection followed."""
        async with self.browser.get(self.url + path) as response:
            return response.status, await response.text()

    async def step(self, address: str) -> str:
        """One redirection, not followed."""
        async with self.browser.get(address, allow_redirects=False) as response:
            assert response.status == 302
            return response.headers["Location"]

    async def back_from_slack(self) -> str:
        """The way through Slack's page; the address it leads back to."""
        return await self.step(await self.step(f"{self.url}/slack/install"))


@pytest.fixture
def threads(tmp_path: Path, migrated: Path) -> Iterator[Threads]:
    file = tmp_path / "caravan.sqlite"
    file.write_bytes(migrated.read_bytes())
    store = Store(f"sqlite:///{file}", durable=False)
    made = Threads(store)
    yield made
    made.close()
    store.close()


@pytest.fixture
async def host(threads: Threads) -> AsyncIterator[Host]:
    way_in = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{way_in.getsockname()[1]}"
    async with FakeSlack() as slack, aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        team = slack.add_team("Acme & Söhne", installed=False)
        team.add_person("Ana")
        key = base64.b64encode(os.urandom(32)).decode()
        app = SlackApp(app_token=team.app.app_token)
        kept = SealedInstallations(threads, seal_from(key), app, SystemClock())
        oauth = OAuth(team.app.client_id, team.app.client_secret, f"{url}/slack/oauth_redirect", app)
        time = Time()
        setup = Setup(api_url=slack.api_url, oauth=oauth, kept=kept)
        platform = SlackPlatform(setup, Words([TEMPLATES]), time.now)
        served = web.Application()
        served.add_routes(routes(platform))
        runner = web.AppRunner(served, access_log=None)
        await runner.setup()
        await web.SockSite(runner, way_in).start()
        yield Host(slack, team, platform, browser, kept, url, time)
        await runner.cleanup()
        await platform.close()


async def test_one_click_brings_the_bot_into_a_workspace_and_its_token_into_the_database(host: Host) -> None:
    status, text = await host.get("/slack/install")
    assert status == 200, text
    assert "Caravan is in Acme &amp; Söhne" in text
    (installed,) = await host.kept.all()
    assert (installed.team, installed.name, installed.bot_token) == (host.team.id, "Acme & Söhne", host.team.bot_token)
    assert installed.app == SlackApp(app_token=host.team.app.app_token)
    assert host.platform.workspaces.of(host.team.id).installed.bot_token == host.team.bot_token
    assert host.team.scopes == set(scope_names())


async def test_slack_is_asked_for_what_the_manifest_asks_for(host: Host) -> None:
    to = urlsplit(await host.step(f"{host.url}/slack/install"))
    asked = {name: values[0] for name, values in parse_qs(to.query).items()}
    assert f"{to.scheme}://{to.netloc}" == host.slack.url
    assert to.path == "/oauth/v2/authorize"
    assert asked["scope"].split(",") == list(scope_names())
    assert asked["client_id"] == host.team.app.client_id
    assert asked["redirect_uri"] == f"{host.url}/slack/oauth_redirect"
    assert host.team.app.client_secret not in to.query


async def test_the_cookie_is_for_the_way_back_only(host: Host) -> None:
    async with host.browser.get(f"{host.url}/slack/install", allow_redirects=False) as response:
        cookie = response.cookies[COOKIE]
        state = parse_qs(urlsplit(response.headers["Location"]).query)["state"][0]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"], cookie["max-age"]) == ("Lax", "/slack/oauth_redirect", "600")
    assert cookie.value not in state


async def test_a_link_that_somebody_else_began_installs_nothing(host: Host) -> None:
    back = await host.back_from_slack()
    host.browser.cookie_jar.clear()
    status, text = await host.get(back.removeprefix(host.url))
    assert (status, "another browser" in text) == (400, True)
    await host.step(f"{host.url}/slack/install")  # a cookie of one's own, and still the other's state
    status, text = await host.get(back.removeprefix(host.url))
    assert (status, "another browser" in text) == (400, True)
    assert await host.kept.all() == []
    assert "oauth.v2.access" not in {call.method for call in host.slack.calls}


async def test_after_ten_minutes_it_has_to_be_begun_again(host: Host) -> None:
    back = await host.back_from_slack()
    host.time.ahead = timedelta(minutes=10, seconds=2)
    status, text = await host.get(back.removeprefix(host.url))
    assert (status, "ten minutes" in text) == (400, True)
    assert await host.kept.all() == []


async def test_the_way_back_is_gone_only_once(host: Host) -> None:
    back = await host.back_from_slack()
    assert (await host.get(back.removeprefix(host.url)))[0] == 200
    assert (await host.get(back.removeprefix(host.url)))[0] == 400
    assert [call.method for call in host.slack.calls].count("oauth.v2.access") == 1


async def test_whoever_says_no_reads_that_nothing_was_changed(host: Host) -> None:
    host.slack.declines_install = True
    status, text = await host.get("/slack/install")
    assert (status, "Nothing was changed" in text) == (400, True)
    assert '<a href="/slack/install">' in text


@pytest.mark.parametrize(
    ("error", "words"),
    [("code_already_used", "used or has run out"), ("bad_client_secret", "whoever runs this Caravan")],
)
async def test_what_slack_refuses_is_told_without_slack_s_own_words(host: Host, error: str, words: str) -> None:
    host.slack.fail_error("oauth.v2.access", error)
    status, text = await host.get("/slack/install")
    assert status == 400
    assert words in " ".join(text.split())
    assert error not in text


async def test_slack_falling_silent_is_told_and_another_try_helps(host: Host) -> None:
    host.slack.fail("oauth.v2.access", status=500)
    status, text = await host.get("/slack/install")
    assert (status, "Slack did not answer" in text) == (502, True)
    assert (await host.get("/slack/install"))[0] == 200


async def test_installing_again_replaces_the_token(host: Host) -> None:
    await host.get("/slack/install")
    first = host.team.bot_token
    await host.get("/slack/install")
    (installed,) = await host.kept.all()
    assert installed.bot_token == host.team.bot_token != first
    assert host.platform.workspaces.of(host.team.id).installed.bot_token == host.team.bot_token


async def test_nothing_is_logged_but_which_workspace_it_was(host: Host) -> None:
    with capture_logs() as logs:
        await host.get("/slack/install")
        host.slack.fail_error("oauth.v2.access", "bad_client_secret")
        await host.get("/slack/install")
    said = str(logs)
    assert host.team.id in said
    for hidden in (host.team.bot_token, host.team.app.client_secret, host.team.name, "code-", "Ana"):
        assert hidden not in said


async def test_the_pages_load_nothing_and_stand_in_no_frame(host: Host) -> None:
    async with host.browser.get(f"{host.url}/slack/oauth_redirect") as response:
        policy = response.headers["Content-Security-Policy"]
        text = await response.text()
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"<script|src=|<link", text)


async def test_without_oauth_credentials_there_are_no_such_pages(host: Host) -> None:
    setup = replace(host.platform.setup, oauth=None)
    assert routes(SlackPlatform(setup, Words([TEMPLATES]), host.time.now)) == ()


@pytest.mark.parametrize("state", ["", ".", "x.y", "9999999999", "9999999999.", "²³.ab", "-1.ab", "9" * 5000 + ".ab"])
def test_a_state_that_is_none_of_ours_is_refused(state: str) -> None:
    oauth = OAuth("1.2", "a secret")
    with pytest.raises(Refused):
        check_state(oauth, state, "nonce", now=0)


def test_a_state_counts_for_its_nonce_its_secret_and_its_time() -> None:
    oauth = OAuth("1.2", "a secret")
    state = state_for(oauth, "nonce", expires=100)
    check_state(oauth, state, "nonce", now=100)
    for other, nonce, now in (
        (oauth, "nonce", 101),
        (oauth, "other", 1),
        (oauth, "", 1),
        (OAuth("1.2", "b"), "nonce", 1),
    ):
        with pytest.raises(Refused):
            check_state(other, state, nonce, now=now)
    with pytest.raises(Refused):
        check_state(oauth, state.replace("100.", "900.", 1), "nonce", now=1)
