"""Lists for the owner: the rows of each, ready for a sheet. Pictures and files are made in `bot`."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from sqlmodel import col, select

from cohorts import (
    applications,
    attachments,
    attendance,
    breakouts,
    conductor,
    graduation,
    homework,
    quotes,
    sessions,
    surveys,
)
from cohorts.answers import answers_of
from cohorts.applications import Application, ApplicationState
from cohorts.cohort import Cohort, Membership, people_of
from cohorts.people import Person
from cohorts.program_answers import Verdict
from cohorts.program_kinds import QuestionKind, SessionKind
from cohorts.sessions import SessionState
from cohorts.store import Db

WHO = ("name", "email", "company")  # how a list says who somebody is; e-mail and company where they are known

Cell: TypeAlias = str | int | float | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def application_list(db: Db, cohort: Cohort) -> Table:
    """Everyone who applied, what they answered, how it fitted, what was decided."""
    asked = [question.key for question in cohort.program.application.questions]
    rows = db.exec(
        select(Application, Person)
        .join(Person, col(Person.id) == col(Application.person_id))
        .where(Application.cohort_id == cohort.id, Application.state != ApplicationState.DRAFT)
        .order_by(col(Application.id))
    ).all()
    made: list[tuple[Cell, ...]] = []
    for application, person in rows:
        fit = applications.fit(cohort, application)
        met = sum(one.verdict is Verdict.MET for one in fit.judged)
        made.append(
            (
                person.name,
                person.email,
                cohort.program.company_of(application.given),
                person.zone,
                application.state.value,
                application.submitted_at,
                application.decided_at,
                f"{met} of {len(fit.judged)}",
                *(_cell(application.given.get(key)) for key in asked),
            )
        )
    columns = ("name", "email", "company", "zone", "state", "submitted_at", "decided_at", "criteria_met")
    return Table("applications", (*columns, *(f"answer_{key}" for key in asked)), tuple(made))


def member_list(db: Db, cohort: Cohort) -> Table:
    """Everyone who ever was in, those who left included."""
    made: list[tuple[Cell, ...]] = [
        (*who, person.zone, member.accepted_at, member.state.value) for member, person, who in _known(db, cohort)
    ]
    return Table("members", (*WHO, "zone", "accepted_at", "state"), tuple(made))


def session_list(db: Db, cohort: Cohort) -> Table:
    """Every session, cancelled ones too."""
    columns = ("session", "title", "kind", "state", "starts_at", "minutes")
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (one.key, one.title, one.kind.value, one.state.value, one.starts_at, one.minutes)
        for one in sessions.all_of(db, cohort)
    )
    return Table("sessions", columns, rows)


def attendance_list(db: Db, cohort: Cohort) -> Table:
    """One row a member and session that was held: what they answered and whether they were there.

    Neither present nor absent is whoever was not expected: they joined later, paused or had left.
    """
    members = _known(db, cohort)
    made: list[tuple[Cell, ...]] = []
    owed = [one for one in sessions.standing(db, cohort) if one.kind is not SessionKind.REUNION]
    for session in owed:
        answers, seen = attendance.answers(db, session), attendance.attendance(db, session)
        for member, _, who in members if session.state is SessionState.HELD else []:
            rsvp, state = answers.get(member.id), seen.get(member.id)
            made.append(
                (
                    session.key,
                    session.title,
                    session.kind.value,
                    session.starts_at,
                    *who,
                    rsvp.value if rsvp else None,
                    state.value if state else None,
                )
            )
    columns = ("session", "title", "kind", "starts_at", *WHO, "rsvp", "attendance")
    return Table("attendance", columns, tuple(made))


def homework_list(db: Db, cohort: Cohort) -> Table:
    """One row a member and homework that was meant for them."""
    members = _known(db, cohort)
    made: list[tuple[Cell, ...]] = []
    for one in homework.of_cohort(db, cohort):
        handed_in = homework.submissions(db, one)
        files = attachments.names(db, [done.id for done in handed_in.values()])
        for member, _, who in members:
            if not homework.is_for(db, cohort, one, member):
                continue
            done = handed_in.get(member.id)
            made.append(
                (
                    one.key,
                    one.title,
                    one.due_at,
                    *who,
                    done.at if done else None,
                    done.at <= one.due_at if done else None,
                    done.link if done else None,
                    done.words if done else None,
                    ", ".join(files.get(done.id, ())) or None if done else None,
                )
            )
    columns = ("homework", "title", "due_at", *WHO, "submitted_at", "in_time", "link", "words", "files")
    return Table("homework", columns, tuple(made))


def survey_list(db: Db, cohort: Cohort) -> Table:
    """One row an answer to a question of a survey that was sent off."""
    known = {member.id: who for member, _, who in _known(db, cohort)}
    made: list[tuple[Cell, ...]] = [
        (survey.key, question.key, question.ask, *known[response.membership_id], _cell(answer), response.at)
        for survey in cohort.program.surveys
        for response in surveys.responses(db, cohort, survey.key)
        for question in survey.questions
        if (answer := response.given.get(question.key)) is not None
    ]
    return Table("surveys", ("survey", "question", "ask", *WHO, "answer", "answered_at"), tuple(made))


def nps_list(db: Db, cohort: Cohort) -> Table:
    """One row an answer to a question of kind nps, with what else was written in that survey."""
    known = {member.id: who for member, _, who in _known(db, cohort)}
    made: list[tuple[Cell, ...]] = []
    for survey in cohort.program.surveys:
        for question in (one for one in survey.questions if one.kind is QuestionKind.NPS):
            for response in surveys.responses(db, cohort, survey.key):
                score = response.given.get(question.key)
                if isinstance(score, int):
                    who = known[response.membership_id]
                    made.append((survey.key, *who, score, surveys.comment_of(survey, response), response.at))
    return Table("nps", ("survey", *WHO, "score", "comment", "answered_at"), tuple(made))


def quote_list(db: Db, cohort: Cohort) -> Table:
    """Words that may be quoted with the name, by those who said so."""
    known = {member.id: who for member, _, who in _known(db, cohort)}
    made: list[tuple[Cell, ...]] = [
        (*known[one.membership_id], one.words, one.about, one.at) for one in quotes.from_reflections(db, cohort)
    ]
    return Table("quotes", (*WHO, "words", "about", "at"), tuple(made))


def graduate_list(db: Db, cohort: Cohort) -> Table:
    known = {member.id: who for member, _, who in _known(db, cohort)}
    return Table(
        "graduates",
        (*WHO, "graduated_at", "sessions", "homework"),
        tuple(
            (
                *known[member.id],
                graduate.at,
                attendance.attended_count(db, member),
                homework.submitted_count(db, member),
            )
            for graduate, member in graduation.graduates(db, cohort)
        ),
    )


def pair_list(db: Db, cohort: Cohort) -> Table:
    """Every group as played; group numbers start again in each round, 0 is whoever sat out."""
    people = people_of(db, _members(db, cohort))
    made: list[tuple[Cell, ...]] = [
        (session.key, breakout.round, group, people[member].name)
        for session in sessions.standing(db, cohort)
        for breakout in breakouts.of_session(db, session)
        for group, members in breakouts.groups(db, breakout).items()
        for member in members
        if member in people
    ]
    return Table("pairs", ("session", "round", "group", "person"), tuple(made))


def segment_list(db: Db, cohort: Cohort) -> Table:
    """Every part of each conducted session as it really went; `seconds` that it lasted."""
    made: list[tuple[Cell, ...]] = [
        (
            session.key,
            session.title,
            place,
            line.segment.kind.value,
            line.segment.minutes,
            line.state.value,
            line.spent,
            line.segment.kind.is_attendees_time,
        )
        for session in sessions.standing(db, cohort)
        if (show := conductor.of(db, session)) is not None
        for place, line in enumerate(show.lines, 1)
    ]
    columns = ("session", "title", "place", "kind", "minutes", "state", "seconds", "attendees")
    return Table("segments", columns, tuple(made))


def _known(db: Db, cohort: Cohort) -> list[tuple[Membership, Person, tuple[Cell, ...]]]:
    """Every member with who they are: the cells of `WHO`."""
    members = _members(db, cohort)
    people = people_of(db, members)
    program = cohort.program
    return [
        (member, who, (who.name, who.email, program.company_of(answers_of(db, cohort, member))))
        for member in members
        for who in (people[member.id],)
    ]


def _members(db: Db, cohort: Cohort) -> list[Membership]:
    """Everyone who ever was a member, those who left included."""
    return list(db.exec(select(Membership).where(Membership.cohort_id == cohort.id).order_by(col(Membership.id))).all())


def _cell(value: object) -> Cell:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return value if isinstance(value, (str, int, float, bool)) else None
