"""Field → the input that asks for it, and what Slack returns from one → an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from slack_sdk.models.blocks import (
    CheckboxesElement,
    DatePickerElement,
    InputBlock,
    InputInteractiveElement,
    NumberInputElement,
    Option,
    OptionGroup,
    PlainTextInputElement,
    PlainTextObject,
    RadioButtonsElement,
    StaticMultiSelectElement,
    StaticSelectElement,
)
from slack_sdk.models.blocks.block_elements import FileInputElement

from bot.message import Answer, Choice, Field, FieldKind, Heading, Listing, Paragraph, Text
from bot.platforms.slack import limits
from bot.platforms.slack.draw import AnyBlock, view_blocks
from bot.platforms.slack.inline import plain_text, shortened
from bot.platforms.slack.rich import Rich, in_blocks, listed, rich_text
from bot.words import Words

VALUE = "value"  # the action_id of every input
FIELD = "field:"  # followed by the field's key, the block_id of its input
CHOICES = "choices:"  # of the list of all choices above an input

FEW = 5  # choices that are shown at once

_EACH_CHARACTER = {"trigger_actions_on": ["on_character_entered"]}
_INDEX = re.compile(r"~([0-9]+)")
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")
_LONGEST_LISTED = 2_000


@dataclass(frozen=True, slots=True)
class Input:
    """The blocks of one field. `codes`: what some options stand for; `listed`: whether the list above says so too."""

    blocks: list[AnyBlock]
    codes: Mapping[str, str] = field(default_factory=dict)
    listed: bool = False


def drawn(asked: Field, words: Words) -> Input:
    """ValueError when it can't be asked on Slack at all."""
    if asked.kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        return _choices(asked, words)
    value = _text_of(asked.value)
    above: list[AnyBlock] = []
    match asked.kind:
        case FieldKind.NUMBER:
            element: InputInteractiveElement = _number(value)
        case FieldKind.DATE:
            element = DatePickerElement(action_id=VALUE, initial_date=value if _is_date(value) else None)
        case FieldKind.YES_NO:
            element = _yes_no(asked, words)
        case FieldKind.SCALE:
            element = _scale(asked.low, asked.high, value, words)
        case FieldKind.FILE:
            element = FileInputElement(action_id=VALUE, max_files=max(1, min(asked.most, limits.FILES)))
        case FieldKind.NPS:
            element = _scale(0, 10, value, words)
        case _:
            if len(value) > limits.INPUT_TEXT:  # more than an input takes: it stays in sight, to be copied from
                above, value = view_blocks([Paragraph((Text(value, literal=True),))]), ""
            element = typed(value, asked.max_length, several_lines=asked.kind is FieldKind.PARAGRAPH)
            if asked.kind is FieldKind.LINK:
                element.placeholder = plain_text("https://…")
    return Input([*above, *_asked(asked, element)])


def typed(value: str, most: int, *, several_lines: bool) -> PlainTextInputElement:
    if not several_lines:
        value = " ".join(value.splitlines())
    most = most if 0 < most <= limits.INPUT_TEXT else limits.INPUT_TEXT
    return PlainTextInputElement(
        action_id=VALUE,
        multiline=several_lines or None,
        initial_value=value or None,
        max_length=max(most, len(value)),
        dispatch_action_config=_EACH_CHARACTER,
    )


def _asked(asked: Field, element: InputInteractiveElement, above: Sequence[AnyBlock] = ()) -> list[AnyBlock]:
    """The input with its label and help; what is too long for Slack stands above it in full."""
    blocks: list[AnyBlock] = []
    label = asked.label.strip() or asked.key
    if len(label) > limits.INPUT_LABEL:
        blocks += view_blocks([Heading((Text(label, literal=True),))])
    hint = asked.help.strip()
    if len(hint) > limits.INPUT_HINT:
        blocks += view_blocks([Paragraph((Text(hint, literal=True),))])
        hint = ""
    block_id = FIELD + asked.key
    if len(block_id) > limits.ID:
        raise ValueError(f"a field's key is too long for Slack: {asked.key!r}")
    question = InputBlock(
        label=plain_text(shortened(label, limits.INPUT_LABEL)),
        element=element,
        block_id=block_id,
        hint=plain_text(hint) if hint else None,
        optional=not asked.required,
        dispatch_action=not isinstance(element, FileInputElement) or None,  # a file waits for the whole form
    )
    return [*blocks, *above, question]


def _number(value: str) -> NumberInputElement:
    return NumberInputElement(
        action_id=VALUE,
        is_decimal_allowed=True,
        initial_value=value if _NUMBER.fullmatch(value) else None,
        dispatch_action_config=_EACH_CHARACTER,
    )


def _yes_no(asked: Field, words: Words) -> RadioButtonsElement:
    options = {name: _option(words.get("slack", "form", name), name) for name in ("yes", "no")}
    marked = {"true": "yes", "false": "no"}.get(_text_of(asked.value), _text_of(asked.value))
    return RadioButtonsElement(action_id=VALUE, options=[*options.values()], initial_option=options.get(marked))


def _scale(low: int, high: int, value: str, words: Words) -> InputInteractiveElement:
    if low > high:
        raise ValueError(f"a scale from {low} to {high}")
    inside = bool(_WHOLE.fullmatch(value)) and low <= int(value) <= high
    if high - low >= limits.OPTIONS:
        return NumberInputElement(
            action_id=VALUE,
            is_decimal_allowed=False,
            min_value=low,
            max_value=high,
            initial_value=int(value) if inside else None,
            dispatch_action_config=_EACH_CHARACTER,
        )
    options = {number: _option(str(number), str(number)) for number in range(low, high + 1)}
    return StaticSelectElement(
        action_id=VALUE,
        placeholder=_choose(words, "choose"),
        options=[*options.values()],
        initial_option=options[int(value)] if inside else None,
    )


# Choices.


def _choices(asked: Field, words: Words) -> Input:
    if not 0 < len(asked.choices) <= limits.OPTIONS * limits.OPTION_GROUPS:
        raise ValueError(f"{asked.key} has {len(asked.choices)} choices")
    values = [_code(at, asked.choices) for at in range(len(asked.choices))]
    codes = {code: choice.value for code, choice in zip(values, asked.choices, strict=True) if code != choice.value}
    labels = [choice.label.strip() or choice.value or "…" for choice in asked.choices]
    long = any(len(label) > limits.OPTION_TEXT for label in labels)
    texts = [f"{number}. {label}" for number, label in enumerate(labels, 1)] if long else labels
    options = [_option(shortened(text, limits.OPTION_TEXT), code) for text, code in zip(texts, values, strict=True)]
    wanted = asked.value if isinstance(asked.value, list) else [_text_of(asked.value)]
    marked = [option for option, choice in zip(options, asked.choices, strict=True) if choice.value in wanted]
    several = asked.kind is FieldKind.CHOICES
    element = _several(options, marked, words) if several else _one(options, marked, words, at_once=not long)
    says_all = long and all(
        choice.value == label and len(label) <= _LONGEST_LISTED
        for choice, label in zip(asked.choices, labels, strict=True)
    )
    above = _full_list(asked.key, labels) if long else []
    return Input(_asked(asked, element, above), codes, says_all)


def _code(at: int, choices: Sequence[Choice]) -> str:
    """A choice's own value, unless it is too long, or could be taken for another one, a number, yes or no."""
    value = choices[at].value
    plainly = 0 < len(value) <= limits.OPTION_VALUE and value.strip() == value
    taken = value in ("yes", "no") or _WHOLE.fullmatch(value) or _INDEX.fullmatch(value)
    twice = any(before.value == value for before in choices[:at])
    return value if plainly and not taken and not twice else f"~{at}"


def _one(options: list[Option], marked: list[Option], words: Words, *, at_once: bool) -> InputInteractiveElement:
    initial = marked[0] if marked else None
    if at_once and len(options) <= FEW:
        return RadioButtonsElement(action_id=VALUE, options=options, initial_option=initial)
    placeholder = _choose(words, "choose")
    if len(options) <= limits.OPTIONS:
        return StaticSelectElement(action_id=VALUE, placeholder=placeholder, options=options, initial_option=initial)
    return StaticSelectElement(
        action_id=VALUE, placeholder=placeholder, option_groups=_groups(options), initial_option=initial
    )


def _several(options: list[Option], marked: list[Option], words: Words) -> InputInteractiveElement:
    initial = marked or None
    if len(options) <= limits.BOXES:
        return CheckboxesElement(action_id=VALUE, options=options, initial_options=initial)
    placeholder = _choose(words, "choose_some")
    element = StaticMultiSelectElement(action_id=VALUE, placeholder=placeholder, initial_options=initial)
    if len(options) <= limits.OPTIONS:
        element.options = options
    else:
        element.option_groups = _groups(options)
    return element


def _groups(options: Sequence[Option]) -> list[OptionGroup]:
    return [
        OptionGroup(
            label=plain_text(f"{at + 1}–{min(at + limits.OPTIONS, len(options))}"),
            options=options[at : at + limits.OPTIONS],
        )
        for at in range(0, len(options), limits.OPTIONS)
    ]


def _full_list(key: str, labels: Sequence[str]) -> list[AnyBlock]:
    everything = Listing(tuple((Text(label, literal=True),) for label in labels), ordered=True)
    return [
        {**rich_text(pieces), "block_id": f"{CHOICES}{at}:{key}"}
        for at, pieces in enumerate(in_blocks(list[Rich](listed(everything))))
    ]


def _option(text: str, value: str) -> Option:
    return Option(text=plain_text(text), value=value)


def _choose(words: Words, name: str) -> PlainTextObject:
    return plain_text(shortened(words.get("slack", "form", name), limits.PLACEHOLDER))


def _text_of(value: Answer) -> str:
    if value is None or isinstance(value, list):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


# What comes back.


def answer(state: Mapping[str, object], codes: Mapping[str, str]) -> Answer:
    """From the state of one element. ValueError for an option that nobody offered."""
    match state:
        case {"type": "number_input", "value": str(text)}:
            return _as_number(text)
        case {"value": str(text)}:
            return text or None
        case {"selected_date": str(text)}:
            return text or None
        case {"selected_option": {"value": str(code)}}:
            return _told(code, codes)
        case {"selected_options": list(chosen)}:
            return [str(_told(one["value"], codes)) for one in chosen]
    return None


def _as_number(text: str) -> int | float | str | None:
    """What is no number after all is for the bot to remark on."""
    text = text.strip()
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text or None


def _told(code: str, codes: Mapping[str, str]) -> str | int | bool:
    if code in codes:
        return codes[code]
    if _INDEX.fullmatch(code):
        raise ValueError("a choice that nobody offered")
    if code in ("yes", "no"):
        return code == "yes"
    return int(code) if _WHOLE.fullmatch(code) else code
