"""A whole Caravan in a fake Slack workspace, over Socket Mode or signed HTTP, on a clock that is moved by hand."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.app import App, template_roots
from bot.clock import SteppedClock
from bot.config import Settings
from bot.platforms.slack.listen import listen
from bot.platforms.slack.send import EVENT_TYPE, SlackPlatform
from bot.platforms.slack.setup import Installed, Mode, Setup, SlackApp
from bot.platforms.slack.sockets import Patience
from bot.words import Words
from cohorts.store import Store
from tests.platforms.fakes.slack import ALL_SCOPES, FakeSlack, Person, Team
from tests.platforms.fakes.slack import App as FakeApp
from tests.platforms.fakes.slack.render import all_options
from tests.platforms.fakes.slack.state import Json, View
from tests.platforms.stage import START, STILL, WITHIN, Actor, Stage, built, meant, under_way, until

OPENS = "Open it"


class SlackActor:
    """A person of the fake workspace, as the story speaks of them."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.name = person.user.name
        self.forms: list[object] = []

    async def types(self, line: str) -> None:
        assert (await self.person.types(line)).ok, line

    async def says(self, text: str) -> None:
        ack = await self.person.says(text)
        assert ack is not None and ack.ok, text

    async def presses(self, label: str, on: str = "") -> None:
        assert (await self.person.presses(label, on=on)).ok, label

    async def answers(self, given: Mapping[str, str] | None = None, *, rest: bool = True) -> None:
        view = await self._opened()
        for _ in range(10):
            await self._fills(view, given or {}, rest=rest)
            if self.person.form is not view or not any(block["type"] == "input" for block in view.blocks):
                return
        raise AssertionError("the form never ends")

    async def begins(self, given: Mapping[str, str]) -> None:
        await self._fills(await self._opened(), given, rest=True)
        await self.person.closes_form()

    async def _fills(self, view: View, given: Mapping[str, str], *, rest: bool) -> None:
        self.forms.append(view.body)
        answers: dict[str, object] = {}
        for block in view.blocks:
            if block["type"] == "input":
                wanted = meant(block["label"]["text"], given)
                if wanted is not None:
                    answers[block["block_id"]] = wanted
                elif rest:
                    answers[block["block_id"]] = fitting(block)
        ack = await self.person.fills(answers)
        assert ack.ok
        assert not self.person.errors, self.person.errors

    async def _opened(self) -> View:
        """Where plain words asked for it, a form waits behind a button: not where one is open, of words long past."""
        newest = self.person.direct.messages[-1:]
        if not self._is_asked() and any(OPENS in self.person.reader.message(one) for one in newest):
            await self.presses(OPENS)
        await until(self._is_asked)
        assert self.person.form is not None
        return self.person.form

    def _is_asked(self) -> bool:
        return self.person.form is not None and "submit" in self.person.form.body

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
        case "file_input":
            return None
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


class InSlack(Stage):
    """A Caravan in the fake Slack. `folder` holds the database. Limits are enforced."""

    mode = Mode.SOCKET
    patience: Patience | None = None
    settling = 0.05

    def __init__(self, folder: Path, programs: Path | None = None) -> None:
        self.clock = SteppedClock(START)
        self.slack = FakeSlack(clock=self._seconds)
        self.slack.enforce_limits = True
        self.slack.ack_timeout = 10.0  # a machine under load is nobody's fault; what tests the three seconds says so
        self.file = folder / "caravan.sqlite"
        self._programs = programs
        self._runner: web.AppRunner | None = None
        self._listening: asyncio.Task[None] | None = None

    def _seconds(self) -> float:
        return self.clock.now().timestamp()

    async def _sleep(self, seconds: float) -> None:
        self.clock.forward(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    @abstractmethod
    def makes_teams(self) -> None:
        """The workspaces, before anything begins."""
        ...

    @abstractmethod
    def settings(self) -> Settings: ...

    @abstractmethod
    def setup(self) -> Setup: ...

    @abstractmethod
    def tells_slack(self) -> None:
        """What an administrator writes into the settings of the app."""
        ...

    async def serves(self) -> None:
        """A web server, where Slack comes by HTTP."""

    async def __aenter__(self) -> Self:
        await self.slack.start()
        self.makes_teams()
        await self.begins()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leaves()
        await self.slack.stop()

    # The life of a process.

    async def begins(self) -> None:
        settings = self.settings()
        self.store = Store(f"sqlite:///{self.file}", durable=False, boundary=self._committed)
        self.platform = SlackPlatform(
            self.setup(),
            Words(template_roots(settings)),
            self.clock.now,
            settling=self.settling,
            seconds=self._seconds,
            sleep=self._sleep,
        )
        self.app = built(self.store, [self.platform], settings, self.clock, self._programs, self._reached)
        self.tells_slack()
        await self.app.delivery.recover()
        await self.serves()
        self._listening = asyncio.create_task(listen(self.platform, self.app.doors["slack"], self.patience))
        await self.connected()

    def _reached(self, boundary: str) -> None:
        """Something is about to be sent, or was sent and is not recorded yet."""

    def _committed(self, boundary: str) -> None:
        """From the writer's thread, before whoever waits for the commit hears of it."""

    async def connected(self) -> None:
        await until(lambda: self.platform.connected)

    async def leaves(self) -> None:
        if self._listening is None:
            return
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self._listening = None
        await self.platform.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.app.close()

    async def quiet(self) -> None:
        """Also what follows a long answer a moment later."""
        await self.slack.quiet(within=WITHIN, still=STILL)
        while await under_way("Hearing._rest", "Hearing._later"):
            await self.slack.quiet(within=WITHIN, still=STILL)


class SlackStage(InSlack):
    """One workspace, over sockets or HTTP."""

    scopes: frozenset[str] = ALL_SCOPES
    settling = 0.1

    def __init__(self, folder: Path, mode: Mode = Mode.SOCKET, programs: Path | None = None) -> None:
        super().__init__(folder, programs)
        self.mode = mode
        self._actors: dict[str, SlackActor] = {}

    def makes_teams(self) -> None:
        self.team: Team = self.slack.add_team("Acme", scopes=self.scopes)
        # Signatures are of today, whatever day the story plays on.
        self.team.app.signed = partial(_signed_today, self.team.app)  # type: ignore[method-assign]

    def settings(self) -> Settings:
        return Settings(owners=("olu@example.org",))

    def setup(self) -> Setup:
        return Setup(api_url=self.slack.api_url, mode=self.mode, installed=(installed(self.team),))

    def tells_slack(self) -> None:
        self.team.app.shortcuts = shortcuts(self.app)

    async def serves(self) -> None:
        if self.mode is not Mode.HTTP:
            return
        served = web.Application()
        served.add_routes(self.platform.routes(self.app.doors["slack"]))
        self._runner = web.AppRunner(served, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.team.app.request_url = f"http://{host}:{port}/slack/events"

    def person(self, name: str, zone: str = "Europe/Berlin") -> SlackActor:
        if name not in self._actors:
            self._actors[name] = SlackActor(self.team.add_person(name, zone, f"{name.lower()}@example.org"))
        return self._actors[name]

    def mention(self, actor: Actor) -> str:
        return f"@{actor.name}"

    def complaints(self) -> Sequence[str]:
        harmless = {("pins.add", "already_pinned"), ("conversations.invite", "already_in_channel")}
        faults = [str(fault) for fault in self.slack.faults]
        return [*faults, *(str(one) for one in self.slack.refusals if one not in harmless)]

    def arrived(self) -> Sequence[str]:
        channels = [channel for team in self.slack.teams for channel in team.channels.values()]
        messages = [message for channel in channels for message in channel.messages]
        return [
            f"{payload['key']}#{payload['part']}"
            for message in messages
            if message.metadata and message.metadata["event_type"] == EVENT_TYPE
            for payload in (message.metadata["event_payload"],)
        ]


def installed(team: Team) -> Installed:
    """As an app of its own, or whatever app it has."""
    return Installed(team.bot_token, SlackApp(team.app.app_token, team.app.signing_secret))


def shortcuts(app: App) -> dict[str, str]:
    return {one.label: one.action for one in app.doors["slack"].shortcuts()}


def _signed_today(app: FakeApp, body: str, at: float | None = None) -> dict[str, str]:
    return FakeApp.signed(app, body, time.time() if at is None else at)
