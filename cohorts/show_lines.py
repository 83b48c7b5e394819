"""A run of show as lines that people can edit: "10 min pair share: What did you try?", and what an edit changed.

Pure. Moving a line changes the order. What a line doesn't say of its segment (group size, slot, survey) stays with it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from cohorts.errors import Invalid, Remark
from cohorts.facts import Fact
from cohorts.program_kinds import SegmentKind
from cohorts.program_parts import Segment

LONGEST = 24 * 60
_KINDS = {kind.value.replace("_", " "): kind for kind in SegmentKind}
_LINE = re.compile(
    r"(?P<minutes>\d{1,4})\s*(?:minutes|minute|min\.?|m|')?[\s,·–-]+"
    rf"(?P<kind>{'|'.join(one.replace(' ', '[ _-]') for one in sorted(_KINDS, key=len, reverse=True))})"
    r"\s*(?:[:·–-]\s*(?P<prompt>.*))?",
    re.IGNORECASE,
)
_BEGINS = re.compile(r"\d{1,4}\s*(?:minutes|minute|min\b|m\b|')", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Placed:
    """A segment of the new order, and its place in the old one; None for a new segment."""

    segment: Segment
    was: int | None


def name_of(kind: SegmentKind) -> str:
    return kind.value.replace("_", " ")


def written(segments: Sequence[Segment]) -> str:
    return "\n".join(
        f"{one.minutes} min {name_of(one.kind)}" + (f": {one.prompt.strip()}" if one.prompt.strip() else "")
        for one in segments
    )


def read(text: str, known: Sequence[Segment]) -> list[Placed]:
    """The segments that the lines stand for; Invalid beside the field `agenda`, naming the line that doesn't fit."""
    lines = _lines(text)
    was = _matched(lines, known)
    return [Placed(_segment(*line, known[place] if place is not None else None), place) for line, place in was]


_Line = tuple[SegmentKind, int, str]


def _lines(text: str) -> list[_Line]:
    found: list[_Line] = []
    for line in (one.strip() for one in text.splitlines()):
        match = _LINE.fullmatch(line)
        if match is not None:
            kind = _KINDS[re.sub(r"[_-]", " ", match["kind"].casefold())]
            found.append((kind, int(match["minutes"]), (match["prompt"] or "").strip()))
        elif line and (not found or _BEGINS.match(line)):
            raise Invalid(agenda=Remark("not-a-segment", line=line[:60], kinds=list(_KINDS)))
        elif line:
            kind, minutes, prompt = found[-1]
            found[-1] = (kind, minutes, f"{prompt}\n{line}".strip())
    return found


def _matched(lines: Sequence[_Line], known: Sequence[Segment]) -> list[tuple[_Line, int | None]]:
    """Each line with the place of the segment that it was: the one that says the same, else the next of its kind."""
    free = dict(enumerate(known))
    places: dict[int, int] = {}
    for same_prompt in (True, False):
        for number, (kind, _, prompt) in enumerate(lines):
            fits = (p for p, one in free.items() if one.kind is kind and (not same_prompt or _same(one, prompt)))
            if number not in places and (place := next(fits, None)) is not None:
                places[number] = place
                del free[place]
    return [(line, places.get(number)) for number, line in enumerate(lines)]


def _same(segment: Segment, prompt: str) -> bool:
    return segment.prompt.split() == prompt.split()


def _segment(kind: SegmentKind, minutes: int, prompt: str, known: Segment | None) -> Segment:
    if not 1 <= minutes <= LONGEST:
        raise Invalid(agenda=Remark("odd-minutes", kind=name_of(kind)))
    if known is not None:
        kept = known.prompt if _same(known, prompt) else prompt
        return known.model_copy(update={"minutes": minutes, "prompt": kept})
    try:
        return Segment(kind=kind, minutes=minutes, prompt=prompt)
    except ValidationError:
        raise Invalid(agenda=Remark("segment-of-the-file", kind=name_of(kind))) from None


def difference(old: Sequence[Segment], new: Sequence[Placed]) -> list[Fact]:
    """One fact for each segment that is changed, new or gone."""
    found: list[Fact] = []
    for one in new:
        before = old[one.was] if one.was is not None else None
        now = one.segment
        if before is None or before != now:
            found.append(
                {
                    "what": "changed" if before is not None else "new",
                    "kind": name_of(now.kind),
                    "was": before.minutes if before is not None else now.minutes,
                    "minutes": now.minutes,
                    "reworded": before is not None and before.prompt != now.prompt,
                    "prompt": now.prompt,
                }
            )
    stayed = {one.was for one in new}
    found += [
        {"what": "gone", "kind": name_of(one.kind), "was": one.minutes, "minutes": 0, "reworded": False, "prompt": ""}
        for place, one in enumerate(old)
        if place not in stayed
    ]
    return found


def order(new: Sequence[Placed]) -> list[str]:
    """The kinds in their new order, if those that stay don't come in the old one."""
    places = [one.was for one in new if one.was is not None]
    return [name_of(one.segment.kind) for one in new] if places != sorted(places) else []
