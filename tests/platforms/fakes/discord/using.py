"""How a client makes a command out of what is typed: the right sub-command, options by their types, what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .command_limits import (
    BOOLEAN,
    CHANNEL,
    CHAT,
    FILE,
    GROUP,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    STRING,
    SUB,
    USER_OPTION,
)  # fmt: skip
from .errors import Json
from .payloads import channel_object, member_object, role_object, user_object
from .permissions import Permission, in_channel
from .state import DM, Channel, Role

if TYPE_CHECKING:
    from .guild import FakeGuild
    from .people import Person
    from .server import FakeDiscord


class CannotDo(AssertionError):
    """Discord's client would not let a person do this."""


def offered(discord: FakeDiscord, person: Person, channel: Channel, kind: int = CHAT) -> list[Json]:
    """The commands of one type that somebody has in a room."""
    guild = discord.guild_of(channel)
    found: list[Json] = []
    if guild is not None:
        if not guild.bot_in or person.user.id not in guild.members:
            return []
        if not in_channel(guild, channel, person.user.id) & Permission.USE_APPLICATION_COMMANDS:
            return []
        found += discord.commands.get(guild.id, {}).values()
    found += [each for each in discord.commands.get(None, {}).values() if _global_here(each, channel)]
    return [each for each in found if each["type"] == kind and _permitted(each, guild, channel, person)]


def _global_here(command: Json, channel: Channel) -> bool:
    contexts = command.get("contexts")
    if channel.type == DM:
        return 1 in contexts if contexts is not None else command.get("dm_permission") is not False
    return contexts is None or 0 in contexts


def _permitted(command: Json, guild: FakeGuild | None, channel: Channel, person: Person) -> bool:
    wanted = command.get("default_member_permissions")
    if wanted is None or guild is None:
        return True
    bits = in_channel(guild, channel, person.user.id)
    if bits & Permission.ADMINISTRATOR:
        return True
    return int(wanted) != 0 and bits & int(wanted) == int(wanted)


def find_command(discord: FakeDiscord, person: Person, line: str, channel: Channel) -> tuple[Json, list[Json], str]:
    """The command, the path of sub-commands under it, and what of `line` is left."""
    name, _, rest = line.strip().removeprefix("/").partition(" ")
    visible = offered(discord, person, channel)
    command = next((each for each in visible if each["name"] == name), None)
    if command is None:
        raise CannotDo(f"no /{name} for {person.user.name}; there are: {[each['name'] for each in visible]}")
    path: list[Json] = []
    here = command
    while any(each["type"] in (SUB, GROUP) for each in here.get("options") or []):
        name, _, rest = rest.strip().partition(" ")
        children = here.get("options") or []
        found = next((each for each in children if each["name"] == name), None)
        if found is None:
            raise CannotDo(f"{line!r} needs one of {[each['name'] for each in children]}")
        path.append(found)
        here = found
    return command, path, rest.strip()


class Options:
    """Turns what somebody gives into what the interaction carries, with the things it points at resolved."""

    def __init__(self, discord: FakeDiscord, guild: FakeGuild | None) -> None:
        self.discord = discord
        self.guild = guild
        self.resolved: dict[str, Json] = {}

    def build(self, command: Json, path: list[Json], given: Mapping[str, Any], focused: str | None = None) -> Json:
        leaf = path[-1] if path else command
        values = self._values(leaf.get("options") or [], given, focused)
        for step in reversed(path):
            values = [{"name": step["name"], "type": step["type"], "options": values}]
        data: Json = {"id": command["id"], "name": command["name"], "type": command["type"], "options": values}
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]
        return {**data, "resolved": self.resolved} if self.resolved else data

    def _values(self, options: list[Json], given: Mapping[str, Any], focused: str | None) -> list[Json]:
        known = {each["name"] for each in options}
        names = {name: name if name in known else name.replace("_", "-") for name in given}
        if unknown := sorted(set(names.values()) - known):
            raise CannotDo(f"no option {unknown}; there are {sorted(known)}")
        by_option = {names[name]: value for name, value in given.items() if value is not None}
        if focused is None and (
            missing := [each["name"] for each in options if each.get("required") and each["name"] not in by_option]
        ):
            raise CannotDo(f"these options are required: {missing}")
        found = []
        for option in options:
            name = option["name"]
            if name == focused:
                if not option.get("autocomplete"):
                    raise CannotDo(f"option {name} suggests nothing")
                found.append({"name": name, "type": option["type"], "value": str(by_option[name]), "focused": True})
            elif name in by_option:
                value = self.value(option, by_option[name])
                found.append({"name": name, "type": option["type"], "value": value})
        return found

    def value(self, option: Json, value: Any) -> Any:
        """One option's value as its type wants it."""
        kind, name = option["type"], option["name"]
        if choices := option.get("choices"):
            picked = next((each for each in choices if value in (each["name"], each["value"])), None)
            if picked is None:
                raise CannotDo(f"{name} is one of {[each['name'] for each in choices]}, not {value!r}")
            return picked["value"]
        match kind:
            case _ if kind == STRING and isinstance(value, str):
                if not option.get("min_length", 0) <= len(value) <= option.get("max_length", 6000) or not value:
                    raise CannotDo(f"{name} is too long or too short: {len(value)} characters")
                return value
            case _ if kind == BOOLEAN and isinstance(value, bool):
                return value
            case _ if kind in (INTEGER, NUMBER) and isinstance(value, (int, float)) and not isinstance(value, bool):
                if kind == INTEGER and not isinstance(value, int):
                    raise CannotDo(f"{name} is a whole number")
                if not option.get("min_value", -(2**53)) <= value <= option.get("max_value", 2**53):
                    raise CannotDo(f"{name} is out of its range: {value}")
                return value
            case _ if kind in (USER_OPTION, MENTIONABLE) and hasattr(value, "user"):
                return self.person(value)
            case _ if kind in (ROLE, MENTIONABLE) and isinstance(value, Role):
                self.resolved.setdefault("roles", {})[str(value.id)] = role_object(value)
                return str(value.id)
            case _ if kind == CHANNEL and isinstance(value, Channel):
                if (kinds := option.get("channel_types")) and value.type not in kinds:
                    raise CannotDo(f"{name} takes channels of the types {kinds} only")
                self.channel(value)
                return str(value.id)
            case _ if kind == FILE and isinstance(value, tuple):
                return self.file(*value)
        raise CannotDo(f"option {name} has type {kind}; {value!r} does not fit")

    def person(self, person: Person) -> str:
        id = str(person.user.id)
        self.resolved.setdefault("users", {})[id] = user_object(person.user)
        member = self.guild.members.get(person.user.id) if self.guild else None
        if member is not None and self.guild is not None:
            permissions = str(in_channel(self.guild, self.guild.general, person.user.id))
            body = {**member_object(member, with_user=False), "permissions": permissions}
            self.resolved.setdefault("members", {})[id] = body
        return id

    def channel(self, channel: Channel) -> None:
        self.resolved.setdefault("channels", {})[str(channel.id)] = {**channel_object(channel), "permissions": "0"}

    def file(self, name: str, content: bytes) -> str:
        id = str(self.discord.ids.next())
        link = f"{self.discord.url}/attachments/0/{id}/{name}"
        body = {"id": id, "filename": name, "size": len(content), "url": link, "proxy_url": link, "ephemeral": True}
        self.resolved.setdefault("attachments", {})[id] = body
        self.discord.uploads[int(id)] = content
        return id
