"""What delivery reads from and writes to the outbox: claiming heads of lanes, recording what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlmodel import col, select

from bot import letters, notices
from bot.directory import look_up
from bot.letters import Enclosure
from bot.platforms.base import Kind, Parcel
from bot.render import Directory
from cohorts import outbox, people
from cohorts.facts import Fact, PersonRef, thaw
from cohorts.outbox import Effect, EffectKind, EffectState
from cohorts.people import Workspace
from cohorts.rooms import Room
from cohorts.store import Db, Utc

WAITING = (EffectState.PENDING, EffectState.SENDING)
LONGEST_REASON = 200
ROOM_TAKES = timedelta(seconds=5)  # until it is looked again whether a room has been made


@dataclass(frozen=True)
class Job:
    """One claimed effect with all that sending needs, read in the claiming transaction."""

    effect_id: int
    platform: str
    kind: EffectKind
    lane: str
    attempts: int
    uncertain: bool
    parcel: Parcel
    room_id: int | None = None  # the room to be made
    template: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    presses: object = None
    directory: Directory = field(default_factory=Directory)
    file: Mapping[str, object] | None = None
    ends: datetime | None = None  # from when on it is of no use
    enclosed: tuple[Enclosure, ...] = ()  # the other parts of the same letter
    unwanted: Unwanted | None = None  # of an uncertain one: why it is not sent, should it not have arrived


@dataclass(frozen=True)
class Sent:
    """`caveat`: what is not as it should be all the same, written like the reason of what failed."""

    effect_id: int
    receipt: str
    at: datetime
    room_id: int | None = None  # the room that was made
    caveat: str = ""
    is_letter: bool = False  # of several parts


@dataclass(frozen=True)
class Failed:
    """`reason`: a slug, and after a space what the mend has to name."""

    effect_id: int
    reason: str
    at: datetime


@dataclass(frozen=True)
class Postponed:
    effect_id: int
    until: datetime
    uncertain: bool


@dataclass(frozen=True)
class Unwanted:
    """Never sent, and not to be sent any more."""

    effect_id: int
    state: EffectState
    reason: str


Result: TypeAlias = Sent | Failed | Postponed | Unwanted


def reason_of(slug: str, detail: str) -> str:
    """As it is kept with an effect, "" for none."""
    return f"{slug} {detail}".strip()[:LONGEST_REASON].rstrip()


def release_all(db: Db, *, now: datetime) -> int:
    """End every lease: for the start of the only process."""
    done = db.execute(
        sa.update(Effect).where(col(Effect.state) == EffectState.SENDING).values(lease_until=now, not_before=None)
    )
    return int(getattr(done, "rowcount", 0))


def _heads() -> sa.Select[Any]:
    return sa.select(sa.func.min(col(Effect.id))).where(col(Effect.state).in_(WAITING)).group_by(col(Effect.lane))


def _ready(now: datetime, held: frozenset[str]) -> sa.ColumnElement[bool]:
    free = sa.or_(
        sa.and_(
            col(Effect.state) == EffectState.PENDING,
            sa.or_(col(Effect.not_before).is_(None), col(Effect.not_before) <= now),
        ),
        sa.and_(col(Effect.state) == EffectState.SENDING, col(Effect.lease_until) <= now),
    )
    return sa.and_(col(Effect.id).in_(_heads()), free, col(Effect.lane).not_in(held) if held else sa.true())


def any_waiting(db: Db, *, now: datetime, held: frozenset[str]) -> bool:
    """A cheap look, so that an idle delivery writes nothing."""
    return db.execute(sa.select(col(Effect.id)).where(_ready(now, held)).limit(1)).first() is not None


def next_at(db: Db) -> datetime | None:
    """When the next head may be tried; None when nothing waits."""
    found: datetime | None = db.execute(_next_at()).scalar_one_or_none()
    return found


@cache
def _next_at() -> sa.Select[Any]:
    at = sa.func.coalesce(col(Effect.lease_until), col(Effect.not_before), col(Effect.created_at))
    return sa.select(sa.func.min(sa.type_coerce(at, Utc()))).where(col(Effect.id).in_(_heads()))


def claim(db: Db, *, now: datetime, lease: timedelta, held: frozenset[str], most: int) -> list[Job]:
    """The heads of free lanes, leased. What has expired, or speaks of what has changed, ends here unsent.

    When nothing but such was at the heads, those behind them are looked at too.
    """
    query = select(Effect).where(_ready(now, held)).order_by(col(Effect.id)).limit(most)
    if db.get_bind().dialect.name == "postgresql":
        # Claimers pass by each other's rows; serialisable, they would make each other start again.
        if not db.in_transaction():
            db.connection(execution_options={"isolation_level": "READ COMMITTED"})
        query = query.with_for_update(skip_locked=True)
    jobs: list[Job] = []
    while not jobs and (heads := db.exec(query).all()):
        for effect in heads:
            job = _job(db, effect, now=now)
            if job is not None and effect.letter is not None:
                job = _with_the_rest(db, job, effect, now=now, lease=lease)
            if job is not None:
                effect.state, effect.lease_until = EffectState.SENDING, now + lease
                effect.attempted_at = effect.attempted_at or now
                effect.attempts += 1
                jobs.append(job)
        db.flush()
    return jobs


def _job(db: Db, effect: Effect, *, now: datetime) -> Job | None:
    uncertain = effect.state is EffectState.SENDING
    unwanted = _unwanted(db, effect, now)
    if unwanted is not None and not uncertain:
        # An uncertain one has perhaps arrived: it is looked for before it ends.
        _end(effect, unwanted.state, unwanted.reason)
        return None
    place = db.get_one(Workspace, effect.workspace_id)
    parcel = Parcel(
        key=effect.key,
        kind=Kind(effect.kind.value),
        workspace=place.external,
        template=effect.template,
        due_at=effect.due_at,
        ping=effect.ping,
        pin=effect.pin,
    )
    if effect.kind is EffectKind.INVITE and effect.membership_id is None:
        parcel = _with(parcel, leads=True)
    if effect.attempted_at is not None:
        parcel = _with(parcel, attempted_at=effect.attempted_at)
    if effect.room_id is not None:
        room = db.get_one(Room, effect.room_id)
        if effect.kind is EffectKind.ROOM:
            parcel = _with(parcel, name=room.name, title=room.topic)
        elif room.external is None and effect.kind in outbox.BESIDE and _in_the_making(db, room):
            effect.not_before = now + ROOM_TAKES
            return None
        elif room.external is None:
            _fail(db, effect, outbox.ROOM_MISSING, now)
            return None
        else:
            parcel = _with(parcel, room=room.external)
    if effect.person_id is not None:
        account = people.account_of(db, effect.person_id)
        if account is None:
            _fail(db, effect, "no-account", now)
            return None
        parcel = _with(parcel, account=account)
    if effect.target_key is not None:
        receipt = db.exec(select(Effect.receipt).where(Effect.key == effect.target_key)).first()
        if effect.kind is EffectKind.POST:
            parcel = _with(parcel, thread=receipt)  # without what it answers, it stands in the room
        elif receipt is None:
            _end(effect, EffectState.WITHDRAWN, "what it changes was never sent")
            return None
        else:
            parcel = _with(parcel, target=receipt)
    facts = thaw(effect.facts)  # type: ignore[arg-type]
    facts = facts if isinstance(facts, dict) else {}
    if effect.kind is EffectKind.BOOKMARK:
        parcel = _with(parcel, title=str(facts["title"]), url=str(facts["url"]))
    directory = look_up(db, [facts])
    if effect.kind in outbox.BESIDE:
        parcel = _beside(parcel, facts, directory)
    return Job(
        effect_id=effect.id,
        platform=place.platform,
        kind=effect.kind,
        lane=effect.lane,
        attempts=effect.attempts,
        uncertain=uncertain,
        parcel=parcel,
        room_id=effect.room_id if effect.kind is EffectKind.ROOM else None,
        template=effect.template,
        facts=facts,
        presses=effect.presses,
        directory=directory,
        file=effect.file if isinstance(effect.file, dict) else None,
        ends=effect.expires_at,
        unwanted=unwanted,
    )


def _with_the_rest(db: Db, job: Job, first: Effect, *, now: datetime, lease: timedelta) -> Job:
    """The whole letter; the same parts again, when it may have been sent already."""
    parts: list[Effect] = []
    for part in letters.enclosed(db, first) if job.uncertain else letters.waiting(db, first):
        if not job.uncertain and (unwanted := _unwanted(db, part, now)) is not None:
            _end(part, unwanted.state, unwanted.reason)
        else:
            letters.enclose(part, first, now=now, lease=lease)
            parts.append(part)
    enclosed = tuple(letters.as_enclosure(part) for part in parts)
    directory = look_up(db, [job.facts, *(one.facts for one in enclosed)])
    parcel = _with(job.parcel, template="+".join([job.template, *(one.template for one in enclosed)]))
    return replace(job, parcel=parcel, enclosed=enclosed, directory=directory)


def _unwanted(db: Db, effect: Effect, now: datetime) -> Unwanted | None:
    if effect.expires_at is not None and now > effect.expires_at:
        return Unwanted(effect.id, EffectState.EXPIRED, "too late when it could be sent")
    if not outbox.is_current(db, effect):
        return Unwanted(effect.id, EffectState.WITHDRAWN, "what it is about has changed")
    return None


def _beside(parcel: Parcel, facts: Mapping[str, Fact], directory: Directory) -> Parcel:
    """With when and what an event is, or whose group."""
    moments = {name: at for name in ("starts", "ends") if isinstance(at := facts.get(name), datetime)}
    refs = facts.get("people") or ()
    inside = [directory.people[one.id] for one in refs if isinstance(one, PersonRef)]  # type: ignore[union-attr]
    return _with(
        parcel,
        **moments,
        occasion=str(facts["occasion"]),
        title=str(facts.get("title", "")),
        place=str(facts.get("place", "")),
        gone=facts.get("gone") is True,
        voice=facts.get("voice") is True,
        name=", ".join(one.name for one in inside),
        accounts=tuple(one.account for one in inside if one.account),
    )


def _in_the_making(db: Db, room: Room) -> bool:
    making = select(Effect.id).where(
        Effect.room_id == room.id, Effect.kind == EffectKind.ROOM, col(Effect.state).in_(WAITING)
    )
    return db.exec(making.limit(1)).first() is not None


def _with(parcel: Parcel, **changes: object) -> Parcel:
    return replace(parcel, **changes)  # type: ignore[arg-type]


def _end(effect: Effect, state: EffectState, reason: str) -> None:
    effect.state, effect.reason = state, reason


def _fail(db: Db, effect: Effect, reason: str, now: datetime) -> None:
    again = notices.again(effect.reason)
    _end(effect, EffectState.FAILED, reason)
    notices.tell(db, effect, now, again)


def record(db: Db, result: Result, *, now: datetime) -> None:
    """Write down what became of one claimed effect."""
    if isinstance(result, Sent):
        _record_sent(db, result, now)
        return
    effect = db.get_one(Effect, result.effect_id)
    match result:
        case Failed(reason=reason):
            _fail(db, effect, reason, now)
            letters.failed(db, effect.id, reason)
        case Unwanted(state=state, reason=reason):
            _end(effect, state, reason)
            letters.taken_out(db, effect.id)
        case Postponed(until=until, uncertain=uncertain):
            if uncertain:
                effect.lease_until = until
            else:
                effect.state, effect.lease_until, effect.not_before = EffectState.PENDING, None, until
                letters.taken_out(db, effect.id)
    db.flush()


def _record_sent(db: Db, sent: Sent, now: datetime) -> None:
    """By far the most frequent end, so without reading the row first where there is nothing to tell."""
    effect = db.get_one(Effect, sent.effect_id) if sent.caveat else None
    again = notices.again(effect.reason) if effect is not None else ""
    db.execute(
        sa.update(Effect)
        .where(col(Effect.id) == sent.effect_id)
        .values(
            state=EffectState.SENT,
            receipt=sent.receipt,
            reason=sent.caveat or None,
            sent_at=sent.at,
            lease_until=None,
            not_before=None,
        )
        .execution_options(synchronize_session=False)
    )
    if sent.is_letter:
        letters.sent(db, sent.effect_id, sent.receipt, sent.at)
    if sent.room_id is not None:
        db.get_one(Room, sent.room_id).external = sent.receipt
        db.flush()
    if effect is not None:
        db.refresh(effect)
        notices.tell(db, effect, now, again)
