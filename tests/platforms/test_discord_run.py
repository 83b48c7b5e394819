"""`caravan run` with Discord's token: alone, beside Slack, and with one that is wrong; and how it is set up."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner, Result

from bot.cli import group
from bot.cli.manifest import discord_invitation
from bot.platforms.discord.permissions import ASKED, asked
from tests.platforms.discord_stage import until
from tests.platforms.fakes.discord import FakeDiscord
from tests.platforms.fakes.slack import FakeSlack
from tests.platforms.test_slack_run import Running, caravan

ID = "1187462201234567890"


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake


def told(discord: FakeDiscord) -> dict[str, str]:
    """What the environment of a Caravan says of this Discord."""
    return {
        "DISCORD_API_URL": discord.api_url,
        "DISCORD_GATEWAY_URL": discord.gateway_url,
        "DISCORD_TOKEN": discord.token,
    }


async def said(running: Running) -> str:
    """All that a Caravan writes which ends by itself."""
    async with asyncio.timeout(60):
        return b"".join(await running.process.communicate()).decode()


@pytest.mark.slow
async def test_one_token_is_enough_and_sigterm_ends_it(discord: FakeDiscord, tmp_path: Path) -> None:
    guild = discord.add_guild("Acme")
    ana = guild.add_person("Ana")
    async with caravan(tmp_path, told(discord)) as running:
        import aiohttp

        async with aiohttp.ClientSession() as session:
            assert (await running.healthy(session))["platforms"] == {"discord": True}
        await until(lambda: bool(discord.commands.get(None)))
        await ana.uses("/cohort help")
        assert ana.ephemerals
        code, written = await running.ended()
        assert code == 0, written
    assert discord.token not in written
    assert not discord.faults


@pytest.mark.slow
async def test_slack_and_discord_are_served_by_one_process(discord: FakeDiscord, tmp_path: Path) -> None:
    ben = discord.add_guild("Acme").add_person("Ben")
    async with FakeSlack() as slack:
        team = slack.add_team("Globex")
        ana = team.add_person("Ana")
        variables = told(discord) | {
            "SLACK_API_URL": slack.api_url,
            "SLACK_BOT_TOKEN": team.bot_token,
            "SLACK_APP_TOKEN": team.app.app_token,
        }
        async with caravan(tmp_path, variables) as running:
            assert (await running.healthy(slack.session))["platforms"] == {"slack": True, "discord": True}
            await until(lambda: bool(discord.commands.get(None)))
            await ana.types("/cohort help")
            await ben.uses("/cohort help")
            await until(lambda: bool(ana.whispers and ben.ephemerals))
            code, written = await running.ended()
            assert code == 0, written


@pytest.mark.slow
async def test_with_development_guilds_the_commands_are_there_alone(discord: FakeDiscord, tmp_path: Path) -> None:
    workshop = discord.add_guild("Workshop")
    variables = told(discord) | {"CARAVAN_DISCORD__DEVELOPMENT_GUILDS": str(workshop.id)}
    async with caravan(tmp_path, variables):
        await until(lambda: bool(discord.commands.get(workshop.id)))
        assert not discord.commands.get(None)
    # For everybody from now on, and not a second time in that server; then the other way again.
    async with caravan(tmp_path, told(discord)):
        await until(lambda: bool(discord.commands.get(None)) and not discord.commands.get(workshop.id))
    async with caravan(tmp_path, variables):
        await until(lambda: bool(discord.commands.get(workshop.id)) and not discord.commands.get(None))


@pytest.mark.slow
async def test_a_token_that_discord_refuses_is_one_clear_line(discord: FakeDiscord, tmp_path: Path) -> None:
    async with caravan(tmp_path, told(discord) | {"DISCORD_TOKEN": "not.the.right-one"}) as running:
        written = (await said(running)).strip()
    assert running.process.returncode == 2
    assert "DISCORD_TOKEN: Discord refuses it; expected the bot's token" in written
    assert len(written.splitlines()) == 1
    assert "right-one" not in written


@pytest.mark.slow
async def test_where_discord_cannot_be_reached_it_waits_and_serves_the_rest(tmp_path: Path) -> None:
    import aiohttp

    async with FakeSlack() as slack:
        team = slack.add_team("Globex")
        ana = team.add_person("Ana")
        variables = {
            "DISCORD_API_URL": "http://127.0.0.1:1/api",
            "DISCORD_TOKEN": "a.b.c",
            "SLACK_API_URL": slack.api_url,
            "SLACK_BOT_TOKEN": team.bot_token,
            "SLACK_APP_TOKEN": team.app.app_token,
        }
        async with caravan(tmp_path, variables) as running:
            seen: object = None
            for _ in range(600):
                try:
                    async with slack.session.get(f"{running.url}/health") as response:
                        seen = (await response.json())["platforms"]
                except aiohttp.ClientConnectionError:
                    seen = None
                if seen == {"slack": True, "discord": False}:
                    break
                await asyncio.sleep(0.1)
            assert seen == {"slack": True, "discord": False}
            await ana.types("/cohort help")
            await until(lambda: bool(ana.whispers))


# Setting it up.


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(group.program(), list(arguments))


def refused(*arguments: str) -> str:
    """The one line that `caravan` says, with exit code 2."""
    result = ran(*arguments)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1), result.output
    return result.stderr


def test_the_invitation_asks_for_what_is_explained_and_no_more() -> None:
    text = discord_invitation(ID)
    (link,) = [line.strip() for line in text.splitlines() if "https://" in line]
    query = parse_qs(urlsplit(link).query)
    assert query["client_id"] == [ID]
    assert query["permissions"] == [str(asked().value)]
    assert set(query["scope"][0].split()) == {"bot", "applications.commands"}
    for one in ASKED:
        assert sum(line.endswith(f"  {one.reason}") for line in text.splitlines()) >= 1, one.name
    assert max(map(len, text.replace(link, "").splitlines())) <= 110


def test_the_manifest_knows_the_application_by_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    token = base64.b64encode(ID.encode()).decode().rstrip("=") + ".Gabcde.secret"
    monkeypatch.setenv("DISCORD_TOKEN", token)
    result = ran("manifest", "discord")
    assert result.exit_code == 0
    assert f"client_id={ID}" in result.stdout
    assert "secret" not in result.stdout
    monkeypatch.delenv("DISCORD_TOKEN")
    assert ran("manifest", "discord", "--application", ID).stdout == result.stdout


@pytest.mark.parametrize(
    ("token", "arguments", "words"),
    [
        ("", ["manifest", "discord"], "DISCORD_TOKEN is not set"),
        ("1.2", ["manifest", "discord"], "--application ID"),
        ("", ["manifest", "discord", "--application", "acme"], "expected its id"),
        ("", ["manifest", "slack", "--application", ID], "--application is for discord"),
        ("", ["manifest", "discord", "--minimal"], "--minimal and --url are for slack"),
        ("xoxb-1.2", ["run"], "found a bot token; expected the bot's token, of the application's page Bot"),
        ("f00dfeed", ["run"], "found something else; expected the bot's token"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    token: str,
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DISCORD_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    if token:
        monkeypatch.setenv("DISCORD_TOKEN", token)
    line = refused(*arguments)
    assert words in line
    assert "f00dfeed" not in line and "xoxb-1" not in line


async def test_the_doctor_asks_discord(discord: FakeDiscord, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    discord.add_guild("Acme")
    monkeypatch.chdir(tmp_path)
    for name, value in told(discord).items():
        monkeypatch.setenv(name, value)
    lines = (await asyncio.to_thread(ran, "doctor")).stdout.splitlines()
    assert "✓ discord: Caravan" in lines
    assert "✓ discord permissions (Acme): all there" in lines
    monkeypatch.setenv("DISCORD_TOKEN", "f00dfeed")
    result = await asyncio.to_thread(ran, "doctor")
    assert result.exit_code == 1
    assert any(
        line.startswith("✗ discord: environment: DISCORD_TOKEN: found something") for line in result.stdout.splitlines()
    )
