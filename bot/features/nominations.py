"""Nominating somebody for a program that is open: the person, and one sentence why."""

from __future__ import annotations

from datetime import datetime

from bot.ask import Answers, Ask, Asking, Part, Reply, Response
from bot.command_text import Kind
from bot.features.applications import open_cohort, open_programs
from bot.message import Field, FieldKind
from bot.registry import Option, arrival, button, command, form, readiness_line, words
from cohorts import nominations, people
from cohorts.cohort import Cohort, CohortState
from cohorts.errors import Invalid, Refused, Remark
from cohorts.facts import clean
from cohorts.nominations import Named
from cohorts.people import Person, Role
from cohorts.store import Db


@command(
    "program nominate",
    help="Nominate somebody who should be in",
    role=Role.ANYONE,
    options=[
        Option("person", "Who, such as @ben", kind=Kind.PERSON),
        Option("why", "One sentence why they should be in", rest=True),
        Option("email", "Their e-mail address, if they are not here yet"),
        Option("program", "For which program", complete=open_programs),
    ],
)
def nominate(
    ask: Ask,
    person: Person | None = None,
    why: str | None = None,
    email: str | None = None,
    program: str | None = None,
) -> Response:
    cohort, why = open_cohort(ask, program), why or ""
    mail = nominations.mail_in(email or "")
    if person is None and not mail:
        # "ben@example.org, she does the rollout": the address may begin the sentence.
        first, _, rest = why.partition(" ")
        mail = nominations.mail_in(first)
        why = rest if mail else why
    if person is None and not mail:
        return _asks(cohort, why=why)
    named = nominations.whom(ask.db, ask.place, mail) if person is None else _reachable(ask, person)
    return _asks(cohort, named.person.name, why) if not why.strip() else _nominated(ask, cohort, named, why)


@words("i want to nominate", "i would like to nominate", "nominate somebody", name="nominate", role=Role.ANYONE)
def nominate_somebody(ask: Ask) -> Asking:
    return _asks(open_cohort(ask, None))


@button("nominations/nominate", role=Role.ANYONE)
def nominate_for(ask: Ask, cohort_id: int) -> Asking:
    return _asks(_open(ask, cohort_id))


@form("nominations/nominate", role=Role.ANYONE)
def filled(ask: Ask, answers: Answers, cohort_id: int) -> Reply:
    whom, why = (clean(str(answers.get(key) or "")).strip() for key in ("person", "why"))
    empty = {key: Remark("required") for key, value in (("person", whom), ("why", why)) if not value}
    if len(why) > nominations.WHY:
        empty["why"] = Remark("too-long", limit=nominations.WHY, length=len(why))
    if empty:
        raise Invalid(**empty)
    cohort = _open(ask, cohort_id)
    try:
        named = nominations.whom(ask.db, ask.place, whom)
    except Refused:
        raise Invalid(person=Remark("nobody-called-so", words=whom[:60])) from None
    return _nominated(ask, cohort, named, why)


def _asks(cohort: Cohort, person: str = "", why: str = "") -> Asking:
    fields = [
        Field("person", FieldKind.LINE, "", required=True, max_length=320, value=person or None),
        Field("why", FieldKind.PARAGRAPH, "", required=True, max_length=nominations.WHY, value=why or None),
    ]
    return Asking("nominations/nominate", fields, args={"cohort_id": cohort.id}, program=cohort.name)


def _nominated(ask: Ask, cohort: Cohort, named: Named, why: str) -> Reply:
    nominations.nominate(ask.db, cohort, named, why, by=ask.person, now=ask.now)
    if named.reachable:
        return Reply("nominations/passed-on", person=named.person.ref, program=cohort.name)
    return Reply("nominations/to-invite", mail=named.person.email or "", program=cohort.name)


def _reachable(ask: Ask, person: Person) -> Named:
    return Named(person, people.account_of(ask.db, person.id) is not None)


def _open(ask: Ask, cohort_id: int) -> Cohort:
    cohort = ask.db.get(Cohort, cohort_id)
    if cohort is None or cohort.workspace_id != ask.place.id:
        raise Refused("commands/gone")
    return cohort


@arrival("nominations")
def arrived(db: Db, person: Person, now: datetime) -> None:
    nominations.arrived(db, person, now=now)


@readiness_line("nominations")
def waiting(db: Db, cohort: Cohort, now: datetime) -> Part | None:
    count = nominations.not_applied(db, cohort) if cohort.state is CohortState.RECRUITING else 0
    return Part("readiness/nominated", {"count": count}) if count else None
