"""The weekly digest, in the room and without a ping.

A part of each letter would ring for nobody who gets a letter anyway, but for all others; in the room it rings for
nobody at all. It says nothing to anybody in particular, is there for whoever looks, and once instead of twelve times.
"""

from __future__ import annotations

from bot.ask import Due, Part
from bot.registry import due
from cohorts import digest, sessions
from cohorts.cohort import Cohort
from cohorts.facts import Fact


@due("digest/week")
def tell_the_week(due: Due, cohort_id: int) -> None:
    """What the features have to tell; in a week without anything, nothing."""
    cohort = due.db.get_one(Cohort, cohort_id)
    if not sessions.is_expected(cohort):
        return
    since = digest.since(due.db, cohort, now=due.now)
    lines = [line(due.db, cohort, since, due.now) for line in due.registry.handlers("digest").values()]
    parts: list[Fact] = [{"template": one.template, "facts": dict(one.facts)} for one in lines if isinstance(one, Part)]
    coming = sessions.next_meeting(due.db, cohort, now=due.now)
    if parts:
        due.announce(
            cohort,
            "digest/week",
            ping=False,
            title=coming.title if coming else "",
            starts=coming.starts_at if coming else None,
            more={"parts": parts},
        )
