"""Slack workspaces that came by /slack/install: kept in the database, their tokens sealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bot.clock import Clock
from bot.platforms.slack.setup import Installed, SlackApp
from bot.sealing import Broken, Seal
from bot.threads import Threads
from cohorts import installations, welcome
from cohorts.installations import Installation
from cohorts.store import Db

PLATFORM = "slack"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SealedInstallations:
    """All of them belong to one app: the one whose OAuth credentials are set."""

    threads: Threads
    seal: Seal
    app: SlackApp
    clock: Clock

    async def all(self) -> Sequence[Installed]:
        """Those whose token can be read; what an older key sealed is sealed anew."""
        rows = await self.threads.read(lambda db: installations.of_platform(db, PLATFORM))
        found = []
        for row in rows:
            token = opened(self.seal, row)
            if token is None:
                log.error("no key opens this installation; it has to be installed again", team=row.external)
                continue
            if not self.seal.is_newest(row.sealed):
                await self._reseal(row.external, row.sealed, token)
            found.append(Installed(bot_token=token, app=self.app, team=row.external, name=row.name))
        return found

    async def _reseal(self, team: str, before: bytes, token: str) -> None:
        after = self.seal.close(token, about=_about(team))
        await self.threads.write(lambda db: installations.reseal(db, PLATFORM, team, before=before, after=after))

    async def keep(self, installed: Installed) -> None:
        sealed, now = self.seal.close(installed.bot_token, about=_about(installed.team)), self.clock.now()

        def write(db: Db) -> None:
            installations.keep(
                db, PLATFORM, installed.team, name=installed.name, sealed=sealed, by=installed.by, now=now
            )
            if installed.by:
                welcome.let_in(db, PLATFORM, installed.team, name=installed.name, by=installed.by, now=now)

        await self.threads.write(write)

    async def drop(self, team: str) -> None:
        await self.threads.write(lambda db: installations.drop(db, PLATFORM, team))


def opened(seal: Seal, row: Installation) -> str | None:
    """The token, None when no key opens it."""
    try:
        return seal.open(row.sealed, about=_about(row.external))
    except Broken:
        return None


def _about(team: str) -> str:
    return f"{PLATFORM}/{team}"
