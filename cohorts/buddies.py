"""Buddies: each member is accountable to somebody. Pairs from the launch on, one trio where the number is odd.

Whoever joins later and whoever is left alone gets into a pair; nobody else's changes, but that a trio gives one away.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import breakouts, touchpoints
from cohorts.cohort import Cohort, CohortState, Membership, MembershipState, present, zones_of
from cohorts.leanings import leanings
from cohorts.moments import next_morning
from cohorts.pairing import History, Rules, plan
from cohorts.pairing_roles import preferred
from cohorts.planning import Occasion, Rule, Source
from cohorts.program_kinds import Urgency
from cohorts.store import Db, link, moment

GONE = (MembershipState.LEFT, MembershipState.REMOVED)


class Buddy(SQLModel, table=True):
    """Who has the same `pair` in a cohort are each other's buddies."""

    id: int = Field(default=None, primary_key=True)
    cohort_id: int = link("cohort.id")
    membership_id: int = link("membership.id", index=False, unique=True)
    pair: int
    revision: int = Field(default=0)  # of who the others are
    at: datetime = moment()


def of(db: Db, membership: Membership) -> list[Membership]:
    """Somebody's buddies: one, or two in a trio; those who pause are missing."""
    mine = db.exec(select(Buddy).where(Buddy.membership_id == membership.id)).one_or_none()
    if mine is None:
        return []
    return list(
        db.exec(
            select(Membership)
            .join(Buddy, col(Buddy.membership_id) == col(Membership.id))
            .where(
                Buddy.cohort_id == mine.cohort_id,
                Buddy.pair == mine.pair,
                Membership.id != membership.id,
                col(Membership.state).in_((MembershipState.ACTIVE, MembershipState.GRADUATED)),
            )
            .order_by(col(Membership.id))
        ).all()
    )


def unsettled(db: Db, workspace_id: int) -> list[Cohort]:
    """Running cohorts in which somebody has no buddy yet, or had one who left."""
    found = db.execute(_unsettled(), {"place": workspace_id}).scalars()
    cohorts = [db.get_one(Cohort, id_) for id_ in sorted(found)]
    return [one for one in cohorts if one.program.defaults.buddies]


@cache
def _unsettled() -> "sa.Select[Any]":
    alone = sa.and_(col(Buddy.id).is_(None), col(Membership.state) == MembershipState.ACTIVE)
    left = sa.and_(col(Buddy.id).is_not(None), col(Membership.state).in_(GONE))
    return (
        sa.select(col(Cohort.id))
        .join(Membership, col(Membership.cohort_id) == col(Cohort.id))
        .outerjoin(Buddy, col(Buddy.membership_id) == col(Membership.id))
        .where(
            col(Cohort.workspace_id) == sa.bindparam("place"),
            col(Cohort.state) == CohortState.RUNNING,
            sa.or_(alone, left),
        )
        .distinct()
    )


def settle(db: Db, cohort: Cohort, *, now: datetime) -> bool:
    """Everybody who takes part has a buddy, if anybody is left for them; whether something changed."""
    members = {one.id: one for one in present(db, cohort)}
    rows = {row.membership_id: row for row in _rows(db, cohort)}
    was = _pairs(rows.values())
    for gone in [row for id_, row in rows.items() if db.get_one(Membership, id_).state in GONE]:
        db.delete(rows.pop(gone.membership_id))
    pairs = [pair for pair in _pairs(rows.values()) if len(pair) > 1]
    placed = {one for pair in pairs for one in pair}
    loose = sorted(id_ for id_ in members.keys() | rows.keys() if id_ not in placed)
    pairs = arranged(
        pairs,
        loose,
        breakouts.never_together(db, cohort),
        seed=cohort.id,
        wishes=preferred(leanings(db, cohort, [members[id_] for id_ in loose if id_ in members], at=now)),
        known=breakouts.met_before(db, cohort),
    )
    if sorted(pairs) == sorted(was):
        db.flush()
        return False
    _keep(db, cohort, pairs, rows, set(was), now)
    touchpoints.reconcile(db, cohort, now=now)
    return True


Pair = tuple[int, ...]


def arranged(
    pairs: Iterable[Pair],
    loose: list[int],
    never: frozenset[frozenset[str]],
    *,
    seed: int,
    wishes: Mapping[frozenset[str], int] = MappingProxyType({}),
    known: Mapping[frozenset[str], int] = MappingProxyType({}),
) -> list[Pair]:
    """Pure. The loose ones among themselves; a last one into a pair, or with the third of a trio where there is one.

    Rather with somebody they never met in an earlier season; and then, as far as `wishes` go, of another company.
    """
    found = list(pairs)
    rules, history = Rules(never=never, avoid=wishes), History(met=known)
    made = plan([str(one) for one in loose], 1, rules=rules, history=history, seed=seed).first if loose[1:] else None
    new = [tuple(sorted(int(one) for one in group)) for group in made.groups] if made is not None else []
    alone = [int(one) for one in made.sat_out] if made is not None else loose
    found += new
    for one in sorted(alone):
        _place(found, one, never)
    return _one_trio(found, never)


def _place(pairs: list[Pair], one: int, never: frozenset[frozenset[str]]) -> None:
    """With the last of a trio, else into the smallest pair."""
    for trio in (pair for pair in pairs if len(pair) == 3):
        given = next((other for other in reversed(trio) if _may(one, other, never)), None)
        if given is not None:
            pairs.remove(trio)
            pairs += [tuple(other for other in trio if other != given), tuple(sorted((one, given)))]
            return
    fitting = [pair for pair in pairs if all(_may(one, other, never) for other in pair)]
    if fitting:
        into = min(fitting, key=lambda pair: (len(pair), pair))
        pairs[pairs.index(into)] = tuple(sorted((*into, one)))


def _may(one: int, other: int, never: frozenset[frozenset[str]]) -> bool:
    return frozenset({str(one), str(other)}) not in never


def _one_trio(pairs: list[Pair], never: frozenset[frozenset[str]]) -> list[Pair]:
    """Two trios are three pairs: each gives its last one away."""
    trios = [pair for pair in pairs if len(pair) == 3]
    while len(trios) > 1:
        first, second = trios.pop(), trios.pop()
        given = next(
            ((a, b) for a in reversed(first) for b in reversed(second) if _may(a, b, never)),
            None,
        )
        if given is None:
            continue
        pairs.remove(first)
        pairs.remove(second)
        pairs += [tuple(one for one in trio if one not in given) for trio in (first, second)]
        pairs.append(tuple(sorted(given)))
    return pairs


def _keep(db: Db, cohort: Cohort, pairs: list[Pair], rows: dict[int, Buddy], was: set[Pair], now: datetime) -> None:
    highest = max((row.pair for row in rows.values()), default=0)
    for pair in pairs:
        if pair in was:
            continue
        highest += 1
        for one in pair:
            row = rows.pop(one, None)
            if row is None:
                row = Buddy(cohort_id=cohort.id, membership_id=one, pair=highest, at=now)
                db.add(row)
            else:
                row.pair, row.at, row.revision = highest, now, row.revision + 1
    kept = {one for pair in pairs for one in pair}
    for id_, row in rows.items():
        if id_ not in kept:
            db.delete(row)
    db.flush()


def _rows(db: Db, cohort: Cohort) -> list[Buddy]:
    return list(db.exec(select(Buddy).where(Buddy.cohort_id == cohort.id).order_by(col(Buddy.id))).all())


def _pairs(rows: Iterable[Buddy]) -> list[Pair]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        found[row.pair].append(row.membership_id)
    return [tuple(sorted(pair)) for pair in found.values()]


def _occasions(db: Db, cohort: Cohort) -> Iterable[Occasion]:
    found = _rows(db, cohort)
    zones = zones_of(db, cohort) if found else {}
    for row in found:
        met = next_morning(row.at, zones[row.membership_id])
        yield Occasion("buddy", row.id, row.revision, {"met": met}, member=row.membership_id)


TOUCHPOINTS = Source(
    occasions=_occasions,
    rules=(
        Rule(
            "buddies/introduce",
            on="buddy",
            anchor="met",
            late=timedelta(days=7),
            switch="buddies",
            urgency=Urgency.WEEK,
        ),
    ),
)
