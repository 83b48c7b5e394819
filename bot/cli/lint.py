"""`caravan lint`: what refuses to run in a program file, and what rarely works."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.settings import settings_of

if TYPE_CHECKING:
    from bot.config import Settings
    from cohorts.programs import Program


@dataclass(frozen=True)
class Known:
    """What a program may refer to outside of itself."""

    templates: Collection[str]
    programs: Mapping[str, Path]
    counters: Collection[str]


def lint(
    ctx: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Program files, or keys of known programs.")],
    everything: Annotated[
        bool, typer.Option("--all", help="Every fault of a file, not only how many there are after the first.")
    ] = False,
) -> None:
    """Check program files: faults on standard error (exit code 2), advice on standard output.

    \b
    Example: caravan lint my-program.toml
    """
    known = known_to(settings_of(ctx))
    faulty = False
    for given in files:
        faults = _check(given, known)
        faulty = faulty or bool(faults)
        for line in faults if everything else faults[:1]:
            left = len(faults) - 1
            more = f" (and {left} more; see them with --all)" if left and not everything else ""
            typer.echo(f"{line}{more}", err=True)
    if faulty:
        raise typer.Exit(2)


def _check(given: str, known: Known) -> list[str]:
    """The faults of one file; without any, its advice is printed."""
    path = Path(given)
    if not path.exists() and given in known.programs:
        path = known.programs[given]
    return faults_of(path, known, tell=typer.echo)


def faults_of(path: Path, known: Known, *, tell: Callable[[str], None] = lambda _: None) -> list[str]:
    """Every reason why a program file can't be used. If there is none, `tell` hears the advice and a summary."""
    from cohorts.lint import lint as remarks_on
    from cohorts.programs import ProgramError, load

    try:
        program = load(path)
    except ProgramError as error:
        return list(error.problems)
    remarks = remarks_on(
        program,
        templates=known.templates,
        programs={*known.programs, program.key},
        counters=known.counters,
    )
    faults = [f"{path}: {remark}" for remark in remarks if remark.refuses]
    if not faults:
        for remark in remarks:
            tell(f"{path}: advice: {remark}")
        tell(f"{path}: {_summary(program, len(remarks))}")
    return faults


def _summary(program: Program, advices: int) -> str:
    sessions, homework = len(program.meetings), len(program.homework)
    advice = f"{advices} {'remark' if advices == 1 else 'remarks'}" if advices else "nothing to remark"
    return f"{program.name} is fine: {sessions} session{'s' * (sessions != 1)}, {homework} homework, {advice}"


def known_to(settings: Settings) -> Known:
    """The templates, programs and counters that this installation has."""
    from bot import features
    from bot.app import template_roots
    from bot.registry import collect
    from cohorts.lint import COUNTERS

    return Known(
        templates=template_names(template_roots(settings)),
        programs=program_files(settings),
        counters=sorted({*COUNTERS, *collect(features).of("counter")}),
    )


def template_names(roots: Collection[Path]) -> list[str]:
    """Every message by its name, "sessions/reminder-day"; those of other languages are the same ones."""
    names = {
        file.relative_to(root).as_posix().removesuffix(".md.j2") for root in roots for file in root.glob("*/*.md.j2")
    }
    return sorted(names)


def program_files(settings: Settings) -> dict[str, Path]:
    """The file of every known program by its key, the owner's before ours; files that don't load are passed over."""
    from bot.config import PROGRAMS
    from cohorts.programs import ProgramError, load

    found: dict[str, Path] = {}
    for folder in (PROGRAMS, settings.programs_dir):
        for file in sorted(folder.glob("*.toml")) if folder is not None else ():
            try:
                found[load(file).key] = file
            except ProgramError:
                continue  # said when that file itself is checked
    return found
