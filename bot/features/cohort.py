"""My cohort: home, pause, come back, leave, help."""

from __future__ import annotations

from collections.abc import Sequence

from bot import whose
from bot.ask import Ask, Part, Reply, does
from bot.features.graduation import facts_of
from bot.features.program import list_
from bot.registry import button, command, visit, words
from cohorts import (
    admission,
    answers,
    applications,
    attendance,
    cohort,
    graduation,
    homework,
    hosting,
    people,
    sessions,
    surveys,
    which,
)
from cohorts.cohort import Cohort, Membership, MembershipState
from cohorts.errors import Refused
from cohorts.facts import Fact
from cohorts.outbox import Press
from cohorts.people import Role

MORE = (does("cohort help", "more"),)


@visit("page")
def page(ask: Ask) -> Reply:
    """The bot's own page: my cohorts, the desk of whoever conducts one, or what one can apply to."""
    mine = which.of_person(ask.db, ask.person)
    desk = _desk(ask)
    if len(mine) == 1:
        return _home(ask, *mine[0], desk)
    if mine:
        cards = [Part("cohort/home", *_seen_by(ask, *one)) for one in mine]
        return Reply("cohort/page", parts=[*cards, *desk], presses=MORE)
    if desk:
        return Reply("cohort/page", parts=desk, presses=MORE)
    return _applied(ask) or list_(ask)


@command("cohort home", help="Where you are: next session, what you owe, how far you are", role=Role.ANYONE, reads=True)
@words("home", "where am i", "what do i owe", name="home", role=Role.ANYONE)
def home(ask: Ask) -> Reply:
    try:
        return _home(ask, *whose.mine(ask))
    except Refused as no_member:
        return _applied(ask) or _leads(ask, no_member)


def _applied(ask: Ask) -> Reply | None:
    """Whoever has applied and waits is told until when."""
    for one in which.recruiting(ask.db, ask.place.id, now=ask.now):
        found = applications.draft(ask.db, one, ask.person)
        if found is not None and found.state is applications.ApplicationState.SUBMITTED:
            return Reply("applications/received", program=one.name, answer_by=applications.answer_by(one))
    return None


def _leads(ask: Ask, no_member: Refused) -> Reply:
    """Whoever conducts a cohort sees what waits for them there."""
    try:
        one = whose.conducted(ask)
    except Refused:
        raise no_member from None
    facts, presses = _led_by(ask, one)
    return Reply("cohort/leads", more=facts, presses=presses)


def _led_by(ask: Ask, one: Cohort) -> tuple[dict[str, Fact], list[Press]]:
    coming = sessions.upcoming(ask.db, one, now=ask.now)
    waiting = len(applications.queue(ask.db, one))
    facts: dict[str, Fact] = {
        "program": one.name,
        "members": len(cohort.present(ask.db, one)),
        "waiting": waiting,
        "title": coming.title if coming else "",
        "starts": coming.starts_at if coming else None,
    }
    return facts, [Press("applications/queue", {"cohort_id": one.id}, "primary")] if waiting else []


def _desk(ask: Ask) -> list[Part]:
    """A card for each living cohort that somebody conducts."""
    return [Part("cohort/leads", *_led_by(ask, one)) for one in which.conducted_by(ask.db, ask.person)]


@button("cohort/home", role=Role.MEMBER, reads=True)
def home_of(ask: Ask, cohort: int) -> Reply:
    return _home(ask, *whose.mine(ask, cohort))


def _home(ask: Ask, one: Cohort, membership: Membership, desk: Sequence[Part] = ()) -> Reply:
    facts, presses = _seen_by(ask, one, membership)
    lines = (line(ask, one, membership) for line in ask.registry.handlers("home").values())
    parts = [*(line for line in lines if isinstance(line, Part)), *desk]
    return Reply("cohort/home", more=facts, parts=parts, presses=[*presses, *MORE])


def _seen_by(ask: Ask, one: Cohort, membership: Membership) -> tuple[dict[str, Fact], list[Press]]:
    coming = sessions.next_meeting(ask.db, one, now=ask.now)
    sooner = sessions.upcoming(ask.db, one, now=ask.now)
    extra = sooner if sooner is not coming else None
    is_on = coming is not None and (coming.state is sessions.SessionState.LIVE or coming.starts_at <= ask.now)
    asks = one.program.defaults.rsvp and not is_on
    owes = homework.owed(ask.db, one, membership, now=ask.now)
    answer = attendance.answers(ask.db, coming).get(membership.id) if coming else None
    paused = membership.state is MembershipState.PAUSED
    facts: dict[str, Fact] = {
        "program": one.name,
        "goal": answers.goal_of(ask.db, one, membership),
        "title": coming.title if coming else "",
        "starts": coming.starts_at if coming else None,
        "place": coming.place if coming else "",
        "on": is_on,
        "asks": asks,
        "rsvp": answer.value if answer else "",
        "extra": extra.title if extra else "",
        "extra_starts": extra.starts_at if extra else None,
        "owes": [_owed(homework_) for homework_ in owes],
        "lines": facts_of(graduation.checklist(ask.db, one, membership)),
        "paused": paused,
        "graduated": membership.state is MembershipState.GRADUATED,
    }
    return facts, [
        *([Press("cohort/resume", {"cohort_id": one.id}, "primary")] if paused else []),
        *(attendance.rsvp_presses(coming) if coming and asks and not paused else []),
        *(Press("homework/hand-in", {"homework_id": one_.id}) for one_ in owes[:1]),
    ]


def _owed(one: homework.Homework) -> Fact:
    return {"title": one.title, "due": one.due_at}


@words("pause me", "i need a pause", "i need a break", name="pause", role=Role.MEMBER)
@command("cohort pause", help="Hear nothing for a while; your seat is kept", role=Role.MEMBER)
def pause(ask: Ask) -> Reply:
    one, membership = whose.mine(ask)
    cohort.pause(ask.db, membership, now=ask.now)
    return Reply("cohort/paused", program=one.name, presses=[Press("cohort/resume", {"cohort_id": one.id}, "primary")])


@command("cohort resume", help="Come back after a pause", role=Role.MEMBER)
@button("cohort/resume", role=Role.MEMBER)
def resume(ask: Ask, cohort_id: int | None = None) -> Reply:
    one, membership = whose.mine(ask, cohort_id)
    cohort.resume(ask.db, membership, now=ask.now)
    facts, parts, presses = gathered(ask, one, membership)
    return Reply("cohort/resumed", program=one.name, more=facts, parts=parts, presses=presses)


def gathered(ask: Ask, one: Cohort, membership: Membership) -> tuple[dict[str, Fact], list[Part], list[Press]]:
    """What waits for somebody who comes back, as one message: the next session, what is open, what the features add."""
    coming = sessions.upcoming(ask.db, one, now=ask.now)
    owes = homework.owed(ask.db, one, membership, now=ask.now)
    survey = surveys.waiting(ask.db, one, membership)
    facts: dict[str, Fact] = {
        "title": coming.title if coming else "",
        "starts": coming.starts_at if coming else None,
        "owes": [owed.title for owed in owes],
        "survey": survey.name or one.name if survey else "",
    }
    lines = (line(ask, one, membership) for line in ask.registry.handlers("home").values())
    presses = [Press("homework/hand-in", {"homework_id": owed.id}, "primary") for owed in owes[:1]]
    if survey is not None:
        presses.append(Press("surveys/open", {"cohort_id": one.id, "survey": survey.key}, words="waiting"))
    return facts, [line for line in lines if isinstance(line, Part)], presses


@words("i want to leave", "leave the cohort", name="leave", role=Role.ANYONE)
@command("cohort leave", help="Leave a cohort, or take an application back", role=Role.ANYONE)
def leave(ask: Ask) -> Reply:
    applied = applications.undecided_of(ask.db, ask.person)
    one, membership = which.to_leave(ask.db, ask.person, applied, wanted=ask.cohort, room=ask.room)
    if membership is None:
        take_back = Press("applications/withdraw", {"cohort_id": one.id}, "danger")
        return Reply("applications/withdraw-confirm", program=one.name, presses=[take_back])
    return Reply(
        "cohort/leave-confirm", program=one.name, presses=[Press("cohort/leave", {"cohort_id": one.id}, "danger")]
    )


@button("cohort/leave", role=Role.MEMBER)
def left(ask: Ask, cohort_id: int) -> Reply:
    one, membership = whose.mine(ask, cohort_id)
    admission.leave(ask.db, one, membership, now=ask.now)
    return Reply("cohort/left", replaces=True, program=one.name)


@command("cohort help", help="What you can do here", role=Role.ANYONE, reads=True)
@words("help", "hilfe", "what can you do", name="help", role=Role.ANYONE)
def help_(ask: Ask) -> Reply:
    """Each role its own view; what is for members stays out of it until somebody is one.

    A button for each that everybody may use: guests of a workspace often can't type commands.
    """
    roles = [Role.ANYONE]
    if which.of_person(ask.db, ask.person):
        roles.append(Role.MEMBER)
    everyones = tuple(roles)
    if people.conducts(ask.db, ask.person):
        roles += [Role.HOST, Role.FACILITATOR]
    elif hosting.is_host(ask.db, ask.person):
        roles.append(Role.HOST)
    if people.is_owner(ask.db, ask.person):
        roles.append(Role.OWNER)
    known = sorted(ask.registry.commands.items())
    return Reply(
        "cohort/help",
        commands=[
            {"name": name, "help": one.help, "role": one.role.value}
            for role in reversed(roles)
            for name, one in known
            if one.role is role
        ],
        presses=[does(name) for name, one in known if one.role in everyones and one.handler is not help_],
    )
