"""What a deed means: which declared handler, with which arguments. Nothing is looked up and nobody is known yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.arguments import number
from bot.ask import COMMAND, DO
from bot.attached import LARGEST, MOST
from bot.command_text import Kind, UnknownCommand, bind, readable, route
from bot.message import Unread
from bot.platforms.base import (
    Changed,
    Deed,
    Entered,
    Filled,
    Inbound,
    Invited,
    OptionInfo,
    Picked,
    Pressed,
    Typed,
    Visited,
    Voted,
    Wrote,
)
from bot.registry import DEFAULTS, Declared, Option, Registry
from cohorts import inbox
from cohorts.errors import Invalid, Refused, Remark
from cohorts.facts import clean

FILL, CHOOSE = "commands/fill", "commands/choose"
COHORT = "/cohort"  # what these forms carry, beside the command; no option can be called so


@dataclass(frozen=True)
class Call:
    """A deed, understood: which declared handler, with which arguments."""

    declared: Declared
    args: Mapping[str, object]
    cohort: int | None = None
    filled: bool = False  # its options come from the form: what is wrong is said beside its field

    @property
    def attached(self) -> Sequence[str]:
        """The fields that came with files."""
        files = self.args.get("files") if self.declared.files else None
        return [key for key, some in files.items() if some] if isinstance(files, Mapping) else []

    def concerns(self, inbound: Inbound) -> Inbound:
        """Without those whom it is not about: nobody is written down because their message was handed in.

        And without the way back to who did it, where that is to stay unknown.
        """
        if isinstance(inbound.deed, Picked) and not self.declared.author:
            return replace(inbound, mentioned={})
        if self.declared.anonymous:
            return replace(inbound, event_id=inbox.without_trace(inbound.event_id))
        return inbound


class Understanding:
    """`prefix` stands before each command; `languages` are those in which dates are typed."""

    def __init__(self, registry: Registry, *, prefix: str, languages: tuple[str, ...]) -> None:
        self._registry = registry
        self._prefix = prefix
        self._languages = languages

    def call(self, deed: Deed) -> Call | None:
        """None for what asks for no answer, such as a form put away whose feature keeps nothing of it.

        Refused in a sentence when there is no such command, button or form, or its words don't fit. Invalid when
        what was attached to a form could not be read.
        """
        match deed:
            case Typed(text=text, marked=marked):
                return self._typed(text, marked=marked)
            case Filled(form=form, closed=True) if self._registry.get("closed", form) is None:
                return None
            case Filled(form=form, answers=answers, args=args, closed=closed, files=files, unread=unread):
                if form == FILL:
                    call = self._command(self._declared("command", str(args.get(COMMAND, ""))), answers)
                    return replace(call, cohort=number(args.get(COHORT)), filled=True)
                if form == CHOOSE:
                    call = self._command(self._declared("command", str(args.get(COMMAND, ""))), args)
                    return replace(call, cohort=number(answers.get("cohort")))
                declared = self._declared("closed" if closed else "form", form)
                brought = {"files": dict(files)} if declared.files else {}
                if unread and not closed:
                    raise Invalid(**{key: _remark(one) for key, one in unread.items()})
                return Call(declared, {**args, "answers": dict(answers), **brought})
            case Pressed(action=action, args=args) if action == DO:
                return self._command(self._declared("command", str(args.get(COMMAND, ""))), args)
            case Pressed(action=action, args=args):
                return Call(self._declared("button", action), dict(args))
            case Picked(action=action, text=text, link=link, author=author):
                declared = self._declared("shortcut", action)
                by = {"author": author} if declared.author else {}
                return Call(declared, {"text": text, "link": link, **by})
            case Visited():
                return Call(self._declared("visit", "page"), {})
            case Changed() | Invited() | Voted() | Entered():
                return None
            case Wrote(text=text):
                return Call(self._meant(text), {})

    def _typed(self, text: str, *, marked: bool) -> Call:
        try:
            path, rest = self.route(text)
        except UnknownCommand as unknown:
            nearest = unknown.nearest or ""
            raise Refused(
                "commands/unknown",
                typed=f"{unknown.noun} {unknown.word}".strip()[:60],
                noun=unknown.noun[:20],
                nearest=nearest,
            ) from None
        declared = self._registry.commands[path]
        bound = bind(clean(rest), [option.spec for option in declared.options], languages=self._languages)
        for problem in bound.problems:
            raise Refused(
                "commands/problem",
                option=problem.option,
                reason=problem.reason_key,
                found=problem.found[:100],
            )
        if bound.left_over.strip():
            raise Refused("commands/left-over", words=bound.left_over[:100], command=declared.name)
        kinds = {option.name: option.kind for option in declared.options}
        values = {
            name: readable(value) if marked and isinstance(value, str) and kinds[name] is Kind.TEXT else value
            for name, value in bound.values.items()
        }
        return self._command(declared, values)

    def _command(self, declared: Declared, values: Mapping[str, object]) -> Call:
        """Only options of the command, and only those that were given."""
        given = {option.name: values.get(option.name) for option in declared.options}
        return Call(declared, {name: value for name, value in given.items() if value not in (None, "", [])})

    def route(self, text: str) -> tuple[str, str]:
        """The command of a line typed so far, and the words after it; UnknownCommand when there is none."""
        bare = text.strip().removeprefix("/").lstrip()
        if self._prefix and bare.casefold().startswith(self._prefix.casefold()):
            bare = bare[len(self._prefix) :]
        path, rest = route(bare, self._registry.commands)
        if path in DEFAULTS:
            path = f"{path} {DEFAULTS[path]}"
        return path, rest

    def _declared(self, sort: str, name: str) -> Declared:
        declared = self._registry.get(sort, name)
        if declared is None:
            raise Refused("commands/gone")
        return declared

    def _meant(self, text: str) -> Declared:
        said = " ".join("".join(char if char.isalnum() else " " for char in text.casefold()).split())
        fits = [
            (len(phrase), declared.name)
            for declared in self._registry.of("words").values()
            for phrase in declared.help.split("|")
            if f" {phrase} " in f" {said} "
        ]
        if not fits:
            raise Refused("commands/not-understood")
        return self._registry.of("words")[max(fits)[1]]


def told(option: Option) -> OptionInfo:
    """An option as platforms know it."""
    completes = option.complete is not None
    return OptionInfo(option.name, option.help, option.kind, option.required, option.choices, completes, option.rest)


def _remark(unread: Unread) -> Remark:
    match unread.why:
        case "too-large":
            return Remark("file-too-large", name=unread.name[:60], megabytes=LARGEST // 2**20)
        case "too-many":
            return Remark("file-too-many", most=MOST)
        case _:
            return Remark("file-not-fetched", name=unread.name[:60])
