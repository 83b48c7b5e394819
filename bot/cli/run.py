"""`caravan run`: serve the platforms whose tokens are set, with health beside them, until told to stop."""

from __future__ import annotations

import asyncio
import errno
import gc
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import structlog
import typer

from bot.cli.errors import BadInput
from bot.cli.failed import Failed
from bot.cli.settings import settings_of
from bot.cli.tokens import DISCORD, DISCORD_TOKEN, discord_setup, seal, slack_setup
from bot.config import ConfigError, Settings

if TYPE_CHECKING:
    from bot.app import App
    from bot.platforms.base import Platform
    from bot.platforms.discord.setup import Setup as DiscordSetup
    from bot.platforms.slack.setup import Setup
    from bot.threads import Threads

SWITCH = 0.0005  # seconds
PATIENCE = 10.0  # seconds that a platform has to say whether it takes a token

# A platform is made when the database is open: some keep things there.
Make = Callable[["Threads"], "Platform"]

NOTHING_SET = (
    "no platform to serve: set SLACK_BOT_TOKEN and SLACK_APP_TOKEN for Slack, or DISCORD_TOKEN for Discord; "
    "to try Caravan without any, run: caravan demo"
)


def run(ctx: typer.Context) -> None:
    """Serve Slack and Discord until stopped. Tokens come from the environment, or from files that NAME_FILE names.

    One of them is enough, and both may run at once.

    \b
    Example: SLACK_BOT_TOKEN=xoxb-… SLACK_APP_TOKEN=xapp-… caravan run
    Example: DISCORD_TOKEN=… caravan run
    """
    settings = settings_of(ctx)
    serve_alone(settings, wanted(settings))


def wanted(settings: Settings) -> list[Make]:
    """The platforms whose tokens are set; BadInput when there is none, ConfigError when tokens don't go together."""
    found: list[Make] = []
    if (setup := slack_setup(settings)) is not None:
        found.append(partial(_slack, settings, setup))
    if (discord := discord_setup(settings)) is not None:
        asyncio.run(_check_taken(discord))
        found.append(partial(_discord, settings, discord))
    if not found:
        raise BadInput(NOTHING_SET)
    return found


def _slack(settings: Settings, setup: Setup, threads: Threads) -> Platform:
    from bot.app import template_roots
    from bot.clock import SystemClock
    from bot.installations import SealedInstallations
    from bot.platforms.slack.send import SlackPlatform
    from bot.words import Words

    clock = SystemClock()
    if setup.oauth is not None:
        setup = replace(setup, kept=SealedInstallations(threads, seal(), setup.oauth.app, clock))
    return SlackPlatform(setup, Words(template_roots(settings)), clock.now)


def _discord(settings: Settings, setup: DiscordSetup, threads: Threads) -> Platform:
    from bot.app import template_roots
    from bot.clock import SystemClock
    from bot.platforms.discord.send import DiscordPlatform
    from bot.words import Words

    return DiscordPlatform(setup, Words(template_roots(settings)), SystemClock().now)


async def _check_taken(setup: DiscordSetup) -> None:
    """ConfigError when Discord refuses the token. When Discord can't be asked, it is tried again while running."""
    from bot.platforms.base import SendError
    from bot.platforms.discord.api import Api, Http
    from bot.platforms.discord.errors import TOKEN_REVOKED
    from bot.platforms.discord.pacing import Pace

    api = Api(Http(setup.api_url, Pace()), setup.token)
    try:
        async with asyncio.timeout(PATIENCE):
            await api.enter()
    except SendError as no:
        if no.reason == TOKEN_REVOKED:
            raise ConfigError(f"environment: {DISCORD}: Discord refuses it; expected {DISCORD_TOKEN}") from None
    except OSError:
        return
    finally:
        await api.http.let_go()


def serve_alone(settings: Settings, makes: Sequence[Make]) -> None:
    """Open the database for this process only, bring its tables up to date, and serve."""
    from bot import catalogue, logs
    from bot.app import App
    from bot.bugs import traced
    from bot.cli.database import alone, bring_up_to_date
    from bot.threads import Threads

    logs.configure(settings)
    known = catalogue.load(settings.programs_dir)
    with alone(settings) as store:
        bring_up_to_date(store)
        threads = Threads(store)
        app = App(store, [make(threads) for make in makes], settings=settings, catalogue=known, threads=threads)
        try:
            app.prepare()
            asyncio.run(serve(app, settings))
        except Failed:
            raise
        except Exception as bug:
            structlog.get_logger(__name__).error("stopped by a bug", **traced(bug))
            raise Failed("stopped by a bug, which the log names; nothing that was acknowledged is lost") from None
        finally:
            app.close()


async def serve(app: App, settings: Settings) -> None:
    """Until SIGTERM, Ctrl-C or a bug; what is being sent then has ten seconds to end."""
    from aiohttp import web

    from bot.web import screen
    from bot.web.health import health_app

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stopped.set)
    served = health_app(app.threads, app.clock, lambda: listening(app))
    served.add_routes(screen.routes(app.threads, app.clock, app.roots))
    for name, platform in app.platforms.items():
        if (routes := getattr(platform, "routes", None)) is not None:
            served.add_routes(routes(app.doors[name]))
    runner = web.AppRunner(served, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        if settings.web.port:
            await _open(runner, settings)
        # Whoever waits for an acknowledgement goes before threads that compute.
        sys.setswitchinterval(SWITCH)
        gc.collect()
        gc.freeze()  # what was made at the start stays; looking through it again and again would make people wait
        running = asyncio.create_task(app.run())
        waiting = asyncio.create_task(stopped.wait())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not running.done():
            running.cancel()
            await asyncio.wait({running})
        if not running.cancelled() and (error := running.exception()) is not None:
            raise error
    finally:
        await runner.cleanup()


async def _open(runner: object, settings: Settings) -> None:
    from aiohttp import web

    assert isinstance(runner, web.AppRunner)
    host, port = settings.web.host, settings.web.port
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        why = "is taken" if error.errno == errno.EADDRINUSE else "cannot be listened on"
        raise Failed(f"web.port: {host}:{port} {why}; expected a free one, or 0 for none") from None


def listening(app: App) -> Mapping[str, bool]:
    """Which platforms there are; one that knows whether it is connected says so in `connected`."""
    return {name: bool(getattr(platform, "connected", True)) for name, platform in app.platforms.items()}
