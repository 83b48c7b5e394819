"""What is known of members that makes two of them rather meet, or rather not: company, level, and when their day is."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from cohorts.answers import answers_of
from cohorts.cohort import Cohort, Membership, zones_of
from cohorts.pairing_roles import Leaning
from cohorts.store import Db


def leanings(
    db: Db, cohort: Cohort, members: Iterable[Membership], *, at: datetime | None = None
) -> dict[str, Leaning]:
    """What is known of each, by membership as the pairing engine names them."""
    program, zones = cohort.program, zones_of(db, cohort)
    found = {}
    for one in members:
        given = answers_of(db, cohort, one)
        offset = at.astimezone(ZoneInfo(zones[one.id])).utcoffset() if at and zones.get(one.id) else None
        found[str(one.id)] = Leaning(
            (program.company_of(given) or "").strip().casefold(),
            (program.level_of(given) or "").strip().casefold(),
            offset.total_seconds() / 3600 if offset is not None else None,
        )
    return found
