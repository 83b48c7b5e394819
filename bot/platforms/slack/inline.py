"""Inline nodes as parts of rich text, and as the mrkdwn of a notification. What people typed is text in both."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import urlsplit

from slack_sdk.models.blocks import PlainTextObject

from bot import cutting
from bot.message import Break, Inline, Link, Mention, Moment, MomentStyle, RoomMention, Text
from bot.platforms.slack import limits

Json: TypeAlias = dict[str, object]

FORMATS = {
    MomentStyle.FULL: "{date_long_pretty}, {time}",
    MomentStyle.DAY: "{date_long_pretty}",
    MomentStyle.CLOCK: "{time}",
}
LONGEST_LINK = 2_000  # as markup; what is longer is shown as text

_ADDRESS = re.compile(r"https?://[^\s<>\"'`\\{}|^]+", re.IGNORECASE)
_TRAILING = ".,;:!?)]"
_ACCOUNT = re.compile(r"[UW][A-Z0-9]+")
_ROOM = re.compile(r"[CGD][A-Z0-9]+")


class Settled(tuple[Inline, ...]):
    """Nodes that Slack can show as they are."""


def elements(inlines: Iterable[Inline]) -> list[Json]:
    return [_element(node) for node in settled(inlines)]


def mrkdwn(inlines: Iterable[Inline]) -> str:
    """The same words for `text`: only dates, mentions and links of ours are markup in it."""
    return "".join(_markup(node) for node in settled(inlines))


def plain_text(text: str) -> PlainTextObject:
    """Where Slack takes nothing but plain text. `:smile:` stays what it is."""
    return PlainTextObject(text=text, emoji=False)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shortened(text: str, most: int) -> str:
    """At most `most` characters, with … for what is missing."""
    return cutting.shortened(text, most)


def settled(inlines: Iterable[Inline]) -> Settled:
    """What Slack can't point at becomes words, typed addresses become links."""
    return inlines if isinstance(inlines, Settled) else Settled(part for node in inlines for part in _settled(node))


def _settled(node: Inline) -> Iterator[Inline]:
    match node:
        case Text(text=text, literal=True):
            yield from _typed(node) if not node.code else _whole(node)
        case Text():
            yield from _whole(node)
        case Link(url=url, text=text):
            if _is_web(url) and text.strip() and len(_markup(node)) <= LONGEST_LINK:
                yield node
            else:  # an address that can't be followed is still shown, so that nothing is lost unseen
                yield from _whole(Text(url if text == url or not text.strip() else f"{text} ({url})"))
        case Mention(name=name, account=account):
            yield node if account and _ACCOUNT.fullmatch(account) else Text(name or "…", bold=True)
        case RoomMention(name=name, room=room):
            yield node if room and _ROOM.fullmatch(room) else Text(name or "…", bold=True)
        case Moment(at=at):
            if at.tzinfo is None:
                raise ValueError("a moment without a time zone")
            yield node
        case Break():
            yield node


def _whole(node: Text) -> Iterator[Inline]:
    if node.text:
        yield Text(node.text, node.bold, node.italic, node.code) if node.literal else node


def _typed(node: Text) -> Iterator[Inline]:
    """Somebody's words, their bare web addresses clickable under their own name."""
    if "://" not in node.text:
        yield from _whole(node)
        return
    style, text, at = replace(node, literal=False), node.text, 0
    for match in _ADDRESS.finditer(text):
        url = match[0].rstrip(_TRAILING)
        link = Link(url, url)
        if _is_web(url) and len(_markup(link)) <= LONGEST_LINK:
            yield from _whole(replace(style, text=text[at : match.start()]))
            yield link
            at = match.start() + len(url)
    yield from _whole(replace(style, text=text[at:]))


def _is_web(url: str) -> bool:
    if not _ADDRESS.fullmatch(url) or not url.isprintable():
        return False
    try:
        return bool(urlsplit(url).netloc)
    except ValueError:
        return False


def text_element(text: str) -> Json:
    return {"type": "text", "text": text}


def _element(node: Inline) -> Json:
    # Plain: the typed parts of the SDK take a third of the time in which somebody waits for an answer.
    match node:
        case Text(text=text):
            style = _style(node)
            return {"type": "text", "text": text, "style": style} if style else text_element(text)
        case Link(url=url, text=text):
            return {"type": "link", "url": url} if text == url else {"type": "link", "url": url, "text": text}
        case Mention(account=account):
            return {"type": "user", "user_id": account or ""}
        case RoomMention(room=room):
            return {"type": "channel", "channel_id": room or ""}
        case Moment(style=moment_style):
            shown = {"format": FORMATS[moment_style], "fallback": in_utc(node)}
            return {"type": "date", "timestamp": _timestamp(node), **shown}
        case Break():
            return text_element("\n")


def _style(node: Text) -> dict[str, bool]:
    styles = (("bold", node.bold), ("italic", node.italic), ("code", node.code))
    return {name: True for name, on in styles if on}


def _markup(node: Inline) -> str:
    match node:
        case Text(text=text):
            return escaped(text)
        case Link(url=url, text=text):
            return f"<{escaped(url)}>" if text == url else f"<{escaped(url)}|{escaped(text)}>"
        case Mention(account=account):
            return f"<@{account}>"
        case RoomMention(room=room):
            return f"<#{room}>"
        case Moment(style=style):
            return f"<!date^{_timestamp(node)}^{FORMATS[style]}|{in_utc(node)}>"
        case Break():
            return "\n"


def _timestamp(moment: Moment) -> int:
    return int(moment.at.timestamp())


@lru_cache(maxsize=256)
def in_utc(moment: Moment) -> str:
    """For clients that don't know the reader's zone."""
    at = moment.at.astimezone(UTC)
    day, clock = f"{at:%A} {at.day} {at:%B %Y}", f"{at:%H:%M} UTC"
    return {MomentStyle.DAY: day, MomentStyle.CLOCK: clock}.get(moment.style, f"{day}, {clock}")


# Cutting.


def weight(inlines: Iterable[Inline]) -> int:
    """How much of a message they take: of its text, or of what its blocks may be as JSON, whichever is more."""
    return sum(_weight(node) for node in settled(inlines))


def _weight(node: Inline) -> int:
    return max(len(_markup(node)), as_text(_json_size(node)))


def as_text(json_size: int) -> int:
    """The share of a message that so much JSON takes, in characters of text."""
    return -(-json_size * limits.MESSAGE_TEXT // limits.MESSAGE_JSON)


def _json_size(node: Inline) -> int:
    frame = len('{"type":"channel","channel_id":""},')
    match node:
        case Text(text=text):
            styled = len(',"style":{"bold":true,"italic":true,"code":true}') if _style(node) else 0
            return frame + styled + quoted_size(text)
        case Link(url=url, text=text):
            return frame + len(url) + quoted_size(text)
        case Mention(account=words) | RoomMention(room=words):
            return frame + len(words or "")
        case Moment():
            return frame + 2 * len(_markup(node))
        case Break():
            return frame


def quoted_size(text: str) -> int:
    """The length of a text as JSON."""
    if text.isprintable():
        return len(text) + 2 + text.count('"') + text.count("\\")
    return len(json.dumps(text, ensure_ascii=False))


def _length(text: str) -> int:
    return max(len(escaped(text)), as_text(quoted_size(text)))


_WEIGHTS = cutting.Weights(
    node=_weight,
    frame=lambda text: _weight(replace(text, text="")),
    words=lambda _, words: _length(words),
)


def cut(inlines: Sequence[Inline], most: int) -> list[Settled]:
    """Pieces that weigh at most `most`, which is more than the longest link."""
    return [Settled(piece) for piece in cutting.cut(settled(inlines), most, _WEIGHTS)]
