"""A running cohort takes over its program's changed file: what is different, what stays, what would break."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from sqlmodel import select

from cohorts import audit, homework, opening, sessions, surveys, timetable, touchpoints
from cohorts.applications import Application
from cohorts.cohort import Cohort
from cohorts.errors import Refused
from cohorts.facts import Fact
from cohorts.moments import session_starts
from cohorts.people import Person
from cohorts.program_parts import Question, SessionPlan
from cohorts.program_writing import filled_in
from cohorts.programs import Program, parse
from cohorts.sessions import Session, SessionState
from cohorts.store import Db

OF_PROGRAM = (
    *("name", "promise", "summary", "theme", "place", "board", "norms", "hosts", "size", "commitment", "leader"),
    *("orientation", "people", "personas", "guests", "defaults", "graduation", "badges", "paths", "milestones"),
)


class How(StrEnum):
    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """`what`: session, homework, survey, prompt, message, application, or program; `fields`: which of it changed."""

    what: str
    how: How
    name: str = ""
    fields: tuple[str, ...] = ()

    @property
    def fact(self) -> dict[str, Fact]:
        return {"what": self.what, "how": self.how.value, "name": self.name, "fields": list(self.fields)}


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


K = TypeVar("K", bound=_Keyed)


def changes(old: Program, new: Program) -> list[Change]:
    """What is different, in the order of the file. Days and times of sessions are no part of it: see `kept`."""
    found: list[Change] = []
    fields = tuple(name for name in OF_PROGRAM if getattr(old, name) != getattr(new, name))
    if fields:
        found.append(Change("program", How.CHANGED, "", fields))
    if old.application != new.application:
        found.append(Change("application", How.CHANGED))
    for before, after in _pairs(old.sessions, new.sessions):
        found += _session(old, new, before, after)
    tasks = {one.key: one for _, one in old.homework}, {one.key: one for _, one in new.homework}
    for work, task in _joined(*tasks):
        found += _compared("homework", work, task, lambda one: one.title)
    for was, now_ in _pairs(old.surveys, new.surveys):
        found += _compared("survey", was, now_, lambda one: one.name or one.key)
    for asked, asks in _pairs(old.prompts, new.prompts):
        found += _compared("prompt", asked, asks, lambda one: one.ask)
    for told, tells in _pairs(old.touchpoints, new.touchpoints):
        found += _compared("message", told, tells, lambda one: one.key)
    return found


def _session(old: Program, new: Program, before: SessionPlan | None, after: SessionPlan | None) -> list[Change]:
    if before is None or after is None:
        return _compared("session", before, after, lambda one: one.title)
    own = ("title", "minutes", "kind", "goal", "makes", "prework", "materials", "guest")
    fields = [name for name in own if getattr(before, name) != getattr(after, name)]
    if old.agenda_of(before) != new.agenda_of(after):
        fields.append("agenda")
    return [Change("session", How.CHANGED, after.title, tuple(fields))] if fields else []


def _compared(what: str, before: K | None, after: K | None, name: Callable[[K], str]) -> list[Change]:
    if before is None and after is not None:
        return [Change(what, How.NEW, name(after))]
    if after is None and before is not None:
        return [Change(what, How.GONE, name(before))]
    if after is None or before == after:
        return []
    fields = tuple(one for one in type(after).__annotations__ if getattr(before, one) != getattr(after, one))
    return [Change(what, How.CHANGED, name(after), fields)]


def _pairs(old: Sequence[K], new: Sequence[K]) -> Iterator[tuple[K | None, K | None]]:
    return _joined({one.key: one for one in old}, {one.key: one for one in new})


def _joined(old: Mapping[str, K], new: Mapping[str, K]) -> Iterator[tuple[K | None, K | None]]:
    for key in dict.fromkeys([*old, *new]):
        yield old.get(key), new.get(key)


def kept(db: Db, cohort: Cohort, new: Program) -> list[Change]:
    """What the file says otherwise and that stays as it is: times, and whatever was held."""
    old, found = cohort.program, []
    then = {plan.key: at for plan, at in session_starts(old, cohort.starts_on, cohort.zone)}
    for plan, at in session_starts(new, cohort.starts_on, cohort.zone):
        if plan.key in then and then[plan.key] != at:
            found.append(Change("time", How.CHANGED, plan.title))
    for session in sessions.standing(db, cohort):
        plan_now = next((one for one in new.sessions if one.key == session.key), None)
        over = session.state is not SessionState.PLANNED
        if over and plan_now is not None and (plan_now.title, plan_now.minutes) != (session.title, session.minutes):
            found.append(Change("held", How.CHANGED, session.title))
    return found


def obstacles(db: Db, cohort: Cohort, new: Program, *, now: datetime) -> list[Change]:
    """What would be lost, or could never happen: each has to be put right in the file first."""
    found = []
    plans = {one.key: one for one in new.sessions}
    for session in sessions.standing(db, cohort):
        plan = plans.get(session.key)
        if session.state is not SessionState.PLANNED and sessions.plan_of(cohort, session) is not None:
            if plan is None:
                found.append(Change("held-session", How.GONE, session.title))
            elif plan.kind is not session.kind:
                found.append(Change("held-session", How.CHANGED, session.title))
    there = {session.key for session in sessions.all_of(db, cohort)}
    for late, at in session_starts(new, cohort.starts_on, cohort.zone):
        if late.key not in there and at <= now:
            found.append(Change("past-session", How.NEW, late.title))
    tasks = {task.key for _, task in new.homework}
    for one in homework.of_cohort(db, cohort):
        if one.key not in tasks and homework.submissions(db, one):
            found.append(Change("homework", How.GONE, one.title))
    applied = [one.given for one in db.exec(select(Application).where(Application.cohort_id == cohort.id)).all()]
    found += _lost("answer", applied, cohort.program.application.questions, new.application.questions)
    asked = {survey.key: survey.questions for survey in new.surveys}
    for survey in cohort.program.surveys:
        given = [one.given for one in surveys.responses(db, cohort, survey.key)]
        found += _lost("survey-answer", given, survey.questions, asked.get(survey.key, ()))
    return found


def _lost(
    what: str, given: Iterable[Mapping[str, object]], before: Sequence[Question], after: Sequence[Question]
) -> list[Change]:
    """Questions that somebody answered, and that are gone or ask for another kind of answer."""
    answered = {key for answers in given for key in answers}
    now = {one.key: one for one in after}
    found = []
    for question in before:
        if question.key not in answered:
            continue
        new = now.get(question.key)
        if new is None:
            found.append(Change(what, How.GONE, question.ask))
        elif (new.kind, new.low, new.high) != (question.kind, question.low, question.high) or not set(
            question.choices
        ) <= set(new.choices):
            found.append(Change(what, How.CHANGED, question.ask))
    return found


def take_over(db: Db, cohort: Cohort, toml: str, *, by: Person, now: datetime) -> None:
    """From now on the cohort runs by this text. Sessions that were held and times that were told stay as they are."""
    old, new = cohort.program, parse(toml, file=cohort.handle)
    broken = obstacles(db, cohort, new, now=now)
    if broken:
        raise Refused("update/breaks", program=cohort.name, broken=[one.fact for one in broken])
    cohort.program_toml = toml
    db.flush()
    rows = {one.key: one for one in sessions.all_of(db, cohort)}
    before = {one.key: one for one in old.sessions}
    other = []
    for plan, at in session_starts(new, cohort.starts_on, cohort.zone):
        row = rows.get(plan.key)
        if row is None:
            timetable.add(db, cohort, plan, at, now=now)
        elif row.state is SessionState.PLANNED and _follow(row, before.get(plan.key), plan, old.place, new.place):
            other.append(row)
    homework.take_over(db, cohort, now=now)
    for row in other:
        timetable.renew(db, cohort, row, now=now)
    for key in before.keys() - {one.key for one in new.sessions}:
        if key in rows and rows[key].state is SessionState.PLANNED:
            timetable.cancel(db, cohort, rows[key], by=by, now=now)
    audit.record(db, by, "program/updated", now=now, cohort=cohort.handle, changes=len(changes(old, new)))
    touchpoints.reconcile(db, cohort, now=now)


def _follow(row: Session, before: SessionPlan | None, after: SessionPlan, was: str | None, place: str | None) -> bool:
    """What the file has changed, and nothing that was changed from chat; whether there was something."""
    changed = False
    for name in ("title", "minutes", "kind"):
        if before is not None and getattr(before, name) != getattr(after, name):
            setattr(row, name, getattr(after, name))
            changed = True
    if was != place and row.place == (was or ""):
        row.place, changed = place or "", True
    return changed


# What was told when the program was opened stands in the cohort's copy alone.


def carried(old: Program, toml: str) -> str:
    """The new text with the place, board, leader and welcome video of the old, where it names none itself."""
    new = parse(toml, file="")
    said, says = opening.texts(old), opening.texts(new)
    paths = [*opening.BLANKS, *(["leader.letter"] if new.leader is None else [])]
    kept = {path: said[path] for path in paths if said.get(path) and not says.get(path)}
    return filled_in(toml, kept) if kept else toml
