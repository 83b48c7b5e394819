"""Two gentle minutes to begin with: which of those we know, for whom. Their words stand in templates/icebreakers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from sqlmodel import Field, SQLModel, col, select

from cohorts import outbox
from cohorts.cohort import Cohort, room_of
from cohorts.program_kinds import SegmentKind, Theme
from cohorts.sessions import Session, run_of_show
from cohorts.store import Db, insert_new, link


@dataclass(frozen=True, slots=True)
class Icebreaker:
    """One that everybody does at the same time, so that nobody is singled out."""

    name: str  # of its template
    theme: Theme = Theme.PLAIN  # plain suits everywhere
    smallest: int = 2
    largest: int = 100

    def fits(self, people: int) -> bool:
        return self.smallest <= people <= self.largest


KNOWN = (
    Icebreaker("one-word"),
    Icebreaker("within-reach", largest=15),
    Icebreaker("small-win"),
    Icebreaker("just-learned", largest=20),
    Icebreaker("first-work", largest=40),
    Icebreaker("hands-up", smallest=4),
    Icebreaker("arrive"),
    Icebreaker("rucksack", Theme.EXPEDITION),
    Icebreaker("view", Theme.EXPEDITION, largest=15),
    Icebreaker("weather-report", Theme.HARBOUR),
    Icebreaker("knots", Theme.HARBOUR, largest=40),
    Icebreaker("one-log", Theme.CAMPFIRE),
    Icebreaker("tiny-story", Theme.CAMPFIRE, largest=20),
    Icebreaker("seed-and-weed", Theme.GARDEN),
    Icebreaker("watering-can", Theme.GARDEN, largest=40),
)


class Icebreaking(SQLModel, table=True):
    """The one that was chosen for a session, so that it is the same when it is asked for again."""

    id: int = Field(default=None, primary_key=True)
    session_id: int = link("session.id", index=False, unique=True)
    name: str = Field(max_length=40)


def choose(theme: Theme, people: int, used: Sequence[str], *, seed: str) -> str:
    """One that the cohort has not had: of its theme first, then plain, then any; and that so many can do.

    Once all were had, the one that was longest ago.
    """
    drawn = Random(seed).sample(KNOWN, len(KNOWN))
    fresh = [one for one in drawn if one.name not in used]
    if not fresh:
        return min(KNOWN, key=lambda one: _latest(used, one.name)).name
    liked = {theme: 0, Theme.PLAIN: 1 if theme is not Theme.PLAIN else 0}
    return min(fresh, key=lambda one: (not one.fits(people), liked.get(one.theme, 2))).name


def _latest(used: Sequence[str], name: str) -> int:
    return max(place for place, one in enumerate(used) if one == name)


def pick(db: Db, cohort: Cohort, session: Session, *, people: int) -> str:
    """The name of the session's icebreaker; chosen when it is asked for first, and the same from then on."""
    kept = _kept(db, session)
    if kept is None:
        name = choose(cohort.program.theme, people, _used(db, cohort), seed=f"{cohort.id}/{session.key}")
        insert_new(db, Icebreaking(session_id=session.id, name=name))
        kept = _kept(db, session)
    assert kept is not None
    return kept.name


def post(db: Db, cohort: Cohort, session: Session, *, people: int, now: datetime) -> None:
    """Into the cohort's room, once: the run of show's own, or one for so many people."""
    prompt = own_prompt(cohort, session)
    outbox.announce(
        db,
        room_of(db, cohort),
        "icebreakers/ask",
        key=f"session:{session.id}/icebreaker",
        now=now,
        ping=False,
        prompt=prompt,
        icebreaker="" if prompt else pick(db, cohort, session, people=people),
    )


def asked(db: Db, session: Session) -> str:
    """The name of the one that was chosen for a session; "" when none was."""
    kept = _kept(db, session)
    return kept.name if kept is not None else ""


def own_prompt(cohort: Cohort, session: Session) -> str:
    """What the run of show itself asks to begin with; "" where it leaves that to us."""
    show = run_of_show(cohort, session)
    return next((one.prompt for one in show if one.kind is SegmentKind.ICEBREAKER and one.prompt), "")


def _kept(db: Db, session: Session) -> Icebreaking | None:
    return db.exec(select(Icebreaking).where(Icebreaking.session_id == session.id)).one_or_none()


def _used(db: Db, cohort: Cohort) -> list[str]:
    """What the cohort has had, in order."""
    query = (
        select(Icebreaking.name)
        .join(Session, col(Session.id) == col(Icebreaking.session_id))
        .where(Session.cohort_id == cohort.id)
        .order_by(col(Icebreaking.id))
    )
    return list(db.exec(query).all())
