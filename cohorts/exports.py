"""Lists for the owner: the rows of each, ready for a sheet. Pictures and files are made in `bot`."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from sqlmodel import col, select

from cohorts import applications, attachments, attendance, breakouts, graduation, homework, sessions, surveys
from cohorts.applications import Application, ApplicationState
from cohorts.attendance import Attended
from cohorts.cohort import Cohort, Membership, people_of
from cohorts.people import Person
from cohorts.program_answers import Verdict
from cohorts.program_kinds import QuestionKind
from cohorts.sessions import SessionState
from cohorts.store import Db

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
                person.zone,
                application.state.value,
                application.submitted_at,
                application.decided_at,
                f"{met} of {len(fit.judged)}",
                *(_cell(application.given.get(key)) for key in asked),
            )
        )
    columns = ("name", "email", "zone", "state", "submitted_at", "decided_at", "criteria_met")
    return Table("applications", (*columns, *(f"answer_{key}" for key in asked)), tuple(made))


def attendance_list(db: Db, cohort: Cohort) -> Table:
    """One row a member and session that was held: what they answered and whether they were there."""
    members = _members(db, cohort)
    people = people_of(db, members)
    made: list[tuple[Cell, ...]] = []
    for session in sessions.standing(db, cohort):
        answers, seen = attendance.answers(db, session), attendance.attendance(db, session)
        for member in members if session.state is SessionState.HELD else []:
            rsvp = answers.get(member.id)
            state = seen.get(member.id, Attended.ABSENT)
            made.append(
                (
                    session.key,
                    session.title,
                    session.starts_at,
                    people[member.id].name,
                    rsvp.value if rsvp else None,
                    state.value,
                )
            )
    return Table("attendance", ("session", "title", "starts_at", "name", "rsvp", "attendance"), tuple(made))


def homework_list(db: Db, cohort: Cohort) -> Table:
    members = _members(db, cohort)
    people = people_of(db, members)
    made: list[tuple[Cell, ...]] = []
    for one in homework.of_cohort(db, cohort):
        handed_in = homework.submissions(db, one)
        files = attachments.names(db, [done.id for done in handed_in.values()])
        for member in members:
            if not homework.is_for(db, cohort, one, member):
                continue
            done = handed_in.get(member.id)
            made.append(
                (
                    one.key,
                    one.title,
                    one.due_at,
                    people[member.id].name,
                    done.at if done else None,
                    done.at <= one.due_at if done else None,
                    done.link if done else None,
                    done.words if done else None,
                    ", ".join(files.get(done.id, ())) or None if done else None,
                )
            )
    columns = ("homework", "title", "due_at", "name", "submitted_at", "in_time", "link", "words", "files")
    return Table("homework", columns, tuple(made))


def nps_list(db: Db, cohort: Cohort) -> Table:
    """One row an answer to a question of kind nps, with what else was written in that survey."""
    people = people_of(db, _members(db, cohort))
    made: list[tuple[Cell, ...]] = []
    for survey in cohort.program.surveys:
        for question in (one for one in survey.questions if one.kind is QuestionKind.NPS):
            for response in surveys.responses(db, cohort, survey.key):
                score = response.given.get(question.key)
                if isinstance(score, int):
                    name = people[response.membership_id].name
                    made.append((survey.key, name, score, surveys.comment_of(survey, response), response.at))
    return Table("nps", ("survey", "name", "score", "comment", "answered_at"), tuple(made))


def graduate_list(db: Db, cohort: Cohort) -> Table:
    rows = graduation.graduates(db, cohort)
    people = people_of(db, [member for _, member in rows])
    return Table(
        "graduates",
        ("name", "email", "graduated_at", "sessions", "homework"),
        tuple(
            (
                people[member.id].name,
                people[member.id].email,
                graduate.at,
                attendance.attended_count(db, member),
                homework.submitted_count(db, member),
            )
            for graduate, member in rows
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


def _members(db: Db, cohort: Cohort) -> list[Membership]:
    """Everyone who ever was a member, those who left included."""
    return list(db.exec(select(Membership).where(Membership.cohort_id == cohort.id).order_by(col(Membership.id))).all())


def _cell(value: object) -> Cell:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return value if isinstance(value, (str, int, float, bool)) else None
