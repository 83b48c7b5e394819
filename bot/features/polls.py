"""Polls: asked in the room, voted on by everybody in it, closed by hand or when their time is over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from bot import whose
from bot.ask import Answers, Ask, Asking, Due, Part, Reply, Response
from bot.message import Choice, Field, FieldKind
from bot.registry import Option, button, command, digest_line, due, export, form, vote, words
from bot.sheets import Sheet
from cohorts import polls, steering, tallies
from cohorts.cohort import Cohort, room_of
from cohorts.errors import Invalid, Refused
from cohorts.facts import Fact
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.polls import Poll
from cohorts.store import Db


@command(
    "session poll",
    help="Ask the room a question to vote on",
    role=Role.HOST,
    options=[
        Option("question", "What you ask", rest=True),
        Option("choices", "What one can choose, with commas between"),
    ],
)
def ask_room(ask: Ask, question: str = "", choices: str = "") -> Response:
    """A form for what is missing, or doesn't fit."""
    cohort = whose.on_stage(ask)
    if not (question or choices):
        question, choices = _planned(ask, cohort)
        return _form(cohort, question, choices)
    if not (question and choices):
        return _form(cohort, question, choices)
    try:
        return _opened(ask, cohort, question, choices)
    except Invalid:
        return _form(cohort, question, choices)


@button("polls/ask", role=Role.HOST)
def ask_another(ask: Ask, cohort_id: int) -> Asking:
    cohort = whose.on_stage(ask, cohort_id)
    return _form(cohort, *_planned(ask, cohort))


def _planned(ask: Ask, cohort: Cohort) -> tuple[str, str]:
    """The poll that the run of show has next, if a session is on: to be asked as it is, or changed."""
    session = polls.running(ask.db, cohort)
    asked = {one.question for one in polls.all_of(ask.db, cohort)}
    segment = steering.planned(cohort, session, asked) if session is not None else None
    return (segment.prompt, "\n".join(segment.choices)) if segment is not None else ("", "")


def _form(cohort: Cohort, question: str = "", choices: str = "") -> Asking:
    return Asking(
        "polls/ask",
        [
            Field(
                "question",
                FieldKind.LINE,
                "",
                required=True,
                max_length=polls.QUESTION,
                value=question[: polls.QUESTION] or None,
            ),
            Field("choices", FieldKind.PARAGRAPH, "", required=True, value="\n".join(_listed(choices)) or None),
        ],
        args={"cohort_id": cohort.id},
    )


@form("polls/ask", role=Role.HOST)
def asked(ask: Ask, answers: Answers, cohort_id: int) -> Reply:
    cohort = whose.on_stage(ask, cohort_id)
    return _opened(ask, cohort, str(answers.get("question") or ""), str(answers.get("choices") or ""))


def _opened(ask: Ask, cohort: Cohort, question: str, choices: str) -> Reply:
    poll = polls.open_poll(ask.db, cohort, question, _listed(choices), by=ask.person, now=ask.now)
    return Reply(
        "polls/opened",
        presses=[Press("polls/close", {"poll_id": poll.id})],
        room=room_of(ask.db, cohort).ref,
        ends=poll.ends_at,
    )


def _listed(choices: str) -> list[str]:
    """One a line; on a single line, with commas or semicolons between."""
    parts = choices.splitlines() if "\n" in choices.strip() else re.split(r"[,;]", choices)
    return [one.strip() for one in parts if one.strip()]


@command("session close-poll", help="Close the poll that is open", role=Role.HOST)
def close(ask: Ask) -> Reply:
    cohort = whose.on_stage(ask)
    return _closed(ask, cohort, polls.the_open(ask.db, cohort, now=ask.now))


@button("polls/close", role=Role.HOST)
def close_pressed(ask: Ask, poll_id: int) -> Reply:
    poll, cohort = polls.conducted(ask.db, ask.person, poll_id)
    return _closed(ask, cohort, poll)


def _closed(ask: Ask, cohort: Cohort, poll: Poll) -> Reply:
    result = polls.close(ask.db, cohort, poll, now=ask.now)
    return Reply(
        "polls/closed",
        replaces=True,
        presses=[Press("polls/ask", {"cohort_id": cohort.id})],
        question=poll.question,
        more=polls.told(poll, result),
    )


@due("polls/close")
def close_by_itself(due: Due, poll_id: int) -> None:
    poll, cohort = polls.get(due.db, poll_id)
    polls.close(due.db, cohort, poll, now=due.now, due=due.due_at)


# Votes.


@button(polls.VOTE, role=Role.ANYONE)
def vote_pressed(ask: Ask, poll_id: int, choice: int) -> Reply:
    return _voted(ask, polls.votable(ask.db, ask.person, poll_id), choice)


@vote(polls.VOTE, role=Role.ANYONE)
def vote_heard(ask: Ask, poll_id: int, choice: int, taken_back: bool) -> None:
    """In a poll of the platform's own, which shows by itself how it stands."""
    poll = polls.votable(ask.db, ask.person, poll_id)
    if taken_back:
        polls.unvote(ask.db, poll, ask.person, choice=choice, now=ask.now, shown=True)
    else:
        polls.vote(ask.db, poll, ask.person, choice, now=ask.now, shown=True)


def _choices(ask: Ask) -> Sequence[Choice]:
    poll = polls.the_open(ask.db, whose.mine(ask)[0], now=ask.now)
    return [Choice(label, label) for label in poll.labels]


@command(
    "cohort vote",
    help="Vote in the poll that is open",
    role=Role.MEMBER,
    options=[Option("choice", "Your choice, or its number", required=True, rest=True, complete=_choices)],
)
def vote_typed(ask: Ask, choice: str) -> Reply:
    cohort, _ = whose.mine(ask)
    poll = polls.the_open(ask.db, cohort, now=ask.now)
    return _voted(ask, poll, polls.choice_of(poll, choice))


def _voted(ask: Ask, poll: Poll, choice: int) -> Reply:
    polls.vote(ask.db, poll, ask.person, choice, now=ask.now)
    if poll.unnamed:
        return Reply("polls/voted-unnamed", question=poll.question)
    return Reply(
        "polls/voted",
        presses=[Press("polls/take-back", {"poll_id": poll.id})],
        question=poll.question,
        choice=poll.labels[choice],
        ends=poll.ends_at,
    )


@button("polls/take-back", role=Role.ANYONE)
def take_back_pressed(ask: Ask, poll_id: int) -> Reply:
    return _taken_back(ask, polls.votable(ask.db, ask.person, poll_id))


@words("take my vote back", "take back my vote", name="take vote back", role=Role.MEMBER)
def take_back_said(ask: Ask) -> Reply:
    cohort, _ = whose.mine(ask)
    return _taken_back(ask, polls.the_open(ask.db, cohort, now=ask.now))


def _taken_back(ask: Ask, poll: Poll) -> Reply:
    if not polls.unvote(ask.db, poll, ask.person, now=ask.now):
        raise Refused("polls/no-vote", question=poll.question)
    return Reply("polls/taken-back", replaces=True, question=poll.question, ends=poll.ends_at)


# Where many features show.


@digest_line("polls")
def digest(db: Db, cohort: Cohort, since: datetime, now: datetime) -> Part | None:
    found: list[Fact] = [
        {"question": one.question, **polls.told(one, tallies.winner(polls.counts(db, one)))}
        for one in polls.closed_since(db, cohort, since)
    ]
    return Part("polls/digest", {"asked": found}) if found else None


@export("polls")
def rows(db: Db, cohort: Cohort) -> Sheet:
    """What was asked and how many chose what; who voted for what stays theirs."""
    made = [
        (poll.question, poll.opened_at, poll.closed_at, label, None if polls.is_hidden(poll, counts) else count)
        for poll in polls.all_of(db, cohort)
        for counts in (polls.counts(db, poll),)
        for label, count in zip(poll.labels, counts, strict=True)
    ]
    return Sheet("polls", ("question", "opened_at", "closed_at", "choice", "votes"), tuple(made))
