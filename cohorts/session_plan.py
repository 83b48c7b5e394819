"""Changing what is planned for a session that has not been held: drafted in a form, compared, then written.

The program's copy stays as the cohort was opened with; the session's own plan stands beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, select

from cohorts import audit, graduation, guests, homework, outbox, sessions, show_lines, timetable, touchpoints
from cohorts.cohort import Cohort, present, room_of
from cohorts.errors import Invalid, Refused, Remark
from cohorts.facts import Fact, clean
from cohorts.homework import Homework
from cohorts.lint_references import is_https, refuse_sessions
from cohorts.people import Person
from cohorts.program_parts import Guest, HomeworkPlan, OwnPlan
from cohorts.programs import Program
from cohorts.sessions import Session, SessionState
from cohorts.show_lines import Placed
from cohorts.store import Db, json, link, moment
from cohorts.when import Anchor, Duration, Unit, When, WhenKind

LONGEST = {"title": 200, "goal": 600, "place": 500, "guest": 200, "task": 200, "ask": 1000, "due": 60}
AGENDA = 3000  # characters of a run of show that a form can hold
HEARD = timedelta(days=3)  # so long before a session its place was told, and a new one is told again


class PlanDraft(SQLModel, table=True):
    """What one facilitator has typed of a change, page by page, until it is written or dropped."""

    __table_args__ = (sa.UniqueConstraint("session_id", "person_id"),)
    id: int = Field(default=None, primary_key=True)
    session_id: int = link("session.id", index=False)
    person_id: int = link("person.id")
    revision: int  # of what it changes: see `stamp`
    answers: object = json()
    at: datetime = moment()

    @property
    def given(self) -> Mapping[str, Mapping[str, str]]:
        """What was typed, by the number of the page."""
        return self.answers if isinstance(self.answers, dict) else {}


@dataclass(frozen=True, slots=True)
class Hour:
    """A session as somebody wants it: what the first page asks."""

    title: str
    goal: str
    place: str
    guest: Guest | None
    show: tuple[Placed, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """A homework as somebody wants it."""

    homework: Homework
    title: str
    ask: str
    due_at: datetime


def stamp(session: Session) -> int:
    """Grows with every change of the session's plan or time."""
    return session.plan_revision + session.revision


def changeable(session: Session) -> None:
    if session.state is not SessionState.PLANNED:
        raise Refused("plan/not-any-more", title=session.title, state=session.state.value)


def draft(db: Db, session: Session, person: Person) -> PlanDraft | None:
    """What somebody has typed so far; nothing once the session was changed by somebody else."""
    found = _draft(db, session, person)
    return found if found is not None and found.revision == stamp(session) else None


def _draft(db: Db, session: Session, person: Person) -> PlanDraft | None:
    query = select(PlanDraft).where(PlanDraft.session_id == session.id, PlanDraft.person_id == person.id)
    return db.exec(query).one_or_none()


def keep(
    db: Db, session: Session, person: Person, page: int, typed: Mapping[str, str], *, revision: int, now: datetime
) -> PlanDraft:
    """One page more. What was typed for an older plan is forgotten; what stands for a newer one is not touched."""
    if revision != stamp(session):
        raise Refused("plan/changed-meanwhile", title=session.title)
    found = _draft(db, session, person)
    if found is None:
        found = PlanDraft(session_id=session.id, person_id=person.id, revision=revision, answers={}, at=now)
        db.add(found)
    earlier = found.given if found.revision == revision else {}
    found.answers, found.revision, found.at = {**earlier, str(page): dict(typed)}, revision, now
    db.flush()
    return found


def drop(db: Db, session: Session, person: Person) -> None:
    found = _draft(db, session, person)
    if found is not None:
        db.delete(found)
        db.flush()


# What stands, as a form shows it.


def tasks_of(db: Db, cohort: Cohort, session: Session) -> list[Homework]:
    return [one for one in homework.of_cohort(db, cohort) if one.session_id == session.id]


def standing(cohort: Cohort, session: Session) -> dict[str, str]:
    guest = sessions.guest_of(cohort, session)
    return {
        "title": session.title,
        "goal": sessions.goal_of(cohort, session),
        "place": session.place,
        "guest": _spelled(cohort, guest) if guest is not None else "",
        "agenda": show_lines.written(sessions.run_of_show(cohort, session)),
    }


def _spelled(cohort: Cohort, guest: Guest) -> str:
    known = guest in cohort.program.guests
    return guest.name if known or not guest.contact else f"{guest.name}, {guest.contact}"


# What is wanted.


def read_hour(db: Db, cohort: Cohort, session: Session, typed: Mapping[str, str]) -> Hour:
    """The first page, checked; Invalid beside its fields."""
    text = {key: clean(typed.get(key) or "").strip() for key in ("title", "goal", "place", "guest")}
    for key, value in text.items():
        if len(value) > LONGEST[key]:
            raise Invalid(**{key: Remark("too-long", limit=LONGEST[key], length=len(value))})
    if not text["title"]:
        raise Invalid(title=Remark("required"))
    # A place that was there before stays, whatever it is.
    if text["place"] not in ("", "voice", "chat", session.place) and not is_https(text["place"]):
        raise Invalid(place=Remark("not-a-place"))
    known = sessions.run_of_show(cohort, session)
    asked = typed.get("agenda")
    show = [Placed(one, n) for n, one in enumerate(known)] if asked is None else show_lines.read(clean(asked), known)
    planned = sum(one.segment.minutes for one in show)
    if planned > session.minutes:
        raise Invalid(agenda=Remark("too-many-minutes", planned=planned, minutes=session.minutes))
    if asked is not None and len(asked) > AGENDA:
        raise Invalid(agenda=Remark("too-long", limit=AGENDA, length=len(asked)))
    hour = Hour(text["title"], text["goal"], text["place"], _guest(cohort, session, text["guest"]), tuple(show))
    _lint(db, cohort, session, hour)
    return hour


def _guest(cohort: Cohort, session: Session, words: str) -> Guest | None:
    """Somebody of the program, by name; else a name, with how to reach them after the last comma."""
    if not words:
        return None
    now = sessions.guest_of(cohort, session)
    if now is not None and words == _spelled(cohort, now):
        return now
    for guest in cohort.program.guests:
        if words.casefold() in (guest.key.casefold(), guest.name.casefold()):
            return guest
    name, _, contact = words.rpartition(",")
    reachable = "@" in contact or sum(char.isdigit() for char in contact) > 4
    if not (name.strip() and reachable):
        name, contact = words, ""
    return Guest(key="visitor", name=name.strip(), contact=contact.strip())


def _lint(db: Db, cohort: Cohort, session: Session, hour: Hour) -> None:
    """What the lint of programs refuses in a run of show, such as a slot that no poll steers any more."""
    before = {one.text for one in refuse_sessions(_program(db, cohort))}
    changed = _program(db, cohort, {session.key: _own(cohort, session, hour)})
    if any(one.text not in before for one in refuse_sessions(changed)):
        raise Invalid(agenda=Remark("slot-without-poll"))


def _program(db: Db, cohort: Cohort, changed: Mapping[str, OwnPlan] | None = None) -> Program:
    """The cohort's program with the plans that its sessions have by now."""
    own = {one.key: sessions.plan_of(cohort, one) for one in sessions.all_of(db, cohort)} | dict(changed or {})
    known = [own.pop(plan.key, None) or plan for plan in cohort.program.sessions]
    return cohort.program.model_copy(update={"sessions": (*known, *(one for one in own.values() if one is not None))})


def _own(cohort: Cohort, session: Session, hour: Hour) -> OwnPlan:
    plan = sessions.plan_of(cohort, session)
    known = next((one.key for one in cohort.program.guests if one == hour.guest), None)
    return OwnPlan(
        key=session.key,
        title=hour.title,
        minutes=session.minutes,
        kind=session.kind,
        day=plan.day if plan is not None else None,
        goal=hour.goal,
        makes=plan.makes if plan is not None else "",
        prework=plan.prework if plan is not None else "",
        materials=plan.materials if plan is not None else (),
        guest=known,
        visitor=hour.guest if known is None else None,
        agenda=tuple(one.segment for one in hour.show),
    )


def read_task(db: Db, cohort: Cohort, session: Session, one: Homework, title: str, ask: str, due_at: datetime) -> Task:
    """The page of one homework, checked; Invalid beside its fields."""
    title, ask = clean(title).strip(), clean(ask).strip()
    for key, value in (("task", title), ("ask", ask)):
        if not value:
            raise Invalid(**{key: Remark("required")})
        if len(value) > LONGEST[key]:
            raise Invalid(**{key: Remark("too-long", limit=LONGEST[key], length=len(value))})
    if due_at != one.due_at:
        named = graduation.named_at(db, cohort)
        if due_at <= session.ends_at:
            raise Invalid(due=Remark("due-before-set"))
        if named is not None and due_at > named:
            raise Invalid(due=Remark("due-after-all"))
    return Task(one, title, ask, due_at)


# What would change, and changing it.


def difference(cohort: Cohort, session: Session, hour: Hour, tasks: Sequence[Task]) -> dict[str, Fact]:
    """Facts for a message that shows what stands and what would; "" and [] where nothing changes."""
    was, old = standing(cohort, session), sessions.run_of_show(cohort, session)
    guest = _spelled(cohort, hour.guest) if hour.guest is not None else ""
    now = {"title": hour.title, "goal": hour.goal, "place": hour.place, "guest": guest}
    lines: list[Fact] = [{"what": key, "was": was[key], "now": now[key]} for key in now if was[key] != now[key]]
    return {
        "lines": lines,
        "segments": show_lines.difference(old, hour.show),
        "order": show_lines.order(hour.show),
        "planned": sum(one.segment.minutes for one in hour.show),
        "minutes": session.minutes,
        "homework": [_task_difference(cohort, one) for one in tasks if _differs(cohort, one)],
    }


def _differs(cohort: Cohort, task: Task) -> bool:
    one = task.homework
    return (task.title, task.ask, task.due_at) != (one.title, homework.plan_of(cohort, one).ask, one.due_at)


def _task_difference(cohort: Cohort, task: Task) -> Fact:
    one = task.homework
    return {
        "title": one.title,
        "now": task.title if task.title != one.title else "",
        "ask": task.ask if task.ask != homework.plan_of(cohort, one).ask else "",
        "was": one.due_at if task.due_at != one.due_at else None,
        "due": task.due_at if task.due_at != one.due_at else None,
    }


def is_change(changes: Mapping[str, Fact]) -> bool:
    return any(changes[name] for name in ("lines", "segments", "order", "homework"))


def change(
    db: Db, cohort: Cohort, session: Session, hour: Hour, tasks: Sequence[Task], *, by: Person, now: datetime
) -> None:
    """Write it: to the session's own plan, and to its homework."""
    changeable(session)
    changes = difference(cohort, session, hour, tasks)
    if not is_change(changes):
        raise Refused("plan/nothing", title=session.title)
    what = [str(one["what"]) for one in changes["lines"] if isinstance(one, dict)]  # type: ignore[union-attr]
    what += [name for name in ("segments", "order", "homework") if changes[name]]
    moved = session.place != hour.place
    session.plan = _own(cohort, session, hour).model_dump(
        mode="json", by_alias=True, exclude={"homework"}, exclude_defaults=True
    )
    session.title, session.place = hour.title, hour.place
    session.plan_revision += 1
    for task in tasks:
        if _differs(cohort, task):
            _assign(db, cohort, session, task, now=now)
    db.flush()
    if moved:
        _tell_place(db, cohort, session, now=now)
    if {"title", "goal", "place", "guest"} & set(what):
        guests.follow(db, cohort, session, now=now)
    if {"title", "place"} & set(what):
        timetable.enter_one(db, cohort, session, now=now)
    drop(db, session, by)
    audit.record(db, by, "session/planned", now=now, session=session.id, what=" ".join(what))
    touchpoints.reconcile(db, cohort, now=now)


def _assign(db: Db, cohort: Cohort, session: Session, task: Task, *, now: datetime) -> None:
    one = task.homework
    plan = homework.plan_of(cohort, one)
    due = plan.due
    if task.due_at != one.due_at:
        # Kept as a distance from its session, so that it follows when that moves.
        minutes = int((task.due_at - session.starts_at) / timedelta(minutes=1))
        due = When(WhenKind.ANCHOR, anchor=Anchor.SESSION, offset=Duration(Unit.MINUTES, minutes), sign=1)
        one.due_at, one.changed_at, one.revision = task.due_at, now, one.revision + 1
        db.flush()
        outbox.withdraw(db, one.about, reason="another due time")
    changed: HomeworkPlan = plan.model_copy(update={"title": task.title, "ask": task.ask})
    dumped = changed.model_dump(mode="json", by_alias=True, exclude={"due"}, exclude_defaults=True)
    one.plan = {**dumped, "key": one.key, "due": str(due)}
    one.title = task.title


def _tell_place(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> None:
    """Whoever was told another place shall not wait there."""
    if not sessions.is_expected(cohort) or not present(db, cohort) or session.starts_at - now > HEARD:
        return
    outbox.announce(
        db,
        room_of(db, cohort),
        "plan/new-place",
        key=f"session:{session.id}/place/p{session.plan_revision}",
        now=now,
        about=session.about,
        expires=session.ends_at,
        title=session.title,
        starts=session.starts_at,
        place=session.place,
    )
