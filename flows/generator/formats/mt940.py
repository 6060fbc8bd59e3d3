"""SWIFT MT940 customer statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.generator.events import ATM, BANK, CARD, DEBIT
from flows.generator.statements import decimal
from flows.generator.text import ascii_only

if TYPE_CHECKING:
    from flows.generator.statements import Line, Statement

KINDS = {CARD: "NMSC", ATM: "NMSC", DEBIT: "NDDT", BANK: "NCHG"}
DETAIL_LENGTH = 65
DETAIL_LINES = 6


def write(statement: Statement) -> tuple[bytes, list[int]]:
    """One MT940 message; only letters that SWIFT allows."""
    account = statement.account
    rows = [
        f":20:{statement.as_of:%y%m%d}{account.ref[-6:]}",
        f":25:{account.ref}",
        f":28C:{statement.start.timetuple().tm_yday:05d}/001",
        f":60F:{_balance(statement.opening_minor, account.currency, f'{statement.start:%y%m%d}')}",
    ]
    for line in statement.lines:
        rows += _entry(line, account.currency)
    rows.append(f":62F:{_balance(statement.closing_minor, account.currency, f'{statement.as_of:%y%m%d}')}")
    text = "\r\n".join((*rows, "-", ""))
    return text.encode("ascii", "replace"), list(range(1, len(statement.lines) + 1))


def _amount(minor: int, currency: str) -> str:
    text = decimal(abs(minor), currency, ",")
    return text if "," in text else f"{text},"


def _balance(minor: int, currency: str, day: str) -> str:
    return f"{'D' if minor < 0 else 'C'}{day}{currency}{_amount(minor, currency)}"


def _entry(line: Line, currency: str) -> list[str]:
    mark = "D" if line.amount_minor < 0 else "C"
    kind = KINDS.get(line.channel, "NTRF")
    reference = line.reference[-16:] or "NONREF"
    text = ascii_only(" ".join(filter(None, (line.text, line.counterparty)))).lstrip(":-")
    pieces = [text[i : i + DETAIL_LENGTH] for i in range(0, len(text), DETAIL_LENGTH)][:DETAIL_LINES]
    details = [piece if piece[:1] not in {":", "-"} else f" {piece}" for piece in pieces]
    days = f"{line.value_date:%y%m%d}{line.booked_date:%m%d}"
    head = f":61:{days}{mark}{_amount(line.amount_minor, currency)}{kind}{reference}"
    return [head, f":86:{details[0] if details else ''}", *details[1:]]
