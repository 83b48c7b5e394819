"""A cohort in Slack and one in Discord, in one process and one database: neither touches the other, in any row, call
or message; and one that is away holds the other up in nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, col, select

from bot.app import template_roots
from bot.config import Settings
from bot.platforms.base import Platform
from bot.platforms.slack.send import EVENT_TYPE, SlackPlatform
from bot.platforms.slack.setup import Installed, Setup, SlackApp
from bot.words import Words
from cohorts.outbox import EffectKind, EffectState
from cohorts.people import Workspace
from cohorts.sessions import Session
from cohorts.store import Db
from tests.platforms.discord_stage import ENDED, DiscordStage
from tests.platforms.fakes.slack import FakeSlack, Person
from tests.platforms.fakes.slack.state import User
from tests.platforms.slack_mortal import PROGRAM
from tests.platforms.slack_stage import SlackActor
from tests.platforms.stage import STILL, Actor, together

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Side:
    """One cohort: its platform, a word that is said there alone, and who is in it."""

    platform: str
    mark: str
    starts: str
    lead: str
    members: tuple[str, ...]

    @property
    def everybody(self) -> tuple[str, ...]:
        return (f"Olu{self.mark}", self.lead, *self.members)


AMBER = Side("slack", "Amber", "2027-01-11", "FayAmber", ("AnaAmber", "BenAmber", "ChiAmber"))
BIRCH = Side("discord", "Birch", "2027-01-12", "FinBirch", ("AdaBirch", "BobBirch", "CydBirch"))


class Both(DiscordStage):
    """Discord as on its own stage, and a workspace of Slack beside it."""

    def __init__(self, folder: Path) -> None:
        programs = folder / "programs"
        programs.mkdir()
        (programs / "small.toml").write_text(PROGRAM.replace("{norms}", "[]"))
        super().__init__(folder, programs)
        self.slack = FakeSlack(clock=self._seconds)
        self.slack.enforce_limits = True
        self.actors: dict[str, Actor] = {}

    async def __aenter__(self) -> Both:
        await self.slack.start()
        self.team = self.slack.add_team("Amber Ltd")
        return await super().__aenter__()

    async def __aexit__(self, *error: object) -> None:
        await self.leaves()
        await self.discord.stop()
        await self.slack.stop()

    def others(self) -> Sequence[Platform]:
        app = SlackApp(self.team.app.app_token, self.team.app.signing_secret)
        setup = Setup(api_url=self.slack.api_url, installed=(Installed(self.team.bot_token, app),))
        words = Words(template_roots(self.settings()))
        self.beside = SlackPlatform(
            setup, words, self.clock.now, settling=0.05, seconds=self._seconds, sleep=self._sleep
        )
        return (self.beside,)

    async def _sleep(self, seconds: float) -> None:
        self.clock.forward(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    def settings(self) -> Settings:
        owners = [self.of(side, f"Olu{side.mark}") for side in (AMBER, BIRCH)]
        return Settings(owners=tuple(one.person.id for one in owners))  # type: ignore[attr-defined]

    async def begins(self) -> None:
        await super().begins()
        self._beside = asyncio.create_task(self.beside.listen(self.app.doors["slack"]))
        async with asyncio.timeout(60):
            while not self.beside.connected:  # noqa: ASYNC110  (the sockets tell nobody)
                await asyncio.sleep(0.01)

    async def leaves(self) -> None:
        if self._listening is None:
            return
        self._beside.cancel()
        await asyncio.gather(self._beside, return_exceptions=True)
        await self.beside.close()
        await super().leaves()

    def of(self, side: Side, name: str) -> Actor:
        """Ben of Slack has the account id that Ada has on Discord."""
        if side is BIRCH:
            return self.person(name)
        if name not in self.actors:
            if name == "BenAmber":
                id = self.person("AdaBirch").person.id
                user = self.team.users[id] = User(id, name, "Europe/Berlin")
                person = self.team.people[id] = Person(self.team, user)
            else:
                person = self.team.add_person(name, "Europe/Berlin", f"{name.lower()}@example.org")
            self.actors[name] = SlackActor(person)
        return self.actors[name]

    async def quiet(self) -> None:
        while True:
            await self.slack.quiet(within=60, still=STILL)
            await super().quiet()
            names = {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()}
            if not names & {"Hearing._rest", "Hearing._later"}:
                return
            await asyncio.sleep(0.01)

    # Both stories.

    async def story(self) -> None:
        for side in (AMBER, BIRCH):
            await self.begun(side)
        starts = self.store.read(lambda db: db.exec(select(Session.starts_at).order_by(col(Session.starts_at))).all())
        for side, start in zip((AMBER, BIRCH), starts, strict=True):
            await self.until(start)
            lead, members = self.of(side, side.lead), [self.of(side, name) for name in side.members]
            await together(*(one.presses("I'm here") for one in members))
            await self.passes(minutes=1)
            await lead.types("/session start")
            await self.passes(minutes=50)
            await lead.types("/session end")
            await self.settle()
            for one in members:
                await one.types(f"/submit https://{side.mark.lower()}.example.com the {side.mark} way")
                await self.settle()
        await self.passes(hours=4)
        for side in (AMBER, BIRCH):
            await self.of(side, f"Olu{side.mark}").types("/program export homework csv")
            await self.settle()

    async def begun(self, side: Side) -> None:
        olu, lead = self.of(side, f"Olu{side.mark}"), self.of(side, side.lead)
        for one in (lead, olu):
            await one.types("/cohort help")
            await self.quiet()
        await olu.types(f"/program facilitator @{side.lead} program:small")
        await self.quiet()
        await lead.types(f"/program open small {side.starts} zone:Europe/Berlin")
        await self.settle()
        await lead.presses("Open for applications")
        await self.settle()
        for name in side.members:
            await self.of(side, name).types("/apply")
            await self.of(side, name).answers()
            await self.settle()
        for name in side.members:
            await lead.types(f"/program decide @{name} accept")
            await self.quiet()
        await self.settle()
        await lead.presses(f"Send {len(side.members)} decisions")
        await self.settle()
        await lead.types("/program launch")
        await self.settle()
        await lead.presses("Yes, start")
        await self.settle()

    # What became of them.

    def owned(self, side: Side) -> set[tuple[str, object]]:
        """Every row that leads to its workspace, by whatever foreign keys."""

        def found(db: Db) -> set[tuple[str, object]]:
            (place,) = db.exec(select(Workspace.id).where(Workspace.platform == side.platform)).all()
            tables = {
                name: list(db.execute(sa.select(table)).mappings()) for name, table in SQLModel.metadata.tables.items()
            }
            mine: set[tuple[str, object]] = {("workspace", place)}
            before = 0
            while len(mine) > before:
                before = len(mine)
                for name, rows in tables.items():
                    table = SQLModel.metadata.tables[name]
                    links = [(fk.parent.name, fk.column.table.name) for fk in table.foreign_keys]
                    key = next(iter(table.primary_key)).name
                    mine |= {(name, row[key]) for row in rows if any((to, row[of]) in mine for of, to in links)}
            return mine

        return self.store.read(found)

    def shown(self, side: Side) -> Mapping[str, str]:
        """Everything that each of them can read, and their files."""
        if side is BIRCH:
            files = [one.content for message in self.bot_messages() for one in message.attachments]
            people = {name: self.person(name).person for name in side.everybody}
            texts = {name: [*one.messages(), *one.notices] for name, one in people.items()}
        else:
            files = [one.content for one in self.team.files.values()]
            actors = {name: self.of(side, name) for name in side.everybody}
            members = {name: one.person for name, one in actors.items() if isinstance(one, SlackActor)}
            texts = {name: [*one.messages(), *one.ephemerals, one.home] for name, one in members.items()}
        return {
            **{name: "\n".join(lines) for name, lines in texts.items()},
            "files": "\n".join(content.decode("utf-8", "replace") for content in files),
        }

    def calls(self, side: Side) -> str:
        """Everything that was ever asked of its platform."""
        if side is BIRCH:
            return "\n".join(f"{one.method} {one.path} {one.body}" for one in self.discord.calls)
        return "\n".join(f"{one.method} {json.dumps(one.args, default=str)}" for one in self.slack.calls)

    def words(self, side: Side) -> list[str]:
        """What may be known there alone: its mark, and its ids."""
        if side is BIRCH:
            rooms = [str(one) for one in (self.guild.id, *self.guild.channels)]
            people = [one.person.id for name, one in self._actors.items() if name != "AdaBirch"]
            return [side.mark, side.mark.lower(), self.discord.token, *rooms, *people]
        shared = self.person("AdaBirch").person.id
        ids = [one for one in (*self.team.channels, *self.team.users) if one != shared]
        return [side.mark, side.mark.lower(), self.team.id, self.team.bot_token, *ids]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Both]:
    async with Both(tmp_path) as made:
        yield made


async def test_two_cohorts_live_side_by_side_and_share_nothing_but_the_process(world: Both) -> None:
    await world.story()

    # Every row belongs to one of them.
    amber, birch = world.owned(AMBER), world.owned(BIRCH)
    assert len(amber) > 100 and len(birch) > 100
    assert amber & birch == set()
    everything = world.store.read(
        lambda db: {
            name: db.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in SQLModel.metadata.tables.items()
            if name not in ("arrangement", "platformways")  # what is the same everywhere: of rooms, and of platforms
        }
    )
    belonging = Counter(name for name, _ in (*amber, *birch))
    assert {name: belonging[name] for name in everything} == everything

    # Every call and every message speaks of its own alone.
    for side, other in ((AMBER, BIRCH), (BIRCH, AMBER)):
        foreign = world.words(other)
        assert [word for word in foreign if word in world.calls(side)] == []
        for name, text in world.shown(side).items():
            assert [word for word in foreign if word in text] == [], name
            assert name == "files" or text
        assert f"the {side.mark} way" in world.shown(side)["files"]

    # And everything is there, once.
    effects = world.effects()
    assert not [(one.key, one.state, one.reason) for one in effects if one.state not in ENDED]
    assert list(world.complaints()) == []
    assert [str(fault) for fault in world.slack.faults] == []
    there = Counter(one.rpartition("#")[0] for one in world.arrived() if one.endswith("#1"))
    there += Counter(in_slack(world))
    assert max(there.values()) == 1
    there = Counter(one for one in there if not one.startswith("group/"))  # conversations of their own, on Slack
    posts = [one for one in effects if (one.kind, one.state) == (EffectKind.POST, EffectState.SENT)]
    assert there == Counter(one.key for one in posts if one.enclosed_in is None)


def in_slack(world: Both) -> list[str]:
    """The keys of posts; what a group has in a conversation of its own is no post."""
    found = [one.metadata for channel in world.team.channels.values() for one in channel.messages if one.metadata]
    keys = [one["event_payload"] for one in found if one["event_type"] == EVENT_TYPE]
    return [str(one["key"]) for one in keys if one["part"] == 1 and not str(one["key"]).startswith("group/")]


async def test_the_same_account_id_on_both_is_two_people(world: Both) -> None:
    for side, name in ((AMBER, "BenAmber"), (BIRCH, "AdaBirch")):
        await world.of(side, name).types("/cohort help")
        await world.settle()
    accounts = world.store.read(
        lambda db: db.execute(
            sa.text(
                "SELECT person.name, workspace.platform FROM account JOIN person ON person.id = account.person_id "
                "JOIN workspace ON workspace.id = person.workspace_id WHERE account.external = :id"
            ),
            {"id": world.person("AdaBirch").person.id},
        ).all()
    )
    assert sorted(map(tuple, accounts)) == [("AdaBirch", "discord"), ("BenAmber", "slack")]


@pytest.mark.parametrize("away", [AMBER, BIRCH], ids=lambda side: side.platform)
async def test_one_that_is_away_holds_the_other_up_in_nothing(world: Both, away: Side) -> None:
    there = BIRCH if away is AMBER else AMBER
    for side in (AMBER, BIRCH):
        await world.begun(side)
    if away is AMBER:
        world.slack.fail("chat.postMessage", times=10_000)
        world.slack.drop_sockets(for_seconds=60.0)
    else:
        world.discord.fail("POST /channels/{channel}/messages", times=None)
        world.discord.drop_gateway(for_seconds=60.0)
    await world.until(datetime(2027, 1, 12, 13, 0, tzinfo=UTC))
    here = world.effects(EffectState.PENDING, EffectState.SENDING, EffectState.FAILED)
    assert here
    waiting = {one.workspace_id for one in here}
    places = {one.platform: one.id for one in world.store.read(lambda db: list(db.exec(select(Workspace)).all()))}
    assert waiting == {places[away.platform]}
    name = there.members[0]
    await world.of(there, name).types("/cohort pause")
    assert world.of(there, name).sees("Take your time")
