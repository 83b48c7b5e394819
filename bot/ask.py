"""What a handler is given, and what it may give back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from bot.message import Answer, Answers, Field, Files, Scalar
from bot.registry import Registry
from cohorts import outbox
from cohorts.cohort import Cohort, Membership, person_of, room_of
from cohorts.facts import Fact
from cohorts.outbox import About, Press
from cohorts.people import Person, Workspace, facilitators
from cohorts.programs import Program
from cohorts.rooms import Room
from cohorts.store import Db

Value: TypeAlias = str | int | float | bool

DO, COMMAND = "commands/do", "/command"  # a button, and what it carries; no option can be called so


@dataclass(frozen=True, slots=True)
class Listed:
    """A program that can be opened: parsed, and its file's text for the cohort's own copy."""

    program: Program
    toml: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody asks for something, inside the one transaction in which it is decided."""

    db: Db
    now: datetime
    person: Person
    place: Workspace
    event: str  # unique for ever: part of the key of whatever this ask causes
    room: Room | None = None
    cohort: int | None = None  # the cohort meant, where it was chosen
    catalogue: Mapping[str, Listed] = field(default_factory=dict)
    languages: tuple[str, ...] = ("en",)
    day_first: bool = True  # 3/4 is a day in April
    registry: Registry = field(default_factory=Registry)


@dataclass(frozen=True, slots=True)
class Due:
    """Something planned is due."""

    db: Db
    now: datetime
    due_at: datetime
    key: str  # unique for ever, changes with each revision
    registry: Registry = field(default_factory=Registry)

    def tell(
        self,
        member: Membership,
        template: str,
        /,
        *,
        expires: datetime | None = None,
        about: About | None = None,
        presses: Sequence[Press] = (),
        **facts: Fact,
    ) -> None:
        """A direct message to a member, once for this occasion; not sent when they pause or leave meanwhile."""
        outbox.tell(
            self.db,
            person_of(self.db, member),
            template,
            key=f"{self.key}/{member.id}",
            now=self.now,
            due=self.due_at,
            expires=expires,
            about=about,
            as_=member.hears,
            presses=presses,
            more=facts,
        )

    def tell_facilitators(
        self,
        cohort: Cohort,
        template: str,
        /,
        *,
        expires: datetime | None = None,
        about: About | None = None,
        presses: Sequence[Press] = (),
        more: Mapping[str, Fact] = outbox.NOTHING,
        **facts: Fact,
    ) -> None:
        """A direct message to each who conducts the program."""
        for facilitator in facilitators(self.db, cohort.workspace_id, cohort.program_key):
            self.tell_person(facilitator, template, expires=expires, about=about, presses=presses, more=more, **facts)

    def tell_person(
        self,
        person: Person,
        template: str,
        /,
        *,
        expires: datetime | None = None,
        about: About | None = None,
        presses: Sequence[Press] = (),
        more: Mapping[str, Fact] = outbox.NOTHING,
        **facts: Fact,
    ) -> None:
        """A direct message to somebody who hears it as no member, once for this occasion."""
        outbox.tell(
            self.db,
            person,
            template,
            key=f"{self.key}/person:{person.id}",
            now=self.now,
            due=self.due_at,
            expires=expires,
            about=about,
            presses=presses,
            more={**more, **facts},
        )

    def announce(
        self,
        cohort: Cohort,
        template: str,
        /,
        *,
        expires: datetime | None = None,
        about: About | None = None,
        presses: Sequence[Press] = (),
        **facts: Fact,
    ) -> None:
        """A message to the cohort's room."""
        outbox.announce(
            self.db,
            room_of(self.db, cohort),
            template,
            key=self.key,
            now=self.now,
            due=self.due_at,
            expires=expires,
            about=about,
            presses=presses,
            more=facts,
        )


@dataclass(frozen=True, slots=True)
class Part:
    """A card of a reply: words of its own with buttons of its own."""

    template: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    presses: Sequence[Press] = ()


@dataclass(frozen=True, init=False)
class Reply:
    """Words for the person who asked, seen by them alone. `replaces`: in the place of what they pressed."""

    template: str
    presses: Sequence[Press]
    parts: Sequence[Part]
    replaces: bool
    facts: Mapping[str, Fact]

    def __init__(
        self,
        template: str,
        /,
        *,
        presses: Sequence[Press] = (),
        parts: Sequence[Part] = (),
        replaces: bool = False,
        more: Mapping[str, Fact] | None = None,
        **facts: Fact,
    ) -> None:
        for name, value in (
            ("template", template),
            ("presses", presses),
            ("parts", parts),
            ("replaces", replaces),
            ("facts", {**(more or {}), **facts}),
        ):
            object.__setattr__(self, name, value)


@dataclass(frozen=True, init=False)
class Asking:
    """A form for the person who asked. Its title, submit button and labels stand in the feature's words.toml,
    unless a field brings the words of a program's author."""

    name: str
    fields: Sequence[Field]
    args: Mapping[str, Scalar]
    title: str | None
    intro: str | None  # a template
    facts: Mapping[str, Fact]
    page: int
    pages: int

    def __init__(
        self,
        name: str,
        fields: Sequence[Field],
        *,
        args: Mapping[str, Scalar] | None = None,
        title: str | None = None,
        intro: str | None = None,
        page: int = 1,
        pages: int = 1,
        **facts: Fact,
    ) -> None:
        for key, value in (
            ("name", name),
            ("fields", tuple(fields)),
            ("args", dict(args or {})),
            ("title", title),
            ("intro", intro),
            ("page", page),
            ("pages", pages),
            ("facts", facts),
        ):
            object.__setattr__(self, key, value)


def does(command: str, words: str | None = None) -> Press:
    """A button that does what a command does, for those who can't type one; it bears the command's name, or `words`."""
    return Press(DO, {COMMAND: command}, words=words, facts={"command": command})


Response: TypeAlias = Reply | Asking | None

__all__ = ["Answer", "Answers", "Ask", "Asking", "Due", "Files", "Listed", "Part", "Reply", "Response", "Value", "does"]
