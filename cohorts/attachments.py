"""Files that were handed in with homework. They are as private as the rest of a hand-in, and go with it."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, delete, select

from cohorts.errors import Refused
from cohorts.facts import clean
from cohorts.outbox import About
from cohorts.store import Db, link

MOST = 3  # files of one hand-in
LARGEST = 10 * 2**20  # bytes of one file
NAME = 120  # characters of its name
PLAIN = "application/octet-stream"
_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*")


class Brought(NamedTuple):
    """A file as it comes from somebody: its name may be anything."""

    name: str
    media_type: str
    content: bytes


class Attachment(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True)
    submission_id: int = link("submission.id")
    name: str = Field(max_length=NAME)
    media_type: str = Field(max_length=120)
    size: int
    content: bytes = Field(sa_type=sa.LargeBinary)
    revision: int = Field(default=0)  # stays: a file is never changed, only gone


class Kept(NamedTuple):
    """What is known of a file without reading it."""

    id: int
    submission_id: int
    name: str
    size: int

    @property
    def about(self) -> About:
        """What is unsent about a file that is gone is not sent."""
        return About("attachment", self.id, 0)


def keep(db: Db, submission_id: int, files: Sequence[Brought]) -> None:
    """These, and none from before: whoever hands in again replaces all of it."""
    if len(files) > MOST or any(len(file.content) > LARGEST for file in files):
        raise Refused("homework/files-too-large", most=MOST, megabytes=LARGEST // 2**20)
    db.exec(delete(Attachment).where(col(Attachment.submission_id) == submission_id))
    taken: set[str] = set()
    for file in files:
        name = _another(cleaned(file.name), taken)
        taken.add(name)
        db.add(
            Attachment(
                submission_id=submission_id,
                name=name,
                media_type=_media_type(file.media_type),
                size=len(file.content),
                content=file.content,
            )
        )
    db.flush()


def of(db: Db, submissions: Iterable[int]) -> list[Kept]:
    """What came with these hand-ins, in order; the contents stay where they are."""
    columns = (Attachment.id, Attachment.submission_id, Attachment.name, Attachment.size)
    query = select(*columns).where(col(Attachment.submission_id).in_(list(submissions))).order_by(col(Attachment.id))
    return [Kept(*row) for row in db.exec(query).all()]


def names(db: Db, submissions: Iterable[int]) -> dict[int, list[str]]:
    """Of the files of these hand-ins, by hand-in."""
    found: dict[int, list[str]] = {}
    for file in of(db, submissions):
        found.setdefault(file.submission_id, []).append(file.name)
    return found


def cleaned(name: str) -> str:
    """A name without a path, without what no file system takes, and no longer than `NAME`; the ending stays."""
    last = clean(name).replace("\\", "/").rpartition("/")[2]
    plain = "".join(char for char in last if not unicodedata.category(char).startswith("C") and char not in '<>:"|?*')
    plain = " ".join(plain.split()).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if not stem or len(ending) > 12:
        stem, dot, ending = plain, "", ""
    return f"{stem[: NAME - len(dot + ending)]}{dot}{ending}" or "file"


def _another(name: str, taken: set[str]) -> str:
    """Two files of one name are told apart by a number."""
    stem, dot, ending = name.rpartition(".") if "." in name else (name, "", "")
    number = 2
    found = name
    while found in taken:
        found = f"{stem[: NAME - len(dot + ending) - 4]} ({number}){dot}{ending}"
        number += 1
    return found


def _media_type(told: str) -> str:
    """As it was told, where that looks like one."""
    told = told.partition(";")[0].strip().lower()
    return told if len(told) <= 120 and _TYPE.fullmatch(told) else PLAIN
