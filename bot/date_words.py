"""The words of dates in each language, and what each may mean. dateparser supplies them; joining words are ours."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("january", "february", "march", "april", "may", "june",
           "july", "august", "september", "october", "november", "december")  # fmt: skip
UNITS = ("minute", "hour", "day", "week", "month")
MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60, "week": 7 * 24 * 60}
_DAYS = {"1 day ago": -1, "0 day ago": 0, "in 1 day": 1, "in 2 day": 2}
# The same in every language, as in program files.
_SHORT_UNITS = {"minute": ("m", "min"), "hour": ("h",), "day": ("d",), "week": ("w",)}

# What joins the words of a date. dateparser skips such words wherever they stand; here each has its place.
_JOINING: Mapping[str, Mapping[str, str]] = {
    "en": {"in": "in", "next": "next coming", "this": "this", "at": "at @", "noon": "noon midday",
           "oclock": "o'clock", "filler": "on the of"},
    "de": {"in": "in", "next": "nächster nächsten nächste nächstes kommenden kommender kommende",
           "this": "diesen dieser diese", "at": "um", "noon": "mittag mittags", "oclock": "uhr",
           "filler": "am den der dem"},
    "fr": {"in": "dans", "next": "prochain prochaine", "this": "ce cette", "at": "à a", "noon": "midi",
           "oclock": "heure heures", "filler": "le la"},
    "es": {"in": "en", "next": "próximo próxima", "this": "este esta", "at": "a las", "noon": "mediodía",
           "oclock": "horas", "filler": "el la de"},
}  # fmt: skip
# English puts twelve hours on its clocks: "at 4" does not say which four.
_TWELVE_HOURS = {"en"}
_MORE_WEEKDAYS = {"en": {1: ["tues"], 2: ["weds"], 3: ["thur", "thurs"]}}
# Listed as weekdays by dateparser, but "the" and "with" in every other sentence.
_NEVER = {"de": {"die", "mit"}}

Meanings = Mapping[str, int]
"""What a word can be, and its number as that: a weekday from 0, a month from 1, a unit's place in UNITS."""


def vocabulary_of(languages: Sequence[str]) -> Mapping[str, Meanings]:
    """Each word with its meanings in these languages; the first language wins where two disagree."""
    from dateparser.languages.loader import LocaleDataLoader

    words: dict[str, dict[str, int]] = {}

    def learn(listed: Iterable[str], kind: str, value: int, language: str = "") -> None:
        for word in map(plain, listed):
            if " " not in word and word not in _NEVER.get(language, ()):
                words.setdefault(word, {}).setdefault(kind, value)

    for unit, short in _SHORT_UNITS.items():
        learn(short, "unit", UNITS.index(unit))
    learn(["h"], "oclock", 0)
    for tag in languages:
        language = tag.replace("_", "-").split("-")[0].casefold()
        known = LocaleDataLoader().get_locale(language).info
        joining = _JOINING.get(language, {})
        for kind, listed in joining.items():
            learn(listed.split(), kind, int(language in _TWELVE_HOURS))
        for number, name in enumerate(_WEEKDAYS):
            more = _MORE_WEEKDAYS.get(language, {}).get(number, [])
            learn([*known.get(name, ()), *more], "weekday", number, language)
        for number, name in enumerate(_MONTHS, start=1):
            learn(known.get(name, ()), "month", number)
        for number, name in enumerate(UNITS):
            learn(known.get(name, ()), "unit", number)
        learn(known.get("week", ()), "week", 0)
        for name, days in _DAYS.items():
            learn(known.get("relative-type", {}).get(name, ()), "days", days)
        for half, kind in enumerate(("am", "pm")):
            # German "am" is "on the"; dateparser lists it as before noon.
            fillers = joining.get("filler", "").split()
            learn([word for word in known.get(kind, ()) if word not in fillers], "half", half)
        for rule in known.get("simplifications", ()):
            for word, digits in rule.items():
                if digits.isdecimal():
                    learn([word], "number", int(digits))
    return words


def plain(word: str) -> str:
    return unicodedata.normalize("NFKC", word).casefold().rstrip(".,")


# Days as 20261201 with year 0 for none, clock times as 1630: every meaning is one number.
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})(?:\.([0-9]{4}|[0-9]{2})?)?")
_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})(?:/([0-9]{4}|[0-9]{2}))?")
_CLOCK = re.compile(r"([0-9]{1,2})([:.])([0-9]{2})")
ORDINAL = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th|\.)?")
_NUMBER = re.compile(r"[0-9]{1,4}")


def meanings_of(word: str, vocabulary: Mapping[str, Meanings]) -> Meanings:
    meanings = dict(vocabulary.get(plain(word), {}))
    if found := _ISO.fullmatch(word):
        meanings["date"] = int(found[1]) * 10_000 + int(found[2]) * 100 + int(found[3])
    for kind, shape in (("date", _DOTTED), ("slashed", _SLASHED)):
        if found := shape.fullmatch(word):
            year = int(found[3] or 0)
            meanings[kind] = (year + 2000 * (0 < year < 100)) * 10_000 + int(found[2]) * 100 + int(found[1])
    if found := _CLOCK.fullmatch(word):
        meanings["clock" if found[2] == ":" else "dotted"] = int(found[1]) * 100 + int(found[3])
    if found := ORDINAL.fullmatch(word):
        meanings["ordinal"] = int(found[1])
    if _NUMBER.fullmatch(word):
        meanings["number"] = int(word)
        if len(word) in (2, 4):
            meanings["minutes" if len(word) == 2 else "year"] = int(word)
    return meanings
