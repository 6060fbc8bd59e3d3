"""A statement file as it would be read: what was decided, how surely, the first lines, what is doubtful."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from flows.sources import read_statement
from flows.sources.delimited.understanding import DOUBTFUL
from warehouse.money import Money
from warehouse.records import Decision, ReadingHints, Statement, StatementAccount, StatementRefusedError


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A line as it would be read."""

    line_number: int
    booked_date: str | None
    amount: Decimal | None
    currency: str | None
    status: str
    description: str
    account: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What reading a file would give; ``refusal`` says why it would give nothing."""

    file: str
    source_format: str | None = None
    confidence: float | None = None  # of the least certain decision; None where nothing had to be decided
    fingerprint: str = ""
    accounts: tuple[StatementAccount, ...] = ()
    decisions: tuple[Decision, ...] = ()
    lines_read: int = 0
    lines_with_problems: int = 0
    lines: tuple[PreviewLine, ...] = ()
    problems: tuple[PreviewLine, ...] = ()  # the first of them
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    refusal: str | None = None


def preview(path: Path, hints: ReadingHints, *, shown: int = 10) -> Preview:
    """Read a whole file and keep its first lines; a refusal is part of the answer."""
    try:
        statement = read_statement(path, hints)
        return _preview(path, statement, shown)
    except StatementRefusedError as error:
        return Preview(path.name, refusal=str(error))


def _preview(path: Path, statement: Statement, shown: int) -> Preview:
    lines: list[PreviewLine] = []
    problems: list[PreviewLine] = []
    read = bad = 0
    for frame in statement.batches:
        failed = frame.filter(pl.col("problem").is_not_null())
        read, bad = read + frame.height, bad + failed.height
        lines += map(_line, frame.head(shown - len(lines)).iter_rows(named=True))
        problems += map(_line, failed.head(shown - len(problems)).iter_rows(named=True))
    notes = (*statement.notes, *statement.later_notes())
    return Preview(
        file=path.name,
        source_format=statement.source_format,
        confidence=min((made.confidence for made in statement.decisions), default=None),
        fingerprint=statement.fingerprint,
        accounts=statement.accounts,
        decisions=statement.decisions,
        lines_read=read,
        lines_with_problems=bad,
        lines=tuple(lines),
        problems=tuple(problems),
        doubts=tuple(_doubts(statement.decisions)),
        notes=notes,
    )


def _line(row: dict[str, Any]) -> PreviewLine:
    minor, currency = row["amount_minor"], row["currency"]
    return PreviewLine(
        line_number=row["line_number"],
        booked_date=None if row["booked_date"] is None else row["booked_date"].isoformat(),
        amount=None if minor is None or currency is None else Money(minor, currency).decimal,
        currency=currency,
        status=row["status"],
        description=row["description"],
        account=row["account_ref"],
        problem=row["problem"],
    )


#: How a user settles a doubt.
_CURES = {
    "date order": "--date-order",
    "order of dates without separators": "--date-order",
    "decimal mark": "--decimal",
    "signs": "--signs",
    "header": "--header-line",
    "currency": "--currency",
    "account": "--account",
}


def _doubts(decisions: tuple[Decision, ...]) -> Iterator[str]:
    for made in decisions:
        if made.confidence < DOUBTFUL:
            subject = made.subject.rpartition(": ")[2]
            option = _CURES.get(subject)
            cure = f"; settle it with {option}" if option else ""
            yield f"{made.subject} read as {made.value!r}: {made.evidence}{cure}"
