"""The tree of commands, made from what the features declare, and told to Discord only when it differs.

Nobody is kept out here (`default_member_permissions`): one noun serves every role, Discord knows no permission of a
single sub-command, and whoever may not use one hears so from the door.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import discord
from discord.http import HTTPClient

from bot.command_text import Kind
from bot.platforms.base import CommandInfo, OptionInfo, ShortcutInfo

Json: TypeAlias = dict[str, Any]  # as Discord takes it

CHAT, MESSAGE = 1, 3  # types of commands: typed, and chosen in the menu of a message
SUB, STRING, INTEGER, BOOLEAN, USER, CHANNEL = 1, 3, 4, 5, 6, 7  # types of options

MOST_OPTIONS = 25  # of a command; sub-commands and choices too
MOST_MENUS = 5
MOST_GUILDS = 200  # that Discord names at once; larger bots have never been in development
NAME = 32
DESCRIPTION = 100

_TYPES = {Kind.PERSON: USER, Kind.ROOM: CHANNEL, Kind.NUMBER: INTEGER, Kind.YES_NO: BOOLEAN}
_IN_SERVERS, _WITH_THE_BOT = 0, 1
_TEXT_AND_VOICE = [0, 2]
_DEFAULTS: Mapping[str, object] = {"type": CHAT, "required": False, "autocomplete": False, "description": ""}
_COMPARED = ("type", "name", "description", "required", "autocomplete", "channel_types", "default_member_permissions")


def tree(commands: Sequence[CommandInfo], shortcuts: Sequence[ShortcutInfo]) -> list[Json]:
    """Everything that people can type or choose. ValueError for what Discord would not take."""
    nouns: dict[str, list[CommandInfo]] = {}
    for command in commands:
        nouns.setdefault(command.path.split(" ")[0], []).append(command)
    menus = [{"type": MESSAGE, "name": menu(shortcut)} for shortcut in shortcuts]
    if len(menus) > MOST_MENUS:
        raise ValueError(f"{len(menus)} shortcuts; a message has room for {MOST_MENUS} in its menu")
    return [*(_command(noun, under) for noun, under in nouns.items()), *menus]


def menu(shortcut: ShortcutInfo) -> str:
    """What a shortcut is called in the menu of a message: that is all by which it is known when it comes back."""
    return shortcut.label[:NAME].strip()


async def sync(http: HTTPClient, application: int, wanted: Sequence[Json], guilds: Iterable[int] = ()) -> bool:
    """Tell Discord, for everybody or for some servers alone, what it does not know yet. Whether anything was told.

    What was told the other way before is taken back: it would stand there a second time.
    """
    alone = list(guilds)
    everywhere = [{**one, "contexts": [_IN_SERVERS, _WITH_THE_BOT], "integration_types": [0]} for one in wanted]
    told = False
    if normal(await http.get_global_commands(application)) != normal([] if alone else everywhere):
        await http.bulk_upsert_global_commands(application, _as_payload([] if alone else everywhere))
        told = True
    for guild in alone or await _joined(http):
        try:
            known = [_anywhere(one) for one in await http.get_guild_commands(application, guild)]
        except discord.Forbidden:
            continue  # where the bot may have no commands there are none to take back
        if normal(known) != normal(wanted if alone else []):
            await http.bulk_upsert_guild_commands(application, guild, _as_payload(wanted if alone else []))
            told = True
    return told


async def _joined(http: HTTPClient) -> list[int]:
    return [int(one["id"]) for one in await http.get_guilds(MOST_GUILDS)]


def normal(commands: Iterable[Mapping[str, Any]]) -> list[Json]:
    """Only what we say ourselves, without defaults, in one order: what may be compared."""
    return sorted((_normal(one) for one in commands), key=lambda one: (str(one.get("type", CHAT)), str(one["name"])))


def _anywhere(command: Mapping[str, Any]) -> Json:
    """A server's own commands work there and nowhere else, whatever they say of it."""
    return {name: value for name, value in command.items() if name not in ("contexts", "integration_types")}


def _normal(node: Mapping[str, Any]) -> Json:
    kept = {name: node[name] for name in _COMPARED if node.get(name) not in (None, _DEFAULTS.get(name))}
    for name in ("contexts", "integration_types"):
        if node.get(name) is not None:
            kept[name] = sorted(node[name])
    if node.get("options"):
        kept["options"] = [_normal(option) for option in node["options"]]
    if node.get("choices"):
        kept["choices"] = [(choice["name"], choice["value"]) for choice in node["choices"]]
    return kept


def _as_payload(commands: Sequence[Json]) -> Any:
    return list(commands)


def _command(noun: str, under: Sequence[CommandInfo]) -> Json:
    """`/apply` alone, or `/session` with what stands under it."""
    alone = next((one for one in under if one.path == noun), None)
    inside = [one for one in under if one.path != noun]
    if not inside and alone is not None:
        return {"type": CHAT, **_named(noun, alone.help), "options": _options(alone)}
    if len(inside) > MOST_OPTIONS:
        raise ValueError(f"/{noun} has {len(inside)} sub-commands; Discord takes {MOST_OPTIONS}")
    subs = [
        {"type": SUB, **_named(one.path.removeprefix(f"{noun} "), one.help), "options": _options(one)} for one in inside
    ]
    # No client shows what stands here.
    return {"type": CHAT, **_named(noun, " · ".join(sub["name"] for sub in subs)), "options": subs}


def _named(name: str, description: str) -> Json:
    if not 0 < len(name) <= NAME or name != name.lower() or " " in name:
        raise ValueError(f"{name!r} is no name for a command of Discord's; shorten command_prefix or write it small")
    return {"name": name, "description": _short(description.strip() or name)}


def _short(text: str) -> str:
    return text if len(text) <= DESCRIPTION else f"{text[: DESCRIPTION - 1].rstrip()}…"


def _options(command: CommandInfo) -> list[Json]:
    """Those that are required first, as Discord wants it."""
    if len(command.details) > MOST_OPTIONS:
        raise ValueError(f"/{command.path} has {len(command.details)} options; Discord takes {MOST_OPTIONS}")
    return [_option(one) for one in sorted(command.details, key=lambda one: not one.required)]


def _option(option: OptionInfo) -> Json:
    body: Json = {"type": _TYPES.get(option.kind, STRING), **_named(option.name, option.help)}
    if option.required:
        body["required"] = True
    if option.kind is Kind.ROOM:
        body["channel_types"] = _TEXT_AND_VOICE
    if body["type"] == STRING and option.choices and len(option.choices) <= MOST_OPTIONS:
        body["choices"] = [{"name": choice, "value": choice} for choice in option.choices]
    elif body["type"] in (STRING, INTEGER) and (option.completes or option.choices):
        body["autocomplete"] = True
    return body
