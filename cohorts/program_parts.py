"""The parts of a program file, table by table, with every default of the format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, PlainValidator, StrictBool, StrictInt, model_validator

from cohorts.program_fields import (
    Answer,
    Key,
    Minutes,
    Moment,
    Number,
    Part,
    Slug,
    Span,
    Text,
    unique,
    wrong,
)
from cohorts.program_kinds import Accept, Evidence, Mix, Odd, QuestionKind, SegmentKind, SessionKind, Urgency, Wall
from cohorts.when import Anchor, parse_duration, parse_when


class Size(Part):
    """How many: what is not written fits around what is, so that `max = 10` alone is a whole answer."""

    min: StrictInt = Field(default=8, ge=1)
    target: StrictInt = Field(default=12, ge=1)
    max: StrictInt = Field(default=15, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _defaults_fit(cls, raw: object) -> object:
        if not isinstance(raw, Mapping) or any(type(value) is not int for value in raw.values()):
            return raw
        low = raw.get("min", min(8, raw.get("target", 8), raw.get("max", 8)))
        high = raw.get("max", max(15, raw.get("target", 15), low))
        return {"target": min(max(12, low), high)} | dict(raw) | {"min": low, "max": high}

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.min <= self.max:
            raise wrong("max", f"found {self.max}, expected at least min, which is {self.min}")
        if not self.min <= self.target <= self.max:
            raise wrong("target", f"found {self.target}, expected a number from {self.min} to {self.max}")
        return self


class Commitment(Part):
    hours_per_week: Number | None = None
    text: str = ""


class Leader(Part):
    name: str = ""  # asked for when the program is opened
    title: str = ""
    letter: str = ""


class Orientation(Part):
    video: str = ""
    text: str = ""
    checklist: tuple[str, ...] = ()


class Question(Part):
    key: Key
    ask: Text
    kind: QuestionKind
    help: str = ""
    required: StrictBool = False
    max_length: StrictInt | None = Field(default=None, ge=1)
    choices: tuple[Text, ...] = ()
    low: StrictInt = 1
    high: StrictInt = 5

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind.has_choices:
            if len(self.choices) < 2:
                raise wrong("choices", f'expected two or more, such as ["Yes", "No"], for kind "{self.kind}"')
            if len({choice.casefold() for choice in self.choices}) < len(self.choices):
                raise wrong("choices", "expected each choice once")
        elif self.choices:
            raise wrong("choices", f'expected none for kind "{self.kind}", or kind = "choice"')
        if self.low >= self.high:
            raise wrong("high", f"found {self.high}, expected more than low, which is {self.low}")
        return self


class Criterion(Part):
    """One line of the fit rubric: advice to the reviewer, never a decision by itself."""

    key: Key
    question: Key
    any_of: tuple[Answer, ...] | None = None
    equals: Answer | None = None
    contains: Text | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    answered: StrictBool | None = None
    weight: Number = 1
    must: StrictBool = False
    otherwise: str = ""
    suggest: Slug | None = None

    @property
    def tests(self) -> tuple[str, ...]:
        """The names of the tests that this criterion makes; at_least and at_most may go together."""
        names = ("any_of", "equals", "contains", "at_least", "at_most", "answered")
        return tuple(name for name in names if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if not self.tests:
            raise wrong("", "expected one of any_of, equals, contains, at_least, at_most or answered")
        if len(self.tests) > 1 and self.tests != ("at_least", "at_most"):
            raise wrong(self.tests[1], f"expected one test in a criterion, and {self.tests[0]} is there already")
        if self.weight <= 0:
            raise wrong("weight", f"found {self.weight}, expected more than 0")
        return self


class Application(Part):
    questions: tuple[Question, ...] = Field(min_length=1)
    criteria: tuple[Criterion, ...] = ()
    open_days: StrictInt = Field(default=21, ge=1, le=3650)
    accept: Accept = Accept.REVIEW
    decide_by: Moment = parse_when("3d after close")

    @model_validator(mode="after")
    def _keys_once(self) -> Self:
        unique((question.key for question in self.questions), "questions")
        unique((criterion.key for criterion in self.criteria), "criteria")
        return self


class People(Part):
    """Which application question tells what about a person."""

    goal: Key | None = None
    company: Key | None = None
    level: Key | None = None


class Persona(Part):
    name: Text
    question: Key
    answers: tuple[Answer, ...] = Field(min_length=1)


class Survey(Part):
    key: Key
    name: str = ""
    when: Moment
    audience: tuple[str, ...] = Field(default=("members",), alias="for", min_length=1)
    questions: tuple[Question, ...] = Field(min_length=1)

    @property
    def comes_with_acceptance(self) -> bool:
        """Whether it is part of the message that somebody is in, instead of one of its own."""
        return self.when.anchor is Anchor.ACCEPTED and self.when.offset is None and self.when.unless is None

    @model_validator(mode="after")
    def _keys_once(self) -> Self:
        unique((question.key for question in self.questions), "questions")
        return self


class Guest(Part):
    key: Key
    name: Text
    contact: str = ""
    brief: str = ""


class Segment(Part):
    kind: SegmentKind
    minutes: Minutes
    prompt: str = ""
    group_size: StrictInt = Field(default=2, ge=2)
    mix: Mix = Field(default=Mix.ANYONE, alias="with")
    odd: Odd = Odd.TRIO
    survey: Key | None = None
    choices: tuple[Text, ...] = ()
    steers: Key | None = None
    slot: Key | None = None
    options: Mapping[str, str] = Field(default_factory=dict)
    flexible: StrictBool = False
    chatham_house: StrictBool = False  # what is said through the bot is kept without a name

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind is SegmentKind.POLL and len(self.choices) < 2:
            raise wrong("choices", 'expected two or more for a poll, such as ["Import", "Sharing"]')
        if self.kind is SegmentKind.RESULTS and self.survey is None:
            raise wrong("survey", "is missing: whose results? expected the key of a survey")
        if self.steers and self.kind is not SegmentKind.POLL:
            raise wrong("steers", f'expected in a segment of kind "poll" only, and this is "{self.kind}"')
        if self.options and self.slot is None:
            raise wrong("slot", "is missing: options are what a poll chooses from for a slot")
        return self


class Agenda(Part):
    key: Key
    segments: tuple[Segment, ...] = Field(min_length=1)


class Material(Part):
    title: Text
    url: Text


class HomeworkPlan(Part):
    key: Key
    title: Text
    ask: Text
    due: Moment = parse_when("next session")
    evidence: Evidence = Evidence.ANY
    peer_review: StrictInt = Field(default=0, ge=0)
    wall: Wall = Wall.COUNT
    audience: tuple[str, ...] = Field(default=("members",), alias="for", min_length=1)


class SessionPlan(Part):
    """A session as planned. Its run of show may be shared: ask `Program.agenda_of`."""

    key: Key
    title: Text
    minutes: Minutes
    kind: SessionKind = SessionKind.SESSION
    day: StrictInt | None = Field(default=None, ge=0, le=3650)
    goal: str = ""
    makes: str = ""
    prework: str = ""
    materials: tuple[Material, ...] = ()
    guest: Key | None = None
    agenda: tuple[Segment, ...] = ()
    agenda_from: Key | None = None
    homework: tuple[HomeworkPlan, ...] = ()

    @model_validator(mode="after")
    def _one_agenda(self) -> Self:
        if self.kind is SessionKind.REUNION:
            raise wrong("kind", 'found "reunion", expected "session" or "office_hours"; see graduation.reunion')
        if self.agenda and self.agenda_from:
            raise wrong("agenda_from", "expected either an agenda or agenda_from, and both are there")
        return self


class OwnPlan(SessionPlan):
    """A session's plan as it was changed from chat. A guest whom the program doesn't know stands in it whole."""

    visitor: Guest | None = None


class Prompt(Part):
    key: Key
    when: Moment
    ask: Text
    last: StrictBool = False


class ProgramTouchpoint(Part):
    key: Key
    when: Moment
    to: Text = "members"
    text: str = ""
    template: str | None = None
    urgency: Urgency = Urgency.TODAY

    @property
    def owes(self) -> str | None:
        """The homework whose debtors it goes to, for "owes:HOMEWORK"."""
        return self.to.removeprefix("owes:").strip() if self.to.startswith("owes:") else None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text.strip() and self.template is None:
            raise wrong("text", "is missing: expected a text, or a template")
        if self.text and self.template is not None:
            raise wrong("template", "expected either a text or a template, and both are there")
        return self


class Defaults(Part):
    """What comes without being written; each can be switched off."""

    rsvp: StrictBool = True
    reminder_day: StrictBool = True
    reminder_hour: StrictBool = True
    reminder_start: StrictBool = True
    homework_nudge: StrictBool = True
    recap: StrictBool = True
    digest: StrictBool = True
    brief: StrictBool = True
    buddies: StrictBool = True


class Graduation(Part):
    """What it takes to graduate. `attend` None means two thirds; ask `Program.attendance_needed`."""

    when: Moment = parse_when("session end")
    attend: StrictInt | None = Field(default=None, ge=0)
    submit: tuple[Key, ...] = ()
    submit_at_least: StrictInt = Field(default=0, ge=0)
    reflect_at_least: StrictInt = Field(default=0, ge=0)
    grace: Span = parse_duration("14d")
    reunion: Moment | None = None


def _reasoned(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\s*[a-z-]+\s*:\s*\S.*", value, re.DOTALL):
        raise ValueError('expected the code of a remark and the reason, such as "size: ten friends"')
    return value


class LintSettings(Part):
    """Remarks that the author has read and answered: "code: reason"."""

    ok: tuple[Annotated[str, PlainValidator(_reasoned)], ...] = ()

    @property
    def silenced(self) -> Mapping[str, str]:
        """The reason by the code of the remark."""
        pairs = (entry.partition(":") for entry in self.ok)
        return {code.strip(): reason.strip() for code, _, reason in pairs}
