"""What a person reads: blocks and mrkdwn as plain text, with times in the reader's own zone."""

from __future__ import annotations

import html
import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from .state import Json, Message, User, View

if TYPE_CHECKING:
    from .team import Team

_ENTITY = re.compile(r"<([^<>]+)>")
_STYLED = re.compile(r"(?<![\w*_~`])([*_~])(?=\S)([^*_~\n]*?\S)\1(?![\w*_~`])")


class Reader:
    """One person's eyes."""

    def __init__(self, team: Team, user: User) -> None:
        self.team = team
        self.user = user

    # Times.

    def date(self, timestamp: int, form: str) -> str:
        at = datetime.fromtimestamp(timestamp, ZoneInfo(self.user.tz))
        return re.sub(r"\{(\w+)\}", lambda match: self._token(at, match[1]), form)

    def _token(self, at: datetime, token: str) -> str:
        clock = f"{at:%I:%M %p}".lstrip("0")
        words = {
            "time": clock,
            "time_secs": f"{at:%I:%M:%S %p}".lstrip("0"),
            "date_num": f"{at:%Y-%m-%d}",
            "date_slash": f"{at:%m/%d/%Y}",
            "date": f"{at:%B} {_ordinal(at.day)}, {at.year}",
            "date_short": f"{at:%b} {at.day}, {at.year}",
            "date_long": f"{at:%A}, {at:%B} {_ordinal(at.day)}, {at.year}",
            "date_long_full": f"{at:%A}, {at:%B} {at.day}, {at.year}",
        }
        if token == "ago":
            return f"{int(self.team.slack.clock() - at.timestamp()) // 60} minutes ago"
        plain = token.removesuffix("_pretty")
        if plain != token:
            today = datetime.fromtimestamp(self.team.slack.clock(), at.tzinfo).date()
            near: dict[date, str] = {
                today: "today",
                today - timedelta(days=1): "yesterday",
                today + timedelta(days=1): "tomorrow",
            }
            if at.date() in near:
                return near[at.date()]
            return words.get(plain, words["date_long"])
        return words[token]

    # Texts.

    def person(self, id: str) -> str:
        user = self.team.users.get(id)
        return f"@{user.name if user else id}"

    def room(self, id: str) -> str:
        channel = self.team.channels.get(id)
        if channel is None or not self.team.visible(channel, self.user.id):
            return "#private"
        return f"#{channel.name}"

    def mrkdwn(self, text: str) -> str:
        code: list[str] = []

        def keep(match: re.Match[str]) -> str:
            code.append(match[1])
            return f"\x00{len(code) - 1}\x00"

        text = re.sub(r"```(.*?)```", keep, text, flags=re.DOTALL)
        text = re.sub(r"`([^`\n]+)`", keep, text)
        text = _ENTITY.sub(lambda match: self._entity(match[1]), text)
        text = _STYLED.sub(r"\2", _STYLED.sub(r"\2", text))
        text = re.sub(r"\x00(\d+)\x00", lambda match: code[int(match[1])], text)
        return html.unescape(text)

    def _entity(self, inside: str) -> str:
        target, _, label = inside.partition("|")
        if target.startswith("@"):
            return self.person(target[1:])
        if target.startswith("#"):
            return self.room(target[1:])
        if target.startswith("!date^"):
            _, timestamp, form, *_ = target.split("^")
            return self.date(int(timestamp), form)
        if target.startswith("!"):
            return f"@{target[1:]}"
        return label or target

    def text(self, thing: Json) -> str:
        return self.mrkdwn(thing["text"]) if thing.get("type") == "mrkdwn" else str(thing["text"])

    # Blocks.

    def block(self, block: Json, view: View | None = None) -> str:
        match block["type"]:
            case "section":
                parts = [self.text(block["text"])] if "text" in block else []
                parts += [self.text(each) for each in block.get("fields", [])]
                if "accessory" in block:
                    parts.append(self.element(block["accessory"]))
                return "\n".join(parts)
            case "header":
                return self.text(block["text"])
            case "markdown":
                return str(block["text"])
            case "divider":
                return "---"
            case "context" | "actions":
                return " ".join(
                    self.element(each) if each["type"] not in ("mrkdwn", "plain_text") else self.text(each)
                    for each in block["elements"]
                )
            case "image":
                return f"[image: {block['alt_text']}]"
            case "rich_text":
                return "\n".join(self.rich(each) for each in block["elements"])
            case "input":
                return self._input(block, view)
        return ""

    def _input(self, block: Json, view: View | None) -> str:
        words = self.text(block["label"]) + (" (optional)" if block.get("optional") else "")
        if "hint" in block:
            words += f"\n{self.text(block['hint'])}"
        element = block["element"]
        words += f"\n{self.element(element)}"
        if view is not None:
            value = view.values.get((block["block_id"], element["action_id"]))
            if value:
                words += f" = {next((v for k, v in value.items() if k != 'type'), '')}"
            if block["block_id"] in view.errors:
                words += f"\n! {view.errors[block['block_id']]}"
        return words

    def element(self, element: Json) -> str:
        kind = element["type"]
        if kind == "button":
            return f"[{element['text']['text']}]"
        if kind == "image":
            return f"[image: {element['alt_text']}]"
        words = [element["placeholder"]["text"]] if "placeholder" in element else []
        words += [self.text(each["text"]) for each in all_options(element)]
        return f"[{' | '.join(words)}]" if words else "[        ]"

    def rich(self, element: Json, depth: int = 0) -> str:
        match element["type"]:
            case "rich_text_list":
                ordered = element["style"] == "ordered"
                start = element.get("offset", 0) + 1
                pad = "  " * element.get("indent", depth)
                return "\n".join(
                    f"{pad}{f'{number}.' if ordered else '•'} {self.rich(each)}"
                    for number, each in enumerate(element["elements"], start)
                )
            case "rich_text_quote":
                return "> " + "".join(map(self.part, element["elements"])).replace("\n", "\n> ")
            case _:
                return "".join(map(self.part, element["elements"]))

    def part(self, part: Json) -> str:
        match part["type"]:
            case "text":
                return str(part["text"])
            case "link":
                return str(part.get("text") or part["url"])
            case "user":
                return self.person(part["user_id"])
            case "channel":
                return self.room(part["channel_id"])
            case "date":
                return self.date(part["timestamp"], part["format"])
            case "emoji":
                return f":{part['name']}:"
            case "broadcast":
                return f"@{part['range']}"
            case _:
                return str(part.get("value") or part.get("usergroup_id") or "")

    # Surfaces.

    def blocks(self, blocks: list[Json], view: View | None = None) -> str:
        return "\n".join(filter(None, (self.block(each, view) for each in blocks)))

    def message(self, message: Message) -> str:
        """With blocks, the text is only for notifications and is not shown."""
        words = self.blocks(message.blocks) if message.blocks else self.mrkdwn(message.text)
        for id in message.files:
            file = self.team.files[id]
            words += f"\n[file: {file.title or file.name}]"
        return words.strip()

    def view(self, view: View) -> str:
        title = view.body["title"]["text"] if "title" in view.body else ""
        ends = [view.body[name]["text"] for name in ("submit", "close") if name in view.body]
        words = [title, self.blocks(view.blocks, view), " ".join(f"[{each}]" for each in ends)]
        return "\n".join(filter(None, words))


def all_options(element: Json) -> list[Json]:
    groups = element.get("option_groups", [])
    return [*element.get("options", []), *(option for group in groups for option in group["options"])]


def _ordinal(day: int) -> str:
    return f"{day}{'th' if 10 < day % 100 < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"
