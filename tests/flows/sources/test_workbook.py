"""Workbooks are understood as tables are; what could do harm is refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime

import openpyxl
import pytest

from tests.flows.sources.conftest import Read
from warehouse.records import StatementRefusedError

Rows = Sequence[Sequence[object]]
PLAIN: Rows = [
    ["Account statement"],
    ["IBAN", "DE89370400440532013000"],
    [],
    ["Date", "Description", "Amount", "Balance", "Currency"],
    [date(2024, 1, 2), 'Café "Süß"', -2.2, 97.8, "EUR"],
    [datetime(2024, 1, 12, 8, 30), "Two\nlines", -1234.5, -1136.7, "EUR"],  # noqa: DTZ001 - a cell has no zone
    [date(2024, 1, 13), "Salary", 0.1 + 0.2, -1136.4, "EUR"],
    [date(2024, 1, 14), "Whole", 1000, -136.4, "EUR"],
]


def workbook(sheets: dict[str, Rows], hidden: Sequence[str] = ()) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        sheet.sheet_state = "hidden" if title in hidden else "visible"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def changed(content: bytes, change: dict[str, bytes]) -> bytes:
    """The workbook with parts replaced or added."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            new.writestr(entry.filename, change.get(entry.filename, old.read(entry)))
        for name in change.keys() - set(old.namelist()):
            new.writestr(name, change[name])
    return packed.getvalue()


def test_cells_are_read_with_their_types(read: Read) -> None:
    statement, lines = read(workbook({"Statement": PLAIN}), name="a.xlsx")
    rows = [
        (line["line_number"], line["booked_date"], line["amount_minor"], line["description"])
        for line in lines
    ]
    assert rows == [
        (5, date(2024, 1, 2), -220, 'Café "Süß"'),
        (6, date(2024, 1, 12), -123450, "Two lines"),
        (7, date(2024, 1, 13), 30, "Salary"),
        (8, date(2024, 1, 14), 100000, "Whole"),
    ]
    assert [line["problem"] for line in lines] == [None] * 4
    assert (statement.source_format, statement.accounts[0].ref) == ("xlsx", "DE89370400440532013000")
    assert statement.accounts[0].closing_balance_minor == -13640


def test_a_number_with_three_decimals_is_not_read_as_thousands(read: Read) -> None:
    rows: Rows = [
        ["Date", "Description", "Amount"],
        [date(2024, 1, 2), "Too fine", 1.234],
        [date(2024, 1, 3), "b", 2],
    ]
    _, lines = read(workbook({"S": rows}), name="a.xlsx", currency="EUR", country="DE")
    assert "more than the 2 decimals" in lines[0]["problem"]
    assert lines[1]["amount_minor"] == 200


def test_several_sheets_are_read_and_others_told(read: Read) -> None:
    more: Rows = [["Date", "Description", "Amount"], [date(2024, 2, 2), "b", -5]]
    content = workbook({"Cover": [["Hello"]], "Jan": PLAIN, "Feb": more, "Secret": more}, hidden=["Secret"])
    statement, lines = read(content, name="a.xlsx", currency="EUR")
    assert [line["line_number"] for line in lines] == [5, 6, 7, 8, 10]
    assert "sheet 'Cover' holds no statement and was left out" in statement.notes
    assert "sheet 'Secret' is hidden and was left out" in statement.notes


def test_a_formula_without_a_value_is_a_line_with_a_problem(read: Read) -> None:
    rows: Rows = [
        ["Date", "Description", "Amount"],
        [date(2024, 1, 2), "a", "=1+1"],
        [date(2024, 1, 3), "b", 2],
    ]
    _, lines = read(workbook({"S": rows}), name="a.xlsx", currency="EUR")
    assert [line["problem"] for line in lines] == ["column 'Amount': the amount is missing", None]


SHEET = "xl/worksheets/sheet1.xml"
FAR = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"xl/vbaProject.bin": b"x"}, "holds macros"),
        ({"xl/workbook.bin": b"x"}, "a binary workbook"),
        ({SHEET: FAR % (b" " * (40 << 20))}, "as a decompression bomb does"),
        (
            {
                SHEET: FAR % b'<row r="1"><c r="A1"><v>1</v></c></row>'
                b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
            },
            "takes more memory or time",
        ),
        ({SHEET: b"<nonsense"}, "cannot be read as a bank statement"),
        ({"xl/workbook.xml": b"<nonsense"}, "the workbook is broken"),
    ],
)
def test_a_workbook_that_could_do_harm_is_refused(read: Read, change: dict[str, bytes], said: str) -> None:
    with pytest.raises(StatementRefusedError, match=said):
        read(changed(workbook({"S": PLAIN}), change), name="a.xlsx", currency="EUR")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (workbook({"S": PLAIN})[:900], "the workbook is broken"),
        (workbook({"S": [["Hello"]]}), "no table with a header was found in it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "and no workbook"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "the workbook is protected with a password",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "the workbook is broken"),
    ],
)
def test_what_is_no_statement_is_refused(read: Read, content: bytes, said: str) -> None:
    with pytest.raises(StatementRefusedError, match=said):
        read(content, name="a.xlsx", currency="EUR")
