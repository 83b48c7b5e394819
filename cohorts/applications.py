"""Applying to a cohort: an application from its first half-written answer to the decision.

Decisions are drafts until they are sent together; the fit rubric advises and never decides.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts import audit, outbox
from cohorts import cohort as cohorts_
from cohorts.bundling import daytime
from cohorts.cohort import Cohort, CohortState, Membership, MembershipState
from cohorts.errors import Invalid, Refused, Remark
from cohorts.facts import Json, PersonRef, as_typed
from cohorts.moments import shift
from cohorts.outbox import About, Press
from cohorts.people import Person, conducts
from cohorts.planning import Rule, Source
from cohorts.program_answers import BadAnswer, Fit, advise, check_answer
from cohorts.program_kinds import Accept
from cohorts.states import advance
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
    ApplicationState.ACCEPTED: frozenset({ApplicationState.WITHDRAWN}),
    ApplicationState.DECLINED: frozenset({ApplicationState.ACCEPTED}),
    ApplicationState.WITHDRAWN: frozenset({ApplicationState.DRAFT, ApplicationState.SUBMITTED}),
}


class Decision(StrEnum):
    ACCEPT = "accept"
    WAITLIST = "waitlist"
    DECLINE = "decline"


_DECIDED = {
    Decision.ACCEPT: ApplicationState.ACCEPTED,
    Decision.WAITLIST: ApplicationState.WAITLISTED,
    Decision.DECLINE: ApplicationState.DECLINED,
}


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


def check(cohort: Cohort, answers: Mapping[str, object], *, only: "set[str] | None" = None) -> dict[str, Json]:
    """Every answer in its kept form, or `Invalid` with a remark beside each that can't be taken."""
    checked: dict[str, Json] = {}
    wrong: dict[str, Remark] = {}
    for question in cohort.program.application.questions:
        if only is not None and question.key not in only:
            continue
        try:
            value = check_answer(question, answers.get(question.key))
        except BadAnswer as bad:
            wrong[question.key] = Remark(bad.reason_key, **bad.facts)
            continue
        if value is not None:
            checked[question.key] = as_typed(value)
    if wrong:
        raise Invalid(**wrong)
    return checked


def submit(db: Db, cohort: Cohort, person: Person, answers: Mapping[str, object], *, now: datetime) -> Application:
    """Hand in an application; again, until it is decided, replaces the answers.

    With automatic acceptance the first to come are in, up to the cohort's largest size; then there is a waitlist.
    """
    welcome_to_apply(db, cohort, person, now=now)
    checked = check(cohort, answers)
    application = keep(db, cohort, person, {})
    application.answers = checked
    if application.state is not ApplicationState.SUBMITTED:
        application.state = advance(
            APPLICATION_LIFE, application.state, ApplicationState.SUBMITTED, "applications/decided-already"
        )
        application.submitted_at = now
    application.revision += 1
    db.flush()
    if cohort.program.application.accept is Accept.AUTO:
        free = seats_free(db, cohort) > 0
        application.decision = Decision.ACCEPT if free else Decision.WAITLIST
        _carry_out(db, cohort, application, now=now, at_once=True)
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
                    sa.and_(
                        col(Application.state) == ApplicationState.WAITLISTED,
                        col(Application.decision).is_not(None),
                    ),
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


def half_done(db: Db, cohort: Cohort) -> list[Application]:
    """Begun and not sent."""
    return list(
        db.exec(
            select(Application)
            .where(Application.cohort_id == cohort.id, Application.state == ApplicationState.DRAFT)
            .order_by(col(Application.id))
        ).all()
    )


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


def decide(db: Db, application: Application, decision: Decision, *, by: Person, now: datetime) -> None:
    """Draft a decision. Nobody is told before `send_decisions`."""
    target = _DECIDED[decision]
    advance(APPLICATION_LIFE, application.state, target, "applications/decided-already")
    application.decision = decision
    db.flush()
    audit.record(db, by, f"application/{decision.value}", now=now, application=application.id)


def drafted(db: Db, cohort: Cohort) -> list[Application]:
    return [application for application in queue(db, cohort) if application.decision is not None]


def send_decisions(db: Db, cohort: Cohort, *, by: Person, now: datetime) -> list[Application]:
    """Tell everyone who has a drafted decision, all at once. More acceptances than seats are refused whole."""
    ready = drafted(db, cohort)
    if not ready:
        raise Refused("applications/nothing-drafted")
    accepted = [application for application in ready if application.decision is Decision.ACCEPT]
    if len(accepted) > seats_free(db, cohort):
        raise Refused(
            "applications/too-many",
            most=cohort.program.size.max,
            free=max(0, seats_free(db, cohort)),
            accepted=len(accepted),
        )
    for application in ready:
        _carry_out(db, cohort, application, now=now)
    audit.record(db, by, "applications/sent", now=now, cohort=cohort.handle, decisions=len(ready))
    return ready


def _carry_out(db: Db, cohort: Cohort, application: Application, *, now: datetime, at_once: bool = False) -> None:
    """The decision as it was drafted. They hear it in their own day; `at_once` when it answers what they just did."""
    assert application.decision is not None
    decision = application.decision
    application.state = advance(APPLICATION_LIFE, application.state, _DECIDED[decision], "applications/decided-already")
    application.decision, application.decided_at = None, now
    application.revision += 1
    db.flush()
    person = db.get_one(Person, application.person_id)
    key = f"application:{application.id}/{decision.value}/r{application.revision}"
    at = now if at_once else daytime(now, person.zone)
    match decision:
        case Decision.ACCEPT:
            membership = cohorts_.welcome(db, cohort, person, now=now)
            first = [
                survey.key
                for survey in cohort.program.surveys
                if survey.comes_with_acceptance and cohort.program.is_for(survey.audience, application.given)
            ]
            outbox.enclose(
                db,
                person,
                "applications/accepted",
                key=key,
                at=at,
                now=now,
                as_=membership.hears,
                program=cohort.name,
                room=cohorts_.room_of(db, cohort).ref,
                starts=cohort.opens_at,
                commitment=cohort.program.commitment.text if cohort.program.commitment else "",
                welcome=cohort.program.orientation.text if cohort.program.orientation else "",
                video=cohort.program.orientation.video if cohort.program.orientation else "",
                checklist=list(cohort.program.orientation.checklist) if cohort.program.orientation else [],
                survey=bool(first),
                presses=[
                    *(
                        Press("surveys/open", {"cohort_id": cohort.id, "survey": key}, "primary", "first")
                        for key in first
                    ),
                    Press("cohort/home", {"cohort": cohort.id}),
                ],
            )
        case Decision.WAITLIST:
            outbox.enclose(
                db,
                person,
                "applications/waitlisted",
                key=key,
                at=at,
                now=now,
                about=application.about,
                program=cohort.name,
            )
        case Decision.DECLINE:
            alternatives = fit(cohort, application).alternatives
            outbox.enclose(
                db,
                person,
                "applications/declined",
                key=key,
                at=at,
                now=now,
                about=application.about,
                program=cohort.name,
                alternative=alternatives[0] if alternatives else "",
            )


def promote(db: Db, cohort: Cohort, *, now: datetime) -> Application | None:
    """Give a seat that became free to the first on the waitlist, while the cohort can still be joined."""
    if cohort.state is not CohortState.RECRUITING or seats_free(db, cohort) <= 0:
        return None
    first = db.exec(
        select(Application)
        .where(Application.cohort_id == cohort.id, Application.state == ApplicationState.WAITLISTED)
        .order_by(col(Application.submitted_at), col(Application.id))
    ).first()
    if first is not None:
        first.decision = Decision.ACCEPT
        _carry_out(db, cohort, first, now=now)
    return first


def answer_by(cohort: Cohort) -> datetime:
    """When applicants hear, as the program promises; before the first session in any case."""
    when = cohort.program.application.decide_by
    anchor = cohort.opens_at if when.anchor == Anchor.START else cohort.closes_at
    promised = shift(anchor, when.offset, when.sign, cohort.zone) if when.offset is not None else anchor
    return min(promised, cohort.opens_at)


TOUCHPOINTS = Source(
    rules=(
        Rule("applications/daily", on="morning", anchor="nine", late=timedelta(hours=12)),
        Rule("applications/closed", on="cohort", anchor="close", late=timedelta(days=7)),
        Rule("applications/nudge", on="cohort", anchor="close", shift="-2d", late=timedelta(days=1)),
    ),
)
