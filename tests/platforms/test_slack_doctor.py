"""What the doctor finds in Slack: a line each, with the mend, and never a token."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from typer.testing import CliRunner, Result

from bot.cli.group import program
from bot.config import ADDRESSES, OF_A_WORKSPACE, SECRETS
from bot.findings import Finding
from bot.platforms.slack.check import examined
from bot.platforms.slack.scopes import scope_names
from bot.platforms.slack.setup import Installed, Mode, OAuth, Setup, SlackApp
from bot.sealing import seal_from
from cohorts.installations import keep
from cohorts.store import Store
from tests.platforms.fakes.slack import FakeSlack, Team

FULL = frozenset(scope_names())


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


def setup_of(slack: FakeSlack, *teams: Team, minimal: bool = False, mode: Mode = Mode.SOCKET) -> Setup:
    installed = (
        Installed(team.bot_token, SlackApp(app_token=team.app.app_token), name=team.name if number else "")
        for number, team in enumerate(teams)
    )
    return Setup(api_url=slack.api_url, mode=mode, minimal=minimal, installed=tuple(installed))


async def found(setup: Setup, *, ahead: timedelta = timedelta(), patience: float = 10.0) -> list[Finding]:
    return [one async for one in examined(setup, lambda: datetime.now(UTC) + ahead, patience=patience)]


def wrong(findings: list[Finding]) -> list[str]:
    return [str(one) for one in findings if one.mend]


async def test_where_all_is_well_each_line_says_so(slack: FakeSlack) -> None:
    team = slack.add_team("Acme", scopes=FULL)
    findings = await found(setup_of(slack, team))
    assert wrong(findings) == []
    lines = [str(one) for one in findings]
    assert "✓ clock: within 60 s of Slack's" in lines
    assert f"✓ slack: Acme ({team.id}), as @caravan" in lines
    assert "✓ slack scopes: all there, and none too many" in lines
    assert "✓ slack rooms: the bot makes the cohort's room and invites its members" in lines
    assert "✓ slack socket mode: opens" in lines


async def test_missing_scopes_are_named_with_the_mend_and_spare_ones_only_named(slack: FakeSlack) -> None:
    team = slack.add_team(scopes=FULL - {"files:write", "users:read.email"} | {"reactions:write"})
    (line,) = wrong(await found(setup_of(slack, team)))
    assert "missing: files:write, users:read.email" in line
    assert "install the app again" in line
    team.scopes |= {"files:write", "users:read.email"}
    findings = await found(setup_of(slack, team))
    assert wrong(findings) == []
    assert any("not needed: reactions:write" in one.found for one in findings)


async def test_without_rights_over_rooms_it_offers_the_minimal_way(slack: FakeSlack) -> None:
    team = slack.add_team(scopes=frozenset(scope_names(minimal=True)))
    (line,) = wrong(await found(setup_of(slack, team)))
    assert "missing: bookmarks:read, bookmarks:write, channels:manage, groups:write, pins:write" in line
    assert "minimal = true" in line
    findings = await found(setup_of(slack, team, minimal=True))
    assert wrong(findings) == []
    assert any("the facilitator makes the room" in one.found for one in findings)


@pytest.mark.parametrize("ahead", [timedelta(seconds=90), timedelta(seconds=-90)])
async def test_a_clock_that_drifts_is_noticed(slack: FakeSlack, ahead: timedelta) -> None:
    team = slack.add_team(scopes=FULL)
    (line,) = wrong(await found(setup_of(slack, team), ahead=ahead))
    assert ("ahead of Slack's" if ahead > timedelta() else "behind Slack's") in line
    assert "NTP" in line


async def test_a_token_that_slack_refuses_is_told_by_its_variable(slack: FakeSlack) -> None:
    acme, globex = slack.add_team("Acme", scopes=FULL), slack.add_team("globex", scopes=FULL)
    setup = setup_of(slack, acme, globex)
    await globex.uninstall()
    (line,) = wrong(await found(setup))
    assert line.startswith("✗ slack (globex): Slack refuses SLACK_BOT_TOKEN_GLOBEX (token_revoked)")
    assert globex.bot_token not in line


async def test_two_tokens_of_one_workspace_are_noticed(slack: FakeSlack) -> None:
    team = slack.add_team("Acme", scopes=FULL)
    (line,) = wrong(await found(setup_of(slack, team, team)))
    assert "is that of SLACK_BOT_TOKEN, too" in line
    assert "remove SLACK_BOT_TOKEN_ACME" in line


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("another kind", "(not_allowed_token_type); it is a token of another kind"),
        ("no scope", "has not connections:write; make an app-level token with connections:write"),
        ("http", "not enabled; switch it on under Socket Mode"),
        ("unknown", "Slack refuses SLACK_APP_TOKEN (invalid_auth); copy it again from Basic Information"),
    ],
)
async def test_socket_mode_that_does_not_open_says_why(slack: FakeSlack, trouble: str, words: str) -> None:
    team = slack.add_team(scopes=FULL)
    token = team.app.app_token
    if trouble == "another kind":
        token = team.bot_token
    elif trouble == "no scope":
        team.app.app_token_scopes.clear()
    elif trouble == "http":
        team.app.request_url = "http://127.0.0.1:1/"
    else:
        token = "xapp-unknown"
    setup = Setup(api_url=slack.api_url, installed=(Installed(team.bot_token, SlackApp(app_token=token)),))
    (line,) = wrong(await found(setup))
    assert line.startswith("✗ slack socket mode: ")
    assert words in line


async def test_a_workspace_s_own_app_is_asked_too_and_a_shared_one_once(slack: FakeSlack) -> None:
    acme, globex = slack.add_team("Acme", scopes=FULL), slack.add_team("Globex", scopes=FULL)
    initech = slack.add_team("Initech", app=acme.app, scopes=FULL)
    shared = SlackApp(app_token=acme.app.app_token)
    own = SlackApp(app_token=globex.app.app_token, held_in="SLACK_APP_TOKEN_GLOBEX")
    globex.app.app_token_scopes.clear()
    installed = (
        Installed(acme.bot_token, shared),
        Installed(globex.bot_token, own, name="globex"),
        Installed(initech.bot_token, shared, name="initech"),
    )
    (line,) = wrong(await found(Setup(api_url=slack.api_url, installed=installed)))
    assert line.startswith("✗ slack socket mode (SLACK_APP_TOKEN_GLOBEX): ")
    assert [call.method for call in slack.calls].count("apps.connections.open") == 2


async def test_an_app_that_nobody_has_installed_yet_is_asked_about_all_the_same(slack: FakeSlack) -> None:
    app = slack.add_team(installed=False).app
    oauth = OAuth(app.client_id, app.client_secret, app=SlackApp(app_token=app.app_token))
    findings = await found(Setup(api_url=slack.api_url, oauth=oauth))
    assert [str(one) for one in findings] == ["✓ clock: within 60 s of Slack's", "✓ slack socket mode: opens"]


async def test_over_http_no_socket_is_asked_for(slack: FakeSlack) -> None:
    team = slack.add_team(scopes=FULL)
    assert wrong(await found(setup_of(slack, team, mode=Mode.HTTP))) == []
    assert "apps.connections.open" not in {call.method for call in slack.calls}


async def test_slack_being_busy_is_not_taken_for_a_wrong_token(slack: FakeSlack) -> None:
    team = slack.add_team(scopes=FULL)
    slack.rate_limit("auth.test", 30)
    (line,) = wrong(await found(setup_of(slack, team)))
    assert "can't say now (ratelimited); ask again in a minute" in line


async def test_an_address_where_nobody_answers_is_told(slack: FakeSlack) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    setup = Setup(api_url=f"http://127.0.0.1:{port}/api/", installed=(Installed("xoxb-hidden"),))
    assert wrong(await found(setup)) == [
        f"✗ slack: 127.0.0.1:{port} cannot be reached; see that this machine reaches it, and that api_url of [slack] "
        "and SLACK_API_URL are right"
    ]
    team = slack.add_team(scopes=FULL)
    slack.slow("auth.test", 5)
    (line,) = wrong(await found(setup_of(slack, team), patience=0.1))
    assert "does not answer in time" in line


async def test_an_address_that_is_not_slack_s_is_told() -> None:
    app = web.Application()

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<h1>Welcome</h1>", content_type="text/html")

    app.router.add_route("*", "/{any:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        setup = Setup(api_url=f"http://{host}:{port}/api/", installed=(Installed("xoxb-hidden"),))
        (line,) = wrong(await found(setup))
        assert "does not answer as Slack does" in line
    finally:
        await runner.cleanup()


# -- the command -----------------------------------------------


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.chdir(tmp_path)
    for name in [*os.environ]:
        if name.startswith(("CARAVAN_", *OF_A_WORKSPACE)) or name in ADDRESSES or name.removesuffix("_FILE") in SECRETS:
            monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def database(tmp_path: Path, migrated: Path) -> Iterator[Store]:
    """Where the command line looks for it without a config."""
    file = tmp_path / "caravan.sqlite"
    file.write_bytes(migrated.read_bytes())
    store = Store(f"sqlite:///{file}", durable=False)
    yield store
    store.close()


async def doctor() -> Result:
    return await asyncio.to_thread(CliRunner().invoke, program(), ["doctor"])


async def test_the_doctor_asks_slack_and_shows_no_secret(slack: FakeSlack, alone: pytest.MonkeyPatch) -> None:
    team = slack.add_team("Acme", scopes=FULL - {"files:write"})
    secrets = {
        "SLACK_BOT_TOKEN": team.bot_token,
        "SLACK_APP_TOKEN": team.app.app_token,
        "SLACK_SIGNING_SECRET": team.app.signing_secret,
    }
    for name, value in secrets.items():
        alone.setenv(name, value)
    alone.setenv("SLACK_API_URL", slack.api_url)
    result = await doctor()
    assert result.exit_code == 1
    assert f"✓ slack: Acme ({team.id}), as @caravan" in result.stdout
    assert "✗ slack scopes: missing: files:write" in result.stdout
    team.scopes.add("files:write")
    alone.setenv("CARAVAN_SLACK__MODE", "http")
    again = await doctor()
    assert again.exit_code == 0, again.stdout
    assert "/slack/events has to lead to 127.0.0.1:8080, which is not checked from here" in again.stdout
    assert not any(value in result.output + again.output for value in secrets.values())


async def test_the_doctor_says_whose_installation_no_key_opens(
    slack: FakeSlack, alone: pytest.MonkeyPatch, database: Store
) -> None:
    old, new = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    sealed = seal_from(old).close("xoxb-hidden", about="slack/T1")
    when = datetime(2027, 1, 4, tzinfo=UTC)
    database.write(lambda db: keep(db, "slack", "T1", name="Acme", sealed=sealed, by="U1", now=when))
    app = slack.add_team(installed=False).app
    secrets = {
        "SLACK_APP_TOKEN": app.app_token,
        "SLACK_CLIENT_ID": app.client_id,
        "SLACK_CLIENT_SECRET": app.client_secret,
        "SLACK_API_URL": slack.api_url,
        "CARAVAN_SLACK__PUBLIC_URL": "https://caravan.example",
        "CARAVAN_SECRET_KEY": new,
    }
    for name, value in secrets.items():
        alone.setenv(name, value)
    result = await doctor()
    assert result.exit_code == 1
    assert "✗ slack installations: no key opens those of T1; put the key that sealed them into CARAVAN" in result.stdout
    alone.setenv("CARAVAN_SECRET_KEY", f"{new},{old}")
    again = await doctor()
    assert again.exit_code == 0, again.stdout
    assert "✓ slack installations: Acme (T1)" in again.stdout
    assert not any(hidden in result.output + again.output for hidden in (old, new, "hidden", app.client_secret))


async def test_the_doctor_says_what_does_not_go_together(alone: pytest.MonkeyPatch) -> None:
    alone.setenv("SLACK_BOT_TOKEN", "xapp-hidden")
    alone.setenv("SLACK_APP_TOKEN", "xapp-hidden")
    result = await doctor()
    assert result.exit_code == 1
    assert "✗ slack: environment: SLACK_BOT_TOKEN: found an app-level token" in result.stdout
    assert "hidden" not in result.output
