"""Where the parts are joined: store, platforms, scheduler, delivery. Nothing else knows them all."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import structlog

from bot import features
from bot.ask import Listed
from bot.bugs import traced
from bot.clock import Clock, SystemClock
from bot.config import TEMPLATES, Settings
from bot.delivery import Delivery
from bot.dispatch import Dispatch
from bot.platforms.base import Platform
from bot.registry import Registry, collect
from bot.render import Renderer
from bot.scheduler import Scheduler
from bot.threads import Threads
from cohorts import people, room_styles, ways, welcome
from cohorts.migrations import migrate
from cohorts.store import Db, Store

log = structlog.get_logger(__name__)


class App:
    """One running Caravan. `boundary`, `jitter` and `threads` are for tests and rehearsals."""

    def __init__(
        self,
        store: Store,
        platforms: Sequence[Platform],
        *,
        settings: Settings | None = None,
        catalogue: Mapping[str, Listed] | None = None,
        clock: Clock | None = None,
        packages: Sequence[ModuleType] = (features,),
        boundary: Callable[[str], None] = lambda _: None,
        jitter: random.Random | None = None,
        threads: Threads | None = None,
    ) -> None:
        settings = settings or Settings()
        self.store = store
        self._owners = settings.owners
        self._sessions = settings.sessions
        self.pages = settings.pages
        self.clock = clock or SystemClock()
        self.registry: Registry = collect(*packages)
        self.roots = template_roots(settings)
        self.renderer = Renderer(self.roots)
        self.threads = threads or Threads(store)
        self.platforms = {platform.name: platform for platform in platforms}
        self.delivery = Delivery(
            threads=self.threads,
            registry=self.registry,
            renderer=self.renderer,
            platforms=self.platforms,
            clock=self.clock,
            boundary=boundary,
            jitter=jitter,
        )
        self.scheduler = Scheduler(
            threads=self.threads, registry=self.registry, clock=self.clock, committed=self.delivery.wake
        )
        self.doors = {
            name: Dispatch(
                name,
                threads=self.threads,
                registry=self.registry,
                renderer=self.renderer,
                clock=self.clock,
                catalogue=catalogue or {},
                committed=self._woken,
                prefix=settings.command_prefix,
                languages=settings.languages,
                locale=settings.locale,
                owners=frozenset(settings.owners),
                pages=lambda: self.pages,
            )
            for name in self.platforms
        }

    def _woken(self) -> None:
        self.delivery.wake()
        self.scheduler.wake()

    def prepare(self) -> Path | None:
        """Bring the database to this version's tables, owners and rooms to what the config says,
        and what rounds know of platforms to what these declare.

        Where the backup is, if one was made.
        """
        backup = migrate(self.store, now=SystemClock().now())
        self.store.write(self._set_owners)
        self.store.write(self._set_rooms)
        return backup

    def _set_owners(self, db: Db) -> None:
        for person in people.set_owners(db, self._owners, others=welcome.owns):
            welcome.greet(db, person, now=self.clock.now())

    def _set_rooms(self, db: Db) -> None:
        room_styles.arrange(db, self._sessions.rooms, self._sessions.room_links)
        for platform in self.platforms.values():
            ways.declare(db, platform.name, platform.ways)

    async def run(self) -> None:
        """Serve until cancelled: every platform, the scheduler, delivery. What is being sent is finished first."""
        delivering = asyncio.create_task(self.delivery.run())
        scheduling = asyncio.create_task(self.scheduler.run())
        listening = [asyncio.create_task(self._supervise(name)) for name in self.platforms]
        serving = {delivering, scheduling, *listening}
        try:
            # Not `gather`: being cancelled, it would cancel what is being sent.
            done, _ = await asyncio.wait(serving, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            self.scheduler.stop()
            self.delivery.stop()
            for task in listening:
                task.cancel()
            _, late = await asyncio.wait(serving, timeout=10)
            for task in late:
                task.cancel()
            await self.leave()

    async def _supervise(self, name: str) -> None:
        """Keep one platform listening; one that falls is started again, the others don't notice."""
        wait = 1.0
        while True:
            try:
                await self.platforms[name].listen(self.doors[name])
                return
            except Exception as bug:
                log.error("platform fell", platform=name, again_in=wait, **traced(bug))
                await asyncio.sleep(wait)
                wait = min(60.0, wait * 2)

    async def settle(self) -> None:
        """Everything due now, and all that follows from it: for rehearsals, the demo's clock and tests."""
        await self.scheduler.tick(self.clock.now())
        await self.delivery.drain()

    async def leave(self) -> None:
        """Let go of every platform; what was to be sent has been."""
        for platform in self.platforms.values():
            if (close := getattr(platform, "close", None)) is not None:
                await close()

    def close(self) -> None:
        self.threads.close()
        self.store.close()


def template_roots(settings: Settings) -> list[Path]:
    """Where words are looked for: the owner's, the locale's, ours."""
    own = [settings.templates_dir] if settings.templates_dir is not None else []
    return [*own, TEMPLATES / settings.locale, TEMPLATES]
