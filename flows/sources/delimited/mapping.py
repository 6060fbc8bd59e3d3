"""What a user has said of a bank's tables: how it is known again, and how it goes before a guess."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from flows.sources.delimited.layout import Layout
from flows.sources.delimited.vocabulary import Role, currency_of, fold
from warehouse.records import StatementLayout

#: Roles by the words that a user says on the command line.
ROLES: dict[str, Role] = {
    "date": Role.BOOKED, "value-date": Role.VALUE, "amount": Role.AMOUNT, "debit": Role.DEBIT,
    "credit": Role.CREDIT, "indicator": Role.INDICATOR, "balance": Role.BALANCE, "currency": Role.CURRENCY,
    "description": Role.DESCRIPTION, "counterparty": Role.COUNTERPARTY, "reference": Role.REFERENCE,
    "account": Role.ACCOUNT, "ignore": Role.OTHER,
}  # fmt: skip
#: What cannot stand beside what the user has named.
_INSTEAD = {
    Role.AMOUNT: (Role.BILLED_AMOUNT, Role.DEBIT, Role.CREDIT),
    Role.DEBIT: (Role.AMOUNT, Role.BILLED_AMOUNT),
    Role.CREDIT: (Role.AMOUNT, Role.BILLED_AMOUNT),
    Role.CURRENCY: (Role.BILLED_CURRENCY,),
    Role.ACCOUNT: (Role.MAYBE_ACCOUNT, Role.CARD),
}


class UnknownColumnError(ValueError):
    """A column that the user names and the table does not have."""


def fingerprint(delimiter: str, names: Sequence[str]) -> str:
    """A header by its delimiter and its names, however they are capitalised, accented or spaced."""
    text = "\x1f".join([delimiter, *(fold(name) or name.strip() for name in names)])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def fingerprint_of(layout: Layout) -> str:
    """The fingerprint of a table; one without a header is known by what its columns hold."""
    names = layout.columns if layout.header_line else ("no header", *layout.kinds)
    return fingerprint(layout.delimiter, names)


def saved_for(layouts: Iterable[StatementLayout], mark: str) -> StatementLayout | None:
    """The user's word for a table: for this very file, else for tables with its fingerprint."""
    found = {layout.fingerprint: layout for layout in layouts}
    return found.get("") or found.get(mark)


def with_mapping(layout: Layout, saved: StatementLayout) -> Layout:
    """The layout with the roles, currency and account that the user has named; raises UnknownColumnError."""
    roles = dict(layout.roles)
    named: dict[Role, list[int]] = {}
    for word, column in saved.columns:
        named.setdefault(ROLES[word], []).append(column_index(layout, column))
    taken = {index for indexes in named.values() for index in indexes}
    roles = {role: tuple(index for index in indexes if index not in taken) for role, indexes in roles.items()}
    for role, indexes in named.items():
        for other in _INSTEAD.get(role, ()):
            if other not in named:
                roles.pop(other, None)
        roles[role] = tuple(indexes)
    return replace(
        layout,
        roles={role: indexes for role, indexes in roles.items() if indexes},
        currency=currency_of(saved.currency) or layout.currency,
        account_ref=saved.account_ref or layout.account_ref,
        confirmed=saved,
    )


def column_index(layout: Layout, column: str) -> int:
    """The place of a column by its name or its number (from 1); raises UnknownColumnError."""
    wanted = fold(column)
    for index, name in enumerate(layout.columns):
        if name == column or (wanted and fold(name) == wanted):
            return index
    number = wanted.removeprefix("column ")
    if number.isdigit() and 0 < int(number) <= len(layout.columns):
        return int(number) - 1
    names = ", ".join(repr(name) for name in layout.columns)
    message = f"the table has no column {column!r}; it has {names}"
    raise UnknownColumnError(message)
