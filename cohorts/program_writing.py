"""A program written as TOML again, with a few of its texts said anew: for a cohort's own copy."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from itertools import pairwise

_STEP = re.compile(r"([A-Za-z0-9_-]+)((?:\[\d+\])*)")
_NTH = re.compile(r"\[(\d+)\]")


def filled_in(toml: str, texts: Mapping[str, str]) -> str:
    """The program with each text at its path, `sessions[2].place`, counted from one; an empty one is taken out.

    Comments are lost. KeyError for a path that leads through something that is no table.
    """
    raw = tomllib.loads(toml)
    for path, text in texts.items():
        _put(raw, path, text)
    return written(raw)


def _put(raw: dict[str, object], path: str, text: str) -> None:
    keys = _keys(path)
    here: object = raw
    for step, following in pairwise(keys):
        if isinstance(here, dict) and isinstance(step, str) and step not in here and isinstance(following, str):
            here[step] = {}
        here = _within(here, step, path)
    last = keys[-1]
    if isinstance(here, dict) and isinstance(last, str):
        if text:
            here[last] = text
        else:
            here.pop(last, None)
    elif isinstance(here, list) and isinstance(last, int) and last < len(here):
        here[last] = text
    else:
        raise KeyError(path)


def _within(here: object, step: str | int, path: str) -> object:
    if isinstance(here, dict) and isinstance(step, str) and step in here:
        return here[step]
    if isinstance(here, list) and isinstance(step, int) and step < len(here):
        return here[step]
    raise KeyError(path)


def _keys(path: str) -> list[str | int]:
    keys: list[str | int] = []
    for part in path.split("."):
        match = _STEP.fullmatch(part)
        if match is None:
            raise KeyError(path)
        keys.append(match[1])
        keys += [int(nth) - 1 for nth in _NTH.findall(match[2])]
    return keys


def written(raw: Mapping[str, object]) -> str:
    """TOML that reads back as the same tables."""
    plain = {key: value for key, value in raw.items() if not _is_table(value) and not _are_tables(value)}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    for key, value in raw.items():
        if _is_table(value):
            lines += ["", f"[{_key(key)}]", *_pairs(value)]
        elif _are_tables(value):
            assert isinstance(value, list)
            for one in value:
                lines += ["", f"[[{_key(key)}]]", *_pairs(one)]
    return "\n".join(lines) + "\n"


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _are_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _pairs(table: object) -> list[str]:
    assert isinstance(table, dict)
    return [f"{_key(key)} = {_value(value)}" for key, value in table.items()]


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _text(key)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _text(value)
        case datetime() | date() | time():
            return value.isoformat()
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            return f"{{{', '.join(_pairs(value))}}}"
    raise TypeError(type(value).__name__)
