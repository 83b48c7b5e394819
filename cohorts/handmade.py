"""Rooms made by hand, because the bot may not make them: which one becomes a cohort's, and who may say so."""

from datetime import datetime

from sqlmodel import select

from cohorts import outbox, people, retries, rooms
from cohorts.cohort import Cohort
from cohorts.errors import Refused
from cohorts.outbox import Effect, Press
from cohorts.people import Person
from cohorts.rooms import Room
from cohorts.store import Db


def brought_in(db: Db, workspace_id: int, inviter: Person | None, external: str, name: str, *, now: datetime) -> None:
    """The bot was brought into a room. It is the one waited for, if it has that name and whoever conducts there did it.

    Anybody can make a room of any name, and who is in it reads what is posted: so where somebody else did it, those
    who conduct the cohort are asked.
    """
    room = rooms.waiting_for(db, workspace_id, name)
    if room is None or rooms.known(db, workspace_id, external) is not None:
        return
    cohort = _cohort_of(db, room)
    if inviter is not None and people.conducts(db, inviter, cohort.program_key):
        retries.room_made(db, room, external)
        return
    for person in people.facilitators(db, workspace_id, cohort.program_key):
        outbox.tell(
            db,
            person,
            "rooms/found",
            key=_asked(room.id, external, person),
            now=now,
            presses=[Press("rooms/use", {"room_id": room.id, "external": external}, style="primary")],
            name=name,
            cohort=cohort.name,
        )


def use(db: Db, person: Person, room_id: int, external: str) -> Room:
    """Take a room made by hand for a cohort's. Refused for whoever doesn't conduct it, or when it has one by now."""
    room = db.get(Room, room_id)
    offered = select(Effect.id).where(Effect.key == _asked(room_id, external, person))
    if room is None or room.workspace_id != person.workspace_id or db.exec(offered).first() is None:
        raise Refused("commands/gone")
    cohort = _cohort_of(db, room)
    if not people.conducts(db, person, cohort.program_key):
        raise Refused("people/another-door")
    if room.external is not None or rooms.known(db, room.workspace_id, external) is not None:
        raise Refused("rooms/has-one", cohort=cohort.name)
    retries.room_made(db, room, external)
    return room


def _asked(room_id: int, external: str, person: Person) -> str:
    """The key of the question, so that only what was offered can be taken."""
    return f"room-found:{room_id}/{external}/person:{person.id}"


def _cohort_of(db: Db, room: Room) -> Cohort:
    return db.exec(select(Cohort).where(Cohort.room_id == room.id)).one()
