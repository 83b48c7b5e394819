"""Files on their way to somebody, or to a room: made when they are sent, and kept as what they are made from."""

from datetime import datetime

from cohorts.facts import Fact, Json
from cohorts.outbox import About, EffectKind, in_room, put, to_person
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
    effect = to_person(person, EffectKind.UPLOAD, key, now)
    effect.template, effect.file = template, file
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
