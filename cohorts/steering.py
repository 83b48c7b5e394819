"""Polls that a run of show plans, and what their winner opens: the prompt of a slot that comes later."""

from collections.abc import Collection

from cohorts import sessions
from cohorts.cohort import Cohort
from cohorts.program_kinds import SegmentKind
from cohorts.program_parts import Segment
from cohorts.sessions import Session
from cohorts.store import Db


def planned(cohort: Cohort, session: Session, asked: Collection[str]) -> Segment | None:
    """The first poll of a session's run of show that was not asked yet; `asked` are the questions that were."""
    show = sessions.run_of_show(cohort, session)
    polls = (one for one in show if one.kind is SegmentKind.POLL)
    return next((one for one in polls if " ".join(one.prompt.split()) not in asked), None)


def opens(db: Db, cohort: Cohort, session: Session, question: str, choice: str) -> str:
    """What the winner of a planned poll says for its slot; "" for any other poll."""
    show = sessions.run_of_show(cohort, session)
    steers = {one.steers for one in show if one.steers and " ".join(one.prompt.split()) == question}
    later = [one for one in sessions.standing(db, cohort) if one.starts_at >= session.starts_at]
    slots = (one for held in later for one in sessions.run_of_show(cohort, held) if one.slot in steers)
    return next((one.options[choice] for one in slots if choice in one.options), "")
