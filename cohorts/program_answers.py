"""What people answer to a program's questions: checked, quoted, and weighed against the fit rubric."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cohorts.errors import Invalid, Remark
from cohorts.facts import Json, as_typed
from cohorts.program_kinds import QuestionKind
from cohorts.when import KEY

if TYPE_CHECKING:
    from cohorts.program_parts import Criterion, Question
    from cohorts.programs import Program

AnswerValue = str | int | float | bool | list[str] | None
Fact = str | int | list[str]

MAX_LENGTH = 3000
MY = re.compile(rf"\{{\{{ *my\.({KEY}) *\}}\}}")

_NUMBER = re.compile(r"[+-]?\d{1,15}([.]\d{1,9})?")
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}


class BadAnswer(ValueError):
    """An answer that can't be taken: `reason_key` names the sentence, `facts` fill it."""

    def __init__(self, reason_key: str, **facts: Fact) -> None:
        super().__init__(reason_key)
        self.reason_key = reason_key
        self.facts = facts


def check_answer(question: Question, value: object) -> AnswerValue:
    """The answer as it is kept (a date as ISO text, a choice as the program writes it), None when empty.

    Raises BadAnswer: required, too-long (limit), not-text, not-a-choice (choices), not-a-number,
    out-of-range (low, high), not-yes-or-no, not-a-date, not-a-link.
    """
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "" or (isinstance(value, (list, tuple)) and not value):
        if question.required:
            raise BadAnswer("required")
        return None
    match question.kind:
        case QuestionKind.LINE | QuestionKind.PARAGRAPH:
            return _text(question, value)
        case QuestionKind.LINK:
            return _link(_text(question, value))
        case QuestionKind.CHOICE:
            return _choice(question, value)
        case QuestionKind.CHOICES:
            chosen = {_choice(question, one) for one in (value if isinstance(value, (list, tuple)) else [value])}
            return [choice for choice in question.choices if choice in chosen]
        case QuestionKind.SCALE:
            return _within(_number(value), question.low, question.high)
        case QuestionKind.NPS:
            return _within(_number(value), 0, 10)
        case QuestionKind.NUMBER:
            return _number(value)
        case QuestionKind.DATE:
            return _date(value)
        case QuestionKind.YES_NO:
            return _yes_no(value)


def check_answers(questions: Iterable[Question], answers: Mapping[str, object]) -> dict[str, Json]:
    """Every answer to these questions in its kept form, or `Invalid` with a remark beside each that can't be taken."""
    checked: dict[str, Json] = {}
    wrong: dict[str, Remark] = {}
    for question in questions:
        try:
            value = check_answer(question, answers.get(question.key))
        except BadAnswer as bad:
            wrong[question.key] = Remark(bad.reason_key, **bad.facts)
            continue
        if value is not None:
            checked[question.key] = as_typed(value)
    if wrong:
        raise Invalid(**wrong)
    return checked


def _text(question: Question, value: object) -> str:
    if not isinstance(value, str):
        raise BadAnswer("not-text")
    if question.kind is QuestionKind.LINE:
        value = " ".join(value.splitlines())
    limit = question.max_length or MAX_LENGTH
    if len(value) > limit:
        raise BadAnswer("too-long", limit=limit, length=len(value))
    return value


def _link(text: str) -> str:
    if re.search(r"[\s\x00-\x1f\x7f<>|\"\\]", text):
        raise BadAnswer("not-a-link")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise BadAnswer("not-a-link") from None
    if parts.scheme.lower() not in ("http", "https") or not host:
        raise BadAnswer("not-a-link")
    return text


def _choice(question: Question, value: object) -> str:
    if isinstance(value, str):
        for choice in question.choices:
            if choice.casefold() == value.strip().casefold():
                return choice
    raise BadAnswer("not-a-choice", choices=list(question.choices))


def _number(value: object) -> int | float:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadAnswer("not-a-number")
    return value


def _within(value: int | float, low: int, high: int) -> int:
    if value != int(value) or not low <= value <= high:
        raise BadAnswer("out-of-range", low=low, high=high)
    return int(value)


def _date(value: object) -> str:
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            pass  # 2027-02-30: falls through to the one answer for every bad date
    raise BadAnswer("not-a-date")


def _yes_no(value: object) -> bool:
    if isinstance(value, str):
        value = _YES_NO.get(value.casefold())
    if not isinstance(value, bool):
        raise BadAnswer("not-yes-or-no")
    return value


def quote(text: str, answers: Mapping[str, object]) -> str:
    """`text` with each {{ my.KEY }} replaced by the reader's own answer, "…" when there is none.

    Nothing else is understood, and what stands in an answer is never looked at again.
    """

    told = iter(quotes_of(text, answers))
    return MY.sub(lambda _: next(told), text)


def quotes_of(text: str, answers: Mapping[str, object]) -> tuple[str, ...]:
    """The reader's own answer for each {{ my.KEY }} of a text, in their order."""
    found = []
    for match in MY.finditer(text):
        spoken = _spoken(answers.get(match[1]))
        # "You wanted: {{ my.goal }}. Reached?" with a goal that ends in a full stop of its own.
        ends = text[match.end() :].lstrip("*_")[:1] in (".", "?", "!")
        found.append(spoken.rstrip(".") if ends else spoken)
    return tuple(found)


def _spoken(answer: object) -> str:
    if answer is None or answer == "" or answer == []:
        return "…"
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if isinstance(answer, (list, tuple)):
        return ", ".join(str(one) for one in answer)
    return str(answer)


def same(answer: object, wanted: object) -> bool:
    """Whether two plain values are one: text whatever its case, and true is not 1."""
    if isinstance(answer, str) and isinstance(wanted, str):
        return answer.strip().casefold() == wanted.strip().casefold()
    if isinstance(answer, bool) and isinstance(wanted, str):
        return _YES_NO.get(wanted.strip().casefold()) is answer
    return isinstance(answer, bool) is isinstance(wanted, bool) and answer == wanted


def among(answer: object, wanted: Iterable[object]) -> bool:
    """Whether an answer, or one of several chosen, is among the wanted."""
    given = list(answer) if isinstance(answer, (list, tuple)) else [answer]
    return any(same(one, want) for want in wanted for one in given)


class Verdict(StrEnum):
    MET = "met"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judged:
    """One criterion and how the answers stand to it; unknown when the question was not answered."""

    criterion: Criterion
    verdict: Verdict

    @property
    def warns(self) -> bool:
        """A `must` that fails. One that is unknown is for the reviewer to ask about, not a warning."""
        return self.criterion.must and self.verdict is Verdict.FAILED


@dataclass(frozen=True, slots=True)
class Fit:
    """Advice to a reviewer: never a decision."""

    judged: tuple[Judged, ...]

    @property
    def share(self) -> float:
        """The met share of all weight, 0 to 1; 1 without criteria."""
        total = sum(one.criterion.weight for one in self.judged)
        met = sum(one.criterion.weight for one in self.judged if one.verdict is Verdict.MET)
        return met / total if total else 1.0

    @property
    def warnings(self) -> tuple[Judged, ...]:
        return tuple(one for one in self.judged if one.warns)

    @property
    def alternatives(self) -> tuple[str, ...]:
        """The kind alternatives for a decline, the weightiest failed criterion first."""
        failed = [one.criterion for one in self.judged if one.verdict is Verdict.FAILED]
        failed.sort(key=lambda criterion: (not criterion.must, -criterion.weight))
        return tuple(criterion.otherwise for criterion in failed if criterion.otherwise)

    @property
    def suggestions(self) -> tuple[str, ...]:
        """Keys of programs that failed criteria suggest instead, when they exist."""
        failed = (one.criterion for one in self.judged if one.verdict is Verdict.FAILED)
        return tuple(dict.fromkeys(criterion.suggest for criterion in failed if criterion.suggest))


def advise(program: Program, answers: Mapping[str, object]) -> Fit:
    """How an application fits the program's rubric, criterion by criterion."""
    criteria = program.application.criteria
    return Fit(tuple(Judged(one, _verdict(one, answers.get(one.question))) for one in criteria))


def _verdict(criterion: Criterion, answer: object) -> Verdict:
    given = answer is not None and answer != "" and answer != []
    if criterion.answered is not None:
        return Verdict.MET if given is criterion.answered else Verdict.FAILED
    if not given:
        return Verdict.UNKNOWN
    if criterion.any_of is not None:
        met = among(answer, criterion.any_of)
    elif criterion.equals is not None:
        met = among(answer, [criterion.equals])
    elif criterion.contains is not None:
        words = answer if isinstance(answer, (list, tuple)) else [answer]
        met = any(criterion.contains.casefold() in str(word).casefold() for word in words)
    else:
        if isinstance(answer, bool) or not isinstance(answer, (int, float)):
            return Verdict.UNKNOWN
        low, high = criterion.at_least, criterion.at_most
        met = (low is None or answer >= low) and (high is None or answer <= high)
    return Verdict.MET if met else Verdict.FAILED
