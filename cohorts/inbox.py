"""What has come in: a platform's event id is kept, so that a redelivery changes nothing."""

import hashlib
from datetime import datetime, time

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from cohorts.people import Workspace
from cohorts.store import Db, insert_new, link, moment

UNTRACED = "untraced/"


class Arrival(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("workspace_id", "event_id"),)
    id: int = Field(default=None, primary_key=True)
    workspace_id: int = link("workspace.id", index=False)
    event_id: str = Field(max_length=128)
    at: datetime = moment(index=True)


def is_new(db: Db, place: Workspace, event_id: str, *, now: datetime) -> bool:
    """Note an event in the handler's own transaction; False when it was handled before."""
    if event_id.startswith(UNTRACED):
        now = datetime.combine(now.date(), time(), now.tzinfo)
    return insert_new(db, Arrival(workspace_id=place.id, event_id=event_id, at=now))


def without_trace(event_id: str) -> str:
    """An id that the same event always has, and that leads back to nothing; only the day of it is noted."""
    return UNTRACED + hashlib.sha256(event_id.encode()).hexdigest()
