"""How a client lets a form be filled in: which answer belongs to which field, and what each kind of field takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .components import SELECTS, STRING_SELECT, TEXT_INPUT
from .errors import Json
from .interactions import Modal
from .state import Channel, Role
from .using import CannotDo, Options

if TYPE_CHECKING:
    from .server import FakeDiscord

LABEL, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 18, 19, 21, 22, 23


def fields(modal: Modal) -> list[tuple[str, Json]]:
    """Each field with the words above it."""
    found = []
    for node in modal.components:
        if node["type"] == LABEL:
            found.append((node["label"], node["component"]))
        elif node["type"] == 1:
            found.append((node["components"][0]["label"], node["components"][0]))
    return found


def _slug(text: str) -> str:
    return re.sub(r"\W+", "_", text.lower()).strip("_")


def _named(name: str, label: str, node: Json) -> bool:
    own = node["custom_id"]
    return name in (label, own) or _slug(name) in (_slug(label), _slug(own)) or re.split(r"[/:|.]", own)[-1] == name


def submission(discord: FakeDiscord, modal: Modal, given: Mapping[str, Any]) -> Json:
    """What the client sends: every field, those left alone with what stood in them."""
    options = Options(discord, modal.source.guild)
    answers: dict[str, Any] = {}
    for name, value in given.items():
        hits = [node["custom_id"] for label, node in fields(modal) if _named(name, label, node)]
        if not hits:
            raise CannotDo(f"no field {name!r}; there are {[label for label, _ in fields(modal)]}")
        answers[hits[0]] = value
    components = []
    for node in modal.components:
        if node["type"] == LABEL:
            child = node["component"]
            filled = _fill(options, node["label"], child, answers)
            components.append({"type": LABEL, "id": node.get("id", 0), "component": filled})
        elif node["type"] == 1:
            child = node["components"][0]
            components.append({"type": 1, "components": [_fill(options, child["label"], child, answers)]})
        else:
            components.append({"type": node["type"], "id": node.get("id", 0)})
    data: Json = {"custom_id": modal.custom_id, "components": components}
    return {**data, "resolved": options.resolved} if options.resolved else data


def _fill(options: Options, label: str, node: Json, answers: Mapping[str, Any]) -> Json:
    kind, id = node["type"], node["custom_id"]
    body: Json = {"type": kind, "custom_id": id, "id": node.get("id", 0)}
    if kind == TEXT_INPUT:
        return {**body, "value": _text(label, node, answers.get(id, node.get("value") or ""))}
    if kind == CHECKBOX:
        value = answers.get(id, bool(node.get("default")))
        if not isinstance(value, bool):
            raise CannotDo(f"{label!r} is ticked or not, with True or False")
        return {**body, "value": value}
    values = _values(options, label, node, answers)
    needed = node.get("required", True)
    least = node.get("min_values", 1) if needed else 0
    most = node.get("max_values", len(node["options"]) if kind == CHECKBOX_GROUP else 1)
    if kind == RADIO_GROUP:
        least, most = int(needed), 1
    if not least <= len(values) <= most and (values or needed):
        raise CannotDo(f"{label!r} takes {least} to {most}, not {len(values)}")
    if kind == RADIO_GROUP:
        return {**body, "value": values[0] if values else None}
    return {**body, "values": values}


def _text(label: str, node: Json, value: Any) -> str:
    if not isinstance(value, str):
        raise CannotDo(f"{label!r} takes text, not {value!r}")
    if node["style"] == 1 and "\n" in value:
        raise CannotDo(f"{label!r} has one line only")
    if not value:
        if node.get("required", True):
            raise CannotDo(f"{label!r} must be filled in")
        return value
    low, high = node.get("min_length") or 0, node.get("max_length") or 4000
    if not low <= len(value) <= high:
        raise CannotDo(f"{label!r} takes {low} to {high} characters, not {len(value)}")
    return value


def _values(options: Options, label: str, node: Json, answers: Mapping[str, Any]) -> list[str]:
    kind, id = node["type"], node["custom_id"]
    if id not in answers:
        if kind in SELECTS and kind != STRING_SELECT:
            return [str(each["id"]) for each in node.get("default_values") or []]
        return [each["value"] for each in node.get("options") or [] if each.get("default")]
    given = answers[id]
    return chosen(options, label, node, given if isinstance(given, list) else [] if given is None else [given])


def chosen(options: Options, label: str, node: Json, picked: list[Any]) -> list[str]:
    """The values behind what somebody picks: labels of options, people, rooms, roles, files."""
    found = []
    for each in picked:
        if node["type"] in (STRING_SELECT, RADIO_GROUP, CHECKBOX_GROUP):
            option = next((one for one in node["options"] if str(each) in (one["label"], one["value"])), None)
            if option is None:
                raise CannotDo(f"{label!r} offers {[one['label'] for one in node['options']]}, not {each!r}")
            found.append(option["value"])
        elif node["type"] == FILE_UPLOAD and isinstance(each, tuple):
            found.append(options.file(*each))
        elif node["type"] in (5, 7) and hasattr(each, "user"):
            found.append(options.person(each))
        elif node["type"] in (6, 7) and isinstance(each, Role):
            found.append(str(each.id))
        elif node["type"] == 8 and isinstance(each, Channel):
            options.channel(each)
            found.append(str(each.id))
        else:
            raise CannotDo(f"{label!r} doesn't take {each!r}")
    return found
