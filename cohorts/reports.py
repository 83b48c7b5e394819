"""One page for whoever paid for it: what was promised, what became of it, and how sure the numbers are.

Nothing is shown of fewer than `SHOWN_FROM` people; who reads the page is told so instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import select

from cohorts import applications, attendance, graduation, homework, sessions, surveys
from cohorts.answers import answers_of
from cohorts.applications import ApplicationState
from cohorts.attendance import Attended
from cohorts.cohort import Cohort, Membership
from cohorts.measures import SHOWN_FROM, Nps, nps
from cohorts.program_kinds import QuestionKind, SessionKind
from cohorts.program_parts import Question, Survey
from cohorts.programs import Program
from cohorts.quotes import Quote, chosen
from cohorts.sessions import SessionState
from cohorts.store import Db

QUOTES = 3
VOICES = 4  # goals in people's own words
PREPARING = 30  # minutes around each session: the brief, attendance, the recap. An estimate, and called one
READING = 5  # minutes for each application: the same


@dataclass(frozen=True, slots=True)
class Voice:
    """One member's goal as they wrote it, what became of it, and what shows it."""

    goal: str
    reached: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Goals:
    """`counts`: the program's own answers, the best first, and how many gave each."""

    counts: tuple[tuple[str, int], ...]
    voices: tuple[Voice, ...] = ()

    @property
    def n(self) -> int:
        return sum(count for _, count in self.counts)

    @property
    def shown(self) -> bool:
        return self.n >= SHOWN_FROM


@dataclass(frozen=True, slots=True)
class Built:
    """Who handed in what: `makers` people in all."""

    counts: tuple[tuple[str, int], ...] = ()
    makers: int = 0

    @property
    def shown(self) -> bool:
        return self.makers >= SHOWN_FROM


@dataclass(frozen=True, slots=True)
class Presence:
    """How many were at a meeting, of those who were expected."""

    title: str
    there: int
    expected: int


@dataclass(frozen=True, slots=True)
class Attendance:
    """`members`: how many different people were expected anywhere."""

    meetings: tuple[Presence, ...] = ()
    members: int = 0

    @property
    def there(self) -> int:
        return sum(one.there for one in self.meetings)

    @property
    def expected(self) -> int:
        return sum(one.expected for one in self.meetings)

    @property
    def percent(self) -> int:
        return percent(self.there, self.expected)

    @property
    def shown(self) -> bool:
        return self.members >= SHOWN_FROM


@dataclass(frozen=True, slots=True)
class Hours:
    """Of one who conducts, in minutes: in sessions, which is known, and around them, which is estimated."""

    sessions: int
    around: int


@dataclass(frozen=True, slots=True)
class Report:
    program: str
    promise: str
    starts_on: date
    ends_at: datetime | None  # of the last session held
    members: int
    graduates: int
    goals: Goals | None  # None: the program never asks
    built: Built
    attendance: Attendance
    quotes: tuple[Quote, ...]
    nps: Nps | None  # None: the program never asks
    hours: Hours


def percent(part: int, whole: int) -> int:
    """Whole percent, halves up; 0 of 0 is 0."""
    return (200 * part + whole) // (2 * whole) if whole else 0


def report(db: Db, cohort: Cohort, quotes: Sequence[Quote] = ()) -> Report:
    """The page of a cohort as it stands. `quotes`: all that people agreed to have quoted."""
    members = db.exec(select(Membership).where(Membership.cohort_id == cohort.id)).all()
    held = [one for one in sessions.standing(db, cohort) if one.state is SessionState.HELD]
    applied = applications.count(db, cohort, *(one for one in ApplicationState if one is not ApplicationState.DRAFT))
    return Report(
        program=cohort.name,
        promise=cohort.program.promise,
        starts_on=cohort.starts_on,
        ends_at=held[-1].ends_at if held else None,
        members=len(members),
        graduates=len(graduation.graduates(db, cohort)),
        goals=_goals(db, cohort, {one.id: one for one in members}),
        built=_built(db, cohort),
        attendance=_attendance(db, cohort),
        quotes=tuple(chosen(quotes, QUOTES)),
        nps=_nps(db, cohort),
        hours=Hours(sum(one.minutes for one in held), PREPARING * len(held) + READING * applied),
    )


def reached_question(program: Program) -> tuple[Survey, Question] | None:
    """The choice that asks what became of somebody's goal, in the last survey that has one.

    It is called "reached", or quotes the goal. Its choices are the program's own words, the best first.
    """
    quotes_goal = f"my.{program.people.goal}" if program.people.goal else "\0"
    asked = [
        (survey, question)
        for survey in program.surveys
        for question in survey.questions
        if question.kind is QuestionKind.CHOICE and (question.key == "reached" or quotes_goal in question.ask)
    ]
    return asked[-1] if asked else None


def _goals(db: Db, cohort: Cohort, members: dict[int, Membership]) -> Goals | None:
    asked = reached_question(cohort.program)
    if asked is None:
        return None
    survey, question = asked
    place = survey.questions.index(question)
    # What shows it is asked right after it.
    after = survey.questions[place + 1 : place + 2]
    shows = after[0].key if after and after[0].kind in (QuestionKind.PARAGRAPH, QuestionKind.LINE) else ""
    counts = dict.fromkeys(question.choices, 0)
    voices = []
    for given in surveys.responses(db, cohort, survey.key):
        reached = given.given.get(question.key)
        if isinstance(reached, str) and reached in counts:
            counts[reached] += 1
            goal = cohort.program.goal_of(answers_of(db, cohort, members[given.membership_id])) or ""
            voices.append(Voice(goal, reached, str(given.given.get(shows) or "")))
    return Goals(tuple(counts.items()), _heard(voices, list(counts)))


def _heard(voices: Sequence[Voice], choices: Sequence[str]) -> tuple[Voice, ...]:
    """One of each answer in turn, so that the page does not tell of the best alone; who shows something first."""
    told = sorted((one for one in voices if one.goal or one.evidence), key=lambda one: not one.evidence)
    turns = {choice: [one for one in told if one.reached == choice] for choice in choices}
    most = max(map(len, turns.values()), default=0)
    mixed = [turns[choice][n] for n in range(most) for choice in choices if n < len(turns[choice])]
    return tuple(sorted(mixed[:VOICES], key=lambda one: choices.index(one.reached)))


def _built(db: Db, cohort: Cohort) -> Built:
    handed_in = [(one.title, homework.submissions(db, one)) for one in homework.of_cohort(db, cohort)]
    makers = {member for _, done in handed_in for member in done}
    return Built(tuple((title, len(done)) for title, done in handed_in if done), len(makers))


def _attendance(db: Db, cohort: Cohort) -> Attendance:
    meetings: list[Presence] = []
    members: set[int] = set()
    for session in sessions.standing(db, cohort):
        if session.state is SessionState.HELD and session.kind is SessionKind.SESSION:
            seen = attendance.attendance(db, session)
            there = sum(state is Attended.PRESENT for state in seen.values())
            meetings.append(Presence(session.title, there, len(seen)))
            members |= seen.keys()
    return Attendance(tuple(meetings), len(members))


def _nps(db: Db, cohort: Cohort) -> Nps | None:
    """Of the last survey that asks and has answers: nobody counts twice."""
    asking = [
        (survey.key, question.key)
        for survey in cohort.program.surveys
        for question in survey.questions
        if question.kind is QuestionKind.NPS
    ]
    for survey, question in reversed(asking):
        given = (one.given.get(question) for one in surveys.responses(db, cohort, survey))
        scores = [score for score in given if isinstance(score, int)]
        if scores:
            return nps(scores)
    return nps([]) if asking else None


def excerpt(words: str, most: int = 200) -> str:
    """One line of what somebody said, cut at a word."""
    line = " ".join(words.split())
    return line if len(line) <= most else f"{line[:most].rsplit(' ', 1)[0].rstrip(' ,;.')}…"


def hours(minutes: int) -> str:
    """Hours to the half, rounded up: "6", "2.5"."""
    halves = -(-minutes // 30)
    return f"{halves / 2:g}"
