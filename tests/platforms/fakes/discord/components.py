"""The grammar of components in messages: rows of buttons and selects, and the second version's layouts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .errors import Json, Problems

Path = tuple[str | int, ...]
ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS = frozenset({3, 5, 6, 7, 8})
SECTION, TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
TOP_V2 = frozenset({ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR, CONTAINER})
IN_CONTAINER = TOP_V2 - {CONTAINER}
MOST_COMPONENTS, MOST_TEXT, BIGGEST_ID = 40, 4000, 2**31 - 1


def walk(components: list[Json]) -> Iterator[Json]:
    """Every component, nested ones and accessories included."""
    for each in components:
        if not isinstance(each, dict):
            continue
        yield each
        yield from walk([child for child in each.get("components") or [] if isinstance(child, dict)])
        for name in ("accessory", "component"):
            if isinstance(each.get(name), dict):
                yield from walk([each[name]])


def without_nulls(node: Any) -> Any:
    """A field that is null is a field that isn't there."""
    if isinstance(node, list):
        return [without_nulls(each) for each in node]
    if isinstance(node, dict):
        return {name: without_nulls(value) for name, value in node.items() if value is not None}
    return node


def number_components(components: list[Json]) -> list[Json]:
    """Components with the ids that Discord gives to those that came without."""
    taken = {each["id"] for each in walk(components) if each.get("id")}
    following = iter(each for each in range(1, 10_000) if each not in taken)

    def numbered(node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        body = {**node, "id": node.get("id") or next(following)}
        if "components" in body:
            body["components"] = [numbered(each) for each in body["components"]]
        for name in ("accessory", "component"):
            if name in body:
                body[name] = numbered(body[name])
        return body

    return [numbered(each) for each in without_nulls(components)]


class Checker:
    """Checks one message's or one modal's components into `problems`."""

    def __init__(self, problems: Problems, attachments: frozenset[str] = frozenset()) -> None:
        self.problems = problems
        self.attachments = attachments
        self._custom_ids: set[str] = set()
        self._ids: set[int] = set()

    def message(self, given: object, v2: bool, path: Path = ("components",)) -> None:
        if not isinstance(given, list):
            self.problems.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return
        components: list[Json] = without_nulls(given)
        if (not v2 and len(components) > 5) or (v2 and len(components) > MOST_COMPONENTS):
            self.problems.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {40 if v2 else 5} in length.")
        for index, each in enumerate(components):
            self._child((*path, index), each, TOP_V2 if v2 else frozenset({ROW}))
        every = list(walk(components))
        if v2 and len(every) > MOST_COMPONENTS:
            note = f"The total number of components ({len(every)}) exceeds the maximum of {MOST_COMPONENTS}."
            self.problems.add(path, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", note)
        text = sum(len(str(each.get("content", ""))) for each in every if each.get("type") == TEXT_DISPLAY)
        if text > MOST_TEXT:
            note = f"The total text size ({text}) exceeds the maximum of {MOST_TEXT}."
            self.problems.add(path, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", note)

    def _child(self, path: Path, node: object, allowed: frozenset[int]) -> None:
        if not isinstance(node, dict):
            self.problems.add(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
            return
        kind = node.get("type")
        if kind not in allowed:
            self.problems.one_of((*path, "type"), kind, allowed)
            return
        self.identity(path, node)
        match kind:
            case 1:
                self._row(path, node)
            case 2:
                self.button(path, node)
            case 9:
                self._section(path, node)
            case 10:
                self.problems.length((*path, "content"), node.get("content"), 1, MOST_TEXT)
            case 11:
                self._media(path, node, "media")
            case 12:
                self._gallery(path, node)
            case 13:
                self._file(path, node)
            case 14:
                if node.get("spacing", 1) not in (1, 2):
                    self.problems.one_of((*path, "spacing"), node.get("spacing"), frozenset({1, 2}))
            case 17:
                self._container(path, node)
            case _:
                self.select(path, node)

    def identity(self, path: Path, node: Json) -> None:
        """`id` is a number of the message's own; two alike are refused."""
        id = node.get("id")
        if id in (None, 0):
            return
        self.problems.number((*path, "id"), id, 0, BIGGEST_ID)
        if id in self._ids:
            self.problems.add((*path, "id"), "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated")
        self._ids.add(id)

    def custom_id(self, path: Path, node: Json) -> None:
        value = node.get("custom_id")
        if value is None:
            self.problems.required((*path, "custom_id"))
            return
        self.problems.length((*path, "custom_id"), value, 1, 100)
        if value in self._custom_ids:
            note = "Component custom id cannot be duplicated"
            self.problems.add((*path, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", note)
        self._custom_ids.add(value)

    def _row(self, path: Path, node: Json) -> None:
        children = node.get("components")
        if not isinstance(children, list) or not 1 <= len(children) <= 5:
            self.problems.add((*path, "components"), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
            return
        for index, each in enumerate(children):
            self._child((*path, "components", index), each, SELECTS | {BUTTON})
        kinds = [each.get("type") for each in children if isinstance(each, dict)]
        if len(children) > 1 and any(kind in SELECTS for kind in kinds):
            note = "The specified component exceeds the maximum width"
            self.problems.add((*path, "components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", note)

    def button(self, path: Path, node: Json) -> None:
        style = node.get("style")
        self.problems.one_of((*path, "style"), style, frozenset({1, 2, 3, 4, 5, 6}))
        label = node.get("label")
        if label is not None:
            self.problems.length((*path, "label"), label, 0, 80)
        if style != 6 and not label and not node.get("emoji"):
            note = "A button must have a label, an emoji, or both"
            self.problems.add(path, "BUTTON_COMPONENT_INVALID_EMOJI_OR_LABEL", note)
        if style == 5:
            if node.get("custom_id"):
                note = "A custom id and url cannot both be specified"
                self.problems.add((*path, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", note)
            self._url((*path, "url"), node.get("url"), 512, ("http", "https", "discord"))
        elif style != 6:
            if node.get("url"):
                note = "A custom id and url cannot both be specified"
                self.problems.add((*path, "url"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", note)
            self.custom_id(path, node)

    def select(self, path: Path, node: Json, modal: bool = False) -> None:
        self.custom_id(path, node)
        if node.get("placeholder") is not None:
            self.problems.length((*path, "placeholder"), node["placeholder"], 0, 150)
        least, most = node.get("min_values", 1), node.get("max_values", 1)
        self.problems.number((*path, "min_values"), least, 0, 25)
        self.problems.number((*path, "max_values"), most, 1, 25)
        if isinstance(least, int) and isinstance(most, int) and least > most:
            self.problems.add((*path, "min_values"), "BASE_TYPE_MAX", "min_values must not exceed max_values")
        if modal and node.get("disabled"):
            self.problems.add((*path, "disabled"), "COMPONENT_DISABLED_IN_MODAL", "Cannot be disabled in a modal")
        if modal and node.get("required", True) and least == 0:
            self.problems.add((*path, "min_values"), "BASE_TYPE_MIN", "A required select needs at least one value")
        if node.get("type") == STRING_SELECT:
            self.options(path, node, 1, 25)
            options = node.get("options")
            if isinstance(options, list) and isinstance(most, int) and most > len(options):
                note = "max_values exceeds the number of options"
                self.problems.add((*path, "options"), "BASE_TYPE_BAD_LENGTH", note)
        elif node.get("options"):
            self.problems.add((*path, "options"), "UNKNOWN_FIELD", "Only a string select has options")

    def options(self, path: Path, node: Json, low: int, high: int) -> None:
        options = node.get("options")
        if not isinstance(options, list) or not low <= len(options) <= high:
            note = f"Must be between {low} and {high} in length."
            self.problems.add((*path, "options"), "BASE_TYPE_BAD_LENGTH", note)
            return
        seen: set[object] = set()
        for index, option in enumerate(options):
            place = (*path, "options", index)
            self.problems.length((*place, "label"), option.get("label"), 1, 100)
            self.problems.length((*place, "value"), option.get("value"), 1, 100)
            if option.get("description") is not None:
                self.problems.length((*place, "description"), option["description"], 0, 100)
            if option.get("value") in seen:
                note = "The specified option value is already used"
                self.problems.add((*place, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", note)
            seen.add(option.get("value"))
        chosen = sum(bool(each.get("default")) for each in options)
        if chosen > node.get("max_values", 1 if node.get("type") != 22 else len(options)):
            self.problems.add((*path, "options"), "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES", "Too many defaults")

    def _section(self, path: Path, node: Json) -> None:
        children = node.get("components")
        if not isinstance(children, list) or not 1 <= len(children) <= 3:
            self.problems.add((*path, "components"), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 3 in length.")
        else:
            for index, each in enumerate(children):
                self._child((*path, "components", index), each, frozenset({TEXT_DISPLAY}))
        if node.get("accessory") is None:
            self.problems.required((*path, "accessory"))
        else:
            self._child((*path, "accessory"), node["accessory"], frozenset({BUTTON, THUMBNAIL}))

    def _gallery(self, path: Path, node: Json) -> None:
        items = node.get("items")
        if not isinstance(items, list) or not 1 <= len(items) <= 10:
            self.problems.add((*path, "items"), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 10 in length.")
            return
        for index, item in enumerate(items):
            self._media((*path, "items", index), item, "media")

    def _media(self, path: Path, node: Json, name: str) -> None:
        if node.get("description") is not None:
            self.problems.length((*path, "description"), node["description"], 0, 1024)
        self._url((*path, name, "url"), (node.get(name) or {}).get("url"), 2048, ("http", "https", "attachment"))

    def _file(self, path: Path, node: Json) -> None:
        self._url((*path, "file", "url"), (node.get("file") or {}).get("url"), 2048, ("attachment",))

    def _container(self, path: Path, node: Json) -> None:
        children = node.get("components")
        if not isinstance(children, list) or not children:
            self.problems.required((*path, "components"))
            return
        if node.get("accent_color") is not None:
            self.problems.number((*path, "accent_color"), node["accent_color"], 0, 0xFFFFFF)
        for index, each in enumerate(children):
            self._child((*path, "components", index), each, IN_CONTAINER)

    def _url(self, path: Path, url: object, longest: int, schemes: tuple[str, ...]) -> None:
        if not isinstance(url, str) or not url:
            self.problems.required(path)
            return
        scheme, _, rest = url.partition("://")
        if scheme not in schemes or not rest:
            listed = ", ".join(schemes)
            self.problems.add(path, "URL_TYPE_INVALID_SCHEME", f'Scheme "{scheme}" is not one of ({listed}).')
        elif scheme == "attachment" and rest not in self.attachments:
            note = f"The referenced attachment '{rest}' was not found"
            self.problems.add(path, "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", note)
        elif len(url) > longest:
            self.problems.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {longest} or fewer in length.")
