"""Transactions as CSV, XLSX and JSON, row by row: a million take the memory of a few."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import date
from itertools import islice
from typing import BinaryIO

from warehouse.cells import harmless
from warehouse.money import Money
from warehouse.repositories.transactions import Transaction

COLUMNS = (
    "transaction_id",
    "account",
    "spent_date",
    "booked_date",
    "amount",
    "currency",
    "status",
    "description",
    "counterparty",
    "category_code",
    "category_origin",
    "category_probability",
)
#: Rows of one sheet below its headings; a workbook's sheet ends at 2 ** 20.
SHEET_ROWS = 2**20 - 1


def write_csv(transactions: Iterable[Transaction], out: BinaryIO) -> int:
    """UTF-8 with its mark, which spreadsheets need; texts quoted; gives how many rows that were."""
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(COLUMNS)
    count = 0
    for transaction in transactions:
        writer.writerow([harmless(_plain(value)) for value in cells(transaction)])
        count += 1
    text.detach()
    return count


def write_xlsx(transactions: Iterable[Transaction], out: BinaryIO) -> int:
    """A workbook in which text is text whatever it looks like, amounts are numbers and days are days."""
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - wanted only for this

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    rows, count, number = iter(transactions), 0, 0
    with xlsxwriter.Workbook(out, options) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        while (part := list(islice(rows, 1))) or not number:
            number += 1
            sheet = book.add_worksheet("Transactions" if number == 1 else f"Transactions {number}")
            sheet.write_row(0, 0, COLUMNS)
            written = 0
            for written, transaction in enumerate(_together(part, rows, SHEET_ROWS), start=1):
                for column, value in enumerate(cells(transaction)):
                    if isinstance(value, date):
                        sheet.write_datetime(written, column, value, day)
                    else:
                        sheet.write(written, column, harmless(value))
            count += written
    return count


def write_json(transactions: Iterable[Transaction], out: BinaryIO) -> int:
    """A list of objects; amounts are numbers with the currency's own decimals."""
    count = 0
    out.write(b"[")
    for transaction in transactions:
        named = dict(zip(COLUMNS, cells(transaction), strict=True))
        amount = f'"amount": {named.pop("amount")}'
        rest = json.dumps(named, ensure_ascii=False, default=str)
        out.write(f"{',' if count else ''}\n  {{{amount}, {rest[1:]}".encode())
        count += 1
    out.write(b"\n]\n")
    return count


def cells(transaction: Transaction) -> tuple[object, ...]:
    """A transaction's values in the order of COLUMNS."""
    return (
        str(transaction.transaction_id),
        transaction.account,
        transaction.spent_date,
        transaction.booked_date,
        Money(transaction.amount_minor, transaction.currency).decimal,
        transaction.currency,
        transaction.status,
        transaction.description,
        transaction.counterparty,
        transaction.category_code,
        transaction.category_origin,
        transaction.category_probability,
    )


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _together(first: list[Transaction], rest: Iterable[Transaction], most: int) -> Iterable[Transaction]:
    yield from first
    yield from islice(rest, most - len(first))
