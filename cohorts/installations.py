"""Which workspaces have let the bot in by themselves. Their tokens are sealed before they come here."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts.store import Db, moment


class Installation(SQLModel, table=True):
    """One workspace's token. `sealed` can be read only with the key, which is never in the database."""

    __table_args__ = (sa.UniqueConstraint("platform", "external"),)
    id: int = Field(default=None, primary_key=True)
    platform: str = Field(max_length=32)
    external: str = Field(max_length=64)
    name: str = Field(default="", max_length=200)
    sealed: bytes
    installed_by: str = Field(default="", max_length=64)  # an account of the platform's
    installed_at: datetime = moment()


def keep(db: Db, platform: str, external: str, *, name: str, sealed: bytes, by: str, now: datetime) -> Installation:
    """The workspace's token from now on; a former one is forgotten."""
    row = of_workspace(db, platform, external) or Installation(platform=platform, external=external, sealed=sealed)
    row.name, row.sealed, row.installed_by, row.installed_at = name[:200], sealed, by, now
    db.add(row)
    db.flush()
    return row


def reseal(db: Db, platform: str, external: str, *, before: bytes, after: bytes) -> None:
    """The same token under another key, unless the workspace has brought a new one meanwhile."""
    row = of_workspace(db, platform, external)
    if row is not None and row.sealed == before:
        row.sealed = after
        db.flush()


def of_platform(db: Db, platform: str) -> Sequence[Installation]:
    rows = db.exec(select(Installation).where(Installation.platform == platform).order_by(col(Installation.id)))
    return rows.all()


def drop(db: Db, platform: str, external: str) -> None:
    row = of_workspace(db, platform, external)
    if row is not None:
        db.delete(row)
        db.flush()


def of_workspace(db: Db, platform: str, external: str) -> Installation | None:
    query = select(Installation).where(Installation.platform == platform, Installation.external == external)
    return db.exec(query).one_or_none()
