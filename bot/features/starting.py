"""Too few applied, or the start must move: applications stay open longer, or everything is postponed by weeks."""

from __future__ import annotations

from bot import whose
from bot.arguments import number
from bot.ask import Answers, Ask, Asking, Reply, Response
from bot.command_text import Kind
from bot.message import Field, FieldKind
from bot.registry import Option, button, command, form
from cohorts import applications, sessions, starting
from cohorts import cohort as cohorts_
from cohorts.cohort import Cohort
from cohorts.errors import Invalid, Refused, Remark
from cohorts.facts import Fact
from cohorts.outbox import Press
from cohorts.people import Role


@command(
    "program extend",
    help="Keep applications open longer",
    role=Role.FACILITATOR,
    options=[Option("weeks", "How many weeks more; one, if left out", kind=Kind.NUMBER)],
)
def extend(ask: Ask, weeks: float = 1) -> Reply:
    return _extend(ask, whose.conducted(ask), _whole(weeks))


@button("starting/extend", role=Role.FACILITATOR)
def extend_pressed(ask: Ask, cohort_id: int) -> Reply:
    return _extend(ask, whose.conducted(ask, cohort_id), 1)


def _extend(ask: Ask, cohort: Cohort, weeks: int) -> Reply:
    closes = starting.extend(ask.db, cohort, weeks, by=ask.person, now=ask.now)
    return Reply(
        "starting/extended-by-you",
        program=cohort.name,
        closes=closes,
        handle=cohort.handle,
        waiting=len(applications.waiting(ask.db, cohort)),
        answer_by=applications.answer_by(cohort),
        presses=[Press("nominations/nominate", {"cohort_id": cohort.id})],
    )


@command(
    "program postpone",
    help="Start later, and move everything with it",
    role=Role.FACILITATOR,
    options=[Option("weeks", "By how many weeks", kind=Kind.NUMBER)],
)
def postpone(ask: Ask, weeks: float | None = None) -> Response:
    cohort = whose.conducted(ask)
    return _asks_by_how_much(ask, cohort) if weeks is None else _confirm(ask, cohort, _whole(weeks))


@button("starting/postpone", role=Role.FACILITATOR)
def postpone_pressed(ask: Ask, cohort_id: int) -> Asking:
    return _asks_by_how_much(ask, whose.conducted(ask, cohort_id))


@form("starting/postpone", role=Role.FACILITATOR)
def filled(ask: Ask, answers: Answers, cohort_id: int) -> Reply:
    weeks = number(answers.get("weeks")) or 0
    if not 1 <= weeks <= starting.MOST_WEEKS:
        raise Invalid(weeks=Remark("out-of-range", low=1, high=starting.MOST_WEEKS))
    return _confirm(ask, whose.conducted(ask, cohort_id), weeks)


@button("starting/postponed", role=Role.FACILITATOR)
def postponed(ask: Ask, cohort_id: int, weeks: int, revision: int) -> Reply:
    cohort = whose.conducted(ask, cohort_id)
    if revision != cohort.revision:
        raise Refused("starting/changed-meanwhile")
    starting.postpone(ask.db, cohort, weeks, by=ask.person, now=ask.now)
    return Reply(
        "starting/postponed-by-you",
        replaces=True,
        program=cohort.name,
        starts=cohort.opens_at,
        members=len(cohorts_.present(ask.db, cohort)),
        waiting=len(applications.waiting(ask.db, cohort)),
    )


def _asks_by_how_much(ask: Ask, cohort: Cohort) -> Asking:
    starting.check_movable(ask.db, cohort, 1, now=ask.now)
    weeks = Field("weeks", FieldKind.NUMBER, "", required=True, value=1)
    return Asking("starting/postpone", [weeks], args={"cohort_id": cohort.id})


def _confirm(ask: Ask, cohort: Cohort, weeks: int) -> Reply:
    starting.check_movable(ask.db, cohort, weeks, now=ask.now)
    moved: list[Fact] = [
        {"title": session.title, "starts": starting.later(cohort, session.starts_at, weeks)}
        for session in sessions.standing(ask.db, cohort)
    ]
    return Reply(
        "starting/postpone-confirm",
        program=cohort.name,
        sessions=moved,
        members=len(cohorts_.present(ask.db, cohort)),
        waiting=len(applications.waiting(ask.db, cohort)),
        presses=[
            Press(
                "starting/postponed",
                {"cohort_id": cohort.id, "weeks": weeks, "revision": cohort.revision},
                "primary",
            )
        ],
    )


def _whole(weeks: float) -> int:
    return int(weeks) if weeks == int(weeks) else 0
