"""What is wrong with a program file, in one plain line: file, key or line, found and expected."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_EXPECTED = {
    "key": 'a short key such as "kickoff"',
    "name": "a name in quotes",
    "promise": "one sentence that says what will be different at the end",
    "application": "an [[application.questions]] with key, ask and kind",
    "questions": "at least one, with key, ask and kind",
    "sessions": "at least one [[sessions]] with key, title and minutes",
    "title": "a title in quotes",
    "minutes": "a whole number of minutes",
    "ask": "the question in quotes",
    "kind": "one of the kinds",
    "when": 'a time such as "day 14 at 10:30" or "1d after graduation"',
}
_SHOWN = 60


class ProgramError(Exception):
    """A program file that can't be used. The text is one line, about the first of the `problems`."""

    def __init__(self, file: str, problems: Sequence[str]) -> None:
        super().__init__(f"{file}: {problems[0]}")
        self.file = file
        self.problems = tuple(f"{file}: {problem}" for problem in problems)


def read_toml(text: str, *, file: str) -> dict[str, object]:
    """The tables of a TOML text; ProgramError naming the line of a syntax error."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProgramError(file, [_syntax(str(error), text)]) from None
    except ValueError:  # tomllib lets out what Python says of a number of thousands of digits
        line = next((n for n, one in enumerate(text.splitlines(), start=1) if re.search(r"\d{4300}", one)), 1)
        raise ProgramError(file, [f"line {line}: found a number that is too long, expected a shorter one"]) from None
    except RecursionError:
        raise ProgramError(file, ["line 1: nested too deeply, expected plain tables"]) from None


def _syntax(message: str, text: str) -> str:
    said, _, where = message.partition(" (at ")
    match = re.match(r"line (\d+)", where)
    line = int(match[1]) if match else max(1, text.rstrip().count("\n") + 1)
    lines = text.splitlines()
    found = _shown(lines[line - 1].strip()) if line <= len(lines) else "the end of the file"
    return f"line {line}: found {found}, expected valid TOML ({said[:1].lower()}{said[1:]})"


def problems_of(error: ValidationError, model: type[BaseModel], raw: Mapping[str, object]) -> list[str]:
    """Every problem pydantic found, in plain words, misspelt keys first: they explain the missing ones."""
    errors = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    return [_problem(one, model, raw) for one in errors if not _follows(one, errors)]


def _follows(error: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
    """A list counts as too short when what stands in it is wrong: that is said already."""
    depth = len(error["loc"])
    return error["type"] == "too_short" and any(
        len(other["loc"]) > depth and other["loc"][:depth] == error["loc"] for other in errors
    )


def _problem(error: ErrorDetails, model: type[BaseModel], raw: Mapping[str, object]) -> str:
    loc, context = error["loc"], error.get("ctx", {})
    if error["type"] == "part":
        return f"{_path(loc, context['field'])}{_named(loc, raw)}: {context['expected']}"
    where = f"{_path(loc)}{_named(loc[:-1], raw)}"
    if error["type"] == "missing":
        expected = _EXPECTED.get(str(loc[-1]))
        return f"{where}: is missing" + (f", expected {expected}" if expected else "")
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key{_nearest(loc, model)}"
    return f"{where}: found {_shown(error['input'])}, {_expected(error)}"


def _expected(error: ErrorDetails) -> str:
    context, found = error.get("ctx", {}), error["input"]
    name = str(next((part for part in reversed(error["loc"]) if isinstance(part, str)), ""))
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "enum":
            choices = re.findall(r"'([^']*)'", context["expected"])
            near = get_close_matches(found, choices, 1) if isinstance(found, str) else []
            hint = f' (did you mean "{near[0]}"?)' if near else ""
            return f"expected one of {', '.join(choices)}{hint}"
        case "int_type":
            return "expected a whole number"
        case "bool_type":
            return "expected true or false, without quotes"
        case "string_type":
            return "expected text in quotes"
        case "tuple_type" if isinstance(found, dict):
            return f"expected a list of tables: write [[{name}]] with two brackets"
        case "tuple_type":
            return "expected a list in brackets"
        case "model_type" | "dict_type" | "mapping_type" if isinstance(found, list):
            return f"expected it once: write [{name}] with one bracket"
        case "model_type" | "dict_type" | "mapping_type":
            return f"expected a table of keys and values, such as [{name}]"
        case "too_short":
            return f"expected at least {context['min_length']}"
        case "greater_than_equal":
            return f"expected {context['ge']} or more"
        case "less_than_equal":
            return f"expected {context['le']} or less"
        case "finite_number":
            return "expected a number"
    return f"expected something else: {error['msg'].lower()}"


def _path(loc: tuple[int | str, ...], field: str = "") -> str:
    """`sessions[2].minutes`: counted from one, as people count the tables of a file."""
    path = ""
    for part in (*loc, *([field] if field else [])):
        if isinstance(part, int):
            path += f"[{part + 1}]"
        else:
            key = part if re.fullmatch(r"[\w.\[\]-]+", part) else _shown(part)
            path += f".{key}" if path else key
    return path or "the file"


def _named(loc: tuple[int | str, ...], raw: object) -> str:
    """The name or key of the innermost listed table on the way, because counting is tedious."""
    name = ""
    for part in loc:
        if isinstance(raw, Mapping) and part in raw:
            raw = raw[part]
        elif isinstance(raw, list) and isinstance(part, int) and part < len(raw):
            raw = raw[part]
            if isinstance(raw, Mapping):
                label = raw.get("key", raw.get("name"))
                name = f" (of {_shown(label)})" if isinstance(label, str) and label else name
        else:
            break
    return name


def _nearest(loc: tuple[int | str, ...], model: type[BaseModel]) -> str:
    """What was probably meant by an unknown key, or what is known there."""
    key, table = str(loc[-1]), _table(loc[:-1], model)
    if table is None:
        return ""
    known = _keys(table)
    if near := get_close_matches(key, known, 1):
        return f', did you mean "{near[0]}"?'
    if table is not model and key in _keys(model):
        return f"; {key} belongs to the top of the file, before the first [table]"
    return f"; known here: {', '.join(known)}"


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _table(loc: tuple[int | str, ...], model: type[BaseModel]) -> type[BaseModel] | None:
    """The model of the table that a location leads to."""
    found: type[BaseModel] | None = model
    for part in loc:
        if isinstance(part, int) or found is None:
            continue
        fields = {field.alias or name: field for name, field in found.model_fields.items()}
        found = _model_in(fields[part].annotation) if part in fields else None
    return found


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and not get_args(annotation) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (tuple, Union, UnionType):
        for inner in get_args(annotation):
            if (model := _model_in(inner)) is not None:
                return model
    return None


def _shown(value: object) -> str:
    """What was found, on one line and not too long."""
    if isinstance(value, (dict, list)):
        noun = "table" if isinstance(value, dict) else "list"
        return f"a {noun}" if value else f"an empty {noun}"
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
    return text if len(text) <= _SHOWN else f'{text[: _SHOWN - 2]}…"'
