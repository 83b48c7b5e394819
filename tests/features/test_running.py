"""The app as it runs: real clock, real loops, platforms that fall and get up again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from freezegun import freeze_time
from sqlmodel import select

from bot import catalogue
from bot.app import App
from bot.clock import SteppedClock, SystemClock
from bot.config import Settings
from bot.platforms.base import Door
from bot.platforms.local.chat import Chat
from bot.platforms.local.client import Client
from bot.platforms.local.send import LocalPlatform
from cohorts import outbox, people, touchpoints
from cohorts.cohort import Cohort, recruit
from cohorts.outbox import Effect, EffectState
from cohorts.store import Db, Store
from cohorts.touchpoints import Touchpoint


class Stumbling(LocalPlatform):
    """Falls the first time it listens."""

    listened = 0

    async def listen(self, door: Door) -> None:
        self.listened += 1
        if self.listened == 1:
            raise ConnectionResetError("a malformed event")
        await super().listen(door)


def _app(folder: Path, migrated: Path, platform: LocalPlatform, clock: SystemClock | SteppedClock) -> App:
    file = folder / "caravan.sqlite"
    file.write_bytes(migrated.read_bytes())
    store = Store(f"sqlite:///{file}", durable=False)
    app = App(store, [platform], settings=Settings(owners=("olu",)), catalogue=catalogue.load(), clock=clock)
    app.prepare()
    return app


async def _until(app: App, done: object, seconds: float = 60.0) -> bool:
    """Wait for a condition on the database, as long as a slow machine may need."""
    for _ in range(int(seconds / 0.05)):
        if await app.threads.read(done):  # type: ignore[arg-type]
            return True
        await asyncio.sleep(0.05)
    return False


async def test_what_is_enqueued_is_delivered_while_it_runs_and_it_stops_when_told(
    tmp_path: Path, migrated: Path
) -> None:
    chat, clock = Chat(), SystemClock()
    chat.add_person("olu", "Olu", "UTC")
    app = _app(tmp_path, migrated, LocalPlatform(chat, clock.now), clock)
    client = Client(chat, app.doors["local"], "olu", clock=clock.now)
    running = asyncio.create_task(app.run())
    await client.says("/cohort help")

    def enqueue(db: Db) -> None:
        person = people.find(db, 1, "@olu")
        outbox.tell(db, person, "errors/busy", key="hello", now=clock.now())

    await app.threads.write(enqueue)
    app.delivery.wake()
    hello = select(Effect).where(Effect.key == "hello")
    assert await _until(app, lambda db: db.exec(hello).one().state is EffectState.SENT)
    assert list(chat.keys()).count("hello") == 1
    running.cancel()
    await asyncio.wait({running}, timeout=60)
    assert running.done()
    app.close()


async def test_a_platform_that_falls_is_started_again(tmp_path: Path, migrated: Path) -> None:
    clock = SystemClock()
    platform = Stumbling(Chat(), clock.now)
    app = _app(tmp_path, migrated, platform, clock)
    running = asyncio.create_task(app.run())
    for _ in range(600):
        if platform.listened == 2:
            break
        await asyncio.sleep(0.05)
    assert platform.listened == 2
    running.cancel()
    await asyncio.wait({running}, timeout=60)
    app.close()


async def test_what_becomes_due_is_told_without_anybody_asking(tmp_path: Path, migrated: Path) -> None:
    chat, clock = Chat(), SystemClock()
    chat.add_person("olu", "Olu", "UTC")
    app = _app(tmp_path, migrated, LocalPlatform(chat, clock.now), clock)
    await Client(chat, app.doors["local"], "olu", clock=clock.now).says("/cohort help")

    def soon(db: Db) -> None:
        listed = catalogue.load()["value-accelerator"]
        place = people.workspace(db, "local", "local")
        owner = people.find(db, place.id, "@olu")
        start = (clock.now() + timedelta(days=30)).date()
        cohort: Cohort = recruit(
            db, place, listed.program, listed.toml, starts_on=start, zone="UTC", by=owner, now=clock.now()
        )
        db.add(
            Touchpoint(
                cohort_id=cohort.id,
                key="soon",
                rule="applications/closed",
                args={"cohort_id": cohort.id},
                planned_at=clock.now(),
                due_at=clock.now() + timedelta(seconds=1),
                turn_at=clock.now() + timedelta(seconds=1),
            )
        )

    await app.threads.write(soon)
    running = asyncio.create_task(app.run())
    assert await _until(app, lambda db: touchpoints.next_due(db) is None)
    assert await _until(app, lambda db: db.get(Effect, 1) is not None and db.get(Effect, 1).state is EffectState.SENT)
    running.cancel()
    await asyncio.wait({running}, timeout=60)
    app.close()


@freeze_time("2027-03-28 00:59:59")
def test_the_clock_reads_utc_whatever_the_machine_s_zone_does() -> None:
    assert SystemClock().now() == datetime(2027, 3, 28, 0, 59, 59, tzinfo=UTC)


def test_a_stepped_clock_never_goes_back() -> None:
    clock = SteppedClock(datetime(2027, 1, 2, tzinfo=UTC))
    clock.move_to(datetime(2027, 1, 1, tzinfo=UTC))
    assert clock.now() == datetime(2027, 1, 2, tzinfo=UTC)
