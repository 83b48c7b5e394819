"""Kudos: thanking a peer. The example of a feature in its own files."""

from __future__ import annotations

from datetime import datetime

from bot import whose
from bot.ask import Ask, Part, Reply
from bot.command_text import Kind
from bot.registry import Option, command, counter, digest_line, export, home_line
from bot.sheets import Sheet
from cohorts import kudos
from cohorts.cohort import Cohort, Membership
from cohorts.people import Person, Role
from cohorts.store import Db


@command(
    "cohort kudos",
    help="Thank a peer",
    role=Role.MEMBER,
    options=[
        Option("person", "Whom you thank, such as @lena", kind=Kind.PERSON, required=True),
        Option("words", "What for", required=True, rest=True),
    ],
)
def give(ask: Ask, person: Person, words: str) -> Reply:
    cohort, membership = whose.mine(ask)
    kudos.give(ask.db, cohort, membership, person, words, now=ask.now)
    return Reply("kudos/given", person=person.ref)


@home_line("kudos")
def home(ask: Ask, cohort: Cohort, membership: Membership) -> Part | None:
    count = kudos.received(ask.db, membership)
    return Part("kudos/home", {"count": count}) if count else None


@digest_line("kudos")
def digest(db: Db, cohort: Cohort, since: datetime, now: datetime) -> Part | None:
    count = kudos.given_since(db, cohort, since)
    return Part("kudos/digest", {"count": count}) if count else None


@counter("kudos")
def received(db: Db, membership: Membership) -> int:
    return kudos.received(db, membership)


@export("kudos")
def rows(db: Db, cohort: Cohort) -> Sheet:
    """Who thanked whom and when; what for stays between them."""
    return Sheet("kudos", ("from", "to", "at"), tuple(kudos.ledger(db, cohort)))
