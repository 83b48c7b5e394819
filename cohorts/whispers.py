"""Lines in a room that one person alone sees, and only while they last. They notify nobody, and are never repeated."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import col, select

from cohorts.facts import Fact
from cohorts.outbox import NOTHING, Effect, EffectKind, EffectState, Press, in_room, put
from cohorts.people import Person
from cohorts.rooms import Room
from cohorts.store import Db


def whisper(
    db: Db,
    room: Room,
    person: Person,
    template: str,
    /,
    *,
    key: str,
    now: datetime,
    expires: datetime,
    at: datetime | None = None,
    presses: Sequence[Press] = (),
    more: Mapping[str, Fact] = NOTHING,
    **facts: Fact,
) -> None:
    """One such line, `at` once or later: those for later stand in a lane of their own, so that nothing waits for
    them."""
    effect = in_room(room, EffectKind.WHISPER, key, now)
    later = at is not None and at > now
    effect.lane = f"{'later' if later else 'line'}:{room.id}/{person.id}"
    effect.person_id, effect.template, effect.expires_at = person.id, template, expires
    if at is not None and later:
        effect.due_at = effect.not_before = at
    put(db, effect, None, None, presses, {**more, **facts})


def withdraw(db: Db, beginning: str) -> None:
    """What nobody has been shown yet, of all whose key begins so."""
    unseen = select(Effect).where(
        col(Effect.key).startswith(beginning, autoescape=True),
        Effect.kind == EffectKind.WHISPER,
        Effect.state == EffectState.PENDING,
    )
    for effect in db.exec(unseen).all():
        effect.state, effect.reason = EffectState.WITHDRAWN, "out of date"
    db.flush()
