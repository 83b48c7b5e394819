"""Effects waiting to reach a platform, written in the transaction that decided them.

An effect has a unique key, so that deciding twice sends once; a lane, so that one destination keeps its order; and
what it is about with that thing's revision, so that what changed meanwhile is not announced.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts.facts import Fact, Json, Plain, freeze
from cohorts.people import Person
from cohorts.rooms import Room
from cohorts.store import Db, choice, insert_new, json, link, moment

NOTHING: Mapping[str, Fact] = MappingProxyType({})
ROOM_MISSING = "room-missing"  # why what waits for a room that could not be made fails


class EffectKind(StrEnum):
    POST = "post"
    EDIT = "edit"
    ROOM = "room"
    INVITE = "invite"
    REMOVE = "remove"
    UPLOAD = "upload"
    BOOKMARK = "bookmark"  # a link that stays with a room
    EVENT = "event"  # an entry in the platform's own calendar
    GROUP = "group"  # a small conversation for some of a room
    UNGROUP = "ungroup"  # its end, announced and done
    WHISPER = "whisper"  # a line in a room that one person alone sees; never repeated


BESIDE = (EffectKind.EVENT, EffectKind.GROUP, EffectKind.UNGROUP)  # in lanes of their own, beside their room's


class EffectState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"  # claimed; after a crash: uncertain
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Effect(SQLModel, table=True):
    __table_args__ = (
        sa.Index(
            "ix_effect_waiting",
            "lane",
            "id",
            sqlite_where=sa.text("state IN ('pending', 'sending')"),
            postgresql_where=sa.text("state IN ('pending', 'sending')"),
        ),
        sa.Index("ix_effect_about", "about_kind", "about_id"),
    )
    id: int = Field(default=None, primary_key=True)
    workspace_id: int = link("workspace.id")
    key: str = Field(max_length=200, unique=True)
    lane: str = Field(max_length=40)
    kind: EffectKind = choice(EffectKind)
    room_id: int | None = link("room.id", null=True)
    person_id: int | None = link("person.id", null=True)
    template: str = Field(default="", max_length=100)
    facts: object = json()
    presses: object = json()
    target_key: str | None = Field(default=None, max_length=200)  # the effect an edit changes, a post answers beneath
    file: object = json(null=True)  # what is to be made and uploaded
    about_kind: str | None = Field(default=None, max_length=40)
    about_id: int | None = Field(default=None)
    about_revision: int | None = Field(default=None)
    membership_id: int | None = link("membership.id", null=True)
    membership_revision: int | None = Field(default=None)
    letter: str | None = Field(default=None, max_length=60)  # what has the same is sent as one message
    enclosed_in: int | None = Field(default=None, index=True)  # the part of a letter that it is sent along with
    ping: bool = Field(default=True)  # whether it notifies
    pin: bool = Field(default=False)  # whether it stays on top of its room
    created_at: datetime = moment()
    due_at: datetime = moment()
    expires_at: datetime | None = moment(null=True)
    state: EffectState = choice(EffectState, default=EffectState.PENDING, index=True)
    attempts: int = Field(default=0)
    not_before: datetime | None = moment(null=True)
    attempted_at: datetime | None = moment(null=True)
    lease_until: datetime | None = moment(null=True)
    sent_at: datetime | None = moment(null=True)
    receipt: str | None = Field(default=None, max_length=200)
    reason: str | None = Field(default=None, max_length=200)


@dataclass(frozen=True, slots=True)
class Press:
    """A button to be: its words come from the template folder of the feature that declared the action."""

    action: str
    args: Mapping[str, str | int | bool] = field(default_factory=dict)
    style: str = "plain"
    words: str | None = None  # another entry of the same words.toml than the action's own
    facts: Mapping[str, Plain] = field(default_factory=dict)  # for words such as "Send {count} decisions"

    def frozen(self) -> Json:
        return {
            "action": self.action,
            "args": dict(self.args),
            "style": self.style,
            "words": self.words,
            "facts": freeze(dict(self.facts)),
        }


@dataclass(frozen=True, slots=True)
class About:
    """The row an effect speaks of (`kind` is its table) and the revision it had when the effect was decided."""

    kind: str
    id: int
    revision: int


@dataclass(frozen=True, slots=True)
class For:
    """The membership somebody hears this as. When it changes (paused, left), what is unsent is not sent."""

    membership_id: int
    revision: int


def tell(
    db: Db,
    person: Person,
    template: str,
    /,
    *,
    key: str,
    now: datetime,
    due: datetime | None = None,
    expires: datetime | None = None,
    about: About | None = None,
    as_: For | None = None,
    presses: Sequence[Press] = (),
    more: Mapping[str, Fact] = NOTHING,
    **facts: Fact,
) -> None:
    """A direct message. `more` are facts that come as a mapping."""
    effect = to_person(person, EffectKind.POST, key, now)
    effect.template, effect.due_at, effect.expires_at = template, due or now, expires
    put(db, effect, about, as_, presses, {**more, **facts})


def enclose(
    db: Db,
    person: Person,
    template: str,
    /,
    *,
    key: str,
    at: datetime,
    now: datetime,
    expires: datetime | None = None,
    about: About | None = None,
    as_: For | None = None,
    presses: Sequence[Press] = (),
    more: Mapping[str, Fact] = NOTHING,
    **facts: Fact,
) -> None:
    """A part of the letter that somebody gets at that moment: all its parts are one direct message.

    In a lane of its own, so that what can't wait never waits for it.
    """
    effect = to_person(person, EffectKind.POST, key, now)
    effect.template = template
    effect.lane, effect.letter = f"letters:{person.id}", f"{person.id}/{at.astimezone(UTC):%Y-%m-%dT%H:%M}"
    effect.due_at, effect.expires_at = at, expires
    effect.not_before = at if at > now else None
    put(db, effect, about, as_, presses, {**more, **facts})


def to_person(person: Person, kind: EffectKind, key: str, now: datetime) -> Effect:
    return Effect(
        workspace_id=person.workspace_id,
        key=key,
        lane=f"person:{person.id}",
        kind=kind,
        person_id=person.id,
        created_at=now,
        due_at=now,
    )


def announce(
    db: Db,
    room: Room,
    template: str,
    /,
    *,
    key: str,
    now: datetime,
    due: datetime | None = None,
    expires: datetime | None = None,
    about: About | None = None,
    presses: Sequence[Press] = (),
    ping: bool = True,
    pin: bool = False,
    under: str | None = None,
    more: Mapping[str, Fact] = NOTHING,
    **facts: Fact,
) -> None:
    """A message to a room. `pin`: it stays on top. `under`: in the thread of the message sent under that key."""
    effect = in_room(room, EffectKind.POST, key, now)
    effect.template, effect.due_at, effect.expires_at, effect.ping = template, due or now, expires, ping
    effect.pin, effect.target_key = pin, under
    put(db, effect, about, None, presses, {**more, **facts})


def edit(
    db: Db,
    original: str,
    template: str,
    /,
    *,
    key: str,
    now: datetime,
    about: About | None = None,
    presses: Sequence[Press] = (),
    more: Mapping[str, Fact] = NOTHING,
    **facts: Fact,
) -> None:
    """Change a message that was sent, or is about to be, under the key `original`. Without one: nothing."""
    first = db.exec(select(Effect).where(Effect.key == original)).one_or_none()
    if first is None:
        return
    effect = Effect(
        workspace_id=first.workspace_id,
        key=key,
        lane=first.lane,
        kind=EffectKind.EDIT,
        room_id=first.room_id,
        person_id=first.person_id,
        template=template,
        target_key=original,
        ping=False,
        created_at=now,
        due_at=now,
    )
    put(db, effect, about, None, presses, {**more, **facts})


def make_room(db: Db, room: Room, *, now: datetime) -> None:
    put(db, in_room(room, EffectKind.ROOM, f"room/{room.id}", now))


def bookmark(db: Db, room: Room, title: str, url: str, *, key: str, now: datetime) -> None:
    """A link that stays with a room, where everybody finds it again."""
    put(db, in_room(room, EffectKind.BOOKMARK, key, now), None, None, (), {"title": title, "url": url})


def invite(db: Db, room: Room, person: Person, as_: For, *, now: datetime) -> None:
    _move(db, EffectKind.INVITE, room, person, as_, now)


def bring(db: Db, room: Room, person: Person, *, now: datetime) -> None:
    """Bring a facilitator into a room; no membership is needed for that, and none ends it."""
    effect = in_room(room, EffectKind.INVITE, f"invite/room:{room.id}/person:{person.id}", now)
    effect.person_id = person.id
    put(db, effect)


def remove(db: Db, room: Room, person: Person, as_: For, *, now: datetime) -> None:
    _move(db, EffectKind.REMOVE, room, person, as_, now)


def _move(db: Db, kind: EffectKind, room: Room, person: Person, as_: For, now: datetime) -> None:
    # The key carries the membership's revision, so that in, out and in again acts three times.
    key = f"{kind.value}/room:{room.id}/membership:{as_.membership_id}/r{as_.revision}"
    effect = in_room(room, kind, key, now)
    effect.person_id = person.id
    put(db, effect, None, as_)


def posted(db: Db, room: Room, receipt: str) -> Effect | None:
    """The message of ours that a platform knows by this receipt in a room."""
    query = select(Effect).where(Effect.room_id == room.id, Effect.kind == EffectKind.POST, Effect.receipt == receipt)
    return db.exec(query).first()


def has(db: Db, key: str) -> bool:
    """Whether something was decided under this key, whatever became of it."""
    return db.exec(select(Effect.id).where(Effect.key == key)).first() is not None


def withdraw(db: Db, about: About, *, reason: str) -> None:
    """Take back what is unsent about an older revision of something than `about` names."""
    db.exec(
        sa.update(Effect)
        .where(
            col(Effect.about_kind) == about.kind,
            col(Effect.about_id) == about.id,
            col(Effect.about_revision) < about.revision,
            col(Effect.state) == EffectState.PENDING,
        )
        .values(state=EffectState.WITHDRAWN, reason=reason)
    )


def is_current(db: Db, effect: Effect) -> bool:
    """Whether what an effect speaks of still is as it was: any table with a `revision` can be spoken of."""
    if effect.about_kind is not None:
        revision = db.execute(_revision(effect.about_kind), {"row": effect.about_id}).scalar_one_or_none()
        if revision != effect.about_revision:
            return False
    if effect.membership_id is not None and effect.kind is not EffectKind.REMOVE:
        revision = db.execute(_revision("membership"), {"row": effect.membership_id}).scalar_one_or_none()
        return revision == effect.membership_revision
    return True


@cache
def _revision(kind: str) -> "sa.Select[Any]":
    table = SQLModel.metadata.tables[kind]
    return sa.select(table.c.revision).where(table.c.id == sa.bindparam("row"))


def in_room(room: Room, kind: EffectKind, key: str, now: datetime) -> Effect:
    return Effect(
        workspace_id=room.workspace_id,
        key=key,
        lane=f"room:{room.id}",
        kind=kind,
        room_id=room.id,
        ping=kind is EffectKind.POST,
        created_at=now,
        due_at=now,
    )


def put(
    db: Db,
    effect: Effect,
    about: About | None = None,
    as_: For | None = None,
    presses: Sequence[Press] = (),
    facts: dict[str, Fact] | None = None,
) -> None:
    """Keep an effect, unless there is one of its key."""
    effect.facts = freeze(facts or {})
    effect.presses = [press.frozen() for press in presses]
    if about is not None:
        effect.about_kind, effect.about_id, effect.about_revision = about.kind, about.id, about.revision
    if as_ is not None:
        effect.membership_id, effect.membership_revision = as_.membership_id, as_.revision
    insert_new(db, effect)
