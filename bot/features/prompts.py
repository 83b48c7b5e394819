"""Questions and messages of the program's own."""

from __future__ import annotations

from bot import whose
from bot.ask import Answers, Ask, Asking, Due, Reply, Response
from bot.message import Field, FieldKind
from bot.registry import button, due, form
from cohorts import cohort as cohorts_
from cohorts import prompts
from cohorts.cohort import Cohort
from cohorts.errors import Invalid, Refused, Remark
from cohorts.facts import Markdown
from cohorts.outbox import Press
from cohorts.people import Role


@due("prompts/ask")
def ask_all(due: Due, cohort_id: int, item: str) -> None:
    cohort = due.db.get_one(Cohort, cohort_id)
    prompt = next(one for one in cohort.program.prompts if one.key == item)
    for member in cohorts_.present(due.db, cohort) if cohort.state is cohorts_.CohortState.RUNNING else []:
        due.tell(
            member,
            "prompts/ask",
            presses=[Press("prompts/open", {"cohort_id": cohort.id, "prompt": item}, "primary")],
            ask=prompt.ask,
        )


@button("prompts/open", role=Role.MEMBER)
def open_(ask: Ask, cohort_id: int, prompt: str) -> Response:
    cohort, _ = whose.mine_by_id(ask, cohort_id)
    found = next((one for one in cohort.program.prompts if one.key == prompt), None)
    if found is None:
        raise Refused("commands/gone")
    words = Field("words", FieldKind.PARAGRAPH, found.ask, required=True, max_length=prompts.WORDS)
    return Asking("prompts/answer", [words], args={"cohort_id": cohort.id, "prompt": prompt})


@form("prompts/answer", role=Role.MEMBER)
def answered(ask: Ask, answers: Answers, cohort_id: int, prompt: str) -> Response:
    cohort, membership = whose.mine_by_id(ask, cohort_id)
    words = str(answers.get("words") or "")
    if not words.strip():
        raise Invalid(words=Remark("required"))
    if not any(one.key == prompt for one in cohort.program.prompts):
        raise Refused("commands/gone")
    prompts.answer(ask.db, membership, prompt, words, now=ask.now)
    return Reply("prompts/kept")


@due("prompts/say")
def say(due: Due, cohort_id: int, item: str) -> None:
    """A message of the program's own, to whom the file says."""
    cohort = due.db.get_one(Cohort, cohort_id)
    if not cohort.is_open:
        return
    touchpoint = next(one for one in cohort.program.touchpoints if one.key == item)
    template = touchpoint.template or "prompts/say"
    text = Markdown(touchpoint.text)
    if touchpoint.to == "cohort":
        due.announce(cohort, template, text=text)
    elif touchpoint.to == "facilitators":
        due.tell_facilitators(cohort, template, text=text)
    else:
        for member in prompts.recipients(due.db, cohort, touchpoint, now=due.now):
            due.tell(member, template, text=text)
