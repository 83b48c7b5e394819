"""What the tests of drawing share: messages as anybody might write them, and a look into payloads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from bot.message import (
    Block,
    Break,
    Button,
    ButtonStyle,
    Card,
    Divider,
    Heading,
    Inline,
    Link,
    Listing,
    Mention,
    Message,
    Moment,
    MomentStyle,
    Paragraph,
    Quote,
    RoomMention,
    Scalar,
    Text,
)

FOUR = datetime(2027, 12, 1, 15, 0, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def said(*inlines: Inline) -> Message:
    return Message(blocks=(Paragraph(inlines),))


def typed(text: str) -> Message:
    return said(Text(text, literal=True))


def inside(thing: object) -> Iterator[dict[str, Any]]:
    """Every object of a payload, from the outside in."""
    if isinstance(thing, dict):
        yield thing
        for value in thing.values():
            yield from inside(value)
    elif isinstance(thing, list):
        for one in thing:
            yield from inside(one)


@dataclass(frozen=True)
class Written:
    """Whatever may be written, of such texts, addresses, accounts, rooms and arguments."""

    texts: st.SearchStrategy[str]
    urls: st.SearchStrategy[str]
    accounts: st.SearchStrategy[str | None]
    rooms: st.SearchStrategy[str | None]
    args: st.SearchStrategy[Mapping[str, Scalar]]
    most: int = 6  # nodes of a line, and blocks of a message

    @property
    def inlines(self) -> st.SearchStrategy[tuple[Inline, ...]]:
        flags = st.booleans()
        nodes: st.SearchStrategy[Inline] = st.one_of(
            st.builds(Text, self.texts, flags, flags, flags, flags),
            st.builds(Link, self.urls, self.texts),
            st.builds(Moment, MOMENTS, st.sampled_from(MomentStyle)),
            st.builds(Mention, self.texts, self.accounts),
            st.builds(RoomMention, self.texts, self.rooms),
            st.just(Break()),
        )
        return st.lists(nodes, max_size=self.most).map(tuple)

    @property
    def blocks(self) -> st.SearchStrategy[Block]:
        flat: st.SearchStrategy[Block] = st.one_of(
            st.builds(Paragraph, self.inlines),
            st.builds(Heading, self.inlines),
            st.builds(Listing, st.lists(self.inlines, max_size=5).map(tuple), st.booleans()),
            st.just(Divider()),
        )
        return st.recursive(flat, lambda inner: st.builds(Quote, st.lists(inner, max_size=3).map(tuple)), max_leaves=4)

    @property
    def buttons(self) -> st.SearchStrategy[tuple[Button, ...]]:
        button = st.builds(Button, st.sampled_from(["a/b", "a/c"]), self.texts, self.args, st.sampled_from(ButtonStyle))
        return st.lists(button, max_size=12).map(tuple)

    @property
    def messages(self) -> st.SearchStrategy[Message]:
        several = st.lists(self.blocks, max_size=self.most).map(tuple)
        cards = st.lists(st.builds(Card, several, self.buttons), max_size=4).map(tuple)
        return st.builds(Message, self.inlines, several, cards, self.buttons)
