"""Somebody from outside for one session: named in what is told of it, written to before, thanked afterwards."""

from datetime import timedelta

from cohorts import sessions
from cohorts.cohort import Cohort
from cohorts.planning import Rule, Source
from cohorts.program_parts import Guest
from cohorts.sessions import Session


def called(guest: Guest) -> str:
    """How one speaks to a guest: "Ana Flores" of "Ana Flores, Northwind"."""
    return guest.name.partition(",")[0].strip() or guest.name


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
        Rule(
            "guests/thank",
            on="session",
            anchor="end",
            shift="1h",
            late=timedelta(days=2),
            trait="guest",
            behind=True,
        ),
    )
)
