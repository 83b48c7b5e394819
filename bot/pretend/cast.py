"""Pretend people for rehearsals and the demo. They see and do only what `Client` lets anybody see and do."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.message import Answers
from bot.platforms.base import Door
from bot.platforms.local.chat import BOT, Chat
from bot.platforms.local.client import Client
from bot.platforms.local.draw import buttons_of
from bot.platforms.local.journal import Edited, Event, Posted
from bot.pretend.answers import Answerer
from bot.pretend.deeds import Applies, Deed, Launches, Presses, Says, press_of
from bot.pretend.mind import MINUTE, Mind
from bot.pretend.people import DAY, HOUR, Character, Habit, awake, invent, staff
from cohorts.moments import session_starts
from cohorts.programs import Program

__all__ = ["Cast", "Character", "Habit", "Says", "invent", "staff"]

MOST_PAGES = 20
RECENT = timedelta(days=2)


class Cast(Mind):
    """Everybody who acts by themselves in one chat. `next_at` says when, `act` lets it happen."""

    def __init__(
        self,
        chat: Chat,
        door: Door,
        clock: Callable[[], datetime],
        characters: Iterable[Character],
        program: Program,
        *,
        seed: int,
        absent: float,
        ids: Callable[[str, int], str] = lambda who, n: f"pretend-{who}-{n}",
    ) -> None:
        super().__init__(chat, clock, characters, program, seed=seed, absent=absent)
        self._answers = Answerer(program, self.said, seed)
        self._clients: dict[str, Client] = {}
        for one in self.characters.values():
            chat.add_person(one.id, one.name, one.zone, one.role, pretend=True)
            self._clients[one.id] = Client(chat, door, one.id, clock=clock, ids=_counted(one.id, ids))
        self._applied: set[str] = set()
        self._launched = False
        self._quiet: set[str] = set()
        self._stop = chat.subscribe(self._hears)

    def close(self) -> None:
        self._stop()

    # When, and what then.

    def next_at(self) -> datetime | None:
        return self.plans[0].at if self.plans else None

    async def act(self, now: datetime) -> None:
        """Everything that was meant to be done by now, in the order of its time."""
        while self.plans and self.plans[0].at <= now:
            plan = heapq.heappop(self.plans)
            if plan.who not in self._quiet:
                await self._do(self.characters[plan.who], plan.deed)

    def leave_alone(self, who: str) -> None:
        """Somebody real acts as this person now."""
        self._quiet.add(who)

    def catch_up(self) -> None:
        """After a restart: think about what came lately and may wait for an answer."""
        since = self.clock() - RECENT
        for one in self.characters.values():
            for message in self.chat.visible_to(one.id):
                if message.author == BOT and message.at >= since:
                    self.notices(one, message)

    async def _do(self, who: Character, deed: Deed) -> None:
        client = self._clients[who.id]
        match deed:
            case Says(text=text):
                await client.says(text)
            case Presses():
                await self._press(who, client, deed)
            case Launches():
                if not self._launched:
                    await client.says("/program launch")
            case Applies(half=half):
                if who.id in self._applied:
                    return
                await client.says(f"/apply {self.program.key}")
                if half and client.form is not None:
                    await client.fills(self._filled(who, client), close=True)
        await self._fill(who, client)

    async def _press(self, who: Character, client: Client, wanted: Presses) -> None:
        if wanted.action == "applications/apply" and who.id in self._applied:
            return
        for message in reversed(self.chat.visible_to(who.id)):
            for button, _ in buttons_of(message.payload):
                if press_of(button) == wanted:
                    await client.clicks(message.id, button)
                    self._launched = self._launched or wanted.action == "program/launched"
                    return

    async def _fill(self, who: Character, client: Client) -> None:
        """Whatever form is open, page by page; one that can't be filled in is put away."""
        for _ in range(MOST_PAGES):
            if client.form is None:
                return
            form = client.form
            if form["name"] == "program/details":
                break  # only a real owner knows
            attached = self._answers.attach(who.temper, form)
            outcome = await client.fills(self._filled(who, client), attached=attached)
            if outcome.errors:
                break
            if form["name"] == "applications/apply" and form["page"] == form["pages"]:
                self._applied.add(who.id)
        self.chat.close_form(who.id)

    def _filled(self, who: Character, client: Client) -> Answers:
        assert client.form is not None
        today = self.clock().astimezone(ZoneInfo(who.zone)).date()
        return self._answers.fill(who.temper, client.form, today=today, hopeful=who.id in self.met)

    # How a cohort begins.

    def recruit(self, opened: datetime, closes: datetime) -> None:
        """Everyone without a role hears of the program somewhere and applies in good time; one stops half-way."""
        self.closes = closes
        applicants = [one for one in self.characters.values() if not one.role]
        for n, one in enumerate(applicants):
            draw = self.draw(one, "applies")
            at = awake(opened + (closes - opened) * (0.02 + 0.7 * draw.random()), one.zone, draw)
            at = at if at < closes else opened + (closes - opened) * 0.5
            half = n == 4
            self.intend(one.id, Applies(half), at)
            if half:
                self.intend(one.id, Applies(), opened + (closes - opened) * 0.97)

    def conduct(self, facilitator: str, owner: str, starts: datetime, zone: str, at: datetime) -> None:
        """The owner names the facilitator, who opens the program, and lets in late whoever comes late."""
        day = starts.astimezone(ZoneInfo(zone))
        meetings = [moment for _, moment in session_starts(self.program, day.date(), zone)]
        self._began_at = meetings[0]
        for one in self.characters.values():
            soon = awake(meetings[0] + DAY - 6 * HOUR, zone, self.draw(one, "late"))
            if one.habit is Habit.COMES_LATE:
                self.intend(facilitator, Says(f"/program decide @{one.id} accept"), soon)
                self.intend(facilitator, Says("/program decide decision:send"), soon + 2 * MINUTE)
            elif one.habit is Habit.LEAVES:
                on = meetings[0] + (meetings[-1] - meetings[0]) / 4 + DAY
                self.intend(one.id, Says("/cohort leave"), awake(on, one.zone, self.draw(one, "leaves")))
        self.intend(facilitator, Says("/cohort help"), at)
        self.intend(owner, Says(f"/program facilitator @{facilitator} program:{self.program.key}"), at + MINUTE)
        self.intend(facilitator, Says(f"/program open {self.program.key} {day:%Y-%m-%d} zone:{zone}"), at + 2 * MINUTE)

    def _hears(self, event: Event) -> None:
        match event:
            case Posted(id=id, author=author) if author == BOT:
                message = self.chat.message(id)
            case Edited(id=id):
                message = self.chat.message(id)
            case _:
                return
        for reader in self.chat.room(message.room).members:
            one = self.characters.get(reader)
            if one is not None and message.only_for in (None, reader):
                self.notices(one, message)


def _counted(who: str, ids: Callable[[str, int], str]) -> Callable[[], str]:
    count = 0

    def next_id() -> str:
        nonlocal count
        count += 1
        return ids(who, count)

    return next_id
