"""Small-group projects: a draft for whoever conducts, and once in the room when they say so."""

from __future__ import annotations

from bot import whose
from bot.arguments import number
from bot.ask import Answers, Ask, Asking, Reply, Response
from bot.message import Field, FieldKind
from bot.registry import button, form, words
from cohorts import projects
from cohorts.cohort import Cohort
from cohorts.errors import Invalid, Refused, Remark
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.projects import LEAST, MOST, USUAL, Project


@words("project groups", "who builds together", name="project groups", role=Role.FACILITATOR)
def asked_for(ask: Ask) -> Response:
    """Those there are; where there are none, how many should be in one."""
    cohort = whose.conducted(ask)
    found = projects.latest(ask.db, cohort)
    return _asks_how_many(cohort) if found is None else _shown(ask, cohort, found)


@button("projects/others", role=Role.FACILITATOR, reads=True)
@words("other project groups", "new project groups", name="other groups", role=Role.FACILITATOR, reads=True)
def others(ask: Ask, cohort_id: int | None = None) -> Asking:
    return _asks_how_many(whose.conducted(ask, cohort_id))


@form("projects/draft", role=Role.FACILITATOR)
def filled(ask: Ask, answers: Answers, cohort_id: int) -> Reply:
    cohort, size = whose.conducted(ask, cohort_id), number(answers.get("size")) or 0
    if not LEAST <= size <= MOST:
        raise Invalid(size=Remark("out-of-range", low=LEAST, high=MOST))
    return _shown(ask, cohort, projects.draft(ask.db, cohort, size, now=ask.now))


def _asks_how_many(cohort: Cohort) -> Asking:
    size = Field("size", FieldKind.NUMBER, "", required=True, value=USUAL)
    return Asking("projects/draft", [size], args={"cohort_id": cohort.id})


def _shown(ask: Ask, cohort: Cohort, project: Project) -> Reply:
    """A draft of people who have come or gone meanwhile is drawn anew."""
    posted = project.posted_at is not None
    if not posted and not projects.is_current(ask.db, cohort, project):
        project = projects.draft(ask.db, cohort, project.size, now=ask.now)
    post = [] if posted else [Press("projects/post", {"project_id": project.id}, "primary")]
    return Reply(
        "projects/draft",
        presses=[*post, Press("projects/others", {"cohort_id": cohort.id})],
        posted=posted,
        teams=[list(group) for group in projects.groups(ask.db, cohort, project)],
        loose=list(projects.without(ask.db, cohort, project)),
        repeats=project.repeats,
        unavoidable=project.lower_bound,
    )


@words("post the project groups", "post project groups", name="post groups", role=Role.FACILITATOR)
def post_said(ask: Ask) -> Response:
    cohort = whose.conducted(ask)
    found = projects.latest(ask.db, cohort)
    return _asks_how_many(cohort) if found is None else _posted(ask, cohort, found)


@button("projects/post", role=Role.FACILITATOR)
def post(ask: Ask, project_id: int) -> Reply:
    project = ask.db.get(Project, project_id)
    if project is None:
        raise Refused("projects/gone")
    cohort = whose.conducted(ask, project.cohort_id)
    if project.posted_at is None and project != projects.latest(ask.db, cohort):
        raise Refused("projects/gone")
    return _posted(ask, cohort, project)


def _posted(ask: Ask, cohort: Cohort, project: Project) -> Reply:
    if project.posted_at is None and not projects.is_current(ask.db, cohort, project):
        return _shown(ask, cohort, project)
    new = projects.post(ask.db, cohort, project, now=ask.now)
    return Reply(
        "projects/posted-by-you",
        replaces=True,
        presses=[Press("projects/others", {"cohort_id": cohort.id})],
        new=new,
    )
