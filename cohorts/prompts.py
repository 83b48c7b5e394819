"""Questions and messages of the program's own, sent when the file says; and questions asked from chat."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import attendance, audit, homework, sessions, touchpoints
from cohorts.answers import answers_of
from cohorts.attendance import Attended
from cohorts.bundling import MEETING, daytime, is_daytime
from cohorts.cohort import Cohort, Membership, MembershipState, people_of, present
from cohorts.errors import Refused
from cohorts.facts import clean
from cohorts.moments import shift
from cohorts.people import Person
from cohorts.planning import Item, Occasion, Rule, Source
from cohorts.program_kinds import SessionKind, Urgency
from cohorts.program_parts import ProgramTouchpoint, Prompt
from cohorts.programs import Program
from cohorts.store import Db, link, moment
from cohorts.when import Anchor, When, WhenKind

WORDS = 2000
ASK = 500
ELSEWHERE = ("cohort", "facilitators", "applicants")  # not to members one by one, each in their own day
NEAR = timedelta(hours=3)  # what comes so close to a session belongs to it, whatever time it is where one lives


class PromptAnswer(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True)
    membership_id: int = link("membership.id")
    prompt_key: str = Field(max_length=64)
    words: str
    at: datetime = moment()


class OwnPrompt(SQLModel, table=True):
    """A question that those who conduct ask from chat, beside the program's own."""

    __table_args__ = (sa.UniqueConstraint("cohort_id", "key"),)
    id: int = Field(default=None, primary_key=True)
    cohort_id: int = link("cohort.id", index=False)
    key: str = Field(max_length=64)
    ask: str
    due_at: datetime = moment()


def put(db: Db, cohort: Cohort, ask: str, *, due_at: datetime, by: Person, now: datetime) -> OwnPrompt:
    """Ask every member, each in the day of their own that `due_at` falls on."""
    if not sessions.is_expected(cohort):
        raise Refused("program/not-launched", program=cohort.name)
    ask = clean(ask).strip()
    if len(ask) > ASK:
        raise Refused("prompts/too-long", limit=ASK, length=len(ask))
    prompt = OwnPrompt(cohort_id=cohort.id, key=f"own-{len(own(db, cohort)) + 1}", ask=ask, due_at=due_at)
    db.add(prompt)
    db.flush()
    audit.record(db, by, "prompt/asked", now=now, prompt=prompt.id)
    touchpoints.reconcile(db, cohort, now=now)
    return prompt


def own(db: Db, cohort: Cohort) -> list[OwnPrompt]:
    return list(db.exec(select(OwnPrompt).where(OwnPrompt.cohort_id == cohort.id).order_by(col(OwnPrompt.id))).all())


def find(db: Db, cohort: Cohort, key: str) -> Prompt | OwnPrompt | None:
    """The question of a key, the program's or one from chat."""
    asked: list[Prompt | OwnPrompt] = [*cohort.program.prompts, *own(db, cohort)]
    return next((one for one in asked if one.key == key), None)


def answers(db: Db, cohort: Cohort, key: str) -> list[tuple[Membership, str]]:
    """What was answered to one question, in the order it came."""
    rows = db.exec(
        select(PromptAnswer, Membership)
        .join(Membership, col(Membership.id) == col(PromptAnswer.membership_id))
        .where(Membership.cohort_id == cohort.id, PromptAnswer.prompt_key == key)
        .order_by(col(PromptAnswer.id))
    ).all()
    return [(member, one.words) for one, member in rows]


def answer(db: Db, membership: Membership, key: str, words: str, *, now: datetime) -> None:
    words = clean(words).strip()
    if not words:
        raise Refused("reflections/empty")
    if len(words) > WORDS:
        raise Refused("reflections/too-long", limit=WORDS, length=len(words))
    db.add(PromptAnswer(membership_id=membership.id, prompt_key=key, words=words, at=now))
    db.flush()


def recipients(db: Db, cohort: Cohort, touchpoint: ProgramTouchpoint, *, now: datetime) -> list[Membership]:
    """Members a touchpoint of the program is for, chosen when it fires."""
    members = present(db, cohort)
    match touchpoint.to:
        case "members":
            return members
        case "alumni":
            return [one for one in members if one.state is MembershipState.GRADUATED]
        case "absent":
            last = sessions.last_of(_owed(db, cohort), now=now)
            seen = attendance.attendance(db, last) if last is not None else {}
            return [one for one in members if last is not None and seen.get(one.id) is not Attended.PRESENT]
        case "not_rsvped":
            coming = sessions.next_of(_owed(db, cohort), now=now)
            answered = attendance.answers(db, coming) if coming is not None else {}
            return [one for one in members if coming is not None and one.id not in answered]
    if touchpoint.owes is not None:
        owed = [one for one in homework.of_cohort(db, cohort) if one.key == touchpoint.owes]
        return homework.debtors(db, cohort, owed[0]) if owed else []
    audience = (touchpoint.to,)
    return [one for one in members if cohort.program.is_for(audience, answers_of(db, cohort, one))]


def _owed(db: Db, cohort: Cohort) -> list[sessions.Session]:
    """The sessions that one answers for: not office hours."""
    return [one for one in sessions.standing(db, cohort) if one.kind is not SessionKind.OFFICE_HOURS]


def belongs_to_a_session(when: When) -> bool:
    of_sessions = when.names_session or when.anchor in (Anchor.SESSION, Anchor.SESSION_END, Anchor.NEXT_SESSION)
    if when.kind is not WhenKind.ANCHOR or not (of_sessions or when.anchor is Anchor.START):
        return False
    return when.offset is None or when.offset.elapsed <= NEAR


def heard_at(
    touchpoint: ProgramTouchpoint, zone: str, cohort: Cohort, *, due: datetime, now: datetime
) -> datetime | None:
    """When a reader hears what is `now`: at once, but by their day, unless it belongs to a session at that time.

    None when that is later than what it speaks of.
    """
    when = touchpoint.when
    at = now if belongs_to_a_session(when) else daytime(now, zone)
    comes = shift(due, when.offset, 1, cohort.zone) if when.offset is not None and when.sign < 0 else None
    return at if comes is None or at <= max(comes, now) else None


def rings(db: Db, cohort: Cohort, touchpoint: ProgramTouchpoint, *, now: datetime) -> bool:
    """Whether a message to the room pings: it is `now`, day for all, and no meeting, which has called them already."""
    if touchpoint.urgency is not Urgency.NOW or any(
        at <= now < at + MEETING for at in touchpoints.meetings(db, cohort)
    ):
        return False
    return all(is_daytime(now, one.zone) for one in people_of(db, present(db, cohort)).values())


def _items(program: Program) -> Iterable[Item]:
    for prompt in program.prompts:
        yield Item("prompts/ask", prompt.key, prompt.when, also_last=prompt.last)
    for touchpoint in program.touchpoints:
        here = touchpoint.to not in ELSEWHERE
        yield Item(
            "prompts/say",
            touchpoint.key,
            touchpoint.when,
            urgency=touchpoint.urgency if here else Urgency.NOW,
            homework=touchpoint.owes if touchpoint.when.anchor is Anchor.HOMEWORK_DUE else None,
            by_day=here and not belongs_to_a_session(touchpoint.when),
        )


def _occasions(db: Db, cohort: Cohort) -> Iterable[Occasion]:
    for prompt in own(db, cohort):
        yield Occasion("prompt", prompt.id, 0, {"due": prompt.due_at})


TOUCHPOINTS = Source(
    items=_items,
    occasions=_occasions,
    rules=(Rule("prompts/own", on="prompt", anchor="due", late=timedelta(days=2), urgency=Urgency.TODAY),),
)
