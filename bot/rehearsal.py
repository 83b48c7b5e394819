"""A whole program on a simulated clock: the real dispatch, scheduler, outbox and delivery, with pretend people."""

from __future__ import annotations

import asyncio
import gc
import heapq
import random
import tempfile
import time as time_
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar

from sqlmodel import col, select

from bot.app import App
from bot.ask import Listed
from bot.clock import SteppedClock
from bot.config import Settings
from bot.message import Choice
from bot.platforms.base import CommandInfo, Deed, Door, Inbound, Kind, Outcome, Parcel, Receipt, ShortcutInfo
from bot.platforms.local.chat import BOT, Chat
from bot.platforms.local.draw import DrawnMessage, draw_form, draw_message, text_of, text_of_blocks
from bot.platforms.local.send import LocalPlatform
from bot.pretend.cast import Cast, Character, Habit, Says, invent, staff
from bot.scheduler import EVERY
from bot.sheets import Sheet, to_csv
from bot.threads import Inline
from bot.timeline import Line, Summary, summarise, transcript
from cohorts import cohort as cohorts_
from cohorts import lint, people, timetable
from cohorts.cohort import Cohort, Membership
from cohorts.moments import local, session_starts, shift
from cohorts.people import Account
from cohorts.store import Db, Store
from cohorts.when import Duration, Unit

T = TypeVar("T")

STARTS = date(2027, 1, 11)
FILES = ("pairs", "applications", "attendance", "homework", "nps", "graduates", "segments", "heard")
PACE = 1.0  # seconds between two messages in one channel
SENDING = timedelta(milliseconds=180)  # how long a platform takes to answer
ROOM_FOR_DECIDING = 4  # days between the close of applications and the start, when the program is opened in time
TURNS = 12  # of the event loop, until everybody waits for the clock
MOST_STEPS = 200_000


@dataclass(frozen=True)
class Wish:
    """What is to be rehearsed."""

    program: Listed
    people: int = 12
    misfits: int = 0
    starts: date = STARTS
    zone: str = "Europe/Berlin"
    absent: float = 0.15
    seed: int = 7
    stragglers: int = 0
    decliners: int = 0
    leavers: int = 0
    late: int = 0

    @property
    def habits(self) -> tuple[Habit, ...]:
        return (
            *(Habit.FALLS_BEHIND,) * self.stragglers,
            *(Habit.DECLINES,) * self.decliners,
            *(Habit.LEAVES,) * self.leavers,
            *(Habit.COMES_LATE,) * self.late,
        )


@dataclass(frozen=True)
class Rehearsed:
    lines: Sequence[Line]
    members: frozenset[str]
    sheets: dict[str, Sheet]
    summary: Summary
    names: dict[str, str]

    def write(self, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "transcript.jsonl").write_text(transcript(self.lines, self.members), "utf-8")
        for name, sheet in self.sheets.items():
            (out / f"{name}.csv").write_bytes(to_csv(sheet))
        (out / "summary.json").write_text(self.summary.as_json(), "utf-8")


class Stage(SteppedClock):
    """A clock on which sending takes time: whoever sleeps is woken when it gets there."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._count = 0

    async def sleep(self, span: timedelta) -> None:
        self._count += 1
        waking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now() + span, self._count, waking))
        await waking

    def to_next_waking(self) -> bool:
        """Forward to the first who wake up; False when nobody sleeps."""
        if not self._sleepers:
            return False
        moment = self._sleepers[0][0]
        self.move_to(moment)
        while self._sleepers and self._sleepers[0][0] <= moment:
            heapq.heappop(self._sleepers)[2].set_result(None)
        return True

    async def through(self, work: Awaitable[T]) -> T:
        """Let `work` run to its end, moving on whenever all of it waits for the clock."""
        task = asyncio.ensure_future(work)
        while not task.done():
            for _ in range(TURNS):
                await asyncio.sleep(0)
                if task.done():
                    break
            else:
                self.to_next_waking()
        return task.result()


class Watched(LocalPlatform):
    """The local platform with sending times and a channel's pace. Everything anybody sees is written down."""

    pace = PACE

    def __init__(self, chat: Chat, stage: Stage) -> None:
        super().__init__(chat, stage.now)
        self.stage = stage
        self.lines: list[Line] = []

    async def send(self, parcel: Parcel) -> Receipt:
        await self.stage.sleep(SENDING)
        receipt = await super().send(parcel)
        if parcel.message is not None and parcel.kind in (Kind.POST, Kind.EDIT, Kind.UPLOAD, Kind.WHISPER):
            posted = self.chat.message(int(receipt.id))
            where = self.chat.room(posted.room)
            drawn = draw_message(parcel.message)
            for reader in where.members:
                if reader != BOT and posted.only_for in (None, reader):
                    self._saw(
                        "effect",
                        reader,
                        parcel.template,
                        lambda zone, drawn=drawn: text_of(drawn, zone),  # type: ignore[misc]
                        notifies=parcel.ping and parcel.kind is not Kind.EDIT,
                        room="" if where.dm_of else where.name,
                        due=parcel.due_at if parcel.kind is Kind.POST else None,
                    )
        return receipt

    def answered(self, account: str, outcome: Outcome) -> None:
        if outcome.message is not None:
            drawn: DrawnMessage = draw_message(outcome.message)
            self._saw("reply", account, outcome.template, lambda zone: text_of(drawn, zone))
        if outcome.form is not None:
            form = draw_form(outcome.form)
            labels = [field["label"] for field in form["fields"]]
            self._saw(
                "form",
                account,
                form["name"],
                lambda zone: "\n".join([form["title"], *text_of_blocks(form["intro"], zone), *labels]),
            )
        if outcome.errors:
            self._saw("form", account, "", lambda zone: "\n".join(outcome.errors.values()))

    def _saw(
        self,
        kind: str,
        to: str,
        template: str,
        text: Callable[[str], str],
        *,
        notifies: bool = False,
        room: str = "",
        due: datetime | None = None,
    ) -> None:
        zone = self.chat.person(to).zone
        self.lines.append(Line(self.clock(), kind, to, template, text(zone), zone, notifies, room, due))


class Overheard(Door):
    """The real door; what comes out of it is written down."""

    def __init__(self, door: Door, platform: Watched) -> None:
        self._door = door
        self._platform = platform

    async def __call__(self, inbound: Inbound) -> Outcome:
        outcome = await self._door(inbound)
        self._platform.answered(inbound.account, outcome)
        return outcome

    def commands(self) -> Sequence[CommandInfo]:
        return self._door.commands()

    def shortcuts(self) -> Sequence[ShortcutInfo]:
        return self._door.shortcuts()

    def only_reads(self, deed: Deed) -> bool:
        return self._door.only_reads(deed)

    async def complete(self, inbound: Inbound, option: str, typed: str) -> Sequence[Choice]:
        return await self._door.complete(inbound, option, typed)


def rehearse(wish: Wish, *, progress: Callable[[float], None] = lambda _: None) -> Rehearsed:
    """From the first application to the end of grace, or to the reunion if there is one.

    `progress` hears how much is done, from 0 to 1.
    """
    began = time_.perf_counter()
    with tempfile.TemporaryDirectory(prefix="caravan-rehearsal-") as folder, _seldom_swept():
        return asyncio.run(_Rehearsal(wish, Path(folder), progress).run(began))


@contextmanager
def _seldom_swept() -> Iterator[None]:
    """Looking for garbage every few hundred objects takes a tenth of the time, and there is little to find."""
    usual = gc.get_threshold()
    gc.set_threshold(200_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


class _Rehearsal:
    def __init__(self, wish: Wish, folder: Path, progress: Callable[[float], None]) -> None:
        self.wish = wish
        self.progress = progress
        program = wish.program.program
        days = program.application.open_days + ROOM_FOR_DECIDING
        self.opens = local(wish.starts - timedelta(days=days), time(9, 45), wish.zone)
        self.starts = local(wish.starts, program.at, wish.zone)
        last = session_starts(program, wish.starts, wish.zone)[-1][1]
        reunion = program.graduation.reunion
        spans = [program.graduation.grace, *([reunion.offset] if reunion and reunion.offset else [])]
        self.ends = max(shift(last, span, 1, wish.zone) for span in spans) + timedelta(days=14)
        self.stage = Stage(self.opens - timedelta(minutes=5))
        self.chat = Chat()
        self.platform = Watched(self.chat, self.stage)
        self.facilitator, self.owner = staff(wish.zone)
        self.store = Store(f"sqlite:///{folder / 'rehearsal.sqlite'}", durable=False)
        self.app = App(
            self.store,
            [self.platform],
            settings=Settings(owners=(self.owner.id,)),
            catalogue={program.key: wish.program},
            clock=self.stage,
            jitter=random.Random(wish.seed),
            threads=Inline(self.store),
        )
        self.cast = Cast(
            self.chat,
            Overheard(self.app.doors[self.platform.name], self.platform),
            self.stage.now,
            [self.facilitator, self.owner, *self._applicants()],
            program,
            seed=wish.seed,
            absent=wish.absent,
        )

    def _applicants(self) -> list[Character]:
        wish = self.wish
        return invent(
            wish.people,
            zone=wish.zone,
            seed=wish.seed,
            misfits=wish.misfits,
            around=self.starts,
            habits=wish.habits,
        )

    async def run(self, began: float) -> Rehearsed:
        try:
            self.app.prepare()
            await self._open()
            await self._play()
            # Last of all the owner takes the lists home.
            at = max(self.ends, self.stage.now() + timedelta(minutes=5))
            self.cast.intend(self.owner.id, Says("/program export all"), at)
            await self._play()
            return self.store.read(lambda db: self._finish(db, began))
        finally:
            self.cast.close()
            self.app.close()

    async def _open(self) -> None:
        program = self.wish.program.program
        closes = min(
            self.opens + timedelta(days=program.application.open_days),
            shift(self.starts, Duration(Unit.DAYS, 2), -1, self.wish.zone),
        )
        self.cast.conduct(self.facilitator.id, self.owner.id, self.starts, self.wish.zone, self.opens)
        if lint.placeholders(program):
            # Nobody real will read "example.org" here, so that what the command refuses may be rehearsed.
            await self._play(until=self.opens + timedelta(minutes=2))
            self.store.write(self._open_by_hand)
        self.cast.recruit(self.opens + timedelta(hours=1), closes)

    def _open_by_hand(self, db: Db) -> None:
        place = people.workspace(db, self.platform.name, "local")
        by = people.known(db, place, self.facilitator.id)
        assert by is not None
        listed, now = self.wish.program, self.stage.now()
        cohort = cohorts_.recruit(
            db, place, listed.program, listed.toml, starts_on=self.wish.starts, zone=self.wish.zone, by=by, now=now
        )
        timetable.lay_out(db, cohort, now=now)

    async def _play(self, until: datetime | None = None) -> None:
        """From thing to thing, until nothing is left that will happen by itself."""
        sends_at: datetime | None = None
        due_at = await self._tick()
        for _ in range(MOST_STEPS):
            times = [at for at in (due_at, self.cast.next_at(), sends_at) if at is not None]
            moment = min(times, default=None)
            if moment is None or (until is not None and moment > until):
                return
            self.stage.move_to(moment)
            await self.cast.act(self.stage.now())
            # As in real life, what follows from an act is due while its first messages are still on their way.
            due_at = await self._tick()
            sends_at = await self.stage.through(self.app.delivery.drain())
            done = (self.stage.now() - self.opens) / (self.ends - self.opens)
            self.progress(min(1.0, max(0.0, done)))
        raise RuntimeError("the rehearsal does not end")

    async def _tick(self) -> datetime | None:
        """All that is due now; when there will be more. What failed is tried again as the metronome would."""
        now = self.stage.now()
        while (due_at := await self.app.scheduler.next_due()) is not None and due_at <= now:
            if not await self.app.scheduler.tick(now):
                return now + EVERY
        return due_at

    def _finish(self, db: Db, began: float) -> Rehearsed:
        cohort = db.exec(select(Cohort)).one()
        accounts = db.exec(
            select(Account.external)
            .join(Membership, col(Membership.person_id) == col(Account.person_id))
            .where(Membership.cohort_id == cohort.id)
        ).all()
        members = frozenset(accounts)
        makers = self.app.registry.handlers("export")
        sheets: dict[str, Sheet] = {name: makers[name](db, cohort) for name in FILES}
        lines = self.platform.lines
        self.progress(1.0)
        return Rehearsed(
            lines=lines,
            members=members,
            sheets=sheets,
            summary=summarise(lines, members, sheets, wall_s=time_.perf_counter() - began),
            names={one.id: one.name for one in self.chat.people()},
        )
