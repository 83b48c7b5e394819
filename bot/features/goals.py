"""One's goal: seen, and sharpened in a line or a form. It comes back wherever the program speaks of it."""

from __future__ import annotations

from bot import whose
from bot.ask import Answers, Ask, Asking, Reply, Response
from bot.message import Field, FieldKind
from bot.registry import Option, button, command, form, words
from cohorts import answers, goals
from cohorts.cohort import Cohort, Membership
from cohorts.errors import Invalid, Remark
from cohorts.facts import Fact
from cohorts.outbox import Press
from cohorts.people import Role


@command(
    "cohort goal",
    help="See your goal, or say it sharper",
    role=Role.MEMBER,
    options=[Option("words", "Your goal, in today's words", rest=True)],
)
@words("my goal", "mein ziel", name="goal", role=Role.MEMBER)
def goal(ask: Ask, words: str = "") -> Reply:
    cohort, membership = whose.mine(ask)
    return _kept(ask, cohort, membership, words) if words else _shown(ask, cohort, membership)


def _shown(ask: Ask, cohort: Cohort, membership: Membership) -> Reply:
    """Today's wording first, then how it came to be."""
    first = answers.first_goal(ask.db, cohort, membership)
    before: list[Fact] = [{"words": first, "at": None}] if first else []
    before += [{"words": one.words, "at": one.at} for one in goals.history(ask.db, membership)]
    return Reply(
        "goals/yours",
        program=cohort.name,
        goal=answers.goal_of(ask.db, cohort, membership),
        before=before[:-1][-5:],
        presses=[Press("goals/sharpen", {"cohort_id": cohort.id}, "primary")],
    )


@button("goals/sharpen", role=Role.MEMBER, reads=True)
def sharpen(ask: Ask, cohort_id: int) -> Asking:
    cohort, membership = whose.mine(ask, cohort_id)
    now = answers.goal_of(ask.db, cohort, membership)[: goals.WORDS]
    words = Field("words", FieldKind.PARAGRAPH, "", required=True, max_length=goals.WORDS, value=now or None)
    return Asking("goals/sharpen", [words], args={"cohort_id": cohort.id})


@form("goals/sharpen", role=Role.MEMBER)
def sharpened(ask: Ask, answers: Answers, cohort_id: int) -> Response:
    cohort, membership = whose.mine(ask, cohort_id)
    words = str(answers.get("words") or "")
    if not words.strip():
        raise Invalid(words=Remark("required"))
    if len(words) > goals.WORDS:
        raise Invalid(words=Remark("too-long", limit=goals.WORDS, length=len(words)))
    return _kept(ask, cohort, membership, words)


def _kept(ask: Ask, cohort: Cohort, membership: Membership, words: str) -> Reply:
    goals.sharpen(ask.db, membership, words, now=ask.now)
    return Reply("goals/kept", goal=answers.goal_of(ask.db, cohort, membership))
