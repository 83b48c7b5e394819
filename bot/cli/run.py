"""`caravan run`: serve the platforms whose tokens are set, with health beside them, until told to stop."""

from __future__ import annotations

import asyncio
import errno
import signal
from collections.abc import Mapping
from typing import TYPE_CHECKING

import structlog
import typer

from bot.cli.errors import BadInput
from bot.cli.failed import Failed
from bot.cli.settings import settings_of
from bot.config import Settings, secret

if TYPE_CHECKING:
    from bot.app import App
    from bot.platforms.base import Platform

NOTHING_SET = (
    "no platform to serve: set SLACK_BOT_TOKEN and SLACK_APP_TOKEN for Slack, or DISCORD_TOKEN for Discord; "
    "to try Caravan without any, run: caravan demo"
)


def run(ctx: typer.Context) -> None:
    """Serve Slack and Discord until stopped. Tokens come from the environment, or from files that NAME_FILE names.

    \b
    Example: SLACK_BOT_TOKEN=xoxb-… SLACK_APP_TOKEN=xapp-… caravan run
    """
    settings = settings_of(ctx)
    platforms = connected(settings)
    serve_alone(settings, platforms)


def connected(settings: Settings) -> list[Platform]:
    """The platforms whose tokens are set; BadInput when there is none, or half of one."""
    slack = {name: secret(name) for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")}
    missing = [name for name, value in slack.items() if value is None]
    if len(missing) == 1:
        raise BadInput(f"environment: {missing[0]} is not set; Slack needs it too")
    wanted = [*(["Slack"] if not missing else []), *(["Discord"] if secret("DISCORD_TOKEN") else [])]
    if not wanted:
        raise BadInput(NOTHING_SET)
    raise Failed(
        f"this version speaks only the local platform yet, not {' and '.join(wanted)}; to try it, run: caravan demo"
    )


def serve_alone(settings: Settings, platforms: list[Platform]) -> None:
    """Open the database for this process only, bring its tables up to date, and serve."""
    from bot import catalogue, logs
    from bot.app import App
    from bot.bugs import traced
    from bot.cli.database import alone, bring_up_to_date

    logs.configure(settings)
    known = catalogue.load(settings.programs_dir)
    with alone(settings) as store:
        bring_up_to_date(store)
        app = App(store, platforms, settings=settings, catalogue=known)
        try:
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

    from bot.web.health import health_app

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stopped.set)
    runner = web.AppRunner(
        health_app(app.threads, app.clock, lambda: listening(app)), access_log=None, shutdown_timeout=1
    )
    await runner.setup()
    try:
        if settings.web.port:
            await _open(runner, settings)
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
