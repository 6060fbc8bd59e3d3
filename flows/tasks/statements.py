"""From statement files to raw lines and transactions, one task a step."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl
from sqlalchemy import Connection

from flows import judging
from flows.archives import FoundFile, RefusedFile, opened
from flows.orchestration import DATABASE_RETRIES, publish_table, task
from flows.progress import report
from flows.sources import read_statement
from flows.tasks.identity import settle_batches
from models_ml.identity.content import content_digests, content_keys, repeated
from warehouse.engine import open_warehouse
from warehouse.records import ReadingHints, StatementAccount, StatementLayout
from warehouse.repositories import batches
from warehouse.repositories.accounts import find_account, renew_accounts
from warehouse.repositories.batches import Batch, StatementFile
from warehouse.repositories.layouts import list_layouts
from warehouse.repositories.users import User, get_user
from warehouse.settings import Settings

if TYPE_CHECKING:
    from expectations.gate import Verdict

READ_BLOCK = 1 << 20
#: Files that are taken in together: judging and committing cost the same for one line as for thousands.
GROUP_FILES, GROUP_BYTES = 64, 8 << 20


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file as it was given: where it lies, what it is called, how long it is, and its content by hash."""

    path: Path
    sha256: str
    size: int
    name: str  # as its batch is called: ``archive.zip/member`` for a member of an archive
    given: str  # the name with the folder that it was given in


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some lines of a statement on disk, as Parquet."""

    path: Path
    rows: int


@dataclass(frozen=True, slots=True)
class Spool:
    """A parsed statement on disk: its facts, and its lines in chunks."""

    source_format: str
    accounts: tuple[StatementAccount, ...]
    notes: tuple[str, ...]
    chunks: tuple[Chunk, ...]
    repeats: pl.DataFrame  # lines that say what an earlier one says; see models_ml.identity.content


@task(name="find user", **DATABASE_RETRIES)
def find_user(settings: Settings, email: str) -> User:
    """The user that the files belong to; raises UserNotFoundError."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        return get_user(connection, email)


@task(name="find layouts", **DATABASE_RETRIES)
def find_layouts(settings: Settings, user: User) -> tuple[StatementLayout, ...]:
    """What the user has said of tables of banks."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        return list_layouts(connection, user.user_id)


@task(name="open batches", **DATABASE_RETRIES)
def open_batches(settings: Settings, user: User, files: Sequence[GivenFile]) -> list[Batch]:
    """Register files by their content; one that was loaded before gives its earlier batch."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        return [
            batches.open_batch(connection, user.user_id, StatementFile(file.name, file.sha256, file.size))
            for file in files
        ]


@task(name="parse statement")
def parse_statement(settings: Settings, batch: Batch, path: Path, hints: ReadingHints) -> Spool:
    """Read a file into chunks on disk, so that a file of any size takes the same memory."""
    statement = read_statement(path, hints)
    folder = spool_folder(settings, batch)
    try:
        chunks = tuple(spooled(statement.batches, folder, settings.chunk_rows))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # a full disk must not stay full because of us
        raise
    notes = (*statement.notes, *statement.later_notes())
    repeats = repeated(read_digests(chunks))
    return Spool(statement.source_format, statement.accounts, notes, chunks, repeats)


@task(name="judge lines")
def judge_lines(settings: Settings, chunks: Sequence[Chunk]) -> list[Verdict]:
    """Ask Great Expectations which lines of some chunks may enter ``raw``."""
    return judging.judge(settings, [chunk.path for chunk in chunks])


@task(name="load lines", **DATABASE_RETRIES)
def load_lines(
    settings: Settings, packet: Sequence[tuple[Batch, Spool, Chunk]], verdicts: Sequence[Verdict]
) -> None:
    """Store chunks in one transaction: accepted lines in ``raw``, rejected ones in quarantine."""
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        for (batch, spool, chunk), verdict in zip(packet, verdicts, strict=True):
            lines = pl.read_parquet(chunk.path)
            keyed = lines.with_columns(content_keys(lines.select("line_number", "digest"), spool.repeats))
            rejected = verdict.rejected.join(lines.select("line_number", "raw"), on="line_number")
            batches.add_chunk(connection, batch, verdict.accepted(keyed), rejected)
    report("loading", sum(chunk.rows for _, _, chunk in packet), advance=True)


@task(name="merge transactions", **DATABASE_RETRIES)
def merge_batches(
    settings: Settings, user: User, read: Sequence[tuple[GivenFile, Batch, Spool]]
) -> list[Batch]:
    """Close batches and bring the user's transactions in line with what they say, all or none."""
    if not read:
        return []
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        accounts: set[UUID] = set()
        closed: list[UUID] = []
        # In order, for a later file finds its account by what an earlier one says.
        for file, batch, spool in read:
            accounts |= add_accounts(connection, batch, spool, file.name, closed)
            batches.close_batch(connection, batch, source_format=spool.source_format, notes=spool.notes)
            closed.append(batch.batch_id)
        brought = settle_batches(connection, user.user_id, closed, accounts)
        settled = [batches.count_added(connection, batch, brought[batch.batch_id]) for _, batch, _ in read]
    for _, batch, _ in read:
        shutil.rmtree(spool_folder(settings, batch), ignore_errors=True)
    return settled


def add_accounts(
    connection: Connection, batch: Batch, spool: Spool, file_name: str, unsettled: Sequence[UUID]
) -> set[UUID]:
    """Find or make the accounts that a batch's file describes, or that its lines name.

    ``unsettled`` batches of the same group came before it.
    """
    described = {(account.ref, account.currency): account for account in spool.accounts}
    days = batches.covered_days(connection, batch)
    found = set()
    for ref, currency in sorted({*described, *days}):
        account = described.get((ref, currency)) or StatementAccount(ref, currency)
        account_id = find_account(
            connection, batch.user_id, batch.batch_id, account, file_name, unsettled=unsettled
        )
        batches.add_account(connection, batch, account, account_id, days.get((ref, currency)))
        found.add(account_id)
    renew_accounts(connection, batch.user_id, sorted(found))
    return batches.accounts_of(connection, batch)


@task(name="refuse batch", **DATABASE_RETRIES)
def refuse_batch(settings: Settings, batch: Batch, reason: str) -> Batch:
    """Note why a file is no statement."""
    shutil.rmtree(spool_folder(settings, batch), ignore_errors=True)
    with open_warehouse(settings) as warehouse, warehouse.transaction() as connection:
        batches.refuse_batch(connection, batch, reason)
    return replace(batch, status="refused", refusal=reason)


@task(name="publish findings")
def publish_findings(settings: Settings) -> Path:
    """Show what the gate checked and what it found: on the run's page, and as Data Docs."""
    report = judging.publish(settings)
    rows = [{"check": check, "lines that failed": failed} for check, failed in report.findings.items()]
    publish_table("gate-checks", rows, f"What Great Expectations found in {report.judged_lines} lines")
    return report.page


@contextlib.contextmanager
def unpacked(settings: Settings, paths: Iterable[Path]) -> Iterator[Iterator[FoundFile | RefusedFile]]:
    """The files with those in archives, one after the other; what was unpacked is gone afterwards."""
    with tempfile.TemporaryDirectory(dir=settings.folder("spool"), prefix="unpacked-") as folder:
        yield opened(paths, Path(folder))


def describe_file(found: FoundFile) -> GivenFile:
    """A file's size and SHA-256, read in blocks; raises OSError."""
    digest = hashlib.sha256()
    with found.path.open("rb") as file:
        while block := file.read(READ_BLOCK):
            digest.update(block)
    size = found.path.stat().st_size
    return GivenFile(found.path, digest.hexdigest(), size, found.name, found.given)


def grouped(found: Iterable[FoundFile | RefusedFile]) -> Iterator[list[FoundFile | RefusedFile]]:
    """Files in groups that are small enough to be taken in together."""
    group: list[FoundFile | RefusedFile] = []
    size = 0
    for one in found:
        length = one.path.stat().st_size if isinstance(one, FoundFile) and one.path.exists() else 0
        if group and (len(group) == GROUP_FILES or size + length > GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(one)
        size += length
    if group:
        yield group


def packed(
    chunks: Iterable[tuple[Batch, Spool, Chunk]], rows: int
) -> Iterator[list[tuple[Batch, Spool, Chunk]]]:
    """Chunks in packets of at most ``rows`` lines, in order; a larger chunk is a packet of its own."""
    packet: list[tuple[Batch, Spool, Chunk]] = []
    for batch, spool, chunk in chunks:
        if packet and sum(other.rows for _, _, other in packet) + chunk.rows > rows:
            yield packet
            packet = []
        packet.append((batch, spool, chunk))
    if packet:
        yield packet


@contextlib.contextmanager
def sole_import(settings: Settings, user: User, files: Sequence[GivenFile]) -> Iterator[None]:
    """Keep other processes from importing the same files for the same user meanwhile."""
    names = [f"{user.user_id}:{file.sha256}" for file in files]
    with open_warehouse(settings) as warehouse, warehouse.locked(*names):
        yield


def spool_folder(settings: Settings, batch: Batch) -> Path:
    """Where a batch's chunks wait; swept when the batch is closed or refused."""
    return settings.folder("spool", str(batch.batch_id))


def spooled(frames: Iterator[pl.DataFrame], folder: Path, rows: int) -> Iterator[Chunk]:
    """Write frames to Parquet files of at most ``rows`` lines each."""
    for number, frame in enumerate(rechunked(frames, rows)):
        path = folder / f"{number:06}.parquet"
        frame.with_columns(content_digests(frame)).write_parquet(path, compression="lz4")
        report("reading", frame.height, advance=True)
        yield Chunk(path, frame.height)


def read_digests(chunks: Iterable[Chunk]) -> pl.DataFrame:
    """What models_ml.identity.content needs of all lines of a file to count equal ones."""
    columns = ["line_number", "account_ref", "currency", "digest"]
    frames = [pl.read_parquet(chunk.path, columns=columns) for chunk in chunks]
    return pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys(columns, pl.String))


def rechunked(frames: Iterator[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """The same rows in frames of at most ``rows``; a statement without lines gives none."""
    for frame in frames:
        yield from (part for part in frame.iter_slices(rows) if not part.is_empty())
