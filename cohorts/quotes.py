"""Words of members that others may read with the name: nobody is quoted who has not agreed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from cohorts.cohort import Cohort, Membership
from cohorts.facts import PersonRef
from cohorts.reflections import Reflection
from cohorts.sessions import Session
from cohorts.store import Db

BEST_LENGTH = (40, 240)  # characters: long enough to say something, short enough for a page


@dataclass(frozen=True, slots=True)
class Quote:
    """`about`: what they speak of, such as a session's title."""

    membership_id: int
    person: PersonRef
    words: str
    about: str
    at: datetime


def from_reflections(db: Db, cohort: Cohort) -> list[Quote]:
    """What was said at the end of sessions by those who ticked that it may be quoted, the oldest first."""
    rows = db.exec(
        select(Reflection, Session, Membership)
        .join(Session, col(Session.id) == col(Reflection.session_id))
        .join(Membership, col(Membership.id) == col(Reflection.membership_id))
        .where(Session.cohort_id == cohort.id, col(Reflection.share).is_(True))
        .order_by(col(Reflection.at), col(Reflection.id))
    ).all()
    return [Quote(member.id, member.ref, one.words, session.title, one.at) for one, session, member in rows]


def chosen(quotes: Sequence[Quote], most: int) -> list[Quote]:
    """So many, one a person: those of a good length before others, the latest before earlier ones."""
    least, longest = BEST_LENGTH
    ordered = sorted(quotes, key=lambda one: (least <= len(one.words) <= longest, one.at), reverse=True)
    found: dict[int, Quote] = {}
    for one in ordered:
        found.setdefault(one.membership_id, one)
    return list(found.values())[:most]
