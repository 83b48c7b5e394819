"""Programs: listed, opened, launched; who conducts them; lists for their owner."""

from __future__ import annotations

from collections.abc import Sequence

from bot import whose
from bot.ask import Ask, Reply
from bot.command_text import Kind
from bot.message import Choice
from bot.registry import Option, button, command
from cohorts import cohort as cohorts_
from cohorts import people, timetable, which
from cohorts.cohort import Cohort, present
from cohorts.errors import Refused
from cohorts.outbox import Press
from cohorts.people import Granted, Person, Role
from cohorts.program_kinds import Hosts
from cohorts.which import recruiting


def known_programs(ask: Ask) -> Sequence[Choice]:
    return [Choice(key, listed.program.name) for key, listed in ask.catalogue.items()]


@command("program list", help="What is open, and what could be opened", role=Role.ANYONE, reads=True)
def list_(ask: Ask) -> Reply:
    opened = recruiting(ask.db, ask.place.id, now=ask.now)
    conducts = people.conducts(ask.db, ask.person)
    return Reply(
        "program/list",
        opened=[
            {
                "name": one.name,
                "promise": one.program.promise,
                "starts": one.starts_on,
                "closes": one.closes_at,
            }
            for one in opened
        ],
        known=[{"key": key, "name": one.program.name} for key, one in ask.catalogue.items()] if conducts else [],
        presses=[
            Press(
                "applications/apply",
                {"cohort_id": one.id},
                "primary",
                words="apply-to",
                facts={"program": one.name},
            )
            for one in opened
        ],
    )


@command("program launch", help="Start a cohort with those who were accepted", role=Role.FACILITATOR)
def launch(ask: Ask) -> Reply:
    return _launch_confirm(ask, whose.conducted(ask))


@button("program/launch", role=Role.FACILITATOR)
def launch_asked(ask: Ask, cohort_id: int) -> Reply:
    return _launch_confirm(ask, whose.conducted(ask, cohort_id))


def _launch_confirm(ask: Ask, cohort: Cohort) -> Reply:
    members = present(ask.db, cohort)
    return Reply(
        "program/launch-confirm",
        program=cohort.name,
        people=[member.ref for member in members],
        least=cohort.program.size.min,
        starts=cohort.starts_on,
        closes=cohort.closes_at if ask.now < cohort.closes_at else None,
        presses=[Press("program/launched", {"cohort_id": cohort.id}, "primary")],
    )


@button("program/launched", role=Role.FACILITATOR)
def launched(ask: Ask, cohort_id: int) -> Reply:
    cohort = whose.conducted(ask, cohort_id)
    cohorts_.launch(ask.db, cohort, by=ask.person, now=ask.now)
    timetable.enter(ask.db, cohort, now=ask.now)
    return Reply(
        "program/launched-by-you",
        replaces=True,
        program=cohort.name,
        brief=cohort.program.defaults.brief,
        rotate=cohort.program.hosts is Hosts.ROTATE,
        room=cohorts_.room_of(ask.db, cohort).ref,
    )


@command(
    "program facilitator",
    help="Name who conducts a program",
    role=Role.OWNER,
    options=[
        Option("person", "Who leads it, such as @fay", kind=Kind.PERSON, required=True),
        Option("program", "Which program", complete=known_programs),
    ],
)
def facilitator(ask: Ask, person: Person, program: str | None = None) -> Reply:
    keys = [_listed_key(ask, program)] if program else list(ask.catalogue)
    if len(keys) != 1:
        raise Refused("program/which", known=keys)
    new = people.grant(ask.db, person, Granted.FACILITATOR, keys[0])
    for cohort in which.with_rooms(ask.db, ask.place.id, keys[0]):
        cohorts_.open_room(ask.db, cohort, now=ask.now)
    name = ask.catalogue[keys[0]].program.name
    return Reply("program/facilitator", person=person.ref, program=name, new=new)


def _listed_key(ask: Ask, name: str) -> str:
    wanted = name.casefold().strip()
    for key, listed in ask.catalogue.items():
        if wanted in (key, listed.program.name.casefold()):
            return key
    raise Refused("program/no-such", words=name[:100], known=list(ask.catalogue))
