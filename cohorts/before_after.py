"""The same question before and after: side by side for oneself, and as numbers for a group that is large enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations

from cohorts import surveys
from cohorts.cohort import Cohort, Membership
from cohorts.facts import Fact
from cohorts.measures import SHOWN_FROM
from cohorts.planning import Rule, Source
from cohorts.program_parts import Question, Survey
from cohorts.programs import Program
from cohorts.store import Db


@dataclass(frozen=True, slots=True)
class Pair:
    """A numeric question that two surveys ask, under one key; `ask` as it was put the first time."""

    key: str
    ask: str
    high: int
    before: str  # the key of the survey
    after: str


@dataclass(frozen=True, slots=True)
class Moved:
    """One person's two answers."""

    ask: str
    before: float
    after: float

    @property
    def facts(self) -> dict[str, Fact]:
        return {"ask": self.ask, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class Picture:
    """The answers of everybody who gave both. Averages mean nothing while it is not `shown`."""

    key: str
    ask: str
    n: int
    before: float
    after: float
    up: int
    down: int

    @property
    def shown(self) -> bool:
        """Fewer would tell who said what."""
        return self.n >= SHOWN_FROM

    @property
    def facts(self) -> dict[str, Fact]:
        if not self.shown:
            return {"ask": self.ask, "n": self.n, "shown": False, "before": 0, "after": 0, "up": 0}
        before, after = round(self.before, 1), round(self.after, 1)
        return {"ask": self.ask, "n": self.n, "shown": True, "before": before, "after": after, "up": self.up}


def pairs(program: Program) -> list[Pair]:
    """In the order of the file; of a question in three surveys, the first and the last."""
    found: dict[str, Pair] = {}
    for first, second in combinations(program.surveys, 2):
        asked = {question.key: question for question in first.questions if question.kind.is_numeric}
        for question in second.questions:
            if question.key in asked and question.kind is asked[question.key].kind:
                was = found.get(question.key)
                if was is None or was.before == first.key:
                    found[question.key] = _pair(asked[question.key], first, second)
    return list(found.values())


def _pair(question: Question, before: Survey, after: Survey) -> Pair:
    return Pair(question.key, question.ask, question.high, before.key, after.key)


def mine(db: Db, cohort: Cohort, membership: Membership) -> list[Moved]:
    """What somebody answered both times."""
    given = {
        key: found.given
        for pair in pairs(cohort.program)
        for key in (pair.before, pair.after)
        if (found := surveys.response(db, membership, key)) is not None and found.complete
    }
    return [Moved(pair.ask, *both) for pair in pairs(cohort.program) if (both := _both(pair, given)) is not None]


def group(db: Db, cohort: Cohort) -> list[Picture]:
    """One picture for each question that was asked twice."""
    kept: dict[str, dict[int, Mapping[str, object]]] = {}
    pictures = []
    for pair in pairs(cohort.program):
        for key in (pair.before, pair.after):
            if key not in kept:
                kept[key] = {one.membership_id: one.given for one in surveys.responses(db, cohort, key)}
        people = kept[pair.before].keys() & kept[pair.after].keys()
        both = [_both(pair, {key: kept[key][one] for key in (pair.before, pair.after)}) for one in people]
        pictures.append(_picture(pair, [one for one in both if one is not None]))
    return pictures


def _both(pair: Pair, given: Mapping[str, Mapping[str, object]]) -> tuple[float, float] | None:
    before, after = (given.get(key, {}).get(pair.key) for key in (pair.before, pair.after))
    if isinstance(before, (int, float)) and isinstance(after, (int, float)):
        return before, after
    return None


def _picture(pair: Pair, both: Sequence[tuple[float, float]]) -> Picture:
    n = len(both)
    before, after = sum(one for one, _ in both), sum(one for _, one in both)
    up, down = sum(b > a for a, b in both), sum(b < a for a, b in both)
    return Picture(pair.key, pair.ask, n, before / n if n else 0, after / n if n else 0, up, down)


TOUCHPOINTS = Source(
    # By then the survey at the end has been answered, or will hardly be.
    rules=(
        Rule("before_after/picture", on="graduation", anchor="named", shift="7d", late=timedelta(days=7), behind=True),
    )
)
