"""Lists for the owner, as files in their direct messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot import whose
from bot.ask import Ask, Reply
from bot.command_text import Kind
from bot.message import Choice, File
from bot.registry import Option, Registry, command, export, file_maker
from bot.sheets import MEDIA_TYPES, Format, Sheet, to_xlsx, to_zip, write
from cohorts import exports, uploads
from cohorts.cohort import Cohort
from cohorts.errors import Refused
from cohorts.exports import Table
from cohorts.people import Role
from cohorts.store import Db

FORMATS: tuple[Format, ...] = ("csv", "xlsx", "json")


def sheet(table: Table) -> Sheet:
    return Sheet(table.name, table.columns, table.rows)


@export("applications")
def applications(db: Db, cohort: Cohort) -> Sheet:
    return sheet(exports.application_list(db, cohort))


@export("members")
def members(db: Db, cohort: Cohort) -> Sheet:
    return sheet(exports.member_list(db, cohort))


@export("sessions")
def sessions(db: Db, cohort: Cohort) -> Sheet:
    return sheet(exports.session_list(db, cohort))


@export("attendance")
def attendance(db: Db, cohort: Cohort) -> Sheet:
    return sheet(exports.attendance_list(db, cohort))


@export("homework")
def homework(db: Db, cohort: Cohort) -> Sheet:
    return sheet(exports.homework_list(db, cohort))


@export("surveys")
def surveys(db: Db, cohort: Cohort) -> Sheet:
    return sheet(exports.survey_list(db, cohort))


@export("quotes")
def quotes(db: Db, cohort: Cohort) -> Sheet:
    return sheet(exports.quote_list(db, cohort))


@export("nps")
def nps(db: Db, cohort: Cohort) -> Sheet:
    return sheet(exports.nps_list(db, cohort))


@export("graduates")
def graduates(db: Db, cohort: Cohort) -> Sheet:
    return sheet(exports.graduate_list(db, cohort))


@export("pairs")
def pairs(db: Db, cohort: Cohort) -> Sheet:
    return sheet(exports.pair_list(db, cohort))


@export("segments")
def segments(db: Db, cohort: Cohort) -> Sheet:
    return sheet(exports.segment_list(db, cohort))


def lists(ask: Ask) -> Sequence[Choice]:
    return [Choice(name, name) for name in (*ask.registry.of("export"), "all")]


@command(
    "program export",
    help="Get a list as a file in your direct messages",
    role=Role.OWNER,
    options=[
        Option(
            "what",
            "Which list: applications, attendance, homework, nps, graduates, … or all",
            required=True,
            complete=lists,
        ),
        Option("format", "As csv, xlsx or json; csv when left out", kind=Kind.CHOICE, choices=FORMATS),
    ],
)
def export_(ask: Ask, what: str, format: str = "csv") -> Reply:
    cohort = whose.recorded(ask)
    known = [*ask.registry.of("export"), "all"]
    wanted = what.casefold().strip()
    if wanted not in known:
        raise Refused("exports/no-such", words=what[:60], known=known)
    uploads.upload(
        ask.db,
        ask.person,
        "exports/file",
        key=f"export/{ask.event}/{wanted}",
        file={"maker": "export", "export": wanted, "format": format, "cohort": cohort.id},
        now=ask.now,
        what=wanted,
        program=cohort.name,
        format=format,
    )
    return Reply("exports/coming", what=known[:-1] if wanted == "all" else [wanted], program=cohort.name)


@file_maker("export")
def made(db: Db, arguments: Mapping[str, object], registry: Registry) -> File:
    """The file of one list; of all of them one workbook, or a zip with a file each."""
    makers = registry.handlers("export")
    cohort = db.get_one(Cohort, int(str(arguments["cohort"])))
    name = str(arguments["export"])
    format_ = next(one for one in FORMATS if one == str(arguments["format"]))
    if name != "all":
        content, media = write(makers[name](db, cohort), format_, zone=cohort.zone)
        return File(f"{cohort.handle}-{name}.{format_}", media, content)
    sheets = [maker(db, cohort) for maker in makers.values()]
    if format_ == "xlsx":
        return File(f"{cohort.handle}-all.xlsx", MEDIA_TYPES["xlsx"], to_xlsx(sheets, zone=cohort.zone))
    return File(f"{cohort.handle}-all.zip", "application/zip", to_zip(sheets, format_, zone=cohort.zone))
