"""Inline nodes → Discord's Markdown. What people typed is escaped, so that it is nothing but the text it was."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from bot import cutting
from bot.message import Break, Inline, Link, Mention, Moment, MomentStyle, RoomMention, Text
from bot.platforms.discord.limits import length

FORMATS = {MomentStyle.FULL: "F", MomentStyle.DAY: "D", MomentStyle.CLOCK: "t"}
LONGEST_LINK = 1_500  # as markup; what is longer is shown as text
APART = "\u200b"  # takes no room: keeps two marks from being read as one, and a word from pinging everybody

_ADDRESS = re.compile(r"https?://[^\s<>\"'`\\{}|^]+", re.IGNORECASE)
_TRAILING = ".,;:!?)]"
_SNOWFLAKE = re.compile(r"[0-9]{1,20}")
_NEWLINE = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
# A colon that something follows could begin an emoji or end the name of a scheme.
_MARKS = re.compile(r"[\\`*_~|<>#\[\]()@]|:(?!\s|\Z)")
_EVERYBODY = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_LINE = re.compile(r"^([\s\ufeff]*)(?:([-+])|([0-9]+)(\.))", re.MULTILINE)
_STYLED = re.compile(r"(\s*)(.*?)(\s*)", re.DOTALL)
_ENDING = re.compile(r"[()*~]")


def markdown(inlines: Iterable[Inline]) -> str:
    """Lines of text that no Discord client takes for anything else than the nodes say."""
    out = ""
    for node in settled(inlines):
        mark = _markup(node)
        if out.endswith(":") and mark and not mark[0].isspace():
            out = f"{out[:-1]}\\:"
        elif out and mark and _touch(out, mark):
            out += APART
        out += mark
    return _LINE.sub(_begun, out)


def one_line(inlines: Iterable[Inline]) -> str:
    """For a title or a heading, which ends with its line."""
    return " ".join(markdown(inlines).split())


def mentioned(inlines: Iterable[Inline]) -> tuple[str, ...]:
    """The accounts whose owners are to notice, each once."""
    found = (node.account for node in settled(inlines) if isinstance(node, Mention) and node.account)
    return tuple(dict.fromkeys(found))


def escaped(text: str) -> str:
    """Text that is no markup inside a line; `markdown` sees to the beginnings of lines and a colon at the end."""
    text = _MARKS.sub(r"\\\g<0>", _NEWLINE.sub("\n", text).replace("\0", ""))
    return _EVERYBODY.sub(f"@{APART}", text)


def visible(text: str) -> bool:
    """Whether there is anything to see in it."""
    return any(char.isprintable() and not char.isspace() for char in text)


def shortened(text: str, most: int) -> str:
    """At most `most` characters as Discord counts them, with … for what is missing."""
    return cutting.shortened(text, most, length)


def settled(inlines: Iterable[Inline]) -> tuple[Inline, ...]:
    """Nodes that Discord can show as they are: what it can't point at becomes words, typed addresses become links."""
    return cutting.joined(part for node in inlines for part in _settled(node))


def _settled(node: Inline) -> Iterator[Inline]:
    match node:
        case Text(literal=True, code=False):
            yield from _typed(node)
        case Text():
            yield from _whole(node)
        case Link(url=url, text=text):
            if not is_web(url) or len(_address(url)) > LONGEST_LINK or length(_markup(node)) > LONGEST_LINK:
                # An address that can't be followed is still shown, so that nothing is lost unseen.
                yield Text(url if text == url or not text.strip() else f"{text} ({url})")
            elif text == url or not text.strip():
                yield Link(url, url)
            elif re.search(r"[\[\]\\]|://|\n", text):  # Discord would not make a link of it
                yield from (Text(f"{text} "), Link(url, url))
            else:
                yield node
        case Mention(name=name, account=account):
            yield node if account and _SNOWFLAKE.fullmatch(account) else Text(name or "…", bold=True)
        case RoomMention(name=name, room=room):
            yield node if room and _SNOWFLAKE.fullmatch(room) else Text(name or "…", bold=True)
        case Moment(at=at):
            if at.tzinfo is None:
                raise ValueError("a moment without a time zone")
            yield node
        case Break():
            yield node


def _whole(node: Text) -> Iterator[Inline]:
    if node.text:
        yield replace(node, literal=False)


def _typed(node: Text) -> Iterator[Inline]:
    """Somebody's words, their bare web addresses clickable under their own name."""
    style, text, at = replace(node, literal=False), node.text, 0
    for match in _ADDRESS.finditer(text):
        url = match[0].rstrip(_TRAILING)
        if is_web(url) and length(_address(url)) <= LONGEST_LINK:
            yield from _whole(replace(style, text=text[at : match.start()]))
            yield Link(url, url)
            at = match.start() + len(url)
    yield from _whole(replace(style, text=text[at:]))


def is_web(url: str) -> bool:
    """http or https with a host, and nothing in it that could end the link or hide another."""
    if not _ADDRESS.fullmatch(url) or not url.isprintable():
        return False
    try:
        return bool(urlsplit(url).netloc)
    except ValueError:
        return False


# Markup.


def _markup(node: Inline) -> str:
    match node:
        case Text(text=text, code=True):
            return _code(text)
        case Text(text=text):
            return _styled(node, escaped(text))
        case Link(url=url, text=text):
            return f"<{_address(url)}>" if text == url else f"[{escaped(text.strip())}](<{_address(url)}>)"
        case Mention(account=account):
            return f"<@{account}>"
        case RoomMention(room=room):
            return f"<#{room}>"
        case Moment(at=at, style=style):
            return f"<t:{int(at.timestamp())}:{FORMATS[style]}>"
        case Break():
            return "\n"


def _styled(node: Text, text: str) -> str:
    """Each line in marks of its own, blanks outside of them."""
    mark = "*" * (2 * node.bold + node.italic)
    if not mark:
        return text
    return "\n".join(_between(mark, line) for line in text.split("\n"))


def _between(mark: str, line: str) -> str:
    match = _STYLED.fullmatch(line)
    before, inside, after = match.groups() if match else ("", line, "")
    return f"{before}{mark}{inside}{mark}{after}" if inside else line


def _code(text: str) -> str:
    """Code, unless it holds so many backticks that it could end early: then it is shown as the text it is."""
    text = " ".join(_NEWLINE.sub("\n", text).replace("\0", "").split("\n"))
    text = _EVERYBODY.sub(f"@{APART}", text)
    if "``" in text or not text.strip(" `"):
        return escaped(text)
    if "`" not in text:
        return f"`{text}`"
    return f"`` {text} ``"


def _address(url: str) -> str:
    """The address with what could end a link or begin a style written as the web writes it."""
    url = _ENDING.sub(lambda found: f"%{ord(found[0]):02X}", url)
    return _EVERYBODY.sub("%40", url)


def _touch(before: str, after: str) -> bool:
    """Whether a mark at the end and one at the beginning would be read as one."""
    return after[0] in "*`" and before[-1] == after[0]


def _begun(match: re.Match[str]) -> str:
    """The beginning of a line that looked like a list."""
    blank, mark, number, dot = match.groups()
    return f"{blank}\\{mark}" if mark else f"{blank}{number}\\{dot}"


# Cutting.


def weight(inlines: Iterable[Inline]) -> int:
    """At least as many characters as their markup has."""
    return sum(_weight(node) for node in settled(inlines))


def _weight(node: Inline) -> int:
    if isinstance(node, Text):
        return _frame(node) + _size(node, node.text)
    return length(_markup(node)) + 2


def _frame(node: Text) -> int:
    return 8 if node.bold or node.italic or node.code else 2


def _size(node: Text, text: str) -> int:
    """What the text takes: a mark may be set at each of its lines."""
    lines = len(_NEWLINE.sub("\n", text).split("\n")) - 1
    return length(escaped(text)) + text.count("@") + lines * (_frame(node) + 1)


_WEIGHTS = cutting.Weights(
    node=_weight,
    frame=_frame,
    words=_size,
    piece=10,  # one that begins inside a styled text is framed again
    word=20,
)


def cut(inlines: Sequence[Inline], most: int) -> list[tuple[Inline, ...]]:
    """Pieces that weigh at most `most`, which is more than the longest link."""
    return cutting.cut(settled(inlines), most, _WEIGHTS)
