"""How long Slack waits for an acknowledgement, over a real socket and with twenty people at once: `caravan run` beside
a bare Bolt handler, each in a process of its own, in turns, against one Slack.
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.platforms.slack.setup import Mode
from tests.platforms.fakes.slack import Person, Team
from tests.platforms.slack_stage import SlackActor, SlackStage
from tests.platforms.test_transcript import FIRST, accepted, opened

CROWD = 20
MEMBERS = 12
ROUNDS = 40

_BARE = """
import asyncio, os
from slack_bolt.async_app import AsyncApp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.web.async_client import AsyncWebClient

app = AsyncApp(client=AsyncWebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]))

@app.command("/cohort")
async def said(ack):
    await ack("ok")

async def main():
    await AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start_async()

asyncio.run(main())
"""


@dataclass(frozen=True)
class Timing:
    name: str
    p50_ms: float
    p99_ms: float


async def measured(folder: Path) -> list[Timing]:
    """Bare Bolt first; then what reads, and what commits."""
    async with SlackStage(folder, Mode.SOCKET) as stage:
        people = await cohort(stage)
        await stage.leaves()
        stage.slack.enforce_limits = False
        bare = stage.slack.add_team("Bare")
        strangers = [bare.add_person(f"Person {n}") for n in range(CROWD)]
        api_url = stage.slack.api_url
        ours = {"CARAVAN_DATABASE": f"sqlite:///{folder / 'caravan.sqlite'}", "CARAVAN_WEB__PORT": "0"}
        with (
            process(["-m", "bot", "run"], stage.team, api_url, ours),
            process(["-c", _BARE], bare, api_url, {}),
        ):
            await connected(stage, stage.team, 2)
            await connected(stage, bare, 1)
            kinds = {
                "a bare Bolt handler": (strangers, "/cohort"),
                "/session when (reads)": (people, "/session when"),
                "/cohort (reads)": (people, "/cohort"),
                "/cohort rsvp yes (commits)": (people[:MEMBERS] * 2, "/cohort rsvp yes"),
            }
            taken: dict[str, list[float]] = {name: [] for name in kinds}
            gc.disable()  # of this process, which plays Slack: its pauses are not the bot's
            for n in range(ROUNDS + 2):
                for name, (crowd, line) in kinds.items():
                    acks = await asyncio.gather(*(person.types(line) for person in crowd[:CROWD]))
                    await stage.slack.quiet(within=20, still=0.03)  # answers that follow their acknowledgement
                    assert all(ack.ok for ack in acks), name
                    if n >= 2:  # the first rounds warm up
                        taken[name] += [ack.seconds * 1000 for ack in acks]
    gc.enable()
    return [Timing(name, *cuts(times)) for name, times in taken.items()]


async def cohort(stage: SlackStage) -> list[Person]:
    """A running cohort, and some who were not picked: a crowd in all."""
    olu, fay = stage.person("Olu"), stage.person("Fay")
    everybody: list[SlackActor] = [stage.person(f"Person{n}") for n in range(CROWD)]
    await opened(stage, olu, fay)
    await accepted(stage, fay, [*everybody[:MEMBERS]])
    await fay.types("/program launch")
    await stage.settle()
    await fay.presses("Yes, start")
    await stage.until(FIRST.replace(month=1, day=10))
    for person in everybody:
        await person.types("/cohort")
    await stage.settle()
    return [actor.person for actor in everybody]


@contextmanager
def process(arguments: list[str], team: Team, api_url: str, more: Mapping[str, str]) -> Iterator[None]:
    environment = {
        **os.environ,
        "SLACK_API_URL": api_url,
        "SLACK_BOT_TOKEN": team.bot_token,
        "SLACK_APP_TOKEN": team.app.app_token,
        **more,
    }
    running = subprocess.Popen(
        [sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        running.terminate()
        running.wait(15)


async def connected(stage: SlackStage, team: Team, lines: int) -> None:
    for _ in range(300):
        if sum(line.app is team.app for line in stage.slack.delivery.connections) >= lines:
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"{team.name} never connected")


def cuts(times: list[float]) -> tuple[float, float]:
    quantiles = statistics.quantiles(times, n=100)
    return quantiles[49], quantiles[98]


def print_report() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(measured(Path(folder)))
    bare = rows[0]
    print(f"Slack: {CROWD} people at once, envelope to acknowledgement, ms (ratio to bare Bolt)")
    for row in rows:
        print(
            f"  {row.name:<28} p50 {row.p50_ms:7.1f} ({row.p50_ms / bare.p50_ms:4.1f} x)"
            f"   p99 {row.p99_ms:7.1f} ({row.p99_ms / bare.p99_ms:4.1f} x)"
        )
