"""Mentors: those who walked a program before are asked whether they would be there for somebody who walks it now.

One mentor for each as far as there are any, the work shared evenly, and nobody has more than `MOST`. Whoever left,
pauses or wants to hear less is not asked, and whoever said "not this time" is not asked again in this season.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import outbox, quiet
from cohorts.breakouts import Apart
from cohorts.bundling import daytime
from cohorts.cohort import Cohort, CohortState, Membership, MembershipState, person_of, present
from cohorts.outbox import Press
from cohorts.pairing import Rules
from cohorts.pairing_roles import mentors
from cohorts.people import Person, facilitators
from cohorts.quiet import Volume
from cohorts.store import Db, choice, link, moment

MOST = 2  # members for one mentor
PATIENCE = timedelta(days=7)  # with somebody who has not answered; then others may be asked


class MentorAnswer(StrEnum):
    OPEN = "open"
    YES = "yes"
    NOT_NOW = "not_now"


class Mentor(SQLModel, table=True):
    """Somebody who was asked whether they would be there for a member. What has the same `letter` was asked at once."""

    __table_args__ = (sa.UniqueConstraint("membership_id", "person_id"),)
    id: int = Field(default=None, primary_key=True)
    membership_id: int = link("membership.id", index=False)
    person_id: int = link("person.id")
    letter: int
    answer: MentorAnswer = choice(MentorAnswer)
    at: datetime = moment()


@dataclass(frozen=True, slots=True)
class Matches:
    """Who is there for whom, who was asked and has not answered, who could be asked, and for whom nobody is left."""

    agreed: list[tuple[Membership, Person]]
    waiting: list[tuple[Membership, Person]]
    proposed: list[tuple[Membership, Person]]
    alone: list[Membership]


def alumni(db: Db, cohort: Cohort) -> list[Person]:
    """Who finished an earlier season of the same program here, is not in this one, and may be asked something."""
    earlier = db.exec(
        select(Membership)
        .join(Cohort, col(Cohort.id) == col(Membership.cohort_id))
        .where(
            Cohort.workspace_id == cohort.workspace_id,
            Cohort.program_key == cohort.program_key,
            Cohort.id != cohort.id,
            col(Cohort.starts_on) < cohort.starts_on,
            col(Cohort.state).in_((CohortState.GRADUATED, CohortState.ALUMNI)),
            Membership.state == MembershipState.GRADUATED,
        )
    ).all()
    inside = {
        *db.exec(select(Membership.person_id).where(Membership.cohort_id == cohort.id)).all(),
        *(one.id for one in facilitators(db, cohort.workspace_id, cohort.program_key)),
    }
    ids = sorted({one.person_id for one in earlier} - inside)
    return [db.get_one(Person, one) for one in ids]


def may_be_asked(db: Db, person: Person, *, now: datetime) -> bool:
    """Not of somebody who pauses somewhere, or wants to hear less."""
    theirs = db.exec(select(Membership).where(Membership.person_id == person.id)).all()
    return not any(
        one.state is MembershipState.PAUSED or quiet.volume_of(db, one, now=now) is not Volume.STAY for one in theirs
    )


def matches(db: Db, cohort: Cohort, *, now: datetime, only: Collection[int] | None = None) -> Matches:
    """As it stands, and whom one could ask next, for `only` these memberships: the same until somebody answers."""
    members = {one.id: one for one in present(db, cohort)}
    everything = _of(db, cohort)
    rows = [row for row in everything if row.membership_id in members]
    agreed = [row for row in rows if row.answer is MentorAnswer.YES]
    waiting = [row for row in rows if row.answer is MentorAnswer.OPEN and now - row.at < PATIENCE]
    spoken_for = {row.membership_id for row in (*agreed, *waiting)}
    wanting = [
        one
        for one in members.values()
        if one.id not in spoken_for
        and (only is None or one.id in only)
        and may_be_asked(db, person_of(db, one), now=now)
    ]
    counted = {row.id for row in (*agreed, *waiting)}
    known = {row.person_id for row in everything if row.answer is not MentorAnswer.YES and row.id not in counted}
    free = {one.id: one for one in alumni(db, cohort) if one.id not in known and may_be_asked(db, one, now=now)}
    found = mentors(
        [_learner(one) for one in wanting],
        [_guide(id_) for id_ in free],
        most=MOST,
        busy={_guide(id_): count for id_, count in Counter(row.person_id for row in (*agreed, *waiting)).items()},
        rules=Rules(never=_never(db, wanting, free)),
        seed=cohort.id,
    )
    guides = {_guide(id_): person for id_, person in free.items()}
    return Matches(
        _named(db, members, agreed),
        _named(db, members, waiting),
        [(one, guides[found[_learner(one)]]) for one in wanting if _learner(one) in found],
        [one for one in wanting if _learner(one) not in found],
    )


def _learner(member: Membership) -> str:
    return f"member:{member.id}"


def _guide(person_id: int) -> str:
    return f"person:{person_id}"


def _named(db: Db, members: Mapping[int, Membership], rows: Iterable[Mentor]) -> list[tuple[Membership, Person]]:
    return [(members[row.membership_id], db.get_one(Person, row.person_id)) for row in rows]


def _never(db: Db, wanting: Iterable[Membership], free: Mapping[int, Person]) -> frozenset[frozenset[str]]:
    """Two who were kept apart in any season stay so."""
    rows = db.exec(select(Apart)).all() if free else ()
    ids = {id_ for row in rows for id_ in (row.one_id, row.other_id)}
    who = {one.id: one.person_id for one in db.exec(select(Membership).where(col(Membership.id).in_(ids))).all()}
    apart = {frozenset((who[row.one_id], who[row.other_id])) for row in rows}
    return frozenset(
        frozenset((_learner(member), _guide(id_)))
        for member in wanting
        for id_ in free
        if frozenset((member.person_id, id_)) in apart
    )


def ask(
    db: Db, cohort: Cohort, *, now: datetime, only: Collection[int] | None = None
) -> list[tuple[Membership, Person]]:
    """Each of those who could be asked gets one message, by day, about everybody they could be there for."""
    proposed = matches(db, cohort, now=now, only=only).proposed
    by_person: defaultdict[int, list[Membership]] = defaultdict(list)
    for member, person in proposed:
        by_person[person.id].append(member)
    letter = max((row.letter for row in _of(db, cohort)), default=0)
    for person_id, members in by_person.items():
        letter += 1
        person, answer = db.get_one(Person, person_id), {"cohort_id": cohort.id, "letter": letter}
        for member in members:
            db.add(
                Mentor(membership_id=member.id, person_id=person_id, letter=letter, answer=MentorAnswer.OPEN, at=now)
            )
        outbox.enclose(
            db,
            person,
            "mentoring/ask",
            key=f"cohort:{cohort.id}/mentor/{letter}",
            at=daytime(now, person.zone),
            now=now,
            presses=[Press("mentoring/yes", answer, "primary"), Press("mentoring/not-now", answer)],
            program=cohort.name,
            people=[member.ref for member in members],
        )
    db.flush()
    return proposed


def asked(db: Db, cohort: Cohort, person: Person, letter: int) -> list[Mentor]:
    return [row for row in _of(db, cohort) if row.person_id == person.id and row.letter == letter]


def last_letter(db: Db, person: Person) -> tuple[Cohort, int] | None:
    """What somebody was asked last and has not answered."""
    row = db.exec(
        select(Mentor)
        .where(Mentor.person_id == person.id, Mentor.answer == MentorAnswer.OPEN)
        .order_by(col(Mentor.id).desc())
    ).first()
    if row is None:
        return None
    return db.get_one(Cohort, db.get_one(Membership, row.membership_id).cohort_id), row.letter


def agree(db: Db, cohort: Cohort, person: Person, letter: int, *, now: datetime) -> list[Membership]:
    """Those whom they are there for now, each told so by day; not those who left or found somebody else."""
    here = {one.id: one for one in present(db, cohort)} if cohort.is_open else {}
    taken = {row.membership_id for row in _of(db, cohort) if row.answer is MentorAnswer.YES}
    rows = asked(db, cohort, person, letter)
    found = [here[row.membership_id] for row in rows if row.answer is MentorAnswer.YES and row.membership_id in here]
    for row in rows:
        if row.answer is MentorAnswer.YES or row.membership_id not in here or row.membership_id in taken:
            continue
        row.answer = MentorAnswer.YES
        member = here[row.membership_id]
        found.append(member)
        reader = person_of(db, member)
        outbox.enclose(
            db,
            reader,
            "mentoring/introduced",
            key=f"mentor:{member.id}/{person.id}",
            at=daytime(now, reader.zone),
            now=now,
            as_=member.hears,
            program=cohort.name,
            person=person.ref,
        )
    db.flush()
    return found


def of_member(db: Db, member: Membership) -> Person | None:
    """Who is there for them."""
    row = db.exec(select(Mentor).where(Mentor.membership_id == member.id, Mentor.answer == MentorAnswer.YES)).first()
    return db.get_one(Person, row.person_id) if row is not None else None


def decline(db: Db, cohort: Cohort, person: Person, letter: int, *, now: datetime) -> bool:
    """Not this time; the next best is asked. False when they said yes before: that stands."""
    rows = asked(db, cohort, person, letter)
    if any(row.answer is MentorAnswer.YES for row in rows):
        return False
    waiting = {row.membership_id for row in rows if row.answer is MentorAnswer.OPEN}
    for row in rows:
        row.answer = MentorAnswer.NOT_NOW
    db.flush()
    if waiting and cohort.is_open:
        ask(db, cohort, now=now, only=waiting)
    return True


def _of(db: Db, cohort: Cohort) -> list[Mentor]:
    return list(
        db.exec(
            select(Mentor)
            .join(Membership, col(Membership.id) == col(Mentor.membership_id))
            .where(Membership.cohort_id == cohort.id)
            .order_by(col(Mentor.id))
        ).all()
    )
