"""The fake Slack under the contract, over Socket Mode, with its limits enforced."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.config import TEMPLATES
from bot.platforms.base import Platform, ShortcutInfo
from bot.platforms.slack.send import SlackPlatform
from bot.platforms.slack.setup import Installed, Setup, SlackApp
from bot.words import Words
from tests.platforms.contract import SHORTCUT, Adapter, Human, Seen, SeenFile, Shown
from tests.platforms.fakes.slack import FakeSlack, Person, Team
from tests.platforms.fakes.slack.state import Channel, Message


class SlackAdapter(Adapter):
    async def opens(self) -> None:
        self.slack = FakeSlack(clock=self._seconds)
        self.slack.enforce_limits = True
        await self.slack.start()
        self.team: Team = self.slack.add_team("Acme")
        self.team.app.shortcuts = {SHORTCUT.label: SHORTCUT.action}
        self.workspace = self.team.id

    async def closes(self) -> None:
        await self.slack.stop()

    def started(self) -> Platform:
        app = SlackApp(self.team.app.app_token, self.team.app.signing_secret)
        setup = Setup(api_url=self.slack.api_url, installed=(Installed(self.team.bot_token, app),))
        return SlackPlatform(
            setup, Words([TEMPLATES]), self.clock.now, settling=0.01, seconds=self._seconds, sleep=self._sleep
        )

    def _seconds(self) -> float:
        return self.clock.now().timestamp()

    async def _sleep(self, seconds: float) -> None:
        self.clock.forward(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    async def quiet(self) -> None:
        await self.slack.quiet()

    def person(self, name: str, zone: str = "Europe/Berlin") -> SlackHuman:
        return SlackHuman(self, self.team.add_person(name, zone, f"{name.casefold()}@example.org"))

    def room(self, name: str, *members: Human) -> str:
        return self._channel(name, [self.team.bot.id, *(one.account for one in members)])

    def foreign_room(self, name: str, *members: Human) -> str:
        return self._channel(name, [one.account for one in members])

    def _channel(self, name: str, members: list[str]) -> str:
        channel = self.team.add_channel(name, private=True)
        channel.members.extend(members)
        return channel.id

    def crowd(self, count: int, where: str | Human, by: Human) -> None:
        channel = self.team.channels[where] if isinstance(where, str) else self.team.direct(where.account)
        for number in range(count):
            user = self.team.bot if number % 2 else self.team.users[by.account]
            message = Message(self.slack.ts(), channel.id, user.id, f"Something else {number}", bot_id=user.bot_id)
            self.team.post(channel, message)

    def loses_room(self, room: str) -> None:
        del self.team.channels[room]

    def nobody(self) -> str:
        return "U0NOBODY"

    def closes_dms_of(self, human: Human) -> None:
        self.team.users[human.account].dms_closed = True

    def members(self, room: str) -> set[str]:
        return {one for one in self.team.channels[room].members if one != self.team.bot.id}

    def rooms(self) -> set[str]:
        return {one.id for one in self.team.channels.values() if one.kind in ("public", "private")}

    def links(self, room: str) -> list[tuple[str, str]]:
        return [(one["title"], one["link"]) for one in self.team.channels[room].bookmarks]

    async def comes_again(self) -> None:
        last = self.slack.acks[-1]
        transport = {"slash_commands": "slash_commands", "block_actions": "interactive"}.get(last.kind, "events_api")
        await self.slack.delivery._once(transport, self.team.app, last.payload, last.kind, retry=1)

    def complaints(self) -> list[str]:
        return [str(fault) for fault in self.slack.faults]


class SlackHuman(Human):
    def __init__(self, adapter: SlackAdapter, person: Person) -> None:
        self.adapter = adapter
        self.person = person
        self.account = person.id
        self.name = person.user.name

    async def types(self, line: str) -> None:
        assert (await self.person.types(line)).ok, line

    async def says(self, text: str, room: str | None = None) -> None:
        await self.person.says(text, room)

    async def presses(self, label: str, on: str = "") -> None:
        assert (await self.person.presses(label, on=on)).ok, label

    async def fills(self, answers: Shown) -> None:
        assert (await self.person.fills(in_sight(answers))).ok

    async def puts_away(self, answers: Shown) -> None:
        await self.person.closes_form(in_sight(answers))

    async def picks(self, shortcut: ShortcutInfo, words: str) -> None:
        assert (await self.person.picks(shortcut.label, words)).ok

    async def visits(self) -> None:
        await self.person.opens_home()

    async def changes(self, *, name: str, zone: str) -> None:
        await self.person.changes(name=name, tz=zone)

    @property
    def asked(self) -> list[str]:
        form = self.person.form
        return [] if form is None else [one["label"]["text"] for one in form.blocks if one["type"] == "input"]

    @property
    def remarks(self) -> dict[str, str]:
        return self.person.remarks

    def seen(self, room: str | None = None) -> list[Seen]:
        channel = self.adapter.team.direct(self.account) if room is None else self.adapter.team.channels[room]
        if self.account not in channel.members:
            return []
        bot = self.adapter.team.bot.id
        return [self._seen(channel, one) for one in channel.messages if one.user == bot]

    def _seen(self, channel: Channel, one: Message) -> Seen:
        elements = [each for block in one.blocks if block["type"] == "actions" for each in block["elements"]]
        files = [self.adapter.team.files[id] for id in one.files]
        words = [self.person.reader.block(block) for block in one.blocks if block["type"] != "actions"]
        return Seen(
            id=f"{channel.id}:{one.ts}",
            text="\n".join(words) if one.blocks else one.text,
            buttons=tuple(each["text"]["text"] for each in elements if each["type"] == "button"),
            beneath=f"{channel.id}:{one.thread_ts}" if one.is_reply else None,
            pinned=one.ts in channel.pins,
            files=tuple(SeenFile(file.title or file.name, file.content, file.alt) for file in files),
        )

    def sees(self, words: str) -> bool:
        return self.person.sees(words)


def in_sight(answers: Shown) -> dict[str, object]:
    """Yes and no are buttons with these words."""
    return {label: {True: "Yes", False: "No"}[one] if isinstance(one, bool) else one for label, one in answers.items()}
