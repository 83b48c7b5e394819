"""What a handler is given, and what it may give back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from bot.message import Answer, Answers, Field, Files, Scalar
from bot.registry import Registry
from cohorts import outbox, quiet
from cohorts.bundling import daytime
from cohorts.cohort import Cohort, Membership, among, person_of, room_of
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
    pages: str = ""  # where browsers reach the pages that we serve; "" when they don't


@dataclass(frozen=True, slots=True)
class Due:
    """Something planned is due. `turns`: whose turn it is, and the moment of each; None: everybody's, at once."""

    db: Db
    now: datetime
    due_at: datetime
    key: str  # unique for ever, changes with each revision
    registry: Registry = field(default_factory=Registry)
    turns: Mapping[int, datetime] | None = None

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
        """A direct message to a member, once for this occasion; not sent when they pause or leave meanwhile.

        What can wait is a part of their letter of the day, and only for those whose turn it is. Whoever wants to hear
        less doesn't, and what asks for something is remembered until they are heard from.
        """
        key, person = f"{self.key}/{member.id}", person_of(self.db, member)
        if self.turns is not None and member.id not in self.turns:
            return
        # Later than planned it may be night again.
        at = self.now if self.turns is None else max(self.turns[member.id], daytime(self.now, person.zone))
        if quiet.holds_back(self.db, member, about, zone=person.zone, at=at, now=self.now):
            return
        if quiet.asks(presses):
            quiet.asked(self.db, member, at=at)
        more = {**among(self.db, member), **facts}
        if self.turns is None:
            outbox.tell(
                self.db,
                person,
                template,
                key=key,
                now=self.now,
                due=self.due_at,
                expires=expires,
                about=about,
                as_=member.hears,
                presses=presses,
                more=more,
            )
        else:
            outbox.enclose(
                self.db,
                person,
                template,
                key=key,
                at=at,
                now=self.now,
                expires=expires,
                about=about,
                as_=member.hears,
                presses=presses,
                more=more,
            )

    def tell_facilitators(
        self,
        cohort: Cohort,
        template: str,
        /,
        *,
        can_wait: bool = False,
        expires: datetime | None = None,
        about: About | None = None,
        presses: Sequence[Press] = (),
        more: Mapping[str, Fact] = outbox.NOTHING,
        **facts: Fact,
    ) -> None:
        """A direct message to each who conducts the program; by their day, if it `can_wait`."""
        for facilitator in facilitators(self.db, cohort.workspace_id, cohort.program_key):
            said = {**more, **facts}
            self.tell_person(
                facilitator, template, can_wait=can_wait, expires=expires, about=about, presses=presses, more=said
            )

    def tell_person(
        self,
        person: Person,
        template: str,
        /,
        *,
        can_wait: bool = False,
        expires: datetime | None = None,
        about: About | None = None,
        presses: Sequence[Press] = (),
        more: Mapping[str, Fact] = outbox.NOTHING,
        **facts: Fact,
    ) -> None:
        """A direct message to somebody who hears it as no member, once for this occasion; by day, if it `can_wait`."""
        key, said = f"{self.key}/person:{person.id}", {**more, **facts}
        at = daytime(self.now, person.zone)
        if can_wait and at > self.now:
            outbox.enclose(
                self.db,
                person,
                template,
                key=key,
                at=at,
                now=self.now,
                expires=expires,
                about=about,
                presses=presses,
                more=said,
            )
            return
        outbox.tell(
            self.db,
            person,
            template,
            key=key,
            now=self.now,
            due=self.due_at,
            expires=expires,
            about=about,
            presses=presses,
            more=said,
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
        ping: bool = True,
        more: Mapping[str, Fact] = outbox.NOTHING,
        **facts: Fact,
    ) -> None:
        """A message to the cohort's room; without a `ping` it is there for whoever looks."""
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
            ping=ping,
            more={**more, **facts},
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
