"""One hour of the default program, told on any platform: thirteen people, and a facilitator who only presses buttons.

Two come late, one is gone after ten minutes, one never comes; the bot is killed in a round and in the poll.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlmodel import select

from cohorts import breakouts, rounds, sessions
from cohorts.cohort import Cohort
from cohorts.outbox import Effect, EffectKind, EffectState
from cohorts.people import Person
from cohorts.polls import Vote
from cohorts.sessions import Session
from cohorts.store import Db
from tests.platforms.discord_stage import DiscordActor, DiscordStage
from tests.platforms.mortal import Killed, MortalStage
from tests.platforms.slack_stage import SlackStage
from tests.platforms.stage import AT_ONCE, Actor, Stage, until
from tests.platforms.watching import Watching

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)  # a Monday
OVER = FIRST + timedelta(minutes=60)
LATE, LATER, GONE, NEVER = "Kim", "Lea", "Gus", "Max"
PUNCTUAL = ("Ana", "Ben", "Chi", "Dan", "Eve", "Fin", GONE, "Hal", "Ivy", "Jon")
MEMBERS = (*PUNCTUAL, LATE, LATER, NEVER)
CALL = "https://meet.test/hour"
QUESTION = "What do we sharpen first?"
CHOSEN = "Pick the one number. Write what it is today and what it should be in six weeks."
VOTES = ("The routine", "The number", "The people", *["The number"] * 8)
ALONE_AT_MOST = timedelta(minutes=1)
PINGS_AT_MOST = 3


class Punctual(MortalStage):
    """Also what waits in the outbox happens at its own moment, and nothing moves the clock by more than it must."""

    patience_now = AT_ONCE

    async def settle(self) -> None:
        while True:
            try:
                await self._settled()
                return
            except Killed:
                await self.is_killed()
                await self.begins()

    async def _settled(self) -> None:
        await self.quiet()
        last = self.clock.now() + self.patience_now
        while (next_at := await self._next()) is not None and next_at <= last:
            self.clock.move_to(max(next_at, self.clock.now()))
        await self.quiet()

    async def _next(self) -> datetime | None:
        """When whatever waits in the outbox is due, after all that is due now."""
        await self.app.scheduler.tick(self.clock.now())
        return await self.app.delivery.drain()

    async def until(self, moment: datetime) -> None:
        while True:
            await self.settle()
            waiting = (await self.app.delivery.drain(), await self.app.scheduler.next_due())
            sooner = [at for at in waiting if at is not None and at <= moment]
            if not sooner:
                break
            self.clock.move_to(max(min(sooner), self.clock.now()))
        self.clock.move_to(max(moment, self.clock.now()))
        await self.settle()

    def dies_once(self) -> None:
        """As soon as the next message is out, and before that is recorded."""

        def dies(where: str) -> bool:
            self.dies = None
            return where == "sent"

        self.dies = dies


class Hour:
    """Everybody's hour; who is in the call is in `there`."""

    def __init__(self, stage: Punctual) -> None:
        self.stage = stage
        self.watching = Watching(stage)
        self.people = {name: stage.person(name) for name in ("Olu", "Fay", *MEMBERS)}
        self.there: set[str] = set()
        self.alone: dict[str, datetime] = {}
        self.longest = timedelta()
        self.mentions: Counter[str] = Counter()  # that a platform tells of, within the hour

    @property
    def fay(self) -> Actor:
        return self.people["Fay"]

    @property
    def now(self) -> datetime:
        return self.stage.clock.now()

    # Acts.

    async def presses(self, name: str, label: str, on: str = "", *, form: bool = False) -> None:
        """Whoever presses is answered before anything else is delivered; a form answers by opening."""
        actor = self.people[name]
        self.watching.looks([actor])
        read = len(self.watching.heard[name])
        await actor.presses(label, on)
        if form:
            await actor.answers(FORMS[label](name))
        await self.stage.quiet()
        self.watching.looks([actor])
        assert len(self.watching.heard[name]) > read, f"nobody answered {name}, who pressed {label}"

    async def votes(self, name: str, choice: str) -> None:
        """Discord's own poll answers by itself."""
        actor = self.people[name]
        if isinstance(actor, DiscordActor):
            await actor.person.votes(choice, on=QUESTION)
        else:
            await actor.presses(choice, on=QUESTION)

    async def follows(self) -> None:
        await self.stage.settle()
        self.looks()

    async def until(self, minute: float) -> None:
        """From minute to minute, so that nobody's minute alone goes by unseen."""
        moment = FIRST + timedelta(minutes=minute)
        while self.now < moment:
            await self.stage.until(min(moment, self.now + timedelta(seconds=30)))
            self.looks()
        await self.passed(minute)

    async def passed(self, minute: float) -> None:
        """For whoever takes pictures."""

    def looks(self) -> None:
        """Who has nobody to talk to in a round that is on, since when, and what everybody reads."""
        lonely = self.stage.store.read(self._lonely)
        for name in [*self.alone]:
            if name not in lonely:
                self.longest = max(self.longest, self.now - self.alone.pop(name))
        for name in lonely:
            self.alone.setdefault(name, self.now)
        self.watching.looks(self.people.values())

    def _lonely(self, db: Db) -> set[str]:
        session = sessions_of(db)[0]
        on = rounds.current(db, session, self.now)
        if on is None:
            return set()
        groups = [{db.get_one(Person, one.id).name for one in people} for _, people in rounds.board(db, on)]
        seated = {name for group in groups for name in group & self.there if len(group & self.there) > 1}
        odd = breakouts.people_in(db, breakouts.groups(db, on).get(0, []))
        return self.there - seated - {db.get_one(Person, one).name for one in odd}

    def partners(self, name: str) -> set[str]:
        def found(db: Db) -> set[str]:
            newest = breakouts.of_session(db, sessions_of(db)[0])[-1]
            groups = [{db.get_one(Person, one.id).name for one in people} for _, people in rounds.board(db, newest)]
            return next((group - {name} for group in groups if name in group), set())

        return self.stage.store.read(found)

    # The story.

    async def is_told(self) -> None:
        await self.begins_as_a_cohort()
        await self.begins_by_a_press()
        await self.talks_in_pairs()
        await self.is_steered_by_a_poll()
        await self.looks_back()
        await self.is_settled_and_recapped()

    async def begins_as_a_cohort(self) -> None:
        stage, olu, fay = self.stage, self.people["Olu"], self.fay
        for one in (fay, olu):
            await one.types("/cohort help")
            await stage.quiet()
        await olu.types(f"/program facilitator {stage.mention(fay)} program:value-accelerator")
        await fay.types("/program open value-accelerator 2027-01-11 zone:Europe/Berlin")
        await stage.settle()
        await fay.presses("Say what only you know")
        await fay.answers({"Where do you meet": CALL}, rest=False)
        await stage.settle()
        await fay.presses("Open for applications")
        await stage.settle()
        for name in MEMBERS:  # one after another: who sits with whom follows from the order
            await self.people[name].types("/apply")
            await self.people[name].answers()
            await stage.quiet()
        await stage.settle()
        for name in MEMBERS:
            await fay.types(f"/program decide {stage.mention(self.people[name])} accept")
        await stage.settle()
        await fay.presses(f"Send {len(MEMBERS)} decisions")
        await stage.settle()
        await fay.types("/program launch")
        await stage.settle()
        await fay.presses("Yes, start")
        await stage.settle()

    async def begins_by_a_press(self) -> None:
        await self.stage.until(FIRST)
        self.stage.patience_now = timedelta(seconds=5)
        before = mentions(self.stage)
        self.mentions.subtract(before)
        self.there.update(PUNCTUAL)
        for name in PUNCTUAL:
            await self.presses(name, "I'm here")
        await self.follows()
        await self.presses("Fay", "Start", "Your brief")
        await self.follows()

    async def talks_in_pairs(self) -> None:
        await self.until(5.1)
        assert all(len(self.partners(name)) == 1 for name in PUNCTUAL)
        await self.until(7)
        self.there.add(LATE)
        await self.presses(LATE, "I'm here")
        await self.follows()
        assert len(self.partners(LATE)) == 2
        await self.until(10)
        [left] = self.partners(GONE)
        self.there.remove(GONE)
        self.looks()
        await self.until(10.5)
        self.stage.dies_once()
        await self.presses(left, "Not here", "with")
        await self.follows()
        assert self.stage.deaths == 1
        assert GONE not in self.partners(left) and self.partners(left) <= self.there
        await self.until(16)
        self.there.add(LATER)
        await self.presses(LATER, "I'm here")
        await self.follows()

    async def is_steered_by_a_poll(self) -> None:
        await self.until(17.9)
        self.stage.dies_once()
        await self.until(18.1)
        assert self.stage.deaths == 2
        for name, choice in zip(sorted(self.there), VOTES, strict=True):
            await self.votes(name, choice)
        await until(lambda: self.stage.store.read(votes_cast) == len(self.there))
        await self.follows()
        await self.until(21.1)
        await self.until(46)
        await self.presses("Fay", "Call on", "Your desk")
        await self.follows()

    async def looks_back(self) -> None:
        await self.until(51)
        for name in sorted(self.there):
            await self.presses(name, "Answer", form=True)
        await self.follows()
        await self.until(56)
        for name in ("Ana", LATER):
            await self.presses(name, "My next step", form=True)
        await self.follows()

    async def is_settled_and_recapped(self) -> None:
        await self.until(59.5)
        await self.presses("Fay", "End the session", "Your desk")
        await self.follows()
        await self.until(60)
        self.mentions.update(mentions(self.stage))
        self.stage.patience_now = AT_ONCE
        await self.presses("Fay", "That's everyone")
        await self.follows()
        await self.stage.until(FIRST + timedelta(hours=4))
        self.looks()


FORMS: dict[str, Callable[[str], dict[str, str]]] = {
    "Answer": lambda name: {
        "most valuable": f"What {name} heard from the others",
        "quote": "Yes" if name < "C" else "No",
        "before we meet again": "",
    },
    "My next step": lambda name: {"before we meet again": f"{name} asks one person"},
}


def mentions(stage: Stage) -> Counter[str]:
    """How often each was named so that the platform tells them; what is said to them alone is not counted."""
    if isinstance(stage, SlackStage):
        named = {one.person.id: name for name, one in stage._actors.items()}
        direct = {one.id for one in stage.team.channels.values() if one.kind == "im"}
        calls = (one for one in stage.slack.calls if one.method == "chat.postMessage" and not one.error)
        posts = (one.args for one in calls if one.args["channel"] not in direct)
        said = [set(re.findall(r"\w+", str(one.get("text")) + str(one.get("blocks")))) for one in posts]
        return Counter(named[id] for words in said for id in words & set(named))
    if isinstance(stage, DiscordStage):
        return Counter({name: len(one.person.pings) for name, one in stage._actors.items()})
    return Counter()


def rung(hour: Hour, name: str) -> list[str]:
    """What rang for somebody within the hour: every direct message, and what was announced to all with a ping."""

    def found(db: Db) -> list[str]:
        person = db.exec(select(Person).where(Person.name == name)).one()
        sent = db.exec(select(Effect).where(Effect.state == EffectState.SENT, Effect.ping)).all()
        within = [one for one in sent if one.sent_at is not None and FIRST <= one.sent_at < OVER]
        told = [one for one in within if one.kind in (EffectKind.POST, EffectKind.UPLOAD) and one.enclosed_in is None]
        return [one.key for one in told if one.person_id in (None, person.id)]

    return hour.stage.store.read(found)


def sessions_of(db: Db) -> list[Session]:
    return sessions.standing(db, db.exec(select(Cohort)).one())


def votes_cast(db: Db) -> int:
    return len(db.exec(select(Vote)).all())
