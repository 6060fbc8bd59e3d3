"""The cells of a workbook as text, read by a process of its own: ``python workbook_cells.py < book.xlsx``.

A damaged or hostile workbook can make its reader ask for all memory there is, which ends the whole process.
So this one has little to spend, and nobody else's work in it. It imports nothing of MITA, to start quickly.
"""

from __future__ import annotations

import io
import json
import math
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal

DELIMITER = "\t"
#: A sheet of a million lines and ten columns takes 1.5 GB and ten seconds.
MOST_MEMORY = 4 << 30
MOST_SECONDS = 120
_BLANKS = str.maketrans(dict.fromkeys("\t\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\x00\x01", " "))
_THREE_DECIMALS = re.compile(r"-?\d+\.\d{3}")
#: Digits of a number as Excel keeps it: 0.1 + 0.2 is 0.3 there.
_DIGITS = 15

Cell = float | str | bool | time | date | datetime | timedelta


def main() -> None:
    """Write one line of JSON that describes the sheets, then their texts one behind the other."""
    _limit()
    from python_calamine import CalamineWorkbook, SheetVisibleEnum  # noqa: PLC0415 - under the limits

    book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    sheets: list[dict[str, object]] = []
    texts: list[bytes] = []
    for number, found in enumerate(book.sheets_metadata):
        is_visible = found.visible is SheetVisibleEnum.Visible
        text = b""
        if is_visible:
            sheet = book.get_sheet_by_index(number)
            rows = sheet.iter_rows() if sheet.start is not None else iter(())
            text = "".join(row_texts(rows)).encode("utf-8", "replace")
        sheets.append({"name": found.name, "is_visible": is_visible, "size": len(text)})
        texts.append(text)
    out = sys.stdout.buffer
    out.write(json.dumps(sheets).encode() + b"\n")
    for text in texts:
        out.write(text)


def _limit() -> None:
    """Bound memory and time, where the system can."""
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def row_texts(rows: Iterator[list[Cell]]) -> Iterator[str]:
    """Each row as a line."""
    for row in rows:
        yield DELIMITER.join(map(cell_text, row)) + "\n"


def cell_text(value: Cell) -> str:
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
    """A number as Excel shows it, never to be taken for thousands: 1.234 is written 1.2340."""
    if not math.isfinite(value):
        return ""
    text = format(Decimal(f"{value:.{_DIGITS}g}"), "f")
    return f"{text}0" if _THREE_DECIMALS.fullmatch(text) else text


if __name__ == "__main__":
    main()
