"""What pretend people may mean to do, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from bot.message import Scalar
from bot.platforms.local.draw import DrawnButton


@dataclass(frozen=True)
class Says:
    text: str


@dataclass(frozen=True)
class Presses:
    """The newest button of that action with these arguments that they see then."""

    action: str
    args: tuple[tuple[str, Scalar], ...]


@dataclass(frozen=True)
class Applies:
    """Types /apply and fills in the form, or puts it away `half` done. Not again once it is sent."""

    half: bool = False


@dataclass(frozen=True)
class Launches:
    """Asks to start the cohort, unless that was done."""


Deed: TypeAlias = Says | Presses | Applies | Launches


@dataclass(frozen=True, order=True)
class Intention:
    at: datetime
    order: int
    who: str
    deed: Deed = field(compare=False)


def press_of(button: DrawnButton) -> Presses:
    return Presses(button["action"], tuple(sorted(button["args"].items())))
