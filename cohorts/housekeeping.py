"""What is forgotten in time: the words of delivered messages, and the ids of events that can't come again."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col

from cohorts.inbox import Arrival
from cohorts.outbox import Effect, EffectState
from cohorts.store import Db

KEPT = timedelta(days=30)
_WAITING = (EffectState.PENDING, EffectState.SENDING)


def forget(db: Db, *, now: datetime) -> None:
    """Blank the facts of effects that ended, and drop arrivals, older than `KEPT`. Keys and receipts stay."""
    db.execute(
        sa.update(Effect)
        .where(
            col(Effect.created_at) < now - KEPT,
            col(Effect.state).not_in(_WAITING),
            col(Effect.template) != "",
            sa.cast(col(Effect.facts), sa.String) != "{}",
        )
        .values(facts={}, presses=[])
        .execution_options(synchronize_session=False)
    )
    db.execute(sa.delete(Arrival).where(col(Arrival.at) < now - KEPT).execution_options(synchronize_session=False))
