"""Writing down who somebody is, as their platform describes them today."""

from __future__ import annotations

from datetime import datetime

from bot.platforms.base import Profile
from bot.registry import Registry
from cohorts import people
from cohorts.facts import clean
from cohorts.people import Person, Workspace
from cohorts.store import Db


def written_down(db: Db, registry: Registry, place: Workspace, account: str, profile: Profile, now: datetime) -> Person:
    """Whoever has an account since this moment also gets what waited for them."""
    new = people.known(db, place, account) is None
    person = people.meet(db, place, account, name=profile.name, zone=profile.zone, email=profile.email)
    for greet in registry.handlers("arrival").values() if new else ():
        greet(db, person, now)
    return person


def looks_the_same(person: Person, profile: Profile) -> bool:
    """Whether nothing need be written down before a command that only reads."""
    same_name = not profile.name or person.name == clean(profile.name)[:200].strip()
    same_zone = profile.zone is None or profile.zone == person.zone
    same_mail = profile.email is None or profile.email == person.email
    return same_name and same_zone and same_mail
