"""Form → modal, and a submitted or closed modal → answers; what must come back unseen rides in its metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from slack_sdk.models.blocks import ContextBlock, InputBlock
from slack_sdk.models.views import View

from bot.attached import Attached
from bot.message import Answer, Form, Paragraph, Scalar, Text
from bot.platforms.slack import limits
from bot.platforms.slack.draw import AnyBlock, compact, headline, page_line, scalars, view_blocks
from bot.platforms.slack.fields import CHOICES, FIELD, VALUE, Input, answer, drawn, typed
from bot.platforms.slack.inline import Json, plain_text, shortened
from bot.words import Words

FORM = "form"  # the callback_id of every form
ARG = "arg:"  # followed by an argument's name, the block_id of an input that holds it
FILES = "file_input"  # the type of an element
REMARK = "remark:"  # followed by the block_id of the input that it stands under

Codes: TypeAlias = Mapping[str, Mapping[str, str]]  # by field: what some of its options stand for
_NO_ROOM = "the args and choices of {} do not fit into the {} characters that Slack keeps with a form"


@dataclass(frozen=True, slots=True)
class Kept:
    """What comes back with a form's answers: its own name, args and page, and where it was opened."""

    form: str = ""
    args: Mapping[str, Scalar] = field(default_factory=dict)
    page: int = 1
    channel: str | None = None
    thread: str | None = None
    response_url: str | None = field(default=None, repr=False)
    codes: Codes = field(default_factory=dict)

    def packed(self) -> str:
        told: dict[str, object] = {"f": self.form, "a": dict(self.args), "p": self.page}
        told |= {"c": self.channel, "t": self.thread, "r": self.response_url}
        told["m"] = {key: dict(codes) for key, codes in self.codes.items() if codes} or None
        return compact({name: value for name, value in told.items() if value is not None})


class Returned(NamedTuple):
    form: str
    answers: dict[str, Answer]
    args: dict[str, Scalar]
    kept: Kept
    attached: Mapping[str, tuple[Attached, ...]] = MappingProxyType({})


# Out.


def modal(form: Form, words: Words, *, kept: Kept | None = None, remarks: Mapping[str, str] | None = None) -> Json:
    """One page of a form. `remarks` stand under their fields, for `views.update`, which can't carry errors.

    ValueError when Slack can't take it: too many blocks, or more to keep than a view holds.
    """
    inputs = {asked.key: drawn(asked, words) for asked in form.fields}
    if len(inputs) < len(form.fields):
        raise ValueError(f"two fields of {form.name} have the same key")
    keeping = replace(kept or Kept(), form=form.name, args=dict(form.args), page=form.page)
    metadata, shown = _packed(keeping, inputs)
    title = form.title.strip() or words.get("slack", "form", "title")
    blocks: list[AnyBlock] = []
    if len(title) > limits.VIEW_LABEL:
        blocks += headline((Text(title, literal=True),))
    if form.pages > 1:
        blocks.append(page_line(words, form.page, form.pages))
    blocks += view_blocks(form.intro)
    for one in inputs.values():
        blocks += one.blocks
    blocks += [_shown(name, str(form.args[name])) for name in shown]
    view = View(
        type="modal",
        callback_id=FORM,
        title=plain_text(shortened(title, limits.VIEW_LABEL)),
        submit=plain_text(shortened(form.submit.strip() or words.get("forms", "submit", "send"), limits.VIEW_LABEL)),
        close=plain_text(shortened(words.get("slack", "form", "close"), limits.VIEW_LABEL)),
        private_metadata=metadata,
        notify_on_close=True,
        # A view needs a block; a form without questions still asks to be confirmed.
        blocks=blocks or headline((Text(title, literal=True),)),
    )
    if len(blocks) >= limits.VIEW_BLOCKS:
        raise ValueError(f"{form.name} has {len(blocks)} blocks; a view takes {limits.VIEW_BLOCKS}")
    return _remarked(view.to_dict(), remarks or {})


def waiting(words: Words) -> Json:
    """Shown when an answer takes longer than Slack waits."""
    return View(
        type="modal",
        callback_id="waiting",
        title=plain_text(shortened(words.get("slack", "form", "title"), limits.VIEW_LABEL)),
        close=plain_text(shortened(words.get("slack", "form", "done"), limits.VIEW_LABEL)),
        blocks=view_blocks([Paragraph((Text(words.get("slack", "form", "waiting")),))]),
    ).to_dict()


def shown_again(view: Mapping[str, object], errors: Mapping[str, str]) -> Json:
    """A submitted view as it was, with what was filled in and the remarks under their fields."""
    kept = ("type", "callback_id", "title", "submit", "close", "private_metadata", "notify_on_close")
    again: Json = {name: view[name] for name in kept if view.get(name) is not None}
    states = _states(view)
    again["blocks"] = [
        _refilled(block, states.get(str(block.get("block_id")), {}))
        for block in _blocks(view)
        if not str(block.get("block_id", "")).startswith(REMARK)
    ]
    return _remarked(again, errors)


def without_files(view: Mapping[str, object]) -> Json | None:
    """The form without its inputs for files, which an app may not show that was installed before it asked for their
    scope. None when it has none."""
    blocks = _blocks(view)
    left = [block for block in blocks if _type_of(block.get("element")) != FILES]
    return {**view, "blocks": left} if len(left) < len(blocks) else None


def _type_of(element: object) -> object:
    return element.get("type") if isinstance(element, dict) else None


def remarks_by_block(errors: Mapping[str, str], view: Mapping[str, object]) -> dict[str, str]:
    """For `response_action: errors`. A remark on what this view does not ask stands at its first input.

    Empty when the view asks nothing.
    """
    asked = [str(block.get("block_id")) for block in _blocks(view) if block.get("type") == "input"]
    said: dict[str, list[str]] = {}
    for key, remark in errors.items():
        found = [block_id for block_id in (FIELD + key, ARG + key) if block_id in asked] or asked[:1]
        for block_id in found[:1]:
            said.setdefault(block_id, []).append(remark)
    return {block_id: shortened("\n".join(remarks), limits.REMARK) for block_id, remarks in said.items()}


def _packed(kept: Kept, inputs: Mapping[str, Input]) -> tuple[str, list[str]]:
    """The metadata, and the args that did not fit and are shown instead: the longest first."""
    every = {key: one.codes for key, one in inputs.items()}
    unlisted = {key: one.codes for key, one in inputs.items() if not one.listed}
    shown: list[str] = []
    by_length = sorted(kept.args, key=lambda name: len(str(kept.args[name])))
    while True:
        args = {name: value for name, value in kept.args.items() if name not in shown}
        for codes in (every, unlisted):
            packed = replace(kept, args=args, codes=codes).packed()
            if len(packed) <= limits.METADATA:
                return packed, shown
        texts = [name for name in by_length if name not in shown and isinstance(kept.args[name], str)]
        if not texts or len(str(kept.args[texts[-1]])) > limits.INPUT_TEXT:
            raise ValueError(_NO_ROOM.format(kept.form, limits.METADATA))
        shown.append(texts[-1])


def _shown(name: str, value: str) -> InputBlock:
    block_id = ARG + name
    if len(block_id) > limits.ID:
        raise ValueError(f"an argument's name is too long for Slack: {name!r}")
    element = typed(value, limits.INPUT_TEXT, several_lines=True)
    return InputBlock(label=plain_text(name), element=element, block_id=block_id, optional=True, dispatch_action=True)


def _remarked(view: Json, errors: Mapping[str, str]) -> Json:
    blocks = _blocks(view)
    by_block = remarks_by_block(errors, view)
    if len(blocks) + len(by_block) > limits.VIEW_BLOCKS:  # no room under each: one line for all of them
        all_of_them = "\n".join(by_block.values())
        return {**view, "blocks": [_remark("all", all_of_them), *blocks]}
    out: list[Mapping[str, object]] = []
    for block in blocks:
        out.append(block)
        block_id = str(block.get("block_id"))
        if remark := by_block.get(block_id):
            out.append(_remark(block_id, remark))
    return {**view, "blocks": out}


def _remark(block_id: str, remark: str) -> Json:
    text = plain_text(shortened(f"⚠ {remark}", limits.CONTEXT_TEXT))
    return ContextBlock(elements=[text], block_id=shortened(REMARK + block_id, limits.ID)).to_dict()


_INITIAL = {
    "value": "initial_value",
    "selected_date": "initial_date",
    "selected_option": "initial_option",
    "selected_options": "initial_options",
}


def _refilled(block: Mapping[str, object], state: Mapping[str, object]) -> Mapping[str, object]:
    element = block.get("element")
    if block.get("type") != "input" or not isinstance(element, dict):
        return block
    bare = {name: value for name, value in element.items() if name not in _INITIAL.values()}
    filled = {_INITIAL[name]: value for name, value in state.items() if name in _INITIAL and value}
    return {**block, "element": {**bare, **filled}}


# Back.


def answers(view: Mapping[str, object]) -> Returned | None:
    """What was filled in; None for a view that is no form. ValueError for metadata that is not ours."""
    if view.get("callback_id") != FORM:
        return None
    kept = _kept(str(view.get("private_metadata") or ""))
    given: dict[str, Answer] = {}
    attached: dict[str, tuple[Attached, ...]] = {}
    args = dict(kept.args)
    for block_id, state in _states(view).items():
        if state.get("type") == FILES:
            attached[block_id.removeprefix(FIELD)] = tuple(map(_attached, _dicts(state.get("files"))))
        elif block_id.startswith(FIELD):
            key = block_id.removeprefix(FIELD)
            given[key] = answer(state, {**_listed(view, key), **kept.codes.get(key, {})})
        elif block_id.startswith(ARG):
            args[block_id.removeprefix(ARG)] = str(state.get("value") or "")
    return Returned(kept.form, given, args, replace(kept, args=args), attached)


def _attached(file: Mapping[str, object]) -> Attached:
    size = file.get("size")
    return Attached(
        name=str(file.get("name") or ""),
        media_type=str(file.get("mimetype") or "application/octet-stream"),
        size=size if isinstance(size, int) else 0,
        url=str(file.get("url_private_download") or file.get("url_private") or ""),
    )


def _kept(metadata: str) -> Kept:
    try:
        told = json.loads(metadata)
    except RecursionError:
        raise ValueError("a form's metadata is nested too deep") from None
    match told:
        case {"f": str(form), "a": dict(args), "p": int(page)}:
            where = [told.get(name) for name in ("c", "t", "r")]
            if all(one is None or isinstance(one, str) for one in where):
                return Kept(form, scalars(args), page, where[0], where[1], where[2], _codes(told.get("m", {})))
    raise ValueError("a form's metadata is not ours")


def _codes(told: object) -> Codes:
    if not isinstance(told, dict) or not all(isinstance(codes, dict) for codes in told.values()):
        raise ValueError("a form's choices are not ours")
    return {str(key): {str(code): str(value) for code, value in codes.items()} for key, codes in told.items()}


def _listed(view: Mapping[str, object], key: str) -> dict[str, str]:
    """Choices as the list above their input says them, by the code of their place in it."""
    found: dict[str, str] = {}
    for block in _blocks(view):
        prefix, _, of = str(block.get("block_id", "")).removeprefix(CHOICES).partition(":")
        if block.get("type") == "rich_text" and prefix.isdigit() and of == key:
            for piece in _dicts(block.get("elements")):
                if piece.get("type") == "rich_text_list":
                    first = piece.get("offset")
                    for at, item in enumerate(_dicts(piece.get("elements")), first if isinstance(first, int) else 0):
                        found[f"~{at}"] = "".join(
                            str(part.get("text") or part.get("url") or "") for part in _dicts(item.get("elements"))
                        )
    return found


def _states(view: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    """The state of every input, by its block."""
    state = view.get("state")
    values = state.get("values") if isinstance(state, dict) else None
    found: dict[str, Mapping[str, object]] = {}
    for block_id, actions in values.items() if isinstance(values, dict) else ():
        inside = actions.get(VALUE) if isinstance(actions, dict) else None
        if isinstance(inside, dict):
            found[str(block_id)] = inside
    return found


def _blocks(view: Mapping[str, object]) -> list[Mapping[str, object]]:
    return list(_dicts(view.get("blocks")))


def _dicts(things: object) -> Iterator[Mapping[str, object]]:
    if isinstance(things, Sequence):
        yield from (one for one in things if isinstance(one, dict))
