"""One Caravan in one or more fake Slack workspaces, with the people of a story; each workspace has an app of its own,
or all have the same one.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from bot import catalogue
from bot.app import App, template_roots
from bot.clock import SteppedClock
from bot.config import Settings
from bot.platforms.slack.send import EVENT_TYPE, SlackPlatform
from bot.platforms.slack.setup import Installed, Setup, SlackApp
from bot.threads import Threads
from bot.words import Words
from cohorts.store import Store
from tests.platforms.fakes.slack import FakeSlack, Person, Team
from tests.platforms.fakes.slack.state import User
from tests.platforms.slack_stage import SlackActor
from tests.platforms.stage import START, Actor, Stage


class SlackWorld(Stage):
    """`owners` are named once the workspaces are there. Socket Mode; limits are enforced."""

    def __init__(
        self,
        folder: Path,
        names: Sequence[str] = ("Acme",),
        *,
        one_app: bool = False,
        programs: Path | None = None,
        prefix: str = "",
        owners: Callable[[SlackWorld], Sequence[str]] | None = None,
    ) -> None:
        self.clock = SteppedClock(START)
        self.slack = FakeSlack(clock=self._seconds)
        self.slack.enforce_limits = True
        self._folder, self._names, self._one_app = folder, names, one_app
        self._catalogue, self._prefix, self._owners = catalogue.load(programs), prefix, owners or everywhere
        self.teams: list[Team] = []

    def _seconds(self) -> float:
        return self.clock.now().timestamp()

    async def _sleep(self, seconds: float) -> None:
        self.clock.forward(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    async def __aenter__(self) -> SlackWorld:
        await self.slack.start()
        for name in self._names:
            self.teams.append(
                self.slack.add_team(name, app=self.teams[0].app if self._one_app and self.teams else None)
            )
            self.teams[-1].add_person("Olu", "Europe/Berlin")
        installed = tuple(
            Installed(team.bot_token, SlackApp(team.app.app_token, team.app.signing_secret)) for team in self.teams
        )
        settings = Settings(owners=tuple(self._owners(self)), command_prefix=self._prefix)
        self.platform = SlackPlatform(
            Setup(api_url=self.slack.api_url, prefix=self._prefix, installed=installed),
            Words(template_roots(settings)),
            self.clock.now,
            settling=0.05,
            seconds=self._seconds,
            sleep=self._sleep,
        )
        self.store = Store(f"sqlite:///{self._folder / 'caravan.sqlite'}", durable=False)
        self.app = App(
            self.store,
            [self.platform],
            settings=settings,
            catalogue=self._catalogue,
            clock=self.clock,
            jitter=random.Random(1),
            threads=Threads(self.store, patience=30),
        )
        self.app.prepare()
        for team in self.teams:
            nouns = {one.path.split()[0] for one in self.app.doors["slack"].commands()}
            team.app.commands = {f"/{noun}" for noun in nouns}
            team.app.shortcuts = {one.label: one.action for one in self.app.doors["slack"].shortcuts()}
        self._listening = asyncio.create_task(self.platform.listen(self.app.doors["slack"]))
        async with asyncio.timeout(10):
            while not self.platform.connected:  # noqa: ASYNC110  (the sockets tell nobody)
                await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self.platform.close()
        self.app.close()
        await self.slack.stop()

    # Who is there.

    def people(self, name: str) -> list[Person]:
        """Everybody of this name, in all workspaces."""
        return [one for team in self.teams for one in team.people.values() if one.user.name == name]

    def of(self, team: Team, name: str) -> Person:
        """Somebody of a workspace, who joins it when they are first spoken of."""
        known = [one for one in team.people.values() if one.user.name == name]
        return known[0] if known else team.add_person(name, "Europe/Berlin")

    def same_id(self, person: Person, team: Team, name: str) -> Person:
        """Somebody else in another workspace whom it knows by the same id."""
        user = User(person.id, name, "Europe/Berlin")
        team.users[user.id] = user
        made = team.people[user.id] = Person(team, user)
        return made

    def person(self, name: str, zone: str = "Europe/Berlin") -> Actor:
        return SlackActor(self.of(self.teams[0], name))

    def mention(self, actor: Actor) -> str:
        return f"@{actor.name}"

    # What happens.

    async def quiet(self) -> None:
        while True:
            await self.slack.quiet(within=20, still=0.02)
            names = {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()}
            if not names & {"Hearing._rest", "Hearing._later"}:
                return
            await asyncio.sleep(0.01)

    def complaints(self) -> Sequence[str]:
        return [str(fault) for fault in self.slack.faults]

    def arrived(self) -> Sequence[str]:
        messages = [one for team in self.teams for channel in team.channels.values() for one in channel.messages]
        return [
            str(one.metadata["event_payload"]["key"])
            for one in messages
            if one.metadata and one.metadata["event_type"] == EVENT_TYPE
        ]

    async def asked(self, person: Person) -> None:
        """Until a form is open before them."""
        async with asyncio.timeout(5):
            while person.form is None or "submit" not in person.form.body:  # noqa: ASYNC110  (nor do the fake's screens)
                await asyncio.sleep(0.005)


def everywhere(world: SlackWorld) -> Sequence[str]:
    """Olu owns each workspace."""
    return [person.id for person in world.people("Olu")]


# The first chapters.


async def opened(world: SlackWorld, team: Team, facilitator: str, program: str, starts: str) -> None:
    """The owner names who conducts the program; they open it."""
    olu, leads = world.of(team, "Olu"), world.of(team, facilitator)
    prefix = world._prefix
    await leads.types(f"/{prefix}cohort help")
    await world.quiet()  # each in turn, on a slow machine too, where Slack is acknowledged before the answer is ready
    await olu.types(f"/{prefix}program facilitator @{leads.user.handle} program:{program}")
    await world.quiet()
    await leads.types(f"/{prefix}program open {program} {starts} zone:Europe/Berlin")
    await world.quiet()
    await leads.presses("Open for applications")
    await world.settle()


async def applied(world: SlackWorld, person: Person, program: str) -> None:
    await person.types(f"/{world._prefix}apply {program}")
    await SlackActor(person).answers()


async def running(
    world: SlackWorld, team: Team, facilitator: str, program: str, starts: str, members: Sequence[str]
) -> None:
    """A cohort that was launched."""
    await opened(world, team, facilitator, program, starts)
    leads, prefix = world.of(team, facilitator), world._prefix
    for name in members:
        await applied(world, world.of(team, name), program)
    await world.settle()
    for name in members:
        await leads.types(f"/{prefix}program decide @{world.of(team, name).user.handle} accept")
        await world.quiet()
    await world.settle()
    await leads.presses(f"Send {len(members)} decision{'s' if len(members) > 1 else ''}")
    await world.settle()
    await leads.types(f"/{prefix}program launch")
    await world.settle()
    await leads.presses("Yes, start")
    await world.settle()
