"""Who did what, when: kinds and ids, never anybody's words."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from cohorts.people import Person
from cohorts.store import Db, json, link, moment


class AuditEntry(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True)
    workspace_id: int = link("workspace.id")
    person_id: int = link("person.id")
    deed: str = Field(max_length=60)
    details: object = json()
    at: datetime = moment()


def record(db: Db, by: Person, deed: str, *, now: datetime, **details: str | int) -> None:
    db.add(AuditEntry(workspace_id=by.workspace_id, person_id=by.id, deed=deed, details=dict(details), at=now))
