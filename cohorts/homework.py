"""What is made between sessions: assignments with a due time, and what people hand in."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from cohorts import attachments, audit, outbox, touchpoints
from cohorts.answers import answers_of
from cohorts.attachments import Brought
from cohorts.cohort import Cohort, Membership, present, room_of
from cohorts.errors import Refused
from cohorts.facts import clean
from cohorts.moments import day_of, shift
from cohorts.outbox import About, Press
from cohorts.people import Person
from cohorts.planning import Occasion, Rule, Source
from cohorts.program_kinds import Evidence, SessionKind, Urgency
from cohorts.program_parts import HomeworkPlan
from cohorts.sessions import Session, standing
from cohorts.store import Db, json, link, moment
from cohorts.when import Anchor, WhenKind

WORDS = 3000  # characters of a hand-in
TITLE = 120


class Homework(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("cohort_id", "key"),)
    id: int = Field(default=None, primary_key=True)
    cohort_id: int = link("cohort.id", index=False)
    session_id: int = link("session.id")
    key: str = Field(max_length=64)
    title: str = Field(max_length=200)
    due_at: datetime = moment()
    ask: str = Field(default="")  # of one that was set from chat; else the program's copy says it
    plan: object = json(null=True)  # its own, once it was changed from chat: ask `plan_of`
    revision: int = Field(default=0)  # of the due time
    changed_at: datetime | None = moment(null=True)

    @property
    def is_own(self) -> bool:
        """Whether it was set from chat, and not by the program."""
        return bool(self.ask)

    @property
    def about(self) -> About:
        return About("homework", self.id, self.revision)


class Submission(SQLModel, table=True):
    """What somebody handed in; handing in again replaces it."""

    __table_args__ = (sa.UniqueConstraint("homework_id", "membership_id"),)
    id: int = Field(default=None, primary_key=True)
    homework_id: int = link("homework.id", index=False)
    membership_id: int = link("membership.id")
    link: str = Field(default="", max_length=2000)
    words: str = Field(default="")
    at: datetime = moment()
    times: int = Field(default=1)


def plan_of(cohort: Cohort, homework: Homework) -> HomeworkPlan:
    """What is asked: as it was changed or set from chat, else as the program has it."""
    if homework.plan is not None:
        return HomeworkPlan.model_validate(homework.plan)
    if homework.is_own:
        return HomeworkPlan(key=homework.key, title=homework.title, ask=homework.ask)
    return cohort.program.homework_of(homework.key)[1]


def assign(
    db: Db, cohort: Cohort, session: Session, *, title: str, ask: str, due_at: datetime, by: Person, now: datetime
) -> Homework:
    """One more than the program has, set from chat; the room hears of it once, and everybody owes it at once."""
    own = sum(1 for one in of_cohort(db, cohort) if one.is_own) + 1
    homework = Homework(
        cohort_id=cohort.id,
        session_id=session.id,
        key=f"own-{own}",
        title=clean(title).strip()[:TITLE],
        ask=clean(ask).strip()[:WORDS],
        due_at=due_at,
    )
    db.add(homework)
    db.flush()
    outbox.announce(
        db,
        room_of(db, cohort),
        "homework/assigned",
        key=f"homework:{homework.id}/assigned",
        now=now,
        expires=due_at,
        about=homework.about,
        presses=[Press("homework/hand-in", {"homework_id": homework.id}, "primary")],
        title=homework.title,
        ask=homework.ask,
        due_at=due_at,
    )
    audit.record(db, by, "homework/assigned", now=now, homework=homework.id)
    touchpoints.reconcile(db, cohort, now=now)
    return homework


def lay_out(db: Db, cohort: Cohort, sessions: Sequence[Session]) -> None:
    """The program's homework, due as it says."""
    by_key = {session.key: session for session in sessions}
    for session_plan, plan in cohort.program.homework:
        due = _due(cohort, by_key[session_plan.key], plan, sessions)
        db.add(
            Homework(
                cohort_id=cohort.id,
                session_id=by_key[session_plan.key].id,
                key=plan.key,
                title=plan.title,
                due_at=due,
            )
        )
    db.flush()


def take_over(db: Db, cohort: Cohort, *, now: datetime) -> None:
    """After the program was replaced: what is new is set, what nobody handed in and is gone is taken back.

    What somebody handed in stays, whether or not the program still has it: ask before.
    """
    sessions = standing(db, cohort)
    by_key = {session.key: session for session in sessions}
    known = {homework.key: homework for homework in of_cohort(db, cohort)}
    wanted = {plan.key: (by_key.get(session.key), plan) for session, plan in cohort.program.homework}
    for key, homework in known.items():
        if key not in wanted and not submissions(db, homework):
            db.delete(homework)
    db.flush()
    for key, (session, plan) in wanted.items():
        if session is None:
            continue
        found = known.get(key)
        if found is not None:
            found.title, found.session_id = plan.title, session.id
        else:
            due = _due(cohort, session, plan, sessions)
            new = Homework(cohort_id=cohort.id, session_id=session.id, key=key, title=plan.title, due_at=due)
            new.changed_at = now
            db.add(new)
    db.flush()
    follow_sessions(db, cohort, now=now)


def follow_sessions(db: Db, cohort: Cohort, *, now: datetime) -> None:
    """After a session moved: due times that hang on it move with it, later but never earlier."""
    sessions = standing(db, cohort)
    by_id = {session.id: session for session in sessions}
    for homework in of_cohort(db, cohort):
        session = by_id.get(homework.session_id)
        if session is None or homework.is_own:
            continue
        due = _due(cohort, session, plan_of(cohort, homework), sessions)
        if due > homework.due_at:
            homework.due_at, homework.changed_at = due, now
            homework.revision += 1
    db.flush()


def _due(cohort: Cohort, session: Session, plan: HomeworkPlan, sessions: Sequence[Session]) -> datetime:
    """When it is due: around the next session, the one it was given in, or on a day of the program.

    After the last session, "next session" is a week after it.
    """
    when = plan.due
    meetings = sorted((one for one in sessions if one.kind is SessionKind.SESSION), key=lambda one: one.starts_at)
    following = next((one.starts_at for one in meetings if one.starts_at > session.starts_at), None)
    if when.kind is WhenKind.DAY:
        assert when.day is not None and when.at is not None
        return day_of(cohort.starts_on, when.day, when.at, cohort.zone)
    week_after = session.starts_at + timedelta(days=7)
    anchors: dict[Anchor | str | None, datetime] = {
        Anchor.NEXT_SESSION: following or week_after,
        Anchor.SESSION: session.starts_at,
        Anchor.SESSION_END: session.ends_at,
        Anchor.START: cohort.opens_at,
        Anchor.CLOSE: cohort.closes_at,
        Anchor.GRADUATION: meetings[-1].ends_at if meetings else week_after,
        **{one.key: one.starts_at for one in sessions},
    }
    anchor = anchors.get(when.anchor, week_after)
    return shift(anchor, when.offset, when.sign, cohort.zone) if when.offset is not None else anchor


def of_cohort(db: Db, cohort: Cohort) -> list[Homework]:
    return list(db.exec(_of_cohort(), params={"cohort": cohort.id}).all())


@cache
def _of_cohort() -> SelectOfScalar[Homework]:
    of_cohort = col(Homework.cohort_id) == sa.bindparam("cohort")
    return select(Homework).where(of_cohort).order_by(col(Homework.due_at), col(Homework.id))


def given(db: Db, cohort: Cohort, *, now: datetime) -> list[Homework]:
    """What has been set so far: from chat, and by sessions that have begun; the most recent last."""
    begun = {session.id for session in standing(db, cohort) if session.starts_at <= now or session.began_at}
    return [homework for homework in of_cohort(db, cohort) if homework.session_id in begun or homework.is_own]


def owed(db: Db, cohort: Cohort, membership: Membership, *, now: datetime) -> list[Homework]:
    """What somebody was given and has not handed in, the soonest due first."""
    done = submitted_keys(db, membership)
    return [one for one in given(db, cohort, now=now) if one.key not in done and is_for(db, cohort, one, membership)]


def is_for(db: Db, cohort: Cohort, homework: Homework, membership: Membership) -> bool:
    plan = plan_of(cohort, homework)
    if plan.audience == ("members",):
        return True
    return cohort.program.is_for(plan.audience, answers_of(db, cohort, membership))


def submitted_keys(db: Db, membership: Membership) -> set[str]:
    return set(db.exec(_submitted_keys(), params={"member": membership.id}).all())


@cache
def _submitted_keys() -> SelectOfScalar[str]:
    return (
        select(Homework.key)
        .join(Submission, col(Submission.homework_id) == col(Homework.id))
        .where(col(Submission.membership_id) == sa.bindparam("member"))
    )


def the_one(db: Db, cohort: Cohort, membership: Membership, wanted: str | None, *, now: datetime) -> Homework:
    """The homework somebody means: the one named, the soonest owed, or the last given (to hand in again)."""
    known = given(db, cohort, now=now)
    if wanted:
        named = [
            one for one in of_cohort(db, cohort) if wanted.casefold() in (one.key.casefold(), one.title.casefold())
        ]
        if not named:
            raise Refused("homework/no-such", words=wanted[:100], titles=[one.title for one in known])
        return named[0]
    owing = owed(db, cohort, membership, now=now)
    if owing:
        return owing[0]
    if not known:
        raise Refused("homework/none-yet")
    return known[-1]


def submit(
    db: Db,
    cohort: Cohort,
    homework: Homework,
    membership: Membership,
    *,
    link: str,
    words: str,
    files: Sequence[Brought] = (),
    now: datetime,
) -> Submission:
    """Hand in. The evidence must be of the kind that was asked for; late is welcome."""
    link, words = clean(link).strip(), clean(words).strip()
    plan = plan_of(cohort, homework)
    if plan.evidence is Evidence.FILE and not files:
        raise Refused("homework/needs-file", title=homework.title)
    if not link and not words and not files:
        raise Refused("homework/empty", title=homework.title, ask=plan.ask)
    if plan.evidence is Evidence.LINK and not link:
        raise Refused("homework/needs-link", title=homework.title)
    if len(words) > WORDS or len(link) > 2000:
        raise Refused("homework/too-long", limit=WORDS, length=len(words) + len(link))
    found = db.exec(
        select(Submission).where(Submission.homework_id == homework.id, Submission.membership_id == membership.id)
    ).one_or_none()
    if found is None:
        found = Submission(homework_id=homework.id, membership_id=membership.id, link=link, words=words, at=now)
        db.add(found)
    else:
        found.link, found.words, found.at, found.times = link, words, now, found.times + 1
    db.flush()
    attachments.keep(db, found.id, files)
    return found


def submissions(db: Db, homework: Homework) -> dict[int, Submission]:
    """What was handed in, by membership id."""
    rows = db.exec(select(Submission).where(Submission.homework_id == homework.id)).all()
    return {row.membership_id: row for row in rows}


def meant(db: Db, cohort: Cohort, homework: Homework) -> list[Membership]:
    """Everybody who takes part and was given it."""
    return [one for one in present(db, cohort) if is_for(db, cohort, homework, one)]


def debtors(db: Db, cohort: Cohort, homework: Homework) -> list[Membership]:
    """Who takes part, was given it and has not handed in."""
    done = submissions(db, homework)
    return [one for one in meant(db, cohort, homework) if one.id not in done]


def submitted_count(db: Db, membership: Membership) -> int:
    return len(submitted_keys(db, membership))


def get(db: Db, homework_id: int) -> tuple[Homework, Cohort]:
    homework = db.get_one(Homework, homework_id)
    return homework, db.get_one(Cohort, homework.cohort_id)


def mine(db: Db, person: Person, homework_id: int) -> tuple[Homework, Cohort, Membership]:
    """A homework of a cohort that somebody takes part in."""
    row = db.exec(
        select(Homework, Cohort, Membership)
        .join(Cohort, col(Cohort.id) == col(Homework.cohort_id))
        .join(Membership, col(Membership.cohort_id) == col(Cohort.id))
        .where(
            Homework.id == homework_id,
            Membership.person_id == person.id,
            Cohort.workspace_id == person.workspace_id,
        )
    ).one_or_none()
    if row is None or row[2] not in present(db, row[1]):
        raise Refused("homework/not-here")
    return row[0], row[1], row[2]


def _occasions(db: Db, cohort: Cohort) -> Iterable[Occasion]:
    held = {session.id for session in standing(db, cohort)}
    for homework in of_cohort(db, cohort):
        if homework.session_id in held:
            yield Occasion(
                "homework",
                homework.id,
                homework.revision,
                {"due": homework.due_at},
                changed_at=homework.changed_at,
                key=homework.key,
            )


TOUCHPOINTS = Source(
    occasions=_occasions,
    rules=(
        Rule(
            "homework/nudge",
            on="homework",
            anchor="due",
            shift="-1d",
            late=timedelta(hours=20),
            switch="homework_nudge",
            urgency=Urgency.TODAY,
        ),
    ),
)
