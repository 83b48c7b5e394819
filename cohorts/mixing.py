"""What a round wishes of its groups: people of other companies, of one's own, of the same level, of another.

And what every round would rather have, whatever it wishes: not two of one company, levels alike, days that overlap,
and not who has just read the other's homework. None of this is ever worth a repeat.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import combinations

from cohorts import reviews
from cohorts.cohort import Cohort, Membership
from cohorts.leanings import leanings
from cohorts.pairing_roles import MANY, preferred
from cohorts.program_kinds import Mix
from cohorts.store import Db

Pair = frozenset[str]

_WISHED = 20  # what the round itself wishes, against what every round would rather have
_READ = 2  # of two who read each other's work


def against(
    db: Db, cohort: Cohort, members: Iterable[Membership], mix: Mix, *, at: datetime | None = None
) -> dict[Pair, int]:
    """How much each pair is rather not wanted; of whom too little is known, nobody. `at`: when, for their zones."""
    here = list(members)
    known = leanings(db, cohort, here, at=at)
    found = Counter(
        preferred(known, company=0 if mix is Mix.OWN_COMPANY else 4, level=0 if mix is Mix.OTHER_LEVEL else 1)
    )
    if mix is not Mix.ANYONE and len(here) <= MANY:
        of_company = mix in (Mix.OTHER_COMPANY, Mix.OWN_COMPANY)
        told = {key: one.company if of_company else one.level for key, one in known.items()}
        found.update(dict.fromkeys(unwished({key: one for key, one in told.items() if one}, mix), _WISHED))
    for review in reviews.of_cohort(db, cohort):
        pair = frozenset((str(review.reviewer_id), str(review.author_id)))
        if pair <= known.keys():
            found[pair] += _READ
    return dict(found)


def unwished(known: Mapping[str, str], mix: Mix) -> dict[Pair, int]:
    alike = mix in (Mix.OWN_COMPANY, Mix.SAME_LEVEL)
    both = ((one, other) for one, other in combinations(known, 2) if (known[one] == known[other]) != alike)
    return {frozenset(pair): 1 for pair in both}
