"""Somebody from outside for one session: named in what is told of it, and written to three days before."""

from datetime import timedelta

from cohorts import sessions
from cohorts.cohort import Cohort
from cohorts.planning import Rule, Source
from cohorts.sessions import Session


def name_of(cohort: Cohort, session: Session) -> str:
    guest = sessions.guest_of(cohort, session)
    return guest.name if guest is not None else ""


TOUCHPOINTS = Source(
    rules=(
        Rule(
            "guests/write",
            on="session",
            anchor="start",
            shift="-3d",
            late=timedelta(days=2),
            trait="guest",
            behind=True,
        ),
    ),
)
