"""The programs that can be opened: ours, and those of the owner's folder, which come first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.ask import Listed
from bot.config import PROGRAMS
from cohorts import programs


def load(*folders: Path | None) -> Mapping[str, Listed]:
    """Every program by its key. ProgramError names the file that is not one."""
    found: dict[str, Listed] = {}
    for folder in (PROGRAMS, *folders):
        if folder is not None:
            for file in sorted(folder.glob("*.toml")):
                listed = read(file)
                found[listed.program.key] = listed
    return found


def read(file: Path) -> Listed:
    program = programs.load(file)
    return Listed(program, file.read_text("utf-8-sig"))
