"""Rooms by our own names. The platform's id comes with the receipt of the effect that made the room."""

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts.facts import RoomRef
from cohorts.store import Db, link


class Room(SQLModel, table=True):
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "name"),
        sa.UniqueConstraint("workspace_id", "external"),
    )
    id: int = Field(default=None, primary_key=True)
    workspace_id: int = link("workspace.id", index=False)
    name: str = Field(max_length=80)
    topic: str = Field(default="", max_length=250)
    external: str | None = Field(default=None, max_length=64)

    @property
    def ref(self) -> RoomRef:
        return RoomRef(self.id)


def known(db: Db, workspace_id: int, external: str) -> Room | None:
    """The room behind a platform's id, if it is one of ours."""
    return db.exec(select(Room).where(Room.workspace_id == workspace_id, Room.external == external)).one_or_none()


def waiting_for(db: Db, workspace_id: int, name: str) -> Room | None:
    """The room of that name that has not been made yet: whoever made it by hand has brought the bot in."""
    return db.exec(
        select(Room).where(Room.workspace_id == workspace_id, Room.name == name, col(Room.external).is_(None))
    ).one_or_none()
