"""Field → the labelled inputs that ask for it, and what Discord returns from one → an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeGuard

import discord
from discord import ui

from bot.attached import Attached
from bot.message import Answer, Block, Choice, Field, FieldKind, Listing, Paragraph, Text
from bot.platforms.discord import limits
from bot.platforms.discord.inline import shortened, visible
from bot.platforms.discord.limits import length
from bot.words import Words

# An input's custom_id says how to read what comes back: a letter, which of several lists it is, and the field's key.
TEXT, NUMBER, YES_NO, SCALE, ONE, SOME, FILES = "t", "n", "y", "s", "c", "m", "f"

_ID = re.compile(r"([tnyscmf])([0-9]{0,3}):(.+)", re.DOTALL)
_INDEX = re.compile(r"~([0-9]+)")
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")

_Input: TypeAlias = ui.TextInput[Any] | ui.Select[Any] | ui.RadioGroup[Any] | ui.CheckboxGroup[Any] | ui.FileUpload[Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One field: its labels with their inputs, and what has to be read before, because no label has room for it."""

    field: Field
    labels: tuple[ui.Label[Any], ...]
    before: tuple[Block, ...] = ()


def asked(field: Field, words: Words) -> Asked:
    """ValueError when it can't be asked on Discord at all."""
    if field.kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        return _choices(field, words)
    if field.kind is FieldKind.FILE:
        return _labelled(_with_names(field, words), [_upload(field)])
    value = _text_of(field.value)
    before: tuple[Block, ...] = ()
    if field.kind is FieldKind.YES_NO:
        element: _Input = _yes_no(field, value, words)
    elif field.kind in (FieldKind.SCALE, FieldKind.NPS):
        element = _scale(field, value, words)
    else:
        if length(value) > limits.INPUT_TEXT:  # more than an input takes: it stays in sight, to be copied from
            before, value = (Paragraph((Text(value, literal=True),)),), ""
        element = _typed(field, value, words)
    return _labelled(field, [element], before)


def answers(inputs: Sequence[Mapping[str, object]], codes: Mapping[str, Mapping[str, str]]) -> dict[str, Answer]:
    """From the inputs of a submitted modal. `codes`: what options stand for whose value was too long.

    Two lists of one choice, filled in both, give a list, which is no choice. ValueError for an option nobody offered.
    """
    given: dict[str, Answer] = {}
    for one in inputs:
        found = _ID.fullmatch(str(one.get("custom_id", "")))
        if found is None:
            raise ValueError("an input that is not ours")
        letter, _, key = found.groups()
        if letter == FILES:
            continue  # `attached` reads them
        given[key] = _merged(letter, given.get(key), _answer(letter, one, codes.get(key, {})))
    return given


def attached(inputs: Sequence[Mapping[str, object]], resolved: object) -> dict[str, tuple[Attached, ...]]:
    """What was attached, by field, from what the submission tells of it beside its inputs."""
    told = resolved.get("attachments") if isinstance(resolved, dict) else None
    known = told if isinstance(told, dict) else {}
    found: dict[str, tuple[Attached, ...]] = {}
    for one in inputs:
        id_, values = _ID.fullmatch(str(one.get("custom_id", ""))), one.get("values")
        if id_ is not None and id_[1] == FILES and isinstance(values, list) and values:
            found[id_[3]] = tuple(_attached(known[str(value)]) for value in values if str(value) in known)
    return found


def _attached(file: Mapping[str, object]) -> Attached:
    size = file.get("size")
    return Attached(
        name=str(file.get("filename") or ""),
        media_type=str(file.get("content_type") or "application/octet-stream"),
        size=size if isinstance(size, int) else 0,
        url=str(file.get("url") or ""),
    )


def codes(field: Field) -> dict[str, str]:
    """Values of options that stand for something else than themselves."""
    return {code: choice.value for code, choice in _coded(field.choices) if code != choice.value}


# Labels.


def _labelled(
    field: Field, elements: Sequence[_Input], before: Sequence[Block] = (), parts: Sequence[str] = ()
) -> Asked:
    """What is too long for a label or its description is to be read before."""
    label = " ".join(field.label.split()) if visible(field.label) else field.key
    help_ = " ".join(field.help.split())
    above: list[Block] = []
    if length(label) > limits.LABEL or before:
        whole = f"{label} — {help_}" if help_ else label
        if not before and length(whole) <= limits.DESCRIPTION:
            help_ = whole
        elif not before and max(length(label), length(help_)) <= limits.DESCRIPTION and _has_room(elements[0]):
            elements[0].placeholder, help_ = help_, label
        else:
            above = [Paragraph((Text(label, bold=True, literal=True),))]
    elif length(help_) > limits.DESCRIPTION:
        above = [Paragraph((Text(label, bold=True, literal=True),))]
    if length(help_) > limits.DESCRIPTION:
        above.append(Paragraph((Text(field.help.strip(), literal=True),)))
        help_ = ""
    labels = []
    for at, element in enumerate(elements):
        part = f" ({parts[at]})" if parts else ""
        text = shortened(label, limits.LABEL - length(part)) + part
        labels.append(ui.Label[Any](text=text, description=help_ or None if at == 0 else None, component=element))
    return Asked(field, tuple(labels), (*above, *before))


def _has_room(element: _Input) -> TypeGuard[ui.TextInput[Any] | ui.Select[Any]]:
    """Whether help can stand inside of it, to be read while it is empty."""
    return isinstance(element, ui.Select) or (isinstance(element, ui.TextInput) and not element.placeholder)


def _id(letter: str, key: str, part: int = 0) -> str:
    written = f"{letter}{part or ''}:{key}"
    if length(written) > limits.ID:
        raise ValueError(f"a field's key is too long for Discord: {key!r}")
    return written


# Inputs.


def _typed(field: Field, value: str, words: Words) -> ui.TextInput[Any]:
    several_lines = field.kind is FieldKind.PARAGRAPH
    hint = {FieldKind.LINK: "link", FieldKind.DATE: "date"}.get(field.kind)
    value = value if several_lines else " ".join(value.splitlines())
    most = field.max_length if 0 < field.max_length <= limits.INPUT_TEXT else limits.INPUT_TEXT
    return ui.TextInput(
        custom_id=_id(NUMBER if field.kind is FieldKind.NUMBER else TEXT, field.key),
        style=discord.TextStyle.paragraph if several_lines else discord.TextStyle.short,
        placeholder=shortened(words.get("discord", "form", hint), limits.PLACEHOLDER) if hint else None,
        default=value or None,
        required=field.required,
        max_length=max(most, length(value)),
    )


def _upload(field: Field) -> ui.FileUpload[Any]:
    required = field.required and not field.value
    most = max(1, min(field.most, limits.FILES))
    return ui.FileUpload(
        custom_id=_id(FILES, field.key), required=required, min_values=1 if required else 0, max_values=most
    )


def _with_names(field: Field, words: Words) -> Field:
    """What was attached before can't stand in the input: its help names it."""
    names = ", ".join(field.value) if isinstance(field.value, list) else ""
    if not names:
        return field
    room = limits.DESCRIPTION - length(words.get("discord", "form", "attached", {"names": ""}))
    return replace(field, help=words.get("discord", "form", "attached", {"names": shortened(names, room)}))


def _yes_no(field: Field, value: str, words: Words) -> ui.RadioGroup[Any]:
    marked = {"true": "yes", "false": "no"}.get(value, value)
    return ui.RadioGroup(
        custom_id=_id(YES_NO, field.key),
        required=field.required,
        options=[
            discord.RadioGroupOption(label=words.get("discord", "form", one), value=one, default=one == marked)
            for one in ("yes", "no")
        ],
    )


def _scale(field: Field, value: str, words: Words) -> ui.Select[Any] | ui.TextInput[Any]:
    low, high = (0, 10) if field.kind is FieldKind.NPS else (field.low, field.high)
    if low > high:
        raise ValueError(f"a scale from {low} to {high}")
    if high - low >= limits.OPTIONS:
        return ui.TextInput(
            custom_id=_id(NUMBER, field.key),
            placeholder=words.get("discord", "form", "part", {"first": low, "last": high}),
            default=value or None,
            required=field.required,
            max_length=max(20, length(value)),
        )
    options = [
        discord.SelectOption(label=str(number), value=str(number), default=str(number) == value)
        for number in range(low, high + 1)
    ]
    return _select(_id(SCALE, field.key), options, words, required=field.required)


def _select(
    id_: str, options: list[discord.SelectOption], words: Words, *, required: bool, several: bool = False
) -> ui.Select[Any]:
    return ui.Select(
        custom_id=id_,
        placeholder=shortened(words.get("discord", "form", "choose_some" if several else "choose"), limits.PLACEHOLDER),
        min_values=1 if required else 0,
        max_values=len(options) if several else 1,
        options=options,
        required=required,
    )


# Choices.


def _choices(field: Field, words: Words) -> Asked:
    most = limits.OPTIONS * (limits.MODAL_PARTS - 1)
    if not 0 < len(field.choices) <= most:
        raise ValueError(f"{field.key} has {len(field.choices)} choices; Discord takes {most}")
    labels = [
        next((" ".join(text.split()) for text in (choice.label, choice.value) if visible(text)), "…")
        for choice in field.choices
    ]
    long = any(length(label) > limits.OPTION_TEXT for label in labels)
    texts = [f"{number}. {label}" for number, label in enumerate(labels, 1)] if long else labels
    wanted = field.value if isinstance(field.value, list) else [_text_of(field.value)]
    several = field.kind is FieldKind.CHOICES
    marked = [choice.value in wanted for choice in field.choices]
    if not several and sum(marked) > 1:
        first = marked.index(True)
        marked = [at == first for at in range(len(marked))]
    options = [
        (shortened(text, limits.OPTION_TEXT), code, default)
        for text, (code, _), default in zip(texts, _coded(field.choices), marked, strict=True)
    ]
    before: list[Block] = []
    if long:
        before.append(Listing(tuple((Text(label, literal=True),) for label in labels), ordered=True))
    if len(options) > limits.OPTIONS and not several:
        before.append(Paragraph((Text(words.get("discord", "form", "one_of_these")),)))
    elements, parts = _lists(field, options, words)
    return _labelled(field, elements, before, parts)


_Option: TypeAlias = tuple[str, str, bool]  # label, value, whether it is chosen already


def _lists(field: Field, options: Sequence[_Option], words: Words) -> tuple[list[_Input], list[str]]:
    """One input, or a list for every 25 options with what tells it from the others."""
    several = field.kind is FieldKind.CHOICES
    letter = SOME if several else ONE
    if several and len(options) <= limits.BOXES:
        boxes = [discord.CheckboxGroupOption(label=text, value=code, default=on) for text, code, on in options]
        least = 1 if field.required else 0
        id_ = _id(letter, field.key)
        return [
            ui.CheckboxGroup(
                custom_id=id_, options=boxes, required=field.required, min_values=least, max_values=len(boxes)
            )
        ], []
    if not several and 2 <= len(options) <= limits.BOXES:
        radios = [discord.RadioGroupOption(label=text, value=code, default=on) for text, code, on in options]
        return [ui.RadioGroup(custom_id=_id(letter, field.key), options=radios, required=field.required)], []
    starts = range(0, len(options), limits.OPTIONS)
    elements: list[_Input] = []
    parts: list[str] = []
    for number, start in enumerate(starts):
        portion = [
            discord.SelectOption(label=text, value=code, default=on)
            for text, code, on in options[start : start + limits.OPTIONS]
        ]
        # One list of several may stay empty; whether all did is the bot's to remark on.
        required = field.required and len(starts) == 1
        elements.append(_select(_id(letter, field.key, number), portion, words, required=required, several=several))
        parts.append(f"{start + 1}–{start + len(portion)}")
    return elements, parts if len(parts) > 1 else []


def _coded(choices: Sequence[Choice]) -> Iterator[tuple[str, Choice]]:
    """A choice's own value, unless it is too long, or could be taken for another one."""
    seen: set[str] = set()
    for at, choice in enumerate(choices):
        value = choice.value
        plainly = 0 < length(value) <= limits.OPTION_VALUE and value.strip() == value
        yield (value if plainly and value not in seen and not _INDEX.fullmatch(value) else f"~{at}"), choice
        seen.add(value)


def _text_of(value: Answer) -> str:
    if value is None or isinstance(value, list):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


# What comes back.


def _answer(letter: str, state: Mapping[str, object], codes_: Mapping[str, str]) -> Answer:
    value, values = state.get("value"), state.get("values")
    chosen = [str(one) for one in values] if isinstance(values, list) else [str(value)] if value else []
    match letter:
        case "n":
            return _as_number(str(value or ""))
        case "t":
            return str(value or "") or None
        case "m":
            return [_told(code, codes_) for code in chosen]
    if not chosen:
        return None
    if letter == YES_NO:
        return chosen[0] == "yes"
    if letter == SCALE:
        return int(chosen[0]) if _WHOLE.fullmatch(chosen[0]) else chosen[0]
    return _told(chosen[0], codes_)


def _merged(letter: str, before: Answer, now: Answer) -> Answer:
    """Of several lists that ask one thing."""
    if letter == SOME and isinstance(before, list) and isinstance(now, list):
        return [*before, *now]
    if letter == ONE and before is not None and now is not None:
        return [*(before if isinstance(before, list) else [str(before)]), str(now)]
    return before if now is None else now


def _as_number(text: str) -> int | float | str | None:
    """What is no number after all is for the bot to remark on."""
    text = text.strip()
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text or None


def _told(code: str, codes_: Mapping[str, str]) -> str:
    if code in codes_:
        return codes_[code]
    if _INDEX.fullmatch(code):
        raise ValueError("a choice that nobody offered")
    return code
