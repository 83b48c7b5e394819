"""A survey's answers before everybody's eyes: a picture in the cohort's room, and nothing of fewer than five people."""

from datetime import datetime

from cohorts import outbox, survey_results, uploads
from cohorts.cohort import Cohort, room_of
from cohorts.errors import Refused
from cohorts.program_kinds import SegmentKind
from cohorts.program_parts import Survey
from cohorts.sessions import Session, run_of_show
from cohorts.store import Db


def show(db: Db, cohort: Cohort, session: Session, survey_key: str, *, now: datetime) -> bool:
    """Once a session. Where there is nothing to show, words say so; then it is False, and may be asked for again."""
    survey = next((one for one in cohort.program.surveys if one.key == survey_key), None)
    if survey is None:
        return False
    found = survey_results.results(db, cohort, survey)
    key = f"session:{session.id}/results/{survey_key}"
    if not (found["shown"] and found["questions"]):
        outbox.announce(
            db,
            room_of(db, cohort),
            "results/too-few",
            key=f"{key}/too-few/{now.isoformat()}",
            now=now,
            ping=False,
            name=found["name"],
            shown=found["shown"],
        )
        return False
    uploads.picture(
        db,
        room_of(db, cohort),
        "results/picture",
        key=key,
        file={"maker": "survey-results", "cohort": cohort.id, "survey": survey_key},
        now=now,
        name=found["name"],
        count=found["count"],
    )
    return True


def planned(cohort: Cohort, session: Session) -> Survey:
    """The survey that its run of show looks at, else the first of the program; refused when it has none."""
    wanted = [one.survey for one in run_of_show(cohort, session) if one.kind is SegmentKind.RESULTS]
    surveys = cohort.program.surveys
    found = next((one for one in surveys if one.key in wanted), surveys[0] if surveys else None)
    if found is None:
        raise Refused("results/none", program=cohort.name)
    return found
