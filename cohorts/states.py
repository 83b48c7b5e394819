"""State machines told as one table: from which state to which."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from cohorts.errors import Refused

S = TypeVar("S", bound=StrEnum)


def may(table: Mapping[S, frozenset[S]], now: S, then: S) -> bool:
    return then in table[now]


def advance(table: Mapping[S, frozenset[S]], now: S, then: S, refusal: str) -> S:
    """The next state, or `Refused(refusal)` when the table does not allow it."""
    if not may(table, now, then):
        raise Refused(refusal, state=now.value)
    return then
