"""Kudos: thanking a peer. The example of a feature in its own files."""

from __future__ import annotations

from datetime import datetime

from bot import whose
from bot.arguments import number
from bot.ask import Answers, Ask, Asking, Part, Reply
from bot.command_text import Kind
from bot.features.homework import opens
from bot.message import Choice, Field, FieldKind
from bot.registry import Option, command, counter, digest_line, export, form, home_line, shortcut
from bot.sheets import Sheet
from cohorts import kudos, which
from cohorts.cohort import Cohort, Membership, person_of
from cohorts.errors import Invalid, Refused, Remark
from cohorts.facts import clean
from cohorts.people import Person, Role
from cohorts.store import Db


@command(
    "cohort kudos",
    help="Thank a peer",
    role=Role.MEMBER,
    options=[
        Option("person", "Whom you thank, such as @lena", kind=Kind.PERSON, required=True),
        Option("words", "What for", required=True, rest=True),
    ],
)
def give(ask: Ask, person: Person, words: str) -> Reply:
    cohort, membership = whose.mine(ask)
    kudos.give(ask.db, cohort, membership, person, words, now=ask.now)
    return Reply("kudos/given", person=person.ref)


@shortcut("kudos/from-message", role=Role.MEMBER, author=True)
def thank(ask: Ask, text: str, link: str, author: Person | None) -> Asking:
    """For a message: asks what for, and in which cohort only where the two have several in common."""
    if author is None:
        raise Refused("kudos/whose")
    if author.id == ask.person.id:
        raise Refused("kudos/to-yourself")
    common = _common(ask, author)
    fields = [Field("words", FieldKind.PARAGRAPH, "", required=True, max_length=kudos.WORDS)]
    if len(common) > 1:
        named = tuple(Choice(str(peer.id), f"{one.name} · {one.starts_on:%Y-%m}") for one, peer in common)
        fields.append(Field("cohort", FieldKind.CHOICE, "", required=True, choices=named, value=named[-1].value))
    receiver = common[0][1].id if len(common) == 1 else 0
    args: dict[str, str | int | bool] = {"membership_id": receiver, "link": link if opens(link) else ""}
    return Asking("kudos/thank", fields, args=args, person=author.name)


def _common(ask: Ask, author: Person) -> list[tuple[Cohort, Membership]]:
    """The cohort of this room, where both are in it; else all that both are in. With the author's place in each."""
    mine = [cohort for cohort, _ in which.of_person(ask.db, ask.person)] or [whose.mine(ask)[0]]
    common = kudos.together(ask.db, ask.person, author)
    if not common:
        raise Refused("kudos/not-in-cohort", person=author.ref, program=mine[0].name if len(mine) == 1 else "")
    return [pair for pair in common if ask.room is not None and pair[0].room_id == ask.room.id] or common


@form("kudos/thank", role=Role.MEMBER)
def thanked(ask: Ask, answers: Answers, membership_id: int, link: str) -> Reply:
    words = clean(str(answers.get("words") or "")).strip()
    if not words:
        raise Invalid(words=Remark("required"))
    if len(words) > kudos.WORDS:
        raise Invalid(words=Remark("too-long", limit=kudos.WORDS, length=len(words)))
    receiver = kudos.peer(ask.db, membership_id or number(answers.get("cohort")) or 0)
    cohort, membership = whose.mine(ask, receiver.cohort_id)
    person = person_of(ask.db, receiver)
    kudos.give(ask.db, cohort, membership, person, words, now=ask.now, link=link if opens(link) else "")
    return Reply("kudos/given", person=person.ref)


@home_line("kudos")
def home(ask: Ask, cohort: Cohort, membership: Membership) -> Part | None:
    count = kudos.received(ask.db, membership)
    return Part("kudos/home", {"count": count}) if count else None


@digest_line("kudos")
def digest(db: Db, cohort: Cohort, since: datetime, now: datetime) -> Part | None:
    count = kudos.given_since(db, cohort, since)
    return Part("kudos/digest", {"count": count}) if count else None


@counter("kudos")
def received(db: Db, membership: Membership) -> int:
    return kudos.received(db, membership)


@export("kudos")
def rows(db: Db, cohort: Cohort) -> Sheet:
    """Who thanked whom and when; what for stays between them."""
    return Sheet("kudos", ("from", "to", "at"), tuple(kudos.ledger(db, cohort)))
