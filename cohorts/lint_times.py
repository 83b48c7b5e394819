"""Refuses the times of a program that cannot be kept, tried on a cohort that starts on some Monday."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from cohorts.lint_remarks import Remark, advice, refusal, unknown
from cohorts.moments import day_of, local, session_starts, shift
from cohorts.when import MORNING, Anchor, When, WhenKind

if TYPE_CHECKING:
    from cohorts.program_parts import HomeworkPlan, SessionPlan
    from cohorts.programs import Program

_START = date(2027, 1, 4)
_ZONE = "UTC"


class Trial:
    """The moments of a program in a cohort that starts on an ordinary Monday."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.midnight = local(_START, MORNING.replace(hour=0), _ZONE)
        self.starts = session_starts(program, _START, _ZONE)
        self.at = {session.key: moment for session, moment in self.starts}
        self.meetings = [(s, moment) for s, moment in self.starts if s in program.meetings]
        self.graduation: datetime | None = None  # while it is looked for: it can't hang on itself
        self.graduation = self._graduation()

    def _graduation(self) -> datetime | None:
        last = self.meetings[-1][0]
        found = self.resolve(self.program.graduation.when, last)
        return found[-1] if found else None

    def resolve(self, when: When, session: SessionPlan | None = None) -> list[datetime] | None:
        """When it comes, seen from one session or from all; None when that can't be known beforehand."""
        if when.kind is WhenKind.DAY:
            assert when.day is not None and when.at is not None
            return [day_of(_START, when.day, when.at, _ZONE)]
        if when.kind is not WhenKind.ANCHOR:
            return None
        moments = self._anchor(when.anchor, session)
        if moments is None or when.offset is None:
            return moments
        return [shift(moment, when.offset, when.sign, _ZONE) for moment in moments]

    def _anchor(self, anchor: Anchor | str | None, session: SessionPlan | None) -> list[datetime] | None:
        ours = [(session, self.at[session.key])] if session else self.meetings
        match anchor:
            case Anchor.START:
                return [day_of(_START, 0, self.program.at, _ZONE)]
            case Anchor.SESSION:
                return [start for _, start in ours]
            case Anchor.SESSION_END:
                return [start + timedelta(minutes=one.minutes) for one, start in ours]
            case Anchor.NEXT_SESSION:
                after = self.at[session.key] if session else self.meetings[0][1]
                later = [start for _, start in self.meetings if start > after]
                return later[:1] if session else later
            case Anchor.HOMEWORK_DUE:
                plans = [pair for pair in self.program.homework if pair[1].due.anchor is not anchor]
                dues = (self.resolve(homework.due, one) for one, homework in plans)
                return [due for found in dues if found for due in found]
            case Anchor.GRADUATION:
                return [self.graduation] if self.graduation else None
            case str() if anchor in self.at:
                return [self.at[anchor]]
        return None


def whens_of(program: Program) -> Iterator[tuple[str, When]]:
    """Every `when` of a program, with its path."""
    yield "application.decide_by", program.application.decide_by
    for table in ("surveys", "prompts", "touchpoints"):
        for place, part in enumerate(getattr(program, table), start=1):
            yield f"{table}[{place}].when", part.when
    for place, session in enumerate(program.sessions, start=1):
        for nth, homework in enumerate(session.homework, start=1):
            yield f"sessions[{place}].homework[{nth}].due", homework.due
    yield "graduation.when", program.graduation.when
    if program.graduation.reunion is not None:
        yield "graduation.reunion", program.graduation.reunion
    for place, path in enumerate(program.paths, start=1):
        for nth, item in enumerate(path.items, start=1):
            if item.when is not None:
                yield f"paths[{place}].items[{nth}].when", item.when
    for place, milestone in enumerate(program.milestones, start=1):
        yield f"milestones[{place}].by", milestone.by


def refuse_times(program: Program) -> Iterator[Remark]:
    """Anchors nobody knows; then, when all are known, what lies before the start or after the end."""
    remarks = list(_unknown_anchors(program))
    if not remarks:
        trial = Trial(program)
        remarks = [*_graduation(trial), *_homework(trial), *_others(trial)]
    yield from remarks


def _unknown_anchors(program: Program) -> Iterator[Remark]:
    sessions = [session.key for session in program.sessions]
    items = [item.key for path in program.paths for item in path.items]
    for where, when in whens_of(program):
        if when.names_session and when.anchor not in sessions:
            yield unknown(where, "session or anchor", str(when.anchor), [*sessions, *Anchor])
        if when.item is not None and when.item not in items:
            yield unknown(where, "item of a learning path", when.item, items)


def _graduation(trial: Trial) -> Iterator[Remark]:
    plan, graduation = trial.program.graduation, trial.graduation
    circular = (Anchor.GRADUATION, Anchor.HOMEWORK_DUE, Anchor.NEXT_SESSION, Anchor.CLOSE)
    if graduation is None or plan.when.anchor in circular or plan.when.unless:
        yield refusal(
            "time",
            "graduation.when",
            f'found "{plan.when}", expected "session end" (of the last), "day 40" or "2d after session"',
        )
        return
    if graduation < trial.midnight:
        yield refusal("time", "graduation.when", f'found "{plan.when}", which is before the start')
    needed = trial.program.attendance_needed
    held = sum(start <= graduation for _, start in trial.meetings)
    if needed > len(trial.meetings):
        yield refusal(
            "graduation",
            "graduation.attend",
            f'found {needed}, expected at most {len(trial.meetings)}: sessions of kind "session"',
        )
    elif needed > held:
        yield refusal(
            "graduation",
            "graduation.when",
            f'found "{plan.when}", but {needed} sessions must be attended and only {held} are held by then',
        )
    if plan.reunion is not None:
        reunions = trial.resolve(plan.reunion)
        if not reunions or plan.reunion.unless or reunions[-1] <= graduation:
            text = f'found "{plan.reunion}", expected a time after graduation, such as "90d after graduation"'
            yield refusal("time", "graduation.reunion", text)


def _homework(trial: Trial) -> Iterator[Remark]:
    for place, session in enumerate(trial.program.sessions, start=1):
        for nth, homework in enumerate(session.homework, start=1):
            where = f"sessions[{place}].homework[{nth}].due"
            if (problem := _due(trial, session, homework)) is not None:
                yield refusal("time", where, problem)


def _due(trial: Trial, session: SessionPlan, homework: HomeworkPlan) -> str | None:
    found = f'found "{homework.due}"'
    if homework.due.anchor is Anchor.HOMEWORK_DUE or homework.due.unless:
        return f'{found}, expected one time for all, such as "2d before next session"'
    moments = trial.resolve(homework.due, session)
    if moments is None:
        return f'{found}, expected one time for all, such as "2d before next session"'
    if not moments and homework.due.offset is None:
        moments = [trial.at[session.key] + timedelta(days=7)]  # as homework.py has it when nothing is written
    if not moments:
        return f'{found}, but no session follows; expected for example "5d after session"'
    if moments[0] < trial.midnight:
        return f"{found}, which is before the start"
    if moments[0] <= trial.at[session.key]:
        return f'{found}, which is before the homework is set in "{session.key}"'
    if trial.graduation is not None and moments[0] > trial.graduation:
        return f"{found}, which is after graduation ({trial.program.graduation.when}); expected before it"
    return None


def _others(trial: Trial) -> Iterator[Remark]:
    program = trial.program
    decide_by = program.application.decide_by
    before_start = decide_by.anchor is Anchor.START and decide_by.sign <= 0
    if decide_by.unless or (decide_by.anchor is not Anchor.CLOSE and not before_start):
        text = f'found "{decide_by}", expected a time before the start, such as "3d after close"'
        yield refusal("time", "application.decide_by", text)
    for place, milestone in enumerate(program.milestones, start=1):
        moments = trial.resolve(milestone.by)
        if moments is None or (moments and moments[-1] < trial.midnight):
            text = f'found "{milestone.by}", expected a time after the start, such as "day 60"'
            yield refusal("time", f"milestones[{place}].by", text)
    for where, when in whens_of(program):
        if when.kind is WhenKind.ANCHOR and trial.resolve(when) == [] and not where.endswith(".due"):
            yield advice("never", where, f'"{when}" never comes in this program')
    for place, prompt in enumerate(program.prompts, start=1):
        around = prompt.when.anchor in (Anchor.SESSION, Anchor.SESSION_END) and prompt.when.sign >= 0
        if around and len(trial.meetings) == 1 and not prompt.last:
            text = "the only session is the last one; write last = true to be asked after it"
            yield advice("never", f"prompts[{place}].when", text)
    yield from _order(trial)


def _order(trial: Trial) -> Iterator[Remark]:
    written = [session.key for session in trial.program.meetings]
    held = [session.key for session, _ in trial.meetings]
    if written != held:
        first = next(one for one, other in zip(held, written, strict=True) if one != other)
        where = f"sessions[{[session.key for session in trial.program.sessions].index(first) + 1}]"
        yield advice("order", where, f'"{first}" is held before sessions that are written before it')
    for (one, start), (other, later) in pairwise(trial.starts):
        if later < start + timedelta(minutes=one.minutes):
            place = trial.program.sessions.index(other) + 1
            text = f'"{other.key}" begins before "{one.key}" has ended; give one of them another day'
            yield advice("overlap", f"sessions[{place}].day", text)
