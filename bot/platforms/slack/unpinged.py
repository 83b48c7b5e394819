"""People by their names alone: Slack tells everybody of whom a message in a room says who they are by a mention, and it
knows no message that does so quietly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.message import Block, Card, Heading, Inline, Listing, Mention, Message, Paragraph, Quote, Text


def unpinged(message: Message) -> Message:
    """The same words, of which nobody is notified."""
    return replace(
        message,
        title=_names(message.title),
        blocks=_blocks(message.blocks),
        cards=tuple(Card(_blocks(card.blocks), card.buttons) for card in message.cards),
    )


def _blocks(blocks: Iterable[Block]) -> tuple[Block, ...]:
    return tuple(map(_block, blocks))


def _block(block: Block) -> Block:
    match block:
        case Paragraph(inlines=inlines):
            return Paragraph(_names(inlines))
        case Heading(inlines=inlines):
            return Heading(_names(inlines))
        case Listing(items=items):
            return replace(block, items=tuple(map(_names, items)))
        case Quote(blocks=blocks):
            return Quote(_blocks(blocks))
    return block


def _names(inlines: Iterable[Inline]) -> tuple[Inline, ...]:
    return tuple(Text(node.name or "…") if isinstance(node, Mention) else node for node in inlines)
