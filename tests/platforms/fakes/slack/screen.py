"""What one person has on the screen: open forms, messages, ephemerals, the home tab, and what went wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .forms import CannotDo
from .places import elements_with
from .render import Reader
from .state import Channel, Message, User, View

if TYPE_CHECKING:
    from .server import FakeSlack
    from .team import Team


class Screen:
    def __init__(self, team: Team, user: User) -> None:
        self.team = team
        self.user = user
        self.stack: list[View] = []  # open modals, the visible one last
        self.home_view: View | None = None
        self.whispers: list[Message] = []  # ephemeral messages
        self.problems: list[str] = []  # what the client itself said went wrong: "operation_timeout"

    def __repr__(self) -> str:
        return f"<{self.user.name} of {self.team.name}>"

    @property
    def id(self) -> str:
        return self.user.id

    @property
    def slack(self) -> FakeSlack:
        return self.team.slack

    @property
    def reader(self) -> Reader:
        return Reader(self.team, self.user)

    @property
    def direct(self) -> Channel:
        """The conversation with the bot."""
        return self.team.direct(self.id)

    def _room(self, channel: str | Channel | None) -> Channel:
        room = self.direct if channel is None else self.team.channel(channel)
        if self.id not in room.members:
            raise CannotDo(f"{self.user.name} is not in {room.name or room.id}")
        return room

    def visible_messages(self, channel: str | Channel | None = None) -> list[Message]:
        """What stands in a channel, or in all of one's own, oldest first."""
        rooms = [self._room(channel)] if channel is not None else list(self.team.channels.values())
        found = [each for room in rooms if self.id in room.members for each in room.messages]
        return sorted(found, key=lambda each: each.at)

    def messages(self, channel: str | Channel | None = None) -> list[str]:
        return [self.reader.message(each) for each in self.visible_messages(channel)]

    @property
    def inbox(self) -> list[str]:
        """What the bot wrote to this person alone, without the ephemerals."""
        return [self.reader.message(each) for each in self.direct.messages if each.user == self.team.bot.id]

    @property
    def ephemerals(self) -> list[str]:
        return [self.reader.message(each) for each in self.whispers]

    @property
    def modal(self) -> str:
        return self.reader.view(self.stack[-1]) if self.stack else ""

    @property
    def home(self) -> str:
        return self.reader.view(self.home_view) if self.home_view else ""

    @property
    def errors(self) -> list[str]:
        """What the client says went wrong, and the remarks beside the fields of the open form."""
        return [*self.problems, *self.remarks.values()]

    @property
    def remarks(self) -> dict[str, str]:
        """Remarks beside fields, by label."""
        if not self.stack:
            return {}
        view = self.stack[-1]
        labels = {each["block_id"]: each["label"]["text"] for each in view.blocks if each["type"] == "input"}
        return {labels[block]: words for block, words in view.errors.items()}

    @property
    def buttons(self) -> list[str]:
        """The labels of all buttons in sight."""
        places = elements_with(self, lambda element: element["type"] == "button", None)
        return [each.element["text"]["text"] for each in places]

    def sees(self, text: str) -> bool:
        return any(text in each for each in (*self.messages(), *self.ephemerals, self.modal, self.home, *self.errors))

    async def will_see(self, text: str, within: float = 60.0) -> None:
        """Waits until it is there."""
        try:
            async with asyncio.timeout(within):
                while not self.sees(text):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        except TimeoutError:
            shown = "\n--\n".join([*self.messages(), *self.ephemerals, self.modal, self.home, *self.errors])
            raise AssertionError(f"{self.user.name} never saw {text!r}, only:\n{shown}") from None
