"""A table of plain cells as CSV, Excel or JSON, in which nothing a person typed can run."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from openpyxl.cell import Cell as ExcelCell

Cell = str | int | float | bool | date | datetime | None
Format = Literal["csv", "xlsx", "json"]

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}

# Excel keeps 15 digits of a number, 32,767 characters of a text, 31 of a sheet's name, no day before 1900.
EXACT_NUMBER = 10**15
LONGEST_TEXT = 32_767
LONGEST_NAME = 31
FIRST_YEAR = 1900

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_A_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")
_INVISIBLE = "[\\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*"
_INVISIBLE_AT_THE_START = re.compile(_INVISIBLE)
# Where a spreadsheet of another language than the file's may see a new cell begin, and what follows.
_CELL_BEGINS = re.compile(f'([,;\t\r\n"]{_INVISIBLE})(?=(.))', re.DOTALL)


@dataclass(frozen=True)
class Sheet:
    """Named columns and rows of the same length; ValueError otherwise."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        if len(set(self.columns)) != len(self.columns):
            raise ValueError(f"sheet {self.name}: two columns have the same name")
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"sheet {self.name}: a row has not one cell for each column")


def write(sheet: Sheet, format: Format, *, zone: str = "UTC") -> tuple[bytes, str]:
    """The file's bytes and its media type; `zone` is whose clock an Excel file shows."""
    if format == "csv":
        content = to_csv(sheet)
    elif format == "xlsx":
        content = to_xlsx([sheet], zone=zone)
    else:
        content = to_json(sheet)
    return content, MEDIA_TYPES[format]


def to_csv(sheet: Sheet) -> bytes:
    """RFC 4180, in UTF-8 with the byte order mark without which Excel guesses another encoding."""
    page = io.StringIO(newline="")
    writer = csv.writer(page, lineterminator="\r\n")
    writer.writerow([_harmless(column) for column in sheet.columns])
    for row in sheet.rows:
        writer.writerow([_in_csv(cell) for cell in row])
    return page.getvalue().encode("utf-8-sig")


def to_json(sheet: Sheet) -> bytes:
    """A list of objects. Text is kept exactly: JSON does not run."""
    rows = [dict(zip(sheet.columns, map(_in_json, row), strict=True)) for row in sheet.rows]
    # Half a surrogate pair cannot be UTF-8; as a backslash escape it is still the same JSON string.
    return json.dumps(rows, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")


def to_xlsx(sheets: Sequence[Sheet], *, zone: str = "UTC") -> bytes:
    """One workbook; moments are shown on the clock of `zone` with its offset beside, because Excel knows no zones."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    if book.active is not None:
        book.remove(book.active)
    shown_in = ZoneInfo(zone)
    for sheet in sheets:
        page = book.create_sheet(_sheet_name(sheet.name, taken=book.sheetnames))
        for column, title in enumerate(sheet.columns, start=1):
            head = page.cell(1, column)
            _put_text(head, title)
            head.font = Font(bold=True)
        for number, row in enumerate(sheet.rows, start=2):
            for column, cell in enumerate(row, start=1):
                _put(page.cell(number, column), cell, shown_in)
        page.freeze_panes = "A2"
        for column in range(1, len(sheet.columns) + 1):
            widest = max(len(str(page.cell(row, column).value or "")) for row in range(1, page.max_row + 1))
            page.column_dimensions[get_column_letter(column)].width = min(max(widest + 2, 8), 60)
    if not sheets:
        book.create_sheet("Sheet")
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def to_zip(sheets: Sequence[Sheet], format: Format, *, zone: str = "UTC") -> bytes:
    """A file for each, by its sheet's name; the same sheets make the same bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        taken: list[str] = []
        for sheet in sheets:
            taken.append(_sheet_name(sheet.name, taken=taken))
            entry = zipfile.ZipInfo(f"{taken[-1]}.{format}")  # dated 1980: when it was made says nothing
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, write(sheet, format, zone=zone)[0])
    return file.getvalue()


def looks_like_a_formula(text: str) -> bool:
    """Whether a spreadsheet might run it: = + - @, wide or small too, after anything invisible; tab; CR."""
    start = _INVISIBLE_AT_THE_START.match(text)
    end = start.end() if start else 0
    invisible, first = text[:end], text[end : end + 1]
    if "\t" in invisible or "\r" in invisible:
        return True
    return first != "" and _is_sign(first)


def _is_sign(char: str) -> bool:
    return unicodedata.normalize("NFKC", char)[:1] in ("=", "+", "-", "@", "\u2212")


def _harmless(text: str) -> str:
    # Removed first: a control character could hide the sign that follows it.
    text = _UNPRINTABLE.sub("", text)
    # A file with commas, opened where semicolons part the cells, is cut inside of what somebody wrote.
    inside = _CELL_BEGINS.sub(lambda found: found[1] + ("'" if _is_sign(found[2]) else ""), text)
    return "'" + inside if looks_like_a_formula(text) else inside


def _in_csv(cell: Cell) -> str:
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, str):
        return _harmless(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, date):
        return cell.isoformat()
    return repr(cell)


def _in_json(cell: Cell) -> str | int | float | bool | None:
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    return cell


def _put(place: ExcelCell, cell: Cell, zone: ZoneInfo) -> None:
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return
    if isinstance(cell, str):
        _put_text(place, cell)
    elif isinstance(cell, date):
        clock = "yyyy-mm-dd hh:mm"
        if isinstance(cell, datetime) and cell.tzinfo is not None:
            local = cell.astimezone(zone)
            clock = f'{clock} "{local.isoformat()[-6:]}"'
            cell = local.replace(tzinfo=None)
        if cell.year < FIRST_YEAR:
            _put_text(place, cell.isoformat())
        else:
            place.value = cell
            place.number_format = clock if isinstance(cell, datetime) else "yyyy-mm-dd"
    elif isinstance(cell, int) and abs(cell) >= EXACT_NUMBER:
        _put_text(place, str(cell))
    else:
        place.value = cell


def _put_text(place: ExcelCell, text: str) -> None:
    text = _UNPRINTABLE.sub("", text)[:LONGEST_TEXT]
    place.value = text
    place.data_type = "s"  # openpyxl would make "=1+1" a formula and "#N/A" an error
    if looks_like_a_formula(text):
        # What Excel itself writes for '=1: it stays text also after somebody edits the cell.
        place.quotePrefix = True


def _sheet_name(name: str, *, taken: Sequence[str]) -> str:
    plain = _NOT_IN_A_SHEET_NAME.sub(" ", _UNPRINTABLE.sub("", name)).strip(" '")[:LONGEST_NAME] or "Sheet"
    others = {other.casefold() for other in taken}
    candidate, count = plain, 1
    while candidate.casefold() in others:
        count += 1
        candidate = f"{plain[: LONGEST_NAME - len(str(count)) - 1]} {count}"
    return candidate
