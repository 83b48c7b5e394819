"""One Caravan in one or more fake Slack workspaces, with the people of a story; each workspace has an app of its own,
or all have the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bot.config import Settings
from bot.platforms.slack.send import EVENT_TYPE
from bot.platforms.slack.setup import Setup
from tests.platforms.fakes.slack import Person, Team
from tests.platforms.fakes.slack.state import User
from tests.platforms.slack_stage import InSlack, SlackActor, installed, shortcuts
from tests.platforms.stage import Actor, until


class SlackWorld(InSlack):
    """`owners` are named once the workspaces are there. Socket Mode."""

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
        super().__init__(folder, programs)
        self._names, self._one_app = names, one_app
        self._prefix, self._owners = prefix, owners or everywhere
        self.teams: list[Team] = []

    def makes_teams(self) -> None:
        for name in self._names:
            self.teams.append(
                self.slack.add_team(name, app=self.teams[0].app if self._one_app and self.teams else None)
            )
            self.teams[-1].add_person("Olu", "Europe/Berlin")

    def settings(self) -> Settings:
        return Settings(owners=tuple(self._owners(self)), command_prefix=self._prefix)

    def setup(self) -> Setup:
        every = tuple(installed(team) for team in self.teams)
        return Setup(api_url=self.slack.api_url, prefix=self._prefix, installed=every)

    def tells_slack(self) -> None:
        nouns = {one.path.split()[0] for one in self.app.doors["slack"].commands()}
        for team in self.teams:
            team.app.commands = {f"/{noun}" for noun in nouns}
            team.app.shortcuts = shortcuts(self.app)

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
        await until(lambda: person.form is not None and "submit" in person.form.body)


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
