"""Surveys of the program, asked by themselves and answered in a form."""

from __future__ import annotations

from bot import questions, whose
from bot.ask import Answers, Ask, Asking, Due, Reply, Response
from bot.registry import button, closed, due, form, words
from cohorts import before_after, debriefs, surveys
from cohorts import cohort as cohorts_
from cohorts.answers import answers_of, quoted
from cohorts.cohort import Cohort, Membership
from cohorts.errors import Refused
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.program_answers import check_answers
from cohorts.program_parts import Survey


@due("surveys/ask")
def ask_all(due: Due, cohort_id: int, item: str, membership_id: int | None = None) -> None:
    """Everyone it is for; one member alone when it hangs on their acceptance."""
    cohort = due.db.get_one(Cohort, cohort_id)
    survey = surveys.plan_of(cohort, item)
    if membership_id is None and debriefs.FOR in survey.audience:
        _ask_those_who_conduct(due, cohort, survey)
    for member in cohorts_.present(due.db, cohort):
        if membership_id not in (None, member.id):
            continue
        given = surveys.response(due.db, member, survey.key)
        meant = cohort.program.is_for(survey.audience, answers_of(due.db, cohort, member))
        if not meant or (given is not None and given.complete):
            continue
        due.tell(
            member,
            "surveys/ask",
            presses=[Press("surveys/open", {"cohort_id": cohort.id, "survey": survey.key}, "primary")],
            program=cohort.name,
            name=survey.name,
            count=len(survey.questions),
            graduated=cohort.state is cohorts_.CohortState.GRADUATED,
        )


def _ask_those_who_conduct(due: Due, cohort: Cohort, survey: Survey) -> None:
    """Once, by their day, with the first of the members' turns."""
    due.tell_facilitators(
        cohort,
        "surveys/ask",
        can_wait=True,
        presses=[Press("debriefs/open", {"cohort_id": cohort.id, "survey": survey.key}, "primary")],
        program=cohort.name,
        name=survey.name,
        count=len(survey.questions),
        graduated=cohort.state is cohorts_.CohortState.GRADUATED,
    )


@words("survey", "umfrage", name="survey", role=Role.MEMBER)
def asked_for(ask: Ask) -> Response:
    """The survey that was sent last and has no answer yet."""
    cohort, membership = whose.mine(ask)
    waiting = surveys.waiting(ask.db, cohort, membership)
    if waiting is None:
        raise Refused("surveys/none-open", program=cohort.name)
    return _page(ask, cohort, membership, waiting.key, 1)


@button("surveys/open", role=Role.MEMBER)
def open_(ask: Ask, cohort_id: int, survey: str) -> Response:
    cohort, membership = whose.mine(ask, cohort_id)
    return _page(ask, cohort, membership, survey, 1)


def _page(ask: Ask, cohort: Cohort, membership: Membership, key: str, page: int) -> Asking:
    survey = surveys.plan_of(cohort, key)
    given = surveys.response(ask.db, membership, key)
    return Asking(
        "surveys/answer",
        questions.fields(
            questions.on_page(survey.questions, page),
            given.given if given else {},
            quoted(ask.db, cohort, membership),
        ),
        args={"cohort_id": cohort.id, "survey": key, "page": page},
        title=survey.name or None,
        page=page,
        pages=questions.pages(survey.questions),
    )


@form("surveys/answer", role=Role.MEMBER)
def answered(ask: Ask, answers: Answers, cohort_id: int, survey: str, page: int) -> Response:
    cohort, membership = whose.mine(ask, cohort_id)
    plan = surveys.plan_of(cohort, survey)
    check_answers(questions.on_page(plan.questions, page), answers)
    kept = surveys.keep(ask.db, membership, plan, answers, now=ask.now)
    if page < questions.pages(plan.questions):
        return _page(ask, cohort, membership, survey, page + 1)
    whole = {key: value for key, value in kept.given.items() if answers.get(key, value) not in (None, "")}
    surveys.answer(ask.db, membership, plan, whole, now=ask.now)
    closes = any(pair.after == survey for pair in before_after.pairs(cohort.program))
    moved = before_after.mine(ask.db, cohort, membership) if closes else []
    return Reply("surveys/thanks", changes=[one.facts for one in moved])


@closed("surveys/answer", role=Role.MEMBER)
def put_away(ask: Ask, answers: Answers, cohort_id: int, survey: str, page: int) -> None:
    cohort, membership = whose.mine(ask, cohort_id)
    surveys.keep(ask.db, membership, surveys.plan_of(cohort, survey), answers, now=ask.now)
