"""What people have in common, as far as each of them said so: nothing that only one of them said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cohorts.answers import answers_of, goal_of
from cohorts.cohort import Cohort, Membership
from cohorts.facts import Fact
from cohorts.store import Db

SHARED_WORDS = 3
_LONG = 5  # letters of a word that says something
_SAYS_NOTHING = frozenset(
    {"about", "after", "again", "because", "before", "being", "could", "every", "first", "might", "other", "should"}
    | {"since", "their", "there", "these", "thing", "things", "those", "until", "where", "which", "without", "would"}
)


@dataclass(frozen=True, slots=True)
class Common:
    company: str = ""
    level: str = ""
    words: tuple[str, ...] = ()  # of all their goals

    def __bool__(self) -> bool:
        return bool(self.company or self.level or self.words)

    @property
    def facts(self) -> Mapping[str, Fact]:
        return {"company": self.company, "level": self.level, "words": list(self.words)}

    @property
    def first(self) -> "Common":
        """One thing of it: what a minute of talk can begin with."""
        if self.words:
            return Common(words=self.words)
        return Common(level=self.level) if self.level else Common(company=self.company)


def between(db: Db, cohort: Cohort, members: Sequence[Membership]) -> Common:
    """Of all of them; of one alone, nothing."""
    if len(members) < 2:
        return Common()
    program = cohort.program
    answers = [answers_of(db, cohort, one) for one in members]
    goals = [_words(goal_of(db, cohort, one)) for one in members]
    return Common(
        _same([program.company_of(one) for one in answers]),
        _same([program.level_of(one) for one in answers]),
        tuple(word for word in goals[0] if all(word in other for other in goals[1:]))[:SHARED_WORDS],
    )


def _same(said: Sequence[str | None]) -> str:
    first = said[0]
    alike = first and all(one and one.strip().casefold() == first.strip().casefold() for one in said)
    return first if first and alike else ""


def _words(text: str) -> list[str]:
    """The longer words, once each, as they come."""
    bare = "".join(char if char.isalpha() else " " for char in text.casefold())
    return list(dict.fromkeys(word for word in bare.split() if len(word) >= _LONG and word not in _SAYS_NOTHING))
