"""The ritual at the end of the last session: each is named, with words of their own if they want them read out."""

from datetime import datetime, timedelta

from sqlmodel import Field, SQLModel, col, select

from cohorts import attendance
from cohorts.cohort import Cohort, CohortState, Membership, present
from cohorts.facts import clean
from cohorts.graduation import ceremony
from cohorts.planning import Rule, Source
from cohorts.program_kinds import Urgency
from cohorts.store import Db, link, moment
from cohorts.when import Anchor

WORDS = 300
ASKED_BEFORE = timedelta(days=7)  # from then on one's home shows the question, too


class CeremonyLine(SQLModel, table=True):
    """What somebody made, or wanted, as they put it. To write it is to agree that it is read out."""

    id: int = Field(default=None, primary_key=True)
    membership_id: int = link("membership.id", index=False, unique=True)
    words: str
    at: datetime = moment()


def say(db: Db, membership: Membership, words: str, *, now: datetime) -> bool:
    """Keep the words to be read out; none takes them back. Whether there are any now."""
    words = clean(words).strip()
    found = line_of(db, membership)
    if not words:
        if found is not None:
            db.delete(found)
    elif found is None:
        db.add(CeremonyLine(membership_id=membership.id, words=words, at=now))
    else:
        found.words, found.at = words, now
    db.flush()
    return bool(words)


def line_of(db: Db, membership: Membership) -> CeremonyLine | None:
    return db.exec(select(CeremonyLine).where(CeremonyLine.membership_id == membership.id)).one_or_none()


def is_ahead(db: Db, cohort: Cohort, *, now: datetime) -> bool:
    """Whether words can still be given: the cohort runs, and nobody was named yet."""
    held = ceremony(db, cohort)
    return cohort.state is CohortState.RUNNING and held is not None and now < held


def is_at_the_end(cohort: Cohort) -> bool:
    """Whether the ceremony is the end of a session, with everybody there; else it is in the room, in writing."""
    when = cohort.program.graduation.when
    return when.anchor == Anchor.SESSION_END and when.offset is None


def is_near(db: Db, cohort: Cohort, *, now: datetime) -> bool:
    held = ceremony(db, cohort)
    return is_ahead(db, cohort, now=now) and held is not None and held - now <= ASKED_BEFORE


def named(db: Db, cohort: Cohort) -> tuple[list[tuple[Membership, str]], list[Membership]]:
    """Who is named with words of their own, and who by name alone: all who were there at least once."""
    members = present(db, cohort)
    ids = {one.id: one for one in members}
    rows = db.exec(select(CeremonyLine).where(col(CeremonyLine.membership_id).in_(ids)).order_by(col(CeremonyLine.id)))
    words = {row.membership_id: row.words for row in rows.all()}
    spoken = [(one, words[one.id]) for one in members if one.id in words]
    silent = [one for one in members if one.id not in words and attendance.attended_count(db, one)]
    return spoken, silent


TOUCHPOINTS = Source(
    rules=(
        Rule(
            "ceremony/ask",
            on="graduation",
            anchor="eve",
            shift="-1d",
            late=timedelta(hours=20),
            urgency=Urgency.TODAY,
        ),
        Rule("ceremony/ritual", on="graduation", anchor="ceremony", late=timedelta(hours=2)),
    )
)
