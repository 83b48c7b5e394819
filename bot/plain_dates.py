"""Reads when people say a thing shall happen: "tue 16:00", "in 2 weeks", "nächsten Dienstag um 16 Uhr".

dateparser knows the words of each language; the grammar is here, because dateparser drops what it does not
know and would read "tuesday maybe" as a Tuesday. Every word must have its place, else NotADate names it.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.date_words import MINUTES, ORDINAL, UNITS, Meanings, meanings_of, plain, vocabulary_of
from cohorts.moments import local

LONGEST = 200
MOST_WORDS = 14  # of one moment


class Reason(StrEnum):
    """Why a text is not a date."""

    EMPTY = "empty"
    LONG = "long"
    WORD = "word"  # not understood, or not in this place
    IMPOSSIBLE = "impossible"  # the 32nd, 25:00
    CONFLICT = "conflict"  # a Tuesday that is a Wednesday
    NO_CLOCK = "no-clock"
    NO_DAY = "no-day"
    PAST = "past"


class NotADate(ValueError):
    """The text is not a moment (or duration) to come; `word` is what was in the way, if one word was."""

    def __init__(self, text: str, word: str | None = None, reason: Reason = Reason.WORD) -> None:
        words = (other.strip(",") for other in text[:LONGEST].split())
        typed = (other for other in words if word and plain(other) == plain(word))
        self.text, self.reason = text, reason
        self.word = next(typed, word)  # as it was typed, with its capitals
        super().__init__(f"not a date ({reason}): {(self.word or text)[:40]!r}")


@dataclass(frozen=True)
class Understood:
    """A moment in UTC, and the text it was read from."""

    moment: datetime
    text: str


def read_moment(
    text: str,
    *,
    now: datetime,
    zone: str,
    languages: Sequence[str] = ("en",),
    locale_day_first: bool = True,
    default_time: time | None = None,
) -> Understood:
    """The next moment that `text` can mean, for somebody who lives in `zone`.

    Today counts while it is still ahead; "next tuesday" is the first one after today. Days, weeks and months
    are the calendar's, hours and minutes elapsed time. "in 2 weeks" without a clock time is at `default_time`
    or else at the time it is now; any other day without one needs `default_time`. Raises NotADate.
    """
    said = _phrases(text, vocabulary_of(languages))
    try:
        moment = _resolve(text, said, now.astimezone(ZoneInfo(zone)), zone, locale_day_first, default_time)
    except OverflowError:
        raise NotADate(text, reason=Reason.IMPOSSIBLE) from None
    if moment <= now:
        raise NotADate(text, reason=Reason.PAST)
    return Understood(moment, text)


def read_duration(text: str, *, languages: Sequence[str] = ("en",)) -> timedelta:
    """ "2w", "3 days", "1h 30m"; never zero, and never months, which are no fixed time. Raises NotADate."""
    words, vocabulary = _words(text), vocabulary_of(languages)
    amounts, read = _amounts([meanings_of(word, vocabulary) for word in words])
    if read == 0 or read < len(words):
        raise NotADate(text, words[min(read, len(words) - 1)])
    minutes = sum(amount * MINUTES.get(unit, 0) for unit, amount in amounts.items())
    if minutes == 0 or "month" in amounts:
        raise NotADate(text, reason=Reason.IMPOSSIBLE)
    return timedelta(minutes=minutes)


def leading_moment(words: Sequence[str], *, languages: Sequence[str] = ("en",)) -> int:
    """How many of the leading words are one moment, possible or not: "tue 25:00 and on" begins with two."""
    vocabulary = vocabulary_of(languages)
    for count in range(min(len(words), MOST_WORDS), 0, -1):
        try:
            _phrases(" ".join(words[:count]), vocabulary)
        except NotADate:
            continue
        return count
    return 0


def day_first(locale: str) -> bool:
    """Whether 3/4 is a day in April, as everywhere but in the United States."""
    return locale.replace("_", "-").casefold() != "en-us"


# A word that holds two: "4pm", "2w", "16h30", "1h30m".
_GLUED = re.compile(r"(?<=[0-9])(?=[^\W\d_])|(?<=[hm])(?=[0-9])|(?<=^@)(?=.)")


def _words(text: str) -> list[str]:
    """The words with their own dots; commas only separate. NotADate when there are none, or far too many."""
    if len(text) > LONGEST:
        raise NotADate(text, reason=Reason.LONG)
    words: list[str] = []
    for word in unicodedata.normalize("NFKC", text).casefold().replace(",", " ").split():
        if ORDINAL.fullmatch(word):
            words.append(word)
        else:
            word = re.sub(r"(?<=[0-9])t(?=[0-9]{1,2}:)", " ", word)  # 2026-12-01T16:00
            halves = word.replace("a.m.", "am").replace("p.m.", "pm").split()
            words += [part for half in halves for part in _GLUED.split(half)]
    if not words:
        raise NotADate(text, reason=Reason.EMPTY)
    return words


# The grammar: what each phrase says, and the meanings that its words must have, in order. The first that fits
# is taken. "?" may be absent; "!" must not follow.


# dateparser's own names for what it lists.
_GRAMMAR = (
    ("clock", "at? dotted oclock"),  # before the date, for "16.30 Uhr"
    ("date", "date"),
    ("date", "slashed"),
    ("date", "weekday? ordinal filler? month year?"),  # with the weekday, for "mar 3 dic"
    ("date", "month ordinal year?"),
    ("clock", "at? at? clock oclock? half?"),  # twice, for "a las 16:00"
    ("clock", "at? at? number oclock minutes?"),
    ("clock", "at? at? number half"),
    ("clock", "at at? number"),
    ("clock", "at? noon"),
    ("week", "next week"),
    ("week", "this week"),
    ("weekday", "next weekday"),
    ("weekday", "this? weekday next !week"),  # "mardi prochain", but not "tuesday next week"
    ("weekday", "this? weekday"),
    ("days", "days"),
    ("ahead", "in"),
)  # fmt: skip


@dataclass(frozen=True)
class _Phrase:
    words: str
    means: Meanings


def _phrases(text: str, vocabulary: Mapping[str, Meanings]) -> dict[str, _Phrase]:
    """What `text` says, each thing once, not yet checked against any calendar."""
    words = _words(text)
    meanings = [meanings_of(word, vocabulary) for word in words]
    said: dict[str, _Phrase] = {}
    at = 0
    while at < len(words):
        fits = ((s, *fit) for s, pattern in _GRAMMAR if (fit := _fit(pattern.split(), meanings[at:])))
        slot, means, length = next(fits, ("", {}, 0))
        if slot == "ahead":
            means, amounts = _amounts(meanings[at + 1 :])
            if not amounts:
                raise NotADate(text, words[min(at + 1, len(words) - 1)])
            length += amounts
        elif slot == "clock":
            end = at + length
            means = _clear_hour(text, means, words[end - 1], meanings[end - 1], last=end == len(words))
        elif not slot and "filler" in meanings[at] and at + 1 < len(words):
            at += 1
            continue
        for said_here in {slot, "weekday"} if "weekday" in means else {slot}:
            if not slot or said_here in said:
                raise NotADate(text, words[at])
            said[said_here] = _Phrase(" ".join(words[at : at + length]), means)
        at += length
    return said


def _fit(pattern: Sequence[str], meanings: Sequence[Meanings]) -> tuple[dict[str, int], int] | None:
    means: dict[str, int] = {}
    at = 0
    for part in pattern:
        kind = part.strip("?!")
        fits = at < len(meanings) and kind in meanings[at]
        if part.startswith("!"):
            if fits:
                return None
        elif fits:
            means[kind] = meanings[at][kind]
            at += 1
        elif not part.endswith("?"):
            return None
    return means, at


def _amounts(meanings: Sequence[Meanings]) -> tuple[dict[str, int], int]:
    """The leading "1 hour 30 minutes", and how many words that is."""
    amounts: dict[str, int] = {}
    for at in range(0, len(meanings), 2):
        fit = _fit(["number", "unit"], meanings[at:])
        if fit is None or UNITS[fit[0]["unit"]] in amounts:
            break
        amounts[UNITS[fit[0]["unit"]]] = fit[0]["number"]
    return amounts, 2 * len(amounts)


def _clear_hour(text: str, means: dict[str, int], word: str, its: Meanings, *, last: bool) -> dict[str, int]:
    """What a clock time means; NotADate at its last word when that leaves open which half of the day."""
    hour, _ = _hour_and_minute(means)
    unclear = set(means) == {"at", "number"} and means["at"] == 1 and 1 <= hour <= 12
    if "half" in means and "filler" in its:  # "am", where both English and German are spoken
        if hour > 12 and "clock" in means:
            return {kind: value for kind, value in means.items() if kind != "half"}
        unclear = hour > 12 or (hour == 12 and not last)
    if unclear:
        raise NotADate(text, word)
    return means


def _hour_and_minute(means: Meanings) -> tuple[int, int]:
    if "noon" in means:
        return 12, 0
    if "number" in means:
        return means["number"], means.get("minutes", 0)
    return divmod(means.get("clock", means.get("dotted", 0)), 100)


def _resolve(
    text: str, said: Mapping[str, _Phrase], now: datetime, zone: str, day_first: bool, usual: time | None
) -> datetime:
    """The moment in UTC; `now` is on the clock of `zone`."""
    at = _clock_time(text, said["clock"]) if "clock" in said else usual
    ways = {"date", "days", "ahead", "week"} & set(said)
    if len(ways) > 1 or {"ahead", "weekday"} <= set(said):
        raise NotADate(text, reason=Reason.CONFLICT)
    if "ahead" in said:
        return _ahead(text, said["ahead"].means, "clock" in said, at, now, zone)

    today = now.date()
    today_counts = local(today, time.max if at is None else at, zone) > now
    weekday = said["weekday"].means["weekday"] if "weekday" in said else None
    if "date" in said:
        day = _dated(text, said["date"], today, day_first, today_counts)
    elif "days" in said:
        day = today + timedelta(days=said["days"].means["days"])
    elif "week" in said:
        coming = "next" in said["week"].means
        if weekday is None and not coming:
            raise NotADate(text, reason=Reason.NO_DAY)
        day = today + timedelta(days=7 * coming + (0 if weekday is None else weekday - today.weekday()))
    elif weekday is not None:
        day = today + timedelta(days=(weekday - today.weekday()) % 7)
        if day == today and ("next" in said["weekday"].means or not today_counts):
            day += timedelta(days=7)
    else:
        day = today if today_counts else today + timedelta(days=1)
    if weekday is not None and day.weekday() != weekday:
        raise NotADate(text, said["weekday"].words, Reason.CONFLICT)
    if at is None:  # said last: an impossible day is the greater slip
        raise NotADate(text, reason=Reason.NO_CLOCK)
    return local(day, at, zone)


def _clock_time(text: str, said: _Phrase) -> time:
    hour, minute = _hour_and_minute(said.means)
    half = said.means.get("half")
    if hour > 23 or minute > 59 or (half is not None and not 1 <= hour <= 12):
        raise NotADate(text, said.words, Reason.IMPOSSIBLE)
    return time(hour if half is None else hour % 12 + 12 * half, minute)


def _ahead(text: str, amounts: Meanings, clock_said: bool, at: time | None, now: datetime, zone: str) -> datetime:
    elapsed = timedelta(hours=amounts.get("hour", 0), minutes=amounts.get("minute", 0))
    if elapsed and clock_said:
        raise NotADate(text, reason=Reason.CONFLICT)
    year, month = divmod(now.year * 12 + now.month - 1 + amounts.get("month", 0), 12)
    if year > MAXYEAR:
        raise NotADate(text, reason=Reason.IMPOSSIBLE)
    day = date(year, month + 1, min(now.day, monthrange(year, month + 1)[1]))
    day += timedelta(days=amounts.get("day", 0) + 7 * amounts.get("week", 0))
    if elapsed:
        # Not through the wall clock on the same day: it may be in its repeated hour.
        start = now.astimezone(UTC) if day == now.date() else local(day, now.time(), zone)
        return start + elapsed
    return local(day, now.time().replace(second=0, microsecond=0) if at is None else at, zone)


def _dated(text: str, said: _Phrase, today: date, day_first: bool, today_counts: bool) -> date:
    """The day itself, or without a year the next one of that name."""
    means = said.means
    if "ordinal" in means:
        year, month, day = means.get("year", 0), means["month"], means["ordinal"]
    else:
        number = means.get("date", means.get("slashed", 0))
        year, month, day = number // 10_000, number // 100 % 100, number % 100
    if "slashed" in means and (month > 12 if day_first else day <= 12):
        day, month = month, day
    # The 29th of February may be eight years away.
    for candidate in [year] if year else range(today.year, today.year + 9):
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if year or found > today or (found == today and today_counts):
            return found
    raise NotADate(text, said.words, Reason.IMPOSSIBLE)
