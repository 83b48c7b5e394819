"""A whole Caravan in a fake Discord server, over its gateway, on a clock that is moved by hand.

Discord's limits are enforced in a time that runs `FASTER`, for Caravan and for Discord alike.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlmodel import col, select

from bot.app import template_roots
from bot.clock import Clock, SteppedClock
from bot.command_text import Kind, OptionSpec, bind, route
from bot.config import Settings
from bot.platforms.base import Platform
from bot.platforms.discord.api import Api, Http
from bot.platforms.discord.ids import component_id
from bot.platforms.discord.listen import listen
from bot.platforms.discord.pacing import Pace
from bot.platforms.discord.send import DiscordPlatform
from bot.platforms.discord.setup import Setup
from bot.registry import DEFAULTS
from bot.words import Words
from cohorts.outbox import Effect, EffectKind
from cohorts.store import Db, Store
from tests.platforms.fakes.discord import FakeDiscord, FakeGuild, Interaction, Message, Person
from tests.platforms.fakes.discord.components import BUTTON, SELECTS, TEXT_INPUT, walk
from tests.platforms.fakes.discord.errors import Json
from tests.platforms.fakes.discord.filling import CHECKBOX_GROUP, FILE_UPLOAD, RADIO_GROUP, fields
from tests.platforms.fakes.discord.trouble import Rates, Standing
from tests.platforms.stage import ENDED as ENDED
from tests.platforms.stage import START, STILL, WITHIN, Actor, Stage, built, meant, under_way
from tests.platforms.stage import until as until

FASTER = 20.0
PARTS = 12  # messages of one effect, at most
OPENS, GOES_ON = "Fill in", "Continue"


class FastRates(Rates):
    """The same limits, and seconds that are over sooner; those of the story count too."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(lambda: time.monotonic() * FASTER + clock.now().timestamp())

    def take(
        self, method: str, path: str, name: str, major: str, *, enforce: bool, exempt: bool, renames: bool
    ) -> Standing:
        standing = super().take(method, path, name, major, enforce=enforce, exempt=exempt, renames=renames)
        return replace(standing, reset_after=standing.reset_after / FASTER, wait=standing.wait / FASTER)


class FastPlatform(DiscordPlatform):
    """Waits in the same time."""

    @property
    def api(self) -> Api:
        if self._api is None:
            pace = Pace(
                lambda: time.monotonic() * FASTER + self.clock().timestamp(),
                lambda seconds: asyncio.sleep(seconds / FASTER),
            )
            self._api = Api(Http(self.setup.api_url, pace), self.setup.token)
        return self._api


class DiscordActor:
    """A person of the fake server, as the story speaks of them."""

    def __init__(self, stage: DiscordStage, person: Person) -> None:
        self.stage = stage
        self.person = person
        self.name = person.name
        self.forms: list[object] = []

    async def types(self, line: str) -> None:
        path, options = self.stage.given(line)
        made = await self.person.uses(f"/{path}", **options)
        assert made.responded, line

    async def says(self, text: str) -> None:
        await self.person.says(text)

    async def presses(self, label: str, on: str = "") -> None:
        assert (await self.person.presses(label, on=on or None)).responded, label

    async def answers(self, given: Mapping[str, str] | None = None, *, rest: bool = True) -> None:
        await self.form_opened()
        for _ in range(10):
            made = await self._fills(given or {}, rest=rest)
            if made.original is None or not offers(made, GOES_ON):
                return
            self.forms.append(replace(made.original))
            assert (await self.person.presses(GOES_ON, on=made.original)).responded
        raise AssertionError("the form never ends")

    async def begins(self, given: Mapping[str, str]) -> None:
        """What is put away half done is not told: they don't go on."""
        await self.form_opened()
        await self._fills(given, rest=True)

    async def _fills(self, given: Mapping[str, str], *, rest: bool) -> Interaction:
        assert self.person.modal is not None
        self.forms.append(self.person.modal)
        answers: dict[str, object] = {}
        for label, node in self._fields():
            wanted = meant(label, given)
            if wanted is not None:
                answers[node["custom_id"]] = wanted
            elif rest:
                answers[node["custom_id"]] = fitting(label, node)
        made = await self.person.fills(answers)
        assert made.responded
        assert not offers(made, "Fill in again"), self.person.ephemerals[-1]
        return made

    async def form_opened(self) -> None:
        """A form that was not ready in time waits behind a button."""
        async with asyncio.timeout(WITHIN):
            while self.person.modal is None:
                for newest in (*self.person.whispers[-1:], *self.person.dm.messages[-1:]):
                    if self.person.modal is None and has_button(newest, OPENS):
                        self.forms.append(replace(newest))  # as it stands before it is answered
                        await self.person.presses(OPENS, on=newest)
                await asyncio.sleep(0.005)

    def _fields(self) -> list[tuple[str, Json]]:
        assert self.person.modal is not None
        return fields(self.person.modal)

    def sees(self, text: str) -> bool:
        return self.person.sees(text)

    def file(self, name: str) -> bytes:
        sent = [one for message in self.person.dm.messages for one in message.attachments]
        return next(one.content for one in reversed(sent) if name in one.filename)


def has_button(message: Message, label: str) -> bool:
    return any(node["type"] == BUTTON and node.get("label") == label for node in walk(message.components))


def offers(made: Interaction, label: str) -> bool:
    return made.original is not None and has_button(made.original, label)


def fitting(label: str, node: Json) -> object:
    """An answer that the field takes."""
    if node["type"] == TEXT_INPUT:
        if label.startswith("How many"):
            return "25"
        hint = node.get("placeholder") or ""
        if "https" in hint:
            return "https://build.example.com/one"
        return "2027-01-01" if hint[:2] == "20" else "Two people said it would slow them down."
    if node["type"] == FILE_UPLOAD:
        return None
    options = [each["label"] for each in node["options"]]
    if node["type"] in SELECTS or node["type"] in (RADIO_GROUP, CHECKBOX_GROUP):
        return "9" if "9" in options else options[-1] if options[0].isdecimal() else options[0]
    raise AssertionError(node["type"])


class DiscordStage(Stage):
    """`folder` holds the database. Limits are enforced."""

    def __init__(self, folder: Path, programs: Path | None = None, *, community: bool = True) -> None:
        self.clock = SteppedClock(START)
        self.discord = FakeDiscord(clock=self._seconds)
        self.discord.rates = FastRates(self.clock)
        self.discord.enforce_limits = True
        self.discord.answer_within = (
            10.0  # a machine under load is nobody's fault; what tests the three seconds says so
        )
        self.file = folder / "caravan.sqlite"
        self._programs = programs
        self._community = community
        self._actors: dict[str, DiscordActor] = {}
        self._listening: asyncio.Task[None] | None = None

    def _seconds(self) -> float:
        return self.clock.now().timestamp()

    async def __aenter__(self) -> Self:
        await self.discord.start()
        self.guild: FakeGuild = self.discord.add_guild("Acme", community=self._community)
        self.person("Olu")
        await self.begins()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leaves()
        await self.discord.stop()

    # The life of a process.

    async def begins(self) -> None:
        settings = self.settings()
        self.platform = FastPlatform(self.setup(), Words(template_roots(settings)), self.clock.now, settling=0.05)
        self.store = Store(f"sqlite:///{self.file}", durable=False)
        platforms = [self.platform, *self.others()]
        self.app = built(self.store, platforms, settings, self.clock, self._programs, self._reached)
        await self.app.delivery.recover()
        self._listening = asyncio.create_task(listen(self.platform, self.app.doors["discord"], between_identifies=0.0))
        await until(lambda: self.platform.connected and bool(self.discord.commands.get(None)))

    def settings(self) -> Settings:
        return Settings(owners=(self.person("Olu").person.id,))

    def others(self) -> Sequence[Platform]:
        """What else runs in this process."""
        return ()

    def setup(self) -> Setup:
        return Setup(self.discord.token, self.discord.api_url, self.discord.gateway_url)

    def _reached(self, boundary: str) -> None:
        """Something is about to be sent, or was sent and is not recorded yet."""

    async def leaves(self) -> None:
        if self._listening is None:
            return
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self._listening = None
        await self.platform.close()
        self.app.close()

    # Who is there, and what they do.

    def person(self, name: str, zone: str = "Europe/Berlin") -> DiscordActor:
        if name not in self._actors:
            self._actors[name] = DiscordActor(self, self.guild.add_person(name, zone=zone))
        return self._actors[name]

    def mention(self, actor: Actor) -> str:
        return f"@{actor.name}"

    def given(self, line: str) -> tuple[str, dict[str, Any]]:
        """What somebody who follows such a line chooses in the client: the command, and each option by its field."""
        commands = {one.path: one for one in self.app.doors["discord"].commands()}
        path, words = route(line, commands)
        path = path if path in commands else f"{path} {DEFAULTS[path]}"
        specs = [OptionSpec(one.name, one.kind, one.required, one.rest, one.choices) for one in commands[path].details]
        bound = bind(words, specs)
        assert not bound.problems, (line, bound)
        kinds = {one.name: one.kind for one in specs}
        return path, {name: self._option(kinds[name], value) for name, value in bound.values.items()}

    def _option(self, kind: Kind, value: object) -> object:
        if kind is Kind.PERSON:
            return self.person(str(value).removeprefix("@")).person
        return value if isinstance(value, bool | int) else str(value)

    # What happens.

    async def quiet(self) -> None:
        """Also what follows a long answer a moment later."""
        await self.discord.quiet(within=WITHIN, still=STILL)
        while await under_way(
            "Hearing._answered", "Hearing._decided", "Hearing._turned", "Hearing._suggested", "Hearing._told"
        ):
            await self.discord.quiet(within=WITHIN, still=STILL)

    def complaints(self) -> Sequence[str]:
        refusals = [f"{route}: {code}" for route, code in self.discord.refusals]
        return [*(str(fault) for fault in self.discord.faults), *refusals]

    def arrived(self) -> Sequence[str]:
        """By the number of a message's container, which is made from the key. One that was changed by a button bears
        it no more, and is known by the receipt alone."""
        rows = self.store.read(lambda db: _posts(db))
        marks = {component_id(key, part): f"{key}#{part + 1}" for key in rows for part in range(PARTS)}
        receipts = {receipt: f"{key}#1" for key, receipt in rows.items()}
        found = []
        for message in self.bot_messages():
            known = [marks[node["id"]] for node in message.components if node.get("id") in marks]
            changed = receipts.get(f"{message.channel_id}:{message.id}")
            found += known or ([changed] if changed else [])
        return found

    def bot_messages(self) -> list[Message]:
        channels = [*self.guild.channels.values(), *self.discord.dms.values()]
        return [one for channel in channels for one in channel.messages if one.author.bot]


def _posts(db: Db) -> dict[str, str | None]:
    kinds = (EffectKind.POST,)
    return {row.key: row.receipt for row in db.exec(select(Effect).where(col(Effect.kind).in_(kinds))).all()}


def seen(stage: DiscordStage, names: Sequence[str]) -> Mapping[str, Counter[str]]:
    """What each person can read that stays, each text as often as it stands there.

    A room that isn't there yet when a message leaves is called by its name, and linked otherwise.
    """
    people = {name: stage.person(name).person for name in names}
    ephemeral = {name: Counter(one.ephemerals) for name, one in people.items()}
    stays = {name: Counter(one.messages()) - ephemeral[name] for name, one in people.items()}
    return {name: Counter(text.replace("#", "") for text in texts.elements()) for name, texts in stays.items()}
