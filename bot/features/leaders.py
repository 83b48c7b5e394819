"""The leader's letter: shown as it will read, approved by a button, worded anew in a form."""

from __future__ import annotations

from bot.ask import Answers, Ask, Asking, Due, Reply
from bot.message import Field, FieldKind
from bot.registry import button, due, form, words
from cohorts import graduation, leaders
from cohorts.cohort import Cohort
from cohorts.errors import Invalid, Remark
from cohorts.leaders import Signed
from cohorts.people import Role


@due("leaders/ask")
def ask_for_it(due: Due, cohort_id: int) -> None:
    """When the cohort is opened, so that there is time to find the words."""
    leaders.ask(due.db, due.db.get_one(Cohort, cohort_id), now=due.now, due=due.due_at)


@due("leaders/two-weeks")
@due("leaders/two-days")
def warn(due: Due, cohort_id: int) -> None:
    """The owner hears of a letter that nobody has approved yet."""
    cohort = due.db.get_one(Cohort, cohort_id)
    letter = leaders.letter_of(due.db, cohort)
    if letter is None or leaders.approved(due.db, cohort) is not None:
        return
    for owner in leaders.owners(due.db, cohort):
        due.tell_person(
            owner,
            "leaders/unapproved",
            presses=leaders.presses(cohort, letter),
            more=leaders.facts_for(due.db, cohort, letter, owner),
            named=graduation.named_at(due.db, cohort),
        )


@words("the letter", "my letter", name="letter", role=Role.ANYONE)
def asked_for(ask: Ask) -> Reply:
    cohort, letter = leaders.reviewable(ask.db, ask.person, leaders.waiting(ask.db, ask.person).id)
    return _shown(ask, cohort, letter)


def _shown(ask: Ask, cohort: Cohort, letter: Signed) -> Reply:
    done = leaders.approved(ask.db, cohort) is not None
    return Reply(
        "leaders/letter",
        presses=leaders.presses(cohort, letter)[1:] if done else leaders.presses(cohort, letter),
        more=leaders.facts_for(ask.db, cohort, letter, ask.person),
    )


@button("leaders/approve", role=Role.ANYONE)
def approve(ask: Ask, cohort_id: int, mark: str) -> Reply:
    cohort, _ = leaders.reviewable(ask.db, ask.person, cohort_id)
    leaders.approve(ask.db, cohort, mark, by=ask.person, now=ask.now)
    return Reply("leaders/approved", program=cohort.name, named=graduation.named_at(ask.db, cohort))


@button("leaders/change", role=Role.ANYONE)
def change(ask: Ask, cohort_id: int) -> Asking:
    cohort, letter = leaders.reviewable(ask.db, ask.person, cohort_id)
    field = Field(
        "words",
        FieldKind.PARAGRAPH,
        "",
        required=True,
        max_length=leaders.WORDS,
        value=letter.words[: leaders.WORDS],
    )
    return Asking("leaders/reword", [field], args={"cohort_id": cohort.id})


@form("leaders/reword", role=Role.ANYONE)
def reworded(ask: Ask, answers: Answers, cohort_id: int) -> Reply:
    cohort, _ = leaders.reviewable(ask.db, ask.person, cohort_id)
    written = str(answers.get("words") or "")
    if not written.strip():
        raise Invalid(words=Remark("required"))
    if len(written) > leaders.WORDS:
        raise Invalid(words=Remark("too-long", limit=leaders.WORDS, length=len(written)))
    return _shown(ask, cohort, leaders.reword(ask.db, cohort, written, by=ask.person, now=ask.now))
