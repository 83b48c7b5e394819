"""Saying that one is stuck, to the room, without a name.

Anonymous by construction: no table, and the effect holds the words alone. Its key comes from chance, not from what came
in; its times are of the hour; and `inbox` keeps of what came in no id as it was and no time but the day.
"""

from datetime import datetime

from sqlmodel import select

from cohorts import outbox
from cohorts.cohort import Cohort, room_of
from cohorts.errors import Refused
from cohorts.facts import clean
from cohorts.outbox import Effect, Press
from cohorts.people import Person
from cohorts.store import Db

WORDS = 1000


def say(db: Db, cohort: Cohort, words: str, *, token: str, now: datetime) -> None:
    """Post it to the room. `token`: anything that nobody has had before, and that comes from nothing."""
    words = clean(words).strip()
    hour = now.replace(minute=0, second=0, microsecond=0)
    outbox.announce(
        db,
        room_of(db, cohort),
        "stuck/asked",
        key=_key(token),
        now=hour,
        presses=[Press("stuck/been-there", {"cohort_id": cohort.id, "token": token}, "primary")],
        words=words,
    )


def been_there(db: Db, cohort: Cohort, token: str, helper: Person, words: str, *, event: str, now: datetime) -> None:
    """What somebody who knows it says, beneath the question, with their own name."""
    asked_in(db, cohort, token)
    outbox.announce(
        db,
        room_of(db, cohort),
        "stuck/answer",
        key=f"stuck-answer/{event}",
        now=now,
        ping=False,
        under=_key(token),
        person=helper.ref,
        words=clean(words).strip(),
    )


def asked_in(db: Db, cohort: Cohort, token: str) -> None:
    """Refused unless it was asked in this cohort's room."""
    found = db.exec(select(Effect).where(Effect.key == _key(token), Effect.room_id == cohort.room_id)).first()
    if found is None:
        raise Refused("commands/gone")


def _key(token: str) -> str:
    return f"stuck/{token[:32]}"
