"""Letters: what one person is told at one moment is one message, though each part is an effect of its own.

The first part is claimed, sent and found again like any effect; the others are enclosed in it and share its fate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from bot.ask import Part
from bot.message import Card, Heading, Message
from bot.render import Directory, Renderer, parts_of, presses_of
from cohorts.facts import Fact, thaw
from cohorts.outbox import Effect, EffectState
from cohorts.store import Db

DAY = Part("letters/day", {"count": 2})  # what stands above several parts
LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Enclosure:
    """One part, as it was decided."""

    template: str
    facts: Mapping[str, Fact]
    presses: object
    ends: datetime | None = None  # from when on it is of no use


def waiting(db: Db, first: Effect) -> Sequence[Effect]:
    """What goes along with the first part, if nothing has changed about it."""
    return db.exec(
        select(Effect)
        .where(
            Effect.lane == first.lane,
            Effect.letter == first.letter,
            Effect.state == EffectState.PENDING,
            col(Effect.id) > first.id,
        )
        .order_by(col(Effect.id))
    ).all()


def enclosed(db: Db, first: Effect) -> Sequence[Effect]:
    """What went along with it when it was claimed before."""
    return db.exec(select(Effect).where(Effect.enclosed_in == first.id).order_by(col(Effect.id))).all()


def enclose(part: Effect, first: Effect, *, now: datetime, lease: timedelta) -> None:
    part.enclosed_in, part.state, part.lease_until = first.id, EffectState.SENDING, now + lease
    part.attempted_at = part.attempted_at or now
    part.attempts += 1


def as_enclosure(part: Effect) -> Enclosure:
    facts = thaw(part.facts)  # type: ignore[arg-type]
    return Enclosure(part.template, facts if isinstance(facts, dict) else {}, part.presses, part.expires_at)


def sent(db: Db, first_id: int, receipt: str, at: datetime) -> None:
    _all(db, first_id, state=EffectState.SENT, receipt=receipt, sent_at=at, lease_until=None, not_before=None)


def failed(db: Db, first_id: int, reason: str) -> None:
    """For the reason that the facilitators hear of the first."""
    _all(db, first_id, state=EffectState.FAILED, reason=reason, lease_until=None, enclosed_in=None)


def taken_out(db: Db, first_id: int) -> None:
    """They wait again, each for itself, because nothing was sent."""
    _all(db, first_id, state=EffectState.PENDING, lease_until=None, enclosed_in=None)


def _all(db: Db, first_id: int, **values: object) -> None:
    parts = sa.and_(col(Effect.enclosed_in) == first_id, col(Effect.state) == EffectState.SENDING)
    db.execute(sa.update(Effect).where(parts).values(**values).execution_options(synchronize_session="fetch"))


def drawn(renderer: Renderer, parts: Sequence[Enclosure], directory: Directory) -> Message:
    """How many things there are, and each as a card with its own buttons; a title that stands there isn't repeated."""
    above = renderer.message(DAY.template, {"count": len(parts)})
    cards: list[Card] = []
    titles: list[object] = []
    for part in in_order(parts):
        one = renderer.message(part.template, part.facts, presses_of(part.presses), parts_of(part.facts), directory)
        heading = (Heading(one.title),) if one.title and one.title not in titles else ()
        titles.append(one.title)
        cards += [Card((*heading, *one.blocks), one.buttons), *one.cards]
    return Message(above.title, above.blocks, tuple(cards), above.buttons)


def in_order(parts: Sequence[Enclosure]) -> list[Enclosure]:
    """A decision before all; what is due soonest, then what asks for something, then the rest; else as it was told."""
    return sorted(
        parts,
        key=lambda one: (
            not one.template.startswith("applications/"),
            one.ends is None,
            one.ends or LAST,
            not presses_of(one.presses),
        ),
    )
