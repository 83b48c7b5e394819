"""The end of a cohort, by its owner's hand."""

from __future__ import annotations

from bot import whose
from bot.ask import Ask, Reply
from bot.registry import button, command
from cohorts import applications, closing, sessions
from cohorts.cohort import CohortState, present
from cohorts.outbox import Press
from cohorts.people import Role


@command("program close", help="End a cohort early, or put away one that is over", role=Role.OWNER)
def close(ask: Ask) -> Reply:
    cohort = whose.conducted(ask)
    coming = sessions.upcoming(ask.db, cohort, now=ask.now)
    return Reply(
        "close/confirm",
        program=cohort.name,
        members=len(present(ask.db, cohort)),
        waiting=len(applications.waiting(ask.db, cohort)),
        title=coming.title if coming else "",
        graduated=cohort.state is CohortState.GRADUATED,
        presses=[Press("close/close", {"cohort_id": cohort.id}, "danger")],
    )


@button("close/close", role=Role.OWNER)
def closed(ask: Ask, cohort_id: int) -> Reply:
    cohort = whose.conducted(ask, cohort_id)
    closing.close(ask.db, cohort, by=ask.person, now=ask.now)
    return Reply("close/done", replaces=True, program=cohort.name)
