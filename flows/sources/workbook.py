"""Excel workbooks (.xlsx, .xls): each sheet is a table, understood as a CSV file is.

python-calamine reads the cells. It trusts what a file says of itself, so that a workbook is unpacked, measured and
packed anew before it sees it: sizes, the area that the cells span, and how often texts repeat are bounded here.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from flows.sources.contents import Content, is_workbook, refuse
from flows.sources.delimited import read_table
from warehouse.records import (
    STATEMENT_LINE_SCHEMA,
    Decision,
    ReadingHints,
    Statement,
    StatementAccount,
    StatementRefusedError,
)

NAME = "xlsx"

_OLD_KIND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SAVE_AS = "Open it in a spreadsheet program, save the sheet as CSV and import that file."
#: Real statements: a million lines of ten columns are 60 MB packed and 700 MB unpacked.
_MOST_BYTES = 1 << 30
_MOST_OLD_BYTES = 64 << 20
_MOST_GROWTH = 200
_HARMLESS_BYTES = 16 << 20
#: Cells of the rectangle that a sheet spans; the reader holds all of it.
_MOST_CELLS = 24 << 20
_MOST_TEXT = 1 << 30
_BLOCK = 1 << 20
_NEEDED = re.compile(
    r"xl/(?:workbook\.xml|sharedStrings\.xml|styles\.xml|worksheets/[^/]+\.xml|_rels/[^/]+\.rels)"
    r"|\[Content_Types\]\.xml|_rels/\.rels",
    re.IGNORECASE,
)
#: References to cells beyond column Z or row 99,999: the only ones that can span a large area.
_FAR_CELLS = re.compile(rb"\br\s*=\s*[\"'](?:([A-Z]{2,3})(\d{1,7})|([A-Z])(\d{6,7}))[\"']")
_FAR_ROWS = re.compile(rb"<(?:\w+:)?row\b[^>]*?\br\s*=\s*[\"'](\d{6,7})[\"']")
_SHARED = re.compile(rb"<(?:\w+:)?v>(\d+)</")
_DELIMITER = "\t"
_BLANKS = str.maketrans(dict.fromkeys("\t\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\x00\x01", " "))
_THREE_DECIMALS = re.compile(r"-?\d+\.\d{3}")
#: Digits of a number as Excel keeps it: 0.1 + 0.2 is 0.3 there.
_DIGITS = 15


def identify(head: bytes, name: str) -> bool:  # noqa: ARG001 - banks call CSV files .xls
    """Whether a file is a workbook by its content: of the new kind (zip) or the old one."""
    return head.startswith(_OLD_KIND) or (head.startswith(b"PK\x03\x04") and is_workbook(head))


def parse(path: Path, hints: ReadingHints) -> Statement:
    """A statement of all sheets that hold a table of one; raises StatementRefusedError.

    Line numbers are the sheet's rows; those of a later sheet go on behind the earlier one's.
    """
    name = path.name
    content = path.read_bytes()
    if content.startswith(_OLD_KIND):
        _refuse_old(content, name)
        safe = content
    else:
        safe = _repacked(content, name)
    workbook = _open(safe, name)
    readings, notes = _read_sheets(workbook, name, hints)
    return _joined(readings, notes)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One sheet's statement, and the number of lines before it."""

    sheet: str
    statement: Statement
    offset: int


def _open(content: bytes, name: str) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(content))
    except CalamineError as error:
        _refuse_broken(name, error)
    except BaseException as error:
        _refuse_panic(name, error)
        raise
    raise AssertionError


def _refuse_panic(name: str, error: BaseException) -> None:
    """Refuse what made the reader panic; PyO3 gives that as an exception beside Exception."""
    if type(error).__name__ == "PanicException":
        _refuse_broken(name, error)


def _refuse_broken(name: str, error: BaseException) -> None:
    what = str(error).splitlines()[0][:120] if str(error) else "it cannot be opened"
    refuse(name, f"the workbook is broken ({what})", "Download the statement from the bank again.")


def _read_sheets(
    workbook: CalamineWorkbook, name: str, hints: ReadingHints
) -> tuple[list[_Reading], list[str]]:
    """The sheets that are statements, and notes on those that are not; refuses a workbook without any."""
    readings: list[_Reading] = []
    notes: list[str] = []
    refusals: list[str] = []
    offset = 0
    for number, sheet in enumerate(workbook.sheets_metadata):
        if sheet.visible is not SheetVisibleEnum.Visible:
            notes.append(f"sheet {sheet.name!r} is hidden and was left out")
            continue
        text, rows = _sheet_text(workbook, number, name)
        try:
            found = read_table(Content(f"{name} (sheet {sheet.name!r})", text), hints, (_DELIMITER,))
        except StatementRefusedError as error:
            refusals.append(str(error))
            notes.append(f"sheet {sheet.name!r} holds no statement and was left out")
        else:
            readings.append(_Reading(sheet.name, found, offset))
            offset += rows
    if not readings:
        _refuse_all(name, refusals)
    return readings, notes


def _refuse_all(name: str, refusals: list[str]) -> None:
    """Refuse with the reason of the only sheet that was looked at, or of the most telling one."""
    if refusals:
        raise StatementRefusedError(max(refusals, key=lambda text: ("its table" in text, len(text))))
    refuse(name, "the workbook has no sheet that can be seen", _SAVE_AS)


def _sheet_text(workbook: CalamineWorkbook, number: int, name: str) -> tuple[bytes, int]:
    """A sheet's cells as text, a row a line, and the number of its rows."""
    try:
        sheet = workbook.get_sheet_by_index(number)
        text = "".join(_row_texts(sheet)).encode("utf-8", "replace")
    except (CalamineError, ValueError) as error:
        _refuse_broken(name, error)
    except BaseException as error:
        _refuse_panic(name, error)
        raise
    return text or b"\n", text.count(b"\n")


def _row_texts(sheet: CalamineSheet) -> Iterator[str]:
    if sheet.start is None:
        return
    for row in sheet.iter_rows():
        yield _DELIMITER.join(map(_cell_text, row)) + "\n"


def _cell_text(value: float | str | bool | time | date | datetime | timedelta) -> str:  # noqa: FBT001 - a cell
    """A cell's value as a table of text would hold it: dates as ISO, numbers with a decimal point."""
    if isinstance(value, str):
        text = value.translate(_BLANKS)
        return '"' + text.replace('"', '""') + '"' if '"' in text else text
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        return _number_text(value)
    return value.isoformat() if isinstance(value, (date, time)) else str(value)


def _number_text(value: float) -> str:
    """A number as Excel shows it, never read as thousands: 1.234 is written 1.2340."""
    text = format(Decimal(f"{value:.{_DIGITS}g}"), "f") if value == value else ""  # noqa: PLR0124 - not a NaN
    return f"{text}0" if _THREE_DECIMALS.fullmatch(text) else text


def _joined(readings: Sequence[_Reading], notes: list[str]) -> Statement:
    """One statement of all sheets."""
    accounts: dict[tuple[str, str], StatementAccount] = {}
    told: list[str] = []
    for reading in readings:
        for account in reading.statement.accounts:
            earlier = accounts.get((account.ref, account.currency))
            accounts[account.ref, account.currency] = (
                account if earlier is None else _without_balances(earlier)
            )
        mark = f"sheet {reading.sheet!r}: " if len(readings) > 1 else ""
        told += [f"{mark}{note}" for note in reading.statement.notes]
        if reading.offset:
            told.append(f"{mark}line numbers go on from {reading.offset}")
    return Statement(
        source_format=NAME,
        accounts=tuple(accounts.values()),
        batches=_batches(readings),
        notes=(*notes, *told),
        later_notes=lambda: tuple(note for one in readings for note in one.statement.later_notes()),
        decisions=_decisions(readings),
        fingerprint=readings[0].statement.fingerprint,
    )


def _decisions(readings: Sequence[_Reading]) -> tuple[Decision, ...]:
    """How each sheet was understood, told apart where there are several."""
    return tuple(
        replace(made, subject=f"sheet {one.sheet!r}: {made.subject}") if len(readings) > 1 else made
        for one in readings
        for made in one.statement.decisions
    )


def _without_balances(account: StatementAccount) -> StatementAccount:
    """An account that several sheets continue; which of them comes first is not known."""
    return replace(account, opening_balance_minor=None, closing_balance_minor=None)


def _batches(readings: Sequence[_Reading]) -> Iterator[pl.DataFrame]:
    for reading in readings:
        for frame in reading.statement.batches:
            numbers = pl.col("line_number") + reading.offset
            yield frame.with_columns(numbers).select(STATEMENT_LINE_SCHEMA.names())


def _refuse_old(content: bytes, name: str) -> None:
    """Refuse documents of the old kind that are no workbook, or one that is locked or runs code."""
    streams = {word for word in _STREAMS if word.encode("utf-16-le") in content}
    if "EncryptedPackage" in streams:
        refuse(
            name, "the workbook is protected with a password", "Save it without a password and import that."
        )
    if "_VBA_PROJECT" in streams:
        _refuse_macros(name)
    if "Workbook" not in streams and "Book" not in streams:
        refuse(name, "it is a Word or another Office document of the old kind, and no workbook", _SAVE_AS)
    if len(content) > _MOST_OLD_BYTES:
        refuse(name, f"the workbook is larger than {_MOST_OLD_BYTES >> 20} MB", _SAVE_AS)


_STREAMS = ("Workbook", "Book", "EncryptedPackage", "_VBA_PROJECT")


def _refuse_macros(name: str) -> None:
    refuse(name, "the workbook holds macros, which no statement needs", _SAVE_AS)


def _repacked(content: bytes, name: str) -> bytes:
    """The parts of a workbook that hold its cells, unpacked within bounds and stored anew."""
    parts: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _refuse_kinds([entry.filename for entry in entries], name)
            for entry in entries:
                if _NEEDED.fullmatch(entry.filename):
                    left = _MOST_BYTES - sum(map(len, parts.values()))
                    parts[entry.filename] = _unpacked(archive, entry, left, name)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        RuntimeError,
        NotImplementedError,
    ) as error:
        if isinstance(error, StatementRefusedError):
            raise
        _refuse_broken(name, error)
    _refuse_spread(parts, name)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for part, text in parts.items():
            archive.writestr(part, text)
    return packed.getvalue()


def _refuse_kinds(names: list[str], name: str) -> None:
    folded = {part.casefold() for part in names}
    if any(part.endswith("vbaproject.bin") or "/macrosheets/" in part for part in folded):
        _refuse_macros(name)
    if "xl/workbook.bin" in folded:
        refuse(name, "it is a binary workbook (.xlsb)", _SAVE_AS)
    if "xl/workbook.xml" not in folded:
        refuse(name, "it is an Office document but no workbook", "Export the transactions as CSV or XLSX.")


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int, name: str) -> bytes:
    blocks: list[bytes] = []
    size = 0
    with archive.open(entry) as source:
        while block := source.read(_BLOCK):
            size += len(block)
            if size > left or (size > _HARMLESS_BYTES and size > _MOST_GROWTH * max(entry.compress_size, 1)):
                refuse(
                    name,
                    "the workbook unpacks to far more than a statement holds, as a decompression bomb does",
                    _SAVE_AS,
                )
            blocks.append(block)
    return b"".join(blocks)


def _refuse_spread(parts: dict[str, bytes], name: str) -> None:
    """Refuse sheets whose few cells span an area, or whose texts repeat to a size, that no memory holds."""
    shared = next((text for part, text in parts.items() if part.casefold() == "xl/sharedstrings.xml"), b"")
    lengths = [len(text) for text in shared.split(b"</si>")]
    for part, text in parts.items():
        if "/worksheets/" not in part.casefold():
            continue
        if b"<!DOCTYPE" in text or _area(text) > _MOST_CELLS:
            refuse(name, "a sheet of the workbook spans more cells than a statement does", _SAVE_AS)
        if max(lengths) * text.count(b"</") > _MOST_TEXT and _repeated(text, lengths) > _MOST_TEXT:
            refuse(name, "the texts of the workbook repeat to more than a statement holds", _SAVE_AS)


def _area(text: bytes) -> int:
    """Rows by columns of the rectangle that a sheet's cells span, at most 99,999 by 26 near its corner."""
    rows = max(text.count(b"<row"), text.count(b":row"), 1)
    columns = 26
    for found in _FAR_CELLS.finditer(text):
        rows = max(rows, int(found[2] or found[4]))
        columns = max(columns, _column(found[1] or found[3]))
    rows = max([rows, *(int(found[1]) for found in _FAR_ROWS.finditer(text))])
    # Not every cell of a usual sheet goes to column Z.
    return rows * columns if columns > 26 else rows * min(columns, 20)  # noqa: PLR2004 - letters of one


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _repeated(text: bytes, lengths: list[int]) -> int:
    """The size of all texts that a sheet's cells refer to."""
    numbers = (int(number) for number in _SHARED.findall(text))
    return sum(lengths[number] for number in numbers if number < len(lengths))
