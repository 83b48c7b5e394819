"""The ritual: asked for the day before, in the room at its moment."""

from __future__ import annotations

from bot import whose
from bot.ask import Answers, Ask, Asking, Due, Part, Reply
from bot.message import Field, FieldKind
from bot.registry import button, due, form, home_line, words
from cohorts import answers as answers_
from cohorts import ceremony, graduation, outbox
from cohorts.cohort import Cohort, CohortState, Membership, MembershipState, present, room_of
from cohorts.errors import Invalid, Refused, Remark
from cohorts.facts import Fact
from cohorts.outbox import Press
from cohorts.people import Role


def _press(cohort: Cohort) -> Press:
    return Press("ceremony/open", {"cohort_id": cohort.id})


@due("ceremony/ask")
def ask_all(due: Due, cohort_id: int) -> None:
    """What may be read out; part of the letter of the day before."""
    cohort = due.db.get_one(Cohort, cohort_id)
    held = graduation.ceremony(due.db, cohort)
    if cohort.state is not CohortState.RUNNING or held is None:
        return
    for member in present(due.db, cohort):
        if ceremony.line_of(due.db, member) is None:
            due.tell(
                member,
                "ceremony/ask",
                expires=held,
                presses=[_press(cohort)],
                program=cohort.name,
                held=held,
                at_the_end=ceremony.is_at_the_end(cohort),
            )


@home_line("ceremony")
def home(ask: Ask, cohort: Cohort, membership: Membership) -> Part | None:
    if membership.state is MembershipState.PAUSED or not ceremony.is_near(ask.db, cohort, now=ask.now):
        return None
    found = ceremony.line_of(ask.db, membership)
    facts = {**_when(ask, cohort), "words": found.words if found else ""}
    return Part("ceremony/home", facts, [_press(cohort)])


def _when(ask: Ask, cohort: Cohort) -> dict[str, Fact]:
    return {"held": graduation.ceremony(ask.db, cohort), "at_the_end": ceremony.is_at_the_end(cohort)}


@button("ceremony/open", role=Role.MEMBER)
@words("read this out", "read out for me", name="ceremony", role=Role.MEMBER)
def open_(ask: Ask, cohort_id: int | None = None) -> Asking:
    """Filled in with what was given before, else with the goal."""
    cohort, membership = whose.mine(ask, cohort_id)
    _ahead(ask, cohort)
    found = ceremony.line_of(ask.db, membership)
    value = found.words if found else answers_.goal_of(ask.db, cohort, membership)
    field = Field("words", FieldKind.PARAGRAPH, "", max_length=ceremony.WORDS, value=value[: ceremony.WORDS])
    return Asking("ceremony/say", [field], args={"cohort_id": cohort.id})


def _ahead(ask: Ask, cohort: Cohort) -> None:
    if not ceremony.is_ahead(ask.db, cohort, now=ask.now):
        raise Refused("ceremony/over", program=cohort.name)


@form("ceremony/say", role=Role.MEMBER)
def said(ask: Ask, answers: Answers, cohort_id: int) -> Reply:
    cohort, membership = whose.mine(ask, cohort_id)
    _ahead(ask, cohort)
    written = str(answers.get("words") or "")
    if len(written) > ceremony.WORDS:
        raise Invalid(words=Remark("too-long", limit=ceremony.WORDS, length=len(written)))
    read = ceremony.say(ask.db, membership, written, now=ask.now)
    return Reply("ceremony/kept", read=read, more=_when(ask, cohort))


@due("ceremony/ritual")
def ritual(due: Due, cohort_id: int) -> None:
    cohort = due.db.get_one(Cohort, cohort_id)
    spoken, silent = ceremony.named(due.db, cohort)
    if cohort.state is CohortState.RUNNING and (spoken or silent):
        outbox.announce(
            due.db,
            room_of(due.db, cohort),
            "ceremony/ritual",
            key=due.key,
            now=due.now,
            due=due.due_at,
            ping=False,  # they are together
            program=cohort.name,
            together=ceremony.is_at_the_end(cohort),
            spoken=[{"person": member.ref, "words": said} for member, said in spoken],
            others=[member.ref for member in silent],
        )
