"""The fake Discord under the contract, over its gateway, with its limits enforced in a time that runs faster."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.config import TEMPLATES
from bot.platforms.base import Door, Platform, ShortcutInfo
from bot.platforms.discord.setup import Setup
from bot.words import Words
from tests.platforms.contract import Adapter, Human, Seen, SeenFile, Shown, until
from tests.platforms.discord_stage import GOES_ON, OPENS, FastPlatform, FastRates, has_button
from tests.platforms.fakes.discord import Channel, FakeDiscord, Interaction, Message, Permission, Person
from tests.platforms.fakes.discord.components import BUTTON, walk
from tests.platforms.fakes.discord.errors import Json
from tests.platforms.fakes.discord.filling import fields
from tests.platforms.fakes.discord.interactions import COMMAND, begin, payload
from tests.platforms.fakes.discord.posting import announce, post
from tests.platforms.fakes.discord.seeing import lines
from tests.platforms.fakes.discord.state import TEXT, Overwrite

INSIDE = int(Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES | Permission.READ_MESSAGE_HISTORY)
AGAIN = "Fill in again"
MORE = "The next questions are ready"  # of the same form; another form has words of its own
UNSEEN = "\u200b"
ROW, GALLERY, FILE, SECTION, WORDS = 1, 12, 13, 9, 10
PINNED = 6  # the type of a message that only says that something was pinned
LINK = re.compile(r"\[([^\]\n]+)\]\(<?(https?://[^)>\s]+)>?\)")
REMARK = re.compile(r"^- (.+?): (.+)$", re.MULTILINE)


class DiscordAdapter(Adapter):
    has_page = False
    tells_closing = False
    tells_changes = False
    tells_zones = False
    keeps_forms = False

    async def opens(self) -> None:
        self.discord = FakeDiscord(clock=lambda: self.clock.now().timestamp())
        self.discord.rates = FastRates(self.clock)
        self.discord.enforce_limits = True
        await self.discord.start()
        self.guild = self.discord.add_guild("Acme")
        self.workspace = str(self.guild.id)
        self.last: Interaction | Message | None = None

    async def closes(self) -> None:
        await self.discord.stop()

    def started(self) -> Platform:
        setup = Setup(self.discord.token, self.discord.api_url, self.discord.gateway_url)
        return FastPlatform(setup, Words([TEMPLATES]), self.clock.now, settling=0.01)

    async def listens(self, door: Door) -> None:
        """The menu of messages is there when Discord knows of it."""
        await super().listens(door)
        await until(lambda: bool(self.discord.commands.get(None)) or self.deaf)

    async def quiet(self) -> None:
        await self.discord.quiet()

    def person(self, name: str, zone: str = "Europe/Berlin") -> DiscordHuman:
        return DiscordHuman(self, self.guild.add_person(name, zone=zone))

    def room(self, name: str, *members: Human) -> str:
        return self._channel(name, [self.discord.bot.id, *(int(one.account) for one in members)])

    def foreign_room(self, name: str, *members: Human) -> str:
        return self._channel(name, [int(one.account) for one in members])

    def _channel(self, name: str, members: list[int]) -> str:
        channel = self.guild.add_channel(name, hidden=True)
        for one in members:
            channel.overwrites[one] = Overwrite(one, False, INSIDE, 0)
        return str(channel.id)

    def channel(self, room: str) -> Channel:
        return self.guild.channels[int(room)]

    def crowd(self, count: int, where: str | Human, by: Human) -> None:
        author = self.discord.users[int(by.account)]
        channel = self.channel(where) if isinstance(where, str) else self.discord.dm(author)
        for number in range(count):
            user = self.discord.bot if number % 2 else author
            post(self.discord, channel, user, {"content": f"Something else {number}"})

    def loses_room(self, room: str) -> None:
        self.guild.drop_channel(self.channel(room))

    def nobody(self) -> str:
        return "999999999999999999"

    def closes_dms_of(self, human: Human) -> None:
        self.discord.people[int(human.account)].closes_dms()

    def members(self, room: str) -> set[str]:
        channel, others = self.channel(room), {self.discord.bot.id, self.guild.owner_id}
        members = (one.user for one in self.guild.members.values() if one.user.id not in others)
        return {str(user.id) for user in members if self.discord.sees(user, channel)}

    def rooms(self) -> set[str]:
        return {str(one.id) for one in self.guild.rooms(TEXT)}

    def links(self, room: str) -> list[tuple[str, str]]:
        """Pinned, each in a message of its own."""
        pinned = [one for one in self.channel(room).messages if one.pinned]
        texts = [node["content"] for one in pinned for node in walk(one.components) if node["type"] == WORDS]
        return [(words, url) for text in texts for words, url in LINK.findall(text)]

    async def comes_again(self) -> None:
        if isinstance(self.last, Interaction):
            self.discord.gateway.dispatch("INTERACTION_CREATE", payload(self.discord, self.last))
        else:
            assert self.last is not None
            announce(self.discord, "MESSAGE_CREATE", self.last)

    def complaints(self) -> list[str]:
        return [str(fault) for fault in self.discord.faults]


class DiscordHuman(Human):
    def __init__(self, adapter: DiscordAdapter, person: Person) -> None:
        self.adapter = adapter
        self.person = person
        self.person.patience = 0.5  # for what the scripted door leaves without an answer
        self.account = person.id
        self.name = person.name

    async def types(self, line: str) -> None:
        """In the direct message; whatever the door declares."""
        name, *inside = line.removeprefix("/").split(" ")
        options: list[Json] = [{"name": one, "type": 1, "options": []} for one in inside]
        data: Json = {"id": "1", "name": name, "type": 1, "options": options}
        made = begin(self.adapter.discord, self.person.user, self.person.dm, COMMAND, "command", data)
        self.adapter.last = made
        await made.answered.wait()

    async def says(self, text: str, room: str | None = None) -> None:
        self.adapter.last = await self.person.says(text, "dm" if room is None else self.adapter.channel(room))

    async def presses(self, label: str, on: str = "") -> None:
        """`on`: of the buttons of one message the one that follows these words."""
        if not on:
            made = await self.person.presses(label)
        else:
            message = self.person.message(on)
            node = next(one for one in after(message, on) if one["type"] == BUTTON and one.get("label") == label)
            data = {"custom_id": node["custom_id"], "component_type": BUTTON, "id": node["id"]}
            made = await self.person._component_used(message, "button", data)
        self.adapter.last = made
        assert made.responded, label

    async def fills(self, answers: Shown) -> None:
        """Sheet by sheet, to the end."""
        left = dict(answers)
        await until(self._form_is_open_or_near)
        while True:
            if self.person.modal is None:
                await self._turns()
            assert self.person.modal is not None
            given = {}
            for label, node in fields(self.person.modal):
                if label in left:
                    given[node["custom_id"]] = in_sight(left.pop(label))
            made = await self.person.fills(given)
            assert made.responded
            self.adapter.last = made
            if made.original is None or MORE not in self.person.shown(made.original):
                break
        assert not left, f"nobody asked for {sorted(left)}"

    async def _turns(self) -> None:
        label = next(one for one in (GOES_ON, OPENS, AGAIN) if has_button(self._newest(), one))
        await self.person.presses(label, on=self._newest())

    def _form_is_open_or_near(self) -> bool:
        near = (GOES_ON, OPENS, AGAIN)
        return self.person.modal is not None or any(has_button(self._newest(), one) for one in near)

    def _newest(self) -> Message:
        """Of what the bot told them alone."""
        told = [*self.person.whispers, *(one for one in self.person.dm.messages if one.author.bot)]
        return max(told, key=lambda one: one.id, default=Message(0, 0, self.person.user, 0.0))

    async def puts_away(self, answers: Shown) -> None:
        self.person.dismisses_modal()

    async def picks(self, shortcut: ShortcutInfo, words: str) -> None:
        self.adapter.last = await self.person.picks(shortcut.label, self.person.message(words))

    @property
    def asked(self) -> list[str]:
        return [] if self.person.modal is None else [label for label, _ in fields(self.person.modal)]

    async def will_be_asked(self, *labels: str) -> None:
        """A few at a time: the first of them now."""
        await until(self._form_is_open_or_near)
        if self.person.modal is None:
            await self._turns()
        assert self.asked
        assert self.asked == list(labels)[: len(self.asked)]

    @property
    def remarks(self) -> dict[str, str]:
        """In a message, since a form is closed once it is sent."""
        newest = self._newest()
        return dict(REMARK.findall(self.person.shown(newest))) if has_button(newest, AGAIN) else {}

    def seen(self, room: str | None = None) -> list[Seen]:
        discord = self.adapter.discord
        channel = self.person.dm if room is None else self.adapter.channel(room)
        if not self.person.can_see(channel):
            return []
        threads = [one for one in self.adapter.guild.threads_of(channel.id) if self.person.can_see(one)]
        messages = sorted((one for each in (channel, *threads) for one in each.messages), key=lambda one: one.id)
        bots = [one for one in messages if one.author is discord.bot and one.type != PINNED]
        return [self._seen(channel, one) for one in bots]

    def _seen(self, channel: Channel, one: Message) -> Seen:
        beneath = None
        if one.channel_id != channel.id:
            beneath = f"{channel.id}:{one.channel_id}"  # a thread has the id of the message that it hangs on
        elif one.reference is not None:
            beneath = f"{channel.id}:{one.reference['message_id']}"
        buttons = [node["label"] for node in walk(one.components) if node["type"] == BUTTON]
        words = lines(self.adapter.discord, [*spoken(one.components)], self.person.user)
        return Seen(
            id=f"{one.channel_id}:{one.id}",
            text="\n".join(words).replace(UNSEEN, ""),
            buttons=tuple(buttons),
            beneath=beneath,
            pinned=one.pinned,
            files=tuple(SeenFile(each.filename, each.content, each.description or "") for each in one.attachments),
        )

    def sees(self, words: str) -> bool:
        return self.person.sees(words)


def in_sight(answer: object) -> object:
    """Yes and no are choices with these words."""
    return {True: "Yes", False: "No"}[answer] if isinstance(answer, bool) else answer


def after(message: Message, words: str) -> Iterator[Json]:
    """The components that follow these words."""
    nodes = walk(message.components)
    for node in nodes:
        if words in str(node.get("content", "")):
            break
    yield from nodes


def spoken(components: list[Json]) -> Iterator[Json]:
    """Components without what is pressed or looked at."""
    for node in components:
        if node["type"] in (ROW, GALLERY, FILE):
            continue
        if node["type"] == SECTION:
            yield from node["components"]
        elif "components" in node:
            yield {**node, "components": [*spoken(node["components"])]}
        else:
            yield node
