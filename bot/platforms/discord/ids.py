"""What a button or a form says of itself when it comes back: its name and arguments in at most 100 characters.

These ids stand under messages for years. What is written here once is read for ever: a change needs a new prefix.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import quote, unquote

from bot.message import Args, Scalar
from bot.platforms.discord import limits

PRESS, FORM = "c1:", "f1:"
SPILLED = ".k"  # the argument that stands for arguments kept elsewhere; no argument of a feature begins with a dot
PATTERN = re.compile(re.escape(PRESS) + r".*", re.DOTALL)  # for a DynamicItem

# Arguments that nearly every button has. A letter is never given to another name, nor taken away.
_LETTERS = MappingProxyType(
    {
        "application_id": "A",
        "cohort_id": "C",
        "effect_id": "E",
        "homework_id": "H",
        "membership_id": "M",
        "session_id": "S",
    }
)
_NAMES = MappingProxyType({letter: name for name, letter in _LETTERS.items()})

Spill = Callable[[Args], str]  # keeps arguments and returns a short key for them

_AGAIN = re.compile(r"#[0-9]+\Z")
_ARG = re.compile(r"(?P<name>[^='!;]+)(?P<kind>[='!])(?P<value>[^;]*)", re.DOTALL)
_WHOLE = re.compile(r"-?[0-9]+")
# Everything printable stays readable but our own signs, and blanks, which a platform may trim.
_PLAIN = '/:,.@+*()[]{}|~_-?&^<>"`\\$'


def custom_id(action: str, args: Args, *, again: int = 0, spill: Spill | None = None) -> str:
    """`again` tells apart buttons of one message that are the same otherwise. Read by `read`.

    ValueError when it takes more than 100 characters and there is no `spill` to keep the arguments.
    """
    return _written(PRESS, action, args, again, spill)


def form_id(form: str, args: Args, *, spill: Spill | None = None) -> str:
    """The same for a modal."""
    return _written(FORM, form, args, 0, spill)


def read(written: str) -> tuple[str, dict[str, Scalar]]:
    """The name and the arguments, as they were given, types included. ValueError for what we never wrote."""
    if not written.startswith((PRESS, FORM)):
        raise ValueError("not an id of ours")
    name, *parts = _AGAIN.sub("", written[len(PRESS) :]).split(";")
    if not name:
        raise ValueError("an id without a name")
    return unquote(name), dict(_read(part) for part in parts)


def component_id(key: str, part: int = 0) -> int:
    """The number of the container by which the `part`th message of an effect is found again: 31 bits, never 0."""
    digest = hashlib.sha256(f"{key}\n{part}".encode()).digest()
    # Small numbers are what Discord itself gives to components that have none.
    return int.from_bytes(digest[:4]) % (limits.LARGEST_NUMBER - 1_000) + 1_001


def _written(prefix: str, name: str, args: Args, again: int, spill: Spill | None) -> str:
    if not name.strip() or any(not arg.strip() or arg in _NAMES for arg in args):
        raise ValueError(f"no name for a button, a form or an argument: {name!r}")
    mark = f"#{again}" if again else ""
    whole = prefix + _packed(name, args) + mark
    if limits.length(whole) <= limits.ID:
        return whole
    if spill is not None:
        shorter = prefix + _packed(name, {SPILLED: spill(args)}) + mark
        if limits.length(shorter) <= limits.ID:
            return shorter
    raise ValueError(f"{name} with its arguments takes {limits.length(whole)} characters; Discord keeps {limits.ID}")


def _packed(name: str, args: Mapping[str, Scalar]) -> str:
    return ";".join([quote(name, safe=_PLAIN), *(_packed_one(arg, value) for arg, value in sorted(args.items()))])


def _packed_one(name: str, value: Scalar) -> str:
    name = _LETTERS.get(name) or quote(name, safe="/.")
    if isinstance(value, bool):
        return f"{name}!{int(value)}"
    return f"{name}={value}" if isinstance(value, int) else f"{name}'{_text(value)}"


def _text(value: str) -> str:
    """Letters of every language as they are; blanks inside too."""
    inside = "".join(
        char if char == " " or (char > "~" and char.isprintable()) else quote(char, _PLAIN) for char in value
    )
    kept = inside.strip()
    if kept == inside:
        return inside
    start = len(inside) - len(inside.lstrip())
    return quote(inside[:start]) + kept + quote(inside[start + len(kept) :])


def _read(part: str) -> tuple[str, Scalar]:
    found = _ARG.fullmatch(part)
    if found is None:
        raise ValueError("an argument that we never wrote")
    name, kind, value = found["name"], found["kind"], found["value"]
    name = _NAMES.get(name) or unquote(name)
    if kind == "'":
        return name, unquote(value)
    if not _WHOLE.fullmatch(value) or (kind == "!" and value not in ("0", "1")):
        raise ValueError("an argument that we never wrote")
    return name, value == "1" if kind == "!" else int(value)
