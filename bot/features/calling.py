"""Calling on people from the desk, and passing for whoever would rather listen today."""

from __future__ import annotations

from bot import whose
from bot.ask import Ask, Reply
from bot.registry import Option, button, command, export, words
from bot.sheets import Sheet
from cohorts import calling, conductor, heard, hosting, passing, polls, sessions
from cohorts.calling import Called
from cohorts.cohort import Cohort, Membership, present
from cohorts.errors import Refused
from cohorts.facts import Fact
from cohorts.heard import Heard
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.sessions import Session, SessionState
from cohorts.store import Db


def on_now(ask: Ask, session_id: int | None = None) -> tuple[Session, Cohort]:
    """The session that is on and that somebody leads: the one of a button, else the one they must mean."""
    if session_id is not None:
        session, cohort = hosting.led(ask.db, ask.person, session_id)
    else:
        cohort = whose.on_stage(ask)
        running = polls.running(ask.db, cohort)
        if running is None:
            raise Refused("calling/not-now", program=cohort.name)
        session = running
    if session.state is not SessionState.LIVE:
        raise Refused("calling/not-now", program=cohort.name)
    return session, cohort


@command(
    "session call",
    help="Call on whoever has been heard least",
    role=Role.HOST,
    options=[Option("prompt", "What you ask them; may be left out", rest=True)],
)
@words("call on somebody", "call on someone", "whom do i call on", name="call on", role=Role.HOST)
def call(ask: Ask, prompt: str = "") -> Reply:
    session, cohort = on_now(ask)
    return _called(ask, cohort, session, prompt)


@button("calling/next", role=Role.HOST)
def next_(ask: Ask, session_id: int) -> Reply:
    session, cohort = on_now(ask, session_id)
    return _called(ask, cohort, session, conductor.asked_now(ask.db, session))


def _called(ask: Ask, cohort: Cohort, session: Session, prompt: str = "") -> Reply:
    called = calling.call(ask.db, cohort, session, by=ask.person, now=ask.now, prompt=prompt[:300])
    return _offered(ask, cohort, session, called)


def _offered(ask: Ask, cohort: Cohort, session: Session, called: Called, *, replaces: bool = False) -> Reply:
    turn = {"heard_id": called.turn.id}
    return Reply(
        "calling/called-by-you",
        replaces=replaces,
        presses=[
            Press("calling/heard", turn, "primary"),
            Press("calling/else", turn),
            Press("calling/sum-up", {"session_id": session.id}),
        ],
        person=called.member.ref,
        following=called.following.ref if called.following is not None else None,
        counts=_counts(ask, cohort, session),
    )


def _counts(ask: Ask, cohort: Cohort, session: Session) -> list[Fact]:
    """For those who conduct it alone: whoever was heard least stands first."""
    here, ever = heard.counts(ask.db, cohort, session), heard.ever(ask.db, cohort)
    ordered = sorted(present(ask.db, cohort), key=lambda one: (here[one.id], ever[one.id]))
    return [{"person": one.ref, "here": here[one.id], "ever": ever[one.id]} for one in ordered]


def _turn(ask: Ask, heard_id: int) -> tuple[Heard, Session, Cohort]:
    turn = ask.db.get(Heard, heard_id)
    if turn is None:
        raise Refused("commands/gone")
    session, cohort = hosting.led(ask.db, ask.person, turn.session_id)
    return turn, session, cohort


@button("calling/heard", role=Role.HOST)
def was_heard(ask: Ask, heard_id: int) -> Reply:
    turn, session, cohort = _turn(ask, heard_id)
    calling.was_heard(ask.db, session, turn)
    ids = {"session_id": session.id}
    return Reply(
        "calling/heard",
        replaces=True,
        presses=[Press("calling/next", ids, "primary"), Press("calling/sum-up", ids)],
        person=ask.db.get_one(Membership, turn.membership_id).ref,
        counts=_counts(ask, cohort, session),
    )


@button("calling/else", role=Role.HOST)
def somebody_else(ask: Ask, heard_id: int) -> Reply:
    turn, session, cohort = _turn(ask, heard_id)
    called = calling.somebody_else(ask.db, cohort, session, turn, now=ask.now)
    if called is None:
        return Reply("calling/nobody-else", replaces=True, title=session.title)
    return _offered(ask, cohort, session, called, replaces=True)


@button("calling/sum-up", role=Role.HOST)
@words("who sums up", "sum it up", "would you summarise", name="sum up", role=Role.HOST)
def sum_up(ask: Ask, session_id: int | None = None) -> Reply:
    session, cohort = on_now(ask, session_id)
    member = calling.ask_to_sum_up(ask.db, cohort, session, now=ask.now)
    ids = {"session_id": session.id}
    return Reply("calling/asked-to-sum-up", presses=[Press("calling/next", ids)], person=member.ref)


# Rather listening.


@command("cohort pass", help="Rather listen today: nobody calls on you", role=Role.MEMBER)
@words("i pass today", "rather listen today", "don t call on me", name="pass", role=Role.MEMBER)
def pass_(ask: Ask) -> Reply:
    """Once to pass, and once more to be called on again."""
    cohort, membership = whose.mine(ask)
    session = polls.running(ask.db, cohort) or sessions.the_next(ask.db, cohort, now=ask.now)
    if passing.is_passing(ask.db, cohort, session, membership):
        return _back(ask, cohort, session, membership)
    return _passes(ask, cohort, session, membership)


@button("calling/pass", role=Role.MEMBER)
def pass_pressed(ask: Ask, session_id: int) -> Reply:
    session, cohort, membership = sessions.attended_by(ask.db, ask.person, session_id)
    return _passes(ask, cohort, session, membership)


def _passes(ask: Ask, cohort: Cohort, session: Session, membership: Membership) -> Reply:
    calling.listens(ask.db, cohort, session, membership, now=ask.now)
    return Reply(
        "calling/passing",
        presses=[Press("calling/back", {"session_id": session.id})],
        title=session.title,
        starts=session.starts_at,
    )


@button("calling/back", role=Role.MEMBER)
def back_pressed(ask: Ask, session_id: int) -> Reply:
    session, cohort, membership = sessions.attended_by(ask.db, ask.person, session_id)
    return _back(ask, cohort, session, membership)


def _back(ask: Ask, cohort: Cohort, session: Session, membership: Membership) -> Reply:
    passing.stop(ask.db, cohort, session, membership)
    return Reply("calling/back", replaces=True, title=session.title)


@export("heard")
def rows(db: Db, cohort: Cohort) -> Sheet:
    """How often everybody who was there was heard; not with what."""
    return Sheet("heard", ("name", "session", "title", "times"), tuple(heard.table(db, cohort)))
