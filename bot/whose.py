"""Which cohort an ask is about: the one chosen, the one of the room, or the only one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from bot.ask import Ask
from bot.plain_dates import NotADate, Reason, read_moment
from cohorts import hosting, sessions, which
from cohorts.cohort import Cohort, Membership
from cohorts.errors import Refused
from cohorts.facts import Fact, PersonRef
from cohorts.people import Person, conducts
from cohorts.sessions import Session, SessionState


def mine(ask: Ask, cohort_id: int | None = None) -> tuple[Cohort, Membership]:
    """The cohort somebody takes part in: the one of a button, else the one they must mean."""
    return which.mine(ask.db, ask.person, wanted=ask.cohort if cohort_id is None else cohort_id, room=ask.room)


def conducted(ask: Ask, cohort_id: int | None = None) -> Cohort:
    """The cohort somebody conducts: the one of a button, else the one they must mean."""
    return which.conducted(ask.db, ask.person, wanted=ask.cohort if cohort_id is None else cohort_id, room=ask.room)


def recorded(ask: Ask) -> Cohort:
    """The cohort of whose past an owner wants to know, over or not."""
    return which.recorded(ask.db, ask.person, wanted=ask.cohort, room=ask.room)


def led(ask: Ask) -> Cohort:
    """The cohort somebody conducts, or hosts a session of."""
    return which.led(ask.db, ask.person, wanted=ask.cohort, room=ask.room)


def on_stage(ask: Ask, cohort_id: int | None = None) -> Cohort:
    """The cohort whose room somebody may speak to: they conduct it, or lead the session that is on."""
    cohort = which.led(ask.db, ask.person, wanted=cohort_id or ask.cohort, room=ask.room)
    if not conducts(ask.db, ask.person, cohort.program_key):
        on = sessions.last_of(hosting.sessions_of(ask.db, cohort, ask.person), now=ask.now)
        if on is None or on.state is not SessionState.LIVE:
            raise Refused("hosting/not-now", program=cohort.name)
    return cohort


def coming_led(ask: Ask, number: int | None = None) -> tuple[Session, Cohort]:
    """The session somebody conducts and means: the n-th, or their next."""
    cohort = led(ask)
    theirs = hosting.sessions_of(ask.db, cohort, ask.person)
    session = _numbered(ask, cohort, number) or sessions.next_of(theirs, now=ask.now)
    if session is None:
        raise Refused("sessions/none-to-come", program=cohort.name)
    return _theirs(session, theirs), cohort


def attended(ask: Ask, session_id: int | None = None) -> tuple[Session, Cohort, Membership]:
    """The session somebody takes part in: the one of a button, else the one that is on or comes next."""
    if session_id is not None:
        return sessions.attended_by(ask.db, ask.person, session_id)
    cohort, membership = mine(ask)
    return sessions.the_next(ask.db, cohort, now=ask.now), cohort, membership


def on_led(ask: Ask, session_id: int | None = None) -> tuple[Session, Cohort]:
    """The session somebody conducts: the one of a button, else the one that is on or runs over, or their next."""
    if session_id is not None:
        return hosting.led(ask.db, ask.person, session_id)
    cohort = led(ask)
    session = sessions.to_lead(hosting.sessions_of(ask.db, cohort, ask.person), now=ask.now)
    if session is None:
        raise Refused("sessions/none-to-come", program=cohort.name)
    return session, cohort


def last_led(ask: Ask, number: int | None = None) -> tuple[Session, Cohort]:
    """The session somebody conducted and means: the n-th, the one that is on, or their last."""
    cohort = led(ask)
    theirs = hosting.sessions_of(ask.db, cohort, ask.person)
    session = _numbered(ask, cohort, number) or sessions.last_of(theirs, now=ask.now)
    if session is None:
        raise Refused("sessions/none-held", program=cohort.name)
    return _theirs(session, theirs), cohort


def _numbered(ask: Ask, cohort: Cohort, number: int | None) -> Session | None:
    return sessions.number(ask.db, cohort, int(number)) if number is not None else None


def _theirs(session: Session, theirs: Iterable[Session]) -> Session:
    if session.id not in {one.id for one in theirs}:
        raise Refused("hosting/not-yours", title=session.title)
    return session


def either(ask: Ask) -> Cohort:
    """The cohort somebody takes part in or, failing that, conducts."""
    try:
        return mine(ask)[0]
    except Refused as none:
        try:
            return conducted(ask)
        except Refused:
            raise none from None


def moment(ask: Ask, text: str, *, zone: str, at: time) -> datetime:
    """A plain date, understood in a zone; `at` is the clock time of one that names none."""
    try:
        return read_moment(
            text,
            now=ask.now,
            zone=zone,
            languages=ask.languages,
            locale_day_first=ask.day_first,
            default_time=at,
        ).moment
    except NotADate as not_a_date:
        if not_a_date.reason is Reason.PAST:
            raise Refused("dates/past", words=text[:100]) from None
        raise Refused("dates/not-understood", words=text[:100], part=(not_a_date.word or "")[:60]) from None


def in_zones(at: datetime, people: Iterable[Person]) -> Sequence[Fact]:
    """One moment as the clocks of several people show it: a line for each zone."""
    zones: dict[str, list[PersonRef]] = {}
    for person in people:
        zones.setdefault(person.zone, []).append(person.ref)
    return [
        {
            "zone": zone.rpartition("/")[2].replace("_", " "),
            "clock": f"{local:%a} {local.day} {local:%b}, {local:%H:%M}",
            "people": list(refs),
        }
        for zone, refs in sorted(zones.items())
        for local in (at.astimezone(ZoneInfo(zone)),)
    ]
