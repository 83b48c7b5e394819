"""How much somebody wants to hear, and who has not been heard from: two unanswered asks in a row are noticed, once.

What they chose is honoured where members are told things (`Due.tell` and `mailbag.add`), not by each feature.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from cohorts.cohort import Cohort, Membership, MembershipState
from cohorts.outbox import About, Press
from cohorts.people import Person
from cohorts.planning import Rule, Source
from cohorts.sessions import Session
from cohorts.store import Db, choice, link, moment

LATER_LASTS = timedelta(days=14)
UNANSWERED = 2  # asks in a row, until somebody counts as silent
OPEN = timedelta(hours=18)  # what is asked within it is one ask, and isn't unanswered before


class Volume(StrEnum):
    STAY = "stay"  # everything
    LATER = "later"  # what belongs to sessions, for two weeks
    STOP = "stop"  # what belongs to a session, on its day


class Quiet(SQLModel, table=True):
    """What a member chose, and what they were asked since they were last heard from."""

    id: int = Field(default=None, primary_key=True)
    membership_id: int = link("membership.id", index=False, unique=True)
    volume: Volume = choice(Volume, default=Volume.STAY)
    until: datetime | None = moment(null=True)  # of LATER
    asked: int = Field(default=0)
    asked_at: datetime | None = moment(null=True)
    offered_at: datetime | None = moment(null=True)


def of(db: Db, membership: Membership) -> Quiet | None:
    return db.exec(_of(), params={"member": membership.id}).one_or_none()


@cache
def _of() -> SelectOfScalar[Quiet]:
    return select(Quiet).where(col(Quiet.membership_id) == sa.bindparam("member"))


def _kept(db: Db, membership: Membership) -> Quiet:
    found = of(db, membership)
    if found is None:
        found = Quiet(membership_id=membership.id)
        db.add(found)
    return found


def choose(db: Db, membership: Membership, volume: Volume, *, now: datetime) -> Quiet:
    """The last choice counts, and nobody who has chosen is asked about it again."""
    kept = _kept(db, membership)
    kept.volume, kept.until = volume, now + LATER_LASTS if volume is Volume.LATER else None
    kept.offered_at, kept.asked = kept.offered_at or now, 0
    db.flush()
    return kept


def volume_of(db: Db, membership: Membership, *, now: datetime) -> Volume:
    kept = of(db, membership)
    if kept is None or (kept.until is not None and kept.until <= now):
        return Volume.STAY
    return kept.volume


def holds_back(db: Db, membership: Membership, about: About | None, *, zone: str, at: datetime, now: datetime) -> bool:
    """Whether a member is not told something now, because of what they chose. `at`: when they would hear it."""
    volume = volume_of(db, membership, now=now)
    if volume is Volume.STAY:
        return False
    if about is None or about.kind != "session":
        return True
    starts = db.get_one(Session, about.id).starts_at
    clock = ZoneInfo(zone)
    return volume is Volume.STOP and starts.astimezone(clock).date() != at.astimezone(clock).date()


# Silence.


def asks(presses: Iterable[Press]) -> bool:
    """Whether a message with these buttons wants an answer: its main button gives one."""
    return any(press.style == "primary" for press in presses)


def asked(db: Db, membership: Membership, *, at: datetime) -> None:
    """Somebody was asked something. What comes on one day, or in one letter, is one ask."""
    kept = _kept(db, membership)
    if kept.asked_at is None or kept.asked == 0 or at - kept.asked_at >= OPEN:
        kept.asked, kept.asked_at = kept.asked + 1, at
    db.flush()


def heard_from(db: Db, person: Person) -> None:
    """Whatever they did, they are there; nothing is written while nothing is open."""
    for kept in db.exec(_open(), params={"person": person.id}).all():
        kept.asked = 0
    db.flush()


@cache
def _open() -> SelectOfScalar[Quiet]:
    return (
        select(Quiet)
        .join(Membership, col(Membership.id) == col(Quiet.membership_id))
        .where(col(Membership.person_id) == sa.bindparam("person"), col(Quiet.asked) > 0)
    )


def silent(db: Db, cohort: Cohort, *, now: datetime) -> list[Membership]:
    """Members who left two asks in a row unanswered, and whom nobody asked about it yet."""
    rows = db.exec(
        select(Membership)
        .join(Quiet, col(Quiet.membership_id) == col(Membership.id))
        .where(
            Membership.cohort_id == cohort.id,
            Membership.state == MembershipState.ACTIVE,
            # Asks lie at least `OPEN` apart, so that only the last of them may still be fresh.
            sa.or_(
                col(Quiet.asked) > UNANSWERED,
                sa.and_(col(Quiet.asked) == UNANSWERED, col(Quiet.asked_at) <= now - OPEN),
            ),
            col(Quiet.offered_at).is_(None),
        )
        .order_by(col(Membership.id))
    ).all()
    return list(rows)


def offered(db: Db, membership: Membership, *, now: datetime) -> None:
    """They are asked, once in a cohort."""
    _kept(db, membership).offered_at = now
    db.flush()


def presses(cohort: Cohort, chosen: Volume | None = None) -> Sequence[Press]:
    """A button for each choice but the one that stands."""
    return [
        Press("quiet/choose", {"cohort_id": cohort.id, "choice": volume.value}, words=volume.value)
        for volume in Volume
        if volume is not chosen
    ]


# The day before each meeting, so that it goes along with the reminder, and somebody can bring them along.
TOUCHPOINTS = Source(
    rules=(
        Rule(
            "quiet/look",
            on="session",
            anchor="start",
            shift="-26h",
            late=timedelta(hours=20),
            trait="meeting",
            behind=True,
        ),
    )
)
