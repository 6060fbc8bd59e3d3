"""Transactions as tables for spreadsheets, in which no cell is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

COLUMNS = (
    "spent_at", "amount", "currency", "category", "category_code", "merchant", "description", "location",
    "tags", "notes", "is_pending", "id",
)  # fmt: skip
#: What makes a spreadsheet take a text for a formula, or for the beginning of another cell.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def as_csv(transactions: bytes) -> bytes:
    """UTF-8 with its mark, because spreadsheets take it for something else without."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_MINIMAL)
    writer.writerow(COLUMNS)
    writer.writerows(_rows(orjson.loads(transactions)))
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(transactions: bytes) -> bytes:
    """A workbook of one sheet; text stays text whatever it looks like."""
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - wanted only for this

    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        sheet = book.add_worksheet("Transactions")
        sheet.write_row(0, 0, COLUMNS)
        for number, row in enumerate(_rows(orjson.loads(transactions)), start=1):
            sheet.write_row(number, 0, row)
    return content.getvalue()


def _rows(transactions: Iterable[Mapping[str, Any]]) -> Iterator[list[object]]:
    for transaction in transactions:
        values = {**transaction, "tags": ", ".join(transaction["tags"])}
        yield [_harmless(values[column]) for column in COLUMNS]


def _harmless(value: object) -> object:
    """Text that begins like a formula gets an apostrophe before it, as OWASP advises."""
    if isinstance(value, str) and value.startswith(DANGEROUS):
        return f"'{value}"
    return "" if value is None else value
