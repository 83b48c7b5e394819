"""Who gets in: decisions drafted and sent together, taken back when they were a mistake, and seats that become free.

The fit rubric advises and never decides.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import col, select

from cohorts import applications, audit, outbox, sessions, surveys, which
from cohorts import cohort as cohorts_
from cohorts.applications import (
    APPLICATION_LIFE,
    Application,
    ApplicationState,
    Decision,
    fit,
    queue,
    seats_free,
)
from cohorts.bundling import daytime
from cohorts.cohort import Cohort, CohortState, Membership, MembershipState
from cohorts.errors import Refused
from cohorts.outbox import Press
from cohorts.people import Person, facilitators
from cohorts.program_answers import check_answers
from cohorts.program_kinds import Accept
from cohorts.states import advance
from cohorts.store import Db

_DECIDED = {
    Decision.ACCEPT: ApplicationState.ACCEPTED,
    Decision.WAITLIST: ApplicationState.WAITLISTED,
    Decision.DECLINE: ApplicationState.DECLINED,
}


def submit(db: Db, cohort: Cohort, person: Person, answers: Mapping[str, object], *, now: datetime) -> Application:
    """Hand in an application; again, until it is decided, replaces the answers.

    With automatic acceptance the first to come are in, up to the cohort's largest size; then there is a waitlist.
    """
    applications.welcome_to_apply(db, cohort, person, now=now)
    checked = check_answers(cohort.program.application.questions, answers)
    application = applications.keep(db, cohort, person, {})
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


def decide(db: Db, application: Application, decision: Decision, *, by: Person, now: datetime) -> None:
    """Draft a decision. Nobody is told before `send_decisions`.

    What was sent by mistake is drafted anew in the same way, before the first session; to draft what is so already
    takes the draft back.
    """
    target = _DECIDED[decision]
    if target is application.state:
        if application.decision is None:
            raise Refused("applications/decided-already")
        application.decision = None
        db.flush()
        return
    advance(APPLICATION_LIFE, application.state, target, "applications/decided-already")
    if application.state is ApplicationState.ACCEPTED:
        _not_begun(db, db.get_one(Cohort, application.cohort_id), application, now)
    application.decision = decision
    db.flush()
    audit.record(db, by, f"application/{decision.value}", now=now, application=application.id)


def _not_begun(db: Db, cohort: Cohort, application: Application, now: datetime) -> None:
    """A seat is taken back from nobody who has met the others."""
    if sessions.has_begun(db, cohort, now=now):
        raise Refused("applications/has-begun", person=application.ref, program=cohort.name)


def drafted(db: Db, cohort: Cohort) -> list[Application]:
    return [application for application in queue(db, cohort) if application.decision is not None]


def send_decisions(db: Db, cohort: Cohort, *, by: Person, now: datetime) -> list[Application]:
    """Tell everyone who has a drafted decision, all at once. More acceptances than seats are refused whole."""
    ready = drafted(db, cohort)
    if not ready:
        raise Refused("applications/nothing-drafted")
    accepted = [application for application in ready if application.decision is Decision.ACCEPT]
    given_back = [application for application in ready if application.state is ApplicationState.ACCEPTED]
    free = seats_free(db, cohort) + len(given_back)
    if len(accepted) > free:
        raise Refused(
            "applications/too-many",
            most=cohort.program.size.max,
            free=max(0, free),
            accepted=len(accepted),
        )
    for application in given_back:
        _not_begun(db, cohort, application, now)
    for application in [*given_back, *(one for one in ready if one not in given_back)]:
        _carry_out(db, cohort, application, now=now)
    audit.record(db, by, "applications/sent", now=now, cohort=cohort.handle, decisions=len(ready))
    return ready


def _carry_out(db: Db, cohort: Cohort, application: Application, *, now: datetime, at_once: bool = False) -> None:
    """The decision as it was drafted. They hear it in their own day; `at_once` when it answers what they just did."""
    assert application.decision is not None
    decision, before = application.decision, application.state
    application.state = advance(APPLICATION_LIFE, before, _DECIDED[decision], "applications/decided-already")
    application.decision, application.decided_at = None, now
    application.revision += 1
    db.flush()
    person = db.get_one(Person, application.person_id)
    at = now if at_once else daytime(now, person.zone)
    if before is ApplicationState.ACCEPTED:
        _take_back(db, cohort, application, person, at=at, now=now)
    elif decision is Decision.ACCEPT:
        _welcome(db, cohort, application, person, before, at=at, now=now)
    elif decision is Decision.WAITLIST:
        outbox.enclose(
            db,
            person,
            "applications/waitlisted",
            key=_key(application, decision),
            at=at,
            now=now,
            about=application.about,
            program=cohort.name,
            regretted=before is ApplicationState.DECLINED,
        )
    else:
        _decline(db, cohort, application, person, at=at, now=now)


def _key(application: Application, decision: Decision) -> str:
    return f"application:{application.id}/{decision.value}/r{application.revision}"


def _welcome(
    db: Db,
    cohort: Cohort,
    application: Application,
    person: Person,
    before: ApplicationState,
    *,
    at: datetime,
    now: datetime,
) -> None:
    program = cohort.program
    membership = cohorts_.welcome(db, cohort, person, now=now)
    early = surveys.asked_before(db, cohort, now=now)
    first = [
        survey.key
        for survey in program.surveys
        if (survey.comes_with_acceptance or survey.key in early) and program.is_for(survey.audience, application.given)
    ]
    coming = sessions.next_meeting(db, cohort, now=now)
    outbox.enclose(
        db,
        person,
        "applications/accepted",
        key=_key(application, Decision.ACCEPT),
        at=at,
        now=now,
        as_=membership.hears,
        program=cohort.name,
        before=before.value,
        room=cohorts_.room_of(db, cohort).ref,
        starts=coming.starts_at if coming is not None else cohort.opens_at,
        begun=cohort.opens_at <= now,
        next_title=coming.title if coming is not None else "",
        commitment=program.commitment.text if program.commitment else "",
        hours=program.commitment.hours_per_week if program.commitment else None,
        welcome=program.orientation.text if program.orientation else "",
        video=program.orientation.video if program.orientation else "",
        checklist=list(program.orientation.checklist) if program.orientation else [],
        survey=bool(first),
        presses=[
            *(Press("surveys/open", {"cohort_id": cohort.id, "survey": key}, "primary", "first") for key in first),
            Press("faces/show", {"cohort_id": cohort.id}),
            Press("cohort/home", {"cohort": cohort.id}),
        ],
    )


def _decline(db: Db, cohort: Cohort, application: Application, person: Person, *, at: datetime, now: datetime) -> None:
    """Kindly, with what would be better: somebody to nominate, another program that is open, or a later round."""
    advice = fit(cohort, application)
    other = _suggested(db, cohort, person, advice.suggestions, now=now)
    outbox.enclose(
        db,
        person,
        "applications/declined",
        key=_key(application, Decision.DECLINE),
        at=at,
        now=now,
        about=application.about,
        program=cohort.name,
        alternative=advice.alternatives[0] if advice.alternatives else "",
        other=other.name if other is not None else "",
        promise=other.program.promise if other is not None else "",
        presses=[]
        if other is None
        else [
            Press(
                "applications/apply",
                {"cohort_id": other.id},
                "primary",
                words="apply-to",
                facts={"program": other.name},
            )
        ],
    )


def _suggested(db: Db, cohort: Cohort, person: Person, keys: tuple[str, ...], *, now: datetime) -> Cohort | None:
    """The first of the programs that one can apply to here today, and they haven't yet."""
    recruiting = [one for one in which.recruiting(db, cohort.workspace_id, now=now) if one.id != cohort.id]
    free = [one for one in recruiting if applications.draft(db, one, person) is None]
    return next((one for key in keys for one in free if one.program_key == key), None)


def _take_back(
    db: Db, cohort: Cohort, application: Application, person: Person, *, at: datetime, now: datetime
) -> None:
    """An acceptance that was a mistake: out of the room, and told so with a kind sentence."""
    membership = cohorts_.membership_of(db, cohort, person)
    if membership is not None and membership.state in (MembershipState.ACTIVE, MembershipState.PAUSED):
        cohorts_.remove(db, cohort, membership, now=now)
    outbox.enclose(
        db,
        person,
        "applications/taken-back",
        key=_key(application, Decision.DECLINE),
        at=at,
        now=now,
        about=application.about,
        program=cohort.name,
        waitlisted=application.state is ApplicationState.WAITLISTED,
    )


# Seats that become free.


def leave(db: Db, cohort: Cohort, membership: Membership, *, now: datetime) -> None:
    """Go. Before the first session the seat goes to the first on the waitlist, and those who conduct hear it."""
    cohorts_.leave(db, cohort, membership, now=now)
    if sessions.has_begun(db, cohort, now=now):
        return
    person = cohorts_.person_of(db, membership)
    application = applications.draft(db, cohort, person)
    if application is not None and application.state is ApplicationState.ACCEPTED:
        _withdraw(db, application, now=now)  # so that they may apply again
    moved_up = promote(db, cohort, now=now)
    for facilitator in facilitators(db, cohort.workspace_id, cohort.program_key):
        outbox.enclose(
            db,
            facilitator,
            "applications/seat-free",
            key=f"seat-free:{membership.id}/r{membership.revision}/person:{facilitator.id}",
            at=daytime(now, facilitator.zone),
            now=now,
            program=cohort.name,
            person=person.ref,
            moved_up=moved_up.ref if moved_up is not None else None,
            members=len(cohorts_.present(db, cohort)),
            least=cohort.program.size.min,
        )


def withdraw(db: Db, application: Application, *, now: datetime) -> None:
    """Take an application back, without a reason asked. What was written is kept, for the next time.

    Whoever is in by now leaves instead.
    """
    if application.state is ApplicationState.ACCEPTED:
        raise Refused("applications/none-to-withdraw")
    _withdraw(db, application, now=now)


def _withdraw(db: Db, application: Application, *, now: datetime) -> None:
    application.state = advance(
        APPLICATION_LIFE, application.state, ApplicationState.WITHDRAWN, "applications/none-to-withdraw"
    )
    application.decision = None
    application.revision += 1
    db.flush()
    by = db.get_one(Person, application.person_id)
    audit.record(db, by, "application/withdrawn", now=now, application=application.id)


def promote(db: Db, cohort: Cohort, *, now: datetime) -> Application | None:
    """Give a seat that became free to the first on the waitlist, while nobody has met yet."""
    alive = cohort.state in (CohortState.RECRUITING, CohortState.RUNNING)
    if not alive or sessions.has_begun(db, cohort, now=now) or seats_free(db, cohort) <= 0:
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
