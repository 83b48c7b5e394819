"""The hour itself, state and effects together: it begins with pairs, ends with a question, is settled and recapped."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import select

from cohorts import (
    attendance,
    breakouts,
    buddies,
    conducting,
    conductor,
    gatherings,
    graduation,
    homework,
    hosting,
    looking_back,
    mailbag,
    materials,
    outbox,
    reflections,
    reunion,
    rounds,
    sessions,
    stage,
    touchpoints,
    unseen,
)
from cohorts import cohort as cohorts_
from cohorts.attendance import Answer, Attended
from cohorts.breakouts import Joined
from cohorts.cohort import Cohort, Membership, MembershipState, present
from cohorts.errors import Refused
from cohorts.facts import Fact, PersonRef
from cohorts.outbox import Effect, Press
from cohorts.program_kinds import SegmentKind, SessionKind
from cohorts.program_parts import Segment
from cohorts.sessions import Session, SessionState
from cohorts.store import Db

OFFERED = timedelta(minutes=5)  # after the hour, when nobody has pressed Start


def expected(db: Db, cohort: Cohort, session: Session) -> list[Membership]:
    """Members who have not said that they can't come; nobody before the cohort is launched."""
    if not sessions.is_expected(cohort) or session.state is not SessionState.PLANNED:
        return []
    answers = attendance.answers(db, session)
    return [one for one in present(db, cohort) if answers.get(one.id) is not Answer.NO]


def begin(
    db: Db, cohort: Cohort, session: Session, *, now: datetime, due: datetime | None = None, on_time: bool = False
) -> bool:
    """Make it live and conduct it. Where its run of show has no round in groups, people get partners for the hour.

    `on_time`: begun late by itself, it still ends when it should, if what is flexible allows.
    """
    if not sessions.begin(db, session, now=now):
        return False
    materials.keep_at_hand(db, cohort, session, now=now)
    if session.kind is SessionKind.SESSION:
        show = sessions.run_of_show(cohort, session)
        if not any(one.kind in conductor.IN_GROUPS for one in show):
            pairs = Segment(kind=SegmentKind.PAIR_SHARE, minutes=session.minutes)
            rounds.open_round(db, cohort, session, pairs, 1, ends=session.ends_at, now=now, due=due)
    conducting.start(db, cohort, session, now=now, due=due, on_time=on_time)
    touchpoints.reconcile(db, cohort, now=now)
    return True


def offer(db: Db, cohort: Cohort, session: Session, *, now: datetime, due: datetime) -> None:
    """Nobody has pressed Start: whoever is there may host."""
    outbox.announce(
        db,
        cohorts_.room_of(db, cohort),
        "conductor/offer",
        key=f"session:{session.id}/r{session.revision}/offer",
        now=now,
        due=due,
        expires=session.ends_at,
        about=session.about,
        presses=[
            Press("conductor/host", {"session_id": session.id}, "primary"),
            Press("sessions/here", {"session_id": session.id}),
        ],
        ping=False,  # it belongs to the doors, five minutes ago
        title=session.title,
    )


def host(db: Db, cohort: Cohort, session: Session, membership: Membership, *, now: datetime) -> None:
    """A member hosts, because nobody else has begun."""
    if session.state is not SessionState.PLANNED or not sessions.is_expected(cohort):
        raise Refused("sessions/running-already", title=session.title)
    if now < session.starts_at + OFFERED:
        raise Refused("conductor/not-yet", title=session.title, starts=session.starts_at)
    attendance.seen(db, session, membership, "host", now=now)
    hosting.take(db, session, cohorts_.person_of(db, membership), now=now)
    begin(db, cohort, session, now=now)


def close(db: Db, cohort: Cohort, session: Session, *, now: datetime, due: datetime) -> None:
    """It ends by itself, or whoever conducts it is asked whether it took place at all."""
    if session.state is not SessionState.HELD and unseen.is_silent(db, session):
        unseen.ask(db, cohort, session, now=now, due=due)
    else:
        end(db, cohort, session, now=now, due=due)


def arrive(
    db: Db, cohort: Cohort, session: Session, membership: Membership, source: str, *, now: datetime
) -> list[Joined]:
    """Somebody shows that they are there: the session begins if that is what it waits for, and while a round is on
    they join a group of it."""
    attendance.seen(db, session, membership, source, now=now)
    if session.state is SessionState.PLANNED and now >= session.starts_at + sessions.BY_ITSELF:
        begin(db, cohort, session, now=now, on_time=True)  # nobody was there to begin with
    joined = join_late(db, cohort, session, membership, now=now)
    stage.somebody_came(db, cohort, session, membership, now=now)
    return joined


def join_late(db: Db, cohort: Cohort, session: Session, membership: Membership, *, now: datetime) -> list[Joined]:
    """While a round is on, a latecomer joins a group of it, and comes to where that group is."""
    rounds.came(db, session, membership, now=now)
    if (on := rounds.current(db, session, now)) is not None:
        taken = rounds.join(db, cohort, session, on, membership, now=now)
        return [taken] if taken is not None else []
    return []  # between two rounds: the next one counts on them


def groups(db: Db, session: Session) -> list[Fact]:
    rounds: list[Fact] = []
    for breakout in breakouts.of_session(db, session):
        seated = breakouts.groups(db, breakout)
        sizes = sorted(len(members) for number, members in seated.items() if number)
        named: list[Fact] = [
            [PersonRef(one) for one in breakouts.people_in(db, members)] for number, members in seated.items() if number
        ]
        rounds.append(
            {
                "prompt": breakout.prompt,
                "groups": named,
                "three": sizes[-2:] == [2, 3],
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
    rounds.close_all(db, cohort, session, now=now)
    gatherings.disband(db, f"session:{session.id}/", now=now)
    conducting.finish(db, cohort, session, now=now)
    touchpoints.reconcile(db, cohort, now=now)
    if session.kind is SessionKind.OFFICE_HOURS:
        return  # nobody owes having been there, or looking back on it
    looking_back.ask(db, cohort, session, now=now, due=due)
    seen = attendance.attendance(db, session)
    members = present(db, cohort)
    missing = [one for one in members if seen.get(one.id) is not Attended.PRESENT]
    for person in hosting.conductors(db, cohort, session):
        outbox.tell(
            db,
            person,
            "sessions/attendance",
            key=f"session:{session.id}/attendance/{person.id}",
            now=now,
            due=due,
            expires=now + timedelta(hours=6),
            presses=attendance_presses(db, session, missing) if missing else [],
            title=session.title,
            seen=len(members) - len(missing),
            unseen=[one.ref for one in missing],
            settled=False,
        )


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
                recording=session.recording,
                buddies=[one.ref for one in buddies.of(db, member) if seen.get(one.id) is Attended.PRESENT],
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
        "decided": decided(db, session),
        "quotes": _quotes(db, session, people_),
        "homework": _homework_facts(db, cohort, session),
        "graduates": graduation.named_at(db, cohort) if sessions.next_meeting(db, cohort, now=now) is None else None,
        **_next(db, cohort, now),
    }


def decided(db: Db, session: Session) -> list[Fact]:
    """What a poll chose for the open part of the hour, and what that was."""
    show = conductor.of(db, session)
    chosen = (line for line in show.lines if line.why) if show is not None else ()
    return [{"choice": line.why, "prompt": line.segment.prompt} for line in chosen]


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
