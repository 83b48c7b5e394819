"""Before a cohort starts: how ready it is, for those who conduct it, and the one thing to do next."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cohorts import applications
from cohorts import cohort as cohorts_
from cohorts.answers import answers_of
from cohorts.bundling import daytime_before
from cohorts.cohort import Cohort, CohortState
from cohorts.moments import shift
from cohorts.planning import Occasion, Rule, Source
from cohorts.program_kinds import Urgency
from cohorts.store import Db
from cohorts.when import Duration, Unit


class Step(StrEnum):
    """What to do next, the most urgent first."""

    INVITE = "invite"  # applications are open, and there are seats
    DECIDE = "decide"
    FILL = "fill"  # too few, and nobody waits
    LAUNCH = "launch"
    ROOM = "room"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Composition:
    """Who is in, as counts, the most frequent first."""

    levels: tuple[tuple[str, int], ...]
    companies: tuple[tuple[str, int], ...]
    zones: tuple[tuple[str, int], ...]


def composition(db: Db, cohort: Cohort) -> Composition:
    members = cohorts_.present(db, cohort)
    given = [answers_of(db, cohort, member) for member in members]
    people = cohorts_.people_of(db, members)
    return Composition(
        levels=_counted(cohort.program.level_of(one) for one in given),
        companies=_counted(cohort.program.company_of(one) for one in given),
        zones=_counted(people[member.id].zone for member in members),
    )


def _counted(values: Iterable[str | None]) -> tuple[tuple[str, int], ...]:
    """Alike whatever their capitals, named as the first wrote it."""
    names: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for value in values:
        if value is not None and (name := " ".join(value.split())):
            names.setdefault(name.casefold(), name)
            counts[name.casefold()] += 1
    return tuple((names[key], count) for key, count in counts.most_common())


def next_step(db: Db, cohort: Cohort, *, now: datetime) -> Step:
    members, size = len(cohorts_.present(db, cohort)), cohort.program.size
    if cohort.state is not CohortState.RECRUITING:
        return Step.NOTHING if has_room(db, cohort) else Step.ROOM
    if cohort.closes_at > now and members < size.max:
        return Step.INVITE
    if applications.queue(db, cohort):
        return Step.DECIDE
    return Step.LAUNCH if members >= size.min else Step.FILL


def has_room(db: Db, cohort: Cohort) -> bool:
    """Whether its room is there; it is made with the first acceptance."""
    return cohorts_.room_of(db, cohort).external is not None


def _occasions(db: Db, cohort: Cohort) -> Iterable[Occasion]:
    """A week and two days before the start, by day; on the Friday before where that is a weekend."""
    moments = {
        name: daytime_before(shift(cohort.opens_at, Duration(Unit.DAYS, days), -1, cohort.zone), cohort.zone)
        for name, days in (("week", 7), ("days", 2))
    }
    yield Occasion("eve", cohort.id, cohort.revision, moments)


TOUCHPOINTS = Source(
    occasions=_occasions,
    rules=(
        Rule("readiness/week-before", on="eve", anchor="week", late=timedelta(days=2), behind=True),
        Rule("readiness/days-before", on="eve", anchor="days", late=timedelta(days=1), behind=True),
        Rule("readiness/starting", on="eve", anchor="days", late=timedelta(days=1), urgency=Urgency.TODAY),
    ),
)
