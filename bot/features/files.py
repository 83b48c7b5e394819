"""Homework that was handed in as files, for whoever conducts the cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot import whose
from bot.ask import Ask, Part, Reply
from bot.command_text import Kind
from bot.message import Choice, File
from bot.registry import Option, Registry, button, command, file_maker
from cohorts import handed_in, uploads
from cohorts.attachments import Attachment
from cohorts.handed_in import HandIn
from cohorts.outbox import Press
from cohorts.people import Person, Role
from cohorts.store import Db


def with_files(ask: Ask) -> Sequence[Choice]:
    cohort = whose.conducted(ask)
    return [Choice(one.key, one.title) for one in handed_in.with_files(ask.db, cohort)]


@command(
    "program files",
    help="Get what was handed in as a file",
    role=Role.FACILITATOR,
    options=[
        Option("homework", "Which one; the latest when left out", complete=with_files),
        Option("person", "Whose, such as @lena; a list of all when left out", kind=Kind.PERSON),
    ],
)
def files(ask: Ask, homework: str | None = None, person: Person | None = None) -> Reply:
    cohort = whose.conducted(ask)
    one = handed_in.the_one(ask.db, cohort, homework)
    if person is not None:
        return _send(ask, handed_in.of_person(ask.db, one, person))
    return Reply(
        "files/listed",
        title=one.title,
        parts=[
            Part(
                "files/one",
                {"person": found.person.ref, "names": [file.name for file in found.files]},
                [Press("files/get", {"cohort_id": cohort.id, "submission_id": found.submission_id})],
            )
            for found in handed_in.of_homework(ask.db, one)
        ],
    )


@button("files/get", role=Role.FACILITATOR)
def get(ask: Ask, cohort_id: int, submission_id: int) -> Reply:
    cohort = whose.conducted(ask, cohort_id)
    return _send(ask, handed_in.again(ask.db, cohort, submission_id))


def _send(ask: Ask, found: HandIn) -> Reply:
    for file in found.files:
        uploads.upload(
            ask.db,
            ask.person,
            "files/file",
            key=f"files/{ask.event}/{file.id}",
            file={"maker": "attachment", "attachment": file.id},
            about=file.about,
            now=ask.now,
            giver=found.person.ref,
            title=found.homework.title,
        )
    return Reply("files/coming", person=found.person.ref, names=[file.name for file in found.files])


@file_maker("attachment")
def made(db: Db, arguments: Mapping[str, object], registry: Registry) -> File:
    kept = db.get_one(Attachment, int(str(arguments["attachment"])))
    return File(kept.name, kept.media_type, kept.content)
