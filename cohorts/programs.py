"""A program as data: one TOML file, checked when it is loaded, and the questions one asks of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import time
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Protocol, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from cohorts.program_answers import BadAnswer, Fit, Judged, Verdict, advise, among, check_answer, quote
from cohorts.program_errors import ProgramError, problems_of, read_toml
from cohorts.program_fields import Clock, Part, Slug, Text, unique, wrong
from cohorts.program_kinds import (
    Accept,
    Cadence,
    Evidence,
    Hosts,
    ItemKind,
    MilestoneOf,
    Mix,
    Odd,
    QuestionKind,
    SegmentKind,
    SessionKind,
    Theme,
    Urgency,
    Wall,
)
from cohorts.program_parts import (
    Agenda,
    Application,
    Commitment,
    Criterion,
    Defaults,
    Graduation,
    Guest,
    HomeworkPlan,
    Leader,
    LintSettings,
    Material,
    Orientation,
    People,
    Persona,
    ProgramTouchpoint,
    Prompt,
    Question,
    Segment,
    SessionPlan,
    Size,
    Survey,
)
from cohorts.program_paths import Badge, Earned, LearningPath, Milestone, PathItem, QuizQuestion, SkipIf

__all__ = [
    "Accept",
    "Agenda",
    "Application",
    "BadAnswer",
    "Badge",
    "Cadence",
    "Commitment",
    "Criterion",
    "Defaults",
    "Earned",
    "Evidence",
    "Fit",
    "Graduation",
    "Guest",
    "HomeworkPlan",
    "Hosts",
    "ItemKind",
    "Judged",
    "Leader",
    "LearningPath",
    "LintSettings",
    "Material",
    "Milestone",
    "MilestoneOf",
    "Mix",
    "Odd",
    "Orientation",
    "PathItem",
    "People",
    "Persona",
    "Program",
    "ProgramError",
    "ProgramTouchpoint",
    "Prompt",
    "Question",
    "QuestionKind",
    "QuizQuestion",
    "Segment",
    "SegmentKind",
    "SessionKind",
    "SessionPlan",
    "Size",
    "SkipIf",
    "Survey",
    "Theme",
    "Urgency",
    "Verdict",
    "Wall",
    "advise",
    "check_answer",
    "load",
    "parse",
    "quote",
    "upgrade",
]

FORMAT = 1
# From each older format to the one after it, so that the snapshots of every release can be read.
_STEPS: Mapping[int, Callable[[dict[str, object]], dict[str, object]]] = MappingProxyType({})


class Program(Part):
    format: Literal[1] = 1
    key: Slug
    name: Text
    promise: Text
    summary: str = ""
    theme: Theme = Theme.PLAIN
    cadence: Cadence = Cadence.WEEKLY
    at: Clock = time(16, 0)
    place: str | None = None
    board: str | None = None
    norms: tuple[Text, ...] = ()
    hosts: Hosts = Hosts.FACILITATORS
    size: Size = Size()
    commitment: Commitment | None = None
    leader: Leader | None = None
    orientation: Orientation | None = None
    application: Application
    people: People = People()
    personas: tuple[Persona, ...] = ()
    surveys: tuple[Survey, ...] = ()
    guests: tuple[Guest, ...] = ()
    agendas: tuple[Agenda, ...] = ()
    sessions: tuple[SessionPlan, ...] = Field(min_length=1)
    prompts: tuple[Prompt, ...] = ()
    touchpoints: tuple[ProgramTouchpoint, ...] = ()
    defaults: Defaults = Defaults()
    graduation: Graduation = Graduation()
    badges: tuple[Badge, ...] = ()
    paths: tuple[LearningPath, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    lint: LintSettings = LintSettings()

    @model_validator(mode="after")
    def _keys_once(self) -> Self:
        unique((persona.name for persona in self.personas), "personas", "name")
        for table in (
            "surveys",
            "guests",
            "agendas",
            "sessions",
            "prompts",
            "touchpoints",
            "badges",
            "milestones",
        ):
            unique((part.key for part in getattr(self, table)), table)
        unique((homework.key for _, homework in self.homework), "sessions.homework")
        unique((item.key for path in self.paths for item in path.items), "paths.items")
        if not self.meetings:
            raise wrong("sessions[1].kind", 'found only office hours, expected a session of kind "session"')
        return self

    @property
    def meetings(self) -> tuple[SessionPlan, ...]:
        """The sessions that members owe attendance: all but office hours."""
        return tuple(session for session in self.sessions if session.kind is SessionKind.SESSION)

    @property
    def homework(self) -> tuple[tuple[SessionPlan, HomeworkPlan], ...]:
        """Every homework, with the session that sets it."""
        return tuple((session, homework) for session in self.sessions for homework in session.homework)

    @property
    def attendance_needed(self) -> int:
        """How many meetings a graduate was at: as written, or two thirds of them."""
        if self.graduation.attend is not None:
            return self.graduation.attend
        return math.ceil(2 * len(self.meetings) / 3)

    def session(self, key: str) -> SessionPlan:
        """KeyError when there is none, as for all that are asked by key."""
        return _by_key(self.sessions, key)

    def survey(self, key: str) -> Survey:
        return _by_key(self.surveys, key)

    def guest(self, key: str) -> Guest:
        return _by_key(self.guests, key)

    def badge(self, key: str) -> Badge:
        return _by_key(self.badges, key)

    def question(self, key: str) -> Question:
        return _by_key(self.application.questions, key)

    def homework_of(self, key: str) -> tuple[SessionPlan, HomeworkPlan]:
        for session, homework in self.homework:
            if homework.key == key:
                return session, homework
        raise KeyError(key)

    def agenda_of(self, session: SessionPlan) -> tuple[Segment, ...]:
        """The session's own run of show, or the one it shares."""
        if session.agenda_from is None:
            return session.agenda
        return _by_key(self.agendas, session.agenda_from).segments

    @property
    def reunion_agenda(self) -> tuple[Segment, ...]:
        """The agenda that is called so, else everybody's goal against their win."""
        named = (agenda.segments for agenda in self.agendas if agenda.key == "reunion")
        return next(named, _REUNION)

    def persona_of(self, answers: Mapping[str, object]) -> str | None:
        """The first persona whose question was answered so."""
        for persona in self.personas:
            if among(answers.get(persona.question), persona.answers):
                return persona.name
        return None

    def goal_of(self, answers: Mapping[str, object]) -> str | None:
        return _told(answers, self.people.goal)

    def company_of(self, answers: Mapping[str, object]) -> str | None:
        return _told(answers, self.people.company)

    def level_of(self, answers: Mapping[str, object]) -> str | None:
        return _told(answers, self.people.level)

    @property
    def groups(self) -> tuple[str, ...]:
        """The names that a `for` may take: the personas, and the choices that tell persona or level."""
        telling = {persona.question for persona in self.personas} | {self.people.level}
        choices = (one.choices for one in self.application.questions if one.key in telling)
        names = [persona.name for persona in self.personas]
        return tuple(dict.fromkeys([*names, *(choice for some in choices for choice in some)]))

    def is_for(self, audience: tuple[str, ...], answers: Mapping[str, object]) -> bool:
        """Whether a member with these answers is meant by a `for`: "members", or one of their groups."""
        if "members" in audience or self.persona_of(answers) in audience:
            return True
        telling = {persona.question for persona in self.personas} | {self.people.level}
        return any(among(answers.get(key), audience) for key in telling if key is not None)


# No pairs: after a whole program somebody may have met everyone who comes.
_REUNION = (
    Segment(kind=SegmentKind.WELCOME, minutes=5),
    Segment(kind=SegmentKind.CALL_ON, minutes=35),
    Segment(kind=SegmentKind.DISCUSSION, minutes=15),
    Segment(kind=SegmentKind.NEXT_STEPS, minutes=5),
)


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


K = TypeVar("K", bound=_Keyed)


def _by_key(parts: tuple[K, ...], key: str) -> K:
    for part in parts:
        if part.key == key:
            return part
    raise KeyError(key)


def _told(answers: Mapping[str, object], question: str | None) -> str | None:
    answer = answers.get(question) if question is not None else None
    if answer is None or answer == "" or answer == []:
        return None
    return ", ".join(map(str, answer)) if isinstance(answer, (list, tuple)) else str(answer)


@lru_cache(maxsize=64)  # the same few programs, in every rehearsal and for every cohort
def parse(text: str, *, file: str) -> Program:
    """The program in a TOML text; ProgramError with one clear line when there is none. `file` is its name."""
    raw = upgrade(read_toml(text, file=file), file=file)
    try:
        return Program.model_validate(raw)
    except ValidationError as error:
        raise ProgramError(file, problems_of(error, Program, raw)) from None


def load(path: Path) -> Program:
    """The program in a file; ProgramError when it can't be read or is not one."""
    file = str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ProgramError(file, [f"cannot be read: {(error.strerror or 'unknown reason').lower()}"]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ProgramError(file, [f"line {line}: not UTF-8 text, expected a TOML file"]) from None
    return parse(text, file=file)


def upgrade(raw: dict[str, object], *, file: str) -> dict[str, object]:
    """What an older format wrote, as the present one has it; ProgramError for a format not known here."""
    found = raw.get("format", FORMAT)
    if type(found) is not int or not 1 <= found <= FORMAT:
        shown = f'"{found}"' if isinstance(found, str) else found
        problem = f"format: found {shown}, expected {FORMAT}, the only one this version reads"
        raise ProgramError(file, [problem])
    for older in range(found, FORMAT):
        raw = _STEPS[older](raw)
    return raw
