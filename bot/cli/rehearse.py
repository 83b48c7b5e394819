"""`caravan rehearse`: a whole program with pretend people on a simulated clock, written down line by line."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, available_timezones

import typer

from bot.cli.errors import BadInput
from bot.cli.settings import settings_of

if TYPE_CHECKING:
    from bot.ask import Listed
    from bot.rehearsal import Rehearsed, Wish
    from bot.timeline import Line

MOST_PEOPLE = 500
YEARS = range(2000, 2100)


def rehearse(
    ctx: typer.Context,
    program: Annotated[str, typer.Argument(metavar="PROGRAM", help="A program file, or the key of a known program.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the transcript and the lists go.")],
    people: Annotated[int, typer.Option(help="How many apply; at most size.max are accepted.")] = 12,
    misfits: Annotated[int, typer.Option(help="How many of them fail a criterion that is a must.")] = 0,
    start: Annotated[
        str, typer.Option(metavar="DAY", help="The day of the first session, such as 2027-01-11.")
    ] = "2027-01-11",
    zone: Annotated[str, typer.Option(metavar="ZONE", help="The cohort's time zone.")] = "Europe/Berlin",
    absent: Annotated[float, typer.Option(help="The chance that somebody misses a session: 0 to 1.")] = 0.15,
    stragglers: Annotated[int, typer.Option(help="How many fall behind after the first session.")] = 0,
    decliners: Annotated[int, typer.Option(help="How many say no when they are accepted.")] = 0,
    leavers: Annotated[int, typer.Option(help="How many leave on the way.")] = 0,
    late: Annotated[int, typer.Option(help="How many are let in when it has begun.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed writes the same transcript.")] = 7,
    show: Annotated[bool, typer.Option("--show", help="Print what happened, with a progress bar meanwhile.")] = False,
) -> None:
    """Run a whole cohort with pretend people, and write what everyone would have seen and when.

    \b
    Example: caravan rehearse value-accelerator --people 12 --out rehearsal --show
    With those who make it hard: --people 15 --stragglers 4 --decliners 2 --leavers 1 --late 1
    """
    listed = program_of(ctx, program)
    _check("--people", people, 1, MOST_PEOPLE)
    _check("--misfits", misfits, 0, people)
    left = people - misfits
    habits = {"--stragglers": stragglers, "--decliners": decliners, "--leavers": leavers, "--late": late}
    for option, count in habits.items():
        _check(option, count, 0, left)
        left -= count
    if not (math.isfinite(absent) and 0 <= absent <= 1):
        raise BadInput(f"--absent is {absent:g}; it is a share from 0 to 1, such as 0.15")
    if zone not in available_timezones():
        raise BadInput(f"--zone is {zone!r}; it is a time zone such as Europe/Berlin")
    starts = _day(start)
    _make(out)

    from bot.rehearsal import Wish
    from bot.rehearsal import rehearse as run

    wish = Wish(listed, people, misfits, starts, zone, absent, seed, stragglers, decliners, leavers, late)
    done = _with_progress(wish) if show else run(wish)
    done.write(out)
    if show:
        _timeline(done, zone)
    summary = done.summary
    typer.echo(
        f"{summary.accepted} of {summary.people} accepted, {summary.sessions} sessions, {summary.messages} messages, "
        f"{summary.graduates} graduated, {summary.repeated_pairs} repeated pairs; "
        f"rehearsed in {summary.wall_s:.1f} s, written to {out}"
    )


def program_of(ctx: typer.Context, given: str) -> Listed:
    """A program by its file or its key; BadInput names what is wrong with it."""
    from bot import catalogue
    from bot.cli.lint import faults_of, known_to

    known = known_to(settings_of(ctx))
    path = Path(given)
    if not path.is_file():
        if given not in known.programs:
            raise BadInput(f"PROGRAM is {given!r}; it is a program file or one of {', '.join(sorted(known.programs))}")
        path = known.programs[given]
    for fault in faults_of(path, known)[:1]:
        raise BadInput(fault)
    return catalogue.read(path)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--start is {text!r}; it is a day such as 2027-01-11") from None
    if day.year not in YEARS:
        raise BadInput(f"--start is {text}; it is a day between {YEARS[0]} and {YEARS[-1]}")
    return day


def _make(out: Path) -> None:
    """Before the work is done, not after."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / "summary.json"
        probe.open("ab").close()
    except OSError as error:
        raise BadInput(f"--out {out}: {(error.strerror or 'cannot be written').lower()}; expected a folder") from None


def _check(option: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise BadInput(f"{option} is {value}; it is a whole number from {least} to {most}")


def _with_progress(wish: Wish) -> Rehearsed:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from bot.rehearsal import rehearse as run

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Rehearsing", total=1.0)
        return run(wish, progress=lambda share: progress.update(task, completed=share))


def _timeline(done: Rehearsed, zone: str) -> None:
    """A line for everything the bot sent by itself; what a room heard, once."""
    from rich.console import Console
    from rich.text import Text

    console = Console()
    clock = ZoneInfo(zone)
    sent = (line for line in done.lines if line.kind == "effect")
    for day, lines in groupby(sent, key=lambda line: line.at.astimezone(clock).date()):
        console.print(Text(f"\n{day:%A} {day.day} {day:%B %Y}", style="bold"))
        for first, to in _together(lines, done.names):
            row = Text(f"  {first.at.astimezone(clock):%H:%M}  ")
            row.append(f"{to:<28}  ", style="cyan" if first.room else "green")
            row.append(first.text.split("\n", 1)[0])
            console.print(row, soft_wrap=True)


def _together(lines: Iterator[Line], names: dict[str, str]) -> Iterator[tuple[Line, str]]:
    for _, same in groupby(lines, key=lambda line: (line.at, line.template, line.room or line.to)):
        first = next(same)
        yield first, f"#{first.room}" if first.room else names.get(first.to, first.to)
