"""A statement line as all parsers but that of tables build it, one at a time, and its way into batches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import islice
from operator import attrgetter

import polars as pl

from warehouse.money import Money, MoneyError
from warehouse.records import STATEMENT_LINE_SCHEMA, LineStatus

#: Rows of one batch: few enough to bound memory, enough to be quick.
BATCH_ROWS = 50_000

#: Shorter beginnings may be words of their own.
_CUT_NAME = 12

#: A line's values in the schema's order; dataclasses.astuple would copy each of them deeply.
_IN_ORDER = attrgetter(*STATEMENT_LINE_SCHEMA.names())

#: What a column of 64 bits holds, with room to add ten such amounts.
_MOST_MINOR = 10**17
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One row of STATEMENT_LINE_SCHEMA; None where the bank says nothing."""

    account_ref: str
    line_number: int
    booked_date: date | None
    value_date: date | None
    amount_minor: int | None
    currency: str | None
    status: LineStatus
    description: str
    counterparty: str | None
    bank_reference: str | None
    bank_kind: str | None
    mcc: str | None
    balance_minor: int | None
    problem: str | None
    raw: str


def batches_of(lines: Iterable[StatementLine]) -> Iterator[pl.DataFrame]:
    """Frames of at most BATCH_ROWS lines; a statement without lines gives one empty frame."""
    rest = iter(lines)
    first = True
    while (chunk := list(islice(rest, BATCH_ROWS))) or first:
        yield pl.DataFrame(list(map(_IN_ORDER, chunk)), schema=STATEMENT_LINE_SCHEMA, orient="row")
        first = False


def minor_units(text: str, currency: str) -> int:
    """An amount as OFX and CAMT write it, in minor units; raises MoneyError with what is wrong."""
    amount = text.strip()
    if not _DECIMAL.fullmatch(amount):
        message = f"{text!r} is not an amount"
        raise MoneyError(message)
    minor = Money.of(amount, currency).minor
    if abs(minor) > _MOST_MINOR:
        message = f"{text!r} is too large to be an amount"
        raise MoneyError(message)
    return minor


@lru_cache(maxsize=4096)  # the lines of a statement share some hundred days
def iso_date(text: str) -> date | None:
    """The civil date at the start of YYYYMMDD or YYYY-MM-DD text, as the bank wrote it; None without one.

    A time and an offset behind it are dropped without shifting: the bank books in its own zone.
    """
    digits = text.strip()[:10].replace("-", "")[:8]
    if len(digits) != len("YYYYMMDD") or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def short_date(text: str) -> date | None:
    """The civil date of YYMMDD text; years from 70 on are of the last century."""
    if len(text) != len("YYMMDD") or not (text.isascii() and text.isdigit()):
        return None
    century = "19" if text[:2] >= "70" else "20"
    return iso_date(century + text)


def one_text(*parts: str | None) -> str:
    """The parts as one text with single spaces, leaving out what another part already says."""
    kept: list[str] = []
    for text in (" ".join(part.split()) for part in parts if part):
        if not any(_says(other, text) for other in kept):
            kept = [*(other for other in kept if not _says(text, other)), text]
    return " ".join(kept)


def _says(longer: str, shorter: str) -> bool:
    """Whether a text has another one in it: as whole words, or as its beginning (OFX cuts names at 32)."""
    whole, part = longer.casefold(), shorter.casefold()
    return f" {part} " in f" {whole} " or (len(part) >= _CUT_NAME and whole.startswith(part))
