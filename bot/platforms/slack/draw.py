"""Message → Block Kit and the plain text of its notification; buttons → ids and values, and back."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from slack_sdk.models.blocks import ActionsBlock, ButtonElement, ContextBlock, DividerBlock, HeaderBlock
from slack_sdk.models.blocks import Block as SlackBlock
from slack_sdk.models.views import View

from bot.ballot import spelt_out
from bot.message import Block as NeutralBlock
from bot.message import Button, ButtonStyle, Card, Divider, Heading, Inline, Message, Scalar, Text, plain
from bot.platforms.slack import limits
from bot.platforms.slack.inline import Json, as_text, escaped, plain_text, quoted_size, shortened, weight
from bot.platforms.slack.rich import Rich, in_blocks, rich, rich_text
from bot.words import Words

AnyBlock: TypeAlias = SlackBlock | Json

REPLY = "reply"  # the callback_id of a view that only shows something

_AGAIN = re.compile(r"#[0-9]+\Z")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One message as `chat.postMessage` takes it; `text` says the same where blocks are not shown."""

    blocks: list[Json]
    text: str


@dataclass(frozen=True, slots=True)
class _Fixed:
    """A block that is no rich text, what it says (buttons say nothing), and what it weighs."""

    block: AnyBlock
    text: str = ""
    size: int = 20


_Part: TypeAlias = Rich | _Fixed
_Run: TypeAlias = tuple[_Part, ...]  # parts that stay together if they can
_RULE = "—"
_BUTTON = 110  # characters of JSON around what a button says and brings back


def draw(message: Message) -> tuple[Drawn, ...]:
    """Usually one; several, cut between cards or paragraphs, when it is too much for one."""
    pages = _pages(_groups(message), limits.MESSAGE_BLOCKS, limits.MESSAGE_TEXT) or [[]]
    return tuple(Drawn(_json(page), _text(page)) for page in pages)


def draw_view_blocks(message: Message, *, titled: bool = True) -> tuple[list[Json], ...]:
    """The blocks for a modal or the Home tab, a list a view. More than one: it does not fit into a single view.

    One block is left free in each. `titled=False` leaves out the message's title.
    """
    return tuple(_json(page) for page in _pages(_groups(message, titled), limits.VIEW_BLOCKS - 1, limits.VIEW_TEXT))


def reply_modal(message: Message, words: Words, page: int = 1) -> Json:
    """A modal that shows a message with its buttons. When it has more pages, it says which one this is."""
    whole = plain(message.title).strip()
    fits = _is_plain(message.title) and 0 < len(whole) <= limits.VIEW_LABEL
    title = whole if fits else words.get("slack", "form", "title")
    return View(
        type="modal",
        callback_id=REPLY,
        title=plain_text(shortened(title, limits.VIEW_LABEL)),
        close=plain_text(shortened(words.get("slack", "form", "done"), limits.VIEW_LABEL)),
        blocks=_one_view(draw_view_blocks(message, titled=not fits), words, page),
    ).to_dict()


def home_view(message: Message, words: Words | None = None, page: int = 1) -> Json:
    return View(type="home", blocks=_one_view(draw_view_blocks(message), words, page)).to_dict()


def _one_view(pages: Sequence[list[Json]], words: Words | None, page: int) -> list[Json]:
    if not pages:
        return [DividerBlock().to_dict()]  # a view needs a block
    blocks = pages[page - 1]
    if words is None or len(pages) == 1:
        return blocks
    return [*blocks, page_line(words, page, len(pages)).to_dict()]


def page_line(words: Words, page: int, pages: int) -> ContextBlock:
    return ContextBlock(elements=[plain_text(words.get("slack", "form", "page", {"page": page, "pages": pages}))])


def view_blocks(blocks: Iterable[NeutralBlock]) -> list[AnyBlock]:
    """Blocks without buttons, for the beginning of a form."""
    return [part.block for part in _assembled(list(_body(blocks)))]


def headline(title: Sequence[Inline]) -> list[AnyBlock]:
    return [part.block for part in _assembled(_title(title))]


# What stays together.


def _groups(message: Message, titled: bool = True) -> list[list[_Run]]:
    """Parts in order: a paragraph with its heading, a card with its buttons, the message's buttons at the end."""
    message = spelt_out(message)
    names: Counter[str] = Counter()
    groups = _runs([*(_title(message.title) if titled else ()), *_body(message.blocks)])
    several = len(message.cards) > 1
    for card in message.cards:
        parts = list(_card(card, names))
        if parts and groups and several:
            parts.insert(0, _Fixed(DividerBlock()))
        groups.append(_runs_of_one(parts))
    buttons = list(_actions(message.buttons, names))
    if buttons and groups and groups[-1]:
        groups[-1][-1] = (*groups[-1][-1], *buttons)
    elif buttons:
        groups.append([tuple(buttons)])
    return groups


def _title(title: Sequence[Inline]) -> list[_Part]:
    words = plain(tuple(title)).strip()
    if not words:
        return []
    if _is_plain(title) and len(words) <= limits.HEADER:
        return [_Fixed(HeaderBlock(text=plain_text(words)), escaped(words), weight(title) + 20)]
    return list(_body([Heading(tuple(title))]))


def _is_plain(title: Sequence[Inline]) -> bool:
    return all(isinstance(node, Text) and "\n" not in node.text for node in title)


def _body(blocks: Iterable[NeutralBlock]) -> Iterator[_Part]:
    for part in rich(blocks):
        yield _Fixed(DividerBlock()) if isinstance(part, Divider) else part


def _card(card: Card, names: Counter[str]) -> Iterator[_Part]:
    yield from _body(card.blocks)
    yield from _actions(card.buttons, names)


def _runs(parts: Iterable[_Part]) -> list[list[_Run]]:
    return [[run] for run in _together(parts)]


def _runs_of_one(parts: Iterable[_Part]) -> list[_Run]:
    return list(_together(parts))


def _together(parts: Iterable[_Part]) -> Iterator[_Run]:
    """A heading stays with what follows it, buttons with what they stand below."""
    run: list[_Part] = []
    for part in parts:
        begins = isinstance(part, Rich) or bool(part.text) or isinstance(part.block, DividerBlock)
        if run and begins and not _leads(run[-1]):
            yield tuple(run)
            run = []
        run.append(part)
    if run:
        yield tuple(run)


def _leads(part: _Part) -> bool:
    if isinstance(part, Rich):
        return part.sort == "heading"
    return isinstance(part.block, (HeaderBlock, DividerBlock))


# Pages.


def _pages(groups: Iterable[list[_Run]], most_blocks: int, most_text: int) -> list[list[_Part]]:
    """As few as the limits allow. A group is only broken when it is too large for a page of its own, a run likewise."""

    def fits(parts: Sequence[_Part]) -> bool:
        if sum(part.size for part in parts) > most_text:
            return False
        return len(parts) <= most_blocks or len(_assembled(parts)) <= most_blocks

    pages: list[list[_Part]] = [[]]
    for group in groups:
        whole = tuple(part for run in group for part in run)
        for run in (whole,) if fits(whole) else group:
            for bunch in (run,) if fits(run) else [(part,) for part in run]:
                if bunch and pages[-1] and not fits([*pages[-1], *bunch]):
                    pages.append([])
                    bunch = bunch[1:] if _is_rule(bunch[0]) else bunch
                pages[-1].extend(bunch)
    return [page for page in pages if page]


def _is_rule(part: _Part) -> bool:
    return isinstance(part, _Fixed) and isinstance(part.block, DividerBlock)


def _assembled(parts: Sequence[_Part]) -> list[_Fixed]:
    """Neighbouring rich text gathered into as few blocks as possible."""
    out: list[_Fixed] = []
    waiting: list[Rich] = []
    for part in (*parts, None):
        if isinstance(part, Rich):
            waiting.append(part)
            continue
        out += [_Fixed(rich_text(pieces)) for pieces in in_blocks(waiting)]
        waiting = []
        if part is not None:
            out.append(part)
    return out


def _json(parts: Sequence[_Part]) -> list[Json]:
    return [_as_json(part.block) for part in _assembled(parts)]


def _as_json(block: AnyBlock) -> Json:
    return block if isinstance(block, dict) else block.to_dict()


def _text(parts: Sequence[_Part]) -> str:
    said = "\n".join(part.text for part in parts if part.text)
    if said.strip():
        return said
    # Slack wants some text even where there are nothing but buttons.
    labels = [escaped(button.text.text) for part in parts for button in _buttons(part) if button.text]
    return shortened(" · ".join(labels), limits.MESSAGE_TEXT) or _RULE


def _buttons(part: _Part) -> Iterator[ButtonElement]:
    if isinstance(part, _Fixed) and isinstance(part.block, ActionsBlock):
        yield from (one for one in part.block.elements if isinstance(one, ButtonElement))


# Buttons.


def pressed(action_id: str, value: str | None) -> tuple[str, dict[str, Scalar]]:
    """The action and the args of a button as it was drawn, however long ago. ValueError for what we never drew."""
    action = _AGAIN.sub("", action_id)
    if not action.strip():
        raise ValueError("a button without an action")
    try:
        args = json.loads(value) if value else {}
    except RecursionError:
        raise ValueError("a button's value is nested too deep") from None
    return action, scalars(args)


def scalars(args: object) -> dict[str, Scalar]:
    """Args as they come back from Slack: names with text, whole numbers, true or false."""
    if not isinstance(args, dict) or not all(isinstance(one, (str, int, bool)) for one in args.values()):
        raise ValueError("args are names with text, whole numbers, true or false")
    return {str(name): value for name, value in args.items()}


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _actions(buttons: Sequence[Button], names: Counter[str]) -> Iterator[_Part]:
    """Rows of buttons; a label that is too long for its button stands above the row in full."""
    crowded = len(buttons) > limits.ROWS_OF_FIVE * limits.ACTIONS_IN_A_ROW
    most = limits.ACTIONS if crowded else limits.ACTIONS_IN_A_ROW
    row: list[ButtonElement] = []
    size = 0
    for button in buttons:
        element = _button(button, names)
        grown = as_text(_BUTTON + quoted_size(button.label) + quoted_size(f"{element.action_id}{element.value}"))
        long = len(button.label.strip()) > limits.BUTTON_LABEL
        if row and (long or len(row) == most or size + grown > limits.RICH_TEXT):
            yield _Fixed(ActionsBlock(elements=row), size=size + 20)
            row, size = [], 0
        if long:
            yield from _body([Heading((Text(button.label, literal=True),))])
        row.append(element)
        size += grown
    if row:
        yield _Fixed(ActionsBlock(elements=row), size=size + 20)


def _button(button: Button, names: Counter[str]) -> ButtonElement:
    names[button.action] += 1
    count = names[button.action]
    action_id = button.action if count == 1 else f"{button.action}#{count}"
    value = compact(dict(button.args))
    if not button.action.strip() or _AGAIN.search(button.action) or len(action_id) > limits.ID:
        raise ValueError(f"a button can't have the action {button.action!r}")
    if len(value) > limits.BUTTON_VALUE:
        raise ValueError(f"the args of {button.action} take {len(value)} characters; Slack keeps {limits.BUTTON_VALUE}")
    return ButtonElement(
        text=plain_text(shortened(button.label.strip(), limits.BUTTON_LABEL) or "…"),
        action_id=action_id,
        value=value,
        style=None if button.style is ButtonStyle.PLAIN else button.style.value,
    )
