"""What is too much for an id, or can't be had again: forms as they were shown, and what was typed into them.

It is memory only, so that what somebody typed and never sent is written nowhere; a restart empties it.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.attached import Attached
from bot.message import Answer, Args, Form

MOST = 2_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A form as it is shown. `given`, `attached`: answers and files of the sheets before, or of an attempt that was
    remarked upon. The files wait at Discord."""

    form: Form
    given: Mapping[str, Answer] = field(default_factory=dict, repr=False)
    attached: Mapping[str, Sequence[Attached]] = field(default_factory=dict, repr=False)
    introduced: bool = False  # whether its title and introduction stand in a message already


Thing: TypeAlias = Kept | Args


class Shelf:
    """Things under short keys, each for one account alone. The least recently used go first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._things: OrderedDict[str, tuple[str, Thing]] = OrderedDict()

    def keep(self, account: str, thing: Thing) -> str:
        key = secrets.token_urlsafe(6)
        self._things[key] = (account, thing)
        while len(self._things) > self._most:
            self._things.popitem(last=False)
        return key

    def form(self, account: str, key: str) -> Kept | None:
        thing = self._find(account, key)
        return thing if isinstance(thing, Kept) else None

    def args(self, account: str, key: str) -> Args | None:
        """Arguments of a button that did not fit into its id."""
        thing = self._find(account, key)
        return None if isinstance(thing, Kept) else thing

    def _find(self, account: str, key: str) -> Thing | None:
        whose, thing = self._things.get(key, ("", None))
        if thing is None or whose != account:
            return None
        self._things.move_to_end(key)
        return thing
