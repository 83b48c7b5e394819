"""Conducting a session from its desk: next, back, two more minutes, skip, pause, another order, pairs at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot import whose
from bot.ask import Ask, Due, Reply
from bot.registry import ahead, button, due, words
from cohorts import conducting, conductor, hosting, meeting, sessions, stage
from cohorts.cohort import Cohort
from cohorts.conductor import Show, kind_of
from cohorts.errors import Refused
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.sessions import Session, SessionState
from cohorts.store import Db

Step = Callable[..., None]


def _meant(ask: Ask, show_id: int | None, revision: int | None) -> tuple[Show, Session, Cohort]:
    """The show of the desk that was pressed, refused if it has moved on; for a phrase, the one that is on."""
    if show_id is None or revision is None:
        return _on(ask)
    show = ask.db.get(Show, show_id)
    if show is None:
        raise Refused("commands/gone")
    session, cohort = hosting.led(ask.db, ask.person, show.session_id)
    conductor.check(show, session, revision)
    return show, session, cohort


def _on(ask: Ask) -> tuple[Show, Session, Cohort]:
    """The session that is on, of whoever leads it."""
    cohort = whose.led(ask)
    for session in hosting.sessions_of(ask.db, cohort, ask.person):
        if session.state is SessionState.LIVE and (show := conductor.of(ask.db, session)) is not None:
            return show, session, cohort
    raise Refused("sessions/none-running", program=cohort.name)


def _step(ask: Ask, step: Step, show_id: int | None, revision: int | None, **more: int) -> Reply:
    show, session, cohort = _meant(ask, show_id, revision)
    step(ask.db, cohort, session, show, **more, now=ask.now)
    return _desk(ask, show, session, cohort)


def _desk(ask: Ask, show: Show, session: Session, cohort: Cohort) -> Reply:
    return Reply(
        "conductor/desk",
        replaces=True,
        presses=stage.desk_presses(cohort, session, show, ask.now),
        more=stage.desk_facts(ask.db, cohort, session, show, ask.now),
    )


@words("my desk", "the desk", name="desk", role=Role.HOST, reads=True)
def desk(ask: Ask) -> Reply:
    return _desk(ask, *_on(ask))


# Each step has its button on the desk and its phrase. A button says which desk was pressed, a phrase doesn't.


@button("conductor/next", role=Role.HOST)
@words("next segment", "next step", name="next segment", role=Role.HOST)
def next_(ask: Ask, show_id: int | None = None, revision: int | None = None) -> Reply:
    return _step(ask, conducting.go_on, show_id, revision)


@button("conductor/back", role=Role.HOST)
@words("one back", "go back", name="back", role=Role.HOST)
def back(ask: Ask, show_id: int | None = None, revision: int | None = None) -> Reply:
    return _step(ask, conducting.back, show_id, revision)


@button("conductor/extend", role=Role.HOST)
@words("two more minutes", "more time", name="more time", role=Role.HOST)
def extend(ask: Ask, show_id: int | None = None, revision: int | None = None) -> Reply:
    return _step(ask, conducting.extend, show_id, revision)


@button("conductor/skip", role=Role.HOST)
@words("skip this", "leave this out", name="skip", role=Role.HOST)
def skip(ask: Ask, show_id: int | None = None, revision: int | None = None) -> Reply:
    return _step(ask, conducting.skip, show_id, revision)


@button("conductor/pause", role=Role.HOST)
@words("stop the clock", "hold the clock", name="stop the clock", role=Role.HOST)
def pause(ask: Ask, show_id: int | None = None, revision: int | None = None) -> Reply:
    return _step(ask, conducting.pause, show_id, revision)


@button("conductor/resume", role=Role.HOST)
@words("start the clock", "go on", name="start the clock", role=Role.HOST)
def resume(ask: Ask, show_id: int | None = None, revision: int | None = None) -> Reply:
    return _step(ask, conducting.resume, show_id, revision)


@button("conductor/win-back", role=Role.HOST)
@words("win it back", "finish on time", name="finish on time", role=Role.HOST)
def win_back(ask: Ask, show_id: int | None = None, revision: int | None = None) -> Reply:
    return _step(ask, conducting.win_back, show_id, revision)


@button("conductor/pair-now", role=Role.HOST)
@words("pair now", "pairs now", name="pair now", role=Role.HOST)
def pair_now(ask: Ask, show_id: int | None = None, revision: int | None = None) -> Reply:
    return _step(ask, conducting.pair_now, show_id, revision)


@ahead("session start")
@ahead("sessions/start")
@ahead("sessions/begin")
@ahead("conductor/host")
@ahead("conductor/next")
@ahead("next segment")
@ahead("conductor/skip")
@ahead("conductor/pair-now")
def pairs_of_many(db: Db, now: datetime) -> None:
    conducting.plan_ahead(db, now=now)


# Another order.


@button("conductor/reorder", role=Role.HOST)
@words("another order", "change the order", name="another order", role=Role.HOST, reads=True)
def reorder(ask: Ask, show_id: int | None = None, revision: int | None = None) -> Reply:
    """What could come next, besides what does."""
    show, session, _ = _meant(ask, show_id, revision)
    later = list(enumerate(show.lines))[show.place + 2 :]
    if not later:
        raise Refused("conductor/nothing-to-reorder", title=session.title)
    return Reply(
        "conductor/reorder",
        title=session.title,
        presses=[
            Press(
                "conductor/put-next",
                {"show_id": show.id, "revision": show.revision, "place": place},
                facts={"kind": kind_of(line), "minutes": int(line.length.total_seconds()) // 60},
            )
            for place, line in later[:20]
        ],
    )


@button("conductor/put-next", role=Role.HOST)
def put_next(ask: Ask, show_id: int, revision: int, place: int) -> Reply:
    return _step(ask, conducting.put_next, show_id, revision, place=place)


# Time goes by.


@due("conductor/notice")
def notice(due: Due, show_id: int) -> None:
    show, session, cohort = _of(due.db, show_id)
    if session.state is SessionState.LIVE:
        stage.redraw(due.db, cohort, session, show, now=due.now, why="/notice")


@due("conductor/next")
def next_by_itself(due: Due, show_id: int) -> None:
    show, session, cohort = _of(due.db, show_id)
    if session.state is SessionState.LIVE:
        conducting.catch_up(due.db, cohort, session, show, now=due.now)


@due("conductor/over")
def over(due: Due, show_id: int) -> None:
    """Nobody pressed End, and there is nothing more to come."""
    _, session, cohort = _of(due.db, show_id)
    if session.state is SessionState.LIVE and not conductor.is_on(due.db, session, due.now):
        meeting.close(due.db, cohort, session, now=due.now, due=due.due_at)


def _of(db: Db, show_id: int) -> tuple[Show, Session, Cohort]:
    show = db.get_one(Show, show_id)
    session, cohort = sessions.get(db, show.session_id)
    return show, session, cohort


# Nobody pressed Start.


@button("conductor/host", role=Role.MEMBER)
@words("i ll host", "i will host", "i host", name="host", role=Role.MEMBER)
def host(ask: Ask, session_id: int | None = None) -> Reply:
    """Whoever is there and takes it: the session begins, and they get the desk."""
    session, cohort, membership = whose.attended(ask, session_id)
    meeting.host(ask.db, cohort, session, membership, now=ask.now)
    return Reply("conductor/hosting", title=session.title)
