"""What a platform can do for people who talk beside their room. Rules ask for this, never for a platform's name."""

from dataclasses import asdict, dataclass

from sqlmodel import Field, SQLModel

from cohorts.people import Workspace
from cohorts.store import Db


@dataclass(frozen=True, slots=True)
class Ways:
    """Each answers one question. A platform that says nothing has none of them: there people talk in the chat, in
    rooms beside their own."""

    voice: bool = False  # can rooms to talk in be made, and people moved there and back?
    threads: bool = False  # is a group written to in a thread of its own, not in lines that each one sees alone?
    call: bool = False  # do people meet in a video call of their own, whose rooms have numbers?
    largest_dm: int = 0  # how many people can be written to together in direct messages, the bot aside?

    @property
    def beside(self) -> bool:
        """Whether a group can talk in a conversation of its own from the start of a round to its end."""
        return self.threads or not self.call

    @property
    def apart(self) -> bool:
        """Whether some of a room can be written to without the others."""
        return self.threads or self.largest_dm > 0


class PlatformWays(SQLModel, table=True):
    """As each platform has declared it at the last start."""

    platform: str = Field(primary_key=True, max_length=32)
    voice: bool
    threads: bool
    call: bool
    largest_dm: int


def declare(db: Db, platform: str, ways: Ways) -> None:
    db.merge(PlatformWays(platform=platform, **asdict(ways)))
    db.flush()


def ways_of(db: Db, workspace_id: int) -> Ways:
    declared = db.get(PlatformWays, db.get_one(Workspace, workspace_id).platform)
    return Ways() if declared is None else Ways(**declared.model_dump(exclude={"platform"}))
