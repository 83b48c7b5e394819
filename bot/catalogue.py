"""The programs that can be opened: ours, and those of the owner's folder, which come first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import structlog

from bot.ask import Listed
from bot.config import PROGRAMS
from cohorts import programs
from cohorts.programs import ProgramError

log = structlog.get_logger(__name__)

Stamp = tuple[tuple[Path, int, int], ...]  # each file, when it was changed, how long it is


class Catalogue(Mapping[str, Listed]):
    """Every program by its key. A file that is changed while Caravan runs is read again when somebody asks.

    What cannot be read then stays as it was, and is logged; at first, it is a ProgramError that names the file.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._known = self._stamp(), self._read()

    def _now(self) -> Mapping[str, Listed]:
        stamp = self._stamp()
        if stamp != self._known[0]:
            try:
                self._known = stamp, self._read()
            except (ProgramError, OSError) as error:
                self._known = stamp, self._known[1]
                log.warning("a program file cannot be read; the ones before it stay", error=type(error).__name__)
        return self._known[1]

    def _files(self) -> Iterator[Path]:
        for folder in self._folders:
            yield from sorted(folder.glob("*.toml"))

    def _stamp(self) -> Stamp:
        found = []
        for file in self._files():
            try:
                seen = file.stat()
            except OSError:
                continue
            found.append((file, seen.st_mtime_ns, seen.st_size))
        return tuple(found)

    def _read(self) -> Mapping[str, Listed]:
        return {listed.program.key: listed for listed in map(read, self._files())}

    def __getitem__(self, key: str) -> Listed:
        return self._now()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())


def load(*folders: Path | None) -> Catalogue:
    """Ours, and those of the owner's folders, which come first."""
    return Catalogue([one for one in (PROGRAMS, *folders) if one is not None])


def read(file: Path) -> Listed:
    program = programs.load(file)
    return Listed(program, file.read_text("utf-8-sig"))
