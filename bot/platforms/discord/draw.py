"""Message → Components V2: a container of texts, rules and rows of buttons, in as few messages as the limits allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeAlias

import discord
from discord import ui

from bot.ballot import spelt_out
from bot.message import (
    Block,
    Button,
    ButtonStyle,
    Card,
    Divider,
    Heading,
    Inline,
    Listing,
    Message,
    Paragraph,
    Quote,
    Text,
)
from bot.platforms.discord import limits
from bot.platforms.discord.ids import Spill, component_id, custom_id
from bot.platforms.discord.inline import APART, cut, markdown, mentioned, one_line, shortened, visible
from bot.platforms.discord.limits import length

Json: TypeAlias = dict[str, Any]  # as Discord takes it

_STYLES = {
    ButtonStyle.PLAIN: discord.ButtonStyle.secondary,
    ButtonStyle.PRIMARY: discord.ButtonStyle.primary,
    ButtonStyle.DANGER: discord.ButtonStyle.danger,
}
_ROOM = limits.MESSAGE_TEXT - 200  # of one piece: marks at its lines and the gap before it have to fit too
_IDLE = MappingProxyType(
    {"accent_color": None, "spoiler": False, "disabled": False, "divider": True, "spacing": 1, "label": None}
)
_NOTHING = "—"  # a message that says nothing still needs something to show


@dataclass(frozen=True, slots=True)
class Drawn:
    """One message: its components, who may be notified by it, and how much of the limit its words take."""

    components: list[Json]
    users: tuple[str, ...] = ()
    length: int = 0

    @property
    def allowed_mentions(self) -> discord.AllowedMentions:
        """These people; nobody else, whatever the words say."""
        people = [discord.Object(int(account)) for account in self.users]
        return discord.AllowedMentions(everyone=False, roles=False, replied_user=False, users=people or False)

    def view(self) -> Laid:
        """For discord.py's `send`, `edit` and `send_message`, which take components only as a view."""
        return Laid(self.components)


class Laid(ui.LayoutView):
    """Components as they were drawn. Presses come back by their custom_id, not by this object: it is never stored."""

    def __init__(self, components: Sequence[Json]) -> None:
        super().__init__(timeout=None)
        self._components = list(components)

    def to_components(self) -> list[Json]:
        return self._components

    def has_components_v2(self) -> bool:
        return True

    def is_dispatchable(self) -> bool:
        return False

    def is_finished(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class _Said:
    """A piece of text. `glue` joins it to the piece before it; None: it needs a text display of its own."""

    text: str
    sort: str
    glue: str | None = "\n\n"
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Rule:
    pass


@dataclass(frozen=True, slots=True)
class _Row:
    buttons: tuple[ui.Button[Any], ...]


_Part: TypeAlias = _Said | _Rule | _Row
_Run: TypeAlias = tuple[_Part, ...]  # parts that stay together if they can


def draw(message: Message, *, key: str = "", spill: Spill | None = None) -> tuple[Drawn, ...]:
    """Usually one; several, cut between cards or paragraphs, when it is too much for one. Never none.

    With a `key` each has a container that is found again by `component_id(key, number of the message)`. ValueError
    for a button whose arguments do not fit into its id, when no `spill` keeps them.
    """
    pages = _pages(_groups(message, spill)) or [[_Said(_NOTHING, "paragraph")]]
    return tuple(_drawn(page, component_id(key, number) if key else None) for number, page in enumerate(pages))


def text_of(blocks: Iterable[Block]) -> list[str]:
    """Blocks without buttons as the contents of text displays, such as for the beginning of a modal."""
    return [text for text in _assembled(list(_body(blocks))) if isinstance(text, str)]


def _drawn(page: Sequence[_Part], number: int | None) -> Drawn:
    children = [_item(part) for part in _assembled(page)]
    users = dict.fromkeys(user for part in page if isinstance(part, _Said) for user in part.users)
    container: ui.Container[Any] = ui.Container(*children, id=number)
    return Drawn([bare(container.to_component_dict())], tuple(users), _length(page))


def _item(part: str | _Rule | _Row) -> ui.Item[Any]:
    match part:
        case str():
            return ui.TextDisplay(part)
        case _Rule():
            return ui.Separator()
        case _Row(buttons=buttons):
            return ui.ActionRow(*buttons)


def bare(component: Json) -> Json:
    """Without what only repeats Discord's defaults."""
    kept = {name: value for name, value in component.items() if name not in _IDLE or value != _IDLE[name]}
    for name in ("components", "component"):
        if isinstance(inside := kept.get(name), list):
            kept[name] = [bare(child) for child in inside]
        elif isinstance(inside, dict):
            kept[name] = bare(inside)
    return kept


# What stays together.


def _groups(message: Message, spill: Spill | None) -> list[list[_Run]]:
    """Parts in order: a paragraph with its heading, a card with its buttons, the message's buttons at the end."""
    message = spelt_out(message)
    ids: Counter[str] = Counter()
    title = list(_heading("## ", message.title))
    groups = [[run] for run in _together([*title, *_body(message.blocks, "heading" if title else "")])]
    several = len(message.cards) > 1
    for card in message.cards:
        parts = list(_card(card, ids, spill))
        if parts and groups and several:
            parts.insert(0, _Rule())
        groups.append(list(_together(parts)))
    groups = [group for group in groups if group]
    buttons = list(_rows(message.buttons, ids, spill))
    if buttons and groups:
        groups[-1][-1] = (*groups[-1][-1], *buttons)
    elif buttons:
        groups.append([tuple(buttons)])
    return groups


def _together(parts: Iterable[_Part]) -> Iterator[_Run]:
    """A heading stays with what follows it, buttons with what they stand below."""
    run: list[_Part] = []
    for part in parts:
        if run and not isinstance(part, _Row) and not _leads(run[-1]):
            yield tuple(run)
            run = []
        run.append(part)
    if run:
        yield tuple(run)


def _leads(part: _Part) -> bool:
    return isinstance(part, _Rule) or (isinstance(part, _Said) and part.sort == "heading")


# Text.


def _card(card: Card, ids: Counter[str], spill: Spill | None) -> Iterator[_Part]:
    yield from _body(card.blocks)
    yield from _rows(card.buttons, ids, spill)


def _body(blocks: Iterable[Block], last: str = "") -> Iterator[_Said | _Rule]:
    """Each piece with what joins it to the one before, of which `last` is the sort."""
    for block in blocks:
        if isinstance(block, Divider):
            yield _Rule()
            last = ""
            continue
        for at, piece in enumerate(_pieces(block)):
            yield piece if at else replace(piece, glue=_glue(last, piece.sort))
            last = piece.sort


def _glue(last: str, sort: str) -> str | None:
    if sort == "list" and last in ("", "list"):
        return None  # two lists in one text would be read as one
    return "\n" if last == "heading" or (sort == "list" and last == "paragraph") else "\n\n"


def _pieces(block: Block) -> Iterator[_Said]:
    match block:
        case Paragraph(inlines=inlines):
            yield from _paragraph(inlines)
        case Heading(inlines=inlines):
            yield from _heading("### ", inlines)
        case Listing(items=items, ordered=ordered):
            for number, item in enumerate(items, 1):
                yield from _item_of_list(f"{number}. " if ordered else "- ", item)
        case Quote(blocks=blocks):
            yield from _quoted(blocks)
        case Divider():
            return


def _heading(mark: str, inlines: Sequence[Inline]) -> Iterator[_Said]:
    """What does not fit into one piece goes on as text."""
    for at, piece in enumerate(cut(inlines, _ROOM)):
        if visible(words := one_line(piece)):
            yield _Said(f"{mark}{words}" if at == 0 else words, "heading", "\n", mentioned(piece))


def _paragraph(inlines: Sequence[Inline]) -> Iterator[_Said]:
    for at, piece in enumerate(cut(inlines, _ROOM)):
        if visible(words := markdown(piece).strip()):
            yield _Said(words, "paragraph", "\n\n" if at == 0 else "\n", mentioned(piece))


def _item_of_list(mark: str, inlines: Sequence[Inline]) -> Iterator[_Said]:
    indent = " " * len(mark)
    pieces = cut(inlines, _ROOM * 2 // 3)
    for at, piece in enumerate(pieces):
        lines = [line for line in markdown(piece).split("\n") if line.strip()] or ["…"]
        text = (mark if at == 0 else indent) + f"\n{indent}".join(line.strip() for line in lines)
        yield _Said(text, "list", "\n", mentioned(piece))


def _quoted(blocks: Iterable[Block]) -> Iterator[_Said]:
    """`> ` before every line; a blank one between two paragraphs holds something, or it would not be quoted."""
    for number, piece in enumerate(_body(blocks)):
        if isinstance(piece, _Rule):
            continue
        gap = f"> {APART}\n" if number and piece.glue != "\n" else ""
        for at, lines in enumerate(_portions(piece.text.split("\n"), _ROOM)):
            text = "\n".join(f"> {line if line.strip() else APART}" for line in lines)
            yield _Said((gap if at == 0 else "") + text, "quote", "\n", piece.users)


def _portions(lines: Iterable[str], most: int) -> Iterator[list[str]]:
    """Lines in portions that have room for a mark before each."""
    portion: list[str] = []
    size = 0
    for line in lines:
        grown = length(line) + 4
        if portion and size + grown > most:
            yield portion
            portion, size = [], 0
        portion.append(line)
        size += grown
    if portion:
        yield portion


# Pages.


def _pages(groups: Iterable[list[_Run]]) -> list[list[_Part]]:
    """As few as the limits allow. A group is only broken when it is too large for a page of its own, a run likewise."""
    pages: list[list[_Part]] = [[]]
    for group in groups:
        whole = tuple(part for run in group for part in run)
        for run in (whole,) if _fits(whole) else group:
            for bunch in (run,) if _fits(run) else [(part,) for part in run]:
                if pages[-1] and not _fits([*pages[-1], *bunch]):
                    pages.append([])
                    bunch = bunch[1:] if isinstance(bunch[0], _Rule) else bunch
                pages[-1].extend(bunch)
    return [page for page in pages if page]


def _fits(parts: Sequence[_Part]) -> bool:
    shown = _assembled(parts)
    count = 1 + len(shown) + sum(len(part.buttons) for part in shown if isinstance(part, _Row))
    users = {user for part in parts if isinstance(part, _Said) for user in part.users}
    return count <= limits.COMPONENTS and len(users) <= limits.MENTIONED and _length(parts) <= limits.MESSAGE_TEXT


def _length(parts: Sequence[_Part]) -> int:
    return sum(length(text) for text in _assembled(parts) if isinstance(text, str))


def _assembled(parts: Sequence[_Part]) -> list[str | _Rule | _Row]:
    """Neighbouring pieces of text gathered into one display."""
    out: list[str | _Rule | _Row] = []
    for part in parts:
        last = out[-1] if out else None
        if not isinstance(part, _Said):
            out.append(part)
        elif isinstance(last, str) and part.glue is not None:
            out[-1] = f"{last}{part.glue}{part.text}"
        else:
            out.append(part.text)
    return out


# Buttons.


def _rows(buttons: Sequence[Button], ids: Counter[str], spill: Spill | None) -> Iterator[_Part]:
    """Rows of buttons; a label that is too long for its button stands above the row in full."""
    row: list[ui.Button[Any]] = []
    for button in buttons:
        long = length(button.label.strip()) > limits.BUTTON_LABEL
        if row and (long or len(row) == limits.ROW):
            yield _Row(tuple(row))
            row = []
        if long:
            yield from _heading("### ", (Text(button.label, literal=True),))
        row.append(_button(button, ids, spill))
    if row:
        yield _Row(tuple(row))


def _button(button: Button, ids: Counter[str], spill: Spill | None) -> ui.Button[Any]:
    same = repr((button.action, sorted(button.args.items())))
    again = ids[same]
    ids[same] += 1
    return ui.Button(
        label=shortened(button.label.strip(), limits.BUTTON_LABEL) if visible(button.label) else "…",
        custom_id=custom_id(button.action, button.args, again=again, spill=spill),
        style=_STYLES[button.style],
    )
