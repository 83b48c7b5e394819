"""Slack's settings and secrets: what goes together becomes a setup, what doesn't is said in one line with the mend."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bot.cli.run import wanted
from bot.cli.tokens import slack_setup
from bot.config import ADDRESSES, OF_A_WORKSPACE, SECRETS, ConfigError, load, secret_names
from bot.platforms.slack.setup import Installed, Mode, Setup, SlackApp

BOT, APP = {"SLACK_BOT_TOKEN": "xoxb-1-hidden"}, {"SLACK_APP_TOKEN": "xapp-1-hidden"}
SIGNING = {"SLACK_SIGNING_SECRET": "0f0f-hidden"}
OAUTH = {
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "client-hidden",
    "CARAVAN_SECRET_KEY": "A" * 43 + "=",
    "CARAVAN_SLACK__PUBLIC_URL": "https://caravan.example",
}
HTTP = {"CARAVAN_SLACK__MODE": "http"}

Reading = Callable[..., Setup | None]


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reading:
    """Reads Slack's setup from these variables alone."""
    monkeypatch.chdir(tmp_path)
    for name in [*os.environ]:
        if name.startswith(("CARAVAN_", *OF_A_WORKSPACE)) or name in ADDRESSES or name.removesuffix("_FILE") in SECRETS:
            monkeypatch.delenv(name)

    def read(*variables: Mapping[str, str]) -> Setup | None:
        for some in variables:
            for name, value in some.items():
                monkeypatch.setenv(name, value)
        return slack_setup(load())

    return read


def test_without_any_secret_there_is_no_slack(setup: Reading) -> None:
    assert setup() is None


def test_two_tokens_are_enough_for_socket_mode(setup: Reading) -> None:
    made = setup(BOT, APP)
    assert made == Setup(installed=(Installed("xoxb-1-hidden", SlackApp(app_token="xapp-1-hidden")),))
    assert made.mode is Mode.SOCKET
    assert "hidden" not in repr(made)


def test_over_http_the_signing_secret_takes_the_app_token_s_place(setup: Reading) -> None:
    made = setup(BOT, SIGNING, HTTP)
    assert made is not None
    assert made.mode is Mode.HTTP
    assert made.installed[0].app == SlackApp(signing_secret="0f0f-hidden")


def test_secrets_may_stand_in_files(setup: Reading, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("xoxb-filed\n")
    made = setup(APP, {"SLACK_BOT_TOKEN_FILE": "token"})
    assert made is not None
    assert made.installed[0].bot_token == "xoxb-filed"


def test_what_the_config_says_is_in_the_setup(setup: Reading) -> None:
    made = setup(BOT, APP, {"CARAVAN_SLACK__MINIMAL": "true", "CARAVAN_COMMAND_PREFIX": "team-"})
    assert made is not None
    assert (made.minimal, made.prefix) == (True, "team-")
    made = setup({"SLACK_API_URL": "http://127.0.0.1:1/api"})
    assert made is not None
    assert made.api_url == "http://127.0.0.1:1/api/"


def test_each_workspace_has_its_own_token_and_shares_an_app_unless_it_has_one(setup: Reading) -> None:
    made = setup(
        APP,
        {
            "CARAVAN_SLACK__WORKSPACES": "acme,big-co",
            "SLACK_BOT_TOKEN_ACME": "xoxb-a",
            "SLACK_BOT_TOKEN_BIG_CO": "xoxb-b",
        },
        {"SLACK_APP_TOKEN_BIG_CO": "xapp-b"},
    )
    assert made is not None
    assert made.installed == (
        Installed("xoxb-a", SlackApp(app_token="xapp-1-hidden"), name="acme"),
        Installed("xoxb-b", SlackApp(app_token="xapp-b"), name="big-co"),
    )


def test_an_app_that_workspaces_install_by_themselves_needs_no_bot_token(setup: Reading) -> None:
    made = setup(APP, OAUTH)
    assert made is not None
    assert made.installed == ()
    assert made.oauth is not None
    assert made.oauth.redirect_url == "https://caravan.example/slack/oauth_redirect"
    assert made.oauth.app == SlackApp(app_token="xapp-1-hidden")
    assert "hidden" not in repr(made)


WORKSPACES = {"CARAVAN_SLACK__WORKSPACES": "acme,globex", "SLACK_BOT_TOKEN_ACME": "xoxb-hidden"}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ([BOT], "SLACK_APP_TOKEN is not set; Slack needs it too"),
        ([APP], "SLACK_BOT_TOKEN is not set, but SLACK_APP_TOKEN is"),
        ([SIGNING], "SLACK_BOT_TOKEN is not set, but SLACK_SIGNING_SECRET is"),
        ([BOT, APP, HTTP], 'SLACK_SIGNING_SECRET is not set; slack.mode = "http" needs it'),
        ([BOT, SIGNING, HTTP, {"CARAVAN_WEB__PORT": "0"}], "web.port: found 0"),
        ([APP, OAUTH, {"CARAVAN_WEB__PORT": "0"}], "web.port: found 0"),
        (
            [{"SLACK_BOT_TOKEN": "xapp-hidden"}, APP],
            "SLACK_BOT_TOKEN: found an app-level token; expected the bot token",
        ),
        ([{"SLACK_BOT_TOKEN": "xoxp-hidden"}, APP], "SLACK_BOT_TOKEN: found a user's token; expected the bot token"),
        ([{"SLACK_BOT_TOKEN": "xoxe.xoxb-hidden"}, APP], "SLACK_BOT_TOKEN: found a token that rotates"),
        ([{"SLACK_BOT_TOKEN": "hidden"}, APP], "SLACK_BOT_TOKEN: found something else; expected the bot token, xoxb-…"),
        ([BOT, {"SLACK_APP_TOKEN": "xoxb-hidden"}], "SLACK_APP_TOKEN: found a bot token; expected the app-level token"),
        ([BOT, HTTP, {"SLACK_SIGNING_SECRET": "xoxb-hidden"}], "SLACK_SIGNING_SECRET: found a bot token; expected"),
        ([BOT, APP, {"SLACK_CLIENT_ID": "1.2"}], "SLACK_CLIENT_SECRET is not set, but SLACK_CLIENT_ID is"),
        ([BOT, APP, {"SLACK_CLIENT_SECRET": "hidden"}], "SLACK_CLIENT_ID is not set, but SLACK_CLIENT_SECRET is"),
        ([APP, OAUTH, {"CARAVAN_SECRET_KEY": ""}], "CARAVAN_SECRET_KEY is not set"),
        ([APP, OAUTH, {"CARAVAN_SECRET_KEY": "hidden"}], "CARAVAN_SECRET_KEY: expected 32 random bytes in base 64"),
        ([APP, OAUTH, {"CARAVAN_SLACK__PUBLIC_URL": ""}], "slack.public_url: not set"),
        ([OAUTH], "SLACK_APP_TOKEN is not set"),
        ([APP, WORKSPACES], 'SLACK_BOT_TOKEN_GLOBEX is not set; slack.workspaces names "globex"'),
        (
            [APP, WORKSPACES, {"SLACK_BOT_TOKEN_GLOBEX": "xoxb-hidden"}],
            "GLOBEX: the same token as SLACK_BOT_TOKEN_ACME",
        ),
        ([BOT, APP, {"SLACK_BOT_TOKEN_ACME": "xoxb-hidden"}], 'TOKEN_ACME is set; add "acme" to workspaces of [slack]'),
        ([BOT, APP, {"SLACK_BOT_TOKEN_FILE": "hidden"}], "SLACK_BOT_TOKEN and SLACK_BOT_TOKEN_FILE are both set"),
    ],
)
def test_what_does_not_go_together_is_said_in_one_line_that_shows_no_secret(
    setup: Reading, variables: list[Mapping[str, str]], words: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        setup(*variables)
    line = str(refused.value)
    assert words in line
    assert "hidden" not in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('mode = "carrier pigeon"', "expected socket or http"),
        ('workspaces = ["acme", "ACME"]', 'slack.workspaces: found "acme" twice'),
        ('workspaces = ["a/b"]', 'found "a/b", expected names of letters'),
        ('workspaces = ["file"]', 'found "file"'),
        ('public_url = "caravan.example"', "begins with https://"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(setup: Reading, tmp_path: Path, toml: str, words: str) -> None:
    (tmp_path / "config.toml").write_text(f"[slack]\n{toml}\n")
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "config.toml")
    assert words in str(refused.value)


def test_every_secret_that_is_set_is_known_so_that_it_can_be_hidden(setup: Reading) -> None:
    with pytest.raises(ConfigError):
        setup(APP, WORKSPACES, {"SLACK_BOT_TOKEN_GLOBEX_FILE": "nowhere"})
    assert {"SLACK_BOT_TOKEN_ACME", "SLACK_BOT_TOKEN_GLOBEX", *SECRETS} == set(secret_names())


def test_what_run_serves_follows_from_the_tokens(setup: Reading) -> None:
    setup(BOT, APP)
    assert len(wanted(load())) == 1
