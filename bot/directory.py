"""The names and addresses of those whom facts refer to, looked up when a message is rendered."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import col, select

from bot.message import Mention, RoomMention
from bot.render import Directory, refs
from cohorts.facts import Fact
from cohorts.people import Account, Person
from cohorts.rooms import Room
from cohorts.store import Db


def look_up(db: Db, facts: Iterable[Fact]) -> Directory:
    person_ids, room_ids = refs(*facts)
    people: dict[int, Mention] = {}
    if person_ids:
        rows = db.exec(
            select(Person.id, Person.name, Account.external)
            .join(Account, col(Account.person_id) == col(Person.id), isouter=True)
            .where(col(Person.id).in_(person_ids))
        ).all()
        people = {id_: Mention(name, external) for id_, name, external in rows}
    rooms: dict[int, RoomMention] = {}
    if room_ids:
        found = db.exec(select(Room).where(col(Room.id).in_(room_ids))).all()
        rooms = {room.id: RoomMention(room.name, room.external) for room in found}
    return Directory(people, rooms)
