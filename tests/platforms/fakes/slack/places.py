"""Where on somebody's screen an element stands: the open form, a message, an ephemeral, the home tab."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .state import Channel, Json, Message, Value, View

if TYPE_CHECKING:
    from .screen import Screen


@dataclass(frozen=True)
class Place:
    block: Json
    element: Json
    message: Message | None = None
    view: View | None = None

    @property
    def values(self) -> dict[tuple[str, str], Value]:
        """Where its surface keeps what was chosen."""
        if self.view is not None:
            return self.view.values
        assert self.message is not None
        return self.message.state

    @property
    def modal_id(self) -> str:
        return self.view.id if self.view is not None and self.view.body["type"] == "modal" else ""


Surface = tuple[Message | None, View | None, list[Json]]


def surfaces(person: Screen, in_: str | Message | Channel | None) -> Iterator[Surface]:
    """What is in sight, in the order in which an eye goes: the form, messages from the newest, the home tab."""
    if person.stack and in_ in (None, "modal"):
        yield None, person.stack[-1], person.stack[-1].blocks
    if in_ not in ("modal", "home"):
        messages = [*person.visible_messages(), *person.whispers]
        for message in sorted(messages, key=lambda each: each.at, reverse=True):
            if in_ is None or in_ is message or (not isinstance(in_, Message) and _stands_in(person, message, in_)):
                yield message, None, message.blocks
    if person.home_view is not None and in_ in (None, "home"):
        yield None, person.home_view, person.home_view.blocks


def _stands_in(person: Screen, message: Message, in_: str | Channel) -> bool:
    """`in_` is a channel, its name or id, "direct", a message's ts, or some of its words."""
    if isinstance(in_, Channel):
        return message.channel == in_.id
    channel = person.team.channels[message.channel]
    if in_ in (message.ts, channel.id) or (channel.name and in_.removeprefix("#") == channel.name):
        return True
    if in_ == "direct":
        return channel.kind == "im"
    return in_ in person.reader.message(message)


def _elements(block: Json) -> list[Json]:
    if block["type"] == "actions":
        return list(block["elements"])
    return [block["accessory"]] if "accessory" in block else []


def elements_with(
    person: Screen, wanted: Callable[[Json], bool], in_: str | Message | Channel | None, on: str = ""
) -> Iterator[Place]:
    for message, view, blocks in surfaces(person, in_):
        above: list[str] = []  # the words since the last row of buttons
        fresh = True
        for block in blocks:
            mine = _elements(block)
            if block["type"] != "actions":
                above = above if not fresh else []
                above.append(person.reader.block(block))
                fresh = False
            for element in mine:
                if wanted(element) and (not on or on in "\n".join(above)):
                    yield Place(block, element, message, view)
            if block["type"] == "actions":
                fresh = True
            elif "accessory" in block and on:
                above = []


def find_element(
    person: Screen, wanted: Callable[[Json], bool], in_: str | Message | Channel | None, on: str = ""
) -> Place | None:
    """The first in sight; for `on`, of the words right above it, or else anywhere in the same message."""
    if (place := next(elements_with(person, wanted, in_, on), None)) is not None or not on:
        return place
    for place in elements_with(person, wanted, in_):
        if place.message is not None and on in person.reader.message(place.message):
            return place
    return None
