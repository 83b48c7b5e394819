"""Files on their way to somebody, or to a room: made when they are sent, and kept as what they are made from."""

from datetime import datetime

from cohorts.facts import Fact, Json
from cohorts.outbox import About, Effect, EffectKind, in_room, put
from cohorts.people import Person
from cohorts.rooms import Room
from cohorts.store import Db


def upload(
    db: Db,
    person: Person,
    template: str,
    *,
    key: str,
    file: dict[str, Json],
    now: datetime,
    about: About | None = None,
    **facts: Fact,
) -> None:
    """A file, made when it is sent and put into somebody's direct messages."""
    effect = Effect(
        workspace_id=person.workspace_id,
        key=key,
        lane=f"person:{person.id}",
        kind=EffectKind.UPLOAD,
        person_id=person.id,
        template=template,
        file=file,
        created_at=now,
        due_at=now,
    )
    put(db, effect, about, None, (), facts)


def picture(
    db: Db,
    room: Room,
    template: str,
    *,
    key: str,
    file: dict[str, Json],
    now: datetime,
    about: About | None = None,
    **facts: Fact,
) -> None:
    """A file, made when it is sent, that everybody in a room sees; it notifies nobody."""
    effect = in_room(room, EffectKind.UPLOAD, key, now)
    effect.template, effect.file = template, file
    put(db, effect, about, None, (), facts)
