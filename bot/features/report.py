"""The page for whoever paid for it: as a message, to print, and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot import report_page, report_picture, whose
from bot.ask import Ask, Reply
from bot.message import File
from bot.registry import Registry, command, file_maker, quotable
from cohorts import cohort as cohorts_
from cohorts import quotes, reports, uploads
from cohorts.cohort import Cohort
from cohorts.facts import Fact
from cohorts.people import Role
from cohorts.quotes import Quote
from cohorts.reports import Report
from cohorts.store import Db

FORMATS = {"html": report_page.made, "png": report_picture.made}


@quotable("reflections")
def reflections(db: Db, cohort: Cohort) -> Sequence[Quote]:
    return quotes.from_reflections(db, cohort)


@command("program report", help="What came of a cohort, on one page", role=Role.OWNER)
def report(ask: Ask) -> Reply:
    cohort = whose.recorded(ask)
    page = _report(ask.db, cohort, ask.registry)
    for format_ in FORMATS:
        uploads.upload(
            ask.db,
            ask.person,
            "report/file",
            key=f"report/{ask.event}/{format_}",
            file={"maker": "report", "format": format_, "cohort": cohort.id},
            now=ask.now,
            program=cohort.name,
            format=format_,
        )
    return Reply("report/page", more=facts_of(page))


def _report(db: Db, cohort: Cohort, registry: Registry) -> Report:
    agreed = [one for source in registry.handlers("quotable").values() for one in source(db, cohort)]
    return reports.report(db, cohort, agreed)


@file_maker("report")
def made(db: Db, arguments: Mapping[str, object], registry: Registry) -> File:
    cohort = db.get_one(Cohort, int(str(arguments["cohort"])))
    page = _report(db, cohort, registry)
    people = cohorts_.people_of(db, [db.get_one(cohorts_.Membership, one.membership_id) for one in page.quotes])
    names = {member: person.name for member, person in people.items()}
    return FORMATS[str(arguments["format"])](page, names, cohort.handle, cohort.zone)


def facts_of(page: Report) -> Mapping[str, Fact]:
    """What the message says; a part that too few people stand behind brings no numbers at all."""
    goals, scored = page.goals, page.nps
    return {
        "program": page.program,
        "promise": page.promise,
        "starts": page.starts_on,
        "members": page.members,
        "graduates": page.graduates,
        "asks_goals": goals is not None,
        "goals": [{"words": words, "count": n} for words, n in goals.counts] if goals and goals.shown else [],
        "answered": goals.n if goals and goals.shown else 0,
        "built": [{"title": title, "count": n} for title, n in page.built.counts] if page.built.shown else [],
        "percent": page.attendance.percent if page.attendance.shown else None,
        "meetings": [
            {"title": one.title, "there": one.there, "expected": one.expected} for one in page.attendance.meetings
        ]
        if page.attendance.shown
        else [],
        "quotes": [{"person": one.person, "words": reports.excerpt(one.words)} for one in page.quotes],
        "asks_nps": scored is not None,
        "nps": {
            "would": scored.promoters,
            "n": scored.n,
            "score": scored.score,
            "low": scored.low,
            "high": scored.high,
        }
        if scored and scored.shown
        else None,
        "hours": reports.hours(page.hours.sessions),
        "around": reports.hours(page.hours.around),
        "preparing": reports.PREPARING,
        "reading": reports.READING,
    }
