"""A cohort takes over its program's changed file, after somebody has seen what changes."""

from __future__ import annotations

import hashlib

from bot import whose
from bot.ask import Ask, Reply
from bot.registry import button, command
from cohorts import lint, updating
from cohorts.cohort import Cohort
from cohorts.errors import Refused
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.programs import parse


@command("program update", help="Let a running cohort take over its changed program file", role=Role.OWNER)
def update(ask: Ask) -> Reply:
    cohort = whose.conducted(ask)
    toml = _text(ask, cohort)
    new = parse(toml, file=cohort.handle)
    changes = updating.changes(cohort.program, new)
    stays = updating.kept(ask.db, cohort, new)
    if not changes:
        return Reply("update/same", program=cohort.name, kept=[one.fact for one in stays])
    broken = updating.obstacles(ask.db, cohort, new, now=ask.now)
    if broken:
        raise Refused("update/breaks", program=cohort.name, broken=[one.fact for one in broken])
    return Reply(
        "update/confirm",
        program=cohort.name,
        changes=[one.fact for one in changes],
        kept=[one.fact for one in stays],
        presses=[Press("update/take-over", {"cohort_id": cohort.id, "seen": _mark(toml)}, "primary")],
    )


@button("update/take-over", role=Role.OWNER)
def taken_over(ask: Ask, cohort_id: int, seen: str) -> Reply:
    cohort = whose.conducted(ask, cohort_id)
    toml = _text(ask, cohort)
    if _mark(toml) != seen:
        raise Refused("update/changed-again", program=cohort.name)
    updating.take_over(ask.db, cohort, toml, by=ask.person, now=ask.now)
    return Reply("update/done", replaces=True, program=cohort.name)


def _text(ask: Ask, cohort: Cohort) -> str:
    """The file as it is today, with what this cohort was told beside it when it was opened."""
    listed = ask.catalogue.get(cohort.program_key)
    if listed is None:
        raise Refused("update/no-file", program=cohort.name, key=cohort.program_key)
    toml = updating.carried(cohort.program, listed.toml)
    left = lint.placeholders(parse(toml, file=cohort.handle))
    if left and not lint.placeholders(cohort.program):
        raise Refused("program/placeholders", program=cohort.name, places=[one.where for one in left])
    return toml


def _mark(toml: str) -> str:
    """Tells one text from another: what was shown is what is taken over."""
    return hashlib.sha256(toml.encode()).hexdigest()[:16]
