"""Whoever is in the cohort's voice room while it meets is there, and has nothing to press."""

from __future__ import annotations

from collections.abc import Sequence

from bot.ask import Ask
from bot.registry import entered
from cohorts import presence
from cohorts.rooms import Room


@entered("presence")
def is_there(ask: Ask, rooms: Sequence[Room], link: str, came: bool) -> bool:
    return presence.entered(ask.db, ask.person, {one.id for one in rooms}, link, came=came, now=ask.now)
