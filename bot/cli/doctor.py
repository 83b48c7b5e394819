"""`caravan doctor`: one line for everything that Caravan needs, and the mend for what is not there."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from bot.cli.errors import BadInput
from bot.cli.failed import Failed
from bot.cli.settings import settings_file
from bot.cli.tokens import KEY, discord_setup, seal, slack_setup
from bot.config import TEMPLATES, ConfigError, Settings, load, secret, secret_names
from bot.findings import Finding

OLDEST_PYTHON = (3, 11)
LEAST_SPACE = 200 * 2**20  # bytes: a migration copies the database
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")


def doctor(ctx: typer.Context) -> None:
    """Check that everything needed is there: a line each, with the mend for what is not. Exit code 1 if anything isn't.

    \b
    Example: caravan --config config.toml doctor
    """
    from bot.cli.group import one_line

    healthy = True
    for finding in findings(settings_file(ctx)):
        healthy = healthy and not finding.mend
        typer.echo(one_line(str(finding)))
    if not healthy:
        raise typer.Exit(1)


def findings(config: Path | None) -> Iterator[Finding]:
    yield python()
    try:
        settings = load(config)
    except ConfigError as error:
        yield Finding("config", str(error), "mend it, and ask again: the rest depends on it")
        return
    yield Finding("config", str(config) if config is not None else "none; every setting has its default")
    yield from tokens()
    for check in CHECKS:
        yield from check(settings)
    yield zones()


def python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info >= OLDEST_PYTHON
    return Finding("python", found, "" if fine else f"needs {'.'.join(map(str, OLDEST_PYTHON))} or newer")


def tokens() -> Iterator[Finding]:
    found = []
    for name in secret_names():
        try:
            if secret(name) is not None:
                found.append(name)
        except ConfigError as error:
            yield Finding("tokens", str(error), "mend the variable or the file")
            return
    yield Finding("tokens", ", ".join(found) if found else "none set, which is enough for caravan demo")


def screen(settings: Settings) -> Iterator[Finding]:
    """Where the page of `/session screen` is: its link is given out in chat, so browsers have to reach it."""
    if settings.pages:
        yield Finding("screen", f"{settings.pages}/screen/ has to lead here, which is not checked")
    else:
        yield Finding("screen", "none: without public_url in [web], /session screen has no link to give")


def slack(settings: Settings) -> Iterator[Finding]:
    """What its tokens are good for, asked at Slack; nothing when none is set."""
    from bot.clock import SystemClock
    from bot.platforms.slack.check import examined
    from bot.platforms.slack.manifest import EVENTS_PATH
    from bot.platforms.slack.setup import Mode

    try:
        setup = slack_setup(settings)
    except ConfigError as error:
        yield Finding("slack", str(error), "mend it, and ask again")
        return
    if setup is None:
        return

    async def asked() -> list[Finding]:
        return [finding async for finding in examined(setup, SystemClock().now)]

    yield from asyncio.run(asked())
    if setup.mode is Mode.HTTP:
        way_in = (settings.slack.public_url or "https://…") + EVENTS_PATH
        at = f"{settings.web.host}:{settings.web.port}"
        yield Finding("slack http", f"{way_in} has to lead to {at}, which is not checked from here")
    if setup.oauth is not None:
        yield Finding("slack install", f"{settings.slack.public_url}/slack/install lets workspaces in by themselves")
        yield from _kept(settings)


def discord(settings: Settings) -> Iterator[Finding]:
    """What its token is good for, server by server; nothing when none is set."""
    from bot.clock import SystemClock
    from bot.platforms.discord.check import examined

    try:
        setup = discord_setup(settings)
    except ConfigError as error:
        yield Finding("discord", str(error), "mend it, and ask again")
        return
    if setup is None:
        return

    async def asked() -> list[Finding]:
        return [finding async for finding in examined(setup, SystemClock().now)]

    yield from asyncio.run(asked())


def _kept(settings: Settings) -> Iterator[Finding]:
    """Whether the key opens the tokens of those who installed the app."""
    from bot.cli.database import beside
    from bot.installations import opened
    from cohorts import installations

    try:
        with beside(settings) as store:
            rows = store.read(lambda db: installations.of_platform(db, "slack"))
    except (BadInput, Failed):
        return  # said of the database already, or there is none yet
    shut = [row.external for row in rows if opened(seal(), row) is None]
    if shut:
        mend = f"put the key that sealed them into {KEY} after the new one, with a comma between, or install them again"
        yield Finding("slack installations", f"no key opens those of {', '.join(shut)}", mend)
    elif rows:
        yield Finding("slack installations", ", ".join(f"{row.name or 'unnamed'} ({row.external})" for row in rows))


def database(settings: Settings) -> Iterator[Finding]:
    from sqlalchemy.exc import SQLAlchemyError

    from bot.cli.database import check_place, file_in, revisions_of, tables
    from cohorts import migrations
    from cohorts.store import Locked, Store

    try:
        file = file_in(settings)
        if file is not None:
            check_place(file)
            if not file.exists():
                yield _makeable(file)
                return
            tables().check(revisions_of(file), file)
    except BadInput as error:
        yield Finding(
            "database", str(error), "see `database` in the config; a backup takes its place with: caravan restore FILE"
        )
        return
    except OSError as error:
        yield Finding("database", str(error), "let this user read and write it")
        return
    store = Store(settings.database)
    try:
        try:
            store.lock()
            used = "in use by nobody else"
        except Locked:
            used = "in use by a running Caravan"
        with store.engine.connect() as connection:
            connection.exec_driver_sql("CREATE TEMPORARY TABLE doctor (one INTEGER)")
            connection.rollback()
        yield Finding("database", f"{file or 'PostgreSQL'} can be read and written; {used}")
        if migrations.pending(store):
            yield Finding("tables", "not those of this version", "run: caravan migrate")
        else:
            yield Finding("tables", "those of this version")
        if file is not None:
            yield _whole(store)
    except (SQLAlchemyError, OSError) as error:
        why = getattr(error, "orig", None) or error
        yield Finding("database", str(why), "let this user read and write it, or see that its server runs")
    finally:
        store.close()


def _makeable(file: Path) -> Finding:
    import os

    if os.access(file.parent, os.W_OK | os.X_OK):
        return Finding("database", f"{file} does not exist yet; it is made at the first start")
    return Finding("database", f"{file} cannot be made", f"let this user write in {file.parent.absolute()}")


def _whole(store: object) -> Finding:
    from cohorts.store import Store

    assert isinstance(store, Store)
    said = store.read(lambda db: str(db.connection().exec_driver_sql("PRAGMA quick_check(1)").scalar_one()))
    if said == "ok":
        return Finding("integrity", "whole")
    return Finding("integrity", said, "stop Caravan and put a backup in its place: caravan restore FILE")


def words(settings: Settings) -> Iterator[Finding]:
    """Ours are there; the owner's have names that are used, and can be parsed."""
    from difflib import get_close_matches

    from jinja2 import Environment, TemplateSyntaxError

    from bot.cli.lint import template_names

    ours = template_names([TEMPLATES])
    if not ours:
        yield Finding("words", f"{TEMPLATES} holds no messages", "install Caravan again")
        return
    own = settings.templates_dir
    if own is None:
        yield Finding("words", f"{len(ours)} messages of ours")
        return
    faults = 0
    syntax = Environment(autoescape=True)
    for name in template_names([own]):
        file = own / f"{name}.md.j2"
        if name not in ours:
            near = get_close_matches(name, ours, 1)
            mend = f"rename it to {near[0]}.md.j2" if near else "remove it: it is never read"
            yield Finding("words", f"{file}: no message has that name", mend)
            faults += 1
            continue
        try:
            syntax.parse(file.read_text("utf-8"))
        except TemplateSyntaxError as error:
            yield Finding("words", f"{file}: line {error.lineno}: {error.message}", "mend the template")
            faults += 1
        except (OSError, UnicodeDecodeError):
            yield Finding("words", f"{file}: not text that can be read", "save it as UTF-8")
            faults += 1
    if not faults:
        yield Finding("words", f"{len(ours)} messages of ours, {len(template_names([own]))} of yours")


def programs(settings: Settings) -> Iterator[Finding]:
    from bot.cli.lint import faults_of, known_to
    from bot.config import PROGRAMS

    known = known_to(settings)
    files = [file for folder in (PROGRAMS, settings.programs_dir) if folder for file in sorted(folder.glob("*.toml"))]
    faulty = [(file, faults) for file in files if (faults := faults_of(file, known))]
    for file, faults in faulty:
        yield Finding("programs", faults[0], f"see all of it: caravan lint --all {file}")
    if not faulty:
        yield Finding("programs", ", ".join(sorted(known.programs)))


def space(settings: Settings) -> Iterator[Finding]:
    from bot.cli.database import file_in

    try:
        file = file_in(settings)
    except BadInput:
        return
    folder = file.parent if file is not None and file.parent.is_dir() else Path()
    free = shutil.disk_usage(folder).free
    needed = LEAST_SPACE + (2 * file.stat().st_size if file is not None and file.is_file() else 0)
    found = f"{free / 2**30:.1f} GiB free in {folder.absolute()}"
    yield Finding("disk", found, "" if free >= needed else f"make room: at least {needed / 2**30:.1f} GiB")


def zones() -> Finding:
    for name in ZONES:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, OSError):
            return Finding("time zones", f"{name} is not known", "install the tzdata package again")
    return Finding("time zones", "known")


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    database,
    words,
    programs,
    space,
    screen,
    slack,
    discord,
)
