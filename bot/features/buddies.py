"""Buddies: introduced in the next letter, found again with one idea what to do together."""

from __future__ import annotations

from collections.abc import Sequence

from bot import whose
from bot.ask import Ask, Due, Part, Reply
from bot.registry import afterwards, buddies_of, command, due, home_line, words
from cohorts import attendance, buddies, common_ground, homework, sessions
from cohorts.attendance import Answer
from cohorts.cohort import Cohort, Membership, present
from cohorts.facts import Fact
from cohorts.people import Role
from cohorts.store import Db


@afterwards("buddies")
def settle(ask: Ask) -> None:
    """Whatever somebody did may have launched a cohort, brought somebody in or taken somebody away."""
    for cohort in buddies.unsettled(ask.db, ask.place.id):
        buddies.settle(ask.db, cohort, now=ask.now)


@due("buddies/introduce")
def introduce(due: Due, buddy_id: int, membership_id: int) -> None:
    member = due.db.get_one(Membership, membership_id)
    cohort = due.db.get_one(Cohort, member.cohort_id)
    others = buddies.of(due.db, member)
    if others and sessions.is_expected(cohort) and member in present(due.db, cohort):
        due.tell(
            member,
            "buddies/introduced",
            people=[one.ref for one in others],
            common=_common(due, cohort, member, others),
        )


@command("cohort partner", help="See who your buddy is, and what to do next together", role=Role.MEMBER, reads=True)
@words("my partner", "my buddy", "who is my buddy", name="partner", role=Role.MEMBER, reads=True)
def partner(ask: Ask) -> Reply:
    cohort, membership = whose.mine(ask)
    others = buddies.of(ask.db, membership)
    if not others:
        return Reply("buddies/none", program=cohort.name)
    coming = sessions.upcoming(ask.db, cohort, now=ask.now)
    return Reply(
        "buddies/partner",
        people=[one.ref for one in others],
        common=_common(ask, cohort, membership, others),
        idea=_idea(ask, cohort, membership, others),
        title=coming.title if coming else "",
    )


def _common(asked: Ask | Due, cohort: Cohort, member: Membership, others: Sequence[Membership]) -> Sequence[Fact]:
    """A line for each buddy with whom there is something."""
    told: list[Fact] = []
    for one in others:
        if both := common_ground.between(asked.db, cohort, [member, one]):
            told.append({"person": one.ref, **both.facts})
    return told


def _idea(ask: Ask, cohort: Cohort, member: Membership, others: Sequence[Membership]) -> str:
    """What fits today: the first that is true."""
    coming = sessions.upcoming(ask.db, cohort, now=ask.now)
    said = attendance.answers(ask.db, coming) if coming is not None else {}
    if homework.owed(ask.db, cohort, member, now=ask.now):
        return "show"
    if any(homework.owed(ask.db, cohort, one, now=ask.now) for one in others):
        return "offer"
    if coming is not None and any(said.get(one.id) is not Answer.YES for one in others):
        return "bring"
    return "goals"


@home_line("buddies")
def home(ask: Ask, cohort: Cohort, membership: Membership) -> Part | None:
    others = buddies.of(ask.db, membership)
    return Part("buddies/home", {"people": [one.ref for one in others]}) if others else None


@buddies_of("buddies")
def looked_after_by(db: Db, membership: Membership) -> Sequence[Membership]:
    return buddies.of(db, membership)
