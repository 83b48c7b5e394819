"""A card for those who conduct a cohort, a week and two days before it starts; and to its members: it is starting."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.ask import Due, Part
from bot.registry import due
from cohorts import cohort as cohorts_
from cohorts import faces, readiness, sessions, starting
from cohorts.cohort import Cohort, CohortState
from cohorts.facts import Fact
from cohorts.outbox import Press
from cohorts.readiness import Step


@due("readiness/week-before")
def week_before(due: Due, cohort_id: int, eve_id: int) -> None:
    _card(due, due.db.get_one(Cohort, cohort_id))


@due("readiness/days-before")
def days_before(due: Due, cohort_id: int, eve_id: int) -> None:
    _card(due, due.db.get_one(Cohort, cohort_id))


def _card(due: Due, cohort: Cohort) -> None:
    if cohort.state not in (CohortState.RECRUITING, CohortState.RUNNING):
        return
    step = readiness.next_step(due.db, cohort, now=due.now)
    made_of = readiness.composition(due.db, cohort)
    size = cohort.program.size
    due.tell_facilitators(
        cohort,
        "readiness/card",
        expires=cohort.opens_at,
        presses=_presses(due, cohort, step),
        program=cohort.name,
        starts=cohort.opens_at,
        members=len(cohorts_.present(due.db, cohort)),
        closes=cohort.closes_at,
        least=size.min,
        target=size.target,
        most=size.max,
        levels=_told(made_of.levels),
        companies=_told(made_of.companies),
        zones=_told((zone.rpartition("/")[2].replace("_", " "), count) for zone, count in made_of.zones),
        room=cohorts_.room_of(due.db, cohort).ref if readiness.has_room(due.db, cohort) else None,
        step=step.value,
        parts=_lines(due, cohort, due.now),
    )


def _told(counts: Iterable[tuple[str, int]]) -> list[Fact]:
    return [{"name": name, "count": count} for name, count in counts]


def _lines(due: Due, cohort: Cohort, now: datetime) -> list[Fact]:
    """What the features have to say of it, each a card of its own."""
    found = (line(due.db, cohort, now) for line in due.registry.handlers("readiness").values())
    return [{"template": part.template, "facts": dict(part.facts)} for part in found if isinstance(part, Part)]


def _presses(due: Due, cohort: Cohort, step: Step) -> list[Press]:
    here = {"cohort_id": cohort.id}
    match step:
        case Step.DECIDE:
            return [Press("applications/queue", here, "primary")]
        case Step.INVITE:
            return [Press("nominations/nominate", here)]
        case Step.FILL:
            return [*starting.choices(due.db, cohort, now=due.now), Press("nominations/nominate", here)]
        case Step.LAUNCH:
            return [Press("program/launch", here, "primary")]
        case _:
            return []


@due("readiness/starting")
def starting_soon(due: Due, cohort_id: int, eve_id: int) -> None:
    """To the members of a cohort that was launched, with those who agreed to be shown."""
    cohort = due.db.get_one(Cohort, cohort_id)
    first = sessions.upcoming(due.db, cohort, now=due.now)
    if not sessions.is_expected(cohort) or first is None or sessions.has_begun(due.db, cohort, now=due.now):
        return
    people, members = faces.wall(due.db, cohort), cohorts_.present(due.db, cohort)
    here = {"cohort_id": cohort.id}
    plan = sessions.plan_of(cohort, first)
    for member in members:
        shown = faces.face_of(due.db, member) is not None
        due.tell(
            member,
            "readiness/starting",
            expires=first.starts_at,
            about=first.about,
            presses=[
                *([] if shown else [Press("faces/show", here)]),
                Press("cohort/home", {"cohort": cohort.id}),
            ],
            program=cohort.name,
            starts=first.starts_at,
            title=first.title,
            prework=plan.prework if plan is not None else "",
            people=people,
            members=len(members),
        )
