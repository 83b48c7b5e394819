"""The letter that a leader signs for the graduates: used once its very words are approved."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import audit, outbox, people
from cohorts.cohort import Cohort
from cohorts.errors import Refused
from cohorts.facts import Fact, Markdown, clean
from cohorts.outbox import Press
from cohorts.people import Account, Grant, Granted, Person
from cohorts.planning import Occasion, Rule, Source
from cohorts.store import Db, link, moment

WORDS = 2000


class LeaderLetter(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True)
    cohort_id: int = link("cohort.id", index=False, unique=True)
    words: str = Field(default="")  # for this cohort alone, instead of the program's
    approved: str | None = Field(default=None, max_length=32)  # the mark of what was read when somebody said yes
    approved_by_id: int | None = Field(
        default=None, foreign_key="person.id", nullable=True, index=True, ondelete="SET NULL"
    )
    approved_at: datetime | None = moment(null=True)


@dataclass(frozen=True, slots=True)
class Signed:
    """The letter as it reads now. `own`: worded in chat, so that its characters mean nothing but themselves."""

    words: str
    name: str
    title: str
    own: bool

    @property
    def mark(self) -> str:
        """Another one for other words, or another name beneath them."""
        return hashlib.sha256("\0".join((self.words, self.name, self.title)).encode()).hexdigest()[:16]

    @property
    def facts(self) -> dict[str, Fact]:
        lines: list[Fact] = [one for line in self.words.splitlines() if (one := line.strip())]
        return {
            "letter": lines if self.own else [Markdown(self.words)],
            "signed": self.name,
            "title": self.title,
        }


def letter_of(db: Db, cohort: Cohort) -> Signed | None:
    """As it stands, approved or not; None for a program without one, or without anybody who signs it."""
    leader = cohort.program.leader
    row = _row(db, cohort)
    own = row.words if row is not None else ""
    words = own or (leader.letter.strip() if leader is not None else "")
    return Signed(words, leader.name, leader.title, bool(own)) if leader is not None and leader.name and words else None


def approved(db: Db, cohort: Cohort) -> Signed | None:
    """The letter, if it may be used: a word changed after the approval asks for another."""
    letter, row = letter_of(db, cohort), _row(db, cohort)
    fits = letter is not None and row is not None and row.approved == letter.mark
    return letter if fits else None


def leader_of(db: Db, cohort: Cohort) -> Person | None:
    """Whoever signs, if exactly one person here with an account is called so (by name, address or handle)."""
    leader = cohort.program.leader
    if leader is None or not leader.name:
        return None
    name = leader.name.strip().lstrip("@").lower()
    rows = db.exec(
        select(Person)
        .join(Account, col(Account.person_id) == col(Person.id))
        .where(
            Person.workspace_id == cohort.workspace_id,
            sa.or_(
                sa.func.lower(Person.name) == name,
                sa.func.lower(Person.email) == name,
                sa.func.lower(Account.external) == name,
            ),
        )
        .distinct()
    ).all()
    return rows[0] if len(rows) == 1 else None


def owners(db: Db, cohort: Cohort) -> list[Person]:
    """Those of the workspace; while none of them has been met, who conducts the program."""
    found = db.exec(
        select(Person)
        .join(Grant, col(Grant.person_id) == col(Person.id))
        .where(Grant.workspace_id == cohort.workspace_id, Grant.role == Granted.OWNER)
        .order_by(col(Person.id))
    ).all()
    return list(found) or people.facilitators(db, cohort.workspace_id, cohort.program_key)


def reviewable(db: Db, person: Person, cohort_id: int) -> tuple[Cohort, Signed]:
    """A cohort whose letter somebody may approve: who signs it, or who conducts the program."""
    cohort = db.get(Cohort, cohort_id)
    if cohort is None or cohort.workspace_id != person.workspace_id or not _may(db, person, cohort):
        raise Refused("leaders/none")
    letter = letter_of(db, cohort)
    if letter is None:
        raise Refused("leaders/none")
    return cohort, letter


def waiting(db: Db, person: Person) -> Cohort:
    """The cohort whose letter somebody should look at: one that waits for a yes, else the latest."""
    rows = db.exec(select(Cohort).where(Cohort.workspace_id == person.workspace_id).order_by(col(Cohort.id))).all()
    mine = [one for one in rows if one.is_open and letter_of(db, one) is not None and _may(db, person, one)]
    if not mine:
        raise Refused("leaders/none")
    return next((one for one in mine if approved(db, one) is None), mine[-1])


def approve(db: Db, cohort: Cohort, mark: str, *, by: Person, now: datetime) -> None:
    """These words and no others: refused when they were changed since they were read."""
    letter = letter_of(db, cohort)
    if letter is None or letter.mark != mark:
        raise Refused("leaders/changed")
    row = _kept(db, cohort)
    row.approved, row.approved_by_id, row.approved_at = letter.mark, by.id, now
    db.flush()
    audit.record(db, by, "letter/approved", now=now, cohort=cohort.handle)


def reword(db: Db, cohort: Cohort, words: str, *, by: Person, now: datetime) -> Signed:
    """This cohort's own words. Whoever signs and did not write them reads them again; nothing is approved any more."""
    row = _kept(db, cohort)
    row.words, row.approved, row.approved_by_id, row.approved_at = clean(words).strip(), None, None, None
    db.flush()
    audit.record(db, by, "letter/reworded", now=now, cohort=cohort.handle)
    leader, letter = leader_of(db, cohort), letter_of(db, cohort)
    assert letter is not None
    if leader is not None and leader.id != by.id:
        show(db, cohort, letter, leader, key=f"letter:{cohort.id}/{letter.mark}/{leader.id}", now=now)
    return letter


def ask(db: Db, cohort: Cohort, *, now: datetime, due: datetime | None = None) -> None:
    """Show the letter to whoever signs it, else to those who conduct the program."""
    letter = letter_of(db, cohort)
    if letter is None or approved(db, cohort) is not None:
        return
    leader = leader_of(db, cohort)
    asked = [leader] if leader else people.facilitators(db, cohort.workspace_id, cohort.program_key)
    for person in asked:
        show(db, cohort, letter, person, key=f"letter:{cohort.id}/{letter.mark}/{person.id}", now=now, due=due)


def show(
    db: Db, cohort: Cohort, letter: Signed, to: Person, *, key: str, now: datetime, due: datetime | None = None
) -> None:
    outbox.tell(
        db,
        to,
        "leaders/letter",
        key=key,
        now=now,
        due=due,
        presses=presses(cohort, letter),
        more=facts_for(db, cohort, letter, to),
    )


def facts_for(db: Db, cohort: Cohort, letter: Signed, reader: Person) -> dict[str, Fact]:
    leader = leader_of(db, cohort)
    return {
        **letter.facts,
        "program": cohort.name,
        "yours": leader is not None and leader.id == reader.id,
        "leader": leader.ref if leader is not None else None,
        "approved": approved(db, cohort) is not None,
    }


def presses(cohort: Cohort, letter: Signed) -> list[Press]:
    return [
        Press("leaders/approve", {"cohort_id": cohort.id, "mark": letter.mark}, "primary"),
        Press("leaders/change", {"cohort_id": cohort.id}),
    ]


def _may(db: Db, person: Person, cohort: Cohort) -> bool:
    if people.conducts(db, person, cohort.program_key):
        return True
    leader = leader_of(db, cohort)
    return leader is not None and leader.id == person.id


def _row(db: Db, cohort: Cohort) -> LeaderLetter | None:
    return db.exec(select(LeaderLetter).where(LeaderLetter.cohort_id == cohort.id)).one_or_none()


def _kept(db: Db, cohort: Cohort) -> LeaderLetter:
    row = _row(db, cohort)
    if row is None:
        row = LeaderLetter(cohort_id=cohort.id)
        db.add(row)
        db.flush()
    return row


def _occasions(db: Db, cohort: Cohort) -> Iterable[Occasion]:
    if letter_of(db, cohort) is not None:
        yield Occasion("letter", cohort.id, 0, {"opened": cohort.opened_at})


TOUCHPOINTS = Source(
    occasions=_occasions,
    rules=(
        Rule("leaders/ask", on="letter", anchor="opened", late=timedelta(days=14), behind=True),
        Rule("leaders/two-weeks", on="graduation", anchor="named", shift="-14d", late=timedelta(days=3), behind=True),
        Rule("leaders/two-days", on="graduation", anchor="named", shift="-2d", late=timedelta(days=1), behind=True),
    ),
)
