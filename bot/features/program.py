"""Programs: listed, opened, launched; who conducts them; lists for their owner."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from zoneinfo import ZoneInfo, available_timezones

from bot import whose
from bot.ask import Ask, Listed, Reply
from bot.command_text import Kind
from bot.message import Choice
from bot.registry import Option, button, command
from cohorts import cohort as cohorts_
from cohorts import lint, people, timetable, which
from cohorts.cohort import Cohort, present
from cohorts.errors import Refused
from cohorts.moments import session_starts
from cohorts.outbox import Press
from cohorts.people import Granted, Person, Role
from cohorts.which import recruiting


def known_programs(ask: Ask) -> Sequence[Choice]:
    return [Choice(key, listed.program.name) for key, listed in ask.catalogue.items()]


@command("program list", help="What is open, and what could be opened", role=Role.ANYONE, reads=True)
def list_(ask: Ask) -> Reply:
    opened = recruiting(ask.db, ask.place.id, now=ask.now)
    conducts = people.conducts(ask.db, ask.person)
    return Reply(
        "program/list",
        opened=[
            {
                "name": one.name,
                "promise": one.program.promise,
                "starts": one.starts_on,
                "closes": one.closes_at,
            }
            for one in opened
        ],
        known=[{"key": key, "name": one.program.name} for key, one in ask.catalogue.items()] if conducts else [],
        presses=[
            Press(
                "applications/apply",
                {"cohort_id": one.id},
                "primary",
                words="apply-to",
                facts={"program": one.name},
            )
            for one in opened
        ],
    )


@command(
    "program open",
    help="Open a program for applications",
    role=Role.FACILITATOR,
    options=[
        Option("program", "Which program", required=True, complete=known_programs),
        Option("starts", "The day of the first session, such as 11 January", kind=Kind.MOMENT, required=True),
        Option("zone", "The cohort's time zone, such as Europe/Berlin"),
    ],
)
def open_(ask: Ask, program: str, starts: str, zone: str | None = None) -> Reply:
    listed = _listed(ask, program)
    zone = _zone(zone) if zone else ask.person.zone
    first = _day(ask, starts, zone)
    sessions = session_starts(listed.program, first, zone)
    if sessions[0][1] <= ask.now:
        raise Refused("program/starts-in-the-past", program=listed.program.name, starts=first)
    return Reply(
        "program/open-confirm",
        program=listed.program.name,
        promise=listed.program.promise,
        sessions=[{"title": plan.title, "starts": at} for plan, at in sessions],
        zone=zone,
        places=listed.program.size.max,
        presses=[Press("program/open", {"program": program, "starts_on": first.isoformat(), "zone": zone}, "primary")],
    )


@button("program/open", role=Role.FACILITATOR)
def opened(ask: Ask, program: str, starts_on: str, zone: str) -> Reply:
    listed = _listed(ask, program)
    cohort = cohorts_.recruit(
        ask.db,
        ask.place,
        listed.program,
        listed.toml,
        starts_on=_iso(starts_on),
        zone=_zone(zone),
        by=ask.person,
        now=ask.now,
    )
    timetable.lay_out(ask.db, cohort, now=ask.now)
    return Reply("program/opened", replaces=True, program=cohort.name, closes=cohort.closes_at, handle=cohort.handle)


def _listed(ask: Ask, key: str) -> Listed:
    name = key.casefold().strip()
    fits = [one for one in ask.catalogue.values() if name in (one.program.key, one.program.name.casefold())]
    if not fits:
        raise Refused("program/no-such", words=key[:100], known=list(ask.catalogue))
    if not people.conducts(ask.db, ask.person, fits[0].program.key):
        raise Refused("people/another-door")
    left = lint.placeholders(fits[0].program)
    if left:
        raise Refused("program/placeholders", program=fits[0].program.name, places=[one.where for one in left])
    return fits[0]


def _zone(name: str) -> str:
    found = next((one for one in available_timezones() if one.casefold() == name.strip().casefold()), None)
    if found is None:
        raise Refused("program/no-such-zone", words=name[:60])
    return found


def _day(ask: Ask, text: str, zone: str) -> date:
    return whose.moment(ask, text, zone=zone, at=time(12, 0)).astimezone(ZoneInfo(zone)).date()


def _iso(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused("commands/gone") from None
    if not 2000 <= day.year < 3000:
        raise Refused("commands/gone")
    return day


@command("program launch", help="Start a cohort with those who were accepted", role=Role.FACILITATOR)
def launch(ask: Ask) -> Reply:
    return _launch_confirm(ask, whose.conducted(ask))


@button("program/launch", role=Role.FACILITATOR)
def launch_asked(ask: Ask, cohort_id: int) -> Reply:
    return _launch_confirm(ask, whose.conducted_by_id(ask, cohort_id))


def _launch_confirm(ask: Ask, cohort: Cohort) -> Reply:
    members = present(ask.db, cohort)
    return Reply(
        "program/launch-confirm",
        program=cohort.name,
        people=[member.ref for member in members],
        least=cohort.program.size.min,
        starts=cohort.starts_on,
        presses=[Press("program/launched", {"cohort_id": cohort.id}, "primary")],
    )


@button("program/launched", role=Role.FACILITATOR)
def launched(ask: Ask, cohort_id: int) -> Reply:
    cohort = whose.conducted_by_id(ask, cohort_id)
    cohorts_.launch(ask.db, cohort, by=ask.person, now=ask.now)
    timetable.enter(ask.db, cohort, now=ask.now)
    return Reply(
        "program/launched-by-you",
        replaces=True,
        program=cohort.name,
        room=cohorts_.room_of(ask.db, cohort).ref,
    )


@command(
    "program facilitator",
    help="Name who conducts a program",
    role=Role.OWNER,
    options=[
        Option("person", "Who leads it, such as @fay", kind=Kind.PERSON, required=True),
        Option("program", "Which program", complete=known_programs),
    ],
)
def facilitator(ask: Ask, person: Person, program: str | None = None) -> Reply:
    keys = [_listed_key(ask, program)] if program else list(ask.catalogue)
    if len(keys) != 1:
        raise Refused("program/which", known=keys)
    new = people.grant(ask.db, person, Granted.FACILITATOR, keys[0])
    for cohort in which.with_rooms(ask.db, ask.place.id, keys[0]):
        cohorts_.open_room(ask.db, cohort, now=ask.now)
    name = ask.catalogue[keys[0]].program.name
    return Reply("program/facilitator", person=person.ref, program=name, new=new)


def _listed_key(ask: Ask, name: str) -> str:
    wanted = name.casefold().strip()
    for key, listed in ask.catalogue.items():
        if wanted in (key, listed.program.name.casefold()):
            return key
    raise Refused("program/no-such", words=name[:100], known=list(ask.catalogue))
