"""Votes without names: how many chose what, and who has voted; never who voted for what. So a vote stands."""

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select

from cohorts.store import Db, insert_new, link


class Tally(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("poll_id", "choice"),)
    id: int = Field(default=None, primary_key=True)
    poll_id: int = link("poll.id", index=False)
    choice: int  # counted from 0
    votes: int = Field(default=0)


class Voter(SQLModel, table=True):
    """Somebody has voted. Gone when the poll is closed."""

    __table_args__ = (sa.UniqueConstraint("poll_id", "person_id"),)
    id: int = Field(default=None, primary_key=True)
    poll_id: int = link("poll.id", index=False)
    person_id: int = link("person.id")


def cast(db: Db, poll_id: int, person_id: int, choice: int) -> bool:
    """False when they have voted before: nobody knows for what, so nothing can be changed."""
    if not insert_new(db, Voter(poll_id=poll_id, person_id=person_id)):
        return False
    insert_new(db, Tally(poll_id=poll_id, choice=choice, votes=0))
    row = db.exec(select(Tally).where(Tally.poll_id == poll_id, Tally.choice == choice)).one()
    row.votes += 1
    db.flush()
    return True


def counts(db: Db, poll_id: int) -> dict[int, int]:
    """Votes by choice."""
    return {one.choice: one.votes for one in db.exec(select(Tally).where(Tally.poll_id == poll_id)).all()}


def forget_voters(db: Db, poll_id: int) -> None:
    db.execute(sa.delete(Voter).where(col(Voter.poll_id) == poll_id))
