"""What came as files, for whoever conducts the cohort: whose, for which homework, and how to find one again."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlmodel import col, select

from cohorts import attachments, homework
from cohorts.attachments import Attachment, Kept
from cohorts.cohort import Cohort, Membership
from cohorts.errors import Refused
from cohorts.homework import Homework, Submission
from cohorts.people import Person
from cohorts.store import Db


class HandIn(NamedTuple):
    """What one person handed in for one homework, as far as it came as files."""

    submission_id: int
    homework: Homework
    person: Person
    files: Sequence[Kept]


def with_files(db: Db, cohort: Cohort) -> list[Homework]:
    """The homework for which a file was handed in, the most recent last."""
    having = (
        select(Submission.homework_id)
        .join(Attachment, col(Attachment.submission_id) == col(Submission.id))
        .where(col(Submission.homework_id).in_(select(Homework.id).where(Homework.cohort_id == cohort.id)))
    )
    known = set(db.exec(having).all())
    return [one for one in homework.of_cohort(db, cohort) if one.id in known]


def the_one(db: Db, cohort: Cohort, wanted: str | None) -> Homework:
    """The homework that is named, or the most recent for which there are files."""
    having = with_files(db, cohort)
    if not having:
        raise Refused("files/none-yet", program=cohort.name)
    if not wanted:
        return having[-1]
    for one in having:
        if wanted.casefold().strip() in (one.key.casefold(), one.title.casefold()):
            return one
    raise Refused("files/no-such", words=wanted[:100], titles=[one.title for one in having])


def of_homework(db: Db, one: Homework) -> list[HandIn]:
    """All that came as files, the earliest first."""
    rows = db.exec(
        select(Submission.id, Person)
        .join(Membership, col(Membership.id) == col(Submission.membership_id))
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(Submission.homework_id == one.id)
        .order_by(col(Submission.at), col(Submission.id))
    ).all()
    files: dict[int, list[Kept]] = {}
    for file in attachments.of(db, [submission_id for submission_id, _ in rows]):
        files.setdefault(file.submission_id, []).append(file)
    return [HandIn(id, one, person, files[id]) for id, person in rows if id in files]


def of_person(db: Db, one: Homework, person: Person) -> HandIn:
    found = next((hand_in for hand_in in of_homework(db, one) if hand_in.person.id == person.id), None)
    if found is None:
        raise Refused("files/none-of-them", person=person.ref, title=one.title)
    return found


def again(db: Db, cohort: Cohort, submission_id: int) -> HandIn:
    """One that was shown before, of this cohort; it may have been replaced meanwhile, or be gone."""
    submission = db.get(Submission, submission_id)
    one = db.get(Homework, submission.homework_id) if submission is not None else None
    if one is None or one.cohort_id != cohort.id:
        raise Refused("files/gone")
    found = next((hand_in for hand_in in of_homework(db, one) if hand_in.submission_id == submission_id), None)
    if found is None:
        raise Refused("files/gone")
    return found
