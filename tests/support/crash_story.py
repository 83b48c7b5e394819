"""One small cohort from its first application to its last nudge, in a house that may be killed and built again.

What survives is the database file, the chat's journal (the world outside), and the diary of the people outside.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import pickle
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from bot.app import App
from bot.ask import Listed
from bot.clock import SteppedClock
from bot.config import Settings
from bot.platforms.base import CommandInfo, Door, Inbound, Outcome
from bot.platforms.local.chat import BOT, Chat
from bot.platforms.local.client import Client
from bot.platforms.local.draw import buttons_of, text_of
from bot.platforms.local.send import LocalPlatform
from cohorts.applications import Application, ApplicationState
from cohorts.attendance import Attendance, Rsvp
from cohorts.cohort import Cohort, CohortState, Membership, MembershipState
from cohorts.homework import Submission
from cohorts.inbox import Arrival
from cohorts.outbox import Effect, EffectKind, EffectState
from cohorts.people import Account, Grant, Granted
from cohorts.reflections import Reflection
from cohorts.sessions import Session, SessionState
from cohorts.store import Db, Store
from cohorts.touchpoints import Touchpoint, TouchpointState

START = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
MEMBERS = ("ana", "ben", "chi")

PROGRAM = """
key = "small"
name = "Small Circle"
promise = "In one evening you try one thing that you had put off."
place = "chat"

[size]
min = 2
target = 3
max = 4

[[application.questions]]
key = "goal"
ask = "What have you put off?"
kind = "line"
required = true

[people]
goal = "goal"

[[sessions]]
key = "evening"
title = "The evening"
minutes = 60

[[sessions.homework]]
key = "trial"
title = "The trial"
ask = "Try it and say how it went."
due = "next session"
"""


# What the people outside remember.


class Diary:
    """What was asked and answered, how far the story is, and what the clock showed: a line each."""

    def __init__(self, file: Path) -> None:
        lines = file.read_text().splitlines() if file.exists() else []
        self.asked: dict[str, Inbound] = {}
        self.answered: dict[str, str] = {}  # by event id: which words were shown
        self.begun: Counter[int] = Counter()
        self.done: set[int] = set()
        self.clock = START
        self.faults: list[str] = []
        self.killed: list[str] = []
        for line in lines:
            self._remember(json.loads(line))
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(self, **entry: object) -> None:
        self._remember(entry)
        os.write(self._file, json.dumps(entry).encode() + b"\n")

    def asks(self, inbound: Inbound) -> None:
        self.note(asked=base64.b64encode(pickle.dumps(inbound)).decode())

    def _remember(self, entry: dict[str, object]) -> None:
        match entry:
            case {"asked": str(pickled)}:
                inbound: Inbound = pickle.loads(base64.b64decode(pickled))
                self.asked[inbound.event_id] = inbound
            case {"answered": str(event), "words": str(words)}:
                self.answered[event] = words
            case {"begun": int(step)}:
                self.begun[step] += 1
            case {"done": int(step)}:
                self.done.add(step)
            case {"clock": str(moment)}:
                self.clock = datetime.fromisoformat(moment)
            case {"fault": str(words)}:
                self.faults.append(words)
            case {"killed": str(boundary)}:
                self.killed.append(boundary)

    @property
    def unanswered(self) -> list[Inbound]:
        return [inbound for event, inbound in self.asked.items() if event not in self.answered]

    def close(self) -> None:
        os.close(self._file)


class NotedDoor:
    """The door, with everything that goes in and comes out noted in the diary."""

    def __init__(self, door: Door, diary: Diary) -> None:
        self._door = door
        self._diary = diary

    async def __call__(self, inbound: Inbound) -> Outcome:
        self._diary.asks(inbound)
        outcome = await self._door(inbound)
        self._diary.note(answered=inbound.event_id, words=outcome.template)
        return outcome

    def commands(self) -> Sequence[CommandInfo]:
        return self._door.commands()

    async def complete(self, inbound: Inbound, option: str, typed: str) -> Sequence[object]:
        return await self._door.complete(inbound, option, typed)


# The house that is killed.


class House:
    """A Caravan on the files of one folder. `boundary` hears each commit and each send, before and after."""

    def __init__(self, folder: Path, listed: Listed, boundary: Callable[[str], None] = lambda _: None) -> None:
        self.file = folder / "caravan.sqlite"
        self.diary = Diary(folder / "diary.jsonl")
        self.clock = SteppedClock(self.diary.clock)
        self._boundary = boundary
        self._shown = self.diary.clock
        # Without fsync: a killed process loses nothing that it wrote, only a dying machine would.
        self.store = Store(f"sqlite:///{self.file}", durable=False, boundary=self._passed)
        self.chat = Chat(folder / "chat.jsonl")
        self.app = App(
            self.store,
            [LocalPlatform(self.chat, self.clock.now)],
            settings=Settings(owners=("olu",)),
            catalogue={"small": listed},
            clock=self.clock,
            boundary=self._passed,
            jitter=random.Random(1),
        )
        self.loop = asyncio.new_event_loop()
        for id_ in ("olu", "fay", *MEMBERS):
            self.chat.add_person(id_, id_.capitalize(), "Europe/Berlin")
        self.step = -1
        self.acts = 0

    def _passed(self, boundary: str) -> None:
        if self.clock.now() != self._shown:
            self._shown = self.clock.now()
            self.diary.note(clock=self._shown.isoformat())
        self._boundary(boundary)

    def close(self) -> None:
        self.app.close()
        self.loop.close()
        self.chat.close()
        self.diary.close()

    def restart(self) -> None:
        """As `run` does: what was being sent is uncertain. Then the platform repeats what it got no answer to."""
        self.loop.run_until_complete(self.app.delivery.recover())
        for inbound in self.diary.unanswered:
            known = self.has(Arrival, Arrival.event_id == inbound.event_id)
            before = contents(self.file)
            self.loop.run_until_complete(self.app.doors["local"](inbound))
            if known and contents(self.file) != before:
                self.diary.note(fault=f"a redelivery of {inbound.deed} changed something")
            self.diary.note(answered=inbound.event_id, words="")
        self.settle()

    def settle(self) -> None:
        self.loop.run_until_complete(self.app.settle())

    def until(self, moment: datetime) -> None:
        while True:
            next_at = self.loop.run_until_complete(self.app.scheduler.next_due())
            if next_at is None or next_at > moment:
                break
            self.clock.move_to(next_at)
            self.settle()
        self.clock.move_to(moment)
        self.settle()

    # What people do.

    def _client(self, person: str) -> Client:
        return Client(
            self.chat,
            NotedDoor(self.app.doors["local"], self.diary),  # type: ignore[arg-type]
            person,
            clock=self.clock.now,
            ids=self._next_id,
        )

    def _next_id(self) -> str:
        self.acts += 1
        return f"step{self.step}-try{self.diary.begun[self.step]}-act{self.acts}"

    def says(self, person: str, text: str) -> House:
        return self._does(self._client(person).says(text))

    def presses(self, person: str, action: str) -> House:
        """The newest button of that action that they see; nothing when there is none."""
        client = self._client(person)
        for message in reversed(self.chat.visible_to(person)):
            for button, _ in buttons_of(message.payload):
                if button["action"] == action:
                    return self._does(client.clicks(message.id, button))
        return self

    def fills(self, person: str, **answers: object) -> House:
        client = self._client(person)
        return self._does(client.fills(answers)) if client.open_form else self  # type: ignore[arg-type]

    def _does(self, act: object) -> House:
        self.loop.run_until_complete(act)  # type: ignore[arg-type]
        self.settle()
        return self

    # What can be seen from outside.

    def has(self, of: type, *where: Any) -> bool:
        """Whether such a row is there."""
        return self.store.read(lambda db: db.exec(select(of.id).where(*where)).first() is not None)  # type: ignore[attr-defined]


# The story.


@dataclass(frozen=True)
class Step:
    """`done` is how people see, after a crash, whether they have to do it again."""

    name: str
    act: Callable[[House], object]
    done: Callable[[House], bool]


def time_passes(name: str, moment: datetime) -> Step:
    return Step(name, lambda house: house.until(moment), lambda house: house.clock.now() >= moment)


def day(n: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2027, 1, n, hour, minute, tzinfo=UTC)


def _member(house: House, person: str) -> int:
    """A membership's id; 0 before there is one."""
    query = (
        select(Membership.id)
        .join(Account, col(Account.person_id) == col(Membership.person_id))
        .where(Account.external == person)
    )
    return house.store.read(lambda db: db.exec(query).first()) or 0


def _applied(person: str, *states: ApplicationState) -> Callable[[House], bool]:
    query = (
        select(Application.id)
        .join(Account, col(Account.person_id) == col(Application.person_id))
        .where(Account.external == person, col(Application.state).in_(states))
    )
    return lambda house: house.store.read(lambda db: db.exec(query).first()) is not None


def _drafted(person: str) -> Callable[[House], bool]:
    query = (
        select(Application.id)
        .join(Account, col(Account.person_id) == col(Application.person_id))
        .where(Account.external == person, col(Application.decision).is_not(None))
    )
    return lambda house: house.store.read(lambda db: db.exec(query).first()) is not None


def _of_member(person: str, table: type, *where: Any) -> Callable[[House], bool]:
    return lambda house: house.has(table, table.membership_id == _member(house, person), *where)  # type: ignore[attr-defined]


IN = (ApplicationState.SUBMITTED, ApplicationState.ACCEPTED)

STORY: tuple[Step, ...] = (
    Step("meet", lambda h: h.says("fay", "/cohort help"), lambda h: h.has(Account, Account.external == "fay")),
    Step(
        "name a facilitator",
        lambda h: h.says("olu", "/program facilitator @fay program:small"),
        lambda h: h.has(Grant, Grant.role == Granted.FACILITATOR),
    ),
    Step(
        "open",
        lambda h: h.says("fay", "/program open small 2027-01-11 zone:Europe/Berlin").presses("fay", "program/open"),
        lambda h: h.has(Cohort),
    ),
    *(
        Step(
            f"{one} applies",
            lambda h, one=one: h.says(one, "/apply").fills(one, goal=f"What {one} put off"),  # type: ignore[misc]
            _applied(one, *IN),
        )
        for one in MEMBERS
    ),
    *(
        Step(
            f"{one} is accepted",
            lambda h, one=one: h.says("fay", f"/program decide @{one} accept"),  # type: ignore[misc]
            _drafted(one),
        )
        for one in MEMBERS
    ),
    Step(
        "decisions are sent",
        lambda h: h.says("fay", "/program applications").presses("fay", "applications/send"),
        _applied("chi", ApplicationState.ACCEPTED),
    ),
    Step(
        "launch",
        lambda h: h.says("fay", "/program launch").presses("fay", "program/launched"),
        lambda h: h.has(Cohort, Cohort.state == CohortState.RUNNING),
    ),
    time_passes("the first reminder: on the morning, since the day before is a Sunday", day(11, 8)),
    Step("rsvp", lambda h: h.presses("ana", "sessions/rsvp"), _of_member("ana", Rsvp)),
    Step(
        "move",
        lambda h: h.says("fay", "/session move 1 2027-01-13 17:00").presses("fay", "timetable/move"),
        lambda h: h.has(Session, Session.starts_at == day(13, 16)),
    ),
    time_passes("the hour, at its new time", day(13, 16)),
    Step("ana is here", lambda h: h.presses("ana", "sessions/here"), _of_member("ana", Attendance)),
    Step("ben is here", lambda h: h.presses("ben", "sessions/here"), _of_member("ben", Attendance)),
    Step(
        "start",
        lambda h: h.says("fay", "/session start"),
        lambda h: h.has(Session, Session.state != SessionState.PLANNED),
    ),
    Step("chi is late", lambda h: h.presses("chi", "sessions/here"), _of_member("chi", Attendance)),
    Step(
        "ana submits",
        lambda h: h.says("ana", "/submit https://build.example.com/ana It went well"),
        _of_member("ana", Submission),
    ),
    Step(
        "ben submits by form",
        lambda h: h.says("ben", "/submit").fills("ben", words="It went otherwise"),
        _of_member("ben", Submission),
    ),
    Step(
        "end",
        lambda h: h.says("fay", "/session end"),
        lambda h: h.has(Session, Session.state == SessionState.HELD),
    ),
    Step(
        "reflect",
        lambda h: h.presses("ana", "reflections/open").fills("ana", words="That I was not alone", share=True),
        _of_member("ana", Reflection),
    ),
    time_passes("recap", day(13, 18, 30)),
    Step(
        "chi leaves",
        lambda h: h.says("chi", "/cohort leave").presses("chi", "cohort/leave"),
        lambda h: h.has(Membership, Membership.state == MembershipState.LEFT),
    ),
    Step(
        "export",
        lambda h: h.says("olu", "/program export homework csv"),
        lambda h: h.has(Effect, Effect.kind == EffectKind.UPLOAD),
    ),
    time_passes("the nudge", day(20, 16)),
)


def live(house: House, before: Callable[[int], None] = lambda _: None) -> None:
    """Tell the story from where it stands to its end."""
    for n, step in enumerate(STORY):
        if n in house.diary.done:
            continue
        before(n)
        house.step, house.acts = n, 0
        for _ in range(3):
            if house.diary.begun[n] and step.done(house):
                break
            house.diary.note(begun=n)
            step.act(house)
        else:
            if not step.done(house):
                house.diary.note(fault=f"{step.name}: asked three times in vain")
        house.diary.note(done=n)


# What became of it.


@dataclass(frozen=True)
class Page:
    """What stands on the page at the end, and what the database has to say to it."""

    messages: list[tuple[str, str, str]]  # key, room, words: one for each time that it was sent
    rooms: dict[str, list[str]]
    explained: dict[str, str] = field(default_factory=dict)  # why something was not sent, by key
    waiting: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)


def page_of(house: House) -> Page:
    keyed = [
        (one.key, one.room, text_of(one.payload, "Europe/Berlin"))
        for room in house.chat.rooms()
        for one in house.chat.messages(room.id)
        if one.author == BOT and one.key is not None
    ]
    ended = (EffectState.EXPIRED, EffectState.WITHDRAWN, EffectState.FAILED)

    def rows(db: Db) -> tuple[dict[str, str], list[str]]:
        effects = db.exec(select(Effect).where(col(Effect.state).in_(ended))).all()
        skipped = db.exec(select(Touchpoint).where(Touchpoint.state == TouchpointState.SKIPPED)).all()
        waits = db.exec(
            select(Effect.key).where(col(Effect.state).in_((EffectState.PENDING, EffectState.SENDING)))
        ).all()
        reasons = {one.key: one.reason or "" for one in effects} | {one.key: one.reason or "" for one in skipped}
        return reasons, list(waits)

    explained, waiting = house.store.read(rows)
    return Page(
        messages=sorted(keyed),
        rooms={room.name: sorted(room.members) for room in house.chat.rooms() if room.dm_of is None},
        explained=explained,
        waiting=waiting,
        faults=[*house.diary.faults, *lost_submits(house)],
        killed=house.diary.killed,
    )


def lost_submits(house: House) -> list[str]:
    """Whose /submit was acknowledged and is not in the database."""
    shown = house.diary.answered
    people = {one.account for event, one in house.diary.asked.items() if shown.get(event) == "homework/received"}
    return [f"the submission of {one} is lost" for one in sorted(people) if not _of_member(one, Submission)(house)]


def faults(after: Page, calm: Page) -> list[str]:
    """How a disturbed story differs from the undisturbed one, as the page shows it. Nothing, when all is well."""
    found = list(after.faults)
    sent, wanted = Counter(key for key, _, _ in after.messages), Counter(key for key, _, _ in calm.messages)
    found += [f"{key} was sent {times} times" for key, times in sent.items() if times > 1]
    found += [f"{key} is missing" for key in wanted - sent if key not in after.explained]
    found += [f"{key} was not to be sent" for key in sent.keys() - wanted.keys()]
    words = {key: (room, text) for key, room, text in calm.messages}
    found += [
        f"{key} reads otherwise: {text!r} in {room}"
        for key, room, text in after.messages
        if key in words and words[key] != (room, text)
    ]
    if after.rooms != calm.rooms:
        found.append(f"rooms are {after.rooms}")
    return found + [f"{key} still waits" for key in after.waiting]


def contents(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with sqlite3.connect(file) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        found = {table: db.execute(f'SELECT * FROM "{table}"').fetchall() for table in tables}
    db.close()
    return found
