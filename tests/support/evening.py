"""A session that is on, with rounds that a test begins; time goes by from one thing that waits to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from sqlmodel import select

from bot.config import Settings
from bot.platforms.local.chat import Chat
from cohorts import rounds, sessions
from cohorts.breakouts import Breakout
from cohorts.cohort import Cohort, Membership, person_of, present
from cohorts.facts import PersonRef
from cohorts.people import Person
from cohorts.program_kinds import SegmentKind
from cohorts.program_parts import Segment
from cohorts.sessions import Session
from cohorts.store import Db
from tests.support.chat import World
from tests.support.stories import NAMES, running

T = TypeVar("T")
FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PEOPLE = NAMES[:6]


def segment(size: int = 2, minutes: int = 8, prompt: str = "What stings?") -> Segment:
    return Segment(kind=SegmentKind.BREAKOUT, minutes=minutes, prompt=prompt, group_size=size)


def of_cohort(db: Db) -> tuple[Cohort, Session]:
    cohort = db.exec(select(Cohort)).one()
    return cohort, sessions.standing(db, cohort)[0]


@dataclass(frozen=True)
class Founded:
    """A cohort of six in the local chat as its first session's time has come: its database and its chat, to be copied
    for each story, because founding it takes a while."""

    database: Path
    journal: Path

    @classmethod
    def once(cls, folder: Path, migrated: Path) -> Founded:
        chat = Chat(folder / "founded.jsonl")
        world = World(folder, template=migrated, chat=chat)
        running(world, len(PEOPLE))
        world.until(FIRST)
        world.close()
        chat.close()
        return cls(folder / "caravan.sqlite", folder / "founded.jsonl")

    def world(self, folder: Path, settings: Settings | None = None) -> World:
        journal = folder / "chat.jsonl"
        journal.write_bytes(self.journal.read_bytes())
        return World(folder, template=self.database, start=FIRST, settings=settings, chat=Chat(journal))


class Evening:
    """The first session, begun, with those who have pressed "I'm here"; nobody else was seen yet."""

    def __init__(self, chat: World, *here: str, place: str = "https://meet.example.org/x") -> None:
        self.chat = chat
        self.names = here
        self.does(lambda db, cohort, session: setattr(session, "place", place))
        for name in here:
            chat.person(name).says("I'm here")
        self.does(lambda db, cohort, session: sessions.begin(db, session, now=self.now))

    @property
    def now(self) -> datetime:
        return self.chat.clock.now()

    def does(self, work: Callable[[Db, Cohort, Session], T]) -> T:
        """What the one who conducts it decides; all that follows from it is delivered."""
        done = self.chat.store.write(lambda db: work(db, *of_cohort(db)))
        self.chat.settle()
        return done

    def looks(self, work: Callable[[Db, Cohort, Session], T]) -> T:
        return self.chat.store.read(lambda db: work(db, *of_cohort(db)))

    def opens(self, number: int = 1, of: Segment | None = None, *, minutes: int = 8) -> Breakout | None:
        ends = self.now + minutes * MINUTE
        return self.does(
            lambda db, cohort, session: rounds.open_round(
                db, cohort, session, of or segment(), number, ends=ends, now=self.now
            )
        )

    def extends(self, by: timedelta) -> None:
        def work(db: Db, cohort: Cohort, session: Session) -> None:
            on = rounds.current(db, session, self.now)
            assert on is not None and on.ends_at is not None
            rounds.extend_round(db, cohort, session, on, ends=on.ends_at + by, now=self.now)

        self.does(work)

    def closes(self) -> None:
        self.does(lambda db, cohort, session: rounds.close_all(db, cohort, session, now=self.now))

    def on(self) -> Breakout | None:
        return self.looks(lambda db, cohort, session: rounds.current(db, session, self.now))

    def board(self, number: int = 1) -> dict[int, set[str]]:
        """Who is in which room of the n-th round."""

        def work(db: Db, cohort: Cohort, session: Session) -> dict[int, set[str]]:
            breakout = db.exec(select(Breakout).where(Breakout.round == number)).one()
            return {room: {named(db, one) for one in people} for room, people in rounds.board(db, breakout)}

        return self.looks(work)

    def room_of(self, name: str, number: int = 1) -> int:
        return next((room for room, people in self.board(number).items() if name in people), 0)

    def with_(self, name: str, number: int = 1) -> set[str]:
        return next((people - {name} for people in self.board(number).values() if name in people), set())

    def member(self, name: str) -> Membership:
        def work(db: Db, cohort: Cohort, session: Session) -> Membership:
            members = present(db, cohort)
            return next(one for one in members if person_of(db, one).name.casefold() == name)

        return self.looks(work)

    def sees(self, name: str) -> list[str]:
        """What somebody sees in the cohort's room."""
        person = self.chat.person(name)
        return person.texts(person.room())

    def presses(self, name: str, label: str, on: str = "") -> None:
        person = self.chat.person(name)
        person.presses(label, on, person.room())

    def until(self, moment: datetime) -> None:
        """Also what waits in the outbox happens at its own moment."""
        loop = self.chat.loop
        while True:
            self.chat.settle()
            waiting = (
                loop.run_until_complete(self.chat.app.delivery.drain()),
                loop.run_until_complete(self.chat.app.scheduler.next_due()),
            )
            sooner = [at for at in waiting if at is not None and at <= moment]
            if not sooner:
                break
            self.chat.clock.move_to(max(min(sooner), self.now))
        self.chat.clock.move_to(moment)
        self.chat.settle()

    def passes(self, **by: float) -> None:
        self.until(self.now + timedelta(**by))


def named(db: Db, ref: PersonRef) -> str:
    return db.get_one(Person, ref.id).name.casefold()
