"""Something found elsewhere, shared with one's cohort."""

from datetime import datetime

from cohorts import outbox
from cohorts.cohort import Cohort, room_of
from cohorts.errors import Invalid, Remark
from cohorts.facts import clean
from cohorts.people import Person
from cohorts.store import Db

WORDS = 2000


def share(db: Db, cohort: Cohort, by: Person, words: str, link: str, *, key: str, now: datetime) -> None:
    """Post it to the room, from whom."""
    words, link = clean(words).strip(), clean(link).strip()
    if not words and not link:
        raise Invalid(words=Remark("something"))
    if len(words) > WORDS:
        raise Invalid(words=Remark("too-long", limit=WORDS, length=len(words)))
    outbox.announce(
        db, room_of(db, cohort), "sharing/shared", key=f"share:{key}", now=now, person=by.ref, words=words, url=link
    )
