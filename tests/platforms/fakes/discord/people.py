"""People. They can only do what Discord's client lets them do, and see only what it shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from . import polls
from .command_limits import MESSAGE
from .command_limits import USER as USER_COMMAND
from .components import BUTTON, SELECTS, walk
from .errors import Json
from .filling import chosen, submission
from .interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Interaction, Modal, begin
from .payloads import message_object
from .permissions import Permission, in_channel
from .posting import post
from .seeing import lines, plain
from .state import DM, Channel, Message, User
from .using import CannotDo, Options, find_command, offered

if TYPE_CHECKING:
    from .guild import FakeGuild
    from .server import FakeDiscord

__all__ = ["CannotDo", "Person", "Suggestion"]

Where: TypeAlias = "Channel | str | None"
NO_ANSWER = "The application did not respond"


class Suggestion(NamedTuple):
    name: str
    value: str | int | float


class Person:
    def __init__(self, discord: FakeDiscord, user: User) -> None:
        self.discord = discord
        self.user = user
        self.guilds: list[FakeGuild] = []
        self.modal: Modal | None = None
        self.whispers: list[Message] = []  # ephemeral messages, as they stand
        self.pings: list[Message] = []  # messages that mention them and were let to; a DM isn't one by itself
        self.notices: list[str] = []  # what the client says by itself
        self.patience = 5.0  # how long to wait for what was put off

    def __repr__(self) -> str:
        return f"<Person {self.user.name}>"

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def id(self) -> str:
        return str(self.user.id)

    # Where they are.

    @property
    def dm(self) -> Channel:
        """Their conversation with the bot."""
        return self.discord.dm(self.user)

    def place(self, where: Where) -> Channel:
        """A room by itself or by name; "dm" is the conversation with the bot; by default the first one they see."""
        if where is None:
            if not self.guilds:
                return self.dm
            seen = [each for each in self.guilds[0].channels.values() if each.holds_messages and self.can_see(each)]
            if not seen:
                raise CannotDo(f"{self.name} sees no room")
            return seen[0]
        if where == "dm":
            return self.dm
        channel = where if isinstance(where, Channel) else self._room(where)
        if not self.can_see(channel):
            raise CannotDo(f"{self.name} does not see #{channel.name}")
        return channel

    def _room(self, name: str) -> Channel:
        for guild in self.guilds:
            for channel in guild.channels.values():
                if channel.name == name.removeprefix("#") and self.can_see(channel):
                    return channel
        raise CannotDo(f"{self.name} sees no room called {name}")

    def can_see(self, channel: Channel) -> bool:
        return self.discord.sees(self.user, channel)

    def may(self, permission: Permission, channel: Channel) -> bool:
        guild = self.discord.guild_of(channel)
        return guild is None or in_channel(guild, channel, self.user.id) & permission == permission

    # What they see.

    def _visible(self, where: Where = None) -> list[Message]:
        if where is not None:
            channels = [self.place(where)]
        else:
            channels = [each for guild in self.guilds for each in guild.channels.values() if self.can_see(each)]
            channels.append(self.dm)
        ids = {each.id for each in channels}
        found = [message for each in channels for message in each.messages]
        found += [each for each in self.whispers if each.channel_id in ids]
        return sorted(found, key=lambda each: each.id)

    def shown(self, message: Message) -> str:
        return plain(self.discord, message, self.user)

    def messages(self, channel: Where = None) -> list[str]:
        """Everything they can read, oldest first; of one room, or of all."""
        return [self.shown(each) for each in self._visible(channel)]

    @property
    def dms(self) -> list[str]:
        """What the bot wrote to them alone."""
        return [self.shown(each) for each in self.dm.messages if each.author.bot]

    @property
    def ephemerals(self) -> list[str]:
        """What only they were shown."""
        return [self.shown(each) for each in self.whispers]

    @property
    def form(self) -> str:
        """The open form as words, or nothing."""
        if self.modal is None:
            return ""
        return "\n".join([self.modal.title, *lines(self.discord, self.modal.components, self.user)])

    def sees(self, text: str) -> bool:
        """Anywhere: in a room, in the DM, in an ephemeral, in the open form, in what the client says."""
        return any(text in each for each in (*self.messages(), self.form, *self.notices))

    def message(self, containing: str, where: Where = None) -> Message:
        """The newest that has these words."""
        for message in reversed(self._visible(where)):
            if containing in self.shown(message):
                return message
        raise CannotDo(f"{self.name} sees no message with {containing!r}")

    # What they do.

    async def uses(self, command: str, *, in_: Where = None, **options: Any) -> Interaction:
        """Types a command, such as "/cohort kudos", with its options by name."""
        channel = self._to_act(in_)
        found, path, rest = find_command(self.discord, self, command, channel)
        if rest:
            raise CannotDo(f"{rest!r} is no part of the command: options go by name")
        data = Options(self.discord, self.discord.guild_of(channel)).build(found, path, options)
        return await self._wait(begin(self.discord, self.user, channel, COMMAND, "command", data))

    async def autocompletes(
        self, command: str, option: str, typed: str, *, in_: Where = None, **others: Any
    ) -> list[Suggestion]:
        """What the client suggests while `typed` stands in the option."""
        channel = self._to_act(in_)
        found, path, _ = find_command(self.discord, self, command, channel)
        given = {**others, option: typed}
        data = Options(self.discord, self.discord.guild_of(channel)).build(found, path, given, focused=option)
        made = begin(self.discord, self.user, channel, AUTOCOMPLETE, "autocomplete", data)
        await self._wait(made)
        return [Suggestion(each["name"], each["value"]) for each in made.choices]

    async def picks(self, menu: str, target: Message | Person) -> Interaction:
        """Chooses from the context menu of a message or of a person."""
        kind = MESSAGE if isinstance(target, Message) else USER_COMMAND
        channel = self._to_act(None)
        if isinstance(target, Message):
            channel = self.place(self.discord.find_channel(target.channel_id)[1])
        found = next((each for each in offered(self.discord, self, channel, kind) if each["name"] == menu), None)
        if found is None:
            raise CannotDo(f"no {menu!r} in the menu for {self.name}")
        options = Options(self.discord, self.discord.guild_of(channel))
        if isinstance(target, Message):
            if target.ephemeral:
                raise CannotDo("an ephemeral message has no such menu")
            body = message_object(target, self.discord.url, self.discord.guild_of(channel))
            resolved: Json = {"messages": {str(target.id): body}}
            target_id = str(target.id)
        else:
            target_id = options.person(target)
            resolved = options.resolved
        data: Json = {"id": found["id"], "name": menu, "type": kind, "target_id": target_id, "resolved": resolved}
        if "guild_id" in found:
            data["guild_id"] = found["guild_id"]
        return await self._wait(begin(self.discord, self.user, channel, COMMAND, "command", data))

    async def presses(self, label: str, in_: Where = None, on: str | Message | None = None) -> Interaction:
        """The newest button with this label that they see; `on`: a message, or words on it."""
        message, node = self._component(
            lambda each: each["type"] == BUTTON and each.get("label") == label, label, in_, on
        )
        if node["style"] in (5, 6):
            raise CannotDo(f"{label!r} is a link: {node.get('url')}")
        data = {"custom_id": node["custom_id"], "component_type": BUTTON, "id": node["id"]}
        return await self._component_used(message, "button", data)

    async def chooses(
        self, select: str, *values: Any, in_: Where = None, on: str | Message | None = None
    ) -> Interaction:
        """Picks options of the newest select with this placeholder (or custom id)."""
        message, node = self._component(
            lambda each: each["type"] in SELECTS and select in (each.get("placeholder"), each["custom_id"]),
            select,
            in_,
            on,
        )
        least, most = node.get("min_values", 1), node.get("max_values", 1)
        if not least <= len(values) <= most:
            raise CannotDo(f"{select!r} takes {least} to {most}, not {len(values)}")
        options = Options(self.discord, self.discord.guild_of(self.discord.find_channel(message.channel_id)[1]))
        picked = chosen(options, select, node, list(values))
        data = {"custom_id": node["custom_id"], "component_type": node["type"], "id": node["id"], "values": picked}
        if node["type"] != 3:
            data["resolved"] = options.resolved
        return await self._component_used(message, "select", data)

    def _component(self, wanted: Any, name: str, where: Where, on: str | Message | None) -> tuple[Message, Json]:
        for message in reversed(self._visible(where)):
            if (isinstance(on, Message) and on is not message) or (
                isinstance(on, str) and on not in self.shown(message)
            ):
                continue
            for node in walk(message.components):
                if wanted(node):
                    if node.get("disabled"):
                        raise CannotDo(f"{name!r} is switched off")
                    return message, node
        raise CannotDo(f"{self.name} sees no {name!r} in {self.messages(where)[-5:]}")

    async def _component_used(self, message: Message, kind: str, data: Json) -> Interaction:
        if self.modal is not None:
            raise CannotDo(f"{self.name} has a form open: {self.modal.title}")
        _, channel = self.discord.find_channel(message.channel_id)
        return await self._wait(begin(self.discord, self.user, channel, COMPONENT, kind, data, message))

    async def fills(self, answers: Mapping[str, Any] | None = None, /, **named: Any) -> Interaction:
        """Sends the open form off, with answers by label, by custom id or by its last part."""
        if self.modal is None:
            raise CannotDo(f"{self.name} has no form open")
        modal = self.modal
        data = submission(self.discord, modal, {**(answers or {}), **named})
        source = modal.source
        made = begin(self.discord, self.user, source.channel, MODAL, "modal", data, source.message)
        await self._wait(made)
        # A form that nobody answers stays open, with its answers in it.
        if made.responded and self.modal is modal:
            self.modal = None
        return made

    def dismisses_modal(self) -> None:
        """Puts the form away. The bot hears nothing of it."""
        if self.modal is None:
            raise CannotDo(f"{self.name} has no form open")
        self.modal = None

    def dismisses(self, message: Message) -> None:
        """Puts an ephemeral message away."""
        self.whispers.remove(message)

    async def votes(self, *answers: str, on: str = "", in_: Where = None) -> None:
        """In the newest poll that they see (`on`: with these words in its question); no answers: take the vote back."""
        found = [each for each in self._visible(in_) if each.poll and on in each.poll["question"]["text"]]
        if not found:
            raise CannotDo(f"{self.name} sees no poll")
        poll: Json = found[-1].poll or {}
        if polls.over(self.discord, found[-1]):
            raise CannotDo("the poll is over")
        ids = {each["poll_media"]["text"]: each["answer_id"] for each in poll["answers"]}
        if (len(answers) > 1 and not poll["allow_multiselect"]) or not set(answers) <= set(ids):
            raise CannotDo(f"the poll offers {list(ids)}")
        times, self.discord.redeliveries = self.discord.redeliveries, 1
        polls.vote(self.discord, found[-1], self.user, {ids[each] for each in answers}, times=times)
        await asyncio.sleep(0)

    async def says(self, text: str, in_: Where = "dm") -> Message:
        """Writes plain words, to the bot or in a room."""
        channel = self.place(in_)
        if not 1 <= len(text) <= 2000:
            raise CannotDo("a message has 1 to 2000 characters")
        guild = self.discord.guild_of(channel)
        needed = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
        if not self.may(needed, channel):
            raise CannotDo(f"{self.name} may not write in #{channel.name}")
        if guild is None and not self.guilds:
            raise CannotDo(f"{self.name} shares no server with the bot")
        if channel.is_thread:
            channel.thread_members.setdefault(self.user.id, self.discord.clock())
        message = post(self.discord, channel, self.user, {"content": text})
        await asyncio.sleep(0)
        return message

    async def joins_voice(self, channel: Channel | str) -> None:
        room = self.place(channel)
        guild = self.discord.guild_of(room)
        if guild is None or room.type != 2 or not self.may(Permission.CONNECT, room):
            raise CannotDo(f"{self.name} may not join {room.name}")
        if room.user_limit and len(guild.in_voice(room)) >= room.user_limit:
            raise CannotDo(f"{room.name} is full")
        times, self.discord.redeliveries = self.discord.redeliveries, 1
        guild.set_voice(self.user.id, room.id, times)
        await asyncio.sleep(0)

    async def mutes(self) -> None:
        """Or speaks again: Discord tells no more than that they are in the same place."""
        for guild in self.guilds:
            if (where := guild.voice.get(self.user.id)) is not None:
                guild.set_voice(self.user.id, where)
        await asyncio.sleep(0)

    async def leaves_voice(self) -> None:
        for guild in self.guilds:
            guild.set_voice(self.user.id, None)
        await asyncio.sleep(0)

    @property
    def voice(self) -> Channel | None:
        """The voice room they are in."""
        for guild in self.guilds:
            if self.user.id in guild.voice:
                return guild.channels[guild.voice[self.user.id]]
        return None

    async def leaves_guild(self, guild: FakeGuild | None = None) -> None:
        (guild or self.guilds[0]).lose(self.user.id)
        await asyncio.sleep(0)

    def closes_dms(self) -> None:
        self.user.dms_open = False

    def opens_dms(self) -> None:
        self.user.dms_open = True

    def _to_act(self, where: Where) -> Channel:
        if self.modal is not None:
            raise CannotDo(f"{self.name} has a form open: {self.modal.title}")
        channel = self.place(where)
        if channel.type != DM and channel.archived:
            raise CannotDo(f"#{channel.name} is archived")
        return channel

    async def _wait(self, made: Interaction) -> Interaction:
        """Until it is answered; what was put off, until it is there."""
        try:
            async with asyncio.timeout(self.discord.answer_within):
                await made.answered.wait()
        except TimeoutError:
            made.settled.set()
            self.notices.append(NO_ANSWER if made.kind == "command" else "This interaction failed")
            return made
        try:
            async with asyncio.timeout(self.patience):
                await made.settled.wait()
        except TimeoutError:
            made.settled.set()
        return made
