"""Asking "what was most valuable for you today?": in the last five minutes, and once more two hours later."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from cohorts import attendance, outbox, quiet, reflections, sessions
from cohorts.attendance import Answer, Attended
from cohorts.cohort import Cohort, Membership, among, person_of, present
from cohorts.outbox import Press
from cohorts.planning import Rule, Source
from cohorts.program_kinds import SegmentKind
from cohorts.sessions import Session
from cohorts.store import Db

KEPT_OPEN = timedelta(days=2)


def prompt_of(cohort: Cohort, session: Session) -> str:
    show = sessions.run_of_show(cohort, session)
    return next((one.prompt for one in show if one.kind is SegmentKind.REFLECTION and one.prompt), "")


def there(db: Db, cohort: Cohort, session: Session) -> list[Membership]:
    """Those who were seen or, if nobody was, those who have not said no."""
    seen = attendance.attendance(db, session)
    said = attendance.answers(db, session)
    members = present(db, cohort)
    if Attended.PRESENT in seen.values():
        return [one for one in members if seen.get(one.id) is Attended.PRESENT]
    return [one for one in members if said.get(one.id) is not Answer.NO]


def owing(db: Db, session: Session, members: Iterable[Membership]) -> list[Membership]:
    """Those of them who have not answered."""
    answered = {one.membership_id for one in reflections.of_session(db, session)}
    return [one for one in members if one.id not in answered]


def press(session: Session) -> Press:
    return Press("reflections/open", {"session_id": session.id}, "primary")


def ask(db: Db, cohort: Cohort, session: Session, *, now: datetime, due: datetime | None = None) -> None:
    """Everyone who is there, privately and once, however often it is asked for."""
    for member in owing(db, session, there(db, cohort, session)):
        key = f"session:{session.id}/reflection/{member.id}"
        if outbox.has(db, key):
            continue
        quiet.asked(db, member, at=now)
        outbox.tell(
            db,
            person_of(db, member),
            "reflections/ask",
            key=key,
            now=now,
            due=due,
            expires=now + KEPT_OPEN,
            as_=member.hears,
            presses=[press(session)],
            title=session.title,
            prompt=prompt_of(cohort, session),
            more=among(db, member),
        )


TOUCHPOINTS = Source(
    rules=(
        Rule(
            "reflections/again",
            on="session",
            anchor="end",
            shift="2h",
            late=timedelta(hours=3),
            trait="meeting",
        ),
    )
)
