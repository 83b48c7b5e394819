"""What facilitators hear of effects that failed, or were done with a caveat: once a cause, with the mend."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlmodel import col, select

from cohorts import outbox, people, retries
from cohorts.cohort import Cohort, Membership
from cohorts.facts import PersonRef
from cohorts.outbox import Effect, EffectKind, EffectState, Press
from cohorts.people import Person
from cohorts.rooms import Room
from cohorts.store import Db

FAILURE_NOTICE = "delivery/failed"
CAVEAT_NOTICE = "delivery/caveat"  # it succeeded, but not as it should
ONCE_A_ROOM = frozenset({"invite-by-hand"})
NOT_ALLOWED = frozenset({"missing-scope", "missing-permission", "role-order", "server-full"})
ONLY_FOR_THE_NEXT = frozenset(  # a room's roles can't be made later
    {"roles-missing-permission", "roles-server-full", "leads-missing-permission", "leads-server-full"}
)
LONGEST_CAUSE = 140  # of the 200 characters of a key
LASTING = frozenset(
    {"person-gone", "no-account", "dm-closed", "room-gone", "room-archived", "not-in-room", "from-outside"}
)


def again(reason: str | None) -> str:
    """Which press of "Try again" sent it, "" for none."""
    said = reason or ""
    return said.removeprefix(retries.AGAIN) if said.startswith(retries.AGAIN) else ""


def tell(db: Db, effect: Effect, now: datetime, press: str) -> None:
    """In plain words, to those who can mend it. A failed notice is only logged by its row.

    They hear once that a room could not be made, not again for all that waited for it; and after each "Try again"
    that did not help.
    """
    if effect.template in (FAILURE_NOTICE, CAVEAT_NOTICE) or _waited_for_a_failed_room(db, effect):
        return
    keys: set[str] = set()
    if effect.room_id is not None:
        keys = set(db.exec(select(Cohort.program_key).where(Cohort.room_id == effect.room_id)).all())
    elif effect.membership_id is not None:
        keys = set(
            db.exec(
                select(Cohort.program_key)
                .join(Membership, col(Membership.cohort_id) == col(Cohort.id))
                .where(Membership.id == effect.membership_id)
            ).all()
        )
    told: dict[int, Person] = {}
    for key in keys or {""}:
        told |= {one.id: one for one in people.facilitators(db, effect.workspace_id, key)}
    reason, _, detail = (effect.reason or "").partition(" ")
    done = effect.state is EffectState.SENT
    about = _caveat(effect) if done else _cause(effect, reason, detail, now)
    about = _bounded(f"{about}/again:{press}" if press else about)
    helps = not done or (effect.kind in retries.REPEATED and reason not in ONLY_FOR_THE_NEXT)
    for person in told.values():
        if person.id == effect.person_id and effect.kind in (EffectKind.POST, EffectKind.EDIT):
            continue  # it would go the same way
        outbox.tell(
            db,
            person,
            CAVEAT_NOTICE if done else FAILURE_NOTICE,
            key=f"{'caveat' if done else 'failure'}:{about}/person:{person.id}",
            now=now,
            presses=[Press("delivery/again", {"effect_id": effect.id})] if helps else [],
            reason=reason,
            detail=detail,
            what=effect.kind.value,
            person=PersonRef(effect.person_id) if effect.person_id is not None else None,
            room=db.get_one(Room, effect.room_id).ref if effect.room_id is not None else None,
        )


def _cause(effect: Effect, reason: str, detail: str, now: datetime) -> str:
    """What they hear of once: what is to be done by hand for all; a lasting cause, each day; else each failure."""
    if effect.kind in (*outbox.BESIDE, EffectKind.WHISPER):
        # Everything else goes on without it, so that once is enough.
        return f"{effect.kind.value} {reason} {detail}/room:{effect.room_id}"
    if reason in ONCE_A_ROOM:
        return f"{reason}/room:{effect.room_id}"
    if reason in NOT_ALLOWED:  # whoever it concerns, one mend is enough
        return f"{reason} {detail}/{effect.kind.value}/room:{effect.room_id}/{now:%Y-%m-%d}"
    if reason in LASTING:
        return f"{reason} {detail}/{effect.lane}/{effect.person_id}/{now:%Y-%m-%d}"
    return f"{effect.id}/{effect.attempts}"


def _caveat(effect: Effect) -> str:
    """What they hear of once a room, whoever it concerns."""
    return f"{effect.reason}/{effect.kind.value}/room:{effect.room_id}"


def _bounded(about: str) -> str:
    """Short enough for a key; what is longer ends in a trace of all that it was."""
    if len(about) <= LONGEST_CAUSE:
        return about
    trace = hashlib.sha256(about.encode()).hexdigest()[:16]
    return f"{about[: LONGEST_CAUSE - len(trace) - 1]}#{trace}"


def _waited_for_a_failed_room(db: Db, effect: Effect) -> bool:
    if effect.reason != outbox.ROOM_MISSING:
        return False
    making = select(Effect.id).where(
        Effect.room_id == effect.room_id, Effect.kind == EffectKind.ROOM, Effect.state == EffectState.FAILED
    )
    return db.exec(making).first() is not None
