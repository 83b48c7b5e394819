"""How long Slack waits for an acknowledgement, over a real socket and with twenty people at once: `caravan run` beside
a bare Bolt handler, each in a process of its own, in turns, against one Slack.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from bot.platforms.slack.setup import Mode
from tests.bench.crowd import CROWD, MEMBERS, Timing, cohort, in_turns, print_rows, process
from tests.platforms.fakes.slack import Person, Team
from tests.platforms.slack_stage import SlackStage

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


async def measured(folder: Path) -> list[Timing]:
    """Bare Bolt first; then what reads, and what commits."""
    async with SlackStage(folder, Mode.SOCKET) as stage:
        actors = [stage.person(f"Person{n}") for n in range(CROWD)]
        await cohort(stage, actors)
        people = [actor.person for actor in actors]
        await stage.leaves()
        stage.slack.enforce_limits = False
        bare = stage.slack.add_team("Bare")
        strangers = [bare.add_person(f"Person {n}") for n in range(CROWD)]
        api_url = stage.slack.api_url
        ours = {"CARAVAN_DATABASE": f"sqlite:///{folder / 'caravan.sqlite'}", "CARAVAN_WEB__PORT": "0"}
        with (
            in_team(["-m", "bot", "run"], stage.team, api_url, ours),
            in_team(["-c", _BARE], bare, api_url, {}),
        ):
            await connected(stage, stage.team, 2)
            await connected(stage, bare, 1)
            gc.disable()  # of this process, which plays Slack: its pauses are not the bot's
            timings = await in_turns(
                {
                    "a bare Bolt handler": types_at_once(stage, strangers, "/cohort"),
                    "/session when (reads)": types_at_once(stage, people, "/session when"),
                    "/cohort (reads)": types_at_once(stage, people, "/cohort"),
                    "/cohort rsvp yes (commits)": types_at_once(stage, people[:MEMBERS] * 2, "/cohort rsvp yes"),
                }
            )
    gc.enable()
    return timings


def types_at_once(stage: SlackStage, crowd: Sequence[Person], line: str) -> Callable[[], Awaitable[Sequence[float]]]:
    async def at_once() -> Sequence[float]:
        acks = await asyncio.gather(*(person.types(line) for person in crowd[:CROWD]))
        await stage.slack.quiet(within=60, still=0.03)  # answers that follow their acknowledgement
        assert all(ack.ok for ack in acks), line
        return [ack.seconds for ack in acks]

    return at_once


def in_team(
    arguments: Sequence[str], team: Team, api_url: str, more: Mapping[str, str]
) -> AbstractContextManager[None]:
    tokens = {"SLACK_BOT_TOKEN": team.bot_token, "SLACK_APP_TOKEN": team.app.app_token}
    return process(arguments, {"SLACK_API_URL": api_url, **tokens, **more})


async def connected(stage: SlackStage, team: Team, lines: int) -> None:
    for _ in range(600):
        if sum(line.app is team.app for line in stage.slack.delivery.connections) >= lines:
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"{team.name} never connected")


def print_report() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(measured(Path(folder)))
    print_rows(f"Slack: {CROWD} people at once, envelope to acknowledgement, ms (ratio to bare Bolt)", rows)
