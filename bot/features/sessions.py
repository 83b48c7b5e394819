"""A session from chat: RSVP, the doors, begin and end, who was there, the recap."""

from __future__ import annotations

from datetime import timedelta

from bot import whose
from bot.ask import Ask, Due, Part, Reply
from bot.command_text import Kind
from bot.features.graduation import complete
from bot.registry import Option, button, command, due, words
from cohorts import (
    attendance,
    breakouts,
    conductor,
    guests,
    hosting,
    materials,
    meeting,
    room_styles,
    rounds,
    sessions,
    stage,
    unseen,
)
from cohorts.attendance import Answer, Attended
from cohorts.cohort import Cohort, Membership, present
from cohorts.errors import Refused
from cohorts.facts import Fact, PersonRef
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.program_kinds import SessionKind
from cohorts.sessions import Session, SessionState
from cohorts.ways import ways_of


@command(
    "cohort rsvp",
    help="Say whether you come to the next session",
    role=Role.MEMBER,
    options=[
        Option("answer", "Will you be there? yes, maybe or no", kind=Kind.CHOICE, choices=tuple(Answer), required=True)
    ],
)
def rsvp(ask: Ask, answer: str) -> Reply:
    cohort, membership = whose.mine(ask)
    meeting_ = sessions.next_meeting(ask.db, cohort, now=ask.now)
    coming = meeting_ or sessions.the_next(ask.db, cohort, now=ask.now)
    return _answered(ask, coming, membership, Answer(answer))


@button("sessions/rsvp", role=Role.MEMBER)
def rsvp_pressed(ask: Ask, session_id: int, answer: str) -> Reply:
    session, _, membership = sessions.attended_by(ask.db, ask.person, session_id)
    if answer not in tuple(Answer):
        raise Refused("commands/gone")
    return _answered(ask, session, membership, Answer(answer))


def _answered(ask: Ask, session: Session, membership: Membership, answer: Answer) -> Reply:
    attendance.rsvp(ask.db, session, membership, answer, now=ask.now)
    _, cohort = sessions.get(ask.db, session.id)
    return Reply(
        "sessions/rsvp",
        answer=answer.value,
        title=session.title,
        starts=session.starts_at,
        recap=cohort.program.defaults.recap and session.kind is SessionKind.SESSION,
    )


@due("sessions/open-doors")
def open_doors(due: Due, session_id: int) -> None:
    """At the start: the way in, in the room, and one press that says "I'm here"."""
    session, cohort = sessions.get(due.db, session_id)
    if not sessions.is_expected(cohort) or session.state not in (SessionState.PLANNED, SessionState.LIVE):
        return
    due.announce(
        cohort,
        "sessions/open-doors",
        expires=session.starts_at + timedelta(minutes=20),
        about=session.about,
        presses=[Press("sessions/here", {"session_id": session.id}, "primary")],
        title=session.title,
        place=session.place,
        norms=list(cohort.program.norms),
        goal=sessions.goal_of(cohort, session),
        makes=sessions.makes_of(cohort, session),
        board=cohort.program.board or "",
        guest=guests.name_of(cohort, session),
        pairs=bool(breakouts.rounds_of(cohort, session)),
        optional=session.kind is SessionKind.OFFICE_HOURS,
        in_voice=room_styles.by_voice(ways_of(due.db, cohort.workspace_id), session.place),
        theme=cohort.program.theme.value,
    )
    materials.keep_at_hand(due.db, cohort, session, now=due.now)


@button("sessions/here", role=Role.MEMBER)
@words("i m here", "i am here", "ich bin da", name="here", role=Role.MEMBER)
def here(ask: Ask, session_id: int | None = None) -> Reply:
    """Once the pairs are made, a latecomer joins the smallest group."""
    session, cohort, membership = whose.attended(ask, session_id)
    if session.state is SessionState.HELD or ask.now > session.ends_at + timedelta(hours=1):
        raise Refused("sessions/over", title=session.title)
    if ask.now < session.starts_at - sessions.EARLY:
        raise Refused("sessions/too-early", title=session.title, starts=session.starts_at)
    joined = meeting.arrive(ask.db, cohort, session, membership, "check-in", now=ask.now)
    first = joined[0] if joined else None
    others = [PersonRef(one) for one in breakouts.people_in(ask.db, first.others)] if first else []
    place = rounds.place_of(ask.db, session, ask.person) if first else None
    return Reply(
        "sessions/here",
        title=session.title,
        others=others,
        room=place.number if place is not None and place.numbered else 0,
        link=place.link if place is not None else "",
        prompt=first.breakout.prompt if first else "",
        pairs=bool(breakouts.rounds_of(cohort, session)),
    )


@command("session start", help="Begin the session: pairs are made from who is here", role=Role.HOST)
@button("sessions/start", role=Role.HOST)
def start(ask: Ask, session_id: int | None = None) -> Reply:
    session, cohort = whose.on_led(ask, session_id)
    if not sessions.is_expected(cohort):
        raise Refused("program/not-launched", program=cohort.name)
    if not meeting.begin(ask.db, cohort, session, now=ask.now):
        return _running_already(ask, cohort, session)
    desk = conductor.of(ask.db, session) is not None
    return Reply(
        "sessions/started",
        title=session.title,
        desk=desk,
        presses=[] if desk else [Press("sessions/end", {"session_id": session.id})],
    )


def _running_already(ask: Ask, cohort: Cohort, session: Session) -> Reply:
    """Somebody was a moment faster: here is the desk."""
    show = conductor.of(ask.db, session)
    if show is None:
        raise Refused("sessions/running-already", title=session.title)
    stage.give_desk(ask.db, cohort, session, show, ask.person, now=ask.now)
    return Reply("sessions/runs-already", title=session.title)


@due("sessions/offer")
def offer(due: Due, session_id: int) -> None:
    """Five minutes after the hour nobody has pressed Start: whoever is there may host. A group begins by itself."""
    session, cohort = sessions.get(due.db, session_id)
    if not sessions.is_expected(cohort) or session.state is not SessionState.PLANNED:
        return
    hosting.take_turn(due.db, cohort, session, now=due.now)
    by_itself = hosting.runs_itself(due.db, session) and not unseen.is_silent(due.db, session)
    if by_itself or session.kind is not SessionKind.SESSION:
        meeting.begin(due.db, cohort, session, now=due.now, due=due.due_at)
        return
    meeting.offer(due.db, cohort, session, now=due.now, due=due.due_at)
    unseen.tell(due.db, cohort, session, now=due.now, due=due.due_at)


@due("sessions/begin")
def begin_by_itself(due: Due, session_id: int) -> None:
    """Ten minutes after the hour it begins for those who are there. Of nobody it is not pretended."""
    session, cohort = sessions.get(due.db, session_id)
    there = not unseen.is_silent(due.db, session)
    if sessions.is_expected(cohort) and session.state is SessionState.PLANNED and there:
        meeting.begin(due.db, cohort, session, now=due.now, due=due.due_at, on_time=True)


@command("session end", help="End the session: reflections are asked for", role=Role.HOST)
def end(ask: Ask) -> Reply:
    cohort = whose.led(ask)
    current = sessions.last_of(hosting.sessions_of(ask.db, cohort, ask.person), now=ask.now)
    if current is None:
        raise Refused("sessions/none-running", program=cohort.name)
    return _end(ask, cohort, current)


@button("sessions/end", role=Role.HOST)
def end_pressed(ask: Ask, session_id: int) -> Reply:
    session, cohort = hosting.led(ask.db, ask.person, session_id)
    return _end(ask, cohort, session)


def _end(ask: Ask, cohort: Cohort, session: Session) -> Reply:
    if session.state is not SessionState.LIVE:
        raise Refused("sessions/none-running", program=cohort.name)
    meeting.end(ask.db, cohort, session, now=ask.now)
    return Reply(
        "sessions/ended",
        replaces=True,
        title=session.title,
        kind=session.kind.value,
        recap=cohort.program.defaults.recap,
    )


@due("sessions/close")
def close_by_itself(due: Due, session_id: int) -> None:
    """Unless there is something to come: then it ends when that is over."""
    session, cohort = sessions.get(due.db, session_id)
    if sessions.is_expected(cohort) and not conductor.is_on(due.db, session, due.now):
        meeting.close(due.db, cohort, session, now=due.now, due=due.due_at)


@command("session attendance", help="See who was there, and who was not seen", role=Role.HOST)
def attendance_asked(ask: Ask) -> Reply:
    last, cohort = whose.last_led(ask)
    return _attendance_now(ask, last, cohort)


@button("sessions/was-here", role=Role.HOST)
def was_here(ask: Ask, session_id: int, membership_id: int) -> Reply:
    session, cohort = hosting.led(ask.db, ask.person, session_id)
    member = next((one for one in present(ask.db, cohort) if one.id == membership_id), None)
    if member is None:
        raise Refused("commands/gone")
    attendance.seen(ask.db, session, member, "facilitator", now=ask.now)
    complete(ask, cohort, member)
    return _attendance_now(ask, session, cohort)


def _attendance_now(ask: Ask, session: Session, cohort: Cohort) -> Reply:
    seen = attendance.attendance(ask.db, session)
    members = present(ask.db, cohort)
    unseen = [one for one in members if seen.get(one.id) is not Attended.PRESENT]
    return Reply(
        "sessions/attendance",
        replaces=True,
        presses=meeting.attendance_presses(ask.db, session, unseen)
        if unseen and not session.attendance_settled_at
        else [],
        title=session.title,
        seen=len(members) - len(unseen),
        unseen=[one.ref for one in unseen],
        settled=session.attendance_settled_at is not None,
    )


@button("sessions/settled", role=Role.HOST)
def settled(ask: Ask, session_id: int) -> Reply:
    session, cohort = hosting.led(ask.db, ask.person, session_id)
    meeting.settle(ask.db, cohort, session, now=ask.now)
    return _attendance_now(ask, session, cohort)


@due("sessions/settle")
def settle_by_itself(due: Due, session_id: int) -> None:
    """Six hours after the end, whoever was not seen was absent; nobody is where it is not known whether it was held."""
    session, cohort = sessions.get(due.db, session_id)
    if session.state is SessionState.LIVE and not unseen.is_silent(due.db, session):
        meeting.end(due.db, cohort, session, now=due.now, due=due.due_at)  # somebody spoke of it meanwhile
    elif session.state is SessionState.HELD:
        meeting.settle(due.db, cohort, session, now=due.now, due=due.due_at)


@due("sessions/recap-draft")
def draft_recap(due: Due, session_id: int) -> None:
    """To those who conduct, an hour before it goes out by itself."""
    session, cohort = sessions.get(due.db, session_id)
    if session.state is not SessionState.HELD:
        return
    sent_at = sessions.recap_at(due.db, cohort, session)
    for person in hosting.conductors(due.db, cohort, session):
        due.tell_person(
            person,
            "sessions/recap-draft",
            expires=sent_at,
            presses=[Press("sessions/recap", {"session_id": session.id}, "primary")],
            overnight=sent_at - session.ends_at > timedelta(hours=6),
            more={**meeting.recap(due.db, cohort, session, due.now), "parts": _digest(due, cohort, session)},
        )


@command("session recap", help="Post the recap of the last session now", role=Role.HOST)
def recap(ask: Ask) -> Reply:
    last, cohort = whose.last_led(ask)
    return _recap_sent(ask, cohort, last)


@button("sessions/recap", role=Role.HOST)
def recap_pressed(ask: Ask, session_id: int) -> Reply:
    session, cohort = hosting.led(ask.db, ask.person, session_id)
    return _recap_sent(ask, cohort, session)


def _recap_sent(ask: Ask, cohort: Cohort, session: Session) -> Reply:
    if session.state is not SessionState.HELD:
        raise Refused("sessions/none-held", program=cohort.name)
    meeting.post_recap(ask.db, cohort, session, now=ask.now, parts=_digest(ask, cohort, session))
    return Reply("sessions/recap-sent", title=session.title)


@due("sessions/recap")
def recap_by_itself(due: Due, session_id: int) -> None:
    session, cohort = sessions.get(due.db, session_id)
    if session.state is SessionState.HELD:
        parts = _digest(due, cohort, session)
        meeting.post_recap(due.db, cohort, session, now=due.now, due=due.due_at, parts=parts)


def _digest(asked: Ask | Due, cohort: Cohort, session: Session) -> list[Fact]:
    """What each feature has to tell since the session before."""
    since = meeting.since(asked.db, cohort, session)
    lines = [line(asked.db, cohort, since, asked.now) for line in asked.registry.handlers("digest").values()]
    return [{"template": line.template, "facts": dict(line.facts)} for line in lines if isinstance(line, Part)]
