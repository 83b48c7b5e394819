"""The `when` language of program files: "day 14 at 10:30", "2d before next session", "on vault.shared"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum


class Anchor(StrEnum):
    """The moments every program has. Any other anchor is the key of a session."""

    START = "start"
    CLOSE = "close"
    ACCEPTED = "accepted"
    SESSION = "session"
    SESSION_END = "session end"
    NEXT_SESSION = "next session"
    HOMEWORK_DUE = "homework due"
    GRADUATION = "graduation"


class Unit(StrEnum):
    MINUTES = "m"
    HOURS = "h"
    DAYS = "d"
    WEEKS = "w"


class WhenKind(StrEnum):
    DAY = "day"
    ANCHOR = "anchor"
    ITEM = "item"
    EVENT = "event"


class WhenError(ValueError):
    """The text is not of the language; the message says what is expected, with an example."""


MORNING = time(9, 0)
KEY = r"[a-z0-9][a-z0-9_-]*"
EVENT = r"[A-Za-z0-9][A-Za-z0-9_.:/-]*"

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_DURATION = re.compile(r"(\d{1,4}) ?([mhdw])")
_DAY = re.compile(r"day (\S+)(?: at (\S+))?")
_OFFSET = re.compile(r"(.+?) (before|after) (.+)")


@dataclass(frozen=True, slots=True)
class Duration:
    """An amount of one unit. Minutes and hours are elapsed time, days and weeks the calendar's."""

    unit: Unit
    amount: int

    @property
    def elapsed(self) -> timedelta:
        """How long it is, on days without a change of clocks."""
        each = {Unit.MINUTES: timedelta(minutes=1), Unit.HOURS: timedelta(hours=1), Unit.DAYS: timedelta(days=1)}
        return self.amount * each.get(self.unit, timedelta(weeks=1))

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


@dataclass(frozen=True, slots=True)
class When:
    """One parsed `when`. `kind` says which of the other fields count.

    DAY: `day` and `at` (09:00 unless written). ANCHOR: `anchor`, with `offset` and `sign` (-1 before,
    0 the anchor itself, +1 after). ITEM: `item`, a learning path's. EVENT: `event`, a product's.
    `unless` goes with any kind: not when that event was seen before.
    """

    kind: WhenKind
    day: int | None = None
    at: time | None = None
    anchor: Anchor | str | None = None
    offset: Duration | None = None
    sign: int = 0
    item: str | None = None
    event: str | None = None
    unless: str | None = None

    @property
    def names_session(self) -> bool:
        """Whether the anchor is the key of one session."""
        return self.kind is WhenKind.ANCHOR and not isinstance(self.anchor, Anchor)

    @property
    def is_personal(self) -> bool:
        """Whether the time differs from person to person."""
        return self.kind in (WhenKind.ITEM, WhenKind.EVENT) or self.anchor is Anchor.ACCEPTED

    def __str__(self) -> str:
        if self.kind is WhenKind.DAY:
            assert self.at is not None
            text = f"day {self.day}" if self.at == MORNING else f"day {self.day} at {self.at:%H:%M}"
        elif self.kind is WhenKind.ITEM:
            text = f"after {self.item}"
        elif self.kind is WhenKind.EVENT:
            text = f"on {self.event}"
        elif self.offset is None:
            text = str(self.anchor)
        else:
            text = f"{self.offset} {'before' if self.sign < 0 else 'after'} {self.anchor}"
        return f"{text} unless {self.unless}" if self.unless else text


def parse_clock(text: str) -> time:
    """ "16:00" as a time of day; WhenError otherwise."""
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise WhenError('expected a time of day such as "16:00"')
    return time(int(match[1]), int(match[2]))


def parse_duration(text: str) -> Duration:
    """ "30m", "2h", "1d" or "2w"; WhenError otherwise, also for nothing at all ("0d")."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or int(match[1]) == 0:
        raise WhenError('expected a duration such as "30m", "2h", "1d" or "2w"')
    return Duration(Unit(match[2]), int(match[1]))


def parse_when(text: str) -> When:
    """One `when` as a value; WhenError, naming an example, for everything else."""
    words = " ".join(text.split())
    words, _, unless = words.partition(" unless ")
    if unless and not re.fullmatch(EVENT, unless):
        raise WhenError('expected one event after "unless", such as "day 14 unless vault.shared"')
    if not unless and words.endswith(" unless"):
        raise WhenError('expected an event after "unless", such as "day 14 unless vault.shared"')
    kind = words.partition(" ")[0]
    parse = {"day": _day, "after": _after_item, "on": _on_event}.get(kind, _around_anchor)
    return parse(words, unless or None)


def _day(words: str, unless: str | None) -> When:
    match = _DAY.fullmatch(words)
    if match is None:
        raise WhenError('expected a day such as "day 14" or "day 14 at 10:30"')
    if re.fullmatch(r"-\d+", match[1]):
        raise WhenError('expected a day from 0 (the start) on; for earlier write "2d before start"')
    if not re.fullmatch(r"\d{1,4}", match[1]):
        raise WhenError('expected a day such as "day 14" or "day 14 at 10:30"')
    at = MORNING if match[2] is None else parse_clock(match[2])
    return When(WhenKind.DAY, day=int(match[1]), at=at, unless=unless)


def _after_item(words: str, unless: str | None) -> When:
    item = words.removeprefix("after").strip()
    if item in set(Anchor):
        raise WhenError(f'expected "{item}" alone or with a duration, such as "1d after {item}"')
    if not re.fullmatch(KEY, item):
        raise WhenError('expected the key of an item after "after", such as "after why-it-pays"')
    return When(WhenKind.ITEM, item=item, unless=unless)


def _on_event(words: str, unless: str | None) -> When:
    event = words.removeprefix("on").strip()
    if not re.fullmatch(EVENT, event):
        raise WhenError('expected one event after "on", such as "on vault.shared"')
    return When(WhenKind.EVENT, event=event, unless=unless)


def _around_anchor(words: str, unless: str | None) -> When:
    match = _OFFSET.fullmatch(words)
    if match is None:
        return When(WhenKind.ANCHOR, anchor=_anchor(words), unless=unless)
    offset = parse_duration(match[1])
    sign = -1 if match[2] == "before" else 1
    return When(WhenKind.ANCHOR, anchor=_anchor(match[3]), offset=offset, sign=sign, unless=unless)


def _anchor(text: str) -> Anchor | str:
    try:
        return Anchor(text)
    except ValueError:
        if re.fullmatch(KEY, text):
            return text
    raise WhenError(
        'expected "day 14 at 10:30", "1d before session", "3d after graduation", "after ITEM" or "on EVENT"; '
        f"anchors are {', '.join(Anchor)}, or a session's key"
    )
