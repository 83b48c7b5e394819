"""What stands beside a room's messages: entries in the platform's calendar, and small groups for a while.

Each has a lane of its own, so that the room never waits for it. A platform without such things does nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa
from sqlmodel import col, select

from cohorts.facts import Fact, PersonRef, freeze, thaw
from cohorts.outbox import About, Effect, EffectKind, EffectState, Press, in_room, put
from cohorts.rooms import Room
from cohorts.store import Db

NOTICE = timedelta(seconds=30)  # before a group ends
LATEST = timedelta(minutes=2)  # after which nobody needs to be called back any more


def event(
    db: Db,
    room: Room,
    *,
    occasion: str,
    revision: int | str,
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
    """Some people of a room for a while. `key` names it for ever; `hosts` may look in, and come back with them.

    Whoever joins it later makes a `revision` of it, which has everybody in it.
    """

    room: Room
    key: str
    people: tuple[PersonRef, ...]
    hosts: tuple[PersonRef, ...] = ()
    until: datetime | None = None
    revision: int = 0


def group(
    db: Db,
    circle: Circle,
    template: str,
    /,
    *,
    now: datetime,
    due: datetime | None = None,
    voice: bool = False,
    presses: Sequence[Press] = (),
    **facts: Fact,
) -> None:
    """A conversation of their own, begun when it is due with a message that knows its `people` and when it `ends`.

    `voice`: those who are in the room's voice channel then get one of their own, which needs an `ungroup`.

    A later revision makes none: the `people` among its facts are let into the one that is there, by voice too, and the
    message tells the others; where none is begun yet, it begins with everybody, untold. An `ungroup` of the revision
    brings them back too.
    """
    if circle.revision:
        _join(db, circle, template, now, facts)
        return
    effect = _of(circle, EffectKind.GROUP, f"group/{circle.key}", now, due)
    effect.template, effect.expires_at = template, circle.until
    put(db, effect, None, None, presses, {**_facts(circle), **facts})
    if voice:
        effect = _of(circle, EffectKind.GROUP, _voice_of(circle), now, due)
        effect.expires_at = circle.until
        put(db, effect, None, None, (), {**_facts(circle), "voice": True})


def _join(db: Db, circle: Circle, template: str, now: datetime, facts: Mapping[str, Fact]) -> None:
    for begun in (f"group/{circle.key}", _voice_of(circle)):
        first = db.exec(select(Effect).where(Effect.key == begun)).one_or_none()
        if first is None:
            continue
        voice = begun == _voice_of(circle)
        if first.state in (EffectState.PENDING, EffectState.FAILED):
            known = thaw(first.facts)  # type: ignore[arg-type]
            first.facts = freeze({**(known if isinstance(known, dict) else {}), "people": list(circle.people)})
            continue
        effect = _of(circle, EffectKind.GROUP, f"{begun}/r{circle.revision}", now, None)
        effect.target_key, effect.expires_at = begun, circle.until
        effect.template = "" if voice else template
        put(db, effect, None, None, (), {**_facts(circle), "voice": voice, **facts})
    db.flush()


def ungroup(
    db: Db, circle: Circle, template: str, /, *, now: datetime, ping: bool = True, afresh: bool = False, **facts: Fact
) -> None:
    """Before their time is over those who got a voice channel are told so; then they are brought back from it.

    `afresh`: the time has changed, so that they hear of it once more.
    """
    until, key = circle.until or now, _end_of(circle)
    notice = _of(circle, EffectKind.UNGROUP, f"{key}/notice", now, until - NOTICE)
    notice.template, notice.target_key, notice.expires_at, notice.ping = template, _voice_of(circle), until, ping
    if _comes_last(db, circle, notice) or afresh:
        put(db, notice, None, None, (), {**_facts(circle), **facts})
    back = _of(circle, EffectKind.UNGROUP, key, now, until)
    back.target_key = _voice_of(circle)
    if _comes_last(db, circle, back) or afresh:
        put(db, back, None, None, (), {**_facts(circle), "people": [*circle.people, *circle.hosts]})


def remind(
    db: Db,
    circle: Circle,
    template: str,
    /,
    *,
    ahead: timedelta,
    now: datetime,
    afresh: bool = False,
    **facts: Fact,
) -> None:
    """Words in their own conversation, so long before their time is over; with nothing before it, the last ones."""
    until, key = circle.until or now, _end_of(circle)
    effect = _of(circle, EffectKind.UNGROUP, f"{key}/notice" if ahead else key, now, until - ahead)
    effect.template, effect.target_key, effect.expires_at = template, f"group/{circle.key}", until + LATEST - ahead
    if _comes_last(db, circle, effect) or afresh:
        put(db, effect, None, None, (), {**_facts(circle), **facts})


def _end_of(circle: Circle) -> str:
    return f"ungroup/{circle.key}/r{circle.revision}" if circle.revision else f"ungroup/{circle.key}"


def _comes_last(db: Db, circle: Circle, end: Effect) -> bool:
    """Whether it is to be: a later one takes the place of the one that waits, behind whoever joins before it."""
    if not circle.revision:
        return True
    earlier = sa.and_(
        col(Effect.lane) == end.lane,
        col(Effect.kind) == EffectKind.UNGROUP,
        col(Effect.template) == end.template,
        col(Effect.state) == EffectState.PENDING,
    )
    return _change(db, earlier, {"state": EffectState.WITHDRAWN, "reason": "somebody joined"}) > 0


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


def dissolve(db: Db, circle: Circle, *, now: datetime) -> None:
    """Whoever was in it goes elsewhere: nothing more is said there, and its voice channel ends a moment later."""
    lane = _of(circle, EffectKind.GROUP, "", now, None).lane
    waiting = sa.and_(col(Effect.lane) == lane, col(Effect.state) == EffectState.PENDING)
    ends = sa.and_(col(Effect.kind) == EffectKind.UNGROUP, col(Effect.template) == "")
    _change(db, sa.and_(waiting, sa.not_(ends)), {"state": EffectState.WITHDRAWN, "reason": "nobody left"})
    _change(db, sa.and_(waiting, ends), {"not_before": now + NOTICE, "due_at": now + NOTICE})


def _change(db: Db, which: sa.ColumnElement[bool], values: Mapping[str, object]) -> int:
    done = db.execute(sa.update(Effect).where(which).values(**values).execution_options(synchronize_session="fetch"))
    return int(getattr(done, "rowcount", 0))


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
