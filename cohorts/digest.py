"""The digest: at the end of each working week of a program, what the bot itself has on record."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from cohorts.cohort import Cohort
from cohorts.moments import local
from cohorts.planning import Occasion, Rule, Source
from cohorts.program_kinds import SessionKind
from cohorts.sessions import SessionState, all_of, standing
from cohorts.store import Db

FRIDAY, AT = 4, time(15, 0)
WEEK = timedelta(days=7)
RECAP_AFTER = timedelta(minutes=75)


def since(db: Db, cohort: Cohort, *, now: datetime) -> datetime:
    """From when on it tells: for a week, but nothing that stood in a recap."""
    recaps = [one.ends_at + RECAP_AFTER for one in all_of(db, cohort) if one.state is SessionState.HELD]
    told = [at for at in recaps if at <= now] if cohort.program.defaults.recap else []
    return max([now - WEEK, *told])


def _occasions(db: Db, cohort: Cohort) -> Iterable[Occasion]:
    """Each Friday between the first meeting and the last; from then on the room is quiet until the reunion."""
    held = [one for one in standing(db, cohort) if one.kind is SessionKind.SESSION]
    if not held:
        return
    friday = cohort.starts_on + timedelta(days=(FRIDAY - cohort.starts_on.weekday()) % 7)
    for week in range((held[-1].starts_at.date() - cohort.starts_on).days // 7 + 1):
        at = local(friday + week * WEEK, AT, cohort.zone)
        if held[0].starts_at < at < held[-1].starts_at:
            yield Occasion("week", week + 1, 0, {"friday": at})


TOUCHPOINTS = Source(
    occasions=_occasions,
    rules=(Rule("digest/week", on="week", anchor="friday", late=timedelta(hours=4), switch="digest"),),
)
