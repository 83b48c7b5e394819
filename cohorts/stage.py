"""What people see of a live session: the stage, one message in the room, and the desk of whoever conducts it.

Both change in place. A desk's buttons carry the show's revision, so that a press on one that is out of date is noticed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from cohorts import attendance, chatham, conductor, heard, hosting, looking_back, outbox
from cohorts.attendance import Attended
from cohorts.cohort import Cohort, Membership, present, room_of
from cohorts.conductor import Line, Show, kind_of
from cohorts.facts import Fact, PersonRef
from cohorts.outbox import Press
from cohorts.people import Person
from cohorts.program_kinds import SegmentKind
from cohorts.sessions import Session, SessionState
from cohorts.store import Db


def post(db: Db, cohort: Cohort, session: Session, show: Show, *, now: datetime, due: datetime | None = None) -> None:
    outbox.announce(
        db,
        room_of(db, cohort),
        "conductor/stage",
        key=_key(session),
        now=now,
        due=due,
        expires=conductor.over_at(show, session, now),
        presses=presses(session, show),
        ping=False,  # people were called in a few minutes ago
        more=facts(db, cohort, session, show, now),
    )


def give_desk(
    db: Db,
    cohort: Cohort,
    session: Session,
    show: Show,
    person: Person,
    *,
    now: datetime,
    due: datetime | None = None,
) -> None:
    outbox.tell(
        db,
        person,
        "conductor/desk",
        key=_desk_key(session, person),
        now=now,
        due=due,
        expires=conductor.over_at(show, session, now),
        presses=desk_presses(cohort, session, show, now),
        more=desk_facts(db, cohort, session, show, now),
    )


def redraw(db: Db, cohort: Cohort, session: Session, show: Show, *, now: datetime, why: str = "") -> None:
    """The same once more, because something beside the show changed (`why`): time went by, or somebody came."""
    version = f"r{show.revision}{why}"
    outbox.edit(
        db,
        _key(session),
        "conductor/stage",
        key=f"{_key(session)}/{version}",
        now=now,
        about=show.about,
        presses=presses(session, show),
        more=facts(db, cohort, session, show, now),
    )
    _redraw_desks(db, cohort, session, show, version, now=now)


def somebody_came(db: Db, cohort: Cohort, session: Session, membership: Membership, *, now: datetime) -> None:
    """Whoever conducts sees it; to the room it says nothing new."""
    show = conductor.of(db, session) if session.state is SessionState.LIVE else None
    if show is not None:
        _redraw_desks(db, cohort, session, show, f"r{show.revision}/came/{membership.id}", now=now)


def _redraw_desks(db: Db, cohort: Cohort, session: Session, show: Show, version: str, *, now: datetime) -> None:
    for person in hosting.leaders(db, cohort, session):
        outbox.edit(
            db,
            _desk_key(session, person),
            "conductor/desk",
            key=f"{_desk_key(session, person)}/{version}",
            now=now,
            about=show.about,
            presses=desk_presses(cohort, session, show, now),
            more=desk_facts(db, cohort, session, show, now),
        )


def _key(session: Session) -> str:
    return f"session:{session.id}/stage"


def _desk_key(session: Session, person: Person) -> str:
    return f"session:{session.id}/desk/{person.id}"


def facts(db: Db, cohort: Cohort, session: Session, show: Show, now: datetime) -> dict[str, Fact]:
    """What everybody may see of where a session is."""
    line = conductor.current(show)
    ends = conductor.ends_at(show, now)
    coming = conductor.to_come(show)
    left = max(timedelta(), ends - now)
    return {
        "title": session.title,
        "kind": kind_of(line),
        "prompt": line.segment.prompt if line is not None else "",
        "why": line.why if line is not None else "",
        "ends": ends,
        "left": -(-int(left.total_seconds()) // 60),
        "paused": show.paused_at is not None,
        "over": line is None,
        "seat": _seat(db, line),
        "unnamed": chatham.is_on(db, session, now),
        "ended": session.state is SessionState.HELD,
        "step": min(show.place + 1, len(show.lines)),
        "steps": len(show.lines),
        "next": _line(coming[0]) if coming else None,
    }


def desk_facts(db: Db, cohort: Cohort, session: Session, show: Show, now: datetime) -> dict[str, Fact]:
    """What whoever conducts sees besides."""
    late = conductor.is_late(show, session, now)
    lines = show.lines
    cuts = conductor.shortened(show, late)
    seen = attendance.attendance(db, session)
    members = present(db, cohort)
    spoken, unheard = _heard(db, cohort, session)
    return {
        **facts(db, cohort, session, show, now),
        "coming": [_line(one) for one in conductor.to_come(show)],
        "late": int(late.total_seconds()) // 60,
        "shorter": [{"kind": kind_of(lines[place]), "minutes": minutes} for place, minutes in cuts],
        "there": sum(seen.get(one.id) is Attended.PRESENT for one in members),
        "unseen": [one.ref for one in members if seen.get(one.id) is not Attended.PRESENT],
        "heard": spoken,
        "unheard": unheard,
    }


def _heard(db: Db, cohort: Cohort, session: Session) -> tuple[list[Fact], int]:
    """Who of those there has been heard how often, the most first, and how many have not been."""
    counts = heard.counts(db, cohort, session)
    there = {one.id: one for one in looking_back.there(db, cohort, session)}
    spoken = sorted((one for one in there if counts.get(one, 0)), key=lambda one: -counts[one])
    return [{"person": there[one].ref, "times": counts[one]} for one in spoken], len(there) - len(spoken)


def _seat(db: Db, line: Line | None) -> PersonRef | None:
    """Whose turn it is, in a part that is one person's."""
    if line is None or line.segment.kind is not SegmentKind.HOT_SEAT or line.detail is None:
        return None
    return db.get_one(Membership, line.detail).ref


def _line(line: Line) -> dict[str, Fact]:
    return {
        "kind": kind_of(line),
        "minutes": int(line.length.total_seconds()) // 60,
        "prompt": line.segment.prompt,
    }


def presses(session: Session, show: Show) -> list[Press]:
    if session.state is SessionState.HELD:
        return []
    line = conductor.current(show)
    ids = {"session_id": session.id}
    kind = line.segment.kind if line is not None else None
    own = {
        SegmentKind.REFLECTION: [looking_back.press(session)],
        SegmentKind.NEXT_STEPS: [Press("promises/open", ids, "primary")],
    }
    unnamed = [Press("chatham/open", ids, "primary")] if line is not None and line.segment.chatham_house else []
    return [*unnamed, *(own.get(kind, []) if kind is not None else []), Press("sessions/here", ids)]


def desk_presses(cohort: Cohort, session: Session, show: Show, now: datetime) -> list[Press]:
    if session.state is SessionState.HELD:
        return []
    at = {"show_id": show.id, "revision": show.revision}
    end = Press("sessions/end", {"session_id": session.id})
    if conductor.current(show) is None:
        return [
            Press("sessions/end", {"session_id": session.id}, "primary"),
            Press("conductor/extend", at),
            *_back(show, at),
        ]
    late = bool(conductor.shortened(show, conductor.is_late(show, session, now)))
    paused, coming = show.paused_at is not None, conductor.to_come(show)
    return [
        Press("conductor/resume" if paused else "conductor/next", at, "primary"),
        Press("conductor/extend", at),
        *([] if paused else [Press("conductor/pause", at)]),
        *([Press("conductor/win-back", at)] if late else []),
        Press("calling/next", {"session_id": session.id}, words="call-on"),
        Press("conductor/pair-now", at),
        Press("polls/ask", {"cohort_id": cohort.id}, words="poll"),
        Press("screen/open", {"session_id": session.id}),
        *_back(show, at),
        *([Press("conductor/skip", at)] if coming else []),
        *([Press("conductor/reorder", at)] if len(coming) > 1 else []),
        end,
    ]


def _back(show: Show, at: Mapping[str, int]) -> list[Press]:
    return [Press("conductor/back", at)] if show.place else []
