"""Excel workbooks (.xlsx, .xls): each sheet is a table, understood as a CSV file is.

python-calamine reads the cells, in a process of its own (see workbook_cells): fuzzing found damaged workbooks
of the old kind that make it end its process.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import polars as pl

from flows.sources import workbook_cells
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
_BLOCK = 1 << 20


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
    else:
        _refuse_new(content, name)
    readings, notes = _read_sheets(_sheets(content, name), name, hints)
    return _joined(readings, notes)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet with its cells as text, a row a line."""

    name: str
    is_visible: bool
    text: bytes


@dataclass(frozen=True, slots=True)
class _Reading:
    """One sheet's statement, and the number of lines before it."""

    sheet: str
    statement: Statement
    offset: int


def _sheets(content: bytes, name: str) -> list[_Sheet]:
    """The sheets as a process of its own reads them; refuses what that process cannot."""
    script = [sys.executable, "-I", str(Path(workbook_cells.__file__).resolve())]
    try:
        done = subprocess.run(
            script, input=content, capture_output=True, check=False, timeout=3 * workbook_cells.MOST_SECONDS
        )
    except subprocess.TimeoutExpired:
        _refuse_greedy(name)
    except OSError as error:
        refuse(name, f"the process that reads workbooks cannot be started ({error.strerror})", _SAVE_AS)
    if done.returncode < 0 or b"MemoryError" in done.stderr:
        _refuse_greedy(name)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        _refuse_broken(name, " ".join(said).rpartition("Error: ")[2])
    described, _, texts = done.stdout.partition(b"\n")
    return list(_cut(json.loads(described), texts))


def _cut(described: list[dict[str, Any]], texts: bytes) -> Iterator[_Sheet]:
    start = 0
    for sheet in described:
        end = start + sheet["size"]
        yield _Sheet(sheet["name"], sheet["is_visible"], texts[start:end] or b"\n")
        start = end


def _refuse_greedy(name: str) -> NoReturn:
    refuse(name, "reading the workbook takes more memory or time than a statement does", _SAVE_AS)


def _refuse_broken(name: str, said: str) -> NoReturn:
    what = f"the workbook is broken ({said[:120] or 'it cannot be opened'})"
    refuse(name, what, "Download the statement from the bank again.")


def _read_sheets(
    sheets: Sequence[_Sheet], name: str, hints: ReadingHints
) -> tuple[list[_Reading], list[str]]:
    """The sheets that are statements, and notes on those that are not; refuses a workbook without any."""
    readings: list[_Reading] = []
    notes: list[str] = []
    refusals: list[str] = []
    offset = 0
    for sheet in sheets:
        if not sheet.is_visible:
            notes.append(f"sheet {sheet.name!r} is hidden and was left out")
            continue
        content = Content(f"{name} (sheet {sheet.name!r})", sheet.text)
        try:
            found = read_table(content, hints, (workbook_cells.DELIMITER,))
        except StatementRefusedError as error:
            refusals.append(str(error))
            notes.append(f"sheet {sheet.name!r} holds no statement and was left out")
        else:
            readings.append(_Reading(sheet.name, found, offset))
            offset += sheet.text.count(b"\n")
    if not readings:
        _refuse_all(name, refusals)
    return readings, notes


def _refuse_all(name: str, refusals: list[str]) -> NoReturn:
    """Refuse with the reason of the only sheet that was looked at, or of the most telling one."""
    if refusals:
        raise StatementRefusedError(max(refusals, key=lambda text: ("its table" in text, len(text))))
    refuse(name, "the workbook has no sheet that can be seen", _SAVE_AS)


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


def _refuse_new(content: bytes, name: str) -> None:
    """Refuse a workbook that runs code, is of another kind, or unpacks to more than a statement holds."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _refuse_kinds([entry.filename for entry in entries], name)
            left = _MOST_BYTES
            for entry in entries:
                left -= _unpacked_size(archive, entry, left, name)
    except StatementRefusedError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        _refuse_broken(name, str(error))


def _refuse_kinds(names: list[str], name: str) -> None:
    folded = {part.casefold() for part in names}
    if any(part.endswith("vbaproject.bin") or "/macrosheets/" in part for part in folded):
        _refuse_macros(name)
    if "xl/workbook.bin" in folded:
        refuse(name, "it is a binary workbook (.xlsb)", _SAVE_AS)
    if "xl/workbook.xml" not in folded:
        refuse(name, "it is an Office document but no workbook", "Export the transactions as CSV or XLSX.")


def _unpacked_size(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int, name: str) -> int:
    """What a part really unpacks to."""
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
    return size
