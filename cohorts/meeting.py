"""The hour itself, state and effects together: it begins with pairs, ends with a question, is settled and recapped."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import select

from cohorts import (
    attendance,
    breakouts,
    gatherings,
    graduation,
    homework,
    hosting,
    mailbag,
    materials,
    outbox,
    quiet,
    reflections,
    reunion,
    sessions,
)
from cohorts import cohort as cohorts_
from cohorts.attendance import Answer, Attended
from cohorts.breakouts import Breakout, Joined
from cohorts.cohort import Cohort, Membership, MembershipState, present
from cohorts.facts import Fact, PersonRef
from cohorts.gatherings import Circle
from cohorts.outbox import Effect, Press
from cohorts.program_kinds import SessionKind
from cohorts.sessions import Session, SessionState
from cohorts.store import Db


def expected(db: Db, cohort: Cohort, session: Session) -> list[Membership]:
    """Members who have not said that they can't come; nobody before the cohort is launched."""
    if not sessions.is_expected(cohort) or session.state is not SessionState.PLANNED:
        return []
    answers = attendance.answers(db, session)
    return [one for one in present(db, cohort) if answers.get(one.id) is not Answer.NO]


def begin(db: Db, cohort: Cohort, session: Session, *, now: datetime, due: datetime | None = None) -> bool:
    """Make it live and post the pairs, from those who checked in, or else from those who are expected."""
    if not sessions.begin(db, session, now=now):
        return False
    materials.keep_at_hand(db, cohort, session, now=now)
    if drawn := breakouts.draw(db, cohort, session, there(db, cohort, session), now=now):
        outbox.announce(
            db,
            cohorts_.room_of(db, cohort),
            "pairing/groups",
            key=_groups_key(session),
            now=now,
            due=due,
            expires=session.ends_at,
            presses=[Press("sessions/here", {"session_id": session.id})],
            ping=session.kind is not SessionKind.REUNION,  # people were called twice that day
            title=session.title,
            rounds=groups(db, session),
        )
        open_groups(db, cohort, session, drawn[0], now=now)
    return True


def there(db: Db, cohort: Cohort, session: Session) -> list[Membership]:
    """Those who checked in; while fewer than two did, those who may still come."""
    members = present(db, cohort)
    seen = attendance.attendance(db, session)
    answers = attendance.answers(db, session)
    found = [one for one in members if seen.get(one.id) is Attended.PRESENT]
    return found if len(found) > 1 else [one for one in members if answers.get(one.id) is not Answer.NO]


def plan_ahead(db: Db, *, now: datetime, beyond: int = breakouts.LIVE) -> int:
    """The pairs of every large cohort that is about to begin, so that the transaction in which it does is short.

    Reads only. How many rounds were planned.
    """
    planned = 0
    for session in sessions.beginning(db, now=now):
        cohort = db.get_one(Cohort, session.cohort_id)
        if sessions.is_expected(cohort) and len(here := there(db, cohort, session)) > beyond:
            planned += len(breakouts.foreseen(db, cohort, session, here))
    return planned


def open_groups(db: Db, cohort: Cohort, session: Session, breakout: Breakout, *, now: datetime) -> None:
    """Each group of a round gets a conversation of its own and, where the cohort meets by voice, a voice channel."""
    voice = session.place in ("", "voice")
    starts, _ = breakouts.span_of(cohort, session, breakout.round)
    due = breakout.at + starts
    for number, seated in breakouts.groups(db, breakout).items():
        if not number or len(seated) < 2:
            continue
        circle = _circle(db, cohort, session, breakout, number, seated)
        gatherings.group(db, circle, "pairing/group", now=now, due=due, voice=voice, prompt=breakout.prompt)
        if voice:
            gatherings.ungroup(db, circle, "pairing/back", now=now)


def _circle(
    db: Db, cohort: Cohort, session: Session, breakout: Breakout, number: int, seated: list[int], revision: int = 0
) -> Circle:
    conducting = hosting.conductors(db, cohort, session)
    _, ends = breakouts.span_of(cohort, session, breakout.round)
    return Circle(
        cohorts_.room_of(db, cohort),
        f"session:{session.id}/round:{breakout.round}/group:{number}",
        tuple(PersonRef(one) for one in breakouts.people_in(db, seated)),
        tuple(one.ref for one in conducting),
        breakout.at + ends,
        revision,
    )


def join_late(db: Db, cohort: Cohort, session: Session, membership: Membership, *, now: datetime) -> list[Joined]:
    """Once the groups are made, a latecomer gets a seat in one of each round, and comes to that group's own place."""
    joined = breakouts.join_late(db, session, membership)
    newcomer = PersonRef(membership.person_id)
    for one in joined:
        seated = [*one.others, membership.id]
        # Seats are only ever added, so that their number tells one joining from another.
        circle = _circle(db, cohort, session, one.breakout, one.group, seated, revision=len(seated))
        gatherings.group(db, circle, "pairing/joined", now=now, people=[newcomer])
        gatherings.ungroup(db, circle, "pairing/back", now=now)
    if joined:
        repost_groups(db, cohort, session, f"late:{membership.id}", now=now)
    return joined


def _groups_key(session: Session) -> str:
    return f"session:{session.id}/groups/r{session.revision}"


def repost_groups(db: Db, cohort: Cohort, session: Session, why: str, *, now: datetime) -> None:
    outbox.edit(
        db,
        _groups_key(session),
        "pairing/groups",
        key=f"{_groups_key(session)}/{why}",
        now=now,
        presses=[Press("sessions/here", {"session_id": session.id})],
        title=session.title,
        rounds=groups(db, session),
    )


def groups(db: Db, session: Session) -> list[Fact]:
    rounds: list[Fact] = []
    for breakout in breakouts.of_session(db, session):
        seated = breakouts.groups(db, breakout)
        named: list[Fact] = [
            [PersonRef(one) for one in breakouts.people_in(db, members)] for number, members in seated.items() if number
        ]
        sizes = sorted(len(members) for number, members in seated.items() if number)
        rounds.append(
            {
                "three": sizes[-2:] == [2, 3],
                "prompt": breakout.prompt,
                "groups": named,
                "sat_out": [PersonRef(one) for one in breakouts.people_in(db, seated.get(0, []))],
                "repeats": breakout.repeats,
                "unavoidable": breakout.lower_bound,
            }
        )
    return rounds


def end(db: Db, cohort: Cohort, session: Session, *, now: datetime, due: datetime | None = None) -> None:
    """Ask everyone who was there what was most valuable, and the facilitator who else was."""
    if session.kind is SessionKind.REUNION:
        reunion.close(db, cohort, session, now=now, due=due)
        return
    if not sessions.end(db, session, now=now):
        return
    gatherings.disband(db, f"session:{session.id}/", now=now)
    if session.kind is SessionKind.OFFICE_HOURS:
        return  # nobody owes having been there, or looking back on it
    seen = attendance.attendance(db, session)
    members = present(db, cohort)
    answers = attendance.answers(db, session)
    unseen = [one for one in members if seen.get(one.id) is not Attended.PRESENT]
    answered = {one.membership_id for one in reflections.of_session(db, session)}
    asked = [one for one in members if one not in unseen or (not seen and answers.get(one.id) is not Answer.NO)]
    for member in asked:
        if member.id in answered:
            continue
        quiet.asked(db, member, at=now)
        outbox.tell(
            db,
            cohorts_.person_of(db, member),
            "reflections/ask",
            key=f"session:{session.id}/reflection/{member.id}",
            now=now,
            due=due,
            expires=now + timedelta(days=2),
            as_=member.hears,
            presses=[Press("reflections/open", {"session_id": session.id}, "primary")],
            title=session.title,
            prompt=reflection_prompt(cohort, session),
            more=cohorts_.among(db, member),
        )
    for conductor in hosting.conductors(db, cohort, session):
        outbox.tell(
            db,
            conductor,
            "sessions/attendance",
            key=f"session:{session.id}/attendance/{conductor.id}",
            now=now,
            due=due,
            expires=now + timedelta(hours=6),
            presses=attendance_presses(db, session, unseen) if unseen else [],
            title=session.title,
            seen=len(members) - len(unseen),
            unseen=[one.ref for one in unseen],
            settled=False,
        )


def reflection_prompt(cohort: Cohort, session: Session) -> str:
    prompts = (one.prompt for one in sessions.run_of_show(cohort, session) if one.kind == "reflection")
    return next((prompt for prompt in prompts if prompt), "")


def attendance_presses(db: Db, session: Session, unseen: Sequence[Membership]) -> list[Press]:
    names = cohorts_.people_of(db, unseen)
    each = [
        Press(
            "sessions/was-here",
            {"session_id": session.id, "membership_id": one.id},
            facts={"name": names[one.id].name[:40]},
        )
        for one in unseen[:20]
    ]
    return [*each, Press("sessions/settled", {"session_id": session.id}, "primary")]


def settle(db: Db, cohort: Cohort, session: Session, *, now: datetime, due: datetime | None = None) -> None:
    """The absent are known now, and hear kindly what they missed."""
    if session.attendance_settled_at is not None:
        return
    owed = session.kind is not SessionKind.OFFICE_HOURS
    members = [one for one in present(db, cohort) if owed and one.state is MembershipState.ACTIVE]
    attendance.settle_attendance(db, session, members, now=now)
    seen = attendance.attendance(db, session)
    for member in members:
        if seen.get(member.id) is Attended.ABSENT:
            mailbag.add(
                db,
                cohort,
                member,
                "sessions/missed",
                key=f"session:{session.id}/missed/{member.id}",
                now=now,
                expires=now + timedelta(days=3),
                title=session.title,
                recap=cohort.program.defaults.recap,
                homework=_homework_facts(db, cohort, session),
                more=_next(db, cohort, now),
            )


def post_recap(
    db: Db,
    cohort: Cohort,
    session: Session,
    *,
    now: datetime,
    due: datetime | None = None,
    parts: Sequence[Fact] = (),
) -> None:
    """Once, whether a facilitator sent it or its time came. `parts`: cards of the features, below it."""
    told = recap(db, cohort, session, now)
    outbox.announce(
        db,
        cohorts_.room_of(db, cohort),
        "sessions/recap",
        key=f"session:{session.id}/recap",
        now=now,
        due=due,
        ping=False,  # there for whoever looks: everybody was there an hour ago
        more={**told, "parts": list(parts)},
    )
    if quotes := told["quotes"]:
        outbox.announce(
            db,
            cohorts_.room_of(db, cohort),
            "sessions/recap-words",
            key=f"session:{session.id}/recap-words",
            now=now,
            due=(due or now) + timedelta(seconds=1),  # a room takes one message a second
            ping=False,
            under=f"session:{session.id}/recap",
            quotes=quotes,
        )


def since(db: Db, cohort: Cohort, session: Session) -> datetime:
    """From when on a session's recap tells: what the one before it told is not told again."""
    earlier = [one for one in sessions.standing(db, cohort) if one.starts_at < session.starts_at]
    if not earlier:
        return cohort.opened_at
    before = max(earlier, key=lambda one: one.starts_at)
    told = db.exec(select(Effect.created_at).where(Effect.key == f"session:{before.id}/recap")).first()
    return told or before.starts_at


def recap(db: Db, cohort: Cohort, session: Session, now: datetime) -> dict[str, Fact]:
    seen = attendance.attendance(db, session)
    people_ = {one.id: one.ref for one in present(db, cohort)}
    return {
        "title": session.title,
        "recording": session.recording,
        "there": [ref for id_, ref in people_.items() if seen.get(id_) is Attended.PRESENT],
        "members": len(people_),
        "quotes": _quotes(db, session, people_),
        "homework": _homework_facts(db, cohort, session),
        "graduates": graduation.named_at(db, cohort) if sessions.next_meeting(db, cohort, now=now) is None else None,
        **_next(db, cohort, now),
    }


def _quotes(db: Db, session: Session, people_: Mapping[int, PersonRef]) -> list[Fact]:
    """What people agreed to share of what was most valuable to them."""
    shared = [one for one in reflections.of_session(db, session) if one.share and one.membership_id in people_]
    return [{"person": people_[one.membership_id], "words": one.words} for one in shared]


def _homework_facts(db: Db, cohort: Cohort, session: Session) -> list[Fact]:
    return [
        {"title": one.title, "ask": homework.plan_of(cohort, one).ask, "due": one.due_at}
        for one in homework.of_cohort(db, cohort)
        if one.session_id == session.id
    ]


def _next(db: Db, cohort: Cohort, now: datetime) -> dict[str, Fact]:
    following = sessions.next_meeting(db, cohort, now=now)
    return {
        "next_title": following.title if following else "",
        "next_starts": following.starts_at if following else None,
    }
