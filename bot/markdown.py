"""Markdown with slots to neutral blocks. The words of people are never part of the Markdown that is parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count
from typing import TypeAlias

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from bot.message import Block, Break, Divider, Heading, Inline, Link, Listing, Paragraph, Quote, Text
from cohorts.facts import Markdown
from cohorts.program_answers import MY

# A slot is a number between two private-use characters, which are stripped from everything people type.
OPEN, CLOSE = "\ue000", "\ue001"
_SLOT = re.compile(f"{OPEN}(\\d+){CLOSE}")
_URL = re.compile(r"https?://[^\s<>\"'`\\{}|^]+", re.IGNORECASE)
_TRAILING = ".,;:!?)]"
PLAIN = Text("")

Slot: TypeAlias = Inline | Markdown | str  # a string is somebody's words
Slots: TypeAlias = Sequence[Slot]


class _Parser(MarkdownIt):
    """Links are judged by us after their slots are filled, so none is changed or refused before.

    A text is parsed once: slots are filled later, so that a message to twelve people is the same text.
    """

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False})
        self.disable(["html_inline", "html_block", "image"])
        self.tree = lru_cache(maxsize=512)(self._tree)

    def _tree(self, text: str) -> SyntaxTreeNode:
        return SyntaxTreeNode(self.parse(text))

    def normalizeLink(self, url: str) -> str:
        return url

    def validateLink(self, url: str) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Parsed:
    title: tuple[Inline, ...]
    blocks: tuple[Block, ...]


def parser() -> _Parser:
    return _Parser()


def parse(markdown: _Parser, text: str, slots: Slots) -> Parsed:
    """The first heading is the title, the rest the body."""
    title: tuple[Inline, ...] = ()
    blocks: list[Block] = []
    for node in markdown.tree(text).children:
        if node.type == "heading" and not title and not blocks:
            title = _inlines(node, slots)
        else:
            blocks.extend(_block(markdown, node, slots))
    return Parsed(title, tuple(blocks))


def _block(markdown: _Parser, node: SyntaxTreeNode, slots: Slots) -> Iterator[Block]:
    match node.type:
        case "heading":
            yield Heading(_inlines(node, slots))
        case "paragraph":
            authored = _alone(node, slots)
            if authored is not None:
                yield from parse_authored(markdown, authored)
            elif inlines := _inlines(node, slots):
                yield Paragraph(inlines)
        case "bullet_list" | "ordered_list":
            yield Listing(tuple(_item(item, slots) for item in node.children), ordered=node.type == "ordered_list")
        case "blockquote":
            yield Quote(tuple(block for child in node.children for block in _block(markdown, child, slots)))
        case "hr":
            yield Divider()
        case _:
            yield Paragraph((Text(node.content, code=True),))


def parse_authored(markdown: _Parser, authored: Markdown) -> tuple[Block, ...]:
    """The Markdown of a program's author, by itself: its headings are headings, its slots what it quotes."""
    places = count()

    def slot(match: re.Match[str]) -> str:
        place = next(places)
        return f"{OPEN}{place}{CLOSE}" if place < len(authored.quotes) else match[0]

    parsed = parse(markdown, MY.sub(slot, authored.text), authored.quotes)
    title = (Heading(parsed.title),) if parsed.title else ()
    return (*title, *parsed.blocks)


def _alone(node: SyntaxTreeNode, slots: Slots) -> Markdown | None:
    """The author's Markdown, when a paragraph is nothing else."""
    content = node.children[0].content if node.children else ""
    match = _SLOT.fullmatch(content.strip())
    slot = slots[int(match[1])] if match else None
    return slot if isinstance(slot, Markdown) else None


def _item(node: SyntaxTreeNode, slots: Slots) -> tuple[Inline, ...]:
    parts = [_inlines(child, slots) for child in node.children if child.type in ("paragraph", "heading")]
    return tuple(inline for n, part in enumerate(parts) for inline in ((Break(),) if n else ()) + part)


def _inlines(node: SyntaxTreeNode, slots: Slots) -> tuple[Inline, ...]:
    out: list[Inline] = []
    for child in node.children:
        out.extend(_inline(child, slots, Text("")))
    return _joined(out)


def _inline(node: SyntaxTreeNode, slots: Slots, style: Text) -> Iterator[Inline]:
    match node.type:
        case "inline":
            for child in node.children:
                yield from _inline(child, slots, style)
        case "text":
            yield from _filled(node.content, slots, style)
        case "strong" | "em":
            inner = replace(style, bold=True) if node.type == "strong" else replace(style, italic=True)
            for child in node.children:
                yield from _inline(child, slots, inner)
        case "code_inline":
            yield from _filled(node.content, slots, replace(style, code=True))
        case "link":
            yield from _link(node, slots, style)
        case "softbreak":
            yield replace(style, text=" ")
        case "hardbreak":
            yield Break()
        case _:
            yield replace(style, text=node.content)


def _link(node: SyntaxTreeNode, slots: Slots, style: Text) -> Iterator[Inline]:
    """A link that the template wrote; where its address is not one of the web, its words alone."""
    href = _SLOT.sub(lambda match: _as_text(slots[int(match[1])]), str(node.attrs.get("href", "")))
    inner = [inline for child in node.children for inline in _inline(child, slots, style)]
    words = "".join(one.text for one in inner if isinstance(one, (Text, Link)))
    if _URL.fullmatch(href) and words:
        yield Link(href, words)
    else:
        yield from inner


def _filled(content: str, slots: Slots, style: Text) -> Iterator[Inline]:
    """Text of a template, its slots as nodes of their own."""
    at = 0
    for match in _SLOT.finditer(content):
        if match.start() > at:
            yield replace(style, text=content[at : match.start()])
        slot = slots[int(match[1])]
        if isinstance(slot, (str, Markdown)):
            yield from literal(_as_text(slot), style)
        else:
            yield slot
        at = match.end()
    if at < len(content):
        yield replace(style, text=content[at:])


def literal(words: str, style: Text = PLAIN) -> Iterator[Inline]:
    """Somebody's words: text as it is, lines kept, bare web addresses clickable under their own name."""
    for n, line in enumerate(words.splitlines() or [""]):
        if n:
            yield Break()
        at = 0
        for match in _URL.finditer(line):
            url = match[0].rstrip(_TRAILING)
            if match.start() > at:
                yield replace(style, text=line[at : match.start()], literal=True)
            yield Link(url, url)
            at = match.start() + len(url)
        if at < len(line):
            yield replace(style, text=line[at:], literal=True)


def _as_text(slot: Slot) -> str:
    if isinstance(slot, str):
        return slot
    return slot.text if isinstance(slot, (Markdown, Text, Link)) else ""


def _joined(inlines: Sequence[Inline]) -> tuple[Inline, ...]:
    """Neighbours of one style as one node, nothing empty."""
    out: list[Inline] = []
    for inline in inlines:
        if isinstance(inline, Text):
            if not inline.text:
                continue
            last = out[-1] if out else None
            if isinstance(last, Text) and replace(last, text="") == replace(inline, text=""):
                out[-1] = replace(last, text=last.text + inline.text)
                continue
        out.append(inline)
    return tuple(out)
