"""How a feature declares itself. A decorator only marks a function; `collect` reads the folder.

A feature is one file in `bot/features`: its commands, buttons, forms and due work, and its lines in the places that
show many features (home, digest, exports, badge counters, personal data). No list anywhere has to be edited.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TypeVar

from bot.command_text import Kind, OptionSpec
from bot.message import Choice
from cohorts.people import Role

F = TypeVar("F", bound=Callable[..., Any])
Complete = Callable[..., Sequence[Choice]]

_MARK = "__caravan__"

NOUNS = ("apply", "submit", "graduate", "cohort", "session", "program")
DEFAULTS = {"cohort": "home", "session": "when", "program": "list"}


@dataclass(frozen=True)
class Option:
    """One option of a command. `complete(ask)` lists choices while somebody types."""

    name: str
    help: str = ""
    kind: Kind = Kind.TEXT
    required: bool = False
    rest: bool = False
    choices: tuple[str, ...] = ()
    complete: Complete | None = field(default=None, compare=False)

    @property
    def spec(self) -> OptionSpec:
        return OptionSpec(self.name, self.kind, required=self.required, rest=self.rest, choices=self.choices)


@dataclass(frozen=True)
class Declared:
    """One entry: who handles what, and which role it asks for. Without a role nobody may use it."""

    sort: str  # "command", "button", "form", "due", "words", or an extension point
    name: str
    handler: Callable[..., Any]
    feature: str
    role: Role | None = None
    help: str = ""
    options: tuple[Option, ...] = ()
    reads: bool = False  # changes nothing: runs on the reading engine
    author: bool = False  # of a shortcut: it is about whoever wrote the message
    anonymous: bool = False  # of a form: nothing is kept that tells who filled it in, or when
    files: bool = False  # of a form: its handler takes what was attached


def _mark(sort: str, name: str, **details: Any) -> Callable[[F], F]:
    def mark(function: F) -> F:
        marks = [*getattr(function, _MARK, ()), (sort, name, details)]
        setattr(function, _MARK, marks)
        return function

    return mark


def command(
    name: str, *, help: str, role: Role | None = None, options: Iterable[Option] = (), reads: bool = False
) -> Callable[[F], F]:
    """A slash command or a subcommand, "cohort kudos". The handler takes the ask and the options by name."""
    return _mark("command", name, role=role, help=help, options=tuple(options), reads=reads)


def button(name: str, *, role: Role | None = None, reads: bool = False) -> Callable[[F], F]:
    """A press of "kudos/thank-back". The handler takes the ask and the button's arguments by name."""
    return _mark("button", name, role=role, reads=reads)


def form(name: str, *, role: Role | None = None, anonymous: bool = False, files: bool = False) -> Callable[[F], F]:
    """A submitted form. The handler takes the ask, the answers, and the form's arguments by name.

    `anonymous`: of what came in neither the id nor the time is kept; the handler sees to the rest. One that says
    `files=True` also takes the `files`, by field.
    """
    return _mark("form", name, role=role, anonymous=anonymous, files=files)


def closed(name: str, *, role: Role | None = None) -> Callable[[F], F]:
    """A form put away half done. Same arguments as `form`; what it returns is not shown."""
    return _mark("closed", name, role=role)


def vote(name: str, *, role: Role | None = None) -> Callable[[F], F]:
    """A vote in a platform's own poll that was posted under this name; what it returns is not shown.

    The handler takes the ask, the poll's arguments, the `choice` and whether it was `taken_back`.
    """
    return _mark("vote", name, role=role)


def entered(name: str) -> Callable[[F], F]:
    """Somebody whom we know is where people talk: `(ask, rooms, link, came) -> bool`, whether that was news.

    `rooms` are those of ours that the place belongs to, `link` leads there; it is told again while they stay, and
    `came` when they were elsewhere before.
    """
    return _mark("entered", name)


def due(name: str) -> Callable[[F], F]:
    """A touchpoint's work. The handler takes the due and the touchpoint's arguments by name."""
    return _mark("due", name)


def words(*phrases: str, name: str, role: Role | None = None, reads: bool = False) -> Callable[[F], F]:
    """Plain words in a direct message that start this handler, "when do we meet"."""
    return _mark("words", name, role=role, help="|".join(phrases), reads=reads)


def shortcut(name: str, *, role: Role | None = None, author: bool = False) -> Callable[[F], F]:
    """Something to do with a message of anybody's; its label stands in `[shortcuts]` of the feature's words.toml.

    The handler takes the ask, the message's `text` and a `link` that leads to it, or "". One that says `author=True`
    also takes the `author`, a Person, or None when that is nobody or isn't told; for any other, they stay a stranger.
    """
    return _mark("shortcut", name, role=role, author=author)


def visit(name: str) -> Callable[[F], F]:
    """What the bot's own page shows to whoever opens it: `(ask) -> Reply`. There is one, "page"."""
    return _mark("visit", name, role=Role.ANYONE, reads=True)


def home_line(name: str) -> Callable[[F], F]:
    """A line in `/cohort home`: `(ask, cohort, membership) -> Part | None`."""
    return _mark("home", name)


def digest_line(name: str) -> Callable[[F], F]:
    """A line of the weekly digest and the recap: `(db, cohort, since, now) -> Part | None`."""
    return _mark("digest", name)


def readiness_line(name: str) -> Callable[[F], F]:
    """A line of the card before a cohort starts, for those who conduct it: `(db, cohort, now) -> Part | None`."""
    return _mark("readiness", name)


def ahead(name: str) -> Callable[[F], F]:
    """Something slow to be worked out before a command, button or due work of this name: `(db, now) -> None`.

    It runs on a reader's thread and changes nothing. What it worked out is remembered by the pure function that did it,
    by all that went in: the transaction afterwards finds it there unless what it reads has changed.
    """
    return _mark("ahead", name)


def afterwards(name: str) -> Callable[[F], F]:
    """Something that follows from whatever somebody did, in the same transaction: `(ask) -> None`."""
    return _mark("after", name)


def arrival(name: str) -> Callable[[F], F]:
    """What waits for somebody who has an account since this moment: `(db, person, now) -> None`."""
    return _mark("arrival", name)


def counter(name: str) -> Callable[[F], F]:
    """A counter that badges may ask for ("kudos 3"): `(db, membership) -> int`."""
    return _mark("counter", name)


def quotable(name: str) -> Callable[[F], F]:
    """Words that members agreed to have quoted with their name: `(db, cohort) -> Sequence[Quote]`."""
    return _mark("quotable", name)


def export(name: str) -> Callable[[F], F]:
    """A list an owner can export: `(db, cohort) -> Sheet`."""
    return _mark("export", name)


def buddies_of(name: str) -> Callable[[F], F]:
    """Those who look after somebody: `(db, membership) -> Sequence[Membership]`."""
    return _mark("buddies", name)


def file_maker(name: str) -> Callable[[F], F]:
    """What an upload contains, made when it is sent: `(db, arguments, registry) -> File`."""
    return _mark("file", name)


@dataclass(frozen=True)
class Registry:
    """Everything the features declare, by sort and name."""

    entries: Mapping[str, Mapping[str, Declared]] = field(default_factory=dict)

    def of(self, sort: str) -> Mapping[str, Declared]:
        return self.entries.get(sort, {})

    def get(self, sort: str, name: str) -> Declared | None:
        return self.of(sort).get(name)

    def handlers(self, sort: str) -> dict[str, Callable[..., Any]]:
        """What the features add to one extension point, by name."""
        return {name: declared.handler for name, declared in self.of(sort).items()}

    @property
    def commands(self) -> Mapping[str, Declared]:
        return self.of("command")


def collect(*packages: ModuleType) -> Registry:
    """Read every module of the packages. Two declarations of one name are a mistake, said at once."""
    entries: dict[str, dict[str, Declared]] = {}
    for package in packages:
        for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda one: one.name):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            for declared in _declared_in(module, info.name):
                known = entries.setdefault(declared.sort, {})
                if declared.name in known:
                    raise ValueError(f"{declared.sort} {declared.name!r} is declared twice")
                known[declared.name] = declared
    for name in entries.get("command", {}):
        if name.split()[0] not in NOUNS:
            raise ValueError(f"/{name} is not one of the six commands; make it a subcommand of one of them")
    return Registry(entries)


def _declared_in(module: ModuleType, feature: str) -> Iterable[Declared]:
    for function in vars(module).values():
        if getattr(function, "__module__", None) == module.__name__:
            for sort, name, details in getattr(function, _MARK, ()):
                yield Declared(sort, name, function, feature, **details)
