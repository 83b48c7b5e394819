import csv
import io
import json
import zipfile
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sheets import Cell, Sheet, looks_like_a_formula, to_csv, to_json, to_xlsx, to_zip, write

RUNS_IN_A_SPREADSHEET = [
    "=1+1",
    '=HYPERLINK("http://example.org";"x")',
    "+49 30 1234",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(A1:A2)",
    "\tindented",
    "\rreturned",
    "   =1",
    "\n=1",
    " \t -1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    "﹦1",
    "−1",
    "\u200b=1",
    "\ufeff=1",
    "\x00=1",
    "\xa0=1",
]


def one_cell(cell: Cell) -> Sheet:
    return Sheet("notes", ("note",), ((cell,),))


def csv_rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def excel_page(content: bytes, page: int = 0) -> Any:
    from openpyxl import load_workbook

    return load_workbook(io.BytesIO(content)).worksheets[page]


@pytest.mark.parametrize("text", RUNS_IN_A_SPREADSHEET)
def test_what_would_run_in_excel_is_text_in_a_csv(text: str) -> None:
    read = csv_rows(to_csv(one_cell(text)))[1][0]
    assert read.startswith("'")
    assert read.replace("'", "") == text.replace("\x00", "").replace("'", "")


@pytest.mark.parametrize("text", RUNS_IN_A_SPREADSHEET)
def test_what_would_run_in_excel_is_a_string_cell_in_a_workbook(text: str) -> None:
    cell = excel_page(to_xlsx([one_cell(text)])).cell(2, 1)
    assert cell.data_type == "s"
    # XML knows one kind of line end.
    assert cell.value.replace("\r", "\n") == text.replace("\x00", "").replace("\r", "\n")
    assert cell.quotePrefix


@pytest.mark.parametrize("text", ["Ana", "1=1", "a-b", "ana@example.org", "", "  ", "#N/A", "12"])
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert not looks_like_a_formula(text)
    assert csv_rows(to_csv(one_cell(text)))[1][0] == text
    cell = excel_page(to_xlsx([one_cell(text)])).cell(2, 1)
    assert cell.value in (text, None if text == "" else text)
    if text:
        assert cell.data_type == "s"


def test_column_names_cannot_run_either() -> None:
    sheet = Sheet("x", ("=A1",), ())
    assert csv_rows(to_csv(sheet)) == [["'=A1"]]
    assert excel_page(to_xlsx([sheet])).cell(1, 1).data_type == "s"


def test_negative_numbers_stay_numbers() -> None:
    sheet = Sheet("nps", ("score", "share"), ((-50, -0.25),))
    assert csv_rows(to_csv(sheet))[1] == ["-50", "-0.25"]
    page = excel_page(to_xlsx([sheet]))
    assert [(c.value, c.data_type) for c in page[2]] == [(-50, "n"), (-0.25, "n")]
    assert json.loads(to_json(sheet)) == [{"score": -50, "share": -0.25}]


def test_a_csv_opens_in_excel_with_its_umlauts_commas_quotes_and_lines() -> None:
    row = ("Jörg, der Große", 'says "hi"', "two\r\nlines", None, True)
    content = to_csv(Sheet("x", ("a", "b", "c", "d", "e"), (row,)))
    assert content.startswith(b"\xef\xbb\xbfa,b,c,d,e\r\n")
    assert content.endswith(b"\r\n")
    assert csv_rows(content)[1] == ["Jörg, der Große", 'says "hi"', "two\r\nlines", "", "true"]


def test_a_row_with_one_empty_cell_is_still_a_row() -> None:
    assert csv_rows(to_csv(one_cell(None))) == [["note"], [""]]


def test_days_and_moments_are_written_in_iso() -> None:
    sheet = Sheet("x", ("day", "at"), ((date(2026, 12, 1), datetime(2026, 12, 1, 15, 0, tzinfo=UTC)),))
    assert csv_rows(to_csv(sheet))[1] == ["2026-12-01", "2026-12-01T15:00:00+00:00"]
    assert json.loads(to_json(sheet)) == [{"day": "2026-12-01", "at": "2026-12-01T15:00:00+00:00"}]


def test_excel_shows_moments_on_the_clock_of_the_zone() -> None:
    sheet = Sheet("x", ("day", "at"), ((date(2026, 12, 1), datetime(2026, 12, 1, 15, 0, tzinfo=UTC)),))
    page = excel_page(to_xlsx([sheet], zone="Europe/Berlin"))
    assert page["A2"].value == datetime(2026, 12, 1)  # noqa: DTZ001 - Excel knows no zones
    assert page["B2"].value == datetime(2026, 12, 1, 16, 0)  # noqa: DTZ001
    assert page["B2"].is_date
    assert page["B2"].number_format == 'yyyy-mm-dd hh:mm "+01:00"'


def test_a_day_before_excel_counts_is_text() -> None:
    assert excel_page(to_xlsx([one_cell(date(1815, 12, 10))]))["A2"].value == "1815-12-10"


def test_a_long_number_such_as_an_account_keeps_its_last_digits_in_excel() -> None:
    cell = excel_page(to_xlsx([one_cell(1_234_567_890_123_456_789)]))["A2"]
    assert (cell.value, cell.data_type) == ("1234567890123456789", "s")


def test_numbers_that_are_none_are_empty() -> None:
    sheet = Sheet("x", ("a", "b"), ((float("nan"), float("-inf")),))
    assert csv_rows(to_csv(sheet))[1] == ["", ""]
    assert json.loads(to_json(sheet)) == [{"a": None, "b": None}]
    assert excel_page(to_xlsx([sheet])).cell(2, 1).value is None


def test_the_head_is_bold_and_stays_and_columns_are_as_wide_as_their_words() -> None:
    page = excel_page(to_xlsx([Sheet("x", ("a", "b"), (("short", "w" * 40), ("s", "v" * 500)))]))
    assert page.freeze_panes == "A2"
    assert page["A1"].font.bold
    assert not page["A2"].font.bold
    assert page.column_dimensions["A"].width < page.column_dimensions["B"].width == 60


def test_one_workbook_holds_sheets_whose_names_excel_would_refuse() -> None:
    from openpyxl import load_workbook

    names = ["a/b?", "a b", "A B", "", "n" * 40, "n" * 50, "'quoted'"]
    content = to_xlsx([Sheet(name, ("x",), ()) for name in names])
    titles = load_workbook(io.BytesIO(content)).sheetnames
    assert len({title.casefold() for title in titles}) == len(names)
    assert all(0 < len(title) <= 31 for title in titles)
    assert titles[0] == "a b"


def test_a_workbook_of_nothing_still_opens() -> None:
    assert excel_page(to_xlsx([])).max_row == 1


def test_the_media_type_belongs_to_the_format() -> None:
    assert write(one_cell("a"), "csv")[1].startswith("text/csv")
    assert write(one_cell("a"), "json") == (to_json(one_cell("a")), "application/json")
    content, kind = write(one_cell("a"), "xlsx")
    assert kind.endswith("spreadsheetml.sheet")
    assert excel_page(content)["A2"].value == "a"


def test_a_ragged_table_is_refused() -> None:
    with pytest.raises(ValueError, match="a row"):
        Sheet("x", ("a", "b"), ((1,),))
    with pytest.raises(ValueError, match="two columns"):
        Sheet("x", ("a", "a"), ())


HOSTILE = st.text(
    st.one_of(st.characters(exclude_categories=()), st.sampled_from("=+-@\t\r\n\x00\"',;＝\u200b\ud800\ue000\u202e")),
    max_size=30,
)


@given(HOSTILE)
def test_json_keeps_every_text_exactly(text: str) -> None:
    assert json.loads(to_json(one_cell(text))) == [{"note": text}]


@given(HOSTILE)
def test_no_text_at_all_starts_a_formula_in_a_csv(text: str) -> None:
    rows = csv_rows(to_csv(one_cell(text)))
    assert len(rows) == 2
    assert not looks_like_a_formula(rows[1][0])


# A file with commas is opened where semicolons part the cells, or is cut by whatever else somebody chose.
CUT_BY = [",", ";", "\t", "\r", "\n", '"']


@given(HOSTILE, st.sampled_from(CUT_BY))
def test_no_text_starts_a_formula_in_a_spreadsheet_that_cuts_it_elsewhere(text: str, separator: str) -> None:
    (_, (read,)) = csv_rows(to_csv(one_cell(text)))
    pieces = read.replace("\r", "\n").split(separator)
    assert [one for one in pieces if looks_like_a_formula(one) and one.strip("\t\r\n ")[:1] in "=+-@＝"] == []


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("fine;=1+1", "fine;'=1+1"),
        ('say ""=1+1', 'say ""\'=1+1'),
        ("a, ＋1", "a, '＋1"),
        ("list:\n- one\n- two", "list:\n'- one\n'- two"),
        ("a-b, c; d | e", "a-b, c; d | e"),
    ],
)
def test_a_sign_after_a_quote_or_a_separator_is_text_in_a_csv(typed: str, read: str) -> None:
    assert csv_rows(to_csv(one_cell(typed)))[1][0] == read


def test_a_zip_holds_a_file_for_each_sheet_and_the_same_bytes_each_time() -> None:
    sheets = [one_cell("Ana"), Sheet("a/b", ("x",), ((1,),))]
    with zipfile.ZipFile(io.BytesIO(to_zip(sheets, "csv"))) as archive:
        assert archive.namelist() == ["notes.csv", "a b.csv"]
        assert archive.read("notes.csv") == to_csv(sheets[0])
    assert to_zip(sheets, "json") == to_zip(sheets, "json")


@given(HOSTILE)
def test_no_text_at_all_becomes_a_formula_or_breaks_a_workbook(text: str) -> None:
    cell = excel_page(to_xlsx([one_cell(text)])).cell(2, 1)
    assert cell.data_type == "s" or cell.value is None


def test_a_text_longer_than_a_cell_is_cut_only_in_excel() -> None:
    text = "x" * 40_000
    assert len(excel_page(to_xlsx([one_cell(text)]))["A2"].value) == 32_767
    assert csv_rows(to_csv(one_cell(text)))[1][0] == text
