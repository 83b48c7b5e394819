"""A poll where the platform has none of its own: a row and a button for each choice."""

from __future__ import annotations

from dataclasses import replace

from bot.message import Button, Inline, Listing, Message, Poll, Text

WIDTH = 10  # of the longest bar
BAR = "█"


def spelt_out(message: Message) -> Message:
    """The same without a poll: its choices numbered below the words, then what one can press while it is open."""
    poll = message.poll
    if poll is None:
        return message
    rows = Listing(tuple(_row(poll, number) for number in range(len(poll.choices))), ordered=True)
    return replace(message, blocks=(*message.blocks, rows), buttons=(*ballot(poll), *message.buttons), poll=None)


def ballot(poll: Poll) -> tuple[Button, ...]:
    if poll.closed:
        return ()
    return tuple(Button(poll.name, label, {**poll.args, "choice": number}) for number, label in enumerate(poll.choices))


def _row(poll: Poll, number: int) -> tuple[Inline, ...]:
    if poll.hidden:
        return (Text(poll.choices[number], literal=True),)
    count, most = poll.counts[number], max(poll.counts)
    bar = BAR * max(1, round(WIDTH * count / most)) if count else ""
    leads = poll.closed and bool(count) and poll.counts.index(most) == number
    return (Text(poll.choices[number], bold=leads, literal=True), Text(f" · {count} {bar}".rstrip()))
