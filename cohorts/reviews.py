"""Peer review: who hands in reads another's work and is read by one. Nobody themselves, nobody the same person twice.

In rounds: as soon as three unread pieces are in, and with what is left when the homework is due.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import homework, touchpoints
from cohorts.cohort import Cohort, Membership, present, zones_of
from cohorts.errors import Refused
from cohorts.facts import clean
from cohorts.homework import Homework, Submission
from cohorts.leanings import leanings
from cohorts.moments import next_morning
from cohorts.pairing_roles import Directed, preferred, readers
from cohorts.people import Person
from cohorts.planning import Occasion, Rule, Source
from cohorts.program_kinds import Urgency
from cohorts.store import Db, link, moment

WORDS = 1500  # of each of the three answers
ENOUGH = 3  # pieces in that begin a round before the homework is due

Reading = Directed  # (reviewer, author), as memberships


class Review(SQLModel, table=True):
    """One reading of one piece of work; `at` says when it was given back."""

    __table_args__ = (sa.UniqueConstraint("homework_id", "reviewer_id", "author_id"),)
    id: int = Field(default=None, primary_key=True)
    homework_id: int = link("homework.id", index=False)
    reviewer_id: int = link("membership.id")
    author_id: int = link("membership.id")
    works: str = Field(default="")
    question: str = Field(default="")
    suggestion: str = Field(default="")
    assigned_at: datetime = moment()
    at: datetime | None = moment(null=True)


def consider(db: Db, cohort: Cohort, one: Homework, *, now: datetime) -> None:
    """Hand out what waits to be read, if there is enough of it or the homework is due."""
    wanted = homework.plan_of(cohort, one).peer_review
    if not wanted:
        return
    is_due = now >= one.due_at
    given = _of_homework(db, one)
    here = {member.id for member in present(db, cohort)}
    waiting = [id_ for id_ in homework.submissions(db, one) if id_ in here and id_ not in _readers(given)]
    if len(waiting) < (2 if is_due else ENOUGH):
        made = _between(db, cohort, given, waiting, now) if is_due else False
    else:
        made = _hand_out(db, cohort, one, waiting, wanted, now, again=is_due)
    if made:
        touchpoints.reconcile(db, cohort, now=now)


def _readers(given: Iterable[Review]) -> set[int]:
    return {review.reviewer_id for review in given}


def _hand_out(
    db: Db, cohort: Cohort, one: Homework, waiting: list[int], wanted: int, now: datetime, *, again: bool
) -> bool:
    before = _before(db, cohort)
    there = [db.get_one(Membership, id_) for id_ in waiting]
    wishes = {frozenset(map(int, pair)): n for pair, n in preferred(leanings(db, cohort, there, at=now)).items()}
    made = False
    for n in range(min(wanted, len(waiting) - 1)):
        readings = readers(waiting, before, seed=one.id + n, again=again, avoid=wishes)
        fresh = [pair for pair in readings if not _given(db, one, pair)]
        if len(fresh) < len(readings):
            break  # of two people each can read the other once only
        for reviewer, author in fresh:
            db.add(Review(homework_id=one.id, reviewer_id=reviewer, author_id=author, assigned_at=now))
        db.flush()
        before |= set(fresh)
        made = made or bool(fresh)
    return made


def _given(db: Db, one: Homework, pair: Reading) -> bool:
    return any((review.reviewer_id, review.author_id) == pair for review in _of_homework(db, one))


def _between(db: Db, cohort: Cohort, given: Sequence[Review], late: list[int], now: datetime) -> bool:
    """A last one gets between two others: reads whom the first should have read, and is read by the first."""
    before = _before(db, cohort)
    for newcomer in late:
        for review in (one for one in given if one.at is None):
            reviewer, author = review.reviewer_id, review.author_id
            if (reviewer, newcomer) in before or (newcomer, author) in before:
                continue
            db.delete(review)
            db.flush()
            for pair in ((reviewer, newcomer), (newcomer, author)):
                db.add(Review(homework_id=review.homework_id, reviewer_id=pair[0], author_id=pair[1], assigned_at=now))
            db.flush()
            return True
    return False


def _before(db: Db, cohort: Cohort) -> set[Reading]:
    return {(one.reviewer_id, one.author_id) for one in of_cohort(db, cohort)}


def of_cohort(db: Db, cohort: Cohort) -> list[Review]:
    return list(
        db.exec(
            select(Review)
            .join(Homework, col(Homework.id) == col(Review.homework_id))
            .where(Homework.cohort_id == cohort.id)
            .order_by(col(Review.id))
        ).all()
    )


def _of_homework(db: Db, one: Homework) -> list[Review]:
    return list(db.exec(select(Review).where(Review.homework_id == one.id).order_by(col(Review.id))).all())


def owed(db: Db, membership: Membership) -> list[tuple[Review, Homework, Submission]]:
    """What somebody has been given to read and has not answered, the oldest first."""
    rows = db.exec(
        select(Review, Homework, Submission)
        .join(Homework, col(Homework.id) == col(Review.homework_id))
        .join(
            Submission,
            sa.and_(
                col(Submission.homework_id) == col(Review.homework_id),
                col(Submission.membership_id) == col(Review.author_id),
            ),
        )
        .where(Review.reviewer_id == membership.id, col(Review.at).is_(None))
        .order_by(col(Review.id))
    ).all()
    return [(review, one, work) for review, one, work in rows]


def mine(db: Db, person: Person, review_id: int) -> tuple[Review, Homework, Submission, Cohort]:
    """A review that somebody was asked for, with the work that it is about."""
    review = db.get(Review, review_id)
    member = db.get(Membership, review.reviewer_id) if review is not None else None
    if review is None or member is None or member.person_id != person.id:
        raise Refused("reviews/not-here")
    one, cohort = homework.get(db, review.homework_id)
    work = homework.submissions(db, one).get(review.author_id)
    if work is None or member not in present(db, cohort):
        raise Refused("reviews/not-here")
    return review, one, work, cohort


def give(db: Db, cohort: Cohort, review: Review, *, works: str, question: str, suggestion: str, now: datetime) -> None:
    """Give it back. Again replaces the words, and is not told a second time."""
    said = [clean(words).strip()[:WORDS] for words in (works, question, suggestion)]
    review.works, review.question, review.suggestion = said
    first = review.at is None
    review.at = review.at or now
    db.flush()
    if first:
        touchpoints.reconcile(db, cohort, now=now)


def count(db: Db, membership: Membership) -> int:
    """How many others' work somebody has read and answered."""
    return int(db.execute(_count(), {"member": membership.id}).scalar_one())


@cache
def _count() -> "sa.Select[Any]":
    return sa.select(sa.func.count()).where(
        col(Review.reviewer_id) == sa.bindparam("member"), col(Review.at).is_not(None)
    )


def _occasions(db: Db, cohort: Cohort) -> Iterable[Occasion]:
    found = of_cohort(db, cohort)
    zones = zones_of(db, cohort) if found else {}
    for review in found:
        assigned = next_morning(review.assigned_at, zones[review.reviewer_id])
        yield Occasion("review", review.id, 0, {"assigned": assigned}, member=review.reviewer_id)
        if review.at is not None:
            given = next_morning(review.at, zones[review.author_id])
            yield Occasion("reading", review.id, 0, {"given": given}, member=review.author_id)


TOUCHPOINTS = Source(
    occasions=_occasions,
    rules=(
        Rule("reviews/assign", on="homework", anchor="due", late=timedelta(days=7), behind=True),
        Rule("reviews/ask", on="review", anchor="assigned", late=timedelta(days=7), urgency=Urgency.WEEK),
        Rule("reviews/received", on="reading", anchor="given", late=timedelta(days=14), urgency=Urgency.WEEK),
    ),
)
