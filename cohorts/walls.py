"""The wall of a homework: one message in the room that grows as work comes in, and notifies nobody."""

from datetime import datetime

from cohorts import homework, outbox
from cohorts.cohort import Cohort, Membership, room_of
from cohorts.facts import Fact
from cohorts.homework import Homework
from cohorts.program_kinds import Wall
from cohorts.store import Db


def show(db: Db, cohort: Cohort, one: Homework, *, now: datetime) -> None:
    """Put it up with the first piece, change it with each that follows. Names only where the program says so."""
    wall = homework.plan_of(cohort, one).wall
    handed_in = homework.submissions(db, one)
    if wall is Wall.OFF or not handed_in:
        return
    everyone = homework.meant(db, cohort, one)
    named: list[Fact] = [
        {"person": member.ref, "link": handed_in[member.id].link}
        for member in sorted(everyone, key=lambda one: _turn(handed_in, one))
        if member.id in handed_in
    ]
    first = f"homework:{one.id}/wall"
    facts: dict[str, Fact] = {
        "title": one.title,
        "done": len(named),
        "everyone": len(everyone),
        "pieces": named if wall is Wall.NAMES else [],
    }
    outbox.announce(db, room_of(db, cohort), "walls/wall", key=first, now=now, ping=False, more=facts)
    changes = sum(piece.times for piece in handed_in.values())
    if changes > 1:
        outbox.edit(db, first, "walls/wall", key=f"{first}/{changes}", now=now, more=facts)


def _turn(handed_in: "dict[int, homework.Submission]", member: Membership) -> int:
    return handed_in[member.id].id if member.id in handed_in else 0
