"""Live meetings: scheduled, moved, cancelled, begun and ended; who is coming and who was there.

Every change of time or status raises the session's revision: what was planned or written for an older one is
withdrawn in the same transaction, and the calendar file's SEQUENCE grows with it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import cache

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from cohorts.cohort import Cohort, CohortState, Membership, present
from cohorts.errors import Refused
from cohorts.moments import working_day_after
from cohorts.outbox import About
from cohorts.people import Person, conducts
from cohorts.planning import Occasion, Rule, Source
from cohorts.program_kinds import SessionKind, Urgency
from cohorts.program_parts import Guest, OwnPlan, Segment, SessionPlan
from cohorts.states import advance
from cohorts.store import Db, choice, json, link, moment

OVERRUN = timedelta(hours=2)  # a session does not run over for longer
BY_ITSELF = timedelta(minutes=10)  # after the hour, for those who are there
EARLY = timedelta(minutes=30)  # before its time one may begin it, and be there
LAST_RECAP_AT = time(9, 0)  # in the cohort's zone


class SessionState(StrEnum):
    PLANNED = "planned"
    LIVE = "live"
    HELD = "held"
    CANCELLED = "cancelled"


SESSION_LIFE = {
    SessionState.PLANNED: frozenset({SessionState.LIVE, SessionState.HELD, SessionState.CANCELLED}),
    SessionState.LIVE: frozenset({SessionState.HELD, SessionState.PLANNED}),  # begun by itself, and nobody was there
    SessionState.HELD: frozenset(),
    SessionState.CANCELLED: frozenset({SessionState.PLANNED}),
}


class Session(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("cohort_id", "key"),)
    id: int = Field(default=None, primary_key=True)
    cohort_id: int = link("cohort.id", index=False)
    key: str = Field(max_length=64)
    title: str = Field(max_length=200)
    kind: SessionKind = choice(SessionKind, default=SessionKind.SESSION)
    state: SessionState = choice(SessionState, default=SessionState.PLANNED)
    starts_at: datetime = moment(index=True)
    minutes: int
    place: str = Field(default="", max_length=500)
    plan: object = json(null=True)  # its own, once it was changed from chat: ask `plan_of`
    plan_revision: int = Field(default=0)
    recording: str = Field(default="", max_length=2000)
    revision: int = Field(default=0)  # of the timing
    changed_at: datetime | None = moment(null=True)  # when people were told of this revision
    began_at: datetime | None = moment(null=True)
    ended_at: datetime | None = moment(null=True)
    attendance_settled_at: datetime | None = moment(null=True)

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)

    @property
    def about(self) -> About:
        return About("session", self.id, self.revision)


def begin(db: Db, session: Session, *, now: datetime) -> bool:
    """From planned to live; False when it runs already. Not earlier than half an hour before its time."""
    if session.state is SessionState.LIVE:
        return False
    if session.starts_at - now > EARLY:
        raise Refused("sessions/too-early", title=session.title, starts=session.starts_at)
    session.state = advance(SESSION_LIFE, session.state, SessionState.LIVE, "sessions/cannot-start")
    session.began_at = now
    db.flush()
    return True


def end(db: Db, session: Session, *, now: datetime) -> bool:
    """From live (or never begun) to held; False when it was ended before."""
    if session.state is SessionState.HELD:
        return False
    session.state = advance(SESSION_LIFE, session.state, SessionState.HELD, "sessions/cannot-end")
    session.ended_at = now
    db.flush()
    return True


def all_of(db: Db, cohort: Cohort) -> list[Session]:
    """Cancelled ones included, in the order of time."""
    return list(db.exec(_sessions(), params={"cohort": cohort.id}).all())


@cache
def _sessions() -> SelectOfScalar[Session]:
    of_cohort = col(Session.cohort_id) == sa.bindparam("cohort")
    return select(Session).where(of_cohort).order_by(col(Session.starts_at), col(Session.id))


def standing(db: Db, cohort: Cohort) -> list[Session]:
    return [session for session in all_of(db, cohort) if session.state is not SessionState.CANCELLED]


def beginning(db: Db, *, now: datetime) -> list[Session]:
    """Of all workspaces, those that are on, or may begin now: within the hour, or since a while ago."""
    return list(
        db.exec(
            select(Session)
            .where(
                col(Session.state).in_((SessionState.PLANNED, SessionState.LIVE)),
                col(Session.starts_at) <= now + timedelta(hours=1),
                col(Session.starts_at) >= now - timedelta(hours=3),
            )
            .order_by(col(Session.id))
        ).all()
    )


def upcoming(db: Db, cohort: Cohort, *, now: datetime) -> Session | None:
    """The one that is on, or the next."""
    return next_of(standing(db, cohort), now=now)


def next_meeting(db: Db, cohort: Cohort, *, now: datetime) -> Session | None:
    """The one that is on, or the next, of those that one owes attendance: office hours are nobody's next session."""
    return next_of((one for one in standing(db, cohort) if one.kind is not SessionKind.OFFICE_HOURS), now=now)


def next_of(found: Iterable[Session], *, now: datetime) -> Session | None:
    waiting = (SessionState.PLANNED, SessionState.LIVE)
    return next((one for one in found if one.state in waiting and one.ends_at > now), None)


def to_lead(found: Sequence[Session], *, now: datetime) -> Session | None:
    """Which one somebody means who leads: the one that is on, also when it runs over, or else the next."""
    on = next((one for one in found if one.state is SessionState.LIVE), None)
    return on or next_of(found, now=now)


def latest(db: Db, cohort: Cohort, *, now: datetime) -> Session | None:
    """The one that is on, or the last that was."""
    return last_of(standing(db, cohort), now=now)


def last_of(found: Iterable[Session], *, now: datetime) -> Session | None:
    begun = [one for one in found if one.starts_at <= now or one.state is not SessionState.PLANNED]
    return begun[-1] if begun else None


def has_begun(db: Db, cohort: Cohort, *, now: datetime) -> bool:
    """Whether people have met: the first meeting's time has come, or it was begun before."""
    meetings = [one for one in standing(db, cohort) if one.kind is SessionKind.SESSION]
    return (
        any(one.state is not SessionState.PLANNED for one in meetings)
        or (meetings[0].starts_at if meetings else cohort.opens_at) <= now
    )


def the_next(db: Db, cohort: Cohort, *, now: datetime) -> Session:
    """The one that is on or comes next; refused when none is to come."""
    found = upcoming(db, cohort, now=now)
    if found is None:
        raise Refused("sessions/none-to-come", program=cohort.name)
    return found


def the_last(db: Db, cohort: Cohort, *, now: datetime) -> Session:
    """The one that is on or was last; refused before the first."""
    found = latest(db, cohort, now=now)
    if found is None:
        raise Refused("sessions/none-held", program=cohort.name)
    return found


def number(db: Db, cohort: Cohort, n: int) -> Session:
    """The n-th standing session, counted from 1 as people do."""
    found = standing(db, cohort)
    if not 1 <= n <= len(found):
        raise Refused("sessions/no-such-number", number=n, count=len(found))
    return found[n - 1]


def conducted(db: Db, person: Person, session_id: int) -> tuple[Session, Cohort]:
    """A session of a program that somebody conducts, in their own workspace."""
    row = with_cohort(db, person, session_id)
    if row is None or not conducts(db, person, row[1].program_key):
        raise Refused("sessions/not-here")
    return row


def attended_by(db: Db, person: Person, session_id: int) -> tuple[Session, Cohort, Membership]:
    """A session of a cohort that somebody takes part in."""
    row = with_cohort(db, person, session_id)
    if row is None:
        raise Refused("sessions/not-here")
    member = next((one for one in present(db, row[1]) if one.person_id == person.id), None)
    if member is None:
        raise Refused("sessions/not-here")
    return row[0], row[1], member


def with_cohort(db: Db, person: Person, session_id: int) -> tuple[Session, Cohort] | None:
    """A session of somebody's own workspace, whatever they may do there."""
    row = db.exec(
        select(Session, Cohort)
        .join(Cohort, col(Cohort.id) == col(Session.cohort_id))
        .where(Session.id == session_id, Cohort.workspace_id == person.workspace_id)
    ).one_or_none()
    return (row[0], row[1]) if row is not None else None


def get(db: Db, session_id: int) -> tuple[Session, Cohort]:
    """For due work, which is about nobody's rights."""
    session = db.get_one(Session, session_id)
    return session, db.get_one(Cohort, session.cohort_id)


def plan_of(cohort: Cohort, session: Session) -> SessionPlan | None:
    """What is planned for it: its own plan once it was changed from chat, else the program's, else None.

    Its homework may have been changed too: ask `homework.plan_of`.
    """
    if session.plan is not None:
        return OwnPlan.model_validate(session.plan)
    return next((plan for plan in cohort.program.sessions if plan.key == session.key), None)


def run_of_show(cohort: Cohort, session: Session) -> tuple[Segment, ...]:
    if session.kind is SessionKind.REUNION:
        return cohort.program.reunion_agenda
    plan = plan_of(cohort, session)
    return cohort.program.agenda_of(plan) if plan is not None else ()


def goal_of(cohort: Cohort, session: Session) -> str:
    """What the program wants of the hour; "" where it doesn't say."""
    plan = plan_of(cohort, session)
    return plan.goal if plan is not None else ""


def makes_of(cohort: Cohort, session: Session) -> str:
    """The product of the hour, where the program names one."""
    plan = plan_of(cohort, session)
    return plan.makes if plan is not None else ""


def prework_of(cohort: Cohort, session: Session) -> str:
    plan = plan_of(cohort, session)
    return plan.prework if plan is not None else ""


def guest_of(cohort: Cohort, session: Session) -> Guest | None:
    """Who is invited: somebody whom the program names, or whom a facilitator named for this session alone."""
    plan = plan_of(cohort, session)
    if isinstance(plan, OwnPlan) and plan.visitor is not None:
        return plan.visitor
    return cohort.program.guest(plan.guest) if plan is not None and plan.guest is not None else None


def is_expected(cohort: Cohort) -> bool:
    """Whether a cohort's sessions take place: it was launched and has not ended."""
    return cohort.state in (CohortState.RUNNING, CohortState.GRADUATED)


def recap_at(db: Db, cohort: Cohort, session: Session) -> datetime:
    """When the recap goes out by itself: soon; after the last meeting, on the next morning."""
    return _recap_at(cohort, session, [one for one in standing(db, cohort) if one.kind is SessionKind.SESSION])


def _recap_at(cohort: Cohort, session: Session, meetings: Sequence[Session]) -> datetime:
    if meetings and session is meetings[-1]:
        return working_day_after(session.ends_at, LAST_RECAP_AT, cohort.zone)
    return over_at(session) + timedelta(minutes=75)


def over_at(session: Session) -> datetime:
    """When it ended, if it ran over; of one of which that was said long after, when it should have."""
    ended = session.ended_at or session.ends_at
    return ended if session.ends_at < ended <= session.ends_at + OVERRUN else session.ends_at


def _occasions(db: Db, cohort: Cohort) -> Iterable[Occasion]:
    found = standing(db, cohort)
    meetings = [one for one in found if one.kind is SessionKind.SESSION]
    for session in found:
        if session.kind is SessionKind.REUNION:
            moments = {"start": session.starts_at, "end": session.ends_at}
            yield Occasion("reunion", session.id, session.revision, moments, changed_at=session.changed_at)
            continue
        traits = {"meeting"} if session.kind is SessionKind.SESSION else set()
        if meetings and session is meetings[0]:
            traits.add("first")
        if guest_of(cohort, session) is not None:
            traits.add("guest")
        yield Occasion(
            "session",
            session.id,
            session.revision,
            {"start": session.starts_at, "end": session.ends_at} | _afterwards(cohort, session, meetings),
            changed_at=session.changed_at,
            key=session.key,
            last=bool(meetings) and session is meetings[-1],
            traits=frozenset(traits),
        )


def _afterwards(cohort: Cohort, session: Session, meetings: Sequence[Session]) -> dict[str, datetime]:
    """What counts from its real end, which nobody knows while it is on."""
    if session.state is SessionState.LIVE:
        return {}
    return {"ended": over_at(session), "recap": _recap_at(cohort, session, meetings)}


TOUCHPOINTS = Source(
    occasions=_occasions,
    rules=(
        Rule(
            "sessions/reminder-day",
            on="session",
            anchor="start",
            shift="-1d",
            late=timedelta(hours=20),
            switch="reminder_day",
            urgency=Urgency.TODAY,
        ),
        Rule(
            "sessions/brief",
            on="session",
            anchor="start",
            shift="-2h",
            late=timedelta(hours=2),
            switch="brief",
            behind=True,
        ),
        Rule(
            "sessions/reminder-hour",
            on="session",
            anchor="start",
            shift="-1h",
            late=timedelta(minutes=50),
            switch="reminder_hour",
        ),
        Rule(
            "sessions/open-doors",
            on="session",
            anchor="start",
            late=timedelta(minutes=20),
            switch="reminder_start",
        ),
        Rule("sessions/offer", on="session", anchor="start", shift="5m", late=timedelta(minutes=30), behind=True),
        Rule("sessions/begin", on="session", anchor="start", shift="10m", late=timedelta(minutes=45)),
        Rule("sessions/close", on="session", anchor="end", shift="5m"),
        Rule(
            "sessions/recap-draft",
            on="session",
            anchor="ended",
            shift="15m",
            late=timedelta(hours=1),
            switch="recap",
            trait="meeting",
            behind=True,
        ),
        Rule("sessions/recap", on="session", anchor="recap", late=timedelta(days=2), switch="recap", trait="meeting"),
        Rule("sessions/settle", on="session", anchor="end", shift="6h", behind=True),
    ),
)
