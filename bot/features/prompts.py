"""Questions and messages of the program's own."""

from __future__ import annotations

from bot import whose
from bot.ask import Answers, Ask, Asking, Due, Reply, Response
from bot.message import Field, FieldKind
from bot.registry import button, due, form
from cohorts import applications, prompts
from cohorts import cohort as cohorts_
from cohorts.bundling import is_daytime
from cohorts.cohort import Cohort
from cohorts.errors import Invalid, Refused, Remark
from cohorts.facts import Markdown
from cohorts.outbox import Press
from cohorts.people import Person, Role


@due("prompts/ask")
def ask_all(due: Due, cohort_id: int, item: str, membership_id: int | None = None) -> None:
    """Every member; one alone when it hangs on their acceptance."""
    cohort = due.db.get_one(Cohort, cohort_id)
    prompt = next(one for one in cohort.program.prompts if one.key == item)
    members = cohorts_.present(due.db, cohort)
    if membership_id is not None:
        members = [one for one in members if one.id == membership_id]
    elif not cohort.is_open or cohort.state is cohorts_.CohortState.RECRUITING:
        return  # what hangs on the last session may well come when graduates are named already
    for member in members:
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
def say(due: Due, cohort_id: int, item: str, membership_id: int | None = None) -> None:
    """A message of the program's own, to whom the file says; of members, to the one whose acceptance it hangs on."""
    cohort = due.db.get_one(Cohort, cohort_id)
    if not cohort.is_open:
        return
    touchpoint = next(one for one in cohort.program.touchpoints if one.key == item)
    template = touchpoint.template or "prompts/say"
    text = Markdown(touchpoint.text)
    if touchpoint.to == "cohort":
        here = cohorts_.present(due.db, cohort)
        by_day = all(is_daytime(due.now, one.zone) for one in cohorts_.people_of(due.db, here).values())
        due.announce(cohort, template, ping=by_day, text=text)
    elif touchpoint.to == "facilitators":
        due.tell_facilitators(cohort, template, text=text)
    elif touchpoint.to == "applicants":
        for application in applications.waiting(due.db, cohort):
            person = due.db.get_one(Person, application.person_id)
            due.tell_person(person, template, can_wait=True, about=application.about, text=text)
    else:
        for member in prompts.recipients(due.db, cohort, touchpoint, now=due.now):
            if membership_id in (None, member.id):
                due.tell(member, template, text=text)
