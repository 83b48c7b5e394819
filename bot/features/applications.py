"""Applying, and deciding on applications."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot import questions, whose
from bot.ask import Answers, Ask, Asking, Due, Part, Reply, Response
from bot.command_text import Kind
from bot.message import Choice
from bot.registry import Option, button, closed, command, due, form
from cohorts import admission, applications, nominations, starting
from cohorts.applications import Application, ApplicationState, Decision
from cohorts.cohort import Cohort, CohortState, present
from cohorts.errors import Refused, Unclear
from cohorts.facts import Fact
from cohorts.outbox import Press
from cohorts.people import Person, Role
from cohorts.program_answers import Verdict, check_answers
from cohorts.which import recruiting

STYLES = {Decision.ACCEPT: "primary", Decision.WAITLIST: "plain", Decision.DECLINE: "danger"}
SENT = (ApplicationState.ACCEPTED, ApplicationState.DECLINED)  # what a draft in the queue would change
AT_ONCE = 4  # applications that are read together


def open_programs(ask: Ask) -> Sequence[Choice]:
    return [Choice(cohort.handle, cohort.name) for cohort in recruiting(ask.db, ask.place.id, now=ask.now)]


@command(
    "apply",
    help="Apply to a program",
    role=Role.ANYONE,
    options=[Option("program", "Which one", complete=open_programs)],
)
def apply(ask: Ask, program: str | None = None) -> Response:
    return _page(ask, open_cohort(ask, program), 1)


@button("applications/apply", role=Role.ANYONE)
def apply_here(ask: Ask, cohort_id: int) -> Response:
    return _page(ask, _by_id(ask, cohort_id), 1)


@form("applications/apply", role=Role.ANYONE)
def filled(ask: Ask, answers: Answers, cohort_id: int, page: int) -> Response:
    cohort = _by_id(ask, cohort_id)
    applications.welcome_to_apply(ask.db, cohort, ask.person, now=ask.now)
    check_answers(questions.on_page(cohort.program.application.questions, page), answers)
    application = applications.keep(ask.db, cohort, ask.person, answers)
    if page < questions.pages(cohort.program.application.questions):
        return _page(ask, cohort, page + 1)
    cleared = {key: value for key, value in application.given.items() if answers.get(key, value) not in (None, "")}
    application = admission.submit(ask.db, cohort, ask.person, cleared, now=ask.now)
    template = "applications/received" if application.state is ApplicationState.SUBMITTED else "applications/decided"
    return Reply(template, program=cohort.name, answer_by=applications.answer_by(cohort))


@closed("applications/apply", role=Role.ANYONE)
def put_away(ask: Ask, answers: Answers, cohort_id: int, page: int) -> None:
    cohort = _by_id(ask, cohort_id)
    applications.welcome_to_apply(ask.db, cohort, ask.person, now=ask.now)
    applications.keep(ask.db, cohort, ask.person, answers)


def _page(ask: Ask, cohort: Cohort, page: int) -> Asking:
    applications.welcome_to_apply(ask.db, cohort, ask.person, now=ask.now)
    kept = applications.draft(ask.db, cohort, ask.person)
    asked = cohort.program.application.questions
    return Asking(
        "applications/apply",
        questions.fields(questions.on_page(asked, page), kept.given if kept else {}),
        args={"cohort_id": cohort.id, "page": page},
        intro="applications/invitation" if page == 1 else None,
        page=page,
        pages=questions.pages(asked),
        program=cohort.name,
        promise=cohort.program.promise,
        starts=cohort.starts_on,
        closes=cohort.closes_at,
    )


def open_cohort(ask: Ask, wanted: str | None) -> Cohort:
    found = recruiting(ask.db, ask.place.id, now=ask.now)
    if ask.cohort is not None:
        found = [cohort for cohort in found if cohort.id == ask.cohort]
    elif wanted:
        name = wanted.casefold().strip()
        named = [one for one in found if name in (one.handle, one.program_key, one.name.casefold())]
        if not named:
            raise Refused("applications/no-such-program", words=wanted[:100], programs=[one.handle for one in found])
        found = named
    if not found:
        raise Refused("applications/none-open")
    if len(found) > 1:
        raise Unclear(tuple((one.id, f"{one.name} · {one.starts_on:%d %b %Y}") for one in found))
    return found[0]


def _by_id(ask: Ask, cohort_id: int) -> Cohort:
    cohort = ask.db.get(Cohort, cohort_id)
    if cohort is None or cohort.workspace_id != ask.place.id:
        raise Refused("applications/none-open")
    return cohort


@button("applications/withdraw", role=Role.ANYONE)
def withdrawn(ask: Ask, cohort_id: int) -> Reply:
    """What `/cohort leave` offers to those who have only applied."""
    cohort = _by_id(ask, cohort_id)
    application = applications.of_person(ask.db, cohort, ask.person)
    admission.withdraw(ask.db, application, now=ask.now)
    return Reply("applications/withdrawn", replaces=True, program=cohort.name)


@command("program applications", help="Read the applications and draft decisions", role=Role.FACILITATOR)
def queue(ask: Ask) -> Reply:
    return _queue(ask, whose.conducted(ask))


@command(
    "program decide",
    help="Draft one decision, or see and send all drafts",
    role=Role.FACILITATOR,
    options=[
        Option("person", "Who applied", kind=Kind.PERSON),
        Option(
            "decision",
            "accept, waitlist or decline; send tells everyone",
            kind=Kind.CHOICE,
            choices=(*Decision, "send"),
        ),
    ],
)
def decide(ask: Ask, person: Person | None = None, decision: str | None = None) -> Reply:
    cohort = whose.conducted(ask)
    if decision == "send":
        return _send(ask, cohort)
    if person is not None:
        if decision is None:
            raise Refused("applications/decide-how", person=person.ref)
        application = applications.of_person(ask.db, cohort, person)
        admission.decide(ask.db, application, Decision(decision), by=ask.person, now=ask.now)
    return _queue(ask, cohort)


@button("applications/decide", role=Role.FACILITATOR)
def decided(ask: Ask, application_id: int, decision: str) -> Reply:
    application, cohort = applications.reviewable(ask.db, ask.person, application_id)
    if decision not in tuple(Decision):
        raise Refused("commands/gone")
    admission.decide(ask.db, application, Decision(decision), by=ask.person, now=ask.now)
    return _queue(ask, cohort, replaces=True)


@button("applications/send", role=Role.FACILITATOR)
def send(ask: Ask, cohort_id: int) -> Reply:
    return _send(ask, whose.conducted(ask, cohort_id))


def _send(ask: Ask, cohort: Cohort) -> Reply:
    sent = admission.send_decisions(ask.db, cohort, by=ask.person, now=ask.now)
    members, least = len(present(ask.db, cohort)), cohort.program.size.min
    is_open = ask.now < cohort.closes_at  # to launch ends it, and says so
    launched = cohort.state is not CohortState.RECRUITING
    too_few = not launched and members < least and not is_open and not applications.queue(ask.db, cohort)
    launch = [Press("program/launch", {"cohort_id": cohort.id}, "plain" if is_open else "primary")]
    return Reply(
        "applications/sent",
        replaces=True,
        count=len(sent),
        members=members,
        least=least,
        closed=too_few,
        closes=cohort.closes_at if is_open else None,
        launched=launched,
        presses=[] if launched else starting.choices(ask.db, cohort, now=ask.now) if too_few else launch,
    )


def _queue(ask: Ask, cohort: Cohort, *, skip: int = 0, drafted: bool = False, replaces: bool = False) -> Reply:
    """A few at a time, those without a draft first: an application is long, and a message is not."""
    waiting = applications.queue(ask.db, cohort)
    drafts = [application for application in waiting if application.decision is not None]
    undecided = [application for application in waiting if application.decision is None]
    skip = skip if 0 <= skip < len(undecided) else 0
    shown = drafts if drafted or not undecided else undecided[skip : skip + AT_ONCE]
    here: dict[str, str | int | bool] = {"cohort_id": cohort.id}
    words = "send-one" if len(drafts) == 1 else "send"
    following = skip + AT_ONCE
    presses = [
        *([Press("applications/send", here, "primary", words, {"count": len(drafts)})] if drafts else []),
        *([Press("applications/drafts", here)] if drafts and undecided and not drafted else []),
        *([Press("applications/queue", here, words="undecided")] if drafted and undecided else []),
        *(
            [Press("applications/queue", {**here, "skip": following}, words="next")]
            if following < len(undecided) and not drafted
            else []
        ),
    ]
    return Reply(
        "applications/queue",
        replaces=replaces,
        parts=[_card(ask, cohort, application) for application in shown],
        presses=presses,
        program=cohort.name,
        waiting=len(waiting),
        shown=len(shown),
        drafts=len(drafts),
        members=len(present(ask.db, cohort)),
        least=cohort.program.size.min,
        most=cohort.program.size.max,
        answer_by=applications.answer_by(cohort),
    )


def _card(ask: Ask, cohort: Cohort, application: Application) -> Part:
    fit = applications.fit(cohort, application)
    asked = {question.key: question.ask for question in cohort.program.application.questions}
    answers: list[Fact] = [
        {"ask": asked[key], "answer": _spoken(value)} for key, value in application.given.items() if key in asked
    ]
    judged: list[Fact] = [
        {
            "ask": asked.get(one.criterion.question, one.criterion.key),
            "verdict": one.verdict.value,
            "must": one.warns,
        }
        for one in fit.judged
    ]
    return Part(
        "applications/card",
        {
            "person": application.ref,
            "answers": answers,
            "judged": judged,
            "met": sum(one.verdict is Verdict.MET for one in fit.judged),
            "draft": application.decision.value if application.decision else "",
            "sent": application.state.value if application.state in SENT else "",
            "nominated": nominations.told_about(ask.db, cohort, application.person_id),
        },
        [
            Press(
                "applications/decide",
                {"application_id": application.id, "decision": decision.value},
                style=STYLES[decision],
                words=decision.value,
            )
            for decision in Decision
            if decision is not application.decision
        ],
    )


def _spoken(value: object) -> Fact:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return value if isinstance(value, bool) else str(value)


@due("applications/nudge")
def nudge(due: Due, cohort_id: int) -> None:
    """Once, two days before closing, to whoever began an application and did not send it."""
    cohort = due.db.get_one(Cohort, cohort_id)
    for application in applications.half_done(due.db, cohort):
        due.tell_person(
            due.db.get_one(Person, application.person_id),
            "applications/nudge",
            can_wait=True,
            expires=cohort.closes_at,
            about=application.about,
            presses=[Press("applications/apply", {"cohort_id": cohort.id}, "primary")],
            program=cohort.name,
            closes=cohort.closes_at,
        )


@due("applications/daily")
def daily(due: Due, cohort_id: int) -> None:
    """One summary a working day, and none on a day on which nothing came."""
    cohort = due.db.get_one(Cohort, cohort_id)
    new = applications.arrived_since(due.db, cohort, applications.last_summary(cohort, due.due_at))
    waiting = applications.queue(due.db, cohort)
    if not new or not waiting:
        return
    due.tell_facilitators(
        cohort,
        "applications/daily",
        expires=due.due_at + timedelta(hours=23),
        program=cohort.name,
        new=new,
        waiting=len(waiting),
        answer_by=applications.answer_by(cohort),
    )


@due("applications/closed")
def closed_now(due: Due, cohort_id: int) -> None:
    """Applications are closed: those who decide hear how many wait, unless they have begun already."""
    cohort = due.db.get_one(Cohort, cohort_id)
    if cohort.state is not CohortState.RECRUITING:
        return
    waiting = len(applications.queue(due.db, cohort))
    read = Press("applications/queue", {"cohort_id": cohort.id}, "primary")
    if starting.short(due.db, cohort):
        due.tell_facilitators(
            cohort,
            "starting/too-few",
            presses=[*([read] if waiting else []), *starting.choices(due.db, cohort, now=due.now)],
            program=cohort.name,
            waiting=waiting,
            members=len(present(due.db, cohort)),
            least=cohort.program.size.min,
            starts=cohort.opens_at,
        )
        return
    due.tell_facilitators(
        cohort,
        "applications/closed-now",
        presses=[read],
        program=cohort.name,
        waiting=waiting,
        members=len(present(due.db, cohort)),
        least=cohort.program.size.min,
        answer_by=applications.answer_by(cohort),
    )


@button("applications/queue", role=Role.FACILITATOR)
def queue_of(ask: Ask, cohort_id: int, skip: int = 0) -> Reply:
    return _queue(ask, whose.conducted(ask, cohort_id), skip=skip, replaces=skip > 0)


@button("applications/drafts", role=Role.FACILITATOR)
def drafts_of(ask: Ask, cohort_id: int) -> Reply:
    return _queue(ask, whose.conducted(ask, cohort_id), drafted=True, replaces=True)
