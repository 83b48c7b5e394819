"""`caravan manifest`: what a platform asks for before it lets a bot in, and a config file with every setting."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.errors import BadInput
from bot.cli.settings import settings_of

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from bot.config import Settings
    from bot.platforms.slack.manifest import Address, Slash
    from bot.registry import Registry
    from bot.words import Words

KINDS = ("config", "slack", "discord")
WIDTH = 100

INTRODUCTION = """\
Every setting of Caravan with its default. Copy this file to config.toml and change what you like;
what you leave out keeps its default. Made by `caravan manifest config`.

Each can be set in the environment as well, which wins: CARAVAN_LOG_LEVEL=debug,
CARAVAN_OWNERS=U1,U2, and CARAVAN_WEB__PORT=9000 for the port of [web].

Secrets never stand here. They come from the environment, or from a file that it names:"""


def manifest(
    ctx: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="|".join(KINDS),
            help="Of what: config prints a config.toml, slack a Slack app, discord an invitation for the bot.",
        ),
    ],
    minimal: Annotated[
        bool, typer.Option("--minimal", help="slack: without rights to manage rooms, which is then done by hand.")
    ] = False,
    url: Annotated[
        str | None,
        typer.Option(metavar="https://…", help="slack: where the web reaches Caravan; events then come over HTTP."),
    ] = None,
    application: Annotated[
        str | None,
        typer.Option(metavar="ID", help="discord: the Application ID, when DISCORD_TOKEN is not set."),
    ] = None,
) -> None:
    """Print a config.toml with every setting and its default, a Slack app's manifest, or the link that invites the bot
    to a Discord server, with what it asks to be allowed and why.

    \b
    Example: caravan manifest slack > slack.yaml
    Example: caravan manifest discord
    """
    if what not in KINDS:
        raise BadInput(f"manifest: found {what!r}, expected one of {', '.join(KINDS)}")
    if what != "slack" and (minimal or url is not None):
        raise BadInput(f"manifest: --minimal and --url are for slack, not for {what}")
    if what != "discord" and application is not None:
        raise BadInput(f"manifest: --application is for discord, not for {what}")
    match what:
        case "slack":
            printed = _of_slack(settings_of(ctx), minimal=minimal, url=url)
        case "discord":
            printed = _of_discord(settings_of(ctx), application)
        case _:
            printed = example()
    typer.echo(printed, nl=False)


def _of_discord(settings: Settings, application: str | None) -> str:
    from bot.cli.tokens import DISCORD, discord_setup
    from bot.platforms.discord.permissions import application_of

    if application is None:
        setup = discord_setup(settings)
        if setup is None:
            raise BadInput(f"manifest: {DISCORD} is not set; set it, or name the Application ID with --application ID")
        application = application_of(setup.token)
        if not application:
            raise BadInput(f"manifest: {DISCORD} does not tell the Application ID; name it with --application ID")
    if not re.fullmatch(r"[0-9]{5,20}", application):
        raise BadInput(f"manifest: found the application {application!r}, expected its id, such as 1187462201234567890")
    return discord_invitation(application)


def discord_invitation(application: str) -> str:
    """The link, the permissions by the names that Discord's client has for them, and the reason for each."""
    from discord import Permissions

    from bot.platforms.discord.permissions import ASKED, invite_url, names

    rows = [(names(Permissions(**{one.name: True}).value), one.reason) for one in ASKED]
    width = max(len(name) for name, _ in rows)
    lines = [
        "Open this as somebody who may manage the server, and choose the server:",
        "",
        f"  {invite_url(application)}",
        "",
        "Caravan asks for these permissions, and for no privileged intent:",
        "",
        *(f"  {name.ljust(width)}  {reason}" for name, reason in rows),
        "",
        "It gives the roles that it made itself, as long as its own stands above them in Server Settings, Roles.",
    ]
    return "\n".join(lines) + "\n"


def _of_slack(settings: Settings, *, minimal: bool, url: str | None) -> str:
    """With what the config says: the commands' prefix, the mode, the address."""
    from bot import features
    from bot.app import template_roots
    from bot.platforms.slack.manifest import Address, Unfit
    from bot.registry import collect
    from bot.words import Words

    http = url is not None or settings.slack.mode == "http"
    address = url if url is not None else settings.slack.public_url
    if http and not address:
        raise BadInput('manifest: slack.mode is "http"; say where the web reaches Caravan with --url https://…')
    if address and not re.fullmatch(r"https://[^\s/]+(?:/\S*)?", address):
        raise BadInput(f"manifest: found the address {address!r}, expected one that begins with https://")
    try:
        return slack_manifest(
            collect(features),
            Words(template_roots(settings)),
            prefix=settings.command_prefix,
            address=Address(url=address, http=http, oauth=bool(settings.slack.public_url)),
            minimal=minimal or settings.slack.minimal,
        )
    except Unfit as unfit:
        raise BadInput(f"manifest: {unfit}") from None


def slack_manifest(registry: Registry, words: Words, *, prefix: str, address: Address, minimal: bool = False) -> str:
    """The Slack app that these declarations need. Unfit when Slack would refuse it."""
    from bot.platforms.slack.manifest import About, Shortcut, manifest
    from bot.registry import NOUNS

    def say(name: str, **facts: str) -> str:
        return words.get("setup", "manifest", name, facts)

    about = About(
        name=say("name"),
        description=say("description"),
        long_description=say("long_description", apply=f"{prefix}apply", cohort=f"{prefix}cohort"),
        background=say("background"),
    )
    shortcuts = []
    for name, declared in registry.of("shortcut").items():
        label = words.get(declared.feature, "shortcuts", name.partition("/")[2])
        shortcuts.append(Shortcut(name, label, say("shortcut", label=label)))
    slashes = [slash for noun in NOUNS if (slash := _slash(registry, noun, prefix)) is not None]
    return manifest(about, slashes, shortcuts, address=address, minimal=minimal)


def _slash(registry: Registry, noun: str, prefix: str) -> Slash | None:
    """One of the six, described by what it does alone, with a hint at its subcommands or options."""
    from bot.platforms.slack.manifest import Slash
    from bot.registry import DEFAULTS
    from cohorts.people import Role

    alone = registry.get("command", noun) or registry.get("command", f"{noun} {DEFAULTS.get(noun, '')}")
    if alone is None:
        return None
    # What everybody may do comes before what only some may.
    below = sorted(
        (one is not alone, list(Role).index(one.role or Role.OWNER), name.partition(" ")[2])
        for name, one in registry.commands.items()
        if name.startswith(f"{noun} ")
    )
    inside = [name for _, _, name in below]
    options = [f"{one.name}" if one.required else f"[{one.name}]" for one in alone.options]
    return Slash(prefix + noun, alone.help, f"[{' | '.join(inside)}]" if inside else " ".join(options))


def example() -> str:
    """config.example.toml, from the settings themselves."""
    from bot.config import SECRETS, Settings

    lines = [_comment(INTRODUCTION), "#"]
    for name, about in SECRETS.items():
        lines.append(f"# {name}, or {name}_FILE: {about}")
    plain, tables = [], []
    for name, field in Settings.model_fields.items():
        table = _table(field)
        if table is None:
            plain.append(_setting(name, field))
        else:
            settings = [_setting(inner, one) for inner, one in type(table).model_fields.items()]
            about = _comment(field.description or "")
            tables.append("\n\n".join([f"{about}\n[{name}]", *settings]))
    return "\n\n".join(["\n".join(lines), *plain, *tables]) + "\n"


def _table(field: FieldInfo) -> BaseModel | None:
    from pydantic import BaseModel

    return field.default if isinstance(field.default, BaseModel) else None


def _setting(name: str, field: FieldInfo) -> str:
    about = _comment(field.description or "")
    if field.default is None:
        shown = field.examples[0] if field.examples else ""
        return f"{about}\n# {name} = {_toml(shown)}"
    return f"{about}\n{name} = {_toml(field.default)}"


def _toml(value: object) -> str:
    """JSON writes text, numbers, truths and lists of them as TOML does."""
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)


def _comment(text: str) -> str:
    wrapped = (line for part in text.splitlines() for line in textwrap.wrap(part, WIDTH - 2) or [""])
    return "\n".join(f"# {line}".rstrip() for line in wrapped)
