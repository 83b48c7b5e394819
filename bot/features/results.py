"""A survey's picture in the room, when whoever conducts asks for it; its segment shows it by itself."""

from __future__ import annotations

from collections.abc import Mapping

from bot import results_picture, whose
from bot.ask import Ask, Reply
from bot.message import File
from bot.registry import Registry, file_maker, words
from cohorts import results, survey_results
from cohorts.cohort import Cohort, room_of
from cohorts.people import Role
from cohorts.store import Db


@words("show the results", "show results", "show the survey", name="show results", role=Role.HOST)
def show(ask: Ask) -> Reply:
    session, cohort = whose.on_led(ask)
    survey = results.planned(cohort, session)
    shown = results.show(ask.db, cohort, session, survey.key, now=ask.now)
    return Reply("results/asked-for", room=room_of(ask.db, cohort).ref, name=survey.name or survey.key, pictured=shown)


@file_maker("survey-results")
def made(db: Db, arguments: Mapping[str, object], registry: Registry) -> File:
    """Of the answers that there are when it is sent."""
    cohort = db.get_one(Cohort, int(str(arguments["cohort"])))
    survey = next(one for one in cohort.program.surveys if one.key == str(arguments["survey"]))
    found = survey_results.results(db, cohort, survey)
    return results_picture.made(found, f"{cohort.handle}-{survey.key}")
