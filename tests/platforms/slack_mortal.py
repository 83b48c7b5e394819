"""A small cohort in the fake Slack whose Caravan may die and begin again, and what became of all that it had to say."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlmodel import col, select

from bot import catalogue
from bot.app import App, template_roots
from bot.config import Settings
from bot.platforms.slack.listen import listen
from bot.platforms.slack.scopes import scope_names
from bot.platforms.slack.send import SlackPlatform, file_name
from bot.platforms.slack.setup import Installed, Mode, Setup, SlackApp
from bot.platforms.slack.sockets import Patience
from bot.threads import Threads
from bot.words import Words
from cohorts.outbox import Effect, EffectKind, EffectState
from cohorts.rooms import Room
from cohorts.sessions import Session
from cohorts.store import Store
from tests.platforms.fakes.slack import Channel, Message, Team
from tests.platforms.fakes.slack.delivery import Connection
from tests.platforms.slack_stage import SlackActor, SlackStage, _signed_today
from tests.platforms.stage import together

# Comes back at once; a busy machine is not taken for a silent Slack.
QUICK = Patience(silence=10.0, ping=5.0, opening=1.0, shortest_wait=0.02, longest_wait=0.1, steady=0.3, overlap=0.5)
FULL = frozenset(scope_names())  # no more than the manifest asks for
NAMES = ("Ana", "Ben", "Chi")
ROOM = "small-2027-01"
LINK = "https://build.example.com/one"
NORMS = tuple(f"Norm {n}: " + "we listen before we speak, and say what we have tried. " * 6 for n in range(40))
ENDED = (EffectState.SENT, EffectState.EXPIRED, EffectState.WITHDRAWN)

PROGRAM = """
key = "small"
name = "Small Circle"
promise = "In one evening you try one thing that you had put off."
place = "chat"
norms = {norms}

[size]
min = 2
target = 3
max = 4

[[application.questions]]
key = "goal"
ask = "What have you put off?"
kind = "line"
required = true

[people]
goal = "goal"

[[sessions]]
key = "evening"
title = "The evening"
minutes = 60

[[sessions.materials]]
title = "The first step"
url = "https://library.invalid/first-step"

[[sessions.homework]]
key = "trial"
title = "The trial"
ask = "Try it and say how it went."
due = "next session"
"""


class Killed(BaseException):
    """The end of a process: nothing of ours handles it."""


class Mortal(SlackStage):
    """A stage on which the process may end, gracefully or not, and another begin on the same database.

    `dies` is asked each time something was sent and not yet recorded, and each time the bot waits for its pace; it is
    killed there as soon as the answer is yes.
    """

    def __init__(self, folder: Path, mode: Mode = Mode.SOCKET, *, norms: Sequence[str] = ()) -> None:
        programs = folder / "programs"
        programs.mkdir()
        (programs / "small.toml").write_text(PROGRAM.replace("{norms}", str(list(norms))))
        super().__init__(folder, mode, programs)
        self.file = folder / "caravan.sqlite"
        self.scopes = FULL
        self.patience = QUICK
        self.dies: Callable[[str], bool] = lambda _: False
        self.deaths = 0
        self.cuts = 0  # how many of the next commits break the sockets, before Slack hears that anything was done
        self.others: list[Team] = []
        self.owners: tuple[str, ...] = ("olu@example.org",)

    async def __aenter__(self) -> Self:
        await self.slack.start()
        self.slack.ping_interval = 0.1
        self.slack.ack_timeout = 2.0
        self.team = self.slack.add_team("Acme", scopes=self.scopes)
        # Signatures are of today, whatever day the story plays on.
        self.team.app.signed = partial(_signed_today, self.team.app)  # type: ignore[method-assign]
        await self.begins()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.ends()
        await self.slack.stop()

    # The life of a process.

    async def begins(self) -> None:
        settings = Settings(owners=self.owners)
        self._loop = asyncio.get_running_loop()
        self.store = Store(f"sqlite:///{self.file}", durable=False, boundary=self._committed)
        self.platform = SlackPlatform(
            self.setup(),
            Words(template_roots(settings)),
            self.clock.now,
            settling=0.05,
            seconds=self._seconds,
            sleep=self._sleep,
        )
        self.app = App(
            self.store,
            [self.platform],
            settings=settings,
            catalogue=catalogue.load(self._programs),
            clock=self.clock,
            boundary=self._sent,
            jitter=random.Random(1),
            threads=Threads(self.store, patience=30),
        )
        self.app.prepare()
        self.team.app.shortcuts = {one.label: one.action for one in self.app.doors["slack"].shortcuts()}
        await self.app.delivery.recover()
        if self.mode is Mode.HTTP:
            self.team.app.request_url = await self._served()
        self._listening = asyncio.create_task(listen(self.platform, self.app.doors["slack"], self.patience))
        await self.connected()

    def setup(self) -> Setup:
        """One app of its own for each workspace."""
        installed = tuple(
            Installed(team.bot_token, SlackApp(team.app.app_token, team.app.signing_secret))
            for team in (self.team, *self.others)
        )
        return Setup(api_url=self.slack.api_url, mode=self.mode, installed=installed)

    async def connected(self) -> None:
        """Until it hears by both sockets of each app, or over HTTP."""
        wanted = 0 if self.mode is Mode.HTTP else 2 * (1 + len(self.others))
        async with asyncio.timeout(10):
            while not self.platform.hears or len(self.alive()) < wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    def alive(self) -> list[Connection]:
        return [one for one in self.slack.delivery.connections if not one.silent]

    async def ends(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self.platform.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.app.close()

    async def is_killed(self) -> None:
        """Whatever it was doing stays as it is."""
        self.deaths += 1
        ours = ("Delivery.", "Hearing.", "Connection.", "Line.")
        doing = [one for one in asyncio.all_tasks() if getattr(one.get_coro(), "__qualname__", "").startswith(ours)]
        for task in doing:
            task.cancel()
        await asyncio.gather(*doing, return_exceptions=True)
        await self.ends()

    async def restarts(self) -> None:
        await self.ends()
        await self.begins()

    def _sent(self, boundary: str) -> None:
        if boundary == "send:after" and self.dies("sent"):
            raise Killed

    async def _sleep(self, seconds: float) -> None:
        if self.dies("waits"):
            raise Killed
        await super()._sleep(seconds)

    def _committed(self, boundary: str) -> None:
        """From the writer's thread, before whoever waits for the commit hears of it."""
        if boundary == "commit:after" and self.cuts:
            self.cuts -= 1
            self._loop.call_soon_threadsafe(self.slack.drop_sockets)

    async def settle(self) -> None:
        """Through as many deaths as there are."""
        while True:
            try:
                await super().settle()
                return
            except Killed:
                await self.is_killed()
                await self.begins()

    # What is there.

    def actor(self, name: str, kind: str, *, may_use_commands: bool | None = None) -> SlackActor:
        """Somebody who isn't an ordinary member of the workspace."""
        email = f"{name.lower()}@example.org"
        person = self.team.add_person(name, "Europe/Berlin", email, kind, may_use_commands)
        self._actors[name] = SlackActor(person)
        return self._actors[name]

    def member(self, name: str) -> SlackActor:
        return self._actors[name]

    @property
    def room(self) -> Channel:
        return self.team.channel(ROOM)

    def rooms(self) -> list[Channel]:
        return [one for one in self.team.channels.values() if one.kind == "private"]

    def effects(self, *states: EffectState) -> list[Effect]:
        query = select(Effect).where(col(Effect.state).in_(states or tuple(EffectState))).order_by(col(Effect.id))
        return self.store.read(lambda db: list(db.exec(query).all()))

    def rows(self, of: type) -> int:
        """How many there are."""
        return self.store.read(lambda db: len(db.exec(select(of)).all()))

    def bot_messages(self) -> list[Message]:
        bot = self.team.bot.id
        return [one for room in self.team.channels.values() for one in room.messages if one.user == bot]


def seen(world: Mortal) -> Mapping[str, Counter[str]]:
    """What each person can read that stays: in direct messages and rooms, each text as often as it stands there.

    A room that isn't there yet when a message leaves is called by its name, and linked otherwise.
    """
    people = {name: world.member(name).person for name in ("Olu", "Fay", *NAMES)}
    return {name: Counter(text.replace("#", "") for text in one.messages()) for name, one in people.items()}


def contents(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with sqlite3.connect(file) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        found = {table: db.execute(f'SELECT * FROM "{table}"').fetchall() for table in tables}
    db.close()
    return found


# The story.


async def recruiting(world: Mortal) -> None:
    olu, fay = world.person("Olu"), world.person("Fay")
    # Slack says who they are while they are answered; on a busy machine only for the next answer.
    await fay.types("/cohort help")
    await olu.types("/cohort help")
    await world.quiet()
    await olu.types("/program facilitator @Fay program:small")
    await fay.types("/program open small 2027-01-11 zone:Europe/Berlin")
    await world.settle()
    await fay.presses("Open for applications")
    await world.settle()


async def applied(world: Mortal, *names: str) -> None:
    for name in names:
        person = world.person(name)
        await person.types("/apply")
        await person.answers()
        await world.settle()


async def decided(world: Mortal, *names: str) -> None:
    fay = world.person("Fay")
    for name in names:
        await fay.types(f"/program decide @{name} accept")
    await world.settle()
    await fay.presses(f"Send {len(names)} decision{'s' if len(names) > 1 else ''}")
    await world.settle()


async def launched(world: Mortal) -> None:
    fay = world.person("Fay")
    await fay.types("/program launch")
    await world.settle()
    await fay.presses("Yes, start")
    await world.settle()


async def running(world: Mortal) -> None:
    """A cohort of three that has begun."""
    await recruiting(world)
    await begun(world)


async def begun(world: Mortal) -> None:
    """From the first application to the launch."""
    await applied(world, *NAMES)
    await decided(world, *NAMES)
    await launched(world)


async def evening(world: Mortal) -> None:
    """The session begins."""
    await world.until(world.store.read(lambda db: db.exec(select(Session.starts_at)).one()))


async def met(world: Mortal) -> None:
    """The evening itself, until everybody has handed in."""
    fay, people = world.person("Fay"), [world.person(name) for name in NAMES]
    await evening(world)
    await together(*(person.presses("I'm here") for person in people))
    await world.passes(minutes=1)
    await fay.types("/session start")
    await world.passes(minutes=50)
    await fay.types("/session end")
    await world.settle()
    for person in people:
        await person.types(f"/submit {LINK} It went well")
    await world.passes(hours=3)


async def exported(world: Mortal) -> None:
    await world.person("Olu").types("/program export homework csv")
    await world.passes(minutes=5)


async def told(world: Mortal) -> None:
    """Everything that a cohort can cause: messages, a room, its members, a link that stays, a file."""
    await running(world)
    await met(world)
    await exported(world)


# What became of it.


def everything_is_there_once(world: Mortal) -> None:
    """By the rows of the database, by the keys in Slack's own metadata, by the names of rooms, links and files."""
    effects = world.effects()
    assert not [(one.key, one.state, one.reason) for one in effects if one.state not in ENDED]
    sent = [one for one in effects if one.state is EffectState.SENT]
    arrived = Counter(world.arrived())
    assert not [key for key, times in arrived.items() if times > 1]
    posts = {key.rpartition("#")[0] for key in arrived if key.endswith("#1")}
    assert posts == {one.key for one in sent if one.kind is EffectKind.POST}
    rooms = world.store.read(lambda db: [one.external for one in db.exec(select(Room)).all() if one.external])
    assert rooms == [one.id for one in world.rooms()]
    for room in world.rooms():
        assert max(Counter(room.members).values()) == 1
        links = Counter((one["title"], one["link"]) for one in room.bookmarks)
        assert not [link for link, times in links.items() if times > 1]
    bookmarks = sum(len(room.bookmarks) for room in world.rooms())
    assert bookmarks == len([one for one in sent if one.kind is EffectKind.BOOKMARK])
    shared = Counter(world.team.files[id].name for one in world.bot_messages() for id in one.files)
    assert shared == Counter(_file_of(one, shared) for one in sent if one.kind is EffectKind.UPLOAD)


def _file_of(effect: Effect, names: Mapping[str, int]) -> str:
    trace = file_name("", effect.key)
    return next((name for name in names if trace in name), effect.key)
