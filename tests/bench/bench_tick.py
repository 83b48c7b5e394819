"""The scheduler's tick with a million touchpoints ahead, beside APScheduler's job store with a tenth of that."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore

from bot.app import App
from bot.clock import SteppedClock
from bot.platforms.local.chat import Chat
from bot.platforms.local.send import LocalPlatform
from cohorts.store import Store

NOW = datetime(2027, 1, 1, tzinfo=UTC)
OURS, THEIRS = 1_000_000, 100_000


def nothing() -> None:
    """The job of the other side."""


def _ours(folder: Path, rows: int) -> tuple[float, float]:
    """(seconds of a tick that finds nothing due, of asking when the next is due), medians."""
    clock = SteppedClock(NOW)
    store = Store(f"sqlite:///{folder / 'ours.sqlite'}", durable=False)
    app = App(store, [LocalPlatform(Chat(), clock.now)], clock=clock)
    try:
        app.prepare()
        _fill(store, rows)
        return (
            _median(lambda: asyncio.run(app.scheduler.tick(NOW))),
            _median(lambda: asyncio.run(app.scheduler.next_due())),
        )
    finally:
        app.close()


def _fill(store: Store, rows: int) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("insert into workspace values (1, 'local', 'w', 'w', 'UTC', 'en')")
        columns = ", ".join(column["name"] for column in sa.inspect(connection).get_columns("cohort"))
        values = {
            "id": 1,
            "workspace_id": 1,
            "handle": "h",
            "program_key": "k",
            "program_toml": "",
            "state": "running",
            "zone": "UTC",
            "starts_on": "2027-01-01",
            "closes_at": "2027-01-01",
            "opened_at": "2027-01-01",
            "room_id": None,
            "revision": 0,
        }
        marks = ", ".join(f":{name}" for name in columns.split(", "))
        connection.execute(sa.text(f"insert into cohort ({columns}) values ({marks})"), values)
        table = sa.Table("touchpoint", sa.MetaData(), autoload_with=connection)
        for start in range(0, rows, 50_000):
            connection.execute(
                table.insert(),
                [
                    {
                        "cohort_id": 1,
                        "key": f"k{n}",
                        "rule": "sessions/reminder-day",
                        "args": {},
                        "urgency": "today",
                        "planned_at": NOW,
                        "due_at": NOW + timedelta(minutes=n + 1),
                        "state": "pending",
                    }
                    for n in range(start, min(rows, start + 50_000))
                ],
            )


def _theirs(folder: Path, jobs: int) -> tuple[float, float]:
    store = SQLAlchemyJobStore(url=f"sqlite:///{folder / 'theirs.sqlite'}")
    from apscheduler.job import Job
    from apscheduler.schedulers.background import BackgroundScheduler
    from apscheduler.triggers.date import DateTrigger

    scheduler = BackgroundScheduler(timezone="UTC")
    store.start(scheduler, "default")
    state = Job(
        scheduler,
        id="j",
        func=nothing,
        args=(),
        kwargs={},
        trigger=DateTrigger(NOW),
        executor="default",
        misfire_grace_time=1,
        coalesce=True,
        max_instances=1,
        name="j",
        next_run_time=NOW,
    ).__getstate__()
    import pickle

    frozen = pickle.dumps(state, 5)
    with store.engine.begin() as connection:
        rows = (
            {"id": f"j{n}", "next_run_time": NOW.timestamp() + 60 * (n + 1), "job_state": frozen} for n in range(jobs)
        )
        connection.execute(store.jobs_t.insert(), list(rows))
    try:
        return _median(lambda: store.get_due_jobs(NOW)), _median(store.get_next_run_time)
    finally:
        store.shutdown()


def _median(act: Callable[[], object], times: int = 21) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        act()
        taken.append(time.perf_counter() - start)
    return sorted(taken)[times // 2]


def print_report() -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = _ours(Path(folder), OURS), _theirs(Path(folder), THEIRS)
    print(
        f"Tick that finds nothing due, ms: ours with {OURS:,} rows, APScheduler's SQLAlchemy job store with {THEIRS:,}"
    )
    for name, mine, other in (("look for what is due", ours[0], theirs[0]), ("ask for the next", ours[1], theirs[1])):
        print(f"  {name:<24} ours {mine * 1000:8.2f}   job store {other * 1000:8.2f}   ratio {mine / other:.2f}")
