"""Which blocks and elements there are, what each must and may hold, and where each may stand."""

from __future__ import annotations

import re
from types import MappingProxyType

from . import limits
from .limits import Check
from .rich_text import check_date_format, check_rich_text
from .state import Json

SURFACES = MappingProxyType(
    {  # block: its required fields, its optional ones, where it may stand
        "section": ((), ("text", "fields", "accessory", "expand"), ("message", "modal", "home")),
        "header": (("text",), (), ("message", "modal", "home")),
        "divider": ((), (), ("message", "modal", "home")),
        "context": (("elements",), (), ("message", "modal", "home")),
        "actions": (("elements",), (), ("message", "modal", "home")),
        "image": (("alt_text",), ("image_url", "slack_file", "title"), ("message", "modal", "home")),
        "rich_text": (("elements",), (), ("message", "modal", "home")),
        "input": (
            ("label", "element"), ("hint", "optional", "dispatch_action"), ("message", "modal", "home"),
        ),
        "markdown": (("text",), (), ("message",)),
    }
)  # fmt: skip

SELECTS = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
MULTI = tuple(f"multi_{name}" for name in SELECTS)
TEXTS = ("plain_text_input", "number_input", "email_text_input", "url_text_input")
PICKERS = ("datepicker", "timepicker", "datetimepicker")
BOXES = ("radio_buttons", "checkboxes")
INPUTS = (*TEXTS, *PICKERS, *BOXES, *SELECTS, *MULTI, "file_input", "rich_text_input")
IN_ACTIONS = ("button", "overflow", *PICKERS, *BOXES, *SELECTS, *MULTI)
IN_SECTION = (*IN_ACTIONS, "image")

_TYPED = ("placeholder", "focus_on_load", "dispatch_action_config", "initial_value")
_CHOSEN = ("placeholder", "focus_on_load", "confirm")
ELEMENTS = MappingProxyType(
    {  # element: its required fields, its optional ones
        "button": (("text",), ("url", "value", "style", "confirm", "accessibility_label")),
        "image": (("alt_text",), ("image_url", "slack_file")),
        "overflow": (("options",), ("confirm",)),
        "plain_text_input": ((), (*_TYPED, "multiline", "min_length", "max_length")),
        "number_input": (("is_decimal_allowed",), (*_TYPED, "min_value", "max_value")),
        "email_text_input": ((), _TYPED),
        "url_text_input": ((), _TYPED),
        "rich_text_input": ((), _TYPED),
        "file_input": ((), ("filetypes", "max_files")),
        "datepicker": ((), (*_CHOSEN, "initial_date")),
        "timepicker": ((), (*_CHOSEN, "initial_time", "timezone")),
        "datetimepicker": ((), ("focus_on_load", "confirm", "initial_date_time")),
        "radio_buttons": (("options",), ("initial_option", "confirm", "focus_on_load")),
        "checkboxes": (("options",), ("initial_options", "confirm", "focus_on_load")),
        "static_select": ((), (*_CHOSEN, "options", "option_groups", "initial_option")),
        "external_select": ((), (*_CHOSEN, "initial_option", "min_query_length")),
        "users_select": ((), (*_CHOSEN, "initial_user")),
        "channels_select": ((), (*_CHOSEN, "initial_channel", "response_url_enabled")),
        "conversations_select": (
            (), (*_CHOSEN, "initial_conversation", "default_to_current_conversation", "response_url_enabled", "filter"),
        ),
        "multi_static_select": (
            (), (*_CHOSEN, "options", "option_groups", "initial_options", "max_selected_items"),
        ),
        "multi_external_select": ((), (*_CHOSEN, "initial_options", "min_query_length", "max_selected_items")),
        "multi_users_select": ((), (*_CHOSEN, "initial_users", "max_selected_items")),
        "multi_channels_select": ((), (*_CHOSEN, "initial_channels", "max_selected_items")),
        "multi_conversations_select": (
            (), (*_CHOSEN, "initial_conversations", "default_to_current_conversation", "filter", "max_selected_items"),
        ),
    }
)  # fmt: skip


def check_blocks(check: Check, blocks: list[object], at: str, *, surface: str) -> None:
    """All blocks of one surface: "message", "modal" or "home"."""
    most = limits.BLOCKS_IN_MESSAGE if surface == "message" else limits.BLOCKS_IN_VIEW
    check.items(blocks, at, most, least=0)
    ids: set[object] = set()
    focused = 0
    for index, block in enumerate(blocks):
        here = f"{at}/{index}"
        kind = str(block.get("type")) if isinstance(block, dict) else ""
        if not isinstance(block, dict) or kind not in SURFACES or surface not in SURFACES[kind][2]:
            check.fault(f"unsupported type: {kind}", f"{here}/type")
            continue
        required, optional, _ = SURFACES[kind]
        check.known(block, here, required, (*optional, "block_id"))
        if "block_id" in block:
            check.string(block["block_id"], f"{here}/block_id", limits.IDENTIFIER)
            if block["block_id"] in ids:
                check.fault(f"block_id already in use: {block['block_id']}", f"{here}/block_id")
            ids.add(block["block_id"])
        _check_block(check, block, here, surface)
        focused += str(block).count("'focus_on_load': True")
    if focused > 1:
        check.fault("only one element may have focus_on_load", at)


def _check_block(check: Check, block: Json, at: str, surface: str) -> None:
    match block["type"]:
        case "section":
            if "text" not in block and "fields" not in block:
                check.fault("missing required field: text or fields", at)
            if "text" in block:
                check.text(block["text"], f"{at}/text", limits.SECTION_TEXT)
                _check_dates(check, block["text"], f"{at}/text")
            if "fields" in block:
                for index, field in enumerate(check.items(block["fields"], f"{at}/fields", limits.FIELDS)):
                    check.text(field, f"{at}/fields/{index}", limits.FIELD_TEXT)
            if "accessory" in block:
                _check_element(check, block["accessory"], f"{at}/accessory", IN_SECTION)
        case "header":
            check.text(block.get("text"), f"{at}/text", limits.HEADER_TEXT, plain=True)
        case "markdown":
            check.string(block.get("text"), f"{at}/text", limits.MARKDOWN_TEXT)
        case "context":
            elements = check.items(block.get("elements"), f"{at}/elements", limits.CONTEXT_ELEMENTS)
            for index, element in enumerate(elements):
                here = f"{at}/elements/{index}"
                if isinstance(element, dict) and element.get("type") == "image":
                    _check_element(check, element, here, ("image",))
                else:
                    check.text(element, here, limits.SECTION_TEXT)
                    _check_dates(check, element, here)
        case "actions":
            ids: list[object] = []
            for index, element in enumerate(check.items(block.get("elements"), f"{at}/elements", limits.ACTIONS)):
                _check_element(check, element, f"{at}/elements/{index}", IN_ACTIONS)
                if isinstance(element, dict) and "action_id" in element:
                    if element["action_id"] in ids:
                        check.fault(
                            f"action_id already in use: {element['action_id']}", f"{at}/elements/{index}/action_id"
                        )
                    ids.append(element["action_id"])
        case "image":
            _check_image(check, block, at)
            if "title" in block:
                check.text(block["title"], f"{at}/title", limits.ALT_TEXT, plain=True)
        case "rich_text":
            check_rich_text(check, block.get("elements"), f"{at}/elements")
        case "input":
            check.text(block.get("label"), f"{at}/label", limits.INPUT_LABEL, plain=True)
            if "hint" in block:
                check.text(block["hint"], f"{at}/hint", limits.INPUT_LABEL, plain=True)
            check.flag(block, "optional", at)
            check.flag(block, "dispatch_action", at)
            element = block.get("element")
            if isinstance(element, dict) and element.get("type") == "file_input":
                if surface != "modal":
                    check.fault("unsupported type: file_input", f"{at}/element/type")
                if block.get("dispatch_action"):
                    check.fault("a file input can't dispatch", f"{at}/dispatch_action")
            _check_element(check, block.get("element"), f"{at}/element", INPUTS)


def _check_dates(check: Check, thing: object, at: str) -> None:
    """`<!date^…>` must carry a time, a known format and a fallback."""
    text = thing.get("text") if isinstance(thing, dict) else None
    for inside in re.findall(r"<!date\^([^>]*)>", text if isinstance(text, str) else ""):
        match = re.fullmatch(r"(\d+)\^([^|^]+)(\^[^|]+)?\|(.+)", inside)
        if match is None:
            check.fault(f"invalid date: {inside}", at)
        else:
            check_date_format(check, match[2], at)


def _check_image(check: Check, thing: Json, at: str) -> None:
    check.string(thing.get("alt_text"), f"{at}/alt_text", limits.ALT_TEXT)
    if ("image_url" in thing) == ("slack_file" in thing):
        check.fault("exactly one of image_url and slack_file is required", at)
    if "image_url" in thing:
        check.string(thing["image_url"], f"{at}/image_url", limits.URL)
        if not re.match(r"https?://", str(thing["image_url"])):
            check.fault("must be a valid URL", f"{at}/image_url")


def _check_element(check: Check, element: object, at: str, allowed: tuple[str, ...]) -> None:
    kind = str(element.get("type")) if isinstance(element, dict) else ""
    if not isinstance(element, dict) or kind not in ELEMENTS or kind not in allowed:
        check.fault(f"unsupported type: {kind}", f"{at}/type")
        return
    required, optional = ELEMENTS[kind]
    check.known(element, at, required, optional if kind == "image" else (*optional, "action_id"))
    if "action_id" in element:
        check.string(element["action_id"], f"{at}/action_id", limits.IDENTIFIER)
    if "placeholder" in element:
        check.text(element["placeholder"], f"{at}/placeholder", limits.PLACEHOLDER, plain=True)
    for name in ("focus_on_load", "multiline", "is_decimal_allowed"):
        check.flag(element, name, at)
    if "confirm" in element:
        _check_confirm(check, element["confirm"], f"{at}/confirm")
    if kind == "image":
        _check_image(check, element, at)
    elif kind == "button":
        check.text(element.get("text"), f"{at}/text", limits.BUTTON_TEXT, plain=True)
        check.one_of(element, "style", ("primary", "danger"), at)
        if "value" in element:
            check.string(element["value"], f"{at}/value", limits.BUTTON_VALUE)
        if "url" in element:
            check.string(element["url"], f"{at}/url", limits.URL)
        if "accessibility_label" in element:
            check.string(element["accessibility_label"], f"{at}/accessibility_label", limits.BUTTON_TEXT)
    elif kind in TEXTS:
        _check_typed(check, element, at)
    elif kind == "file_input":
        _check_files(check, element, at)
    elif kind in PICKERS:
        _check_picker(check, element, at)
    elif kind in ("overflow", *BOXES, "static_select", "multi_static_select"):
        _check_choices(check, element, at)


def _check_confirm(check: Check, confirm: object, at: str) -> None:
    if check.known(confirm, at, ("title", "text", "confirm", "deny"), ("style",)):
        assert isinstance(confirm, dict)
        for name, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
            check.text(confirm.get(name), f"{at}/{name}", most, plain=name != "text")


def _check_typed(check: Check, element: Json, at: str) -> None:
    longest = element.get("max_length", limits.INPUT_LENGTH)
    shortest = element.get("min_length", 0)
    if not isinstance(longest, int) or not 1 <= longest <= limits.INPUT_LENGTH:
        check.fault(f"must be from 1 to {limits.INPUT_LENGTH}", f"{at}/max_length")
    elif not isinstance(shortest, int) or not 0 <= shortest <= longest:
        check.fault("must be from 0 to max_length", f"{at}/min_length")
    for name in ("initial_value", "min_value", "max_value"):
        if name in element and element["type"] != "rich_text_input":
            check.string(element[name], f"{at}/{name}", longest if isinstance(longest, int) else 1, least=0)
    if element["type"] == "number_input":
        for name in ("initial_value", "min_value", "max_value"):
            if name in element and not re.fullmatch(r"-?\d+(\.\d+)?", str(element[name])):
                check.fault("must be a number", f"{at}/{name}")


def _check_files(check: Check, element: Json, at: str) -> None:
    most = element.get("max_files", limits.FILES)
    if not isinstance(most, int) or not 1 <= most <= limits.FILES:
        check.fault(f"must be from 1 to {limits.FILES}", f"{at}/max_files")
    for index, ending in enumerate(check.items(element.get("filetypes", ["pdf"]), f"{at}/filetypes", 100)):
        check.string(ending, f"{at}/filetypes/{index}", 20)


def _check_picker(check: Check, element: Json, at: str) -> None:
    if "initial_date" in element and not re.fullmatch(r"\d{4}-\d\d-\d\d", str(element["initial_date"])):
        check.fault("must be YYYY-MM-DD", f"{at}/initial_date")
    if "initial_time" in element and not re.fullmatch(r"\d\d:\d\d", str(element["initial_time"])):
        check.fault("must be HH:mm", f"{at}/initial_time")
    if "initial_date_time" in element and not isinstance(element["initial_date_time"], int):
        check.fault("must be an integer", f"{at}/initial_date_time")


def _check_choices(check: Check, element: Json, at: str) -> None:
    kind = element["type"]
    most = limits.OVERFLOW_OPTIONS if kind == "overflow" else limits.FEW_OPTIONS if kind in BOXES else limits.OPTIONS
    if kind.endswith("static_select") and ("options" in element) == ("option_groups" in element):
        check.fault("exactly one of options and option_groups is required", at)
        return
    options: list[object] = []
    if "options" in element:
        options = check.items(element["options"], f"{at}/options", most)
        _check_options(check, options, f"{at}/options", plain=kind not in BOXES)
    for index, group in enumerate(check.items(element.get("option_groups", []), f"{at}/option_groups", 100, least=0)):
        here = f"{at}/option_groups/{index}"
        if check.known(group, here, ("label", "options")) and isinstance(group, dict):
            check.text(group.get("label"), f"{here}/label", limits.OPTION_TEXT, plain=True)
            inside = check.items(group.get("options"), f"{here}/options", limits.OPTIONS)
            _check_options(check, inside, f"{here}/options", plain=True)
            options = [*options, *inside]
    for name in ("initial_option", "initial_options"):
        if name in element:
            chosen = element[name] if name.endswith("s") else [element[name]]
            for option in check.items(chosen, f"{at}/{name}", most):
                if option not in options:
                    check.fault("must be one of the options", f"{at}/{name}")


def _check_options(check: Check, options: list[object], at: str, *, plain: bool) -> None:
    values: set[object] = set()
    for index, option in enumerate(options):
        here = f"{at}/{index}"
        if not check.known(option, here, ("text", "value"), ("description", "url")) or not isinstance(option, dict):
            continue
        check.text(option.get("text"), f"{here}/text", limits.OPTION_TEXT, plain=plain)
        check.string(option.get("value"), f"{here}/value", limits.OPTION_VALUE)
        if "description" in option:
            check.text(option["description"], f"{here}/description", limits.OPTION_TEXT, plain=plain)
        if option.get("value") in values:
            check.fault(f"option value already in use: {option['value']}", f"{here}/value")
        values.add(option.get("value"))
