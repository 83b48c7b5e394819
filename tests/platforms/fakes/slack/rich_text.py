"""The grammar of a rich_text block: sections, lists, quotes and preformatted text, and what may stand in them."""

from __future__ import annotations

import re
from types import MappingProxyType

from .limits import SECTION_TEXT, URL, Check

STYLES = ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
PARTS = MappingProxyType(
    {  # inline element: its required fields, its optional ones
        "text": (("text",), ("style",)),
        "link": (("url",), ("text", "style", "unsafe")),
        "user": (("user_id",), ("style",)),
        "channel": (("channel_id",), ("style",)),
        "date": (("timestamp", "format"), ("url", "fallback", "style")),
        "emoji": (("name",), ("skin_tone", "unicode", "style")),
        "usergroup": (("usergroup_id",), ("style",)),
        "broadcast": (("range",), ("style",)),
        "team": (("team_id",), ("style",)),
        "color": (("value",), ("style",)),
    }
)
DATE_TOKENS = frozenset(
    [
        "date_num",
        "date_slash",
        "date_long",
        "date_long_full",
        "date_long_pretty",
        "date",
        "date_pretty",
        "date_short",
        "date_short_pretty",
        "time",
        "time_secs",
        "ago",
        "day_divider_pretty",
    ]
)


def check_date_format(check: Check, value: object, at: str) -> None:
    if not isinstance(value, str) or not value:
        check.fault("must be a date format", at)
        return
    tokens = re.findall(r"\{(\w+)\}", value)
    if not tokens or set(tokens) - DATE_TOKENS:
        check.fault(f"invalid date format: {value}", at)


def check_part(check: Check, part: object, at: str, allowed: tuple[str, ...] | None = None) -> None:
    kind = str(part.get("type")) if isinstance(part, dict) else ""
    if not isinstance(part, dict) or kind not in PARTS or (allowed and kind not in allowed):
        check.fault(f"unsupported element: {kind}", f"{at}/type")
        return
    required, optional = PARTS[kind]
    check.known(part, at, required, optional)
    for name in ("text", "url", "fallback", "name", "user_id", "channel_id", "usergroup_id", "team_id", "value"):
        if name in part:
            check.string(part[name], f"{at}/{name}", URL if name == "url" else SECTION_TEXT * 4)
    if "url" in part and not re.match(r"(https?|mailto|slack|tel):", str(part["url"])):
        check.fault("must be a valid URL", f"{at}/url")
    if kind == "date":
        if not isinstance(part.get("timestamp"), int) or isinstance(part.get("timestamp"), bool):
            check.fault("must be an integer", f"{at}/timestamp")
        check_date_format(check, part.get("format"), f"{at}/format")
    if kind == "broadcast":
        check.one_of(part, "range", ("here", "channel", "everyone"), at)
    if "style" in part:
        style = part["style"]
        if (
            not isinstance(style, dict)
            or set(style) - set(STYLES)
            or not all(v in (True, False) for v in style.values())
        ):
            check.fault("invalid style", f"{at}/style")


def check_rich_text(check: Check, elements: object, at: str) -> None:
    for index, element in enumerate(check.items(elements, at, 1000)):
        here = f"{at}/{index}"
        kind = element.get("type") if isinstance(element, dict) else None
        if not isinstance(element, dict):
            check.fault("must be an object", here)
            continue
        match kind:
            case "rich_text_section" | "rich_text_quote" | "rich_text_preformatted":
                optional = ["border", "language"] if kind == "rich_text_preformatted" else ["border"]
                check.known(element, here, ("elements",), () if kind == "rich_text_section" else optional)
                allowed = ("text", "link") if kind == "rich_text_preformatted" else None
                for number, part in enumerate(check.items(element.get("elements"), f"{here}/elements", 1000, least=0)):
                    check_part(check, part, f"{here}/elements/{number}", allowed)
            case "rich_text_list":
                check.known(element, here, ("style", "elements"), ("indent", "offset", "border"))
                check.one_of(element, "style", ("bullet", "ordered"), here)
                indent = element.get("indent", 0)
                if not isinstance(indent, int) or not 0 <= indent <= 8:
                    check.fault("must be from 0 to 8", f"{here}/indent")
                items = check.items(element.get("elements"), f"{here}/elements", 1000)
                for number, item in enumerate(items):
                    if not isinstance(item, dict) or item.get("type") != "rich_text_section":
                        check.fault("a list holds rich_text_section only", f"{here}/elements/{number}")
                        continue
                    check_rich_text(check, [item], f"{here}/elements/{number}")
            case _:
                check.fault(f"unsupported element: {kind}", f"{here}/type")
