"""A room that somebody made by hand for a cohort: taken when the facilitator says that it is the one."""

from __future__ import annotations

from bot.ask import Ask, Reply
from bot.registry import button
from cohorts import handmade
from cohorts.people import Role


@button("rooms/use", role=Role.FACILITATOR)
def use(ask: Ask, room_id: int, external: str) -> Reply:
    room = handmade.use(ask.db, ask.person, room_id, external)
    return Reply("rooms/in-use", replaces=True, room=room.ref)
