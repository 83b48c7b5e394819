"""What a member of a program will get, week by week, before there is a cohort.

Nothing is described twice: a cohort of two is opened, filled and launched in a database that exists for a moment, by
the very functions that run a real one, and its plan is read off. What a new feature plans shows up by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool
from sqlmodel import col, select

from cohorts import applications, buddies, sessions, timetable, touchpoints
from cohorts import cohort as cohorts_
from cohorts.cohort import Cohort
from cohorts.homework import Homework
from cohorts.moments import local
from cohorts.people import Granted, Person, grant, workspace
from cohorts.program_answers import quote
from cohorts.program_kinds import Urgency
from cohorts.programs import Program
from cohorts.store import Db, load_models
from cohorts.touchpoints import Touchpoint

ROOM_FOR_DECIDING = timedelta(days=4)  # from the close of applications to the start
NOT_MEMBERS = ("facilitators", "applicants")


@dataclass(frozen=True, slots=True)
class Told:
    """One thing a member gets. `name` is the rule that tells it, or one of OPENED, ACCEPTED, LAUNCHED."""

    name: str
    at: datetime
    title: str = ""  # of the session or homework it is about
    words: str = ""  # the program's own: a prompt's question, a survey's name, a message
    to: str = "members"
    waits: bool = False  # it can wait: whatever is told at the same moment is one message with it


OPENED, ACCEPTED, LAUNCHED = "preview/opened", "preview/accepted", "preview/launched"


@dataclass(frozen=True, slots=True)
class Preview:
    """`starts` is the made-up first day."""

    starts: date
    zone: str
    told: tuple[Told, ...]

    def week(self, at: datetime) -> int:
        """1 for the first; 0 for all that comes before."""
        days = (at.astimezone(ZoneInfo(self.zone)).date() - self.starts).days
        return max(0, days // 7 + 1)

    def weeks(self) -> Mapping[int, list[Told]]:
        found: dict[int, list[Told]] = {}
        for one in self.told:
            found.setdefault(self.week(one.at), []).append(one)
        return found


def preview(program: Program, toml: str, *, now: datetime, zone: str) -> Preview:
    """All that a member gets who applies at once, is accepted in time and lives in `zone`, in the order of time."""
    days = program.application.open_days + ROOM_FOR_DECIDING.days
    first = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    first += timedelta(days=-first.weekday() % 7)  # a Monday
    with _for_a_moment() as db:
        cohort, launched = _cohort_of_two(db, program, toml, first, zone, now)
        turns = touchpoints.turns(db, cohort, now=now)
        rows = [row for row in _heard(db, cohort) if _is_for(db, cohort, row)]
        told = [
            Told(OPENED, now),
            Told(ACCEPTED, applications.answer_by(cohort)),
            Told(LAUNCHED, launched),
            *(_told(db, program, row, min(turns.get(row.key, {}).values(), default=row.due_at)) for row in rows),
        ]
    heard = [one for one in told if one.to not in NOT_MEMBERS]
    return Preview(first, zone, tuple(sorted(heard, key=lambda one: (one.at, one.name))))


def _heard(db: Db, cohort: Cohort) -> Sequence[Touchpoint]:
    behind = {rule.name for source in touchpoints.sources() for rule in source.rules if rule.behind}
    rows = select(Touchpoint).where(Touchpoint.cohort_id == cohort.id, col(Touchpoint.rule).not_in(behind))
    return db.exec(rows).all()


def _is_for(db: Db, cohort: Cohort, row: Touchpoint) -> bool:
    """For all, or for the first of the two alone."""
    member = row.args.get("membership_id") if isinstance(row.args, dict) else None
    return member is None or member == min(one.id for one in cohorts_.present(db, cohort))


@contextmanager
def _for_a_moment() -> Iterator[Db]:
    """An empty database in memory, gone afterwards."""
    engine = sa.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    load_models().create_all(engine)
    try:
        with Db(engine, expire_on_commit=False) as db:
            yield db
    finally:
        engine.dispose()


def _cohort_of_two(
    db: Db, program: Program, toml: str, first: date, zone: str, now: datetime
) -> tuple[Cohort, datetime]:
    """The cohort, and when it was launched: three days before it starts, or as soon as the decisions are out."""
    place = workspace(db, "preview", "preview")
    fay, ana, ben = (Person(workspace_id=place.id, name=name, zone=zone) for name in ("fay", "ana", "ben"))
    db.add_all([fay, ana, ben])
    db.flush()
    grant(db, fay, Granted.FACILITATOR, program.key)
    cohort = cohorts_.recruit(db, place, program, toml, starts_on=first, zone=zone, by=fay, now=now)
    timetable.lay_out(db, cohort, now=now)
    accepted = applications.answer_by(cohort)
    cohorts_.welcome(db, cohort, ana, now=accepted)
    cohorts_.welcome(db, cohort, ben, now=accepted)
    launched = max(accepted, local(first - timedelta(days=3), program.at, zone))
    cohorts_.launch(db, cohort, by=fay, now=launched)
    buddies.settle(db, cohort, now=launched)
    db.flush()
    return cohort, launched


def _told(db: Db, program: Program, row: Touchpoint, at: datetime) -> Told:
    args = row.args if isinstance(row.args, dict) else {}
    words, to = _own_words(program, row.rule, str(args.get("item") or ""))
    title = ""
    if "session_id" in args:
        title = sessions.get(db, int(str(args["session_id"])))[0].title
    elif "homework_id" in args:
        title = db.get_one(Homework, int(str(args["homework_id"]))).title
    return Told(row.rule, at, title, words, to, waits=row.urgency is not Urgency.NOW)


def _own_words(program: Program, rule: str, item: str) -> tuple[str, str]:
    """What the file itself says under that key, and to whom."""
    for prompt in program.prompts if rule.startswith("prompts/") else ():
        if prompt.key == item:
            return quote(prompt.ask, {}), "members"
    for message in program.touchpoints if rule.startswith("prompts/") else ():
        if message.key == item:
            return quote(message.text, {}).replace("*", "").strip(), message.to
    for survey in program.surveys if rule.startswith("surveys/") else ():
        if survey.key == item:
            return survey.name, survey.audience[0] if len(survey.audience) == 1 else ", ".join(survey.audience)
    return "", "members"
