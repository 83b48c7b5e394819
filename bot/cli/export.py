"""`caravan export`: the owner's lists as files, read beside a running Caravan."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.errors import BadInput
from bot.cli.failed import Failed
from bot.cli.settings import settings_of

if TYPE_CHECKING:
    from bot.message import File
    from bot.registry import Registry
    from cohorts.cohort import Cohort
    from cohorts.people import Workspace
    from cohorts.store import Db

FORMATS = ("csv", "xlsx", "json")
STANDARD_OUTPUT = Path("-")


def export(
    ctx: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="applications, attendance, homework, nps, graduates, … or all.")
    ],
    cohort: Annotated[
        str, typer.Option("--cohort", metavar="HANDLE", help="Which cohort; needed when there are several.")
    ] = "",
    format: Annotated[
        str, typer.Option("--format", metavar="csv|xlsx|json", help="csv, or what FILE ends with, when left out.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE|-", help="The file, or for `all` the folder; - prints it.")
    ] = None,
    workspace: Annotated[
        str, typer.Option("--workspace", metavar="NAME", help="Which workspace; needed when there are several.")
    ] = "",
) -> None:
    """Write a list, or all of them: a file each as CSV or JSON, or one Excel workbook. Caravan may run meanwhile.

    \b
    Example: caravan export graduates --cohort deploy-together-2027-01 --format xlsx
    """
    from bot import features
    from bot.cli.database import beside
    from bot.registry import collect

    registry = collect(features)
    known = [*registry.of("export"), "all"]
    if what not in known:
        raise BadInput(f"WHAT: found {what!r}, expected one of {', '.join(known)}")
    chosen = _format(format, out)
    if what == "all" and out == STANDARD_OUTPUT and chosen != "xlsx":
        raise BadInput("--out: several files cannot be printed; expected a folder, or --format xlsx")
    names = known[:-1] if what == "all" and chosen != "xlsx" else [what]
    with beside(settings_of(ctx)) as store:
        handle, files = store.read(lambda db: _made(db, registry, names, chosen, cohort=cohort, workspace=workspace))
    if out == STANDARD_OUTPUT:
        sys.stdout.flush()
        sys.stdout.buffer.write(files[0].content)
        sys.stdout.buffer.flush()
        return
    for path, file in _places(files, out, handle, whole=what == "all" and len(names) > 1):
        _write(path, file.content)
        typer.echo(path)


def _format(format: str, out: Path | None) -> str:
    ending = out.suffix.lstrip(".").lower() if out is not None else ""
    chosen = format.lower() or (ending if ending in FORMATS else "csv")
    if chosen not in FORMATS:
        raise BadInput(f"--format: found {format!r}, expected one of {', '.join(FORMATS)}")
    return chosen


def _made(
    db: Db, registry: Registry, names: Sequence[str], format: str, *, cohort: str, workspace: str
) -> tuple[str, list[File]]:
    """The cohort's handle and the files, all of one moment."""
    from bot.features.exports import made

    found = find_cohort(db, cohort, workspace)
    arguments = [{"export": name, "format": format, "cohort": found.id} for name in names]
    return found.handle, [made(db, one, registry) for one in arguments]


def find_cohort(db: Db, handle: str, workspace: str) -> Cohort:
    """The one that is named, or the only one there is."""
    from sqlmodel import col, select

    from cohorts.cohort import Cohort
    from cohorts.people import Workspace

    places = list(db.exec(select(Workspace).order_by(col(Workspace.id))))
    if not places:
        raise Failed("nothing to export: no workspace has met Caravan yet")
    place = _find_workspace(places, workspace)
    cohorts = list(db.exec(select(Cohort).where(Cohort.workspace_id == place.id).order_by(col(Cohort.id))))
    if not cohorts:
        raise Failed(f"nothing to export: {place.name} has no cohort yet")
    choices = ", ".join(one.handle for one in cohorts)
    if not handle:
        if len(cohorts) > 1:
            raise BadInput(f"--cohort: found none, expected one of {choices}")
        return cohorts[0]
    for one in cohorts:
        if one.handle == handle:
            return one
    raise BadInput(f"--cohort: found {handle!r}, expected one of {choices}")


def _find_workspace(places: Sequence[Workspace], name: str) -> Workspace:
    """By its name or the platform's id, `slack:T0123` too, because two platforms may use the same."""
    choices = ", ".join(f"{one.name} ({one.platform}:{one.external})" for one in places)
    if not name:
        if len(places) > 1:
            raise BadInput(f"--workspace: found none, expected one of {choices}")
        return places[0]
    wanted = name.casefold()
    found = [
        one
        for one in places
        if wanted in (one.name.casefold(), one.external.casefold(), f"{one.platform}:{one.external}".casefold())
    ]
    if len(found) != 1:
        what = "several" if found else "none"
        raise BadInput(f"--workspace: found {what} called {name!r}, expected one of {choices}")
    return found[0]


def _places(files: Sequence[File], out: Path | None, handle: str, *, whole: bool) -> list[tuple[Path, File]]:
    """Where each file goes: all of them into a folder, a single one by its name, under it, or where it was told."""
    if whole:
        folder = out or Path(handle)
        return [(folder / file.name, file) for file in files]
    if out is not None and not out.is_dir():
        return [(out, files[0])]
    return [((out or Path()) / files[0].name, files[0])]


def _write(path: Path, content: bytes) -> None:
    """The whole file or none: an export that stands there already is replaced at once."""
    half = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(content)
        os.replace(half, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            half.unlink()
        raise BadInput(f"--out: {path} cannot be written: {(error.strerror or 'unknown reason').lower()}") from None
