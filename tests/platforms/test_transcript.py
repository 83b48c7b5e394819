"""The whole story of a cohort, from the first application to the lists of its owner, on every platform: twelve people,
limits enforced, and every message there once.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.platforms.slack.setup import Mode
from cohorts.outbox import Effect, EffectKind, EffectState
from cohorts.store import Db
from tests.platforms.discord_stage import DiscordStage
from tests.platforms.local_stage import LocalStage
from tests.platforms.slack_stage import SlackStage
from tests.platforms.stage import Actor, Stage, together

NAMES = ("Ana", "Ben", "Chi", "Dan", "Eve", "Fin", "Gus", "Hal", "Ivy", "Jon", "Kim", "Lea")
ZONES = ("Europe/Berlin", "Europe/Berlin", "America/New_York", "Asia/Kolkata")
FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)

STAGES: dict[str, Callable[[Path], SlackStage | DiscordStage | LocalStage]] = {
    "slack by socket": lambda folder: SlackStage(folder, Mode.SOCKET),
    "discord": DiscordStage,
    "local": LocalStage,
}


@pytest.fixture(params=STAGES, ids=lambda name: name.replace(" ", "-"))
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with STAGES[request.param](tmp_path) as made:
        yield made


async def test_a_cohort_lives_from_the_first_application_to_graduation(stage: Stage) -> None:
    olu, fay = stage.person("Olu"), stage.person("Fay")
    people = [stage.person(name, ZONES[n % len(ZONES)]) for n, name in enumerate(NAMES)]
    await opened(stage, olu, fay)
    await accepted(stage, fay, people)
    await fay.types("/program launch")
    await stage.settle()
    await fay.presses("Yes, start")
    await stage.settle()
    assert all(person.sees("Value Accelerator begins") for person in people)

    for n in range(6):
        await met(stage, fay, people, FIRST + n * timedelta(days=7))
    assert people[0].sees("Two people said it would slow them down")
    await stage.passes(days=1)
    assert people[0].sees("graduate")
    await stage.passes(days=2)
    for person in people:
        await person.presses("Answer", on="Value Accelerator")
        await person.answers()
    await stage.settle()

    lists = {what: await exported(stage, olu, what) for what in ("applications", "attendance", "nps", "graduates")}
    assert len(lists["applications"]) == 12
    assert {row["score"] for row in lists["nps"]} == {"9"}
    assert {row["name"] for row in lists["graduates"]} == set(NAMES)
    assert stage.complaints() == []
    await everything_arrived_once(stage)
    assert set(joinings(stage)) == {EffectState.SENT} and len(joinings(stage)) >= 4


async def opened(stage: Stage, olu: Actor, fay: Actor) -> None:
    await fay.types("/cohort help")
    await stage.settle()
    await olu.types(f"/program facilitator {stage.mention(fay)} program:value-accelerator")
    await stage.settle()
    await fay.types("/program open value-accelerator 2027-01-11 zone:Europe/Berlin")
    await stage.settle()
    await fay.presses("Open for applications")
    await stage.settle()


async def accepted(stage: Stage, fay: Actor, people: list[Actor]) -> None:
    for person in people:
        await person.types("/apply")
        await person.answers()
        await stage.quiet()
    await stage.settle()
    for person in people:
        await fay.types(f"/program decide {stage.mention(person)} accept")
        await stage.quiet()
    await stage.settle()
    await fay.presses(f"Send {len(people)} decisions")
    await stage.settle()


async def met(stage: Stage, fay: Actor, people: list[Actor], start: datetime) -> None:
    """One session: in by a press, pairs and somebody late, a question at the end, homework on the way out."""
    *punctual, late = people
    await stage.until(start)
    await together(*(person.presses("I'm here") for person in punctual))
    await stage.passes(minutes=1)
    await fay.types("/session start")
    await stage.passes(minutes=6)
    await late.presses("I'm here")
    await stage.settle()
    await stage.passes(minutes=52)
    await fay.types("/session end")
    await stage.settle()
    for person in people:
        await person.presses("Answer")
        await person.answers()
    await stage.passes(minutes=80)
    await together(
        *(person.types('/submit https://build.example.com/one what I learned "in quotes"') for person in people)
    )
    await stage.settle()


async def exported(stage: Stage, olu: Actor, what: str) -> list[dict[str, str]]:
    await olu.types(f"/program export {what} csv")
    await stage.settle()
    return list(csv.DictReader(io.StringIO(olu.file(what).decode("utf-8-sig"))))


def joinings(stage: Stage) -> list[EffectState]:
    """What became of each word to a group that somebody late has joined it: in its thread, or to each alone."""
    joined = select(Effect).where(Effect.template == "pairing/joined")
    return stage.app.store.read(lambda db: [one.state for one in db.exec(joined).all()])


async def everything_arrived_once(stage: Stage) -> None:
    def posts(db: Db) -> dict[str, EffectState]:
        """The parts of a letter that its first part took along have no message of their own."""
        alone = col(Effect.enclosed_in).is_(None)
        rows = db.exec(select(Effect).where(Effect.kind == EffectKind.POST, alone)).all()
        return {row.key: row.state for row in rows}

    states = stage.app.store.read(posts)
    assert not [key for key, state in states.items() if state in (EffectState.FAILED, EffectState.PENDING)]
    there = Counter(stage.arrived())
    assert not [key for key, times in there.items() if times > 1]
    sent = {key for key, state in states.items() if state is EffectState.SENT}
    # Beside the posts: what a group has in a conversation of its own, and what one sees alone.
    groups = {key for key in there if key.startswith(("group/", "whisper/"))}
    assert {key.rpartition("#")[0] for key in there.keys() - groups} == sent
    assert len(sent) > 300
