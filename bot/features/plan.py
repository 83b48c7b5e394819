"""Planning a session from chat: a form with what stands, the difference shown, then written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from bot import whose
from bot.ask import Answers, Ask, Asking, Reply, Response
from bot.features.timetable import NUMBER
from bot.message import Field, FieldKind, Scalar
from bot.registry import button, closed, command, form
from cohorts import homework, hosting, session_plan
from cohorts.cohort import Cohort
from cohorts.errors import Invalid, Refused, Remark
from cohorts.facts import as_typed
from cohorts.homework import Homework
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.session_plan import AGENDA, LONGEST, Hour, Task
from cohorts.sessions import Session


@command("session plan", help="Change what a session holds before it is held", role=Role.HOST, options=[NUMBER])
def plan(ask: Ask, number: int | None = None) -> Asking:
    session, cohort = whose.coming_led(ask, number)
    return _page(ask, cohort, session, 1)


@button("plan/open", role=Role.HOST)
def open_(ask: Ask, session_id: int) -> Asking:
    session, cohort = hosting.led(ask.db, ask.person, session_id)
    return _page(ask, cohort, session, 1)


def _page(ask: Ask, cohort: Cohort, session: Session, page: int) -> Asking:
    session_plan.changeable(session)
    tasks = session_plan.tasks_of(ask.db, cohort, session)
    kept = session_plan.draft(ask.db, session, ask.person)
    typed = kept.given.get(str(page), {}) if kept is not None else {}
    args: dict[str, Scalar] = {"session_id": session.id, "page": page, "revision": session_plan.stamp(session)}
    if page == 1:
        return _hour(cohort, session, typed, args, 1 + len(tasks))
    return _homework(cohort, tasks[page - 2], typed, args, 1 + len(tasks))


def _hour(cohort: Cohort, session: Session, typed: Mapping[str, str], args: Mapping[str, Scalar], pages: int) -> Asking:
    now = session_plan.standing(cohort, session)
    long = len(now["agenda"]) > AGENDA  # more than a form can hold
    now = {**now, **typed}
    fields = [
        Field("title", FieldKind.LINE, "", required=True, max_length=LONGEST["title"], value=now["title"]),
        Field("goal", FieldKind.PARAGRAPH, "", max_length=LONGEST["goal"], value=now["goal"] or None),
        Field("place", FieldKind.LINE, "", max_length=LONGEST["place"], value=now["place"] or None),
        Field("guest", FieldKind.LINE, "", max_length=LONGEST["guest"], value=now["guest"] or None),
        Field("agenda", FieldKind.PARAGRAPH, "", max_length=AGENDA, value=now["agenda"] or None),
    ]
    return Asking(
        "plan/edit",
        fields[:-1] if long else fields,
        args=args,
        intro="plan/first",
        page=1,
        pages=pages,
        minutes=session.minutes,
        long=long,
        count=pages - 1,
    )


def _homework(
    cohort: Cohort, one: Homework, typed: Mapping[str, str], args: Mapping[str, Scalar], pages: int
) -> Asking:
    asked = homework.plan_of(cohort, one).ask
    now = {"task": one.title, "ask": asked, "due": _day(cohort, one.due_at), **typed}
    page = int(args["page"])
    fields = [
        Field("task", FieldKind.LINE, "", required=True, max_length=LONGEST["task"], value=now["task"]),
        Field("ask", FieldKind.PARAGRAPH, "", required=True, max_length=LONGEST["ask"], value=now["ask"]),
        Field("due", FieldKind.LINE, "", required=True, max_length=LONGEST["due"], value=now["due"]),
    ]
    return Asking(
        "plan/edit",
        fields,
        args=args,
        intro="plan/task",
        page=page,
        pages=pages,
        zone=cohort.zone,
        number=page - 1,
        count=pages - 1,
    )


def _day(cohort: Cohort, at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(cohort.zone)):%Y-%m-%d %H:%M}"


@form("plan/edit", role=Role.HOST)
def edited(ask: Ask, answers: Answers, session_id: int, page: int, revision: int) -> Response:
    session, cohort = hosting.led(ask.db, ask.person, session_id)
    session_plan.changeable(session)
    tasks = session_plan.tasks_of(ask.db, cohort, session)
    if not 1 <= page <= 1 + len(tasks):
        raise Refused("commands/gone")
    typed = _typed(answers)
    if page == 1:
        session_plan.read_hour(ask.db, cohort, session, typed)
    else:
        _task(ask, cohort, session, tasks[page - 2], typed)
    session_plan.keep(ask.db, session, ask.person, page, typed, revision=revision, now=ask.now)
    if page <= len(tasks):
        return _page(ask, cohort, session, page + 1)
    return _difference(ask, cohort, session)


@closed("plan/edit", role=Role.HOST)
def put_away(ask: Ask, answers: Answers, session_id: int, page: int, revision: int) -> None:
    """What was typed stands there when the form is opened again."""
    session, cohort = hosting.led(ask.db, ask.person, session_id)
    if 1 <= page <= 1 + len(session_plan.tasks_of(ask.db, cohort, session)):
        session_plan.keep(ask.db, session, ask.person, page, _typed(answers), revision=revision, now=ask.now)


def _typed(answers: Answers) -> dict[str, str]:
    """An emptied field is an answer too."""
    return {key: str(as_typed(value)) if value is not None else "" for key, value in answers.items() if key in _KEYS}


_KEYS = {"title", "goal", "place", "guest", "agenda", "task", "ask", "due"}


def _task(ask: Ask, cohort: Cohort, session: Session, one: Homework, typed: Mapping[str, str]) -> Task:
    said = typed.get("due") or ""
    due = one.due_at
    if said.strip() != _day(cohort, one.due_at):
        try:
            due = whose.moment(ask, said, zone=cohort.zone, at=cohort.program.at)
        except Refused as refused:
            raise Invalid(due=Remark("past" if refused.reason == "dates/past" else "not-a-moment")) from None
    return session_plan.read_task(ask.db, cohort, session, one, typed.get("task") or "", typed.get("ask") or "", due)


def _wanted(ask: Ask, cohort: Cohort, session: Session) -> tuple[Hour, list[Task]]:
    """What the draft asks for; what was not typed stays as it is."""
    kept = session_plan.draft(ask.db, session, ask.person)
    if kept is None:
        raise Refused("plan/changed-meanwhile", title=session.title)
    given = kept.given
    standing = {key: now for key, now in session_plan.standing(cohort, session).items() if key != "agenda"}
    hour = session_plan.read_hour(ask.db, cohort, session, {**standing, **given.get("1", {})})
    tasks = [
        _task(ask, cohort, session, one, given[str(page)])
        for page, one in enumerate(session_plan.tasks_of(ask.db, cohort, session), start=2)
        if str(page) in given
    ]
    return hour, tasks


def _difference(ask: Ask, cohort: Cohort, session: Session) -> Reply:
    changes = session_plan.difference(cohort, session, *_wanted(ask, cohort, session))
    if not session_plan.is_change(changes):
        session_plan.drop(ask.db, session, ask.person)
        return Reply("plan/nothing", title=session.title)
    ids = {"session_id": session.id}
    return Reply(
        "plan/difference",
        title=session.title,
        starts=session.starts_at,
        more=changes,
        presses=[
            Press("plan/apply", {**ids, "revision": session_plan.stamp(session)}, "primary"),
            Press("plan/open", ids),
            Press("plan/drop", ids),
        ],
    )


@button("plan/apply", role=Role.HOST)
def apply(ask: Ask, session_id: int, revision: int) -> Reply:
    session, cohort = hosting.led(ask.db, ask.person, session_id)
    session_plan.changeable(session)
    if revision != session_plan.stamp(session):
        raise Refused("plan/changed-meanwhile", title=session.title)
    try:
        hour, tasks = _wanted(ask, cohort, session)
    except Invalid:  # a due time that has passed since it was typed
        raise Refused("plan/changed-meanwhile", title=session.title) from None
    session_plan.change(ask.db, cohort, session, hour, tasks, by=ask.person, now=ask.now)
    return Reply("plan/changed", replaces=True, title=session.title, starts=session.starts_at)


@button("plan/drop", role=Role.HOST)
def drop(ask: Ask, session_id: int) -> Reply:
    session, _ = hosting.led(ask.db, ask.person, session_id)
    session_plan.drop(ask.db, session, ask.person)
    return Reply("plan/dropped", replaces=True, title=session.title)
