"""Questions and messages of the program's own, sent when the file says."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Field, SQLModel

from cohorts import attendance, homework, sessions
from cohorts.answers import answers_of
from cohorts.attendance import Attended
from cohorts.cohort import Cohort, Membership, MembershipState, present
from cohorts.errors import Refused
from cohorts.facts import clean
from cohorts.planning import Item, Source
from cohorts.program_kinds import Urgency
from cohorts.program_parts import ProgramTouchpoint
from cohorts.programs import Program
from cohorts.store import Db, link, moment

WORDS = 2000
ELSEWHERE = ("cohort", "facilitators", "applicants")  # not to members one by one, each in their own day


class PromptAnswer(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True)
    membership_id: int = link("membership.id")
    prompt_key: str = Field(max_length=64)
    words: str
    at: datetime = moment()


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
            last = sessions.latest(db, cohort, now=now)
            seen = attendance.attendance(db, last) if last is not None else {}
            return [one for one in members if last is not None and seen.get(one.id) is not Attended.PRESENT]
        case "not_rsvped":
            coming = sessions.upcoming(db, cohort, now=now)
            answered = attendance.answers(db, coming) if coming is not None else {}
            return [one for one in members if coming is not None and one.id not in answered]
    if touchpoint.owes is not None:
        owed = [one for one in homework.of_cohort(db, cohort) if one.key == touchpoint.owes]
        return homework.debtors(db, cohort, owed[0]) if owed else []
    audience = (touchpoint.to,)
    return [one for one in members if cohort.program.is_for(audience, answers_of(db, cohort, one))]


def _items(program: Program) -> Iterable[Item]:
    for prompt in program.prompts:
        yield Item("prompts/ask", prompt.key, prompt.when, also_last=prompt.last)
    for touchpoint in program.touchpoints:
        urgency = touchpoint.urgency if touchpoint.to not in ELSEWHERE else Urgency.NOW
        yield Item("prompts/say", touchpoint.key, touchpoint.when, urgency=urgency)


TOUCHPOINTS = Source(items=_items)
