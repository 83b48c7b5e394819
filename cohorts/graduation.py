"""Graduating: the checklist that is always visible, and what happens by itself when it is met."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from sqlmodel import Field, SQLModel, col, select

from cohorts import attendance, homework, reflections
from cohorts import cohort as cohorts_
from cohorts.bundling import daytime
from cohorts.cohort import COHORT_LIFE, Cohort, CohortState, Membership, MembershipState
from cohorts.moments import day_of, shift, working_day_after
from cohorts.people import Person
from cohorts.planning import Occasion, Rule, Source
from cohorts.program_kinds import SessionKind
from cohorts.sessions import Session, SessionState, all_of, standing
from cohorts.states import advance, may
from cohorts.store import Db, link, moment
from cohorts.when import Anchor, WhenKind

NAMED_AT = time(14, 0)  # in the cohort's zone, on the first working day after the ceremony


class Graduate(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True)
    membership_id: int = link("membership.id", index=False, unique=True)
    at: datetime = moment()


SHORT_BEFORE = timedelta(hours=4)  # graduates are named: whoever is short hears it


class Criterion(StrEnum):
    ATTEND = "attend"
    SUBMIT = "submit"
    SUBMIT_ANY = "submit-any"
    REFLECT = "reflect"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the checklist: `done` of `needed`. `title` names the homework of a SUBMIT line."""

    criterion: Criterion
    done: int
    needed: int
    title: str = ""

    @property
    def met(self) -> bool:
        return self.done >= self.needed


def checklist(db: Db, cohort: Cohort, membership: Membership) -> list[Line]:
    """What it takes, and how far somebody is."""
    asked = cohort.program.graduation
    lines = [Line(Criterion.ATTEND, attendance.attended_count(db, membership), cohort.program.attendance_needed)]
    handed_in = homework.submitted_keys(db, membership)
    titles = {plan.key: plan.title for _, plan in cohort.program.homework}
    lines += [Line(Criterion.SUBMIT, int(key in handed_in), 1, titles[key]) for key in asked.submit]
    if asked.submit_at_least > len(asked.submit):
        lines.append(Line(Criterion.SUBMIT_ANY, len(handed_in), asked.submit_at_least))
    if asked.reflect_at_least:
        lines.append(Line(Criterion.REFLECT, reflections.count(db, membership), asked.reflect_at_least))
    return [line for line in lines if line.needed]


def is_met(db: Db, cohort: Cohort, membership: Membership) -> bool:
    return all(line.met for line in checklist(db, cohort, membership))


def ceremony(db: Db, cohort: Cohort) -> datetime | None:
    """The moment of the ritual: the end of the last meeting, or as the program says. None without a meeting."""
    when = cohort.program.graduation.when
    meetings = [one for one in standing(db, cohort) if one.kind is SessionKind.SESSION]
    if when.kind is WhenKind.DAY:
        assert when.day is not None and when.at is not None
        return day_of(cohort.starts_on, when.day, when.at, cohort.zone)
    if when.names_session:
        meetings = [one for one in standing(db, cohort) if one.key == when.anchor]
    if not meetings:
        return None
    anchor = meetings[-1].ends_at if when.anchor == Anchor.SESSION_END else meetings[-1].starts_at
    return shift(anchor, when.offset, when.sign, cohort.zone) if when.offset is not None else anchor


def named_at(db: Db, cohort: Cohort) -> datetime | None:
    """When graduates are named, letter and badge together: the afternoon after the ceremony, never on a weekend.

    When the last meeting is cancelled, and what is then the ceremony is past: the afternoon after the cancellation.
    """
    held = ceremony(db, cohort)
    if held is None:
        return None
    called_off = (one.changed_at for one in _before(db, cohort) if one.state is SessionState.CANCELLED)
    return working_day_after(max([held, *(at for at in called_off if at is not None)]), NAMED_AT, cohort.zone)


def is_about_to_be_named(db: Db, cohort: Cohort, *, now: datetime) -> bool:
    """In the last day before: a badge that is earned now comes with the letter."""
    named = named_at(db, cohort)
    return named is not None and timedelta(0) <= named - now <= timedelta(days=1)


def _before(db: Db, cohort: Cohort) -> list[Session]:
    """All sessions but the reunion, which hangs on graduation and not the other way round."""
    return [one for one in all_of(db, cohort) if one.kind is not SessionKind.REUNION]


def grace_until(db: Db, cohort: Cohort) -> datetime | None:
    named = named_at(db, cohort)
    return shift(named, cohort.program.graduation.grace, 1, cohort.zone) if named is not None else None


def consider(db: Db, cohort: Cohort, membership: Membership, *, now: datetime) -> bool:
    """Graduate a member who meets the criteria, once graduates are named and until the grace ends."""
    named, grace = named_at(db, cohort), grace_until(db, cohort)
    if named is None or grace is None or not named <= now <= grace:
        return False
    if membership.state is not MembershipState.ACTIVE or not is_met(db, cohort, membership):
        return False
    cohorts_.graduate(db, membership)
    db.add(Graduate(membership_id=membership.id, at=now))
    db.flush()
    return True


def name_graduates(db: Db, cohort: Cohort, *, now: datetime) -> list[Membership]:
    """Everyone who graduates today; the cohort has graduated with them."""
    named = [one for one in cohorts_.present(db, cohort) if consider(db, cohort, one, now=now)]
    if may(COHORT_LIFE, cohort.state, CohortState.GRADUATED):
        cohort.state = advance(COHORT_LIFE, cohort.state, CohortState.GRADUATED, "program/over")
        db.flush()
    return named


def short(db: Db, cohort: Cohort) -> list[tuple[Membership, list[Line]]]:
    """Who would not graduate today, with the lines they miss."""
    missing = (
        (one, [line for line in checklist(db, cohort, one) if not line.met])
        for one in cohorts_.present(db, cohort)
        if one.state is MembershipState.ACTIVE
    )
    return [(one, lines) for one, lines in missing if lines]


def told_how(db: Db, cohort: Cohort, membership: Membership) -> datetime | None:
    """When somebody gets their letter or, as it stands now, hears what is missing."""
    named = named_at(db, cohort)
    return named if named is None or is_met(db, cohort, membership) else named - SHORT_BEFORE


def hears_in_the_morning(db: Db, cohort: Cohort, person: Person) -> bool:
    """Whether it is day for somebody four hours before graduates are named; others hear it the evening before."""
    named = named_at(db, cohort)
    at = named - SHORT_BEFORE if named is not None else None
    return at is None or daytime(at, person.zone) == at


def next_step(lines: list[Line]) -> Line | None:
    """What to do first of what is open: something to hand in, a reflection; having been there can't be made up for."""
    order = (Criterion.SUBMIT, Criterion.SUBMIT_ANY, Criterion.REFLECT, Criterion.ATTEND)
    return min((line for line in lines if not line.met), key=lambda line: order.index(line.criterion), default=None)


def graduates(db: Db, cohort: Cohort) -> list[tuple[Graduate, Membership]]:
    rows = db.exec(
        select(Graduate, Membership)
        .join(Membership, col(Membership.id) == col(Graduate.membership_id))
        .where(Membership.cohort_id == cohort.id)
        .order_by(col(Graduate.id))
    ).all()
    return [(graduate, membership) for graduate, membership in rows]


def _occasions(db: Db, cohort: Cohort) -> Iterable[Occasion]:
    held, named, grace = ceremony(db, cohort), named_at(db, cohort), grace_until(db, cohort)
    if held is not None and named is not None and grace is not None:
        revision = sum(one.revision for one in _before(db, cohort))  # of cancelled ones too: it never falls
        moments = {"ceremony": held, "eve": _eve(db, cohort, held), "named": named, "grace": grace}
        yield Occasion("graduation", cohort.id, revision, moments)


def _eve(db: Db, cohort: Cohort, held: datetime) -> datetime:
    """What is asked the day before goes along with the reminder of the meeting at whose end the ceremony is."""
    starts = [one.starts_at for one in standing(db, cohort) if one.starts_at <= held <= one.ends_at]
    return min([held, *starts])


TOUCHPOINTS = Source(
    occasions=_occasions,
    rules=(
        Rule(
            "graduation/short-evening",
            on="graduation",
            anchor="ceremony",
            shift="2h",
            late=timedelta(hours=12),
            behind=True,
        ),
        Rule("graduation/short", on="graduation", anchor="named", shift="-4h", late=timedelta(hours=3)),
        Rule("graduation/name", on="graduation", anchor="named"),
    ),
)
