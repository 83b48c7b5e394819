"""What a round wishes of its groups: people of other companies, of one's own, of the same level, of another."""

from collections.abc import Iterable, Mapping
from itertools import combinations

from cohorts.answers import answers_of
from cohorts.cohort import Cohort, Membership
from cohorts.program_kinds import Mix
from cohorts.store import Db

Pair = frozenset[str]


def against(db: Db, cohort: Cohort, members: Iterable[Membership], mix: Mix) -> dict[Pair, int]:
    """The pairs that a wish would rather not have; of whom too little is known, nobody."""
    if mix is Mix.ANYONE:
        return {}
    program = cohort.program
    tell = program.company_of if mix in (Mix.OTHER_COMPANY, Mix.OWN_COMPANY) else program.level_of
    told = {str(one.id): tell(answers_of(db, cohort, one)) for one in members}
    return unwished({key: found.strip().casefold() for key, found in told.items() if found}, mix)


def unwished(known: Mapping[str, str], mix: Mix) -> dict[Pair, int]:
    alike = mix in (Mix.OWN_COMPANY, Mix.SAME_LEVEL)
    both = ((one, other) for one, other in combinations(known, 2) if (known[one] == known[other]) != alike)
    return {frozenset(pair): 1 for pair in both}
