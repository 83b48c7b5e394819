"""Homework as those who conduct see it: who is in, who owes; and one more set from chat."""

from __future__ import annotations

from datetime import datetime, time

from bot import whose
from bot.ask import Answers, Ask, Asking, Part, Reply, Response
from bot.command_text import Kind
from bot.message import Choice, Field, FieldKind
from bot.registry import Option, button, command, form
from cohorts import homework, sessions
from cohorts.cohort import Cohort, room_of
from cohorts.errors import Invalid, Refused, Remark
from cohorts.facts import Fact
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.sessions import Session

EVENING = time(18, 0)  # of a due day that names no hour
SHOWN = 8  # of the most recent; a message has its bounds


@command(
    "program homework",
    help="See who has handed in, or set one more homework",
    role=Role.FACILITATOR,
    options=[
        Option("due", "To set one: until when, such as thu 18:00", kind=Kind.MOMENT),
        Option("title", "What it is called"),
        Option("ask", "What to do", rest=True),
    ],
)
def homework_(ask_: Ask, due: str = "", title: str = "", ask: str = "") -> Response:
    cohort = whose.conducted(ask_)
    if not (due or title or ask):
        return _overview(ask_, cohort)
    if not (due and title and ask):
        return _form(ask_, cohort, due, title, ask)
    return _assigned(ask_, cohort, _sessions(ask_, cohort)[0], title, ask, _due(ask_, cohort, due))


def _overview(ask: Ask, cohort: Cohort) -> Reply:
    given = homework.given(ask.db, cohort, now=ask.now)[-SHOWN:]
    parts = []
    for one in given:
        handed_in = homework.submissions(ask.db, one)
        everyone = homework.meant(ask.db, cohort, one)
        done: list[Fact] = [
            {"person": member.ref, "link": handed_in[member.id].link} for member in everyone if member.id in handed_in
        ]
        owing: list[Fact] = [member.ref for member in everyone if member.id not in handed_in]
        parts.append(
            Part(
                "walls/one",
                {"title": one.title, "due_at": one.due_at, "everyone": len(everyone), "pieces": done, "owing": owing},
            )
        )
    return Reply(
        "walls/overview",
        program=cohort.name,
        given=len(given),
        parts=parts,
        presses=[Press("walls/assign", {"cohort_id": cohort.id})],
    )


@button("walls/assign", role=Role.FACILITATOR, reads=True)
def assign(ask: Ask, cohort_id: int) -> Asking:
    return _form(ask, whose.conducted(ask, cohort_id))


def _form(ask_: Ask, cohort: Cohort, due: str = "", title: str = "", ask: str = "") -> Asking:
    choices = tuple(Choice(str(one.id), one.title) for one in _sessions(ask_, cohort))
    return Asking(
        "walls/assign",
        [
            Field("title", FieldKind.LINE, "", required=True, max_length=homework.TITLE, value=title or None),
            Field("ask", FieldKind.PARAGRAPH, "", required=True, max_length=homework.WORDS, value=ask or None),
            Field("due", FieldKind.LINE, "", required=True, max_length=100, value=due or None),
            Field("session", FieldKind.CHOICE, "", required=True, choices=choices, value=choices[0].value),
        ],
        args={"cohort_id": cohort.id},
    )


@form("walls/assign", role=Role.FACILITATOR)
def assigned(ask: Ask, answers: Answers, cohort_id: int) -> Reply:
    cohort = whose.conducted(ask, cohort_id)
    known = {str(one.id): one for one in _sessions(ask, cohort)}
    said = {key: str(answers.get(key) or "").strip() for key in ("title", "ask", "due", "session")}
    wrong = {key: Remark("required") for key, text in said.items() if not text}
    for key, limit in (("title", homework.TITLE), ("ask", homework.WORDS)):
        if len(said[key]) > limit:
            wrong[key] = Remark("too-long", limit=limit, length=len(said[key]))
    if said["session"] and said["session"] not in known:
        wrong["session"] = Remark("not-a-choice", choices=[one.title for one in known.values()])
    due_at = None
    try:
        due_at = _due(ask, cohort, said["due"]) if said["due"] else None
    except Refused:
        wrong["due"] = Remark("not-a-time")
    if wrong or due_at is None:
        raise Invalid(**wrong)
    return _assigned(ask, cohort, known[said["session"]], said["title"], said["ask"], due_at)


def _sessions(ask: Ask, cohort: Cohort) -> list[Session]:
    """The last one and the next one: homework belongs to an hour."""
    last = sessions.latest(ask.db, cohort, now=ask.now)
    found = [last] if last is not None else []
    coming = sessions.upcoming(ask.db, cohort, now=ask.now)
    if coming is not None and coming is not last:
        found.append(coming)
    if not found or not sessions.is_expected(cohort):
        raise Refused("program/not-launched", program=cohort.name)
    return found


def _due(ask: Ask, cohort: Cohort, text: str) -> datetime:
    return whose.moment(ask, text, zone=cohort.zone, at=EVENING)


def _assigned(ask_: Ask, cohort: Cohort, session: Session, title: str, ask: str, due_at: datetime) -> Reply:
    if len(title) > homework.TITLE or len(ask) > homework.WORDS:
        raise Refused("homework/too-long", limit=homework.WORDS, length=len(title) + len(ask))
    one = homework.assign(ask_.db, cohort, session, title=title, ask=ask, due_at=due_at, by=ask_.person, now=ask_.now)
    return Reply("walls/assigned", title=one.title, due_at=one.due_at, room=room_of(ask_.db, cohort).ref)
