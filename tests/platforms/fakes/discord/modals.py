"""The grammar of modals: title, one to five labels or texts, and what may stand under a label."""

from __future__ import annotations

from .components import ROW, SELECTS, TEXT_DISPLAY, TEXT_INPUT, Checker, Path, without_nulls
from .errors import Json, Problems

LABEL, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 18, 19, 21, 22, 23
UNDER_LABEL = SELECTS | {TEXT_INPUT, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX}


def check_modal(data: Json, path: Path = ("data",)) -> None:
    problems = Problems()
    checker = Checker(problems)
    problems.length((*path, "title"), data.get("title"), 1, 45)
    problems.length((*path, "custom_id"), data.get("custom_id"), 1, 100)
    components = data.get("components")
    if not isinstance(components, list) or not 1 <= len(components) <= 5:
        problems.add((*path, "components"), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
        components = []
    for index, node in enumerate(without_nulls(components)):
        place = (*path, "components", index)
        problems.one_of((*place, "type"), node.get("type"), frozenset({ROW, TEXT_DISPLAY, LABEL}))
        checker.identity(place, node)
        if node.get("type") == TEXT_DISPLAY:
            problems.length((*place, "content"), node.get("content"), 1, 4000)
        elif node.get("type") == LABEL:
            _label(checker, place, node)
        elif node.get("type") == ROW:
            _old_row(checker, place, node)
    problems.raise_if_any()


def _label(checker: Checker, path: Path, node: Json) -> None:
    problems = checker.problems
    problems.length((*path, "label"), node.get("label"), 1, 45)
    if node.get("description") is not None:
        problems.length((*path, "description"), node["description"], 0, 100)
    child = node.get("component")
    if not isinstance(child, dict):
        problems.required((*path, "component"))
        return
    place = (*path, "component")
    problems.one_of((*place, "type"), child.get("type"), UNDER_LABEL)
    checker.identity(place, child)
    match child.get("type"):
        case 4:
            if child.get("label") is not None:
                note = "A text input in a label has no label of its own"
                problems.add((*place, "label"), "COMPONENT_LABEL_MUTUALLY_EXCLUSIVE", note)
            _text_input(checker, place, child)
        case 19:
            checker.custom_id(place, child)
            _between(problems, place, child, 10)
        case 21:
            checker.custom_id(place, child)
            checker.options(place, child, 2, 10)
        case 22:
            checker.custom_id(place, child)
            checker.options(place, child, 1, 10)
            _between(problems, place, child, 10)
            options = child.get("options") or []
            if isinstance(child.get("max_values"), int) and child["max_values"] > len(options):
                problems.add((*place, "max_values"), "BASE_TYPE_MAX", "max_values exceeds the number of options")
        case 23:
            checker.custom_id(place, child)
        case kind if kind in SELECTS:
            checker.select(place, child, modal=True)


def _between(problems: Problems, path: Path, node: Json, most: int) -> None:
    if node.get("min_values") is not None:
        problems.number((*path, "min_values"), node["min_values"], 0, most)
    if node.get("max_values") is not None:
        problems.number((*path, "max_values"), node["max_values"], 1, most)
    if node.get("required", True) and node.get("min_values") == 0:
        problems.add((*path, "min_values"), "BASE_TYPE_MIN", "A required component needs at least one value")


def _old_row(checker: Checker, path: Path, node: Json) -> None:
    children = node.get("components")
    if not isinstance(children, list) or len(children) != 1 or children[0].get("type") != TEXT_INPUT:
        note = "A row of a modal holds one text input"
        checker.problems.add((*path, "components"), "BASE_TYPE_BAD_LENGTH", note)
        return
    checker.problems.length((*path, "components", 0, "label"), children[0].get("label"), 1, 45)
    _text_input(checker, (*path, "components", 0), children[0])


def _text_input(checker: Checker, path: Path, node: Json) -> None:
    problems = checker.problems
    checker.custom_id(path, node)
    problems.one_of((*path, "style"), node.get("style"), frozenset({1, 2}))
    if node.get("min_length") is not None:
        problems.number((*path, "min_length"), node["min_length"], 0, 4000)
    if node.get("max_length") is not None:
        problems.number((*path, "max_length"), node["max_length"], 1, 4000)
    if (node.get("min_length") or 0) > (node.get("max_length") or 4000):
        problems.add((*path, "min_length"), "BASE_TYPE_MAX", "min_length must not exceed max_length")
    if node.get("placeholder") is not None:
        problems.length((*path, "placeholder"), node["placeholder"], 0, 100)
    if node.get("value") is not None:
        problems.length((*path, "value"), node["value"], 0, node.get("max_length") or 4000)
