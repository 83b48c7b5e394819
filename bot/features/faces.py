"""The wall of who is in: name, work, role and a link of those who agreed to be shown."""

from __future__ import annotations

from datetime import datetime

from bot import whose
from bot.ask import Answers, Ask, Asking, Part, Reply
from bot.command_text import Kind
from bot.message import Field, FieldKind
from bot.registry import Option, button, command, form, readiness_line, words
from cohorts import cohort as cohorts_
from cohorts import faces
from cohorts.cohort import Cohort, Membership
from cohorts.errors import Invalid, Refused, Remark
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.program_answers import BadAnswer
from cohorts.store import Db


@words("who is in", "who else is in", "who is with me", name="who", role=Role.ANYONE)
@command(
    "cohort who",
    help="See who is in, and show or hide yourself",
    role=Role.ANYONE,
    options=[
        Option("me", "show or hide yourself", kind=Kind.CHOICE, choices=("show", "hide")),
        Option("link", "Where the others see more of you", kind=Kind.LINK),
    ],
)
def who(ask: Ask, me: str | None = None, link: str | None = None) -> Reply:
    if me is None and link is None:
        cohort = whose.either(ask)
        return _wall(ask, cohort)
    cohort, membership = whose.mine(ask)
    if me == "hide":
        faces.hide(ask.db, membership)
        return _wall(ask, cohort)
    try:
        faces.show(ask.db, cohort, membership, now=ask.now, link=link or "")
    except BadAnswer:
        raise Refused("faces/not-a-link", words=(link or "")[:100]) from None
    return _wall(ask, cohort)


@button("faces/show", role=Role.MEMBER)
def show(ask: Ask, cohort_id: int) -> Reply:
    cohort, membership = whose.mine(ask, cohort_id)
    faces.show(ask.db, cohort, membership, now=ask.now)
    return _wall(ask, cohort)


@button("faces/hide", role=Role.MEMBER)
def hide(ask: Ask, cohort_id: int) -> Reply:
    cohort, membership = whose.mine(ask, cohort_id)
    faces.hide(ask.db, membership)
    return _wall(ask, cohort, replaces=True)


@button("faces/link", role=Role.MEMBER)
def add_link(ask: Ask, cohort_id: int) -> Asking:
    cohort, membership = whose.mine(ask, cohort_id)
    face = faces.face_of(ask.db, membership)
    link = Field("link", FieldKind.LINK, "", required=True, max_length=faces.LINK, value=face.link if face else None)
    return Asking("faces/link", [link], args={"cohort_id": cohort.id})


@form("faces/link", role=Role.MEMBER)
def linked(ask: Ask, answers: Answers, cohort_id: int) -> Reply:
    cohort, membership = whose.mine(ask, cohort_id)
    try:
        link = faces.checked(str(answers.get("link") or ""))
    except BadAnswer as bad:
        raise Invalid(link=Remark(bad.reason_key, **bad.facts)) from None
    if not link:
        raise Invalid(link=Remark("required"))
    faces.show(ask.db, cohort, membership, now=ask.now, link=link)
    return _wall(ask, cohort)


def _wall(ask: Ask, cohort: Cohort, *, replaces: bool = False) -> Reply:
    people, everybody = faces.wall(ask.db, cohort), len(cohorts_.present(ask.db, cohort))
    mine = cohorts_.membership_of(ask.db, cohort, ask.person)
    shown = mine is not None and faces.face_of(ask.db, mine) is not None
    return Reply(
        "faces/wall",
        replaces=replaces,
        program=cohort.name,
        people=people,
        others=everybody - len(people),
        member=mine is not None,
        shown=shown,
        presses=_presses(cohort, mine, shown=shown),
    )


def _presses(cohort: Cohort, mine: Membership | None, *, shown: bool) -> list[Press]:
    here = {"cohort_id": cohort.id}
    if mine is None or mine.state not in cohorts_.PRESENT:
        return []
    if not shown:
        return [Press("faces/show", here, "primary", words="show-me")]
    return [Press("faces/link", here), Press("faces/hide", here)]


@readiness_line("faces")
def shown(db: Db, cohort: Cohort, now: datetime) -> Part | None:
    count, members = len(faces.wall(db, cohort)), len(cohorts_.present(db, cohort))
    return Part("readiness/shown", {"count": count, "members": members}) if members else None
