"""Which cohort an ask is about: the one chosen, the one of the room, or the only one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from bot.ask import Ask
from bot.plain_dates import NotADate, Reason, read_moment
from cohorts import which
from cohorts.cohort import Cohort, Membership
from cohorts.errors import Refused
from cohorts.facts import Fact, PersonRef
from cohorts.people import Person


def mine(ask: Ask) -> tuple[Cohort, Membership]:
    """The cohort somebody takes part in."""
    return which.mine(ask.db, ask.person, wanted=ask.cohort, room=ask.room)


def conducted(ask: Ask) -> Cohort:
    """The cohort somebody conducts."""
    return which.conducted(ask.db, ask.person, wanted=ask.cohort, room=ask.room)


def recorded(ask: Ask) -> Cohort:
    """The cohort of whose past an owner wants to know, over or not."""
    return which.recorded(ask.db, ask.person, wanted=ask.cohort, room=ask.room)


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


def conducted_by_id(ask: Ask, cohort_id: int) -> Cohort:
    """The cohort of a button, if the one who pressed it conducts it."""
    return which.conducted(ask.db, ask.person, wanted=cohort_id)


def mine_by_id(ask: Ask, cohort_id: int) -> tuple[Cohort, Membership]:
    return which.mine(ask.db, ask.person, wanted=cohort_id)
