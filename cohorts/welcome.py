"""Day 0: whoever brought the bot in, or owns it, hears one message that says how to begin."""

from datetime import datetime

from cohorts import installations, outbox, people
from cohorts.outbox import Press
from cohorts.people import Granted, Person, Workspace
from cohorts.store import Db

PRESSES = (
    Press("welcome/rehearse", style="primary"),
    Press("welcome/open"),
    Press("welcome/facilitator"),
)


def greet(db: Db, person: Person, *, now: datetime) -> None:
    """Once for each workspace, whoever comes first."""
    outbox.tell(db, person, "welcome/first", key=f"welcome/{person.workspace_id}", now=now, presses=PRESSES)


def let_in(db: Db, platform: str, external: str, *, name: str, by: str, now: datetime) -> None:
    """A workspace let the bot in by itself: the account that did owns it from now on, and is greeted."""
    place = people.workspace(db, platform, external, name=name)
    person = people.known(db, place, by) or people.meet(db, place, by, name="")
    people.grant(db, person, Granted.OWNER)
    greet(db, person, now=now)


def owns(db: Db, place: Workspace, account: str) -> bool:
    """Whether somebody let the bot in here by themselves."""
    found = installations.of_workspace(db, place.platform, place.external)
    return found is not None and bool(found.installed_by) and found.installed_by == account
