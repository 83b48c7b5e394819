"""Graduating: the checklist on demand, the letter and badge by themselves."""

from __future__ import annotations

from datetime import datetime

from bot import whose
from bot.ask import Ask, Due, Reply
from bot.registry import afterwards, command, due
from cohorts import badges, graduation, homework, mailbag, outbox, which
from cohorts import cohort as cohorts_
from cohorts.badges import Counter
from cohorts.bundling import daytime
from cohorts.cohort import Cohort, Membership, MembershipState
from cohorts.facts import Fact
from cohorts.graduation import Line
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.store import Db


@command("graduate", help="See what it takes, and how far you are", role=Role.MEMBER, reads=True)
def graduate(ask: Ask) -> Reply:
    cohort, membership = whose.mine(ask)
    lines = graduation.checklist(ask.db, cohort, membership)
    return Reply(
        "graduation/checklist",
        program=cohort.name,
        lines=facts_of(lines),
        met=all(line.met for line in lines),
        graduated=membership.state is MembershipState.GRADUATED,
        named=graduation.named_at(ask.db, cohort),
        until=graduation.grace_until(ask.db, cohort),
        past=(graduation.named_at(ask.db, cohort) or ask.now) < ask.now,
    )


def facts_of(lines: list[Line]) -> list[Fact]:
    return [
        {
            "criterion": line.criterion.value,
            "done": line.done,
            "needed": line.needed,
            "met": line.met,
            "title": line.title,
        }
        for line in lines
    ]


@due("graduation/short")
def tell_privately(due: Due, cohort_id: int) -> None:
    """Whoever is short hears it before graduates are named, with the date until which it can be mended."""
    cohort = due.db.get_one(Cohort, cohort_id)
    for member, lines in graduation.short(due.db, cohort):
        due.tell(
            member,
            "graduation/short",
            program=cohort.name,
            lines=facts_of(lines),
            until=graduation.grace_until(due.db, cohort),
            presses=[
                Press("homework/hand-in", {"homework_id": one.id}, words="hand-in-this", facts={"title": one.title})
                for one in homework.owed(due.db, cohort, member, now=due.now)[:3]
            ],
        )


@due("graduation/name")
def name_graduates(due: Due, cohort_id: int) -> None:
    cohort = due.db.get_one(Cohort, cohort_id)
    named = graduation.name_graduates(due.db, cohort, now=due.now)
    for member in named:
        congratulate(due.db, cohort, member, due.registry.handlers("counter"), now=due.now, due=due.due_at)
    if named:
        due.announce(
            cohort,
            "graduation/named",
            ping=False,  # those who are named get a letter
            program=cohort.name,
            promise=cohort.program.promise,
            graduates=[member.ref for member in named],
        )


@afterwards("graduation")
def follow(ask: Ask) -> None:
    """Whatever somebody did may have completed their checklist or earned them a badge."""
    for cohort, member in which.of_person(ask.db, ask.person):
        named = cohort.state is cohorts_.CohortState.GRADUATED  # until then nobody graduates by what they do
        if named and graduation.consider(ask.db, cohort, member, now=ask.now):
            congratulate(ask.db, cohort, member, ask.registry.handlers("counter"), now=ask.now)
            outbox.announce(
                ask.db,
                cohorts_.room_of(ask.db, cohort),
                "graduation/named",
                key=f"graduated:{member.id}/room",
                now=ask.now,
                ping=False,
                program=cohort.name,
                promise=cohort.program.promise,
                graduates=[member.ref],
            )
        else:
            _award(ask.db, cohort, member, ask.registry.handlers("counter"), now=ask.now)


def congratulate(
    db: Db,
    cohort: Cohort,
    member: Membership,
    counters: dict[str, Counter],
    *,
    now: datetime,
    due: datetime | None = None,
) -> None:
    """The letter, with the badges that come with graduating."""
    earned = badges.award_due(db, cohort, member, counters, now=now)
    leader = cohort.program.leader
    person = cohorts_.person_of(db, member)
    outbox.enclose(
        db,
        person,
        "graduation/letter",
        key=f"graduated:{member.id}",
        at=daytime(due or now, person.zone),
        now=now,
        as_=member.hears,
        program=cohort.name,
        badges=[_badge(cohort, key) for key in earned],
        lines=facts_of(graduation.checklist(db, cohort, member)),
        letter=leader.letter if leader else "",
        signed=leader.name if leader else "",
        title=leader.title if leader else "",
    )


def _award(db: Db, cohort: Cohort, member: Membership, counters: dict[str, Counter], *, now: datetime) -> None:
    for key in badges.award_due(db, cohort, member, counters, now=now):
        mailbag.add(
            db,
            cohort,
            member,
            "graduation/badge",
            key=f"badge:{key}/{member.id}",
            now=now,
            badge=_badge(cohort, key),
            program=cohort.name,
        )


def _badge(cohort: Cohort, key: str) -> Fact:
    badge = cohort.program.badge(key)
    return {"name": badge.name, "description": badge.description, "criteria": badge.criteria}
