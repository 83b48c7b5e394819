"""Cuts what is too long for one message into pieces that fit, by what a platform says that nodes and words weigh."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.message import Break, Inline, Text

_WORD = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True)
class Weights:
    """What a node weighs as a whole; of a text also what its frame does, whatever it says, and some of its words.

    `piece` is kept free in each piece, and `word` in a piece of which a single word takes all.
    """

    node: Callable[[Inline], int]
    frame: Callable[[Text], int]
    words: Callable[[Text, str], int]
    piece: int = 0
    word: int = 0

    def of(self, inlines: Iterable[Inline]) -> int:
        return sum(self.node(node) for node in inlines)


def cut(inlines: Sequence[Inline], most: int, weights: Weights) -> list[tuple[Inline, ...]]:
    """Pieces that weigh at most `most`, which is more than the longest node that is no text.

    Cut after a line break when one is near, else between words, and inside a word only when it is longer than a piece.
    """
    if weights.of(inlines) <= most:
        return [tuple(inlines)]
    pieces: list[tuple[Inline, ...]] = []
    current: list[Inline] = []
    sizes: list[int] = []
    total = 0
    for token, size in _tokens(inlines, most, weights):
        while current and total + size > most - weights.piece:
            at = _cut_at(current, sizes, total - most // 2)
            pieces.append(joined(current[:at]))
            total -= sum(sizes[:at])
            current, sizes = current[at:], sizes[at:]
        current.append(token)
        sizes.append(size)
        total += size
    return [*pieces, joined(current)]


def joined(inlines: Iterable[Inline]) -> tuple[Inline, ...]:
    """Neighbouring texts of one style made one."""
    out: list[Inline] = []
    for node in inlines:
        last = out[-1] if out else None
        if isinstance(node, Text) and isinstance(last, Text) and replace(last, text=node.text) == node:
            out[-1] = replace(last, text=last.text + node.text)
        else:
            out.append(node)
    return tuple(out)


def shortened(text: str, most: int, length: Callable[[str], int] = len) -> str:
    """A text at most `most` long, cut at a word where there is one, with … for what is missing."""
    if length(text) <= most:
        return text
    start = text
    while length(start) > most - 1:
        start = start[: len(start) - max(1, (length(start) - most + 1) // 2)]
    at_word = start.rsplit(maxsplit=1)[0] if text[len(start)].strip() and len(start.split()) > 1 else start
    return f"{(at_word if len(at_word) >= most // 2 else start).rstrip()}…"


def _cut_at(tokens: Sequence[Inline], sizes: Sequence[int], back: int) -> int:
    """After the last line break that leaves at most `back` for the next piece, or else after everything."""
    left = 0
    for at in range(len(tokens), 0, -1):
        last = tokens[at - 1]
        if isinstance(last, Break) or (isinstance(last, Text) and "\n" in last.text):
            return at
        left += sizes[at - 1]
        if left > back:
            break
    return len(tokens)


def _tokens(inlines: Iterable[Inline], most: int, weights: Weights) -> Iterator[tuple[Inline, int]]:
    """Words and whole nodes with what they weigh; a text is framed once, however many words it has."""
    for node in inlines:
        if not isinstance(node, Text):
            yield node, weights.node(node)
            continue
        frame = weights.frame(node)
        for word in _WORD.findall(node.text):
            for part in _parts(node, word, most - max(frame, weights.word), weights):
                yield replace(node, text=part), frame + weights.words(node, part)
                frame = 0


def _parts(node: Text, word: str, most: int, weights: Weights) -> Iterator[str]:
    if weights.words(node, word) <= most:
        yield word
        return
    part, size = "", 0
    for char in word:
        grown = weights.words(node, char)
        if part and size + grown > most:
            yield part
            part, size = "", 0
        part, size = part + char, size + grown
    yield part
