"""Message, card and form → plain JSON, of which the page makes DOM nodes; typed words stay in text nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal, NotRequired, TypeAlias, TypedDict
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bot.ballot import spelt_out
from bot.message import (
    Answer,
    Block,
    Break,
    Button,
    Card,
    Divider,
    Field,
    Form,
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


class TextNode(TypedDict):
    t: Literal["text"]
    text: str
    bold: NotRequired[bool]
    italic: NotRequired[bool]
    code: NotRequired[bool]
    literal: NotRequired[bool]


class LinkNode(TypedDict):
    t: Literal["link"]
    url: str
    text: str


class MomentNode(TypedDict):
    t: Literal["moment"]
    at: str  # ISO 8601, UTC
    style: str


class MentionNode(TypedDict):
    t: Literal["mention"]
    name: str
    account: str | None


class RoomNode(TypedDict):
    t: Literal["room"]
    name: str
    room: str | None


class BreakNode(TypedDict):
    t: Literal["break"]


DrawnInline: TypeAlias = TextNode | LinkNode | MomentNode | MentionNode | RoomNode | BreakNode


class TextBlock(TypedDict):
    b: Literal["paragraph", "heading"]
    inlines: list[DrawnInline]


class ListBlock(TypedDict):
    b: Literal["list"]
    items: list[list[DrawnInline]]
    ordered: bool


class QuoteBlock(TypedDict):
    b: Literal["quote"]
    blocks: list[DrawnBlock]


class DividerBlock(TypedDict):
    b: Literal["divider"]


DrawnBlock: TypeAlias = TextBlock | ListBlock | QuoteBlock | DividerBlock


class DrawnButton(TypedDict):
    action: str
    label: str
    args: dict[str, Scalar]
    style: str


class DrawnCard(TypedDict):
    blocks: list[DrawnBlock]
    buttons: list[DrawnButton]


class DrawnMessage(TypedDict):
    title: list[DrawnInline]
    blocks: list[DrawnBlock]
    cards: list[DrawnCard]
    buttons: list[DrawnButton]


class DrawnChoice(TypedDict):
    value: str
    label: str


class DrawnField(TypedDict):
    key: str
    kind: str
    label: str
    help: str
    required: bool
    choices: list[DrawnChoice]
    low: int
    high: int
    max_length: int
    most: int
    value: Answer


class DrawnForm(TypedDict):
    name: str
    title: str
    intro: list[DrawnBlock]
    fields: list[DrawnField]
    submit: str
    args: dict[str, Scalar]
    page: int
    pages: int


# Drawing.


def draw_message(message: Message) -> DrawnMessage:
    message = spelt_out(message)
    return {
        "title": _inlines(message.title),
        "blocks": [_block(block) for block in message.blocks],
        "cards": [_card(card) for card in message.cards],
        "buttons": [_button(button) for button in message.buttons],
    }


def draw_form(form: Form) -> DrawnForm:
    return {
        "name": form.name,
        "title": form.title,
        "intro": [_block(block) for block in form.intro],
        "fields": [_field(field) for field in form.fields],
        "submit": form.submit,
        "args": dict(form.args),
        "page": form.page,
        "pages": form.pages,
    }


def draw_words(text: str) -> DrawnMessage:
    """What a person typed, line by line, as nothing but text."""
    inlines: list[DrawnInline] = []
    for line in text.split("\n"):
        if inlines:
            inlines.append({"t": "break"})
        inlines.append({"t": "text", "text": line, "literal": True})
    return {"title": [], "blocks": [{"b": "paragraph", "inlines": inlines}], "cards": [], "buttons": []}


def is_web_address(url: str) -> bool:
    """True for http and https with a host, and nothing that could hide another scheme."""
    if any(char.isspace() or not char.isprintable() for char in url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _card(card: Card) -> DrawnCard:
    return {
        "blocks": [_block(block) for block in card.blocks],
        "buttons": [_button(button) for button in card.buttons],
    }


def _button(button: Button) -> DrawnButton:
    return {
        "action": button.action,
        "label": button.label,
        "args": dict(button.args),
        "style": button.style.value,
    }


def _field(field: Field) -> DrawnField:
    value = list(field.value) if isinstance(field.value, list) else field.value
    return {
        "key": field.key,
        "kind": field.kind.value,
        "label": field.label,
        "help": field.help,
        "required": field.required,
        "choices": [{"value": choice.value, "label": choice.label} for choice in field.choices],
        "low": field.low,
        "high": field.high,
        "max_length": field.max_length,
        "most": field.most,
        "value": value,
    }


def _block(block: Block) -> DrawnBlock:
    match block:
        case Paragraph(inlines=inlines):
            return {"b": "paragraph", "inlines": _inlines(inlines)}
        case Heading(inlines=inlines):
            return {"b": "heading", "inlines": _inlines(inlines)}
        case Listing(items=items, ordered=ordered):
            return {"b": "list", "items": [_inlines(item) for item in items], "ordered": ordered}
        case Quote(blocks=blocks):
            return {"b": "quote", "blocks": [_block(inner) for inner in blocks]}
        case Divider():
            return {"b": "divider"}


def _inlines(inlines: Sequence[Inline]) -> list[DrawnInline]:
    return [_inline(node) for node in inlines]


def _inline(node: Inline) -> DrawnInline:
    match node:
        case Text():
            return _text(node)
        case Link(url=url, text=text):
            if is_web_address(url):
                return {"t": "link", "url": url, "text": text}
            # An address that must not be followed is still shown, so that nothing is lost unseen.
            return {"t": "text", "text": text if text == url else f"{text} ({url})", "literal": True}
        case Moment(at=at, style=style):
            if at.tzinfo is None:
                raise ValueError("a moment without a time zone")
            return {"t": "moment", "at": at.astimezone(UTC).isoformat(), "style": style.value}
        case Mention(name=name, account=account):
            return {"t": "mention", "name": name, "account": account}
        case RoomMention(name=name, room=room):
            return {"t": "room", "name": name, "room": room}
        case Break():
            return {"t": "break"}


def _text(node: Text) -> TextNode:
    drawn: TextNode = {"t": "text", "text": node.text}
    if node.bold:
        drawn["bold"] = True
    if node.italic:
        drawn["italic"] = True
    if node.code:
        drawn["code"] = True
    if node.literal:
        drawn["literal"] = True
    return drawn


# Asking what was drawn.


def buttons_of(drawn: DrawnMessage) -> Iterator[tuple[DrawnButton, str]]:
    """Every button with the words it stands beside: its card's, or the whole message's."""
    for card in drawn["cards"]:
        beside = "\n".join(text_of_blocks(card["blocks"], "UTC"))
        yield from ((button, beside) for button in card["buttons"])
    whole = text_of(drawn)
    yield from ((button, whole) for button in drawn["buttons"])


def text_of(drawn: DrawnMessage, zone: str = "UTC") -> str:
    """The words a reader in `zone` sees, a line a block; buttons left out."""
    lines = [_words(drawn["title"], zone)] if drawn["title"] else []
    lines += text_of_blocks(drawn["blocks"], zone)
    for card in drawn["cards"]:
        lines += text_of_blocks(card["blocks"], zone)
    return "\n".join(lines)


def text_of_blocks(blocks: Sequence[DrawnBlock], zone: str) -> list[str]:
    lines: list[str] = []
    for block in blocks:
        if block["b"] == "paragraph" or block["b"] == "heading":
            lines.append(_words(block["inlines"], zone))
        elif block["b"] == "list":
            lines += [
                f"{f'{n}.' if block['ordered'] else '-'} {_words(item, zone)}"
                for n, item in enumerate(block["items"], 1)
            ]
        elif block["b"] == "quote":
            lines += [f"> {line}" for line in text_of_blocks(block["blocks"], zone)]
    return lines


def _words(inlines: Sequence[DrawnInline], zone: str) -> str:
    out: list[str] = []
    for node in inlines:
        if node["t"] == "text" or node["t"] == "link":
            out.append(node["text"])
        elif node["t"] == "moment":
            out.append(moment_text(node, zone))
        elif node["t"] == "mention" or node["t"] == "room":
            out.append(node["name"])
        else:
            out.append("\n")
    return "".join(out)


def moment_text(node: MomentNode, zone: str) -> str:
    """The page does this in the browser; transcripts and tests do it here."""
    local = datetime.fromisoformat(node["at"]).astimezone(ZoneInfo(zone))
    day, clock = f"{local:%A} {local.day} {local:%B}", f"{local:%H:%M}"
    if node["style"] == MomentStyle.DAY:
        return day
    return clock if node["style"] == MomentStyle.CLOCK else f"{day}, {clock}"
