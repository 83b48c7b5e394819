"""After the mend: what could not be delivered is sent again."""

from __future__ import annotations

from bot.ask import Ask, Reply
from bot.registry import button
from cohorts import retries
from cohorts.errors import Refused
from cohorts.outbox import Effect
from cohorts.people import Role


@button("delivery/again", role=Role.FACILITATOR)
def again(ask: Ask, effect_id: int) -> Reply:
    effect = ask.db.get(Effect, effect_id)
    if effect is None or effect.workspace_id != ask.place.id:
        raise Refused("commands/gone")
    return Reply("delivery/again", replaces=True, count=retries.send_again(ask.db, effect))
