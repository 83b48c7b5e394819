"""Questions to a whole room: asked, voted on, closed. One vote a person, which may change until the end.

How a poll stands is one message in the cohort's room, changed in place: at most one change waits, the newest.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from cohorts import attendance, ballots, chatham, hosting, outbox, poll_words, sessions, steering, touchpoints
from cohorts.cohort import Cohort, membership_of, present, room_of
from cohorts.errors import Refused
from cohorts.facts import Fact, clean
from cohorts.measures import SHOWN_FROM
from cohorts.outbox import About
from cohorts.people import Person, conducts
from cohorts.planning import Occasion, Rule, Source
from cohorts.poll_words import QUESTION as QUESTION
from cohorts.sessions import Session, SessionState
from cohorts.store import Db, json, link, moment
from cohorts.tallies import Result, winner

LASTS = timedelta(hours=24)  # outside of a session
AT_LEAST = timedelta(minutes=10)  # also when the session is nearly over
VOTE = "polls/vote"  # what a vote on the message comes back as


class Poll(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True)
    cohort_id: int = link("cohort.id")
    session_id: int | None = link("session.id", null=True)  # the one it was asked in
    question: str = Field(max_length=QUESTION)
    choices: object = json()
    asked_by_id: int | None = Field(
        default=None, foreign_key="person.id", nullable=True, index=True, ondelete="SET NULL"
    )
    opened_at: datetime = moment()
    ends_at: datetime = moment()
    closed_at: datetime | None = moment(null=True)
    revision: int = Field(default=0)  # of the votes, and of its end
    unnamed: bool = Field(default=False)  # see `ballots`: asked while nobody is named

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(str(one) for one in self.choices) if isinstance(self.choices, list) else ()

    @property
    def about(self) -> About:
        return About("poll", self.id, self.revision)

    def is_open(self, now: datetime) -> bool:
        return self.closed_at is None and now < self.ends_at


class Vote(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("poll_id", "person_id"),)
    id: int = Field(default=None, primary_key=True)
    poll_id: int = link("poll.id", index=False)
    person_id: int = link("person.id")
    choice: int  # counted from 0
    at: datetime = moment()


# Asking and ending.


def open_poll(
    db: Db,
    cohort: Cohort,
    question: str,
    choices: Sequence[str],
    *,
    by: Person | None,
    now: datetime,
    ends: datetime | None = None,
) -> Poll:
    """Ask the cohort's room. Unless told otherwise it ends with the session that is on, else a day later."""
    if not sessions.is_expected(cohort):
        raise Refused("program/not-launched", program=cohort.name)
    question, choices = " ".join(clean(question).split()), poll_words.tidy(choices)
    poll_words.check(question, choices)
    session = running(db, cohort)
    poll = Poll(
        cohort_id=cohort.id,
        session_id=session.id if session is not None else None,
        question=question,
        choices=list(choices),
        asked_by_id=by.id if by is not None else None,
        opened_at=now,
        ends_at=ends or _end(session, now),
        unnamed=session is not None and chatham.is_on(db, session, now),
    )
    db.add(poll)
    db.flush()
    outbox.announce(
        db,
        room_of(db, cohort),
        "polls/poll",
        key=_key(poll),
        now=now,
        expires=poll.ends_at,
        ping=session is None,  # in a session everybody is there
        question=question,
        ends=poll.ends_at,
        unnamed=poll.unnamed,
        poll=_drawn(db, poll),
    )
    touchpoints.reconcile(db, cohort, now=now, of=TOUCHPOINTS)
    return poll


def running(db: Db, cohort: Cohort) -> Session | None:
    """The session that is on."""
    return next((one for one in sessions.standing(db, cohort) if one.state is SessionState.LIVE), None)


def _end(session: Session | None, now: datetime) -> datetime:
    return max(session.ends_at, now + AT_LEAST) if session is not None else now + LASTS


def close(db: Db, cohort: Cohort, poll: Poll, *, now: datetime, due: datetime | None = None) -> Result:
    """For good, once: the message in the room says what it came to."""
    result = winner(counts(db, poll))
    if poll.closed_at is not None:
        return result
    poll.closed_at = due or now
    ballots.forget_voters(db, poll.id)
    _changed(db, poll)
    outbox.edit(
        db,
        _key(poll),
        "polls/result",
        key=f"{_key(poll)}/r{poll.revision}",
        now=now,
        about=poll.about,
        question=poll.question,
        poll=_drawn(db, poll),
        opens=_opens(db, cohort, poll, result),
        more=told(poll, result),
    )
    touchpoints.reconcile(db, cohort, now=now, of=TOUCHPOINTS)
    return result


def reschedule(db: Db, cohort: Cohort, poll: Poll, *, ends: datetime, now: datetime) -> None:
    poll.ends_at = ends
    _changed(db, poll)
    _redraw(db, poll, now)
    touchpoints.reconcile(db, cohort, now=now, of=TOUCHPOINTS)


def _opens(db: Db, cohort: Cohort, poll: Poll, result: Result) -> str:
    if poll.session_id is None or result.choice is None:
        return ""
    session = db.get_one(Session, poll.session_id)
    return steering.opens(db, cohort, session, poll.question, poll.labels[result.choice])


# Voting.


def vote(db: Db, poll: Poll, person: Person, choice: int, *, now: datetime, shown: bool = False) -> bool:
    """Whether it changed anything. `shown`: the platform counts it before everybody's eyes by itself.

    Who votes in a session that is on, is there.
    """
    cohort = _may_vote(db, poll, person, now)
    if not 0 <= choice < len(poll.labels):
        raise Refused("commands/gone")
    if poll.unnamed:
        if not ballots.cast(db, poll.id, person.id, choice):
            raise Refused("polls/stands", question=poll.question)
        _seen(db, cohort, poll, person, now)
        return True  # nothing is drawn: how it stands after each vote would tell whose it was
    given = _given(db, poll, person)
    if given is not None and given.choice == choice:
        return False
    if given is None:
        db.add(Vote(poll_id=poll.id, person_id=person.id, choice=choice, at=now))
    else:
        given.choice, given.at = choice, now
    _seen(db, cohort, poll, person, now)
    _changed(db, poll)
    if not shown:
        _redraw(db, poll, now)
    return True


def unvote(
    db: Db, poll: Poll, person: Person, *, now: datetime, choice: int | None = None, shown: bool = False
) -> bool:
    """Take a vote back; with a `choice` only if it was for that one. Whether there was one."""
    _may_vote(db, poll, person, now)
    if poll.unnamed:
        raise Refused("polls/stands", question=poll.question)
    given = _given(db, poll, person)
    if given is None or choice not in (None, given.choice):
        return False
    db.delete(given)
    _changed(db, poll)
    if not shown:
        _redraw(db, poll, now)
    return True


def _may_vote(db: Db, poll: Poll, person: Person, now: datetime) -> Cohort:
    cohort = db.get_one(Cohort, poll.cohort_id)
    if not _takes_part(db, cohort, person):
        raise Refused("polls/not-here")
    if not poll.is_open(now):
        raise Refused("polls/over", question=poll.question)
    return cohort


def _takes_part(db: Db, cohort: Cohort, person: Person) -> bool:
    if person.workspace_id != cohort.workspace_id:
        return False
    return any(one.person_id == person.id for one in present(db, cohort)) or conducts(db, person, cohort.program_key)


def _given(db: Db, poll: Poll, person: Person) -> Vote | None:
    return db.exec(_vote(), params={"poll": poll.id, "person": person.id}).one_or_none()


@cache
def _vote() -> SelectOfScalar[Vote]:
    return select(Vote).where(col(Vote.poll_id) == sa.bindparam("poll"), col(Vote.person_id) == sa.bindparam("person"))


def _seen(db: Db, cohort: Cohort, poll: Poll, person: Person, now: datetime) -> None:
    session = db.get(Session, poll.session_id) if poll.session_id is not None else None
    member = membership_of(db, cohort, person)
    if session is not None and session.state is SessionState.LIVE and member is not None:
        attendance.seen(db, session, member, "vote", now=now)


# How it stands.


def counts(db: Db, poll: Poll) -> tuple[int, ...]:
    """Votes by choice."""
    db.flush()
    if poll.unnamed:
        tallied = ballots.counts(db, poll.id)
        return tuple(tallied.get(number, 0) for number in range(len(poll.labels)))
    query = sa.select(col(Vote.choice), sa.func.count()).where(col(Vote.poll_id) == poll.id).group_by(col(Vote.choice))
    found = {int(choice): int(count) for choice, count in db.execute(query).all()}
    return tuple(found.get(number, 0) for number in range(len(poll.labels)))


def is_hidden(poll: Poll, counts: Sequence[int]) -> bool:
    """Without names, numbers are told at the end, and only if there are enough that they tell nothing of anybody."""
    return poll.unnamed and (poll.closed_at is None or sum(counts) < SHOWN_FROM)


def told(poll: Poll, result: Result) -> dict[str, Fact]:
    """What a poll came to, as facts."""
    hidden = is_hidden(poll, result.counts)
    return {
        "choice": poll.labels[result.choice] if result.choice is not None else "",
        "hidden": hidden,
        "votes": 0 if hidden else result.votes,
        "everyone": 0 if hidden else sum(result.counts),
        "tied": [] if hidden else [poll.labels[number] for number in result.tied],
    }


def _key(poll: Poll) -> str:
    return f"poll:{poll.id}"


def _changed(db: Db, poll: Poll) -> None:
    """Changes of the message that have not left yet say nothing any more."""
    poll.revision += 1
    db.flush()
    outbox.withdraw(db, poll.about, reason="somebody voted since")


def _redraw(db: Db, poll: Poll, now: datetime) -> None:
    outbox.edit(
        db,
        _key(poll),
        "polls/poll",
        key=f"{_key(poll)}/r{poll.revision}",
        now=now,
        about=poll.about,
        question=poll.question,
        ends=poll.ends_at,
        unnamed=poll.unnamed,
        poll=_drawn(db, poll),
    )


def _drawn(db: Db, poll: Poll) -> dict[str, Fact]:
    """The poll itself in its message, for the platform to draw."""
    found = counts(db, poll)
    hidden = is_hidden(poll, found)
    return {
        "name": VOTE,
        "args": {"poll_id": poll.id},
        "question": poll.question,
        "choices": list(poll.labels),
        "counts": [0] * len(found) if hidden else list(found),
        "ends": poll.ends_at,
        "closed": poll.closed_at is not None,
        "unnamed": poll.unnamed,
        "hidden": hidden,
    }


# Which one.


def get(db: Db, poll_id: int) -> tuple[Poll, Cohort]:
    """For due work, which is about nobody's rights."""
    poll = db.get_one(Poll, poll_id)
    return poll, db.get_one(Cohort, poll.cohort_id)


def votable(db: Db, person: Person, poll_id: int) -> Poll:
    """A poll of a cohort that somebody takes part in or conducts."""
    poll = db.get(Poll, poll_id)
    if poll is None or not _takes_part(db, db.get_one(Cohort, poll.cohort_id), person):
        raise Refused("polls/not-here")
    return poll


def conducted(db: Db, person: Person, poll_id: int) -> tuple[Poll, Cohort]:
    """A poll of a program that somebody conducts, in their own workspace."""
    poll = db.get(Poll, poll_id)
    cohort = db.get_one(Cohort, poll.cohort_id) if poll is not None else None
    if poll is None or cohort is None or cohort.workspace_id != person.workspace_id:
        raise Refused("polls/not-here")
    asked_in = db.get(Session, poll.session_id) if poll.session_id is not None else None
    hosts = asked_in is not None and hosting.leads(db, cohort, asked_in, person)
    if not hosts and not conducts(db, person, cohort.program_key):
        raise Refused("polls/not-here")
    return poll, cohort


def the_open(db: Db, cohort: Cohort, *, now: datetime) -> Poll:
    """The newest that still takes votes; refused when there is none."""
    found = next((one for one in reversed(all_of(db, cohort)) if one.is_open(now)), None)
    if found is None:
        raise Refused("polls/none-open", program=cohort.name)
    return found


def choice_of(poll: Poll, words: str) -> int:
    """The choice somebody means: by its words, its number counted from 1, or its beginning."""
    said = " ".join(clean(words).split()).casefold()
    labels = [label.casefold() for label in poll.labels]
    if said in labels:
        return labels.index(said)
    if said.isascii() and said.isdigit() and 1 <= int(said[:3]) <= len(labels):
        return int(said[:3]) - 1
    begun = [number for number, label in enumerate(labels) if said and label.startswith(said)]
    if len(begun) != 1:
        raise Refused("polls/no-such-choice", question=poll.question, choices=list(poll.labels))
    return begun[0]


def all_of(db: Db, cohort: Cohort) -> list[Poll]:
    return list(db.exec(_polls(), params={"cohort": cohort.id}).all())


@cache
def _polls() -> SelectOfScalar[Poll]:
    return select(Poll).where(col(Poll.cohort_id) == sa.bindparam("cohort")).order_by(col(Poll.id))


def closed_since(db: Db, cohort: Cohort, since: datetime) -> list[Poll]:
    return [one for one in all_of(db, cohort) if one.closed_at is not None and one.closed_at >= since]


def _occasions(db: Db, cohort: Cohort) -> list[Occasion]:
    return [Occasion("poll", one.id, 0, {"end": one.ends_at}) for one in all_of(db, cohort) if one.closed_at is None]


TOUCHPOINTS = Source(occasions=_occasions, rules=(Rule("polls/close", on="poll", anchor="end", behind=True),))
