"""What the values of a program file may look like: keys, times, numbers, and how a wrong one is described."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import time
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StrictInt
from pydantic_core import PydanticCustomError

from cohorts.when import EVENT, KEY, Duration, When, WhenError, parse_clock, parse_duration, parse_when

T = TypeVar("T")
Scalar = str | bool | int | float


LONGEST_KEY = 64  # as wide as the columns that keep keys


def wrong(field: str, expected: str) -> PydanticCustomError:
    """What a check over several fields raises: the field to look at, and what it should be."""
    return PydanticCustomError("part", "{expected}", {"field": field, "expected": expected})


def unique(keys: Iterable[str], table: str, field: str = "key") -> None:
    """Refuses the first key that stands in a list of tables for the second time."""
    seen: set[str] = set()
    for place, key in enumerate(keys, start=1):
        if key in seen:
            raise wrong(f"{table}[{place}].{field}", f'found "{key}" a second time, expected another {field}')
        seen.add(key)


def words_first(parse: Callable[[str], T], example: str) -> Callable[[object], T]:
    def checked(value: object) -> T:
        if not isinstance(value, str):
            raise WhenError(f"expected text such as {example}")
        return parse(value)

    return checked


def _matching(pattern: str, expected: str, most: int = LONGEST_KEY) -> Callable[[object], str]:
    def checked(value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"expected {expected}")
        if len(value) > most:
            raise ValueError(f"expected at most {most} characters, and these are {len(value)}")
        return value

    return checked


def _number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("expected a number")
    return value


def _scalar(value: object) -> Scalar:
    if not isinstance(value, (str, bool, int, float)):
        raise ValueError("expected text, a number, true or false")
    return value


def _clock(value: object) -> time:
    return value if isinstance(value, time) else words_first(parse_clock, '"16:00"')(value)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("expected some text in quotes")
    return value


Text = Annotated[str, PlainValidator(_text)]
Key = Annotated[str, PlainValidator(_matching(KEY, 'a key of a-z, 0-9, "-" and "_", such as "kickoff"'))]
Slug = Annotated[str, PlainValidator(_matching(r"[a-z0-9][a-z0-9-]*", 'a-z, 0-9 and "-" only'))]
EventName = Annotated[str, PlainValidator(_matching(EVENT, 'an event\'s name such as "vault.shared"'))]
Clock = Annotated[time, PlainValidator(_clock)]
Span = Annotated[Duration, PlainValidator(words_first(parse_duration, '"14d"'))]
Moment = Annotated[When, PlainValidator(words_first(parse_when, '"day 14 at 10:30"'))]
Number = Annotated[int | float, PlainValidator(_number)]
Answer = Annotated[Scalar, PlainValidator(_scalar)]
Minutes = Annotated[StrictInt, Field(ge=1, le=24 * 60)]


class Part(BaseModel):
    """A table of the file: nothing unknown in it, and not changed after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid")
