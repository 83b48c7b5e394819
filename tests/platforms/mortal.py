"""A small cohort whose Caravan may be killed and begin again, on any platform, and what became of all it had to say."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlmodel import col, select
from structlog.testing import capture_logs

from cohorts.attendance import Attendance
from cohorts.cohort import Membership
from cohorts.homework import Submission
from cohorts.inbox import Arrival
from cohorts.outbox import Effect, EffectKind, EffectState
from cohorts.people import Person
from cohorts.sessions import Session
from tests.platforms.stage import ENDED, Stage, together

NAMES = ("Ana", "Ben", "Chi")
EVERYBODY = ("Olu", "Fay", *NAMES)
LINK = "https://build.example.com/one"
PAUSED = "Take your time"

PROGRAM = """
key = "small"
name = "Small Circle"
promise = "In one evening you try one thing that you had put off."
place = "chat"
norms = {norms}

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

[[sessions.materials]]
title = "The first step"
url = "https://library.invalid/first-step"

[[sessions.homework]]
key = "trial"
title = "The trial"
ask = "Try it and say how it went."
due = "next session"
"""


def programs(folder: Path, norms: Sequence[str] = ()) -> Path:
    """A folder in that one, with this program in it."""
    made = folder / "programs"
    made.mkdir()
    (made / "small.toml").write_text(PROGRAM.replace("{norms}", str(list(norms))))
    return made


class Killed(BaseException):
    """The end of a process: nothing of ours handles it."""


class MortalStage(Stage):
    """A stage on which the process may be killed, and another begin on the same database.

    `dies` is asked each time something was "sent" and not yet recorded; it is killed there as soon as the answer is
    yes. A platform may ask at other places too.
    """

    dies: Callable[[str], bool] | None = None
    deaths = 0
    doing: tuple[str, ...] = ("Delivery.", "Hearing.")  # coroutines that end with the process

    def _reached(self, boundary: str) -> None:
        if boundary == "send:after":
            self.may_die("sent")

    def may_die(self, where: str) -> None:
        if self.dies is not None and self.dies(where):
            raise Killed

    async def is_killed(self) -> None:
        """Whatever it was doing stays as it is."""
        self.deaths += 1
        tasks = asyncio.all_tasks()
        doing = [one for one in tasks if getattr(one.get_coro(), "__qualname__", "").startswith(self.doing)]
        for task in doing:
            task.cancel()
        await asyncio.gather(*doing, return_exceptions=True)
        await self.leaves()

    async def settle(self) -> None:
        """Through as many deaths as there are."""
        while True:
            try:
                await super().settle()
                return
            except Killed:
                await self.is_killed()
                await self.begins()


# The story.


async def recruiting(world: Stage) -> None:
    olu, fay = world.person("Olu"), world.person("Fay")
    # Slack says who they are while they are answered; on a busy machine only for the next answer.
    await fay.types("/cohort help")
    await olu.types("/cohort help")
    await world.quiet()
    await olu.types("/program facilitator @Fay program:small")
    await fay.types("/program open small 2027-01-11 zone:Europe/Berlin")
    await world.settle()
    await fay.presses("Open for applications")
    await world.settle()


async def applied(world: Stage, *names: str) -> None:
    for name in names:
        person = world.person(name)
        await person.types("/apply")
        await person.answers()
        await world.settle()


async def decided(world: Stage, *names: str) -> None:
    fay = world.person("Fay")
    for name in names:
        await fay.types(f"/program decide @{name} accept")
    await world.settle()
    await fay.presses(f"Send {len(names)} decision{'s' if len(names) > 1 else ''}")
    await world.settle()


async def launched(world: Stage) -> None:
    fay = world.person("Fay")
    await fay.types("/program launch")
    await world.settle()
    await fay.presses("Yes, start")
    await world.settle()


async def running(world: Stage) -> None:
    """A cohort of three that has begun."""
    await recruiting(world)
    await begun(world)


async def begun(world: Stage) -> None:
    """From the first application to the launch."""
    await applied(world, *NAMES)
    await decided(world, *NAMES)
    await launched(world)


async def evening(world: Stage) -> None:
    """The session begins."""
    await world.until(world.store.read(lambda db: db.exec(select(Session.starts_at)).one()))


async def met(world: Stage) -> None:
    """The evening itself, until everybody has handed in."""
    fay, people = world.person("Fay"), [world.person(name) for name in NAMES]
    await evening(world)
    await together(*(person.presses("I'm here") for person in people))
    await world.passes(minutes=1)
    await fay.types("/session start")
    await world.passes(minutes=50)
    await fay.types("/session end")
    await world.settle()
    for person in people:
        await person.types(f"/submit {LINK} It went well")
    await world.passes(hours=3)


async def exported(world: Stage) -> None:
    await world.person("Olu").types("/program export homework csv")
    await world.passes(minutes=5)


async def told(world: Stage) -> None:
    """Everything that a cohort can cause: messages, a room, its members, a link that stays, a file."""
    await running(world)
    await met(world)
    await exported(world)


async def told_with_a_death_where(there: Callable[[], bool], world: MortalStage) -> None:
    """Killed once, when something is there that is not recorded yet."""
    unrecorded: list[int] = []

    def dies(where: str) -> bool:
        if world.deaths or where != "sent" or not there():
            return False
        unrecorded.append(len(world.effects(EffectState.SENDING)))
        return True

    world.dies = dies
    await told(world)
    assert world.deaths == 1
    assert unrecorded[0] > 0


async def told_with_a_death_at_every(number: int, world: MortalStage) -> None:
    """Killed after every third, fourth … thing that it sends."""
    sent = 0

    def dies(where: str) -> bool:
        nonlocal sent
        sent += where == "sent"
        return where == "sent" and sent % number == 0

    world.dies = dies
    await told(world)
    assert world.deaths > 5


# What became of it.


def sent_once(world: Stage) -> list[Effect]:
    """Nothing waits, nothing arrived twice, and every message is there that was sent by the rows of the database."""
    effects = world.effects()
    assert not [(one.key, one.state, one.reason) for one in effects if one.state not in ENDED]
    sent = [one for one in effects if one.state is EffectState.SENT]
    arrived = Counter(world.arrived())
    assert not [key for key, times in arrived.items() if times > 1]
    posts = {key.rpartition("#")[0] for key in arrived if key.endswith("#1")}
    wanted = {one.key for one in sent if one.kind is EffectKind.POST and one.enclosed_in is None}
    groups = {one.key for one in sent if one.kind is EffectKind.GROUP}  # in a conversation of their own, on Slack
    assert posts - groups == wanted, (posts - groups - wanted, wanted - posts)
    return sent


async def told_and_kept(
    world: Stage, reads: Callable[[], Sequence[object]], act: Callable[[], Awaitable[object]]
) -> tuple[int, ...]:
    """What an act adds: to what the person reads, and to the rows of the tables."""
    tables = (Arrival, Submission, Attendance, Effect)
    before = [len(reads()), *map(world.rows, tables)]
    await act()
    await world.settle()
    after = [len(reads()), *map(world.rows, tables)]
    return tuple(now - then for now, then in zip(after, before, strict=True))


def states(world: Stage) -> dict[str, str]:
    """How the memberships stand."""
    query = select(Person.name, Membership.state).join(Membership, col(Membership.person_id) == col(Person.id))
    return {name: str(state) for name, state in world.store.read(lambda db: db.exec(query).all())}


@contextmanager
def no_bugs_in_the_log() -> Iterator[None]:
    """What a platform does wrong is no bug of ours."""
    with capture_logs() as entries:
        yield
    wrong = [one for one in entries if "bug" in str(one["event"]) or one["event"] == "platform fell"]
    assert not wrong, wrong
