"""Mentors from alumni: seen first by whoever conducts, asked one by one, and introduced when they say yes."""

from __future__ import annotations

from collections.abc import Iterable

from bot import whose
from bot.ask import Ask, Reply
from bot.registry import button, words
from cohorts import mentoring
from cohorts.cohort import Cohort, Membership
from cohorts.errors import Refused
from cohorts.facts import Fact
from cohorts.outbox import Press
from cohorts.people import Person, Role


@words("mentors", "mentors from alumni", name="mentors", role=Role.FACILITATOR, reads=True)
def asked_for(ask: Ask) -> Reply:
    """Who is there for whom, and who would be asked next."""
    cohort = whose.conducted(ask)
    found = mentoring.matches(ask.db, cohort, now=ask.now)
    if not (found.agreed or found.waiting or found.proposed):
        raise Refused("mentoring/no-alumni", program=cohort.name)
    press = Press("mentoring/ask", {"cohort_id": cohort.id}, "primary")
    return Reply(
        "mentoring/matches",
        presses=[press] if found.proposed else [],
        agreed=_pairs(found.agreed),
        unanswered=_pairs(found.waiting),
        proposed=_pairs(found.proposed),
        alone=[one.ref for one in found.alone],
    )


def _pairs(found: Iterable[tuple[Membership, Person]]) -> list[Fact]:
    return [{"member": member.ref, "mentor": person.ref} for member, person in found]


@button("mentoring/ask", role=Role.FACILITATOR)
@words("ask the mentors", "ask the alumni", name="ask mentors", role=Role.FACILITATOR)
def ask_them(ask: Ask, cohort_id: int | None = None) -> Reply:
    found = mentoring.ask(ask.db, whose.conducted(ask, cohort_id), now=ask.now)
    return Reply("mentoring/asked", replaces=True, count=len({person.id for _, person in found}))


@words("my mentor", "who is my mentor", name="my mentor", role=Role.MEMBER, reads=True)
def mine(ask: Ask) -> Reply:
    cohort, membership = whose.mine(ask)
    mentor = mentoring.of_member(ask.db, membership)
    return Reply("mentoring/yours", person=mentor.ref if mentor is not None else None, program=cohort.name)


# The answer.


@words("i will be a mentor", "i would be a mentor", name="mentor yes", role=Role.MEMBER)
def yes_said(ask: Ask) -> Reply:
    return _agreed(ask, *_last(ask))


@button("mentoring/yes", role=Role.MEMBER)
def yes(ask: Ask, cohort_id: int, letter: int) -> Reply:
    return _agreed(ask, _asking(ask, cohort_id, letter), letter)


@words("not this time", name="mentor no", role=Role.MEMBER)
def not_now_said(ask: Ask) -> Reply:
    return _declined(ask, *_last(ask))


@button("mentoring/not-now", role=Role.MEMBER)
def not_now(ask: Ask, cohort_id: int, letter: int) -> Reply:
    return _declined(ask, _asking(ask, cohort_id, letter), letter)


def _asking(ask: Ask, cohort_id: int, letter: int) -> Cohort:
    """The cohort of a letter, for those alone who got it."""
    cohort = ask.db.get(Cohort, cohort_id)
    if cohort is None or not mentoring.asked(ask.db, cohort, ask.person, letter):
        raise Refused("mentoring/not-asked")
    return cohort


def _last(ask: Ask) -> tuple[Cohort, int]:
    found = mentoring.last_letter(ask.db, ask.person)
    if found is None:
        raise Refused("mentoring/not-asked")
    return found


def _agreed(ask: Ask, cohort: Cohort, letter: int) -> Reply:
    found = mentoring.agree(ask.db, cohort, ask.person, letter, now=ask.now)
    return Reply("mentoring/agreed", replaces=True, people=[one.ref for one in found], program=cohort.name)


def _declined(ask: Ask, cohort: Cohort, letter: int) -> Reply:
    declined = mentoring.decline(ask.db, cohort, ask.person, letter, now=ask.now)
    return Reply("mentoring/declined", replaces=True, declined=declined)
