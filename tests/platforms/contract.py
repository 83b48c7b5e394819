"""What the contract suite needs of a chat system: one `Adapter` for each, which makes its world and looks at it.

The platform is what is tested; the world around it (people, rooms, what they see) survives `restarts`.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from bot.clock import SteppedClock
from bot.message import Choice
from bot.platforms.base import (
    CommandInfo,
    Deed,
    Door,
    Filled,
    Inbound,
    Outcome,
    Parcel,
    Picked,
    Platform,
    Pressed,
    Receipt,
    ShortcutInfo,
    Typed,
)

START = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
SHORTCUT = ShortcutInfo("homework/from-message", "Submit as homework")

Shown = Mapping[str, object]  # answers as a person gives them, by the label of the field: a choice by its own label


class ScriptedDoor:
    """Answers from a dict, by the words, action, form or kind of the deed. What is an exception is raised."""

    def __init__(self, answers: Mapping[str, Outcome | Exception] | None = None) -> None:
        self.answers: dict[str, Outcome | Exception] = dict(answers or {})
        self.slow: dict[str, float] = {}
        self.heard: list[Inbound] = []

    async def __call__(self, inbound: Inbound) -> Outcome:
        self.heard.append(inbound)
        name = named(inbound.deed)
        await asyncio.sleep(self.slow.get(name, 0.0))
        answer = self.answers.get(name, Outcome())
        if isinstance(answer, Exception):
            raise answer
        return answer

    def commands(self) -> Sequence[CommandInfo]:
        return []

    def shortcuts(self) -> Sequence[ShortcutInfo]:
        return (SHORTCUT,)

    def only_reads(self, deed: Deed) -> bool:
        return False

    async def complete(self, inbound: Inbound, option: str, typed: str) -> Sequence[Choice]:
        return []

    @property
    def deeds(self) -> list[Deed]:
        return [inbound.deed for inbound in self.heard]


def named(deed: Deed) -> str:
    match deed:
        case Typed(text=text):
            return text
        case Pressed(action=action) | Picked(action=action):
            return action
        case Filled(form=form, closed=closed):
            return f"{form}, put away" if closed else form
        case _:
            return type(deed).__name__.lower()


@dataclass(frozen=True)
class SeenFile:
    name: str
    content: bytes
    alt: str


@dataclass(frozen=True)
class Seen:
    """One message as somebody sees it. `id` is the platform's, as a receipt has it."""

    id: str
    text: str
    buttons: tuple[str, ...] = ()
    beneath: str | None = None
    pinned: bool = False
    files: tuple[SeenFile, ...] = ()


class Human(ABC):
    """Somebody who can do what a client of the platform lets them do."""

    account: str
    name: str

    @abstractmethod
    async def types(self, line: str) -> None: ...

    @abstractmethod
    async def says(self, text: str, room: str | None = None) -> None: ...

    @abstractmethod
    async def presses(self, label: str, on: str = "") -> None: ...

    @abstractmethod
    async def fills(self, answers: Shown) -> None:
        """Answers in the open form, over what stands in it, and sends it."""

    @abstractmethod
    async def puts_away(self, answers: Shown) -> None:
        """Answers some of it and closes the form."""

    @abstractmethod
    async def picks(self, shortcut: ShortcutInfo, words: str) -> None:
        """A shortcut, on the message with these words."""

    async def visits(self) -> None:
        """Opens the bot's own page, where there is one."""
        raise NotImplementedError

    async def changes(self, *, name: str, zone: str) -> None:
        """Where the platform tells of it."""
        raise NotImplementedError

    @property
    @abstractmethod
    def asked(self) -> list[str]:
        """The labels of the open form's fields; none when no form is open."""

    @property
    @abstractmethod
    def remarks(self) -> dict[str, str]:
        """Beside the fields of the open form, by label."""

    @abstractmethod
    def seen(self, room: str | None = None) -> list[Seen]:
        """What the bot wrote in a room, or in their direct messages, oldest first; nothing private to others."""

    @abstractmethod
    def sees(self, words: str) -> bool:
        """Anywhere at all, private answers, forms and the bot's own page too."""

    async def will_see(self, words: str) -> None:
        await until(lambda: self.sees(words))

    async def will_be_asked(self, *labels: str) -> None:
        await until(lambda: self.asked == list(labels))


class Adapter(ABC):
    """One chat system, entered as a context. `has_page`: the bot has a page of its own there; `closes_dms`: people may
    refuse direct messages; `reads_history`: what was sent is found by looking through a room; `tells_closing`: a form
    that is put away is told of; `redelivers`: what was not acknowledged comes again; `tells_changes`: of names and
    zones; `tells_zones`: in which one somebody lives; `keeps_forms`: a form of any length outlives the process."""

    has_page: ClassVar[bool] = True
    closes_dms: ClassVar[bool] = True
    reads_history: ClassVar[bool] = True
    tells_closing: ClassVar[bool] = True
    redelivers: ClassVar[bool] = True
    tells_changes: ClassVar[bool] = True
    tells_zones: ClassVar[bool] = True
    keeps_forms: ClassVar[bool] = True

    platform: Platform
    workspace: str

    def __init__(self) -> None:
        self.clock = SteppedClock(START)
        self.door: Door | None = None
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Adapter:
        await self.opens()
        self.platform = self.started()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stops()
        await self.closes()

    @abstractmethod
    async def opens(self) -> None:
        """The world, without the bot."""

    @abstractmethod
    async def closes(self) -> None: ...

    @abstractmethod
    def started(self) -> Platform:
        """A platform that has just been started, and remembers nothing."""

    async def _stops(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
            self._listening = None
        if (close := getattr(self.platform, "close", None)) is not None:
            await close()

    async def restarts(self) -> None:
        """The process ends and another begins, in the same world."""
        await self._stops()
        self.platform = self.started()
        if self.door is not None:
            await self.listens(self.door)

    async def listens(self, door: Door) -> None:
        self.door = door
        self._listening = asyncio.create_task(self.platform.listen(door))
        await until(lambda: getattr(self.platform, "connected", True) or self.deaf)

    @property
    def deaf(self) -> bool:
        """Whether listening has ended."""
        return self._listening is None or self._listening.done()

    @abstractmethod
    async def quiet(self) -> None:
        """Until all that is under way has arrived."""

    @abstractmethod
    def person(self, name: str, zone: str = "Europe/Berlin") -> Human: ...

    @abstractmethod
    def room(self, name: str, *members: Human) -> str:
        """A room that the bot is in, by its id."""

    @abstractmethod
    def foreign_room(self, name: str, *members: Human) -> str:
        """A room that somebody else made; the bot is not in it."""

    @abstractmethod
    def crowd(self, count: int, where: str | Human, by: Human) -> None:
        """So many other messages, half of them the bot's own."""

    @abstractmethod
    def loses_room(self, room: str) -> None:
        """Somebody deletes it."""

    @abstractmethod
    def nobody(self) -> str:
        """The account of somebody who is not there."""

    def closes_dms_of(self, human: Human) -> None:
        """Where that can be."""
        raise NotImplementedError

    @abstractmethod
    def members(self, room: str) -> set[str]:
        """The accounts of the people in it."""

    @abstractmethod
    def rooms(self) -> set[str]: ...

    @abstractmethod
    def links(self, room: str) -> list[tuple[str, str]]:
        """The titles and addresses that stay on top of it."""

    async def comes_again(self) -> None:
        """The last thing that was told to the bot is told once more, as the platform does it."""
        raise NotImplementedError

    def complaints(self) -> list[str]:
        """Payloads that the platform refused for what they are."""
        return []

    def passes(self, **by: float) -> None:
        self.clock.forward(timedelta(**by))

    async def delivered(self, parcel: Parcel) -> Receipt:
        """As delivery does it with what was tried before."""
        return await self.platform.find(parcel) or await self.platform.send(parcel)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  (what is waited for happens in the fake, which tells nobody)
            await asyncio.sleep(0.005)
