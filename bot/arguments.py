"""What comes with a deed, as its handler wants it: the options of a command, the arguments of a button or a form."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence

from bot.command_text import Kind, as_value
from bot.message import Choice, Field, FieldKind
from bot.registry import Declared, Option
from cohorts.errors import Invalid, Refused, Remark
from cohorts.facts import clean


def checked(declared: Declared, args: Mapping[str, object]) -> dict[str, object]:
    """The arguments of a button or form as the handler's annotations have them; a forged one is refused."""
    wanted = list(inspect.signature(declared.handler, eval_str=True).parameters.values())[1:]
    fitting: dict[str, object] = {}
    for parameter in wanted:
        if parameter.name not in args:
            if parameter.default is inspect.Parameter.empty:
                raise Refused("commands/gone")
            continue
        value = args[parameter.name]
        if parameter.annotation in (int, int | None):
            value = number(value)
            if value is None:
                raise Refused("commands/gone")
        elif parameter.annotation is str:
            value = clean(str(value))
        fitting[parameter.name] = value
    if set(args) - {parameter.name for parameter in wanted}:
        raise Refused("commands/gone")
    return fitting


def number(value: object) -> int | None:
    """A whole number that a database keeps."""
    found = re.fullmatch(r"-?[0-9]{1,18}", str(value)) if isinstance(value, (int, str)) else None
    return int(found[0]) if found and not isinstance(value, bool) else None


_REMARKS = {Kind.NUMBER: "not-a-number", Kind.CHOICE: "not-a-choice", Kind.YES_NO: "not-yes-or-no"}


def read_options(declared: Declared, args: Mapping[str, object], *, beside: bool) -> dict[str, object]:
    """What came with a form as the command would read it; what is wrong is said beside its field."""
    values: dict[str, object] = {}
    wrong: dict[str, Remark] = {}
    for option in (option for option in declared.options if option.name in args):
        given = args[option.name]
        read = as_value(option.spec, given) if isinstance(given, (str, int, float)) else None
        if read is not None and read != "":
            values[option.name] = read
        elif not isinstance(given, str) or clean(given).strip():
            wrong[option.name] = Remark(_REMARKS.get(option.kind, "not-text"), choices=list(option.choices))
    if wrong and not beside:
        raise Refused("commands/gone")
    if wrong:
        raise Invalid(**wrong)
    return values


MOST_CHOICES = 25  # of a select, on the narrowest platform


def field(option: Option, value: object, completions: Sequence[Choice] = ()) -> Field:
    """The field of a form that asks for an option; `completions` become a choice where they fit into one."""
    kind = FieldKind.PARAGRAPH if option.rest else FieldKind.LINE
    choices: tuple[Choice, ...] = ()
    if option.choices:
        kind, choices = FieldKind.CHOICE, tuple(Choice(one, one) for one in option.choices)
    elif 0 < len(completions) <= MOST_CHOICES:
        kind, choices = FieldKind.CHOICE, tuple(completions)
    elif option.kind is Kind.NUMBER:
        kind = FieldKind.NUMBER
    typed = value if isinstance(value, (str, int, float, bool)) else None
    return Field(option.name, kind, option.help or option.name, required=option.required, choices=choices, value=typed)
