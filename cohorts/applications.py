"""Applying to a cohort: an application from its first half-written answer on, and who waits for what.

What is decided about it, and what follows, stands in `admission`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts.cohort import Cohort, CohortState, Membership, MembershipState
from cohorts.errors import Refused
from cohorts.facts import Json, PersonRef, as_typed
from cohorts.moments import shift
from cohorts.outbox import About
from cohorts.people import Person, conducts
from cohorts.planning import Rule, Source
from cohorts.program_answers import Fit, advise
from cohorts.store import Db, choice, json, link, moment
from cohorts.when import Anchor


class ApplicationState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    WAITLISTED = "waitlisted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


APPLICATION_LIFE = {
    ApplicationState.DRAFT: frozenset({ApplicationState.SUBMITTED, ApplicationState.WITHDRAWN}),
    ApplicationState.SUBMITTED: frozenset(
        {
            ApplicationState.ACCEPTED,
            ApplicationState.WAITLISTED,
            ApplicationState.DECLINED,
            ApplicationState.WITHDRAWN,
        }
    ),
    ApplicationState.WAITLISTED: frozenset(
        {ApplicationState.ACCEPTED, ApplicationState.DECLINED, ApplicationState.WITHDRAWN}
    ),
    # A decision that was a mistake is taken back, before the first session.
    ApplicationState.ACCEPTED: frozenset(
        {ApplicationState.WITHDRAWN, ApplicationState.DECLINED, ApplicationState.WAITLISTED}
    ),
    ApplicationState.DECLINED: frozenset({ApplicationState.ACCEPTED, ApplicationState.WAITLISTED}),
    ApplicationState.WITHDRAWN: frozenset({ApplicationState.DRAFT, ApplicationState.SUBMITTED}),
}


class Decision(StrEnum):
    ACCEPT = "accept"
    WAITLIST = "waitlist"
    DECLINE = "decline"


class Application(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("cohort_id", "person_id"),)
    id: int = Field(default=None, primary_key=True)
    cohort_id: int = link("cohort.id", index=False)
    person_id: int = link("person.id")
    state: ApplicationState = choice(ApplicationState, default=ApplicationState.DRAFT, index=True)
    revision: int = Field(default=0)
    answers: object = json()
    decision: Decision | None = choice(Decision, null=True)  # a draft, until it is sent
    submitted_at: datetime | None = moment(null=True)
    decided_at: datetime | None = moment(null=True)

    @property
    def ref(self) -> PersonRef:
        return PersonRef(self.person_id)

    @property
    def about(self) -> About:
        return About("application", self.id, self.revision)

    @property
    def given(self) -> dict[str, Json]:
        return dict(self.answers) if isinstance(self.answers, dict) else {}


def draft(db: Db, cohort: Cohort, person: Person) -> Application | None:
    return db.exec(
        select(Application).where(Application.cohort_id == cohort.id, Application.person_id == person.id)
    ).one_or_none()


def welcome_to_apply(db: Db, cohort: Cohort, person: Person, *, now: datetime) -> None:
    """Refuse whoever can't apply to this cohort now, with the reason."""
    if cohort.state is not CohortState.RECRUITING or cohort.closes_at <= now:
        raise Refused("applications/closed", program=cohort.name)
    found = draft(db, cohort, person)
    if found is not None and found.state not in (
        ApplicationState.DRAFT,
        ApplicationState.WITHDRAWN,
        ApplicationState.SUBMITTED,
    ):
        raise Refused("applications/decided-already", program=cohort.name)


def keep(db: Db, cohort: Cohort, person: Person, answers: Mapping[str, object]) -> Application:
    """Keep half-done answers as they are, unchecked, so that nothing typed is lost."""
    application = draft(db, cohort, person)
    if application is None:
        application = Application(cohort_id=cohort.id, person_id=person.id, answers={})
        db.add(application)
    known = {question.key for question in cohort.program.application.questions}
    application.answers = application.given | {
        key: as_typed(value) for key, value in answers.items() if key in known and value not in (None, "", [])
    }
    db.flush()
    return application


def fit(cohort: Cohort, application: Application) -> Fit:
    return advise(cohort.program, application.given)


def reviewable(db: Db, person: Person, application_id: int) -> tuple[Application, Cohort]:
    """An application that somebody may decide on: one to a program that they conduct, in their own workspace."""
    row = db.exec(
        select(Application, Cohort)
        .join(Cohort, col(Cohort.id) == col(Application.cohort_id))
        .where(Application.id == application_id, Cohort.workspace_id == person.workspace_id)
    ).one_or_none()
    if row is None or not conducts(db, person, row[1].program_key):
        raise Refused("applications/not-here")
    return row[0], row[1]


def of_person(db: Db, cohort: Cohort, person: Person) -> Application:
    """Somebody's application to a cohort."""
    application = draft(db, cohort, person)
    if application is None or application.state is ApplicationState.DRAFT:
        raise Refused("applications/not-here")
    return application


def queue(db: Db, cohort: Cohort) -> list[Application]:
    """What waits for a decision or for its sending, in the order it came."""
    return list(
        db.exec(
            select(Application)
            .where(
                Application.cohort_id == cohort.id,
                sa.or_(
                    col(Application.state) == ApplicationState.SUBMITTED,
                    col(Application.decision).is_not(None),
                ),
            )
            .order_by(col(Application.submitted_at), col(Application.id))
        ).all()
    )


def waiting(db: Db, cohort: Cohort) -> list[Application]:
    """Handed in and neither in nor declined: who still is an applicant, in the order they came."""
    return list(
        db.exec(
            select(Application)
            .where(
                Application.cohort_id == cohort.id,
                col(Application.state).in_((ApplicationState.SUBMITTED, ApplicationState.WAITLISTED)),
            )
            .order_by(col(Application.submitted_at), col(Application.id))
        ).all()
    )


def undecided_of(db: Db, person: Person) -> list[Cohort]:
    """The cohorts that somebody has applied to and is neither in nor declined from."""
    return list(
        db.exec(
            select(Cohort)
            .join(Application, col(Application.cohort_id) == col(Cohort.id))
            .where(
                Application.person_id == person.id,
                Cohort.workspace_id == person.workspace_id,
                col(Application.state).in_((ApplicationState.SUBMITTED, ApplicationState.WAITLISTED)),
                col(Cohort.state).in_((CohortState.RECRUITING, CohortState.RUNNING)),
            )
            .order_by(col(Cohort.id))
        ).all()
    )


def half_done(db: Db, cohort: Cohort) -> list[Application]:
    """Begun and not sent."""
    return list(
        db.exec(
            select(Application)
            .where(Application.cohort_id == cohort.id, Application.state == ApplicationState.DRAFT)
            .order_by(col(Application.id))
        ).all()
    )


def last_summary(cohort: Cohort, at: datetime) -> datetime:
    """When facilitators heard of applications before `at`: a working day earlier."""
    monday = at.astimezone(ZoneInfo(cohort.zone)).weekday() == 0
    return at - timedelta(days=3 if monday else 1)


def arrived_since(db: Db, cohort: Cohort, since: datetime) -> int:
    """How many applications came after a moment."""
    query = sa.select(sa.func.count()).where(
        col(Application.cohort_id) == cohort.id, col(Application.submitted_at) > since
    )
    return int(db.execute(query).scalar_one())


def count(db: Db, cohort: Cohort, *states: ApplicationState) -> int:
    query = sa.select(sa.func.count()).where(
        col(Application.cohort_id) == cohort.id, col(Application.state).in_(states)
    )
    return int(db.execute(query).scalar_one())


def seats_free(db: Db, cohort: Cohort) -> int:
    return cohort.program.size.max - len(_holding_seats(db, cohort))


def _holding_seats(db: Db, cohort: Cohort) -> list[Membership]:
    gone = (MembershipState.LEFT, MembershipState.REMOVED)
    return list(
        db.exec(select(Membership).where(Membership.cohort_id == cohort.id, col(Membership.state).not_in(gone))).all()
    )


def answer_by(cohort: Cohort) -> datetime:
    """When applicants hear, as the program promises; before the first session in any case."""
    when = cohort.program.application.decide_by
    anchor = cohort.opens_at if when.anchor == Anchor.START else cohort.closes_at
    promised = shift(anchor, when.offset, when.sign, cohort.zone) if when.offset is not None else anchor
    return min(promised, cohort.opens_at)


TOUCHPOINTS = Source(
    rules=(
        Rule("applications/daily", on="morning", anchor="nine", late=timedelta(hours=12), behind=True),
        Rule("applications/closed", on="cohort", anchor="close", late=timedelta(days=7), behind=True),
        Rule("applications/nudge", on="cohort", anchor="close", shift="-2d", late=timedelta(days=1), behind=True),
    ),
)
