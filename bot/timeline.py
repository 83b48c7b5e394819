"""The transcript of a rehearsal, line by line, and the numbers that anybody can compute from its files again."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from bot.sheets import Cell, Sheet
from cohorts.measures import nps
from cohorts.pairing import Round, lower_bound, repeats


@dataclass(frozen=True)
class Line:
    """Something that one person saw. What is said in a room has a line for everybody who was in it.

    `notifies`: the platform would ring. `due` only for posts: when it should have been there.
    """

    at: datetime
    kind: str  # effect, reply, form
    to: str
    template: str
    text: str  # as this reader sees it, in their zone
    zone: str
    notifies: bool = False
    room: str = ""
    due: datetime | None = None

    def as_json(self, members: frozenset[str]) -> str:
        """`ping` is true when it notifies a member of the cohort."""
        shown: dict[str, str | bool] = {
            "at": _iso(self.at),
            "kind": self.kind,
            "to": self.to,
            "ping": self.notifies and self.to in members,
            "template": self.template,
            "text": self.text,
            "zone": self.zone,
        }
        if self.room:
            shown["room"] = self.room
        if self.due is not None:
            shown["due"] = _iso(self.due)
        return json.dumps(shown, ensure_ascii=False)


@dataclass(frozen=True)
class Summary:
    """`messages` counts the transcript's lines of kind effect; `late_max_s` is the worst of its `at` minus `due`.

    `attendee_minutes`: held in attendees' own segments, session by session; `heard_min` and `heard_max`: how often the
    one who was heard least, and most, was heard in all.
    """

    people: int
    accepted: int
    sessions: int
    messages: int
    repeated_pairs: int
    lower_bound: int
    sat_out_max: int
    graduates: int
    nps: int | None
    pings_per_member: int
    pings_week_max: int
    late_max_s: float
    attendee_minutes: list[int]
    heard_min: int
    heard_max: int
    wall_s: float

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"


def transcript(lines: Iterable[Line], members: frozenset[str]) -> str:
    """JSON, one object a line, in the order of time."""
    return "".join(line.as_json(members) + "\n" for line in lines)


def summarise(lines: Sequence[Line], members: frozenset[str], sheets: Mapping[str, Sheet], *, wall_s: float) -> Summary:
    """The numbers. `sheets` by the names of their files."""
    played = rounds_of(sheets["pairs"])
    pings = [line for line in lines if line.notifies and line.to in members]
    scores = [score for score in column(sheets["nps"], "score") if isinstance(score, int)]
    heard = times_heard(sheets["heard"])
    late = [(line.at - line.due).total_seconds() for line in lines if line.due is not None]
    return Summary(
        people=len(sheets["applications"].rows),
        accepted=column(sheets["applications"], "state").count("accepted"),
        sessions=len(set(column(sheets["attendance"], "session"))),
        messages=sum(line.kind == "effect" for line in lines),
        repeated_pairs=repeats(played),
        lower_bound=bound_of(played),
        sat_out_max=max(Counter(one for each in played for one in each.sat_out).values(), default=0),
        graduates=len(sheets["graduates"].rows),
        nps=nps(scores).score if scores else None,
        pings_per_member=max(Counter(line.to for line in pings).values(), default=0),
        pings_week_max=busiest_week(pings, _moments(sheets["attendance"], "starts_at")),
        late_max_s=round(max(late, default=0.0), 3),
        attendee_minutes=attendee_minutes(sheets["segments"]),
        heard_min=min(heard.values(), default=0),
        heard_max=max(heard.values(), default=0),
        wall_s=round(wall_s, 2),
    )


def rounds_of(pairs: Sheet) -> list[Round]:
    """Every round as played, from the rows session, round, group, person; group 0 sat out."""
    rounds = []
    for _, rows in groupby(pairs.rows, key=lambda row: (row[0], row[1])):
        groups: dict[int, list[str]] = defaultdict(list)
        for row in rows:
            groups[int(str(row[2]))].append(str(row[3]))
        seated = tuple(tuple(groups[n]) for n in sorted(groups) if n)
        rounds.append(Round(seated, tuple(groups.get(0, ()))))
    return rounds


def bound_of(rounds: Sequence[Round]) -> int:
    """No plan for these people in these rounds repeats less. Rounds of one size bound it, and all as if of pairs."""
    by_size: dict[int, list[Round]] = defaultdict(list)
    for played in rounds:
        sizes = Counter(map(len, played.groups))
        by_size[min(sizes, key=lambda size: (-sizes[size], size), default=2)].append(played)
    each = [lower_bound(some, size=size) for size, some in by_size.items() if size >= 2]
    return max([*each, lower_bound(rounds, size=2) if rounds else 0])


def attendee_minutes(segments: Sheet) -> list[int]:
    """Whole minutes that attendees' own segments really lasted, of each session that was conducted."""
    names = ("session", "state", "seconds", "attendees")
    held: dict[Cell, int] = {}
    for session, state, seconds, theirs in zip(*(column(segments, name) for name in names), strict=True):
        held.setdefault(session, 0)
        if theirs and state == "held":
            held[session] += int(str(seconds))
    return [seconds // 60 for seconds in held.values()]


def times_heard(heard: Sheet) -> Counter[Cell]:
    """By name, over all sessions."""
    found: Counter[Cell] = Counter()
    for name, times in zip(column(heard, "name"), column(heard, "times"), strict=True):
        found[name] += int(str(times))
    return found


def busiest_week(pings: Iterable[Line], meetings: Iterable[datetime]) -> int:
    """The most pings of one person in one calendar week, days with a meeting left out, all by the reader's clock."""
    held = set(meetings)
    days: dict[str, set[date]] = {}
    weeks: Counter[tuple[str, int, int]] = Counter()
    for ping in pings:
        zone = ZoneInfo(ping.zone)
        if ping.zone not in days:
            days[ping.zone] = {at.astimezone(zone).date() for at in held}
        day = ping.at.astimezone(zone).date()
        if day not in days[ping.zone]:
            weeks[ping.to, *day.isocalendar()[:2]] += 1
    return max(weeks.values(), default=0)


def column(sheet: Sheet, name: str) -> list[Cell]:
    place = sheet.columns.index(name)
    return [row[place] for row in sheet.rows]


def _moments(sheet: Sheet, name: str) -> list[datetime]:
    return [cell for cell in column(sheet, name) if isinstance(cell, datetime)]


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
