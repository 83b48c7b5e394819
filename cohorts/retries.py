"""After the mend: what failed, or was done by half, is done again."""

import sqlalchemy as sa
from sqlmodel import col, select

from cohorts import outbox
from cohorts.outbox import Effect, EffectKind, EffectState
from cohorts.rooms import Room
from cohorts.store import Db

AGAIN = "again "  # begins the reason of what a press of "Try again" sends; which press follows
REPEATED = (EffectKind.ROOM, EffectKind.INVITE)  # doing them again completes what they left undone


def send_again(db: Db, effect: Effect) -> int:
    """After the mend: send again what failed, and what failed because of it. How many that are.

    What was done with a caveat is done once more, if it still holds. What has expired or changed meanwhile ends unsent
    all the same.
    """
    cause, press = effect.reason, f"{AGAIN}{effect.id}.{effect.attempts}"
    lacking = _with_the_same_caveat(db, effect, cause) if cause else []
    same_cause = sa.and_(col(Effect.lane) == effect.lane, col(Effect.reason) == cause)
    same_room = sa.and_(col(Effect.room_id) == effect.room_id, col(Effect.reason).startswith(outbox.ROOM_MISSING))
    done = db.execute(
        sa.update(Effect)
        .where(
            col(Effect.state) == EffectState.FAILED,
            sa.or_(col(Effect.id) == effect.id, same_cause, same_room if effect.room_id is not None else sa.false()),
        )
        .values(state=EffectState.PENDING, reason=press, lease_until=None, not_before=None, enclosed_in=None)
        .execution_options(synchronize_session="fetch")
    )
    for one in lacking:
        one.state, one.reason = EffectState.PENDING, press
    db.flush()
    return int(getattr(done, "rowcount", 0)) + len(lacking)


def _with_the_same_caveat(db: Db, effect: Effect, cause: str) -> list[Effect]:
    query = select(Effect).where(
        Effect.state == EffectState.SENT,
        Effect.lane == effect.lane,
        Effect.reason == cause,
        col(Effect.kind).in_(REPEATED),
    )
    return [one for one in db.exec(query).all() if outbox.is_current(db, one)]


def room_made(db: Db, room: Room, external: str) -> None:
    """Somebody made the room by hand: what waited for it, or failed for want of it, goes there now."""
    room.external = external
    making = db.exec(select(Effect).where(Effect.room_id == room.id, Effect.kind == EffectKind.ROOM)).first()
    if making is not None:
        send_again(db, making)
        making.state, making.receipt, making.reason = EffectState.SENT, external, None
    db.flush()
