"""Somebody from outside for one session: named in what is told of it, written to before, let in, thanked afterwards.

The bot does it by itself for a guest who has an account here: their `contact` in the program is a handle, an account
id, their name or address as the platform knows it. To anybody else those who conduct write, with words to copy.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import col, select

from cohorts import hosting, outbox, people, sessions
from cohorts.bundling import daytime
from cohorts.cohort import Cohort, present, room_of
from cohorts.facts import Fact
from cohorts.outbox import Effect, EffectKind, EffectState
from cohorts.people import Person
from cohorts.planning import Rule, Source
from cohorts.program_parts import Guest
from cohorts.sessions import Session, SessionState
from cohorts.store import Db

_MENTION = re.compile(r"<@!?(\w+)(?:\|[^>]*)?>")
_NEAR = timedelta(hours=24)  # nothing waits for the morning any more
_HEARD = (EffectState.PENDING, EffectState.SENDING, EffectState.SENT)


def called(guest: Guest) -> str:
    """How one speaks to a guest: "Ana Flores" of "Ana Flores, Northwind"."""
    return guest.name.partition(",")[0].strip() or guest.name


def name_of(cohort: Cohort, session: Session) -> str:
    guest = sessions.guest_of(cohort, session)
    return guest.name if guest is not None else ""


def here(db: Db, cohort: Cohort, session: Session) -> Person | None:
    """The guest, if the bot can write to them: exactly one who has an account answers to their `contact`."""
    guest = sessions.guest_of(cohort, session)
    contact = _MENTION.sub(r"\1", guest.contact).strip() if guest is not None else ""
    found = people.exactly(db, cohort.workspace_id, contact) if contact else []
    return found[0] if len(found) == 1 and people.account_of(db, found[0].id) is not None else None


# What the bot writes to a guest who is here.


def invite(db: Db, cohort: Cohort, session: Session, person: Person, *, now: datetime) -> None:
    """By day where they live, unless the hour is near. Once for each time it takes place at."""
    if not any(one.person_id == person.id and _is_of(one, session) for one in _letters(db, session, *_HEARD)):
        _write(db, cohort, session, person, now=now)


def follow(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> None:
    """It was changed or called off, or is another's: whoever was written to hears of it.

    Nobody stays in the room for another day.
    """
    coming = here(db, cohort, session) if session.state is SessionState.PLANNED else None
    waiting, told = _letters(db, session, EffectState.PENDING), _letters(db, session, EffectState.SENT)
    for letter in waiting:
        letter.state, letter.reason = EffectState.WITHDRAWN, "the session changed"
    for person_id, letter in {one.person_id: one for one in told}.items():
        person = db.get(Person, person_id)
        if coming is not None and coming.id == person_id:
            _write(db, cohort, session, coming, again=True, now=now)
        elif person is not None:
            key = letter.key.replace("/invited/", "/off/")
            outbox.tell(
                db,
                person,
                "guests/called-off",
                key=key,
                now=now,
                off=session.state is SessionState.CANCELLED,
                more=_facts(db, cohort, session, person),
            )
    if coming is not None and {coming.id} & {one.person_id for one in waiting} - {one.person_id for one in told}:
        _write(db, cohort, session, coming, now=now)
    let_out(db, cohort, session, now=now, but=coming)


def _write(db: Db, cohort: Cohort, session: Session, person: Person, *, now: datetime, again: bool = False) -> None:
    """`again`: something has changed since they were told."""
    guest, at = sessions.guest_of(cohort, session), daytime(now, person.zone)
    outbox.enclose(
        db,
        person,
        "guests/invited",
        key=f"{_invited(session)}{person.id}/r{session.revision}.{session.plan_revision}",
        at=at if at < session.starts_at - _NEAR else now,
        now=now,
        expires=session.starts_at,
        again=again,
        minutes=session.minutes,
        goal=sessions.goal_of(cohort, session),
        place=session.place,
        brief=guest.brief if guest is not None else "",
        more=_facts(db, cohort, session, person),
    )


def _letters(db: Db, session: Session, *states: EffectState) -> list[Effect]:
    query = select(Effect).where(col(Effect.key).startswith(_invited(session)), col(Effect.state).in_(states))
    return list(db.exec(query.order_by(col(Effect.id))).all())


def _is_of(letter: Effect, session: Session) -> bool:
    return letter.key.rpartition("/r")[2].startswith(f"{session.revision}.")


def let_in(db: Db, cohort: Cohort, session: Session, *, now: datetime) -> None:
    """Into the cohort's room for the evening; whoever belongs there anyway is only told that it begins."""
    person = here(db, cohort, session)
    if person is None:
        return
    if not _belongs(db, cohort, person):
        _move(db, cohort, session, person, EffectKind.INVITE, session.revision, now, expires=session.ends_at)
    outbox.tell(
        db,
        person,
        "guests/let-in",
        key=f"{_key(session)}/doors/{person.id}/r{session.revision}",
        now=now,
        expires=session.ends_at,
        about=session.about,
        place=session.place,
        more=_facts(db, cohort, session, person),
    )


def let_out(db: Db, cohort: Cohort, session: Session, *, now: datetime, but: Person | None = None) -> None:
    """Whoever was let in for this session; not `but`, who was let in for when it is now."""
    for effect in db.exec(select(Effect).where(col(Effect.key).startswith(f"{_key(session)}/invite/"))).all():
        person, revision = db.get(Person, effect.person_id), int(effect.key.rpartition("/r")[2])
        stays = but is not None and effect.person_id == but.id and revision == session.revision
        if person is not None and not stays and not _belongs(db, cohort, person):
            _move(db, cohort, session, person, EffectKind.REMOVE, revision, now)


def thank(db: Db, cohort: Cohort, session: Session, person: Person, *, now: datetime) -> None:
    outbox.enclose(
        db,
        person,
        "guests/thanked",
        key=f"{_key(session)}/thanked/{person.id}",
        at=daytime(now, person.zone),
        now=now,
        more=_facts(db, cohort, session, person),
    )


def _facts(db: Db, cohort: Cohort, session: Session, person: Person) -> Mapping[str, Fact]:
    return {
        "program": cohort.name,
        "title": session.title,
        "starts": session.starts_at,
        "room": room_of(db, cohort).ref,
        "visits": not _belongs(db, cohort, person),
        "led_by": [one.ref for one in hosting.leaders(db, cohort, session)],
    }


def _move(
    db: Db,
    cohort: Cohort,
    session: Session,
    person: Person,
    kind: EffectKind,
    revision: int,
    now: datetime,
    *,
    expires: datetime | None = None,
) -> None:
    effect = outbox.in_room(room_of(db, cohort), kind, f"{_key(session)}/{kind}/{person.id}/r{revision}", now)
    effect.person_id, effect.expires_at = person.id, expires
    outbox.put(db, effect)


def _belongs(db: Db, cohort: Cohort, person: Person) -> bool:
    """Whether somebody is in the room without being let in."""
    return people.conducts(db, person, cohort.program_key) or any(
        one.person_id == person.id for one in present(db, cohort)
    )


def _key(session: Session) -> str:
    return f"session:{session.id}/guest"


def _invited(session: Session) -> str:
    return f"{_key(session)}/invited/"


TOUCHPOINTS = Source(
    rules=(
        Rule(
            "guests/write",
            on="session",
            anchor="start",
            shift="-3d",
            late=timedelta(days=2),
            trait="guest",
            behind=True,
        ),
        Rule(
            "guests/let-in",
            on="session",
            anchor="start",
            shift="-30m",
            late=timedelta(minutes=90),
            trait="guest",
            behind=True,
        ),
        Rule("guests/let-out", on="session", anchor="end", shift="1h", trait="guest", behind=True),
        Rule(
            "guests/thank",
            on="session",
            anchor="end",
            shift="1h",
            late=timedelta(days=2),
            trait="guest",
            behind=True,
        ),
    )
)
