"""Before a program is open: what only its owner can know, asked for once and kept until it is.

Its place, who signs the letter, links: what the file leaves blank, and what it was written with as an example.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, select

from cohorts import lint, programs
from cohorts.errors import Invalid, Remark
from cohorts.facts import Json, clean
from cohorts.lint_remarks import texts_of
from cohorts.people import Person
from cohorts.program_answers import MAX_LENGTH
from cohorts.program_errors import ProgramError
from cohorts.program_writing import filled_in
from cohorts.programs import Program
from cohorts.store import Db, json, link, moment

# What every program may leave to whoever opens it, and the key of its field.
BLANKS = {
    "place": "place",
    "leader.name": "leader_name",
    "leader.title": "leader_title",
    "orientation.video": "video",
    "board": "board",
}
SHORT = 500  # characters of such a one
_NEEDED = ("leader.name",)  # the others may stay out


class Opening(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("person_id", "program_key"),)
    id: int = Field(default=None, primary_key=True)
    person_id: int = link("person.id", index=False)
    program_key: str = Field(max_length=64)
    texts: object = json()  # by their path in the file
    at: datetime = moment()

    @property
    def given(self) -> dict[str, str]:
        return dict(self.texts) if isinstance(self.texts, dict) else {}


@dataclass(frozen=True, slots=True)
class Missing:
    """One text to be said by whoever opens a program: where it stands, and what stands there now."""

    path: str
    field: str  # the key of its field
    text: str
    required: bool
    example: bool  # it was meant to be replaced


def missing(program: Program) -> list[Missing]:
    """The examples that must be replaced, then what is blank. Nothing when the file says it all."""
    written = texts(program)
    examples = [one.where for one in lint.placeholders(program)]
    found = [
        Missing(path, BLANKS.get(path, f"text-{n}"), written.get(path, ""), _is_needed(path), example=True)
        for n, path in enumerate(examples)
    ]
    blank = [path for path in BLANKS if not written.get(path) and path not in examples]
    return found + [Missing(path, BLANKS[path], "", required=False, example=False) for path in blank]


def texts(program: Program) -> dict[str, str]:
    """What stands where."""
    return dict(texts_of(program))


def _is_needed(path: str) -> bool:
    return path not in BLANKS or path in _NEEDED


def prepared(db: Db, person: Person, program: Program, toml: str) -> tuple[Program, str]:
    """The program with what this person has said of it."""
    kept = _kept(db, person, program)
    if kept is None:
        return program, toml
    try:
        toml = filled_in(toml, kept.given)
        return programs.parse(toml, file=program.key), toml
    except (KeyError, ProgramError):  # the file is another one by now
        return programs.parse(toml, file=program.key), toml


def say(
    db: Db,
    person: Person,
    program: Program,
    toml: str,
    answers: Mapping[str, str],
    *,
    only: Collection[str],
    now: datetime,
) -> None:
    """Keep what somebody says, by the keys of its fields; Invalid with a remark beside what can't be taken."""
    asked = [one for one in missing(program) if one.field in only]
    told = {one.path: clean(answers.get(one.field, "")).strip() for one in asked}
    wrong = {one.field: Remark("required") for one in asked if one.required and not told.get(one.path)}
    if told.get("leader.title") and not told.get("leader.name"):
        wrong["leader_name"] = Remark("required")
    for one in asked:
        if len(text := told[one.path]) > (most := SHORT if one.path in BLANKS else MAX_LENGTH):
            wrong[one.field] = Remark("too-long", limit=most, length=len(text))
    if wrong:
        raise Invalid(**wrong)
    blank = {one.path for one in missing(program) if not one.example}
    kept = _kept(db, person, program)
    merged = {**(kept.given if kept is not None else {}), **told}
    said: dict[str, Json] = {path: text for path, text in merged.items() if text or path not in blank}
    _check(toml, {path: str(text) for path, text in said.items()}, {one.path: one.field for one in asked})
    if kept is None:
        kept = Opening(person_id=person.id, program_key=program.key, at=now)
        db.add(kept)
    kept.texts, kept.at = said, now
    db.flush()


def _check(toml: str, said: Mapping[str, str], fields: Mapping[str, str]) -> None:
    """What would not run, and what still is an example, beside the fields that were asked."""
    try:
        filled = programs.parse(filled_in(toml, said), file="program")
    except (KeyError, ProgramError):
        raise Invalid(**{fields[path]: Remark("not-for-the-program") for path in said if path in fields}) from None
    wrong = {one.where: Remark("not-a-place" if one.where == "place" else "not-a-link") for one in _refused(filled)}
    wrong |= {one.where: Remark("an-example") for one in lint.placeholders(filled)}
    beside = {fields[path]: remark for path, remark in wrong.items() if path in fields}
    if beside:
        raise Invalid(**beside)


def _refused(program: Program) -> list[lint.Remark]:
    return [one for one in lint.lint(program) if one.refuses and one.code == "link"]


def done(db: Db, person: Person, program: Program) -> None:
    """It is open: what was kept for it stands in the cohort's own copy now."""
    kept = _kept(db, person, program)
    if kept is not None:
        db.delete(kept)
        db.flush()


def _kept(db: Db, person: Person, program: Program) -> Opening | None:
    return db.exec(
        select(Opening).where(Opening.person_id == person.id, Opening.program_key == program.key)
    ).one_or_none()
