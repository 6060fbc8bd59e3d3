"""The shapes that pass between layers: what a parser gives, a gate judges and a loader stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from warehouse.errors import ActionableError

AccountKind = Literal["checking", "savings", "card", "loan", "cash", "unknown"]
LineStatus = Literal["posted", "pending"]

#: One row per line of a bank statement, as far as the parser could read it. A value that cannot
#: be read is null and ``problem`` says why, so that the gate can quarantine the line with its
#: reason. ``raw`` is the line exactly as received, as JSON text.
STATEMENT_LINE_SCHEMA = pl.Schema(
    {
        "account_ref": pl.String,  # the bank's own identifier (IBAN, OFX ACCTID); "" where a file has none
        # 1-based, unique per file: the line of a text file (CSV, MT940, QIF), the row of a workbook,
        # elsewhere the entry's ordinal
        "line_number": pl.Int64,
        "booked_date": pl.Date,
        "value_date": pl.Date,
        "amount_minor": pl.Int64,  # signed: negative leaves the account
        "currency": pl.String,
        "status": pl.String,  # LineStatus
        "description": pl.String,  # everything that the bank says of the line, as one text
        "counterparty": pl.String,
        "bank_reference": pl.String,  # FITID, AcctSvcrRef: the bank's own id of the line
        "bank_kind": pl.String,  # TRNTYPE, bank transaction code: the bank's own kind
        "mcc": pl.String,  # merchant category code, four digits
        "balance_minor": pl.Int64,  # running balance after the line
        "problem": pl.String,
        "raw": pl.String,
    }
)


#: Begins the reference of an account of a bank's feed.
OF_A_FEED = "feed"


def feed_ref(account_id: str, mask: str) -> str:
    """The reference of a feed's account: the feed's own id of it, and the last digits of its number."""
    return f"{OF_A_FEED} {account_id} \N{BULLET}{mask}"


@dataclass(frozen=True, slots=True)
class StatementAccount:
    """An account as one file describes it; balances are in minor units of ``currency``."""

    ref: str
    currency: str
    kind: AccountKind = "unknown"
    institution: str = ""
    name: str = ""
    opening_balance_minor: int | None = None
    closing_balance_minor: int | None = None


@dataclass(frozen=True, slots=True)
class StatementLayout:
    """What a user has said of a bank's tables; it goes before what the reader would guess.

    ``columns`` names columns by role ("amount", "debit", "booking date" ...), as their header has them or as
    "column 3". A layout without a fingerprint is meant for the file at hand.
    """

    fingerprint: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    header_line: int = 0
    date_order: str = ""  # DMY, MDY or YMD
    decimal: str = ""  # "." or ","
    signs: str = ""  # "as written" or "inverted"
    currency: str = ""
    account_ref: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that a reader had to find out about a table."""

    subject: str  # "encoding", "column 'Betrag'", "date order"
    value: str
    confidence: float  # 0 to 1
    evidence: str


@dataclass(frozen=True, slots=True)
class ReadingHints:
    """What is known about the user when a file does not say it itself."""

    country: str = ""  # ISO 3166 alpha-2; decides day-month order where the file leaves it open
    currency: str = ""  # ISO 4217; used where the file names none
    account_ref: str = ""  # used where the file names no account
    layouts: tuple[StatementLayout, ...] = ()  # what the user has confirmed of tables


@dataclass(frozen=True, slots=True)
class Statement:
    """A parsed file: its accounts, and its lines in batches that follow STATEMENT_LINE_SCHEMA."""

    source_format: str  # "ofx", "camt.053", "mt940", "qif", "csv", "xlsx"
    accounts: tuple[StatementAccount, ...]
    batches: Iterator[pl.DataFrame]
    notes: tuple[str, ...] = field(default=())  # decisions worth telling the user, e.g. "dates read as D/M/Y"
    later_notes: Callable[[], tuple[str, ...]] = tuple  # what is known once all batches have been read
    decisions: tuple[Decision, ...] = ()  # how a table was understood
    fingerprint: str = ""  # of a table's header, by which its bank's later files are known again


class StatementRefusedError(ActionableError, ValueError):
    """A file that cannot be read as a statement; the message says what, where and what to do."""
