"""One remark of the lint on a program, and the walk through every text of a program that lints share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from cohorts.program_fields import Part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cohorts.program_parts import Segment, SessionPlan
    from cohorts.programs import Program


@dataclass(frozen=True, slots=True)
class Remark:
    """`where` is a key path counted from one, `sessions[2].minutes`. What refuses can't be silenced."""

    code: str
    refuses: bool
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" + ("" if self.refuses else f" [{self.code}]")


def refusal(code: str, where: str, text: str) -> Remark:
    return Remark(code, True, where, text)


def advice(code: str, where: str, text: str) -> Remark:
    return Remark(code, False, where, text)


def unknown(where: str, noun: str, found: str, known: Iterable[str]) -> Remark:
    """Refuses a reference to something the program does not have, with the nearest that it has."""
    names = list(dict.fromkeys(known))
    if near := get_close_matches(found, names, 1):
        hint = f', did you mean "{near[0]}"?'
    elif names:
        hint = f", expected one of {', '.join(names)}"
    else:
        hint = ", and there is none"
    return refusal("unknown", where, f'found no {noun} "{found}"{hint}')


def texts_of(program: Program) -> Iterator[tuple[str, str]]:
    """Every text of a program with its path, but for the reasons under [lint]."""
    return ((path, text) for path, text in _walk(program, "") if not path.startswith("lint."))


def _walk(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Part):
        for name, field in type(value).model_fields.items():
            key = field.alias or name
            yield from _walk(getattr(value, name), f"{path}.{key}" if path else key)
    elif isinstance(value, tuple):
        for place, one in enumerate(value, start=1):
            yield from _walk(one, f"{path}[{place}]")
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _walk(one, f"{path}.{key}")
    elif isinstance(value, str):
        yield path, value


def agenda_path(program: Program, session: SessionPlan) -> str:
    """Where the run of show of a session is written."""
    if session.agenda_from is None:
        return f"sessions[{program.sessions.index(session) + 1}].agenda"
    keys = [agenda.key for agenda in program.agendas]
    return f"agendas[{keys.index(session.agenda_from) + 1}].segments"


def segments_of(program: Program, session: SessionPlan) -> tuple[Segment, ...]:
    """The run of show, or nothing when it is taken from an agenda that does not exist."""
    if session.agenda_from is not None and session.agenda_from not in {a.key for a in program.agendas}:
        return ()
    return program.agenda_of(session)
