"""What stands beside a room's messages: entries in the platform's calendar, and small groups for a while.

Each has a lane of its own, so that the room never waits for it. A platform without such things does nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa
from sqlmodel import col

from cohorts.facts import Fact, PersonRef
from cohorts.outbox import About, Effect, EffectKind, EffectState, in_room, put
from cohorts.rooms import Room
from cohorts.store import Db

NOTICE = timedelta(seconds=30)  # before a group ends


def event(
    db: Db,
    room: Room,
    *,
    occasion: str,
    revision: int,
    title: str,
    starts: datetime,
    ends: datetime,
    place: str,
    gone: bool,
    now: datetime,
    about: About | None = None,
) -> None:
    """An entry in the platform's own calendar, changed by each new revision of its occasion, or taken out (`gone`)."""
    effect = in_room(room, EffectKind.EVENT, f"event/{occasion}/r{revision}", now)
    effect.lane, effect.expires_at = f"event:{room.id}", None if gone else starts
    facts: dict[str, Fact] = {
        "occasion": occasion,
        "title": title,
        "starts": starts,
        "ends": ends,
        "place": place,
        "gone": gone,
    }
    put(db, effect, about, None, (), facts)


@dataclass(frozen=True, slots=True)
class Circle:
    """Some people of a room for a while. `key` names it for ever; `hosts` may look in, and come back with them."""

    room: Room
    key: str
    people: tuple[PersonRef, ...]
    hosts: tuple[PersonRef, ...] = ()
    until: datetime | None = None


def group(
    db: Db,
    circle: Circle,
    template: str,
    /,
    *,
    now: datetime,
    due: datetime | None = None,
    voice: bool = False,
    **facts: Fact,
) -> None:
    """A conversation of their own, begun when it is due with a message that knows its `people` and when it `ends`.

    `voice`: those who are in the room's voice channel then get one of their own, which needs an `ungroup`.
    """
    effect = _of(circle, EffectKind.GROUP, f"group/{circle.key}", now, due)
    effect.template, effect.expires_at = template, circle.until
    put(db, effect, None, None, (), {**_facts(circle), **facts})
    if voice:
        effect = _of(circle, EffectKind.GROUP, _voice_of(circle), now, due)
        effect.expires_at = circle.until
        put(db, effect, None, None, (), {**_facts(circle), "voice": True})


def ungroup(db: Db, circle: Circle, template: str, /, *, now: datetime, **facts: Fact) -> None:
    """Before their time is over those who got a voice channel are told so; then they are brought back from it."""
    until = circle.until or now
    notice = _of(circle, EffectKind.UNGROUP, f"ungroup/{circle.key}/notice", now, until - NOTICE)
    notice.template, notice.target_key, notice.expires_at, notice.ping = template, _voice_of(circle), until, True
    put(db, notice, None, None, (), {**_facts(circle), **facts})
    back = _of(circle, EffectKind.UNGROUP, f"ungroup/{circle.key}", now, until)
    back.target_key = _voice_of(circle)
    put(db, back, None, None, (), {**_facts(circle), "people": [*circle.people, *circle.hosts]})


def disband(db: Db, occasion: str, *, now: datetime) -> None:
    """It is over before its time: groups whose key begins with `occasion` end now, those not begun never do."""
    waiting = col(Effect.state) == EffectState.PENDING

    def keyed(begin: str) -> sa.ColumnElement[bool]:
        return col(Effect.key).startswith(f"{begin}/{occasion}", autoescape=True)

    _change(
        db,
        sa.and_(waiting, sa.or_(keyed("group"), sa.and_(keyed("ungroup"), col(Effect.key).endswith("/notice")))),
        {"state": EffectState.WITHDRAWN, "reason": "over early"},
    )
    later = sa.and_(waiting, keyed("ungroup"), col(Effect.not_before) > now)
    _change(db, later, {"not_before": now, "due_at": now})


def _change(db: Db, which: sa.ColumnElement[bool], values: Mapping[str, object]) -> None:
    db.execute(sa.update(Effect).where(which).values(**values).execution_options(synchronize_session="fetch"))


def _of(circle: Circle, kind: EffectKind, key: str, now: datetime, due: datetime | None) -> Effect:
    effect = in_room(circle.room, kind, key, now)
    effect.lane = f"group:{sha256(f'{circle.room.id}/{circle.key}'.encode()).hexdigest()[:16]}"
    if due is not None and due > now:
        effect.due_at = effect.not_before = due
    return effect


def _voice_of(circle: Circle) -> str:
    return f"group/{circle.key}/voice"


def _facts(circle: Circle) -> dict[str, Fact]:
    return {"occasion": circle.key, "people": list(circle.people), "ends": circle.until}
