"""A small reading of Discord's Markdown, as generous as any client: whatever could be taken for markup, is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BEGINNINGS = (
    ("heading", re.compile(r"#{1,3} +")),
    ("subtext", re.compile(r"-# +")),
    ("quote", re.compile(r">>> |> ")),
    ("item", re.compile(r"[-*+] +|[0-9]+\. +")),
)
_INLINE = (
    ("escape", re.compile(r"\\([^0-9A-Za-z\s])")),
    ("fence", re.compile(r"```(.+?)```", re.DOTALL)),
    ("code", re.compile(r"(?P<ticks>`{1,2})(?P<in>.*?[^`])(?P=ticks)(?!`)", re.DOTALL)),
    ("moment", re.compile(r"<t:(-?[0-9]+(?::[tTdDfFR])?)>")),
    ("mention", re.compile(r"<@([!&]?[0-9]+)>")),
    ("room", re.compile(r"<#([0-9]+)>")),
    ("other", re.compile(r"<(a?:\w+:[0-9]+|/[^>]*:[0-9]+|id:\w+|(?:mailto:|tel:|sms:)?[^\s<>]*[@+][^\s<>]*)>")),
    ("link", re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])+)\]\(\s*<?([^\s>)]+)>?[^)]*\)")),
    ("address", re.compile(r"<([a-z][a-z0-9+.-]*://[^\s>]+)>", re.IGNORECASE)),
    ("bare", re.compile(r"([a-z][a-z0-9+.-]*://[^\s<]+)", re.IGNORECASE)),
    ("emoji", re.compile(r":(\w[\w+-]*):")),
    ("spoiler", re.compile(r"\|\|(.+?)\|\|", re.DOTALL)),
    ("struck", re.compile(r"~~(.+?)~~", re.DOTALL)),
    ("bold", re.compile(r"\*\*((?:\\.|[^\\])+?)\*\*(?!\*)", re.DOTALL)),
    ("underlined", re.compile(r"__((?:\\.|[^\\])+?)__(?!_)", re.DOTALL)),
    ("italic", re.compile(r"\*(?=\S)((?:\\.|\*\*|[^*\\])+?)\*(?!\*)|_((?:\\.|__|[^_\\])+?)_(?!\w)", re.DOTALL)),
    ("everybody", re.compile(r"@(everyone|here)", re.IGNORECASE)),
)
_NESTED = frozenset({"spoiler", "struck", "bold", "underlined", "italic"})


@dataclass(frozen=True)
class Found:
    """Something that is more than text: its sort, and what it holds."""

    sort: str
    inside: str


def read(source: str) -> tuple[str, list[Found]]:
    """The words that a reader sees, and all that is not plain text."""
    found: list[Found] = []
    lines = []
    for line in source.split("\n"):
        rest = line
        while begun := _beginning(rest):
            sort, mark = begun
            found.append(Found(sort, mark.strip()))
            rest = rest.lstrip()[len(mark) :]
        lines.append(rest)
    return "".join(_inline("\n".join(lines), found)), found


def _beginning(line: str) -> tuple[str, str] | None:
    start = line.lstrip()
    return next(((sort, match[0]) for sort, rule in _BEGINNINGS if (match := rule.match(start))), None)


def _inline(source: str, found: list[Found]) -> Iterator[str]:
    at = 0
    while at < len(source):
        for sort, rule in _INLINE:
            match = rule.match(source, at)
            if match is None or (sort in ("bare", "emoji", "other") and _inside_a_word(sort, source, at)):
                continue
            at = match.end()
            if sort == "escape":
                yield match[1]
            elif sort in _NESTED:
                inside = "".join(_inline(next(group for group in match.groups() if group is not None), found))
                found.append(Found(sort, inside))
                yield inside
            elif sort == "link":
                found.append(Found(sort, match[2]))
                yield "".join(_inline(match[1], found))
            else:
                inside = match["in"] if sort == "code" else match[1]
                found.append(Found(sort, inside))
                yield inside
            break
        else:
            yield source[at]
            at += 1


def _inside_a_word(sort: str, source: str, at: int) -> bool:
    """A scheme is looked for from its first letter on, not again from its second."""
    return sort == "bare" and at > 0 and source[at - 1].isalnum()
