"""How much I hear: stay, later, stop. Whoever has gone silent is asked about it once, and somebody looks after them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot import whose
from bot.ask import Ask, Due, Part, Reply
from bot.command_text import Kind
from bot.features.cohort import gathered
from bot.registry import Option, afterwards, button, command, due, home_line, words
from cohorts import attendance, mailbag, people, quiet, sessions
from cohorts.attendance import Attended
from cohorts.bundling import daytime
from cohorts.cohort import Cohort, Membership, MembershipState
from cohorts.errors import Refused
from cohorts.facts import Fact
from cohorts.people import Role
from cohorts.quiet import Volume


@command(
    "cohort quiet",
    help="Hear less for a while, or everything again",
    role=Role.MEMBER,
    options=[Option("choice", "stay, later or stop", kind=Kind.CHOICE, choices=tuple(Volume))],
)
def quiet_(ask: Ask, choice: str = "") -> Reply:
    cohort, membership = whose.mine(ask)
    return _chosen(ask, cohort, membership, choice) if choice else _choice(ask, cohort, membership)


@words("go quiet", "fewer messages", "less messages", "too many messages", "be quiet", name="quiet", role=Role.MEMBER)
def asked_for(ask: Ask) -> Reply:
    return _choice(ask, *whose.mine(ask))


def _choice(ask: Ask, cohort: Cohort, membership: Membership) -> Reply:
    kept = quiet.of(ask.db, membership)
    volume = quiet.volume_of(ask.db, membership, now=ask.now)
    return Reply(
        "quiet/choice",
        program=cohort.name,
        volume=volume.value,
        until=kept.until if kept else None,
        presses=quiet.presses(cohort, volume),
    )


@button("quiet/choose", role=Role.MEMBER)
def choose(ask: Ask, cohort_id: int, choice: str) -> Reply:
    return _chosen(ask, *whose.mine(ask, cohort_id), choice)


def _chosen(ask: Ask, cohort: Cohort, membership: Membership, choice: str) -> Reply:
    if choice not in tuple(Volume):
        raise Refused("commands/gone")
    was = quiet.volume_of(ask.db, membership, now=ask.now)
    kept = quiet.choose(ask.db, membership, Volume(choice), now=ask.now)
    back = kept.volume is Volume.STAY and was is not Volume.STAY
    nothing: dict[str, Fact] = {"title": "", "starts": None, "owes": [], "survey": ""}
    facts, parts, presses = gathered(ask, cohort, membership) if back else (nothing, [], [])
    return Reply(
        "quiet/chosen",
        program=cohort.name,
        volume=kept.volume.value,
        until=kept.until,
        back=back,
        parts=parts,
        presses=presses or quiet.presses(cohort, kept.volume),
        more=facts,
    )


@home_line("quiet")
def home(ask: Ask, cohort: Cohort, membership: Membership) -> Part | None:
    volume = quiet.volume_of(ask.db, membership, now=ask.now)
    if volume is Volume.STAY or membership.state is not MembershipState.ACTIVE:
        return None
    kept = quiet.of(ask.db, membership)
    return Part("quiet/home", {"volume": volume.value, "until": kept.until if kept else None})


@afterwards("quiet")
def heard_from(ask: Ask) -> None:
    quiet.heard_from(ask.db, ask.person)


@due("quiet/look")
def look(due: Due, cohort_id: int) -> None:
    """Whoever has gone silent is asked what they want to hear; their buddies and those who conduct may reach out."""
    cohort = due.db.get_one(Cohort, cohort_id)
    silent = quiet.silent(due.db, cohort, now=due.now) if sessions.is_expected(cohort) else []
    looked_after = []
    for member in silent:
        key = f"{due.key}/{member.id}"
        mailbag.add(
            due.db,
            cohort,
            member,
            "quiet/offer",
            key=key,
            now=due.now,
            presses=quiet.presses(cohort),
            program=cohort.name,
        )
        quiet.offered(due.db, member, now=due.now)
        if (buddy := _buddy(due, member, silent)) is not None:
            looked_after.append(member)
            mailbag.add(due.db, cohort, buddy, "quiet/buddy", key=f"{key}/buddy", now=due.now, person=member.ref)
    if not silent:
        return
    last = sessions.latest(due.db, cohort, now=due.now)
    came = attendance.attendance(due.db, last) if last is not None else {}
    for facilitator in people.facilitators(due.db, cohort.workspace_id, cohort.program_key):
        due.tell_person(
            facilitator,
            "quiet/noticed",
            can_wait=True,
            program=cohort.name,
            people=[one.ref for one in silent],
            came=[one.ref for one in silent if came.get(one.id) is Attended.PRESENT],
            title=last.title if last is not None else "",
            asked=[one.ref for one in looked_after],
        )


def _buddy(due: Due, member: Membership, silent: Sequence[Membership]) -> Membership | None:
    """Somebody who looks after them, is there, and hears such things themselves."""
    known: Iterable[Membership] = (
        one for of in due.registry.handlers("buddies").values() for one in of(due.db, member)
    )
    for buddy in known:
        if buddy not in silent and buddy.state is MembershipState.ACTIVE:
            zone = due.db.get_one(people.Person, buddy.person_id).zone
            at = daytime(due.now, zone)
            if not quiet.holds_back(due.db, buddy, None, zone=zone, at=at, now=due.now):
                return buddy
    return None
