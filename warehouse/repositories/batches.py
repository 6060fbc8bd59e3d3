"""Import batches: a statement file on its way from bytes to transactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import polars as pl
from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from warehouse.errors import ActionableError
from warehouse.records import STATEMENT_LINE_SCHEMA, StatementAccount
from warehouse.repositories.copying import copy_frame
from warehouse.tables.raw import import_batches, quarantined_lines, statement_accounts, statement_lines

#: What ``raw.statement_lines`` keeps of a line; a line with a problem does not get that far.
LINE_COLUMNS = [*(name for name in STATEMENT_LINE_SCHEMA if name != "problem"), "content_key"]


@dataclass(frozen=True, slots=True)
class StatementFile:
    """A file that a user gave: where it lies and what it holds, by hash."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as the ledger of imports knows it."""

    user_id: UUID
    batch_id: UUID
    status: str
    lines_read: int = 0
    lines_loaded: int = 0
    lines_quarantined: int = 0
    transactions_added: int = 0
    source_format: str | None = None
    notes: Sequence[str] = ()
    refusal: str | None = None


class BatchNotFoundError(ActionableError, LookupError):
    """No batch of this user has this id, or it is not in a state for what is asked."""


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """An import as its user sees it."""

    batch_id: UUID
    file_name: str
    status: str
    source_format: str | None
    lines_read: int
    lines_loaded: int
    lines_quarantined: int
    transactions_added: int
    notes: Sequence[str]
    refusal: str | None
    started_at: datetime


@dataclass(frozen=True, slots=True)
class CoveredAccount:
    """An account that a file speaks of, and the days of its lines."""

    account_ref: str
    currency: str
    first_date: date | None
    last_date: date | None


@dataclass(frozen=True, slots=True)
class QuarantinedLine:
    """A line that was kept out, and why."""

    line_number: int
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class BatchDescription(BatchSummary):
    """An import with what it covers and what of it was kept out."""

    accounts: Sequence[CoveredAccount] = ()
    quarantined: Sequence[QuarantinedLine] = ()


_SUMMARY = tuple(
    import_batches.c[name]
    for name in (
        *("batch_id", "file_name", "status", "source_format", "lines_read", "lines_loaded"),
        *("lines_quarantined", "transactions_added", "notes", "refusal", "started_at"),
    )
)
_BATCH = (
    import_batches.c.user_id,
    import_batches.c.batch_id,
    import_batches.c.status,
    import_batches.c.lines_read,
    import_batches.c.lines_loaded,
    import_batches.c.lines_quarantined,
    import_batches.c.transactions_added,
    import_batches.c.source_format,
    import_batches.c.notes,
    import_batches.c.refusal,
)


def open_batch(connection: Connection, user_id: UUID, file: StatementFile) -> Batch:
    """The batch of this content: the loaded one, or one that starts anew.

    What an interrupted import left behind goes, and a refused file is tried again, since a newer
    version may read it. The caller holds the file's lock.
    """
    statement = (
        upsert(import_batches)
        .values(user_id=user_id, file_name=file.name, file_sha256=file.sha256, file_bytes=file.size)
        .on_conflict_do_update(
            index_elements=["user_id", "file_sha256"],
            set_={
                "status": text("case import_batches.status when 'loaded' then 'loaded' else 'loading' end"),
                "refusal": None,
            },
        )
        .returning(*_BATCH)
    )
    batch = Batch(*connection.execute(statement).one())
    if batch.status == "loading":
        _sweep(connection, batch)
    return batch


def refuse_batch(connection: Connection, batch: Batch, reason: str) -> None:
    """Note that a file is no statement, and why; what was loaded of it goes."""
    _sweep(connection, batch)
    connection.execute(
        update(import_batches)
        .where(*_is(import_batches, batch))
        .values(status="refused", refusal=reason, finished_at=func.now(), lines_read=0)
    )


def add_chunk(connection: Connection, batch: Batch, accepted: pl.DataFrame, rejected: pl.DataFrame) -> None:
    """Store one chunk of the file: accepted lines (LINE_COLUMNS), rejected ones (with ``reason``).

    A repeated chunk replaces itself, so a retry after a lost answer adds nothing.
    """
    numbers = pl.concat([accepted["line_number"], rejected["line_number"]])
    if numbers.is_empty():
        return
    for table in (statement_lines, quarantined_lines):
        connection.execute(
            delete(table).where(*_is(table, batch), table.c.line_number.between(numbers.min(), numbers.max()))
        )
    copy_frame(connection, "raw.statement_lines", _owned(batch, accepted.select(LINE_COLUMNS)))
    copy_frame(
        connection, "raw.quarantined_lines", _owned(batch, rejected.select("line_number", "reason", "raw"))
    )


def covered_days(connection: Connection, batch: Batch) -> dict[tuple[str, str], tuple[date, date]]:
    """The first and last day of a batch's lines, by what they name: reference ("" for none) and currency."""
    lines = statement_lines.c
    days = func.min(lines.booked_date), func.max(lines.booked_date)
    rows = connection.execute(
        select(lines.account_ref, lines.currency, *days)
        .where(*_is(statement_lines, batch))
        .group_by(lines.account_ref, lines.currency)
    )
    return {(ref, currency): (first, last) for ref, currency, first, last in rows}


def accounts_of(connection: Connection, batch: Batch) -> set[UUID]:
    """The accounts that a batch's file speaks of."""
    rows = connection.execute(
        text(
            "select account_id from app.described_accounts where user_id = :user_id and batch_id = :batch_id"
        ),
        {"user_id": batch.user_id, "batch_id": batch.batch_id},
    )
    return {UUID(str(id_)) for id_ in rows.scalars()}


def add_account(
    connection: Connection,
    batch: Batch,
    account: StatementAccount,
    account_id: UUID,
    days: tuple[date, date] | None,
) -> None:
    """Note what a batch's file says of an account, and the first and last day of its lines."""
    first_date, last_date = days or (None, None)
    connection.execute(
        upsert(statement_accounts)
        .values(
            user_id=batch.user_id,
            batch_id=batch.batch_id,
            account_ref=account.ref,
            currency=account.currency,
            account_id=account_id,
            kind=account.kind,
            institution=account.institution,
            name=account.name,
            first_date=first_date,
            last_date=last_date,
            opening_balance_minor=account.opening_balance_minor,
            closing_balance_minor=account.closing_balance_minor,
        )
        .on_conflict_do_nothing()
    )


def close_batch(connection: Connection, batch: Batch, *, source_format: str, notes: Sequence[str]) -> Batch:
    """Mark a batch as loaded, with its counts taken from what is stored."""
    loaded = select(func.count()).select_from(statement_lines).where(*_is(statement_lines, batch))
    quarantined = select(func.count()).select_from(quarantined_lines).where(*_is(quarantined_lines, batch))
    row = connection.execute(
        update(import_batches)
        .where(*_is(import_batches, batch))
        .values(
            status="loaded",
            source_format=source_format,
            notes=list(notes),
            lines_loaded=loaded.scalar_subquery(),
            lines_quarantined=quarantined.scalar_subquery(),
            lines_read=loaded.scalar_subquery() + quarantined.scalar_subquery(),
            finished_at=func.now(),
        )
        .returning(*_BATCH)
    ).one()
    return Batch(*row)


def list_batches(connection: Connection, user_id: UUID) -> list[BatchSummary]:
    """All files that a user gave, the latest first."""
    rows = connection.execute(
        select(*_SUMMARY)
        .where(import_batches.c.user_id == user_id)
        .order_by(import_batches.c.started_at.desc(), import_batches.c.batch_id.desc())
    )
    return [BatchSummary(*row) for row in rows]


def describe_batch(connection: Connection, user_id: UUID, batch_id: UUID) -> BatchDescription:
    """All that is known of one file; raises BatchNotFoundError."""
    key = Batch(user_id, batch_id, "")
    row = connection.execute(select(*_SUMMARY).where(*_is(import_batches, key))).one_or_none()
    if row is None:
        message = f"there is no batch {batch_id}; 'mita batches list' shows their ids"
        raise BatchNotFoundError(message)
    described, kept_out = statement_accounts.c, quarantined_lines.c
    accounts = select(described.account_ref, described.currency, described.first_date, described.last_date)
    quarantined = select(kept_out.line_number, kept_out.reason, kept_out.raw)
    return BatchDescription(
        **row._asdict(),
        accounts=[
            CoveredAccount(*found)
            for found in connection.execute(accounts.where(*_is(statement_accounts, key)))
        ],
        quarantined=[
            QuarantinedLine(*found)
            for found in connection.execute(
                quarantined.where(*_is(quarantined_lines, key)).order_by(kept_out.line_number)
            )
        ],
    )


def get_loaded_batch(connection: Connection, user_id: UUID, batch_id: UUID) -> Batch:
    """A batch that can be undone; raises BatchNotFoundError for one that is not, or is not loaded."""
    key = Batch(user_id, batch_id, "")
    row = connection.execute(select(*_BATCH).where(*_is(import_batches, key)).with_for_update()).one_or_none()
    if row is None or row.status != "loaded":
        state = "there is no such batch" if row is None else f"batch {batch_id} is {row.status}, not loaded"
        message = f"{state}; 'mita batches list' shows what can be undone"
        raise BatchNotFoundError(message)
    return Batch(*row)


def undo_batch(connection: Connection, batch: Batch) -> None:
    """Take a batch's lines away; its file can be imported again."""
    _sweep(connection, batch)
    connection.execute(
        update(import_batches)
        .where(*_is(import_batches, batch))
        .values(status="undone", transactions_added=0, finished_at=func.now())
    )


def count_added(connection: Connection, batch: Batch, transactions_added: int) -> Batch:
    """Note how many transactions a loaded batch brought."""
    row = connection.execute(
        update(import_batches)
        .where(*_is(import_batches, batch))
        .values(transactions_added=transactions_added)
        .returning(*_BATCH)
    ).one()
    return Batch(*row)


def _sweep(connection: Connection, batch: Batch) -> None:
    for table in (statement_lines, quarantined_lines, statement_accounts):
        connection.execute(delete(table).where(*_is(table, batch)))


def _is(table: Table, batch: Batch) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (table.c.user_id == batch.user_id, table.c.batch_id == batch.batch_id)


def _owned(batch: Batch, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.lit(str(batch.user_id)).alias("user_id"), pl.lit(str(batch.batch_id)).alias("batch_id"), pl.all()
    )
