"""How a half-typed slash command could go on: pure, over the commands that the door names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.message import Choice
from bot.platforms.base import CommandInfo


@dataclass(frozen=True, slots=True)
class Suggestion:
    line: str  # what the composer would hold after choosing it
    label: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Spot:
    """The option being typed: its name, the part typed so far, and the line before that part."""

    option: str
    typed: str
    before: str
    last: bool

    def suggest(self, choice: Choice) -> Suggestion:
        # The last option takes the rest of the line; an earlier one needs quotes around spaces.
        value = choice.value if self.last or " " not in choice.value else f'"{choice.value}"'
        return Suggestion(self.before + value + ("" if self.last else " "), choice.label, choice.value)


def command_lines(text: str, commands: Sequence[CommandInfo]) -> tuple[Suggestion, ...]:
    """Commands whose path begins with what was typed."""
    typed = text.removeprefix("/").lower()
    return tuple(
        Suggestion(f"/{command.path}" + (" " if command.options else ""), f"/{command.path}", command.help)
        for command in commands
        if command.path.startswith(typed) and (command.path != typed or not text.endswith(" "))
    )


def option_at(text: str, commands: Sequence[CommandInfo]) -> Spot | None:
    """The option under the cursor at the end of `text`; None while the command itself is unfinished."""
    line = text.removeprefix("/")
    fitting = [command for command in commands if line.startswith(command.path + " ")]
    if not fitting:
        return None
    command = max(fitting, key=lambda each: len(each.path))
    rest = line[len(command.path) + 1 :]
    starts = _word_starts(rest)
    index = min(len(starts), len(command.options)) - 1
    if index < 0:
        return None
    typed = rest[starts[index] :]
    return Spot(
        command.options[index],
        typed.strip('"'),
        text[: len(text) - len(typed)],
        index == len(command.options) - 1,
    )


def _word_starts(rest: str) -> list[int]:
    """Where each word begins, quoted ones as one; a space at the end begins the next."""
    starts, quoted = [0], False
    for at, char in enumerate(rest):
        if char == '"':
            quoted = not quoted
        elif char == " " and not quoted and rest[:at].strip():
            starts.append(at + 1)
    return starts
