"""How long a person in Discord waits for the first answer, over a real gateway and with twenty people at once:
`caravan run` beside a bare discord.py command, each in a process of its own, in turns.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from tests.bench.crowd import CROWD, MEMBERS, Timing, cohort, in_turns, print_rows, process
from tests.platforms.discord_stage import DiscordStage, until
from tests.platforms.fakes.discord import FakeDiscord, Person

_BARE = """
import os
import discord, yarl
from discord.gateway import DiscordWebSocket

discord.http.Route.BASE = os.environ["DISCORD_API_URL"]
DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["DISCORD_GATEWAY_URL"])

class Bare(discord.Client):
    async def setup_hook(self):
        await tree.sync()

client = Bare(intents=discord.Intents(guilds=True))
tree = discord.app_commands.CommandTree(client)

@tree.command(description="Says ok")
async def cohort(interaction: discord.Interaction):
    await interaction.response.send_message("ok", ephemeral=True)

client.run(os.environ["DISCORD_TOKEN"], log_handler=None)
"""


async def measured(folder: Path) -> list[Timing]:
    """Bare discord.py first; then what reads, and what commits."""
    async with DiscordStage(folder) as stage, FakeDiscord() as beside:
        actors = [stage.person(f"Person{n}") for n in range(CROWD)]
        await cohort(stage, actors)
        people = [actor.person for actor in actors]
        await stage.leaves()
        stage.discord.enforce_limits = False
        server = beside.add_guild("Bare")
        strangers = [server.add_person(f"Person{n}") for n in range(CROWD)]
        ours = {"CARAVAN_DATABASE": f"sqlite:///{stage.file}", "CARAVAN_WEB__PORT": "0"}
        with in_server(["-m", "bot", "run"], stage.discord, ours), in_server(["-c", _BARE], beside, {}):
            for discord in (stage.discord, beside):
                await discord.connected(within=60)
            await until(lambda: bool(beside.commands.get(None)))
            gc.collect()
            gc.freeze()  # what the fakes hold is not looked through while somebody waits
            return await in_turns(
                {
                    "a bare discord.py command": uses_at_once(beside, strangers, "/cohort"),
                    "/session when (reads)": uses_at_once(stage.discord, people, "/session when"),
                    "/cohort home (reads)": uses_at_once(stage.discord, people, "/cohort home"),
                    "/cohort rsvp yes (commits)": uses_at_once(
                        stage.discord, people[:MEMBERS] * 2, "/cohort rsvp", answer="yes"
                    ),
                }
            )


def uses_at_once(
    discord: FakeDiscord, crowd: Sequence[Person], line: str, **options: str
) -> Callable[[], Awaitable[Sequence[float]]]:
    async def at_once() -> Sequence[float]:
        before = len(discord.acks)
        made = await asyncio.gather(*(one.uses(line, **options) for one in crowd[:CROWD]))
        await discord.quiet(within=60, still=0.03)
        assert all(one.responded for one in made), line
        return [seconds for _, seconds in discord.acks[before:]]

    return at_once


def in_server(arguments: Sequence[str], discord: FakeDiscord, more: Mapping[str, str]) -> AbstractContextManager[None]:
    urls = {"DISCORD_API_URL": discord.api_url, "DISCORD_GATEWAY_URL": discord.gateway_url}
    return process(arguments, {**urls, "DISCORD_TOKEN": discord.token, **more})


def print_report() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(measured(Path(folder)))
    print_rows(f"Discord: {CROWD} people at once, interaction to first answer, ms (ratio to bare discord.py)", rows)
