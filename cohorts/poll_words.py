"""What a poll may ask, and offer: as much as every platform can show."""

from collections.abc import Sequence

from cohorts.errors import Invalid, Remark
from cohorts.facts import clean

QUESTION, CHOICE = 300, 55
FEWEST, MOST = 2, 10


def tidy(choices: Sequence[str]) -> list[str]:
    return [words for one in choices if (words := " ".join(clean(one).split()))]


def question_of(prompt: str, otherwise: str) -> str:
    """What a planned poll asks: its prompt, if it has one that fits above the choices. The stage shows it whole."""
    question = " ".join(clean(prompt).split())
    return question if 0 < len(question) <= QUESTION else otherwise


def check(question: str, choices: Sequence[str]) -> None:
    """Invalid, with what to change beside each field."""
    wrong: dict[str, Remark] = {}
    if not question:
        wrong["question"] = Remark("required")
    elif len(question) > QUESTION:
        wrong["question"] = Remark("too-long", length=len(question), limit=QUESTION)
    long = next((one for one in choices if len(one) > CHOICE), None)
    seen = [one.casefold() for one in choices]
    twice = next((one for at, one in enumerate(choices) if one.casefold() in seen[:at]), None)
    if not FEWEST <= len(choices) <= MOST:
        wrong["choices"] = Remark("so-many-choices", low=FEWEST, high=MOST)
    elif long is not None:
        wrong["choices"] = Remark("choice-too-long", choice=long, length=len(long), limit=CHOICE)
    elif twice is not None:
        wrong["choices"] = Remark("choice-twice", choice=twice)
    if wrong:
        raise Invalid(**wrong)
