"""Neutral blocks as rich text: pieces that Slack can show whole, and the rich_text blocks that hold several of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.message import Block, Break, Divider, Heading, Inline, Listing, Paragraph, Quote, Text
from bot.platforms.slack import limits
from bot.platforms.slack.inline import Json, as_text, cut, elements, mrkdwn, text_element, weight

PIECE = limits.RICH_TEXT - 100  # of mrkdwn; what is between pieces fits into the rest
_BULLET = "• "
_FRAME = 40  # what a piece weighs without its words
_ITEM = as_text(len('{"type":"rich_text_section","elements":[]},'))


class Sort(StrEnum):
    WORDS = "words"
    HEADING = "heading"
    LIST = "list"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class Rich:
    """A piece of rich text: `lines` are the items of a list, or else the one line of the others."""

    sort: Sort
    lines: tuple[tuple[Inline, ...], ...]
    ordered: bool = False
    offset: int = 0  # how many items of the list came before
    text: str = ""  # the same as mrkdwn
    size: int = 0  # what it weighs, with its frame


def rich(blocks: Iterable[Block]) -> Iterator[Rich | Divider]:
    """The pieces of some blocks; a divider stands for itself."""
    for block in blocks:
        match block:
            case Paragraph(inlines=inlines):
                yield from _lines(Sort.WORDS, inlines)
            case Heading(inlines=inlines):
                yield from _lines(Sort.HEADING, inlines)
            case Listing():
                yield from listed(block)
            case Quote():
                yield from _lines(Sort.QUOTE, _flat(block))
            case Divider():
                yield block


def _lines(sort: Sort, inlines: Sequence[Inline]) -> Iterator[Rich]:
    mark = "&gt; " if sort is Sort.QUOTE else ""
    for piece in cut(_bold(inlines) if sort is Sort.HEADING else inlines, PIECE):
        if piece:
            yield Rich(sort, (piece,), text=mark + mrkdwn(piece), size=weight(piece) + _FRAME)


def listed(listing: Listing) -> Iterator[Rich]:
    """Lists of as many items as a block takes; the rest of an item that is longer than a block follows as words."""
    items: list[tuple[Inline, ...]] = []
    size = before = 0
    for number, item in enumerate(listing.items, 1):
        first, *more = cut(item, PIECE - 100)
        grown = weight(first) + _ITEM + len(f"{number}. ")
        if items and size + grown > PIECE:
            yield _a_list(listing, items, before, size)
            items, size, before = [], 0, number - 1
        items.append(first)
        size += grown
        if more:
            yield _a_list(listing, items, before, size)
            items, size, before = [], 0, number
            yield from (Rich(Sort.WORDS, (one,), text=mrkdwn(one), size=weight(one) + _FRAME) for one in more)
    if items:
        yield _a_list(listing, items, before, size)


def _a_list(listing: Listing, items: Sequence[tuple[Inline, ...]], before: int, size: int) -> Rich:
    marks = (f"{number}. " if listing.ordered else _BULLET for number in range(before + 1, before + len(items) + 1))
    text = "\n".join(mark + mrkdwn(item) for mark, item in zip(marks, items, strict=True))
    return Rich(Sort.LIST, tuple(items), listing.ordered, before, text, size + _FRAME)


def _bold(inlines: Iterable[Inline]) -> tuple[Inline, ...]:
    return tuple(replace(node, bold=True) if isinstance(node, Text) else node for node in inlines)


def _flat(quote: Quote) -> tuple[Inline, ...]:
    """A quote holds only words: its lists and quotes become lines that begin with their mark."""
    out: list[Inline] = []
    for block in quote.blocks:
        for line in _flat_lines(block):
            if out:
                out.append(Break())
            out.extend(line)
    return tuple(out)


def _flat_lines(block: Block) -> Iterator[tuple[Inline, ...]]:
    match block:
        case Paragraph(inlines=inlines):
            yield inlines
        case Heading(inlines=inlines):
            yield _bold(inlines)
        case Listing(items=items, ordered=ordered):
            for number, item in enumerate(items, 1):
                yield (Text(f"{number}. " if ordered else _BULLET), *item)
        case Quote(blocks=blocks):
            for inner in blocks:
                yield from ((Text("> "), *line) for line in _flat_lines(inner))
        case Divider():
            yield (Text("—"),)


# Blocks of several pieces.


def in_blocks(pieces: Iterable[Rich]) -> list[list[Rich]]:
    """Neighbours that share a rich_text block."""
    out: list[list[Rich]] = []
    size = 0
    for piece in pieces:
        if not out or size + piece.size > limits.RICH_TEXT:
            out.append([])
            size = 0
        out[-1].append(piece)
        size += piece.size
    return out


def rich_text(pieces: Sequence[Rich]) -> Json:
    """One block, with an empty line between paragraphs and none before what belongs to the line above."""
    out: list[Json] = []
    words: list[Json] = []  # paragraphs that follow each other are one section
    last: Sort | None = None
    for piece in pieces:
        if piece.sort in (Sort.LIST, Sort.QUOTE):
            if last is not None:
                out.append(_section([*words, text_element("\n")]))
                words = []
            out.append(_list(piece) if piece.sort is Sort.LIST else _quote(piece))
        else:
            if last is not None:
                gap = "\n\n" if last is Sort.WORDS else "\n"
                words.append(text_element(gap))
            words.extend(elements(piece.lines[0]))
        last = piece.sort
    if words:
        out.append(_section(words))
    return {"type": "rich_text", "elements": out}


def _section(parts: list[Json]) -> Json:
    return {"type": "rich_text_section", "elements": parts}


def _list(piece: Rich) -> Json:
    items = [_section(elements(item or (Text(" "),))) for item in piece.lines]
    style = "ordered" if piece.ordered else "bullet"
    drawn: Json = {"type": "rich_text_list", "style": style, "elements": items}
    return {**drawn, "offset": piece.offset} if piece.offset else drawn


def _quote(piece: Rich) -> Json:
    return {"type": "rich_text_quote", "elements": elements(piece.lines[0])}
