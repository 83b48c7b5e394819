"""Surveys of the program file: asked when it says, answered once, read as numbers."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts.cohort import Cohort, Membership
from cohorts.errors import Refused
from cohorts.facts import Json, as_typed
from cohorts.planning import Item, Source
from cohorts.program_answers import check_answers
from cohorts.program_kinds import QuestionKind
from cohorts.program_parts import Survey
from cohorts.programs import Program
from cohorts.store import Db, json, link, moment
from cohorts.touchpoints import Touchpoint, TouchpointState


class SurveyResponse(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("membership_id", "survey_key"),)
    id: int = Field(default=None, primary_key=True)
    membership_id: int = link("membership.id", index=False)
    survey_key: str = Field(max_length=64)
    answers: object = json()
    complete: bool = Field(default=False)
    at: datetime = moment()

    @property
    def given(self) -> dict[str, Json]:
        return dict(self.answers) if isinstance(self.answers, dict) else {}


def plan_of(cohort: Cohort, key: str) -> Survey:
    try:
        return cohort.program.survey(key)
    except KeyError:
        raise Refused("surveys/not-here") from None


def response(db: Db, membership: Membership, key: str) -> SurveyResponse | None:
    return db.exec(
        select(SurveyResponse).where(SurveyResponse.membership_id == membership.id, SurveyResponse.survey_key == key)
    ).one_or_none()


def keep(
    db: Db, membership: Membership, survey: Survey, answers: Mapping[str, object], *, now: datetime
) -> SurveyResponse:
    """Half-done answers, as they are."""
    found = response(db, membership, survey.key)
    if found is None:
        found = SurveyResponse(membership_id=membership.id, survey_key=survey.key, answers={}, at=now)
        db.add(found)
    known = {question.key for question in survey.questions}
    kept = {key: value for key, value in answers.items() if key in known and value not in (None, "", [])}
    found.answers = found.given | {key: as_typed(value) for key, value in kept.items()}
    db.flush()
    return found


def answer(
    db: Db, membership: Membership, survey: Survey, answers: Mapping[str, object], *, now: datetime
) -> SurveyResponse:
    """A whole answer; a second one replaces the first."""
    checked = check_answers(survey.questions, answers)
    found = keep(db, membership, survey, {}, now=now)
    found.answers, found.complete, found.at = checked, True, now
    db.flush()
    return found


def waiting(db: Db, cohort: Cohort, membership: Membership) -> Survey | None:
    """The survey that was asked last and that somebody has not answered."""
    asked = db.exec(
        select(Touchpoint)
        .where(
            Touchpoint.cohort_id == cohort.id,
            Touchpoint.rule == "surveys/ask",
            col(Touchpoint.fired_at).is_not(None),
            Touchpoint.state != TouchpointState.SKIPPED,
        )
        .order_by(col(Touchpoint.due_at).desc())
    ).all()
    keys = [str(one.args.get("item")) for one in asked if isinstance(one.args, dict)]
    keys += [survey.key for survey in cohort.program.surveys if survey.comes_with_acceptance]
    for key in keys:
        given = response(db, membership, key)
        if given is None or not given.complete:
            return plan_of(cohort, key)
    return None


def asked_before(db: Db, cohort: Cohort, *, now: datetime) -> set[str]:
    """Surveys that were asked before the start, and by now: whoever comes in later has them from the first day."""
    rows = db.exec(
        select(Touchpoint).where(
            Touchpoint.cohort_id == cohort.id,
            Touchpoint.rule == "surveys/ask",
            Touchpoint.state != TouchpointState.WITHDRAWN,
            col(Touchpoint.due_at) <= min(now, cohort.opens_at),
        )
    ).all()
    return {str(one.args["item"]) for one in rows if isinstance(one.args, dict)}


def nps_scores(db: Db, cohort: Cohort) -> list[tuple[int, str]]:
    """(score, comment) of everyone who answered a question of kind nps; the comment is that survey's own words."""
    scores = []
    for survey in cohort.program.surveys:
        asked = [question.key for question in survey.questions if question.kind is QuestionKind.NPS]
        for given in responses(db, cohort, survey.key) if asked else []:
            for key in asked:
                if isinstance(score := given.given.get(key), int):
                    scores.append((score, comment_of(survey, given)))
    return scores


def comment_of(survey: Survey, given: SurveyResponse) -> str:
    """What somebody wrote in the text questions of a survey."""
    texts = [q.key for q in survey.questions if q.kind in (QuestionKind.PARAGRAPH, QuestionKind.LINE)]
    return " · ".join(str(given.given[key]) for key in texts if given.given.get(key))


def responses(db: Db, cohort: Cohort, key: str) -> list[SurveyResponse]:
    return list(
        db.exec(
            select(SurveyResponse)
            .join(Membership, col(Membership.id) == col(SurveyResponse.membership_id))
            .where(
                Membership.cohort_id == cohort.id,
                SurveyResponse.survey_key == key,
                col(SurveyResponse.complete).is_(True),
            )
            .order_by(col(SurveyResponse.id))
        ).all()
    )


def _items(program: Program) -> Iterable[Item]:
    for survey in program.surveys:
        if survey.comes_with_acceptance:
            continue  # the decision carries it
        yield Item("surveys/ask", survey.key, survey.when, late=timedelta(days=7))


TOUCHPOINTS = Source(items=_items)
