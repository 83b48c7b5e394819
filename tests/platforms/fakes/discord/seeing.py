"""What a message looks like to one reader: plain words, names for ids, moments in the reader's own zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from . import polls
from .components import SELECTS
from .errors import Json
from .state import Message, User

if TYPE_CHECKING:
    from .server import FakeDiscord

TOKEN = re.compile(
    r"(?P<escaped>\\(?:[^\w\s]|_))"
    r"|(?P<code>`+)(?P<verbatim>.+?)(?P=code)"
    r"|<t:(?P<unix>-?\d+)(?::(?P<style>[tTdDfFRsS]))?>"
    r"|<@!?(?P<user>\d+)>|<@&(?P<role>\d+)>|<#(?P<channel>\d+)>|</(?P<command>[^:>]+):\d+>"
    r"|<(?P<bare>https?://[^<>\s]+)>"
    r"|\[(?P<words>[^\]\n]+)\]\(<?(?P<url>https?://[^)>\s]+)>?\)"
    r"|(?P<mark>\*{1,3}|_{2,3}|~~|\|\||(?<!\w)_|_(?!\w))"
    r"|(?P<line>^(?:#{1,3} |-# |>>> |> ))",
    re.MULTILINE | re.DOTALL,
)
STYLES = {
    "t": "%H:%M", "T": "%H:%M:%S", "d": "%d/%m/%Y", "D": "%-d %B %Y", "f": "%-d %B %Y %H:%M",
    "F": "%A, %-d %B %Y %H:%M",
}  # fmt: skip


def words(discord: FakeDiscord, text: str, reader: User) -> str:
    """Markdown as a client shows it, without its signs."""

    def shown(match: re.Match[str]) -> str:
        part = match.groupdict()
        if part["escaped"]:
            return part["escaped"][1:]
        if part["code"]:
            return part["verbatim"]
        if part["unix"]:
            at = datetime.fromtimestamp(int(part["unix"]), UTC).astimezone(ZoneInfo(reader.zone))
            if part["style"] == "R":
                seconds = at.timestamp() - discord.clock()
                return f"in {seconds / 3600:.0f} hours" if seconds >= 0 else f"{-seconds / 3600:.0f} hours ago"
            return at.strftime(STYLES.get(part["style"] or "f", STYLES["f"]))
        if part["user"]:
            user = discord.users.get(int(part["user"]))
            return f"@{user.name}" if user else "@unknown-user"
        if part["role"]:
            names = [
                guild.roles[int(part["role"])].name
                for guild in discord.guilds.values()
                if int(part["role"]) in guild.roles
            ]
            return f"@{names[0]}" if names else "@unknown-role"
        if part["channel"]:
            found = [
                guild.channels[int(part["channel"])]
                for guild in discord.guilds.values()
                if int(part["channel"]) in guild.channels
            ]
            return f"#{found[0].name}" if found and discord.sees(reader, found[0]) else "#No Access"
        if part["command"]:
            return f"/{part['command']}"
        if part["bare"]:
            return part["bare"]
        if part["url"]:
            return words(discord, part["words"], reader)
        return ""

    return TOKEN.sub(shown, text)


def lines(discord: FakeDiscord, components: list[Json], reader: User) -> list[str]:
    found: list[str] = []
    for node in components:
        children = [each for each in node.get("components") or [] if isinstance(each, dict)]
        match node.get("type"):
            case 1:
                found.append(" ".join(lines(discord, children, reader)))
            case 2:
                label = node.get("label") or (node.get("emoji") or {}).get("name") or ""
                found.append(f"[{label}]" if not node.get("disabled") else f"[{label} (off)]")
            case 9:
                found += lines(discord, children, reader)
                found += lines(discord, [node["accessory"]], reader)
            case 10:
                found.append(words(discord, node["content"], reader))
            case 11:
                found.append(f"(image: {node.get('description') or ''})")
            case 12:
                found += [f"(image: {each.get('description') or ''})" for each in node["items"]]
            case 13:
                found.append(f"(file: {node['file']['url'].rpartition('/')[2]})")
            case 14:
                found.append("———")
            case 17:
                found += lines(discord, children, reader)
            case 18:
                found.append(node["label"])
                if node.get("description"):
                    found.append(node["description"])
                found += lines(discord, [node["component"]], reader)
            case 4:
                found.append(f"____ {node.get('value') or node.get('placeholder') or ''}".rstrip())
            case 21 | 22:
                found += [f"( ) {each['label']}" for each in node["options"]]
            case kind if kind in SELECTS:
                options = [each["label"] for each in node.get("options") or []]
                found.append(
                    f"[{node.get('placeholder') or 'Make a selection'} ▾ {' | '.join(options)}]".replace(" ▾ ]", " ▾]")
                )
    return found


def plain(discord: FakeDiscord, message: Message, reader: User) -> str:
    if message.loading:
        return f"{message.author.name} is thinking…"
    if message.type == 6:
        return f"{message.author.name} pinned a message to this channel."
    if message.type == polls.RESULT:
        return f"{message.author.name}'s poll has closed."
    found = [words(discord, message.content, reader)] if message.content else []
    for embed in message.embeds:
        parts = [embed.get("title"), embed.get("description")]
        parts += [f"{each['name']}: {each['value']}" for each in embed.get("fields") or []]
        found += [words(discord, str(each), reader) for each in parts if each]
    if message.poll:
        found += polls.lines(discord, message)
    found += lines(discord, message.components, reader)
    found += [f"(attached: {each.filename})" for each in message.attachments]
    return "\n".join(found)
