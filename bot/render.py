"""A template and facts to a neutral message. What people wrote never passes through Jinja or Markdown as text:
each value becomes a numbered slot, the Markdown is parsed, and the slots return as nodes of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, ChoiceLoader, FileSystemLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot import markdown as md
from bot.ask import Asking, Part, Reply
from bot.message import (
    Button,
    ButtonStyle,
    Card,
    Form,
    Heading,
    Inline,
    Link,
    Mention,
    Message,
    Moment,
    MomentStyle,
    Poll,
    RoomMention,
    Text,
    plain,
)
from bot.words import Words
from cohorts.errors import Remark
from cohorts.facts import Fact, Markdown, PersonRef, RoomRef, clean, thaw
from cohorts.outbox import Press

_SLOTS = "slots of this rendering"  # no name a template could write
_REMOVED = ("safe", "e", "escape", "forceescape", "urlize", "tojson", "xmlattr", "striptags", "join")


@dataclass(frozen=True, slots=True)
class Directory:
    """The names and platform ids of the people and rooms that facts refer to."""

    people: Mapping[int, Mention] = field(default_factory=dict)
    rooms: Mapping[int, RoomMention] = field(default_factory=dict)


class _Slotted(str):
    """Text that is only slots; the one thing that leaves Jinja unescaped."""

    def __html__(self) -> str:
        return self


def refs(*facts: Fact) -> tuple[set[int], set[int]]:
    """The people and the rooms that facts refer to, for making a directory."""
    people: set[int] = set()
    rooms: set[int] = set()
    for fact in facts:
        for one in _walk(fact):
            if isinstance(one, PersonRef):
                people.add(one.id)
            elif isinstance(one, RoomRef):
                rooms.add(one.id)
    return people, rooms


def _walk(fact: Fact) -> Iterator[Fact]:
    if isinstance(fact, Mapping):
        for one in fact.values():
            yield from _walk(one)
    elif isinstance(fact, Sequence) and not isinstance(fact, str):
        for one in fact:
            yield from _walk(one)
    else:
        yield fact


class _Compiled(BytecodeCache):
    """What Jinja made of each text of a template, for as long as the process lives."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (made := self._made.get((bucket.key, bucket.checksum))) is not None:
            bucket.bytecode_from_string(made)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._made[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


@cache
def _compiled(roots: tuple[Path, ...]) -> _Compiled:
    """One for all who render from the same folders: each rehearsal has a renderer of its own."""
    return _Compiled()


class Renderer:
    """`roots` in the order in which a template is looked for: the owner's, the locale's, ours."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self.words = Words(roots)
        self._markdown = md.parser()
        self._jinja = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(root) for root in roots]),
            bytecode_cache=_compiled(tuple(roots)),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            finalize=_to_slot,
        )
        for name in _REMOVED:
            self._jinja.filters.pop(name, None)
        self._jinja.filters |= {"day": _day, "clock": _clock, "listed": _listed, "markdown": _markdown}
        self._jinja.filters |= {"foretold": self._foretold}
        self._jinja.tests |= {"url": _is_url}

    def has(self, template: str) -> bool:
        return f"{template}.md.j2" in self._jinja.list_templates()

    def message(
        self,
        template: str,
        facts: Mapping[str, Fact],
        presses: Iterable[Press] = (),
        parts: Iterable[Part] = (),
        directory: Directory | None = None,
    ) -> Message:
        """Raises jinja2.TemplateError when the template is missing or asks for a fact that is not there."""
        where = directory or Directory()
        body = self._parsed(template, facts, where)
        cards = tuple(Card(self._card_blocks(part, where), self.buttons(part.presses)) for part in parts)
        return Message(_titled(body.title, facts), body.blocks, cards, self.buttons(presses), poll_of(facts))

    def reply(self, reply: Reply, directory: Directory) -> Message:
        return self.message(reply.template, reply.facts, reply.presses, reply.parts, directory)

    def _card_blocks(self, part: Part, directory: Directory) -> tuple[Any, ...]:
        body = self._parsed(part.template, part.facts, directory)
        return (*((Heading(body.title),) if body.title else ()), *body.blocks)

    def _parsed(self, template: str, facts: Mapping[str, Fact], directory: Directory) -> md.Parsed:
        slots: list[md.Slot] = []
        text = self._jinja.get_template(f"{template}.md.j2").render({**facts, _SLOTS: (slots, directory)})
        return md.parse(self._markdown, text, slots)

    def buttons(self, presses: Iterable[Press]) -> tuple[Button, ...]:
        return tuple(
            Button(press.action, self._label(press), press.args, ButtonStyle(press.style)) for press in presses
        )

    def _label(self, press: Press) -> str:
        feature, _, name = press.action.partition("/")
        return clean(self.words.get(feature, "buttons", press.words or name, press.facts))[:75]

    def _foretold(self, rule: str, title: str = "") -> str:
        """What a member gets by a rule, in the words of its feature; nothing when it has none."""
        feature, _, name = rule.partition("/")
        known = self.words.find(feature, "preview", name)
        return self.words.get(feature, "preview", name, {"title": title}) if known else ""

    def form(self, asking: Asking, directory: Directory) -> Form:
        """Words that the asking does not bring come from `[forms.NAME]` and `[fields]` of the feature's words.toml."""
        feature, _, name = asking.name.partition("/")
        fields = tuple(
            replace(
                field_,
                label=field_.label or self.words.get(feature, "fields", field_.key, asking.facts),
                help=field_.help or self.words.find(feature, "help", field_.key) or "",
            )
            for field_ in asking.fields
        )
        intro = self._parsed(asking.intro, asking.facts, directory).blocks if asking.intro else ()
        return Form(
            name=asking.name,
            title=clean(asking.title or self.words.get(feature, "forms", name, asking.facts)),
            fields=fields,
            submit=self._submit_label(feature, name, last=asking.page >= asking.pages),
            intro=intro,
            args=dict(asking.args),
            page=asking.page,
            pages=asking.pages,
        )

    def _submit_label(self, feature: str, name: str, *, last: bool) -> str:
        if not last:
            return self.words.get("forms", "submit", "continue")
        return self.words.find(feature, "submit", name) or self.words.get("forms", "submit", "send")

    def remark(self, remark: Remark) -> str:
        """The sentence beside a field."""
        return self.words.get("forms", "remarks", remark.reason, remark.facts)


def presses_of(frozen: object) -> list[Press]:
    """The presses that an effect keeps as JSON."""
    out = []
    for one in frozen if isinstance(frozen, list) else []:
        facts = thaw(one["facts"])
        out.append(
            Press(
                one["action"],
                dict(one["args"]),
                one["style"],
                one["words"],
                dict(facts) if isinstance(facts, dict) else {},
            )
        )
    return out


def parts_of(facts: Mapping[str, Fact]) -> list[Part]:
    """The cards that an effect keeps among its facts: `parts`, each with a template and facts of its own."""
    kept = facts.get("parts")
    out = []
    for one in kept if isinstance(kept, list) else []:
        if isinstance(one, dict) and isinstance(own := one.get("facts"), dict):
            out.append(Part(str(one["template"]), own))
    return out


def _titled(title: tuple[Inline, ...], facts: Mapping[str, Fact]) -> tuple[Inline, ...]:
    """Whoever is in several cohorts reads of which one it is, unless that stands there."""
    name = facts.get("among")
    if not isinstance(name, str) or not title or name in plain(title):
        return title
    return (*title, Text(f" · {name}", literal=True))


def poll_of(facts: Mapping[str, Fact]) -> Poll | None:
    """The poll that an effect keeps among its facts, for people to vote in."""
    kept = facts.get("poll")
    if not isinstance(kept, dict) or not isinstance(ends := kept.get("ends"), datetime):
        return None
    args, choices, counts = kept.get("args"), kept.get("choices"), kept.get("counts")
    return Poll(
        name=str(kept["name"]),
        question=clean(str(kept["question"])),
        choices=tuple(clean(str(one)) for one in choices) if isinstance(choices, list) else (),
        counts=tuple(one for one in counts if isinstance(one, int)) if isinstance(counts, list) else (),
        ends=ends,
        args={name: one for name, one in args.items() if isinstance(one, (str, int))} if isinstance(args, dict) else {},
        closed=kept.get("closed") is True,
        unnamed=kept.get("unnamed") is True,
        hidden=kept.get("hidden") is True,
    )


@pass_context
def _to_slot(context: Context, value: object) -> str:
    if isinstance(value, _Slotted):
        return value
    if isinstance(value, Undefined):
        return str(value)  # raises, naming what is missing
    return _slotted(context, value)


def _slotted(context: Context, value: object) -> _Slotted:
    slots, directory = context.parent[_SLOTS]
    slots.append(_node(value, directory))
    return _Slotted(f"{md.OPEN}{len(slots) - 1}{md.CLOSE}")


def _node(value: object, directory: Directory) -> md.Slot:
    match value:
        case PersonRef(id=id_):
            return directory.people.get(id_) or Mention("…", None)
        case RoomRef(id=id_):
            return directory.rooms.get(id_) or RoomMention("…", None)
        case Moment() | Link():
            return value
        case Markdown(text=text, quotes=quotes):
            return Markdown(clean(text), tuple(clean(one) for one in quotes))
        case datetime():
            return Moment(value)
        case date():
            return f"{value:%A} {value.day} {value:%B %Y}"
        case float():
            return f"{value:g}"
        case None:
            return ""
        case _:
            return clean(str(value))


def _day(value: datetime) -> Moment:
    return Moment(value, MomentStyle.DAY)


def _clock(value: datetime) -> Moment:
    return Moment(value, MomentStyle.CLOCK)


def _markdown(value: str | Markdown) -> Markdown:
    return value if isinstance(value, Markdown) else Markdown(value)


def _is_url(value: object) -> bool:
    return isinstance(value, str) and value.lower().startswith(("http://", "https://"))


@pass_context
def _listed(context: Context, values: Sequence[object], last: str = "and") -> _Slotted:
    """ "Ana, Ben and Chi" of anything that may stand in a template."""
    parts = [_slotted(context, value) for value in values]
    if len(parts) < 2:
        return _Slotted("".join(parts))
    return _Slotted(f"{', '.join(parts[:-1])} {last} {parts[-1]}")
