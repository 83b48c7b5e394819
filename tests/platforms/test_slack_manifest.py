"""The Slack app's manifest: whole, as YAML that Slack takes, with a reason for every scope and none too many."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from bot import features
from bot.cli.group import program
from bot.cli.manifest import slack_manifest
from bot.config import TEMPLATES
from bot.platforms.slack.manifest import MOST_COMMANDS, About, Address, Shortcut, Slash, Unfit, manifest
from bot.platforms.slack.scopes import METHODS, SCOPES, needed, scope_names
from bot.registry import NOUNS, Declared, Registry, collect
from bot.words import Words
from cohorts.people import Role

ADAPTER = Path(__file__).parents[2] / "bot" / "platforms" / "slack"
# How the names of Slack's methods begin; other texts with a dot in them are something else.
FAMILIES = frozenset(
    (
        *("api", "apps", "assistant", "auth", "bookmarks", "bots", "canvases", "chat", "conversations", "dnd", "files"),
        *("groups", "im", "mpim", "oauth", "pins", "reactions", "reminders", "search", "team", "usergroups", "users"),
        *("views", "workflows"),
    )
)

ABOUT = About("Caravan", "Live peer cohorts.", "Everything around a live peer cohort. " * 6, "#2b2740")


@pytest.fixture(autouse=True)
def an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(program(), ["manifest", "slack", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(program(), ["manifest", "slack", *arguments])
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1
    return result.stderr


def read(text: str) -> Any:
    return yaml.safe_load(text)


def made(registry: Registry, *, prefix: str = "") -> Any:
    return read(slack_manifest(registry, Words([TEMPLATES]), prefix=prefix, address=Address()))


def test_it_is_yaml_with_everything_that_slack_asks_about() -> None:
    app = read(printed())
    assert app["display_information"]["name"] == "Caravan"
    assert app["features"]["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }
    assert app["features"]["bot_user"] == {"display_name": "caravan", "always_online": True}
    assert set(app["settings"]["event_subscriptions"]["bot_events"]) == {
        *("app_home_opened", "app_mention", "member_joined_channel", "message.im", "tokens_revoked"),
        *("app_uninstalled", "user_change"),
    }
    assert app["settings"]["interactivity"]["is_enabled"] is True
    assert app["settings"]["org_deploy_enabled"] is False
    assert app["settings"]["token_rotation_enabled"] is False


def test_its_commands_are_the_six_nouns_each_described_and_hinted_at() -> None:
    commands = read(printed())["features"]["slash_commands"]
    assert [one["command"] for one in commands] == [f"/{noun}" for noun in NOUNS]
    assert all(one["should_escape"] is True and one["description"] for one in commands)
    hints = {one["command"]: one.get("usage_hint", "") for one in commands}
    assert hints["/apply"] == "[program]"
    assert hints["/cohort"].startswith("[home | ")
    inside = {name.partition(" ")[2] for name in collect(features).commands if name.startswith("session ")}
    assert set(hints["/session"].strip("[]").split(" | ")) == inside


def test_a_feature_nobody_here_knows_is_in_the_manifest_as_soon_as_it_is_declared() -> None:
    ours = collect(features)
    wave = Declared("command", "cohort wave", lambda ask: None, "waving", role=Role.MEMBER, help="Wave")
    more = Registry({**ours.entries, "command": {**ours.commands, wave.name: wave}})
    hints = [one.get("usage_hint", "") for one in made(more)["features"]["slash_commands"]]
    assert any(" wave" in hint for hint in hints)
    assert len(hints) == len(NOUNS)


def test_a_prefix_stands_before_every_command_and_in_what_is_said_about_them() -> None:
    app = made(collect(features), prefix="team-")
    assert {one["command"] for one in app["features"]["slash_commands"]} == {f"/team-{noun}" for noun in NOUNS}
    assert "/team-apply" in app["display_information"]["long_description"]


def test_its_shortcuts_are_those_that_features_declare() -> None:
    shortcuts = made(collect(features))["features"].get("shortcuts", [])
    assert {one["callback_id"] for one in shortcuts} == set(collect(features).of("shortcut"))
    assert all(one["type"] == "message" and len(one["name"]) <= 24 for one in shortcuts)
    assert all(len(one["description"]) <= 150 for one in shortcuts)


def test_every_scope_has_its_reason_beside_it() -> None:
    text = printed()
    assert read(text)["oauth_config"]["scopes"]["bot"] == list(scope_names())
    for scope in SCOPES:
        assert f"- {scope.name} # {scope.reason}" in text
        assert len(scope.reason.split()) > 3


def test_the_minimal_one_manages_no_rooms_and_says_what_is_done_by_hand() -> None:
    text = printed("--minimal")
    left_out = set(scope_names()) - set(read(text)["oauth_config"]["scopes"]["bot"])
    assert left_out >= {"channels:manage", "groups:write", "pins:write", "bookmarks:write"}
    assert left_out == {scope.name for scope in SCOPES if scope.rooms}
    comment = " ".join(line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#"))
    assert "/invite @caravan" in comment
    assert "minimal = true" in comment


def test_in_socket_mode_it_names_no_address() -> None:
    assert read(printed())["settings"]["socket_mode_enabled"] is True
    assert "url" not in printed()


def test_over_http_events_commands_and_buttons_come_to_one_address(tmp_path: Path) -> None:
    app = read(printed("--url", "https://caravan.example/"))
    at = "https://caravan.example/slack/events"
    assert app["settings"]["socket_mode_enabled"] is False
    assert app["settings"]["event_subscriptions"]["request_url"] == at
    assert app["settings"]["interactivity"]["request_url"] == at
    assert {one["url"] for one in app["features"]["slash_commands"]} == {at}
    (tmp_path / "config.toml").write_text('[slack]\nmode = "http"\npublic_url = "https://caravan.example"\n')
    from_config = read(printed())
    assert from_config["oauth_config"].pop("redirect_urls") == ["https://caravan.example/slack/oauth_redirect"]
    assert from_config == app


def test_what_the_config_says_stands_in_the_manifest(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('command_prefix = "team-"\n[slack]\nminimal = true\n')
    app = read(printed())
    assert app["features"]["slash_commands"][0]["command"] == "/team-apply"
    assert app["oauth_config"]["scopes"]["bot"] == list(scope_names(minimal=True))


def test_an_address_that_slack_would_not_call_is_refused(tmp_path: Path) -> None:
    assert "begins with https://" in refused("--url", "http://caravan.example")
    (tmp_path / "config.toml").write_text('[slack]\nmode = "http"\n')
    assert "--url https://…" in refused()
    result = CliRunner().invoke(program(), ["manifest", "config", "--minimal"])
    assert (result.exit_code, "are for slack" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("slashes", "words"),
    [
        ([Slash("leave", "Leave")], "/leave is reserved"),
        ([Slash("feedback", "Say it")], "/feedback is reserved"),
        ([Slash("a" * 32, "Too long with its slash")], "longer than 32"),
        ([Slash(f"c{number}", "One of many") for number in range(MOST_COMMANDS + 1)], "50 at most"),
    ],
)
def test_what_slack_would_refuse_is_refused_here_with_the_reason(slashes: list[Slash], words: str) -> None:
    with pytest.raises(Unfit, match=words):
        manifest(ABOUT, slashes, [])


def test_a_name_that_fits_exactly_is_taken() -> None:
    whole = manifest(ABOUT, [Slash("a" * 31, "Just so")], [])
    assert read(whole)["features"]["slash_commands"][0]["command"] == "/" + "a" * 31


def test_a_shortcut_s_label_has_to_fit() -> None:
    with pytest.raises(Unfit, match="1 to 24"):
        manifest(ABOUT, [], [Shortcut("kudos/thank", "Thank whoever wrote this for it", "Thanks")])


def test_words_that_would_break_yaml_are_quoted() -> None:
    hostile = 'A "name": # no comment\n- x \\ {{ y }}'
    app = read(manifest(ABOUT, [Slash("apply", hostile, hostile)], []))
    assert app["features"]["slash_commands"][0]["description"] == hostile


def test_the_adapter_calls_the_methods_that_are_listed_and_asks_for_the_scopes_that_they_need() -> None:
    found: set[str] = set()
    for file in ADAPTER.glob("*.py"):
        if file.name not in ("scopes.py", "pacing.py"):  # the one lists them, the other their limits
            found |= set(re.findall(r'["/}]([a-z]+(?:\.[A-Za-z0-9]+){1,2})"', file.read_text("utf-8")))
    used = {name for name in found if name.split(".")[0] in FAMILIES}
    assert used == set(METHODS)
    assert needed(used) == set(scope_names())
