"""Splits: the parts of a transaction, each in a category of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, text

from warehouse.errors import ActionableError
from warehouse.money import Money
from warehouse.repositories.identity import entries_of
from warehouse.tables.app import transactions
from warehouse.tables.links import split_lines


class SplitRefusedError(ActionableError, ValueError):
    """Parts that do not sum to their transaction, or too few of them."""


@dataclass(frozen=True, slots=True)
class SplitLine:
    """A part of a transaction, signed like it as a rule."""

    category_code: str
    amount_minor: int
    note: str = ""


def split_transaction(
    connection: Connection, user_id: UUID, transaction_id: UUID, lines: Sequence[SplitLine]
) -> None:
    """Give a transaction these parts in place of any it had; none makes it whole again.

    Raises SplitRefusedError when they do not sum to it; the database would refuse them as well.
    """
    whole = connection.execute(
        select(transactions.c.amount_minor, transactions.c.currency)
        .where(transactions.c.user_id == user_id, transactions.c.transaction_id == transaction_id)
        .with_for_update()
    ).one_or_none()
    if whole is None:
        message = f"there is no transaction {transaction_id}"
        raise SplitRefusedError(message)
    _check(Money(whole.amount_minor, whole.currency), lines)
    connection.execute(
        delete(split_lines).where(
            split_lines.c.user_id == user_id,
            split_lines.c.transaction_id.in_(entries_of(connection, user_id, transaction_id)),
        )
    )
    rows = [
        {
            "user_id": user_id,
            "transaction_id": transaction_id,
            "line_number": number,
            "category_code": line.category_code,
            "amount_minor": line.amount_minor,
            "note": line.note,
        }
        for number, line in enumerate(lines, start=1)
    ]
    if rows:
        connection.execute(insert(split_lines), rows)


def _check(whole: Money, lines: Sequence[SplitLine]) -> None:
    if len(lines) == 1:
        message = "a split has two parts or more; to change the category of all of it, decide its category"
        raise SplitRefusedError(message)
    total = Money(sum(line.amount_minor for line in lines), whole.currency)
    if lines and total != whole:
        message = f"the parts sum to {total}, not to {whole}: {whole - total} is missing"
        raise SplitRefusedError(message)


def list_split(connection: Connection, user_id: UUID, transaction_id: UUID) -> list[SplitLine]:
    """The parts of a transaction in order; none when it is whole."""
    rows = connection.execute(
        text("""
            select category_code, amount_minor, note from app.own_parts
            where user_id = :user_id and transaction_id = :transaction_id
            order by line_number
        """),
        {"user_id": user_id, "transaction_id": transaction_id},
    )
    return [SplitLine(*row) for row in rows]
