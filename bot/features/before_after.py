"""Before and after for those who lead: the group's picture once everybody had time to answer, and on asking."""

from __future__ import annotations

from bot import whose
from bot.ask import Ask, Due, Reply
from bot.features.exports import sheet
from bot.registry import due, export, words
from bot.sheets import Sheet
from cohorts import before_after, outbox, surveys
from cohorts.bundling import daytime
from cohorts.cohort import Cohort
from cohorts.exports import Table
from cohorts.facts import Fact
from cohorts.measures import recommends
from cohorts.people import Role, facilitators
from cohorts.store import Db


@due("before_after/picture")
def tell(due: Due, cohort_id: int) -> None:
    """A part of one message, together with what else there is to say at the end."""
    cohort = due.db.get_one(Cohort, cohort_id)
    pictures = before_after.group(due.db, cohort)
    scores = surveys.nps_scores(due.db, cohort)
    if not pictures and not scores:
        return
    for person in facilitators(due.db, cohort.workspace_id, cohort.program_key):
        outbox.enclose(
            due.db,
            person,
            "before_after/picture",
            key=f"{due.key}/person:{person.id}",
            at=max(due.due_at, daytime(due.now, person.zone)),
            now=due.now,
            program=cohort.name,
            pictures=[one.facts for one in pictures],
            recommends=_recommends(due.db, cohort),
        )


@words("before and after", "how did it go", "what came of it all", name="before-after", role=Role.FACILITATOR)
def asked_for(ask: Ask) -> Reply:
    cohort = whose.conducted(ask)
    return Reply(
        "before_after/picture",
        program=cohort.name,
        pictures=[one.facts for one in before_after.group(ask.db, cohort)],
        recommends=_recommends(ask.db, cohort),
    )


def _recommends(db: Db, cohort: Cohort) -> Fact:
    return recommends([score for score, _ in surveys.nps_scores(db, cohort)]).facts


@export("before-after")
def rows(db: Db, cohort: Cohort) -> Sheet:
    """Of the group alone; the averages of fewer than five people stay out."""
    columns = ("question", "ask", "answered_both", "before", "after", "up", "down")
    made = tuple(
        (one.key, one.ask, one.n, *((one.before, one.after, one.up, one.down) if one.shown else (None,) * 4))
        for one in before_after.group(db, cohort)
    )
    return sheet(Table("before-after", columns, made))
