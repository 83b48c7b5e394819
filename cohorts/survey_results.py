"""What a survey brought, as counts and averages with a bar of characters; nobody's words, and nothing below five."""

from collections import Counter
from collections.abc import Sequence

from cohorts import surveys
from cohorts.cohort import Cohort
from cohorts.facts import Fact, Json
from cohorts.measures import SHOWN_FROM
from cohorts.program_kinds import QuestionKind, SegmentKind, SessionKind
from cohorts.program_parts import Question, Survey
from cohorts.sessions import Session, run_of_show, standing
from cohorts.store import Db

WIDTH = 10  # characters of a full bar
FULL, EMPTY = "█", "░"


def bar(share: float) -> str:
    """A share between 0 and 1; more than nothing shows."""
    filled = round(WIDTH * min(1.0, max(0.0, share)))
    filled = max(filled, 1) if share > 0 else 0
    return FULL * filled + EMPTY * (WIDTH - filled)


def results(db: Db, cohort: Cohort, survey: Survey) -> dict[str, Fact]:
    """For the template `surveys/results`: how many answered and, from five on, each question that can be counted."""
    given = [one.given for one in surveys.responses(db, cohort, survey.key)]
    shown = len(given) >= SHOWN_FROM
    counted: list[Fact] = []
    for question in survey.questions if shown else ():
        answers = [one[question.key] for one in given if one.get(question.key) is not None]
        if len(answers) >= SHOWN_FROM and (fact := _counted(question, answers)) is not None:
            counted.append(fact)
    return {"name": survey.name or survey.key, "count": len(given), "shown": shown, "questions": counted}


def for_session(db: Db, cohort: Cohort, session: Session) -> list[Fact]:
    """What its run of show looks at; before the first meeting also what was asked with the acceptance."""
    wanted = [one.survey for one in run_of_show(cohort, session) if one.kind is SegmentKind.RESULTS]
    meetings = [one for one in standing(db, cohort) if one.kind is SessionKind.SESSION]
    if meetings and meetings[0].id == session.id:
        wanted += [one.key for one in cohort.program.surveys if one.comes_with_acceptance]
        wanted += surveys.asked_before(db, cohort, now=session.starts_at)
    return [results(db, cohort, one) for one in cohort.program.surveys if one.key in wanted]


def _counted(question: Question, answers: Sequence[Json]) -> dict[str, Fact] | None:
    """None for what has no number: somebody's own words."""
    if question.kind.is_numeric:
        numbers = [one for one in answers if isinstance(one, (int, float))]
        average = sum(numbers) / len(numbers) if numbers else 0
        high = _highest(question)
        drawn = bar(average / high) if high > 0 else ""
        return {"ask": question.ask, "average": round(average, 1), "high": high, "bar": drawn, "choices": []}
    if question.kind.has_choices or question.kind is QuestionKind.YES_NO:
        chosen: Counter[Json] = Counter(one for answer in answers for one in _each(answer))
        labels: Sequence[tuple[str, Json]] = [(one, one) for one in question.choices] or [("✓", True), ("✗", False)]
        rows: list[Fact] = [
            {"label": label, "count": chosen[value], "bar": bar(chosen[value] / len(answers))}
            for label, value in labels
        ]
        return {"ask": question.ask, "average": None, "high": 0, "bar": "", "choices": rows}
    return None


def _highest(question: Question) -> int:
    """Of its answers; a number has none."""
    if question.kind is QuestionKind.NPS:
        return 10
    return question.high if question.kind is QuestionKind.SCALE else 0


def _each(answer: Json) -> Sequence[Json]:
    return answer if isinstance(answer, list) else [answer]
