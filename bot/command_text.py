"""The words after a slash command, read tolerantly into the options that the command declares. Nothing raises
on what people type; only `route` refuses a subcommand that does not exist."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from bot.plain_dates import MOST_WORDS, leading_moment
from cohorts.facts import clean

Value = str | int | float | bool

# One letter chooses nothing: "a" begins too many sentences. With the option's name it may.
SHORTEST_PREFIX = 2


class Kind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    PERSON = "person"
    ROOM = "room"
    MOMENT = "moment"
    LINK = "link"
    CHOICE = "choice"
    YES_NO = "yes_no"


@dataclass(frozen=True)
class OptionSpec:
    """One option of a command; `rest` takes all the words that remain, as they were typed."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    rest: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Token:
    """A word, or several in quotes; `key` and `value` are the two sides of its colon or equals sign."""

    text: str  # without its quotes
    start: int
    end: int
    quoted: bool = False
    key: str = ""
    value: str = ""

    @property
    def is_quotation(self) -> bool:
        """Whether all of it is in quotes; not so behind a name."""
        return self.quoted and not self.key


@dataclass(frozen=True)
class Problem:
    """What was found where an option expected something else."""

    option: str
    reason_key: str  # "not-a-" and the kind, "ambiguous-choice", or "given-twice"
    found: str


@dataclass(frozen=True)
class Bound:
    """People and rooms are an id, or a handle with its @ or #; moments are still text."""

    values: dict[str, Value]
    missing: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    left_over: str = ""


class UnknownCommand(LookupError):
    """`noun` has no `word`, or, when that is empty, there is no `noun`; `nearest` may have been meant."""

    def __init__(self, noun: str, word: str, nearest: str | None) -> None:
        self.noun, self.word, self.nearest = noun, word, nearest
        super().__init__(f"unknown command: {noun[:40]} {word[:40]}".rstrip())


def route(text: str, known: Collection[str]) -> tuple[str, str]:
    """The known command path that `text` begins with, and the words after it as they were typed.

    A noun alone is its own path, whether or not it is known as one: its default subcommand is the caller's.
    """
    noun, rest = _first_word(text.strip().removeprefix("/"))
    paths = {_same(path): path for path in known}
    nouns = {path.split(" ")[0] for path in paths}
    if noun not in nouns:
        raise UnknownCommand(noun, "", _nearest(noun, nouns))
    subcommands = {path.split(" ", 1)[1] for path in paths if path.startswith(noun + " ")}
    if not rest or not subcommands:
        return paths.get(noun, noun), rest
    word, after = _first_word(rest)
    if word not in subcommands:
        raise UnknownCommand(noun, word, _nearest(word, subcommands))
    return paths[f"{noun} {word}"], after


def _first_word(text: str) -> tuple[str, str]:
    word, *rest = text.split(None, 1) or [""]
    return _same(word), "".join(rest).strip()


def _same(name: str) -> str:
    """Names that differ only in capitals, spaces or underscores are the same."""
    return " ".join(name.casefold().replace("_", "-").split())


def _nearest(word: str, names: Collection[str]) -> str | None:
    return next(iter(get_close_matches(word[:40], sorted(names), n=1)), None)


# What closes a quotation, by what opened it. Phones and habits mix them.
_CLOSES = {'"': '"', "“": '”"', "„": '“”"', "”": '”"', "«": "»", "»": "«", "＂": "＂"}
_KEY = re.compile(r"([^\W\d_][\w-]*)([:=])")
# What ends a sentence right behind a marker is none of the words that follow.
_MARKER = re.compile(r"(<(?:[@#]|https?://)[^<>]{0,2000}>)(?:[,;:.!?]+(?=\s|$))?", re.IGNORECASE)


_WORD = re.compile(r"\S*")


def split(text: str) -> list[Token]:
    """The words of `text`; quotes and markers such as <@ID> hold words together, an open quote to the end."""
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        key = _KEY.match(text, at)
        start = key.end() if key else at
        quoted = text[start : start + 1] in _CLOSES
        value, end = _quotation(text, start) if quoted else _word(text, start)
        if key:
            tokens.append(Token(text[at:end], at, end, quoted, key[1], value))
        else:
            tokens.append(Token(value, at, end, quoted))
        at = end
    return tokens


def _quotation(text: str, start: int) -> tuple[str, int]:
    ends = (text.find(mark, start + 1) for mark in _CLOSES[text[start]])
    end = min((end for end in ends if end >= 0), default=len(text))
    return text[start + 1 : end].strip(), min(end + 1, len(text))


def _word(text: str, start: int) -> tuple[str, int]:
    if marker := _MARKER.match(text, start):
        return marker[1], marker.end()
    found = _WORD.match(text, start)
    return (found[0], found.end()) if found else ("", start)


def bind(text: str, options: Sequence[OptionSpec], *, languages: Sequence[str] = ("en",)) -> Bound:
    """Gives each option its words.

    1. `name:value` and `name=value` go where they say.
    2. Every other word goes to the first option still empty whose kind it fits; a moment takes as many words
       as can be one date in `languages`.
    3. Otherwise it goes to the first text still empty, quoted words before loose ones; a `rest` takes all.
    4. What fits nowhere is told as a problem of an option that is still empty, or left over.
    """
    return _Binding(text, options, languages).bound()


class _Binding:
    def __init__(self, text: str, options: Sequence[OptionSpec], languages: Sequence[str]) -> None:
        self.text, self.options, self.languages = text, options, languages
        self.named = {_same(option.name): option for option in options}
        self.tokens = split(text)
        self.at = 0
        self.values: dict[str, Value] = {}
        self.problems: list[Problem] = []
        self.nowhere: list[Token] = []

    def bound(self) -> Bound:
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if option := self._option_named_by(token):
                self._by_name(option, token)
            elif not self._by_kind(token) and not self._as_text(token):
                self.nowhere.append(token)
                self.at += 1
        self._explain()
        told = {problem.option for problem in self.problems}
        missing = (o.name for o in self._empty() if o.required and o.name not in told)
        return Bound(self.values, tuple(missing), tuple(self.problems), self._typed(self.nowhere))

    def _empty(self) -> list[OptionSpec]:
        return [option for option in self.options if option.name not in self.values]

    def _typed(self, tokens: Sequence[Token]) -> str:
        return " ".join(self.text[token.start : token.end] for token in tokens)

    def _option_named_by(self, token: Token) -> OptionSpec | None:
        # "https:" is no name, whatever the options are called.
        return None if token.value.startswith("//") else self.named.get(_same(token.key))

    def _by_name(self, option: OptionSpec, token: Token) -> None:
        value = Token(token.value, token.start + len(token.key) + 1, token.end, token.quoted)
        if not value.text and not value.is_quotation:  # "when: tue"
            if self.at + 1 == len(self.tokens) or self._option_named_by(self.tokens[self.at + 1]):
                self.at += 1
                return
            self.at += 1
            value = self.tokens[self.at]
        if option.name in self.values:
            self.problems.append(Problem(option.name, "given-twice", value.text))
            self.at += 1
        elif option.rest and not value.is_quotation:
            self._take_rest(option, value)
        elif option.kind is Kind.MOMENT and not value.is_quotation:
            self._take_moment(option, value, max(1, self._moment_words(value)))
        elif (read := _read(option, value.text)) is not None:
            self.values[option.name] = read
            self.at += 1
        elif option.kind is Kind.PERSON and value.text:  # a bare name, since it was said to be one
            self.values[option.name] = value.text
            self.at += 1
        else:
            ambiguous = option.kind is Kind.CHOICE and len(_matching(option, value.text)) > 1
            reason = "ambiguous-choice" if ambiguous else _not_a(option)
            self.problems.append(Problem(option.name, reason, value.text))
            self.at += 1

    def _by_kind(self, token: Token) -> bool:
        text_waits = any(option.kind is Kind.TEXT for option in self._empty())
        for option in self._empty():
            if option.kind is Kind.TEXT:
                # Quotes are for texts; only a whole date may use them, before the first text.
                if token.is_quotation:
                    return False
            elif option.kind is Kind.MOMENT:
                if len(self.nowhere) > MOST_WORDS:  # a page of text, not a command
                    continue
                if count := self._whole_moment(token) if token.is_quotation else self._moment_words(token):
                    self._take_moment(option, token, count)
                    return True
            elif not (token.is_quotation and text_waits) and (read := _read_loose(option, token.text)) is not None:
                self.values[option.name] = read
                self.at += 1
                return True
        return False

    def _as_text(self, token: Token) -> bool:
        texts = [option for option in self._empty() if option.kind is Kind.TEXT]
        if not texts:
            return False
        if texts[0].rest:
            self._take_rest(texts[0], token)
            return True
        quotations = sum(other.is_quotation for other in self.tokens[self.at :])
        if not token.is_quotation and quotations >= len(texts):
            return False
        self.values[texts[0].name] = token.text
        self.at += 1
        return True

    def _take_rest(self, option: OptionSpec, first: Token) -> None:
        remaining = self.tokens[self.at + 1 :]
        whole = self.text[first.start :].strip()
        self.values[option.name] = first.text if first.is_quotation and not remaining else whole
        self.at = len(self.tokens)
        # Whom or what the command cannot do without may stand within the sentence; it stays there too.
        for other in self._empty():
            if other.required and other.kind in (Kind.PERSON, Kind.ROOM, Kind.LINK):
                found = (_read(other, token.text) for token in remaining)
                value = next((value for value in found if value is not None), None)
                if value is not None:
                    self.values[other.name] = value

    def _whole_moment(self, token: Token) -> int:
        words = token.text.split()[: MOST_WORDS + 1]
        return int(bool(words) and leading_moment(words, languages=self.languages) == len(words))

    def _moment_words(self, first: Token) -> int:
        words = [first.text]
        for token in self.tokens[self.at + 1 :]:
            if token.is_quotation or self._option_named_by(token) or len(words) >= MOST_WORDS:
                break
            words.append(token.text)
        return leading_moment(words, languages=self.languages)

    def _take_moment(self, option: OptionSpec, first: Token, count: int) -> None:
        words = [first, *self.tokens[self.at + 1 : self.at + count]]
        self.values[option.name] = " ".join(token.text for token in words)
        self.at += count

    def _explain(self) -> None:
        """Words that fit nowhere are likely a slip in what is still empty, first in what is required."""
        for option in sorted(self._empty(), key=lambda option: not option.required):
            if not self.nowhere or option.kind is Kind.TEXT:
                continue
            if option.kind is Kind.MOMENT:  # whoever reads it can say which word is no date
                self.values[option.name] = " ".join(token.text for token in self.nowhere)
                self.nowhere = []
            elif all(problem.option != option.name for problem in self.problems):
                self.problems.append(Problem(option.name, _not_a(option), self.nowhere.pop(0).text))


_INTEGER = re.compile(r"[+-]?[0-9]{1,15}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,15}[.,][0-9]{1,6}")
_PERSON = re.compile(r"<@!?([^<>|\s]+)(?:\|[^<>]*)?>|(@[^\s@<>#]+)")
_ROOM = re.compile(r"<#([^<>|\s]+)(?:\|[^<>]*)?>|(#[^\s@<>#]+)")
_LINK = re.compile(r"<(https?://[^\s<>|]+)(?:\|[^<>]*)?>|(https?://[^\s<>]+)", re.IGNORECASE)
_NAMED = re.compile(r"<([@#])[^<>|\s]+\|[@#]?([^<>|]+)>|<(https?://[^\s<>|]+)(?:\|[^<>]*)?>", re.IGNORECASE)
_YES = frozenset({"yes", "y", "true", "on"})
_NO = frozenset({"no", "n", "false", "off"})


def _read(option: OptionSpec, text: str) -> Value | None:
    """`text` as a value of the option's kind, or None when it is none."""
    bare = text.rstrip(",;.!?")
    match option.kind:
        case Kind.TEXT | Kind.MOMENT:
            return text
        case Kind.NUMBER:
            if _INTEGER.fullmatch(bare):
                return int(bare)
            return float(bare.replace(",", ".")) if _DECIMAL.fullmatch(bare) else None
        case Kind.PERSON:
            return _either(_PERSON.fullmatch(bare))
        case Kind.ROOM:
            return _either(_ROOM.fullmatch(bare))
        case Kind.LINK:
            return _either(_LINK.fullmatch(text.rstrip(",;")))
        case Kind.CHOICE:
            exact = _exact(option, bare)
            matching = [exact] if exact else _matching(option, bare)
            return matching[0] if len(matching) == 1 else None
        case Kind.YES_NO:
            word = bare.casefold()
            return word in _YES if word in _YES | _NO else None


def readable(text: str) -> str:
    """Words for people: whom and what a platform's markers name by the name they carry, links as their address."""
    return _NAMED.sub(lambda found: found[3] or found[1] + found[2], text)


def as_value(option: OptionSpec, given: Value) -> Value | None:
    """What a form's field was filled with, as the option's value; None when it is none. A bare name is a person."""
    if isinstance(given, bool) and option.kind is Kind.YES_NO:
        return given
    text = clean(str(given)).strip()
    if option.kind in (Kind.PERSON, Kind.ROOM, Kind.LINK):
        return _read(option, text) or text
    return _read(option, text)


def _read_loose(option: OptionSpec, text: str) -> Value | None:
    """The same for a word that stands without the option's name."""
    if option.kind is Kind.CHOICE and len(text) < SHORTEST_PREFIX and not _exact(option, text):
        return None
    return _read(option, text)


def _either(found: re.Match[str] | None) -> str | None:
    return (found[1] or found[2]) if found else None


def _exact(option: OptionSpec, text: str) -> str | None:
    return next((choice for choice in option.choices if _same(choice) == _same(text)), None)


def _matching(option: OptionSpec, text: str) -> list[str]:
    return [choice for choice in option.choices if text and _same(choice).startswith(_same(text))]


def _not_a(option: OptionSpec) -> str:
    return "not-a-" + option.kind.replace("_", "-")
