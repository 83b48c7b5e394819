"""What is said without a name: a part of a session in which the bot keeps words, and not whose they are.

Anonymous by construction. Words are kept without a person and without a time, and with each that comes all of them are
written anew, in an order that comes from the words alone. That somebody has spoken is kept as a mark that leads back to
nobody who reads the database; how many they were is all that stays of it. What came in is kept without its id, as with
`stuck`. What too few have said is read out to nobody and forgotten, unless its writer lets it be quoted.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import attendance, outbox, reflections, touchpoints
from cohorts.cohort import Cohort, Membership, room_of
from cohorts.errors import Refused
from cohorts.facts import clean
from cohorts.measures import SHOWN_FROM
from cohorts.outbox import Press
from cohorts.planning import Occasion, Rule, Source
from cohorts.program_kinds import SegmentKind
from cohorts.reflections import SHOWS_PRESENCE, Reflection
from cohorts.sessions import Session, SessionState, run_of_show
from cohorts.store import Db, insert_new, link, moment

WORDS = 1000
QUOTED = 6  # in a recap, at most
OVERRUN = timedelta(minutes=10)  # after the session's time nobody forgot to end it: it is over


class Unnamed(SQLModel, table=True):
    """A part of a session in which nobody is named."""

    id: int = Field(default=None, primary_key=True)
    session_id: int = link("session.id")
    since: datetime = moment()
    until: datetime | None = moment(null=True)
    people: int = Field(default=0)  # how many have spoken, once it is over


class UnnamedWords(SQLModel, table=True):
    """Somebody's words. Of no part: what was most valuable to somebody in a session that asks that without names."""

    id: int = Field(default=None, primary_key=True)
    session_id: int = link("session.id")
    unnamed_id: int | None = link("unnamed.id", null=True)
    words: str
    quotable: bool = Field(default=False)


class UnnamedVoice(SQLModel, table=True):
    """Somebody has spoken; only the process that made the mark could tell who, and it doesn't. Gone with the end."""

    __table_args__ = (sa.UniqueConstraint("unnamed_id", "mark"),)
    id: int = Field(default=None, primary_key=True)
    unnamed_id: int = link("unnamed.id", index=False)
    mark: str = Field(max_length=64)


# When.


def is_on(db: Db, session: Session, now: datetime) -> bool:
    return _current(db, session, now) is not None


def _current(db: Db, session: Session, now: datetime) -> Unnamed | None:
    query = select(Unnamed).where(Unnamed.session_id == session.id, col(Unnamed.since) <= now).order_by(col(Unnamed.id))
    return next((one for one in db.exec(query).all() if one.until is None or now < one.until), None)


def begin(db: Db, session: Session, *, now: datetime) -> bool:
    """From now on nothing is kept with a name; False when that is so already."""
    if is_on(db, session, now):
        return False
    db.add(Unnamed(session_id=session.id, since=now))
    db.flush()
    touchpoints.reconcile(db, db.get_one(Cohort, session.cohort_id), now=now, of=TOUCHPOINTS)
    return True


def begin_by_hand(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> bool:
    """The same, said to the room with the button to speak."""
    if not begin(db, session, now=now):
        return False
    outbox.announce(
        db,
        room_of(db, cohort),
        "chatham/begun",
        key=f"session:{session.id}/unnamed/{now.isoformat()}",
        now=now,
        ping=False,
        presses=[Press("chatham/open", {"session_id": session.id}, "primary")],
    )
    return True


def end(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> bool:
    """Names count again. What may be read out is, to the room; False when it was not on."""
    part = _current(db, session, now)
    if part is None:
        return False
    finish(db, cohort, part, now=now)
    return True


def finish(db: Db, cohort: Cohort, part: Unnamed, *, now: datetime) -> None:
    """The end of one part, once."""
    if part.until is not None:
        return
    voices = db.exec(select(UnnamedVoice).where(UnnamedVoice.unnamed_id == part.id)).all()
    part.until, part.people = now, len(voices)
    db.execute(sa.delete(UnnamedVoice).where(col(UnnamedVoice.unnamed_id) == part.id))
    said = _said(db, part)
    lines = [one.words for one in said if _may_be_read(one, part.people)]
    if len(lines) < len(said):
        _rewrite(db, said, [(one.words, one.quotable) for one in said if one.quotable], part.session_id, part.id)
    outbox.announce(
        db,
        room_of(db, cohort),
        "chatham/over",
        key=f"unnamed:{part.id}/over",
        now=now,
        ping=False,
        lines=lines,
        withheld=len(lines) < len(said),
    )
    touchpoints.reconcile(db, cohort, now=now, of=TOUCHPOINTS)


def _may_be_read(one: UnnamedWords, people: int) -> bool:
    return one.quotable or people >= SHOWN_FROM


# Speaking.


def say(db: Db, session: Session, words: str, *, quotable: bool, mark: str, now: datetime) -> None:
    """`mark`: the same for the same person in this session, and nothing from which they could be found again."""
    part = _current(db, session, now)
    if part is None:
        raise Refused("chatham/not-on", title=session.title)
    said = _said(db, part)
    kept = [(one.words, one.quotable) for one in said]
    _rewrite(db, said, [*kept, (clean(words).strip(), quotable)], session.id, part.id)
    insert_new(db, UnnamedVoice(unnamed_id=part.id, mark=mark))


def covers_reflection(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> bool:
    """Whether what was most valuable is kept without a name: it is asked so, or said in such a part."""
    show = run_of_show(cohort, session)
    return is_on(db, session, now) or any(one.kind is SegmentKind.REFLECTION and one.chatham_house for one in show)


def reflect(db: Db, session: Session, membership: Membership, words: str, *, quotable: bool, now: datetime) -> None:
    """Keep the answer, and that there is one from this member: not the one with the other, and neither with a time.

    Both are of one commit, which SQLite's log of writes holds until it is written over; no row of it has both.
    """
    planned = session.state is SessionState.PLANNED and session.starts_at > now
    if session.state is SessionState.CANCELLED or planned:
        raise Refused("reflections/not-yet", title=session.title, starts=session.starts_at)
    query = select(Reflection).where(Reflection.session_id == session.id, Reflection.membership_id == membership.id)
    answered = db.exec(query).one_or_none()
    if answered is not None and not answered.words:
        raise Refused("chatham/reflected-already", title=session.title)
    if answered is None:
        answered = Reflection(session_id=session.id, membership_id=membership.id, words="", at=session.starts_at)
        db.add(answered)
    answered.words, answered.share, answered.at = "", False, session.starts_at
    given = _reflected(db, session)
    kept = [(one.words, one.quotable) for one in given]
    _rewrite(db, given, [*kept, (clean(words).strip(), quotable)], session.id, None)
    if now <= session.ends_at + SHOWS_PRESENCE:
        attendance.seen(db, session, membership, "reflection", now=now)


def _rewrite(
    db: Db, was: Iterable[UnnamedWords], now: Sequence[tuple[str, bool]], session_id: int, unnamed_id: int | None
) -> None:
    """All of them anew, so that neither ids nor places tell what came when."""
    for one in was:
        db.delete(one)
    db.flush()
    for words, quotable in sorted(now, key=lambda one: _order(session_id, one[0])):
        db.add(UnnamedWords(session_id=session_id, unnamed_id=unnamed_id, words=words, quotable=quotable))
        db.flush()


def _order(session_id: int, words: str) -> str:
    """Shuffled, the same for the same words."""
    return sha256(f"{session_id}/{words}".encode()).hexdigest()


def _said(db: Db, part: Unnamed) -> list[UnnamedWords]:
    return list(
        db.exec(select(UnnamedWords).where(UnnamedWords.unnamed_id == part.id).order_by(col(UnnamedWords.id))).all()
    )


def _reflected(db: Db, session: Session) -> list[UnnamedWords]:
    query = select(UnnamedWords).where(UnnamedWords.session_id == session.id, col(UnnamedWords.unnamed_id).is_(None))
    return list(db.exec(query.order_by(col(UnnamedWords.id))).all())


# What may be told.


def quotes(db: Db, cohort: Cohort, since: datetime) -> list[str]:
    """For the recap: what was said without a name in sessions that ended since then. Five answers, or the own tick."""
    held = db.exec(select(Session).where(Session.cohort_id == cohort.id, col(Session.ended_at) >= since)).all()
    found: list[tuple[bool, UnnamedWords]] = []  # what was read out already stands in the room
    for session in held:
        answered = sum(not one.words for one in reflections.of_session(db, session))
        found += [(False, one) for one in _reflected(db, session) if _may_be_read(one, answered)]
        parts = db.exec(select(Unnamed).where(Unnamed.session_id == session.id).order_by(col(Unnamed.id))).all()
        for part in (one for one in parts if one.until is not None):
            found += [(True, one) for one in _said(db, part) if _may_be_read(one, part.people)]
    ordered = sorted(found, key=lambda pair: (pair[0], not pair[1].quotable))
    return [one.words for _, one in ordered[:QUOTED]]


def _occasions(db: Db, cohort: Cohort) -> list[Occasion]:
    rows = db.exec(
        select(Unnamed, Session)
        .join(Session, col(Session.id) == col(Unnamed.session_id))
        .where(Session.cohort_id == cohort.id, col(Unnamed.until).is_(None))
    ).all()
    return [Occasion("unnamed", one.id, 0, {"end": max(session.ends_at, one.since) + OVERRUN}) for one, session in rows]


TOUCHPOINTS = Source(occasions=_occasions, rules=(Rule("chatham/over", on="unnamed", anchor="end", behind=True),))
