"""Questions and messages of the program's own."""

from __future__ import annotations

from bot import whose
from bot.ask import Answers, Ask, Asking, Due, Reply, Response
from bot.message import Field, FieldKind
from bot.registry import button, due, form
from cohorts import cohort as cohorts_
from cohorts import outbox, people, prompts
from cohorts.cohort import Cohort, Membership
from cohorts.errors import Invalid, Refused, Remark
from cohorts.facts import Markdown
from cohorts.outbox import Press
from cohorts.people import Role


@due("prompts/ask")
def ask_all(due: Due, cohort_id: int, item: str) -> None:
    cohort = due.db.get_one(Cohort, cohort_id)
    prompt = next(one for one in cohort.program.prompts if one.key == item)
    for member in cohorts_.present(due.db, cohort) if cohort.state is cohorts_.CohortState.RUNNING else []:
        outbox.tell(
            due.db,
            cohorts_.person_of(due.db, member),
            "prompts/ask",
            key=f"{due.key}/{member.id}",
            now=due.now,
            due=due.due_at,
            as_=member.hears,
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
        room = cohorts_.room_of(due.db, cohort)
        outbox.announce(due.db, room, template, key=due.key, now=due.now, due=due.due_at, text=text)
        return
    if touchpoint.to == "facilitators":
        for facilitator in people.facilitators(due.db, cohort.workspace_id, cohort.program_key):
            key = f"{due.key}/person:{facilitator.id}"
            outbox.tell(due.db, facilitator, template, key=key, now=due.now, due=due.due_at, text=text)
        return
    for member in prompts.recipients(due.db, cohort, touchpoint, now=due.now):
        _tell(due, cohort, member, template, text)


def _tell(due: Due, cohort: Cohort, member: Membership, template: str, text: Markdown) -> None:
    outbox.tell(
        due.db,
        cohorts_.person_of(due.db, member),
        template,
        key=f"{due.key}/{member.id}",
        now=due.now,
        due=due.due_at,
        as_=member.hears,
        text=text,
    )
