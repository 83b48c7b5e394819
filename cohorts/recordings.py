"""Where a session can be seen again: kept with it, in its recap, or beneath the recap that is out already."""

from datetime import datetime

from cohorts import audit, outbox
from cohorts.cohort import Cohort, room_of
from cohorts.errors import Refused
from cohorts.facts import clean
from cohorts.lint_references import is_https
from cohorts.people import Person
from cohorts.sessions import Session, SessionState
from cohorts.store import Db


def keep(db: Db, cohort: Cohort, session: Session, url: str, *, by: Person, now: datetime) -> bool:
    """Whether it stands beneath a recap now; False: the recap to come will have it."""
    url = clean(url).strip()
    if not is_https(url) or len(url) > 2000:
        raise Refused("desk/not-a-link", words=url[:100])
    if session.state not in (SessionState.LIVE, SessionState.HELD):
        raise Refused("desk/not-held", title=session.title, starts=session.starts_at)
    session.recording = url
    db.flush()
    audit.record(db, by, "session/recording", now=now, session=session.id)
    recap, key = f"session:{session.id}/recap", f"session:{session.id}/recording"
    if not outbox.has(db, recap):
        return False
    if outbox.has(db, key):
        outbox.edit(db, key, "desk/recording", key=f"{key}/{now.isoformat()}", now=now, title=session.title, url=url)
    else:
        outbox.announce(
            db,
            room_of(db, cohort),
            "desk/recording",
            key=key,
            now=now,
            ping=False,
            under=recap,
            title=session.title,
            url=url,
        )
    return True
