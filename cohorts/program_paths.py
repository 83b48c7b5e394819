"""Badges, learning paths and milestones of a program file."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field, PlainValidator, StrictInt, model_validator

from cohorts.program_fields import EventName, Key, Minutes, Moment, Number, Part, Text, words_first, wrong
from cohorts.program_kinds import Cadence, ItemKind, MilestoneOf
from cohorts.when import EVENT, KEY, WhenError


@dataclass(frozen=True, slots=True)
class Earned:
    """When a badge is earned: `needed` of a counter, or at graduation when `counter` is None."""

    counter: str | None = None
    needed: int = 1


def parse_earned(text: str) -> Earned:
    """ "graduated" or a counter and a number, such as "homework 3"."""
    if text.strip() == "graduated":
        return Earned()
    match = re.fullmatch(r"([a-z][a-z0-9_-]*) +(\d{1,6})", text.strip())
    if match is None or int(match[2]) == 0:
        raise WhenError('expected "graduated", or a counter and a number such as "homework 3"')
    return Earned(match[1], int(match[2]))


class Badge(Part):
    key: Key
    name: Text
    description: str = ""
    criteria: str = ""
    when: Annotated[Earned, PlainValidator(words_first(parse_earned, '"graduated"'))] = Earned()


COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class SkipIf:
    """When a path item is not needed: a survey's answer, a quiz's percentage, or an event seen."""

    survey: str | None = None
    question: str | None = None
    quiz: str | None = None
    event: str | None = None
    compare: str = "=="
    value: str = ""


def parse_skip(text: str) -> SkipIf:
    """ "pre.confidence >= 4", "quiz check >= 80" or "event vault.shared"."""
    compare = "|".join(sorted(map(re.escape, COMPARE), key=len, reverse=True))
    words = text.strip()
    if match := re.fullmatch(rf"event +({EVENT})", words):
        return SkipIf(event=match[1])
    if match := re.fullmatch(rf"quiz +({KEY}) *({compare}) *(\d{{1,3}}) *%?", words):
        return SkipIf(quiz=match[1], compare=match[2], value=match[3])
    if match := re.fullmatch(rf"({KEY})\.({KEY}) *({compare}) *(\S.*)", words):
        return SkipIf(match[1], match[2], compare=match[3], value=match[4].strip().strip('"'))
    raise WhenError('expected "pre.confidence >= 4", "quiz check >= 80" or "event vault.shared"')


class QuizQuestion(Part):
    ask: Text
    choices: tuple[Text, ...] = Field(min_length=2)
    answer: Text
    because: str = ""

    @model_validator(mode="after")
    def _answer_is_a_choice(self) -> Self:
        if self.answer not in self.choices:
            raise wrong("answer", f'found "{self.answer}", expected one of the choices')
        return self


class PathItem(Part):
    key: Key
    title: Text
    kind: ItemKind
    url: str | None = None
    minutes: Minutes | None = None
    when: Moment | None = None
    skip_if: Annotated[SkipIf, PlainValidator(words_first(parse_skip, '"event vault.shared"'))] | None = None
    pass_percent: StrictInt | None = Field(default=None, alias="pass", ge=0, le=100)
    questions: tuple[QuizQuestion, ...] = ()

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind is ItemKind.QUIZ and not self.questions:
            raise wrong("questions", "is missing: a quiz asks at least one question")
        if self.kind is not ItemKind.QUIZ and (self.questions or self.pass_percent is not None):
            field = "questions" if self.questions else "pass"
            raise wrong(field, f'expected in an item of kind "quiz" only, and this is "{self.kind}"')
        return self


class LearningPath(Part):
    persona: str | None = None
    cadence: Cadence = Cadence.WEEKLY
    items: tuple[PathItem, ...] = Field(min_length=1)


class Milestone(Part):
    key: Key
    name: Text
    event: EventName
    of: MilestoneOf = MilestoneOf.PEOPLE
    at_least: Number
    by: Moment

    @model_validator(mode="after")
    def _at_least_something(self) -> Self:
        if self.at_least <= 0:
            raise wrong("at_least", f"found {self.at_least}, expected a share such as 0.8, or a count")
        return self
