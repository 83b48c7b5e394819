"""The grammar of application commands: names, descriptions, options, choices and how many of each."""

from __future__ import annotations

import re

from .components import Path
from .errors import DiscordError, Json, Problems

CHAT, USER, MESSAGE = 1, 2, 3
SUB, GROUP, STRING, INTEGER, BOOLEAN, USER_OPTION, CHANNEL, ROLE, MENTIONABLE, NUMBER, FILE = range(1, 12)
NAME = re.compile(r"[-_'\w]{1,32}")
MOST = {CHAT: 100, USER: 15, MESSAGE: 15}
MOST_CHARACTERS = 8000


def check_command(body: Json, path: Path = ()) -> None:
    problems = Problems()
    kind = body.get("type", CHAT)
    problems.one_of((*path, "type"), kind, frozenset({CHAT, USER, MESSAGE}))
    if kind == CHAT:
        _name(problems, (*path, "name"), body.get("name"))
        problems.length((*path, "description"), body.get("description"), 1, 100)
        _options(problems, path, body.get("options") or [], depth=0)
        if _characters(body) > MOST_CHARACTERS:
            note = f"Command exceeds maximum size ({MOST_CHARACTERS})"
            problems.add(path or ("name",), "APPLICATION_COMMAND_TOO_LARGE", note)
    else:
        problems.length((*path, "name"), body.get("name"), 1, 32)
        if body.get("description"):
            note = "Context menu commands cannot have description"
            problems.add((*path, "description"), "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION", note)
        if body.get("options"):
            note = "Context menu commands cannot have options"
            problems.add((*path, "options"), "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS", note)
    wanted = body.get("default_member_permissions")
    if wanted is not None and not str(wanted).isdigit():
        problems.add((*path, "default_member_permissions"), "NUMBER_TYPE_COERCE", f'Value "{wanted}" is not int.')
    problems.raise_if_any()


def check_all(commands: list[Json]) -> None:
    """A whole scope: how many of each type, and no name twice."""
    seen: set[tuple[int, str]] = set()
    for index, each in enumerate(commands):
        key = (each.get("type", CHAT), str(each.get("name")))
        if key in seen:
            problems = Problems()
            note = "Application command names must be unique"
            problems.add((index, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", note)
            problems.raise_if_any()
        seen.add(key)
    for kind, most in MOST.items():
        if sum(each.get("type", CHAT) == kind for each in commands) > most:
            problems = Problems()
            note = f"Maximum number of application commands of this type reached ({most})."
            problems.add((), "BASE_TYPE_MAX_LENGTH", note)
            raise DiscordError(30032, problems.errors)


def _name(problems: Problems, path: Path, name: object) -> None:
    if not isinstance(name, str) or not NAME.fullmatch(name) or name != name.lower():
        note = "Command name is invalid"
        problems.add(path, "APPLICATION_COMMAND_INVALID_NAME", note)


def _options(problems: Problems, path: Path, options: list[Json], depth: int) -> None:
    if len(options) > 25:
        problems.add((*path, "options"), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    names: set[object] = set()
    optional = False
    kinds = {each.get("type") in (SUB, GROUP) for each in options}
    if len(kinds) > 1:
        note = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        problems.add((*path, "options"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", note)
    for index, option in enumerate(options):
        place = (*path, "options", index)
        kind = option.get("type")
        problems.one_of((*place, "type"), kind, frozenset(range(1, 12)))
        _name(problems, (*place, "name"), option.get("name"))
        problems.length((*place, "description"), option.get("description"), 1, 100)
        if option.get("name") in names:
            problems.add((*place, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option name is used twice")
        names.add(option.get("name"))
        if kind in (SUB, GROUP):
            if depth >= (2 if kind == SUB else 1):
                note = "Sub-commands nest no deeper than a group"
                problems.add((*place, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", note)
            children = option.get("options") or []
            if kind == GROUP and any(each.get("type") != SUB for each in children):
                note = "A group holds sub-commands only"
                problems.add((*place, "options"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", note)
            _options(problems, place, children, depth + 1)
            continue
        if option.get("required") and optional:
            note = "Required options must be placed before non-required options"
            problems.add((*place, "required"), "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", note)
        optional = optional or not option.get("required")
        _value(problems, place, option)


def _value(problems: Problems, path: Path, option: Json) -> None:
    kind, choices = option.get("type"), option.get("choices") or []
    if (choices or option.get("autocomplete")) and kind not in (STRING, INTEGER, NUMBER):
        note = "Only text and numbers have choices"
        problems.add((*path, "choices"), "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", note)
    if choices and option.get("autocomplete"):
        note = "Choices and autocomplete exclude each other"
        problems.add((*path, "autocomplete"), "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID", note)
    check_choices(problems, (*path, "choices"), choices)
    for name, low in (("min_length", 0), ("max_length", 1)):
        if option.get(name) is not None:
            problems.number((*path, name), option[name], low, 6000)


def check_choices(problems: Problems, path: Path, choices: object) -> None:
    """Of an option, or as an autocomplete's answer: at most 25, each with a name and a value of 1 to 100."""
    if not isinstance(choices, list) or len(choices) > 25:
        problems.add(path, "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        return
    names: set[object] = set()
    for index, choice in enumerate(choices):
        problems.length((*path, index, "name"), choice.get("name"), 1, 100)
        if choice.get("name") in names:
            note = "Choice names must be unique"
            problems.add((*path, index, "name"), "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_EXISTS", note)
        names.add(choice.get("name"))
        if isinstance(choice.get("value"), str):
            problems.length((*path, index, "value"), choice["value"], 1, 100)
        elif not isinstance(choice.get("value"), (int, float)):
            problems.required((*path, index, "value"))


def _characters(node: Json) -> int:
    """Names, descriptions and values, of everything within."""
    own = sum(len(str(node.get(name) or "")) for name in ("name", "description", "value"))
    children = [*(node.get("options") or []), *(node.get("choices") or [])]
    return own + sum(_characters(each) for each in children)
