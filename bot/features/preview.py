"""What a member of a program will get, week by week, from its file alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from zoneinfo import ZoneInfo

from bot.ask import Ask, Listed, Reply
from bot.command_text import Kind
from bot.features.program import known_programs
from bot.registry import Option, button, command
from cohorts import preview as previews
from cohorts import which
from cohorts.errors import Refused
from cohorts.facts import Fact
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.preview import Preview, Told
from cohorts.programs import Program

WEEKS = 8  # of one message
LONG = 4  # things on one day, told once


@command(
    "program preview",
    help="See everything a member will get, week by week",
    role=Role.FACILITATOR,
    reads=True,
    options=[
        Option("program", "Which program; yours, when you lead one", complete=known_programs),
        Option("part", "Of a long one: which part, counted from 1", kind=Kind.NUMBER),
    ],
)
def preview(ask: Ask, program: str | None = None, part: int = 1) -> Reply:
    return _page(ask, _meant(ask, program), part)


@button("preview/page", role=Role.FACILITATOR, reads=True)
def page(ask: Ask, program: str, part: int) -> Reply:
    return _page(ask, _meant(ask, program), part)


def _meant(ask: Ask, words: str | None) -> Listed:
    """The one that is named, the only one there is, or the one of the only cohort that they conduct."""
    named = (words or "").casefold().strip()
    fits = [one for one in ask.catalogue.values() if named in (one.program.key, one.program.name.casefold())]
    if named and not fits:
        raise Refused("program/no-such", words=named[:100], known=list(ask.catalogue))
    if not fits:
        keys = {one.program_key for one in which.conducted_by(ask.db, ask.person)} & ask.catalogue.keys()
        keys = keys or set(ask.catalogue)
        fits = [ask.catalogue[key] for key in keys]
    if len(fits) != 1:
        raise Refused("preview/which", known=list(ask.catalogue))
    return fits[0]


def _page(ask: Ask, listed: Listed, part: int) -> Reply:
    program, zone = listed.program, ask.person.zone
    seen = previews.preview(program, listed.toml, now=ask.now, zone=zone)
    weeks = weeks_of(program, seen)
    number, parts = int(part), -(-len(weeks) // WEEKS)
    if not 1 <= part <= parts or part != number:
        raise Refused("preview/no-such-part", number=part, count=parts)
    more = Press("preview/page", {"program": program.key, "part": number + 1}, "primary")
    return Reply(
        "preview/weeks",
        replaces=number > 1,
        presses=[more] if number < parts else [],
        program=program.name,
        promise=program.promise,
        messages=messages(seen),
        page=number,
        pages=parts,
        weeks=weeks[(number - 1) * WEEKS : number * WEEKS],
    )


def facts_of(program: Program, seen: Preview) -> dict[str, Fact]:
    """All of it, as one part."""
    return {
        "program": program.name,
        "promise": program.promise,
        "messages": messages(seen),
        "page": 1,
        "pages": 1,
        "weeks": weeks_of(program, seen),
    }


def messages(seen: Preview) -> int:
    """How many a member gets: what can wait and is told at the same moment is one."""
    return sum(not one.waits for one in seen.told) + len({one.at for one in seen.told if one.waits})


def weeks_of(program: Program, seen: Preview) -> list[Fact]:
    """Each week in which something is told; 0 is the time before the first session."""
    found: list[Fact] = []
    known: dict[tuple[tuple[str, str, str], ...], int] = {}
    for number, told in seen.weeks().items():
        begun = {one.title for one in told if one.name == "sessions/begin"}
        days = _days(seen, number, told, known)
        found.append({"number": number, "sessions": _sessions(program, begun), "days": days})
    return found


def _sessions(program: Program, titles: set[str]) -> list[Fact]:
    return [
        {
            "title": one.title,
            "minutes": one.minutes,
            "makes": one.makes,
            "homework": [homework.title for homework in one.homework],
        }
        for one in program.sessions
        if one.title in titles
    ]


def _days(
    seen: Preview, week: int, told: Sequence[Told], known: dict[tuple[tuple[str, str, str], ...], int]
) -> list[Fact]:
    """`known`: in which week a day of a meeting was told first; one that goes the same way is not told again."""
    zone = ZoneInfo(seen.zone)
    found: list[Fact] = []
    for day, some in groupby(told, key=lambda one: one.at.astimezone(zone).date()):
        things = [(f"{one.at.astimezone(zone):%H:%M}", one) for one in some]
        course = tuple((clock, one.name, one.words) for clock, one in things)
        like = known.setdefault(course, week) if len(things) >= LONG else week
        found.append(
            {
                "day": f"{day:%a}",
                "before": (seen.starts - day).days if week == 0 else 0,
                "like": like if like != week else 0,
                "titles": list(dict.fromkeys(one.title for _, one in things if one.title)),
                "things": [_thing(clock, one) for clock, one in things],
            }
        )
    return found


def _thing(clock: str, one: Told) -> Fact:
    known = one.to in ("members", "cohort", "alumni", "absent", "not_rsvped")
    return {
        "clock": clock,
        "name": one.name,
        "title": one.title,
        "words": one.words,
        "to": one.to if known else "owing" if one.to.startswith("owes:") else "some",
        "some": one.to,
    }
