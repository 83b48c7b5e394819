"""What the world should know: asked in the room, written in a form, edited and posted by whoever leads."""

from __future__ import annotations

from bot import whose
from bot.ask import Answers, Ask, Asking, Due, Part, Reply
from bot.message import Field, FieldKind
from bot.registry import button, due, export, form, home_line, words
from bot.sheets import Sheet
from cohorts import cohort as cohorts_
from cohorts import outbox, testimonials
from cohorts.bundling import daytime
from cohorts.cohort import Cohort, Membership
from cohorts.errors import Invalid, Refused, Remark
from cohorts.outbox import Press
from cohorts.people import Role, facilitators
from cohorts.store import Db


@due("testimonials/ask")
def ask_the_room(due: Due, cohort_id: int) -> None:
    """After the ritual; those who are still there see it, and nobody is called back for it."""
    cohort = due.db.get_one(Cohort, cohort_id)
    if not testimonials.is_asked(due.db, cohort, now=due.now):
        return
    outbox.announce(
        due.db,
        cohorts_.room_of(due.db, cohort),
        "testimonials/ask",
        key=due.key,
        now=due.now,
        due=due.due_at,
        ping=False,
        presses=[_press(cohort)],
        program=cohort.name,
    )


def _press(cohort: Cohort) -> Press:
    return Press("testimonials/open", {"cohort_id": cohort.id})


@home_line("testimonials")
def home(ask: Ask, cohort: Cohort, membership: Membership) -> Part | None:
    if not testimonials.is_asked(ask.db, cohort, now=ask.now):
        return None
    found = testimonials.of(ask.db, membership)
    return Part(
        "testimonials/home",
        {"words": found.words if found else "", "named": found is not None and found.named},
        [_press(cohort)],
    )


@button("testimonials/open", role=Role.MEMBER)
@words("what the world should know", "my line", name="testimonial", role=Role.MEMBER)
def open_(ask: Ask, cohort_id: int | None = None) -> Asking:
    cohort, membership = whose.mine(ask, cohort_id)
    _may(cohort)
    found = testimonials.of(ask.db, membership)
    return Asking(
        "testimonials/give",
        [
            Field(
                "words",
                FieldKind.PARAGRAPH,
                "",
                max_length=testimonials.WORDS,
                value=found.words if found else "",
            ),
            Field("named", FieldKind.YES_NO, "", value=found.named if found else None),
        ],
        args={"cohort_id": cohort.id},
    )


def _may(cohort: Cohort) -> None:
    if not testimonials.may_give(cohort):
        raise Refused("testimonials/not-yet", program=cohort.name)


@form("testimonials/give", role=Role.MEMBER)
def given(ask: Ask, answers: Answers, cohort_id: int) -> Reply:
    cohort, membership = whose.mine(ask, cohort_id)
    _may(cohort)
    written = str(answers.get("words") or "")
    if len(written) > testimonials.WORDS:
        raise Invalid(words=Remark("too-long", limit=testimonials.WORDS, length=len(written)))
    named = answers.get("named") in (True, "true", "yes", "True")
    kept = testimonials.give(ask.db, cohort, membership, written, named=named, now=ask.now)
    return Reply("testimonials/kept", given=kept, named=named)


# For those who lead.


@due("testimonials/collected")
def collected(due: Due, cohort_id: int) -> None:
    """A part of the one message that they get at the end."""
    cohort = due.db.get_one(Cohort, cohort_id)
    lines = testimonials.text_of(due.db, cohort).splitlines()
    for person in facilitators(due.db, cohort.workspace_id, cohort.program_key) if lines else ():
        outbox.enclose(
            due.db,
            person,
            "testimonials/collected",
            key=f"{due.key}/person:{person.id}",
            at=max(due.due_at, daytime(due.now, person.zone)),
            now=due.now,
            presses=_desk(due.db, cohort),
            program=cohort.name,
            lines=lines,
            posted=testimonials.posted(due.db, cohort),
        )


@words("the testimonials", "testimonials", name="testimonials", role=Role.FACILITATOR)
def collected_asked_for(ask: Ask) -> Reply:
    return _collected(ask, whose.conducted(ask))


def _collected(ask: Ask, cohort: Cohort) -> Reply:
    lines = testimonials.text_of(ask.db, cohort).splitlines()
    if not lines:
        raise Refused("testimonials/none-yet", program=cohort.name)
    return Reply(
        "testimonials/collected",
        presses=_desk(ask.db, cohort),
        program=cohort.name,
        lines=lines,
        posted=testimonials.posted(ask.db, cohort),
    )


def _desk(db: Db, cohort: Cohort) -> list[Press]:
    edits = Press("testimonials/edit", {"cohort_id": cohort.id})
    posts = Press("testimonials/post", {"cohort_id": cohort.id}, "primary")
    return [edits] if testimonials.posted(db, cohort) else [posts, edits]


@button("testimonials/edit", role=Role.FACILITATOR)
def edit(ask: Ask, cohort_id: int) -> Asking:
    cohort = whose.conducted(ask, cohort_id)
    text = testimonials.text_of(ask.db, cohort)[: testimonials.TEXT]
    field = Field("text", FieldKind.PARAGRAPH, "", required=True, max_length=testimonials.TEXT, value=text)
    return Asking("testimonials/edit", [field], args={"cohort_id": cohort.id})


@form("testimonials/edit", role=Role.FACILITATOR)
def edited(ask: Ask, answers: Answers, cohort_id: int) -> Reply:
    cohort = whose.conducted(ask, cohort_id)
    text = str(answers.get("text") or "")
    if not text.strip():
        raise Invalid(text=Remark("required"))
    if len(text) > testimonials.TEXT:
        raise Invalid(text=Remark("too-long", limit=testimonials.TEXT, length=len(text)))
    testimonials.edit(ask.db, cohort, text, by=ask.person, now=ask.now)
    return _collected(ask, cohort)


@button("testimonials/post", role=Role.FACILITATOR)
def post(ask: Ask, cohort_id: int) -> Reply:
    cohort = whose.conducted(ask, cohort_id)
    testimonials.post(ask.db, cohort, by=ask.person, now=ask.now)
    return Reply("testimonials/posted-by-you", program=cohort.name, room=cohorts_.room_of(ask.db, cohort).ref)


@export("testimonials")
def rows(db: Db, cohort: Cohort) -> Sheet:
    """Whoever did not agree to be named is not."""
    made = tuple((words, name, name is not None) for words, name in testimonials.table(db, cohort))
    return Sheet("testimonials", ("words", "name", "may_be_named"), made)
