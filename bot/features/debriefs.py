"""Surveys for those who conduct a program, answered in a form; the owner has them as a list."""

from __future__ import annotations

from bot import questions, whose
from bot.ask import Answers, Ask, Asking, Reply, Response
from bot.registry import button, closed, export, form
from bot.sheets import Sheet
from cohorts import debriefs, surveys
from cohorts.cohort import Cohort
from cohorts.exports import Cell
from cohorts.people import Role
from cohorts.program_answers import check_answers
from cohorts.store import Db


@button("debriefs/open", role=Role.FACILITATOR)
def open_(ask: Ask, cohort_id: int, survey: str) -> Response:
    return _page(ask, whose.conducted(ask, cohort_id), survey, 1)


def _page(ask: Ask, cohort: Cohort, key: str, page: int) -> Asking:
    survey = debriefs.survey_of(ask.db, cohort, ask.person, key)
    given = debriefs.response(ask.db, cohort, ask.person, key)
    return Asking(
        "debriefs/answer",
        questions.fields(questions.on_page(survey.questions, page), given.given if given else {}),
        args={"cohort_id": cohort.id, "survey": key, "page": page},
        title=survey.name or None,
        page=page,
        pages=questions.pages(survey.questions),
    )


@form("debriefs/answer", role=Role.FACILITATOR)
def answered(ask: Ask, answers: Answers, cohort_id: int, survey: str, page: int) -> Response:
    cohort = whose.conducted(ask, cohort_id)
    plan = debriefs.survey_of(ask.db, cohort, ask.person, survey)
    check_answers(questions.on_page(plan.questions, page), answers)
    last = page >= questions.pages(plan.questions)
    debriefs.keep(ask.db, cohort, ask.person, plan, answers, complete=last, now=ask.now)
    return Reply("debriefs/thanks") if last else _page(ask, cohort, survey, page + 1)


@closed("debriefs/answer", role=Role.FACILITATOR)
def put_away(ask: Ask, answers: Answers, cohort_id: int, survey: str, page: int) -> None:
    cohort = whose.conducted(ask, cohort_id)
    plan = debriefs.survey_of(ask.db, cohort, ask.person, survey)
    debriefs.keep(ask.db, cohort, ask.person, plan, answers, now=ask.now)


@export("debriefs")
def rows(db: Db, cohort: Cohort) -> Sheet:
    """One row an answer."""
    made: list[tuple[Cell, ...]] = []
    for debrief, person in debriefs.all_of(db, cohort):
        for question in surveys.plan_of(cohort, debrief.survey_key).questions:
            found = debrief.given.get(question.key)
            if found is not None:
                said = found if isinstance(found, (str, bool, int, float)) else ", ".join(map(str, found))
                made.append((debrief.survey_key, person.name, question.ask, said, debrief.at))
    return Sheet("debriefs", ("survey", "name", "question", "answer", "at"), tuple(made))
