"""A small door instead of a whole App, and a Discord platform that listens to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bot.command_text import Kind
from bot.config import TEMPLATES
from bot.message import Button, Choice, Field, FieldKind, Form, Message, Paragraph, Text
from bot.platforms.base import (
    CommandInfo,
    Deed,
    Filled,
    Inbound,
    OptionInfo,
    Outcome,
    Picked,
    Pressed,
    ShortcutInfo,
    Typed,
)
from bot.platforms.discord import listen as listening
from bot.platforms.discord.send import DiscordPlatform
from bot.platforms.discord.setup import Setup
from bot.words import Words
from tests.platforms.fakes.discord import FakeDiscord
from tests.platforms.stage import until as until

EARLY = 0.2  # seconds after which a slow door's answer is put off
SLOW = 0.5


def command(path: str, *options: OptionInfo, role: str = "anyone") -> CommandInfo:
    return CommandInfo(path, f"What /{path} does", tuple(one.name for one in options), options, role)


COMMANDS = (
    command("apply", OptionInfo("program", "Which one", completes=True)),
    command("cohort", OptionInfo("never", "shown")),
    command("cohort who"),
    command(
        "cohort kudos",
        OptionInfo("words", "What for", rest=True),
        OptionInfo("person", "To whom", Kind.PERSON, required=True),
    ),
    command("cohort rsvp", OptionInfo("answer", "Will you?", Kind.CHOICE, required=True, choices=("yes", "no"))),
    command(
        "session schedule",
        OptionInfo("when", "A date", Kind.MOMENT, required=True),
        OptionInfo("minutes", "How long", Kind.NUMBER),
        OptionInfo("room", "Where", Kind.ROOM),
        OptionInfo("quiet", "Tell nobody", Kind.YES_NO),
        OptionInfo("title", "What about"),
        role="facilitator",
    ),
)
SHORTCUTS = (ShortcutInfo("homework/submit", "Submit as homework"), ShortcutInfo("kudos", "Give kudos"))


class SmallDoor:
    """Answers from a dict, by the words, action, form or kind of the deed; forgets nothing."""

    def __init__(
        self,
        answers: Mapping[str, Outcome] | None = None,
        *,
        slow: Mapping[str, float] | None = None,
        commands: Sequence[CommandInfo] = COMMANDS,
        shortcuts: Sequence[ShortcutInfo] = SHORTCUTS,
    ) -> None:
        self.answers = dict(answers or {})
        self.slow = dict(slow or {})
        self.heard: list[Inbound] = []
        self.looked: list[tuple[Inbound, str, str]] = []
        self.choices: list[Choice] = []
        self._commands = commands
        self._shortcuts = shortcuts

    async def __call__(self, inbound: Inbound) -> Outcome:
        self.heard.append(inbound)
        name = named(inbound.deed)
        await asyncio.sleep(self.slow.get(name, 0.0))
        return self.answers.get(name, Outcome())

    def commands(self) -> Sequence[CommandInfo]:
        return self._commands

    def shortcuts(self) -> Sequence[ShortcutInfo]:
        return self._shortcuts

    def only_reads(self, deed: Deed) -> bool:
        return False

    async def complete(self, inbound: Inbound, option: str, typed: str) -> Sequence[Choice]:
        self.looked.append((inbound, option, typed))
        return self.choices

    @property
    def deeds(self) -> list[Deed]:
        return [inbound.deed for inbound in self.heard]


class BrokenDoor(SmallDoor):
    async def __call__(self, inbound: Inbound) -> Outcome:
        raise RuntimeError("a secret that nobody logs")

    async def complete(self, inbound: Inbound, option: str, typed: str) -> Sequence[Choice]:
        raise RuntimeError("another secret")


def named(deed: Deed) -> str:
    match deed:
        case Typed(text=text):
            return text
        case Pressed(action=action) | Picked(action=action):
            return action
        case Filled(form=form):
            return form
        case _:
            return type(deed).__name__.lower()


def said(text: str, *buttons: Button, replaces: bool = False) -> Outcome:
    return Outcome(Message(blocks=(Paragraph((Text(text),)),), buttons=buttons), replaces=replaces)


def asked(name: str, *keys: str, page: int = 1, pages: int = 1) -> Outcome:
    fields = tuple(Field(key, FieldKind.LINE, key.capitalize()) for key in keys)
    return Outcome(form=Form(name, "Tell us", fields, "Send", args={"program": 7}, page=page, pages=pages))


class Listening:
    """A Discord platform that listens, while it is entered."""

    def __init__(self, discord: FakeDiscord, door: SmallDoor | None = None, *, guilds: tuple[int, ...] = ()) -> None:
        setup = Setup(discord.token, discord.api_url, discord.gateway_url, guilds_for_development=guilds)
        self.discord = discord
        self.platform = DiscordPlatform(setup, Words([TEMPLATES]), lambda: datetime.now(UTC))
        self.door = door or SmallDoor()
        self._early = EARLY if self.door.slow else listening.EARLY

    async def __aenter__(self) -> Listening:
        self.task = asyncio.create_task(
            listening.listen(self.platform, self.door, early=self._early, between_identifies=0.0)
        )
        await until(lambda: (self.platform.connected and self._has_commands()) or self.task.done())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.platform.close()

    def _has_commands(self) -> bool:
        commands = self.discord.commands
        return not self.door.commands() or any(commands.values())
