"""Questions and messages of the program's own, and the questions of those who conduct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import time

from bot import whose
from bot.ask import Answers, Ask, Asking, Due, Part, Reply, Response
from bot.command_text import Kind
from bot.message import Field, FieldKind
from bot.registry import Option, button, command, due, form
from cohorts import applications, prompts, sessions
from cohorts import cohort as cohorts_
from cohorts.answers import quoted
from cohorts.cohort import Cohort, Membership
from cohorts.errors import Invalid, Refused, Remark
from cohorts.facts import Fact, Markdown
from cohorts.outbox import Press
from cohorts.people import Person, Role
from cohorts.program_answers import quote, quotes_of
from cohorts.program_kinds import SessionKind, Urgency
from cohorts.program_parts import ProgramTouchpoint
from cohorts.prompts import OwnPrompt

MORNING = time(10, 0)  # of a day that names no hour
SHOWN, MOST = 3, 15  # questions, and answers to each


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
    following = sessions.next_meeting(due.db, cohort, now=due.now)
    again = following is not None and following.kind is not SessionKind.REUNION
    for member in members:
        due.tell(
            member,
            "prompts/ask",
            presses=[Press("prompts/open", {"cohort_id": cohort.id, "prompt": item}, "primary")],
            ask=quote(prompt.ask, quoted(due.db, cohort, member)),
            again=again,
        )


@command(
    "program prompt",
    help="Ask everybody a question of your own, now or later; see the answers",
    role=Role.FACILITATOR,
    options=[
        Option("when", "When, such as thu 10:00; now when left out", kind=Kind.MOMENT),
        Option("question", "What you ask", rest=True),
    ],
)
def ask_own(ask: Ask, when: str = "", question: str = "") -> Response:
    cohort = whose.conducted(ask)
    if not question:
        return _so_far(ask, cohort)
    return _put(ask, cohort, question, when)


def _put(ask: Ask, cohort: Cohort, question: str, when: str) -> Reply:
    at = whose.moment(ask, when, zone=cohort.zone, at=MORNING) if when else ask.now
    prompt = prompts.put(ask.db, cohort, question, due_at=at, by=ask.person, now=ask.now)
    members = len(cohorts_.present(ask.db, cohort))
    return Reply("prompts/put", question=prompt.ask, starts=prompt.due_at, later=at > ask.now, members=members)


def _so_far(ask: Ask, cohort: Cohort) -> Reply:
    """The last few questions with their answers."""
    parts = []
    for one in prompts.own(ask.db, cohort)[-SHOWN:]:
        said: list[Fact] = [
            {"person": member.ref, "words": text} for member, text in prompts.answers(ask.db, cohort, one.key)[-MOST:]
        ]
        parts.append(Part("prompts/answers", {"question": one.ask, "said": said}))
    return Reply(
        "prompts/own",
        program=cohort.name,
        asked=len(parts),
        parts=parts,
        presses=[Press("prompts/put", {"cohort_id": cohort.id}, "primary")],
    )


@button("prompts/put", role=Role.FACILITATOR, reads=True)
def put_pressed(ask: Ask, cohort_id: int) -> Asking:
    cohort = whose.conducted(ask, cohort_id)
    return Asking(
        "prompts/put",
        [
            Field("question", FieldKind.PARAGRAPH, "", required=True, max_length=prompts.ASK),
            Field("when", FieldKind.LINE, "", max_length=100),
        ],
        args={"cohort_id": cohort.id},
    )


@form("prompts/put", role=Role.FACILITATOR)
def put_filled(ask: Ask, answers: Answers, cohort_id: int) -> Reply:
    cohort = whose.conducted(ask, cohort_id)
    question, when = (str(answers.get(key) or "").strip() for key in ("question", "when"))
    if not question:
        raise Invalid(question=Remark("required"))
    if len(question) > prompts.ASK:
        raise Invalid(question=Remark("too-long", limit=prompts.ASK, length=len(question)))
    try:
        return _put(ask, cohort, question, when)
    except Refused as refused:
        if refused.reason.startswith("dates/"):
            raise Invalid(when=Remark("not-a-time")) from None
        raise


@due("prompts/own")
def ask_all_own(due: Due, prompt_id: int) -> None:
    prompt = due.db.get_one(OwnPrompt, prompt_id)
    cohort = due.db.get_one(Cohort, prompt.cohort_id)
    for member in cohorts_.present(due.db, cohort) if sessions.is_expected(cohort) else []:
        due.tell(
            member,
            "prompts/ask-own",
            presses=[Press("prompts/open", {"cohort_id": cohort.id, "prompt": prompt.key}, "primary")],
            ask=prompt.ask,
        )


@button("prompts/open", role=Role.MEMBER)
def open_(ask: Ask, cohort_id: int, prompt: str) -> Response:
    cohort, membership = whose.mine(ask, cohort_id)
    found = prompts.find(ask.db, cohort, prompt)
    if found is None:
        raise Refused("commands/gone")
    own = isinstance(found, OwnPrompt)
    asked = found.ask if own else quote(found.ask, quoted(ask.db, cohort, membership))
    words = Field("words", FieldKind.PARAGRAPH, asked, required=True, max_length=prompts.WORDS)
    return Asking("prompts/answer", [words], args={"cohort_id": cohort.id, "prompt": prompt})


@form("prompts/answer", role=Role.MEMBER)
def answered(ask: Ask, answers: Answers, cohort_id: int, prompt: str) -> Response:
    cohort, membership = whose.mine(ask, cohort_id)
    words = str(answers.get("words") or "")
    if not words.strip():
        raise Invalid(words=Remark("required"))
    if prompts.find(ask.db, cohort, prompt) is None:
        raise Refused("commands/gone")
    prompts.answer(ask.db, membership, prompt, words, now=ask.now)
    following = sessions.next_meeting(ask.db, cohort, now=ask.now)
    return Reply("prompts/kept", again=following is not None and following.kind is not SessionKind.REUNION)


@due("prompts/say")
def say(due: Due, cohort_id: int, item: str, membership_id: int | None = None) -> None:
    """A message of the program's own, to whom the file says; of members, to the one whose acceptance it hangs on."""
    cohort = due.db.get_one(Cohort, cohort_id)
    if not cohort.is_open:
        return
    touchpoint = next(one for one in cohort.program.touchpoints if one.key == item)
    template = touchpoint.template or "prompts/say"
    if touchpoint.to == "cohort":
        ping = prompts.rings(due.db, cohort, touchpoint, now=due.now)
        due.announce(cohort, template, ping=ping, text=Markdown(touchpoint.text))
    elif touchpoint.to == "facilitators":
        can_wait = touchpoint.urgency is not Urgency.NOW
        due.tell_facilitators(cohort, template, can_wait=can_wait, text=Markdown(touchpoint.text))
    elif touchpoint.to == "applicants":
        for application in applications.waiting(due.db, cohort):
            person = due.db.get_one(Person, application.person_id)
            text = _quoting(touchpoint.text, application.given)
            due.tell_person(person, template, can_wait=True, about=application.about, text=text)
    else:
        for member in prompts.recipients(due.db, cohort, touchpoint, now=due.now):
            if membership_id in (None, member.id):
                _say_to(due, cohort, member, touchpoint, template)


def _say_to(due: Due, cohort: Cohort, member: Membership, touchpoint: ProgramTouchpoint, template: str) -> None:
    text = _quoting(touchpoint.text, quoted(due.db, cohort, member))
    if due.turns is None:
        zone = cohorts_.person_of(due.db, member).zone
        at = prompts.heard_at(touchpoint, zone, cohort, due=due.due_at, now=due.now)
        if at is None:
            return
        due = replace(due, turns={member.id: at}) if at > due.now else due
    due.tell(member, template, text=text)


def _quoting(text: str, answers: Mapping[str, object]) -> Markdown:
    return Markdown(text, quotes_of(text, answers))
