"""Form → modals of at most five parts, and submitted modals → answers.

A modal can't follow a modal, and what is put away half done is not told. So between two modals stands a message with
a button; what was typed so far is kept on the shelf under that button's key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from discord import ui

from bot.attached import Attached
from bot.message import (
    Answer,
    Block,
    Button,
    ButtonStyle,
    Form,
    Heading,
    Listing,
    Message,
    Paragraph,
    Quote,
    Scalar,
    Text,
)
from bot.platforms.discord import limits
from bot.platforms.discord.draw import Json, bare, text_of
from bot.platforms.discord.fields import Asked, answers, asked, attached, codes
from bot.platforms.discord.ids import SPILLED, form_id, read
from bot.platforms.discord.inline import escaped, shortened, visible
from bot.platforms.discord.limits import length
from bot.platforms.discord.shelf import Kept
from bot.words import Words

CONTINUE = "discord/continue"  # opens the next modal of a form: the kept form's key `k` and the number of the sheet `s`
AGAIN = "discord/again"  # the same, after remarks

# Arguments of ours in a modal's id: its key on the shelf, and, when there are several, the number of the sheet.
_KEY, _SHEET = ".f", ".s"


NONE: Mapping[str, Sequence[Attached]] = MappingProxyType({})


class Forgotten(LookupError):
    """A modal that belongs to something the shelf no longer holds. `forgotten` says so, with what was typed."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one modal asks, with what has to be read before."""

    asked: tuple[Asked, ...]
    before: tuple[Block, ...] = ()

    @property
    def size(self) -> int:
        return sum(len(one.labels) for one in self.asked) + bool(self.text)

    @property
    def text(self) -> str:
        return "\n\n".join(text_of([*self.before, *(block for one in self.asked for block in one.before)]))

    @property
    def keys(self) -> set[str]:
        return {one.field.key for one in self.asked}


class Where(NamedTuple):
    """What a modal's id says. `key`: of the `Kept` on the shelf, or ""; `whole`: whether it says all without that."""

    form: str
    args: dict[str, Scalar]
    sheet: int
    key: str
    whole: bool


class Returned(NamedTuple):
    """What was filled in so far; `more` is the number of the sheet to go on with, None when that was the last."""

    form: str
    args: dict[str, Scalar]
    answers: dict[str, Answer]
    more: int | None = None
    attached: Mapping[str, Sequence[Attached]] = NONE


class Modal(ui.Modal):
    """As discord.py sends it. It comes back by its custom_id, not by this object: it is never stored."""

    def is_finished(self) -> bool:
        return True

    def json(self) -> Json:
        return bare(self.to_dict())


# Out.


def pages_of(form: Form, words: Words, *, introduced: bool = False) -> tuple[Sheet, ...]:
    """What each modal asks. `introduced`: title and introduction were said in a message before.

    ValueError when Discord can't take it, among them introductions that have to be said in a message before.
    """
    sheets = _sheets(form, words, introduced)
    if not all(map(_fits, sheets)):
        raise ValueError(f"{form.name} does not fit into Discord's modals")
    return sheets


def _sheets(form: Form, words: Words, introduced: bool) -> tuple[Sheet, ...]:
    """As few as the limits allow; only the first may be too full, by what could be said before."""
    every = [asked(field, words) for field in form.fields]
    if len({one.field.key for one in every}) < len(every):
        raise ValueError(f"two fields of {form.name} have the same key")
    if introduced:
        every = [replace(one, before=()) if _is_long(one) else one for one in every]
    sheets = [Sheet((), () if introduced else tuple(_head(form)))]
    for one in every:
        grown = replace(sheets[-1], asked=(*sheets[-1].asked, one))
        if sheets[-1].asked and not _fits(grown):
            sheets.append(Sheet((one,)))
        else:
            sheets[-1] = grown
    return tuple(sheets)


def must_introduce(form: Form, words: Words) -> bool:
    """Whether `introduction` has to come first: the modal has no room for it, or would have to leave a question out."""
    if any(_is_long(asked(field, words)) for field in form.fields):
        return True
    together = _sheets(form, words, introduced=False)
    head = Sheet((), together[0].before).text
    if not all(map(_fits, together)) or length(head) > limits.MODAL_WORDS:
        return True
    return len(together) > len(_sheets(form, words, introduced=True))


def introduction(form: Form, words: Words, key: str) -> Message:
    """The title, the introduction and what is too long for a modal, with a button that opens the first one."""
    details = [block for field in form.fields for one in [asked(field, words)] if _is_long(one) for block in one.before]
    page = [_line(words.get("discord", "form", "page", {"page": form.page, "pages": form.pages}))]
    label = words.get("discord", "form", "open" if form.page == 1 else "continue")
    return Message(
        title=(Text(_called(form, words), literal=True),),
        blocks=(*form.intro, *details, *(page if form.pages > 1 else [])),
        buttons=(Button(CONTINUE, label, {"k": key, "s": 1}, ButtonStyle.PRIMARY),),
    )


def further(words: Words, key: str, sheet: int) -> Message:
    """Between two modals of one form."""
    label = words.get("discord", "form", "continue")
    return Message(
        blocks=(_line(words.get("discord", "form", "more")),),
        buttons=(Button(CONTINUE, label, {"k": key, "s": sheet}, ButtonStyle.PRIMARY),),
    )


def modal(kept: Kept, words: Words, *, key: str = "", sheet: int = 1) -> Modal:
    """The `sheet`th modal of a form, from 1. `key`: under which `kept` is on the shelf.

    Without a key only a form of one sheet comes back whole. ValueError as from `pages_of`, or for no such sheet.
    """
    form = kept.form
    sheets = pages_of(form, words, introduced=kept.introduced)
    if not 1 <= sheet <= len(sheets):
        raise ValueError(f"{form.name} has no sheet {sheet}")
    shown = Modal(title=_title(form, words, sheet, len(sheets)), custom_id=_id(form, key, sheet, len(sheets)))
    for item in _items(sheets[sheet - 1], form, words):
        shown.add_item(item)
    return shown


def _items(sheet: Sheet, form: Form, words: Words) -> Iterator[ui.Item[Any]]:
    """The text stands first, or right before the first question that it is about."""
    waiting = sheet.text
    if sheet.before and waiting:
        yield ui.TextDisplay(waiting)
        waiting = ""
    for one in sheet.asked:
        if one.before and waiting:
            yield ui.TextDisplay(waiting)
            waiting = ""
        yield from one.labels
    if not sheet.asked and not sheet.text:  # a form without questions still asks to be confirmed
        yield ui.TextDisplay(escaped(_called(form, words)))


def _called(form: Form, words: Words) -> str:
    return " ".join(form.title.split()) if visible(form.title) else words.get("discord", "form", "title")


def _head(form: Form) -> list[Block]:
    title: list[Block] = []
    if length(form.title.strip()) > limits.MODAL_TITLE:
        title = [Heading((Text(form.title.strip(), literal=True),))]
    return [*title, *form.intro]


def _title(form: Form, words: Words, sheet: int, sheets: int) -> str:
    """With the page where there is room for it."""
    title = _called(form, words)
    page, pages = (form.page, form.pages) if form.pages > 1 else (sheet, sheets)
    paged = words.get("discord", "form", "paged", {"title": title, "page": page, "pages": pages})
    return paged if pages > 1 and length(paged) <= limits.MODAL_TITLE else shortened(title, limits.MODAL_TITLE)


def _id(form: Form, key: str, sheet: int, sheets: int) -> str:
    own: dict[str, Scalar] = {_SHEET: sheet} if sheets > 1 else {}
    if not key:
        return form_id(form.name, {**form.args, **own})
    try:
        return form_id(form.name, {**form.args, **own, _KEY: key})
    except ValueError:
        return form_id(form.name, {**own, SPILLED: key})


def _fits(sheet: Sheet) -> bool:
    return sheet.size <= limits.MODAL_PARTS and length(sheet.text) <= limits.MESSAGE_TEXT


def _is_long(one: Asked) -> bool:
    return length(Sheet((one,)).text) > limits.MODAL_WORDS


def _line(text: str) -> Paragraph:
    return Paragraph((Text(text),))


# Back.


def where(custom_id: str) -> Where:
    """ValueError for an id that is not of a form."""
    form, args = read(custom_id)
    spilled, key, sheet = args.pop(SPILLED, ""), args.pop(_KEY, ""), args.pop(_SHEET, 0)
    if not isinstance(spilled, str) or not isinstance(key, str) or isinstance(sheet, str) or sheet < 0:
        raise ValueError("not the id of a form")
    return Where(form, args, sheet or 1, spilled or key, whole=not spilled and not sheet)


def returned(data: Mapping[str, object], kept: Kept | None, words: Words) -> Returned:
    """From the data of a modal's submission, and what the shelf holds under `where(...).key`.

    Forgotten when it can't be told without that. ValueError for what we never asked.
    """
    place = where(str(data.get("custom_id", "")))
    inputs = list(_inputs(data.get("components")))
    if kept is None:
        if not place.whole or _has_codes(inputs):
            raise Forgotten(place.form)
        return Returned(place.form, place.args, answers(inputs, {}), attached=attached(inputs, data.get("resolved")))
    form = kept.form
    given = {**kept.given, **answers(inputs, {field.key: codes(field) for field in form.fields})}
    brought = {**kept.attached, **attached(inputs, data.get("resolved"))}
    last = place.sheet >= len(pages_of(form, words, introduced=kept.introduced))
    return Returned(form.name, dict(form.args), given, None if last else place.sheet + 1, brought)


def filled(form: Form, given: Mapping[str, Answer], attached: Mapping[str, Sequence[Attached]] = NONE) -> Form:
    """The form with these answers in its fields, and the names of what was attached."""
    values = {**given, **{key: [file.name for file in files] for key, files in attached.items()}}
    fields = tuple(replace(one, value=values[one.key]) if one.key in values else one for one in form.fields)
    return replace(form, fields=fields)


def with_remarks(kept: Kept, errors: Mapping[str, str], words: Words, key: str) -> Message:
    """Each remark under its field's label, with a button that opens the form as it was filled in.

    `kept`, with `filled` fields, is to be on the shelf under `key`. It opens at the first sheet with a remark.
    """
    labels = {field.key: " ".join(field.label.split()) or field.key for field in kept.form.fields}
    remarks = tuple(
        (
            *((Text(labels[name], bold=True, literal=True), Text(": ")) if name in labels else ()),
            Text(remark, literal=True),
        )
        for name, remark in errors.items()
    )
    label = words.get("discord", "answers", "again-button")
    sheet = sheet_of(kept, words, errors.keys())
    return Message(
        blocks=(_line(words.get("discord", "answers", "remarks")), Listing(remarks)),
        buttons=(Button(AGAIN, label, {"k": key, "s": sheet}, ButtonStyle.PRIMARY),),
    )


def sheet_of(kept: Kept, words: Words, keys: Collection[str]) -> int:
    """The first sheet that asks one of these."""
    sheets = pages_of(kept.form, words, introduced=kept.introduced)
    return next((number for number, sheet in enumerate(sheets, 1) if sheet.keys & set(keys)), 1)


def forgotten(data: Mapping[str, object], words: Words) -> Message:
    """What is said when the shelf was emptied meanwhile, with everything that was typed."""
    typed = [str(one["value"]) for one in _inputs(data.get("components")) if one.get("type") == 4 and one.get("value")]
    quotes = [Quote((Paragraph((Text(text, literal=True),)),)) for text in typed]
    told = [_line(words.get("discord", "answers", "typed"))] if typed else []
    return Message(blocks=(_line(words.get("discord", "answers", "forgotten")), *told, *quotes))


def _inputs(components: object) -> Iterator[Mapping[str, object]]:
    """Whatever can be filled in, without its labels."""
    for one in components if isinstance(components, Sequence) else ():
        if not isinstance(one, dict):
            continue
        if isinstance(inside := one.get("component"), dict):
            yield inside
        elif isinstance(row := one.get("components"), list):
            yield from _inputs(row)
        elif "custom_id" in one:
            yield one


def _has_codes(inputs: Sequence[Mapping[str, object]]) -> bool:
    """Whether a choice was made that only the form itself can tell."""
    chosen = [str(value) for one in inputs if isinstance(values := one.get("values"), list) for value in values]
    chosen += [str(one.get("value")) for one in inputs if one.get("type") == 21]
    return any(value.startswith("~") for value in chosen)
