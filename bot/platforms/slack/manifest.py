"""The app manifest: everything Slack wants to know before the bot may come in, as YAML with the reasons in comments."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.platforms.slack.scopes import EVENTS, SCOPES, scopes

EVENTS_PATH = "/slack/events"
REDIRECT_PATH = "/slack/oauth_redirect"

MOST_COMMANDS = 50
LONGEST_COMMAND = 32  # with the slash
MOST_SHORTCUTS = 10
LONGEST_LABEL = 24
LONGEST_CALLBACK = 255
LONGEST_TEXT = {"name": 35, "description": 140, "long description": 4000}
LEAST_LONG_DESCRIPTION = 175
LONGEST_COMMENT = 110

# Slack's own: one of them makes it refuse the whole manifest.
RESERVED = frozenset(
    [
        "active",
        "all",
        "apps",
        "archive",
        "away",
        "call",
        "canvas",
        "clear",
        "close",
        "collapse",
        "create",
        "deactivate",
        "dm",
        "dms",
        "dnd",
        "enterprise",
        "expand",
        "feed",
        "feedback",
        "giphy",
        "help",
        "huddle",
        "invite",
        "invite_people",
        "ios",
        "join",
        "keys",
        "kick",
        "leave",
        "list",
        "me",
        "msg",
        "mute",
        "open",
        "part",
        "people",
        "poll",
        "prefs",
        "remind",
        "remove",
        "rename",
        "rooms",
        "s",
        "search",
        "shortcuts",
        "shrug",
        "skype",
        "star",
        "starred",
        "status",
        "topic",
        "unarchive",
        "unmute",
        "unstar",
        "voice",
        "who",
        "workflow",
    ]
)


class Unfit(ValueError):
    """Slack would refuse this manifest; one line says why."""


@dataclass(frozen=True, slots=True)
class Slash:
    """One slash command, as its composer shows it. The name is without the slash."""

    name: str
    description: str
    usage: str = ""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Something to choose on anybody's message."""

    callback_id: str
    label: str
    description: str


@dataclass(frozen=True, slots=True)
class About:
    """What people read about the app before they use it."""

    name: str
    description: str
    long_description: str
    background: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where Slack reaches us. `http`: events come there too, and not through Socket Mode. `oauth`: so do people who
    install the app by themselves."""

    url: str = ""
    http: bool = False
    oauth: bool = False


def manifest(
    about: About,
    slashes: Sequence[Slash],
    shortcuts: Sequence[Shortcut],
    *,
    address: Address = Address(),  # a frozen value
    minimal: bool = False,
) -> str:
    """The whole manifest. Unfit when Slack would refuse it."""
    _check(about, slashes, shortcuts)
    events = _quoted(address.url.rstrip("/") + EVENTS_PATH) if address.http else ""
    parts = (
        _head(address, minimal=minimal),
        _display(about),
        _features(about, slashes, shortcuts, events),
        _oauth(address, minimal=minimal),
        _settings(events),
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def _check(about: About, slashes: Sequence[Slash], shortcuts: Sequence[Shortcut]) -> None:
    if len(slashes) > MOST_COMMANDS:
        raise Unfit(f"found {len(slashes)} slash commands; Slack takes {MOST_COMMANDS} at most")
    for slash in slashes:
        if slash.name in RESERVED:
            raise Unfit(f"/{slash.name} is reserved by Slack; set command_prefix to another beginning")
        if len(slash.name) + 1 > LONGEST_COMMAND:
            raise Unfit(f"/{slash.name} is longer than {LONGEST_COMMAND} characters; shorten command_prefix")
    if len(shortcuts) > MOST_SHORTCUTS:
        raise Unfit(f"found {len(shortcuts)} message shortcuts; Slack takes {MOST_SHORTCUTS} at most")
    for shortcut in shortcuts:
        if not 0 < len(shortcut.label) <= LONGEST_LABEL:
            raise Unfit(f"the shortcut {shortcut.label!r} has not 1 to {LONGEST_LABEL} characters; mend its words.toml")
        if len(shortcut.callback_id) > LONGEST_CALLBACK:
            raise Unfit(f"the shortcut {shortcut.label!r} has an id longer than {LONGEST_CALLBACK} characters")
    texts = {"name": about.name, "description": about.description, "long description": about.long_description}
    for what, text in texts.items():
        if not 0 < len(text) <= LONGEST_TEXT[what]:
            raise Unfit(f"the app's {what} has not 1 to {LONGEST_TEXT[what]} characters; mend setup/words.toml")
    if len(about.long_description) < LEAST_LONG_DESCRIPTION:
        raise Unfit(f"the app's long description has fewer than {LEAST_LONG_DESCRIPTION} characters")


def _head(address: Address, *, minimal: bool) -> Iterator[str]:
    yield from _comment(
        "The Slack app of Caravan, made by `caravan manifest slack`. At api.slack.com/apps choose Create New App, "
        "From a manifest, paste this, and install it to your workspace. Make it anew, and paste it again, whenever "
        "Caravan is updated: commands and scopes may have changed, and then the app is installed again."
    )
    if minimal:
        left_out = ", ".join(scope.name for scope in SCOPES if scope.rooms)
        yield "#"
        yield from _comment(
            f"The minimal variant: without {left_out}. The bot makes no rooms and invites nobody. By hand, the "
            "facilitator makes the cohort's room by the name that Caravan tells, invites the members and the bot "
            "(/invite @caravan), takes out who leaves, and pins the welcome. Set minimal = true in [slack], so that "
            "Caravan waits for the room instead of making it."
        )
    if address.http:
        yield "#"
        yield from _comment(
            'Over HTTP instead of Socket Mode: set mode = "http" in [slack] and SLACK_SIGNING_SECRET, and let '
            f"{address.url} reach the port of [web]. Start Caravan first: Slack calls the address at once."
        )


def _display(about: About) -> Iterator[str]:
    yield "display_information:"
    yield f"  name: {_quoted(about.name)}"
    yield f"  description: {_quoted(about.description)}"
    yield f"  long_description: {_quoted(about.long_description)}"
    yield f"  background_color: {_quoted(about.background)}"


def _features(about: About, slashes: Sequence[Slash], shortcuts: Sequence[Shortcut], events: str) -> Iterator[str]:
    yield "features:"
    yield "  app_home:"
    yield "    # The bot's own page shows each person where they are; and people may write to the bot."
    yield "    home_tab_enabled: true"
    yield "    messages_tab_enabled: true"
    yield "    messages_tab_read_only_enabled: false"
    yield "  bot_user:"
    yield f"    display_name: {_quoted(about.name.lower())}"
    yield "    always_online: true"
    if shortcuts:
        yield "  shortcuts:"
    for shortcut in shortcuts:
        yield f"    - name: {_quoted(shortcut.label)}"
        yield "      type: message"
        yield f"      callback_id: {_quoted(shortcut.callback_id)}"
        yield f"      description: {_quoted(shortcut.description)}"
    if slashes:
        yield "  slash_commands:"
    for slash in slashes:
        yield f"    - command: {_quoted('/' + slash.name)}"
        if events:
            yield f"      url: {events}"
        yield f"      description: {_quoted(slash.description)}"
        if slash.usage:
            yield f"      usage_hint: {_quoted(slash.usage)}"
        yield "      should_escape: true # mentions and rooms arrive as ids, whatever they are called"


def _oauth(address: Address, *, minimal: bool) -> Iterator[str]:
    yield "oauth_config:"
    if address.oauth:
        yield "  redirect_urls:"
        yield f"    - {_quoted(address.url.rstrip('/') + REDIRECT_PATH)}"
    yield "  scopes:"
    yield "    bot:"
    for scope in scopes(minimal=minimal):
        yield f"      - {scope.name} # {scope.reason}"


def _settings(events: str) -> Iterator[str]:
    yield "settings:"
    yield "  event_subscriptions:"
    if events:
        yield f"    request_url: {events}"
    yield "    bot_events:"
    for event in EVENTS:
        yield f"      - {event}"
    yield "  interactivity:"
    yield "    is_enabled: true"
    if events:
        yield f"    request_url: {events}"
        yield f"    message_menu_options_url: {events}"
    yield "  org_deploy_enabled: false"
    yield f"  socket_mode_enabled: {'false' if events else 'true'}"
    yield "  token_rotation_enabled: false"


def _comment(text: str) -> Iterable[str]:
    return (f"# {line}" for line in textwrap.wrap(text, LONGEST_COMMENT - 2))


def _quoted(text: str) -> str:
    """JSON's quotes are YAML's, too."""
    return json.dumps(text, ensure_ascii=False)
