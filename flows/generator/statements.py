"""A statement as a bank prepares it, before a format's writer turns it into bytes."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from warehouse.money import exponent

if TYPE_CHECKING:
    from flows.generator.accounts import Account


class Line(NamedTuple):
    """One line of a statement; amounts in minor units of the account's currency."""

    event: int
    booked_date: date
    value_date: date
    spent_at: datetime  # in the customer's zone
    amount_minor: int
    is_pending: bool
    text: str
    counterparty: str
    reference: str
    kind: str
    channel: str
    mcc: str
    balance_minor: int
    original_currency: str
    original_minor: int


class Statement(NamedTuple):
    """One downloaded file's content, lines oldest first and pending ones last."""

    account: Account
    holder: str
    start: date
    as_of: date
    opening_minor: int
    closing_minor: int
    lines: list[Line]


class Writer(Protocol):
    """Turns a statement into a file's bytes and tells on which line (or as which entry) each line stands."""

    def __call__(self, statement: Statement) -> tuple[bytes, list[int]]:
        """The bytes, and a number for each of the statement's lines in their order."""
        ...


def decimal(minor: int, currency: str, point: str = ".", thousands: str = "") -> str:
    """Minor units as text with the currency's own decimals."""
    places = exponent(currency)
    whole, fraction = divmod(abs(minor), 10**places)
    sign = "-" if minor < 0 else ""
    grouped = f"{whole:,}".replace(",", thousands) if thousands else str(whole)
    return f"{sign}{grouped}{point}{fraction:0{places}d}" if places else f"{sign}{grouped}"
