"""Transactions as tables for spreadsheets, in which no cell is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from warehouse.cells import harmless

COLUMNS = (
    "spent_at", "amount", "currency", "category", "category_code", "merchant", "description", "location",
    "tags", "notes", "is_pending", "id",
)  # fmt: skip


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
        yield [harmless(values[column]) for column in COLUMNS]
