"""A whole Caravan in a fake Slack workspace, over Socket Mode or signed HTTP, on a clock that is moved by hand."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import TracebackType

from aiohttp import web

from bot import catalogue
from bot.app import App, template_roots
from bot.clock import SteppedClock
from bot.config import Settings
from bot.platforms.slack.send import EVENT_TYPE, SlackPlatform
from bot.platforms.slack.setup import Installed, Mode, Setup, SlackApp
from bot.threads import Threads
from bot.words import Words
from cohorts.store import Store
from tests.platforms.fakes.slack import App as FakeApp
from tests.platforms.fakes.slack import FakeSlack, Person, Team
from tests.platforms.fakes.slack.render import all_options
from tests.platforms.fakes.slack.state import Json, View
from tests.platforms.stage import START, Actor, Stage


class SlackActor:
    """A person of the fake workspace, as the story speaks of them."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.name = person.user.name

    async def types(self, line: str) -> None:
        assert (await self.person.types(line)).ok, line

    async def says(self, text: str) -> None:
        ack = await self.person.says(text)
        assert ack is not None and ack.ok, text

    async def presses(self, label: str, on: str = "") -> None:
        assert (await self.person.presses(label, on=on)).ok, label

    async def answers(self) -> None:
        view = await self._opened()
        for _ in range(10):
            inputs = [block for block in view.blocks if block["type"] == "input"]
            ack = await self.person.fills({block["block_id"]: fitting(block) for block in inputs})
            assert ack.ok
            assert not self.person.errors, self.person.errors
            if self.person.form is not view or not any(block["type"] == "input" for block in view.blocks):
                return
        raise AssertionError("the form never ends")

    async def _opened(self) -> View:
        for _ in range(600):
            if self.person.form is not None and "submit" in self.person.form.body:
                return self.person.form
            await asyncio.sleep(0.005)
        raise AssertionError(f"no form opens for {self.name}")

    def sees(self, text: str) -> bool:
        return self.person.sees(text)

    def file(self, name: str) -> bytes:
        sent = [id for message in self.person.visible_messages(self.person.direct) for id in message.files]
        files = [self.person.team.files[id] for id in sent]
        return next(one.content for one in reversed(files) if name in one.name)


def fitting(block: Json) -> object:
    """An answer that the input takes."""
    element = block["element"]
    match element["type"]:
        case "number_input":
            return "25"
        case "datepicker":
            return "2027-01-01"
        case "static_select" | "radio_buttons":
            options = [each["text"]["text"] for each in all_options(element)]
            return "9" if "9" in options else options[-1] if options[0].isdecimal() else options[0]
        case "multi_static_select" | "checkboxes":
            return [all_options(element)[0]["text"]["text"]]
    if "https" in element.get("placeholder", {}).get("text", ""):
        return "https://build.example.com/one"
    return "Two people said it would slow them down."


class SlackStage(Stage):
    """`folder` holds the database. Limits are enforced."""

    def __init__(self, folder: Path, mode: Mode, programs: Path | None = None) -> None:
        self.mode = mode
        self.clock = SteppedClock(START)
        self.slack = FakeSlack(clock=self._seconds)
        self.slack.enforce_limits = True
        self._folder = folder
        self._programs = programs
        self._actors: dict[str, SlackActor] = {}
        self._runner: web.AppRunner | None = None

    def _seconds(self) -> float:
        return self.clock.now().timestamp()

    async def _sleep(self, seconds: float) -> None:
        self.clock.forward(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    async def __aenter__(self) -> SlackStage:
        await self.slack.start()
        self.team: Team = self.slack.add_team("Acme")
        fake = self.team.app
        # Signatures are of today, whatever day the story plays on.
        fake.signed = partial(_signed_today, fake)  # type: ignore[method-assign]
        app = SlackApp(app_token=fake.app_token, signing_secret=fake.signing_secret)
        setup = Setup(api_url=self.slack.api_url, mode=self.mode, installed=(Installed(self.team.bot_token, app),))
        settings = Settings(owners=("olu@example.org",))
        self.platform = SlackPlatform(
            setup,
            Words(template_roots(settings)),
            self.clock.now,
            settling=0.1,
            seconds=self._seconds,
            sleep=self._sleep,
        )
        self.store = Store(f"sqlite:///{self._folder / 'caravan.sqlite'}", durable=False)
        self.app = App(
            self.store,
            [self.platform],
            settings=settings,
            catalogue=catalogue.load(self._programs),
            clock=self.clock,
            jitter=random.Random(1),
            threads=Threads(self.store, patience=30),  # a machine under load is no reason to ask again
        )
        self.app.prepare()
        fake.shortcuts = {one.label: one.action for one in self.app.doors["slack"].shortcuts()}
        if self.mode is Mode.HTTP:
            fake.request_url = await self._served()
        self._listening = asyncio.create_task(self.platform.listen(self.app.doors["slack"]))
        for _ in range(1000):
            if self.platform.connected:
                return self
            await asyncio.sleep(0.01)
        raise AssertionError("Caravan never connected")

    async def _served(self) -> str:
        served = web.Application()
        served.add_routes(self.platform.routes(self.app.doors["slack"]))
        self._runner = web.AppRunner(served, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/slack/events"

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leaves()
        await self.slack.stop()

    async def leaves(self) -> None:
        """Caravan goes; Slack stays, and so does the database."""
        if self._listening.cancelled():
            return
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self.platform.close()
        if self._runner is not None:
            await self._runner.cleanup()
        self.app.close()

    def person(self, name: str, zone: str = "Europe/Berlin") -> SlackActor:
        if name not in self._actors:
            self._actors[name] = SlackActor(self.team.add_person(name, zone, f"{name.lower()}@example.org"))
        return self._actors[name]

    def mention(self, actor: Actor) -> str:
        return f"@{actor.name}"

    async def quiet(self) -> None:
        """Also what follows a long answer a moment later."""
        while True:
            await self.slack.quiet(within=20, still=0.02)
            names = {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()}
            if not names & {"Hearing._rest", "Hearing._later"}:
                return
            await asyncio.sleep(0.02)

    def complaints(self) -> Sequence[str]:
        harmless = {("pins.add", "already_pinned")}
        faults = [str(fault) for fault in self.slack.faults]
        return [*faults, *(str(one) for one in self.slack.refusals if one not in harmless)]

    def arrived(self) -> Sequence[str]:
        messages = [message for channel in self.team.channels.values() for message in channel.messages]
        return [
            f"{payload['key']}#{payload['part']}"
            for message in messages
            if message.metadata and message.metadata["event_type"] == EVENT_TYPE
            for payload in (message.metadata["event_payload"],)
        ]


def _signed_today(app: FakeApp, body: str, at: float | None = None) -> dict[str, str]:
    return FakeApp.signed(app, body, time.time() if at is None else at)
