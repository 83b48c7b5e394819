"""The reunion: the cohort once more, goals against wins, months after graduating. Nothing of it counts for anything."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Field, SQLModel, col, select

from cohorts import cohort as cohorts_
from cohorts import gatherings, graduation, outbox, sessions, surveys, timetable, touchpoints
from cohorts.answers import answers_of, goal_of
from cohorts.cohort import Cohort, Membership, people_of, present
from cohorts.facts import Fact, clean
from cohorts.moments import day_of, local, shift
from cohorts.outbox import Press
from cohorts.planning import Rule, Source
from cohorts.program_answers import quote
from cohorts.program_kinds import QuestionKind, SessionKind, Urgency
from cohorts.program_parts import Question, Survey
from cohorts.sessions import Session, all_of, standing
from cohorts.store import Db, link, moment
from cohorts.when import Anchor, WhenKind

TITLE = "Reunion"
WORDS = 1000
LOOKED_AT = timedelta(days=7)  # before it; and for a month after it, one's home asks what came of it
_IN_WORDS = (QuestionKind.CHOICE, QuestionKind.LINE, QuestionKind.PARAGRAPH)


class Win(SQLModel, table=True):
    """What came of it, as somebody says months later."""

    id: int = Field(default=None, primary_key=True)
    membership_id: int = link("membership.id", index=False, unique=True)
    words: str
    share: bool = Field(default=False)  # may be quoted in the report, with the name
    at: datetime = moment()


def starts_at(db: Db, cohort: Cohort) -> datetime | None:
    """When the program wants it, moved on to the weekday of its sessions, at its hour."""
    when = cohort.program.graduation.reunion
    meetings = [one for one in standing(db, cohort) if one.kind is SessionKind.SESSION]
    if when is None or not meetings:
        return None
    if when.kind is WhenKind.DAY and when.day is not None and when.at is not None:
        wanted = day_of(cohort.starts_on, when.day, when.at, cohort.zone)
    else:
        anchors = {Anchor.GRADUATION: graduation.named_at(db, cohort), Anchor.START: cohort.opens_at}
        by_key = {one.key: one.starts_at for one in meetings}
        anchor = anchors.get(when.anchor) if isinstance(when.anchor, Anchor) else by_key.get(when.anchor or "")
        anchor = anchor or meetings[-1].ends_at
        wanted = shift(anchor, when.offset, when.sign, cohort.zone) if when.offset is not None else anchor
    zone = ZoneInfo(cohort.zone)
    day, usual = wanted.astimezone(zone).date(), meetings[-1].starts_at.astimezone(zone).weekday()
    return local(day + timedelta(days=(usual - day.weekday()) % 7), cohort.program.at, cohort.zone)


def of_cohort(db: Db, cohort: Cohort) -> Session | None:
    return next((one for one in all_of(db, cohort) if one.kind is SessionKind.REUNION), None)


def lay_out(db: Db, cohort: Cohort, *, now: datetime) -> Session | None:
    """The session, once, into the plan and the calendar. None when the program has none, or its time is past."""
    found, at = of_cohort(db, cohort), starts_at(db, cohort)
    if found is not None or at is None or at <= now:
        return found
    taken = {one.key for one in all_of(db, cohort)}
    session = Session(
        cohort_id=cohort.id,
        key="reunion" if "reunion" not in taken else "reunion-after",
        title=TITLE,
        kind=SessionKind.REUNION,
        starts_at=at,
        minutes=sum(one.minutes for one in cohort.program.reunion_agenda),
        place=cohort.program.place or "",
    )
    db.add(session)
    db.flush()
    timetable.enter(db, cohort, now=now)
    touchpoints.reconcile(db, cohort, now=now)
    return session


def close(db: Db, cohort: Cohort, session: Session, *, now: datetime, due: datetime | None = None) -> None:
    """Over: one question to the room, and nobody is called back for it."""
    if not sessions.end(db, session, now=now):
        return
    gatherings.disband(db, f"session:{session.id}/", now=now)
    outbox.announce(
        db,
        cohorts_.room_of(db, cohort),
        "reunion/ask",
        key=f"session:{session.id}/reunion-ask",
        now=now,
        due=due,
        ping=False,
        presses=[press(cohort)],
        program=cohort.name,
    )


def press(cohort: Cohort) -> Press:
    return Press("reunion/open", {"cohort_id": cohort.id})


def is_near(db: Db, cohort: Cohort, *, now: datetime) -> bool:
    session = of_cohort(db, cohort)
    return session is not None and -LOOKED_AT <= now - session.starts_at <= timedelta(days=30)


def tell(db: Db, membership: Membership, words: str, *, share: bool, now: datetime) -> None:
    """Keep what came of it; a second answer replaces the first, none takes it back."""
    words, found = clean(words).strip(), win_of(db, membership)
    if not words:
        if found is not None:
            db.delete(found)
    elif found is None:
        db.add(Win(membership_id=membership.id, words=words, share=share, at=now))
    else:
        found.words, found.share, found.at = words, share, now
    db.flush()


def win_of(db: Db, membership: Membership) -> Win | None:
    return db.exec(select(Win).where(Win.membership_id == membership.id)).one_or_none()


def wins(db: Db, cohort: Cohort) -> list[tuple[Membership, Win]]:
    rows = db.exec(
        select(Membership, Win)
        .join(Win, col(Win.membership_id) == col(Membership.id))
        .where(Membership.cohort_id == cohort.id)
        .order_by(col(Win.id))
    ).all()
    return [(member, win) for member, win in rows]


def back_then(db: Db, cohort: Cohort, membership: Membership) -> list[Fact]:
    """What somebody answered, in words, when they graduated: up to the question whether they would recommend it."""
    mine = answers_of(db, cohort, membership)
    found: list[Fact] = []
    for survey in cohort.program.surveys:
        given = surveys.response(db, membership, survey.key) if survey.when.anchor is Anchor.GRADUATION else None
        for question in _in_words(survey) if given is not None and given.complete else ():
            if answer := given.given.get(question.key) if given is not None else None:
                found.append({"ask": quote(question.ask, mine), "answer": str(answer)})
    return found


def _in_words(survey: Survey) -> Sequence[Question]:
    found = []
    for question in survey.questions:
        if question.kind is QuestionKind.NPS:
            break
        if question.kind in _IN_WORDS:
            found.append(question)
    return found


def goals_and_wins(db: Db, cohort: Cohort) -> list[Fact]:
    """For those who lead: what each set out for, and what they say came of it so far."""
    said = {member.id: win.words for member, win in wins(db, cohort)}
    rows = ((one, goal_of(db, cohort, one), said.get(one.id, "")) for one in present(db, cohort))
    return [{"person": one.ref, "goal": goal, "win": win} for one, goal, win in rows if goal or win]


def table(db: Db, cohort: Cohort) -> tuple[tuple[str, str, str, bool, datetime], ...]:
    """(name, goal, what came of it, whether it may be quoted, when) of everybody who said."""
    found = wins(db, cohort)
    people = people_of(db, [member for member, _ in found])
    return tuple(
        (people[member.id].name, goal_of(db, cohort, member), win.words, win.share, win.at) for member, win in found
    )


TOUCHPOINTS = Source(
    rules=(
        Rule(
            "reunion/day-before",
            on="reunion",
            anchor="start",
            shift="-1d",
            late=timedelta(hours=20),
            switch="reminder_day",
            urgency=Urgency.TODAY,
        ),
        Rule(
            "reunion/brief",
            on="reunion",
            anchor="start",
            shift="-2h",
            late=timedelta(hours=2),
            switch="brief",
            behind=True,
        ),
        Rule(
            "reunion/hour-before",
            on="reunion",
            anchor="start",
            shift="-1h",
            late=timedelta(minutes=50),
            switch="reminder_hour",
        ),
        Rule("reunion/open-doors", on="reunion", anchor="start", late=timedelta(minutes=20), switch="reminder_start"),
        Rule("reunion/begin", on="reunion", anchor="start", shift="5m", late=timedelta(minutes=45)),
        Rule("reunion/close", on="reunion", anchor="end", shift="5m"),
    )
)
