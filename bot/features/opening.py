"""Opening a program: what only its owner knows, everything shown before it is public, then one press."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from zoneinfo import ZoneInfo, available_timezones

from bot import whose
from bot.ask import Answers, Ask, Asking, Listed, Part, Reply, Response
from bot.command_text import Kind
from bot.features.program import known_programs
from bot.message import Field, FieldKind
from bot.questions import PER_PAGE
from bot.registry import Option, button, command, form
from cohorts import cohort as cohorts_
from cohorts import lint, opening, people, timetable
from cohorts.errors import Refused
from cohorts.facts import Fact
from cohorts.moments import session_starts
from cohorts.opening import Missing
from cohorts.outbox import Press
from cohorts.people import Role


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
def open_(ask: Ask, program: str, starts: str, zone: str | None = None) -> Response:
    listed = _listed(ask, program)
    zone = _zone(zone) if zone else ask.person.zone
    first = _day(ask, starts, zone)
    if lint.placeholders(_prepared(ask, listed).program):
        return _details(ask, listed, first, zone)
    return _shown(ask, listed, first, zone)


def _shown(ask: Ask, listed: Listed, first: date, zone: str, *, replaces: bool = False) -> Reply:
    """All of it, before anybody else sees any of it."""
    program = _prepared(ask, listed).program
    sessions = session_starts(program, first, zone)
    if sessions[0][1] <= ask.now:
        raise Refused("program/starts-in-the-past", program=program.name, starts=first)
    args: dict[str, str] = {"program": program.key, "starts_on": first.isoformat(), "zone": zone}
    blank = [one for one in opening.missing(program) if one.path in ("place", "leader.name")]
    return Reply(
        "program/open-confirm",
        replaces=replaces,
        program=program.name,
        sessions=[{"title": plan.title, "starts": at} for plan, at in sessions],
        zone=zone,
        places=program.size.max,
        placeless="place" in [one.path for one in blank],
        leaderless="leader.name" in [one.path for one in blank],
        parts=[_preview(ask, listed, first, zone)],
        presses=[
            Press("program/open", args, "primary"),
            *([Press("program/details", args)] if opening.missing(listed.program) else []),
        ],
    )


def _preview(ask: Ask, listed: Listed, first: date, zone: str) -> Part:
    """What people read who look for a program, or begin to apply."""
    program = _prepared(ask, listed).program
    asks: list[Fact] = [question.ask for question in program.application.questions]
    return Part(
        "program/open-preview",
        {
            "program": program.name,
            "promise": program.promise,
            "summary": program.summary,
            "starts": first,
            "closes": cohorts_.closing(program, first, zone, now=ask.now),
            "asks": asks,
        },
    )


@button("program/open", role=Role.FACILITATOR)
def opened(ask: Ask, program: str, starts_on: str, zone: str) -> Reply:
    ready = _prepared(ask, _listed(ask, program))
    left = lint.placeholders(ready.program)
    if left:
        raise Refused("program/placeholders", program=ready.program.name, places=[one.where for one in left])
    cohort = cohorts_.recruit(
        ask.db,
        ask.place,
        ready.program,
        ready.toml,
        starts_on=_iso(starts_on),
        zone=_zone(zone),
        by=ask.person,
        now=ask.now,
    )
    opening.done(ask.db, ask.person, ready.program)
    timetable.lay_out(ask.db, cohort, now=ask.now)
    return Reply("program/opened", replaces=True, program=cohort.name, closes=cohort.closes_at, handle=cohort.handle)


# What only its owner can know.


@button("program/details", role=Role.FACILITATOR)
def details(ask: Ask, program: str, starts_on: str, zone: str) -> Asking:
    return _details(ask, _listed(ask, program), _iso(starts_on), _zone(zone))


@form("program/details", role=Role.FACILITATOR)
def said(ask: Ask, answers: Answers, program: str, starts_on: str, zone: str, page: int) -> Response:
    listed, first, zone = _listed(ask, program), _iso(starts_on), _zone(zone)
    here = {one.field for one in _on_page(listed, page)}
    given = {key: str(value or "") for key, value in answers.items() if key in here}
    opening.say(ask.db, ask.person, listed.program, listed.toml, given, only=here, now=ask.now)
    if _on_page(listed, page + 1):
        return _details(ask, listed, first, zone, page + 1)
    return _shown(ask, listed, first, zone)


def _details(ask: Ask, listed: Listed, first: date, zone: str, page: int = 1) -> Asking:
    ours = [
        Field("place", FieldKind.LINE, ""),
        Field("leader_name", FieldKind.LINE, ""),
        Field("leader_title", FieldKind.LINE, ""),
        Field("video", FieldKind.LINE, ""),
        Field("board", FieldKind.LINE, ""),
    ]
    labelled = {field.key: field for field in ours}
    said_before = opening.texts(_prepared(ask, listed).program)
    fields = [
        replace(
            labelled.get(one.field) or Field(one.field, FieldKind.PARAGRAPH, one.path),
            required=one.required,
            value=said_before.get(one.path) or None,
        )
        for one in _on_page(listed, page)
    ]
    return Asking(
        "program/details",
        fields,
        args={"program": listed.program.key, "starts_on": first.isoformat(), "zone": zone, "page": page},
        intro="program/only-you" if page == 1 else None,
        page=page,
        pages=max(1, -(-len(opening.missing(listed.program)) // PER_PAGE)),
        program=listed.program.name,
    )


def _on_page(listed: Listed, page: int) -> list[Missing]:
    return opening.missing(listed.program)[(page - 1) * PER_PAGE : page * PER_PAGE] if page >= 1 else []


def _prepared(ask: Ask, listed: Listed) -> Listed:
    return Listed(*opening.prepared(ask.db, ask.person, listed.program, listed.toml))


def _listed(ask: Ask, key: str) -> Listed:
    name = key.casefold().strip()
    fits = [one for one in ask.catalogue.values() if name in (one.program.key, one.program.name.casefold())]
    if not fits:
        raise Refused("program/no-such", words=key[:100], known=list(ask.catalogue))
    if not people.conducts(ask.db, ask.person, fits[0].program.key):
        raise Refused("people/another-door")
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
