"""What the world should know: one line each, with or without the name, collected into a text for the room and beyond.

Consent is each one's own and can be taken back: a line then leaves the text, also where it was posted already.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Field, SQLModel, col, select

from cohorts import audit, outbox, people
from cohorts import cohort as cohorts_
from cohorts.cohort import Cohort, CohortState, Membership, MembershipState
from cohorts.errors import Refused
from cohorts.facts import clean
from cohorts.graduation import ceremony
from cohorts.people import Person
from cohorts.planning import Rule, Source
from cohorts.store import Db, link, moment

WORDS = 160
TEXT = 3000
TOLD = (MembershipState.ACTIVE, MembershipState.PAUSED, MembershipState.GRADUATED)  # whoever leaves is in no new text


class Testimonial(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True)
    membership_id: int = link("membership.id", index=False, unique=True)
    words: str
    named: bool = Field(default=False)  # may be quoted with the name
    at: datetime = moment()


class TestimonialText(SQLModel, table=True):
    """The text as a facilitator left it; until then it is the lines themselves."""

    id: int = Field(default=None, primary_key=True)
    cohort_id: int = link("cohort.id", index=False, unique=True)
    words: str
    revision: int = Field(default=0)
    posted_at: datetime | None = moment(null=True)

    @property
    def lines(self) -> list[str]:
        return [line.strip() for line in self.words.splitlines() if line.strip()]


def may_give(cohort: Cohort) -> bool:
    """Whoever has something to say before they are asked may; before the start there is nothing to say it of."""
    return cohort.state in (CohortState.RUNNING, CohortState.GRADUATED, CohortState.ALUMNI)


def is_asked(db: Db, cohort: Cohort, *, now: datetime) -> bool:
    """From the ceremony on, for as long as there is a cohort to speak of."""
    held = ceremony(db, cohort)
    return may_give(cohort) and held is not None and held <= now


def of(db: Db, membership: Membership) -> Testimonial | None:
    return db.exec(select(Testimonial).where(Testimonial.membership_id == membership.id)).one_or_none()


def give(db: Db, cohort: Cohort, membership: Membership, words: str, *, named: bool, now: datetime) -> bool:
    """Keep somebody's line, or take it back when there are no words. Whether there is one now.

    A text that was written already follows: the old line leaves it, the new one stands at its end. Where the old line
    can't be found in it any more, those who conduct are asked to look.
    """
    words = " ".join(clean(words).split())
    found, name = of(db, membership), cohorts_.person_of(db, membership).name
    was = (found.words, _line(found, name)) if found is not None else None
    if found is not None and not words:
        db.delete(found)
        found = None
    elif found is not None:
        found.words, found.named, found.at = words, named, now
    elif words:
        found = Testimonial(membership_id=membership.id, words=words, named=named, at=now)
        db.add(found)
    db.flush()
    _follow(db, cohort, membership, was, _line(found, name) if found is not None else None, now=now)
    return found is not None


def given(db: Db, cohort: Cohort) -> list[tuple[Testimonial, str | None]]:
    """Each line with its name, where that may be told; in an order that tells nothing."""
    rows = db.exec(
        select(Testimonial, Person)
        .join(Membership, col(Membership.id) == col(Testimonial.membership_id))
        .join(Person, col(Person.id) == col(Membership.person_id))
        .where(Membership.cohort_id == cohort.id, col(Membership.state).in_(TOLD))
    ).all()
    told = [(one, person.name if one.named else None) for one, person in rows]
    return sorted(told, key=lambda pair: (pair[0].words, pair[1] or ""))


def text_of(db: Db, cohort: Cohort) -> str:
    """As it was left, else made from the lines as far as they fit."""
    kept = _kept(db, cohort)
    if kept is not None:
        return kept.words
    text = ""
    for one, name in given(db, cohort):
        line = _line(one, name or "")
        if len(text) + len(line) < TEXT:
            text += f"{line}\n"
    return text.strip()


def posted(db: Db, cohort: Cohort) -> bool:
    kept = _kept(db, cohort)
    return kept is not None and kept.posted_at is not None


def edit(db: Db, cohort: Cohort, words: str, *, by: Person, now: datetime) -> None:
    """The facilitator's own version; what was posted follows."""
    _write(db, cohort, clean(words).strip(), now=now)
    audit.record(db, by, "testimonials/edited", now=now, cohort=cohort.handle)


def post(db: Db, cohort: Cohort, *, by: Person, now: datetime) -> None:
    """Into the room, once; whatever changes later is changed there."""
    text = text_of(db, cohort)
    if not text:
        raise Refused("testimonials/none-yet", program=cohort.name)
    kept = _kept(db, cohort)
    if kept is not None and kept.posted_at is not None:
        raise Refused("testimonials/posted-already", program=cohort.name)
    kept = _write(db, cohort, text, now=now)
    kept.posted_at = now
    db.flush()
    outbox.announce(
        db,
        cohorts_.room_of(db, cohort),
        "testimonials/posted",
        key=_key(cohort),
        now=now,
        ping=False,
        program=cohort.name,
        lines=kept.lines,
    )
    audit.record(db, by, "testimonials/posted", now=now, cohort=cohort.handle)


def _write(db: Db, cohort: Cohort, words: str, *, now: datetime) -> TestimonialText:
    kept = _kept(db, cohort)
    if kept is None:
        kept = TestimonialText(cohort_id=cohort.id, words=words)
        db.add(kept)
    else:
        kept.words, kept.revision = words, kept.revision + 1
    db.flush()
    if kept.posted_at is not None:
        outbox.edit(
            db,
            _key(cohort),
            "testimonials/posted",
            key=f"{_key(cohort)}/r{kept.revision}",
            now=now,
            program=cohort.name,
            lines=kept.lines,
        )
    return kept


def _follow(
    db: Db, cohort: Cohort, membership: Membership, was: tuple[str, str] | None, line: str | None, *, now: datetime
) -> None:
    kept = _kept(db, cohort)
    if kept is None or (was is not None and was[1] == line):
        return
    left = [one for one in kept.lines if was is None or was[0] not in one]
    if was is not None and len(left) == len(kept.lines):
        _ask_to_look(db, cohort, membership, kept, now=now)
    if left != kept.lines or line is not None:
        _write(db, cohort, "\n".join([*left, *([line] if line is not None else [])]), now=now)


def _ask_to_look(db: Db, cohort: Cohort, membership: Membership, kept: TestimonialText, *, now: datetime) -> None:
    for facilitator in people.facilitators(db, cohort.workspace_id, cohort.program_key):
        outbox.tell(
            db,
            facilitator,
            "testimonials/taken-back",
            key=f"{_key(cohort)}/taken-back/{membership.id}/r{kept.revision}/{facilitator.id}",
            now=now,
            presses=[outbox.Press("testimonials/edit", {"cohort_id": cohort.id}, "primary")],
            person=membership.ref,
            program=cohort.name,
        )


def _line(one: Testimonial, name: str) -> str:
    return f"“{one.words}” {name}" if one.named else f"“{one.words}”"


def _kept(db: Db, cohort: Cohort) -> TestimonialText | None:
    return db.exec(select(TestimonialText).where(TestimonialText.cohort_id == cohort.id)).one_or_none()


def _key(cohort: Cohort) -> str:
    return f"testimonials:{cohort.id}"


def table(db: Db, cohort: Cohort) -> Sequence[tuple[str, str | None]]:
    """Line and name for the owner's list."""
    return [(one.words, name) for one, name in given(db, cohort)]


TOUCHPOINTS = Source(
    rules=(
        Rule("testimonials/ask", on="graduation", anchor="ceremony", shift="10m", late=timedelta(hours=12)),
        Rule(
            "testimonials/collected", on="graduation", anchor="named", shift="7d", late=timedelta(days=7), behind=True
        ),
    )
)
