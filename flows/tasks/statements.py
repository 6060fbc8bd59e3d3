"""From a statement file to raw lines and transactions, one task a step."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from flows.orchestration import DATABASE_RETRIES, task
from flows.progress import report
from flows.sources import read_statement
from warehouse.engine import open_warehouse
from warehouse.records import ReadingHints, StatementAccount
from warehouse.repositories import batches, transactions
from warehouse.repositories.batches import Batch, StatementFile
from warehouse.repositories.users import User, get_user
from warehouse.settings import Settings

if TYPE_CHECKING:
    from expectations.gate import Gate, Verdict

READ_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Spool:
    """A parsed statement on disk: its facts, and its lines in Parquet files of one chunk each."""

    source_format: str
    accounts: tuple[StatementAccount, ...]
    notes: tuple[str, ...]
    chunks: tuple[Path, ...]
    lines: int


@task(name="find user", **DATABASE_RETRIES)
def find_user(settings: Settings, email: str) -> User:
    """The user that a batch belongs to; raises UserNotFoundError."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        return get_user(connection, email)


@task(name="open batch", **DATABASE_RETRIES)
def open_batch(settings: Settings, user: User, file: StatementFile) -> Batch:
    """Register a file by its content; a file that was loaded before gives its earlier batch."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        return batches.open_batch(connection, user.user_id, file)


@task(name="parse statement")
def parse_statement(settings: Settings, batch: Batch, path: Path, hints: ReadingHints) -> Spool:
    """Read a file into chunks on disk, so that a file of any size takes the same memory."""
    folder = spool_folder(settings, batch)
    statement = read_statement(path, hints)
    chunks, lines = [], 0
    for number, frame in enumerate(rechunked(statement.batches, settings.chunk_rows)):
        chunks.append(folder / f"{number:06}.parquet")
        frame.write_parquet(chunks[-1], compression="lz4")
        lines += frame.height
        report("reading", lines)
    return Spool(statement.source_format, statement.accounts, statement.notes, tuple(chunks), lines)


@task(name="judge lines")
def judge_chunk(settings: Settings, chunk: Path) -> Verdict:
    """Ask Great Expectations which lines of a chunk may enter ``raw``."""
    return gate(settings).judge(pl.read_parquet(chunk))


@task(name="load lines", **DATABASE_RETRIES)
def load_chunk(settings: Settings, batch: Batch, chunk: Path, verdict: Verdict) -> None:
    """Store a chunk: accepted lines in ``raw``, rejected ones in quarantine."""
    lines = pl.read_parquet(chunk)
    rejected = verdict.rejected.join(lines.select("line_number", "raw"), on="line_number")
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        batches.add_chunk(connection, batch, verdict.accepted(lines), rejected)


@task(name="merge transactions", **DATABASE_RETRIES)
def merge_batch(settings: Settings, batch: Batch, spool: Spool) -> Batch:
    """Make transactions of a batch's lines and close the batch, both or neither."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        batches.add_accounts(connection, batch, spool.accounts)
        added = transactions.merge_batch(connection, batch)
        closed = batches.close_batch(
            connection,
            batch,
            source_format=spool.source_format,
            notes=spool.notes,
            transactions_added=added,
        )
    shutil.rmtree(spool_folder(settings, batch), ignore_errors=True)
    return closed


@task(name="refuse batch", **DATABASE_RETRIES)
def refuse_batch(settings: Settings, batch: Batch, reason: str) -> Batch:
    """Note why a file is no statement."""
    shutil.rmtree(spool_folder(settings, batch), ignore_errors=True)
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        batches.refuse_batch(connection, batch, reason)
    return replace(batch, status="refused", refusal=reason)


@task(name="publish data docs")
def publish_data_docs(settings: Settings) -> Path:
    """Renew the pages that show what the gate checked and what it found."""
    return gate(settings).publish()


def describe_file(path: Path) -> StatementFile:
    """A file's name, size and SHA-256, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_BLOCK):
            digest.update(block)
    return StatementFile(path.name, digest.hexdigest(), path.stat().st_size)


@contextlib.contextmanager
def sole_import(settings: Settings, user: User, file: StatementFile) -> Iterator[None]:
    """Keep other processes from importing the same file for the same user meanwhile."""
    with open_warehouse(settings) as warehouse, warehouse.locked(f"{user.user_id}:{file.sha256}"):
        yield


def spool_folder(settings: Settings, batch: Batch) -> Path:
    """Where a batch's chunks wait; swept when the batch is closed or refused."""
    return settings.folder("spool", str(batch.batch_id))


def rechunked(frames: Iterator[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """The same rows in frames of at most ``rows``; a statement without lines gives none."""
    for frame in frames:
        yield from (part for part in frame.iter_slices(rows) if not part.is_empty())


@cache
def gate(settings: Settings) -> Gate:
    """The gate of this process; making one takes seconds, so that it is kept."""
    from expectations.gate import Gate  # noqa: PLC0415 - Great Expectations takes eight seconds to import

    return Gate(settings.folder("expectations"), datetime.now(tz=UTC).date())
