"""Quicken Interchange Format, which names neither account nor currency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.generator.statements import decimal

if TYPE_CHECKING:
    from flows.generator.statements import Statement

PAYEE_LENGTH = 32


def write(statement: Statement) -> tuple[bytes, list[int]]:
    """A QIF list in Windows-1252, dates in the country's order."""
    account = statement.account
    date_format = "%m/%d/%Y" if account.bank.country == "US" else "%d/%m/%Y"
    kind = "CCard" if account.kind == "card" else "Bank"
    rows = [f"!Type:{kind}"]
    for line in statement.lines:
        rows += [
            f"D{line.booked_date.strftime(date_format)}",
            f"T{decimal(line.amount_minor, account.currency, thousands=',')}",
            f"P{line.text[:PAYEE_LENGTH].strip()}",
            f"M{line.text}",
            "^",
        ]
    return "\r\n".join((*rows, "")).encode("cp1252", "replace"), list(range(1, len(statement.lines) + 1))
