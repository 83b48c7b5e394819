"""A small cohort in the fake Slack whose Caravan may die and begin again, and what became of all that it had to say."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlmodel import select

from bot.config import Settings
from bot.platforms.slack.scopes import scope_names
from bot.platforms.slack.send import file_name
from bot.platforms.slack.setup import Mode, Setup
from bot.platforms.slack.sockets import Patience
from cohorts.outbox import Effect, EffectKind
from cohorts.rooms import Room
from tests.platforms.fakes.slack import Channel, Message, Team
from tests.platforms.fakes.slack.delivery import Connection
from tests.platforms.mortal import (
    EVERYBODY,
    NAMES,
    PROGRAM,
    MortalStage,
    applied,
    begun,
    decided,
    evening,
    exported,
    launched,
    met,
    programs,
    recruiting,
    running,
    sent_once,
)
from tests.platforms.slack_stage import SlackActor, SlackStage, installed
from tests.platforms.stage import until

__all__ = [
    "NAMES",
    "NORMS",
    "PROGRAM",
    "QUICK",
    "ROOM",
    "Mortal",
    "applied",
    "begun",
    "decided",
    "evening",
    "everything_is_there_once",
    "exported",
    "launched",
    "met",
    "recruiting",
    "running",
    "seen",
]

# Comes back at once; a busy machine is not taken for a silent Slack.
QUICK = Patience(silence=10.0, ping=5.0, opening=1.0, shortest_wait=0.02, longest_wait=0.1, steady=0.3, overlap=0.5)
FULL = frozenset(scope_names())  # no more than the manifest asks for
ROOM = "small-2027-01"
NORMS = tuple(f"Norm {n}: " + "we listen before we speak, and say what we have tried. " * 6 for n in range(40))


class Mortal(MortalStage, SlackStage):
    """It may die in Slack, too, when the bot "waits" for its pace."""

    scopes = FULL
    patience = QUICK
    settling = 0.05
    doing = ("Delivery.", "Hearing.", "Connection.", "Line.")

    def __init__(self, folder: Path, mode: Mode = Mode.SOCKET, *, norms: Sequence[str] = ()) -> None:
        super().__init__(folder, mode, programs(folder, norms))
        self.slack.ping_interval = 0.1
        self.slack.ack_timeout = 6.0  # waited for in full when Caravan dies over an answer
        self.cuts = 0  # how many of the next commits break the sockets, before Slack hears that anything was done
        self.others: list[Team] = []
        self.owners: tuple[str, ...] = ("olu@example.org",)

    # The life of a process.

    async def begins(self) -> None:
        self._loop = asyncio.get_running_loop()
        await super().begins()

    def settings(self) -> Settings:
        return Settings(owners=self.owners)

    def setup(self) -> Setup:
        """One app of its own for each workspace."""
        every = tuple(installed(team) for team in (self.team, *self.others))
        return Setup(api_url=self.slack.api_url, mode=self.mode, installed=every)

    async def connected(self) -> None:
        """Until it hears by both sockets of each app, or over HTTP."""
        wanted = 0 if self.mode is Mode.HTTP else 2 * (1 + len(self.others))
        await until(lambda: self.platform.hears and len(self.alive()) >= wanted)

    def alive(self) -> list[Connection]:
        return [one for one in self.slack.delivery.connections if not one.silent]

    async def _sleep(self, seconds: float) -> None:
        self.may_die("waits")
        await super()._sleep(seconds)

    def _committed(self, boundary: str) -> None:
        if boundary == "commit:after" and self.cuts:
            self.cuts -= 1
            self._loop.call_soon_threadsafe(self.slack.drop_sockets)

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

    def bot_messages(self) -> list[Message]:
        bot = self.team.bot.id
        return [one for room in self.team.channels.values() for one in room.messages if one.user == bot]


def seen(world: Mortal) -> Mapping[str, Counter[str]]:
    """What each person can read that stays: in direct messages and rooms, each text as often as it stands there.

    A room that isn't there yet when a message leaves is called by its name, and linked otherwise.
    """
    people = {name: world.member(name).person for name in EVERYBODY}
    return {name: Counter(text.replace("#", "") for text in one.messages()) for name, one in people.items()}


def everything_is_there_once(world: Mortal) -> None:
    """By the rows of the database, by the keys in Slack's own metadata, by the names of rooms, links and files."""
    sent = sent_once(world)
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
