"""How long a person in Discord waits for the first answer, over a real gateway and with twenty people at once:
`caravan run` beside a bare discord.py command, each in a process of its own, in turns.
"""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.bench_slack import CROWD, MEMBERS, ROUNDS, Timing, cuts
from tests.platforms.discord_stage import DiscordActor, DiscordStage, until
from tests.platforms.fakes.discord import FakeDiscord, Person
from tests.platforms.test_transcript import FIRST, accepted, opened

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
        people = await cohort(stage)
        await stage.leaves()
        stage.discord.enforce_limits = False
        server = beside.add_guild("Bare")
        strangers = [server.add_person(f"Person{n}") for n in range(CROWD)]
        ours = {"CARAVAN_DATABASE": f"sqlite:///{stage.file}", "CARAVAN_WEB__PORT": "0"}
        with process(["-m", "bot", "run"], stage.discord, ours), process(["-c", _BARE], beside, {}):
            for discord in (stage.discord, beside):
                await discord.connected(within=30)
            await until(lambda: bool(beside.commands.get(None)), seconds=30)
            kinds: dict[str, tuple[FakeDiscord, list[Person], str, dict[str, str]]] = {
                "a bare discord.py command": (beside, strangers, "/cohort", {}),
                "/session when (reads)": (stage.discord, people, "/session when", {}),
                "/cohort home (reads)": (stage.discord, people, "/cohort home", {}),
                "/cohort rsvp yes (commits)": (stage.discord, people[:MEMBERS] * 2, "/cohort rsvp", {"answer": "yes"}),
            }
            taken: dict[str, list[float]] = {name: [] for name in kinds}
            gc.collect()
            gc.freeze()  # what the fakes hold is not looked through while somebody waits
            for n in range(ROUNDS + 2):
                for name, (discord, crowd, line, options) in kinds.items():
                    before = len(discord.acks)
                    made = await asyncio.gather(*(one.uses(line, **options) for one in crowd[:CROWD]))
                    await discord.quiet(within=20, still=0.03)
                    assert all(one.responded for one in made), name
                    if n >= 2:  # the first rounds warm up
                        taken[name] += [seconds * 1000 for _, seconds in discord.acks[before:]]
    return [Timing(name, *cuts(times)) for name, times in taken.items()]


async def cohort(stage: DiscordStage) -> list[Person]:
    """A running cohort, and some who were not picked: a crowd in all."""
    olu, fay = stage.person("Olu"), stage.person("Fay")
    everybody: list[DiscordActor] = [stage.person(f"Person{n}") for n in range(CROWD)]
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
def process(arguments: list[str], discord: FakeDiscord, more: Mapping[str, str]) -> Iterator[None]:
    environment = {
        **os.environ,
        "DISCORD_API_URL": discord.api_url,
        "DISCORD_GATEWAY_URL": discord.gateway_url,
        "DISCORD_TOKEN": discord.token,
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


def print_report() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(measured(Path(folder)))
    bare = rows[0]
    print(f"Discord: {CROWD} people at once, interaction to first answer, ms (ratio to bare discord.py)")
    for row in rows:
        print(
            f"  {row.name:<28} p50 {row.p50_ms:7.1f} ({row.p50_ms / bare.p50_ms:4.1f} x)"
            f"   p99 {row.p99_ms:7.1f} ({row.p99_ms / bare.p99_ms:4.1f} x)"
        )
