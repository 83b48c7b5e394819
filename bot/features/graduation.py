"""Graduating: the checklist on demand, the letter and badge by themselves."""

from __future__ import annotations

from datetime import datetime

from bot import whose
from bot.ask import Ask, Due, Reply
from bot.registry import afterwards, command, due
from cohorts import badges, before_after, graduation, homework, leaders, mailbag, outbox, reflections, reunion, which
from cohorts import cohort as cohorts_
from cohorts.badges import Counter
from cohorts.bundling import daytime
from cohorts.cohort import Cohort, Membership, MembershipState
from cohorts.facts import Fact
from cohorts.graduation import Criterion, Line
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
        changes=[one.facts for one in before_after.mine(ask.db, cohort, membership)],
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
    _tell_short(due, due.db.get_one(Cohort, cohort_id), in_the_morning=True)


@due("graduation/short-evening")
def tell_the_evening_before(due: Due, cohort_id: int) -> None:
    """Far away it is night in the hours before; they hear it by their day, after the last session."""
    _tell_short(due, due.db.get_one(Cohort, cohort_id), in_the_morning=False)


def _tell_short(due: Due, cohort: Cohort, *, in_the_morning: bool) -> None:
    for member, lines in graduation.short(due.db, cohort):
        person = cohorts_.person_of(due.db, member)
        if graduation.hears_in_the_morning(due.db, cohort, person) is not in_the_morning:
            continue
        step = graduation.next_step(lines)
        outbox.enclose(
            due.db,
            person,
            "graduation/short",
            key=f"{due.key}/{member.id}",
            at=max(due.due_at, daytime(due.now, person.zone)),
            now=due.now,
            as_=member.hears,
            program=cohort.name,
            lines=facts_of(lines),
            step=facts_of([step])[0] if step else None,
            until=graduation.grace_until(due.db, cohort),
            presses=_towards(due, cohort, member, step),
        )


def _towards(due: Due, cohort: Cohort, member: Membership, step: Line | None) -> list[Press]:
    """The one button for somebody's next step."""
    if step is None or step.criterion in (Criterion.ATTEND, Criterion.REFLECT):
        last = reflections.unanswered(due.db, cohort, member) if step is not None else None
        can_reflect = step is not None and step.criterion is Criterion.REFLECT and last is not None
        return [Press("reflections/open", {"session_id": last.id}, "primary")] if can_reflect and last else []
    owed = homework.owed(due.db, cohort, member, now=due.now)
    fitting = [one for one in owed if not step.title or one.title == step.title][:1]
    return [
        Press("homework/hand-in", {"homework_id": one.id}, words="hand-in-this", facts={"title": one.title})
        for one in fitting
    ]


@due("graduation/name")
def name_graduates(due: Due, cohort_id: int) -> None:
    cohort = due.db.get_one(Cohort, cohort_id)
    named = graduation.name_graduates(due.db, cohort, now=due.now)
    counters = due.registry.handlers("counter")
    for member in named:
        congratulate(due.db, cohort, member, counters, now=due.now, due=due.due_at)
    for member in cohorts_.present(due.db, cohort):
        _award(due.db, cohort, member, counters, now=due.now)
    if named:
        again = reunion.lay_out(due.db, cohort, now=due.now)
        outbox.announce(
            due.db,
            cohorts_.room_of(due.db, cohort),
            "graduation/named",
            key=due.key,
            now=due.now,
            due=due.due_at,
            ping=False,  # each of them has a letter at the same moment
            program=cohort.name,
            promise=cohort.program.promise,
            theme=cohort.program.theme.value,
            graduates=[member.ref for member in named],
            again=again.starts_at if again is not None else None,
        )


@afterwards("graduation")
def follow(ask: Ask) -> None:
    """Whatever somebody did may have completed their checklist or earned them a badge."""
    for cohort, member in which.of_person(ask.db, ask.person):
        if not complete(ask, cohort, member) and not graduation.is_about_to_be_named(ask.db, cohort, now=ask.now):
            _award(ask.db, cohort, member, ask.registry.handlers("counter"), now=ask.now)


def complete(ask: Ask, cohort: Cohort, member: Membership) -> bool:
    """Graduate somebody who makes it within the grace; until graduates are named, nobody does by what they do."""
    named = cohort.state is cohorts_.CohortState.GRADUATED
    if not named or not graduation.consider(ask.db, cohort, member, now=ask.now):
        return False
    reunion.lay_out(ask.db, cohort, now=ask.now)
    congratulate(ask.db, cohort, member, ask.registry.handlers("counter"), now=ask.now)
    outbox.announce(
        ask.db,
        cohorts_.room_of(ask.db, cohort),
        "graduation/made-it",
        key=f"graduated:{member.id}/room",
        now=ask.now,
        ping=False,  # the one whom it is about has a letter
        program=cohort.name,
        person=member.ref,
    )
    return True


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
    letter = leaders.approved(db, cohort)
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
        more=letter.facts if letter else {"letter": [], "signed": "", "title": ""},
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
