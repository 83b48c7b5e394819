"""One place for everything that a program gives people: video, board, worksheets, reading, recordings."""

from __future__ import annotations

from bot import whose
from bot.ask import Ask, Reply
from bot.registry import command, words
from cohorts import materials
from cohorts.facts import Fact
from cohorts.people import Role


@command("cohort materials", help="Find the video, board, worksheets and recordings", role=Role.ANYONE, reads=True)
@words("materials", "worksheet", "recording", name="materials", role=Role.ANYONE, reads=True)
def shelves(ask: Ask) -> Reply:
    cohort = whose.either(ask)
    program = cohort.program
    found: list[Fact] = [
        {
            "title": shelf.session.title,
            "starts": shelf.session.starts_at,
            "coming": shelf.session.starts_at > ask.now,
            "prework": shelf.prework,
            "recording": shelf.recording,
            "materials": [{"title": one.title, "url": one.url} for one in shelf.materials],
        }
        for shelf in materials.shelves(ask.db, cohort, now=ask.now)
    ]
    return Reply(
        "materials/shelves",
        program=cohort.name,
        shelves=found,
        board=program.board or "",
        video=program.orientation.video if program.orientation else "",
    )
